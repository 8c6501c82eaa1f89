//! The open detail: which row's, on which tab, a cursor on its lines, and what is searched for in it.

use unicode_width::UnicodeWidthStr;

use super::flow::Flowed;
use crate::model::Text;
use crate::panes::Tab;

/// Which row's detail is open, and where in it the cursor stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    pub key: Text,
    /// The name of the tab that the user wants; empty for the first. It stays wanted in a row that has no such tab,
    /// which shows its first.
    pub tab: String,
    /// Index into the open tab's lines, headings not counted.
    pub cursor: usize,
    /// First flowed row that is shown.
    pub offset: usize,
    /// What is searched for; empty: nothing.
    pub search: String,
    /// A jump has opened it.
    jumped: bool,
    /// Tabs that were left: name, cursor, offset.
    left: Vec<(String, usize, usize)>,
}

impl Detail {
    pub fn new(key: Text) -> Self {
        Self { key, ..Self::default() }
    }

    /// The detail that a jump opens, on the tab of that name or on the first.
    pub fn after_jump(key: Text, tab: &str) -> Self {
        Self { key, tab: tab.to_owned(), jumped: true, ..Self::default() }
    }

    /// The detail of another row: on the same tab, with the same search and the same way out.
    pub fn of(&self, key: Text) -> Self {
        Self { key, tab: self.tab.clone(), search: self.search.clone(), jumped: self.jumped, ..Self::default() }
    }

    /// True when a jump has opened it: the way out leads back to where the jump began.
    pub fn is_jumped(&self) -> bool {
        self.jumped
    }

    /// From the tab that is shown to another, where the cursor stands as it was left.
    pub fn turn(&mut self, shown: &str, to: &str) {
        self.left.retain(|(name, ..)| name != shown);
        self.left.push((shown.to_owned(), self.cursor, self.offset));
        to.clone_into(&mut self.tab);
        let before = self.left.iter().find(|(name, ..)| name == to);
        (self.cursor, self.offset) = before.map_or((0, 0), |&(_, cursor, offset)| (cursor, offset));
    }

    /// Moves the cursor by lines and keeps it in sight.
    pub fn step(&mut self, rows: &[Flowed], by: isize, height: usize) -> bool {
        let before = (self.cursor, self.offset);
        let last = rows.iter().filter_map(|row| row.line).max().unwrap_or(0);
        self.cursor = self.cursor.saturating_add_signed(by).min(last);
        self.clamp(rows, height);
        before != (self.cursor, self.offset)
    }

    /// Keeps cursor and offset within the rows and the cursor's line on the screen.
    pub fn clamp(&mut self, rows: &[Flowed], height: usize) {
        let height = height.max(1);
        let last = rows.iter().filter_map(|row| row.line).max().unwrap_or(0);
        self.cursor = self.cursor.min(last);
        let first = rows.iter().position(|row| row.line == Some(self.cursor)).unwrap_or(0);
        let end = rows.iter().rposition(|row| row.line == Some(self.cursor)).unwrap_or(0);
        // The heading above the first line of a section belongs to it.
        let top = if self.cursor == 0 { 0 } else { first.saturating_sub(1) };
        self.offset = self.offset.min(rows.len().saturating_sub(height)).min(top.max(end.saturating_sub(height - 1)));
        if end >= self.offset + height {
            self.offset = (end + 1 - height).min(first);
        }
    }

    /// To the next (or previous) line that holds what is searched for, round the end.
    pub fn next_match(&mut self, rows: &[Flowed], forward: bool, from_here: bool) -> bool {
        let lines = matches(rows);
        let next = if forward {
            let after = lines.iter().find(|&&line| line > self.cursor || (from_here && line == self.cursor));
            after.or(lines.first())
        } else {
            lines.iter().rev().find(|&&line| line < self.cursor).or(lines.last())
        };
        match next {
            Some(&line) => {
                self.cursor = line;
                true
            }
            None => false,
        }
    }
}

/// The lines that hold what is searched for, in order. A heading stands for the first line below it.
pub fn matches(rows: &[Flowed]) -> Vec<usize> {
    let line = |at: usize| rows[at..].iter().find_map(|row| row.line);
    let mut lines: Vec<usize> = (0..rows.len()).filter(|&at| rows[at].is_hit()).filter_map(line).collect();
    lines.dedup();
    lines
}

/// A tab's name as it stands in the line of tabs, in cells from the line's beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Title {
    pub tab: usize,
    pub x: u16,
    pub text: String,
}

/// The line of tabs: the open one in brackets, with a sign at an end where tabs did not fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Titles {
    pub titles: Vec<Title>,
    /// Tabs that did not fit on the left, and on the right.
    pub before: bool,
    pub after: bool,
}

/// Lays the names of tabs into `width` cells: with room between them; else close together; else as many as fit
/// around the open one.
pub fn titles(tabs: &[Tab], open: usize, width: u16) -> Titles {
    let width = usize::from(width);
    let name = |at: usize| {
        let count = tabs[at].count.map(|count| format!(" {count}")).unwrap_or_default();
        format!("{}{count}", tabs[at].name)
    };
    // With room, every tab has a cell at both ends, which brackets take: nothing moves when another is opened.
    let wide = |at: usize, roomy: bool| name(at).width() + if roomy || at == open { 2 } else { 0 };
    let total = |from: usize, to: usize, roomy: bool| {
        let gaps = if roomy { 0 } else { to.saturating_sub(from + 1) };
        (from..to).map(|at| wide(at, roomy)).sum::<usize>() + gaps
    };
    let roomy = total(0, tabs.len(), true) <= width;
    let (mut from, mut to) = (0, tabs.len());
    // A sign at an end takes two cells.
    let signs = |from: usize, to: usize| 2 * usize::from(from > 0) + 2 * usize::from(to < tabs.len());
    while !roomy && total(from, to, false) + signs(from, to) > width && to - from > 1 {
        // The farther end gives way, so that the neighbours of the open tab stay.
        if to - 1 > open && (to - 1 - open >= open - from || from == open) {
            to -= 1;
        } else {
            from += 1;
        }
    }
    let mut line = Titles { titles: Vec::new(), before: from > 0, after: to < tabs.len() };
    let mut x = if line.before { 2 } else { 0 };
    for at in from..to {
        let text = match (at == open, roomy) {
            (true, _) => format!("[{}]", name(at)),
            (false, true) => format!(" {} ", name(at)),
            (false, false) => name(at),
        };
        let next = x + text.width() + usize::from(!roomy);
        line.titles.push(Title { tab: at, x: u16::try_from(x).unwrap_or(u16::MAX), text });
        x = next;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::flow::flow;
    use crate::panes::{Document, Line, Section, TimeStyle};
    use jiff::Timestamp;

    fn text(line: &Titles, width: u16) -> String {
        let mut text = " ".repeat(usize::from(width));
        for title in &line.titles {
            let at = usize::from(title.x);
            text.replace_range(at..at + title.text.len(), &title.text);
        }
        if line.before {
            text.replace_range(0..1, "<");
        }
        if line.after {
            text.replace_range(text.len() - 1.., ">");
        }
        text.trim_end().to_owned()
    }

    fn tabs(names: &[&'static str]) -> Document {
        names.iter().fold(Document::new("t"), |document, &name| {
            document.tab(name).count(12).section("s", vec![Line::text("x")])
        })
    }

    #[test]
    fn tabs_move_closer_before_any_is_left_out() {
        let document = tabs(&["Power", "Paths", "Trust"]);
        assert_eq!(text(&titles(document.tabs(), 1, 40), 40), " Power 12 [Paths 12] Trust 12");
        assert_eq!(text(&titles(document.tabs(), 1, 28), 28), "Power 12 [Paths 12] Trust 12");
        assert_eq!(text(&titles(document.tabs(), 0, 26), 26), "[Power 12] Paths 12      >");
        assert_eq!(text(&titles(document.tabs(), 2, 26), 26), "< Paths 12 [Trust 12]");
    }

    #[test]
    fn the_open_tab_is_in_sight_at_any_width_and_nothing_overlaps() {
        let document = tabs(&["Who", "Power", "Paths", "Trust", "Credentials", "Activity", "Containment", "Raw"]);
        for width in 0..120 {
            for open in 0..8 {
                let line = titles(document.tabs(), open, width);
                assert!(line.titles.iter().any(|title| title.tab == open), "{open} at {width}");
                let mut end = 0;
                for title in &line.titles {
                    assert!(title.x >= end, "{open} at {width}: {line:?}");
                    end = title.x + u16::try_from(title.text.len()).expect("short");
                }
                let sign = if line.after { 2 } else { 0 };
                assert!(line.titles.len() == 1 || end + sign <= width, "{open} at {width}: {line:?}");
            }
        }
    }

    #[test]
    fn every_tab_is_shown_where_the_signs_would_take_its_room() {
        for width in 20..120 {
            let document = tabs(&["Who", "Power", "Paths", "Trust"]);
            let line = titles(document.tabs(), 2, width);
            let needed: usize = 4 * 3 + "WhoPowerPathsTrust".len() + 3 + 2;
            assert_eq!(line.titles.len() == 4, usize::from(width) >= needed, "{width}");
        }
    }

    #[test]
    fn a_search_goes_round_and_a_heading_stands_for_its_first_line() {
        let section = |name: &str| Section::new(name, vec![Line::text("one role"), Line::text("two"), Line::text("x")]);
        let rows = flow(&[section("A"), section("Roles")], 40, &TimeStyle::utc(Timestamp::UNIX_EPOCH), "role");
        assert_eq!(matches(&rows), [0, 3]);
        let mut detail = Detail { cursor: 1, ..Detail::default() };
        assert!(detail.next_match(&rows, true, true));
        assert_eq!(detail.cursor, 3);
        assert!(detail.next_match(&rows, true, false));
        assert_eq!(detail.cursor, 0);
        assert!(detail.next_match(&rows, false, false));
        assert_eq!(detail.cursor, 3);
        let none = flow(&[section("A")], 40, &TimeStyle::utc(Timestamp::UNIX_EPOCH), "nowhere");
        assert!(!detail.next_match(&none, true, true));
    }

    #[test]
    fn a_tab_that_is_turned_back_to_is_as_it_was_left() {
        let mut detail = Detail { cursor: 5, offset: 2, ..Detail::new("k".into()) };
        detail.turn("Who", "Trust");
        assert_eq!((detail.tab.as_str(), detail.cursor, detail.offset), ("Trust", 0, 0));
        detail.cursor = 1;
        detail.turn("Trust", "Who");
        assert_eq!((detail.tab.as_str(), detail.cursor, detail.offset), ("Who", 5, 2));
    }
}
