//! What is known of principals beside their policies, by their number in the graph: credentials, groups, the policies that
//! can be edited, services and resources that run as a role, and what more rights would bring.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use rayon::prelude::*;

use super::graph::{Graph, Node, NodeId, NodeKind};
use super::holdings::{By, Holdings, Library, Summary};
use super::universe::{ActionId, ActionSet};
use crate::analysis::policy::{Caller, Context, Effect, Layers, Policy, Request, Verdict, evaluate};
use crate::catalog::powers;
use crate::model::event::principal_key;
use crate::model::{Arn, Ask, Facts, ManagedPolicy, Status, Text};

/// None: not read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Credentials {
    pub password: Option<bool>,
    pub mfa: Option<bool>,
    pub keys: Option<usize>,
}

/// A resource that runs as a role.
#[derive(Clone, Debug)]
pub struct RunsAs {
    /// The CloudFormation type.
    pub kind: Text,
    pub arn: Arn,
    /// The resident's key.
    pub key: Text,
}

/// A customer managed policy that a principal holds.
#[derive(Clone, Debug)]
pub struct OwnPolicy {
    pub arn: Arn,
    /// It has five versions, and takes no more.
    pub is_full: bool,
    /// A version that is not the default would make an administrator.
    pub has_stronger_version: bool,
}

#[derive(Debug, Default)]
pub struct Surroundings {
    credentials: HashMap<NodeId, Credentials>,
    groups: HashMap<NodeId, Vec<Text>>,
    own_policies: HashMap<NodeId, Vec<OwnPolicy>>,
    services: HashMap<NodeId, Vec<String>>,
    instance_profile: HashMap<NodeId, bool>,
    resources: HashMap<NodeId, Vec<RunsAs>>,
    /// Only of those whom a boundary or a Deny limits.
    limits: HashMap<NodeId, Limit>,
    /// ARNs of groups whose members are administrators, or can make themselves ones.
    pub strong_groups: Vec<Text>,
    /// Every resource was looked for, so that what is not there does not exist.
    pub residents_known: bool,
}

/// The actions that an administrator is allowed, all of them.
pub fn admin_actions() -> ActionSet {
    *ADMIN
}

static ADMIN: LazyLock<ActionSet> = LazyLock::new(|| {
    let admin = powers::classes().iter().find(|class| class.power == powers::Power::Admin);
    admin.into_iter().flat_map(|class| &class.probes).filter_map(|probe| ActionId::of(probe.action)).collect()
});

/// With these on everything one is an administrator as soon as one likes.
const IAM_CONTROL: &[&str] =
    &["iam:attachuserpolicy", "iam:putuserpolicy", "iam:attachrolepolicy", "iam:putrolepolicy"];

fn everywhere(summary: &Summary, action: &str) -> bool {
    ActionId::find(action).is_some_and(|action| summary.everywhere.contains(action))
}

fn makes_admin(summary: &Summary) -> bool {
    let admin = admin_actions();
    summary.everywhere & admin == admin
}

impl Surroundings {
    pub fn of(facts: &Facts, graph: &Graph) -> Self {
        let carried = carried(facts);
        let residents_known = facts.coverage.status(Ask::CloudControl) == Status::Complete;
        let mut around = Self { strong_groups: strong_groups(facts, graph), residents_known, ..Self::default() };
        let group_arns: BTreeMap<(&str, &str), &Arn> =
            facts.groups.values().map(|group| ((group.arn.account(), group.name.as_str()), &group.arn)).collect();
        let mut keys: HashMap<&str, usize> = HashMap::new();
        for key in facts.access_keys.values() {
            *keys.entry(key.user.as_str()).or_default() += 1;
        }
        let mut policies: HashMap<Arn, OwnPolicy> = HashMap::new();
        for id in graph.ids() {
            let node = graph.node(id);
            if let Some(user) = facts.users.get(&node.arn) {
                let report = facts.credential_report.get(user.name.as_str());
                let reported = report.map(|report| report.keys.iter().filter(|key| key.rotated.is_some()).count());
                around.credentials.insert(
                    id,
                    Credentials {
                        password: report.and_then(|report| report.password_enabled),
                        mfa: report.map(|report| report.mfa_active),
                        keys: keys.get(user.name.as_str()).copied().or(reported),
                    },
                );
                let arns = user.groups.iter().filter_map(|name| group_arns.get(&(user.arn.account(), name.as_str())));
                around.groups.insert(id, arns.map(|arn| arn.text().clone()).collect());
            }
            if let Some(role) = facts.roles.get(&node.arn) {
                around.services.insert(id, services(graph, id));
                around.instance_profile.insert(id, !role.instance_profiles.is_empty());
            }
            if let Some(resources) = carried.get(&node.key) {
                around.resources.insert(id, resources.clone());
            }
            let own: Vec<OwnPolicy> = node
                .holdings
                .identity
                .iter()
                .map(|(policy, _)| &graph.library.get(*policy).arn)
                .filter(|arn| arn.resource().starts_with("policy/") && arn.account() != "aws")
                .filter_map(|arn| {
                    let known = facts.managed_policies.get(arn)?;
                    Some(policies.entry(arn.clone()).or_insert_with(|| own_policy(known)).clone())
                })
                .collect();
            if !own.is_empty() {
                around.own_policies.insert(id, own);
            }
        }
        let ids: Vec<NodeId> = graph.ids().collect();
        let limits: Vec<(NodeId, Limit)> = ids.par_iter().filter_map(|&id| Some((id, limit(graph, id)?))).collect();
        around.limits.extend(limits);
        around
    }

    pub fn credentials_of(&self, user: NodeId) -> Credentials {
        self.credentials.get(&user).copied().unwrap_or_default()
    }

    pub fn keys_of(&self, user: NodeId) -> Option<usize> {
        self.credentials_of(user).keys
    }

    /// ARNs of the groups that a user is in.
    pub fn groups_of(&self, user: NodeId) -> &[Text] {
        self.groups.get(&user).map_or(&[], Vec::as_slice)
    }

    pub fn own_policies_of(&self, who: NodeId) -> &[OwnPolicy] {
        self.own_policies.get(&who).map_or(&[], Vec::as_slice)
    }

    /// The services that a role's trust policy lets in.
    pub fn services_of(&self, role: NodeId) -> &[String] {
        self.services.get(&role).map_or(&[], Vec::as_slice)
    }

    pub fn has_instance_profile(&self, role: NodeId) -> bool {
        self.instance_profile.get(&role).copied().unwrap_or(false)
    }

    pub fn run_as(&self, role: NodeId) -> &[RunsAs] {
        self.resources.get(&role).map_or(&[], Vec::as_slice)
    }

    /// Without its boundary it would be an administrator.
    pub fn boundary_hides_admin(&self, who: NodeId) -> bool {
        self.limits.get(&who).is_some_and(|limit| limit.hides_admin)
    }

    /// Given every right, it could use them: neither a Deny nor its boundary takes IAM away from it.
    pub fn raised_is_admin(&self, who: NodeId) -> bool {
        !self.limits.get(&who).is_some_and(|limit| limit.stays_weak)
    }
}

/// What a boundary or a Deny takes away from a principal.
#[derive(Clone, Copy, Debug)]
struct Limit {
    /// Without its boundary it would be an administrator.
    hides_admin: bool,
    /// More rights would bring nothing.
    stays_weak: bool,
}

/// None: nothing limits it.
fn limit(graph: &Graph, id: NodeId) -> Option<Limit> {
    let node = graph.node(id);
    if let Some(boundary) = node.holdings.boundary {
        let without = Holdings { boundary: None, ..node.holdings.clone() };
        let hides_admin = makes_admin(&Summary::of(&graph.library, &without)) && !makes_admin(&node.summary);
        let open = graph.library.policy(boundary);
        return Some(Limit { hides_admin, stays_weak: !allows_iam_control(node, &[&ALLOW_ALL], Some(open)) });
    }
    denies_something(graph, id).then(|| {
        let own = node.holdings.identity.iter().map(|(policy, _)| graph.library.policy(*policy));
        let with: Vec<&Policy> = own.chain([&*ALLOW_ALL]).collect();
        Limit { hides_admin: false, stays_weak: !allows_iam_control(node, &with, None) }
    })
}

fn strong_groups(facts: &Facts, graph: &Graph) -> Vec<Text> {
    let mut strong = Vec::new();
    // A group has no node: its policies stand with its members; without members it is judged by itself.
    let mut members: HashMap<(&str, &Text), &Node> = HashMap::new();
    for node in &graph.nodes {
        for (_, by) in &node.holdings.identity {
            if let By::Group(group) = by {
                members.entry((node.account(), group)).or_insert(node);
            }
        }
    }
    for group in facts.groups.values() {
        let identity = match members.get(&(group.arn.account(), &group.name)) {
            Some(node) => {
                let of_group = |by: &By| matches!(by, By::Group(name) if *name == group.name);
                node.holdings.identity.iter().filter(|(_, by)| of_group(by)).cloned().collect()
            }
            None => graph.library.of_group(group).into_iter().map(|id| (id, By::Itself)).collect(),
        };
        let summary = Summary::of(&graph.library, &Holdings { identity, boundary: None });
        if makes_admin(&summary) || IAM_CONTROL.iter().all(|name| everywhere(&summary, name)) {
            strong.push(group.arn.text().clone());
        }
    }
    strong
}

fn own_policy(policy: &ManagedPolicy) -> OwnPolicy {
    let makes_admin = |document: &Text| {
        let compiled = Policy::parse(document);
        compiled.statements.iter().any(|statement| {
            statement.effect == Effect::Allow
                && super::holdings::is_plain(statement)
                && statement.actions.as_ref().is_some_and(|actions| {
                    actions.is_everything() || admin_actions().iter().all(|action| actions.matches(action.lower()))
                })
        })
    };
    OwnPolicy {
        arn: policy.arn.clone(),
        is_full: policy.versions.len() >= 5,
        has_stronger_version: policy.versions.iter().any(|version| !version.default && makes_admin(&version.document)),
    }
}

/// The services that a role's trust policy names and lets in, as far as can be told.
fn services(graph: &Graph, role: NodeId) -> Vec<String> {
    let node = graph.node(role);
    let Some(trust) = node.trust.map(|id| graph.library.policy(id)) else { return Vec::new() };
    let named = trust
        .statements
        .iter()
        .filter(|statement| statement.effect == Effect::Allow)
        .filter_map(|statement| statement.principals.as_ref())
        .filter(|principals| !principals.all_but)
        .flat_map(|principals| principals.written.iter())
        .filter(|(kind, text)| kind.eq_ignore_ascii_case("Service") || **text == *"cognito-identity.amazonaws.com");
    let mut services: Vec<String> = Vec::new();
    for (kind, service) in named {
        if services.iter().any(|known| **known == **service) {
            continue;
        }
        let federated = !kind.eq_ignore_ascii_case("Service");
        let caller =
            if federated { Caller::Federated(service.to_string()) } else { Caller::Service(service.to_string()) };
        let action = if federated { "sts:assumerolewithwebidentity" } else { "sts:assumerole" };
        let context = Context::open().with("aws:SourceAccount", node.account());
        let request = Request {
            caller: &caller,
            action,
            resource: &node.arn,
            resource_account: Some(node.account()),
            context: &context,
        };
        let layers = Layers { resource: Some(trust), ..Layers::default() };
        if matches!(evaluate(&request, &layers), Verdict::Allowed | Verdict::CannotTell) {
            services.push(service.to_string());
        }
    }
    services
}

static ALLOW_ALL: LazyLock<Policy> = LazyLock::new(|| {
    Policy::from_json(&serde_json::json!({
        "Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}
    }))
});

fn denies_something(graph: &Graph, id: NodeId) -> bool {
    let mut held = graph.node(id).holdings.identity.iter().map(|(policy, _)| graph.library.policy(*policy));
    held.any(|policy| policy.statements.iter().any(|statement| statement.effect == Effect::Deny))
}

/// Whether these policies let a principal write IAM at will, and with that everything else.
fn allows_iam_control(node: &Node, identity: &[&Policy], boundary: Option<&Policy>) -> bool {
    let bound = boundary.map(|policy| [policy]);
    let layers = Layers { identity, boundary: bound.as_ref().map(|policies| &policies[..]), ..Layers::default() };
    let mut contexts = node.contexts.iter();
    contexts.any(|context| {
        IAM_CONTROL.iter().all(|action| {
            let request = Request { caller: &node.caller, action, resource: "*", resource_account: None, context };
            matches!(evaluate(&request, &layers), Verdict::Allowed | Verdict::CannotTell)
        })
    })
}

/// What runs as which role, from the residents: by the role's key.
fn carried(facts: &Facts) -> HashMap<Text, Vec<RunsAs>> {
    let profiles: HashMap<&str, Text> = facts
        .roles
        .values()
        .flat_map(|role| role.instance_profiles.iter().map(|arn| (arn.as_str(), principal_key(&role.arn))))
        .collect();
    let mut carried: HashMap<Text, Vec<RunsAs>> = HashMap::new();
    for resident in facts.residents.values() {
        for key in crate::analysis::principals::carried_by(resident) {
            let role = profiles.get(key.as_str()).cloned().unwrap_or(key);
            let arn = resident.arn.clone().unwrap_or_default();
            let runs = RunsAs { kind: resident.resource_type.clone(), arn, key: resident.key() };
            carried.entry(role).or_default().push(runs);
        }
    }
    carried
}

impl Library {
    fn of_group(&self, group: &crate::model::Group) -> Vec<super::holdings::PolicyId> {
        let inline = self.all.iter().zip(0..).filter(|(named, _)| named.arn == group.arn).map(|(_, id)| id);
        inline.chain(group.attached.iter().filter_map(|policy| self.managed(&policy.arn))).collect()
    }
}

impl NodeKind {
    /// May be changed by IAM's calls at all.
    pub fn is_iam(self) -> bool {
        matches!(self, Self::User | Self::Role)
    }
}
