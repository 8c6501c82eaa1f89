//! CloudTrail LookupEvents over a list of records: paging, the one attribute, the window, the Region, the rate.
//!
//! Rules from the LookupEvents page of the CloudTrail API reference: at most 50 events a page, one lookup attribute,
//! management events of the last 90 days, newest first, two requests a second an account and Region.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::faults::throttled;

const PAGE: usize = 50;
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Requests a second.
const RATE: f64 = 2.0;

/// The records that are there, and what of the rate is used.
pub struct Trail(Mutex<State>);

struct State {
    /// By Region, the newest first.
    records: HashMap<String, Vec<(Timestamp, Value)>>,
    rate: f64,
    buckets: HashMap<String, (f64, Instant)>,
    refused: u32,
}

impl Default for Trail {
    fn default() -> Self {
        Self(Mutex::new(State { records: HashMap::new(), rate: RATE, buckets: HashMap::new(), refused: 0 }))
    }
}

impl Trail {
    /// CloudTrail records, in any order; those without a time are a mistake of the test.
    pub fn set(&self, records: Vec<Value>) {
        let mut state = self.state();
        state.records.clear();
        for record in records {
            let region = record["awsRegion"].as_str().unwrap_or("us-east-1").to_owned();
            state.records.entry(region).or_default().push((time(&record), record));
        }
        for region in state.records.values_mut() {
            region.sort_by_key(|(time, _)| std::cmp::Reverse(*time));
        }
    }

    /// One record more, beside those that are there.
    pub fn add(&self, record: Value) {
        let mut state = self.state();
        let region = record["awsRegion"].as_str().unwrap_or("us-east-1").to_owned();
        let records = state.records.entry(region).or_default();
        records.push((time(&record), record));
        records.sort_by_key(|(time, _)| std::cmp::Reverse(*time));
    }

    /// Every `*.json` with `{"Records": [...]}` and every `*.jsonl` of a folder.
    pub fn load(&self, folder: &Path) -> std::io::Result<()> {
        let mut records = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let text = std::fs::read_to_string(&path)?;
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("json") => {
                    let log: Value = serde_json::from_str(&text)?;
                    records.extend(log["Records"].as_array().cloned().unwrap_or_default());
                }
                Some("jsonl") => {
                    for line in text.lines().filter(|line| !line.trim().is_empty()) {
                        records.push(serde_json::from_str(line)?);
                    }
                }
                _ => {}
            }
        }
        self.set(records);
        Ok(())
    }

    /// Requests a second and Region that are let through; AWS allows 2.
    pub fn set_rate(&self, rate: f64) {
        self.state().rate = rate;
    }

    /// How many requests came too fast.
    pub fn refused(&self) -> u32 {
        self.state().refused
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nobody panicked with the trail")
    }

    pub fn look_up(&self, call: &Call, body: &[u8]) -> Answer {
        let refuse = |code: &str, message: &str| Answer::error(call, 400, code, message);
        let Ok(asked) = serde_json::from_slice::<Map<String, Value>>(body) else {
            return refuse("SerializationException", "not JSON");
        };
        let mut state = self.state();
        if !state.admits(call) {
            state.refused += 1;
            return throttled(call);
        }
        let query = match Query::read(&asked) {
            Ok(query) => query,
            Err((code, message)) => return refuse(code, message),
        };
        // Newest first, so a span of time is a slice.
        let records = state.records.get(&call.region).map_or(&[][..], Vec::as_slice);
        let newest = records.partition_point(|(time, _)| *time > query.until);
        let oldest = records.partition_point(|(time, _)| *time >= query.since);
        let found: Vec<&Value> = records[newest..oldest.max(newest)]
            .iter()
            .filter(|(_, record)| query.takes(record))
            .map(|(_, record)| record)
            .collect();
        let Some(start) = query.start(&call.region).filter(|start| *start <= found.len()) else {
            return refuse("InvalidNextTokenException", "The token is not valid for this request");
        };
        let end = (start + query.page).min(found.len());
        let mut answer = json!({ "Events": found[start..end].iter().map(|record| event(record)).collect::<Vec<_>>() });
        if end < found.len() {
            answer["NextToken"] = Value::from(query.token(&call.region, end));
        }
        Answer::json(&answer)
    }
}

impl State {
    /// A bucket of one second's worth of requests, filled at the rate. What counts is when a request came, not when
    /// its answer is due.
    fn admits(&mut self, call: &Call) -> bool {
        let (now, rate) = (call.at, self.rate);
        let (tokens, last) = self.buckets.entry(call.region.clone()).or_insert((rate, now));
        *tokens = (*tokens + now.saturating_duration_since(*last).as_secs_f64() * rate).min(rate.max(1.0));
        *last = now.max(*last);
        let admitted = *tokens >= 1.0;
        if admitted {
            *tokens -= 1.0;
        }
        admitted
    }
}

/// A request that has been understood.
struct Query {
    attribute: Option<(String, String)>,
    since: Timestamp,
    until: Timestamp,
    page: usize,
    token: Option<String>,
    /// The request without its token: a token is good for the same request only.
    shape: String,
}

type Refusal = (&'static str, &'static str);

impl Query {
    fn read(asked: &Map<String, Value>) -> Result<Self, Refusal> {
        let attributes = asked.get("LookupAttributes").and_then(Value::as_array).cloned().unwrap_or_default();
        if attributes.len() > 1 {
            return Err(("InvalidLookupAttributesException", "You can specify at most one lookup attribute"));
        }
        let attribute = match attributes.first() {
            None => None,
            Some(pair) => {
                let text = |key: &str| pair[key].as_str().unwrap_or_default().to_owned();
                let (key, value) = (text("AttributeKey"), text("AttributeValue"));
                if !KEYS.contains(&key.as_str()) || value.is_empty() {
                    return Err(("InvalidLookupAttributesException", "The lookup attribute is not valid"));
                }
                Some((key, value))
            }
        };
        let page = match asked.get("MaxResults").map(|number| number.as_u64().unwrap_or_default()) {
            None => PAGE,
            Some(number) if (1..=PAGE as u64).contains(&number) => number as usize,
            Some(_) => return Err(("InvalidMaxResultsException", "MaxResults must be between 1 and 50")),
        };
        if asked.get("EventCategory").is_some_and(|category| category != "insight") {
            return Err(("InvalidEventCategoryException", "The event category is not valid"));
        }
        let moment = |key: &str| {
            let seconds = asked.get(key).and_then(Value::as_f64)?;
            Timestamp::from_millisecond((seconds * 1000.0) as i64).ok()
        };
        let now = crate::support::now();
        let (since, until) = (moment("StartTime"), moment("EndTime"));
        if let (Some(since), Some(until)) = (since, until)
            && since > until
        {
            return Err(("InvalidTimeRangeException", "The start is after the end"));
        }
        let mut shape = asked.clone();
        let token = shape.remove("NextToken").and_then(|token| token.as_str().map(str::to_owned));
        let oldest = now - KEPT;
        Ok(Self {
            attribute,
            since: since.map_or(oldest, |since| since.max(oldest)),
            until: until.unwrap_or(Timestamp::MAX),
            page,
            token,
            shape: Value::Object(shape).to_string(),
        })
    }

    fn takes(&self, record: &Value) -> bool {
        record["managementEvent"] != Value::Bool(false)
            && self.attribute.as_ref().is_none_or(|(key, value)| has(record, key, value))
    }

    /// Where this page begins; `None` for a token of another request or of nobody.
    fn start(&self, region: &str) -> Option<usize> {
        let Some(token) = &self.token else { return Some(0) };
        let (place, _) = token.split_once('.')?;
        let place = usize::from_str_radix(place, 36).ok()?;
        (*token == self.token(region, place)).then_some(place)
    }

    fn token(&self, region: &str, place: usize) -> String {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        (region, &self.shape, place).hash(&mut hasher);
        format!("{}.{:016x}", radix36(place), hasher.finish())
    }
}

fn radix36(mut number: usize) -> String {
    let mut digits = Vec::new();
    loop {
        digits.push(char::from_digit((number % 36) as u32, 36).expect("below 36"));
        number /= 36;
        if number == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}

const KEYS: &[&str] =
    &["EventId", "EventName", "ReadOnly", "Username", "ResourceType", "ResourceName", "EventSource", "AccessKeyId"];

fn has(record: &Value, key: &str, value: &str) -> bool {
    match key {
        "EventId" => record["eventID"] == value,
        "EventName" => record["eventName"] == value,
        "EventSource" => record["eventSource"] == value,
        "AccessKeyId" => record["userIdentity"]["accessKeyId"] == value,
        "ReadOnly" => read_only(record) == value,
        "Username" => username(record).is_some_and(|name| name == value),
        "ResourceName" => resources(record).iter().any(|resource| resource["ResourceName"] == value),
        _ => resources(record).iter().any(|resource| resource["ResourceType"] == value),
    }
}

fn time(record: &Value) -> Timestamp {
    record["eventTime"].as_str().and_then(|time| time.parse().ok()).expect("a record has an eventTime")
}

fn read_only(record: &Value) -> String {
    record["readOnly"].as_bool().unwrap_or_default().to_string()
}

/// What CloudTrail calls the user: the user's name, the role session's name, `root`.
fn username(record: &Value) -> Option<String> {
    let who = &record["userIdentity"];
    match who["type"].as_str()? {
        "Root" => Some("root".to_owned()),
        "AssumedRole" => who["arn"].as_str()?.rsplit('/').next().map(str::to_owned),
        _ => who["userName"].as_str().map(str::to_owned),
    }
}

fn resources(record: &Value) -> Vec<Value> {
    let named = record["resources"].as_array().into_iter().flatten();
    let named = named.map(|resource| json!({ "ResourceName": resource["ARN"], "ResourceType": resource["type"] }));
    let asked = [("roleName", "AWS::IAM::Role"), ("userName", "AWS::IAM::User"), ("bucketName", "AWS::S3::Bucket")];
    let asked = asked.into_iter().filter_map(|(field, kind)| {
        let name = record["requestParameters"][field].as_str()?;
        Some(json!({ "ResourceName": name, "ResourceType": kind }))
    });
    named.chain(asked).collect()
}

fn event(record: &Value) -> Value {
    let mut event = json!({
        "EventId": record["eventID"],
        "EventName": record["eventName"],
        "EventSource": record["eventSource"],
        "EventTime": time(record).as_second(),
        "ReadOnly": read_only(record),
        "Resources": resources(record),
        "CloudTrailEvent": record.to_string(),
    });
    if let Some(key) = record["userIdentity"]["accessKeyId"].as_str() {
        event["AccessKeyId"] = Value::from(key);
    }
    if let Some(name) = username(record) {
        event["Username"] = Value::from(name);
    }
    event
}
