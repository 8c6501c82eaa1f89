//! Rows folded by what they have in common: how many, and when first and last.

use std::collections::HashMap;

use hashbrown::HashMap as Quick;

use super::order::ranks;
use super::{Of, Pane, TimeStyle};
use crate::analysis::Assessment;
use crate::model::{EventId, EventLog};

/// Rows that agree in all columns that they are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// One of them, whose cells say what they agree in.
    pub row: u32,
    pub count: u32,
    /// Seconds since 1970; 0: no row of it has a time.
    pub first: u32,
    pub last: u32,
}

/// How groups are ordered. Those that agree in it stay in the order of their columns' values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupOrder {
    #[default]
    Count,
    Last,
    First,
    Value,
}

impl GroupOrder {
    pub fn next(self) -> Self {
        match self {
            Self::Count => Self::Last,
            Self::Last => Self::First,
            Self::First => Self::Value,
            Self::Value => Self::Count,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Last => "last seen",
            Self::First => "first seen",
            Self::Value => "value",
        }
    }
}

/// The groups of `rows`, the greatest, latest or last first; by value the least first. `turned`: the other way round.
pub fn groups(pane: &Pane, a: &Assessment, rows: &[u32], by: &[usize], order: GroupOrder, turned: bool) -> Vec<Group> {
    let numbers = by.iter().map(|&column| numbers(pane, a, rows, column)).reduce(together).unwrap_or_default();
    let most = numbers.iter().max().map_or(0, |&most| most as usize + 1);
    let mut places = vec![u32::MAX; most];
    let mut groups: Vec<Group> = Vec::new();
    let log = pane.log.map(|log| log(a));
    for (&row, number) in rows.iter().zip(numbers) {
        let time = log.map_or(0, |log| log.get(EventId(row)).seconds());
        let place = &mut places[number as usize];
        if *place == u32::MAX {
            *place = u32::try_from(groups.len()).unwrap_or(0);
            groups.push(Group { row, count: 0, first: time, last: time });
        }
        let group = &mut groups[*place as usize];
        group.count += 1;
        group.last = group.last.max(time);
        if time != 0 && (group.first == 0 || time < group.first) {
            group.first = time;
        }
    }
    let cells = |group: &Group| -> Vec<_> {
        by.iter().map(|&column| (pane.columns[column].cell)(a, group.row as usize).value).collect()
    };
    let by_value = |one: &Group, two: &Group| {
        let pairs = cells(one).into_iter().zip(cells(two));
        pairs.map(|(one, two)| one.compare(&two)).find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    };
    groups.sort_by(|one, two| {
        let first = match order {
            GroupOrder::Count => two.count.cmp(&one.count),
            GroupOrder::Last => two.last.cmp(&one.last),
            GroupOrder::First => two.first.cmp(&one.first),
            GroupOrder::Value => by_value(one, two),
        };
        let first = if turned { first.reverse() } else { first };
        first.then_with(|| if order == GroupOrder::Value { std::cmp::Ordering::Equal } else { by_value(one, two) })
    });
    groups
}

/// For each row a number: equal numbers, equal cells. Numbers are small.
fn numbers(pane: &Pane, a: &Assessment, rows: &[u32], column: usize) -> Vec<u32> {
    let of = &pane.columns[column];
    let by_log = |log: &EventLog| {
        let ranks = ranks(of, a, log)?;
        Some(if of.of == Of::Time {
            // As it is written: to the minute.
            densely(rows.iter().map(|&row| u64::from(ranks[row as usize] / 60)))
        } else {
            rows.iter().map(|&row| ranks[row as usize]).collect()
        })
    };
    if let Some(numbers) = pane.log.and_then(|log| by_log(log(a))) {
        return numbers;
    }
    let style = TimeStyle::utc(a.as_of);
    let mut known: HashMap<String, u32> = HashMap::new();
    rows.iter()
        .map(|&row| {
            let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
            let text = (of.cell)(a, row as usize).value.show(&style).into_owned();
            *known.entry(text).or_insert(next)
        })
        .collect()
}

fn densely(numbers: impl Iterator<Item = u64>) -> Vec<u32> {
    let mut known: Quick<u64, u32> = Quick::new();
    numbers
        .map(|number| {
            let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
            *known.entry(number).or_insert(next)
        })
        .collect()
}

/// One number for each pair.
fn together(one: Vec<u32>, two: Vec<u32>) -> Vec<u32> {
    densely(one.into_iter().zip(two).map(|(one, two)| u64::from(one) << 32 | u64::from(two)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Lens, assess, fixture};
    use crate::panes::ALL;

    #[test]
    fn every_row_is_in_the_group_of_its_cells() {
        let a = assess(fixture::facts(), fixture::now(), Lens::default());
        let style = TimeStyle::utc(a.as_of);
        for pane in ALL {
            let rows = pane.all(&a);
            for (column, of) in pane.columns.iter().enumerate() {
                let cell = |row: u32| (of.cell)(&a, row as usize).value.show(&style).into_owned();
                let mut expected: HashMap<String, u32> = HashMap::new();
                rows.iter().for_each(|&row| *expected.entry(cell(row)).or_default() += 1);
                let groups = groups(pane, &a, &rows, &[column], GroupOrder::Count, false);
                assert!(groups.is_sorted_by(|one, two| one.count >= two.count), "{} {}", pane.name, of.name);
                let got: HashMap<String, u32> = groups.iter().map(|group| (cell(group.row), group.count)).collect();
                assert_eq!(got, expected, "{} {}", pane.name, of.name);
                assert_eq!(groups.len(), expected.len(), "{} {}", pane.name, of.name);
            }
        }
    }

    #[test]
    fn two_columns_make_pairs_with_their_times() {
        let a = assess(fixture::facts(), fixture::now(), Lens::default());
        let pane = crate::panes::PaneId::Activity.pane();
        let by = ["principal", "rw"].map(|name| pane.column(name).expect("a column"));
        let groups = groups(pane, &a, &pane.all(&a), &by, GroupOrder::First, true);
        let told: Vec<(String, u32, u32)> = groups
            .iter()
            .map(|group| {
                let cells = by.map(|column| {
                    let value = (pane.columns[column].cell)(&a, group.row as usize).value;
                    value.show(&TimeStyle::utc(a.as_of)).into_owned()
                });
                (cells.join(" "), group.count, group.last - group.first)
            })
            .collect();
        let role = "AWSReservedSSO_Admin_0123456789abcdef";
        let pair = |words: String, count: u32, seconds: u32| (words, count, seconds);
        let expected = [
            pair("root W".into(), 2, 1),
            pair(format!("{role} W"), 3, 3),
            pair(format!("{role} r"), 1, 0),
            pair("autoscaling.amazonaws.com W".into(), 1, 0),
            pair("nobody r".into(), 1, 0),
        ];
        assert_eq!(told, expected);
    }
}
