//! Structures as Athena and CloudTrail Lake write them into a cell: `{type=AssumedRole, arn=arn:aws:..., sessioncontext={...}}`
//! and `[a, b]`. Nothing is quoted, so that a text ends where `, key=` or the bracket follows.

use serde_json::{Map, Value};

const DEPTH: usize = 32;

/// The structure that `text` is; none when it is none.
pub fn value(text: &str) -> Option<Value> {
    let text = text.trim();
    if !text.starts_with(['{', '[']) {
        return None;
    }
    let mut reader = Reader { rest: text };
    let value = reader.value(0, End::Struct)?;
    reader.rest.trim().is_empty().then_some(value)
}

/// What a text stands in, which says where it ends.
#[derive(Clone, Copy)]
enum End {
    Struct,
    List,
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn take(&mut self, mark: &str) -> bool {
        match self.rest.strip_prefix(mark) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn cut(&mut self, at: usize) -> &'a str {
        let (before, rest) = self.rest.split_at(at);
        self.rest = rest;
        before
    }

    fn value(&mut self, depth: usize, end: End) -> Option<Value> {
        if depth == DEPTH {
            return None;
        }
        // The values of a map are texts, and some of these are JSON.
        if ["{\"", "[{\"", "[\""].iter().any(|start| self.rest.starts_with(start)) {
            let mut json = serde_json::Deserializer::from_str(self.rest).into_iter::<Value>();
            if let Some(Ok(value)) = json.next() {
                let length = json.byte_offset();
                self.cut(length);
                return Some(value);
            }
        }
        if self.take("{") {
            return self.fields(depth).map(Value::Object);
        }
        if self.take("[") {
            return self.items(depth).map(Value::Array);
        }
        let text = self.text(end)?;
        Some(if text == "null" { Value::Null } else { Value::String(text.to_owned()) })
    }

    fn fields(&mut self, depth: usize) -> Option<Map<String, Value>> {
        let mut fields = Map::new();
        if self.take("}") {
            return Some(fields);
        }
        loop {
            let key = self.cut(self.rest.find(['=', '{', '}', '[', ']'])?);
            if key.is_empty() || !self.take("=") {
                return None;
            }
            let value = self.value(depth + 1, End::Struct)?;
            fields.insert(key.to_owned(), value);
            if self.take("}") {
                return Some(fields);
            }
            if !self.take(", ") {
                return None;
            }
        }
    }

    fn items(&mut self, depth: usize) -> Option<Vec<Value>> {
        let mut items = Vec::new();
        if self.take("]") {
            return Some(items);
        }
        loop {
            items.push(self.value(depth + 1, End::List)?);
            if self.take("]") {
                return Some(items);
            }
            if !self.take(", ") {
                return None;
            }
        }
    }

    fn text(&mut self, end: End) -> Option<&'a str> {
        let mut from = 0;
        loop {
            let at = from + self.rest[from..].find([',', '}', ']'])?;
            let after = &self.rest[at..];
            let ends = match (end, after.as_bytes()[0]) {
                (End::Struct, b'}') | (End::List, b']') => true,
                (End::Struct, b',') => after.strip_prefix(", ").is_some_and(is_key),
                (End::List, b',') => after.starts_with(", "),
                _ => false,
            };
            if ends {
                return Some(self.cut(at));
            }
            from = at + 1;
        }
    }
}

/// Whether a key and its `=` come next.
fn is_key(rest: &str) -> bool {
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-' | '.' | ':'));
    end.is_some_and(|end| end > 0 && rest[end..].starts_with('='))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn structures_of_athena_are_understood() {
        for (text, expected) in [
            ("{}", json!({})),
            ("{a=1, b=null}", json!({ "a": "1", "b": null })),
            ("{a={b={c=x, y}}, d=[]}", json!({ "a": { "b": { "c": "x, y" } }, "d": [] })),
            (
                "[{arn=a, type=AWS::IAM::Role}, {arn=b}]",
                json!([{ "arn": "a", "type": "AWS::IAM::Role" }, { "arn": "b" }]),
            ),
            ("[a, b]", json!(["a", "b"])),
            // A session's name may hold commas and equals signs.
            ("{p=X:a,b=c@d, n=}", json!({ "p": "X:a,b=c@d", "n": "" })),
            (r#"{tags=[{"key":"a"}], name=x}"#, json!({ "tags": [{ "key": "a" }], "name": "x" })),
        ] {
            assert_eq!(value(text), Some(expected), "{text}");
        }
        for text in ["", "x", "{a", "{a=1", "{=1}", "[a", "{a=1} x", "{\"a\"", &"[".repeat(1000)] {
            assert_eq!(value(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in r#"([\[\]{},=" ä]|a|null|, b=){0,40}"#) {
            value(&text);
        }
    }
}
