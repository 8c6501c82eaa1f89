//! The tab "Trust": who may become it, and whom it may become, each as a tree.

use crate::analysis::policy::Truth;
use crate::analysis::power::{Need, NodeId, NodeKind, moves};
use crate::analysis::principals::PrincipalKind;
use crate::analysis::{Assessment, PrincipalRow};
use crate::model::Text;
use crate::panes::PaneId;
use crate::panes::cell::Tone;
use crate::panes::document::{Line, Section, Target};
use crate::panes::tree::Tree;

/// How far the tree of roles goes, and how many roles of one level it shows.
const DEPTH: usize = 3;
const BREADTH: usize = 25;

pub(super) fn sections(a: &Assessment, row: usize) -> Vec<Section> {
    let principal = &a.principals[row];
    let related_heading = match principal.kind {
        PrincipalKind::IdentityCenterGroup => "People",
        _ => "Trusted by",
    };
    let mut sections = vec![
        Section::new("How they get in", ways_in(a, principal)),
        Section::new(related_heading, related(a, principal)),
    ];
    sections.extend(principal.nodes.iter().map(|&node| becomes(a, node)));
    sections
}

/// The roles that it may assume, and those that these may: its own permission and the role's trust policy together.
fn becomes(a: &Assessment, start: NodeId) -> Section {
    let power = &a.power;
    let mut tree = Tree::default();
    tree.node(0, Line::text(power.graph.node(start).arn.resource()));
    let mut seen = vec![start];
    let found = grow(a, start, 1, &mut tree, &mut seen);
    if found == 0 {
        tree.note(Line::toned("it may assume no role of this account", Tone::Dim));
    }
    Section::new("Whom it may become by assuming a role", tree.lines())
}

fn grow(a: &Assessment, from: NodeId, depth: usize, tree: &mut Tree, seen: &mut Vec<NodeId>) -> usize {
    let graph = &a.power.graph;
    let roles = graph.ids().filter(|id| *id != from && graph.node(*id).kind == NodeKind::Role);
    let open: Vec<(NodeId, Truth)> =
        roles.map(|role| (role, graph.may_assume(from, role))).filter(|(_, truth)| *truth != Truth::No).collect();
    for &(role, truth) in open.iter().take(BREADTH) {
        let node = graph.node(role);
        let tone = if truth == Truth::Yes { Tone::Plain } else { Tone::Warn };
        let power = a.power.profile(role).words();
        let line = Line::toned(node.arn.resource(), tone).and(format!("  {power}"), Tone::Dim);
        tree.node(depth, line.to(Target::Row(PaneId::Principals, node.key.to_string())));
        let action = moves::ASSUME_ROLE.get();
        let need = Need { who: from, action, resource: node.arn.text().clone(), keys: Vec::new(), into: Some(role) };
        for line in super::evidence::lines(&a.power, &need, 0) {
            tree.note(line);
        }
        if seen.contains(&role) {
            tree.note(Line::toned("shown above already", Tone::Dim));
        } else if depth < DEPTH {
            seen.push(role);
            grow(a, role, depth + 1, tree, seen);
        }
    }
    if open.len() > BREADTH {
        tree.node(depth, Line::toned(format!("and {} more roles", open.len() - BREADTH), Tone::Dim));
    }
    open.len()
}

/// Who may become it, one node a way in, with what is asked of them.
fn ways_in(a: &Assessment, principal: &PrincipalRow) -> Vec<Line> {
    let mut tree = Tree::default();
    let root = if principal.gates.is_empty() { &principal.entry } else { principal.name.as_str() };
    tree.node(0, Line::text(root));
    for gate in &principal.gates {
        let tone = if gate.marks.iter().any(|mark| mark.is_bad()) { Tone::Warn } else { Tone::Plain };
        let mut line = Line::toned(gate.who.clone(), tone);
        if let Some(account) = &gate.account
            && a.principals.iter().any(|row| row.key == account.as_str())
        {
            line = line.to(Target::Row(PaneId::Principals, account.to_string()));
        }
        tree.node(1, line);
        for condition in &gate.conditions {
            tree.note(Line::toned(condition.clone(), Tone::Dim));
        }
        if !gate.marks.is_empty() {
            let words: Vec<&str> = gate.marks.iter().map(|mark| mark.word()).collect();
            tree.note(Line::toned(format!("to note: {}", words.join(", ")), Tone::Warn));
        }
    }
    let unreadable = principal
        .unreadable
        .iter()
        .map(|why| Line::toned(format!("The trust policy could not be read in full: {why}"), Tone::Warn));
    unreadable.chain(tree.lines()).collect()
}

/// The people of a group; the roles that trust a provider or an account.
fn related(a: &Assessment, principal: &PrincipalRow) -> Vec<Line> {
    let line = |name: &Text| {
        let row = a.principals.iter().find(|row| row.name == *name && row.key != principal.key);
        let line = Line::text(name.as_str());
        match row {
            Some(row) => line.to(Target::Row(PaneId::Principals, row.key.to_string())),
            None => line,
        }
    };
    principal.related.iter().map(line).collect()
}
