//! The residents pane.

use super::{Column, Document, Pane, PaneId};
use crate::panes::Cell;

pub static RESIDENTS: Pane = Pane {
    id: PaneId::Residents,
    name: "residents",
    title: "Residents",
    about: "",
    asks: &[],
    rows: |a| a.residents.len(),
    key: |a, row| a.residents[row].key.clone(),
    columns: &[Column::share("name", "NAME", 10, 1, 0, |a, row| Cell::text(a.residents[row].key.as_str()))],
    time: None,
    sort: None,
    detail: |_, _| Document::default(),
    raw: |_, _| serde_json::Value::Null,
    jumps: &[],
    empty: "",
};
