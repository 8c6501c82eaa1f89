//! Claims of the first two practices: who has access, and whether that is reviewed and can be tracked.

use super::draft::{BAD, Draft, NOTE, WARN, draft, judged};
use super::{Claim, Practice, Standing};
use crate::analysis::Assessment;
use crate::analysis::delegation::DelegationKind;
use crate::analysis::policy::Truth;
use crate::analysis::power::Grade;
use crate::analysis::principals::{Ceiling, Mark, PrincipalKind, PrincipalRow};
use crate::catalog::powers::Power;
use crate::catalog::rules::Severity;
use crate::model::{ActorKind, Ask};

/// Days after which a key is old and a principal unused, as the CIS AWS Foundations Benchmark and IAM's own
/// guidance count.
const DAYS: i64 = 90;

const IAM: &[Ask] = &[Ask::AuthorizationDetails];
const REPORT: &[Ask] = &[Ask::CredentialReport];
const ROOT: &[Ask] = &[Ask::CredentialReport, Ask::AccountSummary];
const KEYS: &[Ask] = &[Ask::AccessKeys, Ask::CredentialReport];
const ACCOUNTS: &[Ask] = &[Ask::Accounts];

fn principals(a: &Assessment, is: impl Fn(&PrincipalRow) -> bool) -> u64 {
    a.principals.iter().filter(|row| is(row)).count() as u64
}

/// Roles with a mark; the accounts and providers that they trust carry some marks too and are not counted twice.
fn roles(a: &Assessment, mark: Mark) -> u64 {
    principals(a, |row| row.kind.word().contains("role") && row.marks.contains(&mark))
}

pub(super) fn limit(a: &Assessment) -> Vec<Claim> {
    let drafts = root_and_users(a).into_iter().chain(trust(a)).chain(power(a));
    judged(a, Practice::LimitAccess, "principals", drafts)
}

fn root_and_users(a: &Assessment) -> Vec<Draft> {
    let is_user = |row: &PrincipalRow| row.kind == PrincipalKind::User;
    let old =
        |row: &PrincipalRow| row.oldest_key.is_some_and(|time| a.as_of.duration_since(time).as_secs() > DAYS * 86_400);
    vec![
        draft(
            "root-access-keys",
            "root user with active access keys",
            principals(a, |row| row.kind == PrincipalKind::Root && row.active_keys > Some(0)),
            BAD,
            "kind=root keys>0",
            &[ROOT],
            "A root access key has unlimited power and no policy can limit it (IAM User Guide, root user best practices).",
        ),
        draft(
            "root-without-mfa",
            "root user without MFA",
            principals(a, |row| row.kind == PrincipalKind::Root && row.mfa == Some(false)),
            BAD,
            "kind=root mfa:no",
            &[ROOT],
            "Whoever has root's password has the organization (IAM User Guide, root user best practices).",
        ),
        draft(
            "password-without-mfa",
            "IAM users with a console password and no MFA",
            principals(a, |row| is_user(row) && row.password == Some(true) && row.mfa == Some(false)),
            BAD,
            "kind=user password:yes mfa:no",
            &[REPORT],
            "A password alone can be guessed, reused or phished (IAM User Guide, security best practices).",
        ),
        draft(
            "iam-users",
            "IAM users: credentials outside Identity Center",
            principals(a, is_user),
            WARN,
            "kind=user",
            &[&[Ask::AuthorizationDetails, Ask::CredentialReport]],
            "People and workloads should use temporary credentials (IAM User Guide, security best practices).",
        ),
        draft(
            "old-access-keys",
            "principals with access keys older than 90 days",
            principals(a, old),
            WARN,
            "key-age>90d",
            &[KEYS],
            "The longer a key lives, the more places hold a copy of it (IAM User Guide, security best practices).",
        ),
    ]
}

fn trust(a: &Assessment) -> Vec<Draft> {
    vec![
        draft(
            "open-to-anyone",
            "roles that every AWS principal may assume",
            roles(a, Mark::Anyone),
            BAD,
            "kind:role marks:anyone",
            &[IAM],
            "Principal * without a condition that says whose account it is lets the whole world in.",
        ),
        draft(
            "unknown-accounts",
            "roles trusting accounts outside the organization",
            roles(a, Mark::UnknownAccount),
            BAD,
            "kind:role marks:unknown-account",
            &[IAM, ACCOUNTS],
            "An account that nobody here governs decides who enters the management account.",
        ),
        draft(
            "no-external-id",
            "roles trusting outsiders without an external id",
            roles(a, Mark::NoExternalId),
            WARN,
            "kind:role marks:no-external-id",
            &[IAM, ACCOUNTS],
            "A vendor can be made to act on the wrong customer (IAM User Guide, the confused deputy problem).",
        ),
        draft(
            "wide-oidc",
            "roles with wide OIDC subjects",
            roles(a, Mark::WideOidc),
            BAD,
            "kind:role marks:wide-oidc",
            &[IAM],
            "Without a narrow subject, any repository or user of the provider can assume the role.",
        ),
    ]
}

fn power(a: &Assessment) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = evaluated(a).into_iter().map(|draft| Draft { of_power: true, ..draft }).collect();
    drafts.extend(attached(a));
    drafts
}

/// What the policies come to. Certain and open are counted apart: see `docs/escalation.md`.
fn evaluated(a: &Assessment) -> Vec<Draft> {
    let admin = |row: &PrincipalRow| row.profile.grade(Power::Admin);
    let steps = |row: &PrincipalRow| row.steps.map(|(_, truth)| truth);
    let others = |row: &PrincipalRow| row.power_is_known() && admin(row) != Grade::Everywhere;
    let certain = |row: &PrincipalRow| others(row) && steps(row) == Some(Truth::Yes);
    let open =
        |row: &PrincipalRow| others(row) && !certain(row) && (steps(row).is_some() || admin(row) == Grade::Conditional);
    vec![
        draft(
            "administrators",
            "administrators, by what their policies allow",
            principals(a, |row| row.power_is_known() && admin(row) == Grade::Everywhere),
            NOTE,
            "steps=admin",
            &[IAM],
            "Each of them can do everything here, and through here to the organization; root is always one. People, groups, \
             providers and accounts count by the roles that they become.",
        ),
        draft(
            "become-administrator",
            "others who can make themselves administrator",
            principals(a, certain),
            BAD,
            "steps:/^[0-9]+ steps?$/",
            &[IAM],
            "A chain of steps that their policies allow for certain leads there: they are administrators in all but name.",
        ),
        draft(
            "may-become-administrator",
            "others who may, if what is not known holds",
            principals(a, open),
            WARN,
            "steps:/[?]$/",
            &[IAM],
            "It hangs on a condition that cannot be told, or on something that was not read, such as what runs as a role.",
        ),
        draft(
            "organization-control",
            "others with power over the organization",
            principals(a, |row| others(row) && row.profile.grade(Power::OrganizationControl) > Grade::Conditional),
            WARN,
            "power:/(^| )org( |$)/",
            &[IAM],
            "Accounts, policies, delegates, trusted access: no SCP keeps a principal of this account from changing them.",
        ),
        draft(
            "into-members",
            "principals that get into members, or did",
            principals(a, |row| !row.reach.is_empty()),
            NOTE,
            "reach:could|did",
            &[IAM, ACCOUNTS],
            "Members' roles made by Organizations trust the whole management account (Organizations User Guide, \
             orgs_manage_accounts_access).",
        ),
    ]
}

fn attached(a: &Assessment) -> Vec<Draft> {
    vec![
        draft(
            "administrator-access",
            "principals with AdministratorAccess attached",
            principals(a, |row| row.marks.contains(&Mark::AdministratorAccess)),
            NOTE,
            "marks:administrator-access",
            &[IAM],
            "Other policies can grant as much; this counts the attachment alone.",
        ),
        draft(
            "no-ceiling",
            "principals without a permissions boundary",
            principals(a, |row| row.ceiling == Ceiling::None),
            NOTE,
            "ceiling=\"no ceiling\"",
            &[IAM],
            "SCPs and RCPs never bind the management account (Organizations User Guide, orgs_manage_policies_scps).",
        ),
    ]
}

pub(super) fn review(a: &Assessment) -> Vec<Claim> {
    let log = &a.facts.events;
    let by_root = a.activity.events(log).filter(|event| event.actor_kind() == ActorKind::Root).count() as u64;
    let is_grave = |&&row: &&u32| a.activity.raised.get(row).severity() >= Some(Severity::High);
    let grave = a.activity.order.iter().filter(is_grave).count() as u64;
    let people = |row: &PrincipalRow| {
        let word = row.kind.word();
        (word.contains("user") || word.contains("role")) && row.is_dormant(a.as_of, DAYS)
    };
    let mut drafts = vec![
        Draft {
            pane: "activity",
            ..draft(
                "root-used",
                "events by the root user in the period",
                by_root,
                BAD,
                "kind=root",
                &[&[Ask::Events]],
                "Root is for the few tasks that only it can do (IAM User Guide, root user tasks).",
            )
        },
        Draft {
            pane: "activity",
            ..draft(
                "grave-events",
                "events that raise a rule of high or critical severity",
                grave,
                WARN,
                "severity:high|critical",
                &[&[Ask::Events]],
                "Each rule tells in its events' details why it deserves a look, with its source (docs/rules.md).",
            )
        },
        draft(
            "unused-principals",
            "users and roles not used for 90 days",
            principals(a, people),
            WARN,
            "kind:user|role last>90d created>90d",
            &[IAM, REPORT],
            "What nobody uses, nobody misses when it is stolen (IAM User Guide, remove unused credentials).",
        ),
        draft(
            "unreadable-trust",
            "trust policies that could not be understood",
            roles(a, Mark::Unreadable),
            WARN,
            "kind:role marks:unreadable",
            &[IAM],
            "What cannot be read cannot be reviewed: look at the document itself.",
        ),
    ];
    drafts.extend(tracking(a));
    judged(a, Practice::ReviewAccess, "principals", drafts)
}

fn tracking(a: &Assessment) -> Vec<Draft> {
    let rows =
        |is: &dyn Fn(&crate::analysis::DelegationRow) -> bool| a.delegation.iter().filter(|row| is(row)).count() as u64;
    let trail = |state: &str, what: &str| {
        rows(&|row| row.kind == DelegationKind::Trail && row.state == state && row.what.contains(what))
    };
    let drafts = vec![
        draft(
            "no-security-contact",
            "alternate contacts for security that are missing",
            rows(&|row| {
                row.kind == DelegationKind::Contact && row.subject == "security contact" && row.state == "missing"
            }),
            WARN,
            "kind=contact service=\"security contact\" state=missing",
            &[&[Ask::Contacts]],
            "AWS writes to this contact about abuse and leaked credentials (Account Management Reference Guide).",
        ),
        draft(
            "organization-trails",
            "organization trails that log",
            trail("logging", "organization trail"),
            (Standing::Good, Standing::Bad),
            "kind=trail state=logging what:\"organization trail\"",
            &[&[Ask::Trails]],
            "Only an organization trail keeps a record that members cannot stop (CloudTrail User Guide).",
        ),
        draft(
            "stopped-trails",
            "trails that are stopped",
            trail("stopped", ""),
            BAD,
            "kind=trail state=stopped",
            &[&[Ask::Trails]],
            "A stopped trail looks like protection and records nothing.",
        ),
        draft(
            "open-handshakes",
            "handshakes (invitations) that wait for an answer",
            rows(&|row| row.kind == DelegationKind::Handshake && matches!(row.state.as_str(), "requested" | "open")),
            WARN,
            "kind=handshake state:/^(requested|open)$/",
            &[&[Ask::Handshakes]],
            "An invited account joins without another word from here (Organizations User Guide, invitations).",
        ),
        draft(
            "idle-accounts",
            "accounts that are not active",
            rows(&|row| row.kind == DelegationKind::Account),
            NOTE,
            "kind=account",
            &[ACCOUNTS],
            "A suspended account keeps its data for 90 days and its place in policies.",
        ),
    ];
    drafts.into_iter().map(|draft| Draft { pane: "delegation", ..draft }).collect()
}
