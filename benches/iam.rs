//! Speed of the policy analysis as ratios: an account of N principals from file to every power, way and lever, against
//! the floor of reading the same file as JSON. `cargo bench --bench iam` prints them; nothing here passes or fails.
//!
//! The accounts are made by `gen_authz.py` beside the checkout; without it a smaller one is made here.

use std::hint::black_box;
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use mgmtscope::analysis::policy::Truth;
use mgmtscope::analysis::power::routes::{Routes, Standing};
use mgmtscope::analysis::power::{ActionId, Graph, Ground, Power, Profile, Surroundings};
use mgmtscope::collect::files::Files;
use mgmtscope::collect::{Order, RegionScope, gather};
use mgmtscope::model::Facts;
use rayon::prelude::*;
use tokio_util::sync::CancellationToken;

fn generated(size: f64) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tool = root.join("../shared/tools/gen_authz.py");
    let path = root.join(format!("target/bench-authz-{size}.json"));
    if path.exists() {
        return Some(path);
    }
    let made = Command::new("python3").arg(tool).args(["--seed", "7", "--size", &size.to_string()]).output().ok()?;
    if !made.status.success() {
        return None;
    }
    std::fs::write(&path, made.stdout).ok()?;
    Some(path)
}

fn read(path: &Path) -> Facts {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let source = Arc::new(Files::open(vec![path.to_owned()]).expect("the file is known"));
    let order = Order::everything(RegionScope::All, SignedDuration::from_hours(1), Timestamp::UNIX_EPOCH);
    runtime.block_on(gather(source, order, CancellationToken::new(), |_, _| {}))
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let done = work();
    (done, began.elapsed())
}

/// The most memory this process has had, in MiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or("");
    line.split_whitespace().nth(1).and_then(|word| word.parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// What the judging is made of.
fn parts(facts: &Facts, out: &mut impl Write) {
    let (graph, compiling) = timed(|| Graph::of(facts, Timestamp::UNIX_EPOCH));
    let (around, looking) = timed(|| Surroundings::of(facts, &graph));
    let ground = Ground::of(facts, &|_| Vec::new());
    let (routes, searching) = timed(|| Routes::of(&graph, &around, &ground));
    let ids: Vec<u32> = graph.ids().collect();
    let (_, grading) = timed(|| {
        ids.par_iter().for_each(|id| {
            black_box(Profile::of(&graph, &routes, &ground, *id));
        });
    });
    let _ = writeln!(
        out,
        "        compiled {compiling:.0?}, surroundings {looking:.0?}, ways {searching:.0?}, powers {grading:.0?}"
    );
}

fn main() {
    let mut out = stdout().lock();
    let mut before: Option<(f64, f64)> = None;
    for size in [0.1, 1.0, 20.0 / 3.0] {
        let Some(path) = generated(size) else {
            let _ = writeln!(out, "no gen_authz.py beside the checkout: nothing to measure");
            return;
        };
        let (facts, reading) = timed(|| read(&path));
        let (power, judging) = timed(|| Power::of(&facts, Timestamp::UNIX_EPOCH));
        let after = peak();
        let text = std::fs::read(&path).expect("it is there");
        let (_, floor) = timed(|| black_box(serde_json::from_slice::<serde_json::Value>(&text).expect("JSON")));
        let nodes = power.graph.nodes.len();
        let admin = power.routes.standing.iter().filter(|one| matches!(one, Standing::Admin(Truth::Yes))).count();
        let reach = power.routes.standing.iter().filter(|one| matches!(one, Standing::Reaches { .. })).count();
        let whole = reading + judging;
        let ratio = whole.as_secs_f64() / floor.as_secs_f64();
        let _ = writeln!(
            out,
            "{nodes:>6} principals: read {reading:?}, judged {judging:?}: {ratio:.2} x reading it as JSON ({floor:?}); \
             {admin} administrators, {reach} reach one; {after} MiB at most",
        );
        parts(&facts, &mut out);
        let (count, seconds) = (f64::from(u32::try_from(nodes).unwrap_or(u32::MAX)), whole.as_secs_f64());
        if let Some((fewer, less)) = before.replace((count, seconds)) {
            let (times, allowed) = (count / fewer, count * count.ln() / (fewer * fewer.ln()));
            let grown = seconds / less;
            let _ = writeln!(out, "        {times:.2} x the principals, {grown:.2} x the time (n log n: {allowed:.2})");
        }
        // Single questions, each one evaluated: no summary answers for it.
        let action = ActionId::find("iam:PassRole").expect("known");
        let roles: Vec<&str> = power.graph.nodes.iter().map(|node| node.arn.as_str()).step_by(97).collect();
        let asking: Vec<u32> =
            power.graph.ids().filter(|id| !power.graph.node(*id).summary.nowhere.contains(action)).collect();
        let (count, time) = timed(|| {
            let mut count = 0_u32;
            for &who in &asking {
                for role in &roles {
                    black_box(power.graph.evaluate(who, action, role));
                    count += 1;
                }
            }
            count
        });
        let rate = f64::from(count) / time.as_secs_f64();
        let _ = writeln!(out, "        {count} evaluations, {rate:.0} a second on one core");
    }
}
