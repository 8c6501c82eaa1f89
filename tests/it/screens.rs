//! Every pane on paper, in every state and two sizes: text, and a map of styles below it.

use mgmtscope::model::{Ask, Batch, Cause, Cell, Event, Origin, Problem, Reading, Role, Status};
use mgmtscope::panes::ALL;

use crate::harness::Harness;

const SIZES: [(u16, u16); 2] = [(80, 24), (200, 60)];

fn each(state: &str, make: impl Fn(u16, u16) -> Harness) {
    for (width, height) in SIZES {
        for pane in ALL {
            let harness = make(width, height).press(&(pane.id as usize + 1).to_string());
            insta::assert_snapshot!(format!("{}_{state}_{width}x{height}", pane.name), harness.styled());
        }
    }
}

/// Nothing has come yet.
#[test]
fn loading() {
    each("loading", |width, height| Harness::new(width, height, Origin::default()));
}

/// Everything was asked and there is nothing.
#[test]
fn empty() {
    each("empty", |width, height| {
        let mut harness = Harness::new(width, height, Origin::default());
        for &ask in Ask::ALL {
            let cell = Cell { ask, region: ask.is_regional().then(|| "us-east-1".into()) };
            harness.deliver(Batch::Reading(cell, Reading::complete(0)));
        }
        harness.end();
        harness
    });
}

/// Everything was refused.
#[test]
fn denied() {
    each("denied", |width, height| {
        let mut harness = Harness::new(width, height, Origin::default());
        for &ask in Ask::ALL {
            let cell = Cell { ask, region: ask.is_regional().then(|| "us-east-1".into()) };
            let gap = Problem::denied(format!("call:{ask}"), format!("service:{ask}"), "not authorized");
            harness.deliver(Batch::Reading(cell, Reading { gaps: vec![gap], ..Reading::of(Status::Denied) }));
        }
        harness.end();
        harness
    });
}

/// Some is there, some is still on its way, one source is throttled.
#[test]
fn partial() {
    each("partial", |width, height| {
        let mut harness = Harness::new(width, height, Origin::default());
        harness.deliver(Batch::Roles(vec![Role {
            name: "Deploy".into(),
            arn: "arn:aws:iam::111122223333:role/Deploy".into(),
            ..Role::default()
        }]));
        let record = r#"{"eventName":"CreateUser","eventSource":"iam.amazonaws.com","eventTime":"2026-12-31T10:00:00Z","eventID":"1",
            "awsRegion":"us-east-1","sourceIPAddress":"192.0.2.7","readOnly":false,"userIdentity":{"type":"AssumedRole",
            "arn":"arn:aws:sts::111122223333:assumed-role/Deploy/ci","accountId":"111122223333"}}"#;
        harness.deliver(Batch::Events(vec![Event::from_record(record).expect("a record")]));
        let reading = Reading { rows: 1, of: Some(300), ..Reading::of(Status::Reading) };
        harness.deliver(Batch::Reading(Cell::global(Ask::AuthorizationDetails), reading));
        let throttled = Reading { rows: 1, eta: Some(240), ..Reading::of(Status::Throttled) };
        harness.deliver(Batch::Reading(Cell::regional(Ask::Events, "us-east-1".into()), throttled));
        let gap = Problem::new("organizations:ListAccounts", Cause::Unreachable, "connection reset", "press r");
        let failed = Reading { gaps: vec![gap], ..Reading::of(Status::Failed) };
        harness.deliver(Batch::Reading(Cell::global(Ask::Accounts), failed));
        harness.settle();
        harness
    });
}

/// The sample organization.
#[test]
fn full() {
    each("full", Harness::demo);
}

/// The detail of the first row of every pane, and the overlays.
#[test]
fn details() {
    for (width, height) in SIZES {
        for pane in ALL {
            let harness = Harness::demo(width, height).press(&format!("{} enter", pane.id as usize + 1));
            insta::assert_snapshot!(format!("{}_detail_{width}x{height}", pane.name), harness.screen());
        }
        for (name, keys) in [
            ("help", "?"),
            ("palette", ":"),
            ("sort", "2 s"),
            ("raw", "3 J"),
            ("filter", "2 / text:kind:"),
            ("histogram", "3 x i"),
            ("groups", "3 G text:principal enter"),
        ] {
            insta::assert_snapshot!(
                format!("{name}_{width}x{height}"),
                Harness::demo(width, height).press(keys).screen()
            );
        }
    }
}

/// Names and agents that an attacker has chosen reach no screen as anything but text.
#[test]
fn hostile_names() {
    let mut harness = Harness::new(80, 24, Origin::default());
    let name = "x\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}nimda\u{200b}";
    harness.deliver(Batch::Roles(vec![Role {
        name: name.into(),
        arn: format!("arn:aws:iam::111122223333:role/{name}").into(),
        ..Role::default()
    }]));
    harness.end();
    // Root is the first row, the role the last.
    let harness = harness.press("2 end enter");
    for cell in &harness.buffer().content {
        assert!(!cell.symbol().chars().any(mgmtscope::model::text::is_hostile), "{:?}", cell.symbol());
    }
    assert!(harness.screen().contains("\\u{1b}]0;owned"), "{}", harness.screen());
}
