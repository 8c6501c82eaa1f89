//! Cloud Control ListResources over a store that a test fills: paging, unknown types, types that cannot be listed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};

use serde_json::{Value, json};

use super::call::{Answer, Call};

#[derive(Default)]
pub struct Store(Mutex<State>);

#[derive(Default)]
struct State {
    /// By Region and type name: identifier and properties.
    resources: BTreeMap<(String, String), Vec<(String, Value)>>,
    unknown: BTreeSet<String>,
    unsupported: BTreeSet<String>,
    need_model: BTreeSet<String>,
}

impl Store {
    pub fn add(&self, region: &str, type_name: &str, identifier: &str, properties: Value) {
        let place = (region.to_owned(), type_name.to_owned());
        self.state().resources.entry(place).or_default().push((identifier.to_owned(), properties));
    }

    /// TypeNotFoundException from now on.
    pub fn forget_type(&self, type_name: &str) {
        self.state().unknown.insert(type_name.to_owned());
    }

    /// UnsupportedActionException from now on.
    pub fn refuse_listing(&self, type_name: &str) {
        self.state().unsupported.insert(type_name.to_owned());
    }

    /// InvalidRequestException without a ResourceModel from now on.
    pub fn need_model(&self, type_name: &str) {
        self.state().need_model.insert(type_name.to_owned());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody panicked with the store")
    }

    pub fn answer(&self, call: &Call, body: &[u8]) -> Answer {
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        if call.operation != "ListResources" {
            return Answer::html_page();
        }
        let name = asked["TypeName"].as_str().unwrap_or_default();
        let state = self.state();
        let refuse = |code: &str, message: String| {
            Answer::error(call, 400, &format!("com.amazon.cloudapiservice#{code}"), &message)
        };
        let well_formed = name.split("::").count() == 3 && name.split("::").all(|part| !part.is_empty());
        if !well_formed || state.unknown.contains(name) {
            return refuse("TypeNotFoundException", format!("The type '{name}' cannot be found."));
        }
        if state.unsupported.contains(name) {
            return refuse("UnsupportedActionException", format!("Resource type {name} does not support LIST action"));
        }
        if state.need_model.contains(name) && asked["ResourceModel"].is_null() {
            return refuse("InvalidRequestException", "Missing or invalid ResourceModel property".to_owned());
        }
        let place = (call.region.clone(), name.to_owned());
        let empty = Vec::new();
        let all = state.resources.get(&place).unwrap_or(&empty);
        let page = asked["MaxResults"].as_u64().unwrap_or(100).clamp(1, 100) as usize;
        let start = match asked["NextToken"].as_str() {
            None => 0,
            Some(token) => match token.strip_prefix(&format!("{name}@")).and_then(|place| place.parse().ok()) {
                Some(start) if start <= all.len() => start,
                _ => return refuse("InvalidRequestException", "Invalid NextToken".to_owned()),
            },
        };
        let end = (start + page).min(all.len());
        let described = all[start..end]
            .iter()
            .map(|(identifier, properties)| json!({ "Identifier": identifier, "Properties": properties.to_string() }));
        let mut answer = json!({ "TypeName": name, "ResourceDescriptions": described.collect::<Vec<_>>() });
        if end < all.len() {
            answer["NextToken"] = Value::from(format!("{name}@{end}"));
        }
        Answer::json(&answer)
    }
}
