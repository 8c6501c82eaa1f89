//! A replay by call: what each kind of call would have met, how often, by whom, and why.

use std::collections::{BTreeMap, BTreeSet};

use super::{Elsewhere, Outcome, Replay};
use crate::catalog::calls::Call;
use crate::model::log::Family;
use crate::model::{Facts, Text};

/// Calls of one kind with one outcome for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRow {
    pub outcome: Outcome,
    /// `iam:CreateUser`; empty where IAM knows no such action.
    pub action: String,
    /// CloudTrail's words.
    pub event: Text,
    pub source: Text,
    pub events: u64,
    /// Of these, how many failed.
    pub failed: u64,
    /// How many callers.
    pub principals: usize,
    /// By which policies, or without what it cannot be told.
    pub why: String,
}

impl CallRow {
    /// IAM's word, or else CloudTrail's.
    pub fn action_or_event(&self) -> String {
        if self.action.is_empty() { format!("{} of {}", self.event, self.source) } else { self.action.clone() }
    }
}

impl Replay {
    /// By call, what is denied first, then what is most frequent. `only`: the events that count, by their number; none: all
    /// that are shown.
    pub fn calls(&self, all: &Elsewhere, facts: &Facts, only: Option<&[u32]>) -> Vec<CallRow> {
        let log = &facts.events;
        let mut counts: Vec<(u64, u64)> = all.groups.all.iter().map(|group| (group.events, group.failed)).collect();
        if let Some(only) = only {
            counts.fill((0, 0));
            for &row in only {
                let Some(&group) = all.groups.of_row.get(row as usize) else { continue };
                if let Some(count) = counts.get_mut(group as usize) {
                    let failed = !log.get(crate::model::EventId(row)).is_empty(crate::model::log::Field::Error);
                    count.0 += 1;
                    count.1 += u64::from(failed);
                }
            }
        }
        let groups: Vec<usize> = (0..counts.len()).filter(|&group| counts[group].0 > 0).collect();
        let reasons = self.reasons_of(all, facts, &groups);
        let mut rows: BTreeMap<(Outcome, u32, String), (CallRow, BTreeSet<u32>)> = BTreeMap::new();
        for (&group, reasons) in groups.iter().zip(&reasons) {
            let (of, outcome) = (&all.groups.all[group].of, self.of_group(group));
            let kind = &all.groups.calls[of.call as usize];
            let why = reasons.words();
            let (row, principals) = rows.entry((outcome, of.call, why.clone())).or_insert_with(|| {
                let action = match kind.call {
                    Call::Action(action) => action.to_string(),
                    Call::SignIn | Call::Unknown => String::new(),
                };
                let word = |word: u32| Text::new(log.words(Family::Deed).get(word));
                let (event, source) = (word(kind.name), word(kind.source));
                (CallRow { outcome, action, event, source, events: 0, failed: 0, principals: 0, why }, BTreeSet::new())
            });
            row.events += counts[group].0;
            row.failed += counts[group].1;
            principals.insert(all.groups.whos[of.who as usize].key);
        }
        let finish = |(row, principals): (CallRow, BTreeSet<u32>)| CallRow { principals: principals.len(), ..row };
        let mut rows: Vec<CallRow> = rows.into_values().map(finish).collect();
        rows.sort_by(|a, b| (a.outcome, b.events, &a.event, &a.why).cmp(&(b.outcome, a.events, &b.event, &b.why)));
        rows
    }
}
