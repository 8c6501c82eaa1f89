//! The live account in the terminal: every pane, filter, drill down, copy, the joins, quit.

use crate::support::events::{BACKGROUND, BACKGROUND_SECOND};
use crate::support::program::Program;
use crate::support::pty::SIZE;
use crate::support::{PATIENCE, events, world};
use crate::visit::{ENTER, PANES, Visit, WIDE, crumb, footer, shown};
use crate::{BOTH, HOME, SOON, assert_left_no_trace, audit_front};

#[test]
fn the_seeded_organization_is_explored_live() {
    let Some(world) = world() else { return };
    let (front, seeded) = (audit_front(world), &world.seeded);
    let visit = Visit::open(&Program::live(&front, &BOTH), WIDE);
    visit.see(&format!("management account {}", seeded.management_account), SOON);
    visit.settle(PATIENCE);

    let screen = visit.pane("Overview");
    assert!(screen.rows.iter().filter(|row| !row.trim().is_empty()).count() > 5, "{}", screen.text());

    visit.pane("Principals");
    visit.filter("kind:user");
    visit.see_count(seeded.users.len(), SOON);
    visit.unfilter();
    visit.filter("user-07");
    let screen = visit.see_count(1, SOON);
    assert!(screen.has("user-07"));
    visit.send(ENTER);
    let arn = format!("arn:aws:iam::{}:user/user-07", seeded.management_account);
    visit.see(&arn, SOON);
    visit.send("ya");
    assert_eq!(visit.copied(1), arn);
    visit.esc("the list", |screen| crumb(screen).starts_with("Principals"));

    visit.pane("Activity");
    visit.filter("event:ListBuckets");
    visit.see_count(BACKGROUND, SOON);
    visit.unfilter();
    visit.filter("event:DescribeTable");
    visit.see_count(BACKGROUND_SECOND, SOON);
    visit.unfilter();
    visit.see_count(events::sample(seeded).len(), SOON);
    visit.filter("ConsoleLogin");
    let screen = visit.see_count(1, SOON);
    assert!(screen.has("root"), "{}", screen.text());

    visit.pane("Residents");
    for arn in [&seeded.tagged_residents[1], &seeded.tagged_residents[13]] {
        visit.filter(&format!("{arn:?}"));
        visit.see_count(1, SOON);
        visit.unfilter();
    }

    visit.pane("Delegation");
    let delegated = seeded.delegated.keys().next().expect("one was delegated to");
    visit.filter(delegated);
    let screen = visit.terminal.wait_for("its rows", SOON, |screen| shown(screen).is_some_and(|rows| rows > 0));
    assert!(screen.has(delegated) || screen.has("member-0"), "{}", screen.text());

    let screen = visit.pane("Coverage");
    assert!(screen.has("denied"), "Cloud Control is: {}", screen.text());
    visit.quit();
    assert_left_no_trace(&front);
}

#[test]
fn a_refresh_of_the_events_asks_for_what_is_new() {
    let Some(world) = world() else { return };
    let front = audit_front(world);
    let visit = Visit::open(&Program::live(&front, &[HOME]), WIDE);
    visit.settle(PATIENCE);
    visit.pane("Activity");
    let before = visit.see_count(events::sample(&world.seeded).len() - BACKGROUND_SECOND, SOON);
    let asked = front.count("cloudtrail:LookupEvents");
    // One that was made meanwhile.
    front.trail().set(events::with_news(&world.seeded, "CreateVirtualMFADevice"));
    visit.send("r");
    visit.see_count(shown(&before).expect("counted") + 1, PATIENCE);
    visit.settle(PATIENCE);
    let again = front.count("cloudtrail:LookupEvents") - asked;
    assert!((1..=2).contains(&again) && asked > 8, "{again} requests after {asked}");
    visit.pane("Coverage");
    let whole = visit.terminal.screen();
    let row = whole.row_with("CloudTrail events").expect("a row");
    assert!(row.contains(&(shown(&before).expect("counted") + 1).to_string()) && row.contains("read"), "{row}");
    visit.quit();
}

#[test]
fn from_a_principal_to_its_events_and_back() {
    let Some(world) = world() else { return };
    let front = audit_front(world);
    let visit = Visit::open(&Program::live(&front, &["us-east-1"]), WIDE);
    visit.settle(PATIENCE);
    visit.pane("Principals");
    visit.filter("service-role-000");
    visit.see_count(1, SOON);
    visit.send("a");
    visit.see_count(BACKGROUND, SOON);
    visit.send("p");
    visit.see("service-role-000", SOON);
    visit.terminal.wait_for("the way", SOON, |screen| screen.rows[0].matches('›').count() >= 3);
    visit.send("[");
    visit.see_count(BACKGROUND, SOON);
    visit.send("[");
    visit.terminal.wait_for("the principals", SOON, |screen| crumb(screen).starts_with("Principals"));
    visit.quit();
}

#[test]
fn the_small_screen_reaches_everything() {
    let visit = Visit::open(&Program::demo(), SIZE);
    for (_, title) in PANES {
        let screen = visit.pane(title);
        assert_eq!(screen.size, SIZE);
        visit.send("?");
        visit.see("the five practices and", SOON);
        visit.esc("the pane again", |screen| !screen.has("the five practices and"));
    }
    visit.quit();
}

#[test]
fn a_bad_filter_keeps_the_last_good_rows() {
    let visit = Visit::open(&Program::demo(), WIDE);
    visit.settle(SOON);
    visit.pane("Principals");
    visit.filter("kind:user");
    let good = visit.terminal.screen().rows[3].clone();
    assert!(good.contains("user"), "{good}");
    visit.send("/");
    // No beginning of it is a good filter that hides the rows.
    visit.send(" /(");
    visit.terminal.wait_for("where it broke, and the last good rows", SOON, |screen| {
        footer(screen).contains("character")
            && screen.rows[3].trim_start_matches('>').trim() == good.trim_start_matches('>').trim()
    });
    visit.esc("the end of the prompt", |screen| !footer(screen).starts_with('/'));
    visit.quit();
}

#[test]
fn powers_are_counted_on_the_overview_once_they_were_evaluated() {
    let visit = Visit::open(&Program::demo(), WIDE);
    visit.terminal.wait_for("the count of administrators", SOON, |screen| {
        let row = screen.rows.iter().find(|row| row.contains("administrators, by what their policies allow"));
        row.is_some_and(|row| row.contains(" 14 ") && !row.contains("being evaluated"))
    });
    visit.quit();
}
