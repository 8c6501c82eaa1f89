//! What comes in: deliveries of runs, assessments, and when the next assessment is due.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{App, Effect, Run};
use crate::analysis::Assessment;
use crate::collect::{Delivery, RunId};
use crate::model::{Ask, Batch, Facts, Status};
use crate::panes::Tone;

/// The least time between two assessments while rows stream in.
const DEBOUNCE: SignedDuration = SignedDuration::from_millis(100);

impl App {
    /// Orders a reading. A refresh of something already known is kept apart until it is whole.
    pub(super) fn begin_run(&mut self, asks: BTreeSet<Ask>) -> Effect {
        let id = RunId(self.next_run);
        self.next_run += 1;
        let fresh = (id.0 > 0).then(Box::<Facts>::default);
        self.runs.push(Run { id, asks: asks.clone(), fresh });
        self.touch();
        Effect::Run(id, asks)
    }

    pub(super) fn deliver(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Batch(id, batch) => {
                let Some(run) = self.runs.iter_mut().find(|run| run.id == id) else { return };
                let mut whole = None;
                if let Some(fresh) = &mut run.fresh
                    && !matches!(*batch, Batch::Events(_))
                {
                    fresh.apply((*batch).clone());
                    if let Batch::Reading(cell, _) = &*batch
                        && matches!(fresh.coverage.status(cell.ask), Status::Complete | Status::NotApplicable)
                    {
                        whole = Some((cell.ask, fresh.clone()));
                    }
                }
                self.facts.apply(*batch);
                // Read to the end: what the answer no longer holds is gone from the account.
                if let Some((ask, fresh)) = whole {
                    self.facts.adopt(ask, &fresh);
                }
                self.version += 1;
            }
            Delivery::Ended(id) => {
                self.runs.retain(|run| run.id != id);
                self.version += 1;
                self.touch();
                self.ended = self.runs.is_empty();
            }
        }
    }

    /// What a reading has left out, once the panes show all that it brought.
    fn tell_end(&mut self) {
        if !std::mem::take(&mut self.ended) {
            return;
        }
        let gaps = self.facts.coverage.gaps().count();
        if gaps > 0 {
            let cause = self.first_cause();
            self.say(format!("{gaps} gaps (6 shows them): {cause}"), Tone::Warn);
        }
    }

    /// The gap that matters most: expired credentials before all else.
    fn first_cause(&self) -> String {
        let gaps: Vec<_> = self.facts.coverage.gaps().collect();
        let credentials = gaps.iter().find(|(_, gap)| gap.cause == crate::model::Cause::Credentials);
        credentials.or(gaps.first()).map(|(_, gap)| gap.brief()).unwrap_or_default()
    }

    pub(super) fn take_assessment(&mut self, version: u64, assessment: Arc<Assessment>) {
        if version < self.assessed {
            self.assessing = None;
            return;
        }
        // While policies are evaluated, a second answer comes.
        if !assessment.evaluating {
            self.assessing = None;
            self.assessed = version;
        }
        self.a = assessment;
        for list in &mut self.lists {
            list.stale = true;
        }
        self.touch();
        if self.assessed == self.version {
            self.tell_end();
        }
    }

    pub(super) fn assess_if_due(&mut self) -> Option<Effect> {
        if self.assessing.is_some() || self.assessed == self.version {
            return None;
        }
        if self.last_assess.is_some_and(|last| self.now.duration_since(last).abs() < DEBOUNCE) {
            return None;
        }
        self.last_assess = Some(self.now);
        self.assessing = Some(self.version);
        let (version, as_of, lens) = (self.version, self.as_of(), self.lens);
        Some(Effect::Assess { version, facts: Box::new(self.facts.clone()), as_of, lens })
    }

    /// When the loop must wake though nothing has happened: none while nothing is pending.
    pub fn wake(&self) -> Option<Timestamp> {
        if self.assessing.is_some() || self.assessed == self.version {
            return None;
        }
        Some(self.last_assess.map_or(self.now, |last| last.saturating_add(DEBOUNCE).unwrap_or(self.now)))
    }

    /// Nothing runs and the screen shows all that came: for tests, and for the headless driver.
    pub fn is_idle(&self) -> bool {
        self.runs.is_empty() && self.assessing.is_none() && self.assessed == self.version
    }
}
