//! A list's state: filter, order, cursor, offset, column, marks. The rows themselves are the pane's.

use std::collections::BTreeSet;

use super::insight::Insight;
use crate::analysis::Assessment;
use crate::model::Text;
use crate::panes::filter::{Filter, FilterError};
use crate::panes::group::{Group, GroupOrder, groups};
use crate::panes::order::{Sort, order};
use crate::panes::{Pane, PaneId};

#[derive(Debug)]
pub struct List {
    pub pane: &'static Pane,
    /// As typed; may be broken while `filter` is the last that was not.
    pub text: String,
    pub filter: Filter,
    pub error: Option<FilterError>,
    pub sort: Option<Sort>,
    /// The columns by which rows are folded; none: they are not.
    pub grouping: Vec<usize>,
    pub group_order: GroupOrder,
    pub group_turned: bool,
    /// While rows are folded: what stands for each of `rows`.
    pub groups: Vec<Group>,
    /// What stands beside the list.
    pub insight: Insight,
    /// Indices of the assessment's rows, as shown; while they are folded, one of each group.
    pub rows: Vec<u32>,
    /// How many match the filter, folded or not.
    pub matched: usize,
    /// How many there are without the filter.
    pub total: usize,
    pub cursor: usize,
    pub offset: usize,
    /// The column that `=`, `#`, `s` and `y c` mean.
    pub column: usize,
    pub marks: BTreeSet<Text>,
    last_mark: Option<Text>,
    /// The row under the cursor, once the user has looked at the list: it stays there when rows come.
    anchor: Option<Text>,
    /// The assessment or filter has changed since the rows were ordered.
    pub stale: bool,
}

impl List {
    pub fn new(pane: PaneId) -> Self {
        let pane = pane.pane();
        Self {
            pane,
            text: String::new(),
            filter: Filter::default(),
            error: None,
            sort: pane.default_sort(),
            grouping: Vec::new(),
            group_order: GroupOrder::default(),
            group_turned: false,
            groups: Vec::new(),
            insight: Insight::default(),
            rows: Vec::new(),
            matched: 0,
            total: 0,
            cursor: 0,
            offset: 0,
            column: 0,
            marks: BTreeSet::new(),
            last_mark: None,
            anchor: None,
            stale: true,
        }
    }

    /// Takes a new filter text. A broken one is remembered with its error; the last good one goes on.
    pub fn set_filter(&mut self, text: &str) {
        text.clone_into(&mut self.text);
        match Filter::new(text, self.pane) {
            Ok(filter) => {
                self.stale |= filter.text() != self.filter.text();
                self.filter = filter;
                self.error = None;
            }
            Err(error) => self.error = Some(error),
        }
    }

    /// Orders the rows anew. The row under the cursor stays under it, on the same line of the screen.
    pub fn refresh(&mut self, a: &Assessment, height: usize) {
        let line = self.cursor.saturating_sub(self.offset);
        self.total = (self.pane.rows)(a);
        self.rows = order(self.pane, a, &self.filter, self.sort);
        self.matched = self.rows.len();
        self.insight.refresh(self.pane, a, &self.rows);
        self.groups.clear();
        if !self.grouping.is_empty() {
            let (by, turned) = (&self.grouping, self.group_turned);
            self.groups = groups(self.pane, a, &self.rows, by, self.group_order, turned);
            self.rows = self.groups.iter().map(|group| group.row).collect();
        }
        self.stale = false;
        let kept = self
            .anchor
            .as_ref()
            .and_then(|key| self.pane.find(a, key))
            .and_then(|kept| self.rows.iter().position(|&row| row as usize == kept));
        if let Some(at) = kept {
            self.cursor = at;
            self.offset = at.saturating_sub(line);
        }
        self.clamp(height);
    }

    /// Keeps cursor and offset within the rows and the cursor on the screen.
    pub fn clamp(&mut self, height: usize) {
        let height = height.max(1);
        self.cursor = self.cursor.min(self.rows.len().saturating_sub(1));
        self.offset = self.offset.min(self.rows.len().saturating_sub(height)).min(self.cursor);
        if self.cursor >= self.offset + height {
            self.offset = self.cursor + 1 - height;
        }
    }

    /// Moves the cursor by so many rows; `false` when it cannot move.
    pub fn step(&mut self, a: &Assessment, by: isize, height: usize) -> bool {
        let last = self.rows.len().saturating_sub(1);
        self.go(a, self.cursor.saturating_add_signed(by).min(last), height)
    }

    pub fn go(&mut self, a: &Assessment, to: usize, height: usize) -> bool {
        let before = self.cursor;
        self.cursor = to.min(self.rows.len().saturating_sub(1));
        self.clamp(height);
        self.touch(a);
        before != self.cursor
    }

    /// From now on the row under the cursor is held fast.
    pub fn touch(&mut self, a: &Assessment) {
        self.anchor = self.row().map(|row| (self.pane.key)(a, row));
    }

    /// Puts the cursor on the row with this key, if it is shown.
    pub fn select(&mut self, a: &Assessment, key: &str, height: usize) -> bool {
        let found = self.pane.find(a, key);
        let Some(at) = found.and_then(|found| self.rows.iter().position(|&row| row as usize == found)) else {
            return false;
        };
        self.go(a, at, height);
        true
    }

    /// The assessment's index of the row under the cursor.
    pub fn row(&self) -> Option<usize> {
        self.rows.get(self.cursor).map(|&row| row as usize)
    }

    pub fn key(&self, a: &Assessment) -> Option<Text> {
        self.row().map(|row| (self.pane.key)(a, row))
    }

    pub fn toggle_mark(&mut self, a: &Assessment) {
        if let Some(key) = self.key(a) {
            if !self.marks.remove(&key) {
                self.marks.insert(key.clone());
            }
            self.last_mark = Some(key);
        }
    }

    /// Marks all rows from the last mark to the cursor.
    pub fn mark_range(&mut self, a: &Assessment) {
        let keys: Vec<Text> = self.rows.iter().map(|&row| (self.pane.key)(a, row as usize)).collect();
        let from =
            self.last_mark.as_ref().and_then(|mark| keys.iter().position(|key| key == mark)).unwrap_or(self.cursor);
        let (low, high) = (from.min(self.cursor), from.max(self.cursor));
        self.marks.extend(keys.into_iter().take(high + 1).skip(low));
        self.last_mark = self.key(a);
    }

    pub fn unmark_all(&mut self) -> bool {
        let any = !self.marks.is_empty();
        self.marks.clear();
        self.last_mark = None;
        any
    }

    /// Rows that are marked and shown, or the one under the cursor.
    pub fn chosen(&self, a: &Assessment) -> Vec<usize> {
        let marked: Vec<usize> = (self.rows.iter().map(|&row| row as usize))
            .filter(|&row| !self.marks.is_empty() && self.marks.contains(&(self.pane.key)(a, row)))
            .collect();
        if marked.is_empty() { self.row().into_iter().collect() } else { marked }
    }

    pub fn is_grouped(&self) -> bool {
        !self.grouping.is_empty()
    }

    /// Folds rows by this column too; by a column that they are folded by already, no more.
    pub fn group_by(&mut self, column: usize) {
        match self.grouping.iter().position(|&other| other == column) {
            Some(at) => drop(self.grouping.remove(at)),
            None => self.grouping.push(column),
        }
        self.regroup();
    }

    pub fn ungroup(&mut self) {
        self.grouping.clear();
        self.regroup();
    }

    fn regroup(&mut self) {
        (self.cursor, self.offset, self.anchor) = (0, 0, None);
        self.stale = true;
    }

    /// The column that `=`, `#` and copying mean.
    pub fn meant(&self) -> usize {
        self.grouping.first().copied().unwrap_or(self.column)
    }

    pub fn set_sort(&mut self, column: usize) {
        let turned = self.sort.is_some_and(|sort| sort.column == column && !sort.descending);
        self.sort = Some(Sort { column, descending: turned });
        self.stale = true;
    }
}
