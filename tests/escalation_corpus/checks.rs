//! Single policies with a yes or no by other tools' own tests (Prowler's and Checkov's). They are opinions: where ours is
//! another, the difference is named here with its reason, and any that is not named fails.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mgmtscope::analysis::policy::strangers::{Home, Stranger, Who, let_in};
use mgmtscope::analysis::policy::{Policy, Truth};
use mgmtscope::analysis::power::{Power, Standing};
use mgmtscope::analysis::principals::trust::{Trust, Trusted};
use mgmtscope::catalog::{actions, escalation};
use mgmtscope::model::Text;
use mgmtscope::model::event::principal_key;
use serde_json::{Value, json};

use super::{corpus, keep, read};

const ACCOUNT: &str = "123456789012";
const GITHUB: &str = "token.actions.githubusercontent.com";

/// Why ours is another answer, and of which checks.
struct Difference {
    kind: &'static str,
    why: &'static str,
    /// Whether a check is one of them.
    of: fn(&Value) -> bool,
}

/// A check whose text holds something.
fn holds(check: &Value, text: &str) -> bool {
    check["input"].to_string().to_ascii_lowercase().contains(&text.to_ascii_lowercase())
}

const DIFFERENCES: &[Difference] = &[
    Difference {
        kind: "github-oidc-trust-too-broad",
        why: "`StringEquals` knows no wildcard: no token has such a subject, so nobody gets in",
        of: |check| check["expected"] == true && holds(check, "StringEquals"),
    },
    Difference {
        kind: "github-oidc-trust-too-broad",
        why: "any repository of an owner, or a claim that GitHub's tokens do not have: wide to us",
        of: |check| check["expected"] == false && (holds(check, "freddiemac/*") || holds(check, "github-org:sub")),
    },
    Difference {
        kind: "condition-restricts-to-account",
        why: "it says whose the resource is, not whose the caller is: strangers pass, or nobody does",
        of: |check| holds(check, "ResourceAccount"),
    },
    Difference {
        kind: "condition-restricts-to-account",
        why: "no principal has the ARN of a trail: nobody passes",
        of: |check| holds(check, "PrincipalArn") && holds(check, "cloudtrail"),
    },
    Difference {
        kind: "condition-restricts-to-organization",
        why: "`StringEquals` knows no wildcard: no organization has such an id, so nobody passes",
        of: |check| holds(check, r#""StringEquals":{"aws:PrincipalOrgID":"*"}"#),
    },
    Difference {
        kind: "statement-principal-is-everyone",
        why: "AWS takes no wildcard within an ARN of `Principal`, nor a list of canonical users that is a star",
        of: |check| holds(check, "arn:aws:iam::*:root") || holds(check, "CanonicalUser"),
    },
    Difference {
        kind: "statement-has-restrictive-source-arn",
        why: "an ARN of this account's, or of another's: whose it is decides, not whether a wildcard is in it",
        of: |check| holds(check, "lambda"),
    },
    Difference {
        kind: "policy-is-admin",
        why: "a statement without Effect is no policy that IAM takes: unreadable, and nothing is claimed of it",
        of: |check| !holds(check, "Effect"),
    },
    Difference {
        kind: "policy-allows-escalation",
        why: "removing a boundary helps only who has one that hides more",
        of: |check| holds(check, "DeleteUserPermissionsBoundary"),
    },
    Difference {
        kind: "policy-allows-escalation",
        why: "Identity Center writes roles of the management account with the rights of its caller, who has none over IAM here",
        of: |check| holds(check, "sso:"),
    },
];

#[derive(Default)]
struct Tally {
    same: usize,
    other: usize,
}

#[tokio::test]
#[allow(clippy::print_stdout, reason = "the table is read by people")]
async fn every_policy_check_of_the_corpus_is_answered_alike_or_the_difference_has_a_reason() {
    let Some(folder) = corpus() else { return };
    let text = std::fs::read_to_string(folder.join("policy_checks.jsonl")).expect("checks");
    let checks: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let standings = standings(&checks).await;
    let mut tally: BTreeMap<&str, Tally> = BTreeMap::new();
    let mut reasons: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut unexplained = Vec::new();
    for (n, check) in checks.iter().enumerate() {
        let kind = check["kind"].as_str().expect("a kind");
        let expected = check["expected"].as_bool().expect("yes or no");
        let ours = answer(kind, check, standings[n].as_ref());
        let tally = tally.entry(kind).or_default();
        if ours == expected {
            tally.same += 1;
            continue;
        }
        tally.other += 1;
        match DIFFERENCES.iter().find(|difference| difference.kind == kind && (difference.of)(check)) {
            Some(difference) => *reasons.entry((kind, difference.why)).or_default() += 1,
            None => unexplained.push(format!("{kind}: {expected} expected: {}", check["input"])),
        }
    }
    assert!(unexplained.is_empty(), "{} differ for no reason:\n{}", unexplained.len(), unexplained.join("\n"));
    let stale: Vec<&str> = DIFFERENCES
        .iter()
        .filter(|difference| !reasons.contains_key(&(difference.kind, difference.why)))
        .map(|difference| difference.why)
        .collect();
    assert!(stale.is_empty(), "no check differs so any more: {stale:?}");
    let table = table(&tally, &reasons);
    println!("{table}");
    keep("checks", &table);
}

fn table(tally: &BTreeMap<&str, Tally>, reasons: &BTreeMap<(&str, &str), usize>) -> String {
    let mut table = "| Check | answered alike | otherwise | why |\n|---|---|---|---|\n".to_owned();
    for (kind, Tally { same, other }) in tally {
        let why = reasons.iter().filter(|((of, _), _)| of == kind).map(|((_, why), count)| format!("{count}: {why}"));
        let why = why.collect::<Vec<_>>().join("; ");
        table.push_str(&format!("| {kind} | {same} | {other} | {why} |\n"));
    }
    table
}

fn answer(kind: &str, check: &Value, standing: Option<&Standing>) -> bool {
    let input = &check["input"];
    let account = input["account"].as_str().unwrap_or(ACCOUNT);
    let home = Home { account, organization: None };
    let trust = |document: &Value| Trust::parse(&Text::new(&document.to_string()), home);
    match kind {
        "github-oidc-trust-too-broad" => trust(&input["policy"]).gates().any(|gate| {
            gate.trusted.contains(&Trusted::Oidc(Text::new(GITHUB))) && gate.wide_subjects(GITHUB).is_some()
        }),
        "trust-allows-whole-account" => {
            let whole = |one: &Trusted| matches!(one, Trusted::Account(_));
            trust(&input["policy"]).gates().any(|gate| gate.trusted.iter().any(whole))
        }
        "trust-allows-everyone" => {
            trust(&input["policy"]).gates().any(mgmtscope::analysis::principals::trust::Statement::is_open_to_anyone)
        }
        "statement-principal-is-everyone" => {
            let mut statement = input["statement"].clone();
            statement["Effect"] = json!("Allow");
            let statement = json!({"Statement": statement});
            trust(&statement).statements.iter().any(|one| one.trusted.contains(&Trusted::Anyone))
        }
        "condition-restricts-to-account" | "condition-restricts-to-organization" => {
            let statement = json!({
                "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*",
                "Condition": input["condition"],
            });
            certain(&statement, home).is_empty()
        }
        "statement-has-restrictive-source-arn" => {
            let mut statement = input["statement"].clone();
            statement["Resource"] = json!("*");
            certain(&statement, home).is_empty()
        }
        "policy-is-public" => is_public(input, home),
        "policy-is-admin" => matches!(standing, Some(Standing::Admin(Truth::Yes))),
        "policy-allows-escalation" => matches!(standing, Some(Standing::Reaches { .. })),
        "policy-gives-full-service" => gives_service(&input["policy"], input["service"].as_str().expect("a service")),
        other => panic!("an unknown kind of check: {other}"),
    }
}

/// Everybody outside who gets in for certain.
fn certain(statement: &Value, home: Home<'_>) -> Vec<Stranger> {
    let policy = Policy::from_json(&json!({"Version": "2012-10-17", "Statement": [statement]}));
    let mut found = let_in(&policy, home);
    found.retain(|one| one.truth == Truth::Yes);
    found
}

/// Anybody, a service in anybody's name if that is asked, and if it is asked any other account that is not trusted.
fn is_public(input: &Value, home: Home<'_>) -> bool {
    let trusted = input["trusted_account_ids"].as_array();
    let trusted = |account: &str| trusted.is_some_and(|all| all.iter().any(|one| one == account));
    let deputies = input["check_confused_deputy"] == true;
    let forbids_others = input["cross_account_allowed"] == false;
    let mut found = let_in(&Policy::from_json(&input["policy"]), home);
    found.retain(|one| one.truth == Truth::Yes || is_elsewhere(input, one));
    found.iter().any(|one| match &one.who {
        Who::Anyone | Who::Anonymous => true,
        Who::Account(account) => forbids_others && !trusted(account),
        Who::Service(name) => deputies && name != "*",
        Who::ServiceFor(..) | Who::Organization(_) => false,
    })
}

/// Addresses are given that are trusted, and the policy lets in another.
fn is_elsewhere(input: &Value, one: &Stranger) -> bool {
    let Some(trusted) = input["trusted_ips"].as_array() else { return false };
    let statements = input["policy"]["Statement"].as_array();
    let named = statements.and_then(|all| all[one.statement]["Condition"]["IpAddress"]["aws:SourceIp"].as_array());
    named.is_some_and(|named| named.iter().any(|address| !trusted.contains(address)))
}

/// Every action of a service on every resource, by the evaluation itself.
fn gives_service(policy: &Value, service: &str) -> bool {
    use mgmtscope::analysis::policy::{Caller, Context, Layers, Request, Verdict, evaluate};
    let policy = Policy::from_json(policy);
    let caller = Caller::parse(&format!("arn:aws:iam::{ACCOUNT}:user/u"));
    let all = actions::of_service(service);
    assert!(!all.is_empty(), "{service} has no action");
    all.iter().all(|action| {
        let action = action.to_string().to_ascii_lowercase();
        let context = Context::default();
        let request =
            Request { caller: &caller, action: &action, resource: "*", resource_account: None, context: &context };
        evaluate(&request, &Layers { identity: &[&policy], ..Layers::default() }) == Verdict::Allowed
    })
}

/// For each check of a principal's policy, how a user who holds it stands, in an account with an administrator that every
/// service of the catalogue may run as.
async fn standings(checks: &[Value]) -> Vec<Option<Standing>> {
    let arn = |n: usize| format!("arn:aws:iam::{ACCOUNT}:user/u{n}");
    let asked = |check: &Value| matches!(check["kind"].as_str(), Some("policy-is-admin" | "policy-allows-escalation"));
    let users = checks.iter().enumerate().filter(|(_, check)| asked(check)).map(|(n, check)| {
        json!({
            "Path": "/", "UserName": format!("u{n}"), "UserId": format!("AIDA{n:017}"), "Arn": arn(n),
            "CreateDate": "2026-01-01T00:00:00Z", "GroupList": [], "AttachedManagedPolicies": [],
            "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": check["input"]["policy"]}],
        })
    });
    let services: std::collections::BTreeSet<&str> =
        escalation::paths().iter().flat_map(|path| path.passed_to.iter().copied()).collect();
    let everything = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    let trust = json!({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole",
    }});
    let role = format!("arn:aws:iam::{ACCOUNT}:role/admin");
    let profile = json!({
        "Path": "/", "InstanceProfileName": "admin", "InstanceProfileId": "AIPA00000000000000001",
        "Arn": format!("arn:aws:iam::{ACCOUNT}:instance-profile/admin"), "CreateDate": "2026-01-01T00:00:00Z", "Roles": [],
    });
    let details = json!({
        "UserDetailList": users.collect::<Vec<_>>(), "GroupDetailList": [], "Policies": [],
        "RoleDetailList": [{
            "Path": "/", "RoleName": "admin", "RoleId": "AROA00000000000000001", "Arn": role,
            "CreateDate": "2026-01-01T00:00:00Z", "AssumeRolePolicyDocument": trust, "InstanceProfileList": [profile],
            "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": everything}], "AttachedManagedPolicies": [],
        }],
    });
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(format!("{ACCOUNT}.authz.json"));
    std::fs::write(&path, details.to_string()).expect("written");
    let facts = read(vec![path]).await;
    let power = Power::of(&facts, Timestamp::UNIX_EPOCH);
    let standing = |n: usize| {
        let id = power.graph.find(&principal_key(&arn(n)))?;
        Some(power.routes.of_node(id).clone())
    };
    (0..checks.len()).map(standing).collect()
}
