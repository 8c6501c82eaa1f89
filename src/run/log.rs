//! A log for bug reports: written to the file that MGMTSCOPE_LOG names, never to the terminal.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

/// Opens the log if one is wished for. MGMTSCOPE_LOG_LEVEL takes tracing's filter words; `info` if not given. The SDK's
/// own lines are left out by default, since they may hold more than is wanted in a report.
///
/// # Errors
/// When the file cannot be opened.
pub fn open() -> io::Result<()> {
    let Some(path) = std::env::var_os("MGMTSCOPE_LOG").filter(|path| !path.is_empty()) else { return Ok(()) };
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    let words = std::env::var("MGMTSCOPE_LOG_LEVEL").unwrap_or_else(|_| "mgmtscope=info".to_owned());
    let filter = EnvFilter::try_new(words).unwrap_or_else(|_| EnvFilter::new("mgmtscope=info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(Mutex::new(file)).init();
    Ok(())
}
