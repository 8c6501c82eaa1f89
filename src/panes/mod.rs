//! What each screen says, as data: a pane names its rows, columns, detail and jumps, and everything else
//! (drawing, sorting, filtering, copying, export, help) follows from that. No terminal type here, no clock.

pub mod activity;
pub mod cell;
pub mod complete;
pub mod coverage;
pub mod delegation;
pub mod document;
pub mod filter;
pub mod group;
pub mod histogram;
pub mod order;
pub mod overview;
pub mod principals;
pub mod raw;
pub mod residents;
pub mod sentence;
pub mod tree;

use serde_json::Value as Json;

use crate::analysis::Assessment;
use crate::analysis::activity::Mark;
use crate::model::log::{EventLog, Field, Key};
use crate::model::{Ask, Text};

pub use cell::{Cell, TimeMode, TimeStyle, Tone, Value};
pub use document::{Document, Line, Section, Span, Tab, Target};

/// Every pane, in the order of its digit.
pub static ALL: &[&Pane] = &[
    &overview::OVERVIEW,
    &principals::PRINCIPALS,
    &activity::ACTIVITY,
    &residents::RESIDENTS,
    &delegation::DELEGATION,
    &coverage::COVERAGE,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PaneId {
    Overview,
    Principals,
    Activity,
    Residents,
    Delegation,
    Coverage,
}

impl PaneId {
    pub fn pane(self) -> &'static Pane {
        ALL.iter().find(|pane| pane.id == self).expect("every pane id is listed in ALL")
    }

    pub fn name(self) -> &'static str {
        self.pane().name
    }

    pub fn from_name(name: &str) -> Option<Self> {
        ALL.iter().find(|pane| pane.name == name).map(|pane| pane.id)
    }
}

/// How wide a column may be, in terminal cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// Always this wide.
    Fixed(u16),
    /// At least so wide; shares what is left with others by weight.
    Share { least: u16, weight: u16 },
}

/// One column: what a row says under it. One function gives text, order and filter value alike.
pub struct Column {
    /// Kebab-case, for filters and exports; never changes.
    pub name: &'static str,
    pub title: &'static str,
    pub width: Width,
    /// Columns with a greater number go first when the screen is narrow; 0 always stays.
    pub spare: u8,
    /// What decides the cell, in a pane of events.
    pub of: Of,
    /// A search over all columns looks here only for so many characters and more.
    pub least: usize,
    pub cell: for<'a> fn(&'a Assessment, usize) -> Cell<'a>,
}

impl Column {
    pub const fn fixed(
        name: &'static str,
        title: &'static str,
        width: u16,
        spare: u8,
        cell: for<'a> fn(&'a Assessment, usize) -> Cell<'a>,
    ) -> Self {
        Self { name, title, width: Width::Fixed(width), spare, of: Of::Row, least: 0, cell }
    }

    pub const fn share(
        name: &'static str,
        title: &'static str,
        least: u16,
        weight: u16,
        spare: u8,
        cell: for<'a> fn(&'a Assessment, usize) -> Cell<'a>,
    ) -> Self {
        Self { name, title, width: Width::Share { least, weight }, spare, of: Of::Row, least: 0, cell }
    }

    pub const fn of(self, of: Of) -> Self {
        Self { of, ..self }
    }

    pub const fn least(self, least: usize) -> Self {
        Self { least, ..self }
    }
}

/// What decides a cell of a pane of events: events that agree in it have the same cell, so that millions of them are
/// filtered and sorted by numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// The event itself.
    Row,
    /// The event itself; the cell is yes or no, in which no text is found.
    Flag,
    /// Its time, which is the cell.
    Time,
    /// Its id, which is the cell.
    Id,
    /// A key of the log.
    Key(Key),
    /// A word of the log, which is the cell's text.
    Word(Field),
    /// What the assessment knows of it.
    Mark(Mark),
}

/// A way from a row to related rows elsewhere. None: there is nothing to go to, for the reason given.
pub struct Jump {
    /// Such as `events`, `principal`, `residents`, `account`.
    pub name: &'static str,
    pub to: fn(&Assessment, usize) -> Result<Target, &'static str>,
}

/// A screen as data. Functions take the assessment and a row's index in it.
pub struct Pane {
    pub id: PaneId,
    /// Kebab-case, for the command line and the palette.
    pub name: &'static str,
    pub title: &'static str,
    /// One sentence for the help.
    pub about: &'static str,
    /// The questions whose answers it shows: its coverage line.
    pub asks: &'static [Ask],
    pub rows: fn(&Assessment) -> usize,
    /// The numbers of the rows in the assessment's order, where they are not 0, 1, 2, ...
    pub order: Option<for<'a> fn(&'a Assessment) -> &'a [u32]>,
    /// The log whose events the rows are, a row's number being its event's.
    pub log: Option<for<'a> fn(&'a Assessment) -> &'a EventLog>,
    /// Stays the same through refresh, sort and filter.
    pub key: fn(&Assessment, usize) -> Text,
    pub columns: &'static [Column],
    /// The column that `since:` looks at, if any.
    pub time: Option<&'static str>,
    /// Column and whether descending; none: the assessment's own order.
    pub sort: Option<(&'static str, bool)>,
    pub detail: fn(&Assessment, usize) -> Document,
    pub raw: fn(&Assessment, usize) -> Json,
    pub jumps: &'static [Jump],
    /// What to say when there is no row at all and all was read.
    pub empty: &'static str,
    /// Words that stand for a term of the filter language: `error` for `error!=""`.
    pub short: &'static [(&'static str, &'static str)],
    /// Fields that are no columns.
    pub questions: &'static [Question],
    /// Whether a row is one to look at next: a rule raised, a call denied.
    pub notable: Option<fn(&Assessment, usize) -> bool>,
    /// A term that leaves out what is mostly in the way.
    pub noise: Option<&'static str>,
    /// What its columns' words mean, for the help: a word, and a sentence.
    pub words: fn() -> Vec<(&'static str, &'static str)>,
}

/// A table that is no pane: an answer to one question, for reports.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    /// Name and heading of each column.
    pub columns: &'static [(&'static str, &'static str)],
    /// A value for each column.
    pub rows: Vec<Vec<Value<'static>>>,
}

/// A field of filters that is no column: what is typed is asked of each row.
pub struct Question {
    /// As in `can:"iam:PassRole"`.
    pub name: &'static str,
    pub about: &'static str,
    /// Checks what was typed. Err: what is wrong with it.
    pub check: fn(&str) -> Result<(), String>,
    /// Tells of each row whether it answers with yes; asked once for all rows, so that what they have in common is looked up
    /// once. `certain`: an answer that cannot be told is no yes.
    pub holds: for<'a> fn(&'a Assessment, text: &'a str, certain: bool) -> Holds<'a>,
    /// The heading under which a list that was asked shows each row's answer, and the answer in a word.
    pub title: &'static str,
    pub answer: fn(&Assessment, usize, text: &str) -> Cell<'static>,
    /// The answer with its reasons, for the detail.
    pub explain: fn(&Assessment, usize, text: &str) -> Section,
}

/// Of a row's number: whether it answers with yes.
pub type Holds<'a> = Box<dyn Fn(usize) -> bool + Send + Sync + 'a>;

/// A question with what was typed.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    pub question: &'static Question,
    pub text: &'a str,
}

impl Asked<'_> {
    pub fn answer(&self, a: &Assessment, row: usize) -> Cell<'static> {
        (self.question.answer)(a, row, self.text)
    }

    pub fn explain(&self, a: &Assessment, row: usize) -> Section {
        (self.question.explain)(a, row, self.text)
    }
}

impl std::fmt::Debug for Pane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Pane({})", self.name)
    }
}

impl Pane {
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The numbers of all rows, in the assessment's order.
    pub fn all(&self, a: &Assessment) -> Vec<u32> {
        match self.order {
            Some(order) => order(a).to_vec(),
            None => (0..u32::try_from((self.rows)(a)).unwrap_or(u32::MAX)).collect(),
        }
    }

    pub fn find(&self, a: &Assessment, key: &str) -> Option<usize> {
        if let Some(log) = self.log {
            // An event's number is in its key.
            let row = activity::row(key).filter(|&row| row < log(a).rows())?;
            return ((self.key)(a, row) == *key).then_some(row);
        }
        (0..(self.rows)(a)).find(|&row| (self.key)(a, row) == *key)
    }
}
