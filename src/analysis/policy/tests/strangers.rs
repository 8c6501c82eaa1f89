//! Who gets in from outside by a resource's policy.

use serde_json::{Value as Json, json};

use super::super::strangers::{Home, Who, let_in};
use super::super::{Policy, Truth};
use super::{OTHER, OWN, document};

fn who(policy: &Json) -> Vec<(Who, Truth)> {
    let home = Home { account: OWN, organization: Some("o-own0000000") };
    let found = let_in(&Policy::from_json(policy), home);
    // Services that act for somebody only get in where a condition speaks of it; anonymous callers are anybody.
    found.into_iter().map(|one| (one.who, one.truth)).collect()
}

fn people(principal: &Json, condition: &Json) -> Vec<(Who, Truth)> {
    let mut statement = json!({"Effect": "Allow", "Principal": principal, "Action": "s3:Get*", "Resource": "*"});
    if condition != &Json::Null {
        statement["Condition"] = condition.clone();
    }
    let services = |who: &Who| matches!(who, Who::Service(_) | Who::ServiceFor(..) | Who::Anonymous);
    who(&document(&statement)).into_iter().filter(|(who, _)| !services(who)).collect()
}

fn anyone(condition: &Json) -> Truth {
    let found = people(&json!("*"), condition);
    found.iter().find(|(who, _)| *who == Who::Anyone).map_or(Truth::No, |(_, truth)| *truth)
}

#[test]
fn a_fixed_value_of_whose_it_is_narrows_and_a_wildcard_does_not() {
    for (condition, wanted) in [
        (Json::Null, Truth::Yes),
        (json!({"StringEquals": {"aws:PrincipalOrgID": "o-own0000000"}}), Truth::No),
        (json!({"StringLike": {"aws:PrincipalOrgID": "o-*"}}), Truth::Yes),
        (json!({"StringLike": {"aws:PrincipalOrgID": "*"}}), Truth::Yes),
        (json!({"StringEquals": {"aws:PrincipalAccount": OWN}}), Truth::No),
        (json!({"StringLike": {"aws:PrincipalAccount": "1111*"}}), Truth::Yes),
        (json!({"ArnLike": {"aws:PrincipalArn": format!("arn:aws:iam::{OWN}:role/*")}}), Truth::No),
        // Anybody can name a role so in an account of their own.
        (json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin"}}), Truth::Yes),
        (json!({"StringLike": {"aws:PrincipalArn": "arn:*:role/admin"}}), Truth::Yes),
        (json!({"StringLike": {"aws:PrincipalArn": "*"}}), Truth::Yes),
        (json!({"StringLike": {"aws:PrincipalArn": "*:role/a*b*c*d*"}}), Truth::Yes),
        (json!({"StringEquals": {"aws:PrincipalTag/team": "x"}}), Truth::Yes),
        (json!({"StringNotEquals": {"aws:PrincipalTag/team": "x"}}), Truth::Yes),
        (json!({"Null": {"aws:PrincipalTag/team": "true"}}), Truth::Yes),
        (json!({"StringLike": {"aws:username": "admin*"}}), Truth::Yes),
        (json!({"Bool": {"aws:ViaAWSService": "false"}}), Truth::Yes),
        (json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-own0000000/*"}}), Truth::No),
        (json!({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-*/r-*/*"}}), Truth::Yes),
        (json!({"Bool": {"aws:SecureTransport": "true"}}), Truth::Yes),
        (json!({"Bool": {"aws:MultiFactorAuthPresent": "true"}}), Truth::Yes),
        (json!({"StringEqualsIfExists": {"sts:ExternalId": "x"}}), Truth::Yes),
        (json!({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}), Truth::Yes),
        (json!({"StringEquals": {"organizations:PolicyType": "TAG_POLICY"}}), Truth::Yes),
        (
            json!({"StringEquals": {"aws:PrincipalTag/team": "x"}, "StringNotEquals": {"aws:PrincipalTag/out": "true"}}),
            Truth::Yes,
        ),
        (json!({"Bool": {"aws:ViaAWSService": "true"}}), Truth::Yes),
        (json!({"StringLike": {"aws:userid": "*:deploy"}}), Truth::Yes),
        (json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::????????????:role/admin"}}), Truth::Yes),
        (json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::4444*:role/admin"}}), Truth::Yes),
        (json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:sts::*:assumed-role/Admin/*"}}), Truth::No),
        (json!({"StringEquals": {"aws:PrincipalOrgID": "o-partner000"}}), Truth::No),
        (json!({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-own0000000"}}), Truth::Yes),
        (json!({"StringEquals": {"sts:ExternalId": "x"}}), Truth::Unknown),
        (json!({"StringEquals": {"aws:SourceVpc": "vpc-1"}}), Truth::Unknown),
        (json!({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}), Truth::Yes),
        (json!({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}), Truth::Unknown),
        (json!({"StringLike": {"aws:userid": "AROAEXAMPLEEXAMPLEEX:*"}}), Truth::No),
        (json!({"StringEquals": {"aws:SourceAccount": OWN}}), Truth::No),
        // It says whose the resource is, which is no news, and not whose the caller is.
        (json!({"StringEquals": {"aws:ResourceAccount": OWN}}), Truth::Yes),
        (json!({"StringNotEquals": {"aws:PrincipalAccount": OWN}}), Truth::Yes),
        (json!({"StringEqualsIfExists": {"aws:SourceAccount": OWN}}), Truth::Yes),
    ] {
        assert_eq!(anyone(&condition), wanted, "{condition}");
    }
}

#[test]
fn an_account_that_is_named_gets_in_by_name() {
    let other = || Who::Account(OTHER.to_owned());
    for (principal, condition, wanted) in [
        (json!({"AWS": OWN}), Json::Null, vec![]),
        (json!({"AWS": [OWN, OTHER]}), Json::Null, vec![(other(), Truth::Yes)]),
        (json!({"AWS": format!("arn:aws:iam::{OTHER}:user/u")}), Json::Null, vec![(other(), Truth::Yes)]),
        (json!({"AWS": OTHER}), json!({"StringEquals": {"sts:ExternalId": "x"}}), vec![(other(), Truth::Unknown)]),
        (json!({"AWS": OTHER}), json!({"StringEquals": {"aws:PrincipalOrgID": "o-own0000000"}}), vec![]),
        (json!("*"), json!({"StringEquals": {"aws:PrincipalAccount": [OWN, OTHER]}}), vec![(other(), Truth::Yes)]),
        (
            json!("*"),
            json!({"ArnLike": {"aws:PrincipalArn": format!("arn:aws:iam::{OTHER}:role/ci-*")}}),
            vec![(other(), Truth::Yes)],
        ),
        (
            json!({"AWS": format!("arn:aws:iam::{OTHER}:root")}),
            json!({"ArnLike": {"aws:PrincipalArn": format!("arn:aws:iam::{OTHER}:role/ci-*")}}),
            vec![(other(), Truth::Yes)],
        ),
    ] {
        assert_eq!(people(&principal, &condition), wanted, "{principal} {condition}");
    }
}

#[test]
fn a_service_acts_for_anybody_unless_a_condition_says_for_whom() {
    let service = |condition: &Json| -> Vec<(Who, Truth)> {
        let mut statement = json!({
            "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": "*",
        });
        if condition != &Json::Null {
            statement["Condition"] = condition.clone();
        }
        who(&document(&statement))
    };
    let (sns, yes) = ("sns.amazonaws.com".to_owned(), Truth::Yes);
    let any = || vec![(Who::Service(sns.clone()), yes)];
    for (condition, wanted) in [
        (Json::Null, any()),
        (json!({"StringEquals": {"aws:SourceAccount": OWN}}), vec![]),
        (
            json!({"StringEquals": {"aws:SourceAccount": OTHER}}),
            vec![(Who::ServiceFor(sns.clone(), OTHER.into()), yes)],
        ),
        (json!({"ArnLike": {"aws:SourceArn": format!("arn:aws:sns:*:{OWN}:*")}}), vec![]),
        (json!({"ArnLike": {"aws:SourceArn": "arn:aws:sns:us-east-1:*:topic"}}), any()),
        (json!({"ArnLike": {"aws:SourceArn": "*"}}), any()),
        (json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::my-bucket"}}), vec![]),
        (json!({"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}}), any()),
        (json!({"StringEquals": {"aws:SourceOrgID": "o-own0000000"}}), vec![]),
    ] {
        assert_eq!(service(&condition), wanted, "{condition}");
    }
}

#[test]
fn a_deny_for_all_outside_closes_it() {
    let policy = |condition: &Json| {
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"},
            {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": condition},
        ]})
    };
    assert_eq!(who(&policy(&json!({"StringNotEquals": {"aws:PrincipalAccount": OWN}}))), []);
    let elsewhere = json!({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/reader"}});
    assert!(who(&policy(&elsewhere)).contains(&(Who::Anyone, Truth::Yes)));
}

#[test]
fn what_a_deny_leaves_of_several_actions_and_resources_is_enough() {
    let own = json!({"StringNotEquals": {"aws:PrincipalAccount": OWN}});
    let policy = |denied: Json, on: Json| {
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:PutObject"],
                "Resource": ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"]},
            {"Effect": "Deny", "Principal": "*", "Action": denied, "Resource": on, "Condition": own},
        ]})
    };
    let open = |policy: &Json| who(policy).contains(&(Who::Anyone, Truth::Yes));
    assert!(open(&policy(json!("s3:GetObject"), json!("*"))));
    assert!(open(&policy(json!("s3:*"), json!("arn:aws:s3:::a/*"))));
    assert!(!open(&policy(json!("s3:*"), json!("*"))));
    let spared = |deny: Json| {
        open(&json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"}, deny,
        ]}))
    };
    assert!(spared(json!({"Effect": "Deny", "Principal": "*", "NotAction": "s3:GetObject", "Resource": "*"})));
    assert!(spared(
        json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "NotResource": "arn:aws:s3:::b/public/*"})
    ));
}

#[test]
fn anonymous_requests_carry_no_tag_and_no_mark_of_a_service() {
    let anonymous = |statements: Json| {
        let policy = json!({"Version": "2012-10-17", "Statement": statements});
        who(&policy).into_iter().find(|(who, _)| *who == Who::Anonymous).map_or(Truth::No, |(_, truth)| truth)
    };
    let allow = |condition: Json| json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*", "Condition": condition});
    assert_eq!(anonymous(json!([allow(json!({}))])), Truth::Yes);
    assert_eq!(anonymous(json!([allow(json!({"StringEquals": {"aws:PrincipalTag/team": "x"}}))])), Truth::No);
    assert_eq!(anonymous(json!([allow(json!({"StringEqualsIfExists": {"aws:PrincipalAccount": OWN}}))])), Truth::No);
    let deny = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": {
        "StringNotEquals": {"aws:PrincipalOrgID": "o-own0000000"}, "Bool": {"aws:PrincipalIsAWSService": "false"}}});
    assert_eq!(anonymous(json!([allow(json!({})), deny])), Truth::Yes);
}

#[test]
fn whom_a_deny_spares_by_name_and_another_organization_are_told_by_name() {
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"},
        {"Effect": "Deny", "NotPrincipal": {"AWS": [format!("arn:aws:iam::{OTHER}:user/Bob"), OTHER]},
            "Action": "s3:*", "Resource": "*"},
    ]});
    assert_eq!(who(&policy), [(Who::Account(OTHER.to_owned()), Truth::Yes)]);
    let partner = people(&json!("*"), &json!({"StringEquals": {"aws:PrincipalOrgID": "o-partner000"}}));
    assert_eq!(partner, [(Who::Organization("o-partner000".to_owned()), Truth::Yes)]);
}

#[test]
fn an_organization_that_is_not_its_own_is_somebody_else() {
    let policy = document(&json!({
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-other00000"}},
    }));
    let ask = |organization| {
        let found = let_in(&Policy::from_json(&policy), Home { account: OWN, organization });
        found.iter().any(|one| one.truth == Truth::Yes)
    };
    assert!(ask(Some("o-own0000000")));
    assert!(!ask(None));
}

#[test]
fn a_policy_made_to_cost_much_is_left_open() {
    let patterns: Vec<String> =
        (0..200).map(|n| format!("arn:aws:iam::{}:role/*a*b*{n}*", 100_000_000_000_u64 + n)).collect();
    let names: Vec<String> = (0..200).map(|n| format!("s3:Get{n}")).collect();
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": names, "Resource": "*",
            "Condition": {"ArnLike": {"aws:PrincipalArn": patterns}, "StringEquals": {"aws:PrincipalTag/t": "x"}}},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"},
    ]});
    let found = who(&policy);
    assert!(!found.is_empty() && found.iter().all(|(_, truth)| *truth == Truth::Unknown), "{}", found.len());
}
