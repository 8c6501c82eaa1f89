//! Panes on paper: the same rows, filters and words as on screen, in formats for people and programs.
//! A format is one file and one line in [`FORMATS`].

mod count;
mod csv;
mod json;
mod summary;
mod table;

use std::io::{self, Write};

use crate::analysis::Assessment;
use crate::panes::filter::{Filter, FilterError};
use crate::panes::order::order;
use crate::panes::{Column, Pane, TimeStyle, Value};

pub use summary::{SUMMARIES, Summary};

/// The rows of one pane that a filter leaves, in the pane's order.
pub struct Listing<'a> {
    pub pane: &'static Pane,
    pub a: &'a Assessment,
    pub rows: Vec<u32>,
    filter: Filter,
}

impl<'a> Listing<'a> {
    /// # Errors
    /// When the filter is broken or names a field that the pane does not have.
    pub fn new(pane: &'static Pane, a: &'a Assessment, filter: &str) -> Result<Self, FilterError> {
        let filter = Filter::new(filter, pane)?;
        Ok(Self { pane, a, rows: order(pane, a, &filter, pane.default_sort()), filter })
    }

    /// Name and heading of each column; before them the question that the filter asks of the rows, if it asks one.
    fn headings(&self) -> impl Iterator<Item = (&'static str, &'static str)> + '_ {
        let asked = self.filter.asked().map(|asked| (asked.question.name, asked.question.title));
        asked.into_iter().chain(self.pane.columns.iter().map(|column| (column.name, column.title)))
    }

    /// A value for each heading.
    fn values(&self, row: u32) -> impl Iterator<Item = Value<'_>> + '_ {
        let asked = self.filter.asked().map(|asked| asked.answer(self.a, row as usize).value);
        let cell = move |column: &Column| (column.cell)(self.a, row as usize).value;
        asked.into_iter().chain(self.pane.columns.iter().map(cell))
    }

    /// The values as written, times in UTC.
    fn cells(&self, row: u32) -> impl Iterator<Item = String> + '_ {
        let style = TimeStyle::utc(self.a.as_of);
        self.values(row).map(move |value| value.show(&style).into_owned())
    }
}

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
