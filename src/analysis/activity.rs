//! What was done: the events in order, and how often and when last each principal acted.

pub mod bursts;
pub mod raised;

use std::collections::HashMap;

use jiff::Timestamp;
use rayon::prelude::*;

use crate::model::log::{EventRow, Field};
use crate::model::{EventId, EventLog, Facts, Text};

use super::Lens;
use bursts::Bursts;
use raised::RuleSets;

/// What a principal did in the period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deeds {
    pub events: u64,
    pub writes: u64,
    pub errors: u64,
    pub last: Option<Timestamp>,
}

/// The events that are shown, newest first, and sums over them.
#[derive(Clone, Debug, Default)]
pub struct Activity {
    pub order: Vec<u32>,
    /// mgmtscope's own calls, left out of `order` when the lens says so.
    pub own: usize,
    pub by_actor: HashMap<Text, Deeds>,
    pub bursts: Bursts,
    pub raised: RuleSets,
    pub earliest: Option<Timestamp>,
    pub latest: Option<Timestamp>,
}

pub fn assess(facts: &Facts, lens: Lens) -> Activity {
    let log = &facts.events;
    let mut activity = Activity::default();
    // Sums go by the words' numbers first: one hash of a number an event, not of a string.
    let mut deeds: HashMap<u32, (Deeds, EventId)> = HashMap::new();
    for event in log.iter() {
        if event.is_own() {
            activity.own += 1;
            if lens.hide_own {
                continue;
            }
        }
        activity.order.push(event.id().0);
        let (sum, _) = deeds.entry(event.word_id(Field::ActorKey)).or_insert((Deeds::default(), event.id()));
        sum.events += 1;
        sum.writes += u64::from(event.read_only() == Some(false));
        sum.errors += u64::from(!event.word(Field::Error).is_empty());
        let time = event.time();
        sum.last = sum.last.max(time);
        activity.latest = activity.latest.max(time);
        activity.earliest = match (activity.earliest, time) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    // Newest first; of the same moment, the later arrival first, so that the order is total.
    let mut keyed: Vec<(u32, u32)> = (activity.order.iter()).map(|&id| (log.get(EventId(id)).seconds(), id)).collect();
    keyed.par_sort_unstable_by(|a, b| b.cmp(a));
    activity.order = keyed.into_iter().map(|(_, id)| id).collect();
    activity.bursts = bursts::find(log, activity.order.iter().rev().copied());
    activity.raised = RuleSets::of(log, &activity.bursts);
    activity.by_actor = deeds.into_values().map(|(sum, id)| (log.get(id).text(Field::ActorKey), sum)).collect();
    activity
}

impl Activity {
    /// The events that are shown, newest first.
    pub fn events<'a>(&'a self, log: &'a EventLog) -> impl Iterator<Item = EventRow<'a>> {
        self.order.iter().map(|&id| log.get(EventId(id)))
    }

    pub fn of(&self, key: &str) -> Deeds {
        self.by_actor.get(key).copied().unwrap_or_default()
    }
}
