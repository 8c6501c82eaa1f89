//! The reading itself, on a thread of its own: file after file, in the order given, folders in the order of names.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use serde::Deserialize;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::ledger::Ledger;
use super::lines::{self, Piece, Pieces};
use super::organizations::Parts;
use super::pool::{self, Found};
use super::recognise::Kind;
use super::trail::{self, Told};
use super::{Entry, LIMITS, authorization, fetch, file_name, kind_of, table, walk};
use crate::collect::{Order, Outbox, Stopped, credential_report, judged};
use crate::model::log::part::{Builder, Part};
use crate::model::{Ask, Batch, Cause, Cell, Event, Problem};
use crate::store::bounded::Unpacked;
use crate::store::snapshot;

/// A document is held in memory, unlike records: authorization details of the largest accounts are about 200 MB.
const DOCUMENT: u64 = 1 << 30;
/// Events that may wait to be sent together.
const WAITING: usize = 2_000;
/// Files that are named among those passed over.
const NAMED: usize = 3;

pub struct Run<'a> {
    order: &'a Order,
    out: Outbox,
    stop: CancellationToken,
    ledger: Ledger,
    parts: Parts,
    /// Events that wait to be many.
    builder: Builder,
}

/// What a folder held besides.
#[derive(Default)]
struct Besides {
    unknown: Vec<String>,
    digests: u64,
    /// Name and what is wrong.
    damaged: Vec<(String, String)>,
}

/// Where all events of files belong: a file does not say that it holds all of a Region.
fn events_cell() -> Cell {
    Cell::global(Ask::Events)
}

impl<'a> Run<'a> {
    pub fn new(order: &'a Order, out: Outbox, stop: CancellationToken) -> Self {
        let ledger = Ledger::new(out.clone());
        Self { order, out, stop, ledger, parts: Parts::default(), builder: Builder::default() }
    }

    /// Reads everything, and closes every cell that it began, whatever happens.
    pub fn all(mut self, entries: &[Entry]) {
        // Log files that were named one after the other are read together.
        let together = |one: &Entry, two: &Entry| one.is_log() && two.is_log();
        let read = entries.chunk_by(together).try_for_each(|entries| self.entries(entries)).and_then(|()| self.flush());
        let stopped = read.is_err() || self.stop.is_cancelled();
        let mut close = || {
            for batch in std::mem::take(&mut self.parts).finish() {
                if !matches!(&batch, Batch::DelegatedAdministrators(rows) if rows.is_empty())
                    && !matches!(&batch, Batch::Policies(rows) if rows.is_empty())
                {
                    self.out.blocking_send(batch)?;
                }
            }
            self.ledger.close(stopped)
        };
        // An error means that nobody listens any more.
        let _: Result<(), Stopped> = close();
    }

    fn check(&self) -> Result<(), Stopped> {
        if self.stop.is_cancelled() { Err(Stopped) } else { Ok(()) }
    }

    fn wants(&self, ask: Ask) -> bool {
        self.order.asks.contains(&ask)
    }

    fn entries(&mut self, entries: &[Entry]) -> Result<(), Stopped> {
        if self.wants(Ask::Events) && entries.iter().all(Entry::is_log) {
            let files = entries.iter().map(|entry| Ok((entry.path().to_owned(), length(entry.path()))));
            return self.logs(files, "", &file_name);
        }
        entries.iter().try_for_each(|entry| match entry {
            Entry::File { path, kind, .. } => self.file(path, &file_name(path), *kind),
            Entry::Folder { path } => self.folder(path),
        })
    }

    fn folder(&mut self, folder: &Path) -> Result<(), Stopped> {
        let inner = |path: &Path| {
            path.strip_prefix(folder).map_or_else(|_| file_name(path), |inner| inner.display().to_string())
        };
        if self.wants(Ask::Events) {
            return self.logs(walk(folder), &file_name(folder), &inner);
        }
        let mut besides = Besides::default();
        for found in walk(folder) {
            match found {
                Ok((path, _)) => self.other(&path, inner(&path), &mut besides)?,
                Err(error) => besides.damaged.push((file_name(folder), error)),
            }
        }
        self.besides(&besides);
        Ok(())
    }

    /// Reads files of which most are log files, by all cores; `name` says what a file is called, `folder` where they are.
    fn logs(
        &mut self,
        files: impl Iterator<Item = Result<(PathBuf, u64), String>> + Send,
        folder: &str,
        name: &dyn Fn(&Path) -> String,
    ) -> Result<(), Stopped> {
        let mut besides = Besides::default();
        let stop = self.stop.clone();
        pool::read(files, &stop, |found| {
            self.check()?;
            match found {
                Found::Part { part, files, first } => {
                    self.flush()?;
                    self.ledger.count(&events_cell(), &name(&first), files, part.span());
                    self.send(part)
                }
                Found::Empty(path) => {
                    self.ledger.count(&events_cell(), &name(&path), 1, None);
                    Ok(())
                }
                Found::Other(path) => self.other(&path, name(&path), &mut besides),
                Found::Unreadable(error) => {
                    besides.damaged.push((folder.to_owned(), error));
                    Ok(())
                }
            }
        })?;
        self.besides(&besides);
        Ok(())
    }

    /// A file of a folder that is no ordinary log file.
    fn other(&mut self, path: &Path, name: String, besides: &mut Besides) -> Result<(), Stopped> {
        self.check()?;
        match kind_of(path) {
            Ok(Some(Kind::Digest)) => besides.digests += 1,
            Ok(Some(kind)) => self.file(path, &name, kind)?,
            Ok(None) if is_empty(path) && looks_like_data(&name) => besides.damaged.push((name, "empty".into())),
            Ok(None) => besides.unknown.push(name),
            Err(error) => besides.damaged.push((name, error)),
        }
        Ok(())
    }

    /// Tells what else lay in a folder, beside what it brought.
    fn besides(&mut self, besides: &Besides) {
        let events = events_cell();
        let cell = if self.ledger.has(&events) { Some(events) } else { self.ledger.first_cell() };
        // Nothing of the folder was asked for.
        let Some(cell) = cell else { return };
        if besides.digests > 0 {
            self.ledger.digests(&cell, besides.digests);
        }
        if !besides.unknown.is_empty() {
            let mut names = besides.unknown[..besides.unknown.len().min(NAMED)].join(", ");
            if besides.unknown.len() > NAMED {
                names.push_str(", ...");
            }
            self.ledger.remark(&cell, format!("{} not recognised: {names}", besides.unknown.len()));
        }
        for (name, detail) in &besides.damaged {
            self.ledger.unopened(&cell, name, detail);
        }
    }

    fn file(&mut self, path: &Path, name: &str, kind: Kind) -> Result<(), Stopped> {
        self.check()?;
        if kind == Kind::Snapshot {
            return self.snapshot(path, name);
        }
        if kind == Kind::Digest && self.wants(Ask::Events) {
            self.ledger.digests(&events_cell(), 1);
            return Ok(());
        }
        let Some(ask) = kind.ask().filter(|&ask| self.wants(ask)) else { return Ok(()) };
        let cell = Cell::global(ask);
        self.ledger.begin(&cell, name)?;
        let opened = File::open(path).and_then(|file| Unpacked::new(file, LIMITS));
        let input = match opened {
            Ok(input) => input,
            Err(error) => {
                self.ledger.damaged(&cell, name, &error.to_string());
                return Ok(());
            }
        };
        if matches!(kind, Kind::Trail | Kind::TrailTable) {
            return self.trail(path, input, name, kind);
        }
        match self.document(input, name, kind) {
            Ok((batches, rows)) => {
                batches.into_iter().try_for_each(|batch| self.out.blocking_send(batch))?;
                self.ledger.rows(&cell, rows)
            }
            Err(detail) => {
                self.ledger.gap(&cell, Problem::new(name, Cause::Malformed, detail, "write this file again"));
                Ok(())
            }
        }
    }

    fn trail(&mut self, path: &Path, input: Unpacked, name: &str, kind: Kind) -> Result<(), Stopped> {
        let path: Arc<Path> = Arc::from(path);
        if kind == Kind::Trail && self.lines(&path, name)? {
            return Ok(());
        }
        let open = if kind == Kind::TrailTable { fetch::open_table } else { fetch::open };
        self.builder.file(Arc::clone(&path), open);
        let take = |event: Event, at: u64| {
            // No file is read that far.
            self.builder.push_at(&judged(event), u32::try_from(at).unwrap_or(u32::MAX));
            if self.builder.len() >= WAITING {
                self.flush()?;
                self.builder.file(Arc::clone(&path), open);
            }
            Ok(())
        };
        let told = match kind {
            Kind::TrailTable => table::read(input, LIMITS.item, take),
            _ => trail::read(BufReader::with_capacity(64 << 10, input), LIMITS.item, take),
        }?;
        self.ledger.told(&events_cell(), name, &told);
        Ok(())
    }

    /// Reads a file of one record a line; false when it is no such file.
    fn lines(&mut self, path: &Arc<Path>, name: &str) -> Result<bool, Stopped> {
        let opened = File::open(path).and_then(|file| Unpacked::new(file, LIMITS));
        let Ok(input) = opened else { return Ok(false) };
        let mut pieces = Pieces::new(BufReader::with_capacity(64 << 10, input), LIMITS.item, lines::FIRST);
        let mut first = pieces.take().filter(Piece::is_lines);
        if first.is_none() {
            return Ok(false);
        }
        let mut told = Told::default();
        let stop = self.stop.clone();
        let next = || first.take().or_else(|| pieces.take());
        let work = |(): &mut (), piece: Piece| lines::read(&piece, LIMITS.item, path);
        pool::ordered(
            next,
            || (),
            work,
            &stop,
            |(part, more)| {
                told.and(more);
                self.flush()?;
                if part.is_empty() { Ok(()) } else { self.send(Box::new(part)) }
            },
        )?;
        self.check()?;
        if let Some(broken) = pieces.halt.take() {
            told.halt(broken);
        }
        self.ledger.told(&events_cell(), name, &told);
        Ok(true)
    }

    fn flush(&mut self) -> Result<(), Stopped> {
        self.check()?;
        if self.builder.is_empty() {
            return Ok(());
        }
        let part = std::mem::take(&mut self.builder).finish();
        self.send(Box::new(part))
    }

    fn send(&mut self, part: Box<Part>) -> Result<(), Stopped> {
        let count = part.len() as u64;
        self.out.blocking_send(Batch::Trail(part))?;
        self.ledger.rows(&events_cell(), count)
    }

    /// A file that is read whole: what it holds, or what is wrong with it.
    fn document(&mut self, input: Unpacked, name: &str, kind: Kind) -> Result<(Vec<Batch>, u64), String> {
        let mut bytes = Vec::new();
        let limit = DOCUMENT + 1;
        input.take(limit).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        if bytes.len() as u64 == limit {
            return Err(format!("larger than {DOCUMENT} bytes"));
        }
        let text = String::from_utf8_lossy(&bytes);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        if kind == Kind::CredentialReport {
            return report(text.as_bytes());
        }
        let (mut batches, mut rows) = (Vec::new(), 0);
        // Pages that were written one after the other are several documents.
        for document in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
            let document = document.map_err(|error| error.to_string())?;
            let (more, count) = match kind {
                Kind::Authorization => authorization::batches(&document),
                Kind::CredentialReportAnswer => answered_report(&document)?,
                kind => self.parts.batches(kind, &document, name)?,
            };
            batches.extend(more);
            rows += count;
        }
        Ok((batches, rows))
    }

    fn snapshot(&mut self, path: &Path, name: &str) -> Result<(), Stopped> {
        let opened = File::open(path).map_err(Into::into).and_then(|file| snapshot::read(file, snapshot::LIMITS));
        let batches = match opened {
            Ok(batches) => batches,
            Err(error) => {
                let problem = Problem::new(name, Cause::Malformed, error.to_string(), "write this snapshot again");
                self.ledger.gap(&events_cell(), problem);
                return Ok(());
            }
        };
        let mut events = 0;
        for batch in batches {
            self.check()?;
            match batch {
                // The file is the origin now; its age is in its header.
                Ok(Batch::Origin(_)) => {}
                Ok(Batch::Reading(cell, reading)) if self.wants(cell.ask) => self.ledger.found(&cell, reading)?,
                Ok(Batch::Reading(..)) => {}
                Ok(Batch::Events(_)) if !self.wants(Ask::Events) => {}
                Ok(batch) => {
                    events += if let Batch::Events(events) = &batch { events.len() as u64 } else { 0 };
                    self.out.blocking_send(batch)?;
                }
                Err(damage) => self.damage(&damage, name, events),
            }
        }
        Ok(())
    }

    /// What is missing of a snapshot is a gap wherever it may be missing.
    fn damage(&mut self, damage: &snapshot::Damage, name: &str, events: u64) {
        let mut cells = self.ledger.found_cells(damage.only_events);
        if cells.is_empty() {
            cells.push(events_cell());
        }
        let detail = format!("{damage} ({events} events were read)");
        for cell in cells {
            let problem = Problem::new(name, Cause::Malformed, &detail, "write this snapshot again");
            self.ledger.gap(&cell, problem);
        }
    }
}

fn report(csv: &[u8]) -> Result<(Vec<Batch>, u64), String> {
    let rows = credential_report::parse(csv).map_err(|error| error.to_string())?;
    let count = rows.len() as u64;
    Ok((vec![Batch::CredentialReport(rows)], count))
}

fn answered_report(document: &Value) -> Result<(Vec<Batch>, u64), String> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(rename = "Content")]
        content: String,
    }
    let answer = Answer::deserialize(document).map_err(|error| error.to_string())?;
    let csv = base64::engine::general_purpose::STANDARD.decode(answer.content.trim());
    report(&csv.map_err(|error| format!("Content is not base64: {error}"))?)
}

/// 0 when it is not known.
fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |meta| meta.len())
}

fn is_empty(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|meta| meta.len() == 0)
}

/// An empty README says nothing; an empty log file is a failed copy.
fn looks_like_data(name: &str) -> bool {
    [".json", ".jsonl", ".gz", ".csv", ".mgx"].iter().any(|end| name.ends_with(end))
}
