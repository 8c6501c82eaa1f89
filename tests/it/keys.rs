//! What keys do, without a terminal: the machine over the sample organization.

use mgmtscope::app::Effect;
use mgmtscope::collect::RunId;
use mgmtscope::model::{Ask, Batch, Cause, Cell, Origin, Problem, Reading, Role, Status};
use mgmtscope::panes::{ALL, PaneId};

use crate::harness::Harness;

fn crumb(harness: &Harness) -> String {
    harness.screen().lines().next().unwrap_or_default().to_owned()
}

#[test]
fn every_digit_opens_its_pane_and_esc_changes_nothing_there() {
    for pane in ALL {
        let harness = Harness::demo(80, 24).press(&format!("{} esc", pane.id as usize + 1));
        assert_eq!(harness.app.pane, pane.id);
    }
}

#[test]
fn enter_opens_the_detail_and_esc_closes_it() {
    let harness = Harness::demo(80, 24).press("2 j j enter");
    assert!(harness.app.detail.is_some());
    let before = harness.app.list().cursor;
    let harness = harness.press("esc");
    assert!(harness.app.detail.is_none());
    assert_eq!(harness.app.list().cursor, before);
}

#[test]
fn a_filter_narrows_as_it_is_typed_and_esc_brings_the_rows_back() {
    let harness = Harness::demo(80, 24).press("2 / text:kind:user");
    let (shown, total) = (harness.app.list().rows.len(), harness.app.list().total);
    assert!(shown > 0 && shown < total, "{shown} of {total}");
    let harness = harness.press("esc");
    assert_eq!(harness.app.list().rows.len(), total);
}

#[test]
fn a_broken_filter_keeps_the_last_good_rows_and_says_where() {
    let harness = Harness::demo(80, 24).press("2 / text:kind:user enter");
    let good = harness.app.list().rows.clone();
    let harness = harness.press("/ text:_\"");
    assert_eq!(harness.app.list().rows, good);
    let footer = harness.screen().lines().last().unwrap_or_default().to_owned();
    assert!(footer.contains("character 11: a closing `\"` is missing"), "{footer}");
}

#[test]
fn from_a_principal_to_its_events_and_back_with_one_key() {
    // The first principal that did something.
    let a = std::sync::Arc::clone(&Harness::demo(120, 40).app.a);
    let acted = a.principals.iter().find(|p| a.activity.of(&p.key).events > 0).expect("somebody acted");
    let name = acted.key.to_string();
    let mut harness = Harness::demo(120, 40).press("2");
    while harness.app.list().key(&harness.app.a).is_none_or(|key| key != *name) {
        harness = harness.press("j");
    }
    let harness = harness.press("a");
    assert_eq!(harness.app.pane, PaneId::Activity);
    let count = harness.app.list().rows.len() as u64;
    assert_eq!(
        count,
        harness.app.a.activity.of(&name).events,
        "the pane shows as many as the principal is said to have"
    );
    assert!(crumb(&harness).contains("Principals ›"), "{}", crumb(&harness));
    let harness = harness.press("p");
    assert_eq!(harness.app.pane, PaneId::Principals);
    assert_eq!(harness.app.list().key(&harness.app.a).as_deref(), Some(name.as_str()));
    let harness = harness.press("[ [");
    assert_eq!(harness.app.pane, PaneId::Principals);
    assert_eq!(harness.app.list().key(&harness.app.a).as_deref(), Some(name.as_str()));
}

#[test]
fn from_an_event_to_its_resource_and_back_with_one_key() {
    let harness = Harness::demo(120, 40).press("3 / text:resource:quillfeather-terraform-state enter I");
    assert_eq!(harness.app.pane, PaneId::Residents);
    let key = harness.app.list().key(&harness.app.a);
    assert_eq!(key.as_deref(), Some("arn:aws:s3:::quillfeather-terraform-state"));
    let harness = harness.press("[");
    assert_eq!(harness.app.pane, PaneId::Activity);
}

#[test]
fn from_a_delegation_to_what_its_account_did_and_back_with_one_key() {
    let harness = Harness::demo(120, 40).press("5 a");
    let account = harness.app.a.delegation[0].account.clone().expect("the first is a delegate");
    assert_eq!((harness.app.pane, harness.app.list().text.contains(account.as_str())), (PaneId::Activity, true));
    let harness = harness.press("[");
    assert_eq!(harness.app.pane, PaneId::Delegation);
}

#[test]
fn every_way_between_panes_has_its_key() {
    for pane in ALL {
        for jump in pane.jumps {
            assert!(["events", "principal", "residents"].contains(&jump.name), "{} {}", pane.name, jump.name);
        }
    }
}

#[test]
fn every_claim_leads_to_as_many_rows_as_it_counts() {
    let harness = Harness::demo(120, 40);
    assert!(harness.app.a.claims.len() >= 15, "{}", harness.app.a.claims.len());
    for row in 0..harness.app.a.claims.len() {
        let claim = harness.app.a.claims[row].clone();
        let Some(count) = claim.count else { continue };
        // Enter opens the claim, Enter on its first line follows it.
        let keys = format!("1 g {} enter enter", "j ".repeat(row));
        let led = Harness::demo(120, 40).press(&keys);
        assert_eq!(led.app.list().rows.len() as u64, count, "{}: {:?}", claim.id, claim.evidence);
    }
}

#[test]
fn rows_that_come_do_not_move_the_row_under_the_cursor() {
    let mut harness = Harness::demo(80, 24).press("2 j j j j j");
    let (key, line) = {
        let list = harness.app.list();
        (list.key(&harness.app.a), list.cursor - list.offset)
    };
    let role = |n: usize| {
        Role {
        name: format!("0-first-{n}").into(),
        arn: format!("arn:aws:iam::111122223333:role/0-first-{n}").into(),
        trust: r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#.into(),
        ..Role::default()
    }
    };
    // A late batch of the first reading would be dropped: it is over. A refresh brings new rows.
    harness = harness.press("r");
    let run = harness.effects.iter().rev().find_map(|effect| match effect {
        Effect::Run(id, ..) => Some(*id),
        _ => None,
    });
    let run = run.expect("r reads again");
    let before = harness.app.list().total;
    harness.deliver_to(run, Batch::Roles((0..9).map(role).collect()));
    let harness = harness.press("ctrl-l");
    assert_eq!(harness.app.list().total, before + 9);
    let list = harness.app.list();
    assert_eq!(list.key(&harness.app.a), key);
    assert_eq!(list.cursor - list.offset, line.min(list.cursor));
}

#[test]
fn a_detail_on_the_whole_screen_leaves_the_list_where_it_was() {
    let harness = Harness::demo(80, 24).press("2 j j j enter");
    let before = harness.app.list().offset;
    for keys in ["z z", "J esc"] {
        let harness = Harness::demo(80, 24).press("2 j j j enter").press(keys);
        assert_eq!(harness.app.list().offset, before, "{keys}");
    }
}

#[test]
fn the_end_of_a_reading_is_told_once() {
    let told = |harness: &Harness| harness.app.notice.as_ref().map(|(text, _)| text.clone());
    let mut harness = Harness::new(80, 24, Origin::default());
    let gap = Problem::new("iam:X", Cause::Unreachable, "reset", "");
    let failed = Reading { gaps: vec![gap], ..Reading::of(Status::Failed) };
    harness.deliver(Batch::Reading(Cell::global(Ask::AccountSummary), failed));
    harness.tell_end();
    let first = told(&harness);
    assert_eq!(first.as_deref(), Some("1 gap (6 shows all, r reads again): unreachable: reset (iam:X)"));
    let mut harness = harness.press("2");
    assert_eq!(told(&harness), None);
    // The source has said it; now its worker does.
    harness.tell_end();
    assert_eq!(told(&harness), None);
    // A refresh tells of its own sources alone.
    let mut harness = harness.press("3 r");
    assert_eq!(told(&harness).as_deref(), Some("reading 2 sources again"));
    harness.tell_end_of(RunId(1));
    assert_eq!(told(&harness), None);
}

#[test]
fn a_refresh_says_which_events_are_here() {
    let harness = Harness::demo(80, 24).press("3 r");
    let held = harness.effects.iter().rev().find_map(|effect| match effect {
        Effect::Run(_, _, held) => Some(held),
        _ => None,
    });
    let held = held.expect("r reads again");
    let cells = harness.app.facts.coverage.of_ask(Ask::Events);
    let covered: Vec<_> = cells.filter(|(_, reading)| reading.since.is_some()).collect();
    assert!(covered.len() >= 15 && held.len() == covered.len(), "{} {}", held.len(), covered.len());
    for (cell, reading) in covered {
        let held = &held[cell.region.as_ref().expect("events are regional")];
        assert_eq!((Some(held.since), Some(held.until), held.rows), (reading.since, reading.until, reading.rows));
    }
    let recent: usize = held.values().map(|held| held.recent.len()).sum();
    assert!((1..200).contains(&recent), "{recent} of the last minutes");
}

#[test]
fn a_late_batch_of_a_run_that_is_over_is_dropped() {
    let mut harness = Harness::demo(80, 24);
    let before = harness.app.version;
    harness.deliver(Batch::AccountAliases(vec!["late".into()]));
    assert_eq!(harness.app.version, before);
}

#[test]
fn sorting_goes_both_ways_by_any_column() {
    let harness = Harness::demo(120, 40).press("2 s text:name enter");
    let up = harness.app.list().rows.clone();
    let harness = harness.press("S");
    let mut down = harness.app.list().rows.clone();
    assert_ne!(up, down);
    down.reverse();
    let names =
        |rows: &[u32]| rows.iter().map(|&r| harness.app.a.principals[r as usize].key.clone()).collect::<Vec<_>>();
    assert_eq!(names(&up).len(), names(&down).len());
}

#[test]
fn like_this_and_not_like_this_part_the_rows() {
    let total = Harness::demo(120, 40).press("2").app.list().total;
    let like = Harness::demo(120, 40).press("2 > =").app.list().rows.len();
    let unlike = Harness::demo(120, 40).press("2 > #").app.list().rows.len();
    assert!(like > 0 && unlike > 0, "{like} {unlike}");
    assert_eq!(like + unlike, total);
}

#[test]
fn marks_are_copied_together() {
    let harness = Harness::demo(120, 40).press("2 space space y r");
    assert_eq!(harness.copied().map(|text| text.lines().count()), Some(2));
    let harness = Harness::demo(120, 40).press("2 / text:kind:user enter y a");
    assert!(harness.copied().is_some_and(|text| text.starts_with("arn:aws:iam::")), "{:?}", harness.copied());
}

#[test]
fn the_raw_tree_folds_and_is_searched() {
    let harness = Harness::demo(120, 40).press("3 J");
    let nodes = harness.app.raw.as_ref().expect("open").shown.len();
    assert!(nodes > 10);
    let harness = harness.press("/ text:userIdentity enter enter");
    let raw = harness.app.raw.as_ref().expect("still open");
    assert!(raw.shown.len() < nodes, "the branch found is folded by Enter");
    let harness = harness.press("y j");
    let copied: serde_json::Value = serde_json::from_str(harness.copied().expect("copied")).expect("JSON");
    assert!(copied.get("eventName").is_some());
}

#[test]
fn the_palette_takes_a_pane_with_its_filter() {
    let harness = Harness::demo(80, 24).press(": text:activity_since:24h enter");
    assert_eq!(harness.app.pane, PaneId::Activity);
    assert_eq!(harness.app.list().text, "since:24h");
    assert!(harness.app.list().rows.len() < harness.app.list().total);
}

#[test]
fn a_key_with_no_meaning_changes_nothing() {
    let mut harness = Harness::demo(80, 24);
    harness.app.take_dirty();
    let harness = &mut harness.press("f9");
    assert!(!harness.app.take_dirty());
}

#[test]
fn no_size_breaks_any_pane() {
    for pane in ALL {
        let mut harness = Harness::demo(80, 24).press(&format!("{} enter", pane.id as usize + 1));
        for (width, height) in [(20, 5), (1, 1), (0, 0), (7, 3), (200, 60), (300, 8), (80, 24)] {
            harness = harness.resize(width, height);
            harness.screen();
        }
        let mut harness = harness.press("J ?");
        for (width, height) in [(20, 5), (1, 1), (0, 0), (200, 60)] {
            harness = harness.resize(width, height);
            harness.screen();
        }
    }
}

#[test]
fn times_are_written_three_ways_and_always_labelled() {
    let mut harness = Harness::demo(80, 24).press("3");
    for label in ["local", "ago", "UTC"] {
        harness = harness.press("t");
        assert!(harness.screen().contains(label), "{}", harness.screen());
    }
}

#[test]
fn a_question_shows_each_rows_answer_and_enter_its_reasons() {
    let harness = Harness::demo(80, 24).press("2 / text:can:iam:PassRole enter");
    let screen = harness.screen();
    let rows: Vec<&str> = screen.lines().skip(3).collect();
    assert!(screen.lines().nth(2).is_some_and(|heading| heading.starts_with(" MAY  NAME")), "{screen}");
    assert!(rows.iter().any(|row| row.starts_with(" some ")) && rows.iter().any(|row| row.starts_with(" yes ")));
    // The first is root, which no statement has to allow anything.
    let screen = harness.press("j enter").screen();
    let (_, answer) = screen.split_once("May it iam:PassRole?").expect("the answer comes first");
    assert!(answer.contains("may iam:PassRole on *") && answer.contains("Allow, statement 1 of "), "{screen}");
}

#[test]
fn a_word_typed_in_full_is_what_is_run_and_half_an_action_is_no_question() {
    let harness = Harness::demo(80, 24).press("2 : text:can");
    let screen = harness.screen();
    let first = screen.lines().skip_while(|line| !line.contains(": can")).nth(1).unwrap_or_default().to_owned();
    assert!(first.contains("can …") && !first.contains("who-can"), "{screen}");
    let harness = Harness::demo(80, 24).press(": text:who-can text:_iam:Pas enter");
    assert!(harness.app.list().text.is_empty());
    assert!(harness.screen().contains("AWS's list of actions does not have iam:Pas"), "{}", harness.screen());
}

#[test]
fn the_help_explains_the_words_of_the_pane() {
    for (word, meaning) in
        [("presumed", "the role should be there"), ("lever", "changes the organization"), ("ceiling", "no SCP")]
    {
        let harness = Harness::demo(80, 24).press(&format!("2 ? text:{word} enter"));
        let screen = harness.screen();
        assert!(screen.contains(meaning), "{screen}");
    }
}
