//! What a filter becomes: its SQL, what is left to decide here, and that only what is wanted is kept.

use std::fmt::Write as _;

use super::*;
use crate::collect::athena::claim::{say, span};
use crate::collect::athena::layout::Layout;

fn now() -> Timestamp {
    "2026-11-25T12:00:00Z".parse().expect("a time")
}

fn wanted(text: &str) -> Expr {
    Wanted::new(text, false).expect(text).expr(now())
}

#[test]
fn every_column_of_events_is_known_here() {
    let columns: Vec<&str> = ACTIVITY.columns.iter().map(|column| column.name).collect();
    let unknown: Vec<_> = columns.iter().filter(|name| !COLUMNS.contains(name) && !WHOLE.contains(name)).collect();
    assert!(unknown.is_empty(), "a search anywhere cannot be asked of Athena until these are known: {unknown:?}");
}

#[test]
fn the_sql_of_filters() {
    let mut shown = String::new();
    for text in [
        "event:CreateUser",
        "event=CreateUser|DeleteUser",
        "event:create|delete",
        "!event:list",
        "event!describe",
        "event:/^Delete.*Key$/",
        "event:/^(Put|Get)/",
        "source=iam",
        "source!=iam",
        "source:aws",
        "principal=alice",
        "principal:~alice",
        "arn=arn:aws:iam::111122223333:role/Admin",
        "session:bob@example.com",
        "account=111122223333",
        "root",
        "!root",
        "kind:service",
        "kind=unknown",
        "write",
        "rw:-",
        "mfa:no",
        "console",
        "!console",
        "error",
        "!error",
        "error:denied",
        "ip:10.0.0.0/8",
        "!ip:10.0.0.0/8",
        "ip:192.0.2.7/32",
        "ip:10.1.0.0/12",
        "ip:2001:db8::/32",
        "ip=203.0.113.7",
        "region:eu",
        "resource:trail-bucket",
        "resource!logs",
        "agent:boto3",
        "key=AKIAIOSFODNN7EXAMPLE",
        "id=3038EBD2-c98a-4c65-9b6e-e22506292313",
        "needs:management",
        "since:24h",
        "until:2026-11-24T10:00:00.5Z",
        "between:3d..1d",
        "age>2h",
        "!age>2h",
        "time>=2026-11-01",
        "alice",
        "!boto3",
        "2026",
        "~adm",
        "root OR (error !source=s3)",
        "NOT (event=A OR principal:b)",
        "agent:\"it's\"",
        "agent:é",
    ] {
        let said = say(&wanted(text), &Layout::documented());
        writeln!(shown, "{text}\n    {}", said.sql.as_deref().unwrap_or("(every row)")).expect("into a string");
        for (terms, word) in [(&said.widened, "too wide"), (&said.local, "not said")] {
            if !terms.is_empty() {
                writeln!(shown, "    {word}: {}", terms.join("  ")).expect("into a string");
            }
        }
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn what_only_the_whole_log_tells_is_not_asked_in_parts() {
    for (text, whole) in [
        ("", false),
        ("kind:user event:Create", false),
        ("first:address", true),
        ("kind:user !severity:high", true),
        ("root OR (rule:x error)", true),
        ("error", false),
        ("alice", false),
        ("critical", true),
        ("~ali", true),
        ("/ali/", true),
        ("event:/ali/", false),
        ("\"alice bob\"", true),
    ] {
        assert_eq!(Wanted::new(text, false).expect(text).looks_at_all(), whole, "{text}");
    }
    // Nor is anything left out on the way.
    let events = vec![Event { name: "X".into(), ..Event::default() }];
    assert_eq!(Wanted::new("severity:critical", false).expect("a filter").keep(events, now()).len(), 1);
}

#[test]
fn times_that_must_hold_bound_the_period() {
    let time = |text: &str| Some(text.parse::<Timestamp>().expect("a time"));
    for (text, from, to) in [
        ("since:24h root", time("2026-11-24T12:00:00Z"), None),
        ("between:3d..1d since:2d", time("2026-11-23T12:00:00Z"), time("2026-11-24T12:00:00Z")),
        ("age>2h", None, time("2026-11-25T10:00:00Z")),
        ("since:24h OR root", None, None),
        ("!since:24h", None, time("2026-11-24T12:00:00Z")),
    ] {
        assert_eq!(span(&wanted(text)), (from, to), "{text}");
    }
}

#[test]
fn what_sql_left_open_is_decided_by_the_filter() {
    let event = |name: &str, agent: &str| Event {
        name: name.into(),
        agent: agent.into(),
        id: format!("{name}-{agent}").into(),
        ..Event::default()
    };
    let events = vec![event("CreateUser", "aws-cli"), event("CreateUser", "terraform"), event("ListUsers", "aws-cli")];
    let kept = |text: &str| {
        let kept = Wanted::new(text, false).expect(text).keep(events.clone(), now());
        kept.iter().map(|event| event.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(kept(""), ["CreateUser-aws-cli", "CreateUser-terraform", "ListUsers-aws-cli"]);
    assert_eq!(kept("event=CreateUser agent:~awscli"), ["CreateUser-aws-cli"]);
    assert_eq!(kept("event:~crus"), ["CreateUser-aws-cli", "CreateUser-terraform"]);
    assert_eq!(kept("agent:/^aws/"), ["CreateUser-aws-cli", "ListUsers-aws-cli"]);
}
