//! Root and the IAM users: passwords, MFA and keys, from the credential report and the lists that stand beside it.

use std::collections::BTreeSet;

use crate::model::iam::{CredentialRow, User};
use crate::model::{Arn, Ask, Status, Text};

use super::{Ceiling, Gate, KeyFacts, LastUse, Mark, Policies, PrincipalKind, PrincipalRow, World, key_of};

fn is_read(world: &World<'_>, ask: Ask) -> bool {
    world.facts.coverage.status(ask) == Status::Complete
}

/// Root stands there as soon as anything of IAM was read: it always exists.
pub(super) fn root(world: &World<'_>) -> Option<PrincipalRow> {
    let facts = world.facts;
    let report = facts.credential_report.values().find(|row| row.is_root());
    let read = [Ask::AuthorizationDetails, Ask::CredentialReport, Ask::AccountSummary];
    let something = report.is_some()
        || !facts.users.is_empty()
        || !facts.roles.is_empty()
        || !facts.account_summary.is_empty()
        || !facts.credential_report.is_empty()
        || read.iter().any(|&ask| is_read(world, ask));
    if !something {
        return None;
    }
    let arn = match (report.map(|row| &row.arn), &world.account) {
        (Some(arn), _) if arn.looks_valid() => arn.clone(),
        (_, Some(account)) => Arn::new(format!("arn:{}:iam::{account}:root", world.partition())),
        _ => Arn::new("root"),
    };
    let summary = |key: &str| facts.account_summary.get(key).copied();
    let mut row = PrincipalRow {
        key: arn.text().clone(),
        kind: PrincipalKind::Root,
        name: Text::new("root"),
        arn,
        ceiling: Ceiling::None,
        mfa: summary("AccountMFAEnabled").map(|on| on > 0),
        active_keys: summary("AccountAccessKeysPresent").and_then(|count| u32::try_from(count).ok()),
        ..PrincipalRow::default()
    };
    if let Some(report) = report {
        credentials(&mut row, report);
    }
    row.entry = entry(&row);
    if row.password.is_none() {
        row.entry = format!("email and password{}", if row.active_keys > Some(0) { ", access keys" } else { "" });
    }
    row.gates = gates(&row);
    Some(row)
}

/// Users from the authorization details; those that only the credential report knows appear all the same.
pub(super) fn users(world: &World<'_>) -> Vec<PrincipalRow> {
    let facts = world.facts;
    let mut rows: Vec<PrincipalRow> = facts.users.values().map(|user| user_row(world, user)).collect();
    let known: BTreeSet<Text> = rows.iter().map(|row| row.name.clone()).collect();
    for report in facts.credential_report.values().filter(|row| !row.is_root() && !known.contains(&row.user)) {
        let user =
            User { name: report.user.clone(), arn: report.arn.clone(), created: report.created, ..User::default() };
        // Whether there is a boundary is not in the report.
        rows.push(PrincipalRow { ceiling: Ceiling::NotApplicable, ..user_row(world, &user) });
    }
    rows
}

fn user_row(world: &World<'_>, user: &User) -> PrincipalRow {
    let facts = world.facts;
    let mut marks = BTreeSet::new();
    let mut from_groups = Vec::new();
    for group in user.groups.iter().filter_map(|name| world.groups.get(name.as_str())) {
        let attached = group.attached.iter().map(|policy| &policy.name);
        from_groups
            .extend(attached.chain(group.inline.iter().map(|p| &p.name)).map(|p| (group.name.clone(), p.clone())));
        if group.attached.iter().any(|policy| policy.arn.as_str().ends_with(super::ADMINISTRATOR_ACCESS)) {
            marks.insert(Mark::AdministratorAccess);
        }
    }
    let mut row = PrincipalRow {
        key: key_of(&user.arn),
        kind: PrincipalKind::User,
        name: user.name.clone(),
        arn: user.arn.clone(),
        created: user.created,
        boundary: user.boundary.clone(),
        ceiling: Ceiling::of(user.boundary.as_ref()),
        policies: Policies {
            attached: user.attached.clone(),
            inline: user.inline.iter().map(|policy| policy.name.clone()).collect(),
            from_groups,
            permission_sets: Vec::new(),
        },
        marks,
        ..PrincipalRow::default()
    };
    if is_read(world, Ask::MfaDevices) {
        row.mfa = Some(facts.mfa_devices.values().any(|device| device.user.as_ref() == Some(&user.name)));
    }
    if let Some(report) = facts.credential_report.get(user.name.as_str()) {
        credentials(&mut row, report);
    }
    listed_keys(world, &mut row);
    row.entry = entry(&row);
    row.gates = gates(&row);
    row
}

/// What the credential report says.
fn credentials(row: &mut PrincipalRow, report: &CredentialRow) {
    row.created = row.created.or(report.created);
    row.mfa = Some(report.mfa_active);
    row.password = report.password_enabled;
    row.keys = report
        .keys
        .iter()
        .filter(|key| key.active || key.rotated.is_some())
        .map(|key| KeyFacts {
            id: Text::default(),
            active: key.active,
            created: key.rotated,
            last: LastUse::told(key.last_used.at),
        })
        .collect();
    row.last = LastUse::told(report.password_last_used);
    sum_keys(row);
}

/// What the key list says, which knows ids and is fresher than the report.
fn listed_keys(world: &World<'_>, row: &mut PrincipalRow) {
    let Some(keys) = world.keys.get(row.name.as_str()) else {
        if row.keys.is_empty() && is_read(world, Ask::AccessKeys) {
            row.active_keys = Some(0);
        }
        return;
    };
    let reported = std::mem::take(&mut row.keys);
    row.keys = keys
        .iter()
        .map(|key| KeyFacts {
            id: key.id.clone(),
            active: key.active,
            created: key.created,
            last: match &key.last_used {
                Some(used) => LastUse::told(used.at),
                // The report knows the same key by its age.
                None => reported.iter().find(|r| r.created == key.created).map(|r| r.last).unwrap_or_default(),
            },
        })
        .collect();
    sum_keys(row);
}

fn sum_keys(row: &mut PrincipalRow) {
    let active = row.keys.iter().filter(|key| key.active);
    row.active_keys = u32::try_from(active.clone().count()).ok();
    row.oldest_key = active.filter_map(|key| key.created).min();
    row.last = row.keys.iter().fold(row.last, |last, key| last.and(key.last));
}

fn entry(row: &PrincipalRow) -> String {
    let mut ways = Vec::new();
    if row.password == Some(true) {
        ways.push("password".to_owned());
    }
    match row.active_keys {
        Some(1) => ways.push("1 access key".to_owned()),
        Some(count @ 2..) => ways.push(format!("{count} access keys")),
        _ => {}
    }
    match (ways.is_empty(), row.password, row.active_keys) {
        (false, ..) => ways.join(", "),
        (true, Some(false), Some(0)) => "no way in".to_owned(),
        _ => "credentials not read".to_owned(),
    }
}

/// The credentials as ways in.
fn gates(row: &PrincipalRow) -> Vec<Gate> {
    let mut gates = Vec::new();
    if row.password == Some(true) || (row.kind == PrincipalKind::Root && row.password.is_none()) {
        let mfa = match row.mfa {
            Some(true) => "with MFA",
            Some(false) => "without MFA",
            None => "MFA not known",
        };
        gates.push(Gate { who: "console password".into(), conditions: vec![mfa.into()], ..Gate::default() });
    }
    for key in row.keys.iter().filter(|key| key.active) {
        gates.push(Gate { who: format!("access key {}", key.id).trim_end().to_owned(), ..Gate::default() });
    }
    gates
}
