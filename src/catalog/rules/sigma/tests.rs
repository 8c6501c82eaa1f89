//! What a rule in the Sigma format becomes, and what is refused.

use super::*;
use serde_json::json;

fn yaml(detection: &str) -> String {
    format!("title: A rule\nlogsource: {{product: aws, service: cloudtrail}}\nlevel: high\ndetection:\n{detection}")
}

fn own(files: &[(&str, &str)]) -> Own {
    let mut own = Own::default();
    for (name, text) in files {
        own.add(name, Ok(text));
    }
    own
}

fn one(detection: &str) -> Rule {
    let mut own = own(&[("x.yml", &yaml(detection))]);
    assert!(own.refused.is_empty(), "{:?}", own.refused);
    own.rules.pop().expect("a rule")
}

const WHOLE: &str = "
title: Trail stopped
id: 11111111-2222-4333-8444-555555555555
description: |
    Somebody stopped
    a trail.
references: [https://docs.aws.amazon.com/x, not a page]
tags: [attack.defense-evasion, attack.t1562.008, attack.tone]
logsource: {product: aws, service: cloudtrail}
level: critical
detection:
    selection:
        eventSource: cloudtrail.amazonaws.com
        eventName: [StopLogging, DeleteTrail]
    filter:
        userAgent|contains: terraform
    condition: selection and not filter
";

#[test]
fn a_rule_says_what_its_file_says() {
    let mut own = own(&[("a/Trail stopped!.yml", WHOLE), ("b/trail stopped!.yaml", WHOLE)]);
    assert!(own.refused.is_empty(), "{:?}", own.refused);
    let (second, first) = (own.rules.pop().expect("two"), own.rules.pop().expect("two"));
    assert_eq!([&*first.id, &*second.id], ["sigma.trail-stopped-", "sigma.trail-stopped--2"]);
    assert_eq!((&*first.title, &*first.why), ("Trail stopped", "Somebody stopped a trail."));
    assert_eq!((first.severity, &first.attack[..]), (Severity::Critical, &["T1562.008".to_owned()][..]));
    assert_eq!(first.pages, ["https://docs.aws.amazon.com/x"]);
    let record = |name: &str, agent: &str, error: Value| json!({"eventSource": "cloudtrail.amazonaws.com", "eventName": name, "userAgent": agent, "errorCode": error});
    for (record, expected) in [
        (record("StopLogging", "aws-cli", Value::Null), true),
        (record("deletetrail", "aws-cli", Value::Null), true),
        (record("StopLogging", "aws-cli", json!("AccessDenied")), true),
        (record("StopLogging", "Terraform/1.9", Value::Null), false),
        (record("StartLogging", "aws-cli", Value::Null), false),
        (json!({"eventName": "StopLogging"}), false),
    ] {
        assert_eq!(first.matches(&record), expected, "{record}");
    }
}

#[test]
fn each_part_of_a_rule_looks_at_as_little_as_it_needs() {
    let mut own = own(&[("x.yml", WHOLE)]);
    let rule = own.rules.pop().expect("a rule");
    let mut fields: Vec<Vec<&str>> = Vec::new();
    for condition in &rule.conditions {
        let mut of = Vec::new();
        condition.fields(&mut |field| of.push(field));
        fields.push(of);
    }
    fields.sort();
    assert_eq!(fields, [["eventName"], ["eventSource"], ["userAgent"]]);
}

#[test]
fn detections_mean_what_sigma_says() {
    let record = json!({
        "eventName": "PutBucketPolicy", "userAgent": "", "errorCode": null, "responseElements": null,
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/Ann"},
        "requestParameters": {"bucket": "b-1", "public": true, "n": 7, "deep": {"a": {"b": "x"}},
            "list": [{"cidr": "10.0.0.0/8"}, {"cidr": "0.0.0.0/0"}]},
        "sourceIPAddress": "192.0.2.7",
    });
    for (detection, expected) in [
        ("    s: {eventName|startswith: putbucket}\n    condition: s", true),
        ("    s: {eventName|endswith: [Acl, policy]}\n    condition: s", true),
        ("    s: {eventName: Put*Policy}\n    condition: s", true),
        ("    s: {eventName|cased: putbucketpolicy}\n    condition: s", false),
        ("    s: {eventName|re: '^Put.*y$'}\n    condition: s", true),
        ("    s: {userIdentity.arn|contains|all: [user/, ann]}\n    condition: s", true),
        ("    s: {userIdentity.arn|contains|all: [user/, bob]}\n    condition: s", false),
        ("    s: {requestParameters.list.cidr: 0.0.0.0/0}\n    condition: s", true),
        ("    s: {requestParameters.deep|contains: '\"b\":\"x\"'}\n    condition: s", true),
        ("    s: {requestParameters.public: true}\n    condition: s", true),
        ("    s: {requestParameters.public: 'true'}\n    condition: s", true),
        ("    s: {requestParameters.n: 7}\n    condition: s", true),
        ("    s: {requestParameters.n|gt: 7}\n    condition: s", false),
        ("    s: {sourceIPAddress|cidr: 192.0.2.0/24}\n    condition: s", true),
        ("    s: {errorCode: null}\n    condition: s", true),
        ("    s: {userAgent: null}\n    condition: s", true),
        ("    s: {userAgent|exists: true}\n    condition: s", false),
        ("    s: {responseElements.x|exists: false}\n    condition: s", true),
        ("    s: [{eventName: Nothing}, {eventName: PutBucketPolicy}]\n    condition: s", true),
        (
            "    selection_a: {eventName: No}\n    selection_b: {eventName: PutBucketPolicy}\n    condition: 1 of selection*",
            true,
        ),
        (
            "    selection_a: {eventName: No}\n    selection_b: {eventName: PutBucketPolicy}\n    condition: all of selection*",
            false,
        ),
        ("    a: {eventName: No}\n    b: {eventName: PutBucketPolicy}\n    condition: (a or b) and not 1 of a*", true),
        ("    a: {eventName: No}\n    b: {eventName: PutBucketPolicy}\n    condition: [a, b]", true),
    ] {
        assert_eq!(one(detection).matches(&record), expected, "{detection}");
    }
}

#[test]
fn what_is_not_understood_is_refused_by_name() {
    for (text, reason) in [
        (yaml("    s: {eventName: x\n    condition: s"), "YAML"),
        (yaml("    s: {eventName|nonsense: x}\n    condition: s"), "nonsense"),
        (yaml("    s: {eventName: x}\n    condition: s and t"), "t"),
        (yaml("    s: {eventName: x}\n    condition: s and 1 of t*"), "t*"),
        (yaml("    s: {eventName: x}\n    condition: s and"), ""),
        (yaml("    s: [word, other]\n    condition: s"), "words in any field"),
        (yaml("    s: {eventName|fieldref: eventSource}\n    condition: s"), "fieldref"),
        (yaml("    s: {eventName|re: '('}\n    condition: s"), "regex"),
        (yaml("    s: {eventName: x}\n    timeframe: 5m\n    condition: s"), "timeframe"),
        ("title: Many\ncorrelation: {type: event_count, rules: [x], group-by: [a], timespan: 5m, condition: {gte: 9}}".into(),
            "correlation"),
        ("- 1\n- 2".into(), ""),
        (String::new(), "mapping"),
    ] {
        let own = own(&[("good.yml", WHOLE), ("bad.yml", &text)]);
        assert_eq!(own.rules.len(), 1, "{text}");
        let (file, why) = own.refused.first().unwrap_or_else(|| panic!("not refused: {text}"));
        assert!(file == "bad.yml" && why.contains(reason), "{text}: {why}");
        assert_eq!(own.note(), "1 of 2 rule files not understood: bad.yml");
    }
}

#[test]
fn rules_of_other_logs_are_counted_and_nothing_else() {
    let other = WHOLE.replace("cloudtrail}", "guardduty}");
    let own = own(&[("x.yml", &other)]);
    assert_eq!((own.rules.len(), own.others, own.refused.len(), own.note()), (0, 1, 0, String::new()));
}

#[test]
fn what_a_file_says_is_cleaned() {
    let text = WHOLE.replace("Trail stopped", "\"Evil \\e[31m \\u202e\"");
    let own = own(&[("x\u{1b}.yml", &text)]);
    let rule = own.rules.first().expect("a rule");
    assert!(!rule.title.chars().any(|c| c.is_control() || c == '\u{202e}'), "{:?}", rule.title);
    assert_eq!(rule.id, "sigma.x-");
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,60}") {
        let mut own = Own::default();
        own.add("x.yml", Ok(&text));
        own.add("y.yml", Ok(&yaml(&format!("    s: {{eventName: x}}\n    condition: {text}"))));
    }
}
