//! Looking an attribute up: where the filter of the events names one exactly and the period is not fully read, AWS is asked
//! for these events ahead of all others. What it answers joins the rest; the coverage is that of the readings alone.

use super::{App, Effect, Overlay, Run, Why};
use crate::collect::{Attribute, Lookup, RunId};
use crate::model::{Ask, Batch, OriginKind, Problem, Status};
use crate::panes::PaneId;

/// Something that was looked up in this session, or is being looked up.
#[derive(Debug)]
pub struct LookedUp {
    pub lookup: Lookup,
    run: Option<RunId>,
    /// Regions that answered to the end.
    whole: usize,
    found: u64,
    problem: Option<Problem>,
}

/// By which attribute CloudTrail finds the values of a field, the one that finds the least first. True: it finds all
/// events that the field finds. CloudTrail's user name is a user's name or that of a role's session, and its resource
/// names are not always the record's (CloudTrail API Reference, `LookupAttribute`).
const FIELDS: [(&str, Attribute, bool); 8] = [
    ("id", Attribute::EventId, true),
    ("key", Attribute::AccessKeyId, true),
    ("resource", Attribute::ResourceName, false),
    ("session", Attribute::Username, false),
    ("principal", Attribute::Username, false),
    ("event", Attribute::EventName, true),
    ("source", Attribute::EventSource, true),
    ("rw", Attribute::ReadOnly, true),
];

/// What is to be looked up for a filter's exact terms, and whether it finds all that the filter does.
fn of(exact: &[(String, String)]) -> Option<(Lookup, bool)> {
    FIELDS.iter().find_map(|&(field, attribute, all)| {
        let (_, value) = exact.iter().find(|(name, _)| name == field)?;
        let value = match (attribute, value.as_str()) {
            (Attribute::ReadOnly, "r") => "true".to_owned(),
            (Attribute::ReadOnly, "W") => "false".to_owned(),
            (Attribute::ReadOnly, _) => return None,
            (Attribute::EventSource, short) if !short.contains('.') => format!("{short}.amazonaws.com"),
            (_, value) => value.to_owned(),
        };
        Some((Lookup { attribute, value }, all))
    })
}

impl App {
    /// Not all events of the period are here.
    pub fn is_period_open(&self) -> bool {
        let mut cells = self.facts.coverage.of_ask(Ask::Events);
        cells.any(|(_, reading)| reading.status.is_open() || reading.status.is_gap())
    }

    pub(super) fn look_up_if_due(&mut self) -> Option<Effect> {
        let typing = matches!(self.overlay, Some(Overlay::Prompt(_)));
        if self.pane != PaneId::Activity || typing || self.list().filter.is_empty() || !self.is_period_open() {
            return None;
        }
        let live = self.facts.origins.iter().any(|origin| origin.kind == OriginKind::Live);
        let (lookup, _) = of(&self.list().filter.exact()).filter(|_| live && self.askable)?;
        let busy = self.lookups.iter().any(|known| known.run.is_some() || known.lookup == lookup);
        if busy {
            return None;
        }
        let id = RunId(self.next_run);
        self.next_run += 1;
        self.runs.push(Run { id, why: Why::LookUp, began: self.now, asks: [].into(), fresh: None });
        self.lookups.push(LookedUp { lookup: lookup.clone(), run: Some(id), whole: 0, found: 0, problem: None });
        self.touch();
        Some(Effect::LookUp(id, lookup))
    }

    /// What a look-up brings.
    pub(super) fn take_looked_up(&mut self, run: RunId, batch: Batch) {
        match batch {
            Batch::Reading(_, reading) if reading.status.is_open() => {}
            Batch::Reading(cell, reading) if cell.ask == Ask::Events => {
                let Some(known) = self.lookups.iter_mut().find(|known| known.run == Some(run)) else { return };
                known.found += reading.rows;
                known.whole += usize::from(reading.status == Status::Complete);
                known.problem = known.problem.take().or_else(|| reading.gaps.into_iter().next());
            }
            other => {
                self.facts.apply(other);
                self.version += 1;
            }
        }
    }

    pub(super) fn end_looked_up(&mut self, run: RunId) {
        if let Some(known) = self.lookups.iter_mut().find(|known| known.run == Some(run)) {
            known.run = None;
        }
        self.touch();
    }

    /// Read again, an attribute may be looked up again.
    pub(super) fn forget_looked_up(&mut self) {
        self.lookups.retain(|known| known.run.is_some());
    }

    /// What AWS says of the filter's exact term, while not all of the period is here.
    pub fn looked_up(&self) -> Option<String> {
        if self.pane != PaneId::Activity || !self.is_period_open() {
            return None;
        }
        let (lookup, all) = of(&self.list().filter.exact())?;
        let known = self.lookups.iter().find(|known| known.lookup == lookup)?;
        let regions = self.facts.coverage.of_ask(Ask::Events).count();
        let what = format!("{} {}", lookup.attribute.name(), lookup.value);
        let found = known.found;
        Some(match (&known.problem, known.run.is_some(), known.whole >= regions) {
            (_, true, _) => format!("asking AWS for {what}: {found} so far"),
            (Some(problem), ..) => format!("AWS gave {found} of {what}, perhaps not all: {}", problem.brief()),
            (None, false, true) if found == 0 && all => format!("AWS has no event of {what} in the period"),
            (None, false, true) => format!("AWS has {found} of {what} in the period"),
            (None, false, false) => format!("AWS has {found} of {what} in {} of {regions} Regions", known.whole),
        })
    }
}
