//! Delegated administrators and trusted access, held against the catalog of integrated services.

use std::collections::BTreeSet;

use crate::catalog::services::{self, Home, Service};
use crate::model::{Ask, DelegatedAdministrator, Facts, Status, Text};

use super::{DelegationKind, DelegationRow, account_name};

pub(super) fn rows(facts: &Facts) -> Vec<DelegationRow> {
    let mut rows: Vec<DelegationRow> = Vec::new();
    for delegate in facts.delegated_administrators.values() {
        rows.extend(delegated(facts, delegate));
    }
    let delegated: BTreeSet<String> = rows.iter().map(|row| canonical(&row.id)).collect();
    let trusted = facts.trusted_services.values();
    // While the delegates are not read, nobody can say that a service has none.
    let known = facts.coverage.status(Ask::DelegatedAdministrators) == Status::Complete
        && facts.delegated_administrators.values().all(|delegate| delegate.services.is_some());
    rows.extend(trusted.filter(|service| !delegated.contains(&canonical(&service.principal))).map(|service| {
        let entry = services::by_principal(&service.principal);
        DelegationRow {
            key: Text::new(&format!("trusted|{}", service.principal)),
            kind: DelegationKind::Trusted,
            state: trusted_state(entry, known).to_owned(),
            subject: subject(entry, &service.principal),
            id: service.principal.clone(),
            since: service.enabled,
            what: trusted_words(entry),
            notes: notes(entry),
            ..DelegationRow::default()
        }
    }));
    if facts.coverage.status(Ask::TrustedAccess) == Status::Complete && known {
        let used: BTreeSet<String> =
            delegated.into_iter().chain(facts.trusted_services.keys().map(|p| canonical(p))).collect();
        rows.extend(
            services::all()
                .iter()
                .filter(|s| s.delegable == Some(true))
                .filter_map(|service| (!used.contains(&canonical(&service.principal))).then(|| possible(service))),
        );
        rows.dedup_by(|a, b| a.key == b.key);
    }
    rows
}

/// The main principal of a service, whichever of its principals is given.
fn canonical(principal: &str) -> String {
    services::by_principal(principal).map_or(principal, |service| service.principal.as_str()).to_owned()
}

fn subject(entry: Option<&Service>, principal: &str) -> Text {
    entry.map_or_else(|| Text::new(principal), |service| Text::new(&service.name))
}

fn delegated(facts: &Facts, delegate: &DelegatedAdministrator) -> Vec<DelegationRow> {
    let base = DelegationRow {
        kind: DelegationKind::Delegated,
        state: delegate.state.to_ascii_lowercase(),
        account: Some(delegate.account.clone()),
        account_name: if delegate.name.is_empty() {
            account_name(facts, &delegate.account)
        } else {
            delegate.name.clone()
        },
        problem: problem(facts, delegate),
        since: delegate.since,
        ..DelegationRow::default()
    };
    let Some(services) = &delegate.services else {
        return vec![DelegationRow {
            key: Text::new(&format!("delegated|{}|", delegate.account)),
            subject: Text::new("(services not read)"),
            what: "which services it administers could not be read".to_owned(),
            ..base
        }];
    };
    let row = |service: &crate::model::DelegatedService| {
        let entry = services::by_principal(&service.principal);
        DelegationRow {
            key: Text::new(&format!("delegated|{}|{}", delegate.account, service.principal)),
            subject: subject(entry, &service.principal),
            id: service.principal.clone(),
            since: service.since.or(delegate.since),
            what: delegated_words(entry, facts, service),
            notes: notes(entry),
            ..base.clone()
        }
    };
    services.iter().map(row).collect()
}

/// What is wrong with a delegate: its state, its place.
fn problem(facts: &Facts, delegate: &DelegatedAdministrator) -> String {
    let mut problems = Vec::new();
    let account = facts.accounts.get(&delegate.account);
    let state = account.map_or(&delegate.state, |account| &account.state);
    if !state.is_empty() && *state != "ACTIVE" {
        problems.push(format!("account is {}", state.to_ascii_lowercase()));
    }
    if account.is_none() && facts.coverage.status(Ask::Accounts) == Status::Complete {
        problems.push("account is not in the organization".to_owned());
    }
    let unit = facts.parent_of(&delegate.account).and_then(|parent| facts.units.get(parent));
    if let Some(unit) = unit.filter(|unit| {
        let name = unit.name.to_ascii_lowercase();
        name.contains("sandbox") || name.contains("suspended")
    }) {
        problems.push(format!("account is in the unit {}", unit.name));
    }
    problems.join("; ")
}

fn delegated_words(entry: Option<&Service>, facts: &Facts, service: &crate::model::DelegatedService) -> String {
    let trusted = facts.trusted_services.contains_key(&service.principal)
        || facts.coverage.status(Ask::TrustedAccess) != Status::Complete;
    let mut words = match entry.and_then(|entry| entry.recommended_home) {
        Some(home) => format!("AWS's reference puts it in {}", home.words()),
        None => "AWS's reference names no home".to_owned(),
    };
    if entry.is_none() {
        words = "not in the catalog of integrated services".to_owned();
    }
    if !trusted {
        words.push_str("; trusted access is off");
    }
    words
}

fn trusted_state(entry: Option<&Service>, delegates_known: bool) -> &'static str {
    match entry.map(|entry| (entry.delegable, entry.recommended_home)) {
        Some((Some(false), _) | (_, Some(Home::ManagementMustStay))) => "must stay",
        _ if !delegates_known => "delegates not read",
        Some((Some(true), _)) => "no delegate",
        _ => "not in catalog",
    }
}

fn trusted_words(entry: Option<&Service>) -> String {
    match entry {
        None => "not in the catalog of integrated services".to_owned(),
        Some(entry) if entry.delegable == Some(false) => "cannot be delegated".to_owned(),
        Some(entry) => match entry.recommended_home {
            Some(home) => format!("could be delegated to {}", home.words()),
            None => "could be delegated; AWS's reference names no home".to_owned(),
        },
    }
}

fn possible(service: &Service) -> DelegationRow {
    DelegationRow {
        key: Text::new(&format!("possible|{}", service.principal)),
        kind: DelegationKind::Possible,
        state: "not in use".to_owned(),
        subject: Text::new(&service.name),
        id: Text::new(&service.principal),
        what: trusted_words(Some(service)),
        notes: notes(Some(service)),
        ..DelegationRow::default()
    }
}

/// What the catalog knows, for the detail.
fn notes(entry: Option<&Service>) -> Vec<String> {
    let Some(entry) = entry else { return Vec::new() };
    let mut notes = Vec::new();
    if !entry.notes.is_empty() {
        notes.push(entry.notes.clone());
    }
    if let Some(registration) = &entry.registration {
        let own = if entry.special_registration { ", the service's own call" } else { "" };
        notes.push(format!("Registered by {registration}{own}."));
    }
    if entry.delegation_is_per_region {
        notes.push("The service keeps its administrator per Region: ask it in each.".to_owned());
    }
    if let Some(max) = entry.max_delegated_admins {
        notes.push(format!("At most {max} delegated administrators."));
    }
    if let Some(role) = &entry.management_account_role {
        notes.push(format!("Trusted access makes the role {role} in the management account."));
    }
    if !entry.recommended_home_basis.is_empty() {
        notes.push(format!("Home according to: {}.", entry.recommended_home_basis));
    }
    notes.push(format!("Source: {}.", entry.source));
    notes
}
