//! Rows of the delegation pane.

use crate::model::Text;

use super::Assessment;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct DelegationRow {
    pub key: Text,
}

pub fn assess(_a: &Assessment) -> Vec<DelegationRow> {
    Vec::new()
}
