//! Conditions of SQL, put together only here: every value is a literal, every name is quoted, nothing is ever unknown
//! (a missing value is the empty text), so that a negation is the opposite.

use std::fmt;

/// A condition that is known, or the SQL that tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cond {
    True,
    False,
    Sql(String),
}

impl Cond {
    pub fn all(conditions: impl IntoIterator<Item = Self>) -> Self {
        let mut parts = Vec::new();
        for one in conditions {
            match one {
                Self::True => {}
                Self::False => return Self::False,
                Self::Sql(sql) => parts.push(sql),
            }
        }
        Self::joined(parts, " AND ", Self::True)
    }

    pub fn any(conditions: impl IntoIterator<Item = Self>) -> Self {
        let mut parts = Vec::new();
        for one in conditions {
            match one {
                Self::True => return Self::True,
                Self::False => {}
                Self::Sql(sql) if parts.contains(&sql) => {}
                Self::Sql(sql) => parts.push(sql),
            }
        }
        Self::joined(parts, " OR ", Self::False)
    }

    pub fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Sql(sql) => Self::Sql(format!("NOT ({sql})")),
        }
    }

    fn joined(mut parts: Vec<String>, word: &str, none: Self) -> Self {
        match parts.len() {
            0 => none,
            1 => parts.pop().map_or(none, Self::Sql),
            _ => Self::Sql(format!("({})", parts.join(word))),
        }
    }
}

/// A string literal of Trino: nothing but the quote itself has a meaning inside (Trino, "Literals").
pub(super) fn literal(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// A quoted name.
pub(super) fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A list of literals in brackets.
pub(super) fn list(values: &[impl AsRef<str>]) -> String {
    let values: Vec<String> = values.iter().map(|value| literal(value.as_ref())).collect();
    format!("({})", values.join(", "))
}

/// A text of the row: a column or a field in it, the empty text where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column(String);

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "coalesce({}, '')", self.0)
    }
}

impl Column {
    pub fn new(path: &[&str]) -> Self {
        Self(path.iter().map(|part| name(part)).collect::<Vec<_>>().join("."))
    }

    /// Of an element in a lambda.
    pub fn of(element: &str, field: &str) -> Self {
        Self(format!("{element}.{}", name(field)))
    }

    pub fn is(&self, value: &str) -> Cond {
        Cond::Sql(format!("{self} = {}", literal(value)))
    }

    pub fn is_in(&self, values: &[impl AsRef<str>]) -> Cond {
        match values {
            [] => Cond::False,
            [one] => self.is(one.as_ref()),
            _ => Cond::Sql(format!("{self} IN {}", list(values))),
        }
    }

    pub fn at_least(&self, value: &str) -> Cond {
        Cond::Sql(format!("{self} >= {}", literal(value)))
    }

    pub fn below(&self, value: &str) -> Cond {
        Cond::Sql(format!("{self} < {}", literal(value)))
    }

    /// Contains it, in this case.
    pub fn has(&self, value: &str) -> Cond {
        Cond::Sql(format!("strpos({self}, {}) > 0", literal(value)))
    }

    /// Contains it without regard to case, or is taken for it; `value` is ASCII. Everything that the filter's own search
    /// finds is found: it takes the long s (U+017F) for an s, which only `upper` makes one.
    pub fn has_folded(&self, value: &str) -> Cond {
        Cond::Sql(format!("strpos({}, {}) > 0", self.folded(value), literal(&value.to_ascii_lowercase())))
    }

    /// The same, and nothing is found that the filter's own search does not: `lower` makes an i of the dotted capital one.
    pub fn surely_has_folded(&self, value: &str) -> Cond {
        let value = value.to_ascii_lowercase();
        let found = Cond::Sql(format!("strpos(lower({self}), {}) > 0", literal(&value)));
        if value.contains('i') { Cond::all([found, self.has("\u{130}").not()]) } else { found }
    }

    pub fn like_folded(&self, pattern: &str) -> Cond {
        let pattern = pattern.to_ascii_lowercase();
        let folded = self.folded(&pattern);
        let escape = if pattern.contains(ESCAPE) { format!(" ESCAPE '{ESCAPE}'") } else { String::new() };
        Cond::Sql(format!("{folded} LIKE {}{escape}", literal(&pattern)))
    }

    fn folded(&self, value: &str) -> String {
        if value.contains(['s', 'S']) { format!("lower(upper({self}))") } else { format!("lower({self})") }
    }
}

/// Before a sign of LIKE that stands for itself.
pub(super) const ESCAPE: char = '!';
