//! Real files of others, read whole: counts are those that another program (Python's `json`) finds. The files lie
//! beside the repository, or where `MGMTSCOPE_SHARED` says; without them the tests say that they were skipped.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mgmtscope::collect::files::Files;
use mgmtscope::collect::{Order, RegionScope, gather};
use mgmtscope::model::{Ask, Cell, Facts, Reading};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

/// None, said aloud, when the files are not here.
#[allow(clippy::print_stdout, reason = "a skipped test must be seen")]
fn corpus(name: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("MGMTSCOPE_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = shared.join("corpus").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is not here", path.display());
    None
}

async fn read(path: &Path) -> Facts {
    let source = Arc::new(Files::open(vec![path.to_owned()]).unwrap_or_else(|error| panic!("{error}")));
    let order = Order::everything(RegionScope::All, SignedDuration::from_hours(1), Timestamp::UNIX_EPOCH);
    gather(source, order, CancellationToken::new(), |_, _| {}).await
}

fn reading(facts: &Facts, ask: Ask) -> Reading {
    facts.coverage.get(&Cell::global(ask)).cloned().expect("read")
}

#[tokio::test]
async fn every_line_of_the_corpus_is_an_event() {
    let Some(path) = corpus("cloudtrail/events.jsonl") else { return };
    let lines = std::fs::read_to_string(&path).expect("readable").lines().count();
    let facts = read(&path).await;
    assert_eq!((lines, facts.events.len()), (3640, 3640));
    assert_eq!(reading(&facts, Ask::Events).rows, 3640);
    assert!(facts.coverage.is_complete(), "{:?}", facts.coverage.gaps().collect::<Vec<_>>());
}

#[tokio::test]
async fn delivered_folders_are_read_whole() {
    // Files and records, by Python: len(json.load(file)["Records"]) over every file.
    for (folder, files, events) in [
        ("cloudtrail/delivered/invictus", 55, 2900),
        ("cloudtrail/delivered/trailscraper", 1, 2),
        ("cloudtrail/delivered", 56, 2902),
    ] {
        let Some(path) = corpus(folder) else { return };
        let facts = read(&path).await;
        let reading = reading(&facts, Ask::Events);
        assert_eq!((facts.events.len(), reading.rows, reading.gaps.len()), (events, events as u64, 0), "{folder}");
        assert!(files == 1 || reading.note.starts_with(&format!("{files} files: ")), "{}", reading.note);
    }
}

#[tokio::test]
async fn authorization_details_of_others_are_known_and_counted() {
    let Some(folder) = corpus("authz") else { return };
    let mut totals = [0; 4];
    let mut files = 0;
    let found = walkdir::WalkDir::new(&folder).sort_by_file_name().into_iter().map(|entry| entry.expect("listed"));
    for entry in found.filter(|entry| entry.path().to_string_lossy().ends_with(".authz.json")) {
        let document: Value = serde_json::from_slice(&std::fs::read(entry.path()).expect("readable")).expect("JSON");
        let count = |key: &str| document[key].as_array().map_or(0, Vec::len);
        let expected = ["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"].map(count);
        let facts = read(entry.path()).await;
        let got = [facts.users.len(), facts.groups.len(), facts.roles.len(), facts.managed_policies.len()];
        assert_eq!(got, expected, "{}", entry.path().display());
        assert!(facts.coverage.is_complete());
        for document in facts.roles.values().map(|role| &role.trust) {
            serde_json::from_str::<Value>(document).expect("a trust policy stays JSON");
        }
        for (total, got) in totals.iter_mut().zip(got) {
            *total += got;
        }
        files += 1;
    }
    // By Python, over all files.
    assert_eq!((files, totals), (58, [145, 12, 191, 222]));
}

/// Everything that the log knows of an event, in words.
fn told(facts: &Facts) -> Vec<String> {
    use mgmtscope::model::log::Field::*;
    const FIELDS: [mgmtscope::model::log::Field; 15] = [
        Name, Source, Error, Region, Recipient, ActorKey, ActorName, Session, AccessKey, Account, InvokedBy, Ip, Agent,
        Resources, Rules,
    ];
    let mut told: Vec<String> = (facts.events.iter())
        .map(|row| {
            let words: Vec<&str> = FIELDS.iter().map(|&field| row.word(field)).collect();
            let flags = (row.read_only(), row.mfa(), row.is_own(), row.is_console(), row.issued());
            format!("{} {:?} {words:?} {:?} {flags:?}", row.event_id(), row.time(), row.actor_kind())
        })
        .collect();
    told.sort();
    told
}

#[tokio::test]
async fn both_readers_understand_every_record_alike() {
    let Some(path) = corpus("cloudtrail/events.jsonl") else { return };
    let lines = std::fs::read_to_string(&path).expect("readable");
    let folder = tempfile::tempdir().expect("a folder");
    for (n, records) in lines.lines().collect::<Vec<_>>().chunks(7).enumerate() {
        let file = format!("{{\"Records\":[{}]}}", records.join(","));
        std::fs::write(folder.path().join(format!("{n:04}.json")), file).expect("written");
    }
    let (slow, quick) = (read(&path).await, read(folder.path()).await);
    assert_eq!(quick.events.len(), 3640);
    for (quick, slow) in told(&quick).iter().zip(told(&slow)) {
        assert_eq!(*quick, slow);
    }
    // And each record can be had again.
    let mut records: Vec<String> = quick.events.records().map(|raw| raw.expect("there")).collect();
    let mut expected: Vec<&str> = lines.lines().collect();
    records.sort();
    expected.sort_unstable();
    assert_eq!(records, expected);
}

/// The lines of the corpus so often that the file is read in many pieces, by all cores.
fn long_file(path: &Path) -> String {
    std::fs::read_to_string(path).expect("readable").repeat(4)
}

#[tokio::test]
async fn a_file_of_lines_is_read_alike_by_one_and_by_all() {
    use std::io::Write;
    let Some(path) = corpus("cloudtrail/events.jsonl") else { return };
    let text = long_file(&path);
    let folder = tempfile::tempdir().expect("a folder");
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(text.as_bytes()).expect("in memory");
    let packed = packer.finish().expect("in memory");
    let damaged = text.replacen("\n{", "\nrubbish\n{", 3_000).replacen("eventName", "eventNome", 1);
    for (name, bytes) in [
        ("whole.jsonl", text.as_bytes()),
        ("cut.jsonl", &text.as_bytes()[..text.len() - 1_000]),
        ("damaged.jsonl", damaged.as_bytes()),
        ("whole.jsonl.gz", &packed[..]),
        ("cut.jsonl.gz", &packed[..packed.len() / 3]),
    ] {
        let all = folder.path().join(name);
        std::fs::write(&all, bytes).expect("written");
        // A blank line before the first record is left to the slow reader; it moves every byte by one.
        let one = folder.path().join(format!("one-{name}"));
        let mut moved = Vec::new();
        if name.ends_with("gz") {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            packer.write_all(b"\n").expect("in memory");
            moved = packer.finish().expect("in memory");
        } else {
            moved.push(b'\n');
        }
        moved.extend_from_slice(bytes);
        std::fs::write(&one, moved).expect("written");
        let (all, one) = (read(&all).await, read(&one).await);
        assert_eq!(told(&all), told(&one), "{name}");
        assert!(all.events.records().eq(one.events.records()), "{name}");
        let (all, one) = (reading(&all, Ask::Events), reading(&one, Ask::Events));
        assert_eq!(
            (all.rows, all.status, all.since, all.until),
            (one.rows, one.status, one.since, one.until),
            "{name}"
        );
        let place = |reading: &Reading| {
            let gap = reading.gaps.first()?.detail.to_string();
            let (at, rest) = gap.split_once("at byte ")?.1.split_once(':')?;
            Some((at.parse::<u64>().ok()?, rest.to_owned()))
        };
        assert_eq!(place(&all).map(|(at, rest)| (at + 1, rest)), place(&one), "{name}");
        assert_eq!(all.gaps.is_empty(), name.starts_with("whole"), "{name}");
    }
}

#[tokio::test]
async fn the_corpus_twice_is_the_corpus() {
    let Some(path) = corpus("cloudtrail/events.jsonl") else { return };
    let lines = std::fs::read_to_string(&path).expect("readable");
    let folder = tempfile::tempdir().expect("a folder");
    // Once as it is, once with every record's keys in another order and other blanks.
    let turned = lines.lines().map(|line| {
        let record: serde_json::Map<String, Value> = serde_json::from_str(line).expect("JSON");
        let turned: serde_json::Map<String, Value> = record.into_iter().rev().collect();
        serde_json::to_string_pretty(&turned).expect("JSON")
    });
    let turned = format!("{{\"Records\":[{}]}}", turned.collect::<Vec<_>>().join(",\n"));
    std::fs::write(folder.path().join("a.jsonl"), &lines).expect("written");
    std::fs::write(folder.path().join("b.json"), turned).expect("written");
    let facts = read(folder.path()).await;
    assert_eq!((facts.events.len(), facts.events.duplicates()), (3640, 3640));
}
