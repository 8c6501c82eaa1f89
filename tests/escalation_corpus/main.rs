//! Ways to more power, against account snapshots and policies whose answers others wrote, where the corpus stands beside
//! the checkout; else skipped, and said so. Prints the tables that `docs/escalation.md` keeps.

mod checks;
mod labels;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use mgmtscope::collect::files::Files;
use mgmtscope::collect::{Order, RegionScope, gather};
use mgmtscope::model::Facts;
use tokio_util::sync::CancellationToken;

#[allow(clippy::print_stdout, reason = "a skipped test must be seen")]
fn corpus() -> Option<PathBuf> {
    let shared = std::env::var_os("MGMTSCOPE_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = shared.join("corpus/authz");
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not here", path.display());
    None
}

async fn read(paths: Vec<PathBuf>) -> Facts {
    let source = Arc::new(Files::open(paths).unwrap_or_else(|error| panic!("{error}")));
    let order = Order::everything(RegionScope::All, SignedDuration::from_hours(1), Timestamp::UNIX_EPOCH);
    gather(source, order, CancellationToken::new(), |_, _| {}).await
}

/// The table stands in `docs/escalation.md`, in the block of that name, as it is printed; `UPDATE_DOCS=1` writes it.
fn keep(block: &str, table: &str) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _writing = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/escalation.md");
    let text = std::fs::read_to_string(&path).expect("the page");
    let (begin, end) = (format!("<!-- begin {block} -->\n"), format!("<!-- end {block} -->"));
    let (before, rest) = text.split_once(&begin).expect("where the table begins");
    let (_, after) = rest.split_once(&end).expect("where the table ends");
    let wanted = format!("{before}{begin}\n{table}\n{end}{after}");
    if std::env::var_os("UPDATE_DOCS").is_some_and(|value| !value.is_empty()) {
        std::fs::write(&path, wanted).expect("the page can be written");
    } else {
        assert!(text == wanted, "docs/escalation.md holds another table than\n{table}");
    }
}
