//! Patterns with `*` (any characters, none included) and `?` (one character), as policies write them.
//!
//! Matching never goes back further than the last `*`, so that no pattern takes more than length times length.

use std::fmt::{self, Write};

/// One place of a pattern between two stars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Slot {
    Char(char),
    /// `?`
    One,
}

/// What stands between two stars.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Part {
    Text(Box<str>),
    /// With at least one `?`.
    Slots(Box<[Slot]>),
}

/// A piece of a pattern before it is compiled: what is literal stays apart from what is a wildcard, since a value put in
/// for a variable may hold a star that is only a star.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    Text(&'a str),
    One,
    Many,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Glob {
    /// `*`
    All,
    /// No wildcard.
    Exact(Box<str>),
    /// Text, then one star at the end.
    Prefix(Box<str>),
    /// The parts between the stars; the first is bound to the start, the last to the end.
    General(General),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct General {
    parts: Box<[Part]>,
}

impl Glob {
    /// Of text in which `*` and `?` are wildcards.
    pub fn new(pattern: &str) -> Self {
        Self::compile(&pieces(pattern))
    }

    pub fn compile(pieces: &[Piece<'_>]) -> Self {
        if let Some(text) = literal(pieces) {
            return Self::Exact(text.into());
        }
        let stars = pieces.iter().rev().take_while(|piece| **piece == Piece::Many).count();
        if stars > 0
            && let Some(text) = literal(&pieces[..pieces.len() - stars])
        {
            return if text.is_empty() { Self::All } else { Self::Prefix(text.into()) };
        }
        let parts = pieces.split(|piece| *piece == Piece::Many).map(Part::new).collect();
        Self::General(General { parts })
    }

    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::All => true,
            Self::Exact(exact) => **exact == *text,
            Self::Prefix(prefix) => text.starts_with(&**prefix),
            Self::General(general) => general.matches(text),
        }
    }

    pub fn is_all(&self) -> bool {
        *self == Self::All
    }

    /// The text, if there is no wildcard in it.
    pub fn exact(&self) -> Option<&str> {
        match self {
            Self::Exact(text) => Some(text),
            _ => None,
        }
    }
}

/// As a pattern; a star that is only a star cannot be told from a wildcard any more.
impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Exact(text) => f.write_str(text),
            Self::Prefix(text) => write!(f, "{text}*"),
            Self::General(general) => {
                for (n, part) in general.parts.iter().enumerate() {
                    if n > 0 {
                        f.write_char('*')?;
                    }
                    write!(f, "{part}")?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Slots(slots) => slots.iter().try_for_each(|slot| {
                f.write_char(match slot {
                    Slot::Char(c) => *c,
                    Slot::One => '?',
                })
            }),
        }
    }
}

impl General {
    fn matches(&self, text: &str) -> bool {
        let [first, rest @ ..] = &*self.parts else { return text.is_empty() };
        let Some(mut text) = first.begins(text) else { return false };
        let [middle @ .., last] = rest else { return text.is_empty() };
        for part in middle {
            match part.find(text) {
                Some(after) => text = after,
                None => return false,
            }
        }
        last.ends(text)
    }
}

impl Part {
    /// Of pieces without a star.
    fn new(pieces: &[Piece<'_>]) -> Self {
        if let Some(text) = literal(pieces) {
            return Self::Text(text.into());
        }
        let mut slots = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => slots.extend(text.chars().map(Slot::Char)),
                Piece::One | Piece::Many => slots.push(Slot::One),
            }
        }
        Self::Slots(slots.into())
    }

    /// What follows the part at the start of the text.
    fn begins<'t>(&self, text: &'t str) -> Option<&'t str> {
        match self {
            Self::Text(part) => text.strip_prefix(&**part),
            Self::Slots(slots) => {
                let mut chars = text.chars();
                let fits = slots.iter().all(|slot| chars.next().is_some_and(|c| slot.fits(c)));
                fits.then_some(chars.as_str())
            }
        }
    }

    /// What follows the first place where the part fits.
    fn find<'t>(&self, text: &'t str) -> Option<&'t str> {
        if let Self::Text(part) = self {
            return text.find(&**part).map(|at| &text[at + part.len()..]);
        }
        let mut rest = text;
        loop {
            if let Some(after) = self.begins(rest) {
                return Some(after);
            }
            let mut chars = rest.chars();
            chars.next()?;
            rest = chars.as_str();
        }
    }

    fn ends(&self, text: &str) -> bool {
        match self {
            Self::Text(part) => text.ends_with(&**part),
            Self::Slots(slots) => {
                let mut chars = text.chars();
                slots.iter().rev().all(|slot| chars.next_back().is_some_and(|c| slot.fits(c)))
            }
        }
    }
}

impl Slot {
    fn fits(self, c: char) -> bool {
        match self {
            Self::Char(wanted) => wanted == c,
            Self::One => true,
        }
    }
}

/// The text of pieces, if no wildcard is among them.
fn literal(pieces: &[Piece<'_>]) -> Option<String> {
    pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => Some(*text),
            Piece::One | Piece::Many => None,
        })
        .collect()
}

/// One place of a pattern that is made while it is matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    Char(char),
    One,
    Many,
}

/// Whether text fits a pattern that was not compiled. Goes back to the last star only, as compiled ones do, and needs no
/// memory.
pub fn fits(mut pattern: impl Iterator<Item = Token> + Clone, text: &str) -> bool {
    let mut text = text.chars();
    // What follows the last star, and where in the text that was tried.
    let mut again = None;
    loop {
        let fit = match pattern.next() {
            Some(Token::Many) => {
                again = Some((pattern.clone(), text.clone()));
                true
            }
            Some(Token::One) => text.next().is_some(),
            Some(Token::Char(c)) => text.next() == Some(c),
            None if text.as_str().is_empty() => return true,
            None => false,
        };
        if !fit {
            let Some((after, from)) = &mut again else { return false };
            if from.next().is_none() {
                return false;
            }
            (pattern, text) = (after.clone(), from.clone());
        }
    }
}

/// The parts between the first `most - 1` places where the character stands as text.
pub fn split<'a>(pieces: &[Piece<'a>], at: char, most: usize) -> Vec<Vec<Piece<'a>>> {
    let mut parts = Vec::new();
    let mut part = Vec::new();
    for piece in pieces {
        let Piece::Text(mut text) = *piece else {
            part.push(*piece);
            continue;
        };
        while parts.len() + 1 < most
            && let Some((before, after)) = text.split_once(at)
        {
            part.extend((!before.is_empty()).then_some(Piece::Text(before)));
            parts.push(std::mem::take(&mut part));
            text = after;
        }
        part.extend((!text.is_empty()).then_some(Piece::Text(text)));
    }
    parts.push(part);
    parts
}

/// Splits text into what is literal and its wildcards.
pub fn pieces(pattern: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = pattern;
    while let Some(at) = rest.find(['*', '?']) {
        if at > 0 {
            pieces.push(Piece::Text(&rest[..at]));
        }
        pieces.push(if rest.as_bytes()[at] == b'*' { Piece::Many } else { Piece::One });
        rest = &rest[at + 1..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, as slow as it is plain.
    fn slow(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], _) => text.is_empty(),
            (['*', rest @ ..], _) => slow(rest, text) || (!text.is_empty() && slow(pattern, &text[1..])),
            (['?', rest @ ..], [_, more @ ..]) => slow(rest, more),
            ([c, rest @ ..], [d, more @ ..]) => c == d && slow(rest, more),
            (_, []) => false,
        }
    }

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text, wanted) in [
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("a*", "a", true),
            ("a*b", "ab", true),
            ("a*b", "aXb", true),
            ("a*b", "abX", false),
            ("a?b", "ab", false),
            ("a?b", "aüb", true),
            ("*ab*ab", "abab", true),
            ("*ab*ab", "ab", false),
            ("**", "x", true),
            ("a**", "a", true),
        ] {
            assert_eq!(Glob::new(pattern).matches(text), wanted, "{pattern} {text}");
        }
    }

    #[test]
    fn a_bomb_of_stars_ends() {
        let bomb = "*a".repeat(3_000) + "*b";
        assert!(!Glob::new(&bomb).matches(&"a".repeat(6_000)));
        let tokens = bomb.chars().map(|c| if c == '*' { Token::Many } else { Token::Char(c) });
        assert!(!fits(tokens, &"a".repeat(6_000)));
    }

    proptest! {
        #[test]
        fn as_the_slow_reference(pattern in "[ab*?é]{0,8}", text in "[abé]{0,10}") {
            let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
            prop_assert_eq!(Glob::new(&pattern).matches(&text), slow(&p, &t));
            let tokens = pattern.chars().map(|c| match c {
                '*' => Token::Many,
                '?' => Token::One,
                c => Token::Char(c),
            });
            prop_assert_eq!(fits(tokens, &text), slow(&p, &t));
        }
    }
}
