//! Who is an administrator, who can make themselves one, and by which shortest chain of steps.
//!
//! A breadth-first search from the administrators backwards: for each principal that was reached it looks for those who can
//! become it, among those who hold a statement that could mean it. First over steps that are certain, then over those that
//! hang on what is not known. Each principal is reached once, so that the work grows with principals and with the
//! statements that matter, not with pairs.

use std::collections::{BTreeSet, HashSet, VecDeque};

use rayon::prelude::*;

use super::graph::{Graph, NodeId, NodeKind};
use super::holders::Holders;
use super::levers::{self, Ground};
use super::moves::{self, Move, Moves};
use super::surroundings::{Surroundings, admin_actions};
use super::targets::Targets;
use super::universe::ActionId;
use crate::analysis::policy::Truth;
use crate::catalog::escalation::{Become, paths};
use crate::catalog::organization_paths::Reaches;
use crate::model::Text;

/// How a principal stands to being an administrator.
#[derive(Clone, Debug, Default)]
pub enum Standing {
    /// It neither is one nor is a way known.
    #[default]
    Apart,
    /// It is one. Unknown: if conditions hold.
    Admin(Truth),
    /// A chain leads there: its first step, and how many steps there are.
    Reaches { first: Box<Move>, steps: u32, truth: Truth },
}

impl Standing {
    pub fn truth(&self) -> Truth {
        match self {
            Self::Apart => Truth::No,
            Self::Admin(truth) | Self::Reaches { truth, .. } => *truth,
        }
    }
}

/// For every principal its standing, by its number.
#[derive(Debug, Default)]
pub struct Routes {
    pub standing: Vec<Standing>,
}

impl Routes {
    pub fn of(graph: &Graph, around: &Surroundings, ground: &Ground) -> Self {
        Self::of_telling(graph, around, ground, &super::progress::untold())
    }

    pub(super) fn of_telling(
        graph: &Graph,
        around: &Surroundings,
        ground: &Ground,
        progress: &super::Progress<'_>,
    ) -> Self {
        let moves = Moves::new(graph, around);
        let ids: Vec<NodeId> = graph.ids().collect();
        let admin = admin_actions();
        let mut standing: Vec<Standing> = ids
            .par_iter()
            .map(|&id| {
                let truth = if graph.node(id).kind == NodeKind::Root {
                    Truth::Yes
                } else {
                    admin.iter().map(|action| graph.permits(id, action, "*")).min().unwrap_or_default()
                };
                if truth == Truth::No { Standing::Apart } else { Standing::Admin(truth) }
            })
            .collect();
        let targets = Targets::of(graph, around);
        let stage = progress.stage(62, 80, ids.len());
        let raised: Vec<(NodeId, Move)> = ids
            .par_iter()
            .inspect(|_| stage.step())
            .filter(|&&id| standing[id as usize].truth() != Truth::Yes && graph.node(id).kind.is_iam())
            .filter_map(|&id| {
                let (own, lever) = (raised(&moves, &targets, id), pulled(graph, ground, id));
                // Of two ways as certain, the one through IAM.
                let better = match (&own, &lever) {
                    (Some(own), Some(lever)) => lever.truth > own.truth,
                    (own, _) => own.is_none(),
                };
                Some((id, if better { lever } else { own }?))
            })
            .collect();
        for (id, step) in raised {
            let truth = step.truth;
            if truth > standing[id as usize].truth() {
                standing[id as usize] = Standing::Reaches { first: Box::new(step), steps: 1, truth };
            }
        }
        let mut routes = Self { standing };
        for least in [Truth::Yes, Truth::Unknown] {
            let waiting: Vec<NodeId> =
                ids.iter().copied().filter(|id| routes.standing[*id as usize].truth() < least).collect();
            routes.spread(&moves, &Index::of(&moves, &waiting, least), least);
            progress.reached(if least == Truth::Yes { 87 } else { 92 });
        }
        routes
    }

    pub fn of_node(&self, id: NodeId) -> &Standing {
        self.standing.get(id as usize).unwrap_or(&Standing::Apart)
    }

    /// The chain from a principal to an administrator.
    pub fn chain(&self, from: NodeId) -> Vec<&Move> {
        let mut chain: Vec<&Move> = Vec::new();
        let mut at = from;
        while let Standing::Reaches { first, .. } = self.of_node(at) {
            chain.push(first);
            if first.raise.is_some() || first.lever.is_some() || chain.len() > self.standing.len() {
                break;
            }
            at = first.to;
        }
        chain
    }

    fn spread(&mut self, moves: &Moves<'_>, index: &Index, least: Truth) {
        let graph = moves.graph;
        let mut order: Vec<(u32, NodeId)> =
            graph.ids().filter(|id| self.of_node(*id).truth() >= least).map(|id| (self.steps(id), id)).collect();
        order.sort_unstable();
        let mut queue: VecDeque<NodeId> = order.into_iter().map(|(_, id)| id).collect();
        let mut tried = Tried::default();
        while let Some(target) = queue.pop_front() {
            if !graph.node(target).kind.is_iam() {
                continue;
            }
            let (steps, truth) = (self.steps(target), self.of_node(target).truth());
            let waiting = |from: &NodeId| {
                *from != target && self.of_node(*from).truth() < least && moves.could_become(*from, target, least)
            };
            let candidates: Vec<NodeId> = index.before(moves, target, &mut tried).into_iter().filter(waiting).collect();
            let found: Vec<(NodeId, Move)> = candidates
                .into_par_iter()
                .filter_map(|from| Some((from, moves.best(from, target)?)))
                .filter(|(_, step)| step.truth >= least)
                .collect();
            for (from, first) in found {
                let truth = truth.and(first.truth);
                self.standing[from as usize] = Standing::Reaches { first: Box::new(first), steps: steps + 1, truth };
                queue.push_back(from);
            }
        }
    }

    fn steps(&self, id: NodeId) -> u32 {
        match self.of_node(id) {
            Standing::Reaches { steps, .. } => *steps,
            Standing::Admin(_) | Standing::Apart => 0,
        }
    }
}

/// The first way in which a principal makes itself an administrator without becoming one who is: by its own rights, or by
/// raising another and becoming that.
fn raised(moves: &Moves<'_>, targets: &Targets, id: NodeId) -> Option<Move> {
    let graph = moves.graph;
    let most = moves.bounds(id).raise();
    if most == Truth::No {
        return None;
    }
    let enough = |best: &Option<Move>| best.as_ref().is_some_and(|step| step.truth >= most);
    let mut best = moves.best_raise(id, id, Truth::Unknown);
    if enough(&best) {
        return best;
    }
    for other in targets.meant_by(graph, id).into_iter().filter(|other| *other != id) {
        let least = if best.is_some() { Truth::Yes } else { Truth::Unknown };
        let Some(step) = moves.raising_and_becoming(id, other, least) else { continue };
        if best.as_ref().is_none_or(|best| step.truth > best.truth) {
            best = Some(step);
            if enough(&best) {
                break;
            }
        }
    }
    best
}

/// A lever of the organization that makes an administrator of this account.
fn pulled(graph: &Graph, ground: &Ground, id: NodeId) -> Option<Move> {
    let mut held = levers::held_by(graph, ground, id);
    held.retain(|held| held.path.reaches == Reaches::AdministratorHere);
    held.sort_by_key(|held| std::cmp::Reverse(held.truth));
    let lever = held.into_iter().next()?;
    Some(Move {
        from: id,
        to: id,
        raise: None,
        become_: None,
        lever: Some(lever.path),
        truth: lever.truth,
        needs: lever.needs,
        open: lever.open,
        through: Text::default(),
    })
}

/// For what those were asked already whose answer it alone decides.
#[derive(Default)]
struct Tried {
    /// Service, account and whether there is an instance profile: who needs no more to pass a role than that it trusts the
    /// service.
    services: HashSet<(String, String, bool)>,
    /// Account and text of a trust policy that lets in whoever asks.
    trusts: HashSet<(String, usize)>,
}

/// Who may be able to become whom, without asking yet.
struct Index {
    assume: Holders,
    pass_role: Holders,
    update_trust: Holders,
    of_users: Vec<Holders>,
    /// For resources that run as a role: by the first action of each way.
    of_resources: Vec<Holders>,
    /// All of these together: while it is not known what runs as which role, any of them may be meant.
    resource_users: Vec<NodeId>,
}

impl Index {
    /// `least`: how certain it must be.
    fn of(moves: &Moves<'_>, nodes: &[NodeId], least: Truth) -> Self {
        let holders = |action: ActionId| {
            let could = |id: &NodeId| moves.bounds(*id).reach(action, least);
            Holders::of(moves.graph, action, nodes.iter().copied().filter(could))
        };
        let users = |action: ActionId| Holders::of(moves.graph, action, nodes.iter().copied());
        let resources = paths()
            .iter()
            .filter(|path| path.become_ == Some(Become::UseResource))
            .flat_map(|path| path.required.iter())
            .filter_map(|name| ActionId::of(name));
        let resources: BTreeSet<ActionId> = resources.collect();
        let of_resources: Vec<Holders> = resources.into_iter().map(users).collect();
        let resource_users: BTreeSet<NodeId> = of_resources.iter().flat_map(Holders::everybody).collect();
        Self {
            assume: holders(moves::ASSUME_ROLE.get()),
            pass_role: holders(moves::PASS_ROLE.get()),
            update_trust: holders(moves::UPDATE_TRUST.get()),
            of_users: [&moves::CREATE_ACCESS_KEY, &moves::CREATE_LOGIN_PROFILE, &moves::UPDATE_LOGIN_PROFILE]
                .map(|act| holders(act.get()))
                .into(),
            of_resources,
            resource_users: resource_users.into_iter().collect(),
        }
    }

    /// Whoever might become the target.
    fn before(&self, moves: &Moves<'_>, target: NodeId, tried: &mut Tried) -> Vec<NodeId> {
        let (graph, around) = (moves.graph, moves.around);
        let node = graph.node(target);
        let mut found: Vec<NodeId> = Vec::new();
        if node.kind == NodeKind::User {
            self.of_users.iter().for_each(|holders| found.extend(holders.candidates(graph, &node.arn, true)));
        } else {
            // Who may pass every role, or use whatever runs, gets nothing from another role of the same services.
            let profile = around.has_instance_profile(target);
            let mut services = around.services_of(target).iter();
            let fresh =
                services.any(|service| tried.services.insert((service.clone(), node.account().to_owned(), profile)));
            found.extend(self.pass_role.candidates(graph, &node.arn, fresh));
            found.extend(self.update_trust.candidates(graph, &node.arn, true));
            if !around.residents_known && fresh {
                found.extend(&self.resource_users);
            }
            for resource in around.run_as(target) {
                let of_resource = |holders: &Holders| holders.candidates(graph, &resource.arn, true);
                found.extend(self.of_resources.iter().flat_map(of_resource));
            }
            let lets_in = graph.lets_in(target);
            if lets_in.anyone {
                // Nobody of the account needs a permission of their own: another role of the same trust policy lets in no
                // other, except where somebody's policies tell one role from another.
                let text = node.trust.map_or(0, |trust| graph.library.get(trust).text_id());
                let fresh = tried.trusts.insert((node.account().to_owned(), text));
                let alike = |id: &NodeId| graph.node(*id).summary.alike.contains(moves::ASSUME_ROLE.get());
                found.extend(graph.ids().filter(|id| fresh || !alike(id)));
            }
            found.extend(&lets_in.named);
            if lets_in.delegates {
                found.extend(self.assume.candidates(graph, &node.arn, true));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}
