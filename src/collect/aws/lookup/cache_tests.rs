//! The reader with a cache: a second run of the program asks for the gap alone, whatever happened to the cache.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::tests::{NOW, Outcome, Service, follow_up, served};
use super::*;
use crate::collect::RegionScope;
use crate::collect::aws::cache::{Cache, Owner};
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

fn order(now: i64, hours: i64) -> Order {
    let now = Timestamp::from_second(now).expect("in range");
    Order::everything(RegionScope::All, SignedDuration::from_hours(hours), now)
}

/// One run of the program, with a cache of its own over the same folder.
async fn run(service: &Service, root: &Path, order: Order, account: &str) -> Outcome {
    let (aws, receiver) = service.aws_for(order, &CancellationToken::new());
    aws.learn_caller(account.into(), "aws".into());
    let owner = Owner::of(&aws).expect("the caller is known");
    aws.keep_in(Arc::new(Cache::new(root.to_owned(), owner)));
    follow_up((aws, receiver)).await
}

const ACCOUNT: &str = "111122223333";

fn events(from: i64, to: i64, every: i64) -> usize {
    (from..=to).filter(|second| second % every == 0).count()
}

fn starts(requests: &[(tokio::time::Instant, Value)]) -> Vec<i64> {
    requests.iter().map(|(_, body)| body["StartTime"].as_f64().expect("a start") as i64).collect()
}

#[tokio::test(start_paused = true)]
async fn a_second_run_asks_for_the_gap_alone() {
    let root = tempfile::tempdir().expect("a folder");
    let service = Service::new(1, 60);
    let first = run(&service, root.path(), order(NOW, 48), ACCOUNT).await;
    assert_eq!(first.last().note.as_str(), "");
    let asked = served(&service).len();
    let now = NOW + 1200;
    let second = run(&service, root.path(), order(now, 48), ACCOUNT).await;
    let again = served(&service).split_off(asked);
    assert!(again.len() <= 6, "{} requests", again.len());
    assert!(starts(&again).iter().all(|&start| start > NOW - SETTLE), "{again:?}");
    let last = second.last();
    let all = events(now - 48 * 3600, now, 60);
    assert_eq!((last.status, last.rows, second.facts.events.len()), (Status::Complete, all as u64, all));
    assert_eq!(last.since.map(Timestamp::as_second), Some(now - 48 * 3600));
    assert_eq!(last.until.map(Timestamp::as_second), Some(now));
    let kept = events(now - 48 * 3600, NOW, 60);
    assert_eq!(last.note.as_str(), format!("{kept} events from the cache"));
    // The record is what AWS wrote.
    let raw = second.facts.events.iter().next().expect("an event").raw().expect("kept");
    let second_of_it =
        serde_json::from_str::<Value>(&raw).expect("JSON")["eventID"].as_str().expect("an id")[2..].to_owned();
    assert_eq!(raw, service.record(second_of_it.parse().expect("its second")));
}

#[tokio::test(start_paused = true)]
async fn a_longer_period_asks_for_what_is_older_too() {
    let root = tempfile::tempdir().expect("a folder");
    let service = Service::new(1, 60);
    run(&service, root.path(), order(NOW, 24), ACCOUNT).await;
    let asked = served(&service).len();
    let second = run(&service, root.path(), order(NOW + 60, 72), ACCOUNT).await;
    let again = served(&service).split_off(asked);
    // The backfill goes around what is there.
    let held = (NOW - 24 * 3600)..(NOW - SETTLE);
    let backfill = again.iter().filter(|(_, body)| body["LookupAttributes"].is_null());
    for (_, body) in backfill {
        let (from, to) = (body["StartTime"].as_f64().expect("a start"), body["EndTime"].as_f64().expect("an end"));
        assert!(to < held.start as f64 || from > held.end as f64, "{body}");
    }
    assert_eq!(second.facts.events.len(), events(NOW + 60 - 72 * 3600, NOW + 60, 60));
    // And a shorter one brings no more than was asked for.
    let third = run(&service, root.path(), order(NOW + 60, 2), ACCOUNT).await;
    assert_eq!(third.facts.events.len(), events(NOW + 60 - 2 * 3600, NOW + 60, 60));
}

#[tokio::test(start_paused = true)]
async fn what_was_read_before_a_run_broke_off_is_not_asked_for_again() {
    let root = tempfile::tempdir().expect("a folder");
    let mut broken = Service::new(1, 30);
    broken.trouble = |number, _| (number > 60).then_some((400, "AccessDeniedException"));
    let first = run(&broken, root.path(), order(NOW, 72), ACCOUNT).await;
    let since = first.last().since.expect("some is covered").as_second();
    let service = Service::new(1, 30);
    let second = run(&service, root.path(), order(NOW + 5, 72), ACCOUNT).await;
    assert_eq!(second.last().status, Status::Complete);
    assert_eq!(second.facts.events.len(), events(NOW + 5 - 72 * 3600, NOW + 5, 30));
    for (_, body) in served(&service).iter().filter(|(_, body)| body["LookupAttributes"].is_null()) {
        let to = body["EndTime"].as_f64().expect("an end") as i64;
        let from = body["StartTime"].as_f64().expect("a start") as i64;
        assert!(to < since || from > NOW - SETTLE, "{from} to {to} was read before");
    }
}

#[tokio::test(start_paused = true)]
async fn a_damaged_cache_costs_requests_and_nothing_else() {
    let root = tempfile::tempdir().expect("a folder");
    let service = Service::new(1, 60);
    run(&service, root.path(), order(NOW, 24), ACCOUNT).await;
    let volumes: Vec<PathBuf> = walkdir::WalkDir::new(root.path())
        .into_iter()
        .map(|entry| entry.expect("an entry").into_path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "gz"))
        .collect();
    assert!(!volumes.is_empty());
    for volume in volumes {
        std::fs::write(volume, "rubbish").expect("written");
    }
    let second = run(&service, root.path(), order(NOW, 24), ACCOUNT).await;
    let last = second.last();
    assert_eq!((last.status, second.facts.events.len()), (Status::Complete, events(NOW - 24 * 3600, NOW, 60)));
    assert!(last.note.contains("was damaged"), "{}", last.note);
    // What was asked for instead is kept.
    let asked = served(&service).len();
    run(&service, root.path(), order(NOW, 24), ACCOUNT).await;
    assert!(served(&service).len() - asked <= 4);
}

#[tokio::test(start_paused = true)]
async fn a_folder_that_cannot_be_written_is_told_and_all_is_read() {
    let root = tempfile::tempdir().expect("a folder");
    let file = root.path().join("file");
    std::fs::write(&file, "").expect("written");
    let service = Service::new(1, 60);
    let outcome = run(&service, &file, order(NOW, 24), ACCOUNT).await;
    assert_eq!(outcome.last().status, Status::Complete);
    assert!(outcome.last().note.contains("the cache cannot be opened"), "{}", outcome.last().note);
}

#[tokio::test(start_paused = true)]
async fn another_account_starts_from_nothing() {
    let root = tempfile::tempdir().expect("a folder");
    let service = Service::new(1, 60);
    run(&service, root.path(), order(NOW, 24), ACCOUNT).await;
    let asked = served(&service).len();
    let other = run(&service, root.path(), order(NOW, 24), "444455556666").await;
    assert_eq!(served(&service).len(), 2 * asked);
    assert_eq!(other.last().note.as_str(), "");
}

/// What is followed joins what was read: a later run finds no seams.
#[tokio::test(start_paused = true)]
async fn what_was_followed_is_kept() {
    let root = tempfile::tempdir().expect("a folder");
    let service = Service::new(0, 60);
    let (aws, receiver) = service.aws_for(order(NOW, 24), &CancellationToken::new());
    aws.learn_caller(ACCOUNT.into(), "aws".into());
    let cache = Arc::new(Cache::new(root.path().to_owned(), Owner::of(&aws).expect("known")));
    aws.keep_in(Arc::clone(&cache));
    follow_up((aws, receiver)).await;
    // Once every five minutes, as far back as late events may be.
    let mut head = NOW;
    for turn in 1..=4 {
        let now = NOW + turn * 300;
        let again = if turn == 1 { SETTLE } else { SETTLE + 300 };
        let held = Held {
            since: Timestamp::from_second(head).expect("in range"),
            until: Timestamp::from_second(head).expect("in range"),
            rows: 0,
            recent: Default::default(),
        };
        let order = Order {
            wanted: Wanted::Newer(SignedDuration::from_secs(again)),
            held: [("us-east-1".into(), held)].into(),
            ..order(now, 24)
        };
        let (aws, receiver) = service.aws_for(order, &CancellationToken::new());
        aws.keep_in(Arc::clone(&cache));
        tokio::time::advance(std::time::Duration::from_secs(300)).await;
        follow_up((aws, receiver)).await;
        head = now;
    }
    drop(cache);
    let asked = served(&service).len();
    let last = run(&service, root.path(), order(NOW + 1200, 24), ACCOUNT).await;
    let again = served(&service).split_off(asked);
    assert!(starts(&again).iter().all(|&start| start > NOW + 1200 - SETTLE), "{:?}", starts(&again));
    assert_eq!(last.facts.events.len(), events(NOW + 1200 - 24 * 3600, NOW + 1200, 60));
}
