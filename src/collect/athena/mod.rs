//! CloudTrail's log as a table of Athena: what is wanted of it as a neutral expression, the SQL that asks for it, and the
//! rows made into records again. No SDK, no filter language: `collect::aws::athena` asks, `run::athena` translates filters.
//!
//! Rows: the Athena User Guide's tables for CloudTrail ("Query AWS CloudTrail logs"). SQL: what Trino and DuckDB both know,
//! so that a test can execute it.

pub mod claim;
mod cond;
pub mod expr;
pub mod layout;
mod pattern;
pub mod record;
pub mod statement;
#[cfg(test)]
mod tests;

use std::fmt;

/// `DATABASE.TABLE`, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableName {
    pub database: String,
    pub table: String,
}

impl TableName {
    /// Letters, digits, `_` and `-` only: whatever else the Glue catalog may hold is not worth a doubt about SQL.
    ///
    /// # Errors
    /// One line that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let plain = |name: &str| {
            !name.is_empty()
                && name.len() <= 255
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
        };
        match text.split_once('.') {
            Some((database, table)) if plain(database) && plain(table) => {
                // Athena's names are in small letters, however they are written.
                Ok(Self { database: database.to_ascii_lowercase(), table: table.to_ascii_lowercase() })
            }
            _ => Err("give DATABASE.TABLE, of letters, digits, _ and -".into()),
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.database, self.table)
    }
}

/// Of which accounts the logs are read: a log is that of the account in which the event happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Accounts {
    /// The account of the credentials.
    #[default]
    Own,
    /// All that the table's projection names.
    All,
    Only(Vec<String>),
}
