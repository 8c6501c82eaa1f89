//! Folders of log files, read by as many threads as there are cores: some files at a time, brought back in their order, so
//! that the same folder always gives the same log. Files of other forms than a log file's go back to their own readers.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use libdeflater::Decompressor;
use tokio_util::sync::CancellationToken;

use super::quick::{self, Known};
use super::{LIMITS, fetch, lines};
use crate::model::log::part::{Builder, Part};
use crate::store::bounded::GZIP;

/// Packed bytes and files that a thread takes at once, when it has begun with less.
const BYTES: u64 = 2 << 20;
const FILES: usize = 256;
/// What is read and unpacked at once in memory; larger files are read piece by piece elsewhere.
const PACKED: u64 = 32 << 20;
const UNPACKED: usize = 256 << 20;
/// Files of lines that are larger are read by all threads together.
const LINES: usize = 8 << 20;
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

struct Walk<I> {
    files: I,
    /// How much is taken at once: little at first, so that something is there to be shown.
    bytes: u64,
}

impl<I: Iterator<Item = Result<(PathBuf, u64), String>>> Walk<I> {
    /// Files that are taken together.
    fn take(&mut self) -> Option<Vec<Result<PathBuf, String>>> {
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
        Some(files)
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
    let mut walk = Walk { files, bytes: 64 << 10 };
    let work = |reader: &mut Reader, files| reader.work(files);
    ordered(move || walk.take(), Reader::new, work, stop, |found| found.into_iter().try_for_each(&mut take))
}

/// Does all the work that `next` gives, on as many threads as there are cores, each with a state of its own, and hands
/// what comes of it to `take`, in the order of the work, until that wants no more.
///
/// # Errors
/// That of `take`.
pub fn ordered<W, S, T: Send, E>(
    next: impl FnMut() -> Option<W> + Send,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, W) -> T + Sync,
    stop: &CancellationToken,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let next = Mutex::new((0, next));
    let ended = AtomicBool::new(false);
    let (sender, receiver) = mpsc::sync_channel::<(u64, T)>(threads * WAITING);
    std::thread::scope(|scope| {
        for n in 0..threads {
            let (sender, next, ended, state, work) = (sender.clone(), &next, &ended, &state, &work);
            let thread = std::thread::Builder::new().stack_size(quick::STACK);
            let spawned = thread.spawn_scoped(scope, move || {
                let mut state = state();
                while !stop.is_cancelled() && !ended.load(Ordering::Relaxed) {
                    let Some((number, given)) = next.lock().ok().and_then(|mut next| {
                        let given = (next.1)()?;
                        next.0 += 1;
                        Some((next.0 - 1, given))
                    }) else {
                        break;
                    };
                    if sender.send((number, work(&mut state, given))).is_err() {
                        break;
                    }
                }
            });
            // One thread is enough; without any the process could do nothing else either.
            assert!(n > 0 || spawned.is_ok(), "no thread can be started");
        }
        drop(sender);
        let result = in_order(&receiver, &mut take);
        ended.store(true, Ordering::Relaxed);
        // Threads that wait to send must learn that nobody listens.
        drop(receiver);
        result
    })
}

fn in_order<T, E>(receiver: &mpsc::Receiver<(u64, T)>, take: &mut impl FnMut(T) -> Result<(), E>) -> Result<(), E> {
    let mut early = BTreeMap::new();
    let mut next = 0;
    for (number, found) in receiver {
        early.insert(number, found);
        while let Some(found) = early.remove(&next) {
            next += 1;
            take(found)?;
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
            let brought = self.bytes(&path).and_then(|bytes| open.read(bytes, &path));
            if brought.is_some_and(|events| events > 0) {
                open.files += 1;
                open.first.get_or_insert(path);
                continue;
            }
            open.builder.cut(mark);
            open.close(&mut found);
            found.push(if brought.is_some() { Found::Empty(path) } else { Found::Other(path) });
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
    /// The number of events that a file brought. None: it needs a closer look.
    fn read(&mut self, bytes: &[u8], path: &Path) -> Option<u64> {
        if quick::looks_right(bytes) {
            self.builder.file(Arc::from(path), fetch::open);
            return quick::read(bytes, &mut self.builder, &mut self.known).map(|brought| brought.events);
        }
        if bytes.len() > LINES || !lines::are_lines(bytes) {
            return None;
        }
        self.builder.file(Arc::from(path), fetch::open);
        let told = lines::read_into(bytes, 0, LIMITS.item, &mut self.builder, &mut self.known);
        told.is_good().then_some(told.events)
    }

    fn close(&mut self, found: &mut Vec<Found>) {
        let open = std::mem::take(self);
        if let Some(first) = open.first {
            found.push(Found::Part { part: Box::new(open.builder.finish()), files: open.files, first });
        }
    }
}
