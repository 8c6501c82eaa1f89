//! How records are read, with records as AWS and others write them.

use super::*;

#[test]
fn a_session_joins_its_role_by_the_issuer() {
    let event = Event::from_record(
        r#"{"eventName":"CreateUser","eventTime":"2026-11-01T10:00:00Z","readOnly":false,"userIdentity":{"type":"AssumedRole",
        "arn":"arn:aws:sts::111122223333:assumed-role/Deploy/alice","sessionContext":{"sessionIssuer":
        {"arn":"arn:aws:iam::111122223333:role/ci/Deploy","userName":"Deploy"},"attributes":{"mfaAuthenticated":"true"}}}}"#,
    )
    .expect("a record");
    assert_eq!(event.actor.key, "arn:aws:iam::111122223333:role/Deploy");
    assert_eq!(event.actor.name, "Deploy");
    assert_eq!(event.actor.session, "alice");
    assert!(event.actor.mfa);
    assert_eq!(event.read_only, Some(false));
}

#[test]
fn a_sign_in_that_failed_is_an_error_and_its_mfa_is_seen() {
    let record = |more: &str| {
        let raw = format!(
            r#"{{"eventName":"ConsoleLogin","eventSource":"signin.amazonaws.com","userIdentity":{{"type":"Root"}},{more}}}"#
        );
        let event = Event::from_record(&raw).expect("a record");
        (event.error.to_string(), event.actor.mfa)
    };
    let why = r#""errorMessage":"Failed authentication","responseElements":{"ConsoleLogin":"Failure"}"#;
    assert_eq!(record(why), ("Failed authentication".into(), false));
    assert_eq!(record(r#""responseElements":{"ConsoleLogin":"Failure"}"#), ("Failure".into(), false));
    let good = r#""responseElements":{"ConsoleLogin":"Success"},"additionalEventData":{"MFAUsed":"Yes"}"#;
    assert_eq!(record(good), (String::new(), true));
    assert_eq!(record(r#""responseElements":null,"additionalEventData":"odd""#), (String::new(), false));
}

#[test]
fn odd_shapes_do_not_lose_the_event() {
    let event = Event::from_record(
        r#"{"eventName":"X","eventTime":17,"readOnly":"true","userIdentity":{"type":"IAMUser","userName":7,"accountId":111122223333,
        "sessionContext":{"attributes":{"mfaAuthenticated":false}}},"resources":"none"}"#,
    )
    .expect("a record");
    assert_eq!(event.time, None);
    assert_eq!(event.actor.key, "arn:aws:iam::111122223333:user/7");
    assert_eq!(event.read_only, Some(true));
}

#[test]
fn what_is_not_a_record_says_why() {
    assert!(matches!(Event::from_record("{\"a\":1}"), Err(RecordError::NoEventName)));
    assert!(matches!(Event::from_record("<html>"), Err(RecordError::Json(_))));
}

#[test]
fn keys_drop_paths_and_sessions() {
    assert_eq!(principal_key("arn:aws:iam::1:role/a/b/R"), "arn:aws:iam::1:role/R");
    assert_eq!(principal_key("arn:aws:sts::1:assumed-role/R/s"), "arn:aws:iam::1:role/R");
    assert_eq!(principal_key("arn:aws:iam::1:root"), "arn:aws:iam::1:root");
    assert_eq!(principal_key("x"), "x");
}
