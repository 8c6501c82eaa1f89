//! Whom a role's trust policy could let in, before anything is asked: what the search needs so as not to ask for pairs that
//! cannot be.

use super::graph::{Graph, NodeId, NodeKind};
use crate::analysis::policy::Effect;
use crate::model::event::principal_key;

/// Conditions and denials are not looked at: whoever is not among these is not let in.
#[derive(Clone, Debug, Default)]
pub struct LetsIn {
    /// Whoever asks, with or without a permission of their own.
    pub anyone: bool,
    /// By name, in order.
    pub named: Vec<NodeId>,
    /// By account: who is allowed to enter by their own policies.
    pub delegates: bool,
}

impl LetsIn {
    pub fn of(graph: &Graph, role: NodeId) -> Self {
        let mut found = Self::default();
        let Some(trust) = graph.node(role).trust.map(|id| graph.library.policy(id)) else { return found };
        found.anyone = trust.unreadable.is_some();
        for statement in trust.statements.iter().filter(|statement| statement.effect == Effect::Allow) {
            let Some(principals) = &statement.principals else { continue };
            found.anyone |= principals.all_but || principals.is_anyone();
            for (_, text) in principals.written.iter().filter(|(kind, _)| kind.eq_ignore_ascii_case("AWS")) {
                match graph.find(&principal_key(text)) {
                    Some(id) if graph.node(id).kind != NodeKind::Root => found.named.push(id),
                    _ => found.delegates = true,
                }
            }
        }
        found.named.sort_unstable();
        found
    }

    /// `own`: its own policies may allow it to assume roles.
    pub fn may_include(&self, who: NodeId, own: bool) -> bool {
        self.anyone || self.named.binary_search(&who).is_ok() || self.delegates && own
    }
}
