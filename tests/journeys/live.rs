//! Events of a live account over time: followed while the screen is open, kept for the next run, looked up by an attribute.

use crate::support::front::{Call, Fault, Front};
use crate::support::program::Program;
use crate::support::{PATIENCE, events, world};
use crate::visit::{Visit, WIDE, footer};
use crate::{BOTH, HOME, SOON, assert_left_no_trace, audit_front};

fn look_ups(front: &Front) -> Vec<Call> {
    front.calls().into_iter().filter(|call| call.operation == "LookupEvents").collect()
}

/// AWS counts for itself how fast they come.
fn assert_none_refused(front: &Front) {
    assert_eq!(front.trail().refused(), 0, "requests that came too fast");
}

#[test]
fn a_new_event_comes_to_the_screen_by_itself_while_it_is_followed() {
    let Some(world) = world() else { return };
    let front = audit_front(world);
    let visit = Visit::open(&Program::live(&front, &BOTH), WIDE);
    visit.pane("Activity");
    visit.settle(PATIENCE);
    // The row under the cursor is to stay there.
    visit.send("jj");
    visit.send("F");
    visit.see("following: events show up", SOON);
    visit.send("j");
    visit.terminal.wait_for("the first answer", PATIENCE, |screen| footer(screen).contains("following, "));
    let callers = front.count("sts:GetCallerIdentity");
    let before = look_ups(&front).len();
    let cursor = |screen: &crate::support::pty::Screen| screen.row_with(">20").map(str::to_owned);
    let row = cursor(&visit.terminal.screen());
    assert!(row.is_some(), "{}", visit.terminal.screen().text());
    front.trail().set(events::with_news(&world.seeded, "FollowedToTheScreen"));
    let screen = visit.terminal.wait_for("the new event", PATIENCE, |screen| footer(screen).contains(", 1 new"));
    assert_eq!(cursor(&screen), row, "{}", screen.text());
    visit.send("g");
    visit.send("k");
    visit.filter("event=FollowedToTheScreen");
    visit.see_count(1, SOON);
    visit.unfilter();
    // A request or two in each Region, and nobody was asked again who asks.
    let asked = look_ups(&front).len() - before;
    assert!((2..=12).contains(&asked), "{asked} look-ups");
    assert_eq!(front.count("sts:GetCallerIdentity"), callers);
    assert_none_refused(&front);
    visit.send("F");
    visit.see("no longer following", SOON);
    visit.quit();
    assert_left_no_trace(&front);
}

#[test]
fn offline_while_it_is_followed_says_so_and_goes_on_by_itself() {
    let Some(world) = world() else { return };
    let front = audit_front(world);
    let visit = Visit::open(&Program::live(&front, &[HOME]), WIDE);
    visit.pane("Activity");
    visit.settle(PATIENCE);
    front.faults().on("cloudtrail:LookupEvents", Fault::Reset);
    visit.send("F");
    visit.see("following: events show up", SOON);
    visit.send("j");
    visit.terminal.wait_for("the failure", PATIENCE, |screen| footer(screen).contains("following: unreachable"));
    front.faults().clear();
    front.faults().on("cloudcontrolapi", Fault::Deny);
    visit.terminal.wait_for("the answer", PATIENCE, |screen| footer(screen).contains("following, "));
    visit.quit();
}

#[test]
fn a_second_run_asks_for_the_gap_alone() {
    let Some(world) = world() else { return };
    let front = audit_front(world);
    let program = Program::live(&front, &BOTH);
    let all = events::sample(&world.seeded).len();
    let count = |words: &[&str]| {
        let before = look_ups(&front).len();
        let rows = program.run(&[&["query", "activity", "--format", "count"], words].concat(), PATIENCE).number();
        (rows, look_ups(&front).len() - before)
    };
    let (rows, first) = count(&[]);
    assert_eq!(rows, all);
    front.trail().set(events::with_news(&world.seeded, "BetweenTheRuns"));
    let (rows, second) = count(&[]);
    // The last half hour of each Region is read again: a few windows, no questions.
    assert_eq!(rows, all + 1);
    assert!(second <= 8 && second * 3 < first, "{second} look-ups, {first} at first");
    // On the screen, the coverage says where the rows come from.
    let visit = Visit::open(&program, WIDE);
    visit.pane("Coverage");
    visit.settle(PATIENCE);
    visit.filter("name=events");
    visit.send(crate::visit::ENTER);
    visit.see("events from the cache", SOON);
    visit.quit();
    let (rows, without) = count(&["--no-cache"]);
    assert_eq!(rows, all + 1);
    assert!(without >= first, "{without} look-ups, {first} at first");
    let said = program.run(&["doctor"], PATIENCE);
    let folder = program.path("mgmtscope").join("events");
    assert!(said.out.contains(&format!("kept between runs in {}", folder.display())), "{said:#?}");
    assert_none_refused(&front);
    assert_left_no_trace(&front);
}

#[test]
fn an_access_key_is_looked_up_before_the_period_is_read() {
    let Some(world) = world() else { return };
    let front = audit_front(world);
    let visit = Visit::open(&Program::live(&front, &[HOME]), WIDE);
    visit.pane("Activity");
    front.wait_for_call("cloudtrail:LookupEvents", SOON);
    // The backfill goes no further; what the user names is asked for all the same.
    visit.send("X");
    visit.settle(PATIENCE);
    visit.filter("key=AKIAUSER04");
    visit.see("AWS has 1 of AccessKeyId AKIAUSER04 in the period", PATIENCE);
    visit.see_count(1, SOON);
    visit.quit();
    assert_left_no_trace(&front);
}
