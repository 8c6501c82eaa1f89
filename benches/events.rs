//! The event store against its floor: a tree of log files read by the program's own source, beside a bare loop of
//! libdeflate and sonic-rs over the same files (find, unpack, parse twelve borrowed fields, count by principal and call).
//!
//! `MGMTSCOPE_TREE=folder cargo bench --bench events`; the folder is one of `gen_cloudtrail.py`'s, or any other.
//! Nothing here passes or fails.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hint::black_box;
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use mgmtscope::analysis::elsewhere::Outcome;
use mgmtscope::analysis::{Assessment, Elsewhere, Lens, assess};
use mgmtscope::collect::files::Files;
use mgmtscope::collect::{Order, RegionScope, gather};
use mgmtscope::model::organization::{OrganizationPolicy, PolicyTarget};
use mgmtscope::model::{Ask, Batch, Facts, Root};
use mgmtscope::panes::PaneId;
use mgmtscope::panes::filter::Filter;
use mgmtscope::panes::order::{Sort, order};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

#[derive(Deserialize)]
struct File<'a> {
    #[serde(rename = "Records", borrow)]
    records: Vec<Record<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    #[serde(borrow)]
    event_time: &'a str,
    #[serde(borrow)]
    event_name: &'a str,
    #[serde(borrow)]
    event_source: &'a str,
    #[serde(borrow)]
    aws_region: &'a str,
    #[serde(rename = "sourceIPAddress", borrow)]
    ip: Option<&'a str>,
    #[serde(borrow)]
    user_agent: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    error_code: Option<&'a str>,
    #[serde(rename = "eventID", borrow)]
    event_id: &'a str,
    #[serde(borrow)]
    recipient_account_id: Option<&'a str>,
    read_only: Option<bool>,
    #[serde(borrow)]
    user_identity: Identity<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<&'a str>,
    #[serde(borrow)]
    arn: Option<&'a str>,
    #[serde(borrow)]
    access_key_id: Option<&'a str>,
    #[serde(borrow)]
    invoked_by: Option<&'a str>,
}

fn files(tree: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(tree).into_iter().flatten();
    entries.map(walkdir::DirEntry::into_path).filter(|path| path.extension().is_some_and(|end| end == "gz")).collect()
}

/// By principal and call.
type Counts = HashMap<(String, String), usize>;

/// The floor: how many events, and in how many groups.
fn floor(tree: &Path, threads: usize) -> (usize, usize) {
    let files = files(tree);
    let next = AtomicUsize::new(0);
    let count = |_| {
        let mut decompressor = libdeflater::Decompressor::new();
        let mut unpacked = Vec::new();
        let mut counts = Counts::new();
        let mut events = 0;
        while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let Ok(packed) = std::fs::read(path) else { continue };
            let length = packed.last_chunk::<4>().map_or(0, |length| u32::from_le_bytes(*length) as usize);
            if unpacked.len() < length {
                unpacked.resize(length, 0);
            }
            let Ok(got) = decompressor.gzip_decompress(&packed, &mut unpacked) else { continue };
            let Ok(file) = sonic_rs::from_slice::<File<'_>>(&unpacked[..got]) else { continue };
            for record in &file.records {
                black_box((record.event_time, record.event_source, record.aws_region, record.ip, &record.user_agent));
                black_box((record.error_code, record.event_id, record.recipient_account_id, record.read_only));
                black_box((record.user_identity.kind, record.user_identity.access_key_id));
                let who = record.user_identity.arn.or(record.user_identity.invoked_by).unwrap_or("-");
                *counts.entry((who.to_owned(), record.event_name.to_owned())).or_default() += 1;
                events += 1;
            }
        }
        (events, counts)
    };
    let parts: Vec<(usize, Counts)> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|n| scope.spawn(move || count(n))).collect();
        handles.into_iter().filter_map(|handle| handle.join().ok()).collect()
    });
    let mut all = HashMap::new();
    let mut events = 0;
    for (part, counts) in parts {
        events += part;
        for (key, count) in counts {
            *all.entry(key).or_insert(0) += count;
        }
    }
    (events, all.len())
}

fn ours(tree: &Path) -> Facts {
    let source = Arc::new(Files::open(vec![tree.to_owned()]).unwrap_or_else(|error| unreachable!("{error}")));
    let order = Order {
        asks: BTreeSet::from([Ask::Events]),
        regions: RegionScope::All,
        since: SignedDuration::from_hours(24 * 90),
        now: Timestamp::UNIX_EPOCH,
        held: BTreeMap::new(),
        wanted: Default::default(),
    };
    let runtime = tokio::runtime::Runtime::new().unwrap_or_else(|error| unreachable!("{error}"));
    runtime.block_on(gather(source, order, CancellationToken::new(), |_, _| {}))
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let began = Instant::now();
    let done = work();
    (began.elapsed(), done)
}

/// Memory of this process in MiB: now, and at its peak.
fn memory() -> (usize, usize) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_whitespace().nth(1)?.parse::<usize>().ok()).unwrap_or(0) / 1024
    };
    (of("VmRSS:"), of("VmHWM:"))
}

/// The same events replayed against SCPs that ask for the Region, the principal and the address: what grouping costs, and
/// what a place's answers cost.
fn elsewhere(facts: &Facts) {
    let policy = |id: &str, document: &str| OrganizationPolicy {
        id: id.into(),
        name: id.into(),
        kind: "SERVICE_CONTROL_POLICY".into(),
        document: Some(document.into()),
        targets: Some(vec![PolicyTarget { id: "r-1".into(), ..PolicyTarget::default() }]),
        ..OrganizationPolicy::default()
    };
    let guard = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Deny","NotAction":["iam:*","sts:*"],"Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}}},
        {"Effect":"Deny","Action":"*","Resource":"*","Condition":{"NotIpAddress":{"aws:SourceIp":"203.0.113.0/24"},"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/a*"}}}]}"#;
    let mut facts = facts.clone();
    facts.apply(Batch::Roots(vec![Root {
        id: "r-1".into(),
        name: "Root".into(),
        enabled_policy_types: vec!["SERVICE_CONTROL_POLICY".into()],
        ..Root::default()
    }]));
    let full = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    facts.apply(Batch::Policies(vec![policy("p-full", full), policy("p-guard", guard)]));
    let activity = mgmtscope::analysis::activity::assess(&facts, Lens::default());
    let (grouped, all) = timed(|| Elsewhere::of(&facts, &activity));
    let picture = Assessment { facts, activity, elsewhere: Arc::new(all), ..Assessment::default() };
    let (answered, replay) = timed(|| picture.replay("r-1"));
    if let Ok(replay) = replay {
        let denied = replay.events(Outcome::Denied);
        let _ = writeln!(
            stdout(),
            "elsewhere: grouped in {grouped:?}, a place's answers in {answered:?} ({} groups, {denied} events denied)",
            picture.elsewhere.groups()
        );
    }
}

fn main() {
    let Some(tree) = std::env::var_os("MGMTSCOPE_TREE").map(PathBuf::from) else {
        let _ =
            writeln!(stdout(), "skipped: MGMTSCOPE_TREE names no folder of log files (gen_cloudtrail.py makes one)");
        return;
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let before = memory().0;
    let mut best: Option<(Duration, Duration)> = None;
    let mut facts = Facts::default();
    for run in 0..5 {
        drop(std::mem::take(&mut facts));
        let (ours_took, now) = timed(|| ours(&tree));
        facts = now;
        if run == 0 {
            let (held, peak) = memory();
            let events = facts.events.len().max(1);
            let bytes = |mib: usize| (mib << 20) / events;
            let _ = writeln!(
                stdout(),
                "{events} events, {} duplicates; {held} MiB held (of which {before} before), {} B an event; peak {peak} MiB, {} B an event",
                facts.events.duplicates(),
                bytes(held),
                bytes(peak)
            );
        }
        let (floor_took, (events, groups)) = timed(|| floor(&tree, threads));
        assert_eq!(events, facts.events.len(), "ours and the floor read the same");
        let _ = writeln!(
            stdout(),
            "read {ours_took:?}, floor {floor_took:?}: {:.2} x F ({groups} groups)",
            ours_took.as_secs_f64() / floor_took.as_secs_f64()
        );
        let least = best.unwrap_or((ours_took, floor_took));
        best = Some((least.0.min(ours_took), least.1.min(floor_took)));
    }
    if let Some((ours, floor)) = best {
        let _ = writeln!(stdout(), "best of 5: {:.2} x F", ours.as_secs_f64() / floor.as_secs_f64());
    }
    let (took, picture) = timed(|| assess(facts, Timestamp::UNIX_EPOCH, Lens::default()));
    let _ = writeln!(stdout(), "assess all: {took:?} ({} shown)", picture.activity.order.len());
    let pane = PaneId::Activity.pane();
    let words = ["a", "as", "ass", "assumerole", "10.1", "zzz", "error!=\"\"", "principal:eks event:get", "2025-10-17"];
    for word in words {
        let filter = Filter::new(word, pane).unwrap_or_default();
        let mut times: Vec<Duration> = (0..9).map(|_| timed(|| order(pane, &picture, &filter, None)).0).collect();
        times.sort_unstable();
        let found = order(pane, &picture, &filter, None).len();
        let _ = writeln!(stdout(), "filter {word:<24} p50 {:?}, worst {:?} ({found} found)", times[4], times[8]);
    }
    for name in ["time", "event", "principal", "ip", "resource"] {
        let sort = pane.column(name).map(|column| Sort { column, descending: false });
        let mut times: Vec<Duration> =
            (0..5).map(|_| timed(|| order(pane, &picture, &Filter::default(), sort)).0).collect();
        times.sort_unstable();
        let _ = writeln!(stdout(), "sort by {name:<23} p50 {:?}, worst {:?}", times[2], times[4]);
    }
    elsewhere(&picture.facts);
    let log = &picture.facts.events;
    let ids: Vec<_> = log.ids().step_by((log.len() / 200).max(1)).collect();
    let mut times: Vec<Duration> = ids.iter().map(|&id| timed(|| black_box(log.get(id).raw())).0).collect();
    times.sort_unstable();
    let last = times.len().saturating_sub(1);
    let _ = writeln!(stdout(), "fetch a record again: p50 {:?}, p99 {:?}", times[last / 2], times[last * 99 / 100]);
}
