//! What the reader of a Region has from the cache, and what it puts there.

use super::progress::{Progress, instant};
use super::{Reader, hash, plan};
use crate::collect::lanes::HISTORY;
use crate::collect::{Stopped, Wanted};
use crate::model::{Batch, Event, Text};

impl Reader {
    /// Brings what earlier runs of the program have kept, and plans to ask for the rest.
    pub(super) async fn bring_kept(&mut self) -> Result<(), Stopped> {
        let Some(kept) = self.kept.clone() else { return Ok(()) };
        if self.aws.order.wanted != Wanted::Period {
            return Ok(());
        }
        let now = self.aws.order.now;
        let since = now.checked_sub(self.aws.order.since).unwrap_or(jiff::Timestamp::MIN);
        let from = since.as_second().max(now.as_second() - HISTORY);
        let stop = self.aws.stop().clone();
        if let Some(mut packets) = kept.load(from, now.as_second()) {
            loop {
                let packet = tokio::select! {
                    biased;
                    () = stop.cancelled() => None,
                    packet = packets.recv() => packet,
                };
                let Some(packet) = packet else { break };
                packet.unreadable.iter().for_each(|why| self.unreadable(why));
                let events: Vec<Event> = packet.events.into_iter().filter(|event| self.is_new(event)).collect();
                self.brought += events.len() as u64;
                self.task.reading.note = Text::default();
                self.tell_kept();
                self.task.rows(events, Batch::Events).await?;
            }
        }
        self.plan = plan(&self.aws.order, &self.region, since, kept.spans());
        let held = self.aws.order.held.get(&self.region).map(|held| (held.since, held.until));
        let told = self.plan.held().map(|span| held.unwrap_or((instant(span.from), instant(span.to))));
        self.progress = Progress::new(since, now, told);
        Ok(())
    }

    /// A record that AWS answered; without a time it has no place there.
    pub(super) fn keep(&self, event: Option<&Event>, time: Option<i64>, raw: &str) {
        if let (Some(kept), Some(time)) = (&self.kept, time) {
            kept.add(event.filter(|event| !event.id.is_empty()).map(|event| hash(&event.id)), time, raw);
        }
    }

    /// Writes what came since the last time, when it is due. A reading that follows new events leaves little, and often.
    pub(super) async fn write_kept(&mut self, at_the_end: bool) {
        let Some(kept) = self.kept.clone() else { return };
        let due = kept.is_due(at_the_end);
        if due || at_the_end {
            kept.settle(&self.plan.read(), self.aws.order.now.as_second());
        }
        let ends = at_the_end && self.aws.order.wanted == Wanted::Period;
        if ends || due {
            kept.write().await;
        }
    }

    /// Says what came from the cache, and what is wrong with it, behind what is said of the reading.
    pub(super) fn tell_kept(&mut self) {
        let Some(kept) = &self.kept else { return };
        let note = &self.task.reading.note;
        let mut parts: Vec<String> = Some(note.to_string()).into_iter().filter(|note| !note.is_empty()).collect();
        if self.brought > 0 {
            parts.push(format!("{} events from the cache", self.brought));
        }
        parts.extend(kept.told());
        self.task.reading.note = Text::new(&parts.join("; "));
    }
}
