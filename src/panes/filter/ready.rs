//! An expression made ready for one pane: fields become columns, values become tests.

use jiff::{SignedDuration, Timestamp};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use regex::Regex;

use super::language::{Expr, FilterError, Needle, Operator, Term, fail, parse, regex};
use super::ranges::{Network, When, within};
use super::{duration, moment};
use crate::panes::{Column, Pane, Question};

/// A needle made ready.
pub enum Test {
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

/// An expression of terms that are ready.
pub enum Node {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Term(Ready),
}

pub struct Ready {
    pub negated: bool,
    /// None: any column.
    pub column: Option<usize>,
    pub test: Test,
}

impl Ready {
    /// Whether a term for any column looks at this one: a letter is not looked for in ids, where it would be found.
    pub fn looks_at(&self, column: &Column) -> bool {
        let length = match &self.test {
            Test::Regex(regex, _) => regex.as_str().len(),
            Test::Fuzzy(pattern) => pattern.atoms.iter().map(|atom| atom.needle_text().len()).sum(),
            _ => usize::MAX,
        };
        length >= column.least
    }
}

/// # Errors
/// A field that the pane does not have; a value that does not fit its operator.
pub fn node(expr: Expr, pane: &Pane) -> Result<Node, FilterError> {
    let each = |list: Vec<Expr>| list.into_iter().map(|one| node(one, pane)).collect::<Result<Vec<_>, _>>();
    Ok(match expr {
        Expr::All(list) => Node::All(each(list)?),
        Expr::Any(list) => Node::Any(each(list)?),
        Expr::Not(one) => Node::Not(Box::new(node(*one, pane)?)),
        Expr::Term(term) => ready(term, pane)?,
    })
}

impl Node {
    fn negate(self) -> Self {
        match self {
            Self::Term(term) => Self::Term(Ready { negated: !term.negated, ..term }),
            Self::Not(one) => *one,
            one => Self::Not(Box::new(one)),
        }
    }
}

fn ready(term: Term, pane: &Pane) -> Result<Node, FilterError> {
    let Some((name, operator)) = &term.field else {
        if let Needle::Words(words) = &term.needle
            && let [word] = &words[..]
            && let Some((_, means)) = pane.short.iter().find(|(short, _)| short == word)
        {
            // What a pane's short words mean is read by a test.
            let meant = node(parse(means)?, pane)?;
            return Ok(if term.negated { meant.negate() } else { meant });
        }
        return Ok(Node::Term(Ready { negated: term.negated, column: None, test: contains(&term)? }));
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
        return Ok(Node::Term(Ready { negated, column: Some(column), test }));
    }
    if let Some(question) = pane.questions.iter().find(|question| question.name == name) {
        let text = plain(&term)?;
        (question.check)(&text).or_else(|why| fail(term.at, why))?;
        let certain = match operator {
            Operator::Has | Operator::HasNot => false,
            Operator::Is | Operator::IsNot => true,
            _ => return fail(term.at, format!("`{name}` takes : and =")),
        };
        return Ok(Node::Term(Ready { negated, column: None, test: Test::Question(question, text, certain) }));
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
    Ok(Node::Term(Ready { negated, column: Some(column), test }))
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
