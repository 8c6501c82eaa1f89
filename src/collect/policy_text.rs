//! Policy documents as one line of JSON, whatever they came as: percent-encoded (IAM's API, RFC 3986), decoded (the
//! AWS CLI), formatted over many lines. [`Text`] would make a line end visible and so spoil the JSON.

use std::fmt::Write;

use serde_json::Value;

use crate::model::Text;
use crate::model::text::is_hostile;

/// A document as IAM or Organizations sends it. What is no JSON stays as it is.
pub fn policy_text(document: &str) -> Text {
    let document = document.trim();
    let decoded = if document.starts_with('%') { decoded(document) } else { document.to_owned() };
    match serde_json::from_str(&decoded) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => compact(&value),
        _ => Text::new(&decoded),
    }
}

/// A document that is JSON already, or a text that holds one.
pub fn policy_json(document: &Value) -> Text {
    match document {
        Value::String(text) => policy_text(text),
        other => compact(other),
    }
}

/// Characters that [`Text`] would rewrite are written as JSON's own escapes, so that the text stays JSON.
fn compact(value: &Value) -> Text {
    let json = value.to_string();
    if !json.chars().any(is_hostile) {
        return Text::new(&json);
    }
    let mut safe = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_hostile(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(c);
        }
    }
    Text::new(&safe)
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.filter(|_| byte == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                rest = &after[2..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_becomes_one_line_of_json() {
        let expected = r#"{"Version":"2012-10-17","Statement":[]}"#;
        for document in [
            expected,
            "{\n  \"Version\": \"2012-10-17\",\r\n\t\"Statement\": [] }\n",
            "%7B%0A%22Version%22%3A%20%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D",
        ] {
            assert_eq!(policy_text(document), expected);
            assert_eq!(policy_json(&serde_json::Value::String(document.into())), expected);
        }
        let value: serde_json::Value = serde_json::from_str(expected).expect("JSON");
        assert_eq!(policy_json(&value), expected);
    }

    #[test]
    fn hostile_characters_leave_it_json() {
        let value = serde_json::json!({ "Sid": "a\u{202e}b\u{1b}\u{e0041}" });
        let text = policy_json(&value);
        assert!(text.is_ascii(), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("still JSON"), value);
    }

    #[test]
    fn what_is_no_policy_stays() {
        assert_eq!(policy_text("%7B%zz%"), "{%zz%");
        assert_eq!(policy_text("\"text\""), "\"text\"");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in ".{0,60}|(%[0-9a-f]{0,2}){0,20}") {
            let _ = policy_text(&text);
        }
    }
}
