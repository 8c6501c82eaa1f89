//! Overview: AWS's five practices, each with the counts that speak for or against it.

use serde_json::json;

use super::cell::Tone;
use super::document::{Document, Line, Target};
use super::{Cell, Column, Pane, PaneId};
use crate::analysis::Assessment;
use crate::analysis::practices::{Claim, Standing};
use crate::model::{Ask, Text};

pub static OVERVIEW: Pane = Pane {
    id: PaneId::Overview,
    name: "overview",
    title: "Overview",
    about: "The five practices for a management account, each claim leading to its evidence",
    asks: Ask::ALL,
    rows: |a| a.claims.len(),
    key: |a, row| Text::new(a.claims[row].id),
    columns: &[
        Column::fixed("standing", "", 4, 0, |a, row| {
            let standing = a.claims[row].standing;
            Cell::text(word(standing)).tone(tone(standing))
        }),
        Column::fixed("count", "COUNT", 7, 0, |a, row| match a.claims[row].count {
            Some(count) => Cell::count(count).tone(tone(a.claims[row].standing)),
            None => Cell::unknown(),
        }),
        Column::share("claim", "WHAT", 30, 4, 0, |a, row| Cell::text(a.claims[row].text.as_str())),
        Column::share("missing", "NOT READ", 8, 1, 1, |a, row| {
            Cell::text(a.claims[row].missing.as_str()).tone(Tone::Warn)
        }),
        Column::share("practice", "PRACTICE", 20, 1, 2, |a, row| {
            Cell::text(a.claims[row].practice.title()).tone(Tone::Dim)
        }),
        Column::fixed("id", "ID", 30, 9, |a, row| Cell::text(a.claims[row].id)),
    ],
    time: None,
    sort: None,
    detail,
    raw: |a, row| {
        let claim = &a.claims[row];
        json!({"id": claim.id, "practice": claim.practice.title(), "standing": word(claim.standing), "count": claim.count,
            "text": claim.text, "missing": claim.missing, "why": claim.why,
            "evidence": {"pane": claim.evidence.pane, "filter": claim.evidence.filter}})
    },
    jumps: &[],
    empty: "Nothing has been read yet",
};

pub fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Good => "ok",
        Standing::Note => "",
        Standing::Unknown => "?",
        Standing::Warn => "!",
        Standing::Bad => "!!",
    }
}

pub fn tone(standing: Standing) -> Tone {
    match standing {
        Standing::Good => Tone::Good,
        Standing::Note => Tone::Plain,
        Standing::Unknown => Tone::Dim,
        Standing::Warn => Tone::Warn,
        Standing::Bad => Tone::Bad,
    }
}

/// Where the rows behind a claim are.
pub fn evidence(claim: &Claim) -> Option<Target> {
    PaneId::from_name(claim.evidence.pane).map(|pane| Target::Filter(pane, claim.evidence.filter.clone()))
}

fn detail(a: &Assessment, row: usize) -> Document {
    let claim = &a.claims[row];
    let count = claim.count.map_or_else(|| "not counted".into(), |count| count.to_string());
    let mut line = Line::toned(format!("{count}  {}", claim.text), tone(claim.standing));
    line.target = evidence(claim);
    let mut lines = vec![line];
    if !claim.missing.is_empty() {
        lines.push(
            Line::field_toned("Not read", claim.missing.as_str(), Tone::Warn)
                .to(Target::Filter(PaneId::Coverage, String::new())),
        );
    }
    Document::new(claim.practice.title()).section("Claim", lines).section("Why it matters", vec![Line::text(claim.why)])
}
