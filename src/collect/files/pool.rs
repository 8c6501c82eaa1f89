//! Folders of log files, read by as many threads as there are cores: some files at a time, brought back in their order, so
//! that the same folder always gives the same log.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use libdeflater::Decompressor;
use tokio_util::sync::CancellationToken;

use super::quick::{self, Known};
use super::{LIMITS, fetch};
use crate::model::log::part::{Builder, Part};
use crate::store::bounded::GZIP;

/// Packed bytes and files that a thread takes at once, when it has begun with less.
const BYTES: u64 = 2 << 20;
const FILES: usize = 256;
/// What is read and unpacked at once in memory; larger files are read piece by piece elsewhere.
const PACKED: u64 = 32 << 20;
const UNPACKED: usize = 256 << 20;
/// Pieces of work that may wait to be taken in, for each thread.
const WAITING: usize = 2;

/// What was found, in the order of the files.
#[derive(Debug)]
pub enum Found {
    /// Events of log files: how many files, and the first one's path.
    Part { part: Box<Part>, files: u64, first: PathBuf },
    /// A log file without an event.
    Empty(PathBuf),
    /// Something else, or a log file that needs a closer look.
    Other(PathBuf),
    /// A folder, or what is in it, that cannot be read.
    Unreadable(String),
}

/// Files that are taken together.
struct Work {
    number: u64,
    files: Vec<Result<PathBuf, String>>,
}

struct Walk<I> {
    files: I,
    next: u64,
    /// How much is taken at once: little at first, so that something is there to be shown.
    bytes: u64,
}

impl<I: Iterator<Item = Result<(PathBuf, u64), String>>> Walk<I> {
    fn take(&mut self) -> Option<Work> {
        let (mut files, mut bytes) = (Vec::new(), 0);
        while files.len() < FILES && bytes < self.bytes {
            let Some(file) = self.files.next() else { break };
            bytes += file.as_ref().map_or(0, |(_, bytes)| *bytes).max(1);
            files.push(file.map(|(path, _)| path));
        }
        if files.is_empty() {
            return None;
        }
        self.bytes = (self.bytes * 2).min(BYTES);
        self.next += 1;
        Some(Work { number: self.next - 1, files })
    }
}

/// Reads all `files` (with their lengths) and hands over what is found, in their order, until `take` wants no more.
///
/// # Errors
/// That of `take`.
pub fn read<E>(
    files: impl Iterator<Item = Result<(PathBuf, u64), String>> + Send,
    stop: &CancellationToken,
    mut take: impl FnMut(Found) -> Result<(), E>,
) -> Result<(), E> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let walk = Mutex::new(Walk { files, next: 0, bytes: 64 << 10 });
    let ended = AtomicBool::new(false);
    let (sender, receiver) = mpsc::sync_channel::<(u64, Vec<Found>)>(threads * WAITING);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (sender, walk, ended) = (sender.clone(), &walk, &ended);
            scope.spawn(move || {
                let mut reader = Reader::new();
                while !stop.is_cancelled() && !ended.load(Ordering::Relaxed) {
                    let Some(work) = walk.lock().ok().and_then(|mut walk| walk.take()) else { break };
                    if sender.send((work.number, reader.work(work.files))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let result = in_order(&receiver, &mut take);
        ended.store(true, Ordering::Relaxed);
        // Threads that wait to send must learn that nobody listens.
        drop(receiver);
        result
    })
}

fn in_order<E>(
    receiver: &mpsc::Receiver<(u64, Vec<Found>)>,
    take: &mut impl FnMut(Found) -> Result<(), E>,
) -> Result<(), E> {
    let mut early = BTreeMap::new();
    let mut next = 0;
    for (number, found) in receiver {
        early.insert(number, found);
        while let Some(found) = early.remove(&next) {
            next += 1;
            found.into_iter().try_for_each(&mut *take)?;
        }
    }
    Ok(())
}

/// What one thread keeps between files.
struct Reader {
    decompressor: Decompressor,
    packed: Vec<u8>,
    unpacked: Vec<u8>,
}

impl Reader {
    fn new() -> Self {
        Self { decompressor: Decompressor::new(), packed: Vec::new(), unpacked: Vec::new() }
    }

    fn work(&mut self, files: Vec<Result<PathBuf, String>>) -> Vec<Found> {
        let mut found = Vec::new();
        let mut open = OpenPart::default();
        for file in files {
            let path = match file {
                Ok(path) => path,
                Err(error) => {
                    open.close(&mut found);
                    found.push(Found::Unreadable(error));
                    continue;
                }
            };
            let mark = open.builder.mark();
            match self.bytes(&path) {
                Some(bytes) if quick::looks_right(bytes) => {
                    open.builder.file(Arc::from(&*path), fetch::open);
                    match quick::read(bytes, &mut open.builder, &mut open.known) {
                        Some(brought) if brought.events > 0 => {
                            open.files += 1;
                            open.first.get_or_insert(path);
                            continue;
                        }
                        brought => {
                            open.builder.cut(mark);
                            open.close(&mut found);
                            found.push(if brought.is_some() { Found::Empty(path) } else { Found::Other(path) });
                        }
                    }
                }
                _ => {
                    open.close(&mut found);
                    found.push(Found::Other(path));
                }
            }
        }
        open.close(&mut found);
        found
    }

    /// The unpacked bytes of a file of ordinary size; None: it needs a closer look.
    fn bytes(&mut self, path: &Path) -> Option<&[u8]> {
        let file = File::open(path).ok()?;
        self.packed.clear();
        file.take(PACKED + 1).read_to_end(&mut self.packed).ok()?;
        if self.packed.len() as u64 > PACKED {
            return None;
        }
        if !self.packed.starts_with(&GZIP) {
            return Some(&self.packed);
        }
        // The last four bytes of a gzip file are its unpacked length, if it has one member (RFC 1952, 2.3.1); the
        // decompressor sees the first member only.
        let length = self.packed.last_chunk::<4>().map(|length| u32::from_le_bytes(*length) as usize)?;
        let is_too_much = length > UNPACKED || length as u64 > self.packed.len() as u64 * LIMITS.ratio;
        if is_too_much || memchr::memmem::find(&self.packed[2..], b"\x1f\x8b\x08").is_some() {
            return None;
        }
        if self.unpacked.len() < length {
            self.unpacked.resize(length, 0);
        }
        let got = self.decompressor.gzip_decompress(&self.packed, &mut self.unpacked[..length]).ok()?;
        (got == length).then(|| &self.unpacked[..length])
    }
}

#[derive(Default)]
struct OpenPart {
    builder: Builder,
    known: Known,
    files: u64,
    first: Option<PathBuf>,
}

impl OpenPart {
    fn close(&mut self, found: &mut Vec<Found>) {
        let open = std::mem::take(self);
        if let Some(first) = open.first {
            found.push(Found::Part { part: Box::new(open.builder.finish()), files: open.files, first });
        }
    }
}
