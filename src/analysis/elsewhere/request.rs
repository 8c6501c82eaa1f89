//! An event's call as a request in another account: what it would carry there, as far as the event tells.
//!
//! Source of the keys and of when a request carries them: IAM User Guide, reference_policies_condition-keys. What the event
//! cannot tell stays unknown.

use std::net::IpAddr;
use std::sync::Arc;

use super::bounds::Open;
use super::groups::{CallKind, Combination, Credentials, Owner, Who, address};
use super::interest::Keys;
use super::place::Place;
use crate::analysis::policy::{Caller, Context, Value};
use crate::catalog::actions::{Action, Level};
use crate::catalog::calls::{self, Call};
use crate::model::event::principal_key;
use crate::model::log::Family;
use crate::model::{ActorKind, Arn, EventLog, Facts, Tag, Text};

/// What all requests of a replay have in common.
pub struct Setting<'a> {
    pub facts: &'a Facts,
    pub log: &'a EventLog,
    /// The account that is replayed.
    pub own: String,
    /// In which account it is pretended to work.
    pub account: String,
    place: &'a Place,
    asked: &'a Keys,
    principals: &'a Principals,
    common: Arc<Context>,
}

/// Users and roles by the key that events have for them, which lacks their path.
pub type Principals = std::collections::HashMap<Text, Principal>;

#[derive(Debug)]
pub struct Principal {
    arn: Arn,
    id: Text,
    tags: Vec<Tag>,
}

pub fn principals(facts: &Facts) -> Principals {
    let user = |user: &crate::model::User| (user.arn.clone(), user.id.clone(), user.tags.clone());
    let role = |role: &crate::model::Role| (role.arn.clone(), role.id.clone(), role.tags.clone());
    let all = facts.users.values().map(user).chain(facts.roles.values().map(role));
    all.map(|(arn, id, tags)| (principal_key(&arn), Principal { arn, id, tags })).collect()
}

/// Somebody who calls, in the pretended account or from outside of it.
pub struct Asker {
    pub caller: Caller,
    /// False: SCPs of the place do not reach it, since it is no principal of an account there.
    pub scps: bool,
    context: Arc<Context>,
}

impl<'a> Setting<'a> {
    pub fn new(facts: &'a Facts, place: &'a Place, account: &str, principals: &'a Principals, asked: &'a Keys) -> Self {
        let mut common = Context::open().with("aws:SecureTransport", "true").with("aws:ResourceAccount", account);
        if let Some(organization) = &facts.organization {
            common = common.with("aws:ResourceOrgID", &organization.id);
            if let Some(path) = organization_path(&organization.id, place) {
                common.set("aws:ResourceOrgPaths", Value::Many(vec![path]));
            }
        }
        Self {
            facts,
            log: &facts.events,
            own: facts.subject_account().map(|account| account.to_string()).unwrap_or_default(),
            account: account.to_owned(),
            place,
            asked,
            principals,
            common: Arc::new(common),
        }
    }

    fn word(&self, family: Family, word: u32) -> &'a str {
        self.log.words(family).get(word)
    }

    /// The text with the pretended account for the one that is replayed.
    fn moved(&self, arn: &str) -> String {
        match arn.splitn(6, ':').collect::<Vec<_>>()[..] {
            [arn, partition, service, region, account, resource] if account == self.own && !account.is_empty() => {
                format!("{arn}:{partition}:{service}:{region}:{}:{resource}", self.account)
            }
            _ => arn.to_owned(),
        }
    }

    pub fn caller(&self, who: &Who) -> Asker {
        let word = |word: u32| self.word(Family::Actor, word);
        let (key, account) = (word(who.key), word(who.account));
        // The ARN names the account where the record does not.
        let of_arn = || Some(key).filter(|key| key.starts_with("arn:")).and_then(|key| key.split(':').nth(4));
        let account = if account.is_empty() { of_arn().unwrap_or("") } else { account };
        let foreign = !account.is_empty() && !self.own.is_empty() && account != self.own;
        let mut context = Context::on(&self.common);
        let inside = |caller: Caller, context: Context| Asker { caller, scps: true, context: Arc::new(context) };
        let outside = |caller: Caller, context: Context| Asker { caller, scps: false, context: Arc::new(context) };
        match who.kind {
            ActorKind::AwsService => {
                context = context
                    .with("aws:PrincipalIsAWSService", "true")
                    .with("aws:PrincipalServiceName", key)
                    .with("aws:ViaAWSService", "false");
                absent(&mut context, NOT_OF_SERVICES);
                outside(Caller::Service(key.to_owned()), context)
            }
            ActorKind::WebIdentityUser | ActorKind::SamlUser => {
                context = context.with("aws:PrincipalIsAWSService", "false").with("aws:ViaAWSService", "false");
                absent(&mut context, NOT_OF_SERVICES);
                absent(&mut context, OF_SERVICES);
                if who.kind == ActorKind::WebIdentityUser
                    && let Some(provider) = key.rsplit("oidc-provider/").next().filter(|name| !name.is_empty())
                {
                    context.set(&format!("{provider}:sub"), Value::One(word(who.name).to_owned()));
                }
                outside(Caller::Federated(self.moved(key)), context)
            }
            _ if foreign => {
                self.common_of_principals(&mut context, who);
                let member = self.facts.accounts.contains_key(account);
                match &self.facts.organization {
                    Some(organization) if member => context = context.with("aws:PrincipalOrgID", &organization.id),
                    // Of another organization, or of none.
                    Some(_) => absent(&mut context, &["aws:PrincipalOrgID", "aws:PrincipalOrgPaths"]),
                    None => {}
                }
                context = context.with("aws:PrincipalAccount", account);
                let arn = if key.starts_with("arn:") { key } else { account };
                outside(Caller::parse(arn), context)
            }
            ActorKind::Root => {
                let arn = self.moved(key);
                self.of_place(&mut context, who);
                context = context.with("aws:PrincipalArn", &arn).with("aws:PrincipalType", "Account");
                self.tags_of(&mut context, &[], true);
                inside(Caller::Root { account: self.account.clone() }, context)
            }
            ActorKind::FederatedUser => {
                let arn = format!("arn:aws:sts::{}:federated-user/{}", self.account, word(who.session));
                self.of_place(&mut context, who);
                context = context.with("aws:PrincipalArn", &arn).with("aws:PrincipalType", "FederatedUser");
                inside(Caller::FederatedUser { account: self.account.clone(), arn }, context)
            }
            ActorKind::IamUser | ActorKind::AssumedRole if key.starts_with("arn:") => {
                self.of_place(&mut context, who);
                inside(self.user_or_role(&mut context, who, key), context)
            }
            // A person in the portal of Identity Center is no principal of an account.
            ActorKind::IdentityCenterUser => outside(Caller::Federated(key.to_owned()), context),
            _ => {
                self.of_place(&mut context, who);
                let arn = format!("arn:aws:iam::{}:role/", self.account);
                inside(Caller::Role { account: self.account.clone(), arn }, context)
            }
        }
    }

    fn user_or_role(&self, context: &mut Context, who: &Who, key: &str) -> Caller {
        let known = self.principals.get(key);
        let arn = self.moved(known.map_or(key, |known| known.arn.as_str()));
        context.set("aws:PrincipalArn", Value::One(arn.clone()));
        let account = self.account.clone();
        let name = arn.rsplit('/').next().unwrap_or("").to_owned();
        if who.kind == ActorKind::IamUser {
            context.set("aws:PrincipalType", Value::One("User".to_owned()));
            context.set("aws:username", Value::One(name));
            if let Some(known) = known {
                context.set("aws:userid", Value::One(known.id.to_string()));
                // Nobody gives a user's own credentials further tags.
                self.tags_of(context, &known.tags, who.credentials == Credentials::LongTerm);
            }
            return Caller::User { account, arn };
        }
        context.set("aws:PrincipalType", Value::One("AssumedRole".to_owned()));
        context.set_absent("aws:username");
        if let Some(known) = known {
            let session = self.word(Family::Actor, who.session);
            if !known.id.is_empty() && !session.is_empty() {
                context.set("aws:userid", Value::One(format!("{}:{session}", known.id)));
            }
            // Whoever took the role may have passed tags for the session.
            self.tags_of(context, &known.tags, false);
        }
        Caller::Role { account, arn }
    }

    /// `whole`: tags that are not listed are not there.
    fn tags_of(&self, context: &mut Context, tags: &[Tag], whole: bool) {
        for key in &self.asked.principal_tags {
            let tag = key.split_once('/').map_or("", |(_, tag)| tag);
            match tags.iter().find(|known| known.key.eq_ignore_ascii_case(tag)) {
                Some(known) => context.set(key, Value::One(known.value.to_string())),
                None if whole => context.set_absent(key),
                None => {}
            }
        }
    }

    /// Keys of a principal of an account at the place.
    fn of_place(&self, context: &mut Context, who: &Who) {
        self.common_of_principals(context, who);
        context.set("aws:PrincipalAccount", Value::One(self.account.clone()));
        if let Some(organization) = &self.facts.organization {
            context.set("aws:PrincipalOrgID", Value::One(organization.id.to_string()));
            if let Some(path) = organization_path(&organization.id, self.place) {
                context.set("aws:PrincipalOrgPaths", Value::Many(vec![path]));
            }
        }
    }

    fn common_of_principals(&self, context: &mut Context, who: &Who) {
        context.set("aws:PrincipalIsAWSService", Value::One("false".to_owned()));
        absent(context, OF_SERVICES);
        let via = self.word(Family::Actor, who.invoked_by);
        context.set("aws:ViaAWSService", Value::One((!via.is_empty()).to_string()));
        if via.is_empty() {
            absent(context, &["aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast"]);
        } else {
            context.set("aws:CalledViaLast", Value::One(via.to_owned()));
        }
        if who.credentials == Credentials::LongTerm {
            absent(context, &["aws:MultiFactorAuthPresent", "aws:MultiFactorAuthAge", "aws:TokenIssueTime"]);
        } else if who.mfa || who.credentials == Credentials::Temporary {
            context.set("aws:MultiFactorAuthPresent", Value::One(who.mfa.to_string()));
            if !who.mfa {
                context.set_absent("aws:MultiFactorAuthAge");
            }
        }
    }

    /// What the call itself carries.
    pub fn context(&self, asker: &Asker, of: &Combination, kind: &CallKind) -> Context {
        let mut context = Context::on(&asker.context);
        let region = self.word(Family::Place, of.region);
        let prefix = calls::prefix(self.word(Family::Deed, kind.source));
        if !region.is_empty() {
            context.set("aws:RequestedRegion", Value::One(region.to_owned()));
            if prefix == "ec2" {
                context.set("ec2:Region", Value::One(region.to_owned()));
            }
        }
        let agent = self.word(Family::Agent, of.agent);
        if !agent.is_empty() {
            context.set("aws:UserAgent", Value::One(agent.to_owned()));
        }
        if of.owner == Owner::Other {
            // Whose it is says the resource; where in an organization, nobody here.
            for key in ["aws:ResourceAccount", "aws:ResourceOrgID", "aws:ResourceOrgPaths"] {
                context.set_unknown(key);
            }
        }
        network(&mut context, self.word(Family::Ip, of.ip));
        for key in &self.asked.of_services {
            let own = key.split_once(':').is_some_and(|(service, _)| service.eq_ignore_ascii_case(prefix));
            let listed = |action: &Action| action.condition_keys().any(|known| known.eq_ignore_ascii_case(key));
            if !own && !matches!(kind.call, Call::Action(action) if listed(action)) {
                context.set_absent(key);
            }
        }
        context
    }

    /// What it was made on: the resources, and what of the call is not known.
    pub fn resources(&self, of: &Combination, kind: &CallKind) -> (Vec<String>, Open) {
        let any = || vec!["*".to_owned()];
        let Call::Action(action) = kind.call else { return (any(), Open::Action) };
        if !kind.interest.resources || action.takes_only_star() {
            return (any(), Open::Nothing);
        }
        let named: Vec<String> =
            of_action(action, self.word(Family::Resources, of.resources)).map(|arn| self.moved(arn)).collect();
        if !named.is_empty() {
            (named, Open::Nothing)
        } else if of.resources == 0 && lists_everything(action) {
            (any(), Open::Nothing)
        } else {
            (any(), Open::Resource)
        }
    }

    /// The action as it is asked for, in lower case.
    pub fn action(&self, kind: &CallKind) -> String {
        match kind.call {
            Call::Action(action) => action.to_string().to_ascii_lowercase(),
            Call::SignIn | Call::Unknown => {
                let prefix = calls::prefix(self.word(Family::Deed, kind.source));
                format!("{prefix}:{}", self.word(Family::Deed, kind.name)).to_ascii_lowercase()
            }
        }
    }
}

/// Keys that only requests of services carry.
const OF_SERVICES: &[&str] = &[
    "aws:PrincipalServiceName",
    "aws:PrincipalServiceNamesList",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
];

/// Keys of principals of an account, which services and holders of a token are not.
const NOT_OF_SERVICES: &[&str] = &[
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:MultiFactorAuthPresent",
    "aws:MultiFactorAuthAge",
    "aws:TokenIssueTime",
    "aws:username",
    "aws:CalledVia",
    "aws:CalledViaFirst",
    "aws:CalledViaLast",
];

fn absent(context: &mut Context, keys: &[&str]) {
    for key in keys {
        context.set_absent(key);
    }
}

/// Through an endpoint of a VPC the address is a private one and another key has it; a service's name is no address.
fn network(context: &mut Context, ip: &str) {
    let endpoint = [
        "aws:SourceVpc",
        "aws:SourceVpcArn",
        "aws:SourceVpce",
        "aws:VpcSourceIp",
        "aws:VpceAccount",
        "aws:VpceOrgID",
        "aws:VpceOrgPaths",
    ];
    match address(ip) {
        Some(IpAddr::V4(v4)) if v4.is_private() => {
            context.set_absent("aws:SourceIp");
            context.set("aws:VpcSourceIp", Value::One(ip.to_owned()));
        }
        Some(_) => {
            context.set("aws:SourceIp", Value::One(ip.to_owned()));
            absent(context, &endpoint);
        }
        None => {}
    }
}

/// `o-1/r-1/ou-1/ou-2/`; none: how the place hangs on the root is not known.
fn organization_path(organization: &str, place: &Place) -> Option<String> {
    let units = place.path.iter().filter(|step| !step.id.bytes().all(|byte| byte.is_ascii_digit()));
    let path = units.fold(format!("{organization}/"), |path, step| path + &step.id + "/");
    (place.whole && !organization.is_empty()).then_some(path)
}

/// A call that lists takes no resource, unless the event names one.
fn lists_everything(action: &Action) -> bool {
    let lists = action.level == Level::List || action.name.starts_with("Describe") || action.name.starts_with("List");
    lists && !action.resource_kinds().any(|kind| kind.required)
}

/// Those of an event's resources that an action can be asked about: of its service; of S3, objects or buckets.
fn of_action<'a>(action: &Action, resources: &'a str) -> impl Iterator<Item = &'a str> + use<'a> {
    let (service, takes_object) = (action.service, action.resource_kinds().any(|kind| kind.name == "object"));
    resources.split(' ').filter(move |arn| {
        let mut parts = arn.splitn(6, ':');
        let (of, resource) = (parts.nth(2), parts.nth(2).unwrap_or(""));
        match (service, of) {
            ("s3", Some("s3")) => resource.contains('/') == takes_object,
            ("sts", Some("iam" | "sts")) => true,
            (service, Some(of)) => service == of,
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::policy::context::Found;
    use crate::catalog::actions::find;

    #[test]
    fn only_resources_that_the_action_takes_are_asked_about() {
        let of = |action: &str, resources: &str| -> Vec<String> {
            of_action(find(action).expect("an action"), resources).map(str::to_owned).collect()
        };
        let both = "arn:aws:s3:::b arn:aws:s3:::b/k arn:aws:kms:eu-west-1:1:key/2";
        assert_eq!(of("s3:GetObject", both), ["arn:aws:s3:::b/k"]);
        assert_eq!(of("s3:ListBucket", both), ["arn:aws:s3:::b"]);
        assert_eq!(of("kms:Decrypt", both), ["arn:aws:kms:eu-west-1:1:key/2"]);
        assert_eq!(of("sts:AssumeRole", "arn:aws:iam::1:role/x name"), ["arn:aws:iam::1:role/x"]);
        assert!(of("iam:CreateUser", "somebody").is_empty());
    }

    #[test]
    fn an_address_is_known_by_what_it_is() {
        let of = |ip: &str, key: &str| {
            let mut context = Context::open();
            network(&mut context, ip);
            match context.find(key) {
                Found::One(value) => value.to_owned(),
                other => format!("{other:?}"),
            }
        };
        assert_eq!(of("203.0.113.9", "aws:sourceip"), "203.0.113.9");
        assert_eq!(of("203.0.113.9", "aws:sourcevpce"), "Absent");
        assert_eq!(of("10.1.2.3", "aws:sourceip"), "Absent");
        assert_eq!(of("10.1.2.3", "aws:vpcsourceip"), "10.1.2.3");
        assert_eq!(of("10.1.2.3", "aws:sourcevpc"), "Unknown");
        assert_eq!(of("cloudformation.amazonaws.com", "aws:sourceip"), "Unknown");
        assert_eq!(of("2001:db8::1", "aws:sourceip"), "2001:db8::1");
    }

    #[test]
    fn what_lists_without_a_name_lists_everything() {
        for (action, wanted) in [
            ("ec2:DescribeInstances", true),
            ("rds:DescribeDBInstances", true),
            ("iam:ListAttachedRolePolicies", false),
            ("ec2:RunInstances", false),
        ] {
            assert_eq!(lists_everything(find(action).expect("an action")), wanted, "{action}");
        }
    }
}
