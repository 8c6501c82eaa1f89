//! Reads the embedded files of `assets/demo`. They are part of the program, so an error in one is a bug of ours:
//! the tests read every file, and a reader may rely on that.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::model::Text;

pub const ACCOUNT: &str = include_str!("../../../assets/demo/account.toml");
pub const CALLS: &str = include_str!("../../../assets/demo/calls.toml");
pub const HABITS: &str = include_str!("../../../assets/demo/habits.toml");
pub const IAM: &str = include_str!("../../../assets/demo/iam.toml");
pub const IDENTITY_CENTER: &str = include_str!("../../../assets/demo/identity_center.toml");
pub const ORGANIZATION: &str = include_str!("../../../assets/demo/organization.toml");
pub const POLICIES: &str = include_str!("../../../assets/demo/policies.toml");
pub const RESIDENTS: &str = include_str!("../../../assets/demo/residents.toml");
pub const STORIES: &str = include_str!("../../../assets/demo/stories.toml");

/// # Panics
/// When an embedded file is not what its reader says; a test reads them all.
pub fn read<T: DeserializeOwned>(file: &str) -> T {
    match toml::from_str(file) {
        Ok(read) => read,
        Err(error) => panic!("an embedded file of the sample is not valid: {error}"),
    }
}

/// A JSON document on one line, as AWS sends policies. A document that is not JSON stays as it is.
pub fn document(text: &str) -> Text {
    match serde_json::from_str::<Value>(text) {
        Ok(value) => Text::from(value.to_string()),
        Err(_) => Text::new(text),
    }
}
