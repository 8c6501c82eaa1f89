//! What was done: the events in order, and how often and when last each principal acted.

pub mod bursts;
pub mod first;
pub mod meaning;
pub mod raised;

use std::collections::HashMap;

use jiff::Timestamp;
use rayon::prelude::*;

use crate::model::log::{EventRow, Field, part};
use crate::model::{EventId, EventLog, Facts, Text};

use super::Lens;
use bursts::Bursts;
use meaning::{Class, Trend};
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
    /// By event number, its [`Class`].
    pub classes: Vec<u8>,
    /// By event number, what was new: see [`first`].
    pub first: Vec<u8>,
    /// Who else could have made the writes, over the period.
    pub trend: Trend,
    /// By [`Mark`], an event for each number.
    samples: [Vec<Option<u32>>; 3],
    pub earliest: Option<Timestamp>,
    pub latest: Option<Timestamp>,
}

/// What is known of every event beside its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Rules,
    Class,
    First,
}

/// Numbers by event, and how many different ones there are.
#[derive(Clone, Copy, Debug)]
pub enum Marks<'a> {
    Sets(&'a [u32], usize),
    Few(&'a [u8], usize),
}

impl Marks<'_> {
    /// Different numbers.
    pub fn count(self) -> usize {
        let (Self::Sets(_, count) | Self::Few(_, count)) = self;
        count.max(1)
    }

    /// 0 where nothing is known.
    pub fn get(self, row: u32) -> u32 {
        match self {
            Self::Sets(marks, _) => marks.get(row as usize).copied().unwrap_or(0),
            Self::Few(marks, _) => marks.get(row as usize).map_or(0, |&mark| u32::from(mark)),
        }
    }

    fn first(self, rows: usize) -> Vec<Option<u32>> {
        let mut first = vec![None; self.count()];
        for row in 0..u32::try_from(rows).unwrap_or(u32::MAX) {
            first[self.get(row) as usize].get_or_insert(row);
        }
        first
    }
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
    activity.classes = meaning::classes(log);
    let second = |time: Option<Timestamp>| part::seconds(time);
    let span = (second(activity.earliest), second(activity.latest));
    activity.trend = Trend::of(log, &activity.order, &activity.classes, span);
    activity.first = first::seen(log, activity.order.iter().rev().copied());
    activity.raised = RuleSets::of(log, &activity.bursts);
    activity.samples = [Mark::Rules, Mark::Class, Mark::First].map(|mark| activity.marks(mark).first(log.rows()));
    activity.by_actor = deeds.into_values().map(|(sum, id)| (log.get(id).text(Field::ActorKey), sum)).collect();
    activity
}

impl Activity {
    /// The events that are shown, newest first.
    pub fn events<'a>(&'a self, log: &'a EventLog) -> impl Iterator<Item = EventRow<'a>> {
        self.order.iter().map(|&id| log.get(EventId(id)))
    }

    pub fn class(&self, row: u32) -> Class {
        self.classes.get(row as usize).and_then(|&class| Class::ALL.get(class as usize)).copied().unwrap_or_default()
    }

    /// For each number of a mark an event that has it; none where none does.
    pub fn samples(&self, mark: Mark) -> &[Option<u32>] {
        &self.samples[mark as usize]
    }

    /// Something that an assessment knows of every event, as numbers: equal numbers, equal cells.
    pub fn marks(&self, mark: Mark) -> Marks<'_> {
        match mark {
            Mark::Rules => Marks::Sets(&self.raised.of_row, self.raised.all.len()),
            Mark::Class => Marks::Few(&self.classes, Class::ALL.len()),
            Mark::First => Marks::Few(&self.first, first::MARKS),
        }
    }

    pub fn of(&self, key: &str) -> Deeds {
        self.by_actor.get(key).copied().unwrap_or_default()
    }
}
