//! The whole picture in one document: whose account, the five practices, and what could not be read.

use std::io::{self, Write};

use serde_json::json;

use crate::analysis::Assessment;
use crate::analysis::coverage::{gaps, repeats};
use crate::model::{Ask, Status};
use crate::panes::{ALL, PaneId, overview};

/// A way to write the summary.
pub struct Summary {
    pub name: &'static str,
    pub write: fn(&Assessment, &mut dyn Write) -> io::Result<()>,
}

/// Every format of `report`.
pub static SUMMARIES: &[Summary] = &[Summary { name: "text", write: text }, Summary { name: "json", write: json }];

fn subject(a: &Assessment) -> String {
    let account = a.facts.subject_account().map_or_else(|| "unknown account".to_owned(), |id| format!("account {id}"));
    match (a.facts.is_management_account(), a.facts.management_account()) {
        (Some(true), _) => format!("{account}, the management account"),
        (Some(false), Some(management)) => {
            format!("{account}, which is NOT the management account: that is {management}")
        }
        _ => format!("{account}; it is not known which account is the management account"),
    }
}

fn text(a: &Assessment, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "mgmtscope: {}", subject(a))?;
    if let Some(organization) = &a.facts.organization {
        let (id, accounts) = (&organization.id, a.facts.accounts.len());
        writeln!(out, "organization {id}, {accounts} accounts, {} organizational units", a.facts.units.len())?;
    }
    for origin in &a.facts.origins {
        let as_of = origin.as_of.map_or(String::new(), |at| format!(", as of {at}"));
        writeln!(out, "source: {} {}{as_of}", origin.kind.word(), origin.name)?;
    }
    let mut practice = None;
    for claim in &a.claims {
        if practice != Some(claim.practice) {
            practice = Some(claim.practice);
            writeln!(out, "\n{}", claim.practice.title())?;
        }
        let count = claim.count.map_or_else(|| "-".to_owned(), |count| count.to_string());
        write!(out, "  {:>2} {count:>6}  {}", overview::word(claim.standing), claim.text)?;
        if !claim.missing.is_empty() {
            write!(out, "  [not read: {}]", claim.missing)?;
        }
        writeln!(out)?;
    }
    writeln!(out, "\nRows")?;
    for pane in ALL.iter().filter(|pane| !matches!(pane.id, PaneId::Overview | PaneId::Coverage)) {
        let line = crate::analysis::coverage::line(&a.facts, pane.asks);
        writeln!(out, "  {:<12} {:>7}  {line}", pane.name, (pane.rows)(a))?;
    }
    for line in repeats(&a.facts) {
        writeln!(out, "  {line}")?;
    }
    // What is missing, counted as on screen; and what was read to the end and found not to be there.
    let is_gap = |status: Status| status.is_gap() || status.is_open();
    let missing = gaps(&a.facts, Ask::ALL, is_gap);
    let absent = gaps(&a.facts, Ask::ALL, |status| !is_gap(status));
    for (title, gaps) in [("Not read", missing), ("Not there", absent)].iter().filter(|(_, gaps)| !gaps.is_empty()) {
        writeln!(out, "\n{title} ({})", gaps.len())?;
        for gap in gaps {
            let place = if gap.regions.is_empty() { String::new() } else { format!(" in {}", gap.place()) };
            writeln!(out, "  {}{place}: {}", gap.ask.title(), gap.problem.line())?;
        }
    }
    Ok(())
}

fn json(a: &Assessment, out: &mut dyn Write) -> io::Result<()> {
    let claims: Vec<_> = (0..a.claims.len()).map(|row| (overview::OVERVIEW.raw)(a, row)).collect();
    let counts = ALL.iter().map(|pane| (pane.name.to_owned(), json!((pane.rows)(a))));
    let coverage: Vec<_> = (a.facts.coverage.iter())
        .map(|(cell, reading)| {
            json!({"source": cell.ask.name(), "region": cell.region, "status": reading.status, "rows": reading.rows,
                "note": reading.note, "gaps": reading.gaps})
        })
        .collect();
    let document = json!({
        "subject": {"account": a.facts.subject_account(), "management_account": a.facts.management_account(),
            "is_management_account": a.facts.is_management_account()},
        "organization": a.facts.organization,
        "as_of": a.as_of.to_string(),
        "origins": a.facts.origins,
        "rows": counts.collect::<serde_json::Map<_, _>>(),
        "events": {"duplicates": a.facts.events.duplicates(), "repeated": a.facts.events.repeated()},
        "claims": claims,
        "complete": a.facts.coverage.is_complete(),
        "coverage": coverage,
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}
