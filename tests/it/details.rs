//! Details: their tabs, what is kept of them from key to key, searching in them, trees and chains.

use mgmtscope::app::flow::flow;
use mgmtscope::model::{Batch, Role};
use mgmtscope::panes::tree::{Step, Tree, chain};
use mgmtscope::panes::{Line, PaneId, Section, Target, TimeStyle, Tone};
use unicode_width::UnicodeWidthStr;

use crate::harness::{Harness, wall};

/// The detail of a role of a vendor: it has tabs, conditions, marks, events.
fn vendor(width: u16, height: u16) -> Harness {
    Harness::demo(width, height).press("2 / text:vendor-patchpilot enter enter")
}

#[test]
fn tab_turns_the_pages_of_a_detail_and_in_a_list_goes_to_the_next_pane() {
    let harness = vendor(80, 24);
    let names: Vec<String> = harness.app.opened.tabs().0.iter().map(|tab| tab.name.to_string()).collect();
    assert!(names.len() > 3, "{names:?}");
    let mut harness = harness;
    for name in names.iter().cycle().skip(1).take(names.len()) {
        harness = harness.press("tab");
        assert_eq!(harness.tab(), name);
        assert!(harness.screen().contains(&format!("[{name}")), "{}", harness.screen());
    }
    harness = harness.press("shift-tab");
    assert_eq!(harness.tab(), names[names.len() - 1]);
    let harness = harness.press("esc tab");
    assert_eq!(harness.app.pane, PaneId::Activity);
    // A detail without tabs has nothing to turn.
    let harness = Harness::demo(80, 24).press("4 enter tab");
    assert_eq!(harness.app.pane, PaneId::Delegation);
}

#[test]
fn the_next_row_keeps_the_tab_also_over_a_row_that_has_none_of_that_name() {
    let wanted = "Credentials";
    let mut harness = Harness::demo(120, 40).press("2 / text:ci-deployer enter enter");
    // The filter was to find a row that has the tab; now through all of them.
    harness = harness.press("tab:Credentials esc esc enter tab:Credentials");
    let rows = harness.app.list().rows.len();
    let (mut with, mut without) = (0, 0);
    for key in std::iter::repeat_n("n", rows).chain(std::iter::repeat_n("N", rows)) {
        harness = harness.press(key);
        if harness.app.document().is_some_and(|document| document.find(wanted).is_some()) {
            assert_eq!(harness.tab(), wanted);
            with += 1;
        } else {
            assert_eq!(harness.app.opened.tabs().1, 0, "the first tab stands in");
            without += 1;
        }
    }
    assert!(with > 0 && without > 0, "{with} {without}");
}

#[test]
fn back_and_esc_lead_to_the_tab_and_line_that_were_left() {
    // From a line of the first tab to another tab of the same row, and from there to the events.
    let harness = vendor(120, 40).press("G");
    let (who, line) = (harness.tab().to_owned(), harness.app.detail.clone());
    let harness = harness.press("enter");
    assert_ne!(harness.tab(), who, "the line leads to a tab: {}", harness.screen());
    let there = harness.tab().to_owned();
    let back = harness.press("esc");
    assert_eq!((back.tab(), &back.app.detail), (who.as_str(), &line));
    let harness = back.press("]");
    assert_eq!(harness.app.detail, line, "Esc has left nothing to go forward to");
    let harness = harness.press("enter a");
    assert_eq!(harness.app.pane, PaneId::Activity);
    let harness = harness.press("[");
    assert_eq!(harness.tab(), there);
    let harness = harness.press("tab shift-tab");
    assert_eq!(harness.tab(), there);
}

#[test]
fn a_refresh_keeps_the_tab_and_shows_what_is_new() {
    let mut harness = vendor(120, 40).press("tab:Trust j r");
    let before = harness.app.detail.clone();
    let run = harness.effects.iter().rev().find_map(|effect| match effect {
        mgmtscope::app::Effect::Run(id, ..) => Some(*id),
        _ => None,
    });
    let made = harness.app.opened.made;
    let role = harness.app.facts.roles.values().find(|role| role.name.as_str() == "vendor-patchpilot-monitor");
    let role = role.cloned().expect("the role");
    let trust = role.trust.replace("999988887777", "123412341234");
    harness.deliver_to(run.expect("r reads again"), Batch::Roles(vec![Role { trust: trust.into(), ..role }]));
    let harness = harness.press("ctrl-l");
    assert_eq!(harness.app.detail, before);
    assert_eq!(harness.tab(), "Trust");
    assert!(harness.screen().contains("123412341234"), "{}", harness.screen());
    // The document, and the open tab, which is made when it is looked at.
    assert_eq!(harness.app.opened.made, made + 2);
}

#[test]
fn a_held_key_in_a_detail_makes_its_document_once() {
    let mut harness = Harness::demo(80, 24).press("3 enter");
    let (made, flows) = (harness.app.opened.made, harness.app.opened.flows);
    assert_eq!((made, flows), (1, 1));
    for keys in ["j", "k", "ctrl-d", "G", "g", "j"] {
        for _ in 0..10 {
            harness = harness.press(keys);
            harness.screen();
        }
    }
    assert_eq!((harness.app.opened.made, harness.app.opened.flows), (made, flows));
    // Times, width and search are only flowed anew.
    let harness = harness.press("t").resize(120, 40).press("/ text:ro enter");
    assert_eq!((harness.app.opened.made, harness.app.opened.flows), (made, flows + 4));
    let harness = harness.press("n");
    assert_eq!(harness.app.opened.made, made + 1);
}

#[test]
fn a_tab_for_later_is_made_once_and_only_when_opened() {
    let harness = vendor(80, 24);
    let made = harness.app.opened.made;
    let harness = harness.press("shift-tab");
    assert_eq!((harness.tab(), harness.app.opened.made), ("Raw", made + 1));
    assert!(harness.screen().contains("\"trust\": {"), "{}", harness.screen());
    let harness = harness.press("tab shift-tab j j");
    assert_eq!((harness.tab(), harness.app.opened.made), ("Raw", made + 1));
    // The first line leads to the tree, J as well.
    let harness = harness.press("g enter");
    assert!(harness.app.raw.is_some());
}

#[test]
fn a_search_in_a_detail_goes_from_line_to_line_and_esc_ends_it_first() {
    let harness = vendor(80, 24).press("shift-tab / text:ARN enter");
    let line = |harness: &Harness| harness.app.detail.as_ref().map_or(0, |detail| detail.cursor);
    let first = line(&harness);
    let footer = |harness: &Harness| harness.screen().lines().last().unwrap_or_default().to_owned();
    assert!(footer(&harness).contains("match 1 of"), "{}", footer(&harness));
    assert!(footer(&harness).contains("f next"), "{}", footer(&harness));
    let harness = harness.press("f");
    let second = line(&harness);
    assert!(second > first);
    assert!(footer(&harness).contains("match 2 of"), "{}", footer(&harness));
    let harness = harness.press("F F");
    assert!(line(&harness) > second, "backwards it goes round the beginning");
    // The search goes along to the next row, and to another tab.
    let harness = harness.press("N tab");
    assert_eq!(harness.app.detail.as_ref().map(|detail| detail.search.as_str()), Some("ARN"));
    let harness = harness.press("esc");
    assert!(harness.app.detail.as_ref().is_some_and(|detail| detail.search.is_empty()));
    assert!(harness.press("esc").app.detail.is_none());
    // A search that was not meant leaves none behind.
    let harness = vendor(80, 24).press("/ text:zzz");
    assert!(footer(&harness).contains("no match"), "{}", footer(&harness));
    assert!(harness.press("esc").app.detail.is_some_and(|detail| detail.search.is_empty()));
}

#[test]
fn what_is_copied_in_a_detail_is_the_line_or_the_open_tab() {
    let harness = vendor(80, 24).press("j y c");
    assert_eq!(harness.copied(), Some("arn:aws:iam::111122223333:role/vendors/vendor-patchpilot-monitor"));
    let harness = harness.press("tab:Trust y d");
    let text = harness.copied().expect("copied").to_owned();
    let mut lines = text.lines();
    assert!(lines.next().is_some_and(|title| title.starts_with("vendor-patchpilot")), "{text}");
    assert_eq!(lines.next(), Some("How they get in"));
    assert!(text.contains("999988887777") && !text.contains("Last used"), "{text}");
}

#[test]
fn a_click_on_a_tab_opens_it() {
    let harness = vendor(80, 24);
    let screen = harness.screen();
    let (y, row) = screen.lines().enumerate().find(|(_, row)| row.contains("[Who]")).expect("the line of tabs");
    let (before, _) = row.split_once("Policies").expect("a tab of this name");
    let x = before.chars().count();
    let harness = harness.click(u16::try_from(x).expect("small"), u16::try_from(y).expect("small"));
    assert_eq!(harness.tab(), "Policies");
}

#[test]
fn the_open_tab_is_said_on_every_screen() {
    for (width, height) in [(80, 24), (40, 16), (26, 12), (80, 10), (80, 7), (200, 60)] {
        let harness = vendor(width, height).press("shift-tab");
        assert!(harness.screen().contains("[Raw]"), "{width}x{height}\n{}", harness.screen());
        let harness = harness.press("tab");
        assert!(harness.screen().contains("[Who]"), "{width}x{height}\n{}", harness.screen());
    }
}

#[test]
fn tabs_are_drawn() {
    for (width, height) in [(80, 24), (40, 24), (200, 60)] {
        let trust = vendor(width, height).press("tab:Trust");
        insta::assert_snapshot!(format!("tab_trust_{width}x{height}"), trust.styled());
        let raw = vendor(width, height).press("shift-tab / text:action enter");
        insta::assert_snapshot!(format!("tab_raw_{width}x{height}"), raw.styled());
        // Somebody who is a step away from an administrator.
        for name in ["Power", "Paths"] {
            let keys = format!("2 / text:ci-deployer enter enter z tab:{name}");
            let detail = Harness::demo(width, height).press(&keys);
            insta::assert_snapshot!(format!("tab_{}_{width}x{height}", name.to_lowercase()), detail.styled());
        }
    }
}

const LONG: &str = "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_Operations_0123456789abcdef";

fn shown(lines: Vec<Line>, width: u16) -> String {
    let rows = flow(&[Section::new("Shown", lines)], width, &TimeStyle::utc(wall()), "");
    let text: Vec<String> = rows.iter().map(|row| row.text().trim_end().to_owned()).collect();
    for row in &text {
        assert!(row.width() <= usize::from(width), "{row}");
        assert!(!row.chars().any(mgmtscope::model::text::is_hostile), "{row:?}");
    }
    text.join("\n")
}

fn hostile() -> String {
    "x\u{1b}]0;owned\u{7}\u{202e}nimda/東京".into()
}

fn a_chain() -> Vec<Line> {
    let step = |call: &str, path: &str, to: &str| {
        Line::text(call).and(format!(" {path}"), Tone::Dim).and(format!(" → {to}"), Tone::Plain)
    };
    chain(
        Line::text("user/ci-deployer"),
        [
            Step::new(step("iam:PassRole", "ec2-001", "role/admin-ec2"))
                .because(Line::field("allowed by", "policy/deploy, statement 2: iam:PassRole on *"))
                .because(Line::field("trusts", "role/admin-ec2 trusts ec2.amazonaws.com").to(Target::Raw)),
            Step::new(step("sts:AssumeRole", "sts-001", LONG))
                .because(Line::text(format!("named by {} in its trust policy", hostile()))),
            Step::new(step("sts:AssumeRole", "sts-001", "role/OrganizationAdmin").and("   ADMIN", Tone::Bad))
                .because(Line::text("attached arn:aws:iam::aws:policy/AdministratorAccess")),
        ],
    )
}

fn a_tree() -> Vec<Line> {
    let mut tree = Tree::default();
    tree.node(0, Line::text("role/OrganizationAdmin"));
    tree.node(1, Line::text(LONG));
    tree.note(Line::toned("only with MFA, and only from 203.0.113.0/24 or 198.51.100.0/24", Tone::Dim));
    tree.node(2, Line::text("Operations, a group of 12 people of Identity Center, by the permission set Operations"));
    tree.node(3, Line::text(hostile()));
    tree.node(2, Line::text("saml-provider/AWSSSO"));
    tree.node(1, Line::text(hostile()));
    tree.note(Line::toned("anyone", Tone::Bad));
    tree.node(1, Line::text("999988887777"));
    tree.node(0, Line::text("role/other"));
    tree.lines()
}

#[test]
fn trees_and_chains_are_drawn() {
    for width in [80, 40] {
        insta::assert_snapshot!(format!("chain_{width}"), shown(a_chain(), width));
        insta::assert_snapshot!(format!("tree_{width}"), shown(a_tree(), width));
    }
}

/// As many steps as any width, and more.
#[test]
fn a_tree_that_is_too_deep_stays_readable() {
    let steps = (0..60).map(|n| Step::new(Line::text(format!("step {n} to {LONG}"))).because(Line::text("why")));
    let deep = chain(Line::text("start"), steps);
    for width in [80, 40, 12] {
        let text = shown(deep.clone(), width);
        let squeezed = text.replace(|c: char| c.is_whitespace() || "│├└…".contains(c), "");
        for n in 0..60 {
            assert!(squeezed.contains(&format!("step{n}to{LONG}")), "{n} at {width}");
        }
    }
}

#[test]
fn the_palette_takes_a_sentence_word_by_word() {
    let harness = Harness::demo(80, 24).press(": text:activity down enter");
    let screen = harness.screen();
    assert!(screen.contains(": activity") && screen.contains("activity [FILTER]"), "{screen}");
    assert!(screen.contains("principal:"), "the fields of the pane are offered: {screen}");
    // A field is completed, and what is wrong can be mended.
    let harness = harness.press("text:err tab");
    assert!(harness.screen().contains(": activity error:"), "{}", harness.screen());
    let harness = harness.press("enter");
    assert!(harness.screen().contains("needs a value"), "{}", harness.screen());
    let harness = harness.press("text:denied enter");
    assert_eq!((harness.app.pane, harness.app.list().text.as_str()), (PaneId::Activity, "error:denied"));
    assert!(harness.app.overlay.is_none());
    // What was typed can be taken back to the list of commands.
    let harness = Harness::demo(80, 24).press(": text:activity_ ctrl-w text:refre enter");
    assert!(harness.app.overlay.is_none() && !harness.effects.is_empty());
}

#[test]
fn a_word_that_is_no_command_is_said_to_be_none() {
    let harness = Harness::demo(80, 24).press(": text:qqqxyz enter");
    assert!(harness.screen().contains("there is no command `qqqxyz`"), "{}", harness.screen());
}
