//! The single steps: how one principal becomes another, or gives one more rights.
//!
//! The ways are those of `catalog::escalation`; what each needs of the principal is evaluated, on the resource that it is
//! about, with the keys that the call carries. What hangs on facts that were not read leaves the step open, and says so.

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use super::bounds::Bounds;
use super::graph::{Graph, Need, NodeId, NodeKind};
use super::raises::Way;
use super::surroundings::Surroundings;
use super::universe::ActionId;
use crate::analysis::policy::Truth;
use crate::catalog::escalation::{Become, Path, Raise, paths};
use crate::catalog::organization_paths;
use crate::model::{Arn, Text};

/// An action that the code names.
pub struct Act(LazyLock<ActionId>);

impl Act {
    pub fn get(&self) -> ActionId {
        *self.0
    }
}

macro_rules! acts {
    ($($name:ident = $action:literal;)*) => {
        $(pub static $name: Act = Act(LazyLock::new(|| ActionId::find($action).expect("it is in the universe")));)*
    };
}

acts! {
    ASSUME_ROLE = "sts:AssumeRole";
    PASS_ROLE = "iam:PassRole";
    UPDATE_TRUST = "iam:UpdateAssumeRolePolicy";
    CREATE_ACCESS_KEY = "iam:CreateAccessKey";
    DELETE_ACCESS_KEY = "iam:DeleteAccessKey";
    CREATE_LOGIN_PROFILE = "iam:CreateLoginProfile";
    UPDATE_LOGIN_PROFILE = "iam:UpdateLoginProfile";
    DELETE_POLICY_VERSION = "iam:DeletePolicyVersion";
}

/// One step.
#[derive(Clone, Debug)]
pub struct Move {
    pub from: NodeId,
    /// The principal that it becomes, or whose rights it raises; itself, when it raises its own.
    pub to: NodeId,
    /// It raises the target first: ways that do both are two in one.
    pub raise: Option<&'static Path>,
    pub become_: Option<&'static Path>,
    /// Or it pulls a lever of the organization that makes an administrator here.
    pub lever: Option<&'static organization_paths::Path>,
    pub truth: Truth,
    pub needs: Vec<Need>,
    /// What must hold besides, and could not be told.
    pub open: Vec<String>,
    /// The service, resource, policy or group through which it goes.
    pub through: Text,
}

impl Move {
    /// The catalogue's id of the way; of one that raises and becomes, that of both if it has one.
    pub fn id(&self) -> String {
        match (self.raise, self.become_) {
            (Some(raise), Some(way)) => {
                let both = paths().iter().find(|path| path.raise == raise.raise && path.become_ == way.become_);
                both.map_or_else(|| format!("{}+{}", raise.id, way.id), |path| path.id.to_owned())
            }
            (Some(way), None) | (None, Some(way)) => way.id.to_owned(),
            (None, None) => self.lever.map_or(String::new(), |lever| lever.id.to_owned()),
        }
    }
}

/// A step in the making.
pub(super) struct Draft {
    pub(super) truth: Truth,
    pub(super) needs: Vec<Need>,
    pub(super) open: Vec<String>,
}

impl Draft {
    pub(super) fn new() -> Self {
        Self { truth: Truth::Yes, needs: Vec::new(), open: Vec::new() }
    }

    fn unless_known(&mut self, known: Option<bool>, wanted: bool, what: &str) {
        match known {
            Some(known) => self.truth = self.truth.and(Truth::from(known == wanted)),
            None => {
                self.truth = self.truth.and(Truth::Unknown);
                self.open.push(what.to_owned());
            }
        }
    }
}

/// Finds steps in a graph.
pub struct Moves<'a> {
    pub graph: &'a Graph,
    pub around: &'a Surroundings,
    pub(super) by_raise: HashMap<Raise, &'static Path>,
    by_become: HashMap<Become, &'static Path>,
    pass_role: Vec<&'static Path>,
    use_resource: Vec<&'static Path>,
    /// By principal: the ways of these two kinds whose other actions it is allowed on anything at all.
    ready: Vec<OnceLock<Ready>>,
    bounds: Vec<OnceLock<Bounds>>,
    /// By principal: how it is given more rights, and which group that makes administrators it may put users into.
    pub(super) ways: Vec<OnceLock<Vec<Way>>>,
    pub(super) groups: Vec<OnceLock<Option<(Truth, Text)>>>,
}

/// Ways that only hang on the role, with how certain all else is.
#[derive(Default)]
struct Ready {
    pass_role: Vec<(&'static Path, Truth)>,
    use_resource: Vec<(&'static Path, Truth)>,
}

impl<'a> Moves<'a> {
    pub fn new(graph: &'a Graph, around: &'a Surroundings) -> Self {
        let plain = |path: &&'static Path| path.variant_of.is_none() && path.ended.is_none();
        let raises = paths().iter().filter(|path| path.become_.is_none());
        let becomes = paths().iter().filter(|path| path.raise.is_none());
        let of = |wanted: Become| -> Vec<&'static Path> {
            let all = paths().iter().filter(|path| path.raise.is_none() && path.become_ == Some(wanted));
            all.filter(|path| path.ended.is_none()).collect()
        };
        Self {
            graph,
            around,
            by_raise: raises.filter(plain).filter_map(|path| Some((path.raise?, path))).collect(),
            by_become: becomes.filter(plain).filter_map(|path| Some((path.become_?, path))).collect(),
            pass_role: of(Become::PassRole),
            use_resource: of(Become::UseResource),
            ready: graph.ids().map(|_| OnceLock::new()).collect(),
            bounds: graph.ids().map(|_| OnceLock::new()).collect(),
            ways: graph.ids().map(|_| OnceLock::new()).collect(),
            groups: graph.ids().map(|_| OnceLock::new()).collect(),
        }
    }

    /// What a principal could be allowed at most.
    pub(super) fn bounds(&self, who: NodeId) -> &Bounds {
        self.bounds[who as usize].get_or_init(|| Bounds::of(self.graph, who))
    }

    /// Whether one could become the other at all, before anything is asked. `least`: and be as certain to.
    pub(super) fn could_become(&self, from: NodeId, to: NodeId, least: Truth) -> bool {
        let bounds = self.bounds(from);
        let holds = |act: &Act| bounds.reach(act.get(), least);
        let any = least != Truth::Yes;
        match self.graph.node(to).kind {
            NodeKind::User => {
                let known = self.around.credentials_of(to);
                holds(&CREATE_ACCESS_KEY)
                    || holds(&CREATE_LOGIN_PROFILE) && (any || known.password == Some(false))
                    || holds(&UPDATE_LOGIN_PROFILE) && (any || known.password == Some(true) && known.mfa == Some(false))
            }
            NodeKind::Role => {
                let services = self.around.services_of(to);
                let trusts = |path: &Path| path.passed_to.iter().any(|one| services.iter().any(|s| s == one));
                let profile = self.around.has_instance_profile(to);
                let ready = self.ready(from);
                let passes = |(path, truth): &(&Path, Truth)| {
                    *truth >= least && trusts(path) && (profile || !path.instance_profile)
                };
                let uses = |(path, _): &(&Path, Truth)| {
                    let mut run = self.around.run_as(to).iter();
                    run.any(|one| path.runs_as.contains(&one.kind.as_str()))
                        || any && !self.around.residents_known && trusts(path)
                };
                holds(&UPDATE_TRUST)
                    || self.graph.lets_in(to).may_include(from, holds(&ASSUME_ROLE))
                    || !services.is_empty() && holds(&PASS_ROLE) && ready.pass_role.iter().any(passes)
                    || ready.use_resource.iter().any(uses)
            }
            NodeKind::Root | NodeKind::PermissionSet => false,
        }
    }

    fn ready(&self, who: NodeId) -> &Ready {
        self.ready[who as usize].get_or_init(|| {
            let others = |path: &&'static Path| {
                let actions = path.required.iter().filter_map(|name| ActionId::of(name));
                let others = actions.filter(|action| *action != PASS_ROLE.get());
                let truth = others.map(|action| self.graph.somewhere(who, action).0).min().unwrap_or(Truth::Yes);
                (truth != Truth::No).then_some((*path, truth))
            };
            let passes = !self.graph.node(who).summary.nowhere.contains(PASS_ROLE.get());
            Ready {
                pass_role: self.pass_role.iter().filter(|_| passes).filter_map(others).collect(),
                use_resource: self.use_resource.iter().filter_map(others).collect(),
            }
        })
    }

    pub(super) fn need(&self, draft: &mut Draft, who: NodeId, action: ActionId, resource: &str) -> bool {
        self.need_with(draft, who, action, resource, &[])
    }

    /// Adds what must be allowed. False: it is not.
    fn need_with(
        &self,
        draft: &mut Draft,
        who: NodeId,
        action: ActionId,
        resource: &str,
        keys: &[(&'static str, &str)],
    ) -> bool {
        let truth = self.graph.permits_with(who, action, resource, keys);
        draft.truth = draft.truth.and(truth);
        if truth != Truth::No {
            let keys = keys.iter().map(|(key, value)| (*key, Text::new(value))).collect();
            draft.needs.push(Need { who, action, resource: Text::new(resource), keys, into: None });
        }
        truth != Truth::No
    }

    /// Adds what must be allowed on any resource at all. False: it is on none.
    fn need_somewhere(&self, draft: &mut Draft, who: NodeId, action: ActionId) -> bool {
        let (truth, resource) = self.graph.somewhere(who, action);
        draft.truth = draft.truth.and(truth);
        if truth != Truth::No {
            draft.needs.push(Need { who, action, resource, keys: Vec::new(), into: None });
        }
        truth != Truth::No
    }

    /// Every way in which one principal can become another.
    pub fn becoming(&self, from: NodeId, to: NodeId) -> Vec<Move> {
        let target = self.graph.node(to);
        if from == to || self.graph.node(from).kind == NodeKind::Root {
            return Vec::new();
        }
        let mut moves = match target.kind {
            NodeKind::Role => {
                let mut moves = Vec::new();
                moves.extend(self.assume(from, to));
                moves.extend(self.update_trust(from, to));
                moves.extend(self.pass_role(from, to));
                moves.extend(self.use_resources(from, to));
                moves
            }
            NodeKind::User => [
                self.create_key(from, to),
                self.login_profile(from, to, Become::CreateLoginProfile),
                self.login_profile(from, to, Become::UpdateLoginProfile),
            ]
            .into_iter()
            .flatten()
            .collect(),
            NodeKind::Root | NodeKind::PermissionSet => Vec::new(),
        };
        moves.sort_by_key(|step| std::cmp::Reverse(step.truth));
        moves
    }

    /// The first way that is certain, or else the best: for the search, which needs one only.
    pub fn best(&self, from: NodeId, to: NodeId) -> Option<Move> {
        let target = self.graph.node(to);
        if from == to || target.kind != NodeKind::Role || self.graph.node(from).kind == NodeKind::Root {
            return self.becoming(from, to).into_iter().next();
        }
        let assumed = self.assume(from, to);
        if assumed.as_ref().is_some_and(|step| step.truth == Truth::Yes) {
            return assumed;
        }
        let trust = self.update_trust(from, to);
        if trust.as_ref().is_some_and(|step| step.truth == Truth::Yes) {
            return trust;
        }
        let rest = self.pass_role(from, to).into_iter().chain(self.use_resources(from, to));
        let mut best: Option<Move> = None;
        for step in assumed.into_iter().chain(trust).chain(rest) {
            if best.as_ref().is_none_or(|best| step.truth > best.truth) {
                best = Some(step);
            }
        }
        best
    }

    fn becomes(&self, from: NodeId, to: NodeId, path: &'static Path, draft: Draft, through: &str) -> Option<Move> {
        let Draft { truth, needs, open } = draft;
        let step = Move {
            from,
            to,
            raise: None,
            become_: Some(path),
            lever: None,
            truth,
            needs,
            open,
            through: Text::new(through),
        };
        (truth != Truth::No).then_some(step)
    }

    pub fn assume(&self, from: NodeId, to: NodeId) -> Option<Move> {
        let own = self.bounds(from).reach(ASSUME_ROLE.get(), Truth::Unknown);
        if !self.graph.lets_in(to).may_include(from, own) {
            return None;
        }
        let truth = self.graph.may_assume(from, to);
        let mut draft = Draft::new();
        draft.truth = truth;
        let resource = self.graph.node(to).arn.text().clone();
        draft.needs.push(Need { who: from, action: ASSUME_ROLE.get(), resource, keys: Vec::new(), into: Some(to) });
        self.becomes(from, to, self.by_become.get(&Become::AssumeRole)?, draft, "")
    }

    pub(super) fn same_account(&self, from: NodeId, to: NodeId) -> bool {
        self.graph.node(from).account() == self.graph.node(to).account()
    }

    /// A trust policy that names the caller itself needs no permission of the caller's to enter.
    pub fn update_trust(&self, from: NodeId, to: NodeId) -> Option<Move> {
        let mut draft = Draft::new();
        let open =
            self.same_account(from, to) && self.need(&mut draft, from, UPDATE_TRUST.get(), &self.graph.node(to).arn);
        open.then(|| self.becomes(from, to, self.by_become.get(&Become::UpdateTrust)?, draft, "")).flatten()
    }

    pub fn pass_role(&self, from: NodeId, to: NodeId) -> Vec<Move> {
        let services = self.around.services_of(to);
        if services.is_empty() || !self.same_account(from, to) {
            return Vec::new();
        }
        self.ready(from).pass_role.iter().filter_map(|(path, _)| self.pass_role_by(from, to, path)).collect()
    }

    fn pass_role_by(&self, from: NodeId, to: NodeId, path: &'static Path) -> Option<Move> {
        let service =
            path.passed_to.iter().find(|service| self.around.services_of(to).iter().any(|s| s == *service))?;
        let mut draft = Draft::new();
        if path.instance_profile && !self.around.has_instance_profile(to) {
            return None;
        }
        for name in &path.required {
            let action = ActionId::of(name)?;
            let granted = if action == PASS_ROLE.get() {
                let keys = [("iam:PassedToService", *service)];
                self.need_with(&mut draft, from, action, &self.graph.node(to).arn, &keys)
            } else {
                self.need_somewhere(&mut draft, from, action)
            };
            if !granted {
                return None;
            }
        }
        self.becomes(from, to, path, draft, service)
    }

    /// Through something that runs as the role already; or, while it is not known what does, through what may.
    pub fn use_resources(&self, from: NodeId, to: NodeId) -> Vec<Move> {
        let mut moves: Vec<Move> = Vec::new();
        for (path, _) in &self.ready(from).use_resource {
            let resources = self.around.run_as(to).iter().filter(|one| path.runs_as.contains(&one.kind.as_str()));
            let found = resources.filter_map(|resource| {
                let mut draft = Draft::new();
                let granted = self.same_account(from, to)
                    && path
                        .required
                        .iter()
                        .filter_map(|name| ActionId::of(name))
                        .all(|action| self.need_of_resource(&mut draft, from, action, &resource.arn));
                granted.then(|| self.becomes(from, to, path, draft, &resource.key)).flatten()
            });
            match found.max_by_key(|step| step.truth) {
                Some(step) => moves.push(step),
                None if !self.around.residents_known => moves.extend(self.use_whatever_runs(from, to, path)),
                None => {}
            }
        }
        moves
    }

    fn use_whatever_runs(&self, from: NodeId, to: NodeId, path: &'static Path) -> Option<Move> {
        let service =
            path.passed_to.iter().find(|service| self.around.services_of(to).iter().any(|s| s == *service))?;
        let mut draft = Draft::new();
        if !path.required.iter().filter_map(|name| ActionId::of(name)).all(|a| self.need_somewhere(&mut draft, from, a))
        {
            return None;
        }
        let pattern = Arn::new(&*draft.needs.first()?.resource);
        let account = pattern.account();
        let role = self.graph.node(to);
        let elsewhere = !self.same_account(from, to);
        if elsewhere && account != role.account() || !elsewhere && account.len() == 12 && account != role.account() {
            return None;
        }
        let kind = path.runs_as.join(" or ");
        draft.unless_known(None, true, &format!("whether anything that it may change ({kind}) runs as {}", role.name));
        if elsewhere {
            draft.unless_known(None, true, "whether the resource's own policy lets this account in");
        }
        self.becomes(from, to, path, draft, service)
    }

    /// On the resource itself; or anywhere, for an action that is about another kind of thing.
    fn need_of_resource(&self, draft: &mut Draft, who: NodeId, action: ActionId, resource: &Arn) -> bool {
        if resource.looks_valid() {
            let on_it = self.graph.permits(who, action, resource);
            let node = self.graph.node(who);
            let other = self.graph.examples(node, action).iter().all(|example| !same_kind(example, resource));
            if on_it != Truth::No || !other {
                return self.need(draft, who, action, resource);
            }
        }
        self.need_somewhere(draft, who, action)
    }

    pub fn create_key(&self, from: NodeId, to: NodeId) -> Option<Move> {
        let user = &self.graph.node(to).arn;
        let mut draft = Draft::new();
        if !self.same_account(from, to) || !self.need(&mut draft, from, CREATE_ACCESS_KEY.get(), user) {
            return None;
        }
        // A user has two keys at most (reference_iam-quotas).
        if self.around.keys_of(to) == Some(2) && !self.need(&mut draft, from, DELETE_ACCESS_KEY.get(), user) {
            return None;
        }
        self.becomes(from, to, self.by_become.get(&Become::CreateAccessKey)?, draft, "")
    }

    pub fn login_profile(&self, from: NodeId, to: NodeId, how: Become) -> Option<Move> {
        let user = &self.graph.node(to).arn;
        let action =
            if how == Become::CreateLoginProfile { CREATE_LOGIN_PROFILE.get() } else { UPDATE_LOGIN_PROFILE.get() };
        let mut draft = Draft::new();
        if !self.same_account(from, to) || !self.need(&mut draft, from, action, user) {
            return None;
        }
        let credentials = self.around.credentials_of(to);
        if how == Become::CreateLoginProfile {
            draft.unless_known(credentials.password, false, "whether the user has no password yet");
        } else {
            draft.unless_known(credentials.password, true, "whether the user has a password");
            draft.unless_known(credentials.mfa, false, "whether the user has no MFA");
        }
        self.becomes(from, to, self.by_become.get(&how)?, draft, "")
    }
}

/// Whether a pattern is about the kind of thing that a resource is: the same service, and the same word before the name.
fn same_kind(pattern: &str, resource: &Arn) -> bool {
    let pattern = Arn::new(pattern);
    let word = |resource: &str| resource.split(['/', ':']).next().unwrap_or("").to_owned();
    let (ours, theirs) = (word(resource.resource()), word(pattern.resource()));
    pattern.service() == resource.service() && (ours == theirs || theirs.contains('*'))
}
