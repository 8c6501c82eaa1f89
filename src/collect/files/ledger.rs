//! The coverage cells of a run over files: several files may fill one cell, so each cell is added up here, told as it
//! grows, and closed at the end.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::trail::{Told, earlier};
use crate::collect::{Outbox, Stopped};
use crate::model::{Batch, Cause, Cell, Problem, Reading, Status, Text};

/// Names that a note spells out.
const NAMED: usize = 3;
/// Damaged files that are listed one by one.
const LISTED: usize = 20;

#[derive(Default)]
struct Entry {
    reading: Reading,
    /// The files that filled it.
    files: u64,
    names: Vec<String>,
    /// What was passed over, in words.
    remarks: Vec<String>,
    /// CloudTrail's digest files and insight records: known, and no events.
    digests: u64,
    insights: u64,
    /// CloudTrail files with damage, and the first of them with the place.
    damaged: u64,
    left_out: u64,
    listed: Vec<(String, String)>,
    /// A snapshot's own word, which stands unless something else comes on top.
    found: Option<Reading>,
}

/// All cells of one run.
pub struct Ledger {
    out: Outbox,
    cells: BTreeMap<Cell, Entry>,
}

impl Ledger {
    pub fn new(out: Outbox) -> Self {
        Self { out, cells: BTreeMap::new() }
    }

    fn entry(&mut self, cell: &Cell) -> &mut Entry {
        self.cells.entry(cell.clone()).or_default()
    }

    pub fn has(&self, cell: &Cell) -> bool {
        self.cells.contains_key(cell)
    }

    pub fn first_cell(&self) -> Option<Cell> {
        self.cells.keys().next().cloned()
    }

    /// A file begins to fill a cell.
    pub fn begin(&mut self, cell: &Cell, name: &str) -> Result<(), Stopped> {
        let entry = self.entry(cell);
        entry.files += 1;
        if entry.names.len() < NAMED {
            entry.names.push(name.to_owned());
        }
        self.tell(cell)
    }

    /// Files of records that filled a cell, and the seconds from and to which their events reach.
    pub fn count(&mut self, cell: &Cell, name: &str, files: u64, span: Option<(u32, u32)>) {
        let entry = self.entry(cell);
        entry.files += files;
        if entry.names.len() < NAMED {
            entry.names.push(name.to_owned());
        }
        if let Some((since, until)) = span {
            let time = |seconds| Timestamp::from_second(i64::from(seconds)).ok();
            entry.reading.since = earlier(entry.reading.since, time(since));
            entry.reading.until = entry.reading.until.max(time(until));
        }
    }

    pub fn rows(&mut self, cell: &Cell, rows: u64) -> Result<(), Stopped> {
        self.entry(cell).reading.rows += rows;
        self.tell(cell)
    }

    pub fn gap(&mut self, cell: &Cell, problem: Problem) {
        self.entry(cell).reading.gaps.push(problem);
    }

    pub fn remark(&mut self, cell: &Cell, remark: String) {
        self.entry(cell).remarks.push(remark);
    }

    /// Digest files that lie beside log files.
    pub fn digests(&mut self, cell: &Cell, files: u64) {
        self.entry(cell).digests += files;
    }

    /// A file that could not be opened or unpacked at all.
    pub fn damaged(&mut self, cell: &Cell, name: &str, detail: &str) {
        let entry = self.entry(cell);
        entry.damaged += 1;
        if entry.listed.len() < LISTED {
            entry.listed.push((name.to_owned(), detail.to_owned()));
        }
    }

    /// The same for a file that was not begun.
    pub fn unopened(&mut self, cell: &Cell, name: &str, detail: &str) {
        self.entry(cell).files += 1;
        self.damaged(cell, name, detail);
    }

    /// What a file of records gave; its rows are counted already.
    pub fn told(&mut self, cell: &Cell, name: &str, told: &Told) {
        if let Some(first) = &told.first {
            self.damaged(cell, name, &first.to_string());
        }
        let entry = self.entry(cell);
        entry.left_out += told.left_out;
        entry.insights += told.insights;
        let reading = &mut entry.reading;
        reading.since = earlier(reading.since, told.since);
        reading.until = reading.until.max(told.until);
        if told.not_utf8 > 0 {
            entry.remarks.push(format!("{} records of {name} held bytes that are not UTF-8", told.not_utf8));
        }
    }

    /// A cell out of a snapshot: open for now.
    pub fn found(&mut self, cell: &Cell, reading: Reading) -> Result<(), Stopped> {
        let entry = self.entry(cell);
        entry.found = Some(match entry.found.take() {
            Some(known) => both(known, reading),
            None => reading,
        });
        self.tell(cell)
    }

    /// Snapshot cells in which something was counted, or only those of events.
    pub fn found_cells(&self, only_events: bool) -> Vec<Cell> {
        let counted = |entry: &Entry| entry.found.as_ref().is_some_and(|reading| reading.rows > 0);
        let wanted = |cell: &Cell| !only_events || cell.ask == crate::model::Ask::Events;
        self.cells.iter().filter(|(cell, entry)| wanted(cell) && counted(entry)).map(|(cell, _)| cell.clone()).collect()
    }

    fn tell(&mut self, cell: &Cell) -> Result<(), Stopped> {
        let entry = self.entry(cell);
        let rows = entry.reading.rows;
        let reading = Reading { rows, note: note(entry), ..Reading::of(Status::Reading) };
        self.out.blocking_send(Batch::Reading(cell.clone(), reading))
    }

    /// The last word on every cell.
    pub fn close(&mut self, stopped: bool) -> Result<(), Stopped> {
        for (cell, entry) in std::mem::take(&mut self.cells) {
            self.out.blocking_send(Batch::Reading(cell, last(entry, stopped)))?;
        }
        Ok(())
    }
}

/// What is neither an event nor damage.
fn set_aside(entry: &Entry) -> Option<String> {
    let counts = [(entry.digests, "digest file"), (entry.insights, "insight record")];
    let words: Vec<String> = (counts.iter().filter(|(count, _)| *count > 0))
        .map(|(count, what)| format!("{count} {what}{}", if *count == 1 { "" } else { "s" }))
        .collect();
    (!words.is_empty()).then(|| format!("set aside: {}", words.join(", ")))
}

fn note(entry: &Entry) -> Text {
    let mut note = entry.names.join(", ");
    if entry.files > entry.names.len() as u64 {
        note = format!("{} files: {note}, ...", entry.files);
    }
    for remark in set_aside(entry).iter().chain(&entry.remarks) {
        if !note.is_empty() {
            note.push_str("; ");
        }
        note.push_str(remark);
    }
    Text::new(&note)
}

fn last(mut entry: Entry, stopped: bool) -> Reading {
    let mut listed = std::mem::take(&mut entry.listed).into_iter();
    if let Some((name, detail)) = listed.next() {
        let what = format!("{} of {} files damaged", entry.damaged, entry.files);
        let left_out = match entry.left_out {
            0 => String::new(),
            1 => "; 1 record left out".into(),
            n => format!("; {n} records left out"),
        };
        let cure = "fetch these files again; all that could be read was kept";
        let gaps = &mut entry.reading.gaps;
        gaps.push(Problem::new(what, Cause::Malformed, format!("first {name}: {detail}{left_out}"), cure));
        gaps.extend(listed.map(|(name, detail)| Problem::new(name, Cause::Malformed, detail, "")));
        let more = entry.damaged.saturating_sub(LISTED as u64);
        if more > 0 {
            gaps.push(Problem::new(format!("{more} more files"), Cause::Malformed, "not listed", ""));
        }
    }
    let touched = entry.files > 0;
    let note = note(&entry);
    let mut reading = entry.reading;
    reading.note = note;
    reading.status = match (reading.gaps.is_empty(), reading.rows) {
        _ if stopped => Status::Cancelled,
        (true, _) => Status::Complete,
        (false, 0) => Status::Failed,
        (false, _) => Status::Partial,
    };
    if reading.status == Status::Complete {
        reading.of = Some(reading.rows);
    }
    match entry.found {
        None => reading,
        Some(found) if touched => both(settled(found, stopped), reading),
        Some(mut found) => {
            found.gaps.append(&mut reading.gaps);
            settled(found, stopped)
        }
    }
}

/// A reading out of a snapshot, which may have been written in the middle of the work.
fn settled(mut found: Reading, stopped: bool) -> Reading {
    found.eta = None;
    if stopped || found.status.is_open() {
        found.status = Status::Cancelled;
    } else if !found.gaps.is_empty() && matches!(found.status, Status::Complete) {
        found.status = Status::Partial;
    }
    found
}

/// Two readings of one cell, as one: the sum, and the worse of the two.
fn both(mut one: Reading, two: Reading) -> Reading {
    one.status = match (one.status, two.status) {
        (Status::NotAsked | Status::NotApplicable, other) | (other, Status::NotAsked | Status::NotApplicable) => other,
        (Status::Complete, gap) | (gap, Status::Complete) if gap.is_gap() => Status::Partial,
        (one, two) => one.max(two),
    };
    one.rows += two.rows;
    one.of = one.of.zip(two.of).map(|(one, two)| one + two);
    one.since = earlier(one.since, two.since);
    one.until = one.until.max(two.until);
    one.gaps.extend(two.gaps);
    let notes = [one.note.as_str(), two.note.as_str()];
    one.note = Text::new(&notes.into_iter().filter(|note| !note.is_empty()).collect::<Vec<_>>().join("; "));
    one.tally = match (one.tally, two.tally) {
        (Some(mut one), Some(two)) => {
            one.add(&two);
            Some(one)
        }
        (one, two) => one.or(two),
    };
    one
}
