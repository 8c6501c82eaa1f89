//! What the keys for copying put on the clipboard.

use super::{App, Effect};
use crate::panes::Tone;

impl App {
    pub(super) fn copy_cell(&mut self) -> Vec<Effect> {
        if let Some((_, node)) = self.raw.as_ref().and_then(super::raw::Raw::current) {
            return vec![Effect::Copy { what: "value", text: node.text.clone() }];
        }
        if let Some(line) = self.detail.as_ref().and_then(|detail| self.opened.line(detail.cursor)) {
            return vec![Effect::Copy { what: "line", text: line.plain(&self.style()).trim().to_owned() }];
        }
        match self.cell() {
            Some((_, text)) => vec![Effect::Copy { what: "cell", text }],
            None => Vec::new(),
        }
    }

    pub(super) fn copy_row(&mut self) -> Vec<Effect> {
        let pane = self.pane.pane();
        let style = self.style();
        if self.list().is_grouped() {
            return self.copy_group();
        }
        let line = |row: usize| {
            let cells = pane.columns.iter().map(|column| (column.cell)(&self.a, row).value.show(&style).into_owned());
            cells.collect::<Vec<_>>().join("\t")
        };
        let rows: Vec<String> = self.list().chosen(&self.a).into_iter().map(line).collect();
        match rows.len() {
            0 => Vec::new(),
            1 => vec![Effect::Copy { what: "row", text: rows.concat() }],
            _ => vec![Effect::Copy { what: "rows", text: rows.join("\n") }],
        }
    }

    /// The group under the cursor: its count, when first and last, and what its rows have in common.
    pub(super) fn copy_group(&self) -> Vec<Effect> {
        let (list, pane) = (self.list(), self.pane.pane());
        let Some(group) = list.groups.get(list.cursor) else { return Vec::new() };
        let style = self.style();
        let time = |seconds: u32| match jiff::Timestamp::from_second(i64::from(seconds)) {
            Ok(time) if seconds > 0 => style.show(time),
            _ => "-".to_owned(),
        };
        let mut cells = vec![group.count.to_string(), time(group.first), time(group.last)];
        let cell = |&column: &usize| (pane.columns[column].cell)(&self.a, group.row as usize).value;
        cells.extend(list.grouping.iter().map(|column| cell(column).show(&style).into_owned()));
        vec![Effect::Copy { what: "group", text: cells.join("\t") }]
    }

    pub(super) fn copy_arn(&mut self) -> Vec<Effect> {
        let pane = self.pane.pane();
        let arn = |row: usize| {
            let key = (pane.key)(&self.a, row);
            let column = pane
                .column("arn")
                .map(|column| (pane.columns[column].cell)(&self.a, row).value.show(&self.style()).into_owned());
            column.into_iter().chain([key.to_string()]).find(|text| text.starts_with("arn:"))
        };
        let arns: Vec<String> = self.list().chosen(&self.a).into_iter().filter_map(arn).collect();
        if arns.is_empty() {
            self.say("this row has no ARN", Tone::Plain);
            return Vec::new();
        }
        vec![Effect::Copy { what: "ARN", text: arns.join("\n") }]
    }

    pub(super) fn copy_json(&mut self) -> Vec<Effect> {
        let value = match &self.raw {
            Some(raw) => raw.value.clone(),
            None => {
                let pane = self.pane.pane();
                let rows = self.list().chosen(&self.a);
                match rows[..] {
                    [] => return Vec::new(),
                    [row] => (pane.raw)(&self.a, row),
                    _ => rows.into_iter().map(|row| (pane.raw)(&self.a, row)).collect(),
                }
            }
        };
        let text = serde_json::to_string_pretty(&value).unwrap_or_default();
        vec![Effect::Copy { what: "JSON", text }]
    }

    /// The open tab as text, with its headings, as wide as it needs.
    pub(super) fn copy_detail(&mut self) -> Vec<Effect> {
        let Some(document) = self.document() else {
            self.say("no detail is open", Tone::Plain);
            return Vec::new();
        };
        let rows = super::flow::flow(self.opened.sections(), u16::MAX, &self.style(), "");
        let lines = rows.iter().map(|row| row.text().trim_end().to_owned());
        let text = std::iter::once(document.title.clone()).chain(lines).collect::<Vec<_>>().join("\n");
        vec![Effect::Copy { what: "detail", text }]
    }
}
