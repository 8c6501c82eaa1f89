//! Speed as ratios: what we do against a floor that does the least that could be done, in the same run on the same data.
//! `cargo bench` prints them; nothing here passes or fails.

use std::hint::black_box;
use std::io::{Write, stdout};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use mgmtscope::analysis::{Assessment, Lens, assess};
use mgmtscope::app::keymap::{Chord, Keymap};
use mgmtscope::app::{App, Effect, Msg, Start, update};
use mgmtscope::collect::{Delivery, RunId};
use mgmtscope::model::{Batch, Event, Facts, Origin};
use mgmtscope::panes::TimeMode;
use mgmtscope::panes::filter::Filter;
use mgmtscope::panes::order::order;
use mgmtscope::ui::theme::Theme;
use mgmtscope::ui::view;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const EVENTS: usize = 100_000;

/// Records of the size and shape that CloudTrail writes; the same every time.
fn records() -> Vec<String> {
    let calls = ["DescribeInstances", "AssumeRole", "GetObject", "ListBuckets", "CreateUser", "PutObject"];
    let record = |n: usize| {
        let (call, role, second) = (calls[n % calls.len()], n % 300, n % 60);
        format!(
            r#"{{"eventVersion":"1.11","userIdentity":{{"type":"AssumedRole","principalId":"AROAEXAMPLE{role:04}:session-{n}","arn":"arn:aws:sts::111122223333:assumed-role/role-{role:03}/session-{s}","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE{n:09}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"AROAEXAMPLE{role:04}","arn":"arn:aws:iam::111122223333:role/app/role-{role:03}","accountId":"111122223333","userName":"role-{role:03}"}},"attributes":{{"creationDate":"2026-11-01T09:00:00Z","mfaAuthenticated":"false"}}}}}},"eventTime":"2026-11-{day:02}T10:{minute:02}:{second:02}Z","eventSource":"ec2.amazonaws.com","eventName":"{call}","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.{ip}","userAgent":"aws-sdk-rust/1.3 os/linux lang/rust/1.95","requestParameters":{{"filterSet":{{"items":[{{"name":"vpc-id","valueSet":{{"items":[{{"value":"vpc-{n:08x}"}}]}}}}]}}}},"responseElements":null,"requestID":"{n:036}","eventID":"{n:036}","readOnly":true,"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management"}}"#,
            s = n % 2_000,
            day = n % 28 + 1,
            minute = n / 60 % 60,
            ip = n % 250,
        )
    };
    (0..EVENTS).map(record).collect()
}

fn least(runs: usize, mut work: impl FnMut()) -> Duration {
    let one = |work: &mut dyn FnMut()| {
        let began = Instant::now();
        work();
        began.elapsed()
    };
    (0..runs).map(|_| one(&mut work)).min().unwrap_or_default()
}

fn tell(what: &str, ours: Duration, floor: Duration, of: &str) {
    let ratio = ours.as_secs_f64() / floor.as_secs_f64().max(1e-9);
    // A closed pipe ends the benchmark's use, not the benchmark.
    let _ = writeln!(stdout(), "{what:<44} {ratio:>7.2} x {of} ({ours:?} against {floor:?})");
}

fn facts(records: &[String]) -> Facts {
    let mut facts = Facts::default();
    for chunk in records.chunks(500) {
        let events = chunk.iter().filter_map(|raw| Event::from_record(raw).ok()).collect();
        facts.apply(Batch::Events(events));
    }
    facts
}

fn app(facts: &Facts) -> App {
    let now = Timestamp::UNIX_EPOCH;
    let start = Start {
        askable: true,
        keymap: Keymap::standard(),
        zone: TimeZone::UTC,
        now,
        size: (80, 24),
        time: TimeMode::Utc,
    };
    let (mut app, _) = App::new(start, Origin::default());
    let raws: Vec<String> = facts.events.records().flatten().collect();
    let events = raws.iter().filter_map(|raw| Event::from_record(raw).ok()).collect();
    let delivery = Delivery::Batch(RunId(0), Box::new(Batch::Events(events)));
    for effect in update(&mut app, Msg::Delivered(delivery), now) {
        if let Effect::Assess { version, facts, as_of, lens } = effect {
            update(&mut app, Msg::Assessed(version, assess(*facts, as_of, lens).into()), now);
        }
    }
    update(&mut app, Msg::Key(Chord::char('3')), now);
    app
}

fn main() {
    let records = records();
    let bytes: usize = records.iter().map(String::len).sum();
    let _ = writeln!(stdout(), "{EVENTS} records, {} MB\n", bytes / 1_000_000);
    let floor = least(3, || {
        for record in &records {
            let _ = black_box(serde_json::from_str::<serde::de::IgnoredAny>(record));
        }
    });
    let ours = least(3, || {
        black_box(facts(&records));
    });
    tell("read records into the event store", ours, floor, "parsing them and keeping nothing");

    let picture: Assessment = assess(facts(&records), Timestamp::UNIX_EPOCH, Lens::default());
    let pane = mgmtscope::panes::PaneId::Activity.pane();
    let floor = least(5, || {
        black_box(records.iter().filter(|record| record.contains("role-17")).count());
    });
    let ours = least(5, || {
        let filter = Filter::new("role-17", pane).unwrap_or_default();
        black_box(order(pane, &picture, &filter, None));
    });
    tell("filter by a word in any column", ours, floor, "searching the raw text");
    let floor = least(5, || {
        let mut times: Vec<(u32, u32)> = picture.facts.events.iter().map(|e| (e.seconds(), e.id().0)).collect();
        times.sort_unstable();
        black_box(times);
    });
    let ours = least(5, || {
        let sort = Some(mgmtscope::panes::order::Sort { column: 0, descending: false });
        black_box(order(pane, &picture, &Filter::default(), sort));
    });
    tell("sort by time", ours, floor, "sorting bare numbers");
    let ours = least(3, || {
        black_box(assess(picture.facts.clone(), Timestamp::UNIX_EPOCH, Lens::default()));
    });
    tell("assess everything", ours, floor, "sorting bare numbers");

    let theme = Theme::named("16").unwrap_or_else(|error| unreachable!("{error}"));
    let draw = |app: &App| {
        least(50, || {
            let mut buffer = Buffer::empty(Rect::new(0, 0, 80, 24));
            black_box(view(app, &theme, &mut buffer));
        })
    };
    let (many, few) = (app(&picture.facts), app(&facts(&records[..100])));
    tell("draw a frame over all events", draw(&many), draw(&few), "a frame over 100 events");
}
