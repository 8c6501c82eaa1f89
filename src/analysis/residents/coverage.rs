//! How much of the account the inventory has seen: without it "no workloads found" is not to be said.

use crate::catalog::resource_types;
use crate::model::coverage::Tally;
use crate::model::{Ask, Facts, Status};

use super::ResidentRow;

/// The sources of residents, as they are asked.
pub const SOURCES: [Ask; 4] = [Ask::Tagging, Ask::Config, Ask::ResourceExplorer, Ask::CloudControl];

/// One source over all its Regions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceLine {
    pub ask: Ask,
    /// Over all Regions, as `Coverage::status` sums it up.
    pub status: Status,
    /// Regions that were planned.
    pub regions: usize,
    /// Regions read to the end or in part.
    pub read: usize,
    pub denied: usize,
    /// Regions where the source is not switched on or not offered.
    pub not_applicable: usize,
    pub failed: usize,
    pub open: usize,
    pub rows: u64,
}

/// What the inventory rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InventoryCoverage {
    pub sources: Vec<SourceLine>,
    /// Cloud Control: resource types times Regions.
    pub tally: Tally,
    /// Types that Cloud Control cannot list at all, or not without a parent: seen by the other sources only.
    pub beyond_cloud_control: usize,
}

impl InventoryCoverage {
    /// True when every type was listed in every Region, as far as it can be.
    pub fn is_whole(&self) -> bool {
        let t = &self.tally;
        t.listed > 0
            && t.denied + t.throttled + t.failed + t.untried == 0
            && self.sources.iter().any(|s| s.ask == Ask::CloudControl && s.status == Status::Complete)
    }

    /// One line for beneath a count.
    pub fn line(&self) -> String {
        let t = &self.tally;
        let mut line = if t.total() == 0 {
            let state = self.source(Ask::CloudControl).map_or(Status::NotAsked, |source| source.status);
            format!("Cloud Control {}", state.word())
        } else {
            format!(
                "types x Regions: {} listed, {} denied, {} throttled, {} unsupported, {} failed, {} not tried",
                t.listed, t.denied, t.throttled, t.unsupported, t.failed, t.untried
            )
        };
        for source in self.sources.iter().filter(|source| source.ask != Ask::CloudControl) {
            line.push_str(&format!("; {}", source.words()));
        }
        line
    }

    fn source(&self, ask: Ask) -> Option<&SourceLine> {
        self.sources.iter().find(|source| source.ask == ask)
    }
}

impl SourceLine {
    fn of(facts: &Facts, ask: Ask) -> Self {
        let mut line = Self {
            ask,
            status: facts.coverage.status(ask),
            regions: 0,
            read: 0,
            denied: 0,
            not_applicable: 0,
            failed: 0,
            open: 0,
            rows: facts.coverage.rows(ask),
        };
        for (_, reading) in facts.coverage.of_ask(ask) {
            line.regions += 1;
            match reading.status {
                Status::Complete | Status::Partial => line.read += 1,
                Status::Denied => line.denied += 1,
                Status::NotApplicable => line.not_applicable += 1,
                Status::Failed | Status::Cancelled => line.failed += 1,
                status if status.is_open() => line.open += 1,
                _ => {}
            }
        }
        line
    }

    /// `tagging read in 15 of 17 Regions, 2 denied`.
    pub fn words(&self) -> String {
        if self.regions == 0 {
            return format!("{} not asked", self.ask.name());
        }
        let mut words = format!("{} read in {} of {} Regions", self.ask.name(), self.read, self.regions);
        for (count, word) in [
            (self.open, "still open"),
            (self.denied, "denied"),
            (self.not_applicable, "not switched on"),
            (self.failed, "failed or cancelled"),
        ] {
            if count > 0 {
                words.push_str(&format!(", {count} {word}"));
            }
        }
        words
    }
}

/// The coverage of the inventory: print it beside every count of residents.
pub fn coverage_line(facts: &Facts) -> InventoryCoverage {
    let mut tally = Tally::default();
    for (_, reading) in facts.coverage.of_ask(Ask::CloudControl) {
        if let Some(part) = &reading.tally {
            tally.add(part);
        }
    }
    let table = resource_types::table();
    let with_parent = table.types.iter().filter(|t| !t.is_listable()).count();
    InventoryCoverage {
        sources: SOURCES.iter().map(|&ask| SourceLine::of(facts, ask)).collect(),
        tally,
        beyond_cloud_control: with_parent + table.not_listable.len(),
    }
}

/// "No workloads found", with what that rests on. None when there is a workload, or when nothing was read
/// and so nothing can be said.
pub fn no_workloads_line(facts: &Facts, rows: &[ResidentRow]) -> Option<String> {
    let coverage = coverage_line(facts);
    let is_read = coverage.tally.listed > 0 || coverage.sources.iter().any(|source| source.read > 0);
    if !is_read || rows.iter().any(ResidentRow::is_workload) {
        return None;
    }
    let so_far = if coverage.sources.iter().any(|source| source.open > 0) { " so far" } else { "" };
    Some(format!("no workloads found{so_far} ({})", coverage.line()))
}
