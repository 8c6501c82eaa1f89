//! Fetches single records again from the file that they lie in, without holding the file in memory.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::rows::{Row, Rows};
use super::scan::{Kept, Scanner};
use super::table::{self, Columns};
use super::{LIMITS, told, trail};
use crate::model::log::part::OpenedFile;
use crate::store::bounded::{GZIP, Unpacked};

/// Opens a file of records.
///
/// # Errors
/// Why it cannot be opened, in words.
pub fn open(path: &Path) -> Result<Box<dyn OpenedFile>, String> {
    Ok(Box::new(Opened::new(path).map_err(|error| words(path, &told(&error)))?))
}

fn words(path: &Path, why: &str) -> String {
    format!("{}: {why}", path.display())
}

struct Opened {
    path: PathBuf,
    gzip: bool,
    scanner: Scanner<BufReader<Unpacked>>,
    /// The byte of the unpacked file at which the scanner began.
    from: u64,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Opened({})", self.path.display())
    }
}

impl Opened {
    fn new(path: &Path) -> std::io::Result<Self> {
        let mut file = File::open(path)?;
        let mut start = Vec::with_capacity(2);
        (&mut file).take(2).read_to_end(&mut start)?;
        let gzip = start == GZIP;
        let scanner = Self::scanner(file, 0)?;
        Ok(Self { path: path.to_owned(), gzip, scanner, from: 0 })
    }

    fn scanner(mut file: File, from: u64) -> std::io::Result<Scanner<BufReader<Unpacked>>> {
        file.seek(SeekFrom::Start(from))?;
        Ok(Scanner::new(BufReader::with_capacity(64 << 10, Unpacked::new(file, LIMITS)?)))
    }

    /// Stands at `at` of the unpacked file.
    fn go(&mut self, at: u64) -> std::io::Result<()> {
        if !self.gzip {
            self.scanner = Self::scanner(File::open(&self.path)?, at)?;
            self.from = at;
        } else if at < self.scanner.at() {
            self.scanner = Self::scanner(File::open(&self.path)?, 0)?;
        }
        let ahead = at - self.from - self.scanner.at();
        self.scanner.pass(ahead).map_err(|broken| std::io::Error::other(broken.detail))
    }
}

impl OpenedFile for Opened {
    fn record(&mut self, at: u32) -> Result<String, String> {
        self.go(u64::from(at)).map_err(|error| words(&self.path, &told(&error)))?;
        let mut kept = Kept::up_to(LIMITS.item);
        self.scanner.value(Some(&mut kept)).map_err(|broken| words(&self.path, &broken.detail))?;
        record(&self.path, &String::from_utf8_lossy(&kept.bytes))
    }
}

/// Which bytes a record consists of is decided where records are read.
fn record(path: &Path, raw: &str) -> Result<String, String> {
    trail::event(raw.trim()).map(|event| event.raw).map_err(|error| words(path, &error.to_string()))
}

/// Opens a table of records.
///
/// # Errors
/// Why it cannot be opened, in words.
pub fn open_table(path: &Path) -> Result<Box<dyn OpenedFile>, String> {
    let input = File::open(path).and_then(|file| Unpacked::new(file, LIMITS));
    let input = input.map_err(|error| words(path, &told(&error)))?;
    let gzip = input.is_gzip();
    let (columns, rows) = table::open(input, LIMITS.item).map_err(|broken| words(path, &broken.detail))?;
    Ok(Box::new(OpenedTable { path: path.to_owned(), gzip, columns, rows }))
}

/// So much of a file is read over rather than the file opened again.
const NEAR: u64 = 1 << 20;

struct OpenedTable {
    path: PathBuf,
    gzip: bool,
    columns: Columns,
    rows: Rows<Unpacked>,
}

impl std::fmt::Debug for OpenedTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpenedTable({})", self.path.display())
    }
}

impl OpenedTable {
    /// Stands at the row that begins at `at` of the unpacked file.
    fn go(&mut self, at: u64) -> Result<(), String> {
        let there = self.rows.at();
        if at < there || (at - there > NEAR && !self.gzip) {
            let mut file = File::open(&self.path).map_err(|error| words(&self.path, &told(&error)))?;
            let from = if self.gzip { 0 } else { at };
            let input = file.seek(SeekFrom::Start(from)).and_then(|_| Unpacked::new(file, LIMITS));
            self.rows = Rows::new(input.map_err(|error| words(&self.path, &told(&error)))?, LIMITS.item, from);
        }
        self.rows.pass(at - self.rows.at()).map_err(|broken| words(&self.path, &broken.detail))
    }
}

impl OpenedFile for OpenedTable {
    fn record(&mut self, at: u32) -> Result<String, String> {
        self.go(u64::from(at))?;
        match self.rows.row() {
            Ok(Some(Row::Cells { cells, .. })) => record(&self.path, &self.columns.record(&cells)),
            Ok(_) => Err(words(&self.path, "there is no row any more")),
            Err(broken) => Err(words(&self.path, &broken.detail)),
        }
    }
}
