//! Whom a principal could mean: the reverse of `holders`, for the ways in which it gives another more rights.

use std::collections::HashSet;

use super::graph::{Graph, NodeId, NodeKind};
use super::holders::simple;
use super::surroundings::Surroundings;
use super::universe::{ActionId, ActionSet};
use crate::analysis::policy::Effect;
use crate::catalog::escalation::Raise;
use crate::model::Text;

/// Who gains by a change of what: each user and role by its own ARN, those of its groups, and those of its policies.
pub struct Targets {
    /// In the order of the texts.
    by_resource: Vec<(Text, NodeId)>,
    users: Vec<NodeId>,
    /// A user who is put into one of these has its rights.
    strong_groups: HashSet<Text>,
    raises: ActionSet,
}

impl Targets {
    pub fn of(graph: &Graph, around: &Surroundings) -> Self {
        let mut by_resource: Vec<(Text, NodeId)> = Vec::new();
        let mut users = Vec::new();
        for id in graph.ids().filter(|id| graph.node(*id).kind.is_iam()) {
            by_resource.push((graph.node(id).arn.text().clone(), id));
            by_resource.extend(around.groups_of(id).iter().map(|group| (group.clone(), id)));
            by_resource.extend(around.own_policies_of(id).iter().map(|policy| (policy.arn.text().clone(), id)));
            if graph.node(id).kind == NodeKind::User {
                users.push(id);
            }
        }
        by_resource.sort_unstable();
        Self {
            by_resource,
            users,
            strong_groups: around.strong_groups.iter().cloned().collect(),
            raises: Raise::ALL.iter().filter_map(|how| ActionId::of(how.action())).collect(),
        }
    }

    /// Everybody whom a principal's statements could raise, in order; whether they do is to be asked.
    pub fn meant_by(&self, graph: &Graph, who: NodeId) -> Vec<NodeId> {
        let node = graph.node(who);
        let all = || graph.ids().filter(|id| graph.node(*id).kind.is_iam()).collect();
        if !(node.summary.everywhere & self.raises).is_empty() {
            return all();
        }
        let mut found: Vec<NodeId> = Vec::new();
        for (policy, _) in &node.holdings.identity {
            let named = graph.library.get(*policy);
            if named.policy.unreadable.is_some() {
                return all();
            }
            for (statement, actions) in named.policy.statements.iter().zip(named.actions.iter()) {
                if statement.effect != Effect::Allow || (*actions & self.raises).is_empty() {
                    continue;
                }
                let Some(resources) = &statement.resources else { continue };
                let Some(patterns) = simple(resources) else { return all() };
                for (text, whole) in patterns {
                    found.extend(self.of_pattern(text, whole));
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn of_pattern<'a>(&'a self, text: &'a str, whole: bool) -> impl Iterator<Item = NodeId> + 'a {
        let from = self.by_resource.partition_point(move |(known, _)| **known < *text);
        let fits = move |known: &str| if whole { known == text } else { known.starts_with(text) };
        let group = self.strong_groups.iter().any(|group| fits(group));
        let users = if group { &self.users[..] } else { &[] };
        let own = self.by_resource[from..].iter().take_while(move |(known, _)| fits(known)).map(|(_, id)| *id);
        own.chain(users.iter().copied())
    }
}
