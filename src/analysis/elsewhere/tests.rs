//! Replays over small organizations: each rule of what is pretended, and what it rests on.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::analysis::fixture::{every, now};
use crate::analysis::{Lens, assess};
use crate::model::organization::{OrganizationPolicy, PolicyTarget};
use crate::model::{Account, Actor, ActorKind, Batch, Caller, Event, Organization, OrganizationalUnit, Reading, Root};

const OWN: &str = "111111111111";
const MEMBER: &str = "222222222222";
const OTHER: &str = "333333333333";

fn allow_all() -> Json {
    json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"})
}

fn policy(name: &str, kind: &str, targets: Option<&[&str]>, statements: &Json) -> Batch {
    let target = |id: &&str| PolicyTarget { id: (*id).into(), ..PolicyTarget::default() };
    Batch::Policies(vec![OrganizationPolicy {
        id: format!("p-{name}").into(),
        name: name.into(),
        kind: format!("{kind}_CONTROL_POLICY").into(),
        document: Some(json!({"Version": "2012-10-17", "Statement": statements}).to_string().into()),
        targets: targets.map(|targets| targets.iter().map(target).collect()),
        ..OrganizationPolicy::default()
    }])
}

/// A root, the unit Work with two members, and FullAWSAccess everywhere but in the unit Shut.
fn organization() -> Facts {
    let unit = |id: &str, name: &str| OrganizationalUnit {
        id: id.into(),
        name: name.into(),
        parent: "r-1".into(),
        ..OrganizationalUnit::default()
    };
    let account = |id: &str, parent: &str| Account {
        id: id.into(),
        name: format!("a{}", &id[..1]).into(),
        state: "ACTIVE".into(),
        parent: Some(parent.into()),
        ..Account::default()
    };
    let mut facts = Facts::default();
    let full = Some(&["r-1", "ou-work", OWN, MEMBER, OTHER][..]);
    let types = ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"].map(Into::into).to_vec();
    for batch in [
        Batch::Caller(Caller { account: OWN.into(), ..Caller::default() }),
        Batch::Organization(Organization {
            id: "o-1".into(),
            management_account: OWN.into(),
            ..Organization::default()
        }),
        Batch::Roots(vec![Root {
            id: "r-1".into(),
            name: "Root".into(),
            enabled_policy_types: types,
            ..Root::default()
        }]),
        Batch::OrganizationalUnits(vec![unit("ou-work", "Work"), unit("ou-shut", "Shut")]),
        Batch::Accounts(vec![account(OWN, "r-1"), account(MEMBER, "ou-work"), account(OTHER, "ou-work")]),
        policy("FullAWSAccess", "SERVICE", full, &allow_all()),
    ] {
        facts.apply(batch);
    }
    every(&mut facts, &Reading::complete(1));
    facts
}

fn role() -> Actor {
    Actor {
        kind: ActorKind::AssumedRole,
        key: format!("arn:aws:iam::{OWN}:role/Admin").into(),
        name: "Admin".into(),
        session: "carol".into(),
        access_key: "ASIAX".into(),
        account: OWN.into(),
        ..Actor::default()
    }
}

fn call(source: &str, name: &str) -> Event {
    Event {
        id: format!("{source}{name}").into(),
        source: format!("{source}.amazonaws.com").into(),
        name: name.into(),
        region: "eu-west-1".into(),
        ip: "203.0.113.9".into(),
        actor: role(),
        ..Event::default()
    }
}

/// With numbered ids, so that the order is known.
fn picture(mut facts: Facts, events: Vec<Event>) -> Assessment {
    let numbered = events.into_iter().enumerate().map(|(n, event)| Event { id: format!("e{n}").into(), ..event });
    facts.apply(Batch::Events(numbered.collect()));
    assess(facts, now(), Lens::default())
}

/// What would have become of a call in a place, and why.
fn at(place: &str, policies: Vec<Batch>, event: Event) -> (Outcome, String) {
    let mut facts = organization();
    policies.into_iter().for_each(|batch| facts.apply(batch));
    let a = picture(facts, vec![event]);
    let replay = a.replay(place).expect("a place");
    (replay.outcome(&a.elsewhere, 0), replay.reasons(&a.elsewhere, &a.facts, 0).words())
}

fn scp(statement: &Json) -> Vec<Batch> {
    vec![policy("guard", "SERVICE", Some(&["ou-work"]), statement)]
}

fn rcp(statement: &Json) -> Vec<Batch> {
    vec![policy("guard", "RESOURCE", Some(&["ou-work"]), statement)]
}

fn deny(action: &str, condition: &Json) -> Json {
    json!({"Sid": "No", "Effect": "Deny", "Action": action, "Resource": "*", "Condition": condition})
}

fn because(outcome: Outcome, why: &str) -> (Outcome, String) {
    (outcome, why.to_owned())
}

const DENIED: &str = "guard (p-guard) of Work, statement No";

#[test]
fn a_policy_of_the_place_denies_and_is_named() {
    let own = || scp(&deny("iam:CreateUser", &json!({})));
    assert_eq!(at("Work", own(), call("iam", "CreateUser")), because(Outcome::Denied, DENIED));
    assert_eq!(at("ou-work", own(), call("iam", "DeleteUser")).0, Outcome::Passes);
    assert_eq!(
        at(MEMBER, own(), call("iam", "CreateUser")).0,
        Outcome::Denied,
        "what binds the unit binds its accounts"
    );
    assert_eq!(at("Root", own(), call("iam", "CreateUser")).0, Outcome::Passes, "above the unit it does not bind");
}

#[test]
fn every_level_must_allow() {
    let only_s3 =
        policy("s3", "SERVICE", Some(&["ou-shut"]), &json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"}));
    let denied = at("Shut", vec![only_s3.clone()], call("iam", "CreateUser"));
    assert_eq!(denied, because(Outcome::Denied, "no SCP of Shut allows it"));
    assert_eq!(at("Shut", vec![only_s3], call("s3", "ListBuckets")).0, Outcome::Passes);
    let (outcome, why) = at("Shut", Vec::new(), call("iam", "CreateUser"));
    assert_eq!(outcome, Outcome::CannotTell, "AWS leaves no level without an SCP: it was not read");
    assert!(why.contains("no SCP of Shut was read"), "{why}");
}

#[test]
fn keys_that_the_event_tells_decide_and_others_are_named() {
    let of = |condition: Json| at("Work", scp(&deny("*", &condition)), call("ec2", "RunInstances"));
    for (operator, key, value, wanted) in [
        ("StringEquals", "aws:RequestedRegion", "eu-west-1", Outcome::Denied),
        ("StringNotEquals", "aws:RequestedRegion", "eu-west-1", Outcome::Passes),
        ("IpAddress", "aws:SourceIp", "203.0.113.0/24", Outcome::Denied),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/Admin", Outcome::Denied),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:root", Outcome::Passes),
        ("StringEquals", "aws:PrincipalOrgID", "o-1", Outcome::Denied),
        ("Bool", "aws:ViaAWSService", "true", Outcome::Passes),
        ("Bool", "aws:MultiFactorAuthPresent", "false", Outcome::Denied),
        ("StringEquals", "kms:ViaService", "x", Outcome::Passes),
    ] {
        assert_eq!(of(json!({operator: {key: value}})).0, wanted, "{operator} {key} {value}");
    }
    let paths = json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/r-1/ou-work/*"}});
    assert_eq!(of(paths).0, Outcome::Denied, "it is pretended to be there");
    for key in ["ec2:InstanceType", "aws:RequestTag/Team", "aws:CurrentTime", "aws:SourceIdentity"] {
        let (outcome, why) = of(json!({"StringEquals": {key: "x"}}));
        assert_eq!((outcome, why), because(Outcome::CannotTell, &format!("{DENIED}; without {key}")));
    }
}

#[test]
fn whom_scps_do_not_bind_is_free() {
    let own = || scp(&deny("*", &json!({})));
    let by = |actor: Actor| at("Work", own(), Event { actor, ..call("sts", "AssumeRole") }).0;
    let key = |key: &str| Actor { key: key.into(), ..role() };
    assert_eq!(by(role()), Outcome::Denied);
    assert_eq!(by(key(&format!("arn:aws:iam::{OWN}:role/AWSServiceRoleForConfig"))), Outcome::NotBound);
    assert_eq!(by(Actor { account: OTHER.into(), ..key(&format!("arn:aws:iam::{OTHER}:role/x")) }), Outcome::NotBound);
    let service = Actor { kind: ActorKind::AwsService, key: "config.amazonaws.com".into(), ..Actor::default() };
    assert_eq!(by(service), Outcome::NotBound);
    let root = Actor { kind: ActorKind::Root, ..key(&format!("arn:aws:iam::{OWN}:root")) };
    assert_eq!(by(root), Outcome::Denied);
    // A service that calls with the caller's own permissions is bound like the caller.
    assert_eq!(by(Actor { invoked_by: "cloudformation.amazonaws.com".into(), ..role() }), Outcome::Denied);
    assert_eq!(at("Work", own(), call("signin", "ConsoleLogin")).0, Outcome::SignIn);
    assert_eq!(
        at("Work", own(), Event { recipient: OTHER.into(), ..call("iam", "ListUsers") }).0,
        Outcome::OtherAccount
    );
}

#[test]
fn an_rcp_binds_whoever_asks_for_what_is_there() {
    let condition = json!({"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}});
    let statement = json!({"Sid": "No", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": condition});
    let bucket = |actor: Actor| {
        let event = Event { actor, resources: vec!["arn:aws:s3:::b/k".into()], ..call("s3", "GetObject") };
        at("Work", rcp(&statement), event)
    };
    let stranger = Actor {
        key: "999999999999".into(),
        account: "999999999999".into(),
        kind: ActorKind::AwsAccount,
        ..Actor::default()
    };
    assert_eq!(bucket(role()).0, Outcome::Passes);
    assert_eq!(bucket(stranger), because(Outcome::Denied, DENIED));
    let elsewhere =
        Event { resources: vec![format!("arn:aws:iam::{OTHER}:role/x").into()], ..call("sts", "AssumeRole") };
    let everybody = json!({"Sid": "No", "Effect": "Deny", "Principal": "*", "Action": "sts:*", "Resource": "*"});
    assert_eq!(at("Work", rcp(&everybody), elsewhere).0, Outcome::Passes, "a role of another account is not there");
    let own = Event { resources: vec![format!("arn:aws:iam::{OWN}:role/x").into()], ..call("sts", "AssumeRole") };
    assert_eq!(at("Work", rcp(&everybody), own).0, Outcome::Denied);
}

#[test]
fn of_several_resources_one_is_enough_and_none_is_not_known() {
    let statement = json!({"Sid": "No", "Effect": "Deny", "Action": ["kms:*", "iam:*", "ec2:*"],
        "Resource": ["arn:aws:kms:*:*:key/secret", "arn:aws:iam::*:user/boss", "arn:aws:ec2:*:*:instance/i-1"]});
    let of = |source: &str, name: &str, keys: &[&str]| {
        let resources = keys.iter().map(|key| format!("arn:aws:kms:eu-west-1:{OWN}:key/{key}").into()).collect();
        at("Work", scp(&statement), Event { resources, ..call(source, name) })
    };
    assert_eq!(of("kms", "Decrypt", &["open"]).0, Outcome::Passes);
    assert_eq!(of("kms", "ReEncrypt", &["open", "secret"]), because(Outcome::Denied, DENIED));
    assert_eq!(of("iam", "CreateUser", &[]), because(Outcome::CannotTell, &format!("{DENIED}; without the resource")));
    assert_eq!(of("ec2", "DescribeInstances", &[]).0, Outcome::Passes, "it lists everything");
}

#[test]
fn a_call_without_a_known_action_passes_only_where_nothing_could_stop_it() {
    let unknown = || call("iam", "DoSomethingNew");
    assert_eq!(at("Work", Vec::new(), unknown()).0, Outcome::Passes);
    let (outcome, why) = at("Work", scp(&deny("iam:CreateUser", &json!({}))), unknown());
    assert_eq!((outcome, why), because(Outcome::CannotTell, &format!("{DENIED}; without the action of IAM")));
    assert_eq!(at("Work", scp(&deny("*", &json!({}))), unknown()).0, Outcome::Denied);
}

#[test]
fn where_it_hangs_on_the_account_a_unit_cannot_tell() {
    let statement =
        deny("*", &json!({"ArnNotLike": {"aws:PrincipalArn": format!("arn:aws:iam::{MEMBER}:role/Admin")}}));
    let (outcome, why) = at("Work", scp(&statement), call("iam", "CreateUser"));
    assert_eq!(outcome, Outcome::CannotTell);
    assert!(why.contains("aws:PrincipalAccount"), "{why}");
    assert_eq!(at(MEMBER, scp(&statement), call("iam", "CreateUser")).0, Outcome::Passes);
    assert_eq!(at(OTHER, scp(&statement), call("iam", "CreateUser")).0, Outcome::Denied);
}

#[test]
fn a_policy_that_may_be_attached_leaves_it_open() {
    let unplaced = vec![policy("guard", "SERVICE", None, &deny("iam:CreateUser", &json!({})))];
    let (outcome, why) = at("Work", unplaced.clone(), call("iam", "CreateUser"));
    assert_eq!(outcome, Outcome::CannotTell);
    assert!(why.ends_with("without where guard is attached"), "{why}");
    assert_eq!(at("Work", unplaced, call("iam", "DeleteUser")).0, Outcome::Passes);
}

#[test]
fn what_was_not_read_is_no_zero() {
    let a = assess(Facts::default(), now(), Lens::default());
    assert!(a.replay("Work").is_err_and(|why| why.contains("organizations:ListPolicies")));
    let claim =
        |a: &Assessment| a.claims.iter().find(|claim| claim.id == "elsewhere-denied").cloned().expect("a claim");
    assert_eq!(claim(&a).count, None);
    let a = picture(organization(), vec![call("iam", "CreateUser")]);
    assert!(a.replay("Nowhere").is_err_and(|why| why == "there is no unit or account `Nowhere`"));
    assert!(a.replay(OWN).is_err_and(|why| why.contains("never bind the management account")));
}

#[test]
fn the_overview_speaks_of_the_unit_with_most_policies_that_lets_work_be_done() {
    let mut facts = organization();
    for name in ["one", "two"] {
        facts.apply(policy(name, "SERVICE", Some(&["ou-shut"]), &deny("*", &json!({}))));
    }
    facts.apply(policy("guard", "SERVICE", Some(&["ou-work"]), &deny("iam:CreateUser", &json!({}))));
    let parent = Batch::AccountParents(vec![(OTHER.into(), "ou-shut".into())]);
    facts.apply(parent);
    let failed = Event { error: "AccessDenied".into(), ..call("iam", "CreateUser") };
    let a = picture(facts, vec![call("iam", "CreateUser"), failed, call("iam", "ListUsers")]);
    let chosen = a.elsewhere.chosen().expect("a place");
    assert_eq!((chosen.place.name().as_str(), chosen.policies()), ("Work", 1));
    assert_eq!((chosen.events(Outcome::Denied), chosen.failed(Outcome::Denied)), (2, 1));
    let calls = chosen.calls(&a.elsewhere, &a.facts, None);
    assert_eq!(
        calls.iter().map(|row| (row.action.as_str(), row.events, row.failed, row.principals)).collect::<Vec<_>>(),
        [("iam:CreateUser", 2, 1, 1), ("iam:ListUsers", 1, 0, 1)]
    );
    let claim = a.claims.iter().find(|claim| claim.id == "elsewhere-denied").expect("a claim");
    assert_eq!((claim.count, claim.evidence.filter.as_str()), (Some(2), "elsewhere=\"ou-work\""));
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let calls = prop::sample::select(vec![
        ("iam", "CreateUser"),
        ("s3", "GetObject"),
        ("s3", "ListBuckets"),
        ("ec2", "RunInstances"),
        ("kms", "Decrypt"),
        ("sts", "AssumeRole"),
        ("signin", "ConsoleLogin"),
        ("odd", "Thing"),
    ]);
    let regions = prop::sample::select(vec!["", "eu-west-1", "us-east-1"]);
    let ips = prop::sample::select(vec!["", "203.0.113.9", "10.0.0.1", "config.amazonaws.com"]);
    let accounts = prop::sample::select(vec![OWN, MEMBER, ""]);
    let names = prop::sample::select(vec!["Admin", "AWSServiceRoleForConfig"]);
    let keys = prop::sample::select(vec!["AKIA1", "ASIA1", "ASIA2", ""]);
    let resources = prop::sample::select(vec!["", "arn:aws:s3:::b/k", "arn:aws:iam::222222222222:role/x", "name"]);
    let one = (calls, regions, ips, accounts, names, keys, resources, any::<bool>());
    let event = one.prop_map(|((source, name), region, ip, account, role_name, key, resource, mfa)| {
        let arn = format!("arn:aws:iam::{}:role/{role_name}", if account.is_empty() { OWN } else { account });
        let actor = Actor { key: arn.into(), account: account.into(), access_key: key.into(), mfa, ..role() };
        let resources = if resource.is_empty() { Vec::new() } else { vec![resource.into()] };
        Event { region: region.into(), ip: ip.into(), resources, actor, ..call(source, name) }
    });
    prop::collection::vec(event, 1..12)
}

fn statements() -> impl Strategy<Value = Json> {
    let actions = prop::sample::select(vec!["*", "iam:*", "s3:*", "sts:AssumeRole", "kms:Decrypt"]);
    let resources = prop::sample::select(vec!["*", "arn:aws:s3:::b/*", "arn:aws:iam::*:role/x"]);
    let conditions = prop::sample::select(vec![
        json!({}),
        json!({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}),
        json!({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
        json!({"Bool": {"aws:MultiFactorAuthPresent": "false"}}),
        json!({"StringEquals": {"aws:ResourceAccount": "222222222222"}}),
        json!({"StringLike": {"aws:PrincipalArn": "*Admin"}}),
    ]);
    (actions, resources, conditions).prop_map(|(action, resource, condition)| {
        json!({"Sid": "No", "Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource, "Condition": condition})
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Where nothing but FullAWSAccess is attached, nothing is denied and nothing is open.
    #[test]
    fn without_policies_of_ones_own_everything_passes(events in events()) {
        let a = picture(organization(), events);
        let replay = a.replay("Work").expect("a place");
        for outcome in [Outcome::Denied, Outcome::CannotTell] {
            prop_assert_eq!(replay.events(outcome), 0);
        }
    }

    /// Events that are told apart by everything have the same answers: what tells no two of a group apart does not decide.
    #[test]
    fn a_group_answers_for_each_of_its_events(events in events(), one in statements(), two in statements()) {
        let mut facts = organization();
        facts.apply(policy("one", "SERVICE", Some(&["ou-work"]), &one));
        facts.apply(policy("two", "RESOURCE", Some(&["ou-work"]), &two));
        let count = events.len();
        let grouped = picture(facts.clone(), events.clone());
        // Attached nowhere, it asks for everything there is.
        let keys = ["aws:RequestedRegion", "aws:SourceIp", "aws:UserAgent", "aws:userid", "aws:ResourceAccount"];
        let everything = json!({"StringEquals": keys.map(|key| (key, "x")).into_iter().collect::<std::collections::BTreeMap<_, _>>()});
        let asks = json!({"Effect": "Deny", "Action": "*", "Resource": "arn:aws:s3:::x", "Condition": everything});
        facts.apply(policy("asks", "SERVICE", Some(&[]), &asks));
        let apart = picture(facts, events);
        let (replay, other) = (grouped.replay("Work").expect("a place"), apart.replay("Work").expect("a place"));
        for row in 0..count {
            prop_assert_eq!(replay.outcome(&grouped.elsewhere, row), other.outcome(&apart.elsewhere, row));
        }
        prop_assert_eq!(Outcome::ALL.iter().map(|outcome| replay.events(*outcome)).sum::<u64>(), count as u64);
    }
}
