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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_out_of_range_are_none() {
        assert_eq!(time(Some(&DateTime::from_secs(i64::MAX))), None);
        assert_eq!(time(Some(&DateTime::from_secs(0))), Some(Timestamp::UNIX_EPOCH));
        assert_eq!(time(None), None);
    }
}
