//! The policies of the organization: they bind members, never the management account.

use serde_json::json;

use crate::analysis::principals::PrincipalKind;

use super::case::Case;
use super::shell::{Command, Document};
use super::{Effect, Step, pages};

const SCP: &str = "Service control policy (SCP)";
const RCP: &str = "Resource control policy (RCP)";

pub(super) fn of(case: &Case<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    match case.facts.is_management_account() {
        Some(true) => {
            steps.extend(on_the_member(case));
            steps.push(Step::new(
                Effect::DoesNotStop,
                SCP,
                "SCPs never bind the management account: none of its users and roles, and not its root. What an SCP \
                 on the members does bind are the roles of the members, once it has entered them.",
                pages::SCP,
            ));
            steps.push(Step::new(
                Effect::DoesNotStop,
                RCP,
                "RCPs never restrict the resources of the management account. On the members they limit what anybody \
                 does to the members' resources, in the services that support RCPs.",
                pages::RCP,
            ));
        }
        Some(false) => steps.extend(in_a_member(case)),
        None => {
            let why = "The organization was not read: if this is its management account, neither binds it; in a \
                       member account an SCP binds every principal but service-linked roles.";
            steps.push(Step::new(Effect::CannotTell, format!("{SCP} or {RCP}"), why, pages::SCP));
        }
    }
    steps
}

/// An SCP that binds the other side: a member that roles here trust.
fn on_the_member(case: &Case<'_>) -> Option<Step> {
    let row = case.row;
    let member = case.facts.accounts.contains_key(row.key.as_str()) && row.kind == PrincipalKind::Account;
    if !member {
        return None;
    }
    let arns: Vec<&str> = case.roles.iter().map(|role| role.arn.as_str()).collect();
    let document = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": arns}
    ]});
    let step = Step::new(
        Effect::StopsInPart,
        "SCP on the member: no AssumeRole into the roles here",
        "The caller is a principal of the member, and SCPs bind that: the call is refused before the trust policy here \
         is asked. Run it in the management account; SCPs must be enabled in the root.",
        pages::SCP,
    );
    let step = step.leaves("sessions begun before it, until they end; service-linked roles of the member");
    Some(step.run(attach("containment-no-assume-role", &Document::ours(&document), &row.key)))
}

/// Makes a policy and attaches it to an account.
fn attach(name: &str, document: &Document, account: &str) -> Command {
    let create = Command::new("organizations create-policy")
        .with("name", name)
        .with("description", "Containment")
        .with("type", "SERVICE_CONTROL_POLICY")
        .document("content", document)
        .with("query", "Policy.PolicySummary.Id")
        .with("output", "text");
    Command::new("organizations attach-policy").output("policy-id", create).with("target-id", account)
}

/// The account that was read is a member: there, SCPs work.
fn in_a_member(case: &Case<'_>) -> Vec<Step> {
    let row = case.row;
    let scp = match row.kind {
        PrincipalKind::ServiceLinkedRole => {
            Step::new(Effect::DoesNotStop, SCP, "SCPs do not affect service-linked roles, in no account.", pages::SCP)
        }
        kind if kind.is_role() || matches!(kind, PrincipalKind::Root | PrincipalKind::User) => {
            let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*",
                "Resource": "*", "Condition": {"ArnEquals": {"aws:PrincipalArn": row.arn.as_str()}}}]});
            Step::new(
                Effect::Stops,
                SCP,
                "This is a member account: an SCP binds its users, its roles and its root, at each request. Run it in \
                 the management account; SCPs must be enabled in the root.",
                pages::SCP,
            )
            .breaks(case.uses_of(row))
            .run(attach("containment-deny", &Document::ours(&document), &case.account))
        }
        _ => Step::new(
            Effect::StopsInPart,
            SCP,
            "This is a member account: an SCP binds the roles here that it enters. See those roles for the command.",
            pages::SCP,
        ),
    };
    let rcp = Step::new(
        Effect::StopsInPart,
        RCP,
        "This is a member account: an RCP limits what anybody does to its resources, in the services that support \
         RCPs. It does not bind what this principal does elsewhere.",
        pages::RCP,
    );
    vec![scp, rcp]
}
