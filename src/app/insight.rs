//! What stands beside a list of events: how many there were over time, and the values that occur most.

use rayon::prelude::*;

use crate::analysis::Assessment;
use crate::panes::Pane;
use crate::panes::group::{Group, GroupOrder, groups};
use crate::panes::histogram::{Histogram, histogram};

/// The columns whose values are counted, where the pane has them.
const COUNTED: [&str; 6] = ["event", "principal", "ip", "region", "error", "rule"];
/// Of more rows the values are not counted while somebody types.
const MOST: usize = 2_000_000;

/// The values of a column that occur most.
#[derive(Debug)]
pub struct Top {
    pub column: usize,
    pub groups: Vec<Group>,
    /// How many different ones there are.
    pub of: usize,
}

#[derive(Debug, Default)]
pub struct Insight {
    pub open: bool,
    /// Cells for the histogram, and lines for the values of one column; 0: no room.
    pub room: (u16, u16),
    pub histogram: Option<Histogram>,
    pub top: Vec<Top>,
}

impl Insight {
    /// Takes in how much room there is. True when what is shown must be made anew.
    pub fn fit(&mut self, room: (u16, u16)) -> bool {
        let changed = self.room != room;
        self.room = room;
        changed && self.open
    }

    pub fn refresh(&mut self, pane: &'static Pane, a: &Assessment, rows: &[u32]) {
        (self.histogram, self.top) = (None, Vec::new());
        if !self.open || self.room.0 == 0 {
            return;
        }
        self.histogram = histogram(pane, a, rows, u32::from(self.room.0));
        if self.room.1 > 0 && rows.len() <= MOST {
            let columns: Vec<usize> = COUNTED.iter().filter_map(|name| pane.column(name)).collect();
            let count = |column: usize| {
                let mut groups = groups(pane, a, rows, &[column], GroupOrder::Count, false);
                let of = groups.len();
                groups.truncate(usize::from(self.room.1));
                Top { column, groups, of }
            };
            self.top = columns.into_par_iter().map(count).collect();
        }
    }

    /// Too many rows to count their values.
    pub fn is_too_much(&self, rows: usize) -> bool {
        self.room.1 > 0 && rows > MOST
    }
}
