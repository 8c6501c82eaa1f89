//! Principals with their policies, compiled, and the questions that can be put to them.

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

use jiff::Timestamp;
use rayon::prelude::*;

use super::circumstances::Circumstances;
use super::holdings::{By, Drafts, Holdings, Library, Named, PolicyId, Settled, Summary, customer_policy};
use super::trusts::LetsIn;
use super::universe::ActionId;
use crate::analysis::policy::{
    Caller, Context, Effect, Evidence, Layer, Layers, Policy, Request, StatementRef, Truth, Value, Verdict, evaluate,
    explain, special,
};
use crate::model::event::principal_key;
use crate::model::{Arn, Facts, Group, Text};

/// A principal's number.
pub type NodeId = u32;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeKind {
    Root,
    User,
    Role,
    /// A permission set that is assigned here and whose role was not seen.
    PermissionSet,
}

/// Somebody who acts with permissions of the account.
#[derive(Debug)]
pub struct Node {
    /// As [`principal_key`] has it.
    pub key: Text,
    pub arn: Arn,
    pub kind: NodeKind,
    pub name: Text,
    pub caller: Caller,
    pub holdings: Holdings,
    pub summary: Summary,
    settled: Settled,
    /// Of a role.
    pub trust: Option<PolicyId>,
    /// The circumstances in which it can act: with a key, in a session. Power is what any of them gives.
    pub contexts: Vec<Context>,
}

impl Node {
    pub fn account(&self) -> &str {
        self.caller.account().unwrap_or("")
    }
}

/// Every principal of a picture with what it may do.
#[derive(Debug, Default)]
pub struct Graph {
    pub nodes: Vec<Node>,
    pub library: Library,
    by_key: HashMap<Text, NodeId>,
    /// By role: whom it could let in, worked out when it is first asked for.
    lets_in: Vec<OnceLock<LetsIn>>,
    /// By account: a resource's policy that leaves it to the account's own policies, as most do. It stands in where the
    /// resource's own is not at hand.
    delegating: HashMap<String, Policy>,
}

/// What is asked of a principal, so that the answer can be explained later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    pub who: NodeId,
    pub action: ActionId,
    pub resource: Text,
    /// Condition keys that the call itself decides, such as `iam:PassedToService`.
    pub keys: Vec<(&'static str, Text)>,
    /// The role whose trust policy must agree.
    pub into: Option<NodeId>,
}

/// A statement that speaks for or against something, with where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cited {
    pub policy: PolicyId,
    pub by: By,
    pub at: StatementRef,
    /// False: it cannot be told whether it applies.
    pub certain: bool,
}

/// The call is made by a service for the principal (reference_policies_condition-keys, `aws:ViaAWSService`).
pub const VIA_SERVICE: (&str, &str) = ("aws:ViaAWSService", "true");

/// An answer with its reasons.
#[derive(Clone, Debug)]
pub struct Answer {
    pub verdict: Verdict,
    pub statements: Vec<Cited>,
    /// What would have to be known.
    pub missing: Vec<String>,
    /// Of what is not allowed: the layers that stand in the way.
    pub blocked_by: Vec<Layer>,
}

impl Graph {
    /// `as_of`: the moment at which requests are made.
    pub fn of(facts: &Facts, as_of: Timestamp) -> Self {
        Self::of_telling(facts, as_of, &super::progress::untold())
    }

    pub(super) fn of_telling(facts: &Facts, as_of: Timestamp, progress: &super::Progress<'_>) -> Self {
        let (library, drafts) = Library::of(facts, progress);
        let mut nodes = Draft::new(facts, &library, &drafts, as_of).nodes();
        nodes.par_iter_mut().for_each(|node| node.summary = Summary::of(&library, &node.holdings));
        let by_key = nodes.iter().zip(0..).map(|(node, id)| (node.key.clone(), id)).collect();
        let accounts = nodes.iter().map(|node| node.account().to_owned()).collect::<BTreeSet<_>>();
        let delegating = accounts.into_iter().map(|account| (account.clone(), delegates_to(&account))).collect();
        let lets_in = nodes.iter().map(|_| OnceLock::new()).collect();
        let mut graph = Self { nodes, library, by_key, lets_in, delegating };
        let settled: Vec<Settled> = graph.nodes.par_iter().map(|node| graph.settle(node)).collect();
        progress.reached(52);
        graph.nodes.iter_mut().zip(settled).for_each(|(node, settled)| node.settled = settled);
        graph
    }

    fn settle(&self, node: &Node) -> Settled {
        let summary = &node.summary;
        let mut settled = Settled::default();
        for action in (summary.alike & !summary.everywhere & !summary.nowhere).iter() {
            settled.insert(action, self.ask(node, action, "*", &[], None));
        }
        settled
    }

    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    /// Whom a role could let in, before anything is asked.
    pub fn lets_in(&self, role: NodeId) -> &LetsIn {
        self.lets_in[role as usize].get_or_init(|| LetsIn::of(self, role))
    }

    pub fn ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + Clone + use<> {
        0..NodeId::try_from(self.nodes.len()).expect("fewer principals than numbers")
    }

    pub fn find(&self, key: &str) -> Option<NodeId> {
        self.by_key.get(key).copied()
    }

    /// Whether a principal may do something to a resource of its own account.
    pub fn permits(&self, who: NodeId, action: ActionId, resource: &str) -> Truth {
        self.permits_with(who, action, resource, &[])
    }

    /// The same, with keys that the call itself decides.
    pub fn permits_with(&self, who: NodeId, action: ActionId, resource: &str, keys: &[(&'static str, &str)]) -> Truth {
        let node = self.node(who);
        if node.kind == NodeKind::Root || node.summary.everywhere.contains(action) {
            let via_service = keys.contains(&VIA_SERVICE);
            return Truth::from(via_service || !special::refused_by_service(&node.caller, action.lower(), resource));
        }
        if node.summary.nowhere.contains(action) {
            return Truth::No;
        }
        match node.settled.get(action).filter(|_| keys.is_empty()) {
            Some(truth) if !special::refused_by_service(&node.caller, action.lower(), resource) => truth,
            Some(_) => Truth::No,
            None => self.ask(node, action, resource, keys, None),
        }
    }

    /// The answer by evaluating every policy, with no shortcut: for benchmarks and tests of the shortcuts.
    pub fn evaluate(&self, who: NodeId, action: ActionId, resource: &str) -> Truth {
        let node = self.node(who);
        self.with_layers(node, None, |_| true, |layers| best(node, action.lower(), resource, &[], false, layers))
    }

    /// Whether a principal may do something to any resource at all, and to which.
    pub fn somewhere(&self, who: NodeId, action: ActionId) -> (Truth, Text) {
        let node = self.node(who);
        if node.kind == NodeKind::Root || node.summary.everywhere.contains(action) {
            return (Truth::Yes, Text::new("*"));
        }
        if node.summary.nowhere.contains(action) {
            return (Truth::No, Text::default());
        }
        if let Some(truth) = node.settled.get(action) {
            return (truth, if truth == Truth::No { Text::default() } else { Text::new("*") });
        }
        if action.takes_only_star() {
            return (self.ask(node, action, "*", &[], None), Text::new("*"));
        }
        let mut best = (Truth::No, Text::default());
        for resource in self.examples(node, action) {
            let truth = self.ask(node, action, &resource, &[], None);
            if truth > best.0 {
                best = (truth, Text::new(&resource));
            }
            if truth == Truth::Yes {
                break;
            }
        }
        best
    }

    /// The resources that the statements name which allow an action, `*` first, and those that a Deny spares.
    pub fn examples(&self, node: &Node, action: ActionId) -> Vec<String> {
        self.examples_where(node, |named, n| named.actions[n].contains(action))
    }

    /// The same for any action there is, in lower case.
    pub fn examples_of(&self, node: &Node, action: &str) -> Vec<String> {
        self.examples_where(node, |named, n| {
            named.policy.statements[n].actions.as_ref().is_some_and(|actions| actions.matches(action))
        })
    }

    fn examples_where(&self, node: &Node, speaks: impl Fn(&Named, usize) -> bool) -> Vec<String> {
        let Some(context) = node.contexts.first() else { return Vec::new() };
        let mut found: Vec<String> = Vec::new();
        for id in node.holdings.identity.iter().map(|(id, _)| *id).chain(node.holdings.boundary) {
            let named = self.library.get(id);
            for (n, statement) in named.policy.statements.iter().enumerate() {
                let Some(resources) = statement.resources.as_ref().filter(|_| speaks(named, n)) else { continue };
                // A wildcard is denied as soon as anything but what is spared is.
                let examples = match statement.effect {
                    Effect::Allow => resources.examples(context),
                    Effect::Deny => resources.spared(context),
                };
                for example in examples {
                    if !found.contains(&example) {
                        found.push(example);
                    }
                }
            }
        }
        found.sort_by_key(String::len);
        found
    }

    /// Whether one principal may enter a role: its own permission and the role's trust policy together.
    pub fn may_assume(&self, who: NodeId, role: NodeId) -> Truth {
        let Some(trust) = self.node(role).trust else { return Truth::No };
        let node = self.node(who);
        self.ask(node, super::moves::ASSUME_ROLE.get(), &self.node(role).arn, &[], Some(trust))
    }

    /// The verdict over all circumstances in which the principal can act.
    fn ask(
        &self,
        node: &Node,
        action: ActionId,
        resource: &str,
        keys: &[(&'static str, &str)],
        trust: Option<PolicyId>,
    ) -> Truth {
        let speaks = |named: &Named| named.speaks_of(action);
        self.with_layers(node, trust, speaks, |layers| {
            best(node, action.lower(), resource, keys, trust.is_some(), layers)
        })
    }

    /// `speaks`: which of the principal's own policies could matter.
    fn with_layers<T>(
        &self,
        node: &Node,
        trust: Option<PolicyId>,
        speaks: impl Fn(&Named) -> bool,
        then: impl FnOnce(&Layers<'_>) -> T,
    ) -> T {
        let own = node.holdings.identity.iter().map(|(id, _)| self.library.get(*id));
        let identity: Vec<&Policy> = own.filter(|named| speaks(named)).map(|named| &named.policy).collect();
        let boundary = node.holdings.boundary.map(|id| [self.library.policy(id)]);
        let layers = Layers {
            identity: &identity,
            resource: trust.map(|id| self.library.policy(id)).or_else(|| self.delegating.get(node.account())),
            boundary: boundary.as_ref().map(|policies| &policies[..]),
            ..Layers::default()
        };
        then(&layers)
    }

    /// The statements that stand against an action: each Deny that speaks of it, and each Allow of the boundary, beyond
    /// which nothing goes.
    pub fn limits(&self, who: NodeId, action: ActionId) -> Vec<Cited> {
        let node = self.node(who);
        let mut found = Vec::new();
        let own = node.holdings.identity.iter().map(|(id, by)| (*id, by.clone(), Layer::Identity));
        let bound = node.holdings.boundary.map(|id| (id, By::Itself, Layer::Boundary));
        for (n, (id, by, layer)) in own.chain(bound).enumerate() {
            let named = self.library.get(id);
            for (m, (statement, actions)) in named.policy.statements.iter().zip(named.actions.iter()).enumerate() {
                let limits = statement.effect == Effect::Deny || layer == Layer::Boundary;
                if limits && actions.contains(action) {
                    let at = StatementRef { layer, level: 0, policy: n, statement: m, effect: statement.effect };
                    let certain = super::holdings::is_plain(statement);
                    found.push(Cited { policy: id, by: by.clone(), at, certain });
                }
            }
        }
        found
    }

    /// Why something is allowed, or not: of the circumstances the one that gives most.
    pub fn explain(&self, need: &Need) -> Answer {
        let keys: Vec<(&'static str, &str)> = need.keys.iter().map(|(key, value)| (*key, &**value)).collect();
        self.why(need.who, need.action.lower(), &need.resource, &keys, need.into)
    }

    /// The same for any action there is.
    pub fn why(
        &self,
        who: NodeId,
        action: &str,
        resource: &str,
        keys: &[(&'static str, &str)],
        into: Option<NodeId>,
    ) -> Answer {
        let node = self.node(who);
        let trust = into.and_then(|role| self.node(role).trust);
        let rank = |verdict: Verdict| match verdict {
            Verdict::Allowed => 0,
            Verdict::CannotTell => 1,
            Verdict::ExplicitlyDenied => 2,
            Verdict::ImplicitlyDenied => 3,
        };
        let best = self.with_layers(
            node,
            trust,
            |_| true,
            |layers| {
                let explained = |context: &Context| {
                    let context = with_keys(context, keys);
                    explain(&request(node, action, resource, &context, trust.is_some()), layers)
                };
                node.contexts.iter().map(explained).min_by_key(|(verdict, _)| rank(*verdict))
            },
        );
        let (verdict, Evidence { statements, missing, blocked_by, .. }) =
            best.unwrap_or((Verdict::ImplicitlyDenied, Evidence::default()));
        let cited = |(at, truth): (StatementRef, Truth)| {
            let (policy, by) = match at.layer {
                Layer::Identity => node.holdings.identity.get(at.policy).cloned()?,
                Layer::Boundary => (node.holdings.boundary?, By::Itself),
                // What stands in for a resource's policy is no statement of the account.
                _ => (trust?, By::Itself),
            };
            Some(Cited { policy, by, at, certain: truth == Truth::Yes })
        };
        // Root needs no statement.
        let root = node.kind == NodeKind::Root && verdict != Verdict::ExplicitlyDenied;
        let verdict = if root { Verdict::Allowed } else { verdict };
        Answer { verdict, statements: statements.into_iter().filter_map(cited).collect(), missing, blocked_by }
    }
}

/// `own`: the resource's own policy is at hand, so that it matters whose resource it is; else the account's own permission
/// is what is asked about.
fn request<'a>(node: &'a Node, action: &'a str, resource: &'a str, context: &'a Context, own: bool) -> Request<'a> {
    let account = own.then(|| resource.split(':').nth(4).filter(|account| account.len() == 12)).flatten();
    Request { caller: &node.caller, action, resource, resource_account: account, context }
}

/// The best verdict over all circumstances in which a principal can act.
fn best(
    node: &Node,
    action: &str,
    resource: &str,
    keys: &[(&'static str, &str)],
    into: bool,
    layers: &Layers<'_>,
) -> Truth {
    let mut best = Truth::No;
    for context in &node.contexts {
        let context = with_keys(context, keys);
        best = best.max(match evaluate(&request(node, action, resource, &context, into), layers) {
            Verdict::Allowed => Truth::Yes,
            Verdict::CannotTell => Truth::Unknown,
            Verdict::ImplicitlyDenied | Verdict::ExplicitlyDenied => Truth::No,
        });
        if best == Truth::Yes {
            break;
        }
    }
    best
}

fn delegates_to(account: &str) -> Policy {
    Policy::from_json(&serde_json::json!({
        "Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "*"}
    }))
}

fn with_keys<'a>(context: &'a Context, keys: &[(&'static str, &str)]) -> std::borrow::Cow<'a, Context> {
    if keys.is_empty() {
        return std::borrow::Cow::Borrowed(context);
    }
    let mut own = context.clone();
    for (key, value) in keys {
        own.set(key, Value::One((*value).to_owned()));
    }
    std::borrow::Cow::Owned(own)
}

/// Everything that nodes are made from.
struct Draft<'a> {
    facts: &'a Facts,
    library: &'a Library,
    drafts: &'a Drafts,
    /// By account and name.
    groups: HashMap<(&'a str, &'a str), &'a Group>,
    circumstances: Circumstances,
}

impl<'a> Draft<'a> {
    fn new(facts: &'a Facts, library: &'a Library, drafts: &'a Drafts, as_of: Timestamp) -> Self {
        let groups = facts.groups.values().map(|group| ((group.arn.account(), group.name.as_str()), group)).collect();
        Self { facts, library, drafts, groups, circumstances: Circumstances::of(facts, as_of) }
    }

    fn nodes(&self) -> Vec<Node> {
        let mut nodes: Vec<Node> = Vec::new();
        let partition = self.facts.roles.keys().chain(self.facts.users.keys()).find(|arn| arn.looks_valid());
        if let Some(account) = self.facts.subject_account() {
            let partition = partition.map_or("aws", Arn::partition);
            let arn = Arn::new(format!("arn:{partition}:iam::{account}:root"));
            nodes.push(node(arn, NodeKind::Root, Text::new("root")));
        }
        nodes.extend(self.facts.users.values().map(|user| {
            let mut node = node(user.arn.clone(), NodeKind::User, user.name.clone());
            node.holdings.add(self.library, self.drafts, &user.arn, &user.attached, &By::Itself);
            for name in &user.groups {
                if let Some(group) = self.groups.get(&(user.arn.account(), name.as_str())) {
                    let by = By::Group(group.name.clone());
                    node.holdings.add(self.library, self.drafts, &group.arn, &group.attached, &by);
                }
            }
            node.holdings.boundary = user.boundary.as_ref().and_then(|arn| self.library.managed(arn));
            node.contexts = self.circumstances.of_user(&user.arn, &user.name, &user.tags, self.mfa(&user.name));
            node
        }));
        nodes.extend(self.facts.roles.values().map(|role| {
            let mut node = node(role.arn.clone(), NodeKind::Role, role.name.clone());
            node.holdings.add(self.library, self.drafts, &role.arn, &role.attached, &By::Itself);
            node.holdings.boundary = role.boundary.as_ref().and_then(|arn| self.library.managed(arn));
            node.trust = self.drafts.trust.get(&role.arn).copied();
            node.contexts = self.circumstances.of_role(&role.arn, &role.tags);
            node
        }));
        nodes.extend(self.permission_sets());
        nodes
    }

    /// The permission sets that are assigned here and whose role was not seen, as the role that they make.
    fn permission_sets(&self) -> Vec<Node> {
        let Some(account) = self.facts.subject_account() else { return Vec::new() };
        let assigned: BTreeSet<&Arn> = self
            .facts
            .assignments
            .keys()
            .filter(|assignment| assignment.account == account)
            .map(|assignment| &assignment.permission_set)
            .collect();
        let sets = assigned.into_iter().filter_map(|arn| self.facts.permission_sets.get(arn));
        let unseen = sets.filter(|set| {
            let role = format!("AWSReservedSSO_{}_", set.name);
            !self.facts.roles.values().any(|known| known.name.starts_with(&role))
        });
        unseen
            .map(|set| {
                let name = Text::new(&format!("AWSReservedSSO_{}_0000000000000000", set.name));
                let path = "role/aws-reserved/sso.amazonaws.com";
                let arn = Arn::new(format!("arn:{}:iam::{account}:{path}/{name}", set.arn.partition()));
                let mut node = node(arn, NodeKind::PermissionSet, name);
                let by = By::PermissionSet(set.name.clone());
                node.holdings.add(self.library, self.drafts, &set.arn, &set.managed, &by);
                let named = |name: &Text| self.library.managed(&customer_policy(set, &account, name));
                node.holdings.identity.extend(set.customer_managed.iter().filter_map(named).map(|id| (id, by.clone())));
                node.holdings.boundary = set.boundary.as_ref().and_then(named);
                node.contexts = self.circumstances.of_role(&node.arn, &[]);
                node
            })
            .collect()
    }

    fn mfa(&self, user: &Text) -> Option<bool> {
        self.facts.credential_report.get(user.as_str()).map(|report| report.mfa_active)
    }
}

fn node(arn: Arn, kind: NodeKind, name: Text) -> Node {
    Node {
        key: principal_key(&arn),
        caller: Caller::parse(&arn),
        kind,
        name,
        holdings: Holdings::default(),
        summary: Summary::default(),
        settled: Settled::default(),
        trust: None,
        contexts: Vec::new(),
        arn,
    }
}
