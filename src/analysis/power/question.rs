//! "Who can do this?" and "can they do that?": any action there is, on a resource or on any at all.

use super::Power;
use super::graph::{Answer, Graph, NodeId, NodeKind};
use super::moves::ASSUME_ROLE;
use crate::analysis::policy::{Truth, Verdict, special};
use crate::catalog::actions;
use crate::model::event::principal_key;

/// `iam:PassRole`, or `iam:PassRole arn:aws:iam::111122223333:role/x`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// As AWS writes it, where AWS knows it.
    pub action: String,
    /// None: on any resource at all.
    pub resource: Option<String>,
}

/// An answer for one principal, and the resource for which it holds.
#[derive(Clone, Debug)]
pub struct Told {
    pub who: NodeId,
    pub resource: String,
    pub answer: Answer,
}

impl Told {
    pub fn truth(&self) -> Truth {
        match self.answer.verdict {
            Verdict::Allowed => Truth::Yes,
            Verdict::CannotTell => Truth::Unknown,
            Verdict::ImplicitlyDenied | Verdict::ExplicitlyDenied => Truth::No,
        }
    }
}

impl Question {
    /// # Errors
    /// What is wrong with the words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let action = words.next().ok_or("an action is needed, such as iam:PassRole")?;
        let (resource, rest) = (words.next().map(ToOwned::to_owned), words.next());
        if let Some(rest) = rest {
            return Err(format!("`{rest}` is one word too many: an action and a resource are enough"));
        }
        match action.split_once(':') {
            Some((service, name)) if !service.is_empty() && !name.is_empty() && !action.contains(['*', '?']) => {}
            _ => return Err(format!("`{action}` is no action: one such as iam:PassRole is needed")),
        }
        let known = actions::find(action).map(ToString::to_string);
        Ok(Self { action: known.unwrap_or_else(|| action.to_owned()), resource })
    }

    /// AWS's list has it. A service that is new or gone is no error.
    pub fn is_known(&self) -> bool {
        actions::find(&self.action).is_some()
    }

    /// The best answer of those as which a principal acts.
    pub fn ask(&self, power: &Power, nodes: &[NodeId]) -> Option<Told> {
        nodes.iter().map(|&who| self.ask_one(power, who)).max_by_key(Told::truth)
    }

    fn ask_one(&self, power: &Power, who: NodeId) -> Told {
        let graph = &power.graph;
        let action = self.action.to_ascii_lowercase();
        let told = |resource: &str| {
            // With a role's trust policy at hand, both sides are asked.
            let role = graph.find(&principal_key(resource)).filter(|id| graph.node(*id).kind == NodeKind::Role);
            let into = role.filter(|_| special::is_way_into_role(&action));
            Told { who, resource: resource.to_owned(), answer: graph.why(who, &action, resource, &[], into) }
        };
        if let Some(resource) = &self.resource {
            return told(resource);
        }
        if action == "sts:assumerole" {
            return self.any_role(graph, who, &told);
        }
        let star = told("*");
        let only_star = actions::find(&action).is_some_and(|action| action.takes_only_star());
        if only_star || star.truth() == Truth::Yes {
            return star;
        }
        let mut best = star;
        for example in graph.examples_of(graph.node(who), &action) {
            let one = told(&example);
            if one.truth() > best.truth() {
                best = one;
            }
        }
        best
    }

    /// A role's trust policy has its say: each role of the account that could let it in is asked, and those elsewhere that its
    /// own policies name.
    fn any_role(&self, graph: &Graph, who: NodeId, told: &dyn Fn(&str) -> Told) -> Told {
        let node = graph.node(who);
        let assume = ASSUME_ROLE.get();
        let own = node.kind != NodeKind::Root && !node.summary.nowhere.contains(assume);
        let open = |role: &NodeId| *role != who && graph.lets_in(*role).may_include(who, own);
        let roles = graph.ids().filter(|id| graph.node(*id).kind == NodeKind::Role).filter(open);
        let here = roles.map(|role| graph.node(role).arn.to_string());
        let is_elsewhere = |arn: &String| arn.split(':').nth(4).is_none_or(|account| account != node.account());
        let elsewhere = graph.examples(node, assume).into_iter().filter(is_elsewhere);
        let mut best: Option<Told> = None;
        for arn in here.chain(elsewhere) {
            let one = told(&arn);
            if best.as_ref().is_none_or(|best| one.truth() > best.truth()) {
                let certain = one.truth() == Truth::Yes;
                best = Some(one);
                if certain {
                    break;
                }
            }
        }
        best.unwrap_or_else(|| told("*"))
    }
}
