//! The SDK's values as the model's: times and foreign text. Missing stays missing, nothing panics.

use aws_smithy_types::DateTime;
use jiff::Timestamp;

use crate::model::Text;

/// None for a time outside of what can be shown.
pub fn time(from: Option<&DateTime>) -> Option<Timestamp> {
    let from = from?;
    Timestamp::new(from.secs(), i32::try_from(from.subsec_nanos()).ok()?).ok()
}

/// A missing text is an empty one.
pub fn text(from: Option<&str>) -> Text {
    Text::new(from.unwrap_or_default())
}

/// A missing or empty text is none.
pub fn some_text(from: Option<&str>) -> Option<Text> {
    from.filter(|text| !text.is_empty()).map(Text::new)
}

/// A policy document as IAM sends it, percent-encoded (RFC 3986), as its JSON. What is JSON already stays.
pub fn document(from: Option<&str>) -> Text {
    let from = from.unwrap_or_default();
    if from.trim_start().starts_with('{') || !from.contains('%') {
        return Text::new(from);
    }
    let digit = |at: Option<&u8>| at.and_then(|&byte| char::from(byte).to_digit(16));
    let bytes = from.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match (byte, digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                decoded.extend(u8::try_from(high * 16 + low));
                at += 3;
            }
            _ => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    Text::new(&String::from_utf8_lossy(&decoded))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_decoded_once() {
        for (sent, read) in [
            ("%7B%22a%22%3A%20%22b%2Bc%22%7D", r#"{"a": "b+c"}"#),
            (r#"{"a":"100%25"}"#, r#"{"a":"100%25"}"#),
            ("%7B%22%C3%A4%22%7D", r#"{"ä"}"#),
            ("%7B%", "{%"),
            ("%7B%zz%4", "{%zz%4"),
            ("", ""),
        ] {
            assert_eq!(document(Some(sent)).as_str(), read);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_document_panics(sent in ".*") {
            let _ = document(Some(&sent));
        }
    }

    #[test]
    fn times_out_of_range_are_none() {
        assert_eq!(time(Some(&DateTime::from_secs(i64::MAX))), None);
        assert_eq!(time(Some(&DateTime::from_secs(0))), Some(Timestamp::UNIX_EPOCH));
        assert_eq!(time(None), None);
    }
}
