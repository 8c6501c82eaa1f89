//! The reader that looks an attribute up: it finds, covers nothing, says what it left out, and does not wait for a backfill.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::tests::{NOW, Outcome, Service, follow_up, listen, served};
use super::*;
use crate::collect::aws::testing::Server;
use crate::collect::aws::{Context, Session};
use crate::collect::{Attribute, Lookup, Outbox, RegionScope, RunId};

async fn looked_up(service: &Service, hours: i64, value: &str) -> Outcome {
    let now = Timestamp::from_second(NOW).expect("in range");
    let lookup = Lookup { attribute: Attribute::EventName, value: value.to_owned() };
    let order = Order::everything(RegionScope::All, SignedDuration::from_hours(hours), now);
    let order = Order { wanted: Wanted::With(lookup), ..order };
    follow_up(service.aws_for(order, &CancellationToken::new())).await
}

#[tokio::test(start_paused = true)]
async fn an_attribute_is_looked_up_and_nothing_is_covered_by_it() {
    // One in a thousand, every 20 s: 130 a month.
    let service = Service::new(1, 20);
    let outcome = looked_up(&service, 24 * 30, "CreateUser").await;
    let requests = served(&service);
    assert!(
        requests.iter().all(|(_, body)| body["LookupAttributes"][0]["AttributeKey"] == "EventName"),
        "{requests:?}"
    );
    assert_eq!(requests.len(), 3);
    let last = outcome.last();
    assert_eq!((last.status, last.rows as usize), (Status::Complete, outcome.facts.events.len()));
    assert!((129..=131).contains(&last.rows), "{}", last.rows);
    assert_eq!((last.since, last.until), (None, None));
    let nothing = looked_up(&service, 24, "NoSuchEvent").await;
    assert_eq!((nothing.last().status, nothing.last().rows), (Status::Complete, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_everywhere_is_cut_off_and_said_to_be() {
    let service = Service::new(0, 20);
    let outcome = looked_up(&service, 24 * 30, "Decrypt").await;
    assert_eq!((served(&service).len(), outcome.last().rows), (40, 2000));
    assert_eq!(outcome.last().status, Status::Partial);
    assert!(outcome.last().gaps[0].detail.contains("only the newest 2000"), "{:?}", outcome.last().gaps);
}

#[tokio::test(start_paused = true)]
async fn a_look_up_that_fails_says_so() {
    let mut service = Service::new(0, 20);
    service.trouble = |_, _| Some((400, "AccessDeniedException"));
    let outcome = looked_up(&service, 24, "CreateUser").await;
    assert_eq!((outcome.last().status, outcome.last().gaps.len()), (Status::Denied, 1));
}

/// They share the Region's two requests a second, and the look-up does not wait for the end.
#[tokio::test(start_paused = true)]
async fn a_look_up_answers_while_the_backfill_goes_on() {
    let service = Service::new(1, 20);
    let config = Server::answering(|_| unreachable!("replaced")).config();
    let session = Session::new(&config.into_builder().http_client(service.clone()).build());
    let stop = CancellationToken::new();
    let begin = |wanted| {
        let (sender, receiver) = mpsc::channel(64);
        let now = Timestamp::from_second(NOW).expect("in range");
        let order = Order::everything(RegionScope::All, SignedDuration::from_hours(24 * 7), now);
        let order = Order { wanted, ..order };
        let context =
            Context { order, out: Outbox::new(RunId(1), sender), stop: stop.clone(), profile: None, athena: None };
        let run = tokio::spawn(collect(Arc::new(Aws::new(&session, context)), Some("us-east-1".into())));
        (run, tokio::spawn(listen(receiver)))
    };
    let backfill = begin(Wanted::Period);
    tokio::time::sleep(Duration::from_secs(20)).await;
    let start = Instant::now();
    let lookup = Lookup { attribute: Attribute::EventName, value: "CreateUser".to_owned() };
    let (run, listening) = begin(Wanted::With(lookup));
    assert_eq!(run.await.expect("no panic"), Ok(()));
    assert!(listening.await.expect("no panic").last().rows > 20);
    assert!(start.elapsed() < Duration::from_secs(4), "{:?}", start.elapsed());
    assert!(!backfill.0.is_finished());
    assert_eq!(service.log.lock().expect("not poisoned").throttled, 0);
    stop.cancel();
}
