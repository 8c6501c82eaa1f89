//! Resource Explorer: indexes, views, searches. It notes every search in a Region without an index, since such a
//! search makes AWS create one.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use serde_json::{Value, json};

use super::call::{Answer, Call};

#[derive(Default)]
pub struct Explorer(Mutex<State>);

#[derive(Default)]
struct State {
    /// `LOCAL` or `AGGREGATOR`, by Region.
    indexes: BTreeMap<String, String>,
    resources: Vec<Value>,
    /// Searches that would have created an index, by Region.
    created: Vec<String>,
}

impl Explorer {
    pub fn add_index(&self, region: &str, kind: &str) {
        self.state().indexes.insert(region.to_owned(), kind.to_owned());
    }

    pub fn add(&self, region: &str, resource_type: &str, arn: &str) {
        let service = resource_type.split(':').next().unwrap_or_default();
        self.state().resources.push(json!({
            "Arn": arn, "OwningAccountId": "123456789012", "Region": region, "ResourceType": resource_type,
            "Service": service, "LastReportedAt": "2026-01-01T00:00:00Z", "Properties": [],
        }));
    }

    /// Regions in which a search was made although there is no index.
    pub fn searches_without_index(&self) -> Vec<String> {
        self.state().created.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody panicked with the explorer")
    }

    pub fn answer(&self, call: &Call, body: &[u8]) -> Answer {
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let mut state = self.state();
        let view = |region: &str| format!("arn:aws:resource-explorer-2:{region}:123456789012:view/default/0001");
        match call.operation.as_str() {
            "ListIndexes" => {
                let indexes = state.indexes.iter().map(|(region, kind)| {
                    json!({ "Arn": format!("arn:aws:resource-explorer-2:{region}:123456789012:index/0001"),
                            "Region": region, "Type": kind })
                });
                rest(&json!({ "Indexes": indexes.collect::<Vec<_>>() }))
            }
            "GetDefaultView" if state.indexes.contains_key(&call.region) => {
                rest(&json!({ "ViewArn": view(&call.region) }))
            }
            "GetDefaultView" => rest(&json!({})),
            "ListViews" => {
                let views: Vec<_> = state.indexes.get(&call.region).map(|_| view(&call.region)).into_iter().collect();
                rest(&json!({ "Views": views }))
            }
            "Search" | "ListResources" => {
                let Some(kind) = state.indexes.get(&call.region).cloned() else {
                    let region = call.region.clone();
                    state.created.push(region);
                    return rest(&json!({ "Resources": [], "Count": { "Complete": false, "TotalResources": 0 } }));
                };
                state.search(call, &asked, kind == "AGGREGATOR", &view(&call.region))
            }
            _ => Answer::html_page(),
        }
    }
}

impl State {
    fn search(&self, call: &Call, asked: &Value, everywhere: bool, view: &str) -> Answer {
        let seen: Vec<&Value> = self
            .resources
            .iter()
            .filter(|resource| {
                everywhere || resource["Region"] == call.region.as_str() || resource["Region"] == "global"
            })
            .collect();
        let page = asked["MaxResults"].as_u64().unwrap_or(100).clamp(1, 1000) as usize;
        let start = asked["NextToken"].as_str().map_or(Some(0), |token| token.strip_prefix("more-")?.parse().ok());
        let Some(start) = start.filter(|start| *start <= seen.len()) else {
            return Answer::error(call, 400, "ValidationException", "Invalid NextToken");
        };
        let end = (start + page).min(seen.len());
        let mut answer = json!({ "Resources": seen[start..end], "ViewArn": view });
        if call.operation == "Search" {
            answer["Count"] = json!({ "Complete": true, "TotalResources": seen.len() });
        }
        if end < seen.len() {
            answer["NextToken"] = Value::from(format!("more-{end}"));
        }
        rest(&answer)
    }
}

fn rest(value: &Value) -> Answer {
    Answer::plain(200, "application/json", value.to_string())
}
