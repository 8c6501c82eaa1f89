//! Roles that IAM lets be changed, and those that belong to a service.

use serde_json::{Map, Value};

use super::case::Case;
use super::shell::{Command, Document};
use super::users::BOUNDARY;
use super::uses::Use;
use super::{Effect, Step, outsiders, pages};
use crate::analysis::principals::trust::Trusted;
use crate::analysis::principals::{Gate, PrincipalKind, PrincipalRow};
use crate::model::Text;

pub(super) fn role(case: &Case<'_>) -> Vec<Step> {
    let row = case.row;
    let mine = std::slice::from_ref(&row.key);
    let taken = case.taken_words(mine, &[]);
    let is_service = |gate: &Gate| matches!(gate.trusted, Some(Trusted::Service(_)));
    let by_service = row.gates.iter().any(is_service);
    let why = "An explicit Deny is asked at each request and beats every Allow, also that of a resource's policy. Open \
               sessions stop too: a session has what its role has.";
    let why = match row.kind {
        PrincipalKind::AccountCreationRole => {
            format!("{why} Organizations makes this role in members; the management account needs none.")
        }
        _ => why.to_owned(),
    };
    let mut steps = vec![
        Step::new(Effect::Stops, "Deny everything to the role", why, pages::TEMPORARY)
            .leaves(taken.clone())
            .breaks(case.uses_of(row))
            .run(case.deny_role(row)),
        revoke(case, by_service, &taken),
        Step::new(
            Effect::StopsInPart,
            "Trust policy that lets nobody in",
            "Nobody can take the role on any more. Sessions begun before keep its permissions: revoke them as well.",
            pages::TRUST,
        )
        .leaves("sessions begun before it, up to 12 hours, as long as the role allows")
        .breaks(doors(case, row))
        .run(
            Command::new("iam update-assume-role-policy")
                .with("role-name", &row.name)
                .document("policy-document", &Document::shut()),
        ),
    ];
    steps.extend(outsiders::removals(case));
    steps.extend(case.revoke_taken(mine, &[]));
    let present = match &row.boundary {
        Some(arn) => format!("{taken}. The boundary that is there now is replaced: {arn}"),
        None => taken,
    };
    steps.push(
        Step::new(Effect::Stops, "Permissions boundary that denies everything", BOUNDARY, pages::BOUNDARY)
            .leaves(present)
            .breaks(case.uses_of(row))
            .run(
                Command::new("iam put-role-permissions-boundary")
                    .with("role-name", &row.name)
                    .with("permissions-boundary", &case.deny_all()),
            ),
    );
    steps
}

fn revoke(case: &Case<'_>, by_service: bool, taken: &str) -> Step {
    let why = if by_service {
        "Denies everything to sessions that began before the command runs. An AWS service that runs as the role opens \
         a new session at once."
    } else {
        "Denies everything to sessions that began before the command runs. Who is let in opens a new one: close the \
         trust policy as well."
    };
    Step::new(Effect::StopsInPart, "Revoke the role's sessions", why, pages::REVOKE)
        .leaves(format!("new sessions, and {taken}"))
        .breaks(case.uses_of(case.row))
        .run(Case::revoke_role(&case.row.name))
}

/// Those who take the role on: by the events, and what runs as it.
fn doors(case: &Case<'_>, row: &PrincipalRow) -> Vec<Use> {
    let mut uses = case.ledger.callers(case.a, row, &|_| true);
    uses.extend(case.residents(row));
    uses
}

pub(super) fn service_linked(case: &Case<'_>) -> Vec<Step> {
    let row = case.row;
    let service = row.gates.iter().find_map(|gate| match &gate.trusted {
        Some(Trusted::Service(service)) => Some(service),
        _ => None,
    });
    let mut steps = Vec::new();
    if let Some(service) = service
        && case.facts.trusted_services.contains_key(service)
    {
        steps.push(
            Step::new(
                Effect::StopsInPart,
                "Disable the service's trusted access",
                "The service loses what it may do across the organization. AWS asks to switch it off in the service \
                 itself where that is possible, so that it can clean up. Run it in the management account.",
                pages::TRUSTED_ACCESS,
            )
            .leaves("what the role does in this account")
            .breaks(case.uses_of(row))
            .run(Command::new("organizations disable-aws-service-access").with("service-principal", service)),
        );
    }
    steps.push(
        Step::new(
            Effect::CannotTell,
            "Delete the service-linked role",
            "IAM refuses it as long as the service has resources that need the role; which these are, the service \
             knows. It may make the role anew.",
            pages::DELETE_ROLE,
        )
        .breaks(case.uses_of(row))
        .run(Command::new("iam delete-service-linked-role").with("role-name", &row.name)),
    );
    steps.push(Step::new(
        Effect::DoesNotStop,
        "Deny, boundary or trust edit in IAM",
        "IAM refuses to change a service-linked role (UnmodifiableEntity): only its service can.",
        pages::SERVICE_LINKED,
    ));
    steps.push(Step::new(
        Effect::DoesNotStop,
        "Revoke its sessions",
        "The sessions of a service-linked role cannot be revoked.",
        pages::REVOKE,
    ));
    steps
}

/// A trust policy without some principals. `is`: of `AWS`, `Service` or `Federated`, whether this value goes. None when
/// it cannot be understood, or names them by exception.
pub(super) fn trust_without(trust: &Text, is: &dyn Fn(&str, &str) -> bool) -> Option<Document> {
    let value = trust.json()?;
    let map = value.as_object()?;
    let statements = match map.get("Statement")? {
        Value::Array(list) => list.clone(),
        one @ Value::Object(_) => vec![one.clone()],
        _ => return None,
    };
    let mut kept = Vec::new();
    let mut lets_in = false;
    for statement in statements {
        let mut statement = statement.as_object()?.clone();
        let allows = statement.get("Effect").and_then(Value::as_str) == Some("Allow");
        if allows {
            let principal = statement.get_mut("Principal")?;
            if let Value::Object(named) = principal {
                let rest = named_without(named, is);
                if rest.is_empty() {
                    continue;
                }
                *named = rest;
            }
            lets_in = true;
        }
        kept.push(Value::Object(statement));
    }
    if !lets_in {
        return Some(Document::shut());
    }
    let mut document = map.clone();
    document.insert("Statement".to_owned(), Value::Array(kept));
    Some(Document::of(&Value::Object(document)))
}

fn named_without(named: &Map<String, Value>, is: &dyn Fn(&str, &str) -> bool) -> Map<String, Value> {
    let mut rest = Map::new();
    for (kind, value) in named {
        let goes = |value: &Value| value.as_str().is_some_and(|value| is(kind, value));
        match value {
            Value::Array(list) => {
                let list: Vec<Value> = list.iter().filter(|value| !goes(value)).cloned().collect();
                if !list.is_empty() {
                    rest.insert(kind.clone(), Value::Array(list));
                }
            }
            one if goes(one) => {}
            one => {
                rest.insert(kind.clone(), one.clone());
            }
        }
    }
    rest
}
