//! One call as CloudTrail records it (CloudTrail User Guide, "CloudTrail record contents").

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use super::Made;
use super::identity::quoted;
use super::template::{Filling, Pools, Template};
use crate::collect::demo::iam::ACCOUNT;
use crate::collect::demo::made_up::push_uuid;

/// `calls.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calls {
    pub pools: BTreeMap<String, String>,
    global: Global,
    call: BTreeMap<String, Form>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Global {
    sources: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    request: Option<String>,
    response: Option<String>,
    read: Option<bool>,
    #[serde(default)]
    resources: Vec<[String; 2]>,
}

struct Ready {
    request: Option<Template>,
    response: Option<Template>,
    read: Option<bool>,
    resources: Vec<(Template, String)>,
}

/// What is to be recorded.
pub struct Call<'a> {
    /// `source:eventName`.
    pub name: String,
    pub identity: &'a str,
    pub ip: &'a str,
    pub agent: &'a str,
    pub region: &'a str,
    pub seconds: i64,
    pub seed: u64,
    /// Instead of the call's own form.
    pub request: Option<&'a str>,
    pub response: Option<&'a str>,
    /// `errorCode` and `errorMessage`; either may be empty.
    pub refusal: Option<(String, String)>,
    pub extra: Option<String>,
    pub resources: Vec<(String, String)>,
}

impl<'a> Call<'a> {
    pub fn plain(
        name: &str,
        identity: &'a str,
        ip: &'a str,
        agent: &'a str,
        region: &'a str,
        seconds: i64,
        seed: u64,
    ) -> Self {
        Self {
            name: name.to_owned(),
            identity,
            ip,
            agent,
            region,
            seconds,
            seed,
            request: None,
            response: None,
            refusal: None,
            extra: None,
            resources: Vec::new(),
        }
    }
}

/// Writes records, with the calls' forms taken apart once.
pub struct Recorder {
    forms: HashMap<String, Ready>,
    global: Vec<String>,
    pools: Pools,
}

impl Recorder {
    pub fn new(calls: Calls, pools: Pools) -> Self {
        let ready = |form: &Form| Ready {
            request: form.request.as_deref().map(|text| Template::new(text, &pools)),
            response: form.response.as_deref().map(|text| Template::new(text, &pools)),
            read: form.read,
            resources: form.resources.iter().map(|[arn, kind]| (Template::new(arn, &pools), kind.clone())).collect(),
        };
        let forms = calls.call.iter().map(|(name, form)| (name.clone(), ready(form))).collect();
        Self { forms, global: calls.global.sources, pools }
    }

    pub fn record(&self, call: &Call<'_>, session: &str) -> Made {
        let (source, name) = call.name.split_once(':').unwrap_or(("unknown", &call.name));
        let region = if self.global.iter().any(|global| global == source) { "us-east-1" } else { call.region };
        let session = quoted(session);
        let session = session.trim_matches('"');
        let filling = Filling { pools: &self.pools, region, session, seconds: call.seconds, seed: call.seed };
        let form = self.forms.get(&call.name);
        let given = |text: Option<&str>| text.map(|text| Template::new(text, &self.pools));
        let mut raw = String::with_capacity(1_400);
        let sign_in = source == "signin";
        raw.push_str(r#"{"eventVersion":"1.11","userIdentity":"#);
        raw.push_str(call.identity);
        raw.push_str(&format!(
            r#","eventTime":"{}","eventSource":"{source}.amazonaws.com","eventName":"{name}","awsRegion":"{region}","sourceIPAddress":{},"userAgent":{}"#,
            iso(call.seconds),
            quoted(call.ip),
            quoted(call.agent)
        ));
        let mut failed = false;
        if let Some((code, message)) = &call.refusal {
            failed = !code.is_empty();
            for (key, text) in [("errorCode", code), ("errorMessage", message)] {
                if !text.is_empty() {
                    raw.push_str(&format!(r#","{key}":{}"#, quoted(text)));
                }
            }
        }
        let part = |raw: &mut String, key: &str, own: Option<Template>, usual: Option<&Template>| {
            raw.push_str(&format!(r#","{key}":"#));
            match own.as_ref().or(usual) {
                Some(template) => template.write(raw, &filling),
                None => raw.push_str("null"),
            }
        };
        part(&mut raw, "requestParameters", given(call.request), form.and_then(|form| form.request.as_ref()));
        let usual = form.and_then(|form| form.response.as_ref()).filter(|_| !failed);
        part(&mut raw, "responseElements", given(call.response), usual);
        if let Some(extra) = &call.extra {
            raw.push_str(&format!(r#","additionalEventData":{extra}"#));
        }
        raw.push_str(r#","requestID":""#);
        push_uuid(&mut raw, call.seed ^ 0x0d15_ea5e);
        raw.push_str(r#"","eventID":""#);
        push_uuid(&mut raw, call.seed ^ call.seconds.unsigned_abs().wrapping_mul(31));
        let read = form.and_then(|form| form.read).unwrap_or_else(|| is_read(name));
        raw.push_str(&format!(r#"","readOnly":{read}"#));
        self.resources(&mut raw, call, form, &filling);
        let kind = if sign_in { "AwsConsoleSignIn" } else { "AwsApiCall" };
        raw.push_str(&format!(
            r#","eventType":"{kind}","managementEvent":true,"recipientAccountId":"{ACCOUNT}","eventCategory":"Management""#
        ));
        if !call.ip.ends_with(".amazonaws.com") {
            raw.push_str(&format!(
                r#","tlsDetails":{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"{source}.{region}.amazonaws.com"}}"#
            ));
        }
        raw.push('}');
        Made { seconds: call.seconds, region: region.to_owned(), raw }
    }

    fn resources(&self, raw: &mut String, call: &Call<'_>, form: Option<&Ready>, filling: &Filling<'_>) {
        let mut list = call.resources.clone();
        if list.is_empty() {
            for (template, kind) in form.map(|form| &form.resources[..]).unwrap_or_default() {
                let mut arn = String::new();
                template.write(&mut arn, filling);
                list.push((arn, kind.clone()));
            }
        }
        if list.is_empty() {
            return;
        }
        let one = |(arn, kind): &(String, String)| {
            format!(r#"{{"accountId":"{ACCOUNT}","type":{},"ARN":{}}}"#, quoted(kind), quoted(arn))
        };
        raw.push_str(&format!(r#","resources":[{}]"#, list.iter().map(one).collect::<Vec<_>>().join(",")));
    }
}

fn is_read(name: &str) -> bool {
    const READS: [&str; 9] = ["Get", "List", "Describe", "Lookup", "Search", "BatchGet", "Head", "Query", "Simulate"];
    READS.iter().chain(&["Assume"]).any(|read| name.starts_with(read))
}

/// `2026-10-01T09:00:00Z`.
pub fn iso(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map(|time| time.to_string()).unwrap_or_default()
}
