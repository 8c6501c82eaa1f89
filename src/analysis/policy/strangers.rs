//! Whom a resource's policy lets in from outside its account: found by asking as strangers would.
//!
//! A stranger is made for each account that a policy names, for one that it does not name, and for the AWS services that
//! act for them. It bears whatever a stranger may choose (session name, tags, user agent, MFA) as the policy wants it, and
//! not what it cannot have: another's account, organization, ARN or unique id. Where its ARN is compared with a pattern, it
//! is made to fit if an ARN of its account can. What is neither (an external id, a VPC) is not known.
//!
//! Source: S3 User Guide, access-control-block-public-access ("The meaning of public"): a value with wildcards in a
//! condition narrows nothing by itself; IAM User Guide, confused-deputy, reference_policies_condition-keys.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::context::Context;
use super::principal::{Caller, Principals};
use super::{Effect, Layers, Policy, Request, Statement, Truth, Value, Verdict, explain};

/// Somebody outside the account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Principals of any account there is.
    Anyone,
    /// Not even an account is needed.
    Anonymous,
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
/// How many stars of a pattern are filled in every way; the rest with a letter.
const STARS: usize = 3;
/// How many accounts of a policy are asked for, and ARNs of each.
const MOST: usize = 64;

/// Keys whose values a stranger chooses, or leaves out; by their beginnings, in lower case.
const CHOSEN: [&str; 8] = [
    "aws:principaltag/",
    "aws:requesttag/",
    "aws:useragent",
    "aws:referer",
    "aws:username",
    "aws:principaltype",
    "sts:rolesessionname",
    "sts:sourceidentity",
];

/// What a stranger makes of these.
#[derive(Clone, Copy)]
enum Choice {
    AsWanted,
    Other,
    None,
}

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
    /// Values of conditions with their keys, in lower case.
    values: Vec<(&'a str, &'a str)>,
}

impl<'a> Gate<'a> {
    fn new(policy: &'a Policy, at: usize, statement: &'a Statement, home: Home<'a>) -> Self {
        let denies = policy.statements.iter().filter(|other| other.effect == Effect::Deny);
        let speak: Vec<&Statement> = std::iter::once(statement).chain(denies).collect();
        let conditions = speak.iter().flat_map(|one| &one.conditions);
        let values = conditions.flat_map(|one| one.written.2.iter().map(|value| (&*one.key, &**value))).collect();
        let statements = speak.into_iter().cloned().collect();
        let policy = Policy { statements, unreadable: None, oddities: Vec::new() };
        Self { at, statement, policy, home, values }
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
                found.extend(self.ask(people, &role_of(&account), &account));
                found.extend(self.ask(service, &Caller::Service("service.amazonaws.com".to_owned()), &account));
            }
        }
        for (kind, text) in principals.written.iter().filter(|_| !principals.all_but) {
            match (kind.to_ascii_lowercase().as_str(), Caller::parse(text)) {
                ("aws", Caller::Anonymous) => {}
                ("aws", caller) => {
                    let Some(account) = caller.account().filter(|account| *account != self.home.account) else {
                        continue;
                    };
                    let account = account.to_owned();
                    let caller = if matches!(caller, Caller::Root { .. }) { role_of(&account) } else { caller };
                    found.extend(self.ask(Who::Account(account.clone()), &caller, &account));
                }
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
        widest(found)
    }

    /// The accounts that the conditions name, without its own; one for each pattern of them; and one that they do not name.
    fn accounts(&self) -> BTreeSet<String> {
        let mut all = BTreeSet::from([NOBODY.to_owned()]);
        for (key, value) in &self.values {
            let parts = value.split(|c: char| !c.is_ascii_digit()).map(ToOwned::to_owned);
            let pattern = key.ends_with("account") || key.ends_with("sourceowner");
            let made = pattern.then(|| fitting(value)).flatten();
            all.extend(parts.chain(made).filter(|id| is_id(id) && id != self.home.account));
        }
        all.into_iter().rev().take(MOST).collect()
    }

    /// No condition names it in full: it stands for whichever.
    fn is_anybodys(&self, account: &str) -> bool {
        !self.values.iter().any(|(_, value)| value.contains(account))
    }

    /// The best that comes of every ARN, organization and choice that a stranger of the account has, over what the statement
    /// is about.
    fn ask(&self, who: Who, caller: &Caller, account: &str) -> Option<Stranger> {
        let mut best = (Truth::No, Vec::new());
        for organization in self.organizations() {
            for arn in self.arns(caller, account) {
                for choice in [Choice::AsWanted, Choice::Other, Choice::None] {
                    for address in [true, false] {
                        let about = Bearer { caller, account, organization: &organization, arn: &arn };
                        let context = self.context(&about, choice, address);
                        let (truth, missing) = self.judge(caller, &arn, &context);
                        if truth > best.0 {
                            best = (truth, missing);
                        }
                        // An address that passes decides; one that does not leaves it to the network.
                        if truth == Truth::Yes {
                            return Some(Stranger { who, statement: self.at, truth, missing: Vec::new() });
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
        let layers = Layers { identity: &[&EVERYTHING], resource: Some(&self.policy), ..Layers::default() };
        let mut best = (Truth::No, Vec::new());
        for action in self.actions() {
            for resource in self.resources(context) {
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
        let most = if self.policy.statements.len() > 1 { MOST } else { 1 };
        let named = self.statement.actions.iter().filter(|actions| !actions.all_but);
        let named = named.flat_map(|actions| &actions.written).map(|text| fill(text));
        let mut all: Vec<String> = named.filter(|action| action.contains(':')).take(most).collect();
        if all.is_empty() {
            all.push("x:x".to_owned());
        }
        all
    }

    fn resources(&self, context: &Context) -> Vec<String> {
        let most = if self.policy.statements.len() > 1 { MOST } else { 1 };
        let mut all: Vec<String> =
            self.statement.resources.iter().flat_map(|resources| resources.examples(context)).take(most).collect();
        if all.is_empty() {
            all.push("*".to_owned());
        }
        all
    }

    /// One that the policy does not name; and those that fit its patterns, or that it names and that are not its own.
    fn organizations(&self) -> BTreeSet<String> {
        let mut all = BTreeSet::from([NO_ORGANIZATION.to_owned()]);
        for (key, value) in &self.values {
            if key.contains("orgid") || key.contains("orgpaths") {
                let id = value.split('/').next().unwrap_or(value);
                let own = self.home.organization.is_none_or(|own| own == id);
                if id.contains(['*', '?']) || !own {
                    all.insert(id.replace('*', "").replace('?', "x") + if id.contains('*') { "stranger" } else { "" });
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
            all.extend(filled(pattern, account).into_iter().filter(|arn| belongs(arn, pattern, account)).take(MOST));
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
        for (key, value) in &self.values {
            if CHOSEN.iter().any(|beginning| key.starts_with(beginning)) {
                match choice {
                    Choice::AsWanted => context.set(key, Value::One(value.replace(['*', '?'], "x"))),
                    Choice::Other => context.set(key, Value::One("stranger".to_owned())),
                    Choice::None => context.set_absent(key),
                }
            }
        }
        let path = format!("{organization}/r-strg/ou-strg-stranger/");
        let own: &[&str] = &["aws:PrincipalAccount", "aws:PrincipalArn", "aws:PrincipalOrgID", "kms:CallerAccount"];
        let source: &[&str] = &["aws:SourceAccount", "aws:SourceOwner", "aws:SourceArn", "aws:SourceOrgID"];
        let (mine, others) = if matches!(caller, Caller::Service(_)) { (source, own) } else { (own, source) };
        others.iter().for_each(|key| context.set_absent(key));
        let service = matches!(caller, Caller::Service(_));
        context = context.with("aws:PrincipalIsAWSService", if service { "true" } else { "false" });
        if !service {
            context = context.with("aws:ViaAWSService", "false");
            context.set_absent("aws:PrincipalServiceName");
        }
        if *caller == Caller::Anonymous {
            mine.iter().for_each(|key| context.set_absent(key));
            context.set_absent("aws:PrincipalOrgPaths");
            context.set_absent("aws:userid");
            return context;
        }
        context = context.with(mine[0], account);
        if service {
            context = context.with("aws:SourceOwner", account).with("aws:SourceArn", arn).with(source[3], organization);
            context.set("aws:SourceOrgPaths", Value::Many(vec![path]));
            context.set_absent("aws:PrincipalOrgPaths");
        } else {
            context =
                context.with("aws:PrincipalArn", arn).with("kms:CallerAccount", account).with(own[2], organization);
            context = context.with("aws:MultiFactorAuthPresent", "true");
            context.set("aws:PrincipalOrgPaths", Value::Many(vec![path]));
            context.set_absent("aws:SourceOrgPaths");
        }
        context
    }
}

fn stranger_arn(account: &str) -> String {
    format!("arn:aws:iam::{account}:role/stranger")
}

fn role_of(account: &str) -> Caller {
    Caller::parse(&stranger_arn(account))
}

fn is_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// An account's id that fits a pattern.
fn fitting(pattern: &str) -> Option<String> {
    let stars = pattern.matches('*').count();
    let missing = 12_usize.checked_sub(pattern.len() - stars)?;
    let filled = pattern.replace('?', "9").replacen('*', &"9".repeat(missing), 1).replace('*', "");
    (stars > 0 || pattern.contains('?')).then_some(filled)
}

/// The texts that a pattern becomes when its stars are filled in with what an ARN of the account may hold.
fn filled(pattern: &str, account: &str) -> Vec<String> {
    let role = format!("iam::{account}:role/x");
    let fills = ["", "x", account, &role, &format!("aws:{role}"), &format!("arn:aws:iam::{account}")];
    let pattern = pattern.replace('?', "x");
    // By its parts: the fifth is the account.
    let by_part = |(n, part): (usize, &str)| part.replace('*', if n == 4 { account } else { "x" });
    let parts: Vec<String> = pattern.splitn(6, ':').enumerate().map(by_part).collect();
    let mut all = vec![pattern];
    for _ in 0..STARS {
        all = all.iter().flat_map(|text| fills.iter().map(|fill| text.replacen('*', fill, 1))).collect();
    }
    all.iter_mut().for_each(|text| *text = text.replace('*', "x"));
    all.push(parts.join(":"));
    all.sort_unstable();
    all.dedup();
    all
}

/// Whether a made-up ARN is one that a stranger of the account can have. A bucket's names no account; one of many may be
/// anybody's.
fn belongs(arn: &str, pattern: &str, account: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", partition, service, _, of, resource] => {
            let whole = !partition.is_empty() && !service.is_empty() && !resource.is_empty();
            whole && (of == account || of.is_empty() && service == "s3" && pattern.contains('*'))
        }
        _ => false,
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
