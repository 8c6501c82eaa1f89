//! Files as a source: snapshots, the AWS CLI's outputs, CloudTrail records in JSON or CSV, and folders of them. Recognised by
//! content, combined into one picture. [`Files::open`] does the cheap checks, so that a user's mistake is one line
//! before anything starts; the reading streams, and damage is a gap while the rest goes on.

mod authorization;
pub mod fetch;
mod hive;
mod json;
mod ledger;
pub mod lines;
mod organizations;
mod pool;
pub mod quick;
pub mod recognise;
mod rows;
mod run;
pub mod scan;
mod slices;
pub mod split;
pub mod table;
pub mod trail;

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use walkdir::WalkDir;

use super::{BoxFuture, Order, Outbox, Source};
use crate::model::{Batch, Origin, OriginKind, Text};
use crate::store::bounded::{Limits, Unpacked};
use crate::store::snapshot::{self, SnapshotError};
use recognise::{Kind, LOOKED_FOR, recognise};

/// CloudTrail's own files stay below 50 MB and its records below 1 MB; the rest is room.
pub const LIMITS: Limits = Limits { item: 16 << 20, total: 2 << 30, ratio: 400 };

/// A user's mistake, in one line.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("no file was named")]
    None,
    #[error("{path}: {error}")]
    Unreadable { path: Text, error: Text },
    #[error("{path}: {LOOKED_FOR}")]
    Unknown { path: Text },
    #[error("{path}: a CloudTrail digest file, which holds no events: name the log files")]
    Digest { path: Text },
    #[error("{path}: holds CloudTrail digest files ({digests}), but no events: name the folder of the log files")]
    Digests { path: Text, digests: u64 },
    #[error("{path}: of its files ({files}) none is understood: {LOOKED_FOR}")]
    Folder { path: Text, files: u64 },
    #[error("{path}: {error}")]
    Snapshot { path: Text, error: Text },
}

/// What was named.
#[derive(Debug)]
enum Entry {
    /// `as_of` is a snapshot's.
    File { path: PathBuf, kind: Kind, as_of: Option<Timestamp> },
    /// Its files are recognised while they are read.
    Folder { path: PathBuf },
}

impl Entry {
    fn origin(&self) -> Option<Origin> {
        match self {
            Self::File { path, kind: Kind::Snapshot, as_of } => {
                Some(Origin { kind: OriginKind::Snapshot, name: Text::from(file_name(path)), as_of: *as_of })
            }
            _ => None,
        }
    }

    /// A file of records in JSON.
    fn is_log(&self) -> bool {
        matches!(self, Self::File { kind: Kind::Trail, .. })
    }

    fn path(&self) -> &Path {
        match self {
            Self::File { path, .. } | Self::Folder { path } => path,
        }
    }
}

/// The files that the user named.
#[derive(Debug)]
pub struct Files {
    entries: Vec<Entry>,
}

impl Files {
    /// Looks at every path: is it there, can it be read, is it known? Of a folder only as far as its first known file.
    ///
    /// # Errors
    /// The first path that will not do, and why.
    pub fn open(paths: Vec<PathBuf>) -> Result<Self, FileError> {
        if paths.is_empty() {
            return Err(FileError::None);
        }
        let entries = paths.into_iter().map(look).collect::<Result<Vec<_>, _>>()?;
        // Beside other files a digest is only set aside.
        let is_digest = |entry: &Entry| matches!(entry, Entry::File { kind: Kind::Digest, .. });
        match entries.first() {
            Some(first) if entries.iter().all(is_digest) => Err(FileError::Digest { path: shown(first.path()) }),
            _ => Ok(Self { entries }),
        }
    }

    /// The origins that the source itself does not name: all but the first.
    fn further_origins(&self) -> impl Iterator<Item = Origin> {
        let first = self.origin();
        self.entries.iter().filter_map(Entry::origin).filter(move |origin| *origin != first)
    }
}

impl Source for Files {
    /// The files that are no snapshots, else the first snapshot.
    fn origin(&self) -> Origin {
        let files: Vec<String> =
            self.entries.iter().filter(|entry| entry.origin().is_none()).map(|entry| file_name(entry.path())).collect();
        if files.is_empty()
            && let Some(origin) = self.entries.iter().find_map(Entry::origin)
        {
            return origin;
        }
        let mut name = files[..files.len().min(3)].join(", ");
        if files.len() > 3 {
            name = format!("{name} and {} more", files.len() - 3);
        }
        Origin { kind: OriginKind::Files, name: Text::new(&name), as_of: None }
    }

    fn run(self: Arc<Self>, order: Order, out: Outbox, stop: CancellationToken) -> BoxFuture<()> {
        Box::pin(async move {
            for origin in self.further_origins() {
                if out.send(Batch::Origin(origin)).await.is_err() {
                    return;
                }
            }
            let reading = tokio::task::spawn_blocking(move || run::Run::new(&order, out, stop).all(&self.entries));
            // A panic must not pass for an empty file.
            if let Err(error) = reading.await
                && error.is_panic()
            {
                std::panic::resume_unwind(error.into_panic());
            }
        })
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

fn shown(path: &Path) -> Text {
    Text::from(path.display().to_string())
}

/// Recognises a file; none when it is not known.
fn kind_of(path: &Path) -> Result<Option<Kind>, String> {
    let file = File::open(path).map_err(|error| told(&error))?;
    let input = Unpacked::new(file, LIMITS).map_err(|error| told(&error))?;
    recognise(BufReader::new(input)).map_err(|broken| broken.detail)
}

/// Without the number that the system adds.
fn told(error: &std::io::Error) -> String {
    let told = error.to_string();
    match told.find(" (os error") {
        Some(end) => told[..end].to_owned(),
        None => told,
    }
}

fn look(path: PathBuf) -> Result<Entry, FileError> {
    let unreadable = |error: String| FileError::Unreadable { path: shown(&path), error: Text::from(error) };
    let meta = std::fs::metadata(&path).map_err(|error| unreadable(told(&error)))?;
    if meta.is_dir() {
        return look_into(path);
    }
    if !meta.is_file() {
        // It would be read twice: once to recognise it.
        return Err(unreadable("not a regular file or folder: write it to a file first".into()));
    }
    match kind_of(&path).map_err(unreadable)? {
        Some(Kind::Snapshot) => {
            let wrong =
                |error: SnapshotError| FileError::Snapshot { path: shown(&path), error: error.to_string().into() };
            let file = File::open(&path).map_err(|error| wrong(error.into()))?;
            let batches = snapshot::read(file, snapshot::LIMITS).map_err(wrong)?;
            let header = batches.header();
            let as_of = header.as_of.or(Some(header.created));
            Ok(Entry::File { path, kind: Kind::Snapshot, as_of })
        }
        Some(kind) => Ok(Entry::File { path, kind, as_of: None }),
        None => Err(FileError::Unknown { path: shown(&path) }),
    }
}

fn look_into(path: PathBuf) -> Result<Entry, FileError> {
    // Said at once when the folder itself cannot be opened.
    if let Err(error) = std::fs::read_dir(&path) {
        return Err(FileError::Unreadable { path: shown(&path), error: told(&error).into() });
    }
    let (mut files, mut digests) = (0, 0);
    let known = walk(&path).any(|file| {
        files += 1;
        let kind = file.and_then(|(file, _)| kind_of(&file)).ok().flatten();
        digests += u64::from(kind == Some(Kind::Digest));
        kind.is_some_and(|kind| kind != Kind::Digest)
    });
    match known {
        true => Ok(Entry::Folder { path }),
        false if digests > 0 => Err(FileError::Digests { path: shown(&path), digests }),
        false => Err(FileError::Folder { path: shown(&path), files }),
    }
}

/// The regular files of a folder and of those in it, by name, with their lengths; an error is a sentence.
fn walk(folder: &Path) -> impl Iterator<Item = Result<(PathBuf, u64), String>> + use<> {
    let entries = WalkDir::new(folder).follow_links(true).sort_by_file_name();
    entries.into_iter().filter_map(|entry| match entry {
        Ok(entry) if !entry.file_type().is_file() => None,
        Ok(entry) => {
            // A length that is not known is no reason to pass over a file.
            let length = entry.metadata().map_or(0, |meta| meta.len());
            Some(Ok((entry.into_path(), length)))
        }
        Err(error) => Some(Err(error.to_string())),
    })
}

#[cfg(test)]
mod tests;
