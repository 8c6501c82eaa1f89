//! Following new events, without a clock and without AWS: when it asks, what it does with the answers, what it says.

use jiff::{SignedDuration, Timestamp};
use mgmtscope::app::Effect;
use mgmtscope::collect::{Held, RunId};
use mgmtscope::model::{Ask, Batch, Cause, Cell, Event, Origin, OriginKind, Problem, Reading, Region, Status};
use std::collections::BTreeMap;

use crate::harness::{Harness, wall};

const HOME: &str = "us-east-1";

fn after(seconds: i64) -> Timestamp {
    wall() + SignedDuration::from_secs(seconds)
}

fn cell() -> Cell {
    Cell::regional(Ask::Events, HOME.into())
}

fn event(number: u32, time: Timestamp, agent: &str) -> Event {
    let raw = serde_json::json!({
        "eventID": format!("00000000-0000-4000-8000-{number:012}"), "eventTime": time.to_string(), "eventName": "Invented",
        "eventSource": "iam.amazonaws.com", "awsRegion": HOME, "userAgent": agent,
        "userIdentity": {"type": "IAMUser", "userName": "ann", "arn": "arn:aws:iam::111122223333:user/ann"},
    });
    Event::from_record(&raw.to_string()).expect("a record")
}

fn read(since: Timestamp, until: Timestamp, rows: u64) -> Reading {
    Reading { since: Some(since), until: Some(until), ..Reading::complete(rows) }
}

/// A live account whose events were read: 40 of them, a minute apart.
fn live() -> Harness {
    let mut harness = reading();
    harness.deliver(Batch::Reading(cell(), read(after(-3600), wall(), 40)));
    harness.end();
    harness
}

/// The same while the reading goes on.
fn reading() -> Harness {
    let origin = Origin { kind: OriginKind::Live, name: "AWS".into(), as_of: None };
    let mut harness = Harness::new(100, 30, origin);
    harness.deliver(Batch::Events((1..=40).map(|n| event(n, after(-60 * i64::from(n)), "aws-cli")).collect()));
    let open = Reading { status: Status::Reading, ..read(after(-3000), wall(), 40) };
    harness.deliver(Batch::Reading(cell(), open));
    harness
}

/// The readings of newer events that were ordered.
fn orders(harness: &Harness) -> Vec<(RunId, BTreeMap<Region, Held>, SignedDuration)> {
    let follow = |effect: &Effect| match effect {
        Effect::Follow(id, held, again) => Some((*id, held.clone(), *again)),
        _ => None,
    };
    harness.effects.iter().filter_map(follow).collect()
}

/// The reading that was ordered last comes to its end.
fn answer(harness: &mut Harness, reading: Reading, events: Vec<Event>) {
    let (run, ..) = orders(harness).pop().expect("one was ordered");
    if !events.is_empty() {
        harness.deliver_to(run, Batch::Events(events));
    }
    harness.deliver_to(run, Batch::Reading(cell(), reading));
    harness.end_of(run);
}

fn cell_of(harness: &Harness) -> Reading {
    harness.app.facts.coverage.get(&cell()).expect("read").clone()
}

fn footer(harness: &Harness) -> String {
    harness.screen().lines().last().unwrap_or_default().to_owned()
}

#[test]
fn f_asks_for_what_is_newer_at_once_and_then_every_twenty_seconds() {
    let mut harness = live().press("3 F");
    let first = orders(&harness);
    assert_eq!(first.len(), 1);
    let (_, held, again) = &first[0];
    let home = &held[&Region::from(HOME)];
    assert_eq!((home.until, home.recent.len(), *again), (wall(), 30, SignedDuration::from_mins(30)));
    harness.pass(SignedDuration::from_secs(3600));
    assert_eq!(orders(&harness).len(), 1, "one reading at a time");
    answer(&mut harness, read(after(-1800), after(3600), 0), vec![]);
    harness.pass(SignedDuration::from_secs(2));
    assert_eq!(orders(&harness).len(), 1, "a long one is not followed at once");
    let mut harness = live().press("3 F");
    for turn in 1..4 {
        let now = harness.now();
        answer(&mut harness, read(after(-1800), now, 0), vec![]);
        assert_eq!(harness.app.wake(), Some(now + SignedDuration::from_secs(20)));
        harness.pass(SignedDuration::from_secs(20));
        let orders = orders(&harness);
        let (_, held, again) = &orders[turn];
        assert_eq!((held[&Region::from(HOME)].until, *again), (now, SignedDuration::from_mins(10)));
    }
}

#[test]
fn what_comes_is_shown_and_the_row_under_the_cursor_stays() {
    let mut harness = live().press("3 j j j F");
    let list = harness.app.list();
    let (key, line) = (list.key(&harness.app.a), list.cursor - list.offset);
    answer(
        &mut harness,
        read(after(-1800), after(5), 2),
        vec![event(98, after(1), "aws-cli"), event(99, after(2), "x")],
    );
    let mut harness = harness.press("ctrl-l");
    let list = harness.app.list();
    assert_eq!((list.total, list.cursor - list.offset), (42, line));
    assert_eq!(list.key(&harness.app.a), key);
    let reading = cell_of(&harness);
    assert_eq!((reading.until, reading.since, reading.rows), (Some(after(5)), Some(after(-3600)), 42));
    assert_eq!((reading.of, reading.status), (Some(42), Status::Complete));
    assert!(footer(&harness).contains("following, 00:00:00, 2 new"), "{}", footer(&harness));
    harness.pass(SignedDuration::from_secs(20));
    assert_eq!(orders(&harness)[1].1[&Region::from(HOME)].until, after(5));
}

#[test]
fn nothing_new_is_no_work() {
    let mut harness = live().press("3 F");
    let version = harness.app.version;
    harness.app.take_dirty();
    // Our own look-ups come back as events, which are hidden.
    answer(&mut harness, read(after(-1800), after(5), 1), vec![event(77, after(1), "aws-sdk-rust app/mgmtscope")]);
    assert_eq!((harness.app.version, cell_of(&harness).until), (version, Some(after(5))));
    assert!(harness.app.take_dirty(), "the time of the answer is drawn, once");
    harness.pass(SignedDuration::from_secs(20));
    assert!(!harness.app.take_dirty());
}

#[test]
fn a_failure_stands_in_the_cell_until_an_answer_comes_and_the_pause_grows() {
    let mut harness = live().press("3 F 2 3");
    let offline = || Reading {
        gaps: vec![Problem::new("cloudtrail:LookupEvents", Cause::Unreachable, "reset", "look at the network")],
        ..Reading::of(Status::Failed)
    };
    let mut pauses = Vec::new();
    for _ in 0..5 {
        let end = harness.now();
        answer(&mut harness, offline(), vec![]);
        // Time for the assessment, which is due first.
        harness.pass(SignedDuration::from_secs(1));
        let wake = harness.app.wake().expect("it goes on");
        let pause = wake.duration_since(end);
        pauses.push(pause.as_secs());
        let reading = cell_of(&harness);
        assert_eq!((reading.status, reading.gaps.len(), reading.rows), (Status::Partial, 1, 40));
        assert_eq!(reading.until, Some(wall()), "nothing newer is claimed");
        assert!(footer(&harness).contains("following: unreachable: look at the network"), "{}", footer(&harness));
        harness.pass(pause - SignedDuration::from_secs(1));
    }
    assert_eq!(pauses, [40, 80, 160, 300, 300]);
    let now = harness.now();
    answer(&mut harness, read(after(-1800), now, 0), vec![]);
    let reading = cell_of(&harness);
    assert_eq!((reading.status, reading.gaps.len(), reading.until), (Status::Complete, 0, Some(now)));
    assert_eq!(harness.app.wake(), Some(now + SignedDuration::from_secs(20)));
}

#[test]
fn a_hole_before_the_newest_is_not_passed_over() {
    let mut harness = live().press("3 F");
    // Only the last five minutes could be read, and they do not join what is held.
    let gap = Problem::new("cloudtrail:LookupEvents", Cause::Service, "some is missing", "");
    let torn = Reading { gaps: vec![gap], status: Status::Partial, ..read(after(300), after(600), 1) };
    answer(&mut harness, torn, vec![event(70, after(301), "x")]);
    assert_eq!(cell_of(&harness).until, Some(wall()));
    assert_eq!(cell_of(&harness).status, Status::Partial);
}

#[test]
fn following_goes_on_beside_a_reading_and_both_coverages_join() {
    let mut harness = reading().press("3 F");
    let (_, held, _) = &orders(&harness)[0];
    assert_eq!(held[&Region::from(HOME)].until, wall(), "the reading has all before its begin");
    answer(&mut harness, read(after(-1800), after(5), 1), vec![event(99, after(2), "x")]);
    assert_eq!(cell_of(&harness).status, Status::Reading, "its cell stays its own");
    harness.deliver(Batch::Reading(cell(), read(after(-3600), wall(), 60)));
    let joined = cell_of(&harness);
    assert_eq!((joined.until, joined.rows, joined.status), (Some(after(5)), 61, Status::Complete));
}

#[test]
fn f_again_and_a_stop_end_it() {
    for key in ["F", "X"] {
        let mut harness = live().press("3 F").press(key);
        let run = orders(&harness)[0].0;
        assert!(harness.effects.iter().any(|effect| matches!(effect, Effect::Cancel(id) if *id == run)), "{key}");
        harness.end_of(run);
        assert_eq!(harness.app.wake(), None);
        assert!(!footer(&harness.press("2 3")).contains("following"), "{key}");
    }
}

#[test]
fn what_does_not_grow_is_not_followed() {
    let harness = Harness::demo(120, 40).press("3 F");
    assert_eq!(orders(&harness).len(), 0);
    assert!(footer(&harness).contains("there is nothing to follow: the sample does not grow"), "{}", footer(&harness));
}
