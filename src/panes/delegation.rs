//! Delegation: who else acts for the organization, and the safeguards that stand around the account.

use serde_json::{Value as Json, json};

use super::cell::Tone;
use super::document::{Document, Line, Target};
use super::filter::exactly;
use super::principals::opened;
use super::{Cell, Column, Jump, Pane, PaneId};
use crate::analysis::delegation::DelegationKind;
use crate::analysis::{Assessment, DelegationRow};
use crate::model::Ask;

pub static DELEGATION: Pane = Pane {
    id: PaneId::Delegation,
    name: "delegation",
    title: "Delegation",
    about: "Delegates, trusted access, the delegation policy and organization policies; contacts, root access, trails",
    asks: &[
        Ask::Organization,
        Ask::Tree,
        Ask::Accounts,
        Ask::Policies,
        Ask::DelegatedAdministrators,
        Ask::TrustedAccess,
        Ask::ResourcePolicy,
        Ask::Handshakes,
        Ask::OrganizationsFeatures,
        Ask::Contacts,
        Ask::Trails,
    ],
    rows: |a| a.delegation.len(),
    order: None,
    log: None,
    key: |a, row| a.delegation[row].key.clone(),
    columns: &[
        Column::fixed("kind", "KIND", 11, 0, |a, row| Cell::text(a.delegation[row].kind.word())),
        Column::fixed("state", "STATE", 12, 0, |a, row| {
            let row = &a.delegation[row];
            Cell::text(row.state.as_str()).tone(tone(row))
        }),
        Column::share("service", "SERVICE OR SUBJECT", 18, 3, 0, |a, row| {
            Cell::text(a.delegation[row].subject.as_str())
        }),
        Column::share("account", "ACCOUNT", 12, 2, 0, |a, row| account(&a.delegation[row])),
        Column::share("problem", "PROBLEM", 10, 2, 1, |a, row| {
            Cell::text(a.delegation[row].problem.as_str()).tone(Tone::Warn)
        }),
        Column::share("what", "WHAT", 14, 4, 3, |a, row| Cell::text(a.delegation[row].what.as_str())),
        Column::fixed("since", "SINCE", 16, 2, |a, row| Cell::time(a.delegation[row].since)),
        Column::fixed("binds", "BINDS HERE", 10, 5, |a, row| Cell::flag(a.delegation[row].binds)),
        Column::share("id", "ID", 14, 1, 6, |a, row| Cell::text(a.delegation[row].id.as_str())),
        Column::fixed("account-id", "ACCOUNT ID", 12, 7, |a, row| match &a.delegation[row].account {
            Some(account) => Cell::text(account.as_str()),
            None => Cell::text(""),
        }),
    ],
    time: Some("since"),
    sort: None,
    detail,
    raw,
    jumps: &[
        Jump {
            name: "events",
            to: |a, row| match &a.delegation[row].account {
                Some(account) => Ok(exactly(PaneId::Activity, "account", account.as_str())),
                None => Err("this row concerns no single account"),
            },
        },
        Jump {
            name: "principal",
            to: |a, row| {
                let account = a.delegation[row].account.as_ref().ok_or("this row concerns no single account")?;
                match a.principals.iter().find(|p| p.key == account.as_str()) {
                    Some(found) => Ok(Target::Row(PaneId::Principals, found.key.to_string())),
                    None => Err("no role here trusts this account"),
                }
            },
        },
    ],
    empty: "Nothing is delegated, and no organization was found",
    short: &[],
    questions: &[],
    notable: None,
    noise: None,
    words: Vec::new,
};

fn account(row: &DelegationRow) -> Cell<'_> {
    match &row.account {
        Some(account) if row.account_name.is_empty() => Cell::text(account.as_str()),
        _ => Cell::text(row.account_name.as_str()),
    }
}

fn tone(row: &DelegationRow) -> Tone {
    match row.kind {
        _ if !row.problem.is_empty() => Tone::Warn,
        DelegationKind::Delegated => Tone::Good,
        DelegationKind::Trusted if row.state == "no delegate" => Tone::Warn,
        DelegationKind::Possible => Tone::Dim,
        _ => Tone::Plain,
    }
}

fn detail(a: &Assessment, row: usize) -> Document {
    let row = &a.delegation[row];
    let mut what = vec![Line::field("Kind", row.kind.word()), Line::field_toned("State", row.state.clone(), tone(row))];
    if !row.id.is_empty() {
        what.push(Line::field("Id", row.id.as_str()));
    }
    if !row.what.is_empty() {
        what.push(Line::field(
            if row.kind == DelegationKind::Statement { "Actions" } else { "What" },
            row.what.clone(),
        ));
    }
    if row.since.is_some() {
        what.push(Line::time("Since", row.since, ""));
    }
    if let Some(binds) = row.binds {
        what.push(Line::field("Binds this account", if binds { "yes, where attached" } else { "never" }));
    }
    let problem = (!row.problem.is_empty()).then(|| Line::toned(row.problem.clone(), Tone::Warn));
    let mut account = Vec::new();
    if let Some(id) = &row.account {
        account.push(Line::field("Account", format!("{} {id}", row.account_name).trim().to_owned()));
        if let Some(known) = a.facts.accounts.get(id) {
            account.push(Line::field("State", known.state.as_str()));
            account.push(Line::field("Email", known.email.as_str()));
            account.push(Line::time("Joined", known.joined, "not known"));
        }
        if let Some(unit) = a.facts.parent_of(id).and_then(|parent| a.facts.units.get(parent)) {
            account.push(Line::field("Unit", unit.name.as_str()));
        }
        let target = exactly(PaneId::Activity, "account", id.as_str());
        account.push(Line::toned("Events here by this account", Tone::Link).to(target));
    }
    let heading = if row.kind == DelegationKind::Delegated { "What this delegate can do" } else { "Notes" };
    Document::new(format!("{} ({})", row.subject, row.kind.word()))
        .section("What", what)
        .section("Problem", problem.into_iter().collect())
        .section("Account", account)
        .section(heading, row.notes.iter().map(|note| Line::text(note.clone())).collect())
        .section("Raw", vec![Line::toned("Open what AWS answered", Tone::Link).to(Target::Raw)])
}

fn raw(a: &Assessment, row: usize) -> Json {
    let (facts, row) = (&a.facts, &a.delegation[row]);
    let id = row.id.as_str();
    opened(match row.kind {
        DelegationKind::Delegated => json!(row.account.as_ref().and_then(|id| facts.delegated_administrators.get(id))),
        DelegationKind::Trusted => json!(facts.trusted_services.get(id)),
        DelegationKind::Statement => json!(facts.resource_policy),
        DelegationKind::Policy => json!(facts.policies.get(id)),
        DelegationKind::Account => json!(row.account.as_ref().and_then(|id| facts.accounts.get(id))),
        DelegationKind::Handshake => json!(facts.handshakes.get(id)),
        DelegationKind::Contact => json!(facts.alternate_contacts.get(id)),
        DelegationKind::RootAccess => json!({"organizationsFeatures": facts.organizations_features}),
        DelegationKind::Trail => json!(facts.trails.get(id)),
        DelegationKind::Possible => json!({"service": row.subject, "principal": id, "notes": row.notes}),
    })
}
