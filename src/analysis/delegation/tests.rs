//! Delegation over a small organization.

use super::{DelegationKind, DelegationRow};
use crate::analysis::{Lens, assess, fixture};
use crate::model::Facts;

fn rows(facts: Facts) -> Vec<DelegationRow> {
    assess(facts, fixture::now(), Lens::default()).delegation
}

fn states(rows: &[DelegationRow], kind: DelegationKind) -> Vec<(String, String, String)> {
    let of = rows.iter().filter(|row| row.kind == kind);
    of.map(|row| (row.subject.to_string(), row.state.clone(), row.problem.clone())).collect()
}

fn owned(list: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    list.iter().map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned())).collect()
}

#[test]
fn delegates_are_held_against_their_accounts() {
    let rows = rows(fixture::facts());
    assert_eq!(
        states(&rows, DelegationKind::Delegated),
        owned(&[
            ("Amazon GuardDuty", "active", ""),
            ("Amazon Macie", "active", "account is in the unit Sandbox"),
            ("IAM Access Analyzer", "active", "account is suspended"),
        ])
    );
    let keys: std::collections::BTreeSet<_> = rows.iter().map(|row| &row.key).collect();
    assert_eq!(keys.len(), rows.len(), "keys are distinct");
}

#[test]
fn trusted_access_without_a_delegate_says_whether_it_could_have_one() {
    assert_eq!(
        states(&rows(fixture::facts()), DelegationKind::Trusted),
        owned(&[
            ("AWS Config", "no delegate", ""),
            ("AWS Resource Access Manager", "must stay", ""),
            ("odd.amazonaws.com", "not in catalog", ""),
        ])
    );
    let unread = rows(fixture::unread());
    assert!(states(&unread, DelegationKind::Trusted).iter().all(|(_, state, _)| state != "no delegate"));
    assert!(states(&unread, DelegationKind::Possible).is_empty(), "nothing is possible over unread lists");
}

#[test]
fn wide_statements_of_the_delegation_policy_are_marked() {
    assert_eq!(
        states(&rows(fixture::facts()), DelegationKind::Statement),
        owned(&[
            ("Wide", "allows", "all actions of a kind"),
            ("statement 2", "allows", ""),
            ("statement 3", "allows", ""),
        ])
    );
}

#[test]
fn scps_never_bind_and_tag_policies_do() {
    let rows = rows(fixture::facts());
    let binds: Vec<_> =
        rows.iter().filter(|row| row.kind == DelegationKind::Policy).map(|row| (row.id.as_str(), row.binds)).collect();
    assert_eq!(binds, [("p-scp", Some(false)), ("p-tag", Some(true))]);
}

#[test]
fn nothing_read_gives_no_row() {
    assert!(rows(Facts::default()).is_empty());
}
