//! The rules are whole, and mean what they say.

use super::*;
use serde_json::json;

#[test]
fn every_rule_is_whole() {
    let rules = rules();
    let mut ids = std::collections::HashSet::new();
    for rule in &rules.all {
        assert!(ids.insert(&rule.id) && rule.id.starts_with(&format!("{}.", rule.plane)), "{}", rule.id);
        assert!(rule.title.chars().count() <= 70 && !rule.title.ends_with('.'), "{}: {}", rule.id, rule.title);
        assert!(rule.why.chars().count() <= 140, "{}", rule.id);
        assert!(!rule.attack.is_empty() && !rule.calls.is_empty(), "{}", rule.id);
        assert!(rule.attack.iter().all(|id| id.starts_with('T') && id.len() >= 5), "{}: {:?}", rule.id, rule.attack);
        assert!(!rule.pages.is_empty() && rule.pages.iter().all(|page| page.starts_with("https://")), "{}", rule.id);
        for condition in &rule.conditions {
            condition.patterns(&mut |pattern| assert!(pattern.is_sound(), "{}: {pattern:?}", rule.id));
        }
        if let Some(burst) = &rule.burst {
            assert!(burst.count > 1 && burst.seconds() >= 60, "{}", rule.id);
        }
    }
    // What nobody else watches.
    let of = |planes: &[&str]| rules.all.iter().filter(|rule| planes.contains(&rule.plane.as_str())).count();
    assert!(rules.all.len() >= 60 && of(&["organization", "root", "access", "billing"]) >= 25);
}

fn raised(record: &Value) -> Vec<&'static str> {
    rules().raised(record).iter().map(|rule| rule.id.as_str()).collect()
}

#[test]
fn a_rule_is_raised_by_what_it_tells_of_and_by_nothing_else() {
    let detach = |policy: &str, error: Value| {
        json!({"eventSource": "organizations.amazonaws.com", "eventName": "DetachPolicy", "errorCode": error,
            "requestParameters": {"policyId": policy, "targetId": "ou-1"}})
    };
    assert_eq!(
        raised(&detach("p-FullAWSAccess", Value::Null)),
        ["organization.full-access-detached", "organization.policy-detached", "organization.many-changes"]
    );
    assert_eq!(raised(&detach("p-abc", Value::Null)), ["organization.policy-detached", "organization.many-changes"]);
    assert!(!raised(&detach("p-abc", json!("AccessDenied"))).contains(&"organization.policy-detached"));
    assert!(raised(&json!({"eventSource": "iam.amazonaws.com", "eventName": "DetachPolicy"})).is_empty());
}

#[test]
fn a_condition_holds_as_it_is_written() {
    let record = json!({"a": {"list": [{"b": "X"}, {"b": ["Y", "z"]}], "n": "200", "flag": false, "none": null}});
    let holds = |condition: Value| {
        serde_json::from_value::<Condition>(condition.clone())
            .unwrap_or_else(|e| panic!("{condition}: {e}"))
            .holds(&record)
    };
    for (condition, expected) in [
        (json!({"field": "a.list.b", "is": ["X"]}), true),
        (json!({"field": "a.list.b", "is": ["x"]}), false),
        (json!({"field": "a.list.b", "is": ["z"]}), true),
        (json!({"field": "a.list.b", "contains": ["y\",\"Z"]}), true),
        (json!({"field": "a.list.b", "starts": ["x"]}), true),
        (json!({"field": "a.list.b", "ends": ["q"]}), false),
        (json!({"field": "a.n", "above": 180}), true),
        (json!({"field": "a.n", "below": 180}), false),
        (json!({"field": "a.flag", "is": ["false"]}), true),
        (json!({"field": "a.none", "exists": true}), false),
        (json!({"field": "a.missing", "exists": false}), true),
        (json!({"field": "a.list", "matches": "^\\[.*\"b\":\"x\""}), true),
        (json!({"not": {"field": "a.missing", "is": ["1"]}}), true),
        (json!({"any": [{"field": "a.n", "is": ["1"]}, {"field": "a.n", "is": ["200"]}]}), true),
        (json!({"all": [{"field": "a.n", "is": ["1"]}, {"field": "a.n", "is": ["200"]}]}), false),
        (json!({"field": "@actor", "is": ["unknown"]}), true),
        (json!({"field": "@foreign", "is": ["false"]}), true),
    ] {
        assert_eq!(holds(condition.clone()), expected, "{condition}");
    }
}

proptest::proptest! {
    #[test]
    fn no_record_panics(name in "(DetachPolicy|ConsoleLogin|AssumeRole|[A-Z][a-z]{0,8})", text in "\\PC{0,20}", n: i64) {
        let record = json!({"eventName": name, "eventSource": "iam.amazonaws.com", "errorCode": n, "userAgent": text,
            "userIdentity": [text], "requestParameters": {"policyId": [n, null, {"a": text}]}});
        let _ = rules().raised(&record);
    }
}
