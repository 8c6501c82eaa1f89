//! Writes CloudTrail records (CloudTrail User Guide, "CloudTrail record contents"): the fields and their order are AWS's.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::iam::ACCOUNT;
use super::super::made_up::push_uuid;
use super::template::{Filling, Pools, Template};

/// A call's form in `calls.toml`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    pub read: Option<bool>,
    pub request: Option<String>,
    pub response: Option<String>,
    #[serde(default)]
    pub resources: Vec<(String, String)>,
}

/// `calls.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub pools: BTreeMap<String, String>,
    pub global: Global,
    pub call: BTreeMap<String, Form>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Global {
    sources: Vec<String>,
}

/// A call, ready to be written many times.
pub struct Call {
    /// Without `.amazonaws.com`.
    pub source: String,
    pub name: String,
    /// Recorded in us-east-1, wherever it comes from.
    pub global: bool,
    read: bool,
    request: Option<Template>,
    response: Option<Template>,
    resources: Vec<(Template, String)>,
}

impl Call {
    /// `call` is `source:eventName`.
    pub fn new(call: &str, form: &Form, global: &Global, pools: &Pools) -> Self {
        let (source, name) = call.split_once(':').unwrap_or(("", call));
        let template = |text: &Option<String>| text.as_deref().map(|text| Template::new(text, pools));
        Self {
            source: source.to_owned(),
            name: name.to_owned(),
            global: global.sources.iter().any(|global| global == source),
            read: form.read.unwrap_or_else(|| reads(name)),
            request: template(&form.request),
            response: template(&form.response),
            resources: form.resources.iter().map(|(arn, kind)| (Template::new(arn, pools), kind.clone())).collect(),
        }
    }

    fn event_type(&self) -> &'static str {
        match (self.source.as_str(), self.name.as_str()) {
            ("signin", "ConsoleLogin") => "AwsConsoleSignIn",
            ("signin", _) | ("sso", "Authenticate" | "Federate" | "ListApplications") => "AwsServiceEvent",
            _ => "AwsApiCall",
        }
    }
}

/// By the name, as AWS's own calls go.
fn reads(name: &str) -> bool {
    const READS: [&str; 9] = ["Get", "List", "Describe", "Lookup", "Search", "BatchGet", "Head", "Assume", "Simulate"];
    READS.iter().any(|verb| name.starts_with(verb))
}

/// What differs from one record of a call to the next. Texts are JSON already, `ip` and `agent` with their quotes.
pub struct Record<'a> {
    pub call: &'a Call,
    pub identity: &'a str,
    /// The day, as in `2026-09-19`.
    pub date: &'a str,
    /// Seconds since midnight.
    pub at: u32,
    pub ip: &'a str,
    pub agent: &'a str,
    /// `errorCode`, empty for none.
    pub error: &'a str,
    /// `errorMessage` with its quotes, empty for none.
    pub message: &'a str,
    /// `additionalEventData`, empty for none.
    pub extra: &'a str,
}

/// Writes one record at the end of `out`.
pub fn write(out: &mut String, record: &Record<'_>, with: &Filling<'_>) {
    let call = record.call;
    push(out, &[r#"{"eventVersion":"1.11","userIdentity":"#, record.identity, r#","eventTime":""#, record.date, "T"]);
    push_time(out, record.at);
    push(out, &[r#"Z","eventSource":""#, &call.source, r#".amazonaws.com","eventName":""#, &call.name]);
    push(out, &[r#"","awsRegion":""#, with.region, r#"","sourceIPAddress":"#, record.ip]);
    push(out, &[r#","userAgent":"#, record.agent]);
    if !record.error.is_empty() {
        push(out, &[r#","errorCode":""#, record.error, "\""]);
    }
    if !record.message.is_empty() {
        push(out, &[r#","errorMessage":"#, record.message]);
    }
    out.push_str(r#","requestParameters":"#);
    push_filled(out, call.request.as_ref(), with);
    out.push_str(r#","responseElements":"#);
    push_filled(out, call.response.as_ref().filter(|_| record.error.is_empty()), with);
    if !record.extra.is_empty() {
        push(out, &[r#","additionalEventData":"#, record.extra]);
    }
    out.push_str(r#","requestID":""#);
    push_uuid(out, with.seed ^ 0x1f);
    out.push_str(r#"","eventID":""#);
    push_uuid(out, with.seed);
    push(out, &[r#"","readOnly":"#, if call.read { "true" } else { "false" }]);
    push_resources(out, call, with);
    push(out, &[r#","eventType":""#, call.event_type()]);
    push(out, &[r#"","managementEvent":true,"recipientAccountId":""#, ACCOUNT, r#"","eventCategory":"Management""#]);
    // AWS's own services are recorded without a connection.
    if !record.ip.ends_with(".amazonaws.com\"") {
        let dot = if call.global { "" } else { "." };
        let region = if call.global { "" } else { with.region };
        out.push_str(
            r#","tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":""#,
        );
        push(out, &[&call.source, dot, region, r#".amazonaws.com"}"#]);
    }
    out.push('}');
}

fn push(out: &mut String, parts: &[&str]) {
    for part in parts {
        out.push_str(part);
    }
}

/// `HH:MM:SS`.
pub fn push_time(out: &mut String, at: u32) {
    for (n, part) in [at / 3600, at / 60 % 60, at % 60].into_iter().enumerate() {
        if n > 0 {
            out.push(':');
        }
        for digit in [part / 10, part % 10] {
            out.push(char::from_digit(digit, 10).unwrap_or('0'));
        }
    }
}

fn push_filled(out: &mut String, template: Option<&Template>, with: &Filling<'_>) {
    match template {
        Some(template) => template.write(out, with),
        None => out.push_str("null"),
    }
}

fn push_resources(out: &mut String, call: &Call, with: &Filling<'_>) {
    if call.resources.is_empty() {
        return;
    }
    out.push_str(r#","resources":["#);
    for (n, (arn, kind)) in call.resources.iter().enumerate() {
        out.push_str(if n > 0 { r#",{"ARN":""# } else { r#"{"ARN":""# });
        let start = out.len();
        arn.write(out, with);
        // A bucket's ARN carries no account: it is ours.
        let account =
            out[start..].split(':').nth(4).filter(|account| !account.is_empty()).unwrap_or(ACCOUNT).to_owned();
        push(out, &[r#"","accountId":""#, &account, r#"","type":""#, kind, "\"}"]);
    }
    out.push(']');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_are_known_by_their_verbs() {
        assert!(reads("ListAccounts") && reads("AssumeRoleWithSAML") && reads("LookupEvents"));
        assert!(!reads("StopLogging") && !reads("ConsoleLogin") && !reads("UpdatePolicy"));
    }

    #[test]
    fn times_have_two_digits_each() {
        let mut out = String::new();
        push_time(&mut out, 2 * 3600 + 31 * 60 + 7);
        assert_eq!(out, "02:31:07");
    }
}
