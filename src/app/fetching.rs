//! The record of the event that is looked at, fetched from its file beside the loop: a slow disk must not hold up a key.
//! An open detail has it fetched ahead, for the raw tree and for copying.

use super::raw::Raw;
use super::{App, Effect};
use crate::model::EventId;
use crate::model::log::{EventRow, Fetched, Record};
use crate::panes::activity::FETCHING;

impl App {
    /// The event of a row, in a pane of events.
    fn event(&self, row: usize) -> Option<EventRow<'_>> {
        let log = self.pane.pane().log?;
        Some(log(&self.a).get(EventId(u32::try_from(row).ok()?)))
    }

    /// One at a time: a key that is held must not ask for every row that it passes.
    pub(super) fn fetch_if_due(&mut self) -> Option<Effect> {
        if self.fetching.is_some() {
            return None;
        }
        let row = self.raw.as_ref().and(self.raw_awaits).map(|id| id.0 as usize).or_else(|| self.opened.row())?;
        let event = self.event(row).filter(|event| !event.is_at_hand())?;
        let Record::Away(fetch) = event.record() else { return None };
        let id = event.id();
        self.fetching = Some(id);
        Some(Effect::Fetch(id, fetch))
    }

    pub(super) fn take_fetched(&mut self, id: EventId, fetched: Fetched) {
        self.fetching = None;
        let Some(log) = super::ALL.iter().find_map(|pane| pane.log) else { return };
        log(&self.a).keep_fetched(id, fetched);
        if self.raw.is_some() && self.raw_awaits.take_if(|awaited| *awaited == id).is_some() {
            let title = self.raw.take().map(|raw| raw.title).unwrap_or_default();
            self.raw = Some(Raw::new(title, (self.pane.pane().raw)(&self.a, id.0 as usize)));
        }
        self.touch();
    }

    /// The raw form of a row; while its record is fetched, a word that it is.
    pub(super) fn raw_of(&mut self, row: usize) -> serde_json::Value {
        self.raw_awaits = self.event(row).filter(|event| !event.is_at_hand()).map(|event| event.id());
        match self.raw_awaits {
            Some(_) => FETCHING.into(),
            None => (self.pane.pane().raw)(&self.a, row),
        }
    }
}
