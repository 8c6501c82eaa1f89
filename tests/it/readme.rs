//! What the documentation shows and lists is made from the program: screens, keys, fields, calls. A test fails when
//! a committed file is no longer what the program says; `UPDATE_DOCS=1 cargo test --test it readme` writes them anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use mgmtscope::analysis::power::grades;
use mgmtscope::analysis::{Assessment, Lens, assess};
use mgmtscope::app::command::Command;
use mgmtscope::app::keymap::{Context, Keymap};
use mgmtscope::catalog::escalation::{self, Become};
use mgmtscope::catalog::powers::{self, ShownBy};
use mgmtscope::catalog::{operations, organization_paths, policy};
use mgmtscope::model::Ask;
use mgmtscope::panes::principals::answer;
use mgmtscope::panes::{ALL, Pane, TimeStyle, Value};
use mgmtscope::ui::theme::Theme;
use mgmtscope::ui::view;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::harness::{Harness, demo};
use crate::svg;

const COMMAND: &str = "UPDATE_DOCS=1 cargo test --test it readme";

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

pub fn read(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}; `{COMMAND}` writes it"))
}

/// The file must hold this, or is made to.
fn keep(name: &str, content: &str) {
    if std::env::var_os("UPDATE_DOCS").is_some_and(|value| !value.is_empty()) {
        std::fs::write(path(name), content).expect("the documentation can be written");
        return;
    }
    let there = read(name);
    let differs = there.lines().zip(content.lines()).position(|(a, b)| a != b);
    let line = differs.unwrap_or_else(|| there.lines().count().min(content.lines().count())) + 1;
    assert!(there == content, "{name} is not what the program says now, from line {line} on; see it with `{COMMAND}`");
}

/// The part of a file between `<!-- begin NAME -->` and `<!-- end NAME -->` must be this.
fn keep_block(name: &str, block: &str, content: &str) {
    // Several tests keep a part of the same file.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _held = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let (begin, end) = (format!("<!-- begin {block} -->\n"), format!("<!-- end {block} -->"));
    let text = read(name);
    let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("{name} has no {begin}"));
    let (_, after) = rest.split_once(&end).unwrap_or_else(|| panic!("{name} has no {end}"));
    keep(name, &format!("{before}{begin}{content}{end}{after}"));
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// The sample as it is assessed at its own clock.
pub fn sample() -> Assessment {
    let facts = demo();
    let as_of = facts.origins.first().and_then(|origin| origin.as_of).expect("the sample's clock");
    assess(facts, as_of, Lens::default())
}

/// Name, size, keys pressed, and what is to be seen.
const SCREENS: &[(&str, (u16, u16), &str, &str)] = &[
    (
        "overview",
        (120, 36),
        "1",
        "The overview: AWS's five practices, each with the counts that speak for or against it",
    ),
    (
        "wide",
        (200, 50),
        "1",
        "The overview on a wide screen, with principals, activity, residents and delegation below",
    ),
    ("histogram", (160, 40), "3 x i", "Activity with the histogram, and the values that occur most beside the list"),
    ("principals", (100, 24), "2 j", "The principals pane: who could do most, and who gets to it most easily, first"),
    (
        "power",
        (100, 34),
        "2 / text:sandbox-cost-reader enter enter z tab:Power",
        "A role's power: what it may do, by which statements, and how its number comes about",
    ),
    (
        "paths",
        (100, 28),
        "2 / text:developer-tools enter enter z tab:Paths",
        "A role's way to an administrator, with the statements behind it, and its levers over the organization",
    ),
    (
        "activity",
        (120, 27),
        "3 / text:ip:203.0.113.254_!rw:r enter",
        "The activity pane, narrowed to what one address has written",
    ),
    (
        "detail",
        (120, 36),
        "2 / text:patchpilot enter enter tab:Trust",
        "A role of a vendor: its detail in tabs, with who may assume it",
    ),
    ("residents", (100, 24), "4", "The residents pane, heaviest first"),
    ("coverage", (120, 36), "6", "The coverage pane: what was read, partly read, denied, in which Region"),
];

#[test]
fn screens_are_what_the_program_draws() {
    let theme = Theme::named("dark").expect("built in");
    for &(name, (width, height), keys, title) in SCREENS {
        let harness = Harness::demo(width, height).press(keys);
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        view(&harness.app, &theme, &mut buffer);
        keep(&format!("docs/screens/{name}.svg"), &svg::draw(&buffer, title));
    }
}

#[test]
fn every_screen_is_shown_in_the_readme() {
    let readme = read("README.md");
    for (name, ..) in SCREENS {
        assert!(readme.contains(&format!("docs/screens/{name}.svg")), "{name}");
    }
    let files = std::fs::read_dir(path("docs/screens")).expect("screens");
    assert_eq!(files.count(), SCREENS.len(), "a screen that nobody makes");
}

/// The keys of a command where most of the work is done; those of other places with the place.
fn keys_of(keymap: &Keymap, command: Command) -> String {
    let bound: Vec<_> = keymap.iter().filter(|(_, _, bound)| *bound == command).collect();
    let shown = |wanted: &[Context]| {
        let here = bound.iter().filter(|(context, ..)| wanted.contains(context));
        let mut keys: Vec<String> = here.map(|(_, keys, _)| format!("`{keys}`")).collect();
        keys.sort_by_key(|key| (key.len(), key.clone()));
        keys.dedup();
        keys.join(" ")
    };
    let everywhere = shown(&[Context::Global, Context::List]);
    if !everywhere.is_empty() {
        return everywhere;
    }
    let places = [(Context::Detail, "in a detail"), (Context::Raw, "in the raw tree")];
    let places: Vec<String> = (places.into_iter())
        .filter(|(context, _)| !shown(&[*context]).is_empty())
        .map(|(context, place)| format!("{} {place}", shown(&[context])))
        .collect();
    if places.is_empty() { format!("`:{}`", command.name()) } else { places.join(", ") }
}

#[test]
fn the_keys_are_those_of_the_program() {
    let keymap = Keymap::standard();
    let mut table = String::from("\n| | Key | What it does |\n|---|---|---|\n");
    let mut group = None;
    for &command in Command::ALL {
        let title = if group == Some(command.group()) { "" } else { command.group().title() };
        group = Some(command.group());
        let title = if title.is_empty() { String::new() } else { format!("**{title}**") };
        writeln!(table, "| {title} | {} | {} |", cell(&keys_of(&keymap, command)), cell(command.help())).expect("text");
    }
    table.push('\n');
    keep_block("README.md", "keys", &table);
}

#[test]
fn the_sample_is_as_large_as_it_is_said_to_be() {
    let a = sample();
    let oldest = a.activity.events(&a.facts.events).filter_map(|event| event.time()).min().expect("events");
    let days = a.as_of.duration_since(oldest).as_hours() / 24 + 1;
    let text = format!(
        "The sample is an invented company: {} accounts in {} organizational units, {} principals, {} events over {} days\n\
         and {} residents. It is the same every time, and some of its sources are denied or throttled, so that you see how\n\
         that looks. There is an incident in it.\n",
        a.facts.accounts.len(),
        a.facts.units.len(),
        a.principals.len(),
        a.activity.order.len(),
        days,
        a.residents.len(),
    );
    keep_block("README.md", "sample", &text);
}

fn actions(statements: &[policy::Statement]) -> BTreeSet<&str> {
    statements.iter().flat_map(|statement| &statement.actions).map(String::as_str).collect()
}

#[test]
fn the_policy_is_as_long_as_it_is_said_to_be() {
    let statements = policy::statements();
    let more = policy::cloud_control_statements();
    let text = format!(
        "`mgmtscope policy` prints {} document with {} actions of {} services; `policy --cloud-control` prints {} more with\n\
         {} actions. Each fits the size of a managed policy.\n",
        policy::least_privilege().len(),
        actions(&statements).len(),
        statements.len(),
        policy::pack(&more).len(),
        actions(&more).len(),
    );
    keep_block("README.md", "policy", &text);
}

#[test]
fn the_calls_are_those_of_the_allowlist() {
    let mut text = String::from(
        "# Every call to AWS\n\n\
         Made from `assets/catalog/operations.json`, the allowlist that the guard enforces, by `UPDATE_DOCS=1 cargo test --test it readme`.\n\
         An operation that is not here is refused before a request is built. Actions are named where they differ from the operation.\n",
    );
    for &ask in Ask::ALL {
        let place = if ask.is_regional() { ", in each Region" } else { "" };
        write!(text, "\n## {} (`{}`{place})\n\n", ask.title(), ask.name()).expect("text");
        for operation in operations::all().filter(|operation| operation.ask == ask) {
            write!(text, "- `{}`", operation.key).expect("text");
            if operation.actions != [operation.key.clone()] {
                write!(text, " needs `{}`", operation.actions.join("`, `")).expect("text");
            }
            text.push('\n');
        }
    }
    text.push_str(
        "\n## Only with `--athena`\n\n\
         Refused unless a table is named ([events by Athena](athena.md)): a query is started, and its results are written.\n\n",
    );
    for operation in operations::only_with(operations::OnlyWith::Athena) {
        writeln!(text, "- `{}`", operation.key).expect("text");
    }
    keep("docs/calls.md", &text);
}

/// More different words than this are no list of kinds.
const KINDS: usize = 20;

/// What the values of a column are like, told from the sample.
fn kind(pane: &Pane, column: usize, a: &Assessment) -> String {
    let mut words: BTreeSet<&str> = BTreeSet::new();
    let mut texts: BTreeMap<String, usize> = BTreeMap::new();
    // The newest thousands of events say what all of them would.
    for row in 0..(pane.rows)(a).min(5_000) {
        words.insert(match (pane.columns[column].cell)(a, row).value {
            Value::Text(text) => {
                if texts.len() <= KINDS && !text.is_empty() {
                    *texts.entry(text.into_owned()).or_default() += 1;
                }
                "text"
            }
            Value::Rank(_, text) => {
                if !text.is_empty() {
                    *texts.entry(text.to_owned()).or_default() += 1;
                }
                "text"
            }
            Value::Count(_) => "number",
            Value::Time(_) => "time",
            Value::Flag(_) => "`yes` or `no`",
            Value::Never => "`never`",
            Value::Unknown => "`unknown`",
        });
    }
    let words: Vec<&str> = words.into_iter().rev().collect();
    // Names of this sample are no kinds: kinds are few, short, and come again.
    let word = |text: &String| text.len() <= 24 && !text.bytes().any(|b| b.is_ascii_digit()) && !text.contains("RRR");
    let few = texts.len() <= KINDS && texts.keys().all(word);
    let repeated = texts.values().sum::<usize>() >= 3 * texts.len();
    if texts.is_empty() || !few || !repeated {
        return words.join(", ");
    }
    let values: Vec<String> = texts.keys().map(|text| format!("`{text}`")).collect();
    format!("{}, such as {}", words.join(", "), values.join(", "))
}

#[test]
fn the_fields_are_those_of_the_panes() {
    let a = sample();
    let mut text = String::from(
        "# The fields of every pane\n\n\
         For filters (`field:value`), sorting and the names in JSON and CSV. Made from the panes and the sample organization by\n\
         `UPDATE_DOCS=1 cargo test --test it readme`; the filter language is in the [README](../README.md#filters).\n",
    );
    for pane in ALL {
        write!(text, "\n## {}\n\n{}.\n\n", pane.title, cell(pane.about)).expect("text");
        if let Some(time) = pane.time {
            write!(text, "`since:` and `age` look at `{time}`.\n\n").expect("text");
        }
        text.push_str("| Field | Heading | Values |\n|---|---|---|\n");
        for (n, column) in pane.columns.iter().enumerate() {
            let (name, title) = (column.name, cell(column.title));
            writeln!(text, "| `{name}` | {title} | {} |", cell(&kind(pane, n, &a))).expect("text");
        }
        if !pane.questions.is_empty() {
            text.push_str("\nFields that are no columns, for filters alone:\n\n| Field | Finds |\n|---|---|\n");
        }
        for question in pane.questions {
            writeln!(text, "| `{}` | {} |", question.name, cell(question.about)).expect("text");
        }
        let jumps: Vec<String> = pane.jumps.iter().map(|jump| format!("`{}`", jump.name)).collect();
        if !jumps.is_empty() {
            write!(text, "\nFrom a row there are ways to: {}.\n", jumps.join(", ")).expect("text");
        }
    }
    keep("docs/fields.md", &text);
}

/// Answers on the command line, as the README shows them.
const ANSWERS: &[&str] = &[
    "sandbox-cost-reader iam:PassRole",
    "developer-tools cloudtrail:StopLogging",
    "AWSControlTowerAdmin sts:AssumeRole arn:aws:iam::111122223333:role/developer-tools",
];

#[test]
fn the_answers_are_those_of_the_program() {
    let a = sample();
    let style = TimeStyle::utc(a.as_of);
    let mut text = String::from("\n```text\n");
    for question in ANSWERS {
        let answered = answer(&a, question).expect("a question");
        writeln!(text, "$ mgmtscope can {question} --demo\n{}", answered.words).expect("text");
        for line in &answered.because {
            writeln!(text, "  {}", line.plain(&style)).expect("text");
        }
    }
    text.push_str("```\n\n");
    keep_block("README.md", "can", &text);
}

const POWER_PAGE: &str = "docs/escalation.md";

#[test]
fn the_powers_are_those_of_the_catalogue() {
    let mut text = String::from("\n| Power | In the column | | Shown by |\n|---|---|---|---|\n");
    for class in powers::classes() {
        let shown = match class.shown_by {
            ShownBy::All => "all of",
            ShownBy::Any => "any of",
        };
        let (word, short, count) = (class.power.word(), grades::short(class.power), class.probes.len());
        writeln!(text, "| {word} | `{short}` | {} | {shown} {count} actions |", cell(class.meaning)).expect("text");
    }
    text.push('\n');
    keep_block(POWER_PAGE, "powers", &text);
}

/// It becomes another principal, without raising it first.
fn becomes(path: &escalation::Path, how: Become) -> bool {
    path.raise.is_none() && path.become_ == Some(how)
}

#[test]
fn the_ways_are_counted_as_the_catalogue_has_them() {
    let kinds: &[(&str, IsKind)] = &[
        ("gives itself more rights", |path| path.become_.is_none()),
        ("gives another principal more rights and becomes it", |path| path.raise.is_some() && path.become_.is_some()),
        ("assumes a role", |path| becomes(path, Become::AssumeRole)),
        ("writes itself into a role's trust policy", |path| becomes(path, Become::UpdateTrust)),
        ("makes an access key for a user", |path| becomes(path, Become::CreateAccessKey)),
        ("sets a user's first password", |path| becomes(path, Become::CreateLoginProfile)),
        ("changes a user's password", |path| becomes(path, Become::UpdateLoginProfile)),
        ("passes a role to a service that runs what the caller wants", |path| becomes(path, Become::PassRole)),
        ("uses something that runs as a role already", |path| becomes(path, Become::UseResource)),
    ];
    let mut text = String::from("\n| Kind of step | Ways |\n|---|---|\n");
    let mut told = 0;
    for (what, is) in kinds {
        let count = escalation::paths().iter().filter(|path| is(path)).count();
        writeln!(text, "| {what} | {count} |").expect("text");
        told += count;
    }
    let count = |of: fn(&escalation::Path) -> bool| escalation::paths().iter().filter(|path| of(path)).count();
    let (ended, variants) = (count(|path| path.ended.is_some()), count(|path| path.variant_of.is_some()));
    let all = escalation::paths().len();
    assert_eq!(told, all, "a kind of step is missing here");
    writeln!(text, "| all | {all}, {variants} of them longer forms of another, {ended} that AWS has ended |\n")
        .expect("text");
    keep_block(POWER_PAGE, "steps", &text);
}

#[test]
fn the_levers_are_those_of_the_catalogue() {
    let mut all: Vec<_> = organization_paths::paths().iter().collect();
    all.sort_by_key(|path| (path.reaches, path.id));
    let mut text = String::from("\n| Lever | | It |\n|---|---|---|\n");
    for path in all {
        writeln!(text, "| {} | {} | {} |", path.id, cell(path.name), path.reaches.words()).expect("text");
    }
    text.push('\n');
    keep_block(POWER_PAGE, "levers", &text);
}

#[test]
fn twice_enter_on_a_line_of_the_overview_shows_the_rows_behind_it() {
    let harness = Harness::demo(120, 36).press("1 enter enter");
    assert_ne!(harness.app.pane, mgmtscope::panes::PaneId::Overview);
    assert!(!harness.app.list().rows.is_empty() && harness.app.list().rows.len() < harness.app.list().total);
}

/// Whether a way is of a kind.
type IsKind = fn(&escalation::Path) -> bool;
