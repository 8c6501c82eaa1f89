//! The tab "Paths": the shortest chain to an administrator, step by step with its evidence; the levers over the
//! organization; and every other single step that is open.

use std::collections::BTreeMap;

use super::evidence;
use crate::analysis::policy::Truth;
use crate::analysis::power::{Lever, Move, NodeId, Power, Standing};
use crate::analysis::{Assessment, PrincipalRow};
use crate::catalog::{escalation, reach_roles};
use crate::panes::PaneId;
use crate::panes::cell::Tone;
use crate::panes::document::{Line, Section, Target};
use crate::panes::filter::quote;
use crate::panes::tree::{self, Step};

/// Targets of one way that are shown before the rest is counted.
const TARGETS: usize = 5;

pub(super) fn sections(a: &Assessment, row: usize) -> Vec<Section> {
    let principal = &a.principals[row];
    let mut sections = Vec::new();
    for &node in &principal.nodes {
        let of =
            if principal.nodes.len() > 1 { format!(" as {}", a.power.graph.node(node).name) } else { String::new() };
        sections.push(chain(a, node, &of));
        sections.push(levers(a, node, &of));
        sections.push(other_ways(a, node, &of));
    }
    sections.push(reach(a, principal));
    sections
}

/// Whom a step leads to, with a link to its row.
fn target(a: &Assessment, line: Line, node: NodeId) -> Line {
    line.to(Target::Row(PaneId::Principals, a.power.graph.node(node).key.to_string()))
}

fn chain(a: &Assessment, node: NodeId, of: &str) -> Section {
    let power: &Power = &a.power;
    let heading = format!("To an administrator{of}");
    let lines = match power.routes.of_node(node) {
        Standing::Admin(Truth::Yes) => vec![Line::toned("It is one already", Tone::Bad)],
        Standing::Admin(_) => {
            vec![Line::toned("It is one, if the conditions of its policies hold: see Power", Tone::Warn)]
        }
        Standing::Apart => vec![Line::toned(none(a), Tone::Dim)],
        Standing::Reaches { .. } => {
            let steps = power.routes.chain(node);
            let last = steps.len();
            let steps = steps.into_iter().enumerate().map(|(n, step)| chained(a, step, n + 1 == last));
            tree::chain(Line::text(power.graph.node(node).arn.resource()), steps)
        }
    };
    Section::new(heading, lines)
}

/// What a missing way rests on.
fn none(a: &Assessment) -> String {
    let known = if a.power.around.residents_known { "" } else { "; what runs as which role was not read to the end" };
    format!("No way is known: {} ways were looked for{known}", escalation::paths().len())
}

/// A step of the chain, with what it rests on.
fn chained(a: &Assessment, step: &Move, last: bool) -> Step {
    let mut lines = step_lines(a, step, 0).into_iter();
    let line = lines.next().unwrap_or_default();
    let line = if last { line.and("  ADMINISTRATOR", Tone::Bad) } else { line };
    lines.fold(Step::new(line), Step::because)
}

fn step_lines(a: &Assessment, step: &Move, indent: u16) -> Vec<Line> {
    let power: &Power = &a.power;
    let verb = match (step.raise, step.become_) {
        (Some(raise), Some(way)) => format!("{}, then {}", raise.name, way.name),
        (Some(way), None) | (None, Some(way)) => way.name.to_owned(),
        (None, None) => step.lever.map_or(String::new(), |lever| lever.name.to_owned()),
    };
    let through = if step.through.is_empty() { String::new() } else { format!(" through {}", step.through) };
    let to = power.graph.node(step.to);
    let ends = if step.to == step.from { "itself".to_owned() } else { to.arn.resource().to_owned() };
    let tone = if step.truth == Truth::Yes { Tone::Plain } else { Tone::Warn };
    let line = Line::toned(format!("{verb} ({}){through} → {ends}", step.id()), tone).indent(indent);
    let mut lines = vec![target(a, line, step.to)];
    for need in &step.needs {
        lines.push(Line::toned(evidence::need(need), Tone::Dim).indent(indent + 1));
        lines.extend(evidence::lines(power, need, indent + 2));
    }
    for open in &step.open {
        lines.push(Line::toned(format!("cannot tell {open}"), Tone::Warn).indent(indent + 1));
    }
    lines
}

fn levers(a: &Assessment, node: NodeId, of: &str) -> Section {
    let power: &Power = &a.power;
    let mut lines = Vec::new();
    for Lever { path, truth, needs, open } in power.levers(node) {
        let tone = if truth == Truth::Yes { Tone::Bad } else { Tone::Warn };
        let mark = if truth == Truth::Yes { "" } else { "? " };
        lines.push(Line::toned(format!("{mark}{} ({}): {}", path.name, path.id, path.reaches.words()), tone));
        lines.push(Line::toned(path.effect, Tone::Plain).indent(1));
        for need in &needs {
            lines.push(Line::toned(evidence::need(need), Tone::Dim).indent(1));
            lines.extend(evidence::lines(power, need, 2));
        }
        for open in &open {
            lines.push(Line::toned(format!("cannot tell {open}"), Tone::Warn).indent(1));
        }
        lines.push(Line::toned(format!("No SCP: {}", path.why_no_scp), Tone::Dim).indent(1));
        if !path.note.is_empty() {
            lines.push(Line::toned(path.note, Tone::Dim).indent(1));
        }
        lines.push(Line::toned(path.source.join("  "), Tone::Dim).indent(1));
    }
    if lines.is_empty() {
        lines.push(Line::toned("It holds none", Tone::Dim));
    }
    Section::new(format!("Levers over the organization{of}"), lines)
}

fn other_ways(a: &Assessment, node: NodeId, of: &str) -> Section {
    let power: &Power = &a.power;
    let heading = format!("Every single step that is open{of}");
    if matches!(power.routes.of_node(node), Standing::Admin(Truth::Yes)) {
        let words = "An administrator can become everybody, and raise everybody";
        return Section::new(heading, vec![Line::toned(words, Tone::Dim)]);
    }
    let mut by_way: BTreeMap<String, Vec<Move>> = BTreeMap::new();
    for step in power.moves(node) {
        by_way.entry(step.id()).or_default().push(step);
    }
    let mut lines = Vec::new();
    for (id, steps) in by_way {
        for (n, step) in steps.iter().take(TARGETS).enumerate() {
            let of_step = step_lines(a, step, 0);
            // The statements behind one target are those behind the others.
            lines.extend(of_step.into_iter().take(if n == 0 { usize::MAX } else { 1 }));
        }
        if steps.len() > TARGETS {
            lines.push(Line::toned(format!("{id}: and {} more principals", steps.len() - TARGETS), Tone::Dim));
        }
    }
    if lines.is_empty() {
        lines.push(Line::toned("None is known", Tone::Dim));
    }
    Section::new(heading, lines)
}

/// Into which members, and how far that is known.
fn reach(a: &Assessment, principal: &PrincipalRow) -> Section {
    let reach = &principal.reach;
    let name = |id: &crate::model::AccountId| {
        a.facts.accounts.get(id).map_or_else(|| id.to_string(), |account| format!("{id} ({})", account.name))
    };
    let mut lines = Vec::new();
    for (member, entered) in &reach.did {
        let roles: Vec<&str> = entered.roles.iter().map(|role| role.rsplit('/').next().unwrap_or(role)).collect();
        let words = format!("did: {}, as {}, {} times", name(member), roles.join(", "), entered.times);
        let mut line = Line::toned(words, Tone::Bad);
        if let Some(last) = entered.last {
            line = line.and(", last ", Tone::Plain).and_time(last);
        }
        let filter = format!("arn={} event=AssumeRole resource:{}", quote(&principal.key), quote(member));
        lines.push(line.to(Target::Filter(PaneId::Activity, filter)));
    }
    let mut by_role: BTreeMap<(bool, &str), Vec<String>> = BTreeMap::new();
    for (member, role) in &reach.could {
        let role = role.rsplit('/').next().unwrap_or(role);
        by_role.entry((!reach.presumed.contains(member), role)).or_default().push(name(member));
    }
    for ((unsure, role), members) in by_role {
        let count = if members.len() == 1 { "1 member".to_owned() } else { format!("{} members", members.len()) };
        let note = reach_roles::find(role).map_or("", |role| role.note);
        let line = if unsure {
            Line::text(format!("could: {count}, if {role} is there and trusts this account"))
        } else {
            Line::toned(format!("presumed: {count}, by {role}"), Tone::Warn)
        };
        lines.push(line);
        lines.push(Line::toned(note, Tone::Dim).indent(1));
        lines.extend(members.into_iter().map(|member| Line::text(member).indent(1)));
    }
    if lines.is_empty() {
        lines.push(Line::toned("No member is known to be in reach", Tone::Dim));
    }
    Section::new("Reach into members", lines)
}
