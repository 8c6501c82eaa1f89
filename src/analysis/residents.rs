//! Rows of the residents pane.

use crate::model::{Facts, Text};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResidentRow {
    pub key: Text,
}

pub fn assess(_facts: &Facts) -> Vec<ResidentRow> {
    Vec::new()
}
