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
    pub gaps: Vec<Gap>,
}

/// What is missing of an ask, and in which Regions it is missing for this same reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Gap {
    pub ask: Ask,
    /// Empty for an ask that is not regional.
    pub regions: Vec<Region>,
    pub problem: Problem,
}

impl Gap {
    /// `us-east-1`, or `3 Regions (us-east-1, us-west-2, eu-west-1)`; empty where there is none.
    pub fn place(&self) -> String {
        let names: Vec<&str> = self.regions.iter().map(Region::as_str).collect();
        match names[..] {
            [] => String::new(),
            [one] => one.to_owned(),
            _ => format!("{} Regions ({})", names.len(), names.join(", ")),
        }
    }
}

/// The gaps of some asks, each once with all its Regions; only of readings that `keep` wants.
pub fn gaps(facts: &Facts, asks: &[Ask], keep: impl Fn(Status) -> bool) -> Vec<Gap> {
    let mut found: Vec<Gap> = Vec::new();
    for &ask in asks {
        let first = found.len();
        for (cell, reading) in facts.coverage.of_ask(ask).filter(|(_, reading)| keep(reading.status)) {
            for problem in &reading.gaps {
                let regions = cell.region.iter().cloned();
                match found[first..].iter_mut().find(|gap| gap.problem == *problem) {
                    Some(known) => known.regions.extend(regions),
                    None => found.push(Gap { ask, regions: regions.collect(), problem: problem.clone() }),
                }
            }
        }
    }
    found
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
            gaps: gaps(facts, &[ask], |_| true),
        };
        for (cell, reading) in facts.coverage.of_ask(ask) {
            row.cells.push((cell.region.clone(), reading.status));
            row.eta = row.eta.max(reading.eta);
            if let Some(tally) = &reading.tally {
                row.tally.get_or_insert_default().add(tally);
            }
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

/// What was found of events that came more than once, in sentences; nothing when none did.
pub fn repeats(facts: &Facts) -> Vec<String> {
    let events = |count: u64| if count == 1 { "1 event".to_owned() } else { format!("{count} events") };
    let (duplicates, repeated) = (facts.events.duplicates(), facts.events.repeated());
    let mut lines = Vec::new();
    if duplicates > 0 {
        lines.push(format!("{} came again with the same id and content: counted once", events(duplicates)));
    }
    if repeated > 0 {
        lines.push(format!("{} came with an id that another has and other content: kept", events(repeated)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Batch, Cell, Reading};

    #[test]
    fn one_cause_in_many_regions_is_one_gap() {
        let mut facts = Facts::default();
        let problem = Problem::new("config:X", crate::model::Cause::Absent, "no recorder", "");
        for region in ["eu-west-1", "us-east-1", "us-west-2"] {
            let mut reading = Reading { gaps: vec![problem.clone()], ..Reading::of(Status::NotApplicable) };
            if region == "us-west-2" {
                reading.gaps.push(Problem::new("config:Y", crate::model::Cause::Service, "broken", ""));
                reading.status = Status::Partial;
            }
            facts.apply(Batch::Reading(Cell::regional(Ask::Config, region.into()), reading));
        }
        let places: Vec<String> = gaps(&facts, &[Ask::Config, Ask::Trails], |_| true).iter().map(Gap::place).collect();
        assert_eq!(places, ["3 Regions (eu-west-1, us-east-1, us-west-2)", "us-west-2"]);
        let places: Vec<String> = gaps(&facts, &[Ask::Config], Status::is_gap).iter().map(Gap::place).collect();
        assert_eq!(places, ["us-west-2", "us-west-2"], "what does not apply is not missing");
    }

    #[test]
    fn events_that_came_again_are_told() {
        let record =
            |name: &str| format!(r#"{{"eventID":"11111111-1111-4111-8111-111111111111","eventName":"{name}"}}"#);
        let event = |name: &str| crate::model::Event::from_record(&record(name)).expect("a record");
        let mut facts = Facts::default();
        facts.apply(Batch::Events(vec![event("A")]));
        assert!(repeats(&facts).is_empty());
        facts.apply(Batch::Events(vec![event("A"), event("A"), event("B")]));
        facts.settle_events();
        assert_eq!(
            repeats(&facts),
            [
                "2 events came again with the same id and content: counted once",
                "1 event came with an id that another has and other content: kept"
            ]
        );
    }

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
