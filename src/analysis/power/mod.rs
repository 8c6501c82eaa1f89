//! Power: what each principal may do in the end, who can become whom, and how far that leads.
//!
//! Evaluated, never guessed from a policy's name. Pure, as all of analysis. `universe` names the actions that matter,
//! `holdings` compiles the policies, `graph` puts questions to a principal, `moves` knows the single steps from one
//! principal to another, `routes` the shortest chains of them to an administrator, `levers` what can be done to the
//! organization, `grades` sums it up by class of power.

pub mod bounds;
pub mod circumstances;
pub mod grades;
pub mod graph;
pub mod holders;
pub mod holdings;
pub mod levers;
pub mod moves;
pub mod progress;
pub mod question;
pub mod raises;
pub mod reach;
pub mod routes;
pub mod surroundings;
pub mod targets;
pub mod trusts;
pub mod universe;

use std::sync::Arc;

use jiff::Timestamp;
use rayon::prelude::*;

use crate::analysis::policy::Truth;
use crate::model::Facts;

pub use grades::{Grade, Profile};
pub use graph::{Answer, Cited, Graph, Need, Node, NodeId, NodeKind};
pub use levers::{Ground, Lever};
pub use moves::{Move, Moves};
pub use progress::Progress;
pub use question::{Question, Told};
pub use reach::{Members, Reach};
pub use routes::{Routes, Standing};
pub use surroundings::Surroundings;
pub use universe::{ActionId, ActionSet};

/// Everything that follows from the policies of a picture.
#[derive(Debug, Default)]
pub struct Power {
    pub graph: Graph,
    pub around: Surroundings,
    pub routes: Routes,
    pub ground: Ground,
    pub members: Members,
    /// By number, as the nodes.
    pub profiles: Vec<Profile>,
}

/// The facts from which powers follow. As long as they are the same, so are the powers.
#[derive(Clone, Debug, Default)]
pub struct Inputs(Facts);

impl Inputs {
    pub fn of(facts: &Facts) -> Self {
        // Events say what was done, not what may be.
        Self(Facts { events: Arc::default(), ..facts.clone() })
    }

    pub fn same(&self, other: &Self) -> bool {
        let (a, b) = (&self.0, &other.0);
        let told = |facts: &Facts| levers::ASKS.map(|ask| facts.coverage.status(ask));
        Arc::ptr_eq(&a.users, &b.users)
            && Arc::ptr_eq(&a.groups, &b.groups)
            && Arc::ptr_eq(&a.roles, &b.roles)
            && Arc::ptr_eq(&a.managed_policies, &b.managed_policies)
            && Arc::ptr_eq(&a.permission_sets, &b.permission_sets)
            && Arc::ptr_eq(&a.assignments, &b.assignments)
            && Arc::ptr_eq(&a.credential_report, &b.credential_report)
            && Arc::ptr_eq(&a.access_keys, &b.access_keys)
            && Arc::ptr_eq(&a.residents, &b.residents)
            && Arc::ptr_eq(&a.accounts, &b.accounts)
            && Arc::ptr_eq(&a.roots, &b.roots)
            && Arc::ptr_eq(&a.trails, &b.trails)
            && Arc::ptr_eq(&a.trusted_services, &b.trusted_services)
            && Arc::ptr_eq(&a.delegated_administrators, &b.delegated_administrators)
            && Arc::ptr_eq(&a.identity_providers, &b.identity_providers)
            && Arc::ptr_eq(&a.instances, &b.instances)
            && a.organization == b.organization
            && a.organizations_features == b.organizations_features
            && a.subject_account() == b.subject_account()
            && told(a) == told(b)
    }
}

impl Power {
    /// `as_of`: the moment at which requests are made.
    pub fn of(facts: &Facts, as_of: Timestamp) -> Self {
        Self::of_telling(facts, as_of, &progress::untold())
    }

    /// The same, telling how far it has come. The shares are those of the time that the parts take of 3,000 principals.
    pub fn of_telling(facts: &Facts, as_of: Timestamp, progress: &Progress<'_>) -> Self {
        let graph = Graph::of_telling(facts, as_of, progress);
        let around = Surroundings::of(facts, &graph);
        progress.reached(62);
        let trusting = |service: &str| {
            let trusts = |id: &NodeId| around.services_of(*id).iter().any(|known| known == service);
            graph.ids().filter(trusts).map(|id| graph.node(id).arn.clone()).collect()
        };
        let ground = Ground::of(facts, &trusting);
        let routes = Routes::of_telling(&graph, &around, &ground, progress);
        let ids: Vec<NodeId> = graph.ids().collect();
        let stage = progress.stage(92, 100, ids.len());
        let profile = |&id: &NodeId| {
            stage.step();
            Profile::of(&graph, &routes, &ground, id)
        };
        let profiles = ids.par_iter().map(profile).collect();
        Self { graph, around, routes, ground, members: Members::of(facts), profiles }
    }

    pub fn profile(&self, who: NodeId) -> Profile {
        self.profiles.get(who as usize).copied().unwrap_or_default()
    }

    /// The levers that a principal holds, the gravest first.
    pub fn levers(&self, who: NodeId) -> Vec<Lever> {
        levers::held_by(&self.graph, &self.ground, who)
    }

    /// Every single step that a principal can take: to become another, or to raise somebody.
    pub fn moves(&self, who: NodeId) -> Vec<Move> {
        let moves = Moves::new(&self.graph, &self.around);
        let mut all: Vec<Move> = moves.raising(who, who);
        for other in self.graph.ids().filter(|other| *other != who) {
            all.extend(moves.becoming(who, other));
            all.extend(moves.raising_and_becoming(who, other, Truth::Unknown));
        }
        all.retain(|step| step.truth != Truth::No);
        all
    }
}

#[cfg(test)]
mod search_tests;
#[cfg(test)]
mod tests;
