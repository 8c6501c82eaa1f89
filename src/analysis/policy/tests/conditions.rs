//! Conditions, each in an Allow and in a Deny. Tables after reference_policies_elements_condition_operators,
//! reference_policies_condition-single-vs-multi-valued-context-keys and reference_policies_variables.

use serde_json::{Value as Json, json};

use super::super::Verdict;
use super::{OWN, allow, verdict};

/// Whether the condition holds, in a statement of each effect.
fn holds_by_effect(version: &str, condition: &Json, context: &Json) -> [bool; 2] {
    let statement = |effect: &str| {
        json!({"Version": version, "Statement": [
            {"Effect": effect, "Action": "s3:ListBucket", "Resource": "*", "Condition": condition},
        ]})
    };
    let case = |policies: Json| {
        json!({
            "request": {"principal": format!("arn:aws:iam::{OWN}:user/a"), "action": "s3:ListBucket",
                "resource": "arn:aws:s3:::b", "context": context},
            "identity_policies": policies,
        })
    };
    let allowed = match verdict(&case(json!([statement("Allow")]))) {
        Verdict::Allowed => true,
        Verdict::ImplicitlyDenied => false,
        other => panic!("{other:?}: {condition} {context}"),
    };
    let denied = match verdict(&case(json!([statement("Deny"), allow("*")]))) {
        Verdict::ExplicitlyDenied => true,
        Verdict::Allowed => false,
        other => panic!("{other:?}: {condition} {context}"),
    };
    [allowed, denied]
}

fn assert_holds(condition: &Json, context: &Json, wanted: bool) {
    let is = holds_by_effect("2012-10-17", condition, context);
    assert_eq!(is, [wanted; 2], "{condition} {context}");
}

/// Every operator: a value of a policy, a value of a request that is not like it, and whether the operator is negated.
const OPERATORS: &[(&str, &str, &str, bool)] = &[
    ("StringEquals", "a", "b", false),
    ("StringNotEquals", "a", "b", true),
    ("StringEqualsIgnoreCase", "A", "b", false),
    ("StringNotEqualsIgnoreCase", "A", "b", true),
    ("StringLike", "a*", "b", false),
    ("StringNotLike", "a*", "b", true),
    ("NumericEquals", "1", "2", false),
    ("NumericNotEquals", "1", "2", true),
    ("NumericLessThan", "1.5", "2", false),
    ("NumericLessThanEquals", "1", "2", false),
    ("NumericGreaterThan", "0", "-1", false),
    ("NumericGreaterThanEquals", "1", "0", false),
    ("DateEquals", "2020-01-01", "2021-01-01", false),
    ("DateNotEquals", "2020-01-01", "2021-01-01", true),
    ("DateLessThan", "2020-01-02", "2021-01-01", false),
    ("DateLessThanEquals", "2020-01-01", "2021-01-01", false),
    ("DateGreaterThan", "2019-12-31T23:59:59Z", "2019-01-01", false),
    ("DateGreaterThanEquals", "1577836800", "2019-01-01", false),
    ("Bool", "true", "false", false),
    ("BinaryEquals", "YQ==", "Yg==", false),
    ("IpAddress", "10.0.0.0/8", "11.0.0.1", false),
    ("NotIpAddress", "10.0.0.0/8", "11.0.0.1", true),
    ("ArnEquals", "arn:aws:sns:*:1:t", "arn:aws:sns:eu-west-1:2:t", false),
    ("ArnLike", "arn:aws:sns:*:1:?", "arn:aws:sns:eu-west-1:2:t", false),
    ("ArnNotEquals", "arn:aws:sns:*:1:t", "arn:aws:sns:eu-west-1:2:t", true),
    ("ArnNotLike", "arn:aws:sns:*:1:?", "arn:aws:sns:eu-west-1:2:t", true),
];

/// A value of a request that is like the operator's value of a policy.
fn equal(operator: &str) -> &'static str {
    match operator {
        name if name.starts_with("String") => "a",
        name if name.starts_with("Numeric") => "1",
        name if name.starts_with("Date") => "2020-01-01T00:00:00Z",
        "Bool" => "TRUE",
        "BinaryEquals" => "YQ==",
        "IpAddress" | "NotIpAddress" => "10.1.2.3",
        _ => "arn:aws:sns:eu-west-1:1:t",
    }
}

#[test]
fn an_operator_compares_and_its_negation_turns_that_round() {
    for &(operator, wanted, other, negated) in OPERATORS {
        assert_holds(&json!({operator: {"k": wanted}}), &json!({"k": equal(operator)}), !negated);
        assert_holds(&json!({operator: {"k": wanted}}), &json!({"k": other}), negated);
        // One of several is enough; of a negated operator none may be equal.
        let several = if operator.contains("Than") { [wanted, wanted] } else { [other, wanted] };
        assert_holds(&json!({operator: {"k": several}}), &json!({"K": equal(operator)}), !negated);
        let upper = operator.to_ascii_uppercase();
        assert_holds(&json!({upper: {"k": wanted}}), &json!({"k": equal(operator)}), !negated);
    }
}

#[test]
fn an_absent_key_fails_an_operator_and_passes_its_negation() {
    for &(operator, wanted, _, negated) in OPERATORS {
        for (form, holds) in [
            (operator.to_owned(), negated),
            (format!("{operator}IfExists"), true),
            (format!("ForAllValues:{operator}"), true),
            (format!("ForAnyValue:{operator}"), false),
            (format!("ForAllValues:{operator}IfExists"), true),
            (format!("ForAnyValue:{operator}IfExists"), true),
        ] {
            assert_holds(&json!({form.as_str(): {"k": wanted}}), &json!({}), holds);
            assert_holds(&json!({form.as_str(): {"k": wanted}}), &json!({"k": []}), holds);
        }
    }
}

#[test]
fn many_values_need_a_set_operator_which_tests_them_one_by_one() {
    for &(operator, wanted, other, negated) in OPERATORS {
        let equal = equal(operator);
        for (form, values, holds) in [
            (operator.to_owned(), json!([equal]), false),
            (operator.to_owned(), json!([equal, other]), false),
            (format!("{operator}IfExists"), json!([equal, other]), false),
            (format!("ForAllValues:{operator}"), json!([equal, equal]), !negated),
            (format!("ForAllValues:{operator}"), json!([equal, other]), false),
            (format!("ForAllValues:{operator}"), json!([other, other]), negated),
            (format!("ForAnyValue:{operator}"), json!([equal, equal]), !negated),
            (format!("ForAnyValue:{operator}"), json!([equal, other]), true),
            (format!("ForAnyValue:{operator}"), json!([other, other]), negated),
            // One value is as good as a list of one.
            (format!("ForAllValues:{operator}"), json!(equal), !negated),
            (format!("ForAnyValue:{operator}"), json!(other), negated),
        ] {
            assert_holds(&json!({form.as_str(): {"k": wanted}}), &json!({"k": values}), holds);
        }
    }
}

#[test]
fn what_is_not_of_the_operators_kind_satisfies_neither_it_nor_its_negation() {
    for operator in
        ["Numeric", "Date", "Arn"].map(|kind| [format!("{kind}Equals"), format!("{kind}NotEquals")]).concat()
    {
        assert_holds(&json!({operator.as_str(): {"k": "x y"}}), &json!({"k": equal(&operator)}), false);
        assert_holds(&json!({operator.as_str(): {"k": equal(&operator)}}), &json!({"k": "x y"}), false);
    }
    for (operator, wanted, value) in [
        ("NotIpAddress", "10.0.0.0/8", "x"),
        ("NotIpAddress", "10.0.0.0/40", "11.0.0.1"),
        ("Bool", "true", "yes"),
        ("Bool", "yes", "true"),
        ("BinaryEquals", "YQ==", "%%"),
        ("ArnNotLike", "arn:aws:s3", "arn:aws:s3:::b"),
    ] {
        assert_holds(&json!({operator: {"k": wanted}}), &json!({"k": value}), false);
    }
}

#[test]
fn the_tables_of_the_page_of_operators() {
    let job = json!({"StringEquals": {"aws:PrincipalTag/job-category": "iamuser-admin"}});
    let prefix = json!({"StringLike": {"s3:prefix": ["home/", "home/${aws:username}/"]}});
    let tags = json!({
        "StringEqualsIgnoreCase": {"aws:RequestTag/environment": ["preprod", "storage"]},
        "ForAnyValue:StringEquals": {"aws:TagKeys": "environment"},
    });
    let secure = json!({"Bool": {"aws:SecureTransport": "false"}});
    let binary = json!({"BinaryEquals": {"key": "QmluYXJ5VmFsdWVJbkJhc2U2NA=="}});
    let address = json!({"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:DB8:1234:5678::/64"]}});
    let arn = json!({"ArnEquals": {"aws:SourceArn": "arn:aws:sns:us-west-2:123456789012:TOPIC-ID"}});
    let logs = json!({"ForAllValues:ArnLike": {"logs:LogGeneratingResourceArns": [
        "arn:aws:cloudfront::123456789012:distribution/*", "arn:aws:cloudfront::123456789012:distribution/support*",
    ]}});
    let of = |account: &str, name: &str| format!("arn:aws:cloudfront::{account}:distribution/{name}");
    let instance = json!({"StringLikeIfExists": {"ec2:InstanceType": ["t1.*", "t2.*", "m3.*"]}});
    for (condition, context, wanted) in [
        (&job, json!({"aws:PrincipalTag/job-category": "iamuser-admin"}), true),
        (&job, json!({"aws:PrincipalTag/job-category": "dev-ops"}), false),
        (&job, json!({}), false),
        (&prefix, json!({"s3:prefix": "home/martha_rivera/", "aws:username": "martha_rivera"}), true),
        (&prefix, json!({"s3:prefix": "home/martha_rivera/", "aws:username": "nikki_wolf"}), false),
        (&prefix, json!({"s3:prefix": "home/martha_rivera/"}), false),
        (&prefix, json!({"s3:prefix": "home/"}), true),
        (&tags, json!({"aws:TagKeys": ["environment"], "aws:RequestTag/environment": "preprod"}), true),
        (&tags, json!({"aws:TagKeys": ["environment", "costcenter"], "aws:RequestTag/environment": "PreProd"}), true),
        (&tags, json!({"aws:TagKeys": ["Environment"], "aws:RequestTag/Environment": "preprod"}), false),
        (&tags, json!({"aws:TagKeys": ["costcenter"], "aws:RequestTag/environment": "preprod"}), false),
        (&tags, json!({"aws:RequestTag/environment": "storage"}), false),
        (&tags, json!({"aws:TagKeys": ["environment"]}), false),
        (&tags, json!({}), false),
        (&secure, json!({"aws:SecureTransport": "false"}), true),
        (&secure, json!({"aws:SecureTransport": "true"}), false),
        (&secure, json!({}), false),
        (&binary, json!({"key": "QmluYXJ5VmFsdWVJbkJhc2U2NA=="}), true),
        (&binary, json!({"key": "ASIAIOSFODNN7EXAMPLE"}), false),
        (&binary, json!({}), false),
        (&address, json!({"aws:SourceIp": "203.0.113.1"}), true),
        (&address, json!({"aws:SourceIp": "198.51.100.1"}), false),
        (&address, json!({"aws:SourceIp": "2001:db8:1234:5678::9"}), true),
        (&arn, json!({"aws:SourceArn": "arn:aws:sns:us-west-2:123456789012:TOPIC-ID"}), true),
        (&arn, json!({"aws:SourceArn": "arn:aws:sns:us-west-2:777788889999:TOPIC-ID"}), false),
        (&arn, json!({}), false),
        (&logs, json!({"logs:LogGeneratingResourceArns": [of("123456789012", "costcenter")]}), true),
        (
            &logs,
            json!({"logs:LogGeneratingResourceArns": [of("123456789012", "costcenter"), of("123456789012", "support2025")]}),
            true,
        ),
        (&logs, json!({"logs:LogGeneratingResourceArns": [of("777788889999", "costcenter")]}), false),
        (&logs, json!({}), true),
        (&instance, json!({"ec2:InstanceType": "t1.micro"}), true),
        (&instance, json!({"ec2:InstanceType": "m2.micro"}), false),
        (&instance, json!({}), true),
    ] {
        assert_holds(condition, &context, wanted);
    }
}

#[test]
fn null_asks_whether_there_is_a_value() {
    for form in ["Null", "ForAnyValue:Null", "ForAllValues:Null"] {
        for (wanted, context, holds) in [
            (json!("true"), json!({}), true),
            (json!("false"), json!({}), false),
            (json!("true"), json!({"k": "x"}), false),
            (json!("false"), json!({"k": "x"}), true),
            (json!(false), json!({"k": ["x", "y"]}), true),
            (json!(["true", "false"]), json!({}), true),
            (json!("true"), json!({"k": []}), true),
            // "it is possible to include an empty string. In this case, the value in the request context is null."
            (json!("true"), json!({"k": ""}), true),
            (json!("maybe"), json!({}), false),
            (json!([]), json!({}), false),
        ] {
            assert_holds(&json!({form: {"k": wanted}}), &context, holds);
        }
    }
}

#[test]
fn an_empty_text_is_a_null_data_set_for_set_operators_only() {
    for (operator, holds) in [
        ("ForAllValues:StringEquals", true),
        ("ForAllValues:StringNotEquals", true),
        ("ForAnyValue:StringEquals", false),
        ("ForAnyValue:StringNotEquals", false),
        ("ForAnyValue:StringEqualsIfExists", false),
        ("StringEquals", false),
        ("StringNotEquals", true),
    ] {
        assert_holds(&json!({operator: {"k": "x"}}), &json!({"k": ""}), holds);
    }
    assert_holds(&json!({"StringLike": {"k": ["", "home/"]}}), &json!({"k": ""}), true);
}

#[test]
fn all_operators_and_all_keys_must_hold() {
    let both = json!({"StringEquals": {"a": "1", "b": ["2", "3"]}, "Bool": {"c": true}});
    assert_holds(&both, &json!({"a": "1", "b": "3", "c": "true"}), true);
    for context in [
        json!({"a": "1", "b": "3", "c": "false"}),
        json!({"a": "2", "b": "3", "c": "true"}),
        json!({"a": "1", "b": "4", "c": "true"}),
        json!({"a": "1", "b": "3"}),
    ] {
        assert_holds(&both, &context, false);
    }
    assert_holds(&json!({}), &json!({}), true);
}

#[test]
fn numbers_and_truth_values_of_json_are_as_good_as_their_text() {
    assert_holds(&json!({"NumericEquals": {"k": 10}}), &json!({"k": "10.0"}), true);
    assert_holds(&json!({"NumericEquals": {"k": [9, 10]}}), &json!({"k": 10}), true);
    assert_holds(&json!({"StringEquals": {"k": true}}), &json!({"k": "true"}), true);
    assert_holds(&json!({"Bool": {"k": false}}), &json!({"k": "FALSE"}), true);
}

#[test]
fn variables_stand_under_string_arn_and_bool_operators() {
    for (operator, value, holds) in [
        ("StringEquals", "x", true),
        ("StringEqualsIgnoreCase", "X", true),
        ("StringLike", "x", true),
        ("Bool", "true", true),
        ("ArnLike", "arn:aws:iam::1:user/x", true),
        // "Policy variables - Not supported"
        ("NumericEquals", "1", false),
        ("DateEquals", "2020-01-01", false),
        ("BinaryEquals", "YQ==", false),
        ("IpAddress", "10.0.0.1", false),
        ("Null", "true", false),
    ] {
        assert_holds(&json!({operator: {"k": "${v}"}}), &json!({"k": value, "v": value}), holds);
    }
}

#[test]
fn variables_exist_since_the_version_of_2012() {
    let condition = json!({"StringLike": {"k": "${aws:username}"}});
    let replaced = json!({"k": "x", "aws:username": "x"});
    let written = json!({"k": "${aws:username}", "aws:username": "x"});
    for (version, context, holds) in [
        ("2012-10-17", &replaced, true),
        ("2012-10-17", &written, false),
        ("2008-10-17", &replaced, false),
        ("2008-10-17", &written, true),
    ] {
        assert_eq!(holds_by_effect(version, &condition, context), [holds; 2], "{version} {context}");
    }
    let star = json!({"StringLike": {"k": "a${*}b"}});
    assert_eq!(holds_by_effect("2012-10-17", &star, &json!({"k": "a*b"})), [true; 2]);
    assert_eq!(holds_by_effect("2012-10-17", &star, &json!({"k": "axb"})), [false; 2]);
    assert_eq!(holds_by_effect("2008-10-17", &star, &json!({"k": "a${x}b"})), [true; 2]);
}

/// "Inverted condition operators like StringNotEquals [...] do match against a null value": the example is a Deny. Yet "if
/// AWS cannot resolve a variable this might cause the entire statement to be invalid": no Allow rests on it.
#[test]
fn a_variable_without_value_equals_nothing_and_no_allow_rests_on_it() {
    let context = json!({"s3:ExistingObjectTag/Team": "red", "many": ["a", "b"], "arn": "arn:aws:iam::1:user/x"});
    for (operator, key, wanted, by_effect) in [
        ("StringEquals", "s3:ExistingObjectTag/Team", "${aws:PrincipalTag/Team}", [false, false]),
        ("StringNotEquals", "s3:ExistingObjectTag/Team", "${aws:PrincipalTag/Team}", [false, true]),
        ("StringNotEqualsIfExists", "s3:ExistingObjectTag/Team", "${aws:PrincipalTag/Team}", [false, true]),
        ("StringNotEqualsIgnoreCase", "s3:ExistingObjectTag/Team", "${aws:PrincipalTag/Team}", [false, true]),
        ("StringNotLike", "s3:ExistingObjectTag/Team", "${aws:PrincipalTag/Team}*", [false, true]),
        ("ArnNotLike", "arn", "arn:aws:iam::1:user/${aws:username}", [false, true]),
        ("ArnNotEquals", "arn", "${aws:PrincipalArn}", [false, true]),
        // A key with many values cannot be a variable.
        ("StringNotEquals", "s3:ExistingObjectTag/Team", "${many}", [false, true]),
        ("StringNotEquals", "s3:ExistingObjectTag/Team", "${aws:PrincipalTag/Team, 'red'}", [false, false]),
        ("StringNotEquals", "s3:ExistingObjectTag/Team", "${aws:PrincipalTag/Team, 'blue'}", [true, true]),
        ("StringEquals", "s3:ExistingObjectTag/Team", "${aws:PrincipalTag/Team, 'red'}", [true, true]),
    ] {
        let condition = json!({operator: {key: wanted}});
        assert_eq!(holds_by_effect("2012-10-17", &condition, &context), by_effect, "{condition}");
    }
}

#[test]
fn string_operators_hold_case_apart_or_not_and_know_wildcards_or_not() {
    for (operator, wanted, value, holds) in [
        ("StringEquals", "johndoe", "JohnDoe", false),
        ("StringEqualsIgnoreCase", "johndoe", "JohnDoe", true),
        ("StringEqualsIgnoreCase", "STRASSE É", "strasse é", true),
        ("StringEquals", "a*", "ab", false),
        ("StringEquals", "a*", "a*", true),
        ("StringEqualsIgnoreCase", "A?", "ab", false),
        ("StringLike", "A*", "ab", false),
        ("StringLike", "a?c*", "abc", true),
        ("StringLike", "a?c", "ac", false),
        ("StringLike", "arn:aws:s:*:111122223333:finance/*", "arn:aws:s:r:9:store/abc:111122223333:finance/x", true),
        ("ArnLike", "arn:aws:s:*:111122223333:finance/*", "arn:aws:s:r:9:store/abc:111122223333:finance/x", false),
        ("StringLike", "", "", true),
        ("StringNotLike", "*", "x", false),
    ] {
        assert_holds(&json!({operator: {"k": wanted}}), &json!({"k": value}), holds);
    }
}

#[test]
fn an_operator_that_does_not_exist_leaves_it_open() {
    let case = |action: &str| {
        json!({
            "request": {"principal": format!("arn:aws:iam::{OWN}:user/a"), "action": action, "resource": "*"},
            "identity_policies": [allow("iam:*"), {"Version": "2012-10-17", "Statement": [{"Effect": "Deny",
                "Action": "iam:Delete*", "Resource": "*", "Condition": {"StringMatches": {"aws:username": "x"}}}]}],
        })
    };
    assert_eq!(verdict(&case("iam:DeleteUser")), Verdict::CannotTell);
    assert_eq!(verdict(&case("iam:CreateUser")), Verdict::Allowed);
    assert_eq!(verdict(&case("s3:ListBucket")), Verdict::ImplicitlyDenied);
}
