//! The filter language as what Athena is asked: its terms become claims about an event, and what SQL leaves open is decided
//! by the filter itself, page by page. Also what a query costs, said on stderr, and the rehearsal of `--dry-run`.

use std::io::{self, Write, stderr};

use jiff::Timestamp;

use crate::analysis::{Lens, assess};
use crate::catalog::rules::{Severity, rules};
use crate::collect::athena::claim::KINDS;
use crate::collect::athena::expr::{Claim, Expr, Field, Test, What};
use crate::collect::aws::athena::{Rehearsal, Told, Want};
use crate::model::text::clean;
use crate::model::{Batch, Event, Facts};
use crate::panes::Column;
use crate::panes::activity::ACTIVITY;
use crate::panes::filter::{self, Filter, FilterError, Needle, Operator, Term, duration, moment};

/// A filter on events as what is wanted of a log.
#[derive(Debug)]
pub struct Wanted {
    filter: Filter,
    whole: bool,
    /// What the query costs is said on stderr.
    aloud: bool,
}

impl Wanted {
    /// # Errors
    /// What is wrong with the filter.
    pub fn new(text: &str, aloud: bool) -> Result<Self, FilterError> {
        let filter = Filter::new(text, &ACTIVITY)?;
        Ok(Self { whole: looks_at_all(&filter::parse(text)?), filter, aloud })
    }
}

impl Want for Wanted {
    fn expr(&self, now: Timestamp) -> Expr {
        // It was read before, so that it is no mistake.
        filter::parse(self.filter.text()).map_or_else(|_| Expr::everything(), |expr| translated(&expr, now))
    }

    fn looks_at_all(&self) -> bool {
        self.whole
    }

    fn words(&self) -> &str {
        self.filter.text()
    }

    fn keep(&self, events: Vec<Event>, now: Timestamp) -> Vec<Event> {
        if self.whole || self.filter.is_empty() || events.is_empty() {
            return events;
        }
        let mut facts = Facts::default();
        let count = events.len();
        facts.apply(Batch::Events(events.clone()));
        let page = assess(facts, now, Lens::default());
        if page.facts.events.rows() != count {
            // They cannot be told apart by number: the list filters them anyway.
            return events;
        }
        let all = (0..u32::try_from(count).unwrap_or(u32::MAX)).collect();
        let mut wanted = vec![false; count];
        for row in self.filter.select(&ACTIVITY, &page, all) {
            if let Some(wanted) = wanted.get_mut(row as usize) {
                *wanted = true;
            }
        }
        events.into_iter().zip(wanted).filter(|(_, wanted)| *wanted).map(|(event, _)| event).collect()
    }

    fn told(&self, told: &Told) {
        if self.aloud {
            // Whoever has closed stderr does not want to know.
            let _ = writeln!(stderr(), "mgmtscope: Athena: {}", clean(&told.to_string()));
        }
    }
}

/// Prints the query that would be started, as SQL with comments.
///
/// # Errors
/// The output cannot be written to.
pub fn print(rehearsal: &Rehearsal, out: &mut dyn Write) -> io::Result<()> {
    let statement = &rehearsal.statement;
    writeln!(out, "-- no query was started")?;
    let before = Told::Before { bounds: statement.bounds(), cutoff: rehearsal.cutoff };
    writeln!(out, "-- {}", clean(&before.to_string()))?;
    writeln!(out, "-- Athena tells what it scanned only afterwards; it charges 10 MB at least")?;
    for (terms, what) in [
        (&statement.said.widened, "said too wide here and decided by mgmtscope"),
        (&statement.said.local, "not said here and decided by mgmtscope"),
    ] {
        if !terms.is_empty() {
            writeln!(out, "-- {what}: {}", clean(&terms.join("  ")))?;
        }
    }
    if !statement.absent.is_empty() {
        writeln!(out, "-- the table has no part of: {}", clean(&statement.absent.join(", ")))?;
    }
    for problem in &rehearsal.assumed {
        writeln!(out, "-- {}; what docs/athena.md says is assumed", clean(&problem.line()))?;
    }
    writeln!(out, "{}", statement.sql)
}

/// An expression of the filter language, at a time.
fn translated(expr: &filter::Expr, now: Timestamp) -> Expr {
    let each = |list: &[filter::Expr]| list.iter().map(|one| translated(one, now)).collect();
    match expr {
        filter::Expr::All(list) => Expr::All(each(list)),
        filter::Expr::Any(list) => Expr::Any(each(list)),
        filter::Expr::Not(one) => Expr::Not(Box::new(translated(one, now))),
        filter::Expr::Term(term) => {
            let plain = Term { negated: false, ..term.clone() };
            let opposite = matches!(term.field, Some((_, Operator::HasNot | Operator::IsNot)));
            let claim = affirmed(&plain, now);
            if term.negated != opposite { Expr::Not(Box::new(claim)) } else { claim }
        }
    }
}

/// A term without its negations, be they a sign before it or its operator.
fn affirmed(term: &Term, now: Timestamp) -> Expr {
    let is = |what: What| Expr::Is(Claim { words: term.to_string(), what });
    let local = || is(What::Local);
    let test = match &term.needle {
        Needle::Words(words) => Test::Has(words.clone()),
        Needle::Quoted(text) => Test::Has(vec![text.clone()]),
        Needle::Regex(source) => Test::Matches(source.clone()),
        Needle::Fuzzy(_) => return local(),
    };
    let Some((name, operator)) = &term.field else {
        if let Needle::Words(words) = &term.needle
            && let [word] = &words[..]
            && let Some((_, means)) = ACTIVITY.short.iter().find(|(short, _)| short == word)
        {
            return filter::parse(means).map_or_else(|_| local(), |expr| translated(&expr, now));
        }
        // A column that nobody here knows may show it.
        let known = |column: &Column| COLUMNS.contains(&column.name) || WHOLE.contains(&column.name);
        let known = ACTIVITY.columns.iter().all(known);
        return if known { is(What::Anywhere(test)) } else { local() };
    };
    let plain = match &term.needle {
        Needle::Words(words) => Some(words.join("|")),
        Needle::Quoted(text) => Some(text.clone()),
        Needle::Regex(_) | Needle::Fuzzy(_) => None,
    };
    if let "since" | "until" | "between" | "time" | "age" = name.as_str() {
        return timed(name, *operator, plain.as_deref(), now, &is).unwrap_or_else(local);
    }
    let exactly = matches!(operator, Operator::Is | Operator::IsNot);
    let test = match operator {
        Operator::Has | Operator::HasNot => test,
        Operator::Is | Operator::IsNot => match &plain {
            Some(text) => Test::Is(text.clone()),
            None => return local(),
        },
        Operator::Greater | Operator::Less | Operator::GreaterOrEqual | Operator::LessOrEqual => return local(),
    };
    // Words that ask for a state of the cell rather than for a text in it.
    let state = match &term.needle {
        Needle::Words(_) => plain.as_deref().filter(|word| matches!(*word, "never" | "-" | "unknown" | "yes" | "no")),
        _ => None,
    };
    match (name.as_str(), state) {
        ("mfa" | "console", _) => {
            let what = if name == "mfa" { What::Mfa } else { What::Console };
            match plain.as_deref().filter(|_| exactly || state.is_some()) {
                Some("yes") => is(what),
                Some("no") => Expr::Not(Box::new(is(what))),
                _ => local(),
            }
        }
        ("rw", None | Some("-" | "unknown")) => read_only(&test, state.is_some() && !exactly).map_or_else(local, is),
        ("kind", None) => kinds(&test).map_or_else(local, |kinds| is(What::Kind(kinds))),
        ("ip", None) => match plain.as_deref().filter(|_| !exactly).and_then(network) {
            Some(Some((address, bits))) => is(What::Network(address, bits)),
            Some(None) => local(),
            None => is(What::Text(Field::Ip, test)),
        },
        (name, state) if state.is_none() || exactly => match field(name) {
            Some(field) => is(What::Text(field, test)),
            None => local(),
        },
        _ => local(),
    }
}

/// The columns that a search anywhere is known to look at.
const COLUMNS: [&str; 20] = [
    "time",
    "event",
    "source",
    "principal",
    "person",
    "session",
    "kind",
    "ip",
    "region",
    "rw",
    "mfa",
    "console",
    "needs",
    "error",
    "resource",
    "agent",
    "key",
    "account",
    "arn",
    "id",
];

/// Columns that only the whole log decides: what was done for the first time, and rules, since some are over many events.
const WHOLE: [&str; 4] = ["mark", "severity", "rule", "first"];

/// Whether a column of the whole log has a say: by its name, or because a search anywhere may find its words.
fn looks_at_all(expr: &filter::Expr) -> bool {
    match expr {
        filter::Expr::All(list) | filter::Expr::Any(list) => list.iter().any(looks_at_all),
        filter::Expr::Not(one) => looks_at_all(one),
        filter::Expr::Term(Term { field: Some((name, _)), .. }) => WHOLE.contains(&name.as_str()),
        filter::Expr::Term(Term { field: None, needle, .. }) => match needle {
            Needle::Words(words) if ACTIVITY.short.iter().any(|(short, _)| words[..] == [*short]) => {
                let means = ACTIVITY.short.iter().find(|(short, _)| words[..] == [*short]);
                means.is_some_and(|(_, means)| filter::parse(means).map_or(true, |expr| looks_at_all(&expr)))
            }
            Needle::Words(words) => words.iter().any(|word| may_be_a_mark(word)),
            Needle::Quoted(text) => may_be_a_mark(text),
            // Whatever such a pattern finds.
            Needle::Regex(_) | Needle::Fuzzy(_) => true,
        },
    }
}

fn may_be_a_mark(text: &str) -> bool {
    let text = text.to_lowercase();
    let severities = [Severity::Info, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
    let mut marks = severities.iter().map(|severity| severity.word()).chain(["principal", "address agent region call"]);
    // Ids stand side by side with blanks between, and so do the words of what is new.
    text.contains(' ')
        || marks.any(|mark| mark.contains(&text))
        || rules().all.iter().any(|rule| rule.id.contains(&text))
}

fn field(name: &str) -> Option<Field> {
    Some(match name {
        "event" => Field::Event,
        "source" => Field::Source,
        "principal" => Field::Principal,
        "person" => Field::Person,
        "session" => Field::Session,
        "ip" => Field::Ip,
        "region" => Field::Region,
        "error" => Field::Error,
        "resource" => Field::Resource,
        "agent" => Field::Agent,
        "key" => Field::Key,
        "account" => Field::Account,
        "arn" => Field::Arn,
        "id" => Field::Id,
        _ => return None,
    })
}

/// A claim about the event's time; none: it is one of another kind.
fn timed(
    name: &str,
    operator: Operator,
    plain: Option<&str>,
    now: Timestamp,
    is: &dyn Fn(What) -> Expr,
) -> Option<Expr> {
    let plain = plain?;
    let ago = |text: &str| duration(text).map(|age| now.saturating_sub(age).unwrap_or(Timestamp::MIN));
    let when = |text: &str| ago(text).or_else(|| moment(text));
    let not = |what: What| Expr::Not(Box::new(is(what)));
    let end = |text: &str| match text {
        "" | ".." => Some(None),
        text => when(text).map(Some),
    };
    match name {
        "since" => when(plain).map(|from| is(What::From(from))),
        "until" => when(plain).map(|to| is(What::To(to))),
        "between" => {
            let (from, to) = plain.split_once("..")?;
            let (from, to) = (end(from)?, end(to)?);
            let ends = [from.map(What::From), to.map(What::To)];
            Some(Expr::All(ends.into_iter().flatten().map(is).collect()))
        }
        // A number is compared with numbers only.
        _ if plain.parse::<u64>().is_ok() => None,
        _ => {
            let (time, aged) = match (ago(plain), moment(plain)) {
                (Some(time), _) => (time, true),
                (None, Some(time)) => (time, false),
                (None, None) => return None,
            };
            // Older is earlier.
            Some(match (operator, aged) {
                (Operator::Greater, true) | (Operator::Less, false) => not(What::From(time)),
                (Operator::GreaterOrEqual, true) | (Operator::LessOrEqual, false) => is(What::To(time)),
                (Operator::Less, true) | (Operator::Greater, false) => not(What::To(time)),
                (Operator::LessOrEqual, true) | (Operator::GreaterOrEqual, false) => is(What::From(time)),
                (Operator::Has | Operator::HasNot | Operator::Is | Operator::IsNot, _) => return None,
            })
        }
    }
}

/// The words of a column that has only a few, as the test finds them; none: it is a pattern.
fn found(test: &Test, word: &str) -> Option<bool> {
    match test {
        Test::Has(needles) => Some(needles.iter().any(|needle| word.to_lowercase().contains(&needle.to_lowercase()))),
        Test::Is(text) => Some(word == text),
        Test::Matches(_) => None,
    }
}

fn kinds(test: &Test) -> Option<Vec<crate::model::ActorKind>> {
    let mut kinds = Vec::new();
    for kind in KINDS {
        if found(test, kind.word())? {
            kinds.push(kind);
        }
    }
    Some(kinds)
}

/// `unknown`: it asks for what the record does not say.
fn read_only(test: &Test, unknown: bool) -> Option<What> {
    if unknown {
        return Some(What::ReadOnly(vec![None]));
    }
    let mut values = Vec::new();
    for (word, value) in [("r", Some(true)), ("W", Some(false))] {
        if found(test, word)? {
            values.push(value);
        }
    }
    if *test == Test::Is("-".into()) {
        values.push(None);
    }
    Some(What::ReadOnly(values))
}

/// A network of IPv4; inner none: of IPv6.
#[allow(clippy::option_option, reason = "no network, one that SQL cannot say, and one that it can")]
fn network(text: &str) -> Option<Option<([u8; 4], u8)>> {
    let (address, bits) = text.split_once('/')?;
    let bits: u8 = bits.parse().ok()?;
    match address.parse().ok()? {
        std::net::IpAddr::V4(address) => (bits <= 32).then_some(Some((address.octets(), bits))),
        std::net::IpAddr::V6(_) => (bits <= 128).then_some(None),
    }
}

#[cfg(test)]
mod tests;
