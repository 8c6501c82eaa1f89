//! Performs what the machine asks for that takes time: readings and assessments, each a task that can be cancelled.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::analysis::power::{Inputs, Progress};
use crate::analysis::{Assessment, Power, assess_with};
use crate::app::{Effect, Msg};
use crate::collect::{Delivery, Held, Order, Outbox, RunId, Source, Wanted};
use crate::model::log::Fetch;
use crate::model::{Ask, EventId, EventLog, Region};

use super::OrderWords;
use super::clock;

pub struct Workers {
    source: Arc<dyn Source>,
    words: OrderWords,
    deliveries: mpsc::Sender<Delivery>,
    messages: mpsc::UnboundedSender<Msg>,
    stops: HashMap<RunId, CancellationToken>,
    ends: Vec<JoinHandle<()>>,
    all: CancellationToken,
    /// What was evaluated last, and from what.
    powers: Arc<Mutex<(Inputs, Arc<Power>)>>,
}

impl Workers {
    pub fn new(
        source: Arc<dyn Source>,
        words: OrderWords,
        deliveries: mpsc::Sender<Delivery>,
        messages: mpsc::UnboundedSender<Msg>,
    ) -> Self {
        Self {
            source,
            words,
            deliveries,
            messages,
            stops: HashMap::new(),
            ends: Vec::new(),
            all: CancellationToken::new(),
            powers: Arc::default(),
        }
    }

    /// Starts a reading; its end is always delivered, even when it panics.
    pub fn run(&mut self, id: RunId, asks: BTreeSet<Ask>, held: BTreeMap<Region, Held>, wanted: Wanted) {
        let stop = self.all.child_token();
        tracing::info!(run = id.0, asks = asks.len(), ?wanted, "a reading begins");
        self.stops.insert(id, stop.clone());
        let order = Order { wanted, ..self.words.order(asks, held, clock::now()) };
        let out = Outbox::new(id, self.deliveries.clone());
        let work = tokio::spawn(Arc::clone(&self.source).run(order, out.clone(), stop));
        let messages = self.messages.clone();
        self.ends.retain(|end| !end.is_finished());
        self.ends.push(tokio::spawn(async move {
            if let Err(error) = work.await
                && error.is_panic()
            {
                let _ = messages.send(Msg::Copied(Err("a reader failed inside; what it brought stays".into())));
            }
            out.end().await;
        }));
    }

    /// After `stop_all`: waits for what the source must still end elsewhere, as long as it says.
    pub async fn farewell(&mut self) {
        let wait = futures_util::future::join_all(self.ends.drain(..));
        // What takes longer is left behind.
        let _ = tokio::time::timeout(self.source.farewell(), wait).await;
    }

    pub fn cancel(&mut self, id: RunId) {
        if let Some(stop) = self.stops.remove(&id) {
            stop.cancel();
        }
    }

    /// Assesses on a thread of its own; there is never more than one at a time, since the machine waits for its answer.
    /// When policies have changed there are two answers: at once what does not rest on them, then the whole.
    pub fn assess(&self, effect: Effect) {
        let Effect::Assess { version, facts, as_of, lens } = effect else { return };
        let (messages, powers) = (self.messages.clone(), Arc::clone(&self.powers));
        tokio::task::spawn_blocking(move || {
            // The loop has ended when nobody takes the answer: nobody needs it.
            let answer = |assessment: Assessment| messages.send(Msg::Assessed(version, Arc::new(assessment)));
            let inputs = Inputs::of(&facts);
            let (known, power) = powers.lock().map(|known| known.clone()).unwrap_or_default();
            let mut assessment = assess_with(*facts, as_of, lens, power);
            if !known.same(&inputs) {
                assessment.await_power();
                let _ = answer(assessment.clone());
                // Nobody waits for a percentage that the loop does not take.
                let tell = |percent| drop(messages.send(Msg::Evaluated(version, percent)));
                let power = Arc::new(Power::of_telling(&assessment.facts, as_of, &Progress::new(&tell)));
                if let Ok(mut known) = powers.lock() {
                    *known = (inputs, Arc::clone(&power));
                }
                assessment.empower(power);
            }
            let _ = answer(assessment);
        });
    }

    /// Sees which events that share an id say the same.
    pub fn compare(&self, log: Arc<EventLog>) {
        let messages = self.messages.clone();
        tokio::task::spawn_blocking(move || {
            // The loop has ended when nobody takes the answer.
            let _ = messages.send(Msg::Compared(log.twins().len(), log.compare()));
        });
    }

    /// Fetches the record of an event; a disk may take its time.
    pub fn fetch(&self, id: EventId, fetch: Fetch) {
        let messages = self.messages.clone();
        tokio::task::spawn_blocking(move || {
            // The loop has ended when nobody takes the answer.
            let _ = messages.send(Msg::Fetched(id, fetch.fetch()));
        });
    }

    pub fn stop_all(&self) {
        self.all.cancel();
    }
}
