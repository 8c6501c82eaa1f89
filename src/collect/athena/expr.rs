//! What is wanted of a log, without the language it was typed in: an expression over claims about one event.

use jiff::Timestamp;

use crate::model::ActorKind;

/// What is wanted.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// All of these; none at all is met by everything.
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Is(Claim),
}

impl Expr {
    pub fn everything() -> Self {
        Self::All(Vec::new())
    }
}

/// One claim, and the words in which the user made it.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    pub words: String,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// SQL cannot decide it at all.
    Local,
    Text(Field, Test),
    /// The text in some field of the event.
    Anywhere(Test),
    Kind(Vec<ActorKind>),
    /// `None`: the record does not say.
    ReadOnly(Vec<Option<bool>>),
    Mfa,
    Console,
    /// At this time or later.
    From(Timestamp),
    /// At this time or earlier.
    To(Timestamp),
    /// In an IPv4 network.
    Network([u8; 4], u8),
}

/// What is looked for in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Test {
    /// Any of these is contained, without regard to case.
    Has(Vec<String>),
    /// It is exactly this.
    Is(String),
    /// A regular expression, without regard to case.
    Matches(String),
}

/// The texts of an event, named as the columns of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Event,
    Source,
    Principal,
    Person,
    Session,
    Ip,
    Region,
    Error,
    Resource,
    Agent,
    Key,
    Account,
    Arn,
    Id,
}

impl Field {
    pub const ALL: &'static [Self] = &[
        Self::Event,
        Self::Source,
        Self::Principal,
        Self::Person,
        Self::Session,
        Self::Ip,
        Self::Region,
        Self::Error,
        Self::Resource,
        Self::Agent,
        Self::Key,
        Self::Account,
        Self::Arn,
        Self::Id,
    ];
}
