//! What comes in: deliveries of runs, assessments, and when the next assessment is due.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::command::Command;
use super::{App, Effect, Run, Why};
use crate::analysis::Assessment;
use crate::analysis::coverage::gaps;
use crate::collect::{Delivery, Held, RunId, lanes};
use crate::model::log::Field;
use crate::model::{Ask, Batch, Cause, EventId, Facts, Region, Status};
use crate::panes::Tone;

/// The least time between two assessments while rows stream in.
const DEBOUNCE: SignedDuration = SignedDuration::from_millis(100);
/// While rows stream in, assessing takes at most one part in so many of the time, however many rows there are.
const SHARE: i32 = 8;
/// But new rows are shown at least so often.
const SLOWEST: SignedDuration = SignedDuration::from_secs(5);

/// While new events are followed and nothing else is read: four frames a second at the most.
const QUIET: SignedDuration = SignedDuration::from_millis(250);

/// How the notice of a refresh ends, until it is over.
pub(super) const READING_AGAIN: &str = " sources again";

impl App {
    /// Orders a reading. A refresh of something already known is kept apart until it is whole.
    pub(super) fn begin_run(&mut self, asks: BTreeSet<Ask>) -> Effect {
        let id = RunId(self.next_run);
        self.next_run += 1;
        let fresh = (id.0 > 0).then(Box::<Facts>::default);
        let held = if asks.contains(&Ask::Events) { self.held() } else { BTreeMap::new() };
        if asks.contains(&Ask::Events) {
            // What was followed is held, and the new reading covers it.
            self.heads.clear();
            self.forget_looked_up();
        }
        self.runs.push(Run { id, why: Why::Asked, began: self.now, asks: asks.clone(), fresh });
        self.touch();
        Effect::Run(id, asks, held)
    }

    /// What a reading of events need not bring again.
    fn held(&self) -> BTreeMap<Region, Held> {
        let mut held: BTreeMap<Region, Held> = (self.facts.coverage.of_ask(Ask::Events))
            .filter_map(|(cell, reading)| {
                let (since, until) = (reading.since?, reading.until?);
                let held = Held { since, until, rows: reading.rows, recent: BTreeSet::new() };
                Some((cell.region.clone()?, held))
            })
            .collect();
        self.add_recent(&mut held);
        held
    }

    /// The ids of the newest events, by which those that come twice are known.
    pub(super) fn add_recent(&self, held: &mut BTreeMap<Region, Held>) {
        let oldest = |held: &Held| held.until.as_second() - lanes::SETTLE;
        // Most events are older than all of these: their time tells so, without a look at their words.
        let Some(first) = held.values().map(oldest).min() else { return };
        for event in self.facts.events.iter().filter(|event| i64::from(event.seconds()) >= first) {
            if let Some(held) = held.get_mut(event.word(Field::Region))
                && i64::from(event.seconds()) >= oldest(held)
            {
                held.recent.insert(event.event_id().clone());
            }
        }
    }

    /// Something is being read that the user waits for.
    pub fn is_reading(&self) -> bool {
        self.runs.iter().any(|run| run.why == Why::Asked)
    }

    pub(super) fn deliver(&mut self, delivery: Delivery) {
        match delivery {
            Delivery::Batch(id, batch) => {
                let Some(run) = self.runs.iter_mut().find(|run| run.id == id) else { return };
                match run.why {
                    Why::Following => return self.take_newer(*batch),
                    Why::LookUp => return self.take_looked_up(id, *batch),
                    Why::Asked => {}
                }
                let mut whole = None;
                if let Some(fresh) = &mut run.fresh
                    && !matches!(*batch, Batch::Events(_) | Batch::Trail(_))
                {
                    fresh.apply((*batch).clone());
                    if let Batch::Reading(cell, _) = &*batch
                        && matches!(fresh.coverage.status(cell.ask), Status::Complete | Status::NotApplicable)
                    {
                        whole = Some((cell.ask, fresh.clone()));
                    }
                }
                self.facts.apply(self.heads.stretched(*batch));
                // Read to the end: what the answer no longer holds is gone from the account.
                if let Some((ask, fresh)) = whole {
                    self.facts.adopt(ask, &fresh);
                }
                self.version += 1;
            }
            Delivery::Ended(id) => {
                // Source and worker both say it; the second time it is no news.
                let Some(at) = self.runs.iter().position(|run| run.id == id) else { return };
                let run = self.runs.remove(at);
                match run.why {
                    Why::Following => return self.end_following(&run),
                    Why::LookUp => return self.end_looked_up(id),
                    Why::Asked => {}
                }
                self.ended.extend(run.asks);
                self.version += 1;
                self.touch();
            }
        }
    }

    /// What a reading has left out, once the panes show all that it brought.
    fn tell_end(&mut self) {
        if self.ended.is_empty() || self.is_reading() {
            return;
        }
        // That they are being read is no longer true.
        self.notice.take_if(|(text, _)| text.ends_with(READING_AGAIN));
        let asks: Vec<Ask> = std::mem::take(&mut self.ended).into_iter().collect();
        let gaps = gaps(&self.facts, &asks, Status::is_gap);
        // Expired credentials matter before all else.
        let credentials = gaps.iter().find(|gap| gap.problem.cause == Cause::Credentials);
        let Some(worst) = credentials.or(gaps.first()) else { return };
        let noun = if gaps.len() == 1 { "gap" } else { "gaps" };
        let (all, again) = (self.keymap.key_of(Command::Coverage), self.keymap.key_of(Command::Refresh));
        let cause = worst.problem.brief();
        let sources = gaps.iter().map(|gap| gap.ask).collect::<BTreeSet<_>>().len();
        let sources = match sources {
            _ if gaps.len() == sources => String::new(),
            1 => " in 1 source".to_owned(),
            many => format!(" in {many} sources"),
        };
        self.say(format!("{} {noun}{sources} ({all} shows all, {again} reads again): {cause}", gaps.len()), Tone::Warn);
    }

    pub(super) fn take_progress(&mut self, version: u64, percent: u8) {
        if self.assessing == Some(version) && self.evaluated != percent {
            self.evaluated = percent;
            // Only where it is shown.
            if !self.is_reading() && self.a.evaluating {
                self.touch();
            }
        }
    }

    pub(super) fn take_assessment(&mut self, version: u64, assessment: Arc<Assessment>) {
        if version < self.assessed {
            self.assessing = None;
            return;
        }
        // While policies are evaluated, a second answer comes.
        if let Some(last) = self.last_assess.filter(|_| self.assessing.is_some()) {
            self.took = self.now.duration_since(last);
        }
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

    /// Once all is read, events that share an id are compared: that takes their records, which may lie in files.
    pub(super) fn compare_if_due(&mut self) -> Option<Effect> {
        if self.comparing || self.is_reading() || self.facts.events.twins().is_empty() {
            return None;
        }
        self.comparing = true;
        Some(Effect::Compare(Arc::clone(&self.facts.events)))
    }

    pub(super) fn take_compared(&mut self, compared: usize, twice: &[EventId]) {
        self.comparing = false;
        Arc::make_mut(&mut self.facts.events).settle(compared, twice);
        self.version += u64::from(!twice.is_empty());
    }

    pub(super) fn assess_if_due(&mut self) -> Option<Effect> {
        if self.assessing.is_some() || self.assessed == self.version {
            return None;
        }
        if self.last_assess.is_some_and(|last| self.now.duration_since(last).abs() < self.rest()) {
            return None;
        }
        self.last_assess = Some(self.now);
        self.assessing = Some(self.version);
        self.evaluated = 0;
        let (version, as_of, lens) = (self.version, self.as_of(), self.lens);
        Some(Effect::Assess { version, facts: Box::new(self.facts.clone()), as_of, lens })
    }

    /// When the loop must wake though nothing has happened: none while nothing is pending.
    pub fn wake(&self) -> Option<Timestamp> {
        self.wake_to_assess().into_iter().chain(self.wake_to_follow()).min()
    }

    fn wake_to_assess(&self) -> Option<Timestamp> {
        if self.assessing.is_some() || self.assessed == self.version {
            return None;
        }
        Some(self.last_assess.map_or(self.now, |last| last.saturating_add(self.rest()).unwrap_or(self.now)))
    }

    /// From the beginning of one assessment to that of the next.
    fn rest(&self) -> SignedDuration {
        if self.is_reading() {
            self.took.saturating_mul(SHARE).clamp(DEBOUNCE, SLOWEST)
        } else if self.following.is_some() {
            QUIET
        } else {
            DEBOUNCE
        }
    }

    /// Nothing runs and the screen shows all that came: for tests, and for the headless driver.
    pub fn is_idle(&self) -> bool {
        !self.is_reading() && !self.comparing && self.assessing.is_none() && self.assessed == self.version
    }
}
