//! What is known about a request beside who asks for what: condition keys with their values.
//!
//! Keys are compared without regard to case (reference_policies_condition-keys). A key may be known to be absent,
//! which decides, or unknown, which leaves the verdict open.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The value of a condition key, as text on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    One(String),
    /// A multivalued key (reference_policies_condition-single-vs-multi-valued-context-keys).
    Many(Vec<String>),
}

/// What holds for the keys that are not listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Others {
    /// The request does not carry them.
    #[default]
    Absent,
    /// It is not known whether the request carries them.
    Unknown,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// By key in lower case.
    keys: BTreeMap<String, Known>,
    /// What holds for many requests alike; own keys go before.
    shared: Option<Arc<Context>>,
    others: Others,
}

/// What was said of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Known {
    Value(Value),
    Absent,
    /// Whatever others say of it.
    Unknown,
}

/// What is known about one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    One(&'a str),
    Many(&'a [String]),
    Absent,
    Unknown,
}

impl Context {
    /// A context in which other keys are unknown.
    pub fn open() -> Self {
        Self { others: Others::Unknown, ..Self::default() }
    }

    /// A context with keys of its own on top of those that many requests share.
    pub fn on(shared: &Arc<Self>) -> Self {
        Self { shared: Some(Arc::clone(shared)), others: shared.others, ..Self::default() }
    }

    pub fn of(pairs: &[(&str, &str)]) -> Self {
        let mut context = Self::default();
        for (key, value) in pairs {
            context.set(key, Value::One((*value).to_owned()));
        }
        context
    }

    pub fn set(&mut self, key: &str, value: Value) {
        self.keys.insert(key.to_ascii_lowercase(), Known::Value(value));
    }

    /// Sets a key with one value.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.set(key, Value::One(value.to_owned()));
        self
    }

    /// Says that a request does not carry the key.
    pub fn set_absent(&mut self, key: &str) {
        self.keys.insert(key.to_ascii_lowercase(), Known::Absent);
    }

    /// Says that it is not known, whatever the shared keys say.
    pub fn set_unknown(&mut self, key: &str) {
        self.keys.insert(key.to_ascii_lowercase(), Known::Unknown);
    }

    /// `key` in lower case.
    pub fn find(&self, key: &str) -> Found<'_> {
        let own = self.keys.get(key);
        match (own, self.others) {
            (None, _) if self.shared.is_some() => self.shared.as_ref().map_or(Found::Absent, |shared| shared.find(key)),
            (Some(Known::Value(Value::One(value))), _) => Found::One(value),
            // An empty list is no value at all.
            (Some(Known::Value(Value::Many(values))), _) if values.is_empty() => Found::Absent,
            (Some(Known::Value(Value::Many(values))), _) => Found::Many(values),
            (Some(Known::Absent), _) | (None, Others::Absent) => Found::Absent,
            (Some(Known::Unknown), _) | (None, Others::Unknown) => Found::Unknown,
        }
    }
}

/// Gathers the names of what would have to be known, where somebody wants to hear of them; a plain verdict does not, and
/// costs nothing for it.
#[derive(Debug, Default)]
pub struct Missing<'a>(Option<&'a mut Vec<String>>);

impl<'a> Missing<'a> {
    pub fn new(names: Option<&'a mut Vec<String>>) -> Self {
        Self(names)
    }

    /// Remembers a name, once.
    pub fn note(&mut self, name: &str) {
        if let Some(names) = &mut self.0
            && !names.iter().any(|known| known == name)
        {
            names.push(name.to_owned());
        }
    }

    /// How many are known, for [`Self::forget`].
    pub fn mark(&self) -> usize {
        self.0.as_ref().map_or(0, |names| names.len())
    }

    /// Forgets what came after the mark: it did not matter after all.
    pub fn forget(&mut self, mark: usize) {
        if let Some(names) = &mut self.0 {
            names.truncate(mark);
        }
    }
}
