//! Which rows of a pane are shown, and in which order: the same for screens and reports.

use rayon::prelude::*;

use super::filter::Filter;
use super::filter::scan::first_rows;
use super::{Column, Of, Pane, Value};
use crate::analysis::Assessment;
use crate::model::EventLog;

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
    let mut rows = filter.select(pane, a, pane.all(a));
    if let (Some(sort), Some(log)) = (sort, pane.log)
        && let Some(ranks) = ranks(&pane.columns[sort.column], a, log(a))
    {
        by_rank(&mut rows, &ranks, sort.descending);
    } else if let Some(sort) = sort {
        let cell = pane.columns[sort.column].cell;
        let mut keyed: Vec<(Value<'_>, u32)> = rows.iter().map(|&row| (cell(a, row as usize).value, row)).collect();
        keyed.sort_by(|(a, _), (b, _)| if sort.descending { b.compare(a) } else { a.compare(b) });
        rows = keyed.into_iter().map(|(_, row)| row).collect();
    }
    rows
}

/// A number for each event by which a column is sorted; none when only its cells tell.
pub(super) fn ranks(column: &Column, a: &Assessment, log: &EventLog) -> Option<Vec<u32>> {
    if column.of == Of::Time {
        return Some(log.pieces().flat_map(|piece| piece.time.iter().copied()).collect());
    }
    if let Of::Mark(mark) = column.of {
        let marks = a.activity.marks(mark);
        let places = places(column, a, a.activity.samples(mark));
        let rows = u32::try_from(log.rows()).unwrap_or(u32::MAX);
        return Some((0..rows).map(|row| places[marks.get(row) as usize]).collect());
    }
    let key = column.of.key()?;
    let some = |row: u32| (row != u32::MAX).then_some(row);
    let places = places(column, a, &first_rows(log, key).into_iter().map(some).collect::<Vec<_>>());
    Some(log.pieces().flat_map(|piece| piece.keys[key as usize].iter().map(|&id| places[id as usize])).collect())
}

/// For each number the place of its value among all, by a row that has it.
fn places(column: &Column, a: &Assessment, first: &[Option<u32>]) -> Vec<u32> {
    let mut values: Vec<(Value<'_>, u32)> =
        (0u32..).zip(first).filter_map(|(id, row)| Some(((column.cell)(a, (*row)? as usize).value, id))).collect();
    values.par_sort_by(|(one, _), (two, _)| one.compare(two));
    let mut places = vec![0; first.len()];
    let (mut place, mut before): (u32, Option<&Value<'_>>) = (0, None);
    for (value, id) in &values {
        place += u32::from(before.is_some_and(|before| before.compare(value).is_ne()));
        places[*id as usize] = place;
        before = Some(value);
    }
    places
}

/// Rows of one rank stay in their order.
fn by_rank(rows: &mut Vec<u32>, ranks: &[u32], descending: bool) {
    let mut keyed: Vec<(u32, u32, u32)> = (0u32..)
        .zip(rows.iter())
        .map(|(at, &row)| (if descending { !ranks[row as usize] } else { ranks[row as usize] }, at, row))
        .collect();
    keyed.par_sort_unstable();
    rows.clear();
    rows.extend(keyed.into_iter().map(|(_, _, row)| row));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Lens, assess, fixture};
    use crate::panes::activity::ACTIVITY;

    #[test]
    fn events_are_sorted_by_numbers_as_by_their_cells() {
        let a = assess(fixture::facts(), fixture::now(), Lens::default());
        for (column, descending) in (0..ACTIVITY.columns.len()).flat_map(|column| [(column, false), (column, true)]) {
            let cell = |row: u32| (ACTIVITY.columns[column].cell)(&a, row as usize).value;
            let mut expected = ACTIVITY.all(&a);
            expected.sort_by(|&one, &two| {
                let order = cell(one).compare(&cell(two));
                if descending { order.reverse() } else { order }
            });
            let rows = order(&ACTIVITY, &a, &Filter::default(), Some(Sort { column, descending }));
            assert_eq!(rows, expected, "{} {descending}", ACTIVITY.columns[column].name);
        }
    }
}
