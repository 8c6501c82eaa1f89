//! How fast the event history is read over a real socket: the program against a front that is slow and strict.
//! Timed, so never in CI: `cargo test --release --test journeys -- --ignored --nocapture pace`.

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::front::{Fault, Front};
use crate::support::program::Program;
use crate::support::pty::SIZE;
use crate::visit::Visit;

const LATENCY: Duration = Duration::from_secs(4);
/// What is measured, once the first answers are there.
const WATCHED: Duration = Duration::from_secs(60);
const REGIONS: [&str; 4] = ["us-east-1", "eu-west-1", "eu-central-1", "ap-southeast-2"];

/// An event every minute for a week, in every Region: more than can be read while it is watched.
fn history() -> Vec<Value> {
    let now = crate::support::now();
    let record = |region: &str, number: i64| {
        let time = now - jiff::SignedDuration::from_mins(number);
        json!({
            "eventVersion": "1.11", "eventID": format!("{region}-{number}"),
            "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), "eventSource": "ec2.amazonaws.com",
            "eventName": "DescribeInstances", "awsRegion": region, "sourceIPAddress": "198.51.100.7",
            "userAgent": "pace", "readOnly": true, "managementEvent": true,
            "userIdentity": { "type": "IAMUser", "userName": "pace", "accountId": "123456789012" },
        })
    };
    REGIONS.iter().flat_map(|region| (0..7 * 24 * 60).map(move |number| record(region, number))).collect()
}

/// Requests in each Region and second, and the share that came too fast.
fn watch(regions: &[&str]) -> (Vec<f64>, f64) {
    let front = Front::start(None);
    // Nothing else is asked for long: the answer to all the rest is that it is not allowed.
    front.trail().set(history());
    front.faults().on("cloudtrail:LookupEvents", Fault::Delay(LATENCY));
    front.faults().on("*", Fault::Deny);
    let visit = Visit::open(&Program::live(&front, regions), SIZE);
    let looked_up = |region: &str, since: Instant| {
        let calls = front.calls();
        calls
            .iter()
            .filter(|call| call.operation == "LookupEvents" && call.region == region && call.at >= since)
            .count()
    };
    let start = Instant::now();
    for region in regions {
        front.wait_for_call(&format!("cloudtrail:LookupEvents@{region}"), Duration::from_secs(60));
    }
    let (begun, refused) = (Instant::now(), front.trail().refused());
    front.watch_until(begun + WATCHED);
    let seconds = begun.elapsed().as_secs_f64();
    let rates: Vec<f64> = regions.iter().map(|region| looked_up(region, begun) as f64 / seconds).collect();
    let asked: usize = regions.iter().map(|region| looked_up(region, start)).sum();
    let throttled = f64::from(front.trail().refused() - refused) / asked as f64;
    visit.quit();
    (rates, throttled)
}

#[test]
#[ignore = "two minutes by the clock; run it by hand"]
fn each_region_gets_its_whole_quota_at_four_seconds_of_latency() {
    let mut out = std::io::stderr();
    let mut sums = Vec::new();
    for regions in [&REGIONS[..1], &REGIONS[..]] {
        let (rates, throttled) = watch(regions);
        let sum: f64 = rates.iter().sum();
        let each: Vec<String> = rates.iter().map(|rate| format!("{rate:.3}")).collect();
        writeln!(
            out,
            "{} Regions: {sum:.2} requests a second, {} each, {:.2} % throttled; one token chain: {:.2}",
            regions.len(),
            each.join(" "),
            throttled * 100.0,
            1.0 / LATENCY.as_secs_f64(),
        )
        .expect("stderr");
        for rate in &rates {
            assert!(*rate >= 1.9, "{rates:?}");
        }
        assert!(throttled < 0.01, "{throttled}");
        sums.push(sum);
    }
    let ratio = sums[1] / sums[0];
    writeln!(out, "{} Regions give {ratio:.2} times one", REGIONS.len()).expect("stderr");
    assert!(ratio > 0.97 * REGIONS.len() as f64, "{sums:?}");
}
