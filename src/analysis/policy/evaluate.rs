//! A request judged against every policy that concerns it, in AWS's order.
//!
//! Sources: reference_policies_evaluation-logic_policy-eval-denyallow (the order within an account),
//! reference_policies_evaluation-logic-cross-account, access_policies_boundaries ("Evaluating effective permissions with
//! boundaries"), Organizations User Guide orgs_manage_policies_scps_evaluation (every level must allow) and
//! orgs_manage_policies_rcps.

use super::Truth;
use super::context::{Context, note};
use super::document::{Effect, Policy, Statement};
use super::principal::{Caller, Grant};
use super::resource::Place;
use super::special;

/// What somebody asks for. Borrowed, so that asking costs nothing.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub caller: &'a Caller,
    /// `service:action` in lower case.
    pub action: &'a str,
    /// An ARN; `*` for an action that takes no resource, or for whatever resource there is.
    pub resource: &'a str,
    /// None: the caller's own.
    pub resource_account: Option<&'a str>,
    pub context: &'a Context,
}

impl Request<'_> {
    fn is_cross_account(&self) -> bool {
        match (self.caller.account(), self.resource_account) {
            (Some(own), Some(account)) => own != account,
            _ => false,
        }
    }
}

/// Every policy that concerns a request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Layers<'a> {
    /// Inline, attached, and those of groups.
    pub identity: &'a [&'a Policy],
    pub resource: Option<&'a Policy>,
    /// None: there is no boundary.
    pub boundary: Option<&'a [&'a Policy]>,
    /// None: the session was not given policies.
    pub session: Option<&'a [&'a Policy]>,
    /// By level, the root first, the account last; empty: none bind, as in the management account.
    pub scps: &'a [Vec<&'a Policy>],
    pub rcps: &'a [Vec<&'a Policy>],
}

/// Which kind of policy spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    Identity,
    Resource,
    Boundary,
    Session,
    Scp,
    Rcp,
    /// A rule of the service itself, that no policy can change.
    Service,
}

impl Layer {
    pub fn word(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Resource => "resource",
            Self::Boundary => "boundary",
            Self::Session => "session",
            Self::Scp => "scp",
            Self::Rcp => "rcp",
            Self::Service => "service",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Allowed,
    /// Nothing allows it.
    ImplicitlyDenied,
    /// Something denies it.
    ExplicitlyDenied,
    /// It hangs on what is not known.
    CannotTell,
}

impl Verdict {
    pub fn word(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::ImplicitlyDenied => "implicitly denied",
            Self::ExplicitlyDenied => "explicitly denied",
            Self::CannotTell => "cannot tell",
        }
    }
}

/// Where a statement stands: the layer, the level of an SCP or RCP, the policy and the statement, each from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StatementRef {
    pub layer: Layer,
    pub level: usize,
    pub policy: usize,
    pub statement: usize,
    pub effect: Effect,
}

/// Why a verdict is what it is.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The statements that applied, or of which it cannot be told.
    pub statements: Vec<(StatementRef, Truth)>,
    /// What would have to be known: condition keys, or policies that could not be read.
    pub missing: Vec<String>,
    /// Which layers stand in the way.
    pub blocked_by: Vec<Layer>,
    record: bool,
}

/// How one layer answers.
#[derive(Clone, Copy, Debug, Default)]
struct Answer {
    denied: Truth,
    /// Indexed by how the caller is named; for layers without principals all stand under `Direct`.
    allowed: [Truth; 4],
}

impl Answer {
    fn allows(self) -> Truth {
        self.allowed[Grant::Direct as usize]
    }

    fn by(self, grant: Grant) -> Truth {
        self.allowed[grant as usize]
    }

    fn and(&mut self, other: Self) {
        self.denied = self.denied.or(other.denied);
        self.allowed[Grant::Direct as usize] = self.allows().and(other.allows());
    }
}

/// The verdict alone.
pub fn evaluate(request: &Request<'_>, layers: &Layers<'_>) -> Verdict {
    judge(request, layers, &mut Evidence::default())
}

/// The verdict with its reasons: the statements that decided it, and what is missing.
pub fn explain(request: &Request<'_>, layers: &Layers<'_>) -> (Verdict, Evidence) {
    let mut evidence = Evidence { record: true, ..Evidence::default() };
    let verdict = judge(request, layers, &mut evidence);
    let decides = |(statement, truth): &(StatementRef, Truth)| match verdict {
        Verdict::Allowed => statement.effect == Effect::Allow && *truth == Truth::Yes,
        Verdict::ExplicitlyDenied => statement.effect == Effect::Deny && *truth == Truth::Yes,
        Verdict::ImplicitlyDenied => statement.effect == Effect::Allow && *truth == Truth::Yes,
        Verdict::CannotTell => *truth == Truth::Unknown || statement.effect == Effect::Allow,
    };
    evidence.statements.retain(decides);
    if verdict != Verdict::CannotTell {
        evidence.missing.clear();
    }
    (verdict, evidence)
}

fn judge(request: &Request<'_>, layers: &Layers<'_>, evidence: &mut Evidence) -> Verdict {
    if special::needs_no_permission(request.action) {
        return Verdict::Allowed;
    }
    let one = |layer: Layer, policies: &[&Policy], evidence: &mut Evidence| {
        Judge { request, layers, layer, level: 0, evidence }.policies(policies)
    };
    let identity = one(Layer::Identity, layers.identity, evidence);
    let resource = layers.resource.map(|policy| one(Layer::Resource, &[policy], evidence));
    let boundary = layers.boundary.map(|policies| one(Layer::Boundary, policies, evidence));
    let session = layers.session.map(|policies| one(Layer::Session, policies, evidence));
    let levels = |layer: Layer, levels: &[Vec<&Policy>], evidence: &mut Evidence| {
        let mut answer: Option<Answer> = None;
        for (level, policies) in levels.iter().enumerate() {
            let one = Judge { request, layers, layer, level, evidence }.policies(policies);
            answer = Some(match answer {
                Some(mut all) => {
                    all.and(one);
                    all
                }
                None => one,
            });
        }
        answer
    };
    let scp = special::scps_bind(request.caller).then(|| levels(Layer::Scp, layers.scps, evidence)).flatten();
    let rcp =
        special::rcps_bind(request.caller, request.action).then(|| levels(Layer::Rcp, layers.rcps, evidence)).flatten();

    let silent = |answer: &Option<Answer>| answer.map_or(Truth::Yes, Answer::allows);
    let denied = |answer: &Option<Answer>| answer.map_or(Truth::No, |answer| answer.denied);
    let refused = special::refused_by_service(request.caller, request.action, request.resource);
    let base = base(request, identity, resource, silent(&boundary).and(silent(&session)));
    let allowed = base.and(silent(&scp)).and(silent(&rcp)).and(Truth::from(!refused));
    let others = [(Layer::Resource, &resource), (Layer::Boundary, &boundary), (Layer::Session, &session)];
    let others = others.into_iter().chain([(Layer::Scp, &scp), (Layer::Rcp, &rcp)]);
    let deny = others.clone().fold(identity.denied, |deny, (_, answer)| deny.or(denied(answer)));
    if evidence.record && allowed.and(deny.negate()) != Truth::Yes {
        let mut blocked = Vec::new();
        if identity.denied == Truth::Yes {
            blocked.push(Layer::Identity);
        }
        for (layer, answer) in others {
            let stops = layer != Layer::Resource && silent(answer) == Truth::No && base != Truth::Yes
                || matches!(layer, Layer::Scp | Layer::Rcp) && silent(answer) == Truth::No;
            if denied(answer) == Truth::Yes || stops {
                blocked.push(layer);
            }
        }
        if refused {
            blocked.push(Layer::Service);
        }
        evidence.blocked_by = blocked;
    }
    match (deny, allowed) {
        (Truth::Yes, _) => Verdict::ExplicitlyDenied,
        (_, Truth::No) => Verdict::ImplicitlyDenied,
        (Truth::No, Truth::Yes) => Verdict::Allowed,
        _ => Verdict::CannotTell,
    }
}

/// Whether somebody grants it: the caller's own policies, the resource's, or both. `bounded`: what boundary and session
/// policy let through.
fn base(request: &Request<'_>, identity: Answer, resource: Option<Answer>, bounded: Truth) -> Truth {
    let resource_answer = resource.unwrap_or_default();
    let direct = resource_answer.by(Grant::Direct);
    let Some(_) = request.caller.account() else {
        // Services, strangers and those with an assertion have no policies of their own.
        return direct;
    };
    let root = matches!(request.caller, Caller::Root { .. });
    // Root has no identity policies and needs none in its own account (id_root-user).
    let own = if root { Truth::Yes } else { identity.allows().and(bounded) };
    let by_role = resource_answer.by(Grant::Role);
    let by_account = resource_answer.by(Grant::Account);
    if request.is_cross_account() {
        return own.and(direct.or(by_role).or(by_account));
    }
    if special::resource_policy_decides(request.action, request.resource) {
        return direct.or(by_role.and(bounded)).or(by_account.and(own));
    }
    direct.or(own).or(by_role.and(bounded))
}

struct Judge<'a, 'e> {
    request: &'a Request<'a>,
    layers: &'a Layers<'a>,
    layer: Layer,
    level: usize,
    evidence: &'e mut Evidence,
}

impl Judge<'_, '_> {
    fn policies(&mut self, policies: &[&Policy]) -> Answer {
        let mut answer = Answer::default();
        for (n, policy) in policies.iter().enumerate() {
            if let Some(why) = &policy.unreadable {
                let what = if policies.len() == 1 { String::new() } else { format!(" {}", n + 1) };
                note(&mut self.evidence.missing, &format!("the {} policy{what}: {why}", self.layer.word()));
                answer.denied = answer.denied.or(Truth::Unknown);
                for allowed in &mut answer.allowed {
                    *allowed = allowed.or(Truth::Unknown);
                }
            }
            for (m, statement) in policy.statements.iter().enumerate() {
                let (grant, truth) = self.applies(statement);
                if truth == Truth::No {
                    continue;
                }
                match statement.effect {
                    Effect::Deny => answer.denied = answer.denied.or(truth),
                    Effect::Allow => {
                        let allowed = &mut answer.allowed[grant as usize];
                        *allowed = allowed.or(truth);
                    }
                }
                if self.evidence.record {
                    let (layer, level, effect) = (self.layer, self.level, statement.effect);
                    let reference = StatementRef { layer, level, policy: n, statement: m, effect };
                    self.evidence.statements.push((reference, truth));
                }
            }
        }
        answer
    }

    /// Whether a statement is about the request, and how it names the caller.
    fn applies(&mut self, statement: &Statement) -> (Grant, Truth) {
        let none = (Grant::None, Truth::No);
        let request = self.request;
        if !statement.actions.as_ref().is_some_and(|actions| actions.matches(request.action)) {
            return none;
        }
        let grant = match (self.layer, &statement.principals) {
            (Layer::Resource, None) => return none,
            (Layer::Resource | Layer::Rcp, Some(principals)) => {
                // A Deny with NotPrincipal reaches everyone who has a boundary, named or not
                // (reference_policies_elements_notprincipal).
                let bounded = self.layers.boundary.is_some_and(|policies| !policies.is_empty());
                if principals.all_but && statement.effect == Effect::Deny && bounded {
                    Grant::Direct
                } else {
                    principals.names(request.caller)
                }
            }
            _ => Grant::Direct,
        };
        if grant == Grant::None {
            return none;
        }
        let place = match self.layer {
            Layer::Resource => Place::Resource,
            Layer::Scp | Layer::Rcp => Place::Organization,
            _ => Place::Principal,
        };
        let missing = &mut self.evidence.missing;
        let mut truth = match (&statement.resources, self.layer) {
            (Some(resources), _) => resources.matches(request.resource, request.context, place, missing),
            // A trust policy names no resource: it is the role's own.
            (None, Layer::Resource) => Truth::Yes,
            (None, _) => return none,
        };
        for condition in &statement.conditions {
            if truth == Truth::No {
                return none;
            }
            truth = truth.and(condition.holds(request.context, missing));
        }
        (grant, truth)
    }
}
