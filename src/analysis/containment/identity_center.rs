//! Identity Center: its people, groups and roles. What stops them is the permission set, which must be provisioned
//! after each change; the role that it makes here cannot be touched in IAM.

use std::collections::BTreeSet;

use crate::analysis::principals::{PrincipalRow, permission_set};
use crate::model::identity_center::Assignee;
use crate::model::{Arn, Ask, Assignment, Instance, PermissionSet, Text};

use super::case::Case;
use super::shell::{Command, Document};
use super::users::BOUNDARY;
use super::uses::{Link, Tally, Use};
use super::{Effect, Step, count, pages, some};

/// Whether Identity Center made this role for a permission set of that name.
pub(super) fn is_role_of(role: &str, set: &str) -> bool {
    role.starts_with("AWSReservedSSO_") && permission_set(role) == set
}

/// A permission set with what its commands need.
struct Set<'a> {
    arn: Arn,
    name: Text,
    known: Option<&'a PermissionSet>,
    instance: Arn,
    home: Option<&'a Instance>,
}

impl<'a> Set<'a> {
    fn of(case: &Case<'a>, arn: &Arn) -> Self {
        let known = case.facts.permission_sets.get(arn);
        let instance = match known {
            Some(set) if !set.instance.is_empty() => set.instance.clone(),
            _ => instance_in(arn),
        };
        let home = case.facts.instances.get(&instance);
        let name = known.map_or_else(|| Text::new(arn.name()), |set| set.name.clone());
        Self { arn: arn.clone(), name, known, instance, home }
    }

    fn command(&self, operation: &str) -> Command {
        Command::new(operation)
            .region(self.home.map(|home| &home.region))
            .with_or("instance-arn", &self.instance, "instance ARN, from: aws sso-admin list-instances")
            .with_or("permission-set-arn", &self.arn, "permission set ARN")
    }

    fn provision(&self, case: &Case<'_>) -> Command {
        self.command("sso-admin provision-permission-set").with("target-type", "AWS_ACCOUNT").with_or(
            "target-id",
            &case.account,
            "account id",
        )
    }

    /// A Deny of everything for all who use the set, beside the policies that it has.
    fn deny(&self, case: &Case<'_>) -> [Command; 2] {
        let attach = self
            .command("sso-admin attach-managed-policy-to-permission-set")
            .with("managed-policy-arn", &case.deny_all());
        [attach, self.provision(case)]
    }

    /// Puts an inline policy that says what the present one says and more. `make`: from the present one.
    fn put(&self, case: &Case<'_>, step: Step, make: &dyn Fn(Option<&Text>) -> Option<Document>) -> Step {
        let Some(document) = self.known.and_then(|set| make(set.inline.as_ref())) else {
            let mut step = step;
            step.withheld = Some(format!(
                "the inline policy of permission set {} was not read or not understood, and a new one would replace it",
                self.name
            ));
            return step;
        };
        let step = if case.knows(Ask::PermissionSets) {
            step
        } else {
            step.run(self.command("sso-admin get-inline-policy-for-permission-set"))
        };
        let put = self.command("sso-admin put-inline-policy-to-permission-set").document("inline-policy", &document);
        step.run(put).run(self.provision(case))
    }

    fn unassign(&self, case: &Case<'_>, kind: Assignee, assignee: &Text) -> Command {
        self.command("sso-admin delete-account-assignment")
            .with("target-type", "AWS_ACCOUNT")
            .with_or("target-id", &case.account, "account id")
            .with("principal-type", if kind == Assignee::Group { "GROUP" } else { "USER" })
            .with("principal-id", assignee)
    }

    /// `8h` of `PT8H`.
    fn lasts(&self) -> Option<String> {
        let duration = self.known?.session_duration.strip_prefix("PT")?;
        Some(duration.to_ascii_lowercase())
    }
}

/// The instance that a permission set's ARN names: `arn:aws:sso:::permissionSet/ssoins-.../ps-...` (IAM Identity Center
/// API Reference, "PutInlinePolicyToPermissionSet").
fn instance_in(set: &Arn) -> Arn {
    match set.resource().split('/').collect::<Vec<_>>()[..] {
        ["permissionSet", instance, _] => Arn::new(format!("arn:{}:sso:::instance/{instance}", set.partition())),
        _ => Arn::default(),
    }
}

fn sets_of<'a>(case: &Case<'a>, arns: impl IntoIterator<Item = Arn>) -> Vec<Set<'a>> {
    arns.into_iter().collect::<BTreeSet<_>>().iter().map(|arn| Set::of(case, arn)).collect()
}

fn assignments<'c>(case: &'c Case<'_>) -> impl Iterator<Item = &'c Assignment> {
    case.facts.assignments.keys().filter(|known| case.account.is_empty() || known.account == case.account)
}

fn lasts(sets: &[Set<'_>]) -> String {
    let known: BTreeSet<String> = sets.iter().filter_map(Set::lasts).collect();
    match known.len() {
        0 => "up to 12 hours".to_owned(),
        1 => format!("up to {}", known.into_iter().collect::<String>()),
        _ => format!("as long as the permission set says ({})", known.into_iter().collect::<Vec<_>>().join(", ")),
    }
}

fn names(sets: &[Set<'_>]) -> String {
    some(sets.iter().map(|set| &set.name))
}

const ONLY_HERE: &str = "the set's other accounts, where it is not provisioned anew";
/// IAM Identity Center User Guide, "Delegated administration".
const FROM_HERE: &str = "A set that is assigned in the management account is changed from there, not by a delegated \
    administrator.";

/// IAM edits, which fail.
fn refused(case: &Case<'_>) -> Step {
    let which = some(case.roles.iter().map(|role| &role.name));
    let which = if which.is_empty() { case.row.name.to_string() } else { which };
    Step::new(
        Effect::DoesNotStop,
        "Deny, boundary or trust edit on the role in IAM",
        format!("IAM refuses to change {which} (UnmodifiableEntity): only Identity Center can, by the permission set."),
        pages::RESERVED,
    )
}

pub(super) fn person(case: &Case<'_>) -> Vec<Step> {
    let row = case.row;
    let groups: Vec<(&Text, &Text)> = case
        .facts
        .directory_groups
        .values()
        .filter(|group| group.members.as_ref().is_some_and(|members| members.contains(&row.key)))
        .map(|group| (&group.id, &group.name))
        .collect();
    let by_group =
        |known: &Assignment| known.kind == Assignee::Group && groups.iter().any(|(group, _)| **group == known.assignee);
    let directly = |known: &Assignment| known.kind == Assignee::User && known.assignee == row.key;
    let mine: Vec<&Assignment> = assignments(case).filter(|known| by_group(known) || directly(known)).collect();
    let sets = sets_of(case, mine.iter().map(|known| known.permission_set.clone()));
    let roles: Vec<Text> = case.roles.iter().map(|role| role.key.clone()).collect();
    let names = session_names(case);
    let taken = case.taken_words(&roles, &names);
    let used: Vec<Use> = names
        .iter()
        .map(|name| (name, case.ledger.session(&roles, name)))
        .filter(|(_, tally)| tally.events > 0)
        .map(|(name, tally)| Use::new(format!("all that {name} does here"), tally, Some(Link::Person(name.clone()))))
        .collect();

    let mut steps = vec![deny_people(
        case,
        &sets,
        &[row.key.as_str()],
        "Deny everything to this person in the permission set",
        used.clone(),
        &format!("sign-in and other accounts; {ONLY_HERE}; {taken}"),
    )];
    steps.extend(case.revoke_taken(&roles, &names));

    let mut remove = Step::new(
        Effect::StopsInPart,
        "Take the assignments away",
        "No new session in this account. With a directory that is synchronised, take the membership away at its \
         source too, or it comes back.",
        pages::UNASSIGN,
    )
    .leaves(format!("sessions begun before it, {}; {taken}", lasts(&sets)))
    .breaks(used.clone());
    for known in mine.iter().filter(|known| directly(known)) {
        remove = remove.run(Set::of(case, &known.permission_set).unassign(case, known.kind, &row.key));
    }
    let store = sets.iter().find_map(|set| set.home);
    let through: BTreeSet<&Text> = mine.iter().filter(|known| by_group(known)).map(|known| &known.assignee).collect();
    for group in through {
        remove = remove.run(leave_group(store, group, &row.key));
        let name = groups.iter().find(|(id, _)| *id == group).map_or(group, |(_, name)| name);
        let what = format!("all else that group {name} gives them");
        remove.breaks.push(Use::new(what, Tally::default(), Some(Link::Principal(group.clone()))));
    }
    steps.push(remove);

    steps.push(
        Step::new(
            Effect::StopsInPart,
            "End portal sessions and disable the person",
            "Users, the person, Active sessions: delete them; then Disable user access. There is no API for either: it \
             is done in the console, or at the external identity provider or Active Directory, and there first.",
            pages::REVOKE_PERSON,
        )
        .leaves(format!("role sessions begun before it, {}; {taken}", lasts(&sets)))
        .breaks(used.clone()),
    );
    steps.push(
        Step::new(
            Effect::StopsInPart,
            "Delete the person from the directory",
            "Cannot be undone: a person of the same name is another one, without assignments. A synchronised directory \
             brings them back.",
            pages::DELETE_PERSON,
        )
        .leaves(format!("role sessions begun before it, {}; {taken}", lasts(&sets)))
        .breaks(used)
        .run(in_store("identitystore delete-user", store).with("user-id", &row.key)),
    );
    steps.push(refused(case));
    steps
}

/// The names of a person's sessions: Identity Center names them after the user name (IAM Identity Center User Guide,
/// "CloudTrail use cases"), which in many directories is the email address.
fn session_names(case: &Case<'_>) -> Vec<Text> {
    let email = case.facts.directory_users.get(case.row.key.as_str()).and_then(|person| person.email.clone());
    std::iter::once(case.row.name.clone()).chain(email).collect()
}

fn in_store(operation: &str, store: Option<&Instance>) -> Command {
    Command::new(operation).region(store.map(|home| &home.region)).with_or(
        "identity-store-id",
        store.map_or("", |home| home.identity_store.as_str()),
        "identity store id, from: aws sso-admin list-instances",
    )
}

fn leave_group(store: Option<&Instance>, group: &Text, person: &Text) -> Command {
    let membership = in_store("identitystore get-group-membership-id", store)
        .with("group-id", group)
        .with("member-id", &format!("UserId={person}"))
        .with("query", "MembershipId")
        .with("output", "text");
    in_store("identitystore delete-group-membership", store).output("membership-id", membership)
}

fn deny_people(case: &Case<'_>, sets: &[Set<'_>], ids: &[&str], name: &str, used: Vec<Use>, leaves: &str) -> Step {
    let whole = !sets.is_empty() && sets.iter().all(|set| set.known.is_some());
    let effect = if whole { Effect::Stops } else { Effect::CannotTell };
    let why = format!(
        "A Deny on identitystore:UserId in {}: it is asked at each request, so that open sessions stop, and nobody \
         else is touched. The command holds the inline policy that is there and the Deny. {FROM_HERE}",
        if sets.is_empty() { "each permission set".to_owned() } else { names(sets) },
    );
    let step = Step::new(effect, name, why, pages::DENY_PERSON).leaves(leaves).breaks(used);
    sets.iter().fold(step, |step, set| set.put(case, step, &|present| Document::and_deny_people(present, ids)))
}

pub(super) fn group(case: &Case<'_>) -> Vec<Step> {
    let row = case.row;
    let mine: Vec<&Assignment> =
        assignments(case).filter(|known| known.kind == Assignee::Group && known.assignee == row.key).collect();
    let sets = sets_of(case, mine.iter().map(|known| known.permission_set.clone()));
    let members = case.facts.directory_groups.get(row.key.as_str()).and_then(|group| group.members.as_ref());
    let people: Vec<Use> = members
        .into_iter()
        .flatten()
        .map(|id| {
            let known = case.a.principals.iter().find(|other| other.key == *id);
            let name = known.map_or(id, |other| &other.name);
            let tally = known.map_or_else(Tally::default, |other| Tally::from(other.deeds));
            Use::new(format!("person {name}"), tally, Some(Link::Principal(id.clone())))
        })
        .collect();
    let mut steps = Vec::new();
    match members {
        Some(members) if !members.is_empty() => {
            let ids: Vec<&str> = members.iter().map(Text::as_str).collect();
            let leaves = format!("sign-in and other accounts; {ONLY_HERE}; people who join the group later");
            steps.push(deny_people(
                case,
                &sets,
                &ids,
                "Deny everything to its people in the permission set",
                people.clone(),
                &leaves,
            ));
        }
        Some(_) => {}
        None => {
            let step = Step::new(
                Effect::Stops,
                "Deny everything in the permission set",
                format!(
                    "The group's members were not read, so this denies {} to all who use it. {FROM_HERE}",
                    names(&sets)
                ),
                pages::PROVISION,
            );
            let step = step.leaves(ONLY_HERE).breaks(case.roles.iter().flat_map(|role| case.uses_of(role)).collect());
            steps.push(sets.iter().fold(step, |step, set| step.run_all(set.deny(case))));
        }
    }
    let step = Step::new(
        Effect::StopsInPart,
        "Take the group's assignments away",
        "No new session in this account by way of the group.",
        pages::UNASSIGN,
    );
    let step = step
        .leaves(format!(
            "sessions begun before it, {}; people who are assigned directly or by another group",
            lasts(&sets)
        ))
        .breaks(people);
    steps.push(mine.iter().fold(step, |step, known| {
        step.run(Set::of(case, &known.permission_set).unassign(case, Assignee::Group, &row.key))
    }));
    steps.push(refused(case));
    steps
}

/// The permission set of a role that Identity Center made here.
fn set_of_role<'a>(case: &Case<'a>, role: &PrincipalRow) -> Set<'a> {
    let name = permission_set(&role.name);
    match case.facts.permission_sets.values().find(|set| set.name == *name) {
        Some(set) => Set::of(case, &set.arn),
        None => Set {
            arn: Arn::default(),
            name: Text::new(name),
            known: None,
            instance: case.facts.instances.keys().next().cloned().unwrap_or_default(),
            home: case.facts.instances.values().next(),
        },
    }
}

/// A Deny of everything on the permission set behind a role.
pub(super) fn deny_set_of(case: &Case<'_>, role: &PrincipalRow) -> Vec<Command> {
    set_of_role(case, role).deny(case).into()
}

pub(super) fn role(case: &Case<'_>) -> Vec<Step> {
    let row = case.row;
    let set = set_of_role(case, row);
    let taken = case.taken_words(std::slice::from_ref(&row.key), &[]);
    let used = case.uses_of(row);
    let mut steps = vec![
        Step::new(
            Effect::Stops,
            "Deny everything in the permission set",
            format!(
                "Attaches AWSDenyAll to {} beside what it has and provisions it here: asked at each request, open \
                 sessions stop too. {FROM_HERE}",
                set.name
            ),
            pages::PROVISION,
        )
        .leaves(format!("{ONLY_HERE}; {taken}"))
        .breaks(used.clone())
        .run_all(set.deny(case)),
    ];
    let revoke = Step::new(
        Effect::StopsInPart,
        "Revoke the sessions, by the permission set",
        "Denies everything to sessions that began before the command runs. Who is assigned opens a new one. The \
         command holds the inline policy that is there and the Deny.",
        pages::REVOKE,
    )
    .leaves(format!("new sessions; {ONLY_HERE}; {taken}"))
    .breaks(used.clone());
    steps.push(set.put(case, revoke, &Document::and_revoke));

    let assigned: Vec<&Assignment> = assignments(case).filter(|known| known.permission_set == set.arn).collect();
    let people = assigned.iter().map(|known| {
        let named = match known.kind {
            Assignee::Group => case.facts.directory_groups.get(&known.assignee).map(|group| &group.name),
            Assignee::User => case.facts.directory_users.get(&known.assignee).map(|user| &user.user_name),
        };
        let kind = if known.kind == Assignee::Group { "group" } else { "person" };
        let who = format!("{kind} {}", named.unwrap_or(&known.assignee));
        Use::new(who, Tally::default(), Some(Link::Principal(known.assignee.clone())))
    });
    let remove = Step::new(
        Effect::StopsInPart,
        "Take the assignments away",
        format!(
            "No new session in this account: {} of the set here.",
            count(assigned.len(), "assignment", "assignments")
        ),
        pages::UNASSIGN,
    )
    .leaves(format!("sessions begun before it, {}; {taken}", lasts(std::slice::from_ref(&set))))
    .breaks(people.collect());
    steps.push(assigned.iter().fold(remove, |step, known| step.run(set.unassign(case, known.kind, &known.assignee))));
    steps.extend(case.revoke_taken(std::slice::from_ref(&row.key), &[]));
    steps.push(
        Step::new(Effect::Stops, "Permissions boundary in the permission set", BOUNDARY, pages::BOUNDARY)
            .leaves(match set.known.and_then(|known| known.boundary.as_ref()) {
                Some(present) => format!("{ONLY_HERE}; {taken}. The boundary that is there now is replaced: {present}"),
                None => format!("{ONLY_HERE}; {taken}"),
            })
            .breaks(used)
            .run(
                set.command("sso-admin put-permissions-boundary-to-permission-set")
                    .with("permissions-boundary", &format!("ManagedPolicyArn={}", case.deny_all())),
            )
            .run(set.provision(case)),
    );
    steps.push(refused(case));
    steps
}
