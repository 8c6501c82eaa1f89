//! What claims say when little or nothing was read. That counts equal their evidence is shown with the panes.

use super::{Claim, Standing};
use crate::analysis::{Assessment, Lens, assess, fixture};
use crate::model::{Ask, Batch, Cell, Facts, Problem, Reading, Status};

fn claims(facts: Facts) -> Vec<Claim> {
    assess(facts, fixture::now(), Lens::default()).claims
}

fn claim(claims: &[Claim], id: &str) -> Claim {
    claims.iter().find(|claim| claim.id == id).unwrap_or_else(|| panic!("no claim {id}")).clone()
}

#[test]
fn over_nothing_no_claim_is_counted_or_good() {
    let mut denied = Facts::default();
    fixture::every(&mut denied, &Reading::of(Status::Denied));
    for facts in [Facts::default(), denied] {
        let claims = claims(facts);
        assert!(claims.len() > 20);
        for claim in claims {
            assert_eq!((claim.standing, claim.count), (Standing::Unknown, None), "{}", claim.id);
            assert!(!claim.missing.is_empty(), "{}", claim.id);
        }
    }
}

#[test]
fn a_denied_source_names_the_action_to_add() {
    let mut facts = Facts::default();
    let gap = Problem::denied("iam:GetCredentialReport", "iam:GetCredentialReport", "no");
    let reading = Reading { gaps: vec![gap], ..Reading::of(Status::Denied) };
    facts.apply(Batch::Reading(Cell::global(Ask::CredentialReport), reading));
    let claim = claim(&claims(facts), "password-without-mfa");
    assert_eq!(claim.missing, "denied: needs iam:GetCredentialReport");
}

#[test]
fn a_part_gives_a_count_but_nothing_good() {
    let mut facts = Facts::default();
    fixture::every(&mut facts, &Reading::of(Status::Partial));
    for claim in claims(facts) {
        assert_eq!((claim.standing, claim.count), (Standing::Unknown, Some(0)), "{}", claim.id);
    }
}

#[test]
fn what_was_found_stands_whatever_is_missing() {
    let found = claims(fixture::unread());
    let root = claim(&found, "root-access-keys");
    assert_eq!((root.standing, root.count), (Standing::Bad, Some(1)));
    assert!(!root.missing.is_empty());
    let trails = claim(&found, "organization-trails");
    assert_eq!((trails.standing, trails.count), (Standing::Unknown, Some(1)), "good news needs a source read");
}

#[test]
fn all_read_and_empty_is_good_where_less_is_better() {
    let mut facts = Facts::default();
    fixture::every(&mut facts, &Reading::complete(0));
    let claims = claims(facts);
    assert_eq!(claim(&claims, "workloads").standing, Standing::Good);
    assert_eq!(claim(&claims, "organization-trails").standing, Standing::Bad);
    assert!(claims.iter().all(|claim| claim.missing.is_empty()));
}

#[test]
fn ids_are_distinct_and_practices_in_order() {
    let claims = claims(fixture::facts());
    let ids: std::collections::BTreeSet<_> = claims.iter().map(|claim| claim.id).collect();
    assert_eq!(ids.len(), claims.len());
    assert!(claims.is_sorted_by_key(|claim| claim.practice));
}

#[test]
fn nothing_is_claimed_of_powers_while_they_are_evaluated_and_everything_after() {
    let mut a = assess(fixture::facts(), fixture::now(), Lens::default());
    let power = std::sync::Arc::clone(&a.power);
    a.await_power();
    let open = |a: &Assessment| -> Vec<&str> {
        let waits = a.claims.iter().filter(|claim| claim.missing.contains("being evaluated"));
        waits.map(|claim| claim.id).collect()
    };
    assert_eq!(
        open(&a),
        ["administrators", "become-administrator", "may-become-administrator", "organization-control", "into-members"]
    );
    a.empower(power);
    assert_eq!(open(&a), Vec::<&str>::new());
}
