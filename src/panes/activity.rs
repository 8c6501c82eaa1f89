//! Activity: what was done in the account, newest first.

pub mod elsewhere;
mod rules;

use serde_json::Value as Json;

use super::cell::Tone;
use super::document::{Document, Line, Target};
use super::{Cell, Column, Jump, Of, Pane, PaneId};
use crate::analysis::Assessment;
use crate::analysis::activity::meaning::Class;
use crate::analysis::activity::raised::RuleSet;
use crate::analysis::activity::{Mark, first};
use crate::catalog::management_only;
use crate::catalog::rules::Severity;
use crate::model::log::{EventRow, Field, Key};
use crate::model::{ActorKind, Ask, EventId, Text};

/// While a record is fetched from its file.
pub const FETCHING: &str = "reading the record ...";

pub static ACTIVITY: Pane = Pane {
    id: PaneId::Activity,
    name: "activity",
    title: "Activity",
    about: "CloudTrail events of the period, newest first; mgmtscope's own calls are hidden and counted",
    asks: &[Ask::Events, Ask::Trails],
    rows: |a| a.activity.order.len(),
    order: Some(|a| &a.activity.order),
    log: Some(|a| &a.facts.events),
    key: |_, row| Text::new(&format!("event-{row}")),
    columns: &[
        Column::fixed("time", "TIME", 16, 0, |a, row| Cell::time(event(a, row).time())).of(Of::Time),
        Column::share("event", "EVENT", 16, 3, 0, |a, row| {
            let event = event(a, row);
            let tone = match (event.word(Field::Error).is_empty(), event.read_only()) {
                (false, _) => Tone::Warn,
                (true, Some(true)) => Tone::Dim,
                _ => Tone::Plain,
            };
            Cell::text(event.word(Field::Name)).tone(tone)
        })
        .of(Of::Word(Field::Name)),
        Column::fixed("mark", "!", 1, 0, |a, row| match raised(a, row).severity() {
            Some(severity) => Cell::text(&severity.word()[..1]).tone(rules::tone(severity)),
            None => Cell::text(""),
        })
        .of(Of::Mark(Mark::Rules))
        .least(usize::MAX),
        Column::fixed("severity", "SEVERITY", 8, 9, |a, row| match raised(a, row).severity() {
            Some(severity) => Cell::rank(severity as u8 + 1, severity.word()).tone(rules::tone(severity)),
            None => Cell::rank(0, ""),
        })
        .of(Of::Mark(Mark::Rules)),
        Column::share("rule", "RULE", 18, 3, 5, |a, row| Cell::text(&*raised(a, row).text)).of(Of::Mark(Mark::Rules)),
        Column::share("source", "SOURCE", 9, 2, 4, |a, row| {
            let source = event(a, row).word(Field::Source);
            Cell::text(source.strip_suffix(".amazonaws.com").unwrap_or(source))
        })
        .of(Of::Key(Key::Deed)),
        Column::share("principal", "PRINCIPAL", 14, 3, 0, |a, row| {
            let event = event(a, row);
            let tone = if event.actor_kind() == ActorKind::Root { Tone::Bad } else { Tone::Plain };
            Cell::text(event.word(Field::ActorName)).tone(tone)
        })
        .of(Of::Word(Field::ActorName)),
        Column::share("session", "SESSION", 10, 2, 6, |a, row| word(a, row, Field::Session))
            .of(Of::Word(Field::Session)),
        Column::fixed("kind", "KIND", 9, 7, |a, row| Cell::text(event(a, row).actor_kind().word()))
            .of(Of::Key(Key::Actor)),
        Column::fixed("ip", "ADDRESS", 15, 2, |a, row| word(a, row, Field::Ip)).of(Of::Word(Field::Ip)),
        Column::fixed("region", "REGION", 14, 3, |a, row| word(a, row, Field::Region)).of(Of::Word(Field::Region)),
        Column::fixed("rw", "RW", 2, 5, |a, row| match event(a, row).read_only() {
            Some(true) => Cell::text("r").tone(Tone::Dim),
            Some(false) => Cell::text("W"),
            None => Cell::unknown(),
        })
        .of(Of::Key(Key::Deed)),
        Column::fixed("mfa", "MFA", 3, 12, |a, row| Cell::flag(Some(event(a, row).mfa()))).of(Of::Key(Key::Actor)),
        Column::fixed("console", "CONSOLE", 7, 12, |a, row| Cell::flag(Some(event(a, row).is_console()))).of(Of::Flag),
        Column::fixed("needs", "NEEDS", 11, 6, |a, row| {
            let class = a.activity.class(number(row));
            Cell::text(class.word()).tone(if class == Class::Any { Tone::Plain } else { Tone::Dim })
        })
        .of(Of::Mark(Mark::Class)),
        Column::share("first", "FIRST SEEN", 9, 1, 7, |a, row| {
            Cell::text(first::words(a.activity.first.get(row).copied().unwrap_or(0)))
        })
        .of(Of::Mark(Mark::First)),
        Column::share("person", "PERSON", 10, 1, 10, |a, row| Cell::text(person(event(a, row))))
            .of(Of::Key(Key::Actor)),
        Column::share("error", "ERROR", 10, 1, 1, |a, row| word(a, row, Field::Error).tone(Tone::Warn))
            .of(Of::Word(Field::Error)),
        Column::share("resource", "RESOURCE", 12, 2, 8, |a, row| word(a, row, Field::Resources))
            .of(Of::Word(Field::Resources)),
        Column::share("agent", "AGENT", 12, 2, 9, |a, row| word(a, row, Field::Agent)).of(Of::Word(Field::Agent)),
        Column::fixed("key", "ACCESS KEY", 20, 10, |a, row| word(a, row, Field::AccessKey))
            .of(Of::Word(Field::AccessKey)),
        Column::fixed("account", "ACCOUNT", 12, 11, |a, row| word(a, row, Field::Account)).of(Of::Word(Field::Account)),
        Column::share("arn", "PRINCIPAL ARN", 20, 2, 12, |a, row| word(a, row, Field::ActorKey))
            .of(Of::Word(Field::ActorKey)),
        Column::fixed("id", "EVENT ID", 36, 13, |a, row| Cell::text(event(a, row).event_id().to_string()))
            .of(Of::Id)
            .least(8),
    ],
    time: Some("time"),
    sort: None,
    detail,
    raw: |a, row| {
        let event = event(a, row);
        let raw = event.at_hand().unwrap_or_else(|| event.raw());
        let raw = raw.unwrap_or_else(|why| format!("the record cannot be shown: {why}"));
        serde_json::from_str(&raw).unwrap_or(Json::String(raw))
    },
    jumps: &[
        Jump {
            name: "principal",
            to: |a, row| {
                let key = event(a, row).word(Field::ActorKey);
                if a.principals.iter().any(|p| p.key == *key) {
                    Ok(Target::Row(PaneId::Principals, key.to_string()))
                } else {
                    Err("this actor is not among the principals: a service, or of another account")
                }
            },
        },
        Jump {
            name: "residents",
            to: |a, row| {
                let resources = event(a, row).word(Field::Resources);
                let known = resources.split(' ').find(|arn| a.residents.iter().any(|r| r.key == **arn));
                known
                    .map(|arn| Target::Row(PaneId::Residents, arn.to_owned()))
                    .ok_or("none of the event's resources is among the residents")
            },
        },
        Jump {
            name: "events",
            to: |a, row| {
                Ok(Target::Filter(PaneId::Activity, format!("arn=\"{}\"", event(a, row).word(Field::ActorKey))))
            },
        },
    ],
    empty: "No events in the period",
    short: &[
        ("error", "error!=\"\""),
        ("write", "rw=W"),
        ("read", "rw=r"),
        ("root", "kind=root"),
        ("console", "console:yes"),
        ("denied", "error:AccessDenied|Unauthorized|NotAuthorized|Forbidden"),
    ],
    questions: &[elsewhere::ELSEWHERE],
    notable: Some(|a, row| {
        let event = event(a, row);
        raised(a, row).severity() > Some(Severity::Info) || is_denied(event.word(Field::Error))
    }),
    noise: Some("needs!background"),
    words: || {
        let marks = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Info];
        let severities = marks.map(|severity| (&severity.word()[..1], severity.word()));
        let classes = Class::ALL.map(|class| (class.word(), class.words()));
        severities.into_iter().chain(classes).collect()
    },
};

/// The row of a key.
pub(super) fn row(key: &str) -> Option<usize> {
    key.strip_prefix("event-")?.parse().ok()
}

fn event(a: &Assessment, row: usize) -> EventRow<'_> {
    a.facts.events.get(EventId(number(row)))
}

/// The rules that it raises.
fn raised(a: &Assessment, row: usize) -> &RuleSet {
    a.activity.raised.get(number(row))
}

fn number(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX)
}

/// A call that was refused: the codes end in these words, whatever the service puts before them.
fn is_denied(error: &str) -> bool {
    ["AccessDenied", "Unauthorized", "NotAuthorized", "Forbidden"].iter().any(|word| error.contains(word))
}

/// Who it is, whatever role it took on: Identity Center and federation name the person in the session, a role's session by
/// itself does not (IAM User Guide, "Monitor and control actions taken with assumed roles").
fn person(event: EventRow<'_>) -> &str {
    match event.actor_kind() {
        ActorKind::AssumedRole => match event.word(Field::ActorName).starts_with("AWSReservedSSO_") {
            true => event.word(Field::Session),
            false => "",
        },
        ActorKind::AwsService | ActorKind::AwsAccount | ActorKind::Unknown => "",
        _ => event.word(Field::ActorName),
    }
}

fn word(a: &Assessment, row: usize, field: Field) -> Cell<'_> {
    Cell::text(event(a, row).word(field))
}

/// How the caller came by its credentials: the calls that gave them out, the nearest first.
fn chain(event: EventRow<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    let (mut seen, mut at) = (vec![event.id()], event);
    // A chain of roles has few links; one that leads back to itself was made up.
    while let Some(issuer) = at.issuer().filter(|issuer| !seen.contains(&issuer.id()) && seen.len() < 10) {
        let words = format!("{} by {}", issuer.word(Field::Name), issuer.word(Field::ActorName));
        let label = if lines.is_empty() { "Credentials from" } else { "and those from" };
        let line = Line::field(label, words).to(Target::Row(PaneId::Activity, format!("event-{}", issuer.id().0)));
        lines.push(match issuer.time() {
            Some(time) => line.and("  ", Tone::Plain).and_time(time),
            None => line,
        });
        seen.push(issuer.id());
        at = issuer;
    }
    lines
}

fn detail(a: &Assessment, row: usize) -> Document {
    let event = event(a, row);
    let word = |field: Field| event.word(field).to_string();
    let some = |label: &str, field: Field| {
        let text = event.word(field);
        (!text.is_empty()).then(|| Line::field(label, text))
    };
    let outcome = match event.word(Field::Error) {
        "" => Line::field_toned("Outcome", "succeeded", Tone::Plain),
        error => Line::field_toned("Outcome", error, Tone::Warn),
    };
    let what = [
        Some(Line::time("Time", event.time(), "the record has no readable time")),
        Some(Line::field("Event", word(Field::Name)).and(format!("  {}", event.word(Field::Source)), Tone::Dim)),
        Some(outcome),
        some("Region", Field::Region),
        Some(Line::field(
            "Kind",
            match event.read_only() {
                Some(true) => "read",
                Some(false) => "write",
                None => "the record does not say whether it only reads",
            },
        )),
    ];
    let known = management_only::operation(event.word(Field::Source), event.word(Field::Name));
    let place = a.activity.class(number(row));
    let mut place = vec![Line::field("Needs", place.word()).and(format!("  {}", place.words()), Tone::Dim)];
    if let Some(known) = known {
        if !known.note.is_empty() {
            place.push(Line::field("Note", known.note.clone()));
        }
        place.push(Line::field_toned("Source", known.basis.clone(), Tone::Dim));
    }
    let key = word(Field::ActorKey);
    let deeds = a.activity.of(&key);
    let mut who = vec![
        Line::field("Principal", word(Field::ActorName)).and(format!("  {}", event.actor_kind().word()), Tone::Dim),
    ];
    if a.principals.iter().any(|p| p.key == *key) {
        who[0].target = Some(Target::Row(PaneId::Principals, key.clone()));
    }
    who.extend(some("ARN", Field::ActorKey));
    who.extend(some("Session", Field::Session));
    who.extend(some("Account", Field::Account));
    who.extend(
        some("Access key", Field::AccessKey)
            .map(|line| line.to(Target::Filter(PaneId::Activity, format!("key=\"{}\"", event.word(Field::AccessKey))))),
    );
    who.extend(chain(event));
    if !event.issued().is_empty() {
        let uses = Target::Filter(PaneId::Activity, format!("key=\"{}\"", event.issued()));
        who.push(Line::field("Gave out", event.issued()).and("  what was done with it", Tone::Dim).to(uses));
    }
    who.extend(
        some("Address", Field::Ip)
            .map(|line| line.to(Target::Filter(PaneId::Activity, format!("ip=\"{}\"", event.word(Field::Ip))))),
    );
    who.extend(some("Agent", Field::Agent));
    let signed_in = event.word(Field::Source) == "signin.amazonaws.com";
    let mfa = match (event.mfa(), signed_in) {
        (true, true) => "used at this sign-in",
        (true, false) => "the session used MFA",
        (false, true) => "not used at this sign-in, as far as the record says",
        (false, false) => "not in the record",
    };
    who.push(Line::field("MFA", mfa));
    who.push(
        Line::field(
            "In the period",
            format!("{} events, {} writes, {} errors", deeds.events, deeds.writes, deeds.errors),
        )
        .to(Target::Filter(PaneId::Activity, format!("arn=\"{key}\""))),
    );
    let resources = event.word(Field::Resources).split(' ').filter(|arn| !arn.is_empty()).map(|arn| {
        let line = Line::text(arn);
        if a.residents.iter().any(|r| r.key == *arn) {
            line.to(Target::Row(PaneId::Residents, arn.into()))
        } else {
            line
        }
    });
    let record = vec![
        Line::field("Event id", event.event_id().to_string()),
        Line::toned("Open the record as CloudTrail wrote it", Tone::Link).to(Target::Raw),
    ];
    Document::new(format!("{} by {}", event.word(Field::Name), event.word(Field::ActorName)))
        .section("What", what.into_iter().flatten().collect())
        .section("Rules that it raises", rules::lines(a, row))
        .section("Who", who)
        .section("Resources", resources.collect())
        .section("Did it need this account", place)
        .section("Record", record)
}
