//! A filter that names an attribute, over a period that is not fully read: AWS is asked, and what is said is no more than
//! what is known.

use mgmtscope::app::Effect;
use mgmtscope::collect::{Attribute, Lookup, RunId};
use mgmtscope::model::{Ask, Batch, Cause, Cell, Event, Origin, OriginKind, Problem, Reading, Status};

use crate::harness::{Harness, wall};

const HOME: &str = "us-east-1";

fn event(number: u32, key: &str) -> Event {
    let raw = serde_json::json!({
        "eventID": format!("00000000-0000-4000-8000-{number:012}"), "eventTime": wall().to_string(), "eventName": "Invented",
        "eventSource": "iam.amazonaws.com", "awsRegion": HOME,
        "userIdentity": {"type": "IAMUser", "userName": "ann", "accessKeyId": key},
    });
    Event::from_record(&raw.to_string()).expect("a record")
}

fn cell(region: &str) -> Cell {
    Cell::regional(Ask::Events, region.into())
}

/// Two Regions, of which one is being read.
fn reading() -> Harness {
    let mut harness = Harness::new(140, 30, Origin { kind: OriginKind::Live, name: "AWS".into(), as_of: None });
    harness.deliver(Batch::Events(vec![event(1, "AKIAONE")]));
    harness.deliver(Batch::Reading(cell(HOME), Reading::of(Status::Reading)));
    harness.deliver(Batch::Reading(cell("eu-west-1"), Reading::complete(0)));
    harness.settle();
    harness
}

fn asked(harness: &Harness) -> Vec<(RunId, Lookup)> {
    let lookup = |effect: &Effect| match effect {
        Effect::LookUp(id, lookup) => Some((*id, lookup.clone())),
        _ => None,
    };
    harness.effects.iter().filter_map(lookup).collect()
}

fn answer(harness: &mut Harness, readings: [Reading; 2], events: Vec<Event>) {
    let (run, _) = asked(harness).pop().expect("it was asked for");
    if !events.is_empty() {
        harness.deliver_to(run, Batch::Events(events));
    }
    for (region, reading) in [HOME, "eu-west-1"].into_iter().zip(readings) {
        harness.deliver_to(run, Batch::Reading(cell(region), reading));
    }
    harness.end_of(run);
    harness.settle();
}

#[test]
fn an_exact_term_is_asked_for_once_it_is_typed_to_the_end() {
    let harness = reading().press("3 / text:key=AKIATWO");
    assert_eq!(asked(&harness), []);
    let harness = harness.press("enter");
    let lookup = Lookup { attribute: Attribute::AccessKeyId, value: "AKIATWO".into() };
    assert_eq!(asked(&harness).len(), 1);
    assert_eq!(asked(&harness)[0].1, lookup);
    assert!(harness.screen().contains("asking AWS for AccessKeyId AKIATWO: 0 so far"), "{}", harness.screen());
    let mut harness = harness;
    answer(&mut harness, [Reading::complete(2), Reading::complete(0)], vec![event(2, "AKIATWO"), event(3, "AKIATWO")]);
    assert_eq!(harness.app.list().rows.len(), 2);
    assert!(harness.screen().contains("AWS has 2 of AccessKeyId AKIATWO in the period"), "{}", harness.screen());
    // The cell is as its own reading says.
    assert_eq!(harness.app.facts.coverage.status(Ask::Events), Status::Reading);
    let harness = harness.press("2 3 j k");
    assert_eq!(asked(&harness).len(), 1, "once is enough");
}

#[test]
fn none_is_only_said_of_what_was_looked_for_everywhere() {
    for (filter, home, says) in [
        ("event=Nope", Reading::complete(0), "AWS has no event of EventName Nope in the period"),
        // A role's name is not CloudTrail's user name.
        ("principal=nope", Reading::complete(0), "AWS has 0 of Username nope in the period"),
        ("event=Nope", Reading::of(Status::Cancelled), "AWS has 0 of EventName Nope in 1 of 2 Regions"),
        (
            "event=Nope",
            Reading { gaps: vec![Problem::new("x", Cause::Throttled, "later", "")], ..Reading::of(Status::Failed) },
            "AWS gave 0 of EventName Nope, perhaps not all: throttled: later",
        ),
    ] {
        let mut harness = reading().press(&format!("3 / text:{filter} enter"));
        assert!(harness.screen().contains("None of 1 rows matches the filter"), "{}", harness.screen());
        answer(&mut harness, [home, Reading::complete(0)], vec![]);
        assert!(harness.screen().contains(says), "{filter}: {}", harness.screen());
    }
    // Without an exact term nobody was asked.
    let harness = reading().press("3 / text:nope enter");
    assert_eq!(asked(&harness), []);
    assert!(harness.screen().contains("not all events of the period are here yet"), "{}", harness.screen());
}

#[test]
fn what_is_read_to_the_end_is_not_asked_for() {
    let mut harness = reading();
    harness.deliver(Batch::Reading(cell(HOME), Reading::complete(1)));
    harness.end();
    assert_eq!(asked(&harness.press("3 / text:key=AKIATWO enter")), []);
    assert_eq!(asked(&Harness::demo(120, 40).press("3 / text:key=AKIATWO enter")), []);
}
