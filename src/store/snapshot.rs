//! The snapshot, `.mgx`: gzip of JSON lines. First a [`Header`], then one [`Batch`] a line (readings, tables, events
//! last), then `{"end": n}` with the number of batches, so that a cut file is noticed.
//!
//! Both ways stream: neither side ever holds the whole text.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::atomic;
use super::bounded::{Limits, Unpacked};
use crate::model::{Batch, Facts};

/// The version that is written, and the newest that is understood.
pub const VERSION: u32 = 1;

/// A snapshot of ten million events is about 15 GB unpacked.
pub const LIMITS: Limits = Limits { item: 64 << 20, total: 64 << 30, ratio: 400 };

/// Rows of a table in one line.
const ROWS: usize = 100;
/// Events in one line, by number and by bytes.
const EVENTS: usize = 500;
const EVENT_BYTES: usize = 16 << 20;

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Always `snapshot`.
    pub mgmtscope: String,
    pub version: u32,
    pub created: Timestamp,
    /// When the data was read from AWS: older than `created` for a snapshot of a snapshot.
    #[serde(default)]
    pub as_of: Option<Timestamp>,
    /// The version of the program that wrote it.
    #[serde(default)]
    pub program: String,
    /// How many batches follow.
    #[serde(default)]
    pub lines: u64,
    /// The first line that holds events; the header is line 1.
    #[serde(default)]
    pub events_from: u64,
}

/// Why a file cannot be read as a snapshot at all.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("not a mgmtscope snapshot: {0}")]
    Header(String),
    #[error("snapshot of version {version} (written by mgmtscope {program}); this program reads up to {VERSION}")]
    Newer { version: u32, program: String },
}

/// Where a snapshot broke, said once, after all that could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The first line that is missing or cannot be read; the header is line 1.
    pub line: u64,
    pub detail: String,
    /// How many lines are missing.
    pub missing: u64,
    /// Everything but events is whole.
    pub only_events: bool,
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let lines = if self.missing == 1 { "line is" } else { "lines are" };
        write!(f, "line {}: {}; {} {lines} missing", self.line, self.detail, self.missing)
    }
}

/// Writes all that is known into `path`, whole or not at all, readable by its owner only.
///
/// # Errors
/// Those of the file system, with the path in their words.
pub fn write(path: &Path, facts: &Facts, created: Timestamp) -> io::Result<()> {
    atomic::write(path, |out| write_to(out, facts, created))
}

/// The same into any writer.
///
/// # Errors
/// Those of the writer.
pub fn write_to(out: &mut dyn Write, facts: &Facts, created: Timestamp) -> io::Result<()> {
    let (readings, tables): (Vec<_>, Vec<_>) =
        facts.to_batches().into_iter().flat_map(in_rows).partition(|batch| matches!(batch, Batch::Reading(..)));
    let before = (readings.len() + tables.len()) as u64;
    // Twice: the header says how many lines there are. What lies in files is not held in memory for that.
    let lengths = raws(facts).map(|raw| raw.map(|raw| raw.len())).collect::<io::Result<Vec<usize>>>()?;
    let groups = event_groups(lengths.into_iter());
    let header = Header {
        mgmtscope: "snapshot".into(),
        version: VERSION,
        created,
        as_of: facts.origins.iter().filter_map(|origin| origin.as_of).min().or(Some(created)),
        program: env!("CARGO_PKG_VERSION").into(),
        lines: before + groups.len() as u64,
        events_from: before + 2,
    };
    let mut out = GzEncoder::new(out, Compression::default());
    line(&mut out, &header)?;
    for batch in readings.iter().chain(&tables) {
        line(&mut out, batch)?;
    }
    let mut raws = raws(facts);
    for group in groups {
        events(&mut out, raws.by_ref().take(group))?;
    }
    line(&mut out, &serde_json::json!({ "end": header.lines }))?;
    out.finish()?;
    Ok(())
}

/// The records of all events. Err: one can no longer be had.
fn raws(facts: &Facts) -> impl Iterator<Item = io::Result<String>> + '_ {
    let error = |why| io::Error::new(io::ErrorKind::InvalidData, format!("a record of an event: {why}"));
    facts.events.records().map(move |raw| raw.map_err(error))
}

fn line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// What `Batch::Events` would serialize to, without reading the records first.
fn events(out: &mut impl Write, raws: impl Iterator<Item = io::Result<String>>) -> io::Result<()> {
    out.write_all(br#"{"batch":"events","items":["#)?;
    for (n, raw) in raws.enumerate() {
        let raw = raw?;
        if raw.trim().is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "an event has no record"));
        }
        if n > 0 {
            out.write_all(b",")?;
        }
        // Inside of a JSON string no line ends, so all that are there are blanks.
        out.write_all(raw.replace(['\n', '\r'], " ").as_bytes())?;
    }
    out.write_all(b"]}\n")
}

/// How many events go into each line.
fn event_groups(lengths: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut groups = Vec::new();
    let (mut count, mut bytes) = (0, 0);
    for length in lengths {
        if count == EVENTS || (count > 0 && bytes + length > EVENT_BYTES) {
            groups.push(count);
            (count, bytes) = (0, 0);
        }
        count += 1;
        bytes += length;
    }
    groups.extend((count > 0).then_some(count));
    groups
}

/// Cuts a long table, so that no line comes near the limit.
fn in_rows(batch: Batch) -> Vec<Batch> {
    macro_rules! cut {
        ($($table:ident)*) => {
            match batch {
                $(Batch::$table(rows) if rows.len() > ROWS => {
                    rows.chunks(ROWS).map(|rows| Batch::$table(rows.to_vec())).collect()
                })*
                other => vec![other],
            }
        };
    }
    cut!(OrganizationalUnits Accounts AccountParents Policies DelegatedAdministrators TrustedServices Handshakes Users
        Groups Roles ManagedPolicies CredentialReport AccessKeys MfaDevices PermissionSets Assignments DirectoryUsers
        DirectoryGroups Trails Residents)
}

/// A snapshot being read: every batch that can be, then once the [`Damage`], if there is any.
pub struct Batches {
    header: Header,
    reader: BufReader<Unpacked>,
    limits: Limits,
    /// Of the line read last.
    line: u64,
    good: u64,
    damage: Option<Damage>,
    ended: bool,
}

/// Begins to read a snapshot; the origins in it are those that it was made from.
///
/// # Errors
/// When it is no snapshot, or one of a newer version.
pub fn read(reader: impl Read + Send + 'static, limits: Limits) -> Result<Batches, SnapshotError> {
    let mut reader = BufReader::new(Unpacked::new(reader, limits)?);
    // A header is short; something else may have no line ends at all.
    let first = match next_line(&mut reader, 64 << 10)? {
        Line::Whole(line) => line,
        Line::TooLong | Line::End => return Err(SnapshotError::Header("its first line is no header".into())),
    };
    Ok(Batches { header: header(&first)?, reader, limits, line: 1, good: 0, damage: None, ended: false })
}

fn header(line: &[u8]) -> Result<Header, SnapshotError> {
    /// What every version has.
    #[derive(Deserialize)]
    struct Any {
        mgmtscope: String,
        version: u32,
        #[serde(default)]
        program: String,
    }
    let wrong = |error: serde_json::Error| SnapshotError::Header(error.to_string());
    let any: Any = serde_json::from_slice(line).map_err(wrong)?;
    if any.mgmtscope != "snapshot" {
        return Err(SnapshotError::Header("its first line is no header".into()));
    }
    if any.version > VERSION {
        return Err(SnapshotError::Newer {
            version: any.version,
            program: crate::model::Text::new(&any.program).to_string(),
        });
    }
    serde_json::from_slice(line).map_err(wrong)
}

enum Line {
    Whole(Vec<u8>),
    TooLong,
    End,
}

fn next_line(reader: &mut impl BufRead, limit: usize) -> io::Result<Line> {
    let mut line = Vec::new();
    let limit = limit as u64;
    if reader.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
        return Ok(Line::End);
    }
    if line.last() != Some(&b'\n') && line.len() as u64 == limit {
        reader.skip_until(b'\n')?;
        return Ok(Line::TooLong);
    }
    Ok(Line::Whole(line))
}

impl Batches {
    pub fn header(&self) -> &Header {
        &self.header
    }

    fn damaged(&mut self, detail: String) {
        let line = self.line;
        self.damage.get_or_insert(Damage { line, detail, missing: 0, only_events: false });
    }

    /// Looks at one line: a batch, or the end of all.
    fn step(&mut self) -> Option<Batch> {
        self.line += 1;
        match next_line(&mut self.reader, self.limits.item) {
            Ok(Line::Whole(line)) => {
                if let Some(batches) = end(&line) {
                    self.ended = true;
                    if batches != self.line - 2 {
                        self.damaged(format!("the file ends after {} of {batches} lines", self.line - 2));
                    }
                    return None;
                }
                match serde_json::from_slice(&line) {
                    Ok(batch) => {
                        self.good += 1;
                        return Some(batch);
                    }
                    Err(error) => self.damaged(format!("not readable ({error})")),
                }
            }
            Ok(Line::TooLong) => self.damaged(format!("longer than {} bytes", self.limits.item)),
            Ok(Line::End) => {
                self.damaged("the file ends here".into());
                self.ended = true;
            }
            Err(error) => {
                self.damaged(error.to_string());
                self.ended = true;
            }
        }
        None
    }
}

fn end(line: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct End {
        end: u64,
    }
    // Batches are long: do not read them twice.
    if line.len() > 64 {
        return None;
    }
    serde_json::from_slice::<End>(line).ok().map(|end| end.end)
}

impl Iterator for Batches {
    type Item = Result<Batch, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            if let Some(batch) = self.step() {
                return Some(Ok(batch));
            }
        }
        let mut damage = self.damage.take()?;
        damage.missing = self.header.lines.saturating_sub(self.good);
        damage.only_events = self.header.events_from > 0 && damage.line >= self.header.events_from;
        Some(Err(damage))
    }
}

#[cfg(test)]
#[path = "snapshot_tests.rs"]
mod tests;
