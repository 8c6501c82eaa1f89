//! Text from outside that is meant to take over the terminal: in events, in role names, in files.

use serde_json::json;

use crate::support::events::{HOSTILE, HOSTILE_REST};
use crate::support::program::Program;
use crate::support::pty::{Screen, Terminal};
use crate::support::{PATIENCE, world};
use crate::visit::{ENTER, Visit, WIDE};
use crate::{HOME, SOON, audit_front};

/// Nothing of it has reached the terminal as anything but text.
fn assert_unharmed(terminal: &Terminal) {
    let screen: Screen = terminal.screen();
    assert_ne!(screen.title, "owned");
    let raw = terminal.raw();
    let text = String::from_utf8_lossy(&raw);
    for (what, sequence) in [("a title", "\u{1b}]0;owned"), ("C1", "\u{9b}"), ("a bidi override", "\u{202e}")] {
        assert!(!text.contains(sequence), "{what} got through");
    }
}

#[test]
fn an_events_agent_and_session_cannot_touch_the_terminal() {
    let Some(world) = world() else { return };
    let front = audit_front(world);
    let visit = Visit::open(&Program::live(&front, &[HOME]), WIDE);
    visit.pane("Activity");
    visit.filter("event:RunInstances");
    let screen = visit.see_count(1, PATIENCE);
    assert!(screen.has("service-role-"), "{}", screen.text());
    visit.send(ENTER);
    visit.see(HOSTILE_REST[0], SOON);
    assert_unharmed(&visit.terminal);
    visit.send("J");
    visit.see("userAgent", SOON);
    assert_unharmed(&visit.terminal);
    visit.send("yj");
    // Even what is copied could be pasted into a shell.
    assert!(!visit.copied(1).contains('\u{1b}'));
    visit.quit();
}

#[test]
fn a_live_roles_name_cannot_touch_the_terminal() {
    let Some(world) = world() else { return };
    let front = audit_front(world);
    front.iam().add_hostile_role("evil\u{9b}2J\u{202e}role");
    let visit = Visit::open(&Program::live(&front, &[HOME]), WIDE);
    visit.settle(PATIENCE);
    visit.pane("Principals");
    visit.filter("evil");
    visit.see_count(1, SOON);
    visit.send(ENTER);
    visit.see("evil", SOON);
    assert_unharmed(&visit.terminal);
    visit.quit();
}

#[test]
fn a_files_role_name_cannot_touch_the_terminal_or_the_export() {
    let program = Program::with(&[]);
    let file = program.path("details.json");
    let trust = json!({ "Version": "2012-10-17", "Statement": [] });
    let role = |name: &str| {
        json!({ "Path": "/", "RoleName": name, "RoleId": "AROAHOSTILE", "CreateDate": "2025-01-01T00:00:00Z",
                "Arn": format!("arn:aws:iam::123456789012:role/{name}"), "AssumeRolePolicyDocument": trust,
                "InstanceProfileList": [], "RolePolicyList": [], "AttachedManagedPolicies": [], "Tags": [] })
    };
    let details = json!({ "UserDetailList": [], "GroupDetailList": [], "Policies": [],
                          "RoleDetailList": [role(HOSTILE), role("plain")] });
    std::fs::write(&file, details.to_string()).expect("a file can be written");
    let program = Program::with(&["--from", file.to_str().expect("a plain path")]);
    for format in ["table", "csv", "json"] {
        let out = program.run(&["query", "principals", "evil", "--format", format], SOON).rows();
        assert!(out.contains(HOSTILE_REST[1]), "{format}: {out:?}");
        let bad: Vec<char> =
            out.chars().filter(|c| (c.is_control() && !"\r\n\t".contains(*c)) || *c == '\u{202e}').collect();
        assert!(bad.is_empty(), "{format}: {bad:?}");
    }
    let visit = Visit::open(&program, WIDE);
    visit.pane("Principals");
    visit.filter("evil");
    visit.see_count(1, SOON);
    visit.send(ENTER);
    visit.see(HOSTILE_REST[1], SOON);
    assert_unharmed(&visit.terminal);
    visit.quit();
}
