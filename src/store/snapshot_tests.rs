//! What is written comes back; what is cut or damaged is kept as far as it goes, and told.

use std::io::Cursor;

use super::*;
use crate::model::{Account, Ask, Cell, Event, Origin, OriginKind, Reading};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).expect("in range")
}

fn facts(accounts: usize, events: usize) -> Facts {
    let mut facts = Facts::default();
    facts.apply(Batch::Origin(Origin { kind: OriginKind::Demo, name: "demo".into(), as_of: Some(at(1_000)) }));
    let account = |n| Account { id: format!("{n:012}").into(), name: "x\u{1b}]0;".into(), ..Account::default() };
    facts.apply(Batch::Accounts((0..accounts).map(account).collect()));
    facts.apply(Batch::ResourcePolicy(None));
    facts.apply(Batch::Reading(Cell::global(Ask::Accounts), Reading::complete(accounts as u64)));
    let event = |n: usize| {
        // Line ends within a record, as in a file that a person has formatted.
        Event::from_record(&format!("{{\n \"eventName\": \"E{n}\",\r\n \"eventID\": \"{n}\", \"x\": \"a\\nb\"}}"))
            .expect("a record")
    };
    for start in (0..events).step_by(7) {
        facts.apply(Batch::Events((start..events.min(start + 7)).map(event).collect()));
    }
    facts
}

fn written(facts: &Facts) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_to(&mut bytes, facts, at(2_000)).expect("in memory");
    bytes
}

fn plain(facts: &Facts) -> String {
    let mut text = String::new();
    Unpacked::new(Cursor::new(written(facts)), LIMITS)
        .and_then(|mut reader| reader.read_to_string(&mut text))
        .expect("our own");
    text
}

fn again(bytes: impl Into<Vec<u8>>) -> (Facts, Option<Damage>) {
    let mut facts = Facts::default();
    let mut damage = None;
    for batch in read(Cursor::new(bytes.into()), LIMITS).expect("a snapshot") {
        assert_eq!(damage, None, "nothing comes after the damage");
        match batch {
            Ok(batch) => facts.apply(batch),
            Err(error) => damage = Some(error),
        }
    }
    (facts, damage)
}

#[test]
fn what_goes_in_comes_out() {
    let facts = facts(250, 1_234);
    let (again, damage) = again(written(&facts));
    assert_eq!(damage, None);
    assert_eq!(again.origins, facts.origins);
    assert_eq!(again.accounts, facts.accounts);
    assert_eq!(again.resource_policy, Some(None));
    assert_eq!(again.coverage, facts.coverage);
    assert_eq!(again.events.len(), 1_234);
    let ids = |facts: &Facts| facts.events.iter().map(|row| row.event_id()).collect::<Vec<_>>();
    assert_eq!(ids(&again), ids(&facts));
    let mut twice = again.clone();
    for event in facts.events.records().map(|raw| raw.expect("a record")) {
        twice.apply(Batch::Events(vec![Event::from_record(&event).expect("a record")]));
    }
    twice.settle_events();
    assert_eq!(twice.events.len(), 1_234, "an event out of a snapshot is the event that went in");
}

#[test]
fn the_header_names_the_age_of_the_data_and_the_lines() {
    let facts = facts(250, 1_234);
    let batches = read(Cursor::new(written(&facts)), LIMITS).expect("a snapshot");
    let header = batches.header().clone();
    assert_eq!((header.created, header.as_of), (at(2_000), Some(at(1_000))));
    assert_eq!(batches.count() as u64, header.lines);
    let text = plain(&facts);
    assert_eq!(text.lines().count() as u64, header.lines + 2);
    let first_events = text.lines().position(|line| line.contains(r#""batch":"events""#)).expect("events");
    assert_eq!(first_events as u64 + 1, header.events_from);
    assert!(text.ends_with(&format!("{{\"end\":{}}}\n", header.lines)));
}

#[test]
fn a_cut_file_keeps_what_came_before() {
    let text = plain(&facts(10, 1_234));
    let whole = text.lines().count();
    // Without the last two lines: the end and 234 events.
    let cut: String = text.split_inclusive('\n').take(whole - 2).collect();
    let (facts, damage) = again(cut);
    assert_eq!(facts.events.len(), 1_000);
    assert_eq!(
        damage,
        Some(Damage { line: whole as u64 - 1, detail: "the file ends here".into(), missing: 1, only_events: true })
    );
}

#[test]
fn cut_gzip_data_are_told_with_the_missing_lines() {
    let facts = facts(10, 3_000);
    let mut bytes = written(&facts);
    bytes.truncate(bytes.len() * 2 / 3);
    let (again, damage) = again(bytes);
    let damage = damage.expect("it is cut");
    assert!(again.events.len() < 3_000 && again.accounts.len() == 10);
    assert!(damage.only_events && damage.missing > 0, "{damage}");
    assert!(damage.to_string().contains("the gzip data is cut short"), "{damage}");
}

#[test]
fn a_damaged_line_costs_only_itself() {
    let text = plain(&facts(10, 1_234));
    let damaged = text.replace(r#"{"batch":"accounts""#, r#"{"batch":"acc?unts""#);
    let (facts, damage) = again(damaged);
    assert_eq!((facts.accounts.len(), facts.events.len()), (0, 1_234));
    let damage = damage.expect("a line is damaged");
    assert!(!damage.only_events);
    assert_eq!(damage.missing, 1);
}

#[test]
fn a_lost_line_is_noticed() {
    let text = plain(&facts(10, 1_234));
    let lost: String = text.split_inclusive('\n').filter(|line| !line.contains(r#""batch":"accounts""#)).collect();
    let damage = again(lost).1.expect("a line is lost");
    assert_eq!(damage.missing, 1);
}

#[test]
fn a_newer_version_is_refused_by_name() {
    let text = plain(&facts(1, 1)).replace(r#""version":1"#, r#""version":2"#);
    let error = read(Cursor::new(text), LIMITS).err().expect("refused");
    assert!(matches!(error, SnapshotError::Newer { version: 2, .. }));
    assert!(error.to_string().contains("reads up to 1"), "{error}");
}

#[test]
fn a_line_beyond_the_limit_is_damage_and_not_memory() {
    let text = plain(&facts(10, 1_234));
    let limits = Limits { item: 2_000, ..LIMITS };
    let mut batches = read(Cursor::new(text), limits).expect("a snapshot");
    let damage = batches.find_map(Result::err).expect("events are longer than 2000 bytes");
    assert!(damage.detail.contains("longer than 2000"), "{damage}");
    assert_eq!(damage.missing, 3);
}

#[test]
fn large_events_take_a_line_of_their_own() {
    assert_eq!(event_groups([1; 1_100].into_iter()), [500, 500, 100]);
    assert_eq!(event_groups([EVENT_BYTES, 1, EVENT_BYTES - 1, 5].into_iter()), [1, 2, 1]);
    assert_eq!(event_groups(std::iter::empty()), [0usize; 0]);
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200), cut in 0usize..2_000) {
        let _ = read(Cursor::new(bytes.clone()), LIMITS).map(Iterator::count);
        let mut text = plain(&facts(1, 3)).into_bytes();
        text.truncate(cut);
        text.extend(bytes);
        let _ = read(Cursor::new(text), LIMITS).map(Iterator::count);
    }
}
