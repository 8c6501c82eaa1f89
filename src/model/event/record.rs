//! How a record is read: its fields by name, and what they mean together.
//!
//! Source of the field names: CloudTrail User Guide, "CloudTrail record contents".

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

use super::{Actor, ActorKind, Event, principal_key};
use crate::model::{Arn, Text};

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Record<'a> {
    #[serde(rename = "eventID", borrow)]
    event_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    event_time: Option<Cow<'a, str>>,
    #[serde(borrow)]
    event_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    event_source: Option<Cow<'a, str>>,
    #[serde(borrow)]
    aws_region: Option<Cow<'a, str>>,
    #[serde(rename = "sourceIPAddress", borrow)]
    source_ip: Option<Cow<'a, str>>,
    #[serde(borrow)]
    user_agent: Option<Cow<'a, str>>,
    #[serde(borrow)]
    error_code: Option<Cow<'a, str>>,
    read_only: Option<bool>,
    #[serde(borrow)]
    recipient_account_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    user_identity: Option<Identity<'a>>,
    #[serde(borrow)]
    resources: Option<Vec<RecordResource<'a>>>,
    #[serde(borrow)]
    event_type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    session_credential_from_console: Option<Cow<'a, str>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Identity<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    principal_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    arn: Option<Cow<'a, str>>,
    #[serde(borrow)]
    account_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    access_key_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    user_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    invoked_by: Option<Cow<'a, str>>,
    #[serde(borrow)]
    identity_provider: Option<Cow<'a, str>>,
    #[serde(borrow)]
    session_context: Option<SessionContext<'a>>,
    #[serde(borrow)]
    on_behalf_of: Option<OnBehalfOf<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct SessionContext<'a> {
    #[serde(borrow)]
    session_issuer: Option<Issuer<'a>>,
    #[serde(borrow)]
    attributes: Option<Attributes<'a>>,
    #[serde(borrow)]
    assumed_root: Option<Cow<'a, str>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Issuer<'a> {
    #[serde(borrow)]
    arn: Option<Cow<'a, str>>,
    #[serde(borrow)]
    user_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    account_id: Option<Cow<'a, str>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Attributes<'a> {
    #[serde(borrow)]
    mfa_authenticated: Option<Cow<'a, str>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct OnBehalfOf<'a> {
    #[serde(borrow)]
    user_id: Option<Cow<'a, str>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct RecordResource<'a> {
    #[serde(rename = "ARN", borrow)]
    arn: Option<Cow<'a, str>>,
    #[serde(rename = "resourceName", borrow)]
    name: Option<Cow<'a, str>>,
}

/// Why a text is not a CloudTrail record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("not JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("not a CloudTrail record: it has no eventName")]
    NoEventName,
}

impl Event {
    /// Reads one record. Fields of an unexpected shape are passed over, never a reason to lose the event.
    ///
    /// # Errors
    /// When `raw` is not JSON, or is JSON without an `eventName`.
    pub fn from_record(raw: &str) -> Result<Self, RecordError> {
        let mut event = match serde_json::from_str::<Record<'_>>(raw) {
            Ok(record) => Self::from_parts(record, raw)?,
            Err(_) => Self::from_parts(tolerant(&serde_json::from_str(raw)?), raw)?,
        };
        if tells_more(&event.source, &event.name) {
            let value: Value = serde_json::from_str(raw).unwrap_or_default();
            if event.source == SIGN_IN {
                event.sign_in(&value);
            } else {
                event.hand_out(&value);
            }
        }
        Ok(event)
    }

    /// A sign-in tells its end in `responseElements` under its own name, mostly without an `errorCode`, and whether
    /// there was MFA in `additionalEventData` (CloudTrail User Guide, "Console sign-in events").
    fn sign_in(&mut self, value: &Value) {
        let failed = value["responseElements"][self.name.as_str()] == "Failure";
        if failed && self.error.is_empty() {
            self.error = Text::new(value["errorMessage"].as_str().filter(|why| !why.is_empty()).unwrap_or("Failure"));
        }
        self.actor.mfa |= value["additionalEventData"]["MFAUsed"] == "Yes";
    }

    /// The calls of STS that give out credentials, and whose they are.
    fn hand_out(&mut self, value: &Value) {
        let key = value["responseElements"]["credentials"]["accessKeyId"].as_str();
        self.issued = key.map(Text::new).unwrap_or_default();
        // AssumeRoot names the account or its root user (IAM User Guide, cloudtrail-track-privileged-tasks).
        if self.resources.is_empty()
            && let Some(target) = value["requestParameters"]["targetPrincipal"].as_str()
        {
            let arn =
                if target.starts_with("arn:") { target.to_owned() } else { format!("arn:aws:iam::{target}:root") };
            self.resources.push(Text::new(&arn));
        }
    }

    fn from_parts(record: Record<'_>, raw: &str) -> Result<Self, RecordError> {
        let text = |field: &Option<Cow<'_, str>>| field.as_deref().map(Text::new).unwrap_or_default();
        if record.event_name.as_deref().unwrap_or("").is_empty() {
            return Err(RecordError::NoEventName);
        }
        let resources = record.resources.iter().flatten().filter_map(RecordResource::named).map(Text::new).collect();
        Ok(Self {
            id: text(&record.event_id),
            time: record.event_time.as_deref().and_then(|time| time.parse().ok()),
            name: text(&record.event_name),
            source: text(&record.event_source),
            region: text(&record.aws_region),
            actor: record.user_identity.map(|identity| identity.actor()).unwrap_or_default(),
            ip: text(&record.source_ip),
            agent: text(&record.user_agent),
            error: text(&record.error_code),
            read_only: record.read_only,
            resources,
            recipient: text(&record.recipient_account_id),
            issued: Text::default(),
            rules: Text::default(),
            request: 0,
            console: is_console(
                record.event_type.as_deref().unwrap_or(""),
                record.session_credential_from_console.as_deref().unwrap_or(""),
                record.user_agent.as_deref().unwrap_or(""),
            ),
            raw: raw.to_owned(),
        })
    }
}

const SIGN_IN: &str = "signin.amazonaws.com";

/// Whether request and response of a call tell something that the event itself must know.
pub fn tells_more(source: &str, name: &str) -> bool {
    source == SIGN_IN
        || (source == "sts.amazonaws.com"
            && (name.starts_with("AssumeRo") || matches!(name, "GetSessionToken" | "GetFederationToken")))
}

/// Whether a record says that it was made in the console (CloudTrail User Guide, "Console sign-in events" and
/// `sessionCredentialFromConsole`).
pub fn is_console(event_type: &str, from_console: &str, agent: &str) -> bool {
    matches!(event_type, "AwsConsoleSignIn" | "AwsConsoleAction")
        || from_console == "true"
        || matches!(agent, "console.amazonaws.com" | "signin.amazonaws.com")
        || agent.contains("S3Console/")
}

impl RecordResource<'_> {
    /// Its ARN, or else its name.
    pub fn named(&self) -> Option<&str> {
        self.arn.as_deref().or(self.name.as_deref())
    }
}

impl Identity<'_> {
    /// Who it is.
    pub fn actor(&self) -> Actor {
        actor(self)
    }

    /// Its own fields, and of its session context `assumedRoot`, as JSON.
    pub fn to_json(&self) -> Value {
        let fields = [
            ("type", &self.kind),
            ("principalId", &self.principal_id),
            ("arn", &self.arn),
            ("accountId", &self.account_id),
            ("accessKeyId", &self.access_key_id),
            ("userName", &self.user_name),
            ("invokedBy", &self.invoked_by),
        ];
        let told = |(key, word): (&str, &Option<Cow<'_, str>>)| Some((key.to_owned(), Value::from(word.as_deref()?)));
        let mut json: serde_json::Map<String, Value> = fields.into_iter().filter_map(told).collect();
        if let Some(word) = self.session_context.as_ref().and_then(|context| context.assumed_root.as_deref()) {
            json.insert("sessionContext".to_owned(), serde_json::json!({ "assumedRoot": word }));
        }
        Value::Object(json)
    }
}

fn actor(identity: &Identity<'_>) -> Actor {
    let text = |field: &Option<Cow<'_, str>>| field.as_deref().map(Text::new).unwrap_or_default();
    let kind = match identity.kind.as_deref() {
        Some(word) => ActorKind::from_type(word),
        None if identity.invoked_by.is_some() => ActorKind::AwsService,
        None => ActorKind::Unknown,
    };
    let arn = identity.arn.as_deref().unwrap_or("");
    let context = identity.session_context.as_ref();
    let issuer = context.and_then(|context| context.session_issuer.as_ref());
    let issuer_arn = issuer.and_then(|issuer| issuer.arn.as_deref());
    let issuer_name = issuer.and_then(|issuer| issuer.user_name.as_deref());
    let mut account = text(&identity.account_id);
    if account.is_empty() {
        account = issuer.map(|issuer| text(&issuer.account_id)).unwrap_or_default();
    }
    let (key, name, session) = match kind {
        ActorKind::AssumedRole | ActorKind::FederatedUser => {
            let key = principal_key(issuer_arn.unwrap_or(arn));
            let name = issuer_name.map_or_else(|| Text::new(Arn::new(key.as_str()).name()), Text::new);
            let session = arn.rsplit_once('/').map(|(_, session)| Text::new(session)).unwrap_or_default();
            (key, name, session)
        }
        ActorKind::Root => {
            let arn = if arn.is_empty() { format!("arn:aws:iam::{account}:root") } else { arn.to_owned() };
            (Text::new(&arn), Text::new("root"), Text::default())
        }
        ActorKind::AwsService => {
            let service = text(&identity.invoked_by);
            (service.clone(), service, Text::default())
        }
        ActorKind::IdentityCenterUser => {
            let user = identity.on_behalf_of.as_ref().map(|behalf| text(&behalf.user_id)).unwrap_or_default();
            let name = if identity.user_name.is_some() { text(&identity.user_name) } else { user.clone() };
            (user, name, Text::default())
        }
        ActorKind::AwsAccount => {
            let id = identity.principal_id.as_deref().unwrap_or("");
            let session = id.split_once(':').map(|(_, session)| Text::new(session)).unwrap_or_default();
            (account.clone(), account.clone(), session)
        }
        ActorKind::SamlUser | ActorKind::WebIdentityUser => {
            let provider = text(&identity.identity_provider);
            (
                if provider.is_empty() { text(&identity.principal_id) } else { provider },
                text(&identity.user_name),
                Text::default(),
            )
        }
        ActorKind::IamUser | ActorKind::Directory | ActorKind::Unknown => {
            let name = match identity.user_name.as_deref() {
                Some(name) => Text::new(name),
                None if !arn.is_empty() => Text::new(Arn::new(arn).name()),
                None if identity.invoked_by.is_some() => text(&identity.invoked_by),
                None => text(&identity.principal_id),
            };
            let key = if !arn.is_empty() {
                principal_key(arn)
            } else if kind == ActorKind::IamUser && !account.is_empty() && !name.is_empty() {
                Text::new(&format!("arn:aws:iam::{account}:user/{name}"))
            } else {
                name.clone()
            };
            (key, name, Text::default())
        }
    };
    let mfa = context
        .and_then(|context| context.attributes.as_ref())
        .is_some_and(|attributes| attributes.mfa_authenticated.as_deref() == Some("true"));
    let (access_key, invoked_by) = (text(&identity.access_key_id), text(&identity.invoked_by));
    Actor { kind, key, name, session, access_key, account, invoked_by, mfa }
}

/// The slow road for records whose fields have odd shapes: takes what it can.
fn tolerant(value: &Value) -> Record<'_> {
    fn word<'a>(value: &'a Value, key: &str) -> Option<Cow<'a, str>> {
        match value.get(key)? {
            Value::String(text) => Some(Cow::Borrowed(text)),
            Value::Number(number) => Some(Cow::Owned(number.to_string())),
            Value::Bool(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
            _ => None,
        }
    }
    let identity = value.get("userIdentity").map(|identity| {
        let context = identity.get("sessionContext");
        Identity {
            kind: word(identity, "type"),
            principal_id: word(identity, "principalId"),
            arn: word(identity, "arn"),
            account_id: word(identity, "accountId"),
            access_key_id: word(identity, "accessKeyId"),
            user_name: word(identity, "userName"),
            invoked_by: word(identity, "invokedBy"),
            identity_provider: word(identity, "identityProvider"),
            session_context: context.map(|context| SessionContext {
                session_issuer: context.get("sessionIssuer").map(|issuer| Issuer {
                    arn: word(issuer, "arn"),
                    user_name: word(issuer, "userName"),
                    account_id: word(issuer, "accountId"),
                }),
                attributes: context
                    .get("attributes")
                    .map(|attributes| Attributes { mfa_authenticated: word(attributes, "mfaAuthenticated") }),
                assumed_root: word(context, "assumedRoot"),
            }),
            on_behalf_of: identity.get("onBehalfOf").map(|behalf| OnBehalfOf { user_id: word(behalf, "userId") }),
        }
    });
    let resources = value.get("resources").and_then(Value::as_array).map(|list| {
        list.iter().map(|r| RecordResource { arn: word(r, "ARN"), name: word(r, "resourceName") }).collect()
    });
    Record {
        event_id: word(value, "eventID"),
        event_time: word(value, "eventTime"),
        event_name: word(value, "eventName"),
        event_source: word(value, "eventSource"),
        aws_region: word(value, "awsRegion"),
        source_ip: word(value, "sourceIPAddress"),
        user_agent: word(value, "userAgent"),
        error_code: word(value, "errorCode"),
        read_only: match word(value, "readOnly").as_deref() {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => None,
        },
        recipient_account_id: word(value, "recipientAccountId"),
        user_identity: identity,
        resources,
        event_type: word(value, "eventType"),
        session_credential_from_console: word(value, "sessionCredentialFromConsole"),
    }
}

#[cfg(test)]
mod tests;
