//! Everything impure: the loop, the terminal, the clock, signals, workers, and the program without a screen.

pub mod athena;
pub mod batch;
pub mod clipboard;
pub mod clock;
pub mod doctor;
pub mod evaluate;
pub mod input;
pub mod log;
pub mod progress;
pub mod rules;
pub mod screen;
pub mod sources;
pub mod terminal;
pub mod tui;
pub mod workers;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::collect::{Held, Order, RegionScope, Wanted};
use crate::model::{Ask, Region};

/// What every order of this session has in common.
#[derive(Clone, Debug)]
pub struct OrderWords {
    pub regions: RegionScope,
    pub since: SignedDuration,
}

impl OrderWords {
    pub fn order(&self, asks: BTreeSet<Ask>, held: BTreeMap<Region, Held>, now: Timestamp) -> Order {
        Order { asks, regions: self.regions.clone(), since: self.since, now, held, wanted: Wanted::Period }
    }
}
