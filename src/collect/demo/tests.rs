//! What the sample promises: enough of everything, in every state, and the same every time.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{Demo, clock};
use crate::collect::{Order, RegionScope, gather};
use crate::model::log::Field;
use crate::model::{ActorKind, Ask, Facts, Status};

fn read() -> Facts {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let order = Order::everything(RegionScope::All, jiff::SignedDuration::from_hours(24), clock());
    runtime.block_on(gather(Arc::new(Demo), order, CancellationToken::new(), |_, _| {}))
}

#[test]
fn there_is_enough_of_everything() {
    let facts = read();
    assert!(facts.accounts.len() >= 38, "{} accounts", facts.accounts.len());
    assert!(facts.units.len() >= 6, "{} units", facts.units.len());
    let principals = facts.users.len() + facts.roles.len() + 1;
    assert!((30..=60).contains(&principals), "{principals} principals");
    assert!(facts.residents.len() >= 150, "{} residents", facts.residents.len());
    assert!(facts.events.len() >= 20_000, "{} events", facts.events.len());
    let oldest = facts.events.iter().filter_map(|event| event.time()).min().expect("an event");
    let age = clock().duration_since(oldest).as_hours() / 24;
    assert!((85..=91).contains(&age), "{age} days");
}

#[test]
fn two_readings_are_equal() {
    let (one, two) = (read(), read());
    assert_eq!(one.to_batches(), two.to_batches());
    assert!(one.events.raws().eq(two.events.raws()));
}

#[test]
fn every_ask_has_its_reading_and_every_state_occurs() {
    let facts = read();
    for &ask in Ask::ALL {
        assert!(facts.coverage.of_ask(ask).next().is_some(), "{ask} was not read");
        assert!(!facts.coverage.status(ask).is_open(), "{ask} is still open");
    }
    let states: BTreeSet<Status> = facts.coverage.iter().map(|(_, reading)| reading.status).collect();
    for status in [Status::Complete, Status::Partial, Status::Denied, Status::NotApplicable] {
        assert!(states.contains(&status), "{status:?} does not occur");
    }
}

#[test]
fn every_document_and_record_is_json_and_every_record_is_one_of_its_own() {
    let facts = read();
    for role in facts.roles.values() {
        assert!(role.trust.json().is_some(), "{}", role.name);
    }
    for policy in facts.policies.values() {
        assert!(policy.document.as_ref().is_some_and(|document| document.json().is_some()), "{}", policy.name);
    }
    let mut ids = HashSet::new();
    for (event, raw) in facts.events.iter().zip(facts.events.raws()) {
        assert!(serde_json::from_str::<serde_json::Value>(&raw).is_ok(), "{raw}");
        assert!(ids.insert(event.word(Field::Id).clone()), "twice: {raw}");
    }
}

#[test]
fn every_actor_is_somebody() {
    let facts = read();
    let known: HashSet<String> = (facts.roles.keys().chain(facts.users.keys()))
        .map(|arn| crate::model::event::principal_key(arn.as_str()).to_string())
        .collect();
    for event in facts.events.iter() {
        let key = event.word(Field::ActorKey);
        let known = match event.actor_kind() {
            // The intruder's user was deleted again.
            ActorKind::IamUser | ActorKind::AssumedRole => {
                known.contains(key.as_str()) || key.ends_with("svc-backup-sync")
            }
            _ => true,
        };
        assert!(known, "{key}");
    }
}

#[test]
fn the_incident_can_be_found() {
    let facts = read();
    let stopped = facts
        .events
        .iter()
        .find(|event| event.word(Field::Name) == "StopLogging" && event.word(Field::Error).is_empty());
    assert!(stopped.is_some_and(|event| event.word(Field::ActorName) == "svc-backup-sync"));
    assert!(facts.events.iter().any(|event| event.is_own()), "own calls occur");
}
