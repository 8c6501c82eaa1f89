//! The policies of an account, compiled once each, and what each principal holds of them.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rayon::prelude::*;

use super::progress::Progress;
use super::universe::{ActionId, ActionSet};
use crate::analysis::policy::resource::Resources;
use crate::analysis::policy::{Effect, Policy, Statement, Truth};
use crate::model::{AccountId, Arn, AttachedPolicy, Facts, InlinePolicy, PermissionSet, Text};

/// A policy's number in the [`Library`].
pub type PolicyId = u32;

/// What kind of document it is and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyKind {
    Managed,
    Inline,
    Trust,
}

/// A compiled document with its name.
#[derive(Debug)]
pub struct Named {
    pub kind: PolicyKind,
    pub name: Text,
    /// Of a managed policy; else that of the principal or group in which it stands.
    pub arn: Arn,
    pub policy: Policy,
    /// For each statement, the actions that matter which it speaks of.
    pub actions: Arc<[ActionSet]>,
    /// The actions that any of its statements speaks of; every one, if it could not be read.
    any: ActionSet,
}

/// What a text comes to, wherever it stands.
struct Compiled {
    policy: Policy,
    actions: Arc<[ActionSet]>,
    any: ActionSet,
}

impl Compiled {
    fn of(policy: Policy) -> Self {
        let actions: Arc<[ActionSet]> = policy.statements.iter().map(actions_of).collect();
        let any = match policy.unreadable {
            Some(_) => ActionSet::all(),
            None => actions.iter().fold(ActionSet::default(), |any, actions| any | *actions),
        };
        Self { policy, actions, any }
    }
}

impl Named {
    /// The same for all that stand under the same text.
    pub fn text_id(&self) -> usize {
        Arc::as_ptr(&self.actions).cast::<()>().addr()
    }

    /// Whether it could matter to an action at all.
    pub fn speaks_of(&self, action: ActionId) -> bool {
        self.any.contains(action)
    }
}

fn actions_of(statement: &Statement) -> ActionSet {
    let Some(actions) = &statement.actions else { return ActionSet::default() };
    if actions.is_everything() {
        return ActionSet::all();
    }
    ActionId::all().filter(|action| actions.matches(action.lower())).collect()
}

/// Whether a statement holds for every resource and in every circumstance.
pub fn is_plain(statement: &Statement) -> bool {
    statement.conditions.is_empty() && statement.resources.as_ref().is_some_and(|resources| resources.is_everything())
}

/// Every document, once.
#[derive(Debug, Default)]
pub struct Library {
    pub all: Vec<Named>,
    managed: HashMap<Arn, PolicyId>,
}

impl Library {
    /// Compiles what a picture holds: the default version of each managed policy that something holds.
    pub fn of(facts: &Facts, progress: &Progress<'_>) -> (Self, Drafts) {
        let mut drafts = Drafts::default();
        let users = facts.users.values().flat_map(|user| user.attached.iter().map(|p| &p.arn).chain(&user.boundary));
        let groups = facts.groups.values().flat_map(|group| group.attached.iter().map(|policy| &policy.arn));
        let roles = facts.roles.values().flat_map(|role| role.attached.iter().map(|p| &p.arn).chain(&role.boundary));
        let sets = facts.permission_sets.values().flat_map(|set| set.managed.iter().map(|policy| &policy.arn));
        let mut held: BTreeSet<Arn> = users.chain(groups).chain(roles).chain(sets).cloned().collect();
        if let Some(account) = facts.subject_account() {
            held.extend(facts.permission_sets.values().flat_map(|set| customer_policies(set, &account)));
        }
        for arn in held {
            let id = drafts.add(PolicyKind::Managed, &Text::new(arn.name()), &arn, managed_document(facts, &arn));
            drafts.managed.insert(arn, id);
        }
        for user in facts.users.values() {
            drafts.inline(&user.arn, &user.inline);
        }
        for group in facts.groups.values() {
            drafts.inline(&group.arn, &group.inline);
        }
        for role in facts.roles.values() {
            drafts.inline(&role.arn, &role.inline);
            let name = Text::new("trust policy");
            let id = drafts.add(PolicyKind::Trust, &name, &role.arn, Document::Text(role.trust.clone()));
            drafts.trust.insert(role.arn.clone(), id);
        }
        for set in facts.permission_sets.values() {
            if let Some(document) = &set.inline {
                let inline = InlinePolicy { name: Text::new("inline policy"), document: document.clone() };
                drafts.inline(&set.arn, &[inline]);
            }
        }
        let pending = std::mem::take(&mut drafts.pending);
        // Many roles are made from one template: each text is compiled once.
        let mut numbers: HashMap<&Document, usize> = HashMap::new();
        let mut documents: Vec<&Document> = Vec::new();
        let mut of: Vec<usize> = Vec::with_capacity(pending.len());
        for (.., document) in &pending {
            of.push(*numbers.entry(document).or_insert_with(|| {
                documents.push(document);
                documents.len() - 1
            }));
        }
        let stage = progress.stage(0, 40, documents.len());
        let compile = |document: &Document| {
            stage.step();
            Compiled::of(document.compile())
        };
        let compiled: Vec<Compiled> = documents.into_par_iter().map(compile).collect();
        let named = |((kind, name, arn, _), n): (Pending, usize)| {
            let Compiled { policy, actions, any } = &compiled[n];
            Named { kind, name, arn, policy: policy.clone(), actions: Arc::clone(actions), any: *any }
        };
        let all = pending.into_iter().zip(of).map(named).collect();
        let managed = std::mem::take(&mut drafts.managed);
        (Self { all, managed }, drafts)
    }

    pub fn get(&self, id: PolicyId) -> &Named {
        &self.all[id as usize]
    }

    pub fn policy(&self, id: PolicyId) -> &Policy {
        &self.get(id).policy
    }

    pub fn managed(&self, arn: &Arn) -> Option<PolicyId> {
        self.managed.get(arn).copied()
    }
}

/// What a permission set names of an account's own policies: those by path and name, and its boundary.
fn customer_policies(set: &PermissionSet, account: &AccountId) -> Vec<Arn> {
    set.customer_managed.iter().chain(&set.boundary).map(|name| customer_policy(set, account, name)).collect()
}

/// The policy of an account that a permission set names by path and name; or by ARN, if it is AWS's.
pub fn customer_policy(set: &PermissionSet, account: &AccountId, name: &Text) -> Arn {
    if name.starts_with("arn:") {
        return Arn::new(name);
    }
    let slash = if name.starts_with('/') { "" } else { "/" };
    Arn::new(format!("arn:{}:iam::{account}:policy{slash}{name}", set.arn.partition()))
}

/// The text of a managed policy: from the picture, else AWS's own as it is embedded here.
fn managed_document(facts: &Facts, arn: &Arn) -> Document {
    let known = facts.managed_policies.get(arn);
    let version = known.and_then(|policy| policy.versions.iter().find(|version| version.default));
    match version {
        Some(version) => Document::Text(version.document.clone()),
        None => match crate::catalog::managed_policies::document(arn.as_str()) {
            Some(text) => Document::Text(Text::new(text)),
            None => Document::Missing,
        },
    }
}

/// A document that is not compiled yet.
#[derive(Debug, PartialEq, Eq, Hash)]
pub enum Document {
    Text(Text),
    /// It is held, and its text was not read.
    Missing,
}

impl Document {
    fn compile(&self) -> Policy {
        match self {
            Self::Text(text) => Policy::parse(text),
            Self::Missing => Policy::unread("its document was not read"),
        }
    }
}

type Pending = (PolicyKind, Text, Arn, Document);

/// Where the documents of users, groups and roles are to be found.
#[derive(Debug, Default)]
pub struct Drafts {
    pending: Vec<Pending>,
    managed: HashMap<Arn, PolicyId>,
    /// By the ARN of the user, group, role or permission set.
    pub inline: HashMap<Arn, Vec<PolicyId>>,
    pub trust: HashMap<Arn, PolicyId>,
}

impl Drafts {
    fn add(&mut self, kind: PolicyKind, name: &Text, arn: &Arn, document: Document) -> PolicyId {
        let id = PolicyId::try_from(self.pending.len()).expect("fewer policies than numbers");
        self.pending.push((kind, name.clone(), arn.clone(), document));
        id
    }

    fn inline(&mut self, holder: &Arn, policies: &[InlinePolicy]) {
        for policy in policies {
            let document = Document::Text(policy.document.clone());
            let id = self.add(PolicyKind::Inline, &policy.name, holder, document);
            self.inline.entry(holder.clone()).or_default().push(id);
        }
    }
}

/// How a principal comes to a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    Itself,
    Group(Text),
    PermissionSet(Text),
}

/// What a principal holds.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    pub identity: Vec<(PolicyId, By)>,
    /// None: there is no boundary. A boundary whose document is missing is a policy that could not be read.
    pub boundary: Option<PolicyId>,
}

impl Holdings {
    pub fn add(&mut self, library: &Library, drafts: &Drafts, holder: &Arn, attached: &[AttachedPolicy], by: &By) {
        let inline = drafts.inline.get(holder).into_iter().flatten().copied();
        let attached = attached.iter().filter_map(|policy| library.managed(&policy.arn));
        self.identity.extend(inline.chain(attached).map(|id| (id, by.clone())));
    }
}

/// What holdings say of each action, as far as it can be told without a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Summary {
    /// Allowed on every resource, whatever the circumstances.
    pub everywhere: ActionSet,
    /// Allowed on no resource, whatever the circumstances.
    pub nowhere: ActionSet,
    /// No statement tells one resource from another: the same answer for all of them.
    pub alike: ActionSet,
}

impl Summary {
    pub fn of(library: &Library, holdings: &Holdings) -> Self {
        let own = Tally::of(holdings.identity.iter().map(|(id, _)| library.get(*id)));
        let bound = holdings.boundary.map(|id| Tally::of(std::iter::once(library.get(id))));
        let mut everywhere = own.plain_allow & !own.deny;
        let mut nowhere = !own.allow | own.plain_deny;
        if let Some(bound) = &bound {
            everywhere = everywhere & bound.plain_allow & !bound.deny;
            nowhere = nowhere | !bound.allow | bound.plain_deny;
        }
        let alike = !(own.narrow | bound.map_or_else(ActionSet::default, |bound| bound.narrow));
        Self { everywhere, nowhere, alike }
    }
}

/// Answers that hold for every resource and hang on circumstances, each asked once.
#[derive(Debug, Default)]
pub struct Settled {
    yes: ActionSet,
    unknown: ActionSet,
    no: ActionSet,
}

impl Settled {
    pub fn insert(&mut self, action: ActionId, truth: Truth) {
        let set = match truth {
            Truth::Yes => &mut self.yes,
            Truth::Unknown => &mut self.unknown,
            Truth::No => &mut self.no,
        };
        set.insert(action);
    }

    pub fn get(&self, action: ActionId) -> Option<Truth> {
        let all = [(&self.yes, Truth::Yes), (&self.unknown, Truth::Unknown), (&self.no, Truth::No)];
        all.into_iter().find(|(set, _)| set.contains(action)).map(|(_, truth)| truth)
    }
}

#[derive(Default)]
struct Tally {
    plain_allow: ActionSet,
    allow: ActionSet,
    plain_deny: ActionSet,
    deny: ActionSet,
    /// Of statements about some resources only.
    narrow: ActionSet,
}

impl Tally {
    fn of<'a>(policies: impl Iterator<Item = &'a Named>) -> Self {
        let mut tally = Self::default();
        for named in policies {
            if named.policy.unreadable.is_some() {
                // It may allow and deny anything.
                (tally.allow, tally.deny) = (ActionSet::all(), ActionSet::all());
                tally.narrow = ActionSet::all();
            }
            for (statement, actions) in named.policy.statements.iter().zip(named.actions.iter()) {
                let (plain, any) = match statement.effect {
                    Effect::Allow => (&mut tally.plain_allow, &mut tally.allow),
                    Effect::Deny => (&mut tally.plain_deny, &mut tally.deny),
                };
                *any = *any | *actions;
                if !statement.resources.as_ref().is_some_and(Resources::is_everything) {
                    tally.narrow = tally.narrow | *actions;
                }
                if is_plain(statement) {
                    *plain = *plain | *actions;
                }
            }
        }
        tally
    }
}
