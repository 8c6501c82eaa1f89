//! The coverage grid as rows: one an ask, its Regions side by side.

use crate::model::coverage::Tally;
use crate::model::{Ask, Facts, Problem, Region, Status};

#[derive(Clone, Debug, PartialEq)]
pub struct CoverageRow {
    pub ask: Ask,
    pub status: Status,
    pub rows: u64,
    /// The status in each Region, in the order of `regions`; for an ask that is not regional, one.
    pub cells: Vec<(Option<Region>, Status)>,
    /// Seconds until the slowest Region is done, where that is known.
    pub eta: Option<u64>,
    pub tally: Option<Tally>,
    pub gaps: Vec<(Option<Region>, Problem)>,
}

impl CoverageRow {
    /// Cells that were read to the end, of all that apply.
    pub fn done(&self) -> (usize, usize) {
        let applicable = self.cells.iter().filter(|(_, status)| *status != Status::NotApplicable).count();
        (self.cells.iter().filter(|(_, status)| *status == Status::Complete).count(), applicable)
    }
}

/// One row for every ask, the unasked included: what nobody looked at is part of the truth.
pub fn assess(facts: &Facts) -> Vec<CoverageRow> {
    let row = |&ask: &Ask| {
        let mut row = CoverageRow {
            ask,
            status: facts.coverage.status(ask),
            rows: facts.coverage.rows(ask),
            cells: Vec::new(),
            eta: None,
            tally: None,
            gaps: Vec::new(),
        };
        for (cell, reading) in facts.coverage.of_ask(ask) {
            row.cells.push((cell.region.clone(), reading.status));
            row.eta = row.eta.max(reading.eta);
            if let Some(tally) = &reading.tally {
                row.tally.get_or_insert_default().add(tally);
            }
            row.gaps.extend(reading.gaps.iter().map(|gap| (cell.region.clone(), gap.clone())));
        }
        row
    };
    Ask::ALL.iter().map(row).collect()
}

/// What stands behind a count, in a few words: `6 sources, 1 denied`, or more when more is missing.
pub fn line(facts: &Facts, asks: &[Ask]) -> String {
    let (mut read, mut parts) = (0usize, Vec::new());
    let mut tally: Vec<(Status, usize)> = Vec::new();
    for &ask in asks {
        match facts.coverage.status(ask) {
            Status::Complete | Status::NotApplicable => read += 1,
            status => match tally.iter_mut().find(|(known, _)| *known == status) {
                Some((_, count)) => *count += 1,
                None => tally.push((status, 1)),
            },
        }
    }
    parts.push(format!("{read} of {} sources read", asks.len()));
    tally.sort_by_key(|(status, _)| std::cmp::Reverse(*status));
    parts.extend(tally.into_iter().map(|(status, count)| format!("{count} {}", status.word())));
    if read == asks.len() {
        return format!("{read} sources");
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Batch, Cell, Reading};

    #[test]
    fn the_line_names_what_is_missing() {
        let mut facts = Facts::default();
        facts.apply(Batch::Reading(Cell::global(Ask::Accounts), Reading::complete(3)));
        facts.apply(Batch::Reading(Cell::global(Ask::Handshakes), Reading::of(Status::Denied)));
        assert_eq!(line(&facts, &[Ask::Accounts]), "1 sources");
        assert_eq!(
            line(&facts, &[Ask::Accounts, Ask::Handshakes, Ask::Tree]),
            "1 of 3 sources read, 1 denied, 1 not asked"
        );
    }
}
