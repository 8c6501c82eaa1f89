//! `doctor`: who am I, is this the management account, which calls are denied, and what to add.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;

use crate::model::{Ask, Cause, Facts, OriginKind, Status};

/// What the doctor asks: everything that answers at once. The sweep of Cloud Control would take thousands of calls.
pub fn asks() -> Vec<Ask> {
    Ask::ALL.iter().copied().filter(|ask| *ask != Ask::CloudControl).collect()
}

/// Prints the findings. True when nothing is denied or failed. `cache`: where events are kept between runs, if they are.
pub fn print(facts: &Facts, cache: Option<&Path>, out: &mut dyn Write) -> io::Result<bool> {
    match &facts.caller {
        Some(caller) => writeln!(out, "You are {} in account {}.", caller.arn, caller.account)?,
        None => writeln!(out, "It is not known who you are: see below.")?,
    }
    match (facts.is_management_account(), facts.management_account()) {
        (Some(true), _) => writeln!(out, "This is the management account of its organization.")?,
        (Some(false), Some(management)) => {
            writeln!(
                out,
                "This is NOT the management account; that is {management}. What can be read from here is shown."
            )?;
        }
        _ => writeln!(out, "It is not known whether this is the management account.")?,
    }
    writeln!(out)?;
    let mut actions: BTreeSet<String> = BTreeSet::new();
    for &ask in Ask::ALL {
        let status = facts.coverage.status(ask);
        writeln!(out, "  {:<10} {:<36} {:>6} rows", status.word(), ask.title(), facts.coverage.rows(ask))?;
        let mut told: BTreeSet<String> = BTreeSet::new();
        for (_, gap) in facts.coverage.gaps().filter(|(cell, _)| cell.ask == ask) {
            if let Cause::Denied { action } = &gap.cause {
                actions.insert(action.to_string());
            }
            if told.insert(gap.line()) {
                writeln!(out, "             {}", gap.line())?;
            }
        }
    }
    let live = facts.origins.iter().any(|origin| origin.kind == OriginKind::Live);
    match cache {
        Some(folder) => {
            writeln!(out, "\nEvents are kept between runs in {} (--no-cache keeps none).", folder.display())?
        }
        None if live => writeln!(out, "\nNo events are kept between runs.")?,
        None => {}
    }
    let untried = facts.coverage.status(Ask::CloudControl) == Status::NotAsked;
    if untried {
        writeln!(out, "\nCloud Control listing was not tried: it takes thousands of calls (`collect` does it).")?;
    }
    if !actions.is_empty() {
        writeln!(out, "\nActions to add (all of them read-only; `mgmtscope policy` prints the whole policy):")?;
        for action in &actions {
            writeln!(out, "  {action}")?;
        }
    }
    Ok(facts.coverage.iter().all(|(_, reading)| !reading.status.is_gap()))
}
