//! What outlives a run of a live account: the clients with their credentials, the limiters, and what every run must
//! know first. Runs that follow each other, or go on side by side, keep to AWS's rates together.

use std::sync::{Arc, OnceLock};

use aws_config::SdkConfig;

use super::client::Clients;
use super::pace::Pace;
use crate::catalog::operations::OnlyWith;
use crate::model::{AccountId, Region, Text};

/// Who asks, in which organization and Regions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub caller: AccountId,
    pub partition: Text,
    pub management: AccountId,
    pub regions: Vec<Region>,
}

/// Good for as long as its credentials are.
#[derive(Debug)]
pub struct Session {
    pub(super) clients: Arc<Clients>,
    pub(super) pace: Arc<Pace>,
    known: OnceLock<Known>,
}

impl Session {
    pub fn new(config: &SdkConfig) -> Self {
        Self::of(Clients::new(config))
    }

    /// The same, which also admits operations that are off unless somebody asks for them.
    pub fn asked(config: &SdkConfig, with: OnlyWith) -> Self {
        Self::of(Clients::new(config).asked(with))
    }

    fn of(clients: Clients) -> Self {
        Self { clients: Arc::new(clients), pace: Arc::default(), known: OnceLock::new() }
    }

    /// None until a run has learnt all of it.
    pub fn known(&self) -> Option<&Known> {
        self.known.get()
    }

    pub fn learn(&self, known: Known) {
        let _ = self.known.set(known);
    }
}
