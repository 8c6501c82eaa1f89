//! The records of events as AWS wrote them, many in a row: a block is unpacked once while one record after the other is
//! taken from it.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::part::{Kept, OpenFile, OpenedFile};
use super::{EventId, EventLog, digest};

/// Where an event's record is.
#[derive(Clone, Debug)]
pub enum Record {
    /// In memory.
    Here(String),
    /// In a file, to be fetched with [`Fetch::fetch`].
    Away(Fetch),
}

/// What it takes to fetch a record.
#[derive(Clone, Debug)]
pub struct Fetch {
    pub path: Arc<Path>,
    open: OpenFile,
    at: u32,
    digest: u32,
}

impl Fetch {
    /// Reads the record from its file. Takes milliseconds, or as long as the disk takes.
    ///
    /// # Errors
    /// Why it cannot be had, in words: the file has gone, or is no longer what it was.
    pub fn fetch(&self) -> Result<String, String> {
        let mut file = (self.open)(&self.path)?;
        self.check(file.record(self.at)?)
    }

    fn check(&self, raw: String) -> Result<String, String> {
        if digest(raw.as_bytes()) == self.digest {
            Ok(raw)
        } else {
            Err(format!("{} has changed since it was read: read it again", self.path.display()))
        }
    }
}

/// Fetches records; quick when they are asked for in the order of the log.
#[derive(Debug)]
pub struct Records<'a> {
    log: &'a EventLog,
    /// The block that was unpacked last.
    block: Option<(u32, Vec<u8>)>,
    /// The file that was opened last.
    file: Option<(Arc<Path>, Box<dyn OpenedFile>)>,
}

/// The run of an event: the number of its first event, and where its records are.
pub(super) fn run_of(log: &EventLog, id: EventId) -> (u32, &Kept) {
    let after = log.runs.partition_point(|(first, _)| first <= id.0);
    let (_, kept) = log.runs.get(after - 1);
    (kept, &log.kept[kept as usize])
}

impl<'a> Records<'a> {
    pub fn new(log: &'a EventLog) -> Self {
        Self { log, block: None, file: None }
    }

    /// The record as AWS wrote it. Not cleaned: whoever shows it must.
    ///
    /// # Errors
    /// Why it cannot be had, in words.
    pub fn get(&mut self, id: EventId) -> Result<String, String> {
        let (run, kept) = run_of(self.log, id);
        let at = self.log.at.get(id.0 as usize);
        match kept {
            Kept::Block(block) => {
                if self.block.as_ref().is_none_or(|(known, _)| *known != run) {
                    self.block = Some((run, unpack(&block.1)));
                }
                let (_, unpacked) = self.block.as_ref().ok_or("no block")?;
                cut(&block.0, unpacked, at as usize).ok_or_else(|| "it was not kept".to_owned())
            }
            Kept::File(path, open) => {
                let fetch = fetch_of(self.log, id).ok_or("no file")?;
                if self.file.as_ref().is_none_or(|(known, _)| known != path) {
                    self.file = None;
                    self.file = Some((Arc::clone(path), open(path)?));
                }
                let (_, file) = self.file.as_mut().ok_or("no file")?;
                fetch.check(file.record(at)?)
            }
        }
    }
}

impl EventLog {
    /// The records of all events, in the order of the log.
    pub fn records(&self) -> impl Iterator<Item = Result<String, String>> + '_ {
        let mut records = Records::new(self);
        self.ids().map(move |id| records.get(id))
    }
}

pub(super) fn fetch_of(log: &EventLog, id: EventId) -> Option<Fetch> {
    match run_of(log, id).1 {
        Kept::Block(_) => None,
        Kept::File(path, open) => Some(Fetch {
            path: Arc::clone(path),
            open: *open,
            at: log.at.get(id.0 as usize),
            digest: log.digests.get(id.0 as usize),
        }),
    }
}

/// Empty when it cannot be unpacked, which only broken memory could cause.
fn unpack(block: &[u8]) -> Vec<u8> {
    let mut unpacked = Vec::new();
    let read = flate2::read::DeflateDecoder::new(block).read_to_end(&mut unpacked);
    if read.is_err() { Vec::new() } else { unpacked }
}

fn cut(ends: &[u32], unpacked: &[u8], at: usize) -> Option<String> {
    let start = if at == 0 { 0 } else { *ends.get(at - 1)? as usize };
    let raw = unpacked.get(start..*ends.get(at)? as usize)?;
    Some(String::from_utf8_lossy(raw).into_owned())
}
