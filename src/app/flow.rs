//! Sections flowed into rows of a width: breaks lines, draws the guides of trees, finds what is searched for.

use std::collections::VecDeque;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::model::text::clean;
use crate::panes::tree::Guide;
use crate::panes::{Line, Section, Span, TimeMode, TimeStyle, Tone};

/// Text that looks the same throughout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub text: String,
    pub tone: Tone,
    /// It is what is searched for.
    pub hit: bool,
}

/// One row of a flowed tab.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flowed {
    /// The line that it is part of, headings not counted; none for headings and blanks.
    pub line: Option<usize>,
    pub runs: Vec<Run>,
    /// The line leads further.
    pub target: bool,
    pub heading: bool,
}

impl Flowed {
    pub fn is_hit(&self) -> bool {
        self.runs.iter().any(|run| run.hit)
    }

    /// The row as text.
    pub fn text(&self) -> String {
        self.runs.iter().map(|run| run.text.as_str()).collect()
    }
}

/// Breaks sections into rows of at most `width` cells; long words (ARNs) are cut, never lost. What contains `search`,
/// without regard to case, is marked, also where it is broken over two rows.
pub fn flow(sections: &[Section], width: u16, style: &TimeStyle, search: &str) -> Vec<Flowed> {
    let width = usize::from(width.max(8));
    let search = folded(search);
    let mut rows = Vec::new();
    let mut number = 0;
    for (n, section) in sections.iter().enumerate() {
        if n > 0 {
            rows.push(Flowed::default());
        }
        let mut heading = Rows::new(Vec::new(), Vec::new(), width);
        let text = clean(&section.heading);
        heading.write(&text, Tone::Title, &hits(&text, &search));
        rows.extend(heading.rows.into_iter().map(|runs| Flowed { runs, heading: true, ..Flowed::default() }));
        let labels = Labels::of(section, width);
        for line in &section.lines {
            let (target, line_number) = (line.target.is_some(), Some(number));
            let flowed = flow_line(line, labels, width, style, &search).into_iter();
            rows.extend(flowed.map(|runs| Flowed { line: line_number, runs, target, heading: false }));
            number += 1;
        }
    }
    rows
}

/// What all lines of a section agree about, so that they stand under each other.
#[derive(Clone, Copy)]
struct Labels {
    width: usize,
    /// Cells for each level of a tree: fewer where it is deep.
    step: usize,
}

impl Labels {
    fn of(section: &Section, width: usize) -> Self {
        let plain = section.lines.iter().filter(|line| line.branch.is_none());
        let widest = plain.map(|line| line.label.width()).max().unwrap_or(0);
        let levels = section.lines.iter().filter_map(|line| line.branch.as_ref()).map(|branch| branch.guides.len());
        let deepest = levels.max().unwrap_or(0) + 1;
        let step = (1..=3).rev().find(|step| step * deepest <= width / 2).unwrap_or(1);
        Self { width: widest.min(width / 3).min(22), step }
    }
}

fn flow_line(line: &Line, labels: Labels, width: usize, style: &TimeStyle, search: &[char]) -> Vec<Vec<Run>> {
    let mut rows = match &line.branch {
        Some(branch) => {
            let limit = (width / 2).saturating_sub(1) / labels.step;
            let first = guides(&branch.guides, labels.step, limit);
            // A row that goes on stands further in than what belongs to it.
            let below = guides(&branch.below(), labels.step, limit) + "  ";
            Rows::new(vec![plain(first, Tone::Dim)], vec![plain(below, Tone::Dim)], width)
        }
        None => {
            let indent = " ".repeat((usize::from(line.indent) * 2 + 1).min(width / 2));
            let labelled = if labels.width > 0 { labels.width + 2 } else { 0 };
            let hang = (indent.width() + labelled).min(width / 2);
            Rows::new(vec![plain(indent, Tone::Dim)], vec![plain(" ".repeat(hang), Tone::Plain)], width)
        }
    };
    let label = clean(&line.label);
    match (&line.branch, labels.width) {
        // In a tree there is no column of labels: the label goes before the text.
        (Some(_), _) if !label.is_empty() => rows.write(&format!("{label}  "), Tone::Dim, &hits(&label, search)),
        (None, wide) if wide > 0 => {
            let mut label = label.into_owned();
            while label.width() > wide {
                label.pop();
            }
            let found = hits(&label, search);
            label.push_str(&" ".repeat(wide.saturating_sub(label.width()) + 2));
            rows.cut(&label, Tone::Dim, &found);
        }
        _ => {}
    }
    let spans: Vec<(String, Tone)> = line.spans.iter().map(|span| shown(span, style)).collect();
    // What is searched for may begin in one span and end in the next.
    let text: String = spans.iter().map(|(text, _)| text.as_str()).collect();
    let mut found: VecDeque<bool> = hits(&text, search).into();
    for (text, tone) in spans {
        let own: Vec<bool> = found.drain(..text.chars().count().min(found.len())).collect();
        rows.write(&text, tone, &own);
    }
    rows.rows
}

/// A span as it is shown. What panes say is clean already, unless one has taken text from elsewhere.
fn shown(span: &Span, style: &TimeStyle) -> (String, Tone) {
    match span {
        Span::Text(text, tone) => (clean(text).into_owned(), *tone),
        Span::Time(time) => {
            let text = style.show(*time);
            let text = match style.mode {
                TimeMode::Relative => text,
                mode => format!("{text} {} ({})", mode.label(), crate::panes::cell::ago(*time, style.now)),
            };
            (text, Tone::Plain)
        }
    }
}

fn plain(text: String, tone: Tone) -> Run {
    Run { text, tone, hit: false }
}

/// The guides of a line as text, `step` cells for each level. A tree that is too deep for the screen loses its outer
/// levels.
fn guides(guides: &[Guide], step: usize, limit: usize) -> String {
    let skip = guides.len().saturating_sub(limit.max(1));
    let mut text = String::from(if skip > 0 { "…" } else { " " });
    for guide in guides.iter().skip(skip) {
        let sign = match guide {
            Guide::Blank => ' ',
            Guide::Through => '│',
            Guide::Branch => '├',
            Guide::Last => '└',
        };
        match step {
            1 => text.push(sign),
            2 => text.extend([sign, ' ']),
            _ => text.extend([' ', sign, ' ']),
        }
    }
    text
}

/// Rows that are being written.
struct Rows {
    rows: Vec<Vec<Run>>,
    below: Vec<Run>,
    width: usize,
    /// Cells of the last row that are taken.
    used: usize,
    /// Cells that the rows below begin with.
    hang: usize,
}

impl Rows {
    /// `first` and `below`: what the first row begins with, and those below.
    fn new(first: Vec<Run>, below: Vec<Run>, width: usize) -> Self {
        let cells = |runs: &[Run]| runs.iter().map(|run| run.text.width()).sum();
        let (used, hang) = (cells(&first), cells(&below));
        Self { rows: vec![first], below, width, used, hang }
    }

    fn next_row(&mut self) {
        self.rows.push(self.below.clone());
        self.used = self.hang;
    }

    /// Text that breaks at blanks; `found` says of each character whether it is searched for.
    fn write(&mut self, text: &str, tone: Tone, found: &[bool]) {
        let mut at = 0;
        for word in text.split_inclusive(' ') {
            if self.used + word.trim_end().width() > self.width && self.used > self.hang {
                self.next_row();
            }
            self.cut(word, tone, found.get(at..).unwrap_or(&[]));
            at += word.chars().count();
        }
    }

    /// Text that breaks anywhere.
    fn cut(&mut self, text: &str, tone: Tone, found: &[bool]) {
        for (n, c) in text.chars().enumerate() {
            let cell = c.width().unwrap_or(0);
            if self.used + cell > self.width {
                if c == ' ' {
                    continue;
                }
                self.next_row();
            }
            self.used += cell;
            let hit = found.get(n).copied().unwrap_or(false);
            let row = self.rows.last_mut().expect("there is always a row");
            match row.last_mut() {
                Some(run) if run.tone == tone && run.hit == hit => run.text.push(c),
                _ => row.push(Run { text: c.to_string(), tone, hit }),
            }
        }
    }
}

/// A text for comparing without regard to case: as many characters as before.
fn folded(text: &str) -> Vec<char> {
    text.chars().map(|c| c.to_lowercase().next().unwrap_or(c)).collect()
}

/// Of each character: whether it is part of what is searched for. Empty when nothing is.
fn hits(text: &str, search: &[char]) -> Vec<bool> {
    if search.is_empty() {
        return Vec::new();
    }
    let text = folded(text);
    let mut found = vec![false; text.len()];
    for at in 0..(text.len() + 1).saturating_sub(search.len()) {
        if text[at..].starts_with(search) {
            found[at..at + search.len()].fill(true);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn rows(lines: Vec<Line>, width: u16, search: &str) -> Vec<Flowed> {
        flow(&[Section::new("S", lines)], width, &TimeStyle::utc(Timestamp::UNIX_EPOCH), search)
    }

    #[test]
    fn long_words_are_cut_and_nothing_is_lost() {
        let arn = "arn:aws:iam::111122223333:role/a-very-long-role-name-indeed-that-does-not-fit-anywhere";
        let rows = rows(vec![Line::field("ARN", arn)], 30, "");
        let text: String = rows.iter().skip(1).flat_map(|row| row.runs.iter().map(|run| run.text.trim())).collect();
        assert!(text.contains(arn), "{text}");
        for row in &rows {
            assert!(row.text().width() <= 30);
        }
    }

    #[test]
    fn what_is_searched_for_is_marked_across_spans_and_rows_and_without_regard_to_case() {
        let line = Line::field("Action", "iam:Pass").and("Role on anything at all", Tone::Dim);
        for width in [12, 20, 80] {
            let rows = rows(vec![line.clone(), Line::text("nothing here")], width, "PASSROLE");
            let hit =
                |row: &Flowed| row.runs.iter().filter(|run| run.hit).map(|run| run.text.clone()).collect::<String>();
            let found: String = rows.iter().map(hit).collect();
            assert_eq!(found.replace(' ', ""), "PassRole", "at {width}");
            assert!(rows.iter().filter(|row| row.is_hit()).all(|row| row.line == Some(0)));
        }
        assert!(rows(vec![line], 80, "").iter().all(|row| !row.is_hit()));
    }

    proptest::proptest! {
        #[test]
        fn no_row_is_wider_than_it_may_be(text in "\\PC{0,60}", label in "[a-z ]{0,30}", indent in 0u16..40, width in 8u16..90, search in "[a-z]{0,2}") {
            let lines = vec![Line::field(label, text.clone()).indent(indent), Line::text(text)];
            for row in rows(lines, width, &search) {
                proptest::prop_assert!(row.text().width() <= usize::from(width), "{:?}", row);
            }
        }
    }
}
