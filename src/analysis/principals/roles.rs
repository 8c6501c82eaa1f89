//! Roles: their kind by path, name and trust policy, and each way in that the trust policy opens.

use std::collections::{BTreeSet, HashMap};

use crate::analysis::policy::strangers::Home;
use crate::analysis::power::{NodeId, NodeKind, Power};
use crate::model::{Arn, Role};

use super::trust::Trust;
use super::{
    Ceiling, Gate, LastUse, Mark, Membership, Policies, PrincipalKind, PrincipalRow, Statement, Trusted, World, key_of,
};

/// IAM reserves these paths: nobody but AWS can make roles under them (IAM User Guide, reference_iam-quotas).
const SERVICE_LINKED_PATH: &str = "/aws-service-role/";
const RESERVED_PATH: &str = "/aws-reserved/sso.amazonaws.com/";

pub(super) fn role(world: &World<'_>, role: &Role) -> PrincipalRow {
    let organization = world.facts.organization.as_ref().map(|organization| organization.id.as_str());
    let trust = Trust::parse(&role.trust, Home { account: role.arn.account(), organization });
    let kind = kind(world, role, &trust);
    let mut gates: Vec<Gate> = Vec::new();
    for statement in trust.gates() {
        gates.extend(statement.trusted.iter().map(|trusted| gate(world, statement, trusted)));
    }
    let mut marks = BTreeSet::new();
    if trust.unreadable.is_some() {
        marks.insert(Mark::Unreadable);
    }
    let ceiling = match kind {
        PrincipalKind::ServiceLinkedRole => Ceiling::NotApplicable,
        _ => Ceiling::of(role.boundary.as_ref()),
    };
    PrincipalRow {
        key: key_of(&role.arn),
        kind,
        name: role.name.clone(),
        arn: role.arn.clone(),
        entry: entry(world, kind, role, &trust),
        created: role.created,
        last: match &role.last_used {
            Some(used) => LastUse::told(used.at),
            // IAM leaves the element empty for a role that was not used; a file may lack it for all.
            None if world.tells_last_use => LastUse::Never,
            None => LastUse::Unknown,
        },
        boundary: role.boundary.clone(),
        ceiling,
        policies: Policies {
            attached: role.attached.clone(),
            inline: role.inline.iter().map(|policy| policy.name.clone()).collect(),
            ..Policies::default()
        },
        gates,
        marks,
        unreadable: trust.unreadable,
        ..PrincipalRow::default()
    }
}

fn kind(world: &World<'_>, role: &Role, trust: &Trust) -> PrincipalKind {
    if role.path.starts_with(SERVICE_LINKED_PATH) {
        return PrincipalKind::ServiceLinkedRole;
    }
    if role.path.starts_with(RESERVED_PATH) && role.name.starts_with("AWSReservedSSO_") {
        return PrincipalKind::IdentityCenterRole;
    }
    if role.name == "OrganizationAccountAccessRole" {
        return PrincipalKind::AccountCreationRole;
    }
    let trusted: Vec<&Trusted> = trust.gates().flat_map(|statement| &statement.trusted).collect();
    let elsewhere = |t: &&Trusted| match t {
        Trusted::Anyone => true,
        t => t.account().is_some_and(|account| world.membership(&account) != Membership::This),
    };
    // The widest way in names the kind.
    if trusted.iter().any(elsewhere) {
        PrincipalKind::CrossAccountRole
    } else if trusted.iter().any(|t| matches!(t, Trusted::Oidc(_))) {
        PrincipalKind::OidcRole
    } else if trusted.iter().any(|t| matches!(t, Trusted::Saml(_))) {
        PrincipalKind::SamlRole
    } else if !trusted.is_empty() && trusted.iter().all(|t| matches!(t, Trusted::Service(_))) {
        PrincipalKind::ServiceRole
    } else {
        PrincipalKind::Role
    }
}

/// A trusted principal in words.
pub(super) fn words(world: &World<'_>, trusted: &Trusted) -> String {
    match trusted {
        Trusted::Anyone => "anyone on AWS".to_owned(),
        Trusted::Account(account) => format!("any principal of {}", world.account_words(account)),
        Trusted::Principal(arn) => {
            let account = arn.account().into();
            match world.membership(&account) {
                Membership::This => arn.resource().to_owned(),
                _ => format!("{} of {}", arn.resource(), world.account_words(&account)),
            }
        }
        Trusted::Deleted(id) => format!("{id}, a principal that was deleted"),
        Trusted::Service(service) => format!("the service {service}"),
        Trusted::Saml(arn) => format!("SAML provider {}", arn.name()),
        Trusted::Oidc(url) => format!("OIDC provider {url}"),
        Trusted::Other(other) => other.to_string(),
    }
}

fn gate(world: &World<'_>, statement: &Statement, trusted: &Trusted) -> Gate {
    let mut gate = Gate { who: words(world, trusted), account: trusted.account(), ..Gate::default() };
    gate.trusted = Some(trusted.clone());
    if statement.all_but {
        gate.who = format!("everybody but {}", gate.who);
    }
    gate.conditions = statement.conditions.iter().map(super::trust::Condition::words).collect();
    if statement.is_open_to_anyone() {
        gate.marks.insert(Mark::Anyone);
    }
    if let (Some(account), false) = (&gate.account, statement.all_but)
        && world.membership(account) == Membership::Foreign
    {
        gate.marks.insert(Mark::UnknownAccount);
        if !statement.wants_external_id() {
            gate.marks.insert(Mark::NoExternalId);
            gate.conditions.push("no external id is asked for".to_owned());
        }
    }
    match trusted {
        Trusted::Oidc(provider) => {
            gate.subjects = statement.subjects(provider);
            if let Some(why) = statement.wide_subjects(provider) {
                gate.marks.insert(Mark::WideOidc);
                gate.conditions.push(why);
            }
        }
        Trusted::Saml(_) => gate.subjects = statement.saml_subjects(),
        Trusted::Deleted(_) => {
            gate.marks.insert(Mark::DeletedPrincipal);
        }
        _ => {}
    }
    if statement.wants_mfa() {
        gate.conditions.push("MFA is asked for".to_owned());
    }
    gate
}

/// How one gets in, short enough for a column.
fn entry(world: &World<'_>, kind: PrincipalKind, role: &Role, trust: &Trust) -> String {
    if kind == PrincipalKind::IdentityCenterRole {
        return format!("Identity Center: {}", permission_set(&role.name));
    }
    let mut ways: Vec<String> = Vec::new();
    for statement in trust.gates() {
        for trusted in &statement.trusted {
            let way = match trusted {
                Trusted::Anyone if statement.is_open_to_anyone() => "anyone".to_owned(),
                // Never plain "anyone" where a condition says whose principal it must be.
                Trusted::Anyone => format!("anyone with {}", statement.whose().unwrap_or("a condition")),
                Trusted::Account(account) => world.account_words(account),
                Trusted::Principal(arn) => match world.membership(&arn.account().into()) {
                    Membership::This => arn.resource().to_owned(),
                    _ => format!("{} in {}", arn.name(), world.account_words(&arn.account().into())),
                },
                Trusted::Service(service) => service.strip_suffix(".amazonaws.com").unwrap_or(service).to_owned(),
                Trusted::Saml(arn) => format!("SAML {}", arn.name()),
                Trusted::Oidc(url) => subjects(statement, url),
                Trusted::Deleted(id) => format!("deleted {id}"),
                Trusted::Other(other) => other.to_string(),
            };
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
    }
    match (ways.is_empty(), trust.unreadable.is_some()) {
        (true, true) => "unreadable".to_owned(),
        (false, true) => format!("{}; in part unreadable", ways.join(", ")),
        (true, false) => "nobody".to_owned(),
        (false, false) => ways.join(", "),
    }
}

/// `OIDC token.actions.githubusercontent.com repo:o/r:*`.
fn subjects(statement: &Statement, url: &str) -> String {
    let key = format!("{url}:sub");
    let subjects = statement.conditions.iter().find(|condition| condition.key.eq_ignore_ascii_case(&key));
    let subjects = subjects.map_or_else(
        || "any subject".to_owned(),
        |condition| condition.values.iter().map(|v| v.as_str()).collect::<Vec<_>>().join(" or "),
    );
    format!("OIDC {url} {subjects}")
}

/// The permission set in `AWSReservedSSO_<permission set>_<16 hex digits>` (IAM Identity Center User Guide,
/// "Referencing permission sets in resource policies").
pub(crate) fn permission_set(role: &str) -> &str {
    let name = role.strip_prefix("AWSReservedSSO_").unwrap_or(role);
    match name.rsplit_once('_') {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => name,
        _ => name,
    }
}

/// The roles of permission sets, by the set's name.
pub(super) fn by_permission_set(power: &Power) -> HashMap<String, Vec<NodeId>> {
    let mut sets: HashMap<String, Vec<NodeId>> = HashMap::new();
    for id in power.graph.ids() {
        let node = power.graph.node(id);
        if node.name.starts_with("AWSReservedSSO_") || node.kind == NodeKind::PermissionSet {
            sets.entry(permission_set(&node.name).to_owned()).or_default().push(id);
        }
    }
    sets
}

/// Whether a principal's key is that of a role of Identity Center, whose sessions are named after people.
pub(super) fn is_identity_center(key: &str) -> bool {
    Arn::new(key).resource().starts_with("role/AWSReservedSSO_")
}
