//! Text of a policy in which variables may stand: `arn:aws:s3:::home/${aws:username}/*`.
//!
//! Source: reference_policies_variables. Variables exist since version 2012-10-17; `${*}`, `${?}` and `${$}` are the
//! characters themselves; `${key, 'text'}` has a default. What is put in is never a wildcard.

use super::context::{Context, Found};
use super::glob::{Glob, Piece};

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(Box<str>),
    One,
    Many,
    Variable { key: Box<str>, default: Option<Box<str>> },
}

/// A pattern, compiled as far as it can be without a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Form);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    Fixed(Glob),
    Open(Box<[Part]>),
}

/// Which marks of a text mean something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// `*` and `?` are wildcards.
    pub wildcards: bool,
    /// `${...}` is a variable.
    pub variables: bool,
}

/// What a template comes to for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filled<T> {
    Value(T),
    /// A variable has neither value nor default: it matches nothing.
    Missing,
    /// It is not known whether a variable has a value.
    Unknown,
}

impl Template {
    pub fn new(text: &str, marks: Marks) -> Self {
        let parts = parse(text, marks);
        if parts.iter().any(|part| matches!(part, Part::Variable { .. })) {
            return Self(Form::Open(parts.into()));
        }
        let pieces: Vec<Piece<'_>> = parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => Piece::Text(text),
                Part::One => Piece::One,
                Part::Many | Part::Variable { .. } => Piece::Many,
            })
            .collect();
        Self(Form::Fixed(Glob::compile(&pieces)))
    }

    /// The pattern, when no variable is in it.
    pub fn fixed(&self) -> Option<&Glob> {
        match &self.0 {
            Form::Fixed(glob) => Some(glob),
            Form::Open(_) => None,
        }
    }

    /// The pattern for a request.
    pub fn fill(&self, context: &Context, missing: &mut Vec<String>) -> Filled<Glob> {
        let parts = match &self.0 {
            Form::Fixed(glob) => return Filled::Value(glob.clone()),
            Form::Open(parts) => parts,
        };
        let mut pieces = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Part::Text(text) => pieces.push(Piece::Text(text)),
                Part::One => pieces.push(Piece::One),
                Part::Many => pieces.push(Piece::Many),
                Part::Variable { key, default } => match (context.find(key), default) {
                    (Found::One(value), _) => pieces.push(Piece::Text(value)),
                    // A key with many values cannot stand for one text.
                    (Found::Many(_), _) => return Filled::Missing,
                    (Found::Absent, Some(default)) => pieces.push(Piece::Text(default)),
                    (Found::Absent, None) => return Filled::Missing,
                    (Found::Unknown, _) => {
                        super::context::note(missing, key);
                        return Filled::Unknown;
                    }
                },
            }
        }
        Filled::Value(Glob::compile(&pieces))
    }
}

fn parse(text: &str, marks: Marks) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let special = match c {
            '*' if marks.wildcards => Some((Part::Many, 1)),
            '?' if marks.wildcards => Some((Part::One, 1)),
            '$' if marks.variables => variable(rest),
            _ => None,
        };
        match special {
            Some((Part::Text(text), length)) => {
                literal.push_str(&text);
                rest = &rest[length..];
            }
            Some((part, length)) => {
                if !literal.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut literal).into()));
                }
                parts.push(part);
                rest = &rest[length..];
            }
            None => {
                literal.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    if !literal.is_empty() {
        parts.push(Part::Text(literal.into()));
    }
    parts
}

/// What `${...}` at the start of the text is, and how long it is.
fn variable(text: &str) -> Option<(Part, usize)> {
    let inner = text.strip_prefix("${")?;
    let end = inner.find('}')?;
    let (inner, length) = (&inner[..end], end + 3);
    if matches!(inner, "*" | "?" | "$") {
        return Some((Part::Text(inner.into()), length));
    }
    let (key, default) = match inner.split_once(',') {
        Some((key, default)) => {
            let default = default.trim();
            let quoted = default.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
            (key, Some(quoted.unwrap_or(default).into()))
        }
        None => (inner, None),
    };
    Some((Part::Variable { key: key.trim().to_ascii_lowercase().into(), default }, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: Marks = Marks { wildcards: true, variables: true };

    fn filled(text: &str, marks: Marks, context: &[(&str, &str)]) -> Filled<Glob> {
        Template::new(text, marks).fill(&Context::of(context), &mut Vec::new())
    }

    #[test]
    fn values_are_put_in_and_are_never_wildcards() {
        let Filled::Value(glob) = filled("home/${aws:username}/*", BOTH, &[("aws:username", "b*b")]) else {
            panic!("it has a value");
        };
        assert!(glob.matches("home/b*b/x"));
        assert!(!glob.matches("home/bob/x"));
    }

    #[test]
    fn a_default_stands_in_and_without_one_nothing_matches() {
        assert_eq!(filled("${a:b}", BOTH, &[]), Filled::Missing);
        assert_eq!(filled("${a:b, 'x'}", BOTH, &[]), Filled::Value(Glob::new("x")));
        assert_eq!(filled("${a:b,'x'}", BOTH, &[("A:B", "y")]), Filled::Value(Glob::new("y")));
    }

    #[test]
    fn marks_that_are_off_are_text() {
        let plain = Marks { wildcards: false, variables: false };
        assert_eq!(filled("${a}*", plain, &[]), Filled::Value(Glob::Exact("${a}*".into())));
        assert_eq!(filled("a${*}b${$}", BOTH, &[]), Filled::Value(Glob::Exact("a*b$".into())));
        assert_eq!(filled("a${b", BOTH, &[]), Filled::Value(Glob::Exact("a${b".into())));
    }
}
