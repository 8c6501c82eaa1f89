//! Performs what the machine asks for that takes time: readings and assessments, each a task that can be cancelled.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::analysis;
use crate::app::{Effect, Msg};
use crate::collect::{Delivery, Held, Outbox, RunId, Source};
use crate::model::{Ask, Region};

use super::OrderWords;
use super::clock;

pub struct Workers {
    source: Arc<dyn Source>,
    words: OrderWords,
    deliveries: mpsc::Sender<Delivery>,
    messages: mpsc::UnboundedSender<Msg>,
    stops: HashMap<RunId, CancellationToken>,
    all: CancellationToken,
}

impl Workers {
    pub fn new(
        source: Arc<dyn Source>,
        words: OrderWords,
        deliveries: mpsc::Sender<Delivery>,
        messages: mpsc::UnboundedSender<Msg>,
    ) -> Self {
        Self { source, words, deliveries, messages, stops: HashMap::new(), all: CancellationToken::new() }
    }

    /// Starts a reading; its end is always delivered, even when it panics.
    pub fn run(&mut self, id: RunId, asks: BTreeSet<Ask>, held: BTreeMap<Region, Held>) {
        let stop = self.all.child_token();
        tracing::info!(run = id.0, asks = asks.len(), "a reading begins");
        self.stops.insert(id, stop.clone());
        let order = self.words.order(asks, held, clock::now());
        let out = Outbox::new(id, self.deliveries.clone());
        let work = tokio::spawn(Arc::clone(&self.source).run(order, out.clone(), stop));
        let messages = self.messages.clone();
        tokio::spawn(async move {
            if let Err(error) = work.await
                && error.is_panic()
            {
                let _ = messages.send(Msg::Copied(Err("a reader failed inside; what it brought stays".into())));
            }
            out.end().await;
        });
    }

    pub fn cancel(&mut self, id: RunId) {
        if let Some(stop) = self.stops.remove(&id) {
            stop.cancel();
        }
    }

    /// Assesses on a thread of its own; there is never more than one at a time, since the machine waits for its answer.
    pub fn assess(&self, effect: Effect) {
        let Effect::Assess { version, facts, as_of, lens } = effect else { return };
        let messages = self.messages.clone();
        tokio::task::spawn_blocking(move || {
            let assessment = analysis::assess(*facts, as_of, lens);
            // The loop has ended: nobody needs it.
            let _ = messages.send(Msg::Assessed(version, Arc::new(assessment)));
        });
    }

    pub fn stop_all(&self) {
        self.all.cancel();
    }
}
