//! The open detail: a document flowed into lines of a width, a cursor on its lines.

use unicode_width::UnicodeWidthStr;

use crate::model::Text;
use crate::panes::{Document, Span, Target, TimeStyle, Tone};

/// Which row's detail is open, and where in it the cursor stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    pub key: Text,
    /// Index into the document's lines, headings not counted.
    pub cursor: usize,
    /// First flowed row that is shown.
    pub offset: usize,
}

/// One row of the flowed document.
#[derive(Clone, Debug, PartialEq)]
pub struct Flowed {
    /// None for headings and blanks.
    pub line: Option<usize>,
    pub spans: Vec<(String, Tone)>,
    pub target: bool,
    pub heading: bool,
}

/// The lines of a document, without headings.
pub fn targets(document: &Document) -> Vec<Option<&Target>> {
    document.sections.iter().flat_map(|section| section.lines.iter().map(|line| line.target.as_ref())).collect()
}

/// Breaks a document into rows of at most `width` cells; long words (ARNs) are cut, never lost.
pub fn flow(document: &Document, width: u16, style: &TimeStyle) -> Vec<Flowed> {
    let width = usize::from(width.max(8));
    let mut rows = Vec::new();
    let mut number = 0;
    for (n, section) in document.sections.iter().enumerate() {
        let heading = |text: &str| Flowed {
            line: None,
            spans: vec![(text.to_owned(), Tone::Title)],
            target: false,
            heading: true,
        };
        if n > 0 {
            rows.push(Flowed { heading: false, ..heading("") });
        }
        rows.push(heading(&section.heading));
        let label_width = section.lines.iter().map(|line| line.label.width()).max().unwrap_or(0).min(width / 3).min(22);
        for line in &section.lines {
            let mut first = " ".repeat(usize::from(line.indent) * 2 + 1);
            if label_width > 0 {
                let mut label = line.label.clone();
                while label.width() > label_width {
                    label.pop();
                }
                let gap = label_width.saturating_sub(label.width()) + 2;
                first.push_str(&label);
                first.push_str(&" ".repeat(gap));
            }
            let hang = first.width().min(width / 2);
            let spans = line.spans.iter().map(|span| match span {
                Span::Text(text, tone) => (text.clone(), *tone),
                Span::Time(time) => {
                    let shown = match style.mode {
                        crate::panes::TimeMode::Relative => style.show(*time),
                        mode => {
                            format!(
                                "{} {} ({})",
                                style.show(*time),
                                mode.label(),
                                crate::panes::cell::ago(*time, style.now)
                            )
                        }
                    };
                    (shown, Tone::Plain)
                }
            });
            let words: Vec<(String, Tone)> = std::iter::once((first, Tone::Dim)).chain(spans).collect();
            for spans in wrap(words, width, hang) {
                rows.push(Flowed { line: Some(number), spans, target: line.target.is_some(), heading: false });
            }
            number += 1;
        }
    }
    rows
}

/// Breaks runs of text at blanks into rows; following rows hang under the text.
fn wrap(spans: Vec<(String, Tone)>, width: usize, hang: usize) -> Vec<Vec<(String, Tone)>> {
    let mut rows: Vec<Vec<(String, Tone)>> = vec![Vec::new()];
    let mut used = 0;
    for (n, (text, tone)) in spans.into_iter().enumerate() {
        // The label is kept whole.
        let pieces: Vec<&str> = if n == 0 { vec![&text] } else { text.split_inclusive(' ').collect() };
        for piece in pieces {
            if used + piece.trim_end().width() > width && used > hang {
                rows.push(vec![(" ".repeat(hang), Tone::Plain)]);
                used = hang;
            }
            for c in piece.chars() {
                let cell = unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
                if used + cell > width {
                    if c == ' ' {
                        continue;
                    }
                    rows.push(vec![(" ".repeat(hang), Tone::Plain)]);
                    used = hang;
                }
                used += cell;
                let row = rows.last_mut().expect("there is always a row");
                match row.last_mut() {
                    Some((run, run_tone)) if *run_tone == tone => run.push(c),
                    _ => row.push((c.to_string(), tone)),
                }
            }
        }
    }
    rows
}

impl Detail {
    pub fn new(key: Text) -> Self {
        Self { key, cursor: 0, offset: 0 }
    }

    /// Moves the cursor by lines and keeps it in sight.
    pub fn step(&mut self, rows: &[Flowed], by: isize, height: usize) -> bool {
        let before = (self.cursor, self.offset);
        let last = rows.iter().filter_map(|row| row.line).max().unwrap_or(0);
        self.cursor = self.cursor.saturating_add_signed(by).min(last);
        self.clamp(rows, height);
        before != (self.cursor, self.offset)
    }

    pub fn clamp(&mut self, rows: &[Flowed], height: usize) {
        let height = height.max(1);
        let first = rows.iter().position(|row| row.line == Some(self.cursor)).unwrap_or(0);
        let end = rows.iter().rposition(|row| row.line == Some(self.cursor)).unwrap_or(0);
        // The heading above the first line of a section belongs to it.
        let top = if self.cursor == 0 { 0 } else { first.saturating_sub(1) };
        self.offset = self.offset.min(rows.len().saturating_sub(height)).min(top.max(end.saturating_sub(height - 1)));
        if end >= self.offset + height {
            self.offset = (end + 1 - height).min(first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panes::Line;
    use jiff::Timestamp;

    #[test]
    fn long_words_are_cut_and_nothing_is_lost() {
        let arn = "arn:aws:iam::111122223333:role/a-very-long-role-name-indeed-that-does-not-fit-anywhere";
        let document = Document::new("x").section("S", vec![Line::field("ARN", arn)]);
        let rows = flow(&document, 30, &TimeStyle::utc(Timestamp::UNIX_EPOCH));
        let text: String = rows.iter().skip(1).flat_map(|row| row.spans.iter().map(|(t, _)| t.trim())).collect();
        assert!(text.contains(arn), "{text}");
        for row in &rows {
            assert!(row.spans.iter().map(|(t, _)| t.width()).sum::<usize>() <= 30);
        }
    }
}
