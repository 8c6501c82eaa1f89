//! Files of one record a line, read by as many threads as there are cores: cut at line ends into pieces of bounded size,
//! which are brought back in their order. Says of every line what [`super::trail`] says.

use std::io::{BufRead, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::quick::{self, Known};
use super::scan::Broken;
use super::trail::{Told, earlier};
use super::{fetch, split};
use crate::collect::judged;
use crate::model::log::part::{Builder, Part};

/// The first piece is small, so that something is there to be shown; the others are larger.
pub const FIRST: usize = 64 << 10;
const PIECE: usize = 2 << 20;

/// Whole lines.
#[derive(Debug, Default)]
pub struct Piece {
    /// Byte of the unpacked file at which they begin.
    base: u64,
    bytes: Vec<u8>,
    /// Instead of lines one that is longer than the limit.
    too_long: bool,
}

impl Piece {
    /// Whether a file that begins with these lines is one of records by line.
    pub fn is_lines(&self) -> bool {
        !self.too_long && are_lines(&self.bytes)
    }
}

/// Whether a file that begins with `bytes` is one of records by line: the first fills its line.
pub fn are_lines(bytes: &[u8]) -> bool {
    bytes.first() == Some(&b'{') && memchr::memchr(b'\n', bytes).is_some_and(|end| split::is_record_line(&bytes[..end]))
}

/// The pieces of a file, one after the other.
pub struct Pieces<R> {
    input: R,
    limit: usize,
    size: usize,
    /// The start of a line whose end was not read yet.
    rest: Vec<u8>,
    /// Bytes read so far.
    at: u64,
    ended: bool,
    /// Why the file could not be read to its end.
    pub halt: Option<Broken>,
}

impl<R: BufRead> Pieces<R> {
    /// Lines of at most `limit` bytes, in pieces of `size` bytes at first.
    pub fn new(input: R, limit: usize, size: usize) -> Self {
        Self { input, limit, size, rest: Vec::new(), at: 0, ended: false, halt: None }
    }

    /// Hands what was read on to `take`, which says how much of it is used; 0 at the end of the file.
    fn fill(&mut self, take: impl FnOnce(&[u8]) -> usize) -> usize {
        loop {
            match self.input.fill_buf() {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.ended = true;
                    self.halt = Some(Broken { at: self.at, detail: error.to_string(), io: true });
                    return 0;
                }
                Ok([]) => {
                    self.ended = true;
                    return 0;
                }
                Ok(buffer) => {
                    let used = take(buffer);
                    self.input.consume(used);
                    self.at += used as u64;
                    return used;
                }
            }
        }
    }

    /// None at the end, or when the file can be read no further.
    pub fn take(&mut self) -> Option<Piece> {
        let mut bytes = std::mem::take(&mut self.rest);
        let base = self.at - bytes.len() as u64;
        let mut lines = 0;
        while !self.ended {
            self.fill(|buffer| {
                if let Some(end) = memchr::memrchr(b'\n', buffer) {
                    lines = bytes.len() + end + 1;
                }
                bytes.extend_from_slice(buffer);
                buffer.len()
            });
            if lines > 0 && bytes.len() >= self.size {
                self.size = (self.size * 2).min(PIECE);
                break;
            }
            if lines == 0 && bytes.len() > self.limit {
                return self.pass_line().then(|| Piece { base, bytes: Vec::new(), too_long: true });
            }
        }
        if !self.ended {
            self.rest = bytes.split_off(lines);
        } else if self.halt.is_some() {
            // A line that breaks off is none.
            bytes.truncate(lines);
        }
        (!bytes.is_empty()).then_some(Piece { base, bytes, too_long: false })
    }

    /// Passes over the rest of a line; false when the file cannot be read that far.
    fn pass_line(&mut self) -> bool {
        let mut found = false;
        while !found && !self.ended {
            self.fill(|buffer| {
                let end = memchr::memchr(b'\n', buffer);
                found = end.is_some();
                end.map_or(buffer.len(), |end| end + 1)
            });
        }
        self.halt.is_none()
    }
}

/// The events of a piece of the file at `path`, and what is to be told of it.
pub fn read(piece: &Piece, limit: usize, path: &Arc<Path>) -> (Part, Told) {
    let mut builder = Builder::default();
    let mut told = Told::default();
    if piece.too_long {
        told.too_long(piece.base, limit);
    } else {
        builder.file(Arc::clone(path), fetch::open);
        told = read_into(&piece.bytes, piece.base, limit, &mut builder, &mut Known::default());
    }
    let part = builder.finish();
    if let Some((since, until)) = part.span() {
        let time = |seconds: u32| Timestamp::from_second(i64::from(seconds)).ok();
        told.since = earlier(told.since, time(since));
        told.until = told.until.max(time(until));
    }
    (part, told)
}

/// Adds the records of whole lines, which begin at byte `base` of the current file of `builder`.
pub fn read_into(bytes: &[u8], base: u64, limit: usize, builder: &mut Builder, known: &mut Known) -> Told {
    let mut told = Told::default();
    let text = std::str::from_utf8(bytes).ok();
    let mut start = 0;
    while start < bytes.len() {
        let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |end| start + end);
        let (begin, line, at) = (start, &bytes[start..end], base + start as u64);
        start = end + 1;
        if line.len() > limit {
            told.too_long(at, limit);
            continue;
        }
        let record = line.trim_ascii();
        let blanks = line.len() - line.trim_ascii_start().len();
        // No file is read that far.
        let place = u32::try_from(at).unwrap_or(u32::MAX);
        let text = match text {
            Some(text) => text.get(begin + blanks..begin + blanks + record.len()),
            None => std::str::from_utf8(record).ok(),
        };
        if let Some(text) = text.filter(|_| !split::is_wrapping(record))
            && quick::read_line(text, place, builder, known).is_some()
        {
            told.events += 1;
            continue;
        }
        let read = split::line(line, at, limit, &mut |piece| {
            told.piece(piece, limit, &mut |event, at| {
                builder.push_at(&judged(event), u32::try_from(at).unwrap_or(u32::MAX));
                Ok(())
            })
        });
        debug_assert!(read.is_ok(), "nobody stops");
    }
    told
}
