//! Policy tests in a neutral format, one JSON object a line: a request, the policies that concern it, and the expected
//! verdict. `docs/evaluate.md` describes it for users.

use serde::Deserialize;
use serde_json::Value as Json;

use super::context::{Context, Value};
use super::document::Policy;
use super::evaluate::{Evidence, Layer, Layers, Request, StatementRef, Verdict, explain};
use super::principal::Caller;

/// A test as it stands in the file. Unknown fields are left alone.
#[derive(Clone, Debug, Deserialize)]
pub struct Case {
    #[serde(default)]
    pub id: String,
    pub request: CaseRequest,
    #[serde(default)]
    identity_policies: Vec<Json>,
    #[serde(default)]
    resource_policy: Option<Json>,
    #[serde(default)]
    permission_boundaries: Vec<Json>,
    #[serde(default)]
    session_policies: Vec<Json>,
    #[serde(default)]
    scps: Vec<Level>,
    #[serde(default)]
    rcps: Vec<Level>,
    #[serde(default)]
    pub expected: Option<Expected>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct CaseRequest {
    #[serde(default)]
    principal: Option<String>,
    #[serde(default)]
    anonymous: bool,
    pub action: String,
    #[serde(default = "star")]
    pub resource: String,
    #[serde(default)]
    resource_account: Option<String>,
    #[serde(default)]
    wildcard_only_action: bool,
    #[serde(default)]
    context: serde_json::Map<String, Json>,
}

fn star() -> String {
    "*".to_owned()
}

/// The policies of the root, an organizational unit or an account.
#[derive(Clone, Debug, Deserialize)]
struct Level {
    #[serde(default)]
    target: String,
    #[serde(default)]
    policies: Vec<Json>,
}

/// A verdict as a test names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Expected {
    Allowed,
    ImplicitlyDenied,
    ExplicitlyDenied,
    /// Either kind of denial.
    Denied,
    CannotTell,
}

impl Expected {
    pub fn word(self) -> &'static str {
        match self {
            Self::Allowed => "Allowed",
            Self::ImplicitlyDenied => "ImplicitlyDenied",
            Self::ExplicitlyDenied => "ExplicitlyDenied",
            Self::Denied => "Denied",
            Self::CannotTell => "CannotTell",
        }
    }

    pub fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Allowed => Self::Allowed,
            Verdict::ImplicitlyDenied => Self::ImplicitlyDenied,
            Verdict::ExplicitlyDenied => Self::ExplicitlyDenied,
            Verdict::CannotTell => Self::CannotTell,
        }
    }

    pub fn is_met_by(self, verdict: Verdict) -> bool {
        match self {
            Self::Denied => matches!(verdict, Verdict::ImplicitlyDenied | Verdict::ExplicitlyDenied),
            other => other == Self::of(verdict),
        }
    }
}

/// What a test came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub verdict: Verdict,
    /// The statements that decided, each in words: `identity policy 1, statement 2 (Sid)`.
    pub deciding: Vec<String>,
    pub blocked_by: Vec<Layer>,
    pub missing: Vec<String>,
    /// What is odd about the documents.
    pub oddities: Vec<String>,
}

/// A test whose documents are read, so that it can be run many times.
#[derive(Debug)]
pub struct Prepared {
    caller: Caller,
    action: String,
    resource: String,
    resource_account: Option<String>,
    context: Context,
    identity: Vec<Policy>,
    resource_policy: Option<Policy>,
    boundary: Vec<Policy>,
    session: Vec<Policy>,
    scps: Vec<(String, Vec<Policy>)>,
    rcps: Vec<(String, Vec<Policy>)>,
}

impl Case {
    /// Of one line of a file.
    ///
    /// # Errors
    /// What is wrong with the line, in words.
    pub fn parse(line: &str) -> Result<Self, String> {
        // The line is known to whoever reads the file: of the place within it only the column says something.
        serde_json::from_str(line).map_err(|error| error.to_string().replace(" at line 1 column ", " at column "))
    }

    /// # Errors
    /// A context value that is neither text nor a list of texts.
    pub fn prepare(&self) -> Result<Prepared, String> {
        let policies = |documents: &[Json]| documents.iter().map(document).collect::<Vec<Policy>>();
        let levels = |levels: &[Level]| {
            levels.iter().map(|level| (level.target.clone(), policies(&level.policies))).collect::<Vec<_>>()
        };
        let asked = &self.request;
        let caller = match &asked.principal {
            Some(principal) if !asked.anonymous => Caller::parse(principal),
            _ => Caller::Anonymous,
        };
        let mut context = Context::default();
        for (key, value) in &asked.context {
            let texts = super::document::strings(value).ok_or_else(|| format!("context {key} is not text"))?;
            context.set(
                key,
                match (value, &texts[..]) {
                    (Json::Array(_), _) => Value::Many(texts),
                    (_, [one]) => Value::One(one.clone()),
                    _ => Value::Many(texts),
                },
            );
        }
        let resource = if asked.wildcard_only_action { "*" } else { &asked.resource };
        Ok(Prepared {
            caller,
            action: asked.action.to_ascii_lowercase(),
            resource: resource.to_owned(),
            resource_account: asked.resource_account.clone(),
            context,
            identity: policies(&self.identity_policies),
            resource_policy: self.resource_policy.as_ref().filter(|value| !value.is_null()).map(document),
            boundary: policies(&self.permission_boundaries),
            session: policies(&self.session_policies),
            scps: levels(&self.scps),
            rcps: levels(&self.rcps),
        })
    }
}

/// A document, or its text.
fn document(value: &Json) -> Policy {
    match value {
        Json::String(text) => Policy::parse(&crate::model::Text::new(text)),
        value => Policy::from_json(value),
    }
}

impl Prepared {
    fn with_layers<T>(&self, then: impl FnOnce(&Request<'_>, &Layers<'_>) -> T) -> T {
        fn all(policies: &[Policy]) -> Vec<&Policy> {
            policies.iter().collect()
        }
        let (identity, boundary, session) = (all(&self.identity), all(&self.boundary), all(&self.session));
        let scps: Vec<Vec<&Policy>> = self.scps.iter().map(|(_, policies)| all(policies)).collect();
        let rcps: Vec<Vec<&Policy>> = self.rcps.iter().map(|(_, policies)| all(policies)).collect();
        let layers = Layers {
            identity: &identity,
            resource: self.resource_policy.as_ref(),
            boundary: (!boundary.is_empty()).then_some(&boundary),
            session: (!session.is_empty()).then_some(&session),
            scps: &scps,
            rcps: &rcps,
        };
        let request = Request {
            caller: &self.caller,
            action: &self.action,
            resource: &self.resource,
            resource_account: self.resource_account.as_deref(),
            context: &self.context,
        };
        then(&request, &layers)
    }

    pub fn verdict(&self) -> Verdict {
        self.with_layers(super::evaluate)
    }

    pub fn run(&self) -> Outcome {
        let (verdict, evidence) = self.with_layers(explain);
        let Evidence { statements, missing, blocked_by, .. } = evidence;
        Outcome {
            verdict,
            deciding: statements.iter().map(|(reference, _)| self.words(reference)).collect(),
            blocked_by,
            missing,
            oddities: self.every_policy().flat_map(|policy| policy.oddities.iter().map(ToString::to_string)).collect(),
        }
    }

    fn every_policy(&self) -> impl Iterator<Item = &Policy> {
        let levels = self.scps.iter().chain(&self.rcps).flat_map(|(_, policies)| policies);
        let own = self.identity.iter().chain(&self.resource_policy).chain(&self.boundary).chain(&self.session);
        own.chain(levels)
    }

    fn words(&self, at: &StatementRef) -> String {
        let level = |levels: &[(String, Vec<Policy>)]| levels.get(at.level).map_or(String::new(), |l| l.0.clone());
        let (place, policy) = match at.layer {
            Layer::Identity => (String::new(), self.identity.get(at.policy)),
            Layer::Resource | Layer::Service => (String::new(), self.resource_policy.as_ref()),
            Layer::Boundary => (String::new(), self.boundary.get(at.policy)),
            Layer::Session => (String::new(), self.session.get(at.policy)),
            Layer::Scp => (level(&self.scps), self.scps.get(at.level).and_then(|l| l.1.get(at.policy))),
            Layer::Rcp => (level(&self.rcps), self.rcps.get(at.level).and_then(|l| l.1.get(at.policy))),
        };
        let place = if place.is_empty() { place } else { format!(" of {place}") };
        let sid = policy.and_then(|policy| policy.statements.get(at.statement)).and_then(|s| s.sid.as_ref());
        let sid = sid.map_or(String::new(), |sid| format!(" ({sid})"));
        format!("{} policy {}{place}, statement {}{sid}", at.layer.word(), at.policy + 1, at.statement + 1)
    }
}
