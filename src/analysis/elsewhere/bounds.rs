//! The SCPs and RCPs that bind a place, compiled, level by level.
//!
//! Sources: Organizations User Guide, orgs_manage_policies_scps_evaluation (every level must allow; each has at least one
//! SCP) and orgs_manage_policies_rcps (RCPFullAWSAccess is attached everywhere and cannot be detached).

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use super::place::Place;
use crate::analysis::policy::condition::Condition;
use crate::analysis::policy::resource::Resources;
use crate::analysis::policy::{Layer, Layers, Policy, Statement, StatementRef};
use crate::model::organization::OrganizationPolicy;
use crate::model::{Facts, Text};

/// What is not known about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    Nothing,
    /// Which resource it was made on.
    Resource,
    /// Which action of IAM it is, and with that the resource.
    Action,
}

/// A policy as it is written, and as it reads where something about the call is not known.
#[derive(Debug)]
pub struct Compiled {
    pub id: Text,
    pub name: Text,
    pub layer: Layer,
    /// By [`Open`].
    forms: [Policy; 3],
    /// Accounts that the document names.
    accounts: BTreeSet<String>,
}

impl Compiled {
    fn new(policy: &OrganizationPolicy) -> Option<Self> {
        let layer = match policy.kind.as_str() {
            "SERVICE_CONTROL_POLICY" => Layer::Scp,
            "RESOURCE_CONTROL_POLICY" => Layer::Rcp,
            _ => return None,
        };
        let compiled =
            policy.document.as_ref().map_or_else(|| Policy::unread("its content was not read"), Policy::parse);
        let text = policy.document.as_ref().map_or("", Text::as_str);
        let accounts =
            text.split(|c: char| !c.is_ascii_digit()).filter(|run| run.len() == 12).map(str::to_owned).collect();
        Some(Self::of(policy.id.clone(), policy.name.clone(), layer, &compiled, accounts))
    }

    fn of(id: Text, name: Text, layer: Layer, policy: &Policy, accounts: BTreeSet<String>) -> Self {
        let form = |open: Open| reform(policy, |statement| opened(statement, open));
        let forms = [policy.clone(), form(Open::Resource), form(Open::Action)];
        Self { id, name, layer, forms, accounts }
    }

    pub fn policy(&self) -> &Policy {
        self.form(Open::Nothing)
    }

    fn form(&self, open: Open) -> &Policy {
        &self.forms[open as usize]
    }

    /// The same where it is not known whether it is attached: each statement holds only if it is.
    fn unplaced(&self) -> Self {
        let if_attached = unknown(&format!("where {} is attached", self.name));
        let policy = reform(self.policy(), |mut statement| {
            add(&mut statement, if_attached.clone());
            statement
        });
        Self::of(self.id.clone(), self.name.clone(), self.layer, &policy, self.accounts.clone())
    }
}

fn reform(policy: &Policy, change: impl Fn(Statement) -> Statement) -> Policy {
    Policy { statements: policy.statements.iter().cloned().map(change).collect(), ..policy.clone() }
}

/// A condition of which it cannot be told whether it holds, and what would have to be known.
fn unknown(what: &str) -> Condition {
    Condition::new("StringEquals", what, &["known".to_owned()], false)
}

fn add(statement: &mut Statement, condition: Condition) {
    let conditions = std::mem::take(&mut statement.conditions);
    statement.conditions = conditions.into_iter().chain([condition]).collect();
}

static EVERYTHING: LazyLock<Resources> = LazyLock::new(|| Resources::new(false, &["*".to_owned()], false));

/// A statement about an action or resource that is not known: it holds for certain only if it is about all of them.
fn opened(mut statement: Statement, open: Open) -> Statement {
    if open == Open::Action && statement.actions.as_ref().is_some_and(|actions| !actions.is_everything()) {
        statement.actions = Some(crate::analysis::policy::action::Actions::new(false, &["*".to_owned()]));
        add(&mut statement, unknown("the action of IAM"));
    }
    if open != Open::Nothing && statement.resources.as_ref().is_some_and(|resources| !resources.is_everything()) {
        statement.resources = Some(EVERYTHING.clone());
        add(&mut statement, unknown("the resource"));
    }
    statement
}

/// Every SCP and RCP of the organization, compiled once.
#[derive(Debug, Default)]
pub struct Library {
    pub all: Vec<Arc<Compiled>>,
    /// By policy, the ids of what it is attached to; none: not known.
    targets: Vec<Option<BTreeSet<Text>>>,
    scps: bool,
    rcps: bool,
}

impl Library {
    pub fn of(facts: &Facts) -> Self {
        let mut library = Self::default();
        for policy in facts.policies.values() {
            let Some(compiled) = Compiled::new(policy) else { continue };
            library.all.push(Arc::new(compiled));
            let targets = policy.targets.as_ref();
            library.targets.push(targets.map(|targets| targets.iter().map(|target| target.id.clone()).collect()));
        }
        // A type that is off at the root binds nowhere; where roots were not read, what is there is in force.
        let on = |kind: &str, layer: Layer| {
            library.all.iter().any(|policy| policy.layer == layer)
                && (facts.roots.is_empty()
                    || facts.roots.values().any(|root| root.enabled_policy_types.iter().any(|on| *on == *kind)))
        };
        (library.scps, library.rcps) =
            (on("SERVICE_CONTROL_POLICY", Layer::Scp), on("RESOURCE_CONTROL_POLICY", Layer::Rcp));
        library
    }

    fn levels(&self, place: &Place, layer: Layer) -> Vec<Vec<Arc<Compiled>>> {
        if !(if layer == Layer::Scp { self.scps } else { self.rcps }) {
            return Vec::new();
        }
        let of_layer = || self.all.iter().zip(&self.targets).filter(move |(policy, _)| policy.layer == layer);
        let mut levels = Vec::new();
        if !place.whole {
            let why = Policy::unread("how the place hangs on the root was not read");
            let unread = Compiled::of(Text::default(), "above".into(), layer, &why, BTreeSet::new());
            levels.push(vec![Arc::new(unread)]);
        }
        for step in &place.path {
            let here = |(_, targets): &(_, &Option<BTreeSet<Text>>)| {
                targets.as_ref().is_some_and(|targets| targets.contains(&step.id))
            };
            let mut level: Vec<Arc<Compiled>> = of_layer().filter(here).map(|(policy, _)| Arc::clone(policy)).collect();
            // The RCP that allows everything stays attached, listed or not; a level without an SCP was not read.
            let silent = level.is_empty() && of_layer().all(|(_, targets)| targets.is_some());
            if layer == Layer::Rcp || silent {
                level.push(Arc::new(without_policy(step.name.as_str(), layer)));
            }
            // What is attached somewhere may be attached here.
            let unplaced = of_layer().filter(|(_, targets)| targets.is_none());
            level.extend(unplaced.map(|(policy, _)| Arc::new(policy.unplaced())));
            levels.push(level);
        }
        levels
    }

    /// What binds a place.
    pub fn bounds(&self, place: &Place) -> Bounds {
        let mut steps: Vec<Text> = place.path.iter().map(|step| step.name.clone()).collect();
        if !place.whole {
            steps.insert(0, "above".into());
        }
        Bounds { scps: self.levels(place, Layer::Scp), rcps: self.levels(place, Layer::Rcp), steps }
    }
}

/// Stands where no policy of a type is known. Every level has an SCP; of RCPs the one that allows everything stays.
fn without_policy(step: &str, layer: Layer) -> Compiled {
    if layer == Layer::Rcp {
        let open = serde_json::json!({"Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}});
        return Compiled::of(
            "p-RCPFullAWSAccess".into(),
            "RCPFullAWSAccess".into(),
            layer,
            &Policy::from_json(&open),
            BTreeSet::new(),
        );
    }
    let why = Policy::unread(&format!("no SCP of {step} was read"));
    Compiled::of(Text::default(), Text::default(), layer, &why, BTreeSet::new())
}

/// The policies that bind a place, the root's first.
#[derive(Debug, Default)]
pub struct Bounds {
    pub scps: Vec<Vec<Arc<Compiled>>>,
    pub rcps: Vec<Vec<Arc<Compiled>>>,
    /// The names of the levels.
    steps: Vec<Text>,
}

/// The policies by level, borrowed for evaluation: see [`Layers`].
pub type Levels<'a> = Vec<Vec<&'a Policy>>;

impl Bounds {
    fn every(&self) -> impl Iterator<Item = &Arc<Compiled>> {
        self.scps.iter().chain(&self.rcps).flatten()
    }

    /// The ids of the policies of one's own, without AWS's that allow everything.
    pub fn own_policies(&self) -> BTreeSet<&Text> {
        let own = |policy: &&Arc<Compiled>| !policy.id.ends_with("FullAWSAccess") && !policy.id.is_empty();
        self.every().filter(own).map(|policy| &policy.id).collect()
    }

    /// Accounts that the policies name.
    pub fn accounts(&self) -> BTreeSet<&str> {
        self.every().flat_map(|policy| &policy.accounts).map(String::as_str).collect()
    }

    pub fn levels(&self, layer: Layer, open: Open) -> Levels<'_> {
        let levels = if layer == Layer::Scp { &self.scps } else { &self.rcps };
        levels.iter().map(|level| level.iter().map(|policy| policy.form(open)).collect()).collect()
    }

    fn at(&self, at: StatementRef) -> Option<&Compiled> {
        let levels = if at.layer == Layer::Scp { &self.scps } else { &self.rcps };
        levels.get(at.level)?.get(at.policy).map(Arc::as_ref)
    }

    /// `only-our-regions (p-regions03) of Workloads, statement DenyOtherRegions`.
    pub fn words(&self, at: StatementRef) -> String {
        let Some(policy) = self.at(at) else { return String::new() };
        let statement = policy.policy().statements.get(at.statement).and_then(|statement| statement.sid.as_ref());
        let statement = statement.map_or_else(|| (at.statement + 1).to_string(), ToString::to_string);
        let step = self.steps.get(at.level).map_or("", Text::as_str);
        format!("{} ({}) of {step}, statement {statement}", policy.name, policy.id)
    }

    /// The levels of a layer of which no statement that allows is among these.
    pub fn silent(&self, layer: Layer, allowing: &[StatementRef]) -> Option<String> {
        let levels = if layer == Layer::Scp { &self.scps } else { &self.rcps };
        let silent = |level: &usize| !allowing.iter().any(|at| at.layer == layer && at.level == *level);
        let level = (0..levels.len()).find(silent)?;
        let kind = if layer == Layer::Scp { "SCP" } else { "RCP" };
        Some(format!("no {kind} of {} allows it", self.steps.get(level).map_or("", Text::as_str)))
    }
}

static ALLOW_ALL: LazyLock<Policy> = LazyLock::new(|| {
    let statement = serde_json::json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    Policy::from_json(&serde_json::json!({"Version": "2012-10-17", "Statement": statement}))
});

static OPEN_TO_ALL: LazyLock<Policy> = LazyLock::new(|| {
    let statement = serde_json::json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"});
    Policy::from_json(&serde_json::json!({"Version": "2012-10-17", "Statement": statement}))
});

/// Everything else allows: the account's own policies have allowed the call, or the same ones would stop it.
pub fn with_layers<T>(scps: &[Vec<&Policy>], rcps: &[Vec<&Policy>], then: impl FnOnce(&Layers<'_>) -> T) -> T {
    let identity: [&Policy; 1] = [&ALLOW_ALL];
    then(&Layers { identity: &identity, resource: Some(&OPEN_TO_ALL), scps, rcps, ..Layers::default() })
}
