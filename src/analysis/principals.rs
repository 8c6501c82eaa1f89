//! Rows of the principals pane.

use crate::model::Text;

use super::Assessment;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct PrincipalRow {
    pub key: Text,
}

pub fn assess(_a: &Assessment) -> Vec<PrincipalRow> {
    Vec::new()
}
