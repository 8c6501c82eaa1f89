//! The filter language as text: what is read, what is wrong with it and where, and how it is written again. Knows no pane.

use std::fmt;

use regex::{Regex, RegexBuilder};

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
    pub fn sign(self) -> &'static str {
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

pub(super) fn fail<T>(at: usize, message: impl Into<String>) -> Result<T, FilterError> {
    Err(FilterError { at, message: message.into() })
}

/// What a filter asks, as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// All of these; none at all is met by everything.
    All(Vec<Self>),
    /// One of these.
    Any(Vec<Self>),
    Not(Box<Self>),
    Term(Term),
}

/// How deep brackets may lie in brackets.
const DEEPEST: usize = 40;

/// Reads an expression without knowing any pane.
///
/// # Errors
/// An open quote, regex or bracket, a field without a value, an `OR` without something on both sides.
pub fn parse(text: &str) -> Result<Expr, FilterError> {
    Rest { text, at: 0, depth: 0 }.either()
}

struct Rest<'a> {
    text: &'a str,
    at: usize,
    /// How many brackets are open.
    depth: usize,
}

impl<'a> Rest<'a> {
    fn tail(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn skip_blanks(&mut self) {
        self.at += self.tail().len() - self.tail().trim_start().len();
    }

    /// Whether nothing more belongs to what is read.
    fn is_over(&self) -> bool {
        self.tail().is_empty() || (self.depth > 0 && self.tail().starts_with(')'))
    }

    /// Whether this word of the language stands here, by itself.
    fn is_at(&self, word: &str) -> bool {
        let after = self.tail().strip_prefix(word);
        after.is_some_and(|after| after.chars().next().is_none_or(|c| c.is_whitespace() || c == '(' || c == ')'))
    }

    fn either(&mut self) -> Result<Expr, FilterError> {
        let mut alternatives = vec![self.all()?];
        while self.is_at("OR") {
            let at = self.at;
            self.at += 2;
            alternatives.push(self.all()?);
            if alternatives[alternatives.len() - 2..]
                .iter()
                .any(|one| matches!(one, Expr::All(none) if none.is_empty()))
            {
                return fail(at, "`OR` needs something on both sides");
            }
        }
        Ok(match alternatives.pop() {
            Some(only) if alternatives.is_empty() => only,
            last => {
                alternatives.extend(last);
                Expr::Any(alternatives)
            }
        })
    }

    fn all(&mut self) -> Result<Expr, FilterError> {
        let mut all = Vec::new();
        loop {
            self.skip_blanks();
            if self.is_over() || self.is_at("OR") {
                break;
            }
            if self.is_at("AND") && !all.is_empty() {
                self.at += 3;
                self.skip_blanks();
                if self.is_over() || self.is_at("OR") {
                    return fail(self.at, "`AND` needs something on both sides");
                }
            }
            all.push(self.one()?);
        }
        Ok(match all.pop() {
            Some(only) if all.is_empty() => only,
            last => {
                all.extend(last);
                Expr::All(all)
            }
        })
    }

    fn one(&mut self) -> Result<Expr, FilterError> {
        let at = self.at;
        let mut negated = false;
        loop {
            if self.tail().starts_with('!') {
                self.at += 1;
            } else if self.is_at("NOT") {
                self.at += 3;
                self.skip_blanks();
            } else {
                break;
            }
            negated = !negated;
        }
        if !self.tail().starts_with('(') {
            return self.term(at, negated).map(Expr::Term);
        }
        let open = self.at;
        self.at += 1;
        self.depth += 1;
        if self.depth > DEEPEST {
            return fail(open, "too many brackets are open");
        }
        let inside = self.either()?;
        self.skip_blanks();
        if !self.tail().starts_with(')') {
            return fail(open, "a closing `)` is missing");
        }
        if matches!(&inside, Expr::All(none) if none.is_empty()) {
            return fail(open, "nothing stands between the brackets");
        }
        self.at += 1;
        self.depth -= 1;
        Ok(match inside {
            Expr::Term(term) => Expr::Term(Term { negated: term.negated != negated, ..term }),
            Expr::Not(inside) if negated => *inside,
            inside if negated => Expr::Not(Box::new(inside)),
            inside => inside,
        })
    }

    fn term(&mut self, at: usize, negated: bool) -> Result<Term, FilterError> {
        let field = self.field();
        if self.is_over() || self.tail().starts_with(char::is_whitespace) {
            return match field {
                Some((name, operator)) => fail(self.at, format!("`{name}{}` needs a value", operator.sign())),
                None => fail(at, "`!` needs something to negate"),
            };
        }
        let needle = self.needle()?;
        Ok(Term { negated, field, needle, at })
    }

    /// Whether what stands here would be read as something else than a word.
    fn is_more_than_a_word(&mut self) -> bool {
        ["OR", "AND", "NOT"].iter().any(|word| self.is_at(word)) || self.field().is_some()
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
        // Between brackets a word ends at the bracket that closes them, not at one that it opened itself.
        let mut open = 0usize;
        let goes_on = |c: &char| match c {
            '(' => {
                open += 1;
                true
            }
            ')' if self.depth > 0 && open == 0 => false,
            ')' => {
                open = open.saturating_sub(1);
                true
            }
            c => !c.is_whitespace(),
        };
        let word: String = self.tail().chars().take_while(goes_on).collect();
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

pub(super) fn regex(source: &str) -> Result<Regex, regex::Error> {
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
                let odd = words.starts_with(['"', '/', '~', '!', '=', ':', '('])
                    || (self.field.is_none() && Rest { text: &words, at: 0, depth: 0 }.is_more_than_a_word());
                write!(f, "{}{words}", if odd { "|" } else { "" })
            }
            Needle::Quoted(text) => f.write_str(&quote(text)),
            Needle::Regex(source) => write!(f, "/{}/", source.replace('/', "\\/")),
            Needle::Fuzzy(word) => write!(f, "~{word}"),
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Writes each, what binds less in brackets.
        fn each(f: &mut fmt::Formatter<'_>, list: &[Expr], between: &str, loose: fn(&Expr) -> bool) -> fmt::Result {
            for (n, one) in list.iter().enumerate() {
                let before = if n > 0 { between } else { "" };
                if loose(one) { write!(f, "{before}({one})")? } else { write!(f, "{before}{one}")? }
            }
            Ok(())
        }
        match self {
            Self::All(list) => each(f, list, " ", |one| matches!(one, Self::All(_) | Self::Any(_))),
            Self::Any(list) => each(f, list, " OR ", |one| matches!(one, Self::Any(_))),
            Self::Not(one) => write!(f, "!({one})"),
            Self::Term(term) => write!(f, "{term}"),
        }
    }
}
