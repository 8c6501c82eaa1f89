//! Events in groups of which one answer holds: they agree in everything that could decide.

use std::collections::HashMap;
use std::net::IpAddr;

use super::bounds::Library;
use super::interest::{self, Interest};
use crate::catalog::calls::{self, Call};
use crate::model::log::{EventRow, Family, Field, Key};
use crate::model::{AccountId, ActorKind, EventId, EventLog};

/// A kind of call: CloudTrail's words and IAM's.
#[derive(Clone, Debug)]
pub struct CallKind {
    pub source: u32,
    pub name: u32,
    pub call: Call,
    pub interest: Interest,
}

/// What kind of credentials signed a call (reference_identifiers, "Understanding unique ID prefixes").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Credentials {
    /// `AKIA...`
    LongTerm,
    /// `ASIA...`
    Temporary,
    #[default]
    Unknown,
}

/// Who called, as far as it could decide. Numbers are words of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Who {
    pub kind: ActorKind,
    pub key: u32,
    pub account: u32,
    pub invoked_by: u32,
    /// Of those with a token of a provider: the name in it.
    pub name: u32,
    pub session: u32,
    pub credentials: Credentials,
    pub mfa: bool,
}

/// What the resources of an event say of their owner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Owner {
    /// This account, or the event does not say.
    #[default]
    Own,
    Other,
}

/// Everything that decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Combination {
    /// A number of [`Groups::calls`].
    pub call: u32,
    pub who: u32,
    pub region: u32,
    pub ip: u32,
    pub agent: u32,
    pub resources: u32,
    pub owner: Owner,
    /// False: the record is of another account's log.
    pub here: bool,
}

/// A combination, and how many events have it.
#[derive(Clone, Debug)]
pub struct Group {
    pub of: Combination,
    pub events: u64,
    /// Of these, how many failed.
    pub failed: u64,
}

#[derive(Debug, Default)]
pub struct Groups {
    pub calls: Vec<CallKind>,
    pub whos: Vec<Who>,
    pub all: Vec<Group>,
    /// By the event's number; [`NONE`]: it is not shown.
    pub of_row: Vec<u32>,
}

pub const NONE: u32 = u32::MAX;

/// Values by number, each once.
fn intern<T: Copy + Eq + std::hash::Hash>(table: &mut HashMap<T, u32>, all: &mut Vec<T>, value: T) -> u32 {
    *table.entry(value).or_insert_with(|| {
        all.push(value);
        u32::try_from(all.len() - 1).unwrap_or(NONE)
    })
}

impl Groups {
    /// `rows`: the events that are shown.
    pub fn of(log: &EventLog, rows: &[u32], library: &Library, own: Option<&AccountId>) -> Self {
        let mut making = Making::new(log, library, own);
        let mut groups = Self { of_row: vec![NONE; log.rows()], ..Self::default() };
        let mut numbers: hashbrown::HashMap<Combination, u32> = hashbrown::HashMap::default();
        for &row in rows {
            let event = log.get(EventId(row));
            let of = making.combination(event, &mut groups);
            let number = *numbers.entry(of).or_insert_with(|| {
                groups.all.push(Group { of, events: 0, failed: 0 });
                u32::try_from(groups.all.len() - 1).unwrap_or(NONE)
            });
            let group = &mut groups.all[number as usize];
            group.events += 1;
            group.failed += u64::from(making.failed[event.key(Key::Deed) as usize]);
            groups.of_row[row as usize] = number;
        }
        groups
    }
}

/// What each number of the log comes to, worked out when it is first seen.
struct Making<'a> {
    log: &'a EventLog,
    library: &'a Library,
    own: Option<&'a AccountId>,
    /// By deed.
    call_of: Vec<u32>,
    failed: Vec<bool>,
    call_numbers: HashMap<(u32, u32), u32>,
    /// By actor, with and without the session.
    who_of: Vec<[u32; 2]>,
    who_numbers: HashMap<Who, u32>,
    /// By place of the log.
    here: Vec<bool>,
    /// By word of resources.
    owner: Vec<Option<Owner>>,
}

impl<'a> Making<'a> {
    fn new(log: &'a EventLog, library: &'a Library, own: Option<&'a AccountId>) -> Self {
        let words = log.words(Family::Place);
        let here = |place: u32| {
            let recipient = words.get(log.word_of(Field::Recipient, place));
            recipient.is_empty() || own.is_none_or(|own| own.as_str() == recipient)
        };
        let numbers = |key: Key| 0..u32::try_from(log.key_count(key)).unwrap_or(NONE);
        Self {
            log,
            library,
            own,
            call_of: vec![NONE; log.key_count(Key::Deed)],
            failed: numbers(Key::Deed).map(|deed| log.word_of(Field::Error, deed) != 0).collect(),
            call_numbers: HashMap::new(),
            who_of: vec![[NONE; 2]; log.key_count(Key::Actor)],
            who_numbers: HashMap::new(),
            here: numbers(Key::Place).map(here).collect(),
            owner: vec![None; log.key_count(Key::Resources)],
        }
    }

    fn combination(&mut self, event: EventRow<'_>, groups: &mut Groups) -> Combination {
        let call = self.call(event, groups);
        let interest = groups.calls[call as usize].interest;
        let if_asked = |asked: bool, field: Field| if asked { event.word_id(field) } else { 0 };
        Combination {
            call,
            who: self.who(event, interest.session, groups),
            region: if_asked(interest.region, Field::Region),
            ip: if_asked(interest.ip, Field::Ip),
            agent: if_asked(interest.agent, Field::Agent),
            resources: if_asked(interest.resources, Field::Resources),
            owner: if interest.owner { self.owner(event) } else { Owner::Own },
            here: self.here[event.key(Key::Place) as usize],
        }
    }

    fn call(&mut self, event: EventRow<'_>, groups: &mut Groups) -> u32 {
        let known = &mut self.call_of[event.key(Key::Deed) as usize];
        if *known == NONE {
            let (source, name) = (event.word_id(Field::Source), event.word_id(Field::Name));
            *known = *self.call_numbers.entry((source, name)).or_insert_with(|| {
                let call = calls::call(event.word(Field::Source), event.word(Field::Name));
                let interest = match call {
                    Call::Action(action) => interest::of_action(self.library, Some(action)),
                    Call::Unknown => interest::of_action(self.library, None),
                    Call::SignIn => Interest::default(),
                };
                groups.calls.push(CallKind { source, name, call, interest });
                u32::try_from(groups.calls.len() - 1).unwrap_or(NONE)
            });
        }
        *known
    }

    fn who(&mut self, event: EventRow<'_>, session: bool, groups: &mut Groups) -> u32 {
        let known = &mut self.who_of[event.key(Key::Actor) as usize][usize::from(session)];
        if *known == NONE {
            let kind = event.actor_kind();
            let key = event.word(Field::AccessKey);
            let credentials = match key.get(..4) {
                Some("AKIA") => Credentials::LongTerm,
                Some("ASIA") => Credentials::Temporary,
                _ => Credentials::Unknown,
            };
            let by_token = matches!(kind, ActorKind::WebIdentityUser | ActorKind::SamlUser);
            let session = session || kind == ActorKind::FederatedUser;
            let who = Who {
                kind,
                key: event.word_id(Field::ActorKey),
                account: event.word_id(Field::Account),
                invoked_by: event.word_id(Field::InvokedBy),
                name: if by_token { event.word_id(Field::ActorName) } else { 0 },
                session: if session { event.word_id(Field::Session) } else { 0 },
                credentials,
                mfa: event.mfa(),
            };
            *known = intern(&mut self.who_numbers, &mut groups.whos, who);
        }
        *known
    }

    fn owner(&mut self, event: EventRow<'_>) -> Owner {
        let (log, own) = (self.log, self.own);
        let word = event.word_id(Field::Resources);
        *self.owner[word as usize].get_or_insert_with(|| owner(log.words(Family::Resources).get(word), own))
    }
}

/// Every resource whose ARN names an account names another one.
fn owner(resources: &str, own: Option<&AccountId>) -> Owner {
    let account = |arn: &str| arn.split(':').nth(4).filter(|account| !account.is_empty()).map(str::to_owned);
    let mut named = resources.split(' ').filter_map(account).peekable();
    let others = named.peek().is_some() && named.all(|account| own.is_some_and(|own| *own.as_str() != *account));
    if others { Owner::Other } else { Owner::Own }
}

/// An address that a request came from; none: a service's name, or nothing.
pub fn address(ip: &str) -> Option<IpAddr> {
    ip.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_is_another_only_if_all_resources_are_anothers() {
        let own = AccountId::new("111111111111");
        for (resources, wanted) in [
            ("", Owner::Own),
            ("arn:aws:s3:::bucket", Owner::Own),
            ("arn:aws:iam::111111111111:role/x", Owner::Own),
            ("arn:aws:iam::222222222222:role/x", Owner::Other),
            ("arn:aws:iam::222222222222:role/x arn:aws:kms:eu-west-1:111111111111:key/1", Owner::Own),
            ("name arn:aws:s3:::bucket arn:aws:iam::222222222222:role/x", Owner::Other),
        ] {
            assert_eq!(owner(resources, Some(&own)), wanted, "{resources}");
        }
    }
}
