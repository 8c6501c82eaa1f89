//! The filter language, one line, the same in every pane and on the command line.
//!
//! Terms side by side must all hold (`AND` may stand between them); `OR` stands between alternatives and binds less; `(` and
//! `)` group; `!` or `NOT` before a term or a group negates it. A term is a word, `"quoted"`, `/regex/`, `~fuzzy`, or a field
//! with one: `field:value` (contains), `field!value` (does not), `field=value` and `field!=value` (exactly), `age>90d`,
//! `count>=3`, `last:never`, `since:24h`, `until:2026-11-01`, `between:3d..1d`, `ip:10.0.0.0/8`; `a|b` means either. Without
//! regard to case, but for `=`. A pane may have words of its own, such as `error`, that stand for a term.

mod exact;
pub mod language;
mod ranges;
mod ready;
pub mod scan;

use std::cell::RefCell;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::cell::{TimeStyle, Value};
use super::{Asked, Pane, PaneId};
use crate::analysis::Assessment;
pub use language::{Expr, FilterError, Needle, Operator, Term, parse, quote};
use ready::{Node, Ready, Test, node};

/// An expression made ready for one pane.
pub struct Filter {
    text: String,
    root: Node,
}

impl Default for Filter {
    fn default() -> Self {
        Self { text: String::new(), root: Node::All(Vec::new()) }
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Filter({:?})", self.text)
    }
}

impl Filter {
    /// # Errors
    /// What [`parse`] refuses; a field that the pane does not have; a value that does not fit its operator.
    pub fn new(text: &str, pane: &Pane) -> Result<Self, FilterError> {
        Ok(Self { text: text.to_owned(), root: node(parse(text)?, pane)? })
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn is_empty(&self) -> bool {
        matches!(&self.root, Node::All(none) if none.is_empty())
    }

    /// The question that it asks of the rows, if it asks one.
    pub fn asked(&self) -> Option<Asked<'_>> {
        fn asked(node: &Node) -> Option<Asked<'_>> {
            match node {
                Node::All(list) | Node::Any(list) => list.iter().find_map(asked),
                Node::Term(Ready { negated: false, test: Test::Question(question, text, _), .. }) => {
                    Some(Asked { question, text })
                }
                Node::Not(_) | Node::Term(_) => None,
            }
        }
        asked(&self.root)
    }

    /// The rows of `rows` that match, in their order.
    pub fn select(&self, pane: &Pane, a: &Assessment, mut rows: Vec<u32>) -> Vec<u32> {
        match pane.log {
            _ if self.is_empty() => {}
            Some(log) => return scan::select(self, pane, a, log(a), rows),
            None => rows.retain(|&row| self.matches(pane, a, row as usize)),
        }
        rows
    }

    pub fn matches(&self, pane: &Pane, a: &Assessment, row: usize) -> bool {
        fn met(node: &Node, pane: &Pane, a: &Assessment, row: usize) -> bool {
            match node {
                Node::All(list) => list.iter().all(|one| met(one, pane, a, row)),
                Node::Any(list) => list.iter().any(|one| met(one, pane, a, row)),
                Node::Not(one) => !met(one, pane, a, row),
                Node::Term(term) => term.is_hit(pane, a, row) != term.negated,
            }
        }
        met(&self.root, pane, a, row)
    }
}

impl Ready {
    /// Whether its test holds for a row, negated or not.
    fn is_hit(&self, pane: &Pane, a: &Assessment, row: usize) -> bool {
        match self.column {
            _ if matches!(self.test, Test::Question(..)) => match &self.test {
                Test::Question(question, text, certain) => (question.holds)(a, text, *certain)(row),
                _ => false,
            },
            Some(column) => holds(&self.test, &(pane.columns[column].cell)(a, row).value, a.as_of),
            None => pane
                .columns
                .iter()
                .filter(|column| self.looks_at(column))
                .any(|column| holds(&self.test, &(column.cell)(a, row).value, a.as_of)),
        }
    }
}

/// `90s`, `15m`, `24h`, `7d`, `2w`, `1y`.
pub fn duration(text: &str) -> Option<SignedDuration> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        "y" => 31_536_000,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(seconds).map(SignedDuration::from_secs)
}

/// RFC 3339, or a date (its first moment in UTC).
pub fn moment(text: &str) -> Option<Timestamp> {
    text.parse::<Timestamp>().ok().or_else(|| format!("{text}T00:00:00Z").parse().ok())
}

fn compare<T: PartialOrd>(operator: Operator, left: &T, right: &T) -> bool {
    match operator {
        Operator::Greater => left > right,
        Operator::Less => left < right,
        Operator::GreaterOrEqual => left >= right,
        Operator::LessOrEqual => left <= right,
        Operator::Has | Operator::Is => left == right,
        Operator::HasNot | Operator::IsNot => left != right,
    }
}

thread_local! {
    /// The fuzzy matcher's work space, which is large.
    static MATCHER: RefCell<Matcher> = RefCell::new(Matcher::new(Config::DEFAULT));
}

fn holds(test: &Test, value: &Value<'_>, now: Timestamp) -> bool {
    match (test, value) {
        (Test::Never, Value::Never) | (Test::Unknown, Value::Unknown) => true,
        (Test::Flag(wanted), Value::Flag(flag)) => wanted == flag,
        (Test::Flag(wanted), Value::Text(text)) => {
            if *wanted {
                text.eq_ignore_ascii_case("yes")
            } else {
                text.eq_ignore_ascii_case("no")
            }
        }
        (Test::Number(operator, number), Value::Count(count)) => compare(*operator, count, number),
        (Test::Age(operator, age), Value::Time(time)) => compare(*operator, &now.duration_since(*time), age),
        // What never happened is older than anything.
        (Test::Age(Operator::Greater | Operator::GreaterOrEqual, _), Value::Never) => true,
        (Test::Moment(operator, moment), Value::Time(time)) => compare(*operator, time, moment),
        (Test::Within(from, to), Value::Time(time)) => {
            from.is_none_or(|from| *time >= from.before(now)) && to.is_none_or(|to| *time <= to.before(now))
        }
        (Test::Network(network), Value::Text(text)) => network.has(text),
        (Test::Regex(regex, _), Value::Text(text)) => regex.is_match(text),
        (Test::Regex(regex, _), Value::Rank(_, word)) => regex.is_match(word),
        (Test::Regex(regex, _), Value::Count(count)) => regex.is_match(&count.to_string()),
        (Test::Regex(regex, _), Value::Time(time)) => regex.is_match(&TimeStyle::utc(now).show(*time)),
        (Test::Exactly(wanted), value) => *value.show(&TimeStyle::utc(now)) == **wanted,
        (Test::Fuzzy(pattern), Value::Text(text)) => MATCHER.with_borrow_mut(|matcher| {
            let mut buffer = Vec::new();
            pattern.score(Utf32Str::new(text, &mut buffer), matcher).is_some()
        }),
        _ => false,
    }
}

/// What both ask, as text: `more` is narrowed by what `text` asks already.
pub fn and(text: &str, more: &str) -> String {
    match parse(text) {
        Ok(Expr::All(none)) if none.is_empty() => more.to_owned(),
        // Side by side, the new term would belong to the last alternative only.
        Ok(Expr::Any(_)) => format!("({text}) {more}"),
        _ => format!("{text} {more}"),
    }
}

/// A filter on the pane's rows of one principal, resource or other key.
pub fn exactly(pane: PaneId, column: &str, value: &str) -> super::Target {
    super::Target::Filter(pane, format!("{column}={}", quote(value)))
}

#[cfg(test)]
mod tests;
