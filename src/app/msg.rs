//! What may happen to the program, and what it asks the world to do: plain data both.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::keymap::Chord;
use crate::analysis::{Assessment, Lens};
use crate::collect::{Delivery, Held, Lookup, RunId};
use crate::model::log::{Fetch, Fetched};
use crate::model::{Ask, EventId, EventLog, Facts, Region};

/// Something happened.
#[derive(Debug)]
pub enum Msg {
    Key(Chord),
    Paste(String),
    /// Lines to scroll, downwards positive: the wheel.
    Scroll(i16),
    /// A click, in cells from the top left.
    Click(u16, u16),
    Resized(u16, u16),
    Delivered(Delivery),
    /// So many percent of the policies of that version were evaluated.
    Evaluated(u64, u8),
    /// The facts of that version were assessed.
    Assessed(u64, Arc<Assessment>),
    /// Events that share an id were compared: of the first so many twins, those that say what another one says.
    Compared(usize, Vec<EventId>),
    /// The record of an event, or why it cannot be had.
    Fetched(EventId, Fetched),
    /// Something was copied (or not): what to tell the user.
    Copied(Result<String, String>),
    /// The time that was asked for has come.
    Clock,
}

/// Something is to be done.
#[derive(Debug)]
pub enum Effect {
    /// Read these; the events that are here already may be left out.
    Run(RunId, BTreeSet<Ask>, BTreeMap<Region, Held>),
    /// Read the events that are newer than what is held, and once more so much of its end.
    Follow(RunId, BTreeMap<Region, Held>, SignedDuration),
    /// Read the events that have an attribute.
    LookUp(RunId, Lookup),
    Cancel(RunId),
    Assess {
        version: u64,
        facts: Box<Facts>,
        as_of: Timestamp,
        lens: Lens,
    },
    /// See which events that share an id say the same.
    Compare(Arc<EventLog>),
    /// Fetch the record of an event from its file.
    Fetch(EventId, Fetch),
    /// Put on the user's clipboard; `what` says what it is.
    Copy {
        what: &'static str,
        text: String,
    },
    Mouse(bool),
    /// Forget what the terminal shows and draw all of it.
    Redraw,
    Quit,
}
