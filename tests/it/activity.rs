//! What the keys of the activity pane do: groups, the histogram, time, what deserves a look, noise.

use mgmtscope::panes::PaneId;

use crate::harness::Harness;

fn activity(keys: &str) -> Harness {
    Harness::demo(80, 24).press("3").press(keys)
}

/// The groups as they are shown, without their times.
fn groups(harness: &Harness) -> Vec<(u32, String)> {
    let (list, pane) = (harness.app.list(), harness.app.pane.pane());
    let style = harness.app.style();
    let cell = |row: u32| {
        let cells = list.grouping.iter().map(|&column| (pane.columns[column].cell)(&harness.app.a, row as usize));
        cells.map(|cell| cell.value.show(&style).into_owned()).collect::<Vec<_>>().join(" ")
    };
    list.groups.iter().map(|group| (group.count, cell(group.row))).collect()
}

#[test]
fn a_group_opens_to_its_rows_and_esc_leads_back_to_it() {
    let harness = activity("G text:principal enter");
    let before = groups(&harness);
    let total: u32 = before.iter().map(|(count, _)| count).sum();
    assert_eq!(total as usize, harness.app.list().total);
    assert!(before.is_sorted_by(|one, two| one.0 >= two.0));
    let harness = harness.press("j enter");
    let list = harness.app.list();
    assert_eq!((list.rows.len(), list.is_grouped()), (before[1].0 as usize, false));
    let harness = harness.press("esc");
    assert_eq!((groups(&harness), harness.app.list().cursor), (before, 1));
    let harness = harness.press("esc");
    assert!(!harness.app.list().is_grouped());
    assert_eq!(harness.app.pane, PaneId::Activity);
}

#[test]
fn two_columns_make_pairs_and_a_filter_narrows_them() {
    let harness = activity("G text:event enter G text:region enter / text:error enter");
    let pairs = groups(&harness);
    assert_eq!(pairs.iter().map(|(count, _)| count).sum::<u32>() as usize, harness.app.list().matched);
    let harness = harness.press("enter");
    assert_eq!(harness.app.list().rows.len(), pairs[0].0 as usize);
    // Keys that mean one row say so on a group.
    let harness = harness.press("esc J");
    assert!(harness.app.raw.is_none() && harness.screen().contains("this is a group"), "{}", harness.screen());
}

#[test]
fn the_histogram_counts_what_the_filter_leaves_and_narrows_to_the_cursor() {
    let harness = activity("i");
    let counted = |harness: &Harness| {
        let made = harness.app.list().insight.histogram.clone().expect("open");
        (made.buckets.iter().map(|bucket| bucket.count).sum::<u32>() as usize, made)
    };
    assert_eq!(counted(&harness).0, harness.app.list().total);
    let harness = harness.press("/ text:error enter");
    let (errors, wide) = counted(&harness);
    assert_eq!(errors, harness.app.list().matched);
    let harness = harness.press("z");
    let (fewer, narrow) = counted(&harness);
    assert!(fewer < errors && fewer > 0 && narrow.width <= wide.width, "{fewer} of {errors}");
    assert!(harness.app.list().text.starts_with("error between:"), "{}", harness.app.list().text);
    let harness = harness.press("Z Z");
    assert_eq!((counted(&harness).0, harness.app.list().text.as_str()), (errors, "error"));
    let harness = harness.press("i");
    assert!(harness.app.list().insight.histogram.is_none());
}

#[test]
fn e_goes_from_one_that_deserves_a_look_to_the_next() {
    let mut harness = activity("/ text:since:30d enter g");
    let notable = harness.app.pane.pane().notable.expect("events have it");
    let rows = harness.app.list().rows.clone();
    let wanted: Vec<usize> = (1..rows.len()).filter(|&at| notable(&harness.app.a, rows[at] as usize)).take(5).collect();
    assert_eq!(wanted.len(), 5);
    for &at in &wanted {
        harness = harness.press("e");
        assert_eq!(harness.app.list().cursor, at);
    }
    let harness = harness.press("E");
    assert_eq!(harness.app.list().cursor, wanted[3]);
}

#[test]
fn x_hides_what_services_do_and_shows_it_again() {
    let harness = activity("x");
    let (hidden, all) = (harness.app.list().matched, harness.app.list().total);
    assert!(hidden > 0 && hidden < all, "{hidden} of {all}");
    let harness = harness.press("x");
    assert_eq!((harness.app.list().matched, harness.app.list().text.as_str()), (all, ""));
}
