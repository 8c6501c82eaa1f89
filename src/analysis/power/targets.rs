//! Whom a principal could mean: the reverse of `holders`, for the ways in which it gives another more rights. A bound on
//! what its statements could give comes first, so that nobody is searched for in vain.

use std::collections::HashSet;

use super::graph::{Graph, Node, NodeId, NodeKind};
use super::holders::simple;
use super::holdings::PolicyId;
use super::surroundings::Surroundings;
use super::universe::{ActionId, ActionSet};
use crate::analysis::policy::context::Missing;
use crate::analysis::policy::{Context, Effect, Statement, Truth};
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

    /// The most that any way of raising somebody could come to for this principal.
    pub fn at_most(&self, graph: &Graph, who: NodeId) -> Truth {
        self.raises.iter().map(|action| at_most(graph, who, action)).max().unwrap_or_default()
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
            for (statement, actions) in named.policy.statements.iter().zip(&named.actions) {
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

/// The most that a principal's statements could give it of an action, on whatever resource, by their conditions alone: no
/// question that brings no keys of its own has a better answer.
fn at_most(graph: &Graph, who: NodeId, action: ActionId) -> Truth {
    let node = graph.node(who);
    if node.kind == NodeKind::Root || node.summary.everywhere.contains(action) {
        return Truth::Yes;
    }
    if node.summary.nowhere.contains(action) {
        return Truth::No;
    }
    let of_policy = |id: &PolicyId| {
        let named = graph.library.get(*id);
        let unread = if named.policy.unreadable.is_some() { Truth::Unknown } else { Truth::No };
        let allows = named.policy.statements.iter().zip(&named.actions);
        let allows = allows.filter(|(one, actions)| one.effect == Effect::Allow && actions.contains(action));
        allows.fold(unread, |most, (statement, _)| most.or(holds_at_most(node, statement)))
    };
    let own = node.holdings.identity.iter().map(|(id, _)| of_policy(id)).fold(Truth::No, Truth::or);
    node.holdings.boundary.iter().map(of_policy).fold(own, Truth::and)
}

fn holds_at_most(node: &Node, statement: &Statement) -> Truth {
    let in_one = |context: &Context| {
        let conditions = statement.conditions.iter();
        let holds = conditions.map(|one| one.holds(statement.effect, context, &mut Missing::default()));
        holds.fold(Truth::Yes, Truth::and)
    };
    node.contexts.iter().map(in_one).max().unwrap_or_default()
}
