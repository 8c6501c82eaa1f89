//! The border: foreign text becomes [`Text`], which holds nothing that could move a cursor, set a
//! title or reorder a line. There is no other way to make one, serde's included.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

/// A string from outside (AWS, a file, an attacker) in which every control, escape, bidirectional
/// and invisible character stands as its visible escape, such as `\u{1b}`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Text(Arc<str>);

impl Text {
    pub fn new(foreign: &str) -> Self {
        Self(Arc::from(&*clean(foreign)))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The JSON that it holds. At the border line breaks between tokens became escapes, and so did hostile
    /// characters within strings: the first are blanks again, the second stay visible. None: it is not JSON.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_str(self).or_else(|_| serde_json::from_str(&blanks_restored(self))).ok()
    }
}

fn blanks_restored(text: &str) -> String {
    let mut restored = String::with_capacity(text.len() + 8);
    let mut chars = text.chars().peekable();
    let mut in_string = false;
    while let Some(c) = chars.next() {
        match (c, in_string) {
            ('"', _) => {
                in_string = !in_string;
                restored.push(c);
            }
            ('\\', false) => {
                // `\n`, `\r`, `\t`, or a longer escape such as `\u{feff}`.
                if chars.next() == Some('u') {
                    for c in chars.by_ref() {
                        if c == '}' {
                            break;
                        }
                    }
                }
                restored.push(' ');
            }
            ('\\', true) => {
                let next = chars.next();
                restored.push('\\');
                if next == Some('u') && chars.peek() == Some(&'{') {
                    restored.push('\\');
                }
                restored.extend(next);
            }
            (c, _) => restored.push(c),
        }
    }
    restored
}

impl Default for Text {
    fn default() -> Self {
        Self(Arc::from(""))
    }
}

impl From<&str> for Text {
    fn from(foreign: &str) -> Self {
        Self::new(foreign)
    }
}

impl From<String> for Text {
    fn from(foreign: String) -> Self {
        Self::new(&foreign)
    }
}

impl From<&String> for Text {
    fn from(foreign: &String) -> Self {
        Self::new(foreign)
    }
}

impl std::ops::Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Text {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        &*self.0 == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        &*self.0 == *other
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer).map(|foreign| Self::new(&foreign))
    }
}

/// True for a character that may not reach a terminal from data: C0 and C1 controls, line and
/// paragraph separators, bidirectional marks and overrides, zero-width and other invisible
/// characters, tags and variation selectors, private use and the replacement of nothing.
pub fn is_hostile(c: char) -> bool {
    matches!(u32::from(c),
        0x00..=0x1f | 0x7f..=0x9f | 0xad | 0x034f | 0x061c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f
        | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0
        | 0xfff0..=0xfffb | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a | 0xe0000..=0xe0fff | 0xf0000..=0x0010_ffff
        | 0xe000..=0xf8ff)
}

/// Makes hostile characters visible; borrows when there is nothing to do, which is nearly always.
pub fn clean(foreign: &str) -> Cow<'_, str> {
    // Plain ASCII without controls needs no look at single characters.
    if foreign.bytes().all(|b| (0x20..0x7f).contains(&b)) || !foreign.chars().any(is_hostile) {
        return Cow::Borrowed(foreign);
    }
    let mut safe = String::with_capacity(foreign.len() + 16);
    for c in foreign.chars() {
        match c {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c if is_hostile(c) => safe.extend(c.escape_unicode()),
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_sequence_becomes_visible() {
        assert_eq!(Text::new("a\u{1b}]0;owned\u{7}").as_str(), "a\\u{1b}]0;owned\\u{7}");
    }

    #[test]
    fn a_bidi_override_becomes_visible() {
        assert_eq!(clean("user\u{202e}nimda"), "user\\u{202e}nimda");
    }

    #[test]
    fn ordinary_text_is_borrowed() {
        assert!(matches!(clean("Grüße, 東京"), Cow::Borrowed(_)));
    }

    #[test]
    fn serde_cleans_too() {
        let text: Text = serde_json::from_str(r#""x\u001b[2J""#).expect("valid JSON");
        assert_eq!(text.as_str(), "x\\u{1b}[2J");
    }

    #[test]
    fn json_survives_the_border() {
        let foreign = "\u{feff}{\n\t\"Sid\": \"a\u{200b}\\n\\\"\",\r\n \"x\": [1,\n2]}";
        let json = Text::new(foreign).json().expect("JSON");
        assert_eq!(json, serde_json::json!({"Sid": "a\\u{200b}\n\"", "x": [1, 2]}));
        assert_eq!(Text::new("{\n").json(), None);
    }

    proptest::proptest! {
        #[test]
        fn reading_json_never_panics(foreign in "[\\\\u{}\"a\n]*") {
            let _ = Text::new(&foreign).json();
        }

        #[test]
        fn nothing_hostile_survives(foreign in "\\PC*|.*") {
            proptest::prop_assert!(!clean(&foreign).chars().any(is_hostile));
        }

        #[test]
        fn cleaning_twice_changes_nothing(foreign in ".*") {
            let once = clean(&foreign).into_owned();
            proptest::prop_assert_eq!(clean(&once).into_owned(), once.clone());
        }
    }
}
