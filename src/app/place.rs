//! Places: where the user was, so that every way back leads there.

use super::detail::Detail;
use crate::model::Text;
use crate::panes::PaneId;
use crate::panes::order::Sort;

/// A pane as it was left: filter, order, row, detail.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    pub pane: PaneId,
    pub filter: String,
    pub sort: Option<Sort>,
    /// The columns by which rows were folded.
    pub grouping: Vec<usize>,
    pub row: Option<Text>,
    /// The line of the screen on which the row stood.
    pub line: usize,
    pub detail: Option<Detail>,
    /// What the breadcrumb says.
    pub label: String,
}

/// Back and forward, as in a browser; and the chain of jumps that led here.
#[derive(Clone, Debug, Default)]
pub struct History {
    pub back: Vec<Place>,
    pub forward: Vec<Place>,
    /// Places above this one: Esc leads up. A pane chosen by its key begins a new chain.
    pub trail: Vec<Place>,
}

/// How many places are remembered.
const LIMIT: usize = 200;

impl History {
    /// Leaves `place` for a new one.
    pub fn leave(&mut self, place: Place) {
        self.forward.clear();
        self.back.push(place);
        if self.back.len() > LIMIT {
            self.back.remove(0);
        }
    }
}
