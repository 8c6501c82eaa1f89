//! Residents: what lives in the account, what each resource is to it, and who saw it.

use serde_json::json;

use super::cell::Tone;
use super::document::{Document, Line, Target};
use super::filter::quote;
use super::principals::opened;
use super::{Cell, Column, Jump, Pane, PaneId};
use crate::analysis::principals::carried_by;
use crate::analysis::residents::Owner;
use crate::analysis::{Assessment, ResidentRow};
use crate::catalog::residency::ResidencyClass;
use crate::model::Ask;

pub static RESIDENTS: Pane = Pane {
    id: PaneId::Residents,
    name: "residents",
    title: "Residents",
    about: "Resources that live in the account, heaviest first, with the class of each and the reason for it",
    asks: &[Ask::Tagging, Ask::Config, Ask::ResourceExplorer, Ask::CloudControl],
    rows: |a| a.residents.len(),
    order: None,
    log: None,
    key: |a, row| a.residents[row].key.clone(),
    columns: &[
        Column::fixed("class", "CLASS", 16, 0, |a, row| {
            let row = &a.residents[row];
            Cell::text(row.class.word()).tone(tone(row))
        }),
        Column::fixed("weight", "WT", 2, 0, |a, row| Cell::count(a.residents[row].weight)),
        Column::share("type", "TYPE", 20, 3, 0, |a, row| Cell::text(a.residents[row].resident.resource_type.as_str())),
        Column::share("name", "NAME", 14, 3, 0, |a, row| Cell::text(a.residents[row].name())),
        Column::fixed("region", "REGION", 14, 1, |a, row| match &a.residents[row].resident.region {
            Some(region) => Cell::text(region.as_str()),
            None => Cell::text("global").tone(Tone::Dim),
        }),
        Column::share("seen-by", "SEEN BY", 12, 1, 3, |a, row| {
            let asks: Vec<&str> = a.residents[row].resident.seen_by.iter().map(|ask| ask.name()).collect();
            Cell::text(asks.join(" "))
        }),
        Column::fixed("data", "DATA", 4, 4, |a, row| Cell::flag(Some(a.residents[row].data))),
        Column::fixed("certainty", "BY", 9, 5, |a, row| Cell::text(a.residents[row].certainty.word())),
        Column::fixed("owner", "OWNER", 12, 6, |a, row| Cell::text(owner(&a.residents[row].owner))),
        Column::fixed("created", "CREATED", 16, 2, |a, row| Cell::time(a.residents[row].resident.created)),
        Column::share("category", "CATEGORY", 10, 1, 8, |a, row| Cell::text(a.residents[row].category.as_str())),
        Column::share("tags", "TAGS", 12, 1, 7, |a, row| {
            let tags = a.residents[row].resident.tags.iter().map(|tag| format!("{}={}", tag.key, tag.value));
            Cell::text(tags.collect::<Vec<_>>().join(" "))
        }),
        Column::share("arn", "ARN", 20, 2, 9, |a, row| Cell::text(a.residents[row].key.as_str())),
    ],
    time: Some("created"),
    sort: None,
    detail,
    raw: |a, row| opened(json!(a.residents[row].resident)),
    jumps: &[
        Jump { name: "events", to: |a, row| Ok(events(&a.residents[row])) },
        Jump {
            name: "principal",
            to: |a, row| {
                let row = &a.residents[row];
                let carried = carried_by(&row.resident);
                let found = a.principals.iter().find(|p| carried.contains(&p.key) || p.residents.contains(&row.key));
                let creator = || creator(a, row).map(|key| Target::Row(PaneId::Principals, key));
                found
                    .map(|p| Target::Row(PaneId::Principals, p.key.to_string()))
                    .or_else(creator)
                    .ok_or("it carries no role of this account, and no event of the period shows who made it")
            },
        },
    ],
    empty: "No resources were found",
    short: &[],
    questions: &[],
    notable: None,
    noise: None,
    words: Vec::new,
};

fn owner(owner: &Owner) -> String {
    match owner {
        Owner::Here => "here".to_owned(),
        Owner::PerhapsAws => "perhaps AWS".to_owned(),
        Owner::Aws => "AWS".to_owned(),
        Owner::Another(account) => account.to_string(),
    }
}

fn tone(row: &ResidentRow) -> Tone {
    match row.class {
        _ if !row.owner.is_resident() => Tone::Dim,
        ResidencyClass::Workload if row.weight >= 7 => Tone::Bad,
        ResidencyClass::Workload => Tone::Warn,
        ResidencyClass::SecurityTooling | ResidencyClass::Unknown => Tone::Warn,
        ResidencyClass::BelongsHere | ResidencyClass::Baseline => Tone::Good,
        ResidencyClass::Identity => Tone::Plain,
    }
}

/// Events that name this resource.
fn events(row: &ResidentRow) -> Target {
    let named = row.resident.arn.as_ref().map_or(row.resident.identifier.as_str(), |arn| arn.as_str());
    Target::Filter(PaneId::Activity, format!("resource:{}", quote(named)))
}

/// The key of who made it, where the events of the period tell.
fn creator(a: &Assessment, row: &ResidentRow) -> Option<String> {
    a.makers.get(&row.key).map(ToString::to_string)
}

fn detail(a: &Assessment, row: usize) -> Document {
    let row = &a.residents[row];
    let resident = &row.resident;
    let mut what = vec![
        Line::field("Type", resident.resource_type.as_str()),
        Line::field("Region", resident.region.as_ref().map_or("global", |region| region.as_str())),
        Line::field("Identifier", resident.identifier.as_str()),
    ];
    what.extend(resident.arn.as_ref().map(|arn| Line::field("ARN", arn.as_str())));
    what.extend(resident.account.as_ref().map(|account| Line::field("Account", account.as_str())));
    what.push(Line::time("Created", resident.created, "no source says"));
    let why = vec![
        Line::field_toned("Class", row.class.word(), tone(row)),
        Line::field("Because", row.reason.as_str()),
        Line::field("Rests on", row.certainty.word()),
        Line::field("Weight", format!("{} of 10", row.weight)),
        Line::field("Holds data", if row.data { "it can" } else { "no" }),
        Line::field("Can be exposed", if row.exposable { "it can be public, shared or reached" } else { "no" }),
        Line::field("Owner", owner(&row.owner)),
    ];
    let seen = resident
        .seen_by
        .iter()
        .map(|ask| Line::text(ask.title()).to(Target::Row(PaneId::Coverage, ask.name().to_owned())));
    let tags = resident.tags.iter().map(|tag| Line::field(tag.key.as_str(), tag.value.as_str()));
    let carried =
        a.principals.iter().filter(|p| p.residents.contains(&row.key)).map(|p| {
            Line::field(p.kind.word(), p.name.as_str()).to(Target::Row(PaneId::Principals, p.key.to_string()))
        });
    let mut activity = vec![Line::toned("Events that name it", Tone::Link).to(events(row))];
    if let Some(key) = creator(a, row) {
        let line = Line::field("Made by", key.clone());
        let known = a.principals.iter().any(|p| *p.key == *key);
        activity.push(if known { line.to(Target::Row(PaneId::Principals, key)) } else { line });
    }
    let raw = match resident.properties {
        Some(_) => "Open what the sources said of it, properties included",
        None => "Open what the sources said of it",
    };
    Document::new(format!("{} ({})", row.name(), resident.resource_type))
        .section("What", what)
        .section("Why this class", why)
        .section("Carries", carried.collect())
        .section("Activity", activity)
        .section("Seen by", seen.collect())
        .section("Tags", tags.collect())
        .section("Raw", vec![Line::toned(raw, Tone::Link).to(Target::Raw)])
}
