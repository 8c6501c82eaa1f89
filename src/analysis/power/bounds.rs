//! What a principal's statements could give it at most, so that nothing is searched for in vain.

use std::sync::LazyLock;

use super::graph::{Graph, NodeId, NodeKind};
use super::holdings::PolicyId;
use super::moves::{self, Act};
use super::universe::{ActionId, ActionSet};
use crate::analysis::policy::condition::Condition;
use crate::analysis::policy::context::Missing;
use crate::analysis::policy::resource::Resources;
use crate::analysis::policy::{Context, Effect, Truth};
use crate::catalog::escalation::Raise;

/// The actions by which one principal raises or becomes another.
static STEPS: LazyLock<ActionSet> = LazyLock::new(|| *RAISES | becomes());
static RAISES: LazyLock<ActionSet> =
    LazyLock::new(|| Raise::ALL.iter().filter_map(|how| ActionId::of(how.action())).collect());

fn becomes() -> ActionSet {
    let acts: [&Act; 6] = [
        &moves::ASSUME_ROLE,
        &moves::PASS_ROLE,
        &moves::UPDATE_TRUST,
        &moves::CREATE_ACCESS_KEY,
        &moves::CREATE_LOGIN_PROFILE,
        &moves::UPDATE_LOGIN_PROFILE,
    ];
    acts.iter().map(|act| act.get()).collect()
}

/// Whether it is bounded at all.
#[cfg(test)]
pub fn is_step(action: ActionId) -> bool {
    STEPS.contains(action)
}

/// The bounds of one principal, for these actions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bounds {
    /// Certainly allowed on something, perhaps.
    certain: ActionSet,
    /// Allowed on something, perhaps, if conditions hold.
    possible: ActionSet,
}

impl Bounds {
    pub fn of(graph: &Graph, who: NodeId) -> Self {
        let mut bounds = Self::default();
        for action in STEPS.iter() {
            match at_most(graph, who, action) {
                Truth::Yes => {
                    bounds.certain.insert(action);
                    bounds.possible.insert(action);
                }
                Truth::Unknown => bounds.possible.insert(action),
                Truth::No => {}
            }
        }
        bounds
    }

    pub fn reach(&self, action: ActionId, least: Truth) -> bool {
        match least {
            Truth::Yes => self.certain.contains(action),
            Truth::Unknown | Truth::No => self.possible.contains(action),
        }
    }

    /// The most that any way of raising somebody could come to.
    pub fn raise(&self) -> Truth {
        if !(self.certain & *RAISES).is_empty() {
            Truth::Yes
        } else if !(self.possible & *RAISES).is_empty() {
            Truth::Unknown
        } else {
            Truth::No
        }
    }
}

/// The most that a principal's statements could give it of an action, on whatever resource, by their conditions alone and by
/// what is denied on every resource: no question has a better answer. Conditions on what the call itself decides are taken
/// to be met.
fn at_most(graph: &Graph, who: NodeId, action: ActionId) -> Truth {
    let node = graph.node(who);
    if node.kind == NodeKind::Root || node.summary.everywhere.contains(action) {
        return Truth::Yes;
    }
    if node.summary.nowhere.contains(action) {
        return Truth::No;
    }
    let own = || node.holdings.identity.iter().map(|(id, _)| *id);
    let all = || own().chain(node.holdings.boundary);
    let most = |context: &Context| {
        let allowed = own().map(|id| speaks(graph, id, action, Effect::Allow, context)).fold(Truth::No, Truth::or);
        let bounded = node.holdings.boundary.map(|id| speaks(graph, id, action, Effect::Allow, context));
        let denied = all().map(|id| speaks(graph, id, action, Effect::Deny, context)).fold(Truth::No, Truth::or);
        allowed.and(bounded.unwrap_or(Truth::Yes)).and(denied.negate())
    };
    node.contexts.iter().map(most).max().unwrap_or_default()
}

/// What a policy allows of an action at most, or denies at least.
fn speaks(graph: &Graph, policy: PolicyId, action: ActionId, effect: Effect, context: &Context) -> Truth {
    let named = graph.library.get(policy);
    // What could not be read may allow anything, and need not deny anything.
    let unread = if named.policy.unreadable.is_some() && effect == Effect::Allow { Truth::Unknown } else { Truth::No };
    let about = named.policy.statements.iter().zip(named.actions.iter());
    let about = about.filter(|(one, actions)| one.effect == effect && actions.contains(action));
    about.fold(unread, |so_far, (statement, _)| {
        let everything = || statement.resources.as_ref().is_some_and(Resources::is_everything);
        if effect == Effect::Deny && !everything() {
            return so_far;
        }
        let conditions = statement.conditions.iter().map(|one| match (is_decided(one), effect) {
            (true, Effect::Allow) => Truth::Yes,
            (true, Effect::Deny) => Truth::No,
            _ => one.holds(effect, context, &mut Missing::default()),
        });
        so_far.or(conditions.fold(Truth::Yes, Truth::and))
    })
}

/// Whether a condition hangs on such a key, by itself or by a variable in its values.
fn is_decided(condition: &Condition) -> bool {
    let holds = |value: &str| {
        let value = value.to_ascii_lowercase();
        value.contains("${") && DECIDED.iter().any(|key| value.contains(key))
    };
    DECIDED.contains(&&*condition.key) || condition.written.2.iter().any(|value| holds(value))
}

/// Condition keys that a call sets by what it asks for, as questions do here; in lower case.
const DECIDED: &[&str] = &["iam:passedtoservice", "aws:viaawsservice"];
