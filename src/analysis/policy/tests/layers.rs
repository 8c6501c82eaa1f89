//! How the layers join: reference_policies_evaluation-logic_policy-eval-denyallow,
//! reference_policies_evaluation-logic-cross-account, access_policies_boundaries, orgs_manage_policies_scps_evaluation.

use serde_json::{Value as Json, json};

use super::super::Verdict::{Allowed, CannotTell, ExplicitlyDenied, ImplicitlyDenied};
use super::super::{Caller, Context, Layers, Policy, Request, explain};
use super::{OTHER, OWN, allow, deny, document, levels, policy, run, verdict, with};

const USER: &str = "arn:aws:iam::111122223333:user/a";
const ROLE: &str = "arn:aws:iam::111122223333:role/p/R";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/R/s";
const FEDERATED: &str = "arn:aws:sts::111122223333:federated-user/f";
const ROOT: &str = "arn:aws:iam::111122223333:root";
const SERVICE: &str = "sns.amazonaws.com";

/// What a layer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    /// It is not there.
    Absent,
    Silent,
    Allow,
    Deny,
}
use Says::{Absent, Allow, Deny, Silent};

impl Says {
    const ALL: [Self; 4] = [Absent, Silent, Allow, Deny];

    fn policies(self) -> Json {
        match self {
            Absent => json!([]),
            Silent => json!([allow("ec2:*")]),
            Allow => json!([allow("sqs:*")]),
            Deny => json!([allow("sqs:*"), deny("sqs:SendMessage")]),
        }
    }
}

fn ask(caller: &str, account: &str) -> Json {
    json!({"request": {"principal": caller, "action": "sqs:SendMessage", "resource": "arn:aws:sqs:eu-west-1:1:q",
        "resource_account": account}})
}

fn case(caller: &str, account: &str, identity: Says, resource: Option<Json>, boundary: Says, session: Says) -> Json {
    let mut case = ask(caller, account);
    case["identity_policies"] = identity.policies();
    case["resource_policy"] = resource.unwrap_or(Json::Null);
    case["permission_boundaries"] = boundary.policies();
    case["session_policies"] = session.policies();
    case
}

#[test]
fn within_an_account() {
    let named = |principal: Json| Some(policy("Allow", &principal));
    let (anyone, account) = (named(json!("*")), named(json!({"AWS": OWN})));
    let (user, role, session) =
        (named(json!({"AWS": USER})), named(json!({"AWS": ROLE})), named(json!({"AWS": SESSION})));
    let federated = named(json!({"AWS": FEDERATED}));
    let others =
        Some(document(&json!({"Effect": "Allow", "NotPrincipal": {"AWS": ROLE}, "Action": "*", "Resource": "*"})));
    let denying = |principal: Json| Some(policy("Deny", &principal));
    for (rule, caller, identity, resource, boundary, session_policy, wanted) in [
        ("nothing allows it", USER, Absent, None, Absent, Absent, ImplicitlyDenied),
        ("an identity policy is enough", USER, Allow, None, Absent, Absent, Allowed),
        ("a deny goes before an allow", USER, Deny, None, Absent, Absent, ExplicitlyDenied),
        ("a resource policy that names the user is enough", USER, Absent, user.clone(), Absent, Absent, Allowed),
        ("... passes over a silent boundary", USER, Absent, user.clone(), Silent, Absent, Allowed),
        ("... but not over one that denies", USER, Absent, user.clone(), Deny, Absent, ExplicitlyDenied),
        ("... nor over an identity policy that denies", USER, Deny, user.clone(), Absent, Absent, ExplicitlyDenied),
        ("one that names the account delegates", USER, Absent, account.clone(), Absent, Absent, ImplicitlyDenied),
        ("... to identity policies", USER, Allow, account.clone(), Absent, Absent, Allowed),
        ("... and their boundary", USER, Allow, account.clone(), Silent, Absent, ImplicitlyDenied),
        ("one that names everybody is enough", USER, Absent, anyone.clone(), Silent, Absent, Allowed),
        ("... for a role with a silent boundary, too", ROLE, Absent, anyone.clone(), Silent, Absent, Allowed),
        ("... and for a session", SESSION, Absent, anyone.clone(), Silent, Silent, Allowed),
        ("one that names the role is enough", ROLE, Absent, role.clone(), Absent, Absent, Allowed),
        ("... for its sessions, too", SESSION, Absent, role.clone(), Absent, Absent, Allowed),
        ("... within the boundary", SESSION, Absent, role.clone(), Silent, Absent, ImplicitlyDenied),
        ("... that allows", SESSION, Absent, role.clone(), Allow, Allow, Allowed),
        ("... and within the session policy", SESSION, Absent, role.clone(), Absent, Silent, ImplicitlyDenied),
        ("one that names the session passes over both", SESSION, Absent, session.clone(), Silent, Silent, Allowed),
        ("... but not over a deny", SESSION, Absent, session.clone(), Silent, Deny, ExplicitlyDenied),
        (
            "one that names a session does not name its role",
            ROLE,
            Absent,
            session.clone(),
            Absent,
            Absent,
            ImplicitlyDenied,
        ),
        ("a session policy limits identity policies", SESSION, Allow, None, Absent, Silent, ImplicitlyDenied),
        ("... and grants nothing", SESSION, Absent, None, Absent, Allow, ImplicitlyDenied),
        ("a boundary limits identity policies", USER, Allow, None, Silent, Absent, ImplicitlyDenied),
        ("... and grants nothing", USER, Absent, None, Allow, Absent, ImplicitlyDenied),
        ("all three must allow", SESSION, Allow, None, Allow, Allow, Allowed),
        ("an allow to all but some names the others", USER, Absent, others.clone(), Absent, Absent, Allowed),
        ("... and not those", ROLE, Absent, others.clone(), Absent, Absent, ImplicitlyDenied),
        ("... nor their sessions", SESSION, Absent, others, Absent, Absent, ImplicitlyDenied),
        (
            "a resource policy denies its account",
            USER,
            Allow,
            denying(json!({"AWS": OWN})),
            Absent,
            Absent,
            ExplicitlyDenied,
        ),
        ("... a role in its sessions", SESSION, Allow, denying(json!({"AWS": ROLE})), Absent, Absent, ExplicitlyDenied),
        ("... not another's", USER, Allow, denying(json!({"AWS": OTHER})), Absent, Absent, Allowed),
        (
            "a federated user has nothing without a session policy",
            FEDERATED,
            Allow,
            None,
            Absent,
            Absent,
            ImplicitlyDenied,
        ),
        ("... the user's with one", FEDERATED, Allow, None, Absent, Allow, Allowed),
        ("... no more than it allows", FEDERATED, Allow, None, Absent, Silent, ImplicitlyDenied),
        ("... and what names the federated user", FEDERATED, Absent, federated, Absent, Absent, Allowed),
    ] {
        let is = verdict(&case(caller, OWN, identity, resource, boundary, session_policy));
        assert_eq!(is, wanted, "{rule} ({caller})");
    }
}

#[test]
fn across_accounts_both_must_allow() {
    let named = |principal: &str| Some(policy("Allow", &json!({"AWS": principal})));
    for caller in [USER, ROLE, SESSION] {
        for (rule, identity, resource, boundary, session, wanted) in [
            ("the identity policy alone is not enough", Allow, None, Absent, Absent, ImplicitlyDenied),
            ("nor is the resource's", Absent, named("*"), Absent, Absent, ImplicitlyDenied),
            ("nor if it names the caller", Absent, named(caller), Absent, Absent, ImplicitlyDenied),
            ("both", Allow, named(caller), Absent, Absent, Allowed),
            ("both, by the account", Allow, named(OWN), Absent, Absent, Allowed),
            ("both, by everybody", Allow, named("*"), Absent, Absent, Allowed),
            ("the resource's account is not the caller's", Allow, named(OTHER), Absent, Absent, ImplicitlyDenied),
            ("a silent boundary counts whoever is named", Allow, named(caller), Silent, Absent, ImplicitlyDenied),
            ("... and a silent session policy", Allow, named(caller), Absent, Silent, ImplicitlyDenied),
            ("... not one that allows", Allow, named(caller), Allow, Allow, Allowed),
            ("an identity deny", Deny, named(caller), Absent, Absent, ExplicitlyDenied),
            ("a boundary's deny", Allow, named(caller), Deny, Absent, ExplicitlyDenied),
        ] {
            let is = verdict(&case(caller, OTHER, identity, resource, boundary, session));
            assert_eq!(is, wanted, "{rule} ({caller})");
        }
    }
}

/// Every way of the table of the page, in both kinds of accounts, held against the rules written down a second time.
#[test]
fn every_combination_by_the_rules_of_the_page() {
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Way {
        Nobody,
        ByAccount,
        ByRole,
        Directly,
    }
    use Way::{ByAccount, ByRole, Directly, Nobody};
    let mut seen = 0;
    for caller in [USER, ROLE, SESSION] {
        let ways = [(json!({"AWS": OTHER}), Nobody), (json!({"AWS": ROOT}), ByAccount), (json!("*"), Directly)];
        let by_role = (json!({"AWS": ROLE}), if caller == USER { Nobody } else { ByRole });
        let itself = (json!({"AWS": caller}), if caller == ROLE { ByRole } else { Directly });
        for (principal, way) in ways.into_iter().chain([by_role, itself]) {
            for account in [OWN, OTHER] {
                for (identity, boundary, session) in triples() {
                    let says = [identity, boundary, session];
                    let bounded = [boundary, session].iter().all(|says| matches!(says, Absent | Allow));
                    let own = identity == Allow && bounded;
                    let wanted = if says.contains(&Deny) {
                        ExplicitlyDenied
                    } else {
                        let allowed = match (account, way) {
                            (OTHER, _) => own && way != Nobody,
                            (_, Nobody | ByAccount) => own,
                            (_, ByRole) => bounded,
                            (_, Directly) => true,
                        };
                        if allowed { Allowed } else { ImplicitlyDenied }
                    };
                    let resource = Some(policy("Allow", &principal));
                    let is = verdict(&case(caller, account, identity, resource, boundary, session));
                    assert_eq!(is, wanted, "{caller} named {way:?} in {account}: {says:?}");
                    seen += 1;
                }
            }
        }
    }
    assert_eq!(seen, 3 * 5 * 2 * 64);
}

fn triples() -> impl Iterator<Item = (Says, Says, Says)> {
    let pairs = || Says::ALL.into_iter().flat_map(|a| Says::ALL.into_iter().map(move |b| (a, b)));
    Says::ALL.into_iter().flat_map(move |a| pairs().map(move |(b, c)| (a, b, c)))
}

#[test]
fn every_level_of_an_organization_must_allow() {
    let all = || allow("*");
    for (rule, scps, wanted) in [
        ("no SCP binds", vec![], Allowed),
        ("one level", vec![all()], Allowed),
        ("three levels", vec![all(), allow("sqs:*"), allow("sqs:Send*")], Allowed),
        ("a silent root", vec![allow("ec2:*"), all(), all()], ImplicitlyDenied),
        ("a silent unit", vec![all(), allow("ec2:*"), all()], ImplicitlyDenied),
        ("a silent account", vec![all(), all(), allow("ec2:*")], ImplicitlyDenied),
        ("a deny at the root", vec![deny("sqs:*"), all()], ExplicitlyDenied),
        ("a deny below", vec![all(), deny("*")], ExplicitlyDenied),
        ("a deny of something else is silent", vec![all(), deny("ec2:*")], ImplicitlyDenied),
    ] {
        for kind in ["scps", "rcps"] {
            let mut case = case(USER, OWN, Allow, None, Absent, Absent);
            case[kind] = levels(&scps);
            assert_eq!(verdict(&case), wanted, "{kind}: {rule}");
        }
    }
    // Two policies of a level: one of them is enough.
    let mut case = case(USER, OWN, Allow, None, Absent, Absent);
    case["scps"] = json!([{"target": "r", "policies": [allow("ec2:*"), allow("sqs:*")]}]);
    assert_eq!(verdict(&case), Allowed);
    case["scps"] = json!([{"target": "r", "policies": []}]);
    assert_eq!(verdict(&case), ImplicitlyDenied, "a level without policies");
    // An SCP grants nothing.
    case["scps"] = levels(&[all()]);
    case["identity_policies"] = json!([]);
    assert_eq!(verdict(&case), ImplicitlyDenied);
}

#[test]
fn scps_bind_the_principals_of_member_accounts_and_rcps_whoever_asks() {
    let slr = "arn:aws:iam::111122223333:role/aws-service-role/support.amazonaws.com/AWSServiceRoleForSupport";
    let slr_session = "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForSupport/s";
    let open = || Some(policy("Allow", &json!("*")));
    for (caller, by_scp, by_rcp) in [
        (USER, true, true),
        (ROLE, true, true),
        (SESSION, true, true),
        (FEDERATED, true, true),
        (ROOT, true, true),
        (SERVICE, false, true),
        ("*", false, true),
        ("accounts.google.com", false, true),
        (slr, false, false),
        (slr_session, false, false),
    ] {
        for (kind, bound) in [("scps", by_scp), ("rcps", by_rcp)] {
            let mut case = case(caller, OWN, Allow, open(), Absent, Absent);
            case[kind] = levels(&[allow("*"), deny("*")]);
            let wanted = if bound { ExplicitlyDenied } else { Allowed };
            assert_eq!(verdict(&case), wanted, "{kind} {caller}");
        }
    }
}

#[test]
fn rcps_reach_the_services_of_the_list_and_no_grant_that_retires() {
    for (action, resource, bound) in [
        ("s3:GetObject", "arn:aws:s3:::b/k", true),
        ("secretsmanager:GetSecretValue", "*", true),
        ("dynamodb:GetItem", "*", true),
        ("iam:CreateUser", "*", false),
        ("ec2:RunInstances", "*", false),
        ("kms:ListKeys", "*", true),
        ("kms:RetireGrant", "*", false),
    ] {
        let mut case =
            with(case(USER, OWN, Absent, None, Absent, Absent), &json!({"action": action, "resource": resource}));
        case["identity_policies"] = json!([allow("*")]);
        case["rcps"] = levels(&[allow("*"), deny("*")]);
        assert_eq!(verdict(&case), if bound { ExplicitlyDenied } else { Allowed }, "{action}");
    }
}

#[test]
fn who_has_no_account_has_only_what_the_resource_grants() {
    for (caller, principal, wanted) in [
        (SERVICE, json!({"Service": SERVICE}), Allowed),
        (SERVICE, json!({"Service": "sqs.amazonaws.com"}), ImplicitlyDenied),
        (SERVICE, json!({"AWS": OWN}), ImplicitlyDenied),
        (SERVICE, json!("*"), Allowed),
        ("*", json!("*"), Allowed),
        ("*", json!({"AWS": "*"}), Allowed),
        ("*", json!({"AWS": OWN}), ImplicitlyDenied),
        ("*", json!({"Service": "anonymous"}), ImplicitlyDenied),
    ] {
        for (identity, boundary) in [(Absent, Absent), (Allow, Absent), (Deny, Deny)] {
            let resource = Some(policy("Allow", &principal));
            let is = verdict(&case(caller, OWN, identity, resource, boundary, Absent));
            assert_eq!(is, wanted, "{caller} {principal}: it has no {identity:?}, no {boundary:?}");
        }
        assert_eq!(verdict(&case(caller, OWN, Allow, None, Absent, Absent)), ImplicitlyDenied, "{caller}");
    }
    let not_some = document(&json!({"Effect": "Allow", "NotPrincipal": {"AWS": USER}, "Action": "*", "Resource": "*"}));
    assert_eq!(verdict(&case("*", OWN, Absent, Some(not_some), Absent, Absent)), Allowed);
    let nobody = json!({"Effect": "Allow", "NotPrincipal": "*", "Action": "*", "Resource": "*"});
    assert_eq!(verdict(&case("*", OWN, Absent, Some(document(&nobody)), Absent, Absent)), ImplicitlyDenied);
}

#[test]
fn root_needs_no_policy_in_its_account_and_has_none() {
    let theirs = || Some(policy("Allow", &json!({"AWS": OWN})));
    for caller in [ROOT, OWN] {
        for (rule, account, identity, resource, boundary, wanted) in [
            ("nothing", OWN, Absent, None, Absent, Allowed),
            ("identity policies cannot be attached", OWN, Deny, None, Absent, Allowed),
            ("nor can boundaries", OWN, Absent, None, Deny, Allowed),
            ("a resource policy can deny", OWN, Absent, Some(policy("Deny", &json!("*"))), Absent, ExplicitlyDenied),
            ("elsewhere the resource must allow", OTHER, Absent, None, Absent, ImplicitlyDenied),
            ("... and that is enough", OTHER, Absent, theirs(), Absent, Allowed),
        ] {
            let is = verdict(&case(caller, account, identity, resource, boundary, Absent));
            assert_eq!(is, wanted, "{rule} ({caller})");
        }
    }
    // A Deny with NotPrincipal reaches who has a boundary; root has none.
    let spared = json!({"Effect": "Deny", "NotPrincipal": {"AWS": OWN}, "Action": "*", "Resource": "*"});
    assert_eq!(verdict(&case(ROOT, OWN, Absent, Some(document(&spared)), Allow, Absent)), Allowed);
}

#[test]
fn a_deny_with_not_principal_always_reaches_who_has_a_boundary() {
    let spared =
        json!({"Effect": "Deny", "NotPrincipal": {"AWS": [USER, ROLE, SESSION, ROOT]}, "Action": "*", "Resource": "*"});
    for caller in [USER, ROLE, SESSION] {
        for (boundary, wanted) in [(Absent, Allowed), (Allow, ExplicitlyDenied), (Silent, ExplicitlyDenied)] {
            for account in [OWN, OTHER] {
                let statements = json!([spared, {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]);
                let resource = json!({"Version": "2012-10-17", "Statement": statements});
                let is = verdict(&case(caller, account, Allow, Some(resource), boundary, Absent));
                assert_eq!(is, wanted, "{caller} {boundary:?} {account}");
            }
        }
    }
}

#[test]
fn what_cannot_be_read_leaves_open_what_it_could_change() {
    let torn = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Perhaps"}]});
    let fields = ["identity_policies", "permission_boundaries", "session_policies"];
    for field in fields {
        let mut open = case(SESSION, OWN, Allow, None, Absent, Absent);
        open[field] = json!([torn]);
        assert_eq!(verdict(&open), CannotTell, "{field}");
        assert_eq!(run(&open).missing.len(), 1, "{field}");
        // It cannot take back a denial, nor allow what nothing else grants.
        let mut denied = open.clone();
        denied["scps"] = levels(&[deny("*")]);
        assert_eq!(verdict(&denied), ExplicitlyDenied, "{field}");
        let mut stopped = open.clone();
        stopped["scps"] = levels(&[allow("ec2:*")]);
        assert_eq!(verdict(&stopped), ImplicitlyDenied, "{field}");
    }
    for kind in ["scps", "rcps"] {
        let mut open = case(USER, OWN, Allow, None, Absent, Absent);
        open[kind] = levels(&[allow("*"), torn.clone()]);
        assert_eq!(verdict(&open), CannotTell, "{kind}");
        open["identity_policies"] = json!([]);
        assert_eq!(verdict(&open), ImplicitlyDenied, "{kind}: nothing allows it");
    }
    for identity in [Absent, Allow] {
        let open = case(USER, OWN, identity, Some(torn.clone()), Absent, Absent);
        assert_eq!(verdict(&open), CannotTell, "the resource's policy, {identity:?}");
    }
    let text = json!("{\"Statement\": [");
    assert_eq!(verdict(&case(USER, OWN, Allow, Some(text), Absent, Absent)), CannotTell);
}

#[test]
fn who_stands_in_the_way_is_named() {
    let blocked = |case: &Json| run(case).blocked_by.iter().map(|layer| layer.word()).collect::<Vec<_>>();
    for (rule, identity, boundary, session, scp, wanted) in [
        ("nobody", Allow, Absent, Absent, "*", vec![]),
        ("nothing was granted: nobody in particular", Absent, Absent, Absent, "*", vec![]),
        ("a silent boundary", Allow, Silent, Absent, "*", vec!["boundary"]),
        ("a silent session policy", Allow, Absent, Silent, "*", vec!["session"]),
        ("a silent SCP", Allow, Absent, Absent, "ec2:*", vec!["scp"]),
        ("all of them", Allow, Silent, Silent, "ec2:*", vec!["boundary", "session", "scp"]),
        ("an identity policy that denies", Deny, Absent, Absent, "*", vec!["identity"]),
        ("two that deny", Deny, Deny, Absent, "*", vec!["identity", "boundary"]),
    ] {
        let mut case = case(SESSION, OWN, identity, None, boundary, session);
        case["scps"] = levels(&[allow(scp)]);
        assert_eq!(blocked(&case), wanted, "{rule}");
    }
    let denied = policy("Deny", &json!("*"));
    assert_eq!(blocked(&case(USER, OWN, Allow, Some(denied), Absent, Absent)), ["resource"]);
    // A boundary that is silent does not stop what the resource grants directly.
    let mut case = case(USER, OWN, Absent, Some(policy("Allow", &json!({"AWS": USER}))), Silent, Absent);
    case["scps"] = levels(&[allow("ec2:*")]);
    assert_eq!(blocked(&case), ["scp"]);
}

#[test]
fn the_deciding_statements_are_named_in_words() {
    let mut case = case(USER, OWN, Allow, None, Absent, Absent);
    case["scps"] = json!([{"target": "r-1", "policies": [allow("*"), {"Version": "2012-10-17", "Statement": [
        {"Sid": "Stay", "Effect": "Deny", "Action": "sqs:*", "Resource": "*"}]}]}]);
    let outcome = run(&case);
    assert_eq!(outcome.verdict, ExplicitlyDenied);
    assert_eq!(outcome.deciding, ["scp policy 2 of r-1, statement 1 (Stay)"]);
    case["scps"] = levels(&[allow("*"), allow("*"), deny("*")]);
    case["scps"][2]["target"] = json!("a-1");
    assert_eq!(run(&case).deciding, ["scp policy 1 of a-1, statement 1"]);
    case["scps"] = json!([]);
    assert_eq!(run(&case).deciding, ["identity policy 1, statement 1"]);
}

/// A key of a statement that cannot apply anyway is not missing.
#[test]
fn only_what_matters_is_missing() {
    let document = |conditions: Json| {
        Policy::from_json(&document(
            &json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": conditions}),
        ))
    };
    let (open, closed) = (
        document(json!({"StringEquals": {"k:open": "x"}})),
        document(json!({"StringLike": {"k:other": "${k:third}"}, "StringEquals": {"aws:username": "b"}})),
    );
    let context = Context::open().with("aws:username", "a");
    let request = Request {
        caller: &Caller::parse(USER),
        action: "sqs:sendmessage",
        resource: "*",
        resource_account: None,
        context: &context,
    };
    for identity in [[&open, &closed], [&closed, &open]] {
        let (verdict, evidence) = explain(&request, &Layers { identity: &identity, ..Layers::default() });
        assert_eq!((verdict, &evidence.missing[..]), (CannotTell, &["k:open".to_owned()][..]));
        assert_eq!(evidence.statements.len(), 1);
    }
}

#[test]
fn a_statement_needs_its_elements() {
    let of = |statement: Json| {
        verdict(&{
            let mut case = case(USER, OWN, Absent, None, Absent, Absent);
            case["identity_policies"] = json!([document(&statement)]);
            case
        })
    };
    assert_eq!(of(json!({"Effect": "Allow", "Action": "*"})), ImplicitlyDenied);
    assert_eq!(of(json!({"Effect": "Allow", "Resource": "*"})), ImplicitlyDenied);
    // A principal in an identity policy says nothing.
    let odd = json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": {"AWS": OTHER}});
    assert_eq!(of(odd), Allowed);
    // A resource policy's statement without principal names nobody.
    let nobody = document(&json!({"Effect": "Deny", "Action": "*", "Resource": "*"}));
    assert_eq!(verdict(&case(USER, OWN, Allow, Some(nobody), Absent, Absent)), Allowed);
}
