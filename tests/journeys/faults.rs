//! AWS at its worst: denied, throttled, stalled, reset, rubbish, expired. The program stays responsive, says what is
//! missing and reads the rest.

use crate::support::front::{Fault, Front};
use crate::support::program::Program;
use crate::support::{PATIENCE, World, events, world};
use crate::visit::{Visit, WIDE};
use crate::{HOME, SOON, assert_left_no_trace, audit_front};

fn visit(front: &Front) -> Visit {
    Visit::open(&Program::live(front, &[HOME]), WIDE)
}

/// The coverage row of a source, once nothing is being read.
fn coverage(visit: &Visit, source: &str) -> String {
    visit.settle(PATIENCE);
    let screen = visit.pane("Coverage");
    screen.row_with(source).unwrap_or_else(|| panic!("no {source}:\n{}", screen.text())).to_owned()
}

fn assert_principals(visit: &Visit, world: &World) {
    visit.pane("Principals");
    visit.filter("kind:user");
    visit.see_count(world.seeded.users.len(), PATIENCE);
    visit.unfilter();
}

#[test]
fn a_denied_source_names_the_action_and_the_rest_is_read() {
    let Some(world) = world() else { return };
    let front = audit_front(world);
    front.faults().on("organizations:ListDelegatedAdministrators", Fault::Deny);
    let visit = visit(&front);
    let row = coverage(&visit, "Delegated administrators");
    assert!(row.contains("denied") && row.contains("organizations:ListDelegatedAdministrators"), "{row}");
    assert_principals(&visit, world);
    visit.quit();
    assert_left_no_trace(&front);
}

#[test]
fn a_throttled_source_is_tried_again_until_it_is_read() {
    let Some(world) = world() else { return };
    let front = audit_front(world);
    let targets = ["organizations:ListAccounts", "iam:GetAccountAuthorizationDetails", "account:GetContactInformation"];
    for target in targets {
        front.faults().times(target, Fault::Throttle, 2);
    }
    let visit = visit(&front);
    assert_principals(&visit, world);
    let row = coverage(&visit, "Accounts");
    assert!(row.contains("read") && row.contains(&world.seeded.accounts.to_string()), "{row}");
    for target in targets {
        assert_eq!(front.faults().hits(target), 2, "{target}");
    }
    visit.quit();
}

#[test]
fn a_throttled_source_is_shown_as_such() {
    let Some(world) = world() else { return };
    let front = audit_front(world);
    front.faults().on("cloudtrail:LookupEvents", Fault::Throttle);
    let visit = visit(&front);
    visit.pane("Coverage");
    visit.terminal.wait_for("throttled", PATIENCE, |screen| {
        screen.row_with("CloudTrail events").is_some_and(|row| row.contains("throttled"))
    });
    front.faults().on("cloudcontrolapi", Fault::Deny);
    visit.quit();
}

#[test]
fn keys_are_answered_while_a_source_stalls() {
    let Some(world) = world() else { return };
    let front = audit_front(world);
    front.faults().on("iam:GetAccountAuthorizationDetails", Fault::Stall);
    let visit = visit(&front);
    front.wait_for_call("iam:GetAccountAuthorizationDetails", SOON);
    for title in ["Principals", "Activity", "Residents", "Delegation", "Overview"] {
        visit.pane(title);
    }
    visit.pane("Activity");
    visit.see_count(events::sample(&world.seeded).len() - events::BACKGROUND_SECOND, PATIENCE);
    front.faults().release();
    assert_principals(&visit, world);
    visit.quit();
}

#[test]
fn quitting_does_not_wait_for_a_stalled_source() {
    let Some(world) = world() else { return };
    let front = world.front();
    front.faults().on("*", Fault::Stall);
    let visit = visit(&front);
    front.wait_for("any call", SOON, |calls| !calls.is_empty());
    assert_eq!(visit.quit().code, Some(0));
}

#[test]
fn broken_answers_spoil_their_own_source_only() {
    let Some(world) = world() else { return };
    for (fault, target, source) in [
        (Fault::Reset, "organizations:ListDelegatedAdministrators", "Delegated administrators"),
        (Fault::Html, "organizations:ListAWSServiceAccessForOrganization", "Trusted access"),
        (Fault::Portal, "account:GetContactInformation", "Account contacts"),
        (Fault::Truncate, "organizations:ListAccounts", "Accounts"),
        (Fault::Unavailable, "iam:GetAccountSummary", "IAM account summary"),
    ] {
        let front = audit_front(world);
        front.faults().on(target, fault);
        let visit = visit(&front);
        let row = coverage(&visit, source);
        assert!(["failed", "partial"].iter().any(|word| row.contains(word)), "{fault:?} at {target}: {row}");
        assert_principals(&visit, world);
        visit.quit();
    }
}

#[test]
fn expired_credentials_say_how_to_sign_in_and_r_resumes() {
    let Some(world) = world() else { return };
    let front = audit_front(world);
    front.faults().on("organizations", Fault::Expire);
    let visit = visit(&front);
    let row = coverage(&visit, "The organization");
    assert!(row.contains("credentials"), "{row}");
    visit.terminal.wait_for("how to sign in again", SOON, |screen| {
        ["aws sso login", "sign in", "aws login"].iter().any(|words| screen.text().contains(words))
    });
    front.faults().clear();
    front.faults().on("cloudcontrolapi", Fault::Deny);
    visit.pane("Delegation");
    visit.send("r");
    let delegated = world.seeded.delegated.keys().next().expect("one was delegated to");
    visit.filter(delegated);
    visit
        .terminal
        .wait_for("the delegation", PATIENCE, |screen| crate::visit::shown(screen).is_some_and(|rows| rows > 0));
    visit.quit();
}

#[test]
fn a_member_account_is_told_so() {
    let Some(world) = world() else { return };
    let front = audit_front(world);
    front.gaps().set_management_account("999999999999");
    let visit = visit(&front);
    let screen = visit.see("NOT the management account", PATIENCE);
    assert!(screen.has("999999999999"), "{}", screen.text());
    visit.quit();
}
