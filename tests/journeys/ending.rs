//! Every way out gives the terminal back, and no size breaks the screen.

use crate::SOON;
use crate::support::program::Program;
use crate::support::pty::SIZE;
use crate::visit::{PANES, Visit, WIDE};

#[test]
fn q_gives_the_terminal_back() {
    let ended = Visit::open(&Program::demo(), SIZE).quit();
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn ctrl_c_gives_the_terminal_back() {
    let visit = Visit::open(&Program::demo(), SIZE);
    visit.send("\x03");
    visit.terminal.wait_exit(SOON).assert_restored();
}

#[test]
fn signals_give_the_terminal_back() {
    for name in ["TERM", "HUP", "INT"] {
        let visit = Visit::open(&Program::demo(), SIZE);
        visit.terminal.signal(name);
        let ended = visit.terminal.wait_exit(SOON);
        ended.assert_restored();
        assert_ne!(ended.code, Some(0), "SIG{name} is not a success");
    }
}

/// The one fault that cannot be provoked from outside: debug builds have the palette's word for it.
#[test]
#[cfg(debug_assertions)]
fn a_panic_gives_the_terminal_back() {
    let visit = Visit::open(&Program::demo(), SIZE);
    visit.send(":");
    visit.send("panic");
    visit.send(crate::visit::ENTER);
    let ended = visit.terminal.wait_exit(SOON);
    ended.assert_restored();
    assert_ne!(ended.code, Some(0));
    assert!(String::from_utf8_lossy(&ended.raw).contains("panicked"), "{ended:?}");
}

#[test]
fn a_tiny_screen_and_back_is_survived() {
    let visit = Visit::open(&Program::demo(), WIDE);
    for (key, title) in PANES {
        visit.pane(title);
        visit.send("\r");
        let before = visit.terminal.raw().len();
        visit.terminal.resize((5, 20));
        visit.terminal.wait_for_output(before, SOON);
        visit.send(key);
        let before = visit.terminal.raw().len();
        visit.terminal.resize((1, 1));
        visit.terminal.wait_for_output(before, SOON);
        visit.terminal.resize(WIDE);
        visit.pane(title);
    }
    visit.quit();
}
