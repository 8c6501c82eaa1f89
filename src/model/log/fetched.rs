//! Records that were fetched from files, the latest few: what a screen shows must not wait for a disk.

use std::collections::VecDeque;
use std::sync::PoisonError;

use super::records::fetch_of;
use super::{EventId, EventLog, EventRow};

/// As many as a person looks at in a while.
const KEPT: usize = 64;

/// The record, or why it cannot be had.
pub type Fetched = Result<String, String>;

/// One for all clones of a log: a record never changes.
#[derive(Debug, Default)]
pub(super) struct Latest(VecDeque<(EventId, Fetched)>);

impl EventLog {
    /// Takes what [`super::Fetch::fetch`] brought.
    pub fn keep_fetched(&self, id: EventId, fetched: Fetched) {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.0.retain(|(known, _)| *known != id);
        latest.0.push_back((id, fetched));
        if latest.0.len() > KEPT {
            latest.0.pop_front();
        }
    }
}

impl EventRow<'_> {
    /// The record can be had without a file.
    pub fn is_at_hand(&self) -> bool {
        fetch_of(self.log, self.id).is_none() || self.fetched().is_some()
    }

    /// The record if it can be had without a file; none: it is [`super::Record::Away`].
    pub fn at_hand(&self) -> Option<Fetched> {
        if fetch_of(self.log, self.id).is_none() { Some(self.raw()) } else { self.fetched() }
    }

    fn fetched(&self) -> Option<Fetched> {
        let latest = self.log.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.0.iter().find(|(known, _)| *known == self.id).map(|(_, fetched)| fetched.clone())
    }
}
