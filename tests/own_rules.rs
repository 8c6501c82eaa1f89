//! Rules of the user's own, installed in a program of its own: the quick reader of log files judges as the slow one does.

use std::path::Path;

use mgmtscope::catalog::rules::sigma::Own;
use mgmtscope::catalog::rules::{InUse, install, rules};
use mgmtscope::collect::files::{fetch, quick, trail};
use mgmtscope::collect::judged;
use mgmtscope::model::log::part::Builder;
use mgmtscope::model::log::{EventLog, Field};
use serde_json::{Value, json};

const RULES: [(&str, &str); 6] = [
    ("call", "    s: {eventSource: iam.amazonaws.com, eventName: [createuser, GetUser]}\n    condition: s"),
    ("agent", "    s: {eventName|startswith: Get}\n    f: {userAgent|contains: Terraform}\n    condition: s and not f"),
    (
        "identity",
        "    s: {userIdentity.type: Root}\n    t: {userIdentity.userName: null, userIdentity.arn: null}\n    condition: s or t",
    ),
    (
        "request",
        "    s_a: {requestParameters.userName: ann}\n    s_b: {requestParameters|contains: bob}\n    condition: 1 of s_*",
    ),
    (
        "failed",
        "    s: {errorCode|exists: true}\n    f: {additionalEventData.x|exists: true}\n    condition: s and not f",
    ),
    ("address", "    s: {sourceIPAddress|cidr: 192.0.2.0/24, eventType: AwsApiCall}\n    condition: s"),
];

fn records() -> Vec<Value> {
    let mut records = Vec::new();
    for name in ["CreateUser", "GetUser", "ListUsers"] {
        for agent in [json!("aws-cli/2"), json!("terraform/1"), json!(""), Value::Null] {
            for who in [
                json!({"type": "Root", "arn": "arn:aws:iam::111122223333:root", "accountId": "111122223333"}),
                json!({"type": "IAMUser", "userName": "ann"}),
                Value::Null,
            ] {
                for request in [json!({"userName": "Ann"}), json!({"list": [{"a": "Bob"}]}), Value::Null] {
                    for (error, ip, more) in [
                        (Value::Null, "192.0.2.7", Value::Null),
                        (json!("AccessDenied"), "198.51.100.1", json!({"x": 1})),
                        (json!(""), "", json!({"x": null})),
                        (json!("AccessDenied"), "iam.amazonaws.com", json!({})),
                    ] {
                        records.push(json!({
                            "eventVersion": "1.09", "userIdentity": who, "eventTime": "2026-11-01T10:00:00Z",
                            "eventSource": "iam.amazonaws.com", "eventName": name, "awsRegion": "us-east-1",
                            "sourceIPAddress": ip, "userAgent": agent, "errorCode": error, "requestParameters": request,
                            "responseElements": null, "additionalEventData": more, "eventType": "AwsApiCall",
                            "eventID": format!("{:08x}-0000-4000-8000-000000000000", records.len()),
                            "recipientAccountId": "111122223333",
                        }));
                    }
                }
            }
        }
    }
    records
}

fn builder() -> Builder {
    let mut builder = Builder::default();
    builder.file(Path::new("memory").into(), fetch::open);
    builder
}

/// The ids of rules that each event raises, in order of their ids.
fn raised(builder: Builder) -> Vec<String> {
    let mut log = EventLog::default();
    log.join(&builder.finish());
    let mut said: Vec<String> =
        log.iter().map(|row| format!("{} {}", row.event_id(), row.word(Field::Rules))).collect();
    said.sort();
    said
}

#[test]
fn readers_agree_with_rules_of_the_users_own() {
    let mut own = Own::default();
    for (name, detection) in RULES {
        let head = "title: T\nlogsource: {product: aws, service: cloudtrail}\ndetection:\n";
        own.add(&format!("{name}.yml"), Ok(&format!("{head}{detection}")));
    }
    assert!(own.refused.is_empty(), "{:?}", own.refused);
    install(own).expect("nobody has asked yet");
    assert_eq!(install(Own::default()), Err(InUse));

    let file = json!({ "Records": records() }).to_string();
    let mut slowly = builder();
    let push = |event, at| {
        slowly.push_at(&judged(event), u32::try_from(at).expect("small"));
        Ok(())
    };
    let told = trail::read(file.as_bytes(), 1 << 20, push).expect("nobody stops");
    let mut quickly = builder();
    quick::read(file.as_bytes(), &mut quickly, &mut quick::Known::default()).expect("as CloudTrail writes it");
    let (slow, quick) = (raised(slowly), raised(quickly));
    assert_eq!((slow.len(), told.left_out), (records().len(), 0));
    for (record, (quick, slow)) in records().iter().zip(quick.iter().zip(&slow)) {
        assert_eq!(quick, slow, "{record}");
    }
    for (name, _) in RULES {
        let id = format!("sigma.{name}");
        let raised = slow.iter().filter(|said| said.contains(&id)).count();
        assert!(raised > 0 && raised < slow.len(), "{id}: {raised}");
        assert!(rules().get(&id).is_some(), "{id}");
    }
}
