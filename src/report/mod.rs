//! Panes on paper: the same rows, filters and words as on screen, in formats for people and programs.
//! A format is one file and one line in [`FORMATS`].

mod count;
mod csv;
mod json;
mod summary;
mod table;

use std::io::{self, Write};

use jiff::Timestamp;

use crate::analysis::Assessment;
use crate::panes::filter::{Filter, FilterError};
use crate::panes::group::{Group, GroupOrder, groups};
use crate::panes::order::order;
use crate::panes::{Column, Pane, Sheet, TimeStyle, Value};

pub use summary::{SUMMARIES, Summary};

/// The rows of one pane that a filter leaves, in the pane's order.
pub struct Listing<'a> {
    pub pane: &'static Pane,
    pub a: &'a Assessment,
    /// While rows are folded: one of each group.
    pub rows: Vec<u32>,
    filter: Filter,
    by: Vec<usize>,
    groups: Vec<Group>,
    /// Stands in the place of the pane's rows.
    sheet: Option<Sheet>,
}

impl<'a> Listing<'a> {
    /// # Errors
    /// When the filter is broken or names a field that the pane does not have.
    pub fn new(pane: &'static Pane, a: &'a Assessment, filter: &str) -> Result<Self, FilterError> {
        let filter = Filter::new(filter, pane)?;
        let rows = order(pane, a, &filter, pane.default_sort());
        Ok(Self { pane, a, rows, filter, by: Vec::new(), groups: Vec::new(), sheet: None })
    }

    /// Folds the rows by columns, the largest groups first.
    #[must_use]
    pub fn grouped(self, by: Vec<usize>) -> Self {
        if by.is_empty() {
            return self;
        }
        let groups = groups(self.pane, self.a, &self.rows, &by, GroupOrder::Count, false);
        Self { rows: groups.iter().map(|group| group.row).collect(), by, groups, ..self }
    }

    /// What was made of the rows, in their place: one number for each row of the sheet.
    #[must_use]
    pub fn with_sheet(self, sheet: Sheet) -> Self {
        let rows = (0..u32::try_from(sheet.rows.len()).unwrap_or(u32::MAX)).collect();
        Self { rows, sheet: Some(sheet), ..self }
    }

    /// Name and heading of each column; before them the question that the filter asks of the rows, if it asks one.
    fn headings(&self) -> Vec<(&'static str, &'static str)> {
        if let Some(sheet) = &self.sheet {
            return sheet.columns.to_vec();
        }
        let heading = |column: &Column| (column.name, column.title);
        if !self.by.is_empty() {
            let by = self.by.iter().map(|&column| heading(&self.pane.columns[column]));
            return by.chain(COUNTED).collect();
        }
        let asked = self.filter.asked().map(|asked| (asked.question.name, asked.question.title));
        asked.into_iter().chain(self.pane.columns.iter().map(heading)).collect()
    }

    /// A value for each heading, of the row at this place.
    fn values(&self, at: usize) -> Vec<Value<'_>> {
        if let Some(sheet) = &self.sheet {
            return sheet.rows.get(at).cloned().unwrap_or_default();
        }
        let row = self.rows[at];
        let cell = |column: &Column| (column.cell)(self.a, row as usize).value;
        if let Some(group) = self.groups.get(at) {
            let time = |seconds: u32| match Timestamp::from_second(i64::from(seconds)) {
                Ok(time) if seconds > 0 => Value::Time(time),
                _ => Value::Unknown,
            };
            let by = self.by.iter().map(|&column| cell(&self.pane.columns[column]));
            return by.chain([Value::Count(group.count.into()), time(group.first), time(group.last)]).collect();
        }
        let asked = self.filter.asked().map(|asked| asked.answer(self.a, row as usize).value);
        asked.into_iter().chain(self.pane.columns.iter().map(cell)).collect()
    }

    /// The values as written, times in UTC.
    fn cells(&self, at: usize) -> impl Iterator<Item = String> + '_ {
        let style = TimeStyle::utc(self.a.as_of);
        self.values(at).into_iter().map(move |value| value.show(&style).into_owned())
    }
}

/// What stands beside the columns of a group.
const COUNTED: [(&str, &str); 3] = [("count", "COUNT"), ("first-time", "FIRST TIME"), ("last-time", "LAST TIME")];

/// A way to write a listing.
pub struct Format {
    pub name: &'static str,
    pub about: &'static str,
    pub write: fn(&Listing<'_>, &mut dyn Write) -> io::Result<()>,
}

/// Every format of `query`.
pub static FORMATS: &[Format] = &[table::TABLE, json::JSON, csv::CSV, count::COUNT];

pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}
