//! Those who come from outside IAM: people and groups of Identity Center who are assigned here, identity providers,
//! and the accounts that roles trust.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::iam::ProviderKind;
use crate::model::identity_center::Assignee;
use crate::model::log::Field;
use crate::model::{AccountId, Arn, IdentityProvider, Text};

use super::trust::Trusted;
use super::{Ceiling, Gate, Mark, Membership, Policies, PrincipalKind, PrincipalRow, World, key_of, roles};
use crate::analysis::activity::Deeds;
use crate::analysis::power::NodeId;
use crate::catalog::vendors;

/// Groups and people assigned on this account; the people of a group stand for themselves too.
pub(super) fn identity_center(world: &World<'_>) -> Vec<PrincipalRow> {
    let facts = world.facts;
    let mut sets: BTreeMap<(Assignee, &Text), BTreeSet<&Arn>> = BTreeMap::new();
    for assignment in facts.assignments.keys() {
        if world.account.as_ref().is_none_or(|account| *account == assignment.account) {
            sets.entry((assignment.kind, &assignment.assignee)).or_default().insert(&assignment.permission_set);
        }
    }
    let mut rows = Vec::new();
    // Person, and how they come to their permission sets: by which group, or by none.
    let mut people: BTreeMap<&Text, Vec<(Option<&Text>, &Arn)>> = BTreeMap::new();
    for ((kind, assignee), sets) in &sets {
        match kind {
            Assignee::User => {
                people.entry(assignee).or_default().extend(sets.iter().map(|set| (None, *set)));
            }
            Assignee::Group => {
                rows.push(group(world, assignee, sets));
                let group = facts.directory_groups.get(assignee.as_str());
                for member in group.and_then(|group| group.members.as_ref()).into_iter().flatten() {
                    let name = group.map(|group| &group.name);
                    people.entry(member).or_default().extend(sets.iter().map(|set| (name, *set)));
                }
            }
        }
    }
    let sessions = if people.is_empty() { HashMap::new() } else { sessions(world) };
    rows.extend(people.into_iter().map(|(id, ways)| person(world, id, &ways, &sessions)));
    rows
}

fn set_name(world: &World<'_>, arn: &Arn) -> Text {
    world.facts.permission_sets.get(arn).map_or_else(|| Text::new(arn.name()), |set| set.name.clone())
}

fn is_administrator(world: &World<'_>, arn: &Arn) -> bool {
    let set = world.facts.permission_sets.get(arn);
    set.is_some_and(|set| set.managed.iter().any(|p| p.arn.as_str().ends_with(super::ADMINISTRATOR_ACCESS)))
}

/// The boundary counts only when every permission set has one.
fn ceiling(world: &World<'_>, sets: &mut dyn Iterator<Item = &Arn>) -> Ceiling {
    let mut known: Vec<Option<bool>> =
        sets.map(|arn| world.facts.permission_sets.get(arn).map(|set| set.boundary.is_some())).collect();
    known.dedup();
    match known[..] {
        [Some(true)] => Ceiling::Boundary,
        _ if known.contains(&Some(false)) => Ceiling::None,
        _ => Ceiling::NotApplicable,
    }
}

fn group(world: &World<'_>, id: &Text, sets: &BTreeSet<&Arn>) -> PrincipalRow {
    let known = world.facts.directory_groups.get(id);
    let members = known.and_then(|group| group.members.as_ref());
    let names: Vec<Text> = sets.iter().map(|arn| set_name(world, arn)).collect();
    let people = match members {
        Some(members) => format!("{} people", members.len()),
        None => "members not read".to_owned(),
    };
    PrincipalRow {
        key: id.clone(),
        kind: PrincipalKind::IdentityCenterGroup,
        name: known.map_or_else(|| id.clone(), |group| group.name.clone()),
        entry: format!("Identity Center, {people}"),
        ceiling: ceiling(world, &mut sets.iter().copied()),
        marks: sets.iter().filter(|arn| is_administrator(world, arn)).map(|_| Mark::AdministratorAccess).collect(),
        policies: Policies { permission_sets: names, ..Policies::default() },
        related: members
            .into_iter()
            .flatten()
            .map(|id| world.facts.directory_users.get(id).map_or_else(|| id.clone(), |user| user.user_name.clone()))
            .collect(),
        ..PrincipalRow::default()
    }
}

fn person(
    world: &World<'_>,
    id: &Text,
    ways: &[(Option<&Text>, &Arn)],
    sessions: &HashMap<&str, Deeds>,
) -> PrincipalRow {
    let known = world.facts.directory_users.get(id);
    let name = known.map_or_else(|| id.clone(), |user| user.user_name.clone());
    let mut permission_sets: Vec<Text> = Vec::new();
    let mut gates = Vec::new();
    for (group, arn) in ways {
        let set = set_name(world, arn);
        let who = match group {
            Some(group) => format!("permission set {set}, as a member of {group}"),
            None => format!("permission set {set}, assigned to them"),
        };
        gates.push(Gate { who, ..Gate::default() });
        if !permission_sets.contains(&set) {
            permission_sets.push(set);
        }
    }
    // Identity Center names sessions after the user name; where that is an email, after the email.
    let email = known.and_then(|user| user.email.clone()).filter(|email| sessions.contains_key(email.as_str()));
    let session = email.filter(|_| !sessions.contains_key(name.as_str())).unwrap_or_else(|| name.clone());
    let groups: BTreeSet<&Text> = ways.iter().filter_map(|(group, _)| *group).collect();
    let entry = if groups.is_empty() {
        "Identity Center".to_owned()
    } else {
        let names: Vec<&str> = groups.iter().map(|group| group.as_str()).collect();
        format!("Identity Center, by {}", names.join(", "))
    };
    PrincipalRow {
        key: id.clone(),
        kind: PrincipalKind::IdentityCenterUser,
        deeds: sessions.get(session.as_str()).copied().unwrap_or_default(),
        session,
        name,
        entry,
        gates,
        ceiling: ceiling(world, &mut ways.iter().map(|(_, arn)| *arn)),
        marks: ways.iter().filter(|(_, arn)| is_administrator(world, arn)).map(|_| Mark::AdministratorAccess).collect(),
        policies: Policies { permission_sets, ..Policies::default() },
        ..PrincipalRow::default()
    }
}

/// What was done by session name in the roles of Identity Center, which names sessions after people (IAM Identity
/// Center User Guide, "CloudTrail use cases").
fn sessions<'a>(world: &World<'a>) -> HashMap<&'a str, Deeds> {
    let log = &world.facts.events;
    let mut of_role: HashMap<u32, bool> = HashMap::new();
    let mut by_session: HashMap<&str, Deeds> = HashMap::new();
    for event in world.a.activity.events(log) {
        let role = event.word_id(Field::ActorKey);
        let is = *of_role.entry(role).or_insert_with(|| roles::is_identity_center(event.word(Field::ActorKey)));
        if is {
            let deeds = by_session.entry(event.word(Field::Session)).or_default();
            deeds.events += 1;
            deeds.writes += u64::from(event.read_only() == Some(false));
            deeds.errors += u64::from(!event.word(Field::Error).is_empty());
            deeds.last = deeds.last.max(event.time());
        }
    }
    by_session
}

/// SAML and OIDC providers, with the roles that trust them.
pub(super) fn providers(world: &World<'_>, rows: &[PrincipalRow]) -> Vec<PrincipalRow> {
    let row = |provider: &IdentityProvider| {
        let (kind, trusted) = match provider.kind {
            ProviderKind::Saml => (PrincipalKind::SamlProvider, Trusted::Saml(provider.arn.clone())),
            ProviderKind::Oidc => {
                let url = provider.arn.resource().strip_prefix("oidc-provider/").unwrap_or("");
                (PrincipalKind::OidcProvider, Trusted::Oidc(Text::new(url)))
            }
        };
        let gates = |row: &'_ PrincipalRow| {
            row.gates.iter().filter(|gate| gate.trusted.as_ref() == Some(&trusted)).cloned().collect::<Vec<Gate>>()
        };
        let roles: Vec<(&PrincipalRow, Vec<Gate>)> =
            rows.iter().map(|row| (row, gates(row))).filter(|(_, gates)| !gates.is_empty()).collect();
        let mut entry = match &roles[..] {
            [] => "no role trusts it".to_owned(),
            [(role, _)] => format!("1 role trusts it: {}", role.name),
            many => format!("{} roles trust it", many.len()),
        };
        if roles.iter().flat_map(|(_, gates)| gates).any(|gate| gate.marks.contains(&Mark::WideOidc)) {
            entry.push_str(", with wide subjects");
        }
        PrincipalRow {
            key: key_of(&provider.arn),
            kind,
            name: Text::new(provider.arn.resource().split_once('/').map_or("", |(_, name)| name)),
            arn: provider.arn.clone(),
            entry,
            created: provider.created,
            related: roles.iter().map(|(role, _)| role.name.clone()).collect(),
            nodes: world.nodes(roles.iter().map(|(role, _)| &role.key)),
            ..PrincipalRow::default()
        }
    };
    world.facts.identity_providers.values().map(row).collect()
}

/// Names and keys of roles, and what is to note of the ways in.
type Trusting = (BTreeSet<(Text, Text)>, BTreeSet<Mark>);
type Entering<'a> = (Vec<&'a PrincipalRow>, BTreeSet<Mark>);

/// The other accounts that trust policies name: members by name, the rest marked.
pub(super) fn accounts(world: &World<'_>, rows: &[PrincipalRow]) -> Vec<PrincipalRow> {
    let mut trusting: BTreeMap<AccountId, Trusting> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.kind.is_role()) {
        for gate in &row.gates {
            if let Some(account) = &gate.account
                && world.membership(account) != Membership::This
            {
                let (roles, marks) = trusting.entry(account.clone()).or_default();
                roles.insert((row.name.clone(), row.key.clone()));
                // Open to anyone and the like are the role's, not the account's.
                marks.extend(gate.marks.iter().filter(|m| matches!(m, Mark::UnknownAccount | Mark::NoExternalId)));
            }
        }
    }
    let row = |(id, (roles, marks)): (AccountId, Trusting)| {
        let whose = match world.membership(&id) {
            Membership::Foreign if vendors::by_account(&id).is_some() => "known vendor, not in the organization",
            Membership::Foreign => "unknown, not in the organization",
            Membership::NotKnown => "accounts not read",
            Membership::Member | Membership::This => "member",
        };
        let names: Vec<&str> = roles.iter().map(|(name, _)| name.as_str()).collect();
        let vendor = vendors::by_account(&id);
        PrincipalRow {
            nodes: world.nodes(roles.iter().map(|(_, key)| key)),
            key: id.text().clone(),
            kind: PrincipalKind::Account,
            name: match (world.facts.accounts.get(&id), vendor) {
                (Some(account), _) => account.name.clone(),
                (None, Some(vendor)) => Text::new(vendor.name),
                (None, None) => id.text().clone(),
            },
            entry: format!("{whose}, trusted by {}", names.join(", ")),
            related: roles.into_iter().map(|(name, _)| name).collect(),
            marks,
            ..PrincipalRow::default()
        }
    };
    trusting.into_iter().map(row).collect()
}

/// The AWS services that trust policies let in.
pub(super) fn services(world: &World<'_>, rows: &[PrincipalRow]) -> Vec<PrincipalRow> {
    let mut trusting: BTreeMap<Text, Vec<&PrincipalRow>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.kind.is_role() && row.kind != PrincipalKind::ServiceLinkedRole) {
        for gate in &row.gates {
            if let Some(Trusted::Service(service)) = &gate.trusted {
                let roles = trusting.entry(service.clone()).or_default();
                if roles.last().is_none_or(|last| last.key != row.key) {
                    roles.push(row);
                }
            }
        }
    }
    let row = |(service, roles): (Text, Vec<&PrincipalRow>)| {
        let names: Vec<&str> = roles.iter().map(|role| role.name.as_str()).collect();
        let entry = match names[..] {
            [one] => format!("runs as {one}"),
            _ => format!("runs as {} roles", names.len()),
        };
        PrincipalRow {
            key: service.clone(),
            kind: PrincipalKind::Service,
            name: service,
            entry,
            related: roles.iter().map(|role| role.name.clone()).collect(),
            nodes: world.nodes(roles.iter().map(|role| &role.key)),
            ..PrincipalRow::default()
        }
    };
    trusting.into_iter().map(row).collect()
}

/// Identity Center's own provider (IAM Identity Center User Guide, "IAM identity providers"): its people have rows.
fn is_identity_centers(provider: &Arn) -> bool {
    provider.name().starts_with("AWSSSO_") && provider.name().ends_with("_DO_NOT_DELETE")
}

/// What stands for the subjects of a role that asks for none in particular.
pub(crate) const ANY_SUBJECT: &str = "any subject";

/// The subjects of OIDC and SAML providers that trust policies let in, each pattern as it is written.
pub(super) fn subjects(world: &World<'_>, rows: &[PrincipalRow]) -> Vec<PrincipalRow> {
    let mut entering: BTreeMap<(PrincipalKind, Text, Text), Entering<'_>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.kind.is_role()) {
        for gate in &row.gates {
            let (kind, provider) = match &gate.trusted {
                Some(Trusted::Oidc(url)) => (PrincipalKind::OidcSubject, url),
                Some(Trusted::Saml(arn)) if !is_identity_centers(arn) => (PrincipalKind::SamlSubject, arn.text()),
                _ => continue,
            };
            let any = [Text::new(ANY_SUBJECT)];
            for subject in if gate.subjects.is_empty() { &any[..] } else { &gate.subjects } {
                let (roles, marks) = entering.entry((kind, provider.clone(), subject.clone())).or_default();
                roles.push(row);
                marks.extend(gate.marks.iter().copied());
            }
        }
    }
    let row = |((kind, provider, subject), (roles, marks)): ((PrincipalKind, Text, Text), Entering<'_>)| {
        let token = match kind {
            PrincipalKind::SamlSubject => format!("assertion of {}", Arn::new(provider.as_str()).name()),
            _ => format!("token of {provider}"),
        };
        let names: BTreeSet<&str> = roles.iter().map(|role| role.name.as_str()).collect();
        let names: Vec<&str> = names.into_iter().collect();
        PrincipalRow {
            key: Text::new(&format!("{provider}|{subject}")),
            kind,
            name: subject,
            entry: format!("{token}, becomes {}", names.join(", ")),
            related: names.iter().map(|name| Text::new(name)).collect(),
            nodes: world.nodes(roles.iter().map(|role| &role.key)),
            marks,
            ..PrincipalRow::default()
        }
    };
    entering.into_iter().map(row).collect()
}

impl World<'_> {
    fn nodes<'k>(&self, keys: impl Iterator<Item = &'k Text>) -> Vec<NodeId> {
        keys.filter_map(|key| self.power.graph.find(key)).collect()
    }
}
