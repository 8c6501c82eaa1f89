//! What stands around the account: organization policies, accounts that are not active, handshakes, contacts,
//! central root access and trails.

use crate::catalog::services;
use crate::model::{Ask, Facts, OrganizationPolicy, Status, Text, Trail};

use super::{DelegationKind, DelegationRow};

/// The features of central root access (IAM API, ListOrganizationsFeatures), with what they are for.
const ROOT_FEATURES: [(&str, &str, &str); 2] = [
    ("RootCredentialsManagement", "Root credentials management", "removes root's credentials from member accounts"),
    ("RootSessions", "Root sessions", "short privileged sessions in member accounts instead of their root"),
];

/// The alternate contacts (Account Management API, GetAlternateContact).
const CONTACTS: [(&str, &str); 3] =
    [("SECURITY", "security contact"), ("OPERATIONS", "operations contact"), ("BILLING", "billing contact")];

pub(super) fn policies(facts: &Facts) -> Vec<DelegationRow> {
    facts.policies.values().map(policy).collect()
}

fn policy(policy: &OrganizationPolicy) -> DelegationRow {
    let kind = services::policy_type(&policy.kind);
    let binds = kind.map(|kind| kind.affects_management_account);
    let targets = match &policy.targets {
        None => "targets not read".to_owned(),
        Some(targets) => match &targets[..] {
            [] => "attached to nothing".to_owned(),
            [one] => format!("on {}", if one.name.is_empty() { &one.id } else { &one.name }),
            many => format!("on {} targets", many.len()),
        },
    };
    let name = kind.map_or_else(|| policy.kind.to_string(), |kind| kind.display_name.clone());
    let mut notes = vec![match binds {
        Some(true) => "This type reaches the management account where it is attached.".to_owned(),
        Some(false) => "This type never binds the management account, not even at the root.".to_owned(),
        None => "Whether this type reaches the management account is not known.".to_owned(),
    }];
    notes.extend(kind.map(|kind| format!("Source: {}.", kind.source)));
    for target in policy.targets.iter().flatten() {
        notes.push(format!("Target: {} {} {}", target.kind, target.id, target.name).trim_end().to_owned());
    }
    DelegationRow {
        key: Text::new(&format!("policy|{}", policy.id)),
        kind: DelegationKind::Policy,
        state: match &policy.targets {
            None => "not read",
            Some(targets) if targets.is_empty() => "unattached",
            Some(_) => "attached",
        }
        .to_owned(),
        subject: policy.name.clone(),
        id: policy.id.clone(),
        what: format!("{name}, {targets}"),
        binds,
        notes,
        ..DelegationRow::default()
    }
}

/// Accounts that are suspended, closing or not yet there.
pub(super) fn accounts(facts: &Facts) -> Vec<DelegationRow> {
    let idle = facts.accounts.values().filter(|account| !account.state.is_empty() && account.state != "ACTIVE");
    idle.map(|account| DelegationRow {
        key: Text::new(&format!("account|{}", account.id)),
        kind: DelegationKind::Account,
        state: account.state.to_ascii_lowercase(),
        subject: account.name.clone(),
        id: account.id.text().clone(),
        account: Some(account.id.clone()),
        account_name: account.name.clone(),
        since: account.joined,
        what: format!("{}, joined as {}", account.email, account.joined_method.to_ascii_lowercase()),
        ..DelegationRow::default()
    })
    .collect()
}

/// Every handshake; those that wait for an answer are `requested` or `open`.
pub(super) fn handshakes(facts: &Facts) -> Vec<DelegationRow> {
    let row = |handshake: &crate::model::Handshake| {
        let parties: Vec<String> = handshake.parties.iter().map(|(kind, id)| format!("{kind} {id}")).collect();
        DelegationRow {
            key: Text::new(&format!("handshake|{}", handshake.id)),
            kind: DelegationKind::Handshake,
            state: handshake.state.to_ascii_lowercase(),
            subject: Text::new(&handshake.action.to_ascii_lowercase()),
            id: handshake.id.clone(),
            since: handshake.requested,
            what: parties.join(", "),
            ..DelegationRow::default()
        }
    };
    facts.handshakes.values().map(row).collect()
}

/// The three alternate contacts, those that AWS answered for.
pub(super) fn contacts(facts: &Facts) -> Vec<DelegationRow> {
    let row = |(kind, name): &(&str, &str)| {
        let contact = facts.alternate_contacts.get(*kind)?;
        Some(DelegationRow {
            key: Text::new(&format!("contact|{kind}")),
            kind: DelegationKind::Contact,
            state: if contact.present { "set" } else { "missing" }.to_owned(),
            subject: Text::new(name),
            id: Text::new(kind),
            what: if contact.present {
                format!("{} {}", contact.name, contact.email).trim().to_owned()
            } else {
                "AWS reaches root's address alone".to_owned()
            },
            problem: if contact.present { String::new() } else { "not set".to_owned() },
            ..DelegationRow::default()
        })
    };
    CONTACTS.iter().filter_map(row).collect()
}

pub(super) fn root_access(facts: &Facts) -> Vec<DelegationRow> {
    let Some(features) = &facts.organizations_features else { return Vec::new() };
    ROOT_FEATURES
        .iter()
        .map(|(id, name, what)| {
            let on = features.iter().any(|feature| feature == id);
            DelegationRow {
                key: Text::new(&format!("root-access|{id}")),
                kind: DelegationKind::RootAccess,
                state: if on { "on" } else { "off" }.to_owned(),
                subject: Text::new(name),
                id: Text::new(id),
                what: (*what).to_owned(),
                problem: if on { String::new() } else { "off".to_owned() },
                ..DelegationRow::default()
            }
        })
        .collect()
}

pub(super) fn trails(facts: &Facts) -> Vec<DelegationRow> {
    facts.trails.values().map(|trail| self::trail(facts, trail)).collect()
}

fn trail(facts: &Facts, trail: &Trail) -> DelegationRow {
    let mut what = vec![if trail.organization_trail { "organization trail" } else { "trail of this account" }];
    what.push(if trail.multi_region { "all Regions" } else { "one Region" });
    let mut problems = Vec::new();
    if trail.logging == Some(false) {
        problems.push("does not log".to_owned());
    }
    if let Some(error) = &trail.latest_delivery_error {
        problems.push(format!("delivery fails: {error}"));
    }
    if !trail.log_file_validation {
        problems.push("no log file validation".to_owned());
    }
    let whole = facts.coverage.status(Ask::Trails) == Status::Complete;
    let mut notes = vec![format!("Bucket: {}.", trail.bucket), format!("Home Region: {}.", trail.home_region)];
    if !whole {
        notes.push("Trails were not read in every Region.".to_owned());
    }
    DelegationRow {
        key: Text::new(&format!("trail|{}", trail.arn)),
        kind: DelegationKind::Trail,
        state: match trail.logging {
            Some(true) => "logging",
            Some(false) => "stopped",
            None => "not read",
        }
        .to_owned(),
        subject: trail.name.clone(),
        id: trail.arn.text().clone(),
        since: if trail.logging == Some(false) { trail.stopped } else { trail.started },
        what: what.join(", "),
        problem: problems.join("; "),
        notes,
        ..DelegationRow::default()
    }
}
