//! Text of a policy in which variables may stand: `arn:aws:s3:::home/${aws:username}/*`.
//!
//! Source: reference_policies_variables. Variables exist since version 2012-10-17; `${*}`, `${?}` and `${$}` are the
//! characters themselves; `${key, 'text'}` has a default. What is put in is never a wildcard.

use std::str::Chars;

use super::context::{Context, Found, Missing};
use super::glob::{Glob, Piece, Token, fits, split};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filled<T> {
    Value(T),
    /// A variable has neither value nor default: nothing is equal to it.
    Missing,
    /// It is not known whether a variable has a value.
    Unknown,
}

impl<T> Filled<T> {
    pub fn map<U>(self, then: impl FnOnce(T) -> U) -> Filled<U> {
        match self {
            Self::Value(value) => Filled::Value(then(value)),
            Self::Missing => Filled::Missing,
            Self::Unknown => Filled::Unknown,
        }
    }
}

impl Template {
    pub fn new(text: &str, marks: Marks) -> Self {
        Self::compile(parse(text, marks))
    }

    /// The templates between the first `most - 1` places where the character stands as text, not within a variable.
    pub fn split(text: &str, marks: Marks, at: char, most: usize) -> Vec<Self> {
        let mut templates = Vec::new();
        let mut parts = Vec::new();
        for part in parse(text, marks) {
            let Part::Text(text) = part else {
                parts.push(part);
                continue;
            };
            let mut rest = &*text;
            while templates.len() + 1 < most
                && let Some((before, after)) = rest.split_once(at)
            {
                parts.extend((!before.is_empty()).then(|| Part::Text(before.into())));
                templates.push(Self::compile(std::mem::take(&mut parts)));
                rest = after;
            }
            parts.extend((!rest.is_empty()).then(|| Part::Text(rest.into())));
        }
        templates.push(Self::compile(parts));
        templates
    }

    fn compile(parts: Vec<Part>) -> Self {
        let fixed: Option<Vec<Piece<'_>>> = parts.iter().map(Part::fixed).collect();
        match fixed {
            Some(pieces) => Self(Form::Fixed(Glob::compile(&pieces))),
            None => Self(Form::Open(parts.into())),
        }
    }

    /// Text that fits, with the wildcards left as they are. None: a variable has no value.
    pub fn example(&self, context: &Context) -> Option<String> {
        match &self.0 {
            Form::Fixed(glob) => Some(glob.to_string()),
            Form::Open(parts) => parts
                .iter()
                .map(|part| match part.piece(context)? {
                    Piece::Text(text) => Some(text),
                    Piece::One => Some("?"),
                    Piece::Many => Some("*"),
                })
                .collect(),
        }
    }

    /// The pattern, when no variable is in it.
    pub fn fixed(&self) -> Option<&Glob> {
        match &self.0 {
            Form::Fixed(glob) => Some(glob),
            Form::Open(_) => None,
        }
    }

    /// Whether the text fits.
    pub fn matches(&self, text: &str, context: &Context, missing: &mut Missing<'_>) -> Filled<bool> {
        match &self.0 {
            Form::Fixed(glob) => Filled::Value(glob.matches(text)),
            Form::Open(parts) => resolve(parts, context, missing).map(|()| fits(Tokens::new(parts, context), text)),
        }
    }

    /// Whether the text is the same but for its case. Wildcards are none here.
    pub fn equals_ignoring_case(&self, text: &str, context: &Context, missing: &mut Missing<'_>) -> Filled<bool> {
        let text = text.chars().flat_map(char::to_lowercase);
        match &self.0 {
            Form::Fixed(glob) => {
                Filled::Value(glob.exact().is_some_and(|exact| exact.chars().flat_map(char::to_lowercase).eq(text)))
            }
            Form::Open(parts) => resolve(parts, context, missing).map(|()| {
                let pieces = parts.iter().filter_map(|part| part.text(context));
                pieces.flat_map(str::chars).flat_map(char::to_lowercase).eq(text)
            }),
        }
    }

    /// The patterns between the first `most - 1` colons, those in the values of variables included.
    pub fn fill_and_split(
        &self,
        at: char,
        most: usize,
        context: &Context,
        missing: &mut Missing<'_>,
    ) -> Filled<Vec<Glob>> {
        let Form::Open(parts) = &self.0 else { return Filled::Missing };
        resolve(parts, context, missing).map(|()| {
            let pieces: Vec<Piece<'_>> = parts.iter().filter_map(|part| part.piece(context)).collect();
            split(&pieces, at, most).iter().map(|part| Glob::compile(part)).collect()
        })
    }
}

impl Part {
    fn fixed(&self) -> Option<Piece<'_>> {
        match self {
            Self::Text(text) => Some(Piece::Text(text)),
            Self::One => Some(Piece::One),
            Self::Many => Some(Piece::Many),
            Self::Variable { .. } => None,
        }
    }

    /// With the value of a variable; None: it has none.
    fn piece<'a>(&'a self, context: &'a Context) -> Option<Piece<'a>> {
        self.fixed().or_else(|| self.text(context).map(Piece::Text))
    }

    /// What stands here as text.
    fn text<'a>(&'a self, context: &'a Context) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            Self::One | Self::Many => None,
            Self::Variable { key, default } => match (context.find(key), default) {
                (Found::One(value), _) => Some(value),
                (Found::Absent, Some(default)) => Some(default),
                _ => None,
            },
        }
    }
}

/// Whether every variable has a value.
fn resolve(parts: &[Part], context: &Context, missing: &mut Missing<'_>) -> Filled<()> {
    let mut resolved = Filled::Value(());
    for part in parts {
        let Part::Variable { key, default } = part else { continue };
        match context.find(key) {
            Found::One(_) => {}
            Found::Absent if default.is_some() => {}
            // A key with many values cannot be a variable (reference_policies_condition-single-vs-multi-valued-context-keys).
            Found::Absent | Found::Many(_) => return Filled::Missing,
            Found::Unknown => {
                missing.note(key);
                resolved = Filled::Unknown;
            }
        }
    }
    resolved
}

/// The tokens of a pattern whose variables have values.
#[derive(Clone)]
struct Tokens<'a> {
    parts: std::slice::Iter<'a, Part>,
    text: Chars<'a>,
    context: &'a Context,
}

impl<'a> Tokens<'a> {
    fn new(parts: &'a [Part], context: &'a Context) -> Self {
        Self { parts: parts.iter(), text: "".chars(), context }
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            if let Some(c) = self.text.next() {
                return Some(Token::Char(c));
            }
            match self.parts.next()?.piece(self.context) {
                Some(Piece::Text(text)) => self.text = text.chars(),
                Some(Piece::One) => return Some(Token::One),
                Some(Piece::Many) => return Some(Token::Many),
                None => {}
            }
        }
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
    use proptest::prelude::*;

    const BOTH: Marks = Marks { wildcards: true, variables: true };

    fn matches(template: &str, marks: Marks, context: &[(&str, &str)], text: &str) -> Filled<bool> {
        Template::new(template, marks).matches(text, &Context::of(context), &mut Missing::default())
    }

    #[test]
    fn values_are_put_in_and_are_never_wildcards() {
        let of = |text| matches("home/${aws:username}/*", BOTH, &[("aws:username", "b*b")], text);
        assert_eq!(of("home/b*b/x"), Filled::Value(true));
        assert_eq!(of("home/bob/x"), Filled::Value(false));
    }

    #[test]
    fn a_default_stands_in_and_without_one_nothing_matches() {
        assert_eq!(matches("${a:b}", BOTH, &[], ""), Filled::Missing);
        assert_eq!(matches("${a:b, 'x'}", BOTH, &[], "x"), Filled::Value(true));
        assert_eq!(matches("${a:b, '*'}", BOTH, &[], "x"), Filled::Value(false));
        assert_eq!(matches("${a:b,'x'}", BOTH, &[("A:B", "y")], "y"), Filled::Value(true));
    }

    #[test]
    fn an_unknown_variable_is_named_and_a_missing_one_decides_before_it() {
        let context = { Context::open() }.with("c:d", "x");
        let mut names = Vec::new();
        let template = Template::new("${a:b}${c:d}", BOTH);
        assert_eq!(template.matches("x", &context, &mut Missing::new(Some(&mut names))), Filled::Unknown);
        assert_eq!(names, ["a:b"]);
        let mut absent = context;
        absent.set_absent("c:d");
        assert_eq!(template.matches("x", &absent, &mut Missing::default()), Filled::Missing);
    }

    #[test]
    fn marks_that_are_off_are_text() {
        let plain = Marks { wildcards: false, variables: false };
        for (template, marks, wanted) in
            [("${a}*", plain, "${a}*"), ("a${*}b${$}", BOTH, "a*b$"), ("a${b", BOTH, "a${b")]
        {
            assert_eq!(Template::new(template, marks).fixed(), Some(&Glob::Exact(wanted.into())), "{template}");
        }
    }

    #[test]
    fn splitting_keeps_what_is_within_a_variable_together() {
        let parts = Template::split("a:${k:v}*:c:d", BOTH, ':', 3);
        assert_eq!(parts, [Template::new("a", BOTH), Template::new("${k:v}*", BOTH), Template::new("c:d", BOTH)]);
        assert_eq!(Template::split("", BOTH, ':', 3), [Template::new("", BOTH)]);
        assert_eq!(Template::split("::", BOTH, ':', 6).len(), 3);
    }

    proptest! {
        /// A variable is as good as its value with every wildcard escaped.
        #[test]
        fn as_with_the_value_written_out(before in "[ab*?]{0,4}", value in "[ab*?]{0,4}", after in "[ab*?]{0,4}", text in "[ab*?]{0,8}") {
            let with = format!("{before}${{k}}{after}");
            let escaped: String = value.chars().map(|c| if c == 'a' || c == 'b' { c.to_string() } else { format!("${{{c}}}") }).collect();
            let written = Template::new(&format!("{before}{escaped}{after}"), BOTH);
            let context = Context::of(&[("k", &value)]);
            let is = Template::new(&with, BOTH).matches(&text, &context, &mut Missing::default());
            prop_assert_eq!(is, written.matches(&text, &context, &mut Missing::default()));
        }
    }
}
