//! Proof of the sample: it is the same each time, whole, of the promised size, and hurts nobody.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{DAYS, Demo, clock};
use crate::collect::{Delivery, OUTBOX, Order, Outbox, RegionScope, RunId, Source, gather};
use crate::model::log::Field;
use crate::model::{ActorKind, Ask, Batch, Cell, Event, Facts, Reading, Status, Text, text};

fn everything() -> Order {
    Order::everything(RegionScope::All, SignedDuration::from_hours(24 * DAYS), clock())
}

async fn told(order: Order) -> (Facts, Vec<Batch>) {
    let mut batches = Vec::new();
    let watch = |batch: &Batch, _: &Facts| batches.push(batch.clone());
    let facts = gather(Arc::new(Demo), order, CancellationToken::new(), watch).await;
    (facts, batches)
}

/// One telling for all tests that only look.
async fn whole() -> &'static (Facts, Vec<Batch>) {
    static WHOLE: tokio::sync::OnceCell<(Facts, Vec<Batch>)> = tokio::sync::OnceCell::const_new();
    WHOLE.get_or_init(|| told(everything())).await
}

async fn facts() -> &'static Facts {
    &whole().await.0
}

/// The events as they came, with their records at hand.
fn sent(batches: &[Batch]) -> impl Iterator<Item = &Event> {
    batches.iter().filter_map(|batch| if let Batch::Events(events) = batch { Some(events) } else { None }).flatten()
}

fn words(facts: &Facts, field: Field) -> BTreeSet<&str> {
    facts.events.iter().map(|event| event.word(field)).collect()
}

fn json(text: &Text) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("not JSON ({error}): {text}"))
}

#[tokio::test]
async fn two_runs_are_equal() {
    let (first, second) = (&whole().await.1, told(everything()).await.1);
    assert_eq!(first.len(), second.len());
    for (first, second) in first.iter().zip(&second) {
        assert_eq!(first, second);
    }
}

#[tokio::test]
async fn it_is_as_large_as_promised() {
    let facts = facts().await;
    assert!(facts.accounts.len() >= 38, "{} accounts", facts.accounts.len());
    assert!(facts.units.len() >= 6, "{} units", facts.units.len());
    let principals = facts.users.len() + facts.roles.len() + 1;
    assert!((30..=60).contains(&principals), "{principals} principals");
    assert!(facts.events.len() >= 20_000, "{} events", facts.events.len());
    assert!(facts.residents.len() >= 150, "{} residents", facts.residents.len());
    assert_eq!(facts.permission_sets.len(), 6);
    assert_eq!(facts.regions.values().filter(|region| region.is_on()).count(), 17);
    assert_eq!(facts.is_management_account(), Some(true));
    let (from, until) = (clock() - SignedDuration::from_hours(24 * DAYS), clock());
    assert!(facts.events.iter().all(|event| event.time().is_some_and(|time| (from..=until).contains(&time))));
}

#[tokio::test]
async fn every_cell_is_ended_and_every_state_appears() {
    let (facts, batches) = whole().await;
    for &ask in Ask::ALL {
        let cells = if ask.is_regional() { 17 } else { 1 };
        assert_eq!(facts.coverage.of_ask(ask).count(), cells, "{ask}");
    }
    assert!(!facts.coverage.is_open());
    let ends: BTreeSet<Status> = facts.coverage.iter().map(|(_, reading)| reading.status).collect();
    assert_eq!(ends, BTreeSet::from([Status::Complete, Status::NotApplicable, Status::Partial, Status::Denied]));
    let on_the_way: BTreeSet<Status> = batches
        .iter()
        .filter_map(|batch| match batch {
            Batch::Reading(_, reading) => Some(reading.status),
            _ => None,
        })
        .collect();
    assert!(on_the_way.is_superset(&BTreeSet::from([Status::Waiting, Status::Reading, Status::Throttled])));
    let sao_paulo = facts.coverage.get(&Cell::regional(Ask::Events, "sa-east-1".into())).expect("planned");
    assert_eq!(sao_paulo.status, Status::Partial);
    assert!(sao_paulo.rows > 0 && sao_paulo.since > Some(clock() - SignedDuration::from_hours(24 * 32)));
    for (_, reading) in facts.coverage.of_ask(Ask::CloudControl) {
        assert_eq!(reading.tally.map(|tally| tally.total()), Some(332));
    }
}

#[tokio::test]
async fn counts_in_the_coverage_are_those_of_the_tables() {
    let facts = facts().await;
    assert_eq!(facts.coverage.rows(Ask::Events), facts.events.len() as u64);
    assert_eq!(facts.coverage.rows(Ask::Accounts), facts.accounts.len() as u64);
    for ask in [Ask::Tagging, Ask::Config, Ask::ResourceExplorer, Ask::CloudControl] {
        let seen = facts.residents.values().filter(|resident| resident.seen_by.contains(&ask)).count();
        assert_eq!(facts.coverage.rows(ask), seen as u64, "{ask}");
        assert!(seen > 10, "{ask} saw {seen}");
    }
}

#[tokio::test]
async fn every_document_is_json() {
    let facts = facts().await;
    let mut documents: Vec<&Text> = Vec::new();
    documents.extend(facts.policies.values().filter_map(|policy| policy.document.as_ref()));
    documents.extend(facts.resource_policy.iter().flatten().map(|policy| &policy.document));
    documents.extend(facts.roles.values().map(|role| &role.trust));
    let inline = facts.roles.values().map(|role| &role.inline).chain(facts.users.values().map(|user| &user.inline));
    let inline = inline.chain(facts.groups.values().map(|group| &group.inline));
    documents.extend(inline.flatten().map(|policy| &policy.document));
    documents.extend(facts.managed_policies.values().flat_map(|policy| &policy.versions).map(|v| &v.document));
    documents.extend(facts.permission_sets.values().filter_map(|set| set.inline.as_ref()));
    assert!(documents.len() > 100, "{}", documents.len());
    for document in documents {
        let value = json(document);
        assert!(value.get("Statement").is_some_and(Value::is_array) || value.get("tags").is_some(), "{document}");
    }
    facts.residents.values().filter_map(|resident| resident.properties.as_ref()).for_each(|text| drop(json(text)));
    facts.trails.values().filter_map(|trail| trail.selectors.as_ref()).for_each(|text| drop(json(text)));
}

#[tokio::test]
async fn what_is_attached_is_known() {
    let facts = facts().await;
    let of_principals =
        facts.users.values().flat_map(|u| &u.attached).chain(facts.roles.values().flat_map(|r| &r.attached));
    let attached = of_principals.chain(facts.groups.values().flat_map(|g| &g.attached));
    for policy in attached {
        assert!(facts.managed_policies.contains_key(&policy.arn), "{}", policy.arn);
    }
    let groups: BTreeSet<&Text> = facts.groups.values().map(|group| &group.name).collect();
    assert!(facts.users.values().flat_map(|user| &user.groups).all(|group| groups.contains(group)));
    let nowhere: Vec<&str> = facts
        .policies
        .values()
        .filter(|policy| policy.targets.as_ref().is_some_and(Vec::is_empty))
        .map(|policy| policy.name.as_str())
        .collect();
    assert_eq!(nowhere, ["deny-public-s3-draft"]);
    for policy in facts.policies.values().filter(|policy| policy.name != "deny-public-s3-draft") {
        assert!(policy.targets.as_ref().is_some_and(|targets| !targets.is_empty()), "{}", policy.name);
    }
    for administrator in facts.delegated_administrators.values() {
        assert!(facts.accounts.contains_key(&administrator.account), "{administrator:?}");
    }
    for assignment in facts.assignments.keys() {
        let known = facts.directory_groups.contains_key(&assignment.assignee)
            || facts.directory_users.contains_key(&assignment.assignee);
        assert!(known && facts.permission_sets.contains_key(&assignment.permission_set));
    }
}

#[tokio::test]
async fn every_actor_is_known_or_was_deleted_before_our_eyes() {
    let (facts, batches) = whole().await;
    let mut known: HashSet<Text> = HashSet::new();
    known.extend(
        facts.users.keys().chain(facts.roles.keys()).map(|arn| crate::model::event::principal_key(arn.as_str())),
    );
    known.extend(facts.identity_providers.keys().map(|arn| arn.text().clone()));
    known.extend(facts.directory_users.keys().cloned());
    known.extend(facts.accounts.keys().map(|account| account.text().clone()));
    known.insert("arn:aws:iam::111122223333:root".into());
    let trusts: String = facts.roles.values().map(|role| role.trust.as_str()).collect();
    let deleted: BTreeSet<String> = sent(batches)
        .filter(|event| event.name == "DeleteUser")
        .map(|event| json(&Text::new(&event.raw))["requestParameters"]["userName"].as_str().unwrap_or("").to_owned())
        .collect();
    assert_eq!(deleted, BTreeSet::from(["svc-backup-sync".to_owned()]));
    for event in facts.events.iter() {
        let (key, name) = (event.word(Field::ActorKey), event.word(Field::ActorName));
        let fine = known.contains(key)
            || event.actor_kind() == ActorKind::AwsService && key.ends_with(".amazonaws.com")
            || event.actor_kind() == ActorKind::AwsAccount && trusts.contains(key)
            || deleted.contains(name);
        assert!(fine, "nobody knows {:?} {key}", event.actor_kind());
    }
}

#[tokio::test]
async fn records_are_whole_and_their_ids_unique() {
    let (facts, batches) = whole().await;
    let mut ids = HashSet::new();
    for event in sent(batches) {
        assert!(ids.insert(event.id.clone()), "twice: {}", event.id);
    }
    assert_eq!(ids.len(), facts.events.len());
    for event in sent(batches).step_by(3) {
        let record: Value = serde_json::from_str(&event.raw).expect("JSON");
        for field in
            ["eventVersion", "userIdentity", "eventTime", "awsRegion", "requestID", "eventType", "eventCategory"]
        {
            assert!(!record[field].is_null(), "no {field}: {record}");
        }
        assert_eq!(record["recipientAccountId"], "111122223333");
        assert!(record.get("requestParameters").is_some() && record.get("responseElements").is_some());
        assert!(!event.raw.contains('<'), "a word was not filled in: {record}");
        assert_eq!(record["readOnly"].as_bool(), event.read_only);
    }
    let services = ["signin", "sts", "iam", "organizations", "cloudtrail"].map(|s| format!("{s}.amazonaws.com"));
    let sources = words(facts, Field::Source);
    assert!(services.iter().all(|source| sources.contains(source.as_str())));
    assert_eq!(words(facts, Field::Region).len(), 17, "every Region has events");
}

#[tokio::test]
async fn addresses_are_of_the_documentation_ranges() {
    let facts = facts().await;
    for ip in words(facts, Field::Ip) {
        let documented = ["192.0.2.", "198.51.100.", "203.0.113."].iter().any(|range| ip.starts_with(range));
        assert!(documented || ip.ends_with(".amazonaws.com"), "{ip}");
    }
}

#[tokio::test]
async fn the_incident_is_there_to_be_found() {
    let facts = facts().await;
    let attacker: Vec<_> = facts.events.iter().filter(|e| e.word(Field::Ip) == "203.0.113.254").collect();
    assert!((35..=45).contains(&attacker.len()), "{}", attacker.len());
    let names: BTreeSet<&str> = attacker.iter().map(|event| event.word(Field::Name)).collect();
    for name in [
        "CreateUser",
        "CreateAccessKey",
        "AttachUserPolicy",
        "ConsoleLogin",
        "StopLogging",
        "DetachPolicy",
        "RegisterDelegatedAdministrator",
        "AssumeRole",
        "DeleteUser",
    ] {
        assert!(names.contains(name), "no {name}");
    }
    let day =
        |event: &crate::model::log::EventRow<'_>| clock().duration_since(event.time().expect("a time")).as_hours() / 24;
    assert!(attacker.iter().all(|event| (11..=12).contains(&day(event))));
    let stale: Vec<_> = facts.events.iter().filter(|e| e.word(Field::ActorName) == "konrad.brandt").collect();
    assert!(stale.iter().all(|event| event.word(Field::Ip) == "203.0.113.254"), "silent until then");
    // What was left behind agrees with what the records say.
    let local = facts.trails.values().find(|trail| trail.name == "management-local-audit").expect("the trail");
    let stopped =
        attacker.iter().find(|event| event.word(Field::Name) == "StopLogging" && event.word(Field::Error).is_empty());
    assert_eq!(local.stopped, stopped.and_then(|event| event.time()));
    assert!(!facts.users.values().any(|user| user.name == "svc-backup-sync"));
}

#[tokio::test]
async fn last_uses_agree_with_the_events() {
    let facts = facts().await;
    let mut latest: BTreeMap<&str, u32> = BTreeMap::new();
    for event in facts.events.iter().filter(|event| event.actor_kind() == ActorKind::IamUser) {
        let newest = latest.entry(event.word(Field::AccessKey)).or_insert(0);
        *newest = event.seconds().max(*newest);
    }
    let within = clock() - SignedDuration::from_hours(24 * 89);
    for key in facts.access_keys.values() {
        let used = key.last_used.as_ref().and_then(|used| used.at);
        if used.is_some_and(|used| used > within) {
            assert!(latest.contains_key(key.id.as_str()), "{} of {} has no events", key.id, key.user);
        } else {
            assert!(!latest.contains_key(key.id.as_str()), "{} of {} has events", key.id, key.user);
        }
    }
}

#[tokio::test]
async fn hostile_names_are_harmless_and_join_their_events() {
    let facts = facts().await;
    let hostile = facts.users.values().find(|user| user.name.contains("nimda")).expect("the hostile user");
    assert!(hostile.name.starts_with("\\u{1b}]0;owned") && !hostile.name.chars().any(text::is_hostile));
    let key = crate::model::event::principal_key(hostile.arn.as_str());
    let events: Vec<_> = facts.events.iter().filter(|event| *event.word(Field::ActorKey) == *key).collect();
    assert_eq!(events.len(), 3);
    assert!(events.iter().all(|event| !event.word(Field::Agent).chars().any(text::is_hostile)));
}

#[tokio::test]
async fn nothing_looks_like_a_secret() {
    let (facts, batches) = whole().await;
    let mut all: Vec<String> =
        facts.to_batches().iter().map(|batch| serde_json::to_string(batch).expect("JSON")).collect();
    all.extend(sent(batches).step_by(3).map(|event| event.raw.clone()));
    let key = regex::Regex::new("(AKIA|ASIA|AROA|AIDA|AGPA)[A-Z0-9]{12,}").expect("a pattern");
    let token = regex::Regex::new(r#""(secretAccessKey|sessionToken|password)" *: *"([^"]*)""#).expect("a pattern");
    for text in &all {
        for found in key.find_iter(text) {
            assert!(found.as_str().ends_with("EXAMPLE"), "{}", found.as_str());
        }
        for found in token.captures_iter(text) {
            assert_eq!(&found[2], "EXAMPLE");
        }
    }
}

#[tokio::test]
async fn an_order_for_less_gets_less() {
    let order = Order {
        asks: [Ask::Events, Ask::Accounts].into(),
        regions: RegionScope::Only(vec!["eu-west-1".into(), "af-south-1".into()]),
        since: SignedDuration::from_hours(24 * 7),
        now: clock(),
        held: Default::default(),
        wanted: Default::default(),
    };
    let facts = told(order).await.0;
    assert_eq!(words(&facts, Field::Region), BTreeSet::from(["eu-west-1"]));
    assert!(facts.events.iter().all(|event| event.time() >= Some(clock() - SignedDuration::from_hours(24 * 7))));
    assert!(facts.roles.is_empty() && facts.accounts.len() >= 38);
    let off = facts.coverage.get(&Cell::regional(Ask::Events, "af-south-1".into()));
    assert_eq!(off.map(|reading| reading.status), Some(Status::NotApplicable));
    assert_eq!(facts.coverage.iter().count(), 3);
}

#[tokio::test]
async fn a_stop_ends_the_run_and_leaves_no_cell_open() {
    let (sender, mut receiver) = mpsc::channel(OUTBOX);
    let stop = CancellationToken::new();
    let run = tokio::spawn(Arc::new(Demo).run(everything(), Outbox::new(RunId(3), sender), stop.clone()));
    let mut cells: BTreeMap<Cell, Reading> = BTreeMap::new();
    let mut events = 0;
    let mut ended = false;
    while let Some(delivery) = receiver.recv().await {
        match delivery {
            Delivery::Batch(_, batch) => match *batch {
                Batch::Events(batch) => {
                    events += batch.len();
                    stop.cancel();
                }
                Batch::Reading(cell, reading) => drop(cells.insert(cell, reading)),
                _ => {}
            },
            Delivery::Ended(run) => ended = run == RunId(3),
        }
    }
    run.await.expect("no panic");
    assert!(ended && events < 20_000, "{events}");
    assert!(cells.values().all(|reading| !reading.status.is_open()));
    assert!(cells.values().any(|reading| reading.status == Status::Cancelled));
}
