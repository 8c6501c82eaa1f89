//! The delegation pane.

use super::{Column, Document, Pane, PaneId};
use crate::panes::Cell;

pub static DELEGATION: Pane = Pane {
    id: PaneId::Delegation,
    name: "delegation",
    title: "Delegation",
    about: "",
    asks: &[],
    rows: |a| a.delegation.len(),
    key: |a, row| a.delegation[row].key.clone(),
    columns: &[Column::share("name", "NAME", 10, 1, 0, |a, row| Cell::text(a.delegation[row].key.as_str()))],
    time: None,
    sort: None,
    detail: |_, _| Document::default(),
    raw: |_, _| serde_json::Value::Null,
    jumps: &[],
    empty: "",
};
