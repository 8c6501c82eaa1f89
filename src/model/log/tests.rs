//! What went in comes out, once.

use super::*;
use crate::model::Text;

fn event(n: usize) -> Event {
    let raw = format!(r#"{{"eventName":"E{n}","eventID":"{n}","eventTime":"2026-11-01T10:00:{:02}Z"}}"#, n % 60);
    Event::from_record(&raw).expect("a record")
}

fn record(raw: &str) -> Event {
    Event::from_record(raw).expect("a record")
}

#[test]
fn what_went_in_comes_out() {
    let mut log = EventLog::default();
    let events: Vec<Event> = (0..7).map(event).collect();
    assert_eq!(log.append(&events[..3]), Appended { new: 3, duplicates: 0 });
    assert_eq!(log.append(&events), Appended { new: 4, duplicates: 3 });
    assert_eq!((log.len(), log.duplicates(), log.repeated()), (7, 3, 0));
    for (id, event) in log.ids().zip(&events) {
        let row = log.get(id);
        assert_eq!((row.word(Field::Name), row.event_id()), (event.name.as_str(), event.id.clone()));
        assert_eq!(row.time(), event.time);
        assert_eq!(row.raw().as_ref(), Ok(&event.raw));
    }
    assert_eq!(log.iter().count(), 7);
}

#[test]
fn a_clone_does_not_grow_and_may_grow_by_itself() {
    let mut log = EventLog::default();
    log.append(&[event(1)]);
    let mut before = log.clone();
    log.append(&[event(2)]);
    assert_eq!((before.len(), log.len()), (1, 2));
    // The older one knows what it has, and nothing of what the newer one took in.
    assert_eq!(before.append(&[event(1), event(2), event(3)]), Appended { new: 2, duplicates: 1 });
    assert_eq!(log.append(&[event(2), event(4)]), Appended { new: 1, duplicates: 1 });
    let names = |log: &EventLog| log.iter().map(|row| row.word(Field::Name).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        (names(&before), names(&log)),
        (vec!["E1".into(), "E2".into(), "E3".into()], vec!["E1".into(), "E2".into(), "E4".into()])
    );
}

#[test]
fn our_own_calls_are_known_by_their_agent() {
    let mut log = EventLog::default();
    log.append(&[Event {
        name: "ListUsers".into(),
        agent: "aws-sdk-rust/1.3 app/mgmtscope".into(),
        ..Event::default()
    }]);
    assert!(log.get(EventId(0)).is_own());
}

#[test]
fn one_id_with_other_content_is_kept_and_counted() {
    let mut log = EventLog::default();
    let one = r#"{"eventID":"5b2c8a1e-0000-4000-8000-000000000001","eventName":"DeletePolicy","requestParameters":{"a":1,"b":2}}"#;
    let turned = r#"{ "eventName":"DeletePolicy","eventID":"5b2c8a1e-0000-4000-8000-000000000001","requestParameters":{"b":2,"a":1}}"#;
    let other = r#"{"eventID":"5b2c8a1e-0000-4000-8000-000000000001","eventName":"DeletePolicy","requestParameters":{"a":1,"b":3}}"#;
    log.append(&[record(one), record(turned), record(other), record(one)]);
    assert_eq!((log.len(), log.duplicates(), log.repeated()), (3, 1, 2));
    let (compared, twice) = (log.twins().len(), log.compare());
    assert_eq!(twice, [EventId(1)], "it says the same in another order");
    log.settle(compared, &twice);
    assert_eq!((log.len(), log.duplicates(), log.repeated()), (2, 2, 1));
    assert!(log.twins().is_empty() && log.iter().all(|row| row.id() != EventId(1)));
}

#[test]
fn many_events_of_one_id_or_of_none_are_told_apart_by_their_bytes() {
    for id in [r#""eventID":"EXAMPLE","#, ""] {
        let records: Vec<Event> = (0..200).map(|n| record(&format!(r#"{{{id}"eventName":"E{n}"}}"#))).collect();
        let mut log = EventLog::default();
        log.append(&records);
        assert_eq!(log.append(&records), Appended { new: 0, duplicates: 200 }, "{id}");
        assert_eq!(log.len(), 200);
        // Also for a log that must make its index anew.
        let mut older = log.clone();
        log.append(&[event(1)]);
        assert_eq!(older.append(&records).duplicates, 200, "{id}");
    }
}

#[test]
fn what_a_call_gave_out_is_known() {
    let mut log = EventLog::default();
    let give = r#"{"eventID":"1","eventName":"AssumeRole","eventSource":"sts.amazonaws.com","responseElements":{"credentials":{"accessKeyId":"ASIA1"}}}"#;
    log.append(&[event(1), record(give), event(2)]);
    let issued: Vec<&str> = log.iter().map(|row| row.issued()).collect();
    assert_eq!(issued, ["", "ASIA1", ""]);
    assert_eq!(log.get(EventId(1)).event_id(), Text::new("1"));
}
