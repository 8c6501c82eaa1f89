//! Claims of the last three practices: what the account is used for, what lives in it, and what is delegated.

use super::draft::{BAD, Draft, NOTE, WARN, draft, judged};
use super::{Claim, Practice, Share, Standing};
use crate::analysis::activity::meaning::Class;
use crate::analysis::delegation::{DelegationKind, DelegationRow};
use crate::analysis::elsewhere::Outcome;
use crate::analysis::{Assessment, ResidentRow};
use crate::catalog::residency::ResidencyClass;
use crate::model::Ask;

const EVENTS: &[&[Ask]] = &[&[Ask::Events]];
/// Cloud Control alone lists by type; the others see what they see and miss the rest.
const INVENTORY: &[&[Ask]] = &[&[Ask::CloudControl]];

pub(super) fn management_tasks(a: &Assessment) -> Vec<Claim> {
    let trend = &a.activity.trend;
    let (mut writes, mut unclassified) = ([0; Class::ALL.len()], 0);
    for event in a.activity.events(&a.facts.events) {
        let class = a.activity.class(event.id().0);
        writes[class as usize] += u64::from(event.read_only() == Some(false));
        unclassified += u64::from(class == Class::Unclassified);
    }
    let share = |class: Class| {
        let (spans, percent) = (trend.percent(class), trend.share(class)?);
        let of = "the writes that no service made";
        Some(Share { percent, spans, from: trend.from, width: trend.width, of })
    };
    let writes = |class: Class| writes[class as usize];
    let mut drafts = [
        draft(
            "writes-elsewhere",
            "writes that did not need the management account",
            writes(Class::Any),
            WARN,
            "needs=any rw=W",
            EVENTS,
            "Each of them could have been made in a member account, under SCPs.",
        ),
        draft(
            "writes-delegable",
            "writes that a delegated administrator could make",
            writes(Class::Delegate),
            NOTE,
            "needs=delegate rw=W",
            EVENTS,
            "A delegate works under SCPs; the management account does not.",
        ),
        draft(
            "writes-needed",
            "writes that only the management account can make",
            writes(Class::Management),
            NOTE,
            "needs=management rw=W",
            EVENTS,
            "This is what the account is for.",
        ),
        draft(
            "writes-by-services",
            "writes that AWS services made",
            writes(Class::Background),
            NOTE,
            "needs=background rw=W",
            EVENTS,
            "What services do by themselves shows what was switched on here; it is nobody's task.",
        ),
        draft(
            "calls-unclassified",
            "calls that are in no list of AWS's actions",
            unclassified,
            NOTE,
            "needs=unclassified",
            EVENTS,
            "Who else could have made them cannot be told. Grouped by event they are a short list.",
        ),
    ];
    for (draft, class) in drafts.iter_mut().zip([Class::Any, Class::Delegate, Class::Management]) {
        draft.share = share(class);
    }
    judged(a, Practice::OnlyManagementTasks, "activity", drafts.into_iter().chain(elsewhere(a)))
}

const REPLAY: &[&[Ask]] = &[&[Ask::Events], &[Ask::Policies], &[Ask::Tree]];

/// What working here spared these calls: the policies of the place where most of them would have bound.
fn elsewhere(a: &Assessment) -> Vec<Draft> {
    let chosen = a.elsewhere.chosen();
    let count = |outcome: Outcome| chosen.map_or(0, |replay| replay.events(outcome));
    let (name, id) = chosen.map_or((String::new(), ""), |chosen| (chosen.place.words(), chosen.place.id()));
    let text = |what: &str| match chosen {
        Some(_) => format!("{what} in {name}"),
        None => format!("{what} elsewhere: no unit has any of its own"),
    };
    // Without a place to ask about there is nothing to lead to, and nothing is good.
    let only = |filter: String| if chosen.is_some() { filter } else { "id=-".to_owned() };
    let standing = if chosen.is_some() { WARN } else { NOTE };
    vec![
        draft(
            "elsewhere-denied",
            text("calls that SCPs and RCPs would have denied"),
            count(Outcome::Denied),
            standing,
            only(format!("elsewhere=\"{id}\"")),
            REPLAY,
            "This is what the missing guard rails let through: the same calls, replayed against the organization's own policies.",
        ),
        draft(
            "elsewhere-open",
            text("calls of which it cannot be told whether they would"),
            count(Outcome::CannotTell),
            NOTE,
            only(format!("elsewhere:\"{id}\" !elsewhere=\"{id}\"")),
            REPLAY,
            "An event does not tell every key that a policy asks for.",
        ),
    ]
}

pub(super) fn workloads(a: &Assessment) -> Vec<Claim> {
    let weighty = |class: ResidencyClass| move |row: &&ResidentRow| row.class == class && row.weight > 0;
    let count = |class: ResidencyClass| a.residents.iter().filter(weighty(class)).count() as u64;
    let workloads = || a.residents.iter().filter(weighty(ResidencyClass::Workload));
    let regions: std::collections::BTreeSet<_> = workloads().filter_map(|row| row.resident.region.as_ref()).collect();
    let text = match regions.len() {
        0 => "workload resources".to_owned(),
        1 => "workload resources, in 1 Region".to_owned(),
        count => format!("workload resources, in {count} Regions"),
    };
    let drafts = [
        draft(
            "workloads",
            text,
            count(ResidencyClass::Workload),
            BAD,
            "class=workload weight>0",
            INVENTORY,
            "A workload's flaw becomes the organization's (Organizations User Guide, management account best practices).",
        ),
        draft(
            "workload-data",
            "workload resources that can hold data",
            workloads().filter(|row| row.data).count() as u64,
            WARN,
            "class=workload weight>0 data:yes",
            INVENTORY,
            "No SCP or RCP keeps this data in.",
        ),
        draft(
            "security-tooling",
            "security tooling that could be delegated",
            count(ResidencyClass::SecurityTooling),
            WARN,
            "class=security-tooling weight>0",
            INVENTORY,
            "AWS's Security Reference Architecture runs it in the security tooling account.",
        ),
        draft(
            "unknown-residents",
            "resources that the catalog does not know",
            count(ResidencyClass::Unknown),
            NOTE,
            "class=unknown weight>0",
            INVENTORY,
            "Whether they belong here is for you to judge.",
        ),
    ];
    judged(a, Practice::NoWorkloads, "residents", drafts)
}

pub(super) fn delegate(a: &Assessment) -> Vec<Claim> {
    let drafts = services(a).into_iter().chain(rules(a));
    judged(a, Practice::Delegate, "delegation", drafts)
}

fn rows(a: &Assessment, kind: DelegationKind, is: impl Fn(&DelegationRow) -> bool) -> u64 {
    a.delegation.iter().filter(|row| row.kind == kind && is(row)).count() as u64
}

fn services(a: &Assessment) -> Vec<Draft> {
    vec![
        draft(
            "delegated",
            "services that a member account administers",
            rows(a, DelegationKind::Delegated, |_| true),
            (Standing::Good, Standing::Warn),
            "kind=delegated",
            &[&[Ask::DelegatedAdministrators]],
            "What a delegate does, nobody needs to do from here.",
        ),
        draft(
            "not-delegated",
            "services that could have a delegate and have none",
            rows(a, DelegationKind::Trusted, |row| row.state == "no delegate"),
            WARN,
            "kind=trusted state=\"no delegate\"",
            &[&[Ask::TrustedAccess], &[Ask::DelegatedAdministrators]],
            "They can only be run from the management account as things stand.",
        ),
        draft(
            "delegates-in-doubt",
            "delegates suspended, unknown or in a sandbox",
            rows(a, DelegationKind::Delegated, |row| !row.problem.is_empty()),
            BAD,
            "kind=delegated problem!=\"\"",
            &[&[Ask::DelegatedAdministrators], &[Ask::Accounts]],
            "A delegate has power over every member account in its service.",
        ),
    ]
}

fn rules(a: &Assessment) -> Vec<Draft> {
    vec![
        draft(
            "wide-delegation-policy",
            "statements of the delegation policy that are wide",
            rows(a, DelegationKind::Statement, |row| !row.problem.is_empty()),
            WARN,
            "kind=statement problem!=\"\"",
            &[&[Ask::ResourcePolicy]],
            "Who may edit any policy may remove every guard (Organizations User Guide, orgs_delegate_policies).",
        ),
        draft(
            "central-root-off",
            "features of central root access that are off",
            rows(a, DelegationKind::RootAccess, |row| row.state == "off"),
            WARN,
            "kind=root-access state=off",
            &[&[Ask::OrganizationsFeatures]],
            "With them on, member accounts need no root credentials at all (IAM User Guide, id_root-enable-root-access).",
        ),
        draft(
            "policies-not-binding",
            "SCPs and RCPs, which never bind this account",
            rows(a, DelegationKind::Policy, |row| row.binds == Some(false)),
            NOTE,
            "kind=policy binds:no",
            &[&[Ask::Policies]],
            "Work that must be bound by them belongs in a member account (Organizations User Guide).",
        ),
    ]
}
