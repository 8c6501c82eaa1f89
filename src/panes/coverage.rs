//! Coverage and tasks: what was asked where, how far it came, and what is missing.

use serde_json::json;

use super::cell::{Tone, span};
use super::document::{Document, Line, Target};
use super::{Cell, Column, Pane, PaneId};
use crate::analysis::coverage::repeats;
use crate::analysis::{Assessment, CoverageRow};
use crate::model::{Ask, Reading, Status, Text};

pub static COVERAGE: Pane = Pane {
    id: PaneId::Coverage,
    name: "coverage",
    title: "Coverage",
    about: "Sources by Region: R read, P partial, D denied, T throttled, F failed, C cancelled, > reading, w waiting, - not applicable, . not asked",
    asks: Ask::ALL,
    rows: |a| a.coverage.len(),
    order: None,
    log: None,
    key: |a, row| Text::new(a.coverage[row].ask.name()),
    columns: &[
        Column::share("source", "SOURCE", 22, 1, 0, |a, row| Cell::text(a.coverage[row].ask.title())),
        Column::fixed("status", "STATUS", 9, 0, |a, row| {
            let status = a.coverage[row].status;
            Cell::text(status.word()).tone(tone(status))
        }),
        Column::fixed("rows", "ROWS", 7, 0, |a, row| Cell::count(a.coverage[row].rows)),
        Column::fixed("regions", "REGIONS", 17, 0, |a, row| {
            Cell::text(a.coverage[row].cells.iter().map(|(_, status)| status.letter()).collect::<String>())
        }),
        Column::fixed("done", "DONE", 8, 2, |a, row| {
            let (done, of) = a.coverage[row].done();
            Cell::text(if of == 0 { "-".into() } else { format!("{done} of {of}") })
        }),
        Column::fixed("eta", "LEFT", 6, 3, |a, row| match a.coverage[row].eta {
            Some(seconds) => Cell::text(span(seconds)),
            None => Cell::text(""),
        }),
        Column::share("missing", "WHAT IS MISSING", 24, 12, 1, |a, row| match missing(&a.coverage[row]) {
            Some(text) => Cell::text(text).tone(Tone::Warn),
            None => Cell::text(""),
        }),
        Column::fixed("name", "NAME", 24, 20, |a, row| Cell::text(a.coverage[row].ask.name())),
    ],
    time: None,
    sort: None,
    detail,
    raw: |a, row| {
        let cells = a.facts.coverage.of_ask(a.coverage[row].ask);
        let list: Vec<_> = cells.map(|(cell, reading)| json!({"cell": cell, "reading": reading})).collect();
        json!(list)
    },
    jumps: &[],
    empty: "Nothing was asked",
    short: &[],
    questions: &[],
    notable: None,
    noise: None,
    words: Vec::new,
};

pub fn tone(status: Status) -> Tone {
    match status {
        Status::Complete => Tone::Good,
        Status::Partial | Status::Throttled | Status::Cancelled => Tone::Warn,
        Status::Denied | Status::Failed => Tone::Bad,
        Status::NotApplicable | Status::NotAsked | Status::Waiting => Tone::Dim,
        Status::Reading => Tone::Plain,
    }
}

/// The pane that lists what an ask brings.
fn pane_of(ask: Ask) -> Option<PaneId> {
    super::ALL
        .iter()
        .find(|pane| !matches!(pane.id, PaneId::Overview | PaneId::Coverage) && pane.asks.contains(&ask))
        .map(|pane| pane.id)
}

fn missing(row: &CoverageRow) -> Option<String> {
    let first = row.gaps.first()?.problem.brief();
    let more = row.gaps.len() - 1;
    Some(if more == 0 { first } else { format!("{first} (and {more} more)") })
}

fn detail(a: &Assessment, row: usize) -> Document {
    let row = &a.coverage[row];
    let state = |reading: &Reading| {
        let mut text = format!("{}, {} rows", reading.status.word(), reading.rows);
        if let Some(of) = reading.of.filter(|of| *of != reading.rows) {
            text.push_str(&format!(" of {of}"));
        }
        if let Some(eta) = reading.eta {
            text.push_str(&format!(", about {} left", span(eta)));
        }
        if !reading.note.is_empty() {
            text.push_str(&format!("; {}", reading.note));
        }
        text
    };
    let mut regions = Vec::new();
    for (cell, reading) in a.facts.coverage.of_ask(row.ask) {
        let label = cell.region.as_ref().map_or("everywhere".into(), ToString::to_string);
        let mut line = Line::field_toned(label, state(reading), tone(reading.status));
        if let Some(since) = reading.since {
            line = line.and("; since ", Tone::Plain).and_time(since);
        }
        regions.push(line);
        if let Some(t) = reading.tally {
            regions.push(Line::field(
                "",
                format!(
                    "types: {} listed, {} denied, {} throttled, {} unsupported, {} failed, {} not tried",
                    t.listed, t.denied, t.throttled, t.unsupported, t.failed, t.untried
                ),
            ));
        }
    }
    let gaps = row.gaps.iter().map(|gap| {
        let place = if gap.regions.is_empty() { String::new() } else { format!("{}: ", gap.place()) };
        Line::toned(format!("{place}{}", gap.problem.line()), Tone::Warn)
    });
    let feeds = pane_of(row.ask).map(|pane| {
        Line::toned(format!("Shown in {}", pane.pane().title), Tone::Link).to(Target::Filter(pane, String::new()))
    });
    let repeats = if row.ask == Ask::Events { repeats(&a.facts) } else { Vec::new() };
    Document::new(row.ask.title())
        .section("State", regions)
        .section("Duplicates", repeats.into_iter().map(|line| Line::toned(line, Tone::Plain)).collect())
        .section("What is missing, and the cure", gaps.collect())
        .section("Rows", feeds.into_iter().collect())
}
