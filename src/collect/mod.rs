//! The only way data comes in. A [`Source`] answers an [`Order`] with batches over a bounded channel;
//! a slow reader stops the source, a dropped one ends it.
//!
//! Nothing here draws, and nothing outside `collect::aws` knows the SDK.

pub mod athena;
pub mod aws;
pub mod credential_report;
pub mod demo;
pub mod files;
pub mod lanes;
pub mod policy_text;
pub mod task;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::catalog::rules::{judge, rules};
use crate::model::{Ask, Batch, Event, Facts, Origin, Region, Text};

pub use task::Task;

/// Batches on their way, before the source has to wait.
pub const OUTBOX: usize = 64;
/// The most items that a batch may carry.
pub const BATCH: usize = 500;

/// One answering of one order. Ids are never used twice, so a late delivery of a cancelled run is known as such.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub u32);

/// What a source sends.
#[derive(Clone, Debug, PartialEq)]
pub enum Delivery {
    Batch(RunId, Box<Batch>),
    /// The run is over; nothing more comes of it.
    Ended(RunId),
}

/// Which Regions to look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RegionScope {
    /// Every Region that is on in the account.
    #[default]
    All,
    Only(Vec<Region>),
}

/// The events of a Region that are here already. An event never changes, so a source may leave them out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Every event from `since` to `until` that had arrived by then.
    pub since: Timestamp,
    pub until: Timestamp,
    /// How many there are, older and newer ones included.
    pub rows: u64,
    /// Ids of those that may be met again: what is younger than [`lanes::SETTLE`] before `until`.
    pub recent: BTreeSet<Text>,
}

/// Which events are wanted.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Wanted {
    /// All of the period.
    #[default]
    Period,
    /// What is newer than what is held, and once more so much of its end: events arrive late.
    Newer(SignedDuration),
    /// Those of the period that have one attribute, before all others.
    With(Lookup),
}

/// What CloudTrail can find events by (CloudTrail API Reference, `LookupAttribute`): one at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    pub attribute: Attribute,
    pub value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attribute {
    EventId,
    EventName,
    EventSource,
    ReadOnly,
    Username,
    ResourceName,
    AccessKeyId,
}

impl Attribute {
    /// `AttributeKey` of the request.
    pub fn name(self) -> &'static str {
        match self {
            Self::EventId => "EventId",
            Self::EventName => "EventName",
            Self::EventSource => "EventSource",
            Self::ReadOnly => "ReadOnly",
            Self::Username => "Username",
            Self::ResourceName => "ResourceName",
            Self::AccessKeyId => "AccessKeyId",
        }
    }
}

/// What is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    pub asks: BTreeSet<Ask>,
    pub regions: RegionScope,
    /// How far back events are read.
    pub since: SignedDuration,
    /// The time at which the order was given.
    pub now: Timestamp,
    /// What need not be brought again, where the source can tell.
    pub held: BTreeMap<Region, Held>,
    pub wanted: Wanted,
}

impl Order {
    /// Everything there is.
    pub fn everything(regions: RegionScope, since: SignedDuration, now: Timestamp) -> Self {
        Self {
            asks: Ask::ALL.iter().copied().collect(),
            regions,
            since,
            now,
            held: BTreeMap::new(),
            wanted: Wanted::Period,
        }
    }
}

pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Anything that can answer an order: a live account, files, the sample.
pub trait Source: Send + Sync + 'static {
    /// What the status line calls it.
    fn origin(&self) -> Origin;

    /// Whether events of a live account come from its event history, where asking again costs nothing.
    fn asks_history(&self) -> bool {
        true
    }

    /// Answers the order. Every planned cell gets a `Batch::Reading` at its start and a last one that is not open;
    /// a failure is a reading with a gap, never a silent end. Returns soon after `stop` is cancelled.
    fn run(self: Arc<Self>, order: Order, out: Outbox, stop: CancellationToken) -> BoxFuture<()>;

    /// How long a stopped run is waited for when the program ends: it may have begun something elsewhere.
    fn farewell(&self) -> Duration {
        Duration::ZERO
    }
}

/// The receiver has gone or the user has stopped the work: give up without a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stopped")]
pub struct Stopped;

/// An event with the rules that its record raises.
pub fn judged(event: Event) -> Event {
    let record = serde_json::from_str(&event.raw).unwrap_or_else(|_| by_fields(&event.raw));
    let (rules, request) = judge::of_record(&record);
    Event { rules: Text::new(&rules), request, ..event }
}

/// A record in which a number is too large, or a text no Unicode, field by field: what cannot be read is left out, and the
/// rest still raises its rules.
fn by_fields(raw: &str) -> serde_json::Value {
    let fields: BTreeMap<String, &serde_json::value::RawValue> = serde_json::from_str(raw).unwrap_or_default();
    let read = |(name, json): (String, &serde_json::value::RawValue)| {
        (name, serde_json::from_str(json.get()).unwrap_or_default())
    };
    serde_json::Value::Object(fields.into_iter().map(read).collect())
}

/// Whoever has read events has not judged them yet, nor said which rules of the user's own are not among those that judge.
fn with_rules(batch: Batch) -> Batch {
    match batch {
        Batch::Events(events) => Batch::Events(events.into_iter().map(judged).collect()),
        Batch::Reading(cell, mut reading) if cell.ask == Ask::Events => {
            let left_out = &rules().left_out;
            if !left_out.is_empty() && !reading.note.contains(left_out.as_str()) {
                let between = if reading.note.is_empty() { "" } else { "; " };
                reading.note = Text::new(&format!("{}{between}{left_out}", reading.note));
            }
            Batch::Reading(cell, reading)
        }
        batch => batch,
    }
}

/// Where a source puts its batches. Waits when the reader is slow.
#[derive(Clone, Debug)]
pub struct Outbox {
    run: RunId,
    sender: mpsc::Sender<Delivery>,
}

impl Outbox {
    pub fn new(run: RunId, sender: mpsc::Sender<Delivery>) -> Self {
        Self { run, sender }
    }

    /// # Errors
    /// [`Stopped`] when nobody listens any more.
    pub async fn send(&self, batch: Batch) -> Result<(), Stopped> {
        self.sender.send(Delivery::Batch(self.run, Box::new(with_rules(batch)))).await.map_err(|_| Stopped)
    }

    /// The same for code that runs on a thread of its own (`spawn_blocking`), such as the reading of files.
    ///
    /// # Errors
    /// [`Stopped`] when nobody listens any more.
    ///
    /// # Panics
    /// When called on a thread that drives the runtime.
    pub fn blocking_send(&self, batch: Batch) -> Result<(), Stopped> {
        self.sender.blocking_send(Delivery::Batch(self.run, Box::new(with_rules(batch)))).map_err(|_| Stopped)
    }

    /// Says that the run is over.
    pub async fn end(&self) {
        // A reader that has gone does not need to know.
        let _ = self.sender.send(Delivery::Ended(self.run)).await;
    }
}

/// Runs a source to its end without a screen. `watch` sees every batch before it is applied.
pub async fn gather(
    source: Arc<dyn Source>,
    order: Order,
    stop: CancellationToken,
    mut watch: impl FnMut(&Batch, &Facts),
) -> Facts {
    let (sender, mut receiver) = mpsc::channel(OUTBOX);
    let out = Outbox::new(RunId(0), sender);
    let mut facts = Facts::default();
    facts.apply(Batch::Origin(source.origin()));
    let run = tokio::spawn(source.run(order, out, stop));
    while let Some(delivery) = receiver.recv().await {
        if let Delivery::Batch(_, batch) = delivery {
            watch(&batch, &facts);
            facts.apply(*batch);
        }
    }
    // A panic in a source must not pass for an empty account.
    if let Err(error) = run.await
        && error.is_panic()
    {
        std::panic::resume_unwind(error.into_panic());
    }
    facts.settle_events();
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_cannot_be_read_hides_no_rule() {
        let raw = r#"{"eventSource":"organizations.amazonaws.com","eventName":"DetachPolicy","eventID":"1",
            "additionalEventData":{"n":1e999},"requestParameters":{"policyId":"p-1"}}"#;
        let event = judged(Event::from_record(raw).expect("a record"));
        assert!(event.rules.contains("organization.policy-detached"), "{}", event.rules);
    }
}
