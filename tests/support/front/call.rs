//! One call as it came over the wire, and one answer as it goes back: the three protocols and their error shapes.

use std::time::Instant;

use bytes::Bytes;
use hyper::http::request::Parts;
use serde_json::{Value, json};

/// How a service speaks: AWS JSON 1.0 and 1.1 (one shape for both here), the query protocol, REST-JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    Json,
    Query,
    RestJson,
}

/// A call as logged.
#[derive(Clone, Debug)]
pub struct Call {
    pub protocol: Protocol,
    /// The signing name: `iam`, `sso`, `tagging`, `cloudcontrolapi`, `resource-explorer-2`.
    pub service: String,
    pub operation: String,
    /// From the credential scope.
    pub region: String,
    pub access_key: String,
    pub user_agent: String,
    pub at: Instant,
    /// `None` until answered, and for good where the connection was reset.
    pub status: Option<u16>,
}

impl Call {
    pub fn read(head: &Parts, body: &[u8]) -> Self {
        let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let scope = header("authorization").split_once("Credential=").map_or("", |(_, rest)| rest);
        let mut scope = scope.split([',', ' ']).next().unwrap_or_default().split('/');
        let access_key = scope.next().unwrap_or_default().to_owned();
        let region = scope.nth(1).unwrap_or_default().to_owned();
        let service = scope.next().unwrap_or_default().to_owned();
        let (protocol, operation) = if let Some((_, operation)) = header("x-amz-target").rsplit_once('.') {
            (Protocol::Json, operation.to_owned())
        } else if let Some(action) = form(body, "Action") {
            (Protocol::Query, action)
        } else {
            let name = head.uri.path().trim_matches('/');
            let mut letters = name.chars();
            let first = letters.next().map(|letter| letter.to_ascii_uppercase());
            (Protocol::RestJson, first.into_iter().chain(letters).collect())
        };
        let user_agent = header("user-agent").to_owned();
        Self { protocol, service, operation, region, access_key, user_agent, at: Instant::now(), status: None }
    }

    /// Not by its name a read. Generating the credential report changes nothing in the account.
    pub fn is_write(&self) -> bool {
        const READS: &[&str] = &["Get", "List", "Describe", "Lookup", "Search", "BatchGet", "Select", "Assume"];
        self.operation != "GenerateCredentialReport" && !READS.iter().any(|read| self.operation.starts_with(read))
    }

    /// The IAM action that allows this call.
    pub fn action(&self) -> String {
        let prefix = match self.service.as_str() {
            "cloudcontrolapi" => "cloudformation",
            "tagging" => "tag",
            other => other,
        };
        format!("{prefix}:{}", self.operation)
    }
}

/// A field of a form-encoded body.
pub fn form(body: &[u8], name: &str) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let value = text.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

/// An answer before it is put on the wire.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl Answer {
    pub fn plain(status: u16, kind: &str, body: impl Into<Bytes>) -> Self {
        Self { status, headers: vec![("content-type".to_owned(), kind.to_owned())], body: body.into() }
    }

    pub fn json(value: &Value) -> Self {
        Self::plain(200, "application/x-amz-json-1.1", value.to_string())
    }

    pub fn xml(body: impl Into<Bytes>) -> Self {
        Self::plain(200, "text/xml", body)
    }

    /// What moto says to an operation that it does not have.
    pub fn html_page() -> Self {
        let page = "<!doctype html>\n<html lang=en>\n<title>500 Internal Server Error</title>\n\
                    <h1>Internal Server Error</h1>\n<p>The server encountered an internal error.</p>\n";
        Self::plain(500, "text/html; charset=utf-8", page)
    }

    /// An error in the shape of the call's protocol.
    pub fn error(call: &Call, status: u16, code: &str, message: &str) -> Self {
        Self::error_as(call.protocol, status, code, message)
    }

    pub fn error_as(protocol: Protocol, status: u16, code: &str, message: &str) -> Self {
        match protocol {
            Protocol::Query => Self::plain(
                status,
                "text/xml",
                format!(
                    "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type>\
                     <Code>{code}</Code><Message>{message}</Message></Error><RequestId>front</RequestId></ErrorResponse>"
                ),
            ),
            Protocol::Json => {
                let body = json!({ "__type": code, "Message": message, "message": message });
                Self::plain(status, "application/x-amz-json-1.1", body.to_string())
            }
            Protocol::RestJson => {
                let body = json!({ "Message": message, "message": message });
                let mut answer = Self::plain(status, "application/json", body.to_string());
                answer.headers.push(("x-amzn-errortype".to_owned(), code.to_owned()));
                answer
            }
        }
    }

    /// The first half of the body, as if it were all.
    pub fn cut(mut self) -> Self {
        self.body = self.body.slice(..self.body.len() / 2);
        self
    }
}
