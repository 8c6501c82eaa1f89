//! The filter language, one line, the same in every pane and on the command line.
//!
//! Terms are AND. A term is a word, `"quoted"`, `/regex/`, `~fuzzy`, or a field with one: `field:value` (contains),
//! `field!value` (does not), `field=value` and `field!=value` (exactly), `age>90d`, `count>=3`, `last:never`,
//! `since:24h`, `until:2026-11-01`, `between:3d..1d`, `ip:10.0.0.0/8`. `!` before a term negates it; `a|b` means either.
//! Without regard to case, but for `=`. A pane may have words of its own, such as `error`, that stand for a term.

mod ranges;
pub mod scan;

use std::cell::RefCell;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use regex::{Regex, RegexBuilder};

use super::cell::{TimeStyle, Value};
use super::{Asked, Pane, PaneId, Question};
use crate::analysis::Assessment;
use ranges::{Network, When, within};

/// What a value is held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Needle {
    /// Any of these, contained.
    Words(Vec<String>),
    Quoted(String),
    Regex(String),
    Fuzzy(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Has,
    HasNot,
    Is,
    IsNot,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
}

impl Operator {
    fn sign(self) -> &'static str {
        match self {
            Self::Has => ":",
            Self::HasNot => "!",
            Self::Is => "=",
            Self::IsNot => "!=",
            Self::Greater => ">",
            Self::Less => "<",
            Self::GreaterOrEqual => ">=",
            Self::LessOrEqual => "<=",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    pub negated: bool,
    /// None: any column.
    pub field: Option<(String, Operator)>,
    pub needle: Needle,
    /// Where the term stands in the text, in bytes.
    pub at: usize,
}

/// What is wrong with an expression, and where (a byte offset).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("character {at}: {message}", at = self.at + 1)]
pub struct FilterError {
    pub at: usize,
    pub message: String,
}

fn fail<T>(at: usize, message: impl Into<String>) -> Result<T, FilterError> {
    Err(FilterError { at, message: message.into() })
}

/// Reads an expression without knowing any pane.
///
/// # Errors
/// An open quote or regex, or a field without a value.
pub fn parse(text: &str) -> Result<Vec<Term>, FilterError> {
    let mut terms = Vec::new();
    let mut rest = Rest { text, at: 0 };
    loop {
        rest.skip_blanks();
        if rest.tail().is_empty() {
            return Ok(terms);
        }
        terms.push(rest.term()?);
    }
}

struct Rest<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Rest<'a> {
    fn tail(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn skip_blanks(&mut self) {
        self.at += self.tail().len() - self.tail().trim_start().len();
    }

    fn term(&mut self) -> Result<Term, FilterError> {
        let at = self.at;
        let mut negated = false;
        while self.tail().starts_with('!') {
            negated = !negated;
            self.at += 1;
        }
        let field = self.field();
        if self.tail().chars().next().is_none_or(char::is_whitespace) {
            return match field {
                Some((name, operator)) => fail(self.at, format!("`{name}{}` needs a value", operator.sign())),
                None => fail(at, "`!` needs something to negate"),
            };
        }
        let needle = self.needle()?;
        Ok(Term { negated, field, needle, at })
    }

    /// A field's name and operator, if that is what stands here. ARNs, URLs and times are words.
    fn field(&mut self) -> Option<(String, Operator)> {
        let tail = self.tail();
        let len = tail.bytes().take_while(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-').count();
        let (name, after) = tail.split_at(len);
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) || tail.starts_with("arn:aws") {
            return None;
        }
        let (operator, width) = match after.as_bytes() {
            [b'!', b'=', ..] => (Operator::IsNot, 2),
            [b'>', b'=', ..] => (Operator::GreaterOrEqual, 2),
            [b'<', b'=', ..] => (Operator::LessOrEqual, 2),
            [b':', b':', ..] | [b':', b'/', b'/', ..] => return None,
            [b':', ..] => (Operator::Has, 1),
            [b'!', ..] => (Operator::HasNot, 1),
            [b'=', ..] => (Operator::Is, 1),
            [b'>', ..] => (Operator::Greater, 1),
            [b'<', ..] => (Operator::Less, 1),
            _ => return None,
        };
        self.at += len + width;
        Some((name.to_owned(), operator))
    }

    fn needle(&mut self) -> Result<Needle, FilterError> {
        let start = self.at;
        match self.tail().chars().next() {
            Some('"') => self.delimited('"', "a closing `\"` is missing").map(Needle::Quoted),
            Some('/') => {
                let source = self.delimited('/', "a closing `/` is missing")?;
                match regex(&source) {
                    Ok(_) => Ok(Needle::Regex(source)),
                    Err(_) => fail(start, "not a regular expression"),
                }
            }
            Some('~') => {
                self.at += 1;
                match self.word() {
                    word if word.is_empty() => fail(start, "`~` needs a word"),
                    word => Ok(Needle::Fuzzy(word)),
                }
            }
            _ => {
                let words: Vec<String> =
                    self.word().split('|').filter(|word| !word.is_empty()).map(ToOwned::to_owned).collect();
                if words.is_empty() { fail(start, "`|` needs words beside it") } else { Ok(Needle::Words(words)) }
            }
        }
    }

    fn word(&mut self) -> String {
        let word: String = self.tail().chars().take_while(|c| !c.is_whitespace()).collect();
        self.at += word.len();
        word
    }

    /// What stands between two delimiters; a backslash keeps the delimiter from ending it.
    fn delimited(&mut self, delimiter: char, message: &str) -> Result<String, FilterError> {
        let start = self.at;
        let mut inside = String::new();
        let mut chars = self.tail().char_indices().skip(1).peekable();
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' if matches!(chars.peek(), Some((_, next)) if *next == delimiter || (*next == '\\' && delimiter == '"')) =>
                {
                    inside.extend(chars.next().map(|(_, c)| c));
                }
                c if c == delimiter => {
                    self.at = start + at + c.len_utf8();
                    return Ok(inside);
                }
                c => inside.push(c),
            }
        }
        fail(start, message)
    }
}

fn regex(source: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(source).case_insensitive(true).size_limit(1 << 20).build()
}

/// A text as a needle that means exactly it: for pivots.
pub fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.negated {
            f.write_str("!")?;
        }
        if let Some((field, operator)) = &self.field {
            write!(f, "{field}{}", operator.sign())?;
        }
        match &self.needle {
            Needle::Words(words) => {
                // A leading bar keeps a word from being read as a quote, a regex or a field.
                let words = words.join("|");
                let odd = words.starts_with(['"', '/', '~', '!', '=', ':'])
                    || (self.field.is_none() && Rest { text: &words, at: 0 }.field().is_some());
                write!(f, "{}{words}", if odd { "|" } else { "" })
            }
            Needle::Quoted(text) => f.write_str(&quote(text)),
            Needle::Regex(source) => write!(f, "/{}/", source.replace('/', "\\/")),
            Needle::Fuzzy(word) => write!(f, "~{word}"),
        }
    }
}

/// A needle made ready.
enum Test {
    /// With the text that is looked for, when it is no pattern of the user's.
    Regex(Regex, Option<String>),
    Exactly(String),
    Fuzzy(Pattern),
    Never,
    Unknown,
    Flag(bool),
    Number(Operator, u64),
    /// Against the age of a time.
    Age(Operator, SignedDuration),
    Moment(Operator, Timestamp),
    /// From and to a time, both included.
    Within(Option<When>, Option<When>),
    Network(Network),
    /// Asked of the row, not held against a cell.
    Question(&'static Question, String, bool),
}

struct Ready {
    negated: bool,
    /// None: any column.
    column: Option<usize>,
    test: Test,
}

impl Ready {
    /// Whether a term for any column looks at this one: a letter is not looked for in ids, where it would be found.
    fn looks_at(&self, column: &super::Column) -> bool {
        let length = match &self.test {
            Test::Regex(regex, _) => regex.as_str().len(),
            Test::Fuzzy(pattern) => pattern.atoms.iter().map(|atom| atom.needle_text().len()).sum(),
            _ => usize::MAX,
        };
        length >= column.least
    }
}

/// An expression made ready for one pane.
#[derive(Default)]
pub struct Filter {
    text: String,
    terms: Vec<Ready>,
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
        let terms = parse(text)?.into_iter().map(|term| ready(term, pane)).collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), terms })
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The question that it asks of the rows, if it asks one.
    pub fn asked(&self) -> Option<Asked<'_>> {
        self.terms.iter().filter(|term| !term.negated).find_map(|term| match &term.test {
            Test::Question(question, text, _) => Some(Asked { question, text }),
            _ => None,
        })
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
        self.terms.iter().all(|term| {
            let hit = match term.column {
                _ if matches!(term.test, Test::Question(..)) => match &term.test {
                    Test::Question(question, text, certain) => (question.holds)(a, row, text, *certain),
                    _ => false,
                },
                Some(column) => holds(&term.test, &(pane.columns[column].cell)(a, row).value, a.as_of),
                None => pane
                    .columns
                    .iter()
                    .filter(|column| term.looks_at(column))
                    .any(|column| holds(&term.test, &(column.cell)(a, row).value, a.as_of)),
            };
            hit != term.negated
        })
    }
}

fn ready(term: Term, pane: &Pane) -> Result<Ready, FilterError> {
    let Some((name, operator)) = &term.field else {
        if let Needle::Words(words) = &term.needle
            && let [word] = &words[..]
            && let Some((_, means)) = pane.short.iter().find(|(short, _)| short == word)
        {
            // What a pane's short words mean is read by a test.
            let meant = parse(means)?.into_iter().next().map(|meant| ready(meant, pane)).transpose()?;
            if let Some(meant) = meant {
                return Ok(Ready { negated: meant.negated != term.negated, ..meant });
            }
        }
        return Ok(Ready { negated: term.negated, column: None, test: contains(&term)? });
    };
    let negated = term.negated != matches!(operator, Operator::HasNot | Operator::IsNot);
    if let "since" | "until" | "between" = name.as_str() {
        let column = pane.time.and_then(|time| pane.column(time));
        let Some(column) = column else { return fail(term.at, format!("{} has no time for `{name}:`", pane.title)) };
        let test = match name.as_str() {
            "since" => within(plain(&term)?.as_str(), ".."),
            "until" => within("..", plain(&term)?.as_str()),
            _ => plain(&term)?.split_once("..").and_then(|(from, to)| within(from, to)),
        };
        let Some(test) = test else { return fail(term.at, TIMES) };
        return Ok(Ready { negated, column: Some(column), test });
    }
    if let Some(question) = pane.questions.iter().find(|question| question.name == name) {
        let text = plain(&term)?;
        (question.check)(&text).or_else(|why| fail(term.at, why))?;
        let certain = match operator {
            Operator::Has | Operator::HasNot => false,
            Operator::Is | Operator::IsNot => true,
            _ => return fail(term.at, format!("`{name}` takes : and =")),
        };
        return Ok(Ready { negated, column: None, test: Test::Question(question, text, certain) });
    }
    let column = pane.column(name).or_else(|| if name == "age" { pane.column(pane.time?) } else { None });
    let Some(column) = column else {
        let questions = pane.questions.iter().map(|question| question.name);
        let known: Vec<&str> = pane.columns.iter().map(|column| column.name).chain(questions).collect();
        return fail(term.at, format!("no field `{name}` here; there are {}", known.join(", ")));
    };
    let test = match operator {
        Operator::Has | Operator::HasNot if pane.columns[column].name == "ip" => {
            match plain(&term).ok().and_then(|text| Network::parse(&text)) {
                Some(network) => Test::Network(network),
                None => contains(&term)?,
            }
        }
        Operator::Has | Operator::HasNot => contains(&term)?,
        Operator::Is | Operator::IsNot => Test::Exactly(plain(&term)?),
        operator => compared(*operator, &term)?,
    };
    Ok(Ready { negated, column: Some(column), test })
}

fn plain(term: &Term) -> Result<String, FilterError> {
    match &term.needle {
        Needle::Quoted(text) => Ok(text.clone()),
        Needle::Words(words) => Ok(words.join("|")),
        Needle::Regex(_) | Needle::Fuzzy(_) => fail(term.at, "a plain value is needed here"),
    }
}

fn contains(term: &Term) -> Result<Test, FilterError> {
    let at = term.at;
    let alternatives = |words: &[String]| words.iter().map(|w| regex::escape(w)).collect::<Vec<_>>().join("|");
    let source = match &term.needle {
        Needle::Fuzzy(word) => {
            return Ok(Test::Fuzzy(Pattern::parse(word, CaseMatching::Ignore, Normalization::Smart)));
        }
        Needle::Words(words) if term.field.is_some() => match words.join("|").as_str() {
            "never" => return Ok(Test::Never),
            "-" | "unknown" => return Ok(Test::Unknown),
            "yes" => return Ok(Test::Flag(true)),
            "no" => return Ok(Test::Flag(false)),
            _ => alternatives(words),
        },
        Needle::Words(words) => alternatives(words),
        Needle::Quoted(text) => regex::escape(text),
        Needle::Regex(source) => source.clone(),
    };
    let literal = match &term.needle {
        Needle::Words(words) => Some(words.join("|")),
        Needle::Quoted(text) => Some(text.clone()),
        Needle::Regex(_) | Needle::Fuzzy(_) => None,
    };
    match regex(&source) {
        Ok(regex) => Ok(Test::Regex(regex, literal)),
        Err(_) => fail(at, "this is too large to search for"),
    }
}

const TIMES: &str = "this takes a length of time such as 24h or a time such as 2026-11-01 or 2026-11-01T10:00:00Z; \
    `between:` takes two with .. between, and either may be missing";

fn compared(operator: Operator, term: &Term) -> Result<Test, FilterError> {
    let value = plain(term)?;
    if let Ok(number) = value.parse() {
        return Ok(Test::Number(operator, number));
    }
    if let Some(age) = duration(&value) {
        return Ok(Test::Age(operator, age));
    }
    match moment(&value) {
        Some(time) => Ok(Test::Moment(operator, time)),
        None => fail(term.at, "to compare, give a number, a length of time such as 90d, or a date such as 2026-11-01"),
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

/// A filter on the pane's rows of one principal, resource or other key.
pub fn exactly(pane: PaneId, column: &str, value: &str) -> super::Target {
    super::Target::Filter(pane, format!("{column}={}", quote(value)))
}

#[cfg(test)]
mod tests;
