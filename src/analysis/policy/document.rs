//! Policy documents, read once into a compact form. Real documents are odd: one statement without a list, text where a
//! list belongs, other spellings of an element's name, numbers for text. All that is read; what is not understood is
//! kept as a problem, and what it might have said is never guessed.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::action::Actions;
use super::condition::Condition;
use super::principal::Principals;
use super::resource::Resources;
use crate::model::Text;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    Allow,
    Deny,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    pub sid: Option<Text>,
    pub effect: Effect,
    pub principals: Option<Principals>,
    /// None: it has neither `Action` nor `NotAction`, and names none.
    pub actions: Option<Actions>,
    /// None: it has neither `Resource` nor `NotResource`, as a trust policy's.
    pub resources: Option<Resources>,
    pub conditions: Box<[Condition]>,
}

/// A policy. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    pub statements: Arc<[Statement]>,
    /// Why it could not be read, in whole or in part: every verdict that it could touch is open.
    pub unreadable: Option<Text>,
    /// What is odd and does not matter for a verdict: unknown elements, a version that is not there.
    pub oddities: Vec<Text>,
}

const KNOWN: &[&str] =
    &["sid", "effect", "principal", "notprincipal", "action", "notaction", "resource", "notresource", "condition"];

impl Policy {
    /// Of a document's text.
    pub fn parse(document: &Text) -> Self {
        match document.json() {
            Some(value) => Self::from_json(&value),
            None => Self::unread("it is not JSON"),
        }
    }

    /// A policy that is there and could not be read.
    pub fn unread(why: &str) -> Self {
        Self { unreadable: Some(Text::new(why)), ..Self::default() }
    }

    pub fn from_json(document: &Json) -> Self {
        let Some(map) = document.as_object() else { return Self::unread("it is not an object") };
        let Some(body) = element(map, "Statement") else { return Self::unread("it has no Statement") };
        let mut policy = Self::default();
        let variables = match element(map, "Version").and_then(Json::as_str) {
            Some("2012-10-17") => true,
            // Without a version it is the older one (reference_policies_elements_version).
            Some("2008-10-17") => false,
            None => {
                policy.oddities.push(Text::new("no Version: it is read as 2008-10-17, which has no variables"));
                false
            }
            Some(other) => {
                policy.oddities.push(Text::new(&format!("an unknown Version, {other}")));
                false
            }
        };
        for key in map.keys() {
            if !["version", "id", "statement"].contains(&key.to_ascii_lowercase().as_str()) {
                policy.oddities.push(Text::new(&format!("an unknown element, {key}")));
            }
        }
        let one = std::slice::from_ref(body);
        let mut statements = Vec::new();
        for (n, statement) in body.as_array().map_or(one, Vec::as_slice).iter().enumerate() {
            let read = statement.as_object().ok_or_else(|| "it is not an object".to_owned());
            match read.and_then(|map| Statement::parse(map, variables, &mut policy.oddities)) {
                Ok(statement) => statements.push(statement),
                Err(why) => policy.unreadable = Some(Text::new(&format!("statement {}: {why}", n + 1))),
            }
        }
        policy.statements = statements.into();
        policy
    }
}

impl Statement {
    fn parse(map: &Map<String, Json>, variables: bool, oddities: &mut Vec<Text>) -> Result<Self, String> {
        let effect = match element(map, "Effect").and_then(Json::as_str) {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            _ => return Err("its Effect is neither Allow nor Deny".to_owned()),
        };
        for key in map.keys() {
            if !KNOWN.contains(&key.to_ascii_lowercase().as_str()) {
                oddities.push(Text::new(&format!("an unknown element, {key}")));
            }
        }
        let either = |name: &str| -> Result<Option<(bool, &Json)>, String> {
            match (element(map, name), element(map, &format!("Not{name}"))) {
                (Some(_), Some(_)) => Err(format!("it has both {name} and Not{name}")),
                (Some(value), None) => Ok(Some((false, value))),
                (None, Some(value)) => Ok(Some((true, value))),
                (None, None) => Ok(None),
            }
        };
        let texts = |name: &str, value: &Json| strings(value).ok_or_else(|| format!("its {name} is not text"));
        let principals = either("Principal")?.map(|(all_but, value)| Principals::parse(all_but, value)).transpose()?;
        let actions = either("Action")?
            .map(|(all_but, value)| Ok::<_, String>(Actions::new(all_but, &texts("Action", value)?)))
            .transpose()?;
        let resources = either("Resource")?
            .map(|(all_but, value)| Ok::<_, String>(Resources::new(all_but, &texts("Resource", value)?, variables)))
            .transpose()?;
        let conditions = match element(map, "Condition") {
            None | Some(Json::Null) => Box::default(),
            Some(Json::Object(operators)) => conditions(operators, variables, oddities)?,
            Some(_) => return Err("its Condition is not an object".to_owned()),
        };
        let sid = element(map, "Sid").and_then(Json::as_str).filter(|sid| !sid.is_empty()).map(Text::new);
        Ok(Self { sid, effect, principals, actions, resources, conditions })
    }
}

fn conditions(
    operators: &Map<String, Json>,
    variables: bool,
    oddities: &mut Vec<Text>,
) -> Result<Box<[Condition]>, String> {
    let mut all = Vec::new();
    for (operator, keys) in operators {
        let keys = keys.as_object().ok_or_else(|| format!("the values of {operator} are not an object"))?;
        for (key, values) in keys {
            let values = strings(values).ok_or_else(|| format!("a value of {key} is not text"))?;
            let condition = Condition::new(operator, key, &values, variables);
            if condition.operator.is_none() {
                oddities.push(Text::new(&format!("an unknown operator, {operator}")));
            }
            all.push(condition);
        }
    }
    Ok(all.into())
}

/// Element names are compared without regard to case, as IAM does not refuse other spellings everywhere.
fn element<'a>(map: &'a Map<String, Json>, name: &str) -> Option<&'a Json> {
    map.get(name).or_else(|| map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// Text, or a list of texts; numbers and truth values count as their text. None: something else.
pub(super) fn strings(value: &Json) -> Option<Vec<String>> {
    let one = |value: &Json| match value {
        Json::String(text) => Some(text.clone()),
        Json::Bool(flag) => Some(flag.to_string()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    };
    match value {
        Json::Array(list) => list.iter().map(one).collect(),
        value => Some(vec![one(value)?]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn odd_documents_are_read() {
        let policy = Policy::from_json(&json!({
            "version": "2012-10-17", "Foo": 1,
            "Statement": {"effect": "Allow", "ACTION": "s3:*", "Resource": ["*"], "Comment": "x",
                "Condition": {"Bool": {"aws:SecureTransport": true}, "NumericEquals": {"k": [1, 2]}}},
        }));
        assert_eq!(policy.unreadable, None);
        assert_eq!(policy.statements.len(), 1);
        assert_eq!(policy.statements[0].conditions.len(), 2);
        assert_eq!(policy.oddities.len(), 2, "{:?}", policy.oddities);
    }

    /// "If you do not include a Version element, the value defaults to 2008-10-17."
    #[test]
    fn without_a_version_it_is_the_older_one() {
        let of = |version: serde_json::Value| {
            let mut document = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "${aws:username}"}});
            if !version.is_null() {
                document["Version"] = version;
            }
            Policy::from_json(&document)
        };
        let (none, older, newer) = (of(json!(null)), of(json!("2008-10-17")), of(json!("2012-10-17")));
        assert_eq!(none.statements, older.statements);
        assert_ne!(none.statements, newer.statements);
        assert_eq!(of(json!("2024-01-01")).statements, older.statements);
        assert_eq!([none, older, newer].map(|policy| policy.oddities.len()), [1, 0, 0]);
    }

    #[test]
    fn what_cannot_be_read_is_said_and_the_rest_stays() {
        for document in ["", "{", "[]", "{\"Version\":\"2012-10-17\"}", "{\"Statement\":[7]}"] {
            assert!(Policy::parse(&Text::new(document)).unreadable.is_some(), "{document}");
        }
        let policy = Policy::from_json(&json!({"Statement": [
            {"Effect": "Maybe", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": "*", "NotAction": "x", "Resource": "*"},
            {"Effect": "Deny", "Action": "*", "Resource": "*"},
        ]}));
        assert!(policy.unreadable.is_some());
        assert_eq!(policy.statements.len(), 1);
    }

    proptest! {
        #[test]
        fn no_document_panics(document in ".*", inner in "[\\[\\]{}:,\"A-Za-z*]{0,40}") {
            let _ = Policy::parse(&Text::new(&document));
            let _ = Policy::parse(&Text::new(&format!(r#"{{"Statement":[{{"Effect":"Allow","Action":{inner}}}]}}"#)));
        }
    }
}
