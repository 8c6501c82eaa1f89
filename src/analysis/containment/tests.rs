//! The containment table, kind by kind, over the small organization of the fixture.

mod identity_center;
mod outsiders;

use super::{Effect, Link, Step, pages, steps};
use crate::analysis::{Assessment, Lens, assess, fixture};
use crate::model::*;
use Effect::{CannotTell, DoesNotStop, Stops, StopsInPart};

const HERE: &str = fixture::HERE;
const DENY_ALL: &str = "arn:aws:iam::aws:policy/AWSDenyAll";
const INSTANCE: &str = "arn:aws:sso:::instance/ssoins-1";
const SET: &str = "arn:aws:sso:::permissionSet/ssoins-1/ps-1";
const NOW: &str = r#"'"$(date -u +%Y-%m-%dT%H:%M:%SZ)"'"#;

fn revoke() -> String {
    format!(
        r#"'{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":"*","Resource":"*","Condition":{{"DateLessThan":{{"aws:TokenIssueTime":"{NOW}"}}}}}}]}}'"#
    )
}

const SHUT: &str =
    r#"'{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}]}'"#;

/// The fixture, with an instance of Identity Center.
fn facts() -> Facts {
    let mut facts = fixture::facts();
    facts.apply(Batch::Instances(vec![Instance {
        arn: INSTANCE.into(),
        identity_store: "d-1".into(),
        region: "eu-west-1".into(),
        ..Instance::default()
    }]));
    facts
}

fn record(at: u32, name: &str, who: &str, rest: &str) -> Event {
    let raw = format!(
        r#"{{"eventID":"x{at}","eventName":"{name}","eventSource":"sts.amazonaws.com","readOnly":true,
        "eventTime":"2026-10-31T11:00:{at:02}Z","sourceIPAddress":"192.0.2.{at}","userIdentity":{who}{rest}}}"#
    );
    Event::from_record(&raw).expect("a record")
}

fn as_user(name: &str, key: &str) -> String {
    format!(
        r#"{{"type":"IAMUser","arn":"arn:aws:iam::{HERE}:user/{name}","accountId":"{HERE}","userName":"{name}","accessKeyId":"{key}"}}"#
    )
}

fn into_role(account: &str, name: &str) -> String {
    format!(r#","resources":[{{"ARN":"arn:aws:iam::{account}:role/{name}"}}]"#)
}

fn picture(facts: Facts) -> Assessment {
    assess(facts, fixture::now(), Lens::default())
}

fn table_of(a: &Assessment, name: &str) -> Vec<Step> {
    let row = a.principals.iter().find(|row| row.name == *name).unwrap_or_else(|| panic!("no {name}"));
    steps(a, row)
}

fn table(name: &str) -> Vec<Step> {
    table_of(&picture(facts()), name)
}

fn marks(steps: &[Step]) -> Vec<(Effect, &str)> {
    steps.iter().map(|step| (step.effect, step.name.as_str())).collect()
}

fn step<'s>(steps: &'s [Step], name: &str) -> &'s Step {
    steps.iter().find(|step| step.name == name).unwrap_or_else(|| panic!("no {name:?} in {:#?}", marks(steps)))
}

fn leaves<'s>(steps: &'s [Step], name: &str) -> &'s str {
    step(steps, name).leaves.as_deref().unwrap_or("")
}

const NEVER: [(Effect, &str); 2] =
    [(DoesNotStop, "Service control policy (SCP)"), (DoesNotStop, "Resource control policy (RCP)")];

#[test]
fn a_user_is_stopped_by_a_deny_and_only_in_part_by_its_credentials() {
    let bot = table("bot");
    let mut wanted = vec![
        (Stops, "Deny everything to the user"),
        (StopsInPart, "Deactivate access key AKIABOT"),
        (StopsInPart, "Revoke the user's older sessions"),
        (Stops, "Permissions boundary that denies everything"),
    ];
    wanted.extend(NEVER);
    assert_eq!(marks(&bot), wanted);
    for (name, command) in [
        (wanted[0].1, format!("aws iam attach-user-policy --user-name bot --policy-arn {DENY_ALL}")),
        (wanted[1].1, "aws iam update-access-key --user-name bot --access-key-id AKIABOT --status Inactive".into()),
        (
            wanted[2].1,
            format!(
                "aws iam put-user-policy --user-name bot --policy-name AWSRevokeOlderSessions --policy-document {}",
                revoke()
            ),
        ),
        (
            wanted[3].1,
            format!("aws iam put-user-permissions-boundary --user-name bot --permissions-boundary {DENY_ALL}"),
        ),
    ] {
        assert_eq!(step(&bot, name).commands, [command]);
    }
    assert!(leaves(&bot, wanted[1].1).contains("GetSessionToken"), "a deactivated key does not end its sessions");
    assert!(leaves(&bot, wanted[2].1).starts_with("access keys"), "keys carry no time of issue");
    assert!(step(&bot, wanted[3].1).why.contains("implicit deny"));
    let alice = table("alice");
    assert_eq!(
        step(&alice, "Delete the console password").commands,
        ["aws iam delete-login-profile --user-name alice"]
    );
    assert!(marks(&table("ghost")).iter().all(|(_, name)| !name.contains("key") && !name.contains("password")));
}

#[test]
fn keys_that_were_not_read_are_asked_for() {
    let mut facts = Facts::default();
    facts.apply(Batch::Users(vec![User {
        name: "x".into(),
        arn: Arn::new(format!("arn:aws:iam::{HERE}:user/x")),
        ..User::default()
    }]));
    let table = table_of(&picture(facts), "x");
    assert_eq!(
        step(&table, "Deactivate the access keys").commands,
        [
            "aws iam list-access-keys --user-name x",
            "aws iam update-access-key --user-name x --access-key-id '<access key id, from list-access-keys>' --status Inactive",
        ]
    );
    assert!(step(&table, "Delete the console password").why.contains("not read"));
    let last = table.last().expect("steps");
    assert_eq!(last.effect, CannotTell, "the organization was not read: {}", last.name);
}

#[test]
fn a_user_with_every_slot_full_gets_an_inline_deny() {
    let mut facts = facts();
    let full = User {
        name: "full".into(),
        arn: Arn::new(format!("arn:aws:iam::{HERE}:user/full")),
        attached: (0..10)
            .map(|n| AttachedPolicy {
                name: format!("p{n}").into(),
                arn: Arn::new(format!("arn:aws:iam::{HERE}:policy/p{n}")),
            })
            .collect(),
        boundary: Some(Arn::new(format!("arn:aws:iam::{HERE}:policy/limit"))),
        ..User::default()
    };
    facts.apply(Batch::Users(vec![full]));
    let table = table_of(&picture(facts), "full");
    assert_eq!(
        step(&table, "Deny everything to the user").commands,
        [
            r#"aws iam put-user-policy --user-name full --policy-name ContainmentDenyAll --policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'"#
        ]
    );
    let left = leaves(&table, "Permissions boundary that denies everything");
    assert!(left.contains("replaced") && left.contains("policy/limit"), "{left}");
}

#[test]
fn roles_that_were_taken_on_go_on_and_are_revoked_where_they_are_here() {
    let mut facts = facts();
    let bot = as_user("bot", "AKIABOT");
    facts.apply(Batch::Events(vec![
        record(1, "AssumeRole", &bot, &into_role(HERE, "Stale")),
        record(2, "AssumeRole", &bot, &into_role(fixture::LOGS, "OrganizationAccountAccessRole")),
        record(3, "AssumeRole", &bot, &format!(r#","errorCode":"AccessDenied"{}"#, into_role(HERE, "Vendor"))),
        record(4, "GetCallerIdentity", &bot, ""),
    ]));
    let a = picture(facts);
    let table = table_of(&a, "bot");
    let name = "Revoke the sessions of the roles that it took on";
    assert_eq!(
        step(&table, name).commands,
        [
            format!(
                "aws iam put-role-policy --role-name Stale --policy-name AWSRevokeOlderSessions --policy-document {}",
                revoke()
            ),
            format!(
                "aws iam put-role-policy --role-name OrganizationAccountAccessRole --policy-name AWSRevokeOlderSessions \
                 --policy-document {} --profile '<profile for account 222222222222>'",
                revoke()
            ),
        ],
        "a refused call gave no session; what is elsewhere needs a way in there"
    );
    assert!(leaves(&table, "Deny everything to the user").contains("OrganizationAccountAccessRole of 222222222222"));
    assert!(leaves(&table, "Deny everything to the user").contains("2 roles"), "the Deny does not reach them");
    let used = &step(&table, "Deactivate access key AKIABOT").breaks;
    assert_eq!((used[0].tally.events, used[0].tally.addresses), (4, 4));
    assert_eq!(used[0].link, Some(Link::AccessKey("AKIABOT".into())));
    // The other side: who is shut out when the role's trust is closed.
    let stale = table_of(&a, "Stale");
    let callers = &step(&stale, "Trust policy that lets nobody in").breaks;
    assert_eq!(callers.len(), 1);
    assert_eq!(callers[0].who, "user/bot takes Stale on");
}

#[test]
fn a_role_is_stopped_by_a_deny_and_not_by_trust_alone() {
    let worker = table("Worker");
    let mut wanted = vec![
        (Stops, "Deny everything to the role"),
        (StopsInPart, "Revoke the role's sessions"),
        (StopsInPart, "Trust policy that lets nobody in"),
        (Stops, "Permissions boundary that denies everything"),
    ];
    wanted.extend(NEVER);
    assert_eq!(marks(&worker), wanted);
    for (name, command) in [
        (wanted[0].1, format!("aws iam attach-role-policy --role-name Worker --policy-arn {DENY_ALL}")),
        (
            wanted[1].1,
            format!(
                "aws iam put-role-policy --role-name Worker --policy-name AWSRevokeOlderSessions --policy-document {}",
                revoke()
            ),
        ),
        (wanted[2].1, format!("aws iam update-assume-role-policy --role-name Worker --policy-document {SHUT}")),
        (
            wanted[3].1,
            format!("aws iam put-role-permissions-boundary --role-name Worker --permissions-boundary {DENY_ALL}"),
        ),
    ] {
        assert_eq!(step(&worker, name).commands, [command]);
    }
    assert!(leaves(&worker, wanted[2].1).contains("sessions begun before"));
    assert!(step(&worker, wanted[1].1).why.contains("at once"), "a service comes back by itself");
    let residents = step(&worker, wanted[0].1).breaks.iter().filter(|one| matches!(one.link, Some(Link::Resident(_))));
    assert_eq!(residents.count(), 2, "the functions that run as it");
    for plain in ["Stale", "FromLogs", "Vendor", "Open", "Broken", "OrganizationAccountAccessRole"] {
        assert_eq!(marks(&table(plain)), wanted, "{plain}");
    }
    assert!(table("OrganizationAccountAccessRole")[0].why.contains("needs none"));
    assert!(leaves(&table("Bounded"), wanted[3].1).contains("replaced"));
}

#[test]
fn a_federated_role_can_lose_its_provider_and_others_with_it() {
    let ci = table("Ci");
    let remove = step(&ci, "Remove the identity provider");
    assert_eq!(remove.effect, StopsInPart);
    let arn = format!("arn:aws:iam::{HERE}:oidc-provider/gh.example.com");
    assert_eq!(
        remove.commands,
        [
            format!("aws iam get-open-id-connect-provider --open-id-connect-provider-arn {arn}"),
            format!("aws iam delete-open-id-connect-provider --open-id-connect-provider-arn {arn}"),
        ]
    );
    let saml = table("Saml");
    let others: Vec<&str> =
        step(&saml, "Remove the identity provider").breaks.iter().map(|one| one.who.as_str()).collect();
    assert_eq!(others[1..], ["role AWSReservedSSO_Admin_0123456789abcdef trusts it too"]);
}

#[test]
fn a_service_linked_role_is_refused_in_iam() {
    let slr = table("AWSServiceRoleForAmazonGuardDuty");
    let mut wanted = vec![
        (StopsInPart, "Disable the service's trusted access"),
        (CannotTell, "Delete the service-linked role"),
        (DoesNotStop, "Deny, boundary or trust edit in IAM"),
        (DoesNotStop, "Revoke its sessions"),
    ];
    wanted.extend(NEVER);
    assert_eq!(marks(&slr), wanted);
    assert_eq!(
        slr[0].commands,
        ["aws organizations disable-aws-service-access --service-principal guardduty.amazonaws.com"]
    );
    assert_eq!(slr[1].commands, ["aws iam delete-service-linked-role --role-name AWSServiceRoleForAmazonGuardDuty"]);
}

#[test]
fn no_policy_stops_root() {
    let root = table("root");
    let mut wanted = vec![
        (StopsInPart, "Deactivate and delete root's access keys"),
        (StopsInPart, "Change root's password and second factor"),
        (CannotTell, "Ask AWS Support for the account"),
        (DoesNotStop, "Deny, boundary or permission set"),
        (DoesNotStop, "Central root access (AssumeRoot)"),
    ];
    wanted.extend(NEVER);
    assert_eq!(marks(&root), wanted);
    assert_eq!(
        root[0].commands,
        [
            "aws iam list-access-keys",
            "aws iam update-access-key --access-key-id '<access key id, from list-access-keys>' --status Inactive",
            "aws iam delete-access-key --access-key-id '<access key id, from list-access-keys>'",
        ],
        "root has no user name"
    );
    // Its key id is known as soon as it signs.
    let mut facts = facts();
    let who =
        format!(r#"{{"type":"Root","arn":"arn:aws:iam::{HERE}:root","accountId":"{HERE}","accessKeyId":"AKIAROOT"}}"#);
    facts.apply(Batch::Events(vec![record(1, "ListBuckets", &who, "")]));
    let root = table_of(&picture(facts), "root");
    assert_eq!(root[0].commands[2], "aws iam delete-access-key --access-key-id AKIAROOT");
    assert_eq!(root[0].breaks[0].link, Some(Link::AccessKey("AKIAROOT".into())));
}

#[test]
fn in_a_member_account_an_scp_works() {
    let mut facts = facts();
    facts.apply(Batch::Caller(Caller { account: fixture::LOGS.into(), ..Caller::default() }));
    let a = picture(facts);
    let bot = table_of(&a, "bot");
    let scp = step(&bot, "Service control policy (SCP)");
    assert_eq!(scp.effect, Stops);
    assert!(
        scp.commands[0].contains(&format!(r#""ArnEquals":{{"aws:PrincipalArn":"arn:aws:iam::{HERE}:user/ci/bot"}}"#)),
        "{}",
        scp.commands[0]
    );
    assert!(scp.commands[0].ends_with(&format!("--target-id {HERE}")));
    let slr = table_of(&a, "AWSServiceRoleForAmazonGuardDuty");
    assert_eq!(step(&slr, "Service control policy (SCP)").effect, DoesNotStop, "in no account");
}

#[test]
fn a_name_with_hostile_characters_gives_no_command() {
    let mut facts = facts();
    let user = |name: &str| User {
        name: Text::new(name),
        arn: Arn::new(format!("arn:aws:iam::{HERE}:user/{name}")),
        ..User::default()
    };
    let names = ["\u{1b}]0;owned\u{7}admin\u{202e}", "it's $(id)", "--debug"];
    facts.apply(Batch::Users(names.map(user).into()));
    let a = picture(facts);
    let hostile = table_of(&a, Text::new(names[0]).as_str());
    for step in hostile.iter().filter(|step| step.effect != DoesNotStop) {
        assert!(step.commands.is_empty(), "{:?}", step.commands);
        assert!(step.withheld.as_deref().is_some_and(|why| why.contains("escapes")), "{}", step.name);
    }
    assert_eq!(
        table_of(&a, names[1])[0].commands,
        [format!(r"aws iam attach-user-policy --user-name 'it'\''s $(id)' --policy-arn {DENY_ALL}")]
    );
    assert_eq!(
        table_of(&a, names[2])[0].commands,
        [format!("aws iam attach-user-policy --user-name=--debug --policy-arn {DENY_ALL}")]
    );
}

#[test]
fn every_step_has_its_reason_its_page_and_its_place() {
    let a = picture(facts());
    for row in &a.principals {
        let table = steps(&a, row);
        assert!(table.iter().map(|step| step.order).eq(1..=table.len()), "{}", row.name);
        let works = table.iter().position(|step| step.effect == DoesNotStop).expect("an SCP never works here");
        assert!(
            table[works..].iter().all(|step| step.effect == DoesNotStop),
            "{}: those that fail come last",
            row.name
        );
        assert!(table[works..].iter().all(|step| step.commands.is_empty()), "{}: no command for what fails", row.name);
        for step in &table {
            assert!(!step.why.is_empty() && step.source.starts_with("https://"), "{}: {}", row.name, step.name);
            let silent = step.effect == StopsInPart && step.leaves.is_none();
            assert!(!silent, "{}: {} stops in part and does not say what it leaves", row.name, step.name);
        }
    }
    assert_eq!(table("bot").last().expect("steps").source, pages::RCP);
}

#[test]
fn a_password_breaks_what_is_done_in_sessions_and_not_what_is_done_with_keys() {
    let mut facts = facts();
    let (key, console) = (as_user("alice", "AKIAALICE"), as_user("alice", "ASIAALICE"));
    facts.apply(Batch::Events(vec![
        record(1, "ListUsers", &key, ""),
        record(2, "ListUsers", &console, ""),
        record(3, "ListUsers", &console, ""),
    ]));
    let alice = table_of(&picture(facts), "alice");
    let events = |name: &str| step(&alice, name).breaks[0].tally.events;
    assert_eq!(events("Deny everything to the user"), 3);
    assert_eq!(events("Delete the console password"), 2);
    assert_eq!(events("Revoke the user's older sessions"), 2);
    // Without events, what the credential report knows.
    let quiet = table("alice");
    let report = &step(&quiet, "Delete the console password").breaks[0].tally;
    assert_eq!((report.events, report.last), (0, Some(fixture::time("2026-10-20T00:00:00Z"))));
}
