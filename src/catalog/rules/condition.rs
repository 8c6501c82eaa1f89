//! What a rule asks of a record, and when it holds.
//!
//! A field is a path of keys with dots between; through a list it means any element, and null is as good as missing. Values
//! are compared as text: texts as they stand, everything else as JSON writes it. A missing field holds nothing.

use std::borrow::Cow;
use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use serde_json::Value;

use super::sigma::Compiled;
use crate::model::ActorKind;
use crate::model::event::record::is_console;

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Condition {
    Not {
        not: Box<Self>,
    },
    Any {
        any: Vec<Self>,
    },
    All {
        all: Vec<Self>,
    },
    /// Exactly one of these.
    Is {
        field: String,
        is: Vec<String>,
    },
    /// One of these is in it, without regard to case.
    Contains {
        field: String,
        contains: Vec<String>,
    },
    Starts {
        field: String,
        starts: Vec<String>,
    },
    Ends {
        field: String,
        ends: Vec<String>,
    },
    Exists {
        field: String,
        exists: bool,
    },
    Matches {
        field: String,
        matches: Pattern,
    },
    Above {
        field: String,
        above: f64,
    },
    Below {
        field: String,
        below: f64,
    },
    /// A part of a rule of the user's own.
    #[serde(skip)]
    Sigma(Compiled),
}

/// A regular expression without regard to case, compiled when it is first needed.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct Pattern {
    source: String,
    #[serde(skip)]
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    fn get(&self) -> Option<&Regex> {
        let compile = || RegexBuilder::new(&self.source).case_insensitive(true).size_limit(1 << 22).build().ok();
        self.compiled.get_or_init(compile).as_ref()
    }

    /// Whether it is one.
    pub fn is_sound(&self) -> bool {
        self.get().is_some()
    }
}

impl Condition {
    pub fn holds(&self, record: &Value) -> bool {
        match self {
            Self::Not { not } => !not.holds(record),
            Self::Any { any } => any.iter().any(|one| one.holds(record)),
            Self::All { all } => all.iter().all(|one| one.holds(record)),
            Self::Is { field, is } => leaf(record, field, &mut |text| is.iter().any(|word| *word == *text)),
            Self::Starts { field, starts } => {
                leaf(record, field, &mut |text| folded(text, starts, |text, word| text.starts_with(word)))
            }
            Self::Ends { field, ends } => {
                leaf(record, field, &mut |text| folded(text, ends, |text, word| text.ends_with(word)))
            }
            Self::Contains { field, contains } => {
                whole(record, field, &mut |text| folded(text, contains, |text, word| text.contains(word)))
            }
            Self::Matches { field, matches } => {
                matches.get().is_some_and(|regex| whole(record, field, &mut |text| regex.is_match(text)))
            }
            Self::Exists { field, exists } => whole(record, field, &mut |_| true) == *exists,
            Self::Above { field, above } => leaf(record, field, &mut |text| number(text).is_some_and(|n| n > *above)),
            Self::Below { field, below } => leaf(record, field, &mut |text| number(text).is_some_and(|n| n < *below)),
            Self::Sigma(compiled) => compiled.holds(record),
        }
    }

    /// Calls `each` with the path of every field that it looks at.
    pub fn fields<'a>(&'a self, each: &mut dyn FnMut(&'a str)) {
        match self {
            Self::Not { not } => not.fields(each),
            Self::Any { any: list } | Self::All { all: list } => list.iter().for_each(|one| one.fields(each)),
            Self::Is { field, .. }
            | Self::Contains { field, .. }
            | Self::Starts { field, .. }
            | Self::Ends { field, .. }
            | Self::Exists { field, .. }
            | Self::Matches { field, .. }
            | Self::Above { field, .. }
            | Self::Below { field, .. } => each(field),
            Self::Sigma(compiled) => compiled.fields().for_each(each),
        }
    }

    /// Calls `each` with every pattern.
    #[cfg(test)]
    pub fn patterns(&self, each: &mut dyn FnMut(&Pattern)) {
        match self {
            Self::Not { not } => not.patterns(each),
            Self::Any { any: list } | Self::All { all: list } => list.iter().for_each(|one| one.patterns(each)),
            Self::Matches { matches, .. } => each(matches),
            _ => {}
        }
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

fn folded(text: &str, words: &[String], test: impl Fn(&str, &str) -> bool) -> bool {
    let text = text.to_lowercase();
    words.iter().any(|word| test(&text, &word.to_lowercase()))
}

/// A value as text.
fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// Whether a value at the path does; lists and objects at its end as their JSON.
fn whole(record: &Value, field: &str, test: &mut dyn FnMut(&str) -> bool) -> bool {
    match made_up(record, field) {
        Some(word) => test(word),
        None => at(record, field, &mut |value| test(&text(value))),
    }
}

/// The same; of a list at its end each element by itself.
fn leaf(record: &Value, field: &str, test: &mut dyn FnMut(&str) -> bool) -> bool {
    fn each(value: &Value, test: &mut dyn FnMut(&str) -> bool) -> bool {
        match value {
            Value::Array(list) => list.iter().any(|one| each(one, test)),
            value => test(&text(value)),
        }
    }
    match made_up(record, field) {
        Some(word) => test(word),
        None => at(record, field, &mut |value| each(value, test)),
    }
}

fn at(value: &Value, path: &str, test: &mut dyn FnMut(&Value) -> bool) -> bool {
    match value {
        Value::Null => false,
        _ if path.is_empty() => test(value),
        Value::Array(list) => list.iter().any(|one| at(one, path, test)),
        Value::Object(fields) => {
            let (key, rest) = path.split_once('.').unwrap_or((path, ""));
            fields.get(key).is_some_and(|value| at(value, rest, test))
        }
        _ => false,
    }
}

/// Fields that no record has: `@actor`, the kind of who acted; `@foreign`, whether the caller's account is another one than
/// the log's; `@console`, whether it was made in the console.
fn made_up(record: &Value, field: &str) -> Option<&'static str> {
    let word =
        |path: &[&str]| path.iter().try_fold(record, |value, key| value.get(key)).and_then(Value::as_str).unwrap_or("");
    let flag = |flag| if flag { "true" } else { "false" };
    Some(match field {
        "@actor" => match word(&["userIdentity", "type"]) {
            "" if !word(&["userIdentity", "invokedBy"]).is_empty() => ActorKind::AwsService.word(),
            kind => ActorKind::from_type(kind).word(),
        },
        "@foreign" => {
            let (caller, log) = (word(&["userIdentity", "accountId"]), word(&["recipientAccountId"]));
            flag(!caller.is_empty() && !log.is_empty() && caller != log)
        }
        "@console" => {
            let (kind, from) = (word(&["eventType"]), word(&["sessionCredentialFromConsole"]));
            let agent = word(&["userAgent"]);
            flag(is_console(kind, from, agent) || names_console(agent))
        }
        _ => return None,
    })
}

/// Whether an agent is one that the console has.
pub(super) fn names_console(agent: &str) -> bool {
    agent == "AWS Internal" || agent.to_lowercase().contains("console")
}
