//! Parse, call the library, print the error, exit code: 0 whole, 1 failed, 2 bad input, 3 incomplete.

use std::io::{IsTerminal, Write, stderr, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory, Parser};
use mgmtscope::analysis::power::Question;
use mgmtscope::app::Start;
use mgmtscope::cli::{Cli, Command, SourceArgs};
use mgmtscope::collect::Source;
use mgmtscope::config::Settings;
use mgmtscope::model::{Ask, text::clean};
use mgmtscope::panes::PaneId;
use mgmtscope::run::batch::Failure;
use mgmtscope::run::tui::Ended;
use mgmtscope::run::{OrderWords, batch, clock, doctor, evaluate, terminal, tui};

const INCOMPLETE: u8 = 3;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Help and version are answers, not mistakes.
        Err(answer) if !answer.use_stderr() => {
            let printed = answer.print();
            return if printed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        }
        Err(mistake) => return fail(&one_line(&mistake), 2),
    };
    if color_eyre::install().is_err() {
        return ExitCode::FAILURE;
    }
    terminal::install_panic_hook();
    if let Err(error) = mgmtscope::run::log::open() {
        return fail(&format!("MGMTSCOPE_LOG: {error}"), 2);
    }
    match start(cli) {
        Ok(code) => code,
        Err(Failure::Input(message)) => fail(&message, 2),
        Err(Failure::Other(message)) => fail(&message, 1),
    }
}

/// What is wrong with the command line, and where: clap's first sentence, with its list if it has one.
fn one_line(mistake: &clap::Error) -> String {
    let text = mistake.render().to_string();
    let sentence: Vec<&str> = text.lines().take_while(|line| !line.trim().is_empty()).map(str::trim).collect();
    let sentence = sentence.join(" ");
    let what = sentence.strip_prefix("error: ").unwrap_or(&sentence);
    format!("{what} (see --help)")
}

/// One line, safe to print: it may name a file that an attacker named.
fn fail(message: &str, code: u8) -> ExitCode {
    let _ = writeln!(stderr(), "mgmtscope: {}", clean(message));
    ExitCode::from(code)
}

fn start(cli: Cli) -> Result<ExitCode, Failure> {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if cli.look.print_config {
        let settings = settings(&cli, no_color)?;
        write!(stdout(), "{}", settings.print())?;
        return Ok(ExitCode::SUCCESS);
    }
    match &cli.command {
        Some(Command::Completions { shell }) => {
            clap_complete::generate(*shell, &mut Cli::command(), "mgmtscope", &mut stdout());
            return Ok(ExitCode::SUCCESS);
        }
        Some(Command::Man { command }) => {
            manual(command.as_deref())?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(Command::Policy { cloud_control }) => {
            policy(*cloud_control, &cli.source)?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(Command::Evaluate { cases, format }) => {
            let mut out = std::io::BufWriter::new(stdout().lock());
            let tally = evaluate::run(cases, format, &mut out, &mut stderr())?;
            return Ok(if tally.differ == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        _ => {}
    }
    if cli.look.theme.is_some() || cli.look.config.is_some() {
        // Only the screen needs them, but what is named must be there.
        settings(&cli, no_color)?;
    }
    own_rules(&cli)?;
    if cli.source.athena.dry_run {
        return dry_run(&cli);
    }
    let source = source(&cli, no_color)?;
    let words = OrderWords { regions: cli.source.regions.clone(), since: cli.source.since() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let code = runtime.block_on(command(cli, source, words, no_color));
    // Readers may hang in a call that nobody waits for any more.
    runtime.shutdown_background();
    code
}

async fn command(cli: Cli, source: Arc<dyn Source>, words: OrderWords, no_color: bool) -> Result<ExitCode, Failure> {
    let everything = || Ask::ALL.iter().copied();
    let bars = stderr().is_terminal();
    let whole = match &cli.command {
        None => return screen(&cli, source, words, no_color).await,
        Some(Command::Collect { output }) => {
            batch::writable(output)?;
            let facts = batch::read(source, &words, everything(), true).await;
            batch::collect(&facts, output, &mut stderr())?
        }
        Some(Command::Report { format }) => {
            let facts = batch::read(source, &words, everything(), bars).await;
            // The report itself lists what is missing.
            batch::report(facts, format)?
        }
        Some(Command::Query { pane, filter, by, format }) => {
            let pane = PaneId::from_name(pane.name()).expect("every listed pane exists");
            let filter = filter.join(" ");
            // A broken filter is said before anything is read.
            mgmtscope::panes::filter::Filter::new(&filter, pane.pane())
                .map_err(|error| Failure::Input(format!("filter: {error}")))?;
            let by = batch::columns(pane, by)?;
            let facts = batch::read(Arc::clone(&source), &words, batch::needed(Some(pane), &*source), bars).await;
            batch::query(facts, pane, (&filter, by), format, &mut stderr())?
        }
        Some(Command::WhoCan { action, resource, format }) => {
            let question = resource.as_ref().map_or(action.clone(), |resource| format!("{action} {resource}"));
            // Before anything is read: reading may take long.
            Question::parse(&question).map_err(Failure::Input)?;
            let facts = batch::read(Arc::clone(&source), &words, batch::needed(None, &*source), bars).await;
            batch::who_can(facts, &question, format, &mut stderr())?
        }
        Some(Command::Can { principal, action, resource }) => {
            let question = resource.as_ref().map_or(action.clone(), |resource| format!("{action} {resource}"));
            Question::parse(&question).map_err(Failure::Input)?;
            let facts = batch::read(Arc::clone(&source), &words, batch::needed(None, &*source), bars).await;
            return batch::can(facts, &format!("{principal} {question}"), &mut stderr()).map(ExitCode::from);
        }
        Some(Command::Elsewhere { place, filter, format }) => {
            let filter = filter.join(" ");
            let pane = PaneId::Activity.pane();
            mgmtscope::panes::filter::Filter::new(&filter, pane)
                .map_err(|error| Failure::Input(format!("filter: {error}")))?;
            let facts =
                batch::read(Arc::clone(&source), &words, batch::needed(Some(PaneId::Activity), &*source), bars).await;
            batch::elsewhere(facts, place, &filter, format, &mut stderr())?
        }
        Some(Command::Doctor) => {
            let facts = batch::read(source, &words, doctor::asks(), bars).await;
            doctor::print(&facts, cache(&cli, no_color)?.as_deref(), &mut stdout())?
        }
        Some(Command::Policy { .. } | Command::Evaluate { .. } | Command::Completions { .. } | Command::Man { .. }) => {
            true
        }
    };
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(INCOMPLETE) })
}

async fn screen(cli: &Cli, source: Arc<dyn Source>, words: OrderWords, no_color: bool) -> Result<ExitCode, Failure> {
    let settings = settings(cli, no_color)?;
    if !stdout().is_terminal() {
        return Err(Failure::Input("the interface needs a terminal; see `mgmtscope report` and `query`".into()));
    }
    let size = crossterm::terminal::size().unwrap_or((80, 24));
    let start = Start {
        askable: source.asks_history(),
        keymap: settings.keymap,
        zone: clock::zone(),
        now: clock::now(),
        size,
        time: settings.time,
    };
    match tui::run(source, words, settings.theme, start).await? {
        Ended::ByUser => Ok(ExitCode::SUCCESS),
        Ended::BySignal(signal) => Ok(ExitCode::from(128 + u8::try_from(signal).unwrap_or(1))),
    }
}

fn settings(cli: &Cli, no_color: bool) -> Result<Settings, Failure> {
    Settings::load(cli.look.config.as_deref(), cli.look.theme.as_deref(), no_color).map_err(Failure::Input)
}

/// Prints the query that would be started.
fn dry_run(cli: &Cli) -> Result<ExitCode, Failure> {
    let live = mgmtscope::run::sources::live(&cli.source, cli.command.as_ref(), None).map_err(Failure::Input)?;
    let words = OrderWords { regions: cli.source.regions.clone(), since: cli.source.since() };
    let order = words.order([Ask::Events].into(), std::collections::BTreeMap::new(), clock::now());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let rehearsal = runtime.block_on(live.rehearse(order)).map_err(|problem| Failure::Other(problem.line()))?;
    mgmtscope::run::athena::print(&rehearsal, &mut stdout())?;
    Ok(ExitCode::SUCCESS)
}

/// Rules of the user's own: of the folders that the command line names, else of the configuration's.
fn own_rules(cli: &Cli) -> Result<(), Failure> {
    let mut folders = cli.source.rules.clone();
    if folders.is_empty() {
        folders.extend(mgmtscope::config::rules(cli.look.config.as_deref()).map_err(Failure::Input)?);
    }
    mgmtscope::run::rules::install(&folders, &mut stderr())
}

fn source(cli: &Cli, no_color: bool) -> Result<Arc<dyn Source>, Failure> {
    mgmtscope::run::sources::open(&cli.source, cli.command.as_ref(), cache(cli, no_color)?).map_err(Failure::Input)
}

/// Where events are kept between runs, if they are.
fn cache(cli: &Cli, no_color: bool) -> Result<Option<PathBuf>, Failure> {
    if !cli.source.is_live() || cli.source.no_cache || !settings(cli, no_color)?.cache {
        return Ok(None);
    }
    Ok(mgmtscope::config::cache_path())
}

fn policy(cloud_control: bool, source: &SourceArgs) -> Result<(), Failure> {
    use mgmtscope::catalog::policy::{athena, cloud_control_statements, least_privilege, pack};
    source.check().map_err(Failure::Input)?;
    let mut out = stdout().lock();
    let mut print =
        |value: &serde_json::Value| writeln!(out, "{}", serde_json::to_string_pretty(value).unwrap_or_default());
    if let Some(table) = &source.athena.athena {
        let place = source.athena.output_location.as_deref();
        print(&athena((&table.database, &table.table), source.athena.workgroup.as_deref(), place))?;
    } else if cloud_control {
        print(&pack(&cloud_control_statements()).into())?;
    } else {
        for document in least_privilege() {
            print(&document)?;
        }
    }
    Ok(())
}

/// The program's page, or that of one of its commands.
fn manual(command: Option<&str>) -> Result<(), Failure> {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    let page = match command {
        None => program,
        Some(name) => {
            let found = program.find_subcommand(name).cloned();
            found.ok_or_else(|| Failure::Input(format!("there is no command `{name}` to print the manual page of")))?
        }
    };
    Ok(clap_mangen::Man::new(page).render(&mut stdout())?)
}
