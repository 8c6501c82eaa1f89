//! What services add to the policies: roles and keys, what AWS keeps for itself, actions without resources; and how
//! actions and resources are named.

use serde_json::{Value as Json, json};

use super::super::Verdict::{self, Allowed, ExplicitlyDenied, ImplicitlyDenied};
use super::{OTHER, OWN, allow, deny, document, levels, policy, run, verdict, with};

const USER: &str = "arn:aws:iam::111122223333:user/a";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/R/s";
const ROLE: &str = "arn:aws:iam::111122223333:role/R";
const ROOT: &str = "arn:aws:iam::111122223333:root";

fn ask(caller: &str, action: &str, resource: &str) -> Json {
    json!({"request": {"principal": caller, "action": action, "resource": resource, "resource_account": OWN}})
}

fn of(mut case: Json, identity: &[Json], resource: &Json) -> Verdict {
    case["identity_policies"] = json!(identity);
    case["resource_policy"] = resource.clone();
    verdict(&case)
}

/// Role trust policies (id_roles_terms-and-concepts) and key policies (KMS Developer Guide, key-policies): "must
/// explicitly allow access for principals".
#[test]
fn roles_and_keys_must_allow_by_their_own_policy() {
    let key = "arn:aws:kms:eu-west-1:111122223333:key/1";
    let role = "arn:aws:iam::111122223333:role/p/target";
    let (none, yes) = (vec![], vec![allow("*")]);
    let of_account = policy("Allow", &json!({"AWS": ROOT}));
    let of_user = policy("Allow", &json!({"AWS": USER}));
    let of_role = policy("Allow", &json!({"AWS": ROLE}));
    let silent = policy("Allow", &json!({"AWS": OTHER}));
    for (action, resource) in [("kms:Decrypt", key), ("sts:AssumeRole", role), ("sts:TagSession", role)] {
        for (rule, caller, identity, policy, wanted) in [
            ("no policy", USER, &yes, &Json::Null, ImplicitlyDenied),
            ("a silent policy", USER, &yes, &silent, ImplicitlyDenied),
            ("it leaves it to the account", USER, &yes, &of_account, Allowed),
            ("... whose policies are silent", USER, &none, &of_account, ImplicitlyDenied),
            ("it names the user", USER, &none, &of_user, Allowed),
            ("it names the role", SESSION, &none, &of_role, Allowed),
        ] {
            assert_eq!(of(ask(caller, action, resource), identity, policy), wanted, "{action}: {rule}");
        }
        let mut bounded = ask(SESSION, action, resource);
        bounded["permission_boundaries"] = json!([allow("ec2:*")]);
        assert_eq!(of(bounded.clone(), &none, &of_role), ImplicitlyDenied, "{action}: within the role's boundary");
        bounded["permission_boundaries"] = json!([allow("*")]);
        assert_eq!(of(bounded, &none, &of_role), Allowed, "{action}: within the role's boundary");
        let elsewhere = with(ask(USER, action, resource), &json!({"resource_account": OTHER}));
        assert_eq!(of(elsewhere.clone(), &none, &of_user), ImplicitlyDenied, "{action}: both, across accounts");
        assert_eq!(of(elsewhere, &yes, &of_user), Allowed, "{action}: both, across accounts");
    }
    // Not of keys: aliases, and what takes no resource.
    for (action, resource) in [
        ("kms:CreateAlias", "arn:aws:kms:eu-west-1:111122223333:alias/mine"),
        ("kms:ListKeys", "*"),
        ("iam:GetRole", role),
        ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:key/1"),
    ] {
        assert_eq!(of(ask(USER, action, resource), &yes, &Json::Null), Allowed, "{action}");
    }
}

#[test]
fn a_trust_policy_names_no_resource() {
    let trust = document(
        &json!({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}),
    );
    assert_eq!(of(ask("ec2.amazonaws.com", "sts:AssumeRole", ROLE), &[], &trust), Allowed);
    assert_eq!(of(ask("ecs.amazonaws.com", "sts:AssumeRole", ROLE), &[], &trust), ImplicitlyDenied);
    assert_eq!(of(ask("ec2.amazonaws.com", "sts:TagSession", ROLE), &[], &trust), ImplicitlyDenied);
}

/// "You cannot call AssumeRole by using AWS account root user credentials" (STS API Reference).
#[test]
fn root_cannot_assume_a_role() {
    let everybody = policy("Allow", &json!("*"));
    assert_eq!(of(ask(ROOT, "sts:AssumeRole", ROLE), &[], &everybody), ImplicitlyDenied);
    assert_eq!(of(ask(USER, "sts:AssumeRole", ROLE), &[], &everybody), Allowed);
    let outcome = run(&ask(ROOT, "sts:AssumeRole", ROLE));
    assert_eq!(outcome.blocked_by.iter().map(|layer| layer.word()).collect::<Vec<_>>(), ["service"]);
}

#[test]
fn some_calls_need_no_permission_and_no_deny_stops_them() {
    for (caller, action, identity, wanted) in [
        (USER, "sts:GetCallerIdentity", deny("*"), Allowed),
        (SESSION, "sts:GetCallerIdentity", deny("*"), Allowed),
        (USER, "sts:GetSessionToken", deny("*"), Allowed),
        (ROOT, "sts:GetSessionToken", deny("*"), Allowed),
        (SESSION, "sts:GetSessionToken", allow("ec2:*"), ImplicitlyDenied),
        (USER, "sts:GetFederationToken", allow("ec2:*"), ImplicitlyDenied),
        (USER, "sts:GetFederationToken", allow("sts:*"), Allowed),
    ] {
        let mut case = ask(caller, action, "*");
        case["scps"] = levels(&[allow("*")]);
        assert_eq!(of(case, &[identity], &Json::Null), wanted, "{caller} {action}");
    }
}

const ROLE_CHANGES: &[&str] = &[
    "AttachRolePolicy",
    "CreateRole",
    "DeleteRole",
    "DeleteRolePermissionsBoundary",
    "DeleteRolePolicy",
    "DetachRolePolicy",
    "PutRolePermissionsBoundary",
    "PutRolePolicy",
    "UpdateAssumeRolePolicy",
];
const ROLE_READS: &[&str] = &[
    "GenerateServiceLastAccessedDetails",
    "GetContextKeysForPrincipalPolicy",
    "GetRole",
    "GetRolePolicy",
    "ListAttachedRolePolicies",
    "ListInstanceProfilesForRole",
    "ListPoliciesGrantingServiceAccess",
    "ListRolePolicies",
    "ListRoleTags",
    "SimulatePrincipalPolicy",
];

/// using-service-linked-roles; IAM Identity Center User Guide, referencingpermissionsets.
#[test]
fn nobody_changes_the_roles_that_aws_reserves() {
    let reserved = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_1";
    let linked = "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX";
    let admin = [allow("*")];
    let ask = |action: &str, role: &str| of(ask(USER, &format!("iam:{action}"), role), &admin, &Json::Null);
    for action in ROLE_CHANGES {
        assert_eq!(ask(action, ROLE), Allowed, "{action}");
        assert_eq!(ask(action, reserved), ImplicitlyDenied, "{action}");
        assert_eq!(ask(action, linked), ImplicitlyDenied, "{action}");
    }
    for action in ROLE_READS {
        for role in [ROLE, reserved, linked] {
            assert_eq!(ask(action, role), Allowed, "{action} {role}");
        }
    }
    // Made and deleted by calls of their own; described and tagged by anyone who may.
    for action in ["TagRole", "UntagRole", "UpdateRole", "UpdateRoleDescription"] {
        assert_eq!(ask(action, reserved), ImplicitlyDenied, "{action}");
        assert_eq!(ask(action, linked), Allowed, "{action}");
    }
    for action in ["PassRole", "CreateServiceLinkedRole", "DeleteServiceLinkedRole"] {
        assert_eq!(ask(action, reserved), ImplicitlyDenied, "{action}");
        assert_eq!(ask(action, ROLE), Allowed, "{action}");
    }
    assert_eq!(ask("DeleteServiceLinkedRole", linked), Allowed);
}

/// access_policies_managed-vs-inline, "AWS managed policies".
#[test]
fn nobody_changes_the_policies_that_aws_manages() {
    let (theirs, ours) = ("arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::111122223333:policy/p");
    let admin = [allow("*")];
    for action in [
        "CreatePolicy",
        "CreatePolicyVersion",
        "DeletePolicy",
        "DeletePolicyVersion",
        "SetDefaultPolicyVersion",
        "TagPolicy",
        "UntagPolicy",
    ] {
        let ask = |policy: &str| of(ask(USER, &format!("iam:{action}"), policy), &admin, &Json::Null);
        assert_eq!((ask(theirs), ask(ours)), (ImplicitlyDenied, Allowed), "{action}");
        assert_eq!(ask(&theirs.replace("AdministratorAccess", "service-role/X")), ImplicitlyDenied, "{action}");
    }
    for action in ["GetPolicy", "GetPolicyVersion", "ListEntitiesForPolicy", "ListPolicyVersions", "ListPolicyTags"] {
        assert_eq!(of(ask(USER, &format!("iam:{action}"), theirs), &admin, &Json::Null), Allowed, "{action}");
    }
}

/// "The alias/aws/ prefix is reserved" (KMS Developer Guide, alias-create).
#[test]
fn nobody_touches_the_aliases_that_kms_keeps() {
    let alias = |name: &str| format!("arn:aws:kms:eu-west-1:111122223333:alias/{name}");
    for action in ["kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias"] {
        assert_eq!(of(ask(USER, action, &alias("aws/s3")), &[allow("*")], &Json::Null), ImplicitlyDenied, "{action}");
        assert_eq!(of(ask(USER, action, &alias("mine")), &[allow("*")], &Json::Null), Allowed, "{action}");
    }
}

/// "[...] can perform the GetBucketPolicy, PutBucketPolicy, and DeleteBucketPolicy API actions, even if their bucket policy
/// explicitly denies the root principal's access" (S3 API Reference).
#[test]
fn root_always_reaches_the_policies_of_its_buckets() {
    let closed = policy("Deny", &json!("*"));
    for (caller, action, wanted) in [
        (ROOT, "s3:PutBucketPolicy", Allowed),
        (ROOT, "s3:GetBucketPolicy", Allowed),
        (ROOT, "s3:DeleteBucketPolicy", Allowed),
        (ROOT, "s3:DeleteBucket", ExplicitlyDenied),
        (USER, "s3:PutBucketPolicy", ExplicitlyDenied),
    ] {
        let case = ask(caller, action, "arn:aws:s3:::b");
        assert_eq!(of(case.clone(), &[allow("*")], &closed), wanted, "{caller} {action}");
        let mut bound = case.clone();
        bound["scps"] = levels(&[deny("*")]);
        assert_eq!(of(bound, &[allow("*")], &closed), ExplicitlyDenied, "{caller} {action}");
        let elsewhere = with(case, &json!({"resource_account": OTHER}));
        assert_eq!(of(elsewhere, &[allow("*")], &closed), ExplicitlyDenied, "{caller} {action}");
    }
}

/// Actions without resource types need `Resource: "*"` (reference_policies_elements_resource, the note).
#[test]
fn an_action_without_resources_needs_a_star() {
    let bucket = "arn:aws:s3:::b";
    for (element, names, matched) in [
        ("Resource", json!("*"), true),
        ("Resource", json!(bucket), false),
        ("Resource", json!("arn:aws:s3:::*"), false),
        ("Resource", json!([bucket, "arn:aws:s3:::c/*"]), false),
        ("Resource", json!([bucket, "*"]), true),
        ("NotResource", json!("*"), false),
        ("NotResource", json!(bucket), true),
    ] {
        let statement =
            |effect: &str| document(&json!({"Effect": effect, "Action": "s3:ListAllMyBuckets", element: names}));
        let case = with(ask(USER, "s3:ListAllMyBuckets", bucket), &json!({"wildcard_only_action": true}));
        let wanted = if matched { Allowed } else { ImplicitlyDenied };
        assert_eq!(of(case.clone(), &[statement("Allow")], &Json::Null), wanted, "{element} {names}");
        let mut bound = case.clone();
        bound["scps"] = levels(&[statement("Allow")]);
        assert_eq!(of(bound, &[allow("*")], &Json::Null), wanted, "an SCP with {element} {names}");
        let wanted = if matched { ExplicitlyDenied } else { Allowed };
        assert_eq!(of(case, &[allow("*"), statement("Deny")], &Json::Null), wanted, "{element} {names}");
    }
}

#[test]
fn actions_are_named_without_regard_to_case_and_with_every_blank() {
    for (pattern, matched) in [
        ("s3:GetObject", true),
        ("S3:getOBJECT", true),
        ("*", true),
        ("s3:*", true),
        ("s3:Get*", true),
        ("s3:*Object", true),
        ("s3:Get??????", true),
        ("s3:Get?????", false),
        ("*:GetObject", true),
        ("s3:GetObject*", true),
        ("s3:GetObjectAcl", false),
        ("s3:Get", false),
        ("s3:", false),
        ("", false),
        ("ec2:*", false),
        ("s3:GetObject ", false),
        (" s3:GetObject", false),
        ("s3: GetObject", false),
        ("s3:   ", false),
        ("s3:GetObject,s3:PutObject", false),
        ("s3:Get*,Put*", false),
    ] {
        for (element, wanted) in [("Action", matched), ("NotAction", !matched)] {
            let statement = |effect: &str| document(&json!({"Effect": effect, element: pattern, "Resource": "*"}));
            let case = || ask(USER, "s3:GetObject", "arn:aws:s3:::b/k");
            let is = of(case(), &[statement("Allow")], &Json::Null) == Allowed;
            assert_eq!(is, wanted, "Allow {element} {pattern:?}");
            let is = of(case(), &[allow("*"), statement("Deny")], &Json::Null) == ExplicitlyDenied;
            assert_eq!(is, wanted, "Deny {element} {pattern:?}");
        }
    }
    let several =
        |element: &str| document(&json!({"Effect": "Allow", element: ["s3:Put*", "s3:Get*"], "Resource": "*"}));
    let case = || ask(USER, "s3:GetObject", "arn:aws:s3:::b/k");
    assert_eq!(of(case(), &[several("Action")], &Json::Null), Allowed);
    assert_eq!(of(case(), &[several("NotAction")], &Json::Null), ImplicitlyDenied);
}

/// reference_policies_elements_resource, "Using wildcards in resource ARNs".
#[test]
fn resources_are_named_with_regard_to_case_by_wildcards_and_variables() {
    let object = "arn:aws:s3:::b/1/2/test/3/object.jpg";
    for (pattern, matched) in [
        ("*", true),
        ("arn:aws:s3:::b/*/test/*", true),
        ("arn:aws:s3:::b/*", true),
        ("arn:aws:s3:::b", false),
        ("arn:aws:s3:::B/*", false),
        ("arn:aws:s3:::?/1/*", true),
        ("arn:aws:s3:::b/test/*", false),
        ("arn:*:s3:::b/1/*", true),
        ("arn:aws:s3:*", true),
        ("arn:aws:*:*:*:b/*", true),
        ("arn:aws:s3:::b/${aws:PrincipalTag/n}/2/*", true),
        ("arn:aws:s3:::b/${aws:PrincipalTag/m, '1'}/2/*", true),
        ("arn:aws:s3:::b/${aws:PrincipalTag/m, '*'}/2/*", false),
        ("arn:aws:s3:::b/${aws:PrincipalTag/m}/*", false),
        ("arn:aws:s3:::b/${aws:PrincipalTag/star}/*", false),
        ("arn:aws:s3:::b/${aws:PrincipalTag/many}/*", false),
        ("arn:aws:s3:::b/1/2/test/3/object.jpg", true),
        ("arn:aws:s3:::b/1/2/test/3/object.jpg${?}", false),
    ] {
        let context =
            json!({"aws:PrincipalTag/n": "1", "aws:PrincipalTag/star": "*", "aws:PrincipalTag/many": ["1", "2"]});
        let case = with(ask(USER, "s3:GetObject", object), &json!({"context": context}));
        let statement = document(&json!({"Effect": "Allow", "Action": "*", "Resource": pattern}));
        let is = of(case, &[statement], &Json::Null) == Allowed;
        assert_eq!(is, matched, "{pattern}");
    }
}

/// Where a statement with a short ARN stands decides what it is worth.
#[test]
fn short_arns_by_the_layer_they_stand_in() {
    let queue = "arn:aws:sqs:eu-west-1:111122223333:q";
    // In the policies of a principal, in a resource's, in an organization's; each under Resource and NotResource.
    for (pattern, principal, resource, organization) in [
        ("arn:aws:sqs", [true, false], [false, true], [false, false]),
        ("arn:aws:sqs:eu-west-1", [true, false], [false, true], [false, false]),
        ("arn:aws:sqs:eu-west-1:111122223333", [true, false], [false, true], [false, false]),
        ("arn:aws:sqs:*", [true, false], [true, false], [true, false]),
        ("arn:aws:sqs:eu-west-1:*", [true, false], [true, false], [true, false]),
        ("arn:aws:sqs:eu-west-1:111122223333:*", [true, false], [true, false], [true, false]),
        ("arn:aws:sqs:us-west-2", [false, false], [false, true], [false, false]),
        ("arn:aws:sqs:eu-west-1:444455556666", [false, false], [false, true], [false, false]),
        ("arn:aws:sqs:*:111122223333", [true, false], [true, false], [false, false]),
        ("arn:aws:sqs:*:444455556666", [false, false], [false, false], [false, false]),
        ("arn:aws:sqs:eu-west-1:111122223333:other", [false, true], [false, true], [false, true]),
        ("arn:aws:sqs:eu-west-1:111122223333:q", [true, false], [true, false], [true, false]),
        ("arn:aws:sqs:*:111122223333:q", [true, false], [true, false], [true, false]),
    ] {
        for (at, element) in ["Resource", "NotResource"].into_iter().enumerate() {
            let statement = |effect: &str| json!({"Effect": effect, "Action": "*", element: pattern, "Principal": "*"});
            let case = || ask(USER, "sqs:SendMessage", queue);
            let given = |effect: &str| document(&statement(effect));
            let expect = |layer: &str, is: Verdict, matched: bool, allowed: Verdict, not: Verdict| {
                assert_eq!(is, if matched { allowed } else { not }, "{layer} {element} {pattern}");
            };
            let own = of(case(), &[given("Allow")], &Json::Null);
            expect("identity", own, principal[at], Allowed, ImplicitlyDenied);
            for field in ["permission_boundaries", "session_policies"] {
                let mut limited = with(case(), &json!({"principal": SESSION}));
                limited[field] = json!([given("Allow")]);
                expect(field, of(limited, &[allow("*")], &Json::Null), principal[at], Allowed, ImplicitlyDenied);
            }
            let theirs = of(case(), &[], &given("Allow"));
            expect("resource", theirs, resource[at], Allowed, ImplicitlyDenied);
            for field in ["scps", "rcps"] {
                let mut bound = case();
                bound[field] = json!([{"target": "r", "policies": [allow("*"), given("Deny")]}]);
                let is = of(bound, &[allow("*")], &Json::Null);
                expect(field, is, organization[at], ExplicitlyDenied, Allowed);
            }
        }
    }
}
