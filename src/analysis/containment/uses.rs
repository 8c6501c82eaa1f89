//! Who else uses what a step takes away: sums over the events of the period.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;

use crate::analysis::Assessment;
use crate::analysis::activity::Deeds;
use crate::analysis::principals::PrincipalRow;
use crate::model::event::principal_key;
use crate::model::log::{EventRow, Field};
use crate::model::{Arn, Text};

/// Where the evidence for a use is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// Events of an actor, by its key.
    Actor(Text),
    /// Events of one session name of an actor.
    Session { actor: Text, session: Text },
    /// Events with an access key.
    AccessKey(Text),
    /// Events of a person of Identity Center, by their user name.
    Person(Text),
    /// A principal, by its key.
    Principal(Text),
    /// A resident, by its key.
    Resident(Text),
}

/// Sums over events. Zeros are not known, or do not apply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub events: u64,
    /// Distinct session names; for users and root, distinct temporary access keys.
    pub sessions: usize,
    /// Distinct source addresses.
    pub addresses: usize,
    pub last: Option<Timestamp>,
}

impl From<Deeds> for Tally {
    fn from(deeds: Deeds) -> Self {
        Self { events: deeds.events, last: deeds.last, ..Self::default() }
    }
}

/// Somebody or something that a step would take something from.
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    pub who: String,
    pub tally: Tally,
    pub link: Option<Link>,
}

impl Use {
    pub fn new(who: impl Into<String>, tally: Tally, link: Option<Link>) -> Self {
        Self { who: who.into(), tally, link }
    }
}

#[derive(Debug, Default)]
struct Count {
    events: u64,
    sessions: HashSet<u32>,
    addresses: HashSet<u32>,
    last: Option<Timestamp>,
}

impl Count {
    fn add(&mut self, event: EventRow<'_>) {
        self.events += 1;
        let key = event.word(Field::AccessKey);
        if !event.word(Field::Session).is_empty() {
            self.sessions.insert(event.word_id(Field::Session));
        } else if key.starts_with("ASIA") {
            self.sessions.insert(event.word_id(Field::AccessKey));
        }
        if !event.word(Field::Ip).is_empty() {
            self.addresses.insert(event.word_id(Field::Ip));
        }
        self.last = self.last.max(event.time());
    }

    fn tally(&self) -> Tally {
        Tally { events: self.events, sessions: self.sessions.len(), addresses: self.addresses.len(), last: self.last }
    }
}

/// What the events say of some actors, in one pass.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    actors: HashMap<Text, Count>,
    /// By actor and session name.
    sessions: BTreeMap<(Text, Text), Count>,
    /// By actor and access key.
    keys: BTreeMap<(Text, Text), Count>,
    /// Roles that an actor took on: actor, session name, key of the role.
    taken: BTreeSet<(Text, Text, Text)>,
    /// By role and by who took it on.
    callers: BTreeMap<(Text, Text), Count>,
}

/// How many single sessions are named; the rest is one line.
const NAMED: usize = 5;

impl Ledger {
    /// `actors`: the keys of the principals that matter.
    pub fn of(a: &Assessment, actors: &HashSet<Text>) -> Self {
        let log = &a.facts.events;
        let mut ledger = Self::default();
        let mut mine: HashMap<u32, bool> = HashMap::new();
        let mut enters: HashMap<u32, bool> = HashMap::new();
        let mut sums: HashMap<(u32, u32, u32), Count> = HashMap::new();
        let mut words: HashMap<(u32, u32, u32), EventRow<'_>> = HashMap::new();
        for event in a.activity.events(log) {
            let actor = event.word_id(Field::ActorKey);
            let is_mine = *mine.entry(actor).or_insert_with(|| actors.contains(event.word(Field::ActorKey)));
            if is_mine {
                let place = (actor, event.word_id(Field::Session), event.word_id(Field::AccessKey));
                sums.entry(place).or_default().add(event);
                words.entry(place).or_insert(event);
            }
            let name = event.word_id(Field::Name);
            if *enters.entry(name).or_insert_with(|| event.word(Field::Name).starts_with("AssumeRole"))
                && event.word(Field::Error).is_empty()
            {
                ledger.enter(event, is_mine, actors);
            }
        }
        for (place, count) in sums {
            let event = words[&place];
            let (actor, session) = (event.word(Field::ActorKey), event.word(Field::Session));
            merge(ledger.actors.entry(actor.into()).or_default(), &count);
            if !session.is_empty() {
                merge(ledger.sessions.entry((actor.into(), session.into())).or_default(), &count);
            }
            let key = event.word(Field::AccessKey);
            if !key.is_empty() {
                merge(ledger.keys.entry((actor.into(), key.into())).or_default(), &count);
            }
        }
        ledger
    }

    /// A call that gave out credentials of a role.
    fn enter(&mut self, event: EventRow<'_>, is_mine: bool, actors: &HashSet<Text>) {
        for arn in event.word(Field::Resources).split(' ') {
            let arn = Arn::new(arn);
            if arn.service() != "iam" || !arn.resource().starts_with("role/") {
                continue;
            }
            let role = principal_key(arn.as_str());
            let actor = event.word(Field::ActorKey);
            if actors.contains(&role) {
                self.callers.entry((role.clone(), actor.into())).or_default().add(event);
            }
            if is_mine {
                self.taken.insert((actor.into(), event.text(Field::Session), role));
            }
        }
    }

    pub fn actor(&self, key: &str) -> Tally {
        self.actors.get(key).map(Count::tally).unwrap_or_default()
    }

    /// Access keys with which an actor signed, and how often.
    pub fn keys_of<'l>(&'l self, actor: &'l str) -> impl Iterator<Item = (&'l Text, Tally)> + 'l {
        self.keys.iter().filter(move |((who, _), _)| *who == *actor).map(|((_, key), count)| (key, count.tally()))
    }

    /// What an actor did with temporary credentials of its own: in the console, or by GetSessionToken.
    pub fn temporary(&self, actor: &str) -> Tally {
        let mut sum = Count::default();
        for ((who, key), count) in &self.keys {
            if *who == *actor && key.starts_with("ASIA") {
                merge(&mut sum, count);
            }
        }
        sum.tally()
    }

    /// What was done as these actors in sessions of a name.
    pub fn session(&self, actors: &[Text], name: &str) -> Tally {
        let mut sum = Count::default();
        for ((actor, session), count) in &self.sessions {
            if *session == *name && actors.contains(actor) {
                merge(&mut sum, count);
            }
        }
        Tally { sessions: 0, ..sum.tally() }
    }

    /// The roles that an actor took on; in sessions of some names, if any are given.
    pub fn taken(&self, actors: &[Text], sessions: &[Text]) -> BTreeSet<Text> {
        let of = |(actor, name, _): &&(Text, Text, Text)| {
            actors.contains(actor) && (sessions.is_empty() || sessions.contains(name))
        };
        self.taken.iter().filter(of).map(|(_, _, role)| role.clone()).collect()
    }

    /// Who took a role on, the most frequent first. `who`: whether a caller, by its key, counts.
    pub fn callers(&self, a: &Assessment, role: &PrincipalRow, who: &dyn Fn(&str) -> bool) -> Vec<Use> {
        let mut callers: Vec<(&Text, Tally)> = self
            .callers
            .iter()
            .filter(|((into, actor), _)| *into == role.key && who(actor))
            .map(|((_, actor), count)| (actor, count.tally()))
            .collect();
        callers.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.events));
        let one = |(actor, tally): (&Text, Tally)| {
            let known = a.principals.iter().any(|row| row.key == *actor);
            let link = if known { Link::Principal(actor.clone()) } else { Link::Actor(actor.clone()) };
            let name = if actor.is_empty() { "somebody unnamed" } else { short(actor) };
            Use::new(format!("{name} takes {} on", role.name), tally, Some(link))
        };
        let more = callers.len().saturating_sub(NAMED);
        let mut uses: Vec<Use> = callers.into_iter().take(NAMED).map(one).collect();
        if more > 0 {
            uses.push(Use::new(format!("{more} more who take {} on", role.name), Tally::default(), None));
        }
        uses
    }

    /// Everything done as an actor, and its busiest sessions.
    pub fn uses(&self, actor: &Text, name: &str) -> Vec<Use> {
        let all = self.actor(actor);
        if all.events == 0 {
            return Vec::new();
        }
        let mut uses = vec![Use::new(format!("all that is done as {name}"), all, Some(Link::Actor(actor.clone())))];
        let mut sessions: Vec<(&Text, Tally)> = self
            .sessions
            .iter()
            .filter(|((who, _), _)| who == actor)
            .map(|((_, session), count)| (session, count.tally()))
            .collect();
        if sessions.len() < 2 {
            return uses;
        }
        sessions.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.events));
        uses.extend(sessions.iter().take(NAMED).map(|(session, tally)| {
            let link = Link::Session { actor: actor.clone(), session: (*session).clone() };
            Use::new(format!("session {session}"), Tally { sessions: 0, ..*tally }, Some(link))
        }));
        if sessions.len() > NAMED {
            uses.push(Use::new(format!("{} more sessions", sessions.len() - NAMED), Tally::default(), None));
        }
        uses
    }
}

fn merge(into: &mut Count, count: &Count) {
    into.events += count.events;
    into.sessions.extend(&count.sessions);
    into.addresses.extend(&count.addresses);
    into.last = into.last.max(count.last);
}

/// An ARN's end, or what stands there.
pub(super) fn short(key: &str) -> &str {
    match key.splitn(6, ':').nth(5) {
        Some(resource) if key.starts_with("arn:") => resource,
        _ => key,
    }
}
