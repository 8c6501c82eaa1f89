//! The folders with rules of the user's own: read before anything else is, since every record is judged by them.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::batch::Failure;
use crate::catalog::rules::{install as add, sigma::Own};
use crate::model::text::clean;

/// The most files that are looked at, and the most bytes of one.
const FILES: usize = 20_000;
const BYTES: u64 = 1 << 20;
const DEPTH: usize = 16;
/// The most lines about files that are not understood.
const LINES: usize = 20;

/// Adds the rules in these folders to the program's own, and says on `err` what is left out.
///
/// # Errors
/// A folder that cannot be read, or more files than one would write.
pub fn install(folders: &[PathBuf], err: &mut dyn Write) -> Result<(), Failure> {
    if folders.is_empty() {
        return Ok(());
    }
    let mut own = Own::default();
    for folder in folders {
        take_in(folder, &mut own).map_err(Failure::Input)?;
    }
    if own.files == 0 {
        writeln!(err, "mgmtscope: rules: no .yml or .yaml file in {}", clean(&names(folders)))?;
    }
    if own.rules.is_empty() && own.others > 0 {
        let others = own.others;
        writeln!(err, "mgmtscope: rules: none is about aws/cloudtrail; {others} are about other logs")?;
    }
    if !own.refused.is_empty() {
        writeln!(err, "mgmtscope: {}", own.note())?;
        for (file, why) in own.refused.iter().take(LINES) {
            writeln!(err, "  {file}: {why}")?;
        }
        if own.refused.len() > LINES {
            writeln!(err, "  {} more", own.refused.len() - LINES)?;
        }
    }
    add(own).map_err(|error| Failure::Other(error.to_string()))
}

fn names(folders: &[PathBuf]) -> String {
    folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ")
}

fn take_in(folder: &Path, own: &mut Own) -> Result<(), String> {
    for entry in WalkDir::new(folder).max_depth(DEPTH).sort_by_file_name() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) if error.depth() == 0 => {
                let why = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                return Err(format!("--rules {}: {why}", folder.display()));
            }
            Err(error) => {
                let path = error.path().unwrap_or(folder);
                own.add(&within(folder, path), Err(error.to_string()));
                continue;
            }
        };
        let path = entry.path();
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
        if !entry.file_type().is_file() || !matches!(&*ending, "yml" | "yaml") {
            continue;
        }
        if own.files >= FILES {
            return Err(format!("--rules {}: more than {FILES} files", folder.display()));
        }
        let text = read(path);
        own.add(&within(folder, path), text.as_deref().map_err(Clone::clone));
    }
    Ok(())
}

fn within(folder: &Path, path: &Path) -> String {
    let inner = path.strip_prefix(folder).ok().filter(|inner| !inner.as_os_str().is_empty());
    inner.unwrap_or(path).display().to_string()
}

fn read(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    let read = file.take(BYTES + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if read as u64 > BYTES { Err("larger than a rule is (1 MiB)".into()) } else { Ok(text) }
}
