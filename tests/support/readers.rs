//! The quick readers against the slow one, on the same bytes: for `tests/it/readers.rs` and for `fuzz`.

use std::path::Path;
use std::sync::Arc;

use mgmtscope::collect::files::lines::{self, Piece, Pieces};
use mgmtscope::collect::files::trail::{self, Told};
use mgmtscope::collect::files::{fetch, quick};
use mgmtscope::model::log::part::{Builder, Part};
use mgmtscope::model::log::{EventLog, Field};

const FIELDS: [Field; 14] = [
    Field::Name,
    Field::Source,
    Field::Error,
    Field::Region,
    Field::Recipient,
    Field::ActorKey,
    Field::ActorName,
    Field::Session,
    Field::AccessKey,
    Field::Account,
    Field::InvokedBy,
    Field::Ip,
    Field::Agent,
    Field::Resources,
];

/// Everything that a log knows of each event: also where its record lies and by which number its bytes are known.
pub fn said(log: &EventLog) -> Vec<String> {
    let said = log.iter().map(|row| {
        let words: Vec<&str> = FIELDS.iter().map(|&field| row.word(field)).collect();
        let flags = (row.read_only(), row.mfa(), row.is_own(), row.is_console(), row.issued());
        let kind = row.actor_kind();
        format!("{} {:?} {kind:?} {words:?} {flags:?} {:?}", row.event_id(), row.time(), row.record())
    });
    said.collect()
}

fn path() -> Arc<Path> {
    Arc::from(Path::new("memory"))
}

fn builder() -> Builder {
    let mut builder = Builder::default();
    builder.file(path(), fetch::open);
    builder
}

fn log(parts: impl IntoIterator<Item = Part>) -> Vec<String> {
    let mut log = EventLog::default();
    for part in parts {
        log.join(&part);
    }
    said(&log)
}

/// What the slow reader makes of a file.
pub fn slow(bytes: impl std::io::BufRead, limit: usize) -> (Vec<String>, Told) {
    let mut builder = builder();
    let told = trail::read(bytes, limit, |event, at| {
        builder.push_at(&mgmtscope::collect::judged(event), u32::try_from(at).expect("small"));
        Ok(())
    });
    (log([builder.finish()]), told.expect("nobody stops"))
}

/// What the quick reader makes of a log file; none when it leaves it to the slow one.
pub fn quick(bytes: &[u8]) -> Option<Vec<String>> {
    let mut builder = builder();
    quick::read(bytes, &mut builder, &mut quick::Known::default())?;
    Some(log([builder.finish()]))
}

/// What the reader of lines makes of a file, in pieces of `size` bytes at first; none when it leaves it to the slow one.
pub fn by_line(bytes: impl std::io::BufRead, limit: usize, size: usize) -> Option<(Vec<String>, Told)> {
    let mut pieces = Pieces::new(bytes, limit, size);
    let first = pieces.take().filter(Piece::is_lines)?;
    let mut told = Told::default();
    let mut parts = Vec::new();
    let mut next = Some(first);
    while let Some(piece) = next.take().or_else(|| pieces.take()) {
        let (part, more) = lines::read(&piece, limit, &path());
        parts.push(part);
        told.and(more);
    }
    if let Some(broken) = pieces.halt.take() {
        told.halt(broken);
    }
    Some((log(parts), told))
}

/// Panics when the readers do not agree on what each of them takes.
pub fn agree(bytes: &[u8], limit: usize, size: usize) {
    let (events, told) = slow(bytes, limit);
    if let Some(quick) = quick(bytes) {
        assert_eq!(quick, events);
        assert_eq!((told.left_out, told.cut), (0, false), "{:?}", told.first);
    }
    if let Some((lines, more)) = by_line(bytes, limit, size) {
        assert_eq!(lines, events);
        // The times of columns are whole seconds.
        assert_eq!(Told { since: None, until: None, ..more }, Told { since: None, until: None, ..told });
    }
}
