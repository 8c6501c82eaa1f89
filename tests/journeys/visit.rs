//! The words and keys of the interface, in one place: what a journey knows of the screen goes through here.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::SOON;
use crate::support::program::Program;
use crate::support::pty::{Ended, Screen, Terminal};

/// Wide enough for whole breadcrumbs and every tab with its count.
pub const WIDE: (u16, u16) = (50, 200);

/// The panes by their keys.
pub const PANES: [(&str, &str); 6] = [
    ("1", "Overview"),
    ("2", "Principals"),
    ("3", "Activity"),
    ("4", "Residents"),
    ("5", "Delegation"),
    ("6", "Coverage"),
];

pub const ENTER: &str = "\r";
pub const ESC: &str = "\x1b";

/// Someone in front of the screen.
pub struct Visit {
    pub terminal: Terminal,
}

impl Visit {
    /// Opens the program and waits for its first frame.
    pub fn open(program: &Program, size: (u16, u16)) -> Self {
        let visit = Self { terminal: program.open(size) };
        visit.terminal.wait_for("the first frame", SOON, |screen| screen.alternate && screen.has("1 Overview"));
        visit
    }

    pub fn send(&self, keys: &str) {
        self.terminal.send(keys);
    }

    pub fn see(&self, text: &str, within: Duration) -> Screen {
        self.terminal.wait_for_text(text, within)
    }

    /// Goes to a pane by its key.
    pub fn pane(&self, title: &str) -> Screen {
        let (key, _) = PANES.iter().find(|(_, known)| *known == title).expect("a pane's title");
        self.send(key);
        self.terminal.wait_for(&format!("pane {title}"), SOON, |screen| crumb(screen) == title)
    }

    /// Narrows the pane down.
    pub fn filter(&self, text: &str) -> Screen {
        self.send("/");
        self.terminal.wait_for("the filter's prompt", SOON, |screen| footer(screen).starts_with('/'));
        self.send(text);
        self.send(ENTER);
        self.terminal
            .wait_for(&format!("the filter {text}"), SOON, |screen| footer(screen).contains(&format!("/{text}")))
    }

    /// Esc, with its effect awaited: a key right behind it would be read as Alt and that key.
    pub fn esc(&self, what: &str, gone: impl Fn(&Screen) -> bool) -> Screen {
        self.send(ESC);
        self.terminal.wait_for(what, SOON, gone)
    }

    /// Takes the filter away.
    pub fn unfilter(&self) -> Screen {
        self.esc("the end of the filter", |screen| !crumb(screen).contains(" /"))
    }

    /// Waits until the footer's count has this number of rows shown.
    pub fn see_count(&self, rows: usize, within: Duration) -> Screen {
        self.terminal.wait_for(&format!("{rows} rows"), within, |screen| shown(screen) == Some(rows))
    }

    /// Waits until nothing is being read any more.
    pub fn settle(&self, within: Duration) -> Screen {
        self.terminal.wait_for("the end of reading", within, |screen| {
            let footer = footer(screen);
            let busy = ["reading ·", "evaluating "].iter().any(|word| footer.contains(word));
            let quiet = footer.contains("? help") && !busy;
            // The first frame is quiet too: nothing has been asked yet.
            footer.contains(" (6 shows all, r reads again)") || (quiet && !screen.has("Reading ..."))
        })
    }

    /// The last text that was copied by OSC 52, once there are `count` copies.
    pub fn copied(&self, count: usize) -> String {
        let screen = self.terminal.wait_for("a copy", SOON, |screen| screen.copied.len() >= count);
        let bytes = STANDARD.decode(&screen.copied[count - 1]).expect("base64");
        String::from_utf8(bytes).expect("text")
    }

    pub fn quit(self) -> Ended {
        self.send("q");
        let ended = self.terminal.wait_exit(SOON);
        ended.assert_restored();
        ended
    }
}

/// The last place of the breadcrumb.
pub fn crumb(screen: &Screen) -> String {
    let head = screen.rows[0].split("  ").next().unwrap_or_default();
    head.trim().rsplit(" › ").next().unwrap_or_default().to_owned()
}

pub fn footer(screen: &Screen) -> &str {
    screen.rows.last().map_or("", |row| row.trim())
}

/// The number that the footer begins with: rows shown.
pub fn shown(screen: &Screen) -> Option<usize> {
    let word = footer(screen).split([' ', ',']).next()?;
    word.parse().ok()
}
