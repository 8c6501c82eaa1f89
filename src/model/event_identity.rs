//! When two records are the same event: when they say the same. Blanks and the order of keys do not count, nor
//! does a field that is null in one and missing in the other, since two deliveries may be written differently.
//!
//! CloudTrail's `eventID` alone does not do: trimmed and anonymised records share it.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

/// Equal for records that say the same. None when `json` is not JSON.
pub(super) fn digest(json: &str) -> Option<u64> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let digest = Digest.deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    Some(digest)
}

const NULL: u64 = 0;

fn mix(kind: u8, value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    (kind, value).hash(&mut hasher);
    hasher.finish()
}

/// Reads a JSON value into a number, keeping nothing.
struct Digest;

impl<'de> DeserializeSeed<'de> for Digest {
    type Value = u64;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<u64, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Digest {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<u64, E> {
        Ok(NULL)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<u64, E> {
        Ok(mix(1, value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<u64, E> {
        Ok(mix(2, value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<u64, E> {
        Ok(mix(3, value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<u64, E> {
        Ok(mix(4, value.to_bits()))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<u64, E> {
        Ok(mix(5, value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<u64, A::Error> {
        let mut digest = mix(6, ());
        while let Some(item) = items.next_element_seed(Digest)? {
            digest = mix(6, (digest, item));
        }
        Ok(digest)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<u64, A::Error> {
        // A sum does not know an order.
        let mut digest = mix(7, ());
        while let Some(key) = fields.next_key_seed(Digest)? {
            let value = fields.next_value_seed(Digest)?;
            if value != NULL {
                digest = digest.wrapping_add(mix(8, (key, value)));
            }
        }
        Ok(digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_blanks_and_nulls_do_not_count() {
        let one = digest(r#"{"eventID":"1","a":{"x":[1,2],"y":true},"requestParameters":null}"#);
        let two = digest("{ \"a\": {\"y\": true,\n \"x\": [1, 2]}, \"eventID\": \"\\u0031\" }");
        assert!(one.is_some());
        assert_eq!(one, two);
    }

    #[test]
    fn what_differs_anywhere_is_another_event() {
        let records = [
            r#"{"eventID":"1","a":{"x":[1,2]}}"#,
            r#"{"eventID":"1","a":{"x":[2,1]}}"#,
            r#"{"eventID":"1","a":{"x":["1",2]}}"#,
            r#"{"eventID":"1","x":{"a":[1,2]}}"#,
            r#"{"eventID":"1","a":{"x":[[1],2]}}"#,
            r#"{"eventID":"1"}"#,
            r#"{"eventID":"1","a":false}"#,
            r#"{"eventID":"1","a":-1.5}"#,
        ];
        let digests: std::collections::HashSet<_> = records.iter().map(|record| digest(record)).collect();
        assert_eq!(digests.len(), records.len());
        assert!(!digests.contains(&None));
    }
}
