//! The snapshot, `.mgx`: gzipped lines of JSON. A heading, then one batch a line, then a line that says how many there
//! were, so that a cut file is known as cut. Events are kept as the records that they came from.

use std::io::{self, BufRead, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::atomic;
use crate::model::{Batch, Event, Facts};

/// Raised when older programs could no longer read what newer ones write.
pub const VERSION: u32 = 1;
/// Events a line.
const BATCH: usize = 500;
/// A longer line is not ours: a batch of events holds at most [`BATCH`].
const LONGEST_LINE: u64 = 256 * 1024 * 1024;

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// Always `snapshot`: what recognises the file.
    pub mgmtscope: String,
    pub version: u32,
    pub created: Timestamp,
    pub program: String,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
struct End {
    end: u64,
}

/// Writes everything that is known to a snapshot, atomically.
///
/// # Errors
/// Those of the file system, with the path named.
pub fn write(path: &Path, facts: &Facts, created: Timestamp) -> io::Result<()> {
    atomic::write(path, |out| {
        let mut out = GzEncoder::new(out, Compression::default());
        write_lines(&mut out, facts, created)?;
        out.finish().map(|_| ())
    })
}

fn write_lines(out: &mut dyn Write, facts: &Facts, created: Timestamp) -> io::Result<()> {
    let heading =
        Heading { mgmtscope: "snapshot".into(), version: VERSION, created, program: env!("CARGO_PKG_VERSION").into() };
    let mut lines = 0u64;
    let mut line = |out: &mut dyn Write, batch: &Batch| -> io::Result<()> {
        lines += 1;
        serde_json::to_writer(&mut *out, batch)?;
        out.write_all(b"\n")
    };
    serde_json::to_writer(&mut *out, &heading)?;
    out.write_all(b"\n")?;
    for batch in facts.to_batches() {
        line(out, &batch)?;
    }
    let mut events = Vec::with_capacity(BATCH);
    for event in facts.events.iter() {
        // Line breaks between a record's fields would break the line: compact it.
        let raw = event.raw();
        let raw = if raw.contains(['\n', '\r']) { compact(&raw)? } else { raw };
        events.push(Event { raw, ..Event::default() });
        if events.len() == BATCH {
            line(out, &Batch::Events(std::mem::take(&mut events)))?;
        }
    }
    if !events.is_empty() {
        line(out, &Batch::Events(events))?;
    }
    serde_json::to_writer(&mut *out, &End { end: lines })?;
    out.write_all(b"\n")
}

fn compact(raw: &str) -> io::Result<String> {
    let value: serde_json::Value = serde_json::from_str(raw)?;
    Ok(serde_json::to_string(&value)?)
}

/// What is wrong with a snapshot. All that was read before stays good.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    #[error("not a mgmtscope snapshot")]
    NotOne,
    #[error("a snapshot of version {0}, newer than this program reads (version {VERSION}): update mgmtscope")]
    Newer(u32),
    #[error("line {line} is damaged: {error}")]
    Damaged { line: u64, error: String },
    #[error("cut off after {lines} lines: it has no end")]
    CutOff { lines: u64 },
    #[error("{missing} lines are missing")]
    Missing { missing: u64 },
}

/// Reads a snapshot's lines, unpacked already: hands each batch to `take` until that answers false.
///
/// # Errors
/// See [`SnapshotError`]; batches before the damage have been handed over.
pub fn read(mut input: impl BufRead, mut take: impl FnMut(Batch) -> bool) -> Result<Heading, SnapshotError> {
    let mut line = Vec::new();
    let damaged = |line: u64, error: &dyn std::fmt::Display| SnapshotError::Damaged { line, error: error.to_string() };
    next_line(&mut input, &mut line).map_err(|_| SnapshotError::NotOne)?;
    let heading: Heading = serde_json::from_slice(&line).map_err(|_| SnapshotError::NotOne)?;
    if heading.mgmtscope != "snapshot" {
        return Err(SnapshotError::NotOne);
    }
    if heading.version > VERSION {
        return Err(SnapshotError::Newer(heading.version));
    }
    let mut lines = 0u64;
    loop {
        match next_line(&mut input, &mut line) {
            Ok(true) => {}
            Ok(false) => return Err(SnapshotError::CutOff { lines }),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(SnapshotError::CutOff { lines }),
            Err(error) => return Err(damaged(lines + 2, &error)),
        }
        if let Ok(End { end }) = serde_json::from_slice(&line) {
            return if end == lines {
                Ok(heading)
            } else {
                Err(SnapshotError::Missing { missing: end.abs_diff(lines) })
            };
        }
        let batch = serde_json::from_slice(&line).map_err(|error| damaged(lines + 2, &error))?;
        lines += 1;
        if !take(batch) {
            return Ok(heading);
        }
    }
}

fn next_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    use io::Read;
    line.clear();
    let read = input.by_ref().take(LONGEST_LINE).read_until(b'\n', line)?;
    if read as u64 == LONGEST_LINE {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a line is too long"));
    }
    Ok(read > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Ask, Cell, Reading};
    use flate2::read::GzDecoder;
    use std::io::BufReader;

    fn some() -> Facts {
        let mut facts = Facts::default();
        facts.apply(Batch::Reading(Cell::global(Ask::Accounts), Reading::complete(1)));
        let raw = "{\n\"eventName\":\"A\",\"eventID\":\"1\"}";
        facts.apply(Batch::Events(vec![Event::from_record(raw).expect("a record")]));
        facts
    }

    fn unpack(path: &Path) -> BufReader<GzDecoder<std::fs::File>> {
        BufReader::new(GzDecoder::new(std::fs::File::open(path).expect("there")))
    }

    #[test]
    fn what_was_written_comes_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.mgx");
        write(&path, &some(), Timestamp::UNIX_EPOCH).expect("written");
        let mut again = Facts::default();
        let heading = read(unpack(&path), |batch| {
            again.apply(batch);
            true
        });
        assert_eq!(heading.expect("whole").created, Timestamp::UNIX_EPOCH);
        assert_eq!((again.events.len(), again.coverage.rows(Ask::Accounts)), (1, 1));
    }

    #[test]
    fn a_cut_snapshot_keeps_what_came_and_says_that_it_is_cut() {
        let mut bytes = Vec::new();
        write_lines(&mut bytes, &some(), Timestamp::UNIX_EPOCH).expect("written");
        let lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
        let cut = lines[..lines.len() - 2].concat();
        let mut count = 0;
        let result = read(&cut[..], |_| {
            count += 1;
            true
        });
        assert!(matches!(result, Err(SnapshotError::CutOff { lines }) if lines == count));
        let holed = [&lines[..3], &lines[4..]].concat().concat();
        assert!(matches!(read(&holed[..], |_| true), Err(SnapshotError::Missing { missing: 1 })));
    }

    #[test]
    fn what_is_no_snapshot_is_said() {
        assert!(matches!(read(&b"{}"[..], |_| true), Err(SnapshotError::NotOne)));
        let newer = br#"{"mgmtscope":"snapshot","version":99,"created":"2026-01-01T00:00:00Z","program":"9"}"#;
        assert!(matches!(read(&newer[..], |_| true), Err(SnapshotError::Newer(99))));
    }
}
