//! The program without a screen: collect, report, query. The same facts, the same assessment, other words.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::progress::Bars;
use super::{OrderWords, clock};
use crate::analysis::coverage::{gaps, repeats};
use crate::analysis::power::Question;
use crate::analysis::{Assessment, Lens, assess};
use crate::collect::{Source, gather};
use crate::model::text::clean;
use crate::model::{Ask, Facts, OriginKind, Status};
use crate::panes::filter::quote;
use crate::panes::{Pane, PaneId, activity};
use crate::report::{Listing, SUMMARIES, format};

/// Why a command could not do its work. The number is the exit code.
#[derive(Debug)]
pub enum Failure {
    /// The user's input: exit code 2.
    Input(String),
    /// Everything else: exit code 1.
    Other(String),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Other(error.to_string())
    }
}

/// Reads everything from a source, to the end; SIGINT and SIGTERM end it early and keep what came.
pub async fn read(
    source: Arc<dyn Source>,
    words: &OrderWords,
    asks: impl IntoIterator<Item = Ask>,
    bars: bool,
) -> Facts {
    let stop = CancellationToken::new();
    let signals = tokio::spawn(stop_on_signals(stop.clone()));
    let mut progress = bars.then(Bars::new);
    let order = words.order(asks.into_iter().collect(), BTreeMap::new(), clock::now());
    let facts = gather(source, order, stop, |batch, facts| {
        if let Some(bars) = &mut progress {
            bars.watch(batch, facts);
        }
    })
    .await;
    signals.abort();
    if let Some(bars) = progress {
        bars.clear();
    }
    facts
}

async fn stop_on_signals(stop: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        return;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
    stop.cancel();
}

/// The facts with what they mean, at the moment that their source names, or now.
pub fn picture(facts: Facts) -> Assessment {
    let live = facts.origins.iter().any(|origin| origin.kind == OriginKind::Live);
    let as_of = facts.origins.iter().filter_map(|origin| origin.as_of).max().filter(|_| !live);
    assess(facts, as_of.unwrap_or_else(clock::now), Lens::default())
}

/// What is missing of these asks, line by line on stderr. True when nothing is.
pub fn tell_gaps(facts: &Facts, asks: &[Ask], err: &mut dyn Write) -> io::Result<bool> {
    let unread = |status: Status| status.is_gap() || status.is_open();
    let incomplete = asks.iter().any(|&ask| facts.coverage.of_ask(ask).any(|(_, reading)| unread(reading.status)));
    if incomplete {
        let gaps = gaps(facts, asks, unread);
        writeln!(err, "mgmtscope: incomplete:")?;
        for gap in &gaps {
            let place = if gap.regions.is_empty() { String::new() } else { format!(" in {}", gap.place()) };
            writeln!(err, "  {}{place}: {}", gap.ask.name(), gap.problem.line())?;
        }
        // Stopped in the middle: there is no problem to name.
        for &ask in asks.iter().filter(|&&ask| gaps.iter().all(|gap| gap.ask != ask)) {
            let status = facts.coverage.status(ask);
            if unread(status) {
                writeln!(err, "  {}: {}", ask.name(), status.word())?;
            }
        }
    }
    Ok(!incomplete)
}

pub fn report(facts: Facts, name: &str) -> Result<bool, Failure> {
    let a = picture(facts);
    let summary = SUMMARIES.iter().find(|summary| summary.name == name);
    let summary = summary.ok_or_else(|| Failure::Input(format!("there is no report format `{name}`")))?;
    let mut out = BufWriter::new(io::stdout().lock());
    ignore_closed_pipe((summary.write)(&a, &mut out).and_then(|()| out.flush()))?;
    Ok(a.facts.coverage.is_complete())
}

/// Prints the rows of a pane, and on `err` what of its sources is missing. True when nothing is.
pub fn query(
    facts: Facts,
    pane: PaneId,
    (filter, by): (&str, Vec<usize>),
    name: &str,
    err: &mut dyn Write,
) -> Result<bool, Failure> {
    list(facts, pane.pane(), pane.pane().asks, (filter, by, name), err)
}

/// The columns of these names.
pub fn columns(pane: PaneId, names: &[String]) -> Result<Vec<usize>, Failure> {
    let pane = pane.pane();
    let known = || pane.columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ");
    let column = |name: &String| {
        pane.column(name).ok_or_else(|| Failure::Input(format!("by: no column `{name}` here; there are {}", known())))
    };
    names.iter().map(column).collect()
}

/// Prints, of an action that AWS's list does not have, that it does not.
fn tell_unknown(question: &str, err: &mut dyn Write) -> Result<(), Failure> {
    let question = Question::parse(question).map_err(Failure::Input)?;
    if !question.is_known() {
        writeln!(err, "mgmtscope: AWS's list of actions does not have {}", clean(&question.action))?;
    }
    Ok(())
}

/// Prints the principals that may do something or of whom it cannot be told. True when nothing of the policies is missing.
pub fn who_can(facts: Facts, question: &str, name: &str, err: &mut dyn Write) -> Result<bool, Failure> {
    tell_unknown(question, err)?;
    let filter = format!("can:{}", quote(question));
    list(facts, PaneId::Principals.pane(), POLICIES, (&filter, Vec::new(), name), err)
}

fn list(
    facts: Facts,
    pane: &'static Pane,
    asks: &[Ask],
    (filter, by, name): (&str, Vec<usize>, &str),
    err: &mut dyn Write,
) -> Result<bool, Failure> {
    let a = picture(facts);
    let listing =
        Listing::new(pane, &a, filter).map_err(|error| Failure::Input(format!("filter: {error}")))?.grouped(by);
    let format = format(name).ok_or_else(|| Failure::Input(format!("there is no format `{name}`")))?;
    let mut out = BufWriter::new(io::stdout().lock());
    ignore_closed_pipe((format.write)(&listing, &mut out).and_then(|()| out.flush()))?;
    let unasked = asks.iter().all(|&ask| a.facts.coverage.status(ask) == Status::NotAsked);
    let residents = a.facts.coverage.status(Ask::CloudControl);
    if pane.id == PaneId::Principals && residents == Status::NotAsked && a.facts.residents.is_empty() {
        // What runs as a role is not known: `report` and the panes may know more.
        writeln!(err, "mgmtscope: residents were not read: ways to an administrator through them are open (?)")?;
    }
    if pane.id == PaneId::Activity {
        for line in repeats(&a.facts) {
            writeln!(err, "mgmtscope: {line}")?;
        }
    }
    if unasked {
        // Else a count of 0 would pass for an answer.
        writeln!(err, "mgmtscope: nothing was read for {}: the source does not hold it", pane.name)?;
    }
    Ok(tell_gaps(&a.facts, asks, err)? && !unasked)
}

/// Prints what the policies of another place would have made of the account's calls, by call. True when nothing is missing.
pub fn elsewhere(facts: Facts, place: &str, filter: &str, name: &str, err: &mut dyn Write) -> Result<bool, Failure> {
    let a = picture(facts);
    let format = format(name).ok_or_else(|| Failure::Input(format!("there is no format `{name}`")))?;
    if let Some(why) = crate::analysis::elsewhere::unread(&a.facts) {
        // Not a zero: what would have been denied is not known.
        writeln!(err, "mgmtscope: {}", clean(&why))?;
        tell_gaps(&a.facts, REPLAY, err)?;
        return Ok(false);
    }
    let replay = a.replay(place).map_err(Failure::Input)?;
    let events = Listing::new(PaneId::Activity.pane(), &a, filter);
    let events = events.map_err(|error| Failure::Input(format!("filter: {error}")))?;
    let sheet = activity::elsewhere::sheet(&a, &replay, &events.rows);
    let listing = events.with_sheet(sheet);
    let mut out = BufWriter::new(io::stdout().lock());
    ignore_closed_pipe((format.write)(&listing, &mut out).and_then(|()| out.flush()))?;
    Ok(tell_gaps(&a.facts, REPLAY, err)?)
}

/// What a replay rests on.
const REPLAY: &[Ask] =
    &[Ask::Organization, Ask::Tree, Ask::Accounts, Ask::Policies, Ask::AuthorizationDetails, Ask::Events];

/// What tells who there is and what their policies come to.
const POLICIES: &[Ask] = &[
    Ask::AuthorizationDetails,
    Ask::IdentityProviders,
    Ask::IdentityCenter,
    Ask::PermissionSets,
    Ask::Assignments,
    Ask::Directory,
    Ask::Accounts,
];

/// Says whether a principal may do something, and why; on `err` what of the policies could not be read. The exit code: 0 it
/// may, 1 it may not, 3 it cannot be told.
pub fn can(facts: Facts, question: &str, err: &mut dyn Write) -> Result<u8, Failure> {
    use crate::analysis::policy::Verdict;
    let a = picture(facts);
    let answered = crate::panes::principals::answer(&a, question).map_err(Failure::Input)?;
    let style = crate::panes::TimeStyle::utc(a.as_of);
    let mut out = io::stdout().lock();
    writeln!(out, "{}", clean(&answered.words))?;
    for line in &answered.because {
        writeln!(out, "  {}", clean(&line.plain(&style)))?;
    }
    tell_gaps(&a.facts, POLICIES, err)?;
    Ok(match answered.verdict {
        Some(Verdict::Allowed) => 0,
        Some(Verdict::ImplicitlyDenied | Verdict::ExplicitlyDenied) => 1,
        Some(Verdict::CannotTell) | None => 3,
    })
}

/// `query ... | head` is no error.
fn ignore_closed_pipe(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// The asks that a pane's rows are made of, and what names them. Of a live account not the slow ones that the pane does not
/// show; files are read whole, so that every number is the same wherever it is looked up.
pub fn needed(pane: Option<PaneId>, source: &dyn Source) -> Vec<Ask> {
    let live = source.origin().kind == OriginKind::Live;
    let shown = pane.map_or(&[][..], |pane| pane.pane().asks);
    Ask::ALL.iter().copied().filter(|ask| !live || shown.contains(ask) || !SLOW.contains(ask)).collect()
}

const SLOW: [Ask; 5] = [Ask::Events, Ask::Tagging, Ask::Config, Ask::ResourceExplorer, Ask::CloudControl];

/// Said before anything is read: reading may take long.
pub fn writable(output: &std::path::Path) -> Result<(), Failure> {
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| std::path::Path::new("."));
    if output.is_dir() {
        return Err(Failure::Input(format!("{}: this is a folder", output.display())));
    }
    match tempfile::tempfile_in(folder) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::Input(format!("{}: cannot be written: {error}", output.display()))),
    }
}

/// Writes a snapshot and says on `err` what is in it and what is missing. True when nothing is.
pub fn collect(facts: &Facts, output: &std::path::Path, err: &mut dyn Write) -> Result<bool, Failure> {
    let created = clock::now();
    crate::store::snapshot::write(output, facts, created)?;
    writeln!(
        err,
        "mgmtscope: wrote {}: {} users, {} roles, {} events, {} residents, {} accounts",
        output.display(),
        facts.users.len(),
        facts.roles.len(),
        facts.events.len(),
        facts.residents.len(),
        facts.accounts.len()
    )?;
    Ok(tell_gaps(facts, Ask::ALL, err)?)
}
