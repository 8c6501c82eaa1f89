//! Which rows of a pane are shown, and in which order: the same for screens and reports.

use super::filter::Filter;
use super::{Pane, Value};
use crate::analysis::Assessment;

/// By which column, and whether the greatest comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    pub column: usize,
    pub descending: bool,
}

impl Pane {
    /// The sort the pane begins with.
    pub fn default_sort(&self) -> Option<Sort> {
        let (name, descending) = self.sort?;
        self.column(name).map(|column| Sort { column, descending })
    }
}

/// The rows that match, in order. Rows that compare equal keep the assessment's order.
pub fn order(pane: &Pane, a: &Assessment, filter: &Filter, sort: Option<Sort>) -> Vec<u32> {
    let count = u32::try_from((pane.rows)(a)).unwrap_or(u32::MAX);
    let mut rows: Vec<u32> =
        (0..count).filter(|&row| filter.is_empty() || filter.matches(pane, a, row as usize)).collect();
    if let Some(sort) = sort {
        let cell = pane.columns[sort.column].cell;
        let mut keyed: Vec<(Value<'_>, u32)> = rows.iter().map(|&row| (cell(a, row as usize).value, row)).collect();
        keyed.sort_by(|(a, _), (b, _)| if sort.descending { b.compare(a) } else { a.compare(b) });
        rows = keyed.into_iter().map(|(_, row)| row).collect();
    }
    rows
}
