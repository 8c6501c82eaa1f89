//! What many events have in common, stored once: an event names a deed, an actor and a place by number, and these name
//! their words.

use hashbrown::HashTable;

use super::column::Column;
use super::hash;
use crate::model::ActorKind;

/// The columns of an event that hold a number by which rows can be told apart, filtered and grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(usize)]
pub enum Key {
    /// What was called and how it ended.
    Deed,
    /// Who, with which session and credentials.
    Actor,
    /// Where, and in whose log.
    Place,
    Ip,
    Agent,
    Resources,
    Rules,
}

pub(super) const KEYS: usize = 7;

impl Key {
    pub const ALL: [Self; KEYS] =
        [Self::Deed, Self::Actor, Self::Place, Self::Ip, Self::Agent, Self::Resources, Self::Rules];
}

/// The dictionaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Family {
    Deed,
    Actor,
    Place,
    Ip,
    Agent,
    Resources,
    Rules,
    /// Event ids that are no UUIDs.
    Id,
}

pub(super) const FAMILIES: usize = 8;

/// The words of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Name,
    Source,
    Error,
    Region,
    Recipient,
    ActorKey,
    ActorName,
    Session,
    AccessKey,
    Account,
    /// The service that called on the actor's behalf (`userIdentity.invokedBy`).
    InvokedBy,
    Ip,
    Agent,
    /// The resources, joined by blanks.
    Resources,
    /// Ids of the rules that the record raises, joined by blanks.
    Rules,
}

impl Field {
    /// The column that decides it.
    pub fn key(self) -> Key {
        match self {
            Self::Name | Self::Source | Self::Error => Key::Deed,
            Self::Region | Self::Recipient => Key::Place,
            Self::ActorKey | Self::ActorName | Self::Session | Self::AccessKey | Self::Account | Self::InvokedBy => {
                Key::Actor
            }
            Self::Ip => Key::Ip,
            Self::Agent => Key::Agent,
            Self::Resources => Key::Resources,
            Self::Rules => Key::Rules,
        }
    }

    pub fn family(self) -> Family {
        match self.key() {
            Key::Deed => Family::Deed,
            Key::Actor => Family::Actor,
            Key::Place => Family::Place,
            Key::Ip => Family::Ip,
            Key::Agent => Family::Agent,
            Key::Resources => Family::Resources,
            Key::Rules => Family::Rules,
        }
    }
}

/// A call and its end; numbers are words of [`Family::Deed`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Deed {
    pub source: u32,
    pub name: u32,
    pub error: u32,
    pub read_only: Option<bool>,
}

/// Numbers are words of [`Family::Actor`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Who {
    pub key: u32,
    pub name: u32,
    pub session: u32,
    pub access_key: u32,
    pub account: u32,
    pub invoked_by: u32,
    pub kind: ActorKind,
    pub mfa: bool,
}

/// Numbers are words of [`Family::Place`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub region: u32,
    pub recipient: u32,
}

/// Values by number, each once.
#[derive(Clone, Debug)]
pub(super) struct Table<T> {
    pub values: Column<T>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { values: Column::default() }
    }
}

impl<T: Copy + Eq + std::hash::Hash> Table<T> {
    pub fn intern(&mut self, index: &mut HashTable<u32>, value: T) -> u32 {
        let hashed = hash(value);
        if let Some(&id) = index.find(hashed, |&id| self.values.get(id as usize) == value) {
            return id;
        }
        // More than four thousand million different values do not fit in memory in the first place.
        let id = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        self.values.push(value);
        index.insert_unique(hashed, id, |&id| hash(self.values.get(id as usize)));
        id
    }

    pub fn index(&self) -> HashTable<u32> {
        let mut index = HashTable::with_capacity(self.values.len());
        for (id, value) in (0u32..).zip(self.values.iter()) {
            index.insert_unique(hash(value), id, |&id| hash(self.values.get(id as usize)));
        }
        index
    }
}
