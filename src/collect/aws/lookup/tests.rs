//! The reader against a simulated service: strict about its rate, slow, and at times out of sorts. Time is tokio's
//! paused clock, so minutes pass at once.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::collect::aws::testing::Server;
use crate::collect::aws::{Context, Session};
use crate::collect::{Delivery, Held, Order, Outbox, RegionScope, RunId};
use crate::model::{Facts, Reading};

pub(super) const NOW: i64 = 1_790_000_000;

/// What may go wrong, decided from the number of the request and its body.
pub(super) type Trouble = fn(usize, &Value) -> Option<(u16, &'static str)>;

#[derive(Debug, Default)]
pub(super) struct Log {
    arrivals: VecDeque<Instant>,
    served: Vec<(Instant, Value)>,
    pub(super) throttled: usize,
    requests: usize,
}

/// LookupEvents of one Region, over events that are `every` seconds apart.
#[derive(Clone)]
pub(super) struct Service {
    latency: Duration,
    every: i64,
    pub(super) trouble: Trouble,
    pub(super) log: Arc<Mutex<Log>>,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Service")
    }
}

impl Service {
    pub(super) fn new(latency: u64, every: i64) -> Self {
        Self { latency: Duration::from_secs(latency), every, trouble: |_, _| None, log: Arc::default() }
    }

    fn words(&self, second: i64) -> [&'static str; 3] {
        match second / self.every % 1000 {
            0 => ["ConsoleLogin", "signin.amazonaws.com", "root"],
            1 => ["CreateUser", "iam.amazonaws.com", "alice"],
            _ => ["Decrypt", "kms.amazonaws.com", "robot"],
        }
    }

    pub(super) fn record(&self, second: i64) -> String {
        let [name, source, who] = self.words(second);
        let time = Timestamp::from_second(second).expect("in range");
        json!({"eventID": format!("e-{second}"), "eventTime": time, "eventName": name, "eventSource": source,
            "userIdentity": {"type": "IAMUser", "userName": who}})
        .to_string()
    }

    fn answer(&self, body: &Value) -> (u16, Value) {
        let now = Instant::now();
        let mut log = self.log.lock().expect("not poisoned");
        log.requests += 1;
        log.arrivals.retain(|at| now.duration_since(*at) < Duration::from_secs(1));
        if log.arrivals.len() >= 2 {
            log.throttled += 1;
            return (400, json!({"__type": "ThrottlingException", "message": "Rate exceeded"}));
        }
        log.arrivals.push_back(now);
        let number = log.requests;
        if let Some((status, code)) = (self.trouble)(number, body) {
            return (status, json!({"__type": code, "message": "as told"}));
        }
        log.served.push((now, body.clone()));
        drop(log);
        self.page(body)
    }

    fn page(&self, body: &Value) -> (u16, Value) {
        let (from, to) =
            (body["StartTime"].as_f64().expect("a start") as i64, body["EndTime"].as_f64().expect("an end") as i64);
        assert!(from <= to && body["MaxResults"] == 50);
        let wanted =
            body["LookupAttributes"].get(0).map(|attribute| attribute["AttributeValue"].as_str().expect("a value"));
        let top = body["NextToken"].as_str().map_or(to, |token| token.parse().expect("our own token"));
        let seconds = (0..=top / self.every).rev().map(|n| n * self.every).take_while(|second| *second >= from);
        let matches = |second: &i64| wanted.is_none_or(|wanted| self.words(*second).contains(&wanted));
        let found: Vec<i64> = seconds.filter(matches).take(51).collect();
        let events: Vec<Value> = found
            .iter()
            .take(50)
            .map(|&second| json!({"EventId": format!("e-{second}"), "EventTime": second, "CloudTrailEvent": self.record(second)}))
            .collect();
        let next = found.get(50).map(i64::to_string);
        (200, json!({"Events": events, "NextToken": next}))
    }

    fn aws(&self, hours: i64, stop: &CancellationToken) -> (Arc<Aws>, mpsc::Receiver<Delivery>) {
        self.aws_at(NOW, hours, None, stop)
    }

    fn aws_at(
        &self,
        now: i64,
        hours: i64,
        held: Option<Held>,
        stop: &CancellationToken,
    ) -> (Arc<Aws>, mpsc::Receiver<Delivery>) {
        let now = Timestamp::from_second(now).expect("in range");
        let mut order = Order::everything(RegionScope::All, SignedDuration::from_hours(hours), now);
        order.held = held.into_iter().map(|held| ("us-east-1".into(), held)).collect();
        self.aws_for(order, stop)
    }

    pub(super) fn aws_for(&self, order: Order, stop: &CancellationToken) -> (Arc<Aws>, mpsc::Receiver<Delivery>) {
        let (sender, receiver) = mpsc::channel(64);
        let config = Server::answering(|_| unreachable!("replaced")).config();
        let config = config.into_builder().http_client(self.clone()).build();
        let context =
            Context { order, out: Outbox::new(RunId(1), sender), stop: stop.clone(), profile: None, athena: None };
        (Arc::new(Aws::new(&Session::new(&config), context)), receiver)
    }
}

impl HttpConnector for Service {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = serde_json::from_slice(request.body().bytes().expect("bytes")).expect("JSON");
        let service = self.clone();
        HttpConnectorFuture::new(async move {
            let (status, answer) = service.answer(&body);
            tokio::time::sleep(service.latency).await;
            let status = status.try_into().expect("a valid status");
            let mut response = HttpResponse::new(status, SdkBody::from(answer.to_string()));
            response.headers_mut().insert("content-type", "application/x-amz-json-1.1");
            Ok(response)
        })
    }
}

impl HttpClient for Service {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

pub(super) struct Outcome {
    pub(super) facts: Facts,
    readings: Vec<Reading>,
}

impl Outcome {
    pub(super) fn last(&self) -> &Reading {
        self.readings.last().expect("a reading")
    }
}

pub(super) async fn listen(mut receiver: mpsc::Receiver<Delivery>) -> Outcome {
    let mut outcome = Outcome { facts: Facts::default(), readings: Vec::new() };
    while let Some(delivery) = receiver.recv().await {
        let Delivery::Batch(_, batch) = delivery else { continue };
        if let Batch::Reading(_, reading) = &*batch {
            outcome.readings.push(reading.clone());
        }
        outcome.facts.apply(*batch);
    }
    outcome
}

async fn read(service: &Service, hours: i64) -> Outcome {
    read_at(service, NOW, hours, None).await
}

async fn read_at(service: &Service, now: i64, hours: i64, held: Option<Held>) -> Outcome {
    follow_up(service.aws_at(now, hours, held, &CancellationToken::new())).await
}

pub(super) async fn follow_up((aws, receiver): (Arc<Aws>, mpsc::Receiver<Delivery>)) -> Outcome {
    let reading = tokio::spawn(collect(aws, Some("us-east-1".into())));
    let outcome = listen(receiver).await;
    assert_eq!(reading.await.expect("no panic"), Ok(()));
    outcome
}

pub(super) fn served(service: &Service) -> Vec<(Instant, Value)> {
    service.log.lock().expect("not poisoned").served.clone()
}

#[tokio::test(start_paused = true)]
async fn four_seconds_of_latency_do_not_slow_two_regions_down() {
    // A service with its own rate for each Region.
    let services = [Service::new(4, 4), Service::new(4, 4)];
    let stop = CancellationToken::new();
    let start = Instant::now();
    let mut running = Vec::new();
    for (service, region) in services.iter().zip(["us-east-1", "eu-west-1"]) {
        let (aws, receiver) = service.aws(24 * 7, &stop);
        running.push((tokio::spawn(collect(aws, Some(region.into()))), tokio::spawn(listen(receiver))));
    }
    tokio::time::sleep(Duration::from_secs(180)).await;
    let mut total = 0.0;
    for service in &services {
        let served = served(service);
        let rate = served.len() as f64 / start.elapsed().as_secs_f64();
        let throttled = service.log.lock().expect("not poisoned").throttled;
        assert!(rate >= 1.9, "{rate} requests a second");
        assert!(throttled * 100 < served.len(), "{throttled} throttled");
        total += rate;
    }
    assert!(total >= 3.8, "{total}");
    stop.cancel();
    for (reading, listening) in running {
        assert_eq!(reading.await.expect("no panic"), Ok(()));
        let outcome = listening.await.expect("no panic");
        let last = outcome.last();
        assert_eq!(last.status, Status::Cancelled);
        // 340 requests of 50 events, 4 s apart, are 19 hours; most of it without a hole.
        let covered = NOW - last.since.expect("covered").as_second();
        assert!(covered > 14 * 3600, "{covered} s covered");
        assert_eq!(last.rows, outcome.facts.events.len() as u64);
    }
}

#[tokio::test(start_paused = true)]
async fn everything_is_read_once_and_told() {
    let service = Service::new(1, 60);
    let outcome = read(&service, 48).await;
    let last = outcome.last();
    assert_eq!((last.status, &last.gaps[..]), (Status::Complete, &[][..]));
    assert_eq!(last.since.map(Timestamp::as_second), Some(NOW - 48 * 3600));
    assert_eq!(last.until.map(Timestamp::as_second), Some(NOW));
    let events = (NOW - 48 * 3600..=NOW).filter(|second| second % 60 == 0).count();
    assert_eq!((last.rows, outcome.facts.events.len()), (events as u64, events));
    // While it went on: the questions first, then words and a time that comes down.
    let first: Vec<Value> = served(&service)
        .iter()
        .take(5)
        .map(|(_, body)| body["LookupAttributes"][0]["AttributeValue"].clone())
        .collect();
    assert_eq!(
        first,
        ["root", "ConsoleLogin", "organizations.amazonaws.com", "iam.amazonaws.com", "sts.amazonaws.com"]
    );
    assert!(outcome.readings.iter().any(|reading| {
        reading.note.as_str().starts_with("root, sign-ins, organizations, iam, sts read; backfill since ")
    }));
    let times: Vec<u64> = outcome.readings.iter().filter_map(|reading| reading.eta).collect();
    assert!(!times.is_empty() && times.iter().all(|&seconds| seconds < 120), "{times:?}");
}

/// What a first reading leaves for the next one.
fn held(outcome: &Outcome) -> Held {
    let last = outcome.last();
    let (since, until) = (last.since.expect("covered"), last.until.expect("covered"));
    let recent = outcome.facts.events.iter().filter(|event| {
        event.time().is_some_and(|time| until.duration_since(time) <= SignedDuration::from_secs(SETTLE))
    });
    let recent = recent.map(|event| event.event_id().clone()).collect();
    Held { since, until, rows: last.rows, recent }
}

#[tokio::test(start_paused = true)]
async fn what_was_read_is_not_asked_for_again() {
    let service = Service::new(1, 60);
    let first = read(&service, 48).await;
    let asked = served(&service).len();
    assert!(asked > 40, "{asked} requests");
    // Two hours later: 120 events more, and those of the last half hour once again.
    let mut second = read_at(&service, NOW + 7200, 48, Some(held(&first))).await;
    let again = served(&service).split_off(asked);
    assert!(again.len() <= 12, "{} requests", again.len());
    assert!(again.iter().all(|(_, body)| body["StartTime"].as_f64() > Some((NOW - SETTLE) as f64)), "{again:?}");
    assert_eq!(second.facts.events.len(), 120, "only what is new is sent");
    let last = second.readings.pop().expect("a reading");
    assert_eq!((last.status, last.rows), (Status::Complete, first.last().rows + 120));
    assert_eq!(last.since.map(Timestamp::as_second), Some(NOW + 7200 - 48 * 3600));
    assert_eq!(last.until.map(Timestamp::as_second), Some(NOW + 7200));
}

#[tokio::test(start_paused = true)]
async fn what_is_newer_is_one_request_and_no_question() {
    let service = Service::new(1, 60);
    let first = read(&service, 48).await;
    let asked = served(&service).len();
    let held = Held { rows: 0, ..held(&first) };
    let now = Timestamp::from_second(NOW + 120).expect("in range");
    let mut order = Order::everything(RegionScope::All, SignedDuration::from_hours(48), now);
    order.held = [("us-east-1".into(), held)].into();
    order.wanted = Wanted::Newer(SignedDuration::from_mins(10));
    let second = follow_up(service.aws_for(order, &CancellationToken::new())).await;
    let again = served(&service).split_off(asked);
    assert_eq!(again.len(), 1, "{again:?}");
    assert_eq!(again[0].1["StartTime"].as_f64(), Some((NOW - 600) as f64));
    let last = second.last();
    assert_eq!((last.status, last.rows, second.facts.events.len()), (Status::Complete, 2, 2));
    assert_eq!(last.since.map(Timestamp::as_second), Some(NOW - 600), "no more is claimed than was asked");
    assert_eq!(last.until, Some(now));
}

#[tokio::test(start_paused = true)]
async fn a_reading_that_fails_takes_nothing_from_what_is_held() {
    let service = Service::new(1, 60);
    let first = read(&service, 48).await;
    let service = Service { trouble: |_, _| Some((400, "AccessDeniedException")), ..service };
    let second = read_at(&service, NOW + 7200, 48, Some(held(&first))).await;
    let last = second.last();
    assert_eq!((last.since, last.until, last.rows), (first.last().since, first.last().until, first.last().rows));
    assert_eq!(last.gaps.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_time_left_is_about_right() {
    let service = Service::new(4, 10);
    let (aws, receiver) = service.aws(48, &CancellationToken::new());
    let start = Instant::now();
    let reading = tokio::spawn(collect(aws, None));
    let mut receiver = receiver;
    let mut told = Vec::new();
    while let Some(delivery) = receiver.recv().await {
        if let Delivery::Batch(_, batch) = delivery
            && let Batch::Reading(_, Reading { eta: Some(eta), .. }) = *batch
        {
            told.push((start.elapsed().as_secs_f64(), eta as f64));
        }
    }
    assert_eq!(reading.await.expect("no panic"), Ok(()));
    let end = start.elapsed().as_secs_f64();
    assert!(told.len() > 100, "told {} times", told.len());
    for (at, eta) in told.iter().filter(|(at, _)| *at < end * 0.8) {
        assert!((at + eta - end).abs() < 0.3 * end, "after {at} s: {eta} s left, ended at {end} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_token_starts_the_window_anew() {
    let service = Service {
        trouble: |number, body| {
            (number % 7 == 0 && body["NextToken"].is_string()).then_some((400, "InvalidNextTokenException"))
        },
        ..Service::new(1, 20)
    };
    let outcome = read(&service, 24).await;
    let events = (NOW - 24 * 3600..=NOW).filter(|second| second % 20 == 0).count();
    assert_eq!((outcome.last().status, outcome.facts.events.len()), (Status::Complete, events));
    let served = served(&service).len();
    assert!(service.log.lock().expect("not poisoned").requests > served, "some tokens were lost");
}

#[tokio::test(start_paused = true)]
async fn throttling_shows_and_nothing_is_missing() {
    let service = Service {
        trouble: |number, _| (number % 9 == 4).then_some((400, "ThrottlingException")),
        ..Service::new(1, 60)
    };
    let outcome = read(&service, 24).await;
    assert!(outcome.readings.iter().any(|reading| reading.status == Status::Throttled));
    let events = (NOW - 24 * 3600..=NOW).filter(|second| second % 60 == 0).count();
    assert_eq!((outcome.last().status, outcome.facts.events.len()), (Status::Complete, events));
}

#[tokio::test(start_paused = true)]
async fn endless_throttling_ends_and_says_so() {
    let service = Service { trouble: |_, _| Some((400, "ThrottlingException")), ..Service::new(0, 60) };
    let outcome = read(&service, 24).await;
    assert_eq!(outcome.last().status, Status::Failed);
    assert_eq!(outcome.last().gaps[0].cause, Cause::Throttled);
}

#[tokio::test(start_paused = true)]
async fn a_window_that_fails_is_a_hole_with_its_time() {
    // The backfill's first window fails for good; the others go on.
    let service = Service {
        trouble: |_, body| {
            let first = body["LookupAttributes"].is_null() && body["EndTime"].as_f64() == Some(NOW as f64);
            first.then_some((500, "InternalFailure"))
        },
        ..Service::new(1, 60)
    };
    let outcome = read(&service, 24).await;
    let last = outcome.last();
    assert_eq!((last.status, last.gaps.len(), last.since), (Status::Partial, 1, None));
    assert_eq!(last.gaps[0].cause, Cause::Service);
    assert!(last.gaps[0].detail.as_str().contains(" is missing: InternalFailure"), "{}", last.gaps[0].detail);
    assert!(outcome.facts.events.len() > 1300, "{} of 1440", outcome.facts.events.len());
}

#[tokio::test(start_paused = true)]
async fn a_denial_is_told_once_and_ends_the_region() {
    let service = Service { trouble: |_, _| Some((400, "AccessDeniedException")), ..Service::new(4, 60) };
    let outcome = read(&service, 24).await;
    assert_eq!(outcome.last().status, Status::Denied);
    assert_eq!(outcome.last().gaps.len(), 1);
    assert!(outcome.last().gaps[0].cure.as_str().contains("add cloudtrail:LookupEvents"));
}

#[tokio::test(start_paused = true)]
async fn stopping_in_mid_call_is_immediate() {
    let service = Service::new(30, 60);
    let stop = CancellationToken::new();
    let (aws, receiver) = service.aws(24, &stop);
    let reading = tokio::spawn(collect(aws, None));
    let listening = tokio::spawn(listen(receiver));
    tokio::time::sleep(Duration::from_secs(3)).await;
    let start = Instant::now();
    stop.cancel();
    assert_eq!(reading.await.expect("no panic"), Ok(()));
    assert!(start.elapsed() < Duration::from_millis(10));
    assert_eq!(listening.await.expect("no panic").last().status, Status::Cancelled);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_counted_and_the_rest_goes_on() {
    let server = Server::answering(|request| {
        let body: Value = serde_json::from_str(&request.body()).expect("JSON");
        let mut events = vec![json!({"EventId": "1", "CloudTrailEvent": "{"}), json!({"EventId": "2"})];
        let good = json!({"eventID": "3", "eventName": "X", "eventTime": "2026-09-21T13:00:00Z"}).to_string();
        events.push(json!({"EventId": "3", "EventTime": body["StartTime"], "CloudTrailEvent": good}));
        let events = if body["LookupAttributes"][0]["AttributeValue"] == "root" { events } else { Vec::new() };
        crate::collect::aws::testing::json(json!({"Events": events}).to_string())
    });
    let (aws, mut inbox) = server.aws();
    let mut reader = Reader::new(
        Arc::clone(&aws),
        "us-east-1".into(),
        aws.start(Cell::regional(Ask::Events, "us-east-1".into())).await.expect("a reader"),
        None,
    );
    reader.bucket = aws.pace.bucket(Group::Plane, None);
    let result = reader.run().await;
    reader.finish(result).await.expect("a reader");
    let facts = inbox.facts();
    let reading = facts.coverage.get(&Cell::regional(Ask::Events, "us-east-1".into())).expect("a reading");
    assert_eq!((facts.events.len(), reading.rows, reading.status), (1, 1, Status::Partial));
    assert!(reading.gaps[0].detail.as_str().starts_with("2 records could not be read"));
}
