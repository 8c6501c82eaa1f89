//! Rows folded into groups, and time narrowed and widened: what the keys for both do.

use std::sync::Arc;

use jiff::Timestamp;

use super::picker::{Picker, Purpose};
use super::{App, Overlay};
use crate::panes::filter::{and, quote};
use crate::panes::{Target, Tone, Value};

/// How much narrower or wider time becomes with a key.
const STEP: i64 = 4;
/// The least span of time, in seconds.
const LEAST: i64 = 20;

impl App {
    pub(super) fn open_group_picker(&mut self) {
        let mut picker = Picker::columns(self.pane.pane(), Purpose::Group);
        picker.cursor = self.list().meant();
        self.overlay = Some(Overlay::Picker(picker));
    }

    /// Enter on a group: its rows.
    pub(super) fn open_group(&mut self) {
        let (list, pane) = (self.list(), self.pane.pane());
        let Some(row) = list.row() else { return };
        let style = crate::panes::TimeStyle::utc(self.as_of());
        let term = |&column: &usize| {
            let column = &pane.columns[column];
            let value = (column.cell)(&self.a, row).value;
            format!("{}={}", column.name, quote(&value.show(&style)))
        };
        let terms: Vec<String> = list.grouping.iter().map(term).collect();
        let target = Target::Filter(self.pane, and(&list.text, &terms.join(" ")));
        self.follow(&target);
    }

    /// `s` while rows are folded: the next order.
    pub(super) fn next_group_order(&mut self) {
        let list = self.list_mut();
        list.group_order = list.group_order.next();
        list.group_turned = false;
        list.stale = true;
        let word = self.list().group_order.word();
        self.say(format!("by {word}"), Tone::Plain);
    }

    pub(super) fn toggle_insight(&mut self) {
        if self.pane.pane().log.is_none() {
            return self.say("only events have a histogram", Tone::Plain);
        }
        let list = self.list_mut();
        list.insight.open = !list.insight.open;
        list.stale = true;
        self.touch();
    }

    /// Whether keys for time mean the histogram.
    pub(super) fn has_histogram(&self) -> bool {
        self.list().insight.open && self.detail.is_none() && self.raw.is_none()
    }

    /// Narrows the filter to the time around the cursor, or widens it again.
    pub(super) fn zoom_time(&mut self, narrow: bool) {
        if !self.has_histogram() {
            return self.say("time is narrowed and widened with the histogram open", Tone::Plain);
        }
        let a = Arc::clone(&self.a);
        let list = self.list();
        let (rest, before) = without_span(&list.text);
        let whole = a.activity.earliest.zip(a.activity.latest);
        let Some((earliest, latest)) = whole else { return };
        let (from, to) = match before {
            Some(span) => span,
            None => list.insight.histogram.as_ref().and_then(|made| made.span()).unwrap_or((earliest, latest)),
        };
        let at = list.row().and_then(|row| {
            let column = list.pane.column(list.pane.time?)?;
            match (list.pane.columns[column].cell)(&a, row).value {
                Value::Time(time) => Some(time),
                _ => None,
            }
        });
        let length = (to.as_second() - from.as_second()).max(1);
        let (middle, length) = match (narrow, at) {
            (true, Some(at)) => (at.as_second(), (length / STEP).max(LEAST)),
            (true, None) => (from.as_second().midpoint(to.as_second()), (length / STEP).max(LEAST)),
            (false, _) => (from.as_second().midpoint(to.as_second()), length.saturating_mul(STEP)),
        };
        let (first, last) = (middle - length / 2, middle + length - length / 2);
        let is_whole = first <= earliest.as_second() && last >= latest.as_second();
        let (rest, is_at_its_end) = (rest.to_owned(), !narrow && before.is_none());
        let moment = |seconds: i64| Timestamp::from_second(seconds).ok();
        let text = match moment(first).zip(moment(last)) {
            Some((first, last)) if !is_whole => and(&rest, &format!("between:{first}..{last}")),
            _ if is_at_its_end => return self.say("this is all the time there is", Tone::Plain),
            _ => rest,
        };
        self.list_mut().set_filter(&text);
        self.touch();
    }
}

/// A filter's text without the span that it ends with, and that span.
fn without_span(text: &str) -> (&str, Option<(Timestamp, Timestamp)>) {
    let (rest, last) = text.rsplit_once(' ').unwrap_or(("", text));
    let span = last.strip_prefix("between:").and_then(|span| {
        let (from, to) = span.split_once("..")?;
        Some((from.parse().ok()?, to.parse().ok()?))
    });
    match span {
        // Brackets that were put around alternatives stay: they change nothing.
        Some(span) => (rest, Some(span)),
        None => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_span_at_the_end_is_taken_away() {
        let span = "between:2026-11-01T00:00:00Z..2026-11-02T00:00:00Z";
        assert_eq!(without_span(&format!("root {span}")).0, "root");
        assert_eq!(without_span(span).0, "");
        assert!(without_span(span).1.is_some());
        assert_eq!(without_span("root between:3d..1d"), ("root between:3d..1d", None));
    }
}
