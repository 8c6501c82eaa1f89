//! A request judged against every policy that concerns it, in AWS's order.
//!
//! Sources: reference_policies_evaluation-logic_policy-eval-denyallow (the order within an account),
//! reference_policies_evaluation-logic-cross-account, access_policies_boundaries ("Evaluating effective permissions with
//! boundaries"), Organizations User Guide orgs_manage_policies_scps_evaluation (every level must allow) and
//! orgs_manage_policies_rcps.

use super::Truth;
use super::action::Asked;
use super::context::{Context, Found, Missing};
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
    /// The statements that decided: of an explicit denial those that deny, else those that allow (of an implicit denial
    /// they are not enough); and where it cannot be told, those of which it cannot be told.
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

    /// Of a layer without policies that allows everything, or nothing.
    fn ceiling(allows: bool) -> Self {
        let mut answer = Self::default();
        answer.allowed[Grant::Direct as usize] = Truth::from(allows);
        answer
    }

    /// Of two levels of which both must allow.
    fn and(mut self, other: Self) -> Self {
        self.denied = self.denied.or(other.denied);
        self.allowed[Grant::Direct as usize] = self.allows().and(other.allows());
        self
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
    let (caller, action) = (request.caller, request.action);
    if special::needs_no_permission(caller, action) {
        return Verdict::Allowed;
    }
    let own = special::has_policies_of_its_own(caller);
    let boundary = layers.boundary.filter(|_| own);
    let bounded = boundary.is_some_and(|policies| !policies.is_empty());
    let mut judge = Judge { request, action: Asked::new(action), bounded, layer: Layer::Identity, level: 0, evidence };
    let identity = if own { judge.policies(layers.identity) } else { Answer::default() };
    judge.layer = Layer::Resource;
    let mut resource = layers.resource.map_or_else(Answer::default, |policy| judge.policies(&[policy]));
    if special::passes_over_bucket_policy(caller, action) && !request.is_cross_account() {
        resource.denied = Truth::No;
    }
    let mut ceiling = |layer: Layer, policies: Option<&[&Policy]>, none: bool| {
        judge.layer = layer;
        policies.map_or(Answer::ceiling(none), |policies| judge.policies(policies))
    };
    let boundary = ceiling(Layer::Boundary, boundary, true);
    let session = layers.session.filter(|_| caller.account().is_some());
    let session = ceiling(Layer::Session, session, special::is_free_without_session_policy(caller));
    let scp = if special::scps_bind(caller) { judge.levels(Layer::Scp, layers.scps) } else { Answer::ceiling(true) };
    let rcp = if !layers.rcps.is_empty() && special::rcps_bind(caller, action) {
        judge.levels(Layer::Rcp, layers.rcps)
    } else {
        Answer::ceiling(true)
    };

    let granted = granted(request, identity, resource, boundary.allows().and(session.allows()));
    // What a service does for the caller it may do where the caller itself may not: Identity Center and its roles.
    let via_service = request.context.find("aws:viaawsservice") == Found::One("true");
    let refused = !via_service && special::refused_by_service(caller, action, request.resource);
    let allowed = granted.and(scp.allows()).and(rcp.allows()).and(Truth::from(!refused));
    let answers = [
        (Layer::Identity, identity, false),
        (Layer::Resource, resource, false),
        (Layer::Boundary, boundary, granted != Truth::Yes),
        (Layer::Session, session, granted != Truth::Yes),
        (Layer::Scp, scp, true),
        (Layer::Rcp, rcp, true),
    ];
    let denied = answers.iter().fold(Truth::No, |denied, (_, answer, _)| denied.or(answer.denied));
    if evidence.record && allowed.and(denied.negate()) != Truth::Yes {
        // An identity or resource policy stands in the way only if it denies; the others also by their silence.
        let stops = answers.iter().filter(|(_, answer, by_silence)| {
            answer.denied == Truth::Yes || *by_silence && answer.allows() == Truth::No
        });
        evidence.blocked_by = stops.map(|(layer, ..)| *layer).chain(refused.then_some(Layer::Service)).collect();
    }
    match (denied, allowed) {
        (Truth::Yes, _) => Verdict::ExplicitlyDenied,
        (_, Truth::No) => Verdict::ImplicitlyDenied,
        (Truth::No, Truth::Yes) => Verdict::Allowed,
        _ => Verdict::CannotTell,
    }
}

/// Whether somebody grants it: the caller's own policies, the resource's, or both. `bounded`: what boundary and session
/// policy let through.
fn granted(request: &Request<'_>, identity: Answer, resource: Answer, bounded: Truth) -> Truth {
    let direct = resource.by(Grant::Direct);
    if request.caller.account().is_none() {
        // Services, strangers and those with an assertion have no policies of their own.
        return direct;
    }
    let root = matches!(request.caller, Caller::Root { .. });
    // Root has no identity policies and needs none in its own account (id_root-user).
    let own = if root { Truth::Yes } else { identity.allows().and(bounded) };
    let by_role = resource.by(Grant::Role);
    let by_account = resource.by(Grant::Account);
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
    action: Asked<'a>,
    /// The caller has a boundary.
    bounded: bool,
    layer: Layer,
    level: usize,
    evidence: &'e mut Evidence,
}

impl Judge<'_, '_> {
    /// Every level must allow. No level: nothing is bound.
    fn levels(&mut self, layer: Layer, levels: &[Vec<&Policy>]) -> Answer {
        self.layer = layer;
        let mut all = Answer::ceiling(true);
        for (level, policies) in levels.iter().enumerate() {
            self.level = level;
            all = all.and(self.policies(policies));
        }
        all
    }

    fn policies(&mut self, policies: &[&Policy]) -> Answer {
        let mut answer = Answer::default();
        for (n, policy) in policies.iter().enumerate() {
            if let Some(why) = &policy.unreadable {
                if self.evidence.record {
                    let what = if policies.len() == 1 { String::new() } else { format!(" {}", n + 1) };
                    let name = format!("the {} policy{what}: {why}", self.layer.word());
                    Missing::new(Some(&mut self.evidence.missing)).note(&name);
                }
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
        if !statement.actions.as_ref().is_some_and(|actions| actions.include(self.action)) {
            return none;
        }
        let grant = match (self.layer, &statement.principals, statement.effect) {
            (Layer::Resource, None, _) => return none,
            (Layer::Resource | Layer::Rcp, Some(principals), Effect::Deny) => {
                // A Deny with NotPrincipal reaches everyone who has a boundary, named or not
                // (reference_policies_elements_notprincipal).
                if principals.all_but && self.bounded || principals.denies(request.caller) {
                    Grant::Direct
                } else {
                    Grant::None
                }
            }
            (Layer::Resource | Layer::Rcp, Some(principals), Effect::Allow) => principals.names(request.caller),
            _ => Grant::Direct,
        };
        if grant == Grant::None {
            return none;
        }
        let record = self.evidence.record;
        let mut missing = Missing::new(record.then_some(&mut self.evidence.missing));
        let mark = missing.mark();
        let truth = self.layer.holds(statement, request, &mut missing);
        if truth == Truth::No {
            missing.forget(mark);
            return none;
        }
        (grant, truth)
    }
}

impl Layer {
    /// Whether resource and conditions of a statement in such a policy hold.
    fn holds(self, statement: &Statement, request: &Request<'_>, missing: &mut Missing<'_>) -> Truth {
        let place = match self {
            Self::Resource => Place::Resource,
            Self::Scp | Self::Rcp => Place::Organization,
            Self::Identity | Self::Boundary | Self::Session | Self::Service => Place::Principal,
        };
        let mut truth = match &statement.resources {
            Some(resources) => resources.matches(request.resource, request.context, place, missing),
            // A trust policy names no resource: it is the role's own.
            None => Truth::from(self == Self::Resource),
        };
        for condition in &statement.conditions {
            if truth == Truth::No {
                break;
            }
            truth = truth.and(condition.holds(statement.effect, request.context, missing));
        }
        truth
    }
}
