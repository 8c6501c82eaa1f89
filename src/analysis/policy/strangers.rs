//! Whom a resource's policy lets in from outside its account: found by asking as strangers would.
//!
//! A stranger is made for each account that a policy names, for one that it does not name, and for the AWS services that
//! act for them. It bears whatever a stranger may choose (session name, tags, user agent, MFA) as the policy wants it, and
//! not what it cannot have: another's account, organization, ARN or unique id. Where its ARN is compared with a pattern, it
//! is made to fit if an ARN of its account can. What is neither (an external id, a VPC) is not known.
//!
//! Source: S3 User Guide, access-control-block-public-access ("The meaning of public"): a value with wildcards in a
//! condition narrows nothing by itself; IAM User Guide, confused-deputy, reference_policies_condition-keys.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::condition::Condition;
use super::context::Context;
use super::made_up::{CHOSEN, Choice, SECRET, belongs, filled, fitting, is_id, role_of, stranger_arn, without_session};
use super::principal::{Caller, Principals};
use super::{Effect, Layers, Policy, Request, Statement, Truth, Value, Verdict, explain};

/// Somebody outside the account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Principals of any account there is.
    Anyone,
    /// Not even an account is needed.
    Anonymous,
    /// Principals of an organization that the policy names.
    Organization(String),
    /// Principals of an account that the policy names.
    Account(String),
    /// An AWS service (`*`: whichever) that acts for any account there is.
    Service(String),
    /// An AWS service that acts for an account which the policy names.
    ServiceFor(String, String),
}

/// One who gets in, or of whom it cannot be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranger {
    pub who: Who,
    /// Which of the policy's statements lets it in, from 0.
    pub statement: usize,
    /// Never no.
    pub truth: Truth,
    /// What would have to be known.
    pub missing: Vec<String>,
}

/// Whose the resource is.
#[derive(Clone, Copy, Debug)]
pub struct Home<'a> {
    pub account: &'a str,
    /// None: it is not known, and an organization that a policy names is taken for its own.
    pub organization: Option<&'a str>,
}

/// An account, and an organization, that nobody has named.
const NOBODY: &str = "999988887777";
const NO_ORGANIZATION: &str = "o-stranger000";
/// An address like any other: what it does not pass is narrowed by network.
const ADDRESS: &str = "45.56.67.78";
/// How many accounts of a policy are asked for, and ARNs of each.
const MOST: usize = 64;
/// How often a statement is evaluated: a policy made to cost more is left open.
const BUDGET: u32 = 10_000;

/// What a stranger is.
#[derive(Clone, Copy)]
struct Bearer<'a> {
    caller: &'a Caller,
    account: &'a str,
    organization: &'a str,
    arn: &'a str,
}

static EVERYTHING: LazyLock<Policy> = LazyLock::new(|| {
    Policy::from_json(&serde_json::json!({
        "Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}
    }))
});

/// Everybody outside whom the policy lets in by one of its statements, the widest first for each statement. What the
/// stranger's own account allows is not the resource's to tell: it is taken to allow everything.
pub fn let_in(policy: &Policy, home: Home<'_>) -> Vec<Stranger> {
    let mut all = Vec::new();
    for (n, statement) in policy.statements.iter().enumerate() {
        if statement.effect == Effect::Allow && statement.principals.is_some() {
            all.extend(Gate::new(policy, n, statement, home).strangers());
        }
    }
    all
}

/// Whether one of the policy's statements lets in people of any account there is, or without one.
pub fn is_open(policy: &Policy, statement: usize, home: Home<'_>) -> Truth {
    let one = &policy.statements[statement];
    if one.effect == Effect::Deny || !one.principals.as_ref().is_some_and(Principals::is_anyone) {
        return Truth::No;
    }
    let gate = Gate::new(policy, statement, one, home);
    let anonymous = gate.ask(Who::Anonymous, &Caller::Anonymous, NOBODY);
    let made = gate.accounts().into_iter().filter(|account| gate.is_anybodys(account));
    let people = made.filter_map(|account| gate.ask(Who::Anyone, &role_of(&account), &account));
    anonymous.into_iter().chain(people).map(|one| one.truth).max().unwrap_or_default()
}

/// One statement that allows, with all that deny.
struct Gate<'a> {
    at: usize,
    statement: &'a Statement,
    policy: Policy,
    home: Home<'a>,
    denies: Vec<&'a Statement>,
    /// Values of conditions with their keys, in lower case.
    values: Vec<(&'a str, &'a str)>,
    left: Cell<u32>,
}

impl<'a> Gate<'a> {
    fn new(policy: &'a Policy, at: usize, statement: &'a Statement, home: Home<'a>) -> Self {
        let denies = policy.statements.iter().filter(|other| other.effect == Effect::Deny);
        let denies: Vec<&Statement> = denies.collect();
        let speak: Vec<&Statement> = std::iter::once(statement).chain(denies.iter().copied()).collect();
        let conditions = speak.iter().flat_map(|one| &one.conditions);
        let values = conditions.flat_map(|one| one.written.2.iter().map(|value| (&*one.key, &**value))).collect();
        let statements = speak.into_iter().cloned().collect();
        let policy = Policy { statements, unreadable: None, oddities: Vec::new() };
        Self { at, statement, policy, home, denies, values, left: Cell::new(BUDGET) }
    }

    fn strangers(&self) -> Vec<Stranger> {
        let Some(principals) = &self.statement.principals else { return Vec::new() };
        let mut found = Vec::new();
        if principals.is_anyone() {
            found.extend(self.ask(Who::Anonymous, &Caller::Anonymous, NOBODY));
            for account in self.accounts() {
                let (people, service) = if self.is_anybodys(&account) {
                    (Who::Anyone, Who::Service("*".to_owned()))
                } else {
                    (Who::Account(account.clone()), Who::ServiceFor("*".to_owned(), account.clone()))
                };
                found.extend(self.ask(people.clone(), &role_of(&account), &account));
                if people == Who::Anyone {
                    for organization in self.foreign_organizations() {
                        let who = Who::Organization(organization.clone());
                        found.extend(self.ask_as(who, &role_of(&account), &account, &[organization]));
                    }
                }
                found.extend(self.ask(service, &Caller::Service("service.amazonaws.com".to_owned()), &account));
            }
        }
        for (kind, text) in principals.written.iter().filter(|_| !principals.all_but) {
            match (kind.to_ascii_lowercase().as_str(), Caller::parse(text)) {
                ("aws", Caller::Anonymous) => {}
                ("aws", caller) => found.extend(self.ask_named(caller)),
                ("service", caller) => {
                    let name = text.to_string();
                    for account in self.accounts() {
                        let who = if self.is_anybodys(&account) {
                            Who::Service(name.clone())
                        } else {
                            Who::ServiceFor(name.clone(), account.clone())
                        };
                        found.extend(self.ask(who, &caller, &account));
                    }
                }
                _ => {}
            }
        }
        // Whom a Deny spares by name.
        for principals in self.denies().filter_map(|deny| deny.principals.as_ref()).filter(|all| all.all_but) {
            found.extend(principals.written.iter().filter_map(|(_, text)| self.ask_named(Caller::parse(text))));
        }
        widest(found)
    }

    /// The accounts that the conditions name, without its own; one for each pattern of them; and one that they do not name.
    fn accounts(&self) -> BTreeSet<String> {
        let mut all = BTreeSet::from([NOBODY.to_owned()]);
        for (key, value) in &self.values {
            let parts = value.split(|c: char| !c.is_ascii_digit()).map(ToOwned::to_owned);
            let pattern = key.ends_with("account") || key.ends_with("sourceowner");
            let of_arn = if key.ends_with("arn") { value.split(':').nth(4) } else { None };
            let made = if pattern { fitting(value) } else { of_arn.and_then(fitting) };
            all.extend(parts.chain(made).filter(|id| is_id(id) && id != self.home.account));
        }
        all.into_iter().rev().take(MOST).collect()
    }

    /// No condition names it in full: it stands for whichever.
    fn is_anybodys(&self, account: &str) -> bool {
        !self.values.iter().any(|(_, value)| value.contains(account))
    }

    /// Somebody of another account whom the policy names.
    fn ask_named(&self, caller: Caller) -> Option<Stranger> {
        let account = caller.account().filter(|account| *account != self.home.account)?.to_owned();
        let caller = if matches!(caller, Caller::Root { .. }) { role_of(&account) } else { caller };
        self.ask(Who::Account(account.clone()), &caller, &account)
    }

    /// As one of no organization, of one that nobody has named, or of one that fits a pattern.
    fn ask(&self, who: Who, caller: &Caller, account: &str) -> Option<Stranger> {
        let mut organizations = vec![NO_ORGANIZATION.to_owned(), String::new()];
        organizations.extend(self.organizations(|id| id.contains(['*', '?'])));
        if let Who::Account(_) | Who::ServiceFor(..) = who {
            organizations.extend(self.foreign_organizations());
        }
        self.ask_as(who, caller, account, &organizations)
    }

    /// The best that comes of every ARN and choice that a stranger of the account has, over what the statement is about.
    fn ask_as(&self, who: Who, caller: &Caller, account: &str, organizations: &[String]) -> Option<Stranger> {
        let mut best = (Truth::No, Vec::new());
        let choices = Choice::all();
        for organization in organizations {
            for arn in self.arns(caller, account) {
                for choice in &choices {
                    for address in [true, false] {
                        let about = Bearer { caller, account, organization, arn: &arn };
                        let context = self.context(&about, *choice, address);
                        let (truth, missing) = self.judge(caller, &arn, &context);
                        if truth > best.0 {
                            best = (truth, missing);
                        }
                        // An address that passes decides; one that does not leaves it to the network.
                        if truth == Truth::Yes || self.left.get() == 0 {
                            let (truth, missing) = best;
                            return (truth != Truth::No).then_some(Stranger {
                                who,
                                statement: self.at,
                                truth,
                                missing,
                            });
                        }
                    }
                }
            }
        }
        let (truth, missing) = best;
        (truth != Truth::No).then_some(Stranger { who, statement: self.at, truth, missing })
    }

    fn judge(&self, caller: &Caller, arn: &str, context: &Context) -> (Truth, Vec<String>) {
        let named = Caller::parse(arn);
        // A stranger who is not named may bear any name.
        let caller = if matches!(caller, Caller::Role { .. }) && named.account().is_some() { &named } else { caller };
        let resource_account = Some(self.home.account);
        let layers = Layers {
            identity: &[&EVERYTHING],
            resource: Some(&self.policy),
            session: Some(&[&EVERYTHING]),
            ..Layers::default()
        };
        let mut best = (Truth::No, Vec::new());
        for action in self.actions() {
            for resource in self.resources(context) {
                let Some(left) = self.left.get().checked_sub(1) else {
                    return (Truth::Unknown, vec!["an answer to every combination of its conditions".to_owned()]);
                };
                self.left.set(left);
                let request = Request { caller, action: &action, resource: &resource, resource_account, context };
                let (verdict, evidence) = explain(&request, &layers);
                match verdict {
                    Verdict::Allowed => return (Truth::Yes, Vec::new()),
                    Verdict::CannotTell if best.0 == Truth::No => best = (Truth::Unknown, evidence.missing),
                    Verdict::CannotTell | Verdict::ImplicitlyDenied | Verdict::ExplicitlyDenied => {}
                }
            }
        }
        best
    }

    /// Actions of which the statement speaks: one will do where nothing is denied.
    fn actions(&self) -> Vec<String> {
        let fill = |text: &str| text.replace(['*', '?'], "x").to_ascii_lowercase();
        let most = if self.denies().next().is_some() { MOST } else { 1 };
        let written = |statement: &'a Statement, all_but: bool| {
            let actions = statement.actions.iter().filter(move |actions| actions.all_but == all_but);
            actions.flat_map(|actions| &actions.written).map(|text| fill(text)).filter(|action| action.contains(':'))
        };
        let includes = |action: &String| self.statement.actions.as_ref().is_some_and(|all| all.matches(action));
        let mut all: Vec<String> = written(self.statement, false).collect();
        // A trust policy's other actions let nobody in by themselves (id_session-tags).
        if all.iter().any(|action| action.starts_with("sts:assumerole")) {
            all.retain(|action| action.starts_with("sts:assumerole"));
        }
        all.truncate(most);
        // What a Deny spares; and of everything, something that is denied, since a resource has actions of its service only.
        all.extend(self.denies().flat_map(|deny| written(deny, true)).filter(includes).take(MOST));
        if all.is_empty() {
            all.extend(self.denies().flat_map(|deny| written(deny, false)).filter(includes).take(1));
        }
        if all.is_empty() {
            all.push("x:x".to_owned());
        }
        all
    }

    fn denies(&self) -> impl Iterator<Item = &'a Statement> + '_ {
        self.denies.iter().copied()
    }

    fn resources(&self, context: &Context) -> Vec<String> {
        let most = if self.denies().next().is_some() { MOST } else { 1 };
        let mut all: Vec<String> =
            self.statement.resources.iter().flat_map(|resources| resources.examples(context)).take(most).collect();
        let spared = self.denies().filter_map(|deny| deny.resources.as_ref());
        all.extend(spared.flat_map(|resources| resources.spared(context)).take(MOST));
        if all.is_empty() {
            all.push("*".to_owned());
        }
        all
    }

    /// Organizations that the policy names in full and that are not its own.
    fn foreign_organizations(&self) -> Vec<String> {
        let own = self.home.organization;
        let foreign = |id: &str| own.is_some_and(|own| own != id) && id.starts_with("o-") && !id.contains(['*', '?']);
        self.organizations(foreign).into_iter().collect()
    }

    /// Those of the conditions for which something holds, wildcards filled in.
    fn organizations(&self, wanted: impl Fn(&str) -> bool) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for (key, value) in &self.values {
            if key.contains("orgid") || key.contains("orgpaths") {
                let id = value.split('/').next().unwrap_or(value);
                if wanted(id) {
                    all.insert(id.replace('*', "stranger").replace('?', "x"));
                }
            }
        }
        all
    }

    /// ARNs of principals, or of what a service acts for, that a stranger of the account can have.
    fn arns(&self, caller: &Caller, account: &str) -> BTreeSet<String> {
        let (key, plain) = match caller {
            Caller::Service(_) => ("aws:sourcearn", format!("arn:aws:sns:us-east-1:{account}:stranger")),
            Caller::Role { arn, .. } if *arn == stranger_arn(account) => ("aws:principalarn", arn.clone()),
            Caller::Role { arn, .. } | Caller::User { arn, .. } | Caller::Session { arn, .. } => {
                return BTreeSet::from([arn.clone()]);
            }
            _ => return BTreeSet::from([String::new()]),
        };
        let mut all = BTreeSet::from([plain]);
        for (_, pattern) in self.values.iter().filter(|(of, _)| *of == key) {
            // A principal is one of IAM: see `without_session`.
            let may_be = |arn: &String| key == "aws:sourcearn" || arn.split(':').nth(2) == Some("iam");
            let made = filled(pattern, account).into_iter().filter(|arn| belongs(arn, pattern, account));
            all.extend(made.filter(may_be).take(MOST));
        }
        all
    }

    fn context(&self, about: &Bearer<'_>, choice: Choice, address: bool) -> Context {
        let Bearer { caller, account, organization, arn } = *about;
        let mut context = Context::open()
            .with("aws:SecureTransport", "true")
            .with("aws:ResourceAccount", self.home.account)
            .with("s3:ResourceAccount", self.home.account)
            .with("aws:userid", "AROASTRANGERSTRANGERX:stranger");
        if address {
            context = context.with("aws:SourceIp", ADDRESS);
        }
        if let Some(own) = self.home.organization {
            context = context.with("aws:ResourceOrgID", own);
        }
        let positive = |key: &str| {
            let conditions = self.statement.conditions.iter().filter(|one| &*one.key == key);
            let positive = |one: &&Condition| one.operator.is_some_and(|operator| !operator.negated);
            conditions.filter(positive).find_map(|one| one.written.2.first())
        };
        for (key, _) in &self.values {
            let secret = SECRET.contains(key);
            if !secret && !CHOSEN.iter().any(|beginning| key.starts_with(beginning)) {
                continue;
            }
            match positive(key).filter(|_| choice.wanted) {
                // What it would have to know stays open.
                Some(value) if secret && !value.contains('*') => {}
                Some(value) => context.set(key, Value::One(value.replace(['*', '?'], "x"))),
                None if choice.others => context.set(key, Value::One("stranger".to_owned())),
                None => context.set_absent(key),
            }
        }
        if let Some((_, value)) = self.values.iter().find(|(key, value)| *key == "aws:userid" && value.starts_with('*'))
        {
            let name = value.trim_start_matches(['*', ':']).replace(['*', '?'], "x");
            context = context.with("aws:userid", &format!("AROASTRANGERSTRANGERX:{name}"));
        }
        let service = matches!(caller, Caller::Service(_));
        let own: &[&str] = &["aws:PrincipalAccount", "aws:PrincipalArn", "aws:PrincipalOrgID", "kms:CallerAccount"];
        let source: &[&str] = &["aws:SourceAccount", "aws:SourceOwner", "aws:SourceArn", "aws:SourceOrgID"];
        for key in own.iter().chain(source).chain(&["aws:PrincipalOrgPaths", "aws:SourceOrgPaths"]) {
            context.set_absent(key);
        }
        if *caller == Caller::Anonymous {
            // What anonymous requests carry: reference_policies_condition-keys, key by key.
            let keys: Vec<&str> = self.values.iter().map(|(key, _)| *key).collect();
            let lacking = ["aws:principaltag/", "aws:username", "aws:principalisawsservice", "aws:multifactorauth"];
            for key in keys.into_iter().filter(|key| lacking.iter().any(|lacking| key.starts_with(lacking))) {
                context.set_absent(key);
            }
            return context
                .with("aws:PrincipalAccount", "anonymous")
                .with("aws:PrincipalType", "Anonymous")
                .with("aws:userid", "anonymous")
                .with("aws:ViaAWSService", "false");
        }
        context = context.with("aws:PrincipalIsAWSService", if service { "true" } else { "false" });
        let (id, paths) = if service { (source[3], "aws:SourceOrgPaths") } else { (own[2], "aws:PrincipalOrgPaths") };
        // An account of no organization carries neither.
        if !organization.is_empty() {
            context = context.with(id, organization);
            context.set(paths, Value::Many(vec![self.path_in(organization)]));
        }
        if service {
            context = context.with("aws:SourceAccount", account).with("aws:SourceOwner", account);
            return context.with("aws:SourceArn", arn);
        }
        context.set_absent("aws:PrincipalServiceName");
        match choice.mfa {
            Some(mfa) => context.set("aws:MultiFactorAuthPresent", Value::One(mfa.to_string())),
            None => context.set_absent("aws:MultiFactorAuthPresent"),
        }
        context
            .with("aws:ViaAWSService", if choice.via { "true" } else { "false" })
            .with("aws:PrincipalAccount", account)
            .with("kms:CallerAccount", account)
            .with("aws:PrincipalArn", &without_session(arn))
    }

    /// A path in an organization that fits one of the policy's, or one that nobody has named.
    fn path_in(&self, organization: &str) -> String {
        let paths = self.values.iter().filter(|(key, _)| key.ends_with("orgpaths"));
        let fitting = paths.map(|(_, value)| value).find(|value| value.split('/').next() == Some(organization));
        fitting
            .map_or_else(|| format!("{organization}/r-strg/ou-strg-stranger/"), |value| value.replace(['*', '?'], "x"))
    }
}

/// Where anybody gets in, those who are named besides tell nothing more.
fn widest(mut found: Vec<Stranger>) -> Vec<Stranger> {
    found.sort_by(|one, other| one.who.cmp(&other.who).then(other.truth.cmp(&one.truth)));
    found.dedup_by(|later, kept| later.who == kept.who);
    let certain = |found: &[Stranger], who: &Who| found.iter().any(|one| one.who == *who && one.truth == Truth::Yes);
    let anyone = certain(&found, &Who::Anyone);
    let services: Vec<String> = found
        .iter()
        .filter_map(|one| match &one.who {
            Who::Service(name) if one.truth == Truth::Yes => Some(name.clone()),
            _ => None,
        })
        .collect();
    found.retain(|one| match &one.who {
        Who::Account(_) => !anyone,
        Who::ServiceFor(name, _) => !services.contains(name),
        _ => true,
    });
    found
}
