//! Following: new events are asked for again and again, until it is switched off. One reading at a time, in all Regions
//! at once; what it brings joins what is known without a word, and only what is new is drawn.
//!
//! A reading that the user asked for may go on meanwhile: its cells are its own, so what following has covered beyond
//! them is kept here (`Heads`) and laid over what it says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{App, Effect, Run, Why};
use crate::collect::{Held, RunId, lanes};
use crate::model::{Ask, Batch, Cell, EventId, OriginKind, Problem, Reading, Region, Status};
use crate::panes::{PaneId, TimeMode, TimeStyle, Tone};

/// From the end of one reading to the next. Events reach the history minutes after the call (CloudTrail User Guide, "How
/// CloudTrail works"), so asking more often shows nothing sooner; one request a Region in so many seconds leaves nearly all
/// of the quota to others.
const PAUSE: SignedDuration = SignedDuration::from_secs(20);
/// A reading that takes long, in an account where much happens, is not repeated at once: at most a third of the time.
const REST: i32 = 2;
/// After failures the pause doubles, up to this.
const LONGEST: SignedDuration = SignedDuration::from_secs(300);
/// What is read once more each time: twice what events take on average.
const AGAIN: SignedDuration = SignedDuration::from_secs(600);
/// How often all of the time in which events may still arrive is read once more.
const WHOLE: SignedDuration = SignedDuration::from_secs(300);

#[derive(Debug)]
pub struct Following {
    /// The reading that goes on.
    run: Option<RunId>,
    /// When the next reading begins, if none goes on.
    next: Timestamp,
    /// When late events were last looked for as far back as they may come.
    whole: Option<Timestamp>,
    /// The reading that goes on looks for them.
    is_whole: bool,
    /// When AWS last answered.
    pub answered: Option<Timestamp>,
    /// Events that came since following began.
    pub new: u64,
    failures: u32,
    /// Why the last reading brought nothing, or nothing of some Regions.
    pub problem: Option<String>,
    /// Of the reading that goes on: the Regions that answered, and what is wrong in the others.
    read: usize,
    failed: Vec<Problem>,
}

impl Following {
    fn new(now: Timestamp) -> Self {
        Self {
            run: None,
            next: now,
            whole: None,
            is_whole: false,
            answered: None,
            new: 0,
            failures: 0,
            problem: None,
            read: 0,
            failed: Vec::new(),
        }
    }

    /// For the footer: `following, 14:02:31, 3 new`; or what is wrong, and when it is tried again.
    pub fn words(&self, style: &TimeStyle) -> (String, Tone) {
        let zone = if style.mode == TimeMode::Local { style.zone.clone() } else { TimeZone::UTC };
        let clock = |time: Timestamp| time.to_zoned_datetime(zone.clone()).strftime("%H:%M:%S").to_string();
        if let Some(problem) = &self.problem {
            return (format!("following: {problem}; again at {}", clock(self.next)), Tone::Warn);
        }
        let mut words = "following".to_owned();
        if let Some(answered) = self.answered {
            words.push_str(&format!(", {}", clock(answered)));
        }
        if self.new > 0 {
            words.push_str(&format!(", {} new", self.new));
        }
        (words, Tone::Dim)
    }

    /// Takes stock at the end of a reading.
    fn end(&mut self, began: Timestamp, now: Timestamp) {
        let regions = self.read + self.failed.len();
        if self.read > 0 {
            self.answered = Some(now);
            self.whole = if self.is_whole { Some(began) } else { self.whole };
        }
        let first = self.failed.first().map(Problem::brief);
        self.problem = match first {
            Some(first) if self.read > 0 => Some(format!("{} of {regions} Regions {first}", self.failed.len())),
            Some(first) => Some(first),
            None if self.read == 0 => Some("no answer".to_owned()),
            None => None,
        };
        // A Region that refuses must not slow down the others.
        self.failures = if self.read == 0 { self.failures.saturating_add(1) } else { 0 };
        let pause = PAUSE.max(now.duration_since(began).saturating_mul(REST));
        let pause = pause.saturating_mul(1 << self.failures.min(5)).min(LONGEST);
        self.next = now.saturating_add(pause).unwrap_or(now);
        self.run = None;
        self.read = 0;
        self.failed.clear();
    }
}

/// How far following has come in a Region.
#[derive(Debug)]
struct Head {
    until: Timestamp,
    /// Events that following brought.
    rows: u64,
    /// The reading of the cell as it was before following failed.
    before: Option<Reading>,
}

#[derive(Debug, Default)]
pub(super) struct Heads(BTreeMap<Region, Head>);

impl Heads {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// What another reading says of its cells, with what following has covered beyond them.
    pub(super) fn stretched(&self, batch: Batch) -> Batch {
        match batch {
            Batch::Reading(cell, mut reading) if cell.ask == Ask::Events => {
                if let Some(head) = cell.region.as_ref().and_then(|region| self.0.get(region))
                    && reading.until.is_some_and(|until| until < head.until)
                {
                    reading.until = Some(head.until);
                    reading.rows += head.rows;
                    reading.of = reading.of.map(|of| of + head.rows);
                }
                Batch::Reading(cell, reading)
            }
            other => other,
        }
    }
}

impl App {
    /// `F`: on and off.
    pub(super) fn toggle_following(&mut self) -> Vec<Effect> {
        if self.following.take().is_some() {
            self.say("no longer following; what came stays", Tone::Plain);
            let runs = self.runs.iter().filter(|run| run.why == Why::Following);
            return runs.map(|run| Effect::Cancel(run.id)).collect();
        }
        let live = self.facts.origins.iter().any(|origin| origin.kind == OriginKind::Live);
        if !live {
            let kind = self.facts.origins.first().map_or("", |origin| match origin.kind {
                OriginKind::Live | OriginKind::Files => "files do",
                OriginKind::Snapshot => "a snapshot does",
                OriginKind::Demo => "the sample does",
            });
            self.say(format!("there is nothing to follow: {kind} not grow; a live account does"), Tone::Plain);
            return Vec::new();
        }
        if !self.askable {
            self.say("events by Athena are not followed: each query costs; read again when you want to", Tone::Plain);
            return Vec::new();
        }
        self.following = Some(Following::new(self.now));
        let off = self.keymap.key_of(super::command::Command::Follow);
        self.say(format!("following: events show up some minutes after the call; {off} ends it"), Tone::Plain);
        Vec::new()
    }

    /// The Regions whose events are read, which the first reading must have found.
    fn followed(&self) -> impl Iterator<Item = (&Region, &Reading)> {
        self.facts.coverage.of_ask(Ask::Events).filter_map(|(cell, reading)| Some((cell.region.as_ref()?, reading)))
    }

    /// None while a reading goes on, or before it is known where to ask.
    pub(super) fn wake_to_follow(&self) -> Option<Timestamp> {
        let following = self.following.as_ref()?;
        let busy = self.runs.iter().any(|run| run.why == Why::Following);
        (!busy && self.followed().next().is_some()).then_some(following.next)
    }

    pub(super) fn follow_if_due(&mut self) -> Option<Effect> {
        let now = self.now;
        self.wake_to_follow().filter(|at| *at <= now)?;
        // While another reading goes on, it has the time before its begin.
        let asked = self.runs.iter().find(|run| run.asks.contains(&Ask::Events)).map(|run| run.began);
        let cells: Vec<_> = self.followed().map(|(region, reading)| (region.clone(), reading.until)).collect();
        for (region, until) in cells {
            let until = asked.or(until).unwrap_or(now);
            let head = self.heads.0.entry(region).or_insert(Head { until, rows: 0, before: None });
            head.until = head.until.max(until);
        }
        let held = |head: &Head| Held { since: head.until, until: head.until, rows: 0, recent: BTreeSet::new() };
        let mut held = self.heads.0.iter().map(|(region, head)| (region.clone(), held(head))).collect();
        self.add_recent(&mut held);
        let id = RunId(self.next_run);
        self.next_run += 1;
        self.runs.push(Run { id, why: Why::Following, began: now, asks: BTreeSet::new(), fresh: None });
        let following = self.following.as_mut()?;
        following.run = Some(id);
        let since = following.whole.map_or(SignedDuration::ZERO, |last| now.duration_since(last));
        following.is_whole = following.whole.is_none() || since >= WHOLE;
        // What arrived since the last time may be as old as what was late then.
        let again = if following.is_whole { SignedDuration::from_secs(lanes::SETTLE) + since } else { AGAIN };
        Some(Effect::Follow(id, held, again))
    }

    /// What a reading of newer events brings.
    pub(super) fn take_newer(&mut self, batch: Batch) {
        match batch {
            Batch::Reading(_, reading) if reading.status.is_open() => {}
            Batch::Reading(cell, reading) if cell.ask == Ask::Events => self.extend(cell, &reading),
            Batch::Events(_) | Batch::Trail(_) => {
                let before = self.facts.events.rows();
                self.facts.apply(batch);
                let log = &self.facts.events;
                let new = (before..log.rows()).filter_map(|row| u32::try_from(row).ok());
                // Each of our look-ups comes back as an event: what is not shown is not worth an assessment.
                let new = new.filter(|&row| !(self.lens.hide_own && log.get(EventId(row)).is_own())).count() as u64;
                if let Some(following) = &mut self.following {
                    following.new += new;
                }
                self.version += u64::from(new > 0);
            }
            // Who asks, and where: said again when the session had to begin anew.
            other => {
                self.facts.apply(other);
                self.version += 1;
            }
        }
    }

    /// Joins what was read of a Region to its cell. A failure stands there until an answer comes.
    fn extend(&mut self, cell: Cell, newer: &Reading) {
        let owned = self.runs.iter().any(|run| run.asks.contains(&Ask::Events));
        let known = self.facts.coverage.get(&cell).cloned().unwrap_or_default();
        let mut head = cell.region.as_ref().and_then(|region| self.heads.0.get_mut(region));
        let from = head.as_ref().map_or(Timestamp::MAX, |head| head.until);
        let until = newer.until.filter(|_| newer.since.is_some_and(|since| since <= from));
        if let Some(following) = &mut self.following {
            match newer.gaps.first() {
                Some(gap) if until.is_none() => following.failed.push(gap.clone()),
                _ => following.read += usize::from(until.is_some()),
            }
        }
        // A reading that began meanwhile covers its time.
        let Some(head) = &mut head else { return };
        let mut reading = head.before.take().unwrap_or_else(|| known.clone());
        if let Some(until) = until {
            (head.until, head.rows) = (until.max(head.until), head.rows + newer.rows);
            reading.since = reading.since.or(newer.since);
            reading.until = Some(head.until);
            reading.rows += newer.rows;
            reading.of = reading.of.map(|of| of + newer.rows);
        }
        // The other reading says how its cells are; this is laid over what it says.
        if owned {
            return;
        }
        if !newer.gaps.is_empty() {
            head.before = Some(reading.clone());
            let more: Vec<Problem> = newer.gaps.iter().filter(|gap| !reading.gaps.contains(gap)).cloned().collect();
            reading.gaps.extend(more);
            if !reading.status.is_gap() {
                reading.status = Status::Partial;
            }
        }
        let told = (known.status, &known.gaps) != (reading.status, &reading.gaps);
        self.version += u64::from(told || self.pane == PaneId::Coverage);
        Arc::make_mut(&mut self.facts.coverage).set(cell, reading);
    }

    pub(super) fn end_following(&mut self, run: &Run) {
        let now = self.now;
        // Not the end of one that was switched off before.
        if let Some(following) = self.following.as_mut().filter(|following| following.run == Some(run.id)) {
            following.end(run.began, now);
        }
        // What is new is drawn once it is assessed.
        if self.is_idle() {
            self.touch();
        }
    }
}
