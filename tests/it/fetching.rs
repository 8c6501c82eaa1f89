//! The record of an event that lies in a file: a key does not wait for the disk.

use std::sync::Arc;

use mgmtscope::app::Effect;
use mgmtscope::collect::files::Files;
use mgmtscope::collect::{Order, RegionScope, Source, gather};
use mgmtscope::model::EventId;
use mgmtscope::model::log::Fetch;
use tokio_util::sync::CancellationToken;

use crate::harness::{Harness, wall};

const READING: &str = "reading the record ...";
const WORD: &str = "InventedWordOfTheRecord";

/// A log file of three events, read; its disk answers when the test says so.
fn harness(folder: &std::path::Path) -> Harness {
    let record = |n: u32| {
        serde_json::json!({
            "eventVersion": "1.11", "eventID": format!("00000000-0000-4000-8000-{n:012}"),
            "eventTime": format!("2026-11-01T10:00:0{n}Z"), "eventName": "DetachPolicy",
            "eventSource": "organizations.amazonaws.com", "awsRegion": "us-east-1", "sourceIPAddress": "198.51.100.7",
            "userAgent": "aws-cli", "requestParameters": {"policyId": format!("{WORD}{n}")}, "responseElements": null,
            "userIdentity": {"type": "IAMUser", "userName": "ann", "arn": "arn:aws:iam::111122223333:user/ann"},
        })
    };
    let log = serde_json::json!({"Records": [record(1), record(2), record(3)]});
    let path = folder.join("log.json");
    std::fs::write(&path, log.to_string()).expect("written");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let order = Order::everything(RegionScope::All, jiff::SignedDuration::from_hours(24), wall());
    let source: Arc<dyn Source> = Arc::new(Files::open(vec![path]).expect("a log"));
    let facts = runtime.block_on(gather(source, order, CancellationToken::new(), |_, _| {}));
    let mut harness = Harness::of(120, 50, facts);
    harness.disk = false;
    harness
}

fn asked(harness: &Harness) -> Vec<(EventId, Fetch)> {
    let fetch = |effect: &Effect| match effect {
        Effect::Fetch(id, fetch) => Some((*id, fetch.clone())),
        _ => None,
    };
    harness.effects.iter().filter_map(fetch).collect()
}

/// The disk answers what was asked last.
fn answer(harness: &mut Harness) {
    let (id, fetch) = asked(harness).pop().expect("a record was asked for");
    harness.fetched(id, fetch.fetch());
}

#[test]
fn a_detail_shows_at_once_and_its_record_is_fetched_ahead() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = harness(folder.path()).press("3 enter");
    assert!(harness.screen().contains("DetachPolicy"), "{}", harness.screen());
    // Other rows do not pile up behind a slow disk.
    harness = harness.press("n n N");
    assert_eq!(asked(&harness).len(), 1);
    answer(&mut harness);
    assert_eq!(asked(&harness).len(), 2, "the row that is open now");
    answer(&mut harness);
    // Once fetched, a record is at hand.
    let harness = harness.press("esc enter J");
    assert_eq!(asked(&harness).len(), 2);
    assert!(harness.screen().contains(WORD) && !harness.screen().contains(READING), "{}", harness.screen());
}

#[test]
fn the_raw_tree_waits_without_holding_up_a_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = harness(folder.path()).press("3 J");
    assert!(harness.screen().contains(READING), "{}", harness.screen());
    harness = harness.press("j k");
    answer(&mut harness);
    assert!(harness.screen().contains(WORD) && !harness.screen().contains(READING), "{}", harness.screen());
}

#[test]
fn a_record_that_cannot_be_had_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut harness = harness(folder.path()).press("3 J");
    std::fs::remove_file(folder.path().join("log.json")).expect("removed");
    answer(&mut harness);
    assert!(harness.screen().contains("the record cannot be shown"), "{}", harness.screen());
    assert_eq!(asked(&harness).len(), 1, "it is not asked for over and over");
}
