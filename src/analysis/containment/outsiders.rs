//! Those who act through roles: identity providers, other accounts, AWS services.

use super::case::{Case, lets_in, trusting};
use super::roles::trust_without;
use super::shell::Command;
use super::uses::{Link, Tally, Use};
use super::{Effect, Step, identity_center, pages, some};
use crate::analysis::principals::trust::Trusted;
use crate::analysis::principals::{ANY_SUBJECT, PrincipalKind, PrincipalRow};
use crate::model::Text;

/// What makes a command for one role.
type ForRole = fn(&Case<'_>, &PrincipalRow) -> Vec<Command>;

pub(super) fn provider(case: &Case<'_>) -> Vec<Step> {
    let mut steps = deny_and_revoke(case);
    if !is_identity_centers(case.row) {
        steps.extend(trust_edits(case));
    }
    let mut remove = removal(case.row).breaks(everything(case));
    if case.roles.is_empty() {
        remove.effect = Effect::Stops;
        remove.why = format!("No role of this account trusts it: there is nothing to enter. {}", remove.why);
    }
    steps.push(remove);
    steps
}

/// The SAML provider that Identity Center makes in each account where somebody is assigned.
fn is_identity_centers(provider: &PrincipalRow) -> bool {
    provider.kind == PrincipalKind::SamlProvider && provider.name.starts_with("AWSSSO_")
}

/// Removing a provider, without what that would break.
fn removal(provider: &PrincipalRow) -> Step {
    if is_identity_centers(provider) {
        return Step::new(
            Effect::CannotTell,
            "Remove the provider",
            "Identity Center made this provider and keeps it; all its roles here trust it. What happens when it is \
             removed is not documented: take assignments away instead, see the people and groups.",
            pages::RESERVED,
        );
    }
    let (page, option, get, delete) = if provider.kind == PrincipalKind::SamlProvider {
        (pages::DELETE_SAML, "saml-provider-arn", "iam get-saml-provider", "iam delete-saml-provider")
    } else {
        (
            pages::DELETE_OIDC,
            "open-id-connect-provider-arn",
            "iam get-open-id-connect-provider",
            "iam delete-open-id-connect-provider",
        )
    };
    Step::new(
        Effect::StopsInPart,
        "Remove the identity provider",
        "Nobody can take on a role through it any more. The roles stay as they are and name a provider that is gone. \
         To put it back one needs what the first command prints.",
        page,
    )
    .leaves("sessions begun before it, up to 12 hours: revoke them; other ways into the same roles")
    .run(Command::new(get).with(option, &provider.arn))
    .run(Command::new(delete).with(option, &provider.arn))
}

/// For a role: removing each provider through which one gets in, and who else comes that way.
pub(super) fn removals(case: &Case<'_>) -> Vec<Step> {
    let through = |provider: &&PrincipalRow| {
        matches!(provider.kind, PrincipalKind::SamlProvider | PrincipalKind::OidcProvider)
            && case.row.gates.iter().any(|gate| lets_in(gate, provider))
    };
    let step = |provider: &PrincipalRow| {
        let mut uses = case.uses_of(case.row);
        uses.extend(trusting(case.a, provider).filter(|role| role.key != case.row.key).map(|role| {
            let tally = Tally::from(case.a.activity.of(&role.key));
            Use::new(format!("role {} trusts it too", role.name), tally, Some(Link::Principal(role.key.clone())))
        }));
        removal(provider).breaks(uses)
    };
    case.a.principals.iter().filter(through).map(step).collect()
}

pub(super) fn account(case: &Case<'_>) -> Vec<Step> {
    let mut steps = deny_and_revoke(case);
    steps.extend(trust_edits(case));
    steps
}

pub(super) fn service(case: &Case<'_>) -> Vec<Step> {
    let mut steps = deny_and_revoke(case);
    steps.extend(trust_edits(case));
    steps
}

/// A subject of an OIDC provider: the provider has others.
pub(super) fn subject(case: &Case<'_>) -> Vec<Step> {
    let mut steps = deny_and_revoke(case);
    let mut narrow = Step::new(
        Effect::StopsInPart,
        "Trust policies without the subject",
        "It opens these roles no more; other subjects of the provider go on to get in.",
        pages::TRUST,
    )
    .leaves("sessions begun before it, up to 12 hours: revoke them");
    narrow.withheld = Some(if *case.row.name == *ANY_SUBJECT {
        "the trust policies name no subject: add a condition on it by hand, for those who shall get in".to_owned()
    } else {
        format!("take the subject {} out of the condition by hand", case.row.name)
    });
    steps.push(narrow);
    steps
}

fn everything(case: &Case<'_>) -> Vec<Use> {
    case.roles.iter().flat_map(|role| case.uses_of(role)).collect()
}

fn names<'a>(roles: impl IntoIterator<Item = &'a &'a PrincipalRow>) -> String {
    some(roles.into_iter().map(|role| &role.name))
}

fn changeable(role: &PrincipalRow) -> bool {
    !matches!(role.kind, PrincipalKind::ServiceLinkedRole | PrincipalKind::IdentityCenterRole)
}

fn for_all(case: &Case<'_>, step: Step, make: ForRole) -> Step {
    case.roles.iter().fold(step, |step, role| step.run_all(make(case, role)))
}

fn deny(case: &Case<'_>, role: &PrincipalRow) -> Vec<Command> {
    match role.kind {
        PrincipalKind::IdentityCenterRole => identity_center::deny_set_of(case, role),
        PrincipalKind::ServiceLinkedRole => Vec::new(),
        _ => vec![case.deny_role(role)],
    }
}

/// The two steps on the roles through which it acts.
fn deny_and_revoke(case: &Case<'_>) -> Vec<Step> {
    if case.roles.is_empty() {
        return Vec::new();
    }
    let keys: Vec<Text> = case.roles.iter().map(|role| role.key.clone()).collect();
    let taken = case.taken_words(&keys, &[]);
    let mut steps = vec![for_all(
        case,
        Step::new(
            Effect::Stops,
            match case.roles.len() {
                1 => "Deny everything to the role that trusts it".to_owned(),
                many => format!("Deny everything to the {many} roles that trust it"),
            },
            format!(
                "Through it one acts as {}. An explicit Deny there is asked at each request, so that open sessions \
                 stop too.",
                names(&case.roles)
            ),
            pages::TEMPORARY,
        )
        .leaves(taken.clone())
        .breaks(everything(case)),
        deny,
    )];
    let here: Vec<&PrincipalRow> = case.roles.iter().copied().filter(|role| changeable(role)).collect();
    if !here.is_empty() {
        let step = Step::new(
            Effect::StopsInPart,
            "Revoke the sessions of the roles that trust it",
            "Denies everything to their sessions that began before the command runs, whoever opened them: a session \
             does not carry who was let in.",
            pages::REVOKE,
        );
        steps.push(
            step.leaves(format!("new sessions: close the trust policies first; and {taken}"))
                .breaks(here.iter().flat_map(|role| case.uses_of(role)).collect())
                .run_all(here.iter().map(|role| Case::revoke_role(&role.name))),
        );
    }
    steps.extend(case.revoke_taken(&keys, &[]));
    steps
}

/// The trust policies of its roles, without it.
fn trust_edits(case: &Case<'_>) -> Option<Step> {
    let row = case.row;
    let here: Vec<&PrincipalRow> = case.roles.iter().copied().filter(|role| changeable(role)).collect();
    if here.is_empty() {
        return None;
    }
    let goes = |kind: &str, value: &str| match row.kind {
        PrincipalKind::Account => {
            let account = value.split(':').nth(4).unwrap_or(value);
            kind == "AWS" && *account == *row.key
        }
        PrincipalKind::Service => kind == "Service" && *value == *row.key,
        // IAM knows some OIDC providers by their plain name.
        _ => {
            kind == "Federated"
                && (*value == *row.arn || row.arn.resource().strip_prefix("oidc-provider/") == Some(value))
        }
    };
    let step = Step::new(
        Effect::StopsInPart,
        "Trust policies without it",
        "It cannot take these roles on any more; whom else they trust, they go on to trust. Each command holds the \
         policy as it was read, less what names it.",
        pages::TRUST,
    );
    let everybody = |role: &&PrincipalRow| role.gates.iter().any(|gate| gate.trusted == Some(Trusted::Anyone));
    let open: Vec<&PrincipalRow> = here.iter().copied().filter(everybody).collect();
    let mut left = "sessions begun before it, up to 12 hours: revoke them".to_owned();
    if !open.is_empty() {
        left = format!("{left}; {} let everybody in, and so it as well", names(&open));
    }
    // A caller of another account may stand under its own ARN.
    let it = |caller: &str| *caller == *row.key || caller.split(':').nth(4) == Some(row.key.as_str());
    let mut step =
        step.leaves(left).breaks(here.iter().flat_map(|role| case.ledger.callers(case.a, role, &it)).collect());
    for role in here {
        match case.role(role).and_then(|known| trust_without(&known.trust, &goes)) {
            Some(document) => {
                step = step.run(
                    Command::new("iam update-assume-role-policy")
                        .with("role-name", &role.name)
                        .document("policy-document", &document),
                );
            }
            None => {
                step.withheld = Some(format!(
                    "the trust policy of {} could not be read in full, or names it by exception: edit it by hand",
                    role.name
                ));
            }
        }
    }
    Some(step)
}
