//! The document of the open detail, kept: it is made when the row or the assessment is another one, and flowed anew
//! when width, times, tab or search are. Keys that only move make nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::detail::Detail;
use super::flow::{Flowed, flow};
use crate::analysis::Assessment;
use crate::model::Text;
use crate::panes::{Asked, Document, Line, Pane, Section, Tab, TimeMode, TimeStyle};

#[derive(Debug, Default)]
pub struct Opened {
    page: Option<Page>,
    /// How many documents and tabs were made since the start: what a test holds against a held key.
    pub made: usize,
    /// How many times a tab was flowed.
    pub flows: usize,
}

/// The document of one row of one assessment.
#[derive(Debug)]
struct Page {
    a: Arc<Assessment>,
    pane: &'static Pane,
    key: Text,
    row: usize,
    /// What the list's filter asks of its rows: the answer comes first.
    question: String,
    document: Document,
    /// The sections of tabs that were made when they were opened.
    later: BTreeMap<usize, Vec<Section>>,
    tab: usize,
    flowed: Option<Flowing>,
}

#[derive(Debug)]
struct Flowing {
    for_what: Look,
    rows: Vec<Flowed>,
}

/// What the rows of a flowed tab depend on, beside its sections.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Look {
    tab: usize,
    width: u16,
    mode: TimeMode,
    /// Ages are told to the second.
    second: i64,
    search: String,
}

impl Opened {
    /// Brings what is kept up to what the detail shows. `guess` is the row that the detail is probably of; `asked` what the
    /// list's filter asks of it.
    pub fn keep(
        &mut self,
        pane: &'static Pane,
        a: &Arc<Assessment>,
        detail: &Detail,
        guess: Option<usize>,
        asked: Option<Asked<'_>>,
        (width, style): (u16, &TimeStyle),
    ) {
        let question = asked.map_or("", |asked| asked.text);
        let same = self.page.as_ref().is_some_and(|page| {
            Arc::ptr_eq(&page.a, a) && page.pane.id == pane.id && page.key == detail.key && page.question == question
        });
        if !same {
            let row = guess.filter(|&row| (pane.key)(a, row) == detail.key).or_else(|| pane.find(a, &detail.key));
            self.page = row.map(|row| {
                self.made += 1;
                let document = (pane.detail)(a, row);
                let document = match asked {
                    Some(asked) => document.first(asked.explain(a, row)),
                    None => document,
                };
                let (a, key, question) = (Arc::clone(a), detail.key.clone(), question.to_owned());
                Page { a, pane, key, row, question, document, later: BTreeMap::new(), tab: 0, flowed: None }
            });
        }
        let Some(page) = &mut self.page else { return };
        page.tab = page.document.find(&detail.tab).unwrap_or(0);
        let second = style.now.as_second();
        let look = Look { tab: page.tab, width, mode: style.mode, second, search: detail.search.clone() };
        if page.flowed.as_ref().is_some_and(|flowed| flowed.for_what == look) {
            return;
        }
        if page.document.tabs()[page.tab].ready().is_none() && !page.later.contains_key(&page.tab) {
            self.made += 1;
            let sections = page.document.tabs()[page.tab].sections(&page.a, page.row).into_owned();
            page.later.insert(page.tab, sections);
        }
        self.flows += 1;
        let rows = flow(page.sections(), width, style, &look.search);
        page.flowed = Some(Flowing { for_what: look, rows });
    }

    /// No detail is open.
    pub fn close(&mut self) {
        self.page = None;
    }

    pub fn document(&self) -> Option<&Document> {
        self.page.as_ref().map(|page| &page.document)
    }

    /// The row's index in its assessment.
    pub fn row(&self) -> Option<usize> {
        self.page.as_ref().map(|page| page.row)
    }

    /// The tabs, and which of them is open.
    pub fn tabs(&self) -> (&[Tab], usize) {
        self.page.as_ref().map_or((&[], 0), |page| (page.document.tabs(), page.tab))
    }

    /// The rows of the open tab.
    pub fn rows(&self) -> &[Flowed] {
        self.page.as_ref().and_then(|page| page.flowed.as_ref()).map_or(&[], |flowed| &flowed.rows)
    }

    pub fn sections(&self) -> &[Section] {
        self.page.as_ref().map_or(&[], Page::sections)
    }

    /// A line of the open tab, headings not counted.
    pub fn line(&self, at: usize) -> Option<&Line> {
        self.sections().iter().flat_map(|section| &section.lines).nth(at)
    }
}

impl Page {
    /// Those of the open tab.
    fn sections(&self) -> &[Section] {
        let ready = self.document.tabs()[self.tab].ready();
        ready.or_else(|| self.later.get(&self.tab).map(Vec::as_slice)).unwrap_or(&[])
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell as Counter;

    use super::*;
    use crate::panes::PaneId;
    use jiff::Timestamp;
    use serde_json::Value;

    thread_local! {
        static DOCUMENTS: Counter<usize> = const { Counter::new(0) };
        static LATER: Counter<usize> = const { Counter::new(0) };
    }

    static PANE: Pane = Pane {
        id: PaneId::Overview,
        name: "test",
        title: "Test",
        about: "",
        asks: &[],
        rows: |_| 3,
        order: None,
        log: None,
        key: |_, row| Text::new(&row.to_string()),
        columns: &[],
        time: None,
        sort: None,
        detail: |_, row| {
            DOCUMENTS.set(DOCUMENTS.get() + 1);
            let document = Document::new(format!("row {row}")).tab("Now").section("s", vec![Line::text("now")]);
            let later = |_: &Assessment, row: usize| {
                LATER.set(LATER.get() + 1);
                vec![Section::new("l", (0..9).map(|n| Line::text(format!("later {n} of {row}"))).collect())]
            };
            // The middle row has no such tab.
            if row == 1 { document } else { document.tab_later("Later", later) }
        },
        raw: |_, _| Value::Null,
        jumps: &[],
        empty: "",
        short: &[],
        questions: &[],
        notable: None,
        noise: None,
        words: Vec::new,
    };

    fn counts() -> (usize, usize) {
        (DOCUMENTS.get(), LATER.get())
    }

    fn style() -> TimeStyle {
        TimeStyle::utc(Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn what_is_shown_is_made_once_and_a_tab_for_later_when_it_is_opened() {
        let a: Arc<Assessment> = Arc::default();
        let mut opened = Opened::default();
        let mut detail = Detail::new("0".into());
        for _ in 0..20 {
            opened.keep(&PANE, &a, &detail, None, None, (40, &style()));
        }
        assert_eq!((counts(), opened.flows), ((1, 0), 1));
        detail.turn("Now", "Later");
        for width in [40, 50, 40] {
            opened.keep(&PANE, &a, &detail, Some(2), None, (width, &style()));
            detail.step(opened.rows(), 1, 4);
        }
        assert_eq!((counts(), opened.flows), ((1, 1), 4));
        assert_eq!(opened.line(3), Some(&Line::text("later 3 of 0")));
        detail.search = "8".into();
        opened.keep(&PANE, &a, &detail, None, None, (40, &style()));
        assert_eq!((counts(), opened.flows), ((1, 1), 5), "a search flows, and makes nothing");
    }

    #[test]
    fn another_assessment_row_or_second_is_not_answered_from_what_is_kept() {
        let a: Arc<Assessment> = Arc::default();
        let mut opened = Opened::default();
        let detail = Detail::after_jump("0".into(), "Later");
        opened.keep(&PANE, &a, &detail, None, None, (40, &style()));
        let before = counts();
        opened.keep(&PANE, &Arc::default(), &detail, None, None, (40, &style()));
        assert_eq!(counts(), (before.0 + 1, before.1 + 1));
        let other = detail.of("1".into());
        opened.keep(&PANE, &a, &other, None, None, (40, &style()));
        assert_eq!(opened.tabs().1, 0, "a row without that tab shows its first");
        opened.keep(&PANE, &a, &other.of("2".into()), None, None, (40, &style()));
        assert_eq!((opened.tabs().1, opened.row()), (1, Some(2)), "and the next that has it shows it again");
        let flows = opened.flows;
        let later = TimeStyle { now: Timestamp::from_second(1).expect("a time"), ..style() };
        opened.keep(&PANE, &a, &other.of("2".into()), None, None, (40, &later));
        assert_eq!(opened.flows, flows + 1, "ages go on");
        opened.keep(&PANE, &a, &detail.of("gone".into()), None, None, (40, &style()));
        assert!(opened.document().is_none() && opened.rows().is_empty());
    }
}
