//! Whether an event needed the management account: by its call, and by who made it.

use crate::catalog::calls;
use crate::catalog::management_only::{self, Needs};
use crate::model::log::{EventLog, EventRow, Field, Key};
use crate::model::{ActorKind, EventId};

/// Who else could have made the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Class {
    /// Nobody: only the management account can.
    Management,
    /// A delegated administrator.
    Delegate,
    /// It depends on the request.
    Conditional,
    /// No rule says so, but it is done from the management account.
    Convention,
    /// Any account, for itself.
    Any,
    /// An AWS service made it, for itself or for somebody.
    Background,
    /// The call is in no list.
    #[default]
    Unclassified,
}

impl Class {
    pub const ALL: [Self; 7] = [
        Self::Management,
        Self::Delegate,
        Self::Conditional,
        Self::Convention,
        Self::Any,
        Self::Background,
        Self::Unclassified,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Management => "management",
            Self::Delegate => "delegate",
            Self::Conditional => "conditional",
            Self::Convention => "convention",
            Self::Any => "any",
            Self::Background => "background",
            Self::Unclassified => "unclassified",
        }
    }

    /// In a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::Management => "only the management account can do this",
            Self::Delegate => "a delegated administrator could do this",
            Self::Conditional => "depends on the request",
            Self::Convention => "done from the management account by convention",
            Self::Any => "any account can do this for itself",
            Self::Background => "an AWS service did this, not a person or a workload",
            Self::Unclassified => "in no list of AWS's actions: cannot be told",
        }
    }

    fn of_call(source: &str, name: &str) -> Self {
        match management_only::operation(source, name).map(|known| known.needs) {
            Some(Needs::Management) => Self::Management,
            Some(Needs::Delegate) => Self::Delegate,
            Some(Needs::Conditional) => Self::Conditional,
            Some(Needs::Convention) => Self::Convention,
            Some(Needs::Any) => Self::Any,
            // Whoever can sign in anywhere can do it there.
            None if source == "signin.amazonaws.com" || calls::action(source, name).is_some() => Self::Any,
            None => Self::Unclassified,
        }
    }
}

/// Whether a service acts: by its own principal, through a role linked to it, or on somebody's behalf. What the console
/// does for somebody is that somebody's.
pub fn is_background(event: EventRow<'_>) -> bool {
    let behalf = event.word(Field::InvokedBy);
    event.actor_kind() == ActorKind::AwsService
        || (!behalf.is_empty() && behalf != "signin.amazonaws.com")
        || event.word(Field::ActorName).starts_with("AWSServiceRoleFor")
}

/// The class of every event, by number.
pub fn classes(log: &EventLog) -> Vec<u8> {
    let mut calls: Vec<Option<Class>> = vec![None; log.key_count(Key::Deed)];
    let mut actors: Vec<Option<bool>> = vec![None; log.key_count(Key::Actor)];
    let mut classes = Vec::with_capacity(log.rows());
    for piece in log.pieces() {
        let keys = piece.keys[Key::Deed as usize].iter().zip(piece.keys[Key::Actor as usize]);
        for (row, (&deed, &actor)) in (piece.first..).zip(keys) {
            let event = || log.get(EventId(row));
            let background = *actors[actor as usize].get_or_insert_with(|| is_background(event()));
            let of_call = *calls[deed as usize]
                .get_or_insert_with(|| Class::of_call(event().word(Field::Source), event().word(Field::Name)));
            classes.push(if background { Class::Background } else { of_call } as u8);
        }
    }
    classes
}
