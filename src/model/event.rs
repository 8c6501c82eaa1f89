//! One CloudTrail record, read once into the words that screens and rules ask for. The record
//! itself is kept beside it (see `log`), so that a detail can always show what AWS wrote.

pub mod record;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Text;

pub use record::RecordError;

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
    /// The service that called on the actor's behalf, such as `cloudformation.amazonaws.com`.
    pub invoked_by: Text,
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
    /// The access key that the call gave out, by which later events of the session are known.
    pub issued: Text,
    /// Made in the console, as far as the record tells.
    pub console: bool,
    /// Ids of the rules that the record raises, with blanks between; whoever reads the record says so.
    pub rules: Text,
    /// By which equal requests are known where a rule counts different ones; else 0.
    pub request: u32,
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
