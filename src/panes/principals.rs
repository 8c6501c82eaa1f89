//! The principals pane.

use super::{Column, Document, Pane, PaneId};
use crate::panes::Cell;

pub static PRINCIPALS: Pane = Pane {
    id: PaneId::Principals,
    name: "principals",
    title: "Principals",
    about: "",
    asks: &[],
    rows: |a| a.principals.len(),
    key: |a, row| a.principals[row].key.clone(),
    columns: &[Column::share("name", "NAME", 10, 1, 0, |a, row| Cell::text(a.principals[row].key.as_str()))],
    time: None,
    sort: None,
    detail: |_, _| Document::default(),
    raw: |_, _| serde_json::Value::Null,
    jumps: &[],
    empty: "",
};
