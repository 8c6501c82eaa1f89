//! Which source the command line means: the one place that knows them all. A new source is a line here.

use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::{Command, Listed, SourceArgs};
use crate::collect::Source;
use crate::collect::aws::{Athena, Live, Settings};
use crate::collect::demo::Demo;
use crate::collect::files::Files;

use super::athena::Wanted;

/// `cache`: where a live account's events are kept between runs; none: nowhere.
///
/// # Errors
/// One line that says what is wrong with the input, and where.
pub fn open(args: &SourceArgs, command: Option<&Command>, cache: Option<PathBuf>) -> Result<Arc<dyn Source>, String> {
    args.check()?;
    if args.demo {
        return Ok(Arc::new(Demo));
    }
    if !args.from.is_empty() {
        return Ok(Arc::new(Files::open(args.from.clone()).map_err(|error| error.to_string())?));
    }
    live(args, command, cache).map(|live| Arc::new(live) as Arc<dyn Source>)
}

/// # Errors
/// What is wrong with the filter that Athena is to be asked.
pub fn live(args: &SourceArgs, command: Option<&Command>, cache: Option<PathBuf>) -> Result<Live, String> {
    args.check()?;
    let live = Live::new(Settings {
        profile: args.profile.clone(),
        region: args.region.clone(),
        endpoint_url: args.endpoint_url.clone(),
        cache,
    });
    match athena(args, command)? {
        Some(athena) => Ok(live.reading_log(athena)),
        None => Ok(live),
    }
}

/// What a list of events filters by is asked of Athena too; of what else is shown, only `--ask` may leave something out.
fn athena(args: &SourceArgs, command: Option<&Command>) -> Result<Option<Athena>, String> {
    let Some(table) = args.athena.athena.clone() else { return Ok(None) };
    let ask = args.athena.ask.clone().unwrap_or_default();
    let (asked, narrowed) = match command {
        Some(Command::Query { pane: Listed::Activity, filter, .. }) => (and(&ask, &filter.join(" ")), None),
        _ => (ask.clone(), Some(ask).filter(|ask| !ask.trim().is_empty())),
    };
    let want = Wanted::new(&asked, command.is_some()).map_err(|error| format!("filter: {error}"))?;
    Ok(Some(Athena {
        table,
        workgroup: args.athena.workgroup.clone(),
        output: args.athena.output_location.clone(),
        accounts: args.athena.accounts.clone().unwrap_or_default(),
        since: args.since,
        want: Arc::new(want),
        narrowed,
    }))
}

/// Both filters, each as a whole.
fn and(one: &str, other: &str) -> String {
    match (one.trim(), other.trim()) {
        ("", only) | (only, "") => only.to_owned(),
        (one, other) => format!("({one}) ({other})"),
    }
}
