//! Taking fields out of the AWS CLI's JSON: missing stays missing, an odd shape is passed over, nothing panics.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::model::{Tag, Text};

pub fn str_of<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A missing text is an empty one.
pub fn text(value: &Value, key: &str) -> Text {
    Text::new(str_of(value, key))
}

/// A missing or empty text is none.
pub fn some_text(value: &Value, key: &str) -> Option<Text> {
    Some(str_of(value, key)).filter(|text| !text.is_empty()).map(Text::new)
}

/// An empty list when it is missing.
pub fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

pub fn number(value: &Value, key: &str) -> u32 {
    value.get(key).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok()).unwrap_or_default()
}

pub fn flag(value: &Value, key: &str) -> bool {
    value.get(key).and_then(Value::as_bool).unwrap_or_default()
}

/// ISO 8601 (version 2 of the AWS CLI) or seconds since 1970 (version 1); without a zone it is UTC.
pub fn time(value: &Value, key: &str) -> Option<Timestamp> {
    match value.get(key)? {
        Value::String(text) => text.parse().ok().or_else(|| format!("{text}Z").parse().ok()),
        Value::Number(seconds) => {
            Timestamp::from_duration(SignedDuration::try_from_secs_f64(seconds.as_f64()?).ok()?).ok()
        }
        _ => None,
    }
}

pub fn tags(value: &Value) -> Vec<Tag> {
    list(value, "Tags").iter().map(|tag| Tag { key: text(tag, "Key"), value: text(tag, "Value") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_every_form_of_the_cli() {
        let value = serde_json::json!({ "a": "2026-01-02T03:04:05+00:00", "b": 1_767_323_045.0, "c": "2026-01-02T03:04:05",
            "d": "soon", "e": 1e300, "f": null });
        let expected: Option<Timestamp> = "2026-01-02T03:04:05Z".parse().ok();
        for key in ["a", "b", "c"] {
            assert_eq!(time(&value, key), expected, "{key}");
        }
        for key in ["d", "e", "f", "g"] {
            assert_eq!(time(&value, key), None, "{key}");
        }
    }
}
