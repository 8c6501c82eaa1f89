//! The detail of a row: sections of lines, in which every claim can lead to its evidence.

use jiff::Timestamp;

use super::PaneId;
use super::cell::{TimeStyle, Tone};

/// Where Enter leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// One row of a pane, by its key, with its detail open.
    Row(PaneId, String),
    /// A pane with a filter.
    Filter(PaneId, String),
    /// The raw JSON of the row itself.
    Raw,
}

/// A piece of a line. Times stay times, so that one key changes how all are written.
#[derive(Clone, Debug, PartialEq)]
pub enum Span {
    Text(String, Tone),
    Time(Timestamp),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// Shown in a column of its own; empty for running text.
    pub label: String,
    pub spans: Vec<Span>,
    pub target: Option<Target>,
    /// Steps to the right, for trees.
    pub indent: u16,
}

impl Line {
    pub fn text(text: impl Into<String>) -> Self {
        Self { spans: vec![Span::Text(text.into(), Tone::Plain)], ..Self::default() }
    }

    pub fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self { spans: vec![Span::Text(text.into(), tone)], ..Self::default() }
    }

    pub fn field(label: impl Into<String>, text: impl Into<String>) -> Self {
        Self { label: label.into(), ..Self::text(text) }
    }

    pub fn field_toned(label: impl Into<String>, text: impl Into<String>, tone: Tone) -> Self {
        Self { label: label.into(), ..Self::toned(text, tone) }
    }

    /// A time, or what to say instead of one.
    pub fn time(label: impl Into<String>, time: Option<Timestamp>, otherwise: &str) -> Self {
        let span = time.map_or_else(|| Span::Text(otherwise.into(), Tone::Dim), Span::Time);
        Self { label: label.into(), spans: vec![span], ..Self::default() }
    }

    #[must_use]
    pub fn to(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    #[must_use]
    pub fn indent(mut self, steps: u16) -> Self {
        self.indent = steps;
        self
    }

    #[must_use]
    pub fn and(mut self, text: impl Into<String>, tone: Tone) -> Self {
        self.spans.push(Span::Text(text.into(), tone));
        self
    }

    #[must_use]
    pub fn and_time(mut self, time: Timestamp) -> Self {
        self.spans.push(Span::Time(time));
        self
    }

    /// The spans as one string.
    pub fn plain(&self, style: &TimeStyle) -> String {
        self.spans
            .iter()
            .map(|span| match span {
                Span::Text(text, _) => text.clone(),
                Span::Time(time) => format!("{} ({})", style.show(*time), super::cell::ago(*time, style.now)),
            })
            .collect()
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    pub heading: String,
    pub lines: Vec<Line>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    pub title: String,
    pub sections: Vec<Section>,
}

impl Document {
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), sections: Vec::new() }
    }

    /// Adds a section; one without lines is left out.
    #[must_use]
    pub fn section(mut self, heading: impl Into<String>, lines: Vec<Line>) -> Self {
        if !lines.is_empty() {
            self.sections.push(Section { heading: heading.into(), lines });
        }
        self
    }
}
