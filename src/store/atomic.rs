//! Writing a file whole or not at all: into a temporary file beside it, readable by its owner alone, which takes
//! the place of the old one only when everything is on the disk.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Writes `path` by way of `fill`. Its mode is 0600 where there are modes: it tells of an account's weak spots.
///
/// # Errors
/// Those of `fill` and of the file system; an old file of that name is then as it was.
pub fn write(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let told = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    // A rename would replace a folder's name only to fail late, and would turn /dev/null into a file.
    if std::fs::metadata(path).is_ok_and(|meta| !meta.is_file()) {
        return Err(told(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")));
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".mgmtscope-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o600));
    }
    let temporary = builder.tempfile_in(folder).map_err(told)?;
    {
        let mut writer = BufWriter::new(temporary.as_file());
        fill(&mut writer).and_then(|()| writer.flush()).map_err(told)?;
    }
    temporary.as_file().sync_all().map_err(told)?;
    temporary.persist(path).map_err(|error| told(error.error))?;
    // The new name must be on the disk too; not every file system can promise that, so a refusal is no failure.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).expect("a folder");
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.mgx");
        std::fs::write(&path, "old").expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("changed");
        write(&path, |out| out.write_all(b"new")).expect("written");
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read(&path).expect("readable"), b"new");
    }

    #[test]
    fn a_failing_writer_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.mgx");
        std::fs::write(&path, "old").expect("written");
        let result = write(&path, |out| {
            out.write_all(&[b'n'; 100_000])?;
            Err(io::Error::other("disk on fire"))
        });
        assert!(result.expect_err("it failed").to_string().ends_with("x.mgx: disk on fire"));
        assert_eq!(std::fs::read(&path).expect("readable"), b"old");
        assert_eq!(names(folder.path()), ["x.mgx"]);
    }

    #[test]
    fn a_folder_is_not_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let inner = folder.path().join("inner");
        std::fs::create_dir(&inner).expect("made");
        assert_eq!(write(&inner, |_| Ok(())).expect_err("refused").kind(), io::ErrorKind::InvalidInput);
        assert_eq!(names(folder.path()), ["inner"]);
    }
}
