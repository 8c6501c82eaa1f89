//! One CloudTrail record, read once into the words that screens and rules ask for. The record
//! itself is kept beside it (see `log`), so that a detail can always show what AWS wrote.
//!
//! Source of the field names: CloudTrail User Guide, "CloudTrail record contents".

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Arn, Text};

/// `userIdentity.type`, with the spellings that occur.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum ActorKind {
    Root,
    IamUser,
    AssumedRole,
    FederatedUser,
    SamlUser,
    WebIdentityUser,
    IdentityCenterUser,
    AwsAccount,
    AwsService,
    Directory,
    #[default]
    Unknown,
}

impl ActorKind {
    pub fn from_type(word: &str) -> Self {
        match word {
            "Root" => Self::Root,
            "IAMUser" => Self::IamUser,
            "AssumedRole" | "Role" => Self::AssumedRole,
            "FederatedUser" => Self::FederatedUser,
            "SAMLUser" => Self::SamlUser,
            "WebIdentityUser" => Self::WebIdentityUser,
            "IdentityCenterUser" => Self::IdentityCenterUser,
            "AWSAccount" => Self::AwsAccount,
            "AWSService" => Self::AwsService,
            "Directory" => Self::Directory,
            _ => Self::Unknown,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::IamUser => "user",
            Self::AssumedRole => "role",
            Self::FederatedUser => "federated",
            Self::SamlUser => "saml",
            Self::WebIdentityUser => "oidc",
            Self::IdentityCenterUser => "identity-center",
            Self::AwsAccount => "account",
            Self::AwsService => "service",
            Self::Directory => "directory",
            Self::Unknown => "unknown",
        }
    }
}

/// Who acted. `key` joins an event to its principal: see [`principal_key`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Actor {
    pub kind: ActorKind,
    pub key: Text,
    /// What a person calls it: a user's or role's name, a service's principal.
    pub name: Text,
    /// The role session's name, where there is one.
    pub session: Text,
    pub access_key: Text,
    pub account: Text,
    /// `sessionContext.attributes.mfaAuthenticated` was `true`.
    pub mfa: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event {
    /// `eventID`; empty in records that were trimmed.
    pub id: Text,
    /// None when the record has no readable `eventTime`.
    pub time: Option<Timestamp>,
    pub name: Text,
    /// Such as `iam.amazonaws.com`.
    pub source: Text,
    pub region: Text,
    pub actor: Actor,
    pub ip: Text,
    pub agent: Text,
    /// `errorCode`, or why a sign-in failed, which has none; empty when the call succeeded.
    pub error: Text,
    /// None when the record does not say.
    pub read_only: Option<bool>,
    /// ARNs and names of `resources`, in the record's order.
    pub resources: Vec<Text>,
    pub recipient: Text,
    /// The record as it came, not cleaned: it goes to a screen only through the raw tree, which cleans.
    pub raw: String,
}

/// The key by which events, policies and IAM's lists name the same principal: the ARN without the path of a
/// role or user, since a session's ARN carries none and names are unique in an account (IAM User Guide,
/// reference_identifiers).
pub fn principal_key(arn: &str) -> Text {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, partition, service, _, account, resource] = parts[..] else {
        return Text::new(arn);
    };
    match (service, resource.split_once('/')) {
        ("sts", Some(("assumed-role", rest))) => {
            let role = rest.split('/').next().unwrap_or(rest);
            Text::new(&format!("arn:{partition}:iam::{account}:role/{role}"))
        }
        ("iam", Some((kind @ ("role" | "user" | "group"), rest))) => {
            let name = rest.rsplit('/').next().unwrap_or(rest);
            Text::new(&format!("arn:{partition}:iam::{account}:{kind}/{name}"))
        }
        _ => Text::new(arn),
    }
}

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
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Identity<'a> {
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
struct RecordResource<'a> {
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
        if event.source == "signin.amazonaws.com" {
            event.sign_in();
        }
        Ok(event)
    }

    /// A sign-in tells its end in `responseElements` under its own name, mostly without an `errorCode`, and whether
    /// there was MFA in `additionalEventData` (CloudTrail User Guide, "Console sign-in events").
    fn sign_in(&mut self) {
        let value: Value = serde_json::from_str(&self.raw).unwrap_or_default();
        let failed = value["responseElements"][self.name.as_str()] == "Failure";
        if failed && self.error.is_empty() {
            self.error = Text::new(value["errorMessage"].as_str().filter(|why| !why.is_empty()).unwrap_or("Failure"));
        }
        self.actor.mfa |= value["additionalEventData"]["MFAUsed"] == "Yes";
    }

    fn from_parts(record: Record<'_>, raw: &str) -> Result<Self, RecordError> {
        let text = |field: &Option<Cow<'_, str>>| field.as_deref().map(Text::new).unwrap_or_default();
        if record.event_name.as_deref().unwrap_or("").is_empty() {
            return Err(RecordError::NoEventName);
        }
        let mut resources = Vec::new();
        for resource in record.resources.iter().flatten() {
            let named = resource.arn.as_ref().or(resource.name.as_ref());
            if let Some(named) = named {
                resources.push(Text::new(named));
            }
        }
        Ok(Self {
            id: text(&record.event_id),
            time: record.event_time.as_deref().and_then(|time| time.parse().ok()),
            name: text(&record.event_name),
            source: text(&record.event_source),
            region: text(&record.aws_region),
            actor: record.user_identity.map(|identity| actor(&identity)).unwrap_or_default(),
            ip: text(&record.source_ip),
            agent: text(&record.user_agent),
            error: text(&record.error_code),
            read_only: record.read_only,
            resources,
            recipient: text(&record.recipient_account_id),
            raw: raw.to_owned(),
        })
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
    Actor { kind, key, name, session, access_key: text(&identity.access_key_id), account, mfa }
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_joins_its_role_by_the_issuer() {
        let event = Event::from_record(
            r#"{"eventName":"CreateUser","eventTime":"2026-11-01T10:00:00Z","readOnly":false,"userIdentity":{"type":"AssumedRole",
            "arn":"arn:aws:sts::111122223333:assumed-role/Deploy/alice","sessionContext":{"sessionIssuer":
            {"arn":"arn:aws:iam::111122223333:role/ci/Deploy","userName":"Deploy"},"attributes":{"mfaAuthenticated":"true"}}}}"#,
        )
        .expect("a record");
        assert_eq!(event.actor.key, "arn:aws:iam::111122223333:role/Deploy");
        assert_eq!(event.actor.name, "Deploy");
        assert_eq!(event.actor.session, "alice");
        assert!(event.actor.mfa);
        assert_eq!(event.read_only, Some(false));
    }

    #[test]
    fn a_sign_in_that_failed_is_an_error_and_its_mfa_is_seen() {
        let record = |more: &str| {
            let raw = format!(
                r#"{{"eventName":"ConsoleLogin","eventSource":"signin.amazonaws.com","userIdentity":{{"type":"Root"}},{more}}}"#
            );
            let event = Event::from_record(&raw).expect("a record");
            (event.error.to_string(), event.actor.mfa)
        };
        let why = r#""errorMessage":"Failed authentication","responseElements":{"ConsoleLogin":"Failure"}"#;
        assert_eq!(record(why), ("Failed authentication".into(), false));
        assert_eq!(record(r#""responseElements":{"ConsoleLogin":"Failure"}"#), ("Failure".into(), false));
        let good = r#""responseElements":{"ConsoleLogin":"Success"},"additionalEventData":{"MFAUsed":"Yes"}"#;
        assert_eq!(record(good), (String::new(), true));
        assert_eq!(record(r#""responseElements":null,"additionalEventData":"odd""#), (String::new(), false));
    }

    #[test]
    fn odd_shapes_do_not_lose_the_event() {
        let event = Event::from_record(
            r#"{"eventName":"X","eventTime":17,"readOnly":"true","userIdentity":{"type":"IAMUser","userName":7,"accountId":111122223333,
            "sessionContext":{"attributes":{"mfaAuthenticated":false}}},"resources":"none"}"#,
        )
        .expect("a record");
        assert_eq!(event.time, None);
        assert_eq!(event.actor.key, "arn:aws:iam::111122223333:user/7");
        assert_eq!(event.read_only, Some(true));
    }

    #[test]
    fn what_is_not_a_record_says_why() {
        assert!(matches!(Event::from_record("{\"a\":1}"), Err(RecordError::NoEventName)));
        assert!(matches!(Event::from_record("<html>"), Err(RecordError::Json(_))));
    }

    #[test]
    fn keys_drop_paths_and_sessions() {
        assert_eq!(principal_key("arn:aws:iam::1:role/a/b/R"), "arn:aws:iam::1:role/R");
        assert_eq!(principal_key("arn:aws:sts::1:assumed-role/R/s"), "arn:aws:iam::1:role/R");
        assert_eq!(principal_key("arn:aws:iam::1:root"), "arn:aws:iam::1:root");
        assert_eq!(principal_key("x"), "x");
    }
}
