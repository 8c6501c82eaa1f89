//! The detail of a row: tabs of sections of lines, in which every claim can lead to its evidence.

use std::borrow::Cow;

use jiff::Timestamp;

use super::PaneId;
use super::cell::{TimeStyle, Tone};
use super::tree::Branch;
use crate::analysis::Assessment;

/// Where Enter leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// One row of a pane, by its key, with its detail open.
    Row(PaneId, String),
    /// The same, with the tab of that name open; the first tab if the row has none of that name.
    Tab(PaneId, String, &'static str),
    /// A pane with a filter.
    Filter(PaneId, String),
    /// The raw JSON of the row itself.
    Raw,
    /// The same, at a place in it: names of fields, numbers of items, or what an item is called. As far as there is one.
    RawAt(Vec<String>),
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
    /// Steps to the right; a tree has guides instead.
    pub indent: u16,
    /// Its place in a tree: what [`Tree`](super::tree::Tree) has worked out.
    pub branch: Option<Branch>,
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

impl Section {
    pub fn new(heading: impl Into<String>, lines: Vec<Line>) -> Self {
        Self { heading: heading.into(), lines }
    }
}

/// The sections of a tab that is made when it is opened, for what costs too much to make for every row: a function of
/// the assessment and the row's index, as everything of a pane.
pub type Later = fn(&Assessment, usize) -> Vec<Section>;

/// One of the pages of a document.
#[derive(Clone, Debug)]
pub struct Tab {
    /// What the tab is found by again in the next row; empty in a document that has no tabs.
    pub name: Cow<'static, str>,
    /// How many things stand in it, where that is worth a number beside its name.
    pub count: Option<usize>,
    body: Body,
}

#[derive(Clone, Debug)]
enum Body {
    Ready(Vec<Section>),
    Later(Later),
}

impl Tab {
    fn new(name: impl Into<Cow<'static, str>>, body: Body) -> Self {
        Self { name: name.into(), count: None, body }
    }

    /// Its sections, made now if they were left for later. Sections without lines are left out.
    pub fn sections(&self, a: &Assessment, row: usize) -> Cow<'_, [Section]> {
        match &self.body {
            Body::Ready(sections) => Cow::Borrowed(sections),
            Body::Later(make) => {
                Cow::Owned(make(a, row).into_iter().filter(|section| !section.lines.is_empty()).collect())
            }
        }
    }

    /// Its sections, unless they are left for later.
    pub fn ready(&self) -> Option<&[Section]> {
        match &self.body {
            Body::Ready(sections) => Some(sections),
            Body::Later(_) => None,
        }
    }

    fn is_empty(&self) -> bool {
        self.ready().is_some_and(<[Section]>::is_empty)
    }
}

/// A title and tabs. A document that names no tab has one without a name, and no line of tabs is shown.
#[derive(Clone, Debug)]
pub struct Document {
    pub title: String,
    tabs: Vec<Tab>,
}

impl Document {
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), tabs: vec![Tab::new("", Body::Ready(Vec::new()))] }
    }

    /// Adds a section to the tab begun last; one without lines is left out. After a tab that is made later, a section
    /// begins a tab of its own.
    #[must_use]
    pub fn section(mut self, heading: impl Into<String>, lines: Vec<Line>) -> Self {
        if lines.is_empty() {
            return self;
        }
        let section = Section::new(heading, lines);
        match self.tabs.last_mut() {
            Some(Tab { body: Body::Ready(sections), .. }) => sections.push(section),
            _ => self.tabs.push(Tab::new(section.heading.clone(), Body::Ready(vec![section]))),
        }
        self
    }

    /// Puts a section before all others.
    #[must_use]
    pub fn first(mut self, section: Section) -> Self {
        if let Some(Tab { body: Body::Ready(sections), .. }) = self.tabs.first_mut() {
            sections.insert(0, section);
        }
        self
    }

    /// Begins a tab: the sections that follow stand in it. One without sections is left out.
    #[must_use]
    pub fn tab(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.begin(Tab::new(name, Body::Ready(Vec::new())))
    }

    /// A tab that is made when it is opened.
    #[must_use]
    pub fn tab_later(self, name: impl Into<Cow<'static, str>>, make: Later) -> Self {
        self.begin(Tab::new(name, Body::Later(make)))
    }

    fn begin(mut self, tab: Tab) -> Self {
        match self.tabs.last_mut() {
            Some(last) if last.is_empty() => *last = tab,
            Some(last) => {
                // Sections that stand before the first tab are a tab too.
                if last.name.is_empty()
                    && let Body::Ready(sections) = &last.body
                    && let Some(first) = sections.first()
                {
                    last.name = first.heading.clone().into();
                }
                self.tabs.push(tab);
            }
            None => self.tabs.push(tab),
        }
        self
    }

    /// How many things stand in the tab begun last.
    #[must_use]
    pub fn count(mut self, count: usize) -> Self {
        if let Some(tab) = self.tabs.last_mut() {
            tab.count = Some(count);
        }
        self
    }

    /// The tabs that hold something, and always at least one.
    pub fn tabs(&self) -> &[Tab] {
        match self.tabs.split_last() {
            Some((last, before)) if last.is_empty() && !before.is_empty() => before,
            _ => &self.tabs,
        }
    }

    /// The index of the tab with this name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.tabs().iter().position(|tab| tab.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Vec<Line> {
        vec![Line::text("x")]
    }

    fn names(document: &Document) -> Vec<&str> {
        document.tabs().iter().map(|tab| &*tab.name).collect()
    }

    #[test]
    fn a_document_without_tabs_is_one_page_without_a_name() {
        let document = Document::new("t").section("A", line()).section("none", vec![]).section("B", line());
        assert_eq!(names(&document), [""]);
        assert_eq!(document.tabs()[0].ready().map(<[Section]>::len), Some(2));
        assert_eq!(names(&Document::new("t")), [""]);
    }

    #[test]
    fn an_empty_tab_is_left_out_wherever_it_stands() {
        let full = Document::new("t").tab("A").section("a", line()).tab("B").section("b", line());
        assert_eq!(names(&full), ["A", "B"]);
        let first = Document::new("t").tab("A").section("a", vec![]).tab("B").section("b", line());
        assert_eq!(names(&first), ["B"]);
        let last = Document::new("t").tab("A").section("a", line()).tab("B").section("b", vec![]);
        assert_eq!(names(&last), ["A"]);
        assert_eq!(last.find("B"), None);
    }

    #[test]
    fn sections_before_the_first_tab_are_a_tab() {
        let document = Document::new("t").section("Who", line()).tab("B").section("b", line()).count(3);
        assert_eq!(names(&document), ["Who", "B"]);
        assert_eq!(document.tabs()[1].count, Some(3));
    }

    #[test]
    fn a_tab_for_later_is_made_when_asked_for() {
        fn make(_: &Assessment, row: usize) -> Vec<Section> {
            vec![Section::new("empty", vec![]), Section::new("made", vec![Line::text(row.to_string())])]
        }
        let document = Document::new("t").tab_later("Later", make).tab("Now").section("n", line());
        assert_eq!(names(&document), ["Later", "Now"]);
        assert!(document.tabs()[0].ready().is_none());
        let sections = document.tabs()[0].sections(&Assessment::default(), 7);
        assert_eq!(sections.iter().map(|section| section.heading.as_str()).collect::<Vec<_>>(), ["made"]);
        assert_eq!(sections[0].lines, vec![Line::text("7")]);
    }
}
