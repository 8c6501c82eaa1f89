//! Powers over small accounts: every lever with and without what it needs, chains of steps, and input that is hostile.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::*;
use crate::analysis::power::question::Question;
use crate::catalog::organization_paths::{self as catalog, Alternative, Need as Precondition, Path};
use crate::catalog::powers::Power as Class;
use crate::model::*;

const HERE: &str = "111111111111";
const MEMBER: &str = "222222222222";

pub fn as_of() -> Timestamp {
    "2026-11-01T00:00:00Z".parse().expect("a time")
}

pub fn arn(resource: &str) -> Arn {
    Arn::new(format!("arn:aws:iam::{HERE}:{resource}"))
}

fn inline(document: &Json) -> Vec<InlinePolicy> {
    vec![InlinePolicy { name: "inline".into(), document: Text::new(&document.to_string()) }]
}

pub fn statement(effect: &str, action: Json, resource: Json) -> Json {
    json!({"Effect": effect, "Action": action, "Resource": resource})
}

fn policy(statements: Json) -> Json {
    json!({"Version": "2012-10-17", "Statement": statements})
}

pub fn user(name: &str, document: &Json) -> User {
    User { name: name.into(), arn: arn(&format!("user/{name}")), inline: inline(document), ..User::default() }
}

pub fn role(name: &str, trust: Json, document: &Json) -> Role {
    let trust = policy(json!([{"Effect": "Allow", "Principal": trust, "Action": "sts:AssumeRole"}]));
    Role {
        name: name.into(),
        arn: arn(&format!("role/{name}")),
        trust: Text::new(&trust.to_string()),
        inline: inline(document),
        ..Role::default()
    }
}

pub fn administrator() -> Json {
    policy(json!([statement("Allow", json!("*"), json!("*"))]))
}

fn nothing() -> Json {
    policy(json!([]))
}

pub fn account(users: Vec<User>, roles: Vec<Role>) -> Facts {
    let mut facts = Facts::default();
    let caller = Caller { account: HERE.into(), ..Caller::default() };
    for batch in [Batch::Caller(caller), Batch::Users(users), Batch::Roles(roles)] {
        facts.apply(batch);
    }
    facts
}

fn find(power: &Power, name: &str) -> NodeId {
    power.graph.ids().find(|id| power.graph.node(*id).name == name).expect(name)
}

fn chain(power: &Power, name: &str) -> Vec<String> {
    power.routes.chain(find(power, name)).iter().map(|step| step.id()).collect()
}

/// Every ask was read to its end: what is not there does not exist.
pub fn all_read(facts: &mut Facts) {
    for ask in levers::ASKS {
        facts.apply(Batch::Reading(Cell::global(ask), Reading { status: Status::Complete, ..Reading::default() }));
    }
}

/// Facts under which every precondition holds, but for those that exclude others.
fn rich(one: &Alternative, path: &Path, user: User) -> Facts {
    let needs: Vec<&Precondition> = path.needs.iter().chain(&one.needs).collect();
    let billing_only = needs.contains(&&Precondition::ConsolidatedBillingOnly);
    let no_members = needs.contains(&&Precondition::NoMembers);
    let mut roles = Vec::new();
    let (mut trusted, mut features, mut types, mut residents) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for need in &needs {
        match need {
            Precondition::TrustedAccess(service) => trusted.push(service.replace('*', "config.amazonaws.com")),
            Precondition::OrganizationsFeature(feature) => features.push(Text::new(feature)),
            Precondition::PolicyType(kinds) => types.extend(kinds.iter().map(|kind| Text::new(kind))),
            Precondition::RoleTrusting(service) => {
                roles.push(role("trusting", json!({"Service": service}), &nothing()))
            }
            Precondition::RoleNamed(name) => roles.push(role(name, json!({"Service": "x.amazonaws.com"}), &nothing())),
            Precondition::Resource(kind) => residents.push(*kind),
            _ => {}
        }
    }
    let mut facts = account(vec![user], roles);
    let organization = Organization {
        id: "o-example".into(),
        management_account: HERE.into(),
        feature_set: if billing_only { "CONSOLIDATED_BILLING" } else { "ALL" }.into(),
        ..Organization::default()
    };
    let mut accounts = vec![Account { id: HERE.into(), state: "ACTIVE".into(), ..Account::default() }];
    if !no_members {
        let joined_method = "CREATED".into();
        accounts.push(Account { id: MEMBER.into(), state: "ACTIVE".into(), joined_method, ..Account::default() });
    }
    let assignment = |kind| Assignment {
        permission_set: "arn:aws:sso:::permissionSet/ssoins-1/ps-1".into(),
        account: HERE.into(),
        kind,
        assignee: "someone".into(),
    };
    let provider = |kind, name: &str| IdentityProvider {
        arn: arn(name),
        kind,
        url: None,
        client_ids: Vec::new(),
        created: None,
        valid_until: None,
    };
    let trail = Trail {
        arn: format!("arn:aws:cloudtrail:us-east-1:{HERE}:trail/org").into(),
        organization_trail: true,
        bucket: "trail-bucket".into(),
        kms_key: Some(Text::new(&format!("arn:aws:kms:us-east-1:{HERE}:key/1"))),
        ..Trail::default()
    };
    let resident = |kind: &str, name: &str| Resident {
        resource_type: kind.into(),
        identifier: name.into(),
        seen_by: BTreeSet::from([Ask::CloudControl]),
        ..Resident::default()
    };
    let mut found: Vec<Resident> = residents.into_iter().map(|kind| resident(kind, "one")).collect();
    found.push(resident("AWS::S3::Bucket", "trail-bucket"));
    for batch in [
        Batch::Organization(organization),
        Batch::Accounts(accounts),
        Batch::Roots(vec![Root { id: "r-1".into(), enabled_policy_types: types, ..Root::default() }]),
        Batch::TrustedServices(
            trusted.iter().map(|name| TrustedService { principal: name.into(), enabled: None }).collect(),
        ),
        Batch::DelegatedAdministrators(vec![DelegatedAdministrator { account: MEMBER.into(), ..Default::default() }]),
        Batch::OrganizationsFeatures(features),
        Batch::Instances(vec![Instance { arn: "arn:aws:sso:::instance/ssoins-1".into(), ..Instance::default() }]),
        Batch::PermissionSets(vec![PermissionSet {
            arn: "arn:aws:sso:::permissionSet/ssoins-1/ps-1".into(),
            name: "Set".into(),
            ..PermissionSet::default()
        }]),
        Batch::Assignments(vec![assignment(Assignee::User), assignment(Assignee::Group)]),
        Batch::IdentityProviders(vec![
            provider(ProviderKind::Saml, "saml-provider/x"),
            provider(ProviderKind::Oidc, "oidc-provider/y"),
        ]),
        Batch::Trails(vec![trail]),
        Batch::Residents(found),
    ] {
        facts.apply(batch);
    }
    all_read(&mut facts);
    facts
}

fn holds(facts: &Facts, path: &Path) -> Option<Truth> {
    let power = Power::of(facts, as_of());
    let levers = power.levers(find(&power, "puller"));
    levers.iter().find(|lever| lever.path.id == path.id).map(|lever| lever.truth)
}

#[test]
fn every_lever_is_held_with_its_actions_and_not_when_one_is_denied_or_missing() {
    let mut tried = 0;
    for path in catalog::paths() {
        for one in &path.alternatives {
            let allow = statement("Allow", json!(one.actions), json!("*"));
            let with = policy(json!([allow]));
            let facts = rich(one, path, user("puller", &with));
            assert_eq!(holds(&facts, path), Some(Truth::Yes), "{} by {:?}", path.id, one.actions);
            // One of them denied, another one taken away.
            let (first, last) = (one.actions.first(), one.actions.last());
            let deny = statement("Deny", json!(first), json!("*"));
            let denied = rich(one, path, user("puller", &policy(json!([allow, deny]))));
            assert_eq!(holds(&denied, path), None, "{} with {first:?} denied", path.id);
            let rest: Vec<_> = one.actions.iter().filter(|action| Some(*action) != last).collect();
            let rest = policy(json!([statement("Allow", json!(rest), json!("*"))]));
            assert_eq!(holds(&rich(one, path, user("puller", &rest)), path), None, "{} without {last:?}", path.id);
            tried += 1;
        }
    }
    assert!(tried >= 49, "{tried}");
}

#[test]
fn a_lever_without_its_preconditions_is_open_until_it_is_known_that_they_do_not_hold() {
    for path in catalog::paths()
        .iter()
        .filter(|path| path.alternatives.iter().all(|one| !(path.needs.is_empty() && one.needs.is_empty())))
    {
        let actions: Vec<_> = path.alternatives.iter().flat_map(|one| &one.actions).collect();
        let with = policy(json!([statement("Allow", json!(actions), json!("*"))]));
        let mut facts = account(vec![user("puller", &with)], Vec::new());
        assert_eq!(holds(&facts, path), Some(Truth::Unknown), "{} with nothing read", path.id);
        all_read(&mut facts);
        facts.apply(Batch::OrganizationsFeatures(Vec::new()));
        let still = holds(&facts, path);
        let excluded = path.alternatives.iter().any(|one| {
            let mut needs = path.needs.iter().chain(&one.needs);
            needs.any(|need| {
                matches!(
                    need,
                    Precondition::NoMembers | Precondition::AllFeatures | Precondition::ConsolidatedBillingOnly
                )
            })
        });
        assert!(still.is_none() || excluded, "{} with nothing there: {still:?}", path.id);
    }
}

#[test]
fn the_shortest_chain_is_found_and_each_step_has_its_evidence() {
    let assume = |name: &str| {
        policy(json!([statement("Allow", json!("sts:AssumeRole"), json!(arn(&format!("role/{name}")).as_str()))]))
    };
    let root = json!({"AWS": HERE});
    let facts = account(
        vec![user("far", &assume("first")), user("near", &assume("admin")), user("apart", &nothing())],
        vec![
            role("first", root.clone(), &assume("second")),
            role("second", root.clone(), &assume("admin")),
            role("admin", root, &administrator()),
        ],
    );
    let power = Power::of(&facts, as_of());
    assert_eq!(chain(&power, "far"), ["sts-001"; 3]);
    assert_eq!(chain(&power, "near"), ["sts-001"]);
    assert!(matches!(power.routes.of_node(find(&power, "apart")), Standing::Apart));
    for step in power.routes.chain(find(&power, "far")) {
        for need in &step.needs {
            let answer = power.graph.explain(need);
            assert_eq!(answer.verdict, crate::analysis::policy::Verdict::Allowed);
            assert!(answer.statements.len() >= 2, "the permission and the trust: {answer:?}");
        }
    }
}

#[test]
fn roles_that_trust_each_other_in_a_circle_end() {
    let any = policy(json!([statement("Allow", json!("sts:AssumeRole"), json!("*"))]));
    let roles =
        (0..50).map(|n| role(&format!("r{n}"), json!({"AWS": arn(&format!("role/r{}", (n + 1) % 50)).as_str()}), &any));
    let power = Power::of(&account(Vec::new(), roles.collect()), as_of());
    assert!(power.graph.ids().skip(1).all(|id| matches!(power.routes.of_node(id), Standing::Apart)));
}

#[test]
fn a_policy_that_cannot_be_read_leaves_every_verdict_that_it_could_touch_open() {
    let mut broken = user("broken", &nothing());
    broken.inline.push(InlinePolicy { name: "bad".into(), document: "{not json".into() });
    let power = Power::of(&account(vec![broken, user("whole", &nothing())], Vec::new()), as_of());
    let ask = |name: &str| {
        let question = Question::parse("iam:PassRole").expect("a question");
        question.ask(&power, &[find(&power, name)]).expect("an answer")
    };
    assert_eq!((ask("broken").truth(), ask("whole").truth()), (Truth::Unknown, Truth::No));
    assert!(ask("broken").answer.missing.iter().any(|what| what.contains("not JSON")), "{:?}", ask("broken").answer);
    assert_eq!(power.profile(find(&power, "broken")).grade(Class::Admin), Grade::Conditional);
}

#[test]
fn large_and_hostile_policies_are_judged() {
    let bomb = format!("arn:aws:s3:::{}", "*a".repeat(3_000));
    let statements: Vec<Json> = (0..10_000)
        .map(|n| statement("Allow", json!(format!("service{n}:Get*")), json!([bomb.as_str(), "*"])))
        .chain([statement("Allow", json!("iam:PutUserPolicy"), json!(bomb))])
        .chain([statement("Allow", json!("iam:AttachUserPolicy"), json!(arn("user/huge").as_str()))])
        .collect();
    let power = Power::of(&account(vec![user("huge", &policy(json!(statements)))], Vec::new()), as_of());
    assert_eq!(chain(&power, "huge"), ["iam-008"]);
}

#[test]
fn a_boundary_or_a_deny_stops_what_more_rights_would_bring() {
    let raise = policy(json!([statement("Allow", json!("iam:PutUserPolicy"), json!("*"))]));
    let both = policy(json!([
        statement("Allow", json!("iam:PutUserPolicy"), json!("*")),
        statement("Deny", json!("iam:Attach*"), json!("*"))
    ]));
    let mut bounded = user("bounded", &raise);
    bounded.boundary = Some(arn("policy/limit"));
    let mut facts = account(vec![user("free", &raise), user("denied", &both), bounded], Vec::new());
    let limit = policy(json!([statement("Allow", json!(["s3:*", "iam:PutUserPolicy"]), json!("*"))]));
    let version =
        PolicyVersion { id: "v1".into(), default: true, document: Text::new(&limit.to_string()), created: None };
    facts.apply(Batch::ManagedPolicies(vec![ManagedPolicy {
        arn: arn("policy/limit"),
        name: "limit".into(),
        versions: vec![version],
        ..ManagedPolicy::default()
    }]));
    let power = Power::of(&facts, as_of());
    assert_eq!(chain(&power, "free"), ["iam-007"]);
    assert_eq!(chain(&power, "denied"), Vec::<String>::new());
    assert_eq!(chain(&power, "bounded"), Vec::<String>::new());
}

#[test]
fn a_role_is_passed_only_to_a_service_that_it_trusts_and_that_the_condition_names() {
    let pass = |service: &str| {
        policy(json!([
            {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
             "Condition": {"StringEquals": {"iam:PassedToService": service}}},
            statement("Allow", json!(["lambda:CreateFunction", "lambda:InvokeFunction"]), json!("*")),
        ]))
    };
    let facts = account(
        vec![user("right", &pass("lambda.amazonaws.com")), user("wrong", &pass("ec2.amazonaws.com"))],
        vec![role("admin", json!({"Service": "lambda.amazonaws.com"}), &administrator())],
    );
    let power = Power::of(&facts, as_of());
    assert_eq!(chain(&power, "right"), ["lambda-001"]);
    assert_eq!(chain(&power, "wrong"), Vec::<String>::new());
}

#[test]
fn reach_is_never_more_than_it_is_known_to_be() {
    let assume = policy(json!([statement(
        "Allow",
        json!("sts:AssumeRole"),
        json!("arn:aws:iam::*:role/OrganizationAccountAccessRole")
    )]));
    let mut facts = account(vec![user("reacher", &assume)], Vec::new());
    let member = |id: &str, how: &str| Account {
        id: id.into(),
        joined_method: how.into(),
        state: "ACTIVE".into(),
        ..Account::default()
    };
    facts.apply(Batch::Accounts(vec![member(MEMBER, "CREATED"), member("333333333333", "INVITED")]));
    let power = Power::of(&facts, as_of());
    let reach = power.members.reach(&power.graph, find(&power, "reacher"));
    assert_eq!((reach.could.len(), reach.presumed.len(), reach.did.len()), (2, 1, 0));
    assert!(reach.presumed.contains(&AccountId::new(MEMBER)));
}

#[test]
fn an_action_that_takes_no_resource_is_not_granted_by_an_arn() {
    let with = policy(json!([statement(
        "Allow",
        json!("organizations:DeleteOrganization"),
        json!("arn:aws:organizations::1:organization/o-1")
    )]));
    let power = Power::of(&account(vec![user("x", &with)], Vec::new()), as_of());
    let action = ActionId::find("organizations:DeleteOrganization").expect("known");
    assert_eq!(power.graph.somewhere(find(&power, "x"), action).0, Truth::No);
}

#[test]
fn what_a_deny_with_not_resource_spares_is_found() {
    let function = "arn:aws:lambda:eu-west-1:111111111111:function:spared";
    let with = policy(json!([
        statement("Allow", json!("lambda:*"), json!("*")),
        {"Effect": "Deny", "Action": "lambda:*", "NotResource": function},
    ]));
    let power = Power::of(&account(vec![user("x", &with)], Vec::new()), as_of());
    let action = ActionId::find("lambda:UpdateFunctionCode").expect("known");
    assert_eq!(power.graph.somewhere(find(&power, "x"), action), (Truth::Yes, Text::new(function)));
    let question = Question::parse("lambda:UpdateFunctionCode").expect("a question");
    let told = question.ask(&power, &[find(&power, "x")]).expect("an answer");
    assert_eq!((told.truth(), &*told.resource), (Truth::Yes, function));
}

#[test]
fn what_was_entered_is_read_from_the_events_that_succeeded() {
    let record = |id: &str, name: &str, more: &str| {
        let raw = format!(
            r#"{{"eventVersion":"1.09","eventID":"{id}","eventTime":"2026-10-01T00:00:00Z","eventName":"{name}",
            "eventSource":"sts.amazonaws.com","awsRegion":"us-east-1","userIdentity":{{"type":"IAMUser","userName":"u",
            "arn":"arn:aws:iam::{HERE}:user/u","accountId":"{HERE}"}},{more}}}"#
        );
        Event::from_record(&raw).expect("an event")
    };
    let role = format!(r#""resources":[{{"ARN":"arn:aws:iam::{MEMBER}:role/x"}}]"#);
    let root = format!(r#""requestParameters":{{"targetPrincipal":"{MEMBER}"}}"#);
    let unknown = r#""requestParameters":{"targetPrincipal":"999999999999"}"#;
    let mut facts = account(vec![user("u", &nothing())], Vec::new());
    facts.apply(Batch::Accounts(vec![Account { id: MEMBER.into(), ..Account::default() }]));
    facts.apply(Batch::Events(vec![
        record("1", "AssumeRole", &role),
        record("2", "AssumeRole", &format!(r#"{role},"errorCode":"AccessDenied""#)),
        record("3", "AssumeRoot", &root),
        record("4", "AssumeRoot", unknown),
        record("5", "AssumeRoot", r#""requestParameters":null"#),
    ]));
    let did = reach::did(&facts);
    let entered = &did[&arn("user/u").text().clone()][&AccountId::new(MEMBER)];
    assert_eq!(entered.times, 2);
    assert_eq!(
        entered.roles.iter().map(Text::as_str).collect::<Vec<_>>(),
        [format!("arn:aws:iam::{MEMBER}:role/x"), format!("arn:aws:iam::{MEMBER}:root")]
    );
    assert_eq!(did.len(), 1);
}

#[test]
fn whether_any_role_may_be_assumed_is_asked_of_their_trust_policies_too() {
    let named = json!({"AWS": arn("user/named").as_str()});
    let account_wide = json!({"AWS": HERE});
    let assume = |resource: &str| policy(json!([statement("Allow", json!("sts:AssumeRole"), json!(resource))]));
    let users = vec![
        user("named", &nothing()),
        user("other", &nothing()),
        user("holder", &assume(arn("role/open").as_str())),
        user("closed", &assume(arn("role/service").as_str())),
        user("abroad", &assume("arn:aws:iam::222222222222:role/x")),
    ];
    let roles = vec![
        role("for-named", named, &nothing()),
        role("open", account_wide, &nothing()),
        role("service", json!({"Service": "ec2.amazonaws.com"}), &nothing()),
    ];
    let power = Power::of(&account(users, roles), as_of());
    let question = Question::parse("sts:AssumeRole").expect("a question");
    let ask = |name: &str| {
        let told = question.ask(&power, &[find(&power, name)]).expect("an answer");
        (told.truth(), told.resource)
    };
    assert_eq!(ask("named"), (Truth::Yes, arn("role/for-named").to_string()));
    assert_eq!(ask("holder"), (Truth::Yes, arn("role/open").to_string()));
    assert_eq!(ask("other").0, Truth::No);
    assert_eq!(ask("closed").0, Truth::No);
    assert_eq!(ask("abroad"), (Truth::Yes, "arn:aws:iam::222222222222:role/x".to_owned()), "what its own policies say");
}
