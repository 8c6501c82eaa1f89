//! Who could mean a resource: the holders of an action, found by the resources that their statements name.

use std::collections::HashMap;

use super::graph::{Graph, NodeId};
use super::holdings::PolicyId;
use super::universe::ActionId;
use crate::analysis::policy::resource::Resources;
use crate::analysis::policy::{Effect, Truth};

/// The nodes that hold statements which allow an action, by the resources that these name: to find at once who could mean
/// a resource, however many statements there are.
#[derive(Default)]
pub struct Holders {
    everywhere: Vec<NodeId>,
    /// A policy of theirs could not be read: it may tell one resource from another.
    unreadable: Vec<NodeId>,
    exact: HashMap<Box<str>, Vec<NodeId>>,
    /// By the text before a star at the end.
    beginning: HashMap<Box<str>, Vec<NodeId>>,
    /// Statements whose resources have to be matched, each once.
    others: Vec<((PolicyId, usize), Vec<NodeId>)>,
}

impl Holders {
    pub fn of(graph: &Graph, action: ActionId, nodes: impl Iterator<Item = NodeId>) -> Self {
        let mut holders = Self::default();
        let mut by_statement: HashMap<(PolicyId, usize), Vec<NodeId>> = HashMap::new();
        for id in nodes {
            let node = graph.node(id);
            if node.summary.nowhere.contains(action) {
                continue;
            }
            if node.summary.everywhere.contains(action) {
                holders.everywhere.push(id);
                continue;
            }
            for (policy, _) in &node.holdings.identity {
                let named = graph.library.get(*policy);
                if named.policy.unreadable.is_some() {
                    holders.unreadable.push(id);
                }
                for (n, (statement, actions)) in named.policy.statements.iter().zip(named.actions.iter()).enumerate() {
                    if statement.effect == Effect::Allow && actions.contains(action) {
                        by_statement.entry((*policy, n)).or_default().push(id);
                    }
                }
            }
        }
        for ((policy, n), nodes) in by_statement {
            let resources = graph.library.policy(policy).statements[n].resources.as_ref();
            match resources.map(simple) {
                Some(Some(patterns)) => {
                    for (text, whole) in patterns {
                        let map = if whole { &mut holders.exact } else { &mut holders.beginning };
                        map.entry(text.into()).or_default().extend(&nodes);
                    }
                }
                Some(None) => holders.others.push(((policy, n), nodes)),
                None => {}
            }
        }
        holders
    }

    /// Whoever may be allowed the action on the resource; whether they are is to be asked. `everywhere`: those too who are
    /// allowed it on everything.
    pub fn candidates(&self, graph: &Graph, resource: &str, everywhere: bool) -> Vec<NodeId> {
        use crate::analysis::policy::context::Missing;
        use crate::analysis::policy::{Context, resource::Place};
        let open = Context::open();
        let mut found = if everywhere { self.everywhere.clone() } else { Vec::new() };
        found.extend(&self.unreadable);
        found.extend(self.exact.get(resource).into_iter().flatten());
        let beginnings = (0..=resource.len()).filter_map(|end| resource.get(..end));
        found.extend(beginnings.filter_map(|text| self.beginning.get(text)).flatten());
        for ((policy, statement), nodes) in &self.others {
            let statement = &graph.library.policy(*policy).statements[*statement];
            let Some(resources) = &statement.resources else { continue };
            if resources.matches(resource, &open, Place::Principal, &mut Missing::default()) != Truth::No {
                found.extend(nodes);
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Whoever holds the action on anything.
    pub fn everybody(&self) -> impl Iterator<Item = NodeId> + '_ {
        let named =
            self.exact.values().chain(self.beginning.values()).chain(self.others.iter().map(|(_, nodes)| nodes));
        self.everywhere.iter().chain(&self.unreadable).chain(named.flatten()).copied()
    }
}

/// The texts of resources, and whether each is the whole of one or its beginning. None: some have to be matched.
pub fn simple(resources: &Resources) -> Option<Vec<(&str, bool)>> {
    let one = |text: &'_ str| -> Option<(usize, bool)> {
        let plain = |text: &str| !text.contains(['*', '?', '$']);
        // A short ARN is completed: see `policy::resource`.
        let short = text.starts_with("arn:") && text.matches(':').count() < 5 && !text.ends_with('*');
        match text.strip_suffix('*') {
            _ if short => None,
            Some(beginning) if plain(beginning) => Some((beginning.len(), false)),
            None if plain(text) => Some((text.len(), true)),
            _ => None,
        }
    };
    if resources.all_but {
        return None;
    }
    resources.written.iter().map(|text| one(text).map(|(length, whole)| (&text[..length], whole))).collect()
}
