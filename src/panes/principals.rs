//! Principals: who can act in the account, how they get in, and what would bound them.

#[cfg_attr(not(test), expect(dead_code, reason = "its tab comes with the tabs of the detail"))]
mod containment;

use serde_json::{Value as Json, json};

use super::cell::Tone;
use super::document::{Document, Line, Target};
use super::filter::{exactly, quote};
use super::{Cell, Column, Jump, Pane, PaneId};
use crate::analysis::Assessment;
use crate::analysis::principals::{Ceiling, Gate, LastUse, PrincipalKind, PrincipalRow};
use crate::model::Ask;

pub static PRINCIPALS: Pane = Pane {
    id: PaneId::Principals,
    name: "principals",
    title: "Principals",
    about: "Who can act here: root, users, roles, people of Identity Center, providers and trusted accounts",
    asks: &[
        Ask::AuthorizationDetails,
        Ask::CredentialReport,
        Ask::AccountSummary,
        Ask::AccessKeys,
        Ask::MfaDevices,
        Ask::IdentityProviders,
        Ask::IdentityCenter,
        Ask::PermissionSets,
        Ask::Assignments,
        Ask::Directory,
        Ask::Accounts,
        Ask::Events,
    ],
    rows: |a| a.principals.len(),
    key: |a, row| a.principals[row].key.clone(),
    columns: &[
        Column::share("name", "NAME", 14, 3, 0, |a, row| {
            let principal = &a.principals[row];
            let tone = if principal.kind == PrincipalKind::Root { Tone::Bad } else { Tone::Plain };
            Cell::text(principal.name.as_str()).tone(tone)
        }),
        Column::fixed("kind", "KIND", 14, 0, |a, row| Cell::text(a.principals[row].kind.word())),
        Column::share("entry", "HOW THEY GET IN", 13, 3, 0, |a, row| {
            let principal = &a.principals[row];
            let tone = if principal.marks.iter().any(|mark| mark.is_bad()) { Tone::Warn } else { Tone::Plain };
            Cell::text(principal.entry.as_str()).tone(tone)
        }),
        Column::fixed("last", "LAST USED", 16, 0, last),
        Column::fixed("mfa", "MFA", 3, 0, |a, row| {
            let mfa = a.principals[row].mfa;
            Cell::flag(mfa).tone(if mfa == Some(false) { Tone::Warn } else { Tone::Plain })
        }),
        Column::fixed("keys", "KEYS", 4, 1, |a, row| {
            let principal = &a.principals[row];
            match principal.active_keys {
                Some(count) if count > 0 && principal.kind == PrincipalKind::Root => Cell::count(count).tone(Tone::Bad),
                Some(count) => Cell::count(count),
                None => Cell::unknown(),
            }
        }),
        Column::share("marks", "TO NOTE", 12, 2, 2, |a, row| {
            let principal = &a.principals[row];
            let bad = principal.marks.iter().any(|mark| mark.is_bad());
            Cell::text(marks(principal)).tone(if bad { Tone::Warn } else { Tone::Plain })
        }),
        Column::fixed("password", "PASSWORD", 8, 4, |a, row| Cell::flag(a.principals[row].password)),
        Column::fixed("key-age", "OLDEST KEY", 16, 5, |a, row| Cell::time(a.principals[row].oldest_key)),
        Column::fixed("ceiling", "CEILING", 10, 6, |a, row| match a.principals[row].ceiling {
            Ceiling::NotApplicable => Cell::unknown(),
            Ceiling::None => Cell::text(Ceiling::None.word()).tone(Tone::Warn),
            Ceiling::Boundary => Cell::text(Ceiling::Boundary.word()),
        }),
        Column::share("policies", "POLICIES", 14, 2, 3, |a, row| Cell::text(a.principals[row].policies.words())),
        Column::fixed("events", "EVENTS", 7, 3, |a, row| Cell::count(a.principals[row].deeds.events)),
        Column::fixed("writes", "WRITES", 7, 7, |a, row| Cell::count(a.principals[row].deeds.writes)),
        Column::fixed("created", "CREATED", 16, 8, |a, row| Cell::time(a.principals[row].created)),
        Column::share("arn", "ARN", 20, 2, 9, |a, row| Cell::text(a.principals[row].arn.as_str())),
    ],
    time: Some("last"),
    sort: None,
    detail,
    raw,
    jumps: &[
        Jump {
            name: "events",
            to: |a, row| {
                events(&a.principals[row]).ok_or("a provider does not act itself: see the roles that trust it")
            },
        },
        Jump {
            name: "residents",
            to: |a, row| residents(&a.principals[row]).ok_or("no resident is known to carry it"),
        },
    ],
    empty: "No principals: nothing of IAM or Identity Center was found",
};

fn last(a: &Assessment, row: usize) -> Cell<'_> {
    match a.principals[row].last {
        LastUse::At(time) => Cell::time(Some(time)),
        LastUse::Never => Cell::never(),
        LastUse::Unknown => Cell::unknown(),
    }
}

fn marks(principal: &PrincipalRow) -> String {
    principal.marks.iter().map(|mark| mark.word()).collect::<Vec<_>>().join(" ")
}

/// The events of a principal: by its key; for a person by the session that bears their name.
pub fn events(principal: &PrincipalRow) -> Option<Target> {
    match principal.kind {
        PrincipalKind::SamlProvider | PrincipalKind::OidcProvider | PrincipalKind::IdentityCenterGroup => None,
        PrincipalKind::IdentityCenterUser => Some(Target::Filter(
            PaneId::Activity,
            format!("arn:\"role/AWSReservedSSO_\" session={}", quote(&principal.name)),
        )),
        _ => Some(exactly(PaneId::Activity, "arn", &principal.key)),
    }
}

fn residents(principal: &PrincipalRow) -> Option<Target> {
    match &principal.residents[..] {
        [] => None,
        [one] => Some(Target::Row(PaneId::Residents, one.to_string())),
        many => {
            let keys: Vec<String> = many.iter().map(|key| regex::escape(key).replace('/', "\\/")).collect();
            Some(Target::Filter(PaneId::Residents, format!("arn:/^({})$/", keys.join("|"))))
        }
    }
}

fn gate(a: &Assessment, gate: &Gate) -> Vec<Line> {
    let tone = if gate.marks.iter().any(|mark| mark.is_bad()) { Tone::Warn } else { Tone::Plain };
    let mut line = Line::toned(gate.who.clone(), tone);
    if let Some(account) = &gate.account
        && a.principals.iter().any(|row| row.key == account.as_str())
    {
        line = line.to(Target::Row(PaneId::Principals, account.to_string()));
    }
    let mut lines = vec![line];
    lines.extend(gate.conditions.iter().map(|condition| Line::toned(condition.clone(), Tone::Dim).indent(1)));
    if !gate.marks.is_empty() {
        let words: Vec<&str> = gate.marks.iter().map(|mark| mark.word()).collect();
        lines.push(Line::toned(format!("to note: {}", words.join(", ")), Tone::Warn).indent(1));
    }
    lines
}

fn ways_in(a: &Assessment, principal: &PrincipalRow) -> Vec<Line> {
    let mut lines = vec![Line::field("In short", principal.entry.clone())];
    if let Some(why) = &principal.unreadable {
        lines.push(Line::toned(format!("The trust policy could not be read in full: {why}"), Tone::Warn));
    }
    lines.extend(principal.gates.iter().flat_map(|one| gate(a, one)));
    let label = match principal.kind {
        PrincipalKind::IdentityCenterGroup => "Person",
        _ => "Trusted by",
    };
    for name in &principal.related {
        let row = a.principals.iter().find(|row| row.name == *name && row.key != principal.key);
        let line = Line::field(label, name.as_str());
        lines.push(match row {
            Some(row) => line.to(Target::Row(PaneId::Principals, row.key.to_string())),
            None => line,
        });
    }
    lines
}

fn credentials(principal: &PrincipalRow) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(password) = principal.password {
        // A password is no fault in itself.
        let tone = if password && principal.mfa == Some(false) { Tone::Warn } else { Tone::Plain };
        lines.push(Line::field_toned("Console password", if password { "yes" } else { "no" }, tone));
    }
    if let Some(mfa) = principal.mfa {
        let tone = if mfa || principal.password == Some(false) { Tone::Plain } else { Tone::Warn };
        lines.push(Line::field_toned("MFA", if mfa { "yes" } else { "no" }, tone));
    }
    for key in &principal.keys {
        let id = if key.id.is_empty() { "(id not read)" } else { key.id.as_str() };
        let state = if key.active { "active" } else { "inactive" };
        let mut line = Line::field("Access key", format!("{id} {state}, made "));
        line = match key.created {
            Some(time) => line.and_time(time),
            None => line.and("at an unknown time", Tone::Dim),
        };
        line = match key.last {
            LastUse::At(time) => line.and(", last used ", Tone::Plain).and_time(time),
            LastUse::Never => line.and(", never used", Tone::Plain),
            LastUse::Unknown => line.and(", last use not known", Tone::Dim),
        };
        if !key.id.is_empty() {
            line = line.to(exactly(PaneId::Activity, "key", &key.id));
        }
        lines.push(line);
    }
    lines
}

fn policies(principal: &PrincipalRow) -> Vec<Line> {
    let policies = &principal.policies;
    let mut lines: Vec<Line> = Vec::new();
    lines.extend(
        policies
            .attached
            .iter()
            .map(|p| Line::field("Attached", p.name.as_str()).and(format!("  {}", p.arn), Tone::Dim)),
    );
    lines.extend(policies.inline.iter().map(|name| Line::field("Inline", name.as_str())));
    lines.extend(
        policies.from_groups.iter().map(|(group, policy)| Line::field("From group", format!("{group}: {policy}"))),
    );
    lines.extend(policies.permission_sets.iter().map(|name| Line::field("Permission set", name.as_str())));
    match (&principal.boundary, principal.ceiling) {
        (Some(arn), _) => lines.push(Line::field("Boundary", arn.as_str())),
        (None, Ceiling::None) => lines.push(Line::field_toned(
            "Ceiling",
            "no ceiling: no permissions boundary, and SCPs never bind the management account",
            Tone::Warn,
        )),
        (None, Ceiling::Boundary) => lines.push(Line::field("Boundary", "in every permission set")),
        (None, Ceiling::NotApplicable) => {}
    }
    lines
}

fn detail(a: &Assessment, row: usize) -> Document {
    let principal = &a.principals[row];
    let mut what = vec![Line::field("Kind", principal.kind.word())];
    if !principal.arn.is_empty() {
        what.push(Line::field("ARN", principal.arn.as_str()));
    }
    if principal.created.is_some() {
        what.push(Line::time("Created", principal.created, ""));
    }
    what.push(match principal.last {
        LastUse::At(time) => Line::time("Last used", Some(time), ""),
        LastUse::Never if principal.kind.is_role() => Line::field("Last used", "never in the 400 days that IAM tracks"),
        LastUse::Never => Line::field("Last used", "never"),
        LastUse::Unknown => Line::field_toned("Last used", "not known", Tone::Dim),
    });
    if !principal.marks.is_empty() {
        what.push(Line::field("To note", marks(principal)));
    }
    let deeds = principal.deeds;
    let mut activity = vec![Line::field(
        "In the period",
        format!("{} events, {} writes, {} errors", deeds.events, deeds.writes, deeds.errors),
    )];
    if let Some(target) = events(principal) {
        activity[0].target = Some(target);
    } else {
        activity.clear();
    }
    let carried = principal
        .residents
        .iter()
        .map(|key| Line::text(key.as_str()).to(Target::Row(PaneId::Residents, key.to_string())));
    Document::new(format!("{} ({})", principal.name, principal.kind.word()))
        .section("Who", what)
        .section("How they get in", ways_in(a, principal))
        .section("Credentials", credentials(principal))
        .section("Policies", policies(principal))
        .section("Activity", activity)
        .section("Residents that carry it", carried.collect())
        .section("Raw", vec![Line::toned("Open what AWS answered", Tone::Link).to(Target::Raw)])
}

/// The value of the model that the row was made from, policy documents opened.
fn raw(a: &Assessment, row: usize) -> Json {
    let (facts, principal) = (&a.facts, &a.principals[row]);
    let report = || facts.credential_report.get(principal.name.as_str());
    let value = match principal.kind {
        PrincipalKind::Root => {
            json!({"credentialReport": facts.credential_report.values().find(|r| r.is_root()), "accountSummary": facts.account_summary})
        }
        PrincipalKind::User => {
            let keys: Vec<_> = facts.access_keys.values().filter(|key| key.user == principal.name).collect();
            json!({"user": facts.users.get(&principal.arn), "credentialReport": report(), "accessKeys": keys})
        }
        PrincipalKind::SamlProvider | PrincipalKind::OidcProvider => {
            json!(facts.identity_providers.get(&principal.arn))
        }
        PrincipalKind::Account => match facts.accounts.get(principal.key.as_str()) {
            Some(account) => json!(account),
            None => json!({"id": principal.key, "trustedBy": principal.related}),
        },
        PrincipalKind::IdentityCenterGroup | PrincipalKind::IdentityCenterUser => {
            let assignments: Vec<_> = facts.assignments.keys().filter(|x| x.assignee == principal.key).collect();
            json!({"group": facts.directory_groups.get(&principal.key), "user": facts.directory_users.get(&principal.key),
                "assignments": assignments})
        }
        _ => json!(facts.roles.get(&principal.arn)),
    };
    opened(value)
}

/// JSON in strings, such as policy documents, as JSON.
pub(super) fn opened(value: Json) -> Json {
    match value {
        Json::String(text) if text.starts_with(['{', '[']) => {
            crate::model::Text::new(&text).json().unwrap_or(Json::String(text))
        }
        Json::Array(list) => list.into_iter().map(opened).collect(),
        Json::Object(map) => map.into_iter().map(|(key, value)| (key, opened(value))).collect(),
        other => other,
    }
}
