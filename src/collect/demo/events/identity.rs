//! `userIdentity` of the sample's records, in the form that CloudTrail gives to each kind of actor
//! (CloudTrail User Guide, "CloudTrail userIdentity element").

use std::collections::HashMap;

use super::super::iam::{self, ACCOUNT};
use super::super::made_up::{access_key, hash, unique_id};
use super::super::providers::{CORPORATE, GITHUB, SSO, person_id};

/// A string as JSON, with its quotes.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// What a person or program wears while it acts.
pub struct Session<'a> {
    /// `user/NAME`, `role/NAME`, `root`, `service/PRINCIPAL` or `person/USER`.
    pub who: &'a str,
    /// The role session's name.
    pub name: &'a str,
    /// The session's access key.
    pub key: &'a str,
    /// ISO 8601.
    pub began: &'a str,
    pub mfa: bool,
    /// A user's own key, counted from 1; none for a session of the console.
    pub own_key: Option<usize>,
    /// The AWS service that acts through this role.
    pub invoked_by: Option<&'a str>,
}

/// Everybody, by name.
pub struct Cast {
    roles: HashMap<String, String>,
    users: HashMap<String, String>,
    store: String,
}

impl Cast {
    pub fn new(iam: &iam::File, store: &str) -> Self {
        let user = |u: &iam::Person| (u.name.clone(), format!("arn:aws:iam::{ACCOUNT}:user{}{}", u.path, u.name));
        Self {
            roles: iam.role.iter().map(|role| (role.name.clone(), role.arn())).collect(),
            users: iam.user.iter().map(user).collect(),
            store: store.to_owned(),
        }
    }

    /// A role's ARN with its path.
    pub fn role_arn(&self, name: &str) -> String {
        self.roles.get(name).cloned().unwrap_or_else(|| format!("arn:aws:iam::{ACCOUNT}:role/{name}"))
    }

    /// A user's ARN; of one who has been deleted, without a path.
    fn user_arn(&self, name: &str) -> String {
        self.users.get(name).cloned().unwrap_or_else(|| format!("arn:aws:iam::{ACCOUNT}:user/{name}"))
    }

    /// How AWS names the actor in a refusal.
    pub fn arn(&self, session: &Session<'_>) -> String {
        match session.who.split_once('/') {
            Some(("role", role)) => format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{}", session.name),
            Some(("user", user)) => self.user_arn(user),
            _ => format!("arn:aws:iam::{ACCOUNT}:root"),
        }
    }

    /// `userIdentity` as JSON.
    pub fn identity(&self, session: &Session<'_>) -> String {
        match session.who.split_once('/') {
            Some(("role", role)) => self.assumed_role(role, session),
            Some(("user", user)) => self.user(user, session),
            Some(("service", principal)) => format!(r#"{{"type":"AWSService","invokedBy":"{principal}"}}"#),
            Some(("person", user)) => self.person(user),
            _ => format!(
                r#"{{"type":"Root","principalId":"{ACCOUNT}","arn":"arn:aws:iam::{ACCOUNT}:root","accountId":"{ACCOUNT}","accessKeyId":"{}"}}"#,
                session.key
            ),
        }
    }

    fn assumed_role(&self, role: &str, session: &Session<'_>) -> String {
        let id = unique_id("AROA", role);
        let by = session.invoked_by.map(|by| format!(r#","invokedBy":"{by}""#)).unwrap_or_default();
        format!(
            r#"{{"type":"AssumedRole","principalId":"{id}:{name}","arn":"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{name}","accountId":"{ACCOUNT}","accessKeyId":"{key}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"{id}","arn":"{issuer}","accountId":"{ACCOUNT}","userName":"{role}"}},"attributes":{{"creationDate":"{began}","mfaAuthenticated":"{mfa}"}}}}{by}}}"#,
            name = session.name,
            key = session.key,
            issuer = self.role_arn(role),
            began = session.began,
            mfa = session.mfa,
        )
    }

    fn user(&self, user: &str, session: &Session<'_>) -> String {
        let id = unique_id("AIDA", user);
        let (arn, name) = (quoted(&self.user_arn(user)), quoted(user));
        let head = format!(r#"{{"type":"IAMUser","principalId":"{id}","arn":{arn},"accountId":"{ACCOUNT}""#);
        match session.own_key {
            Some(n) => format!(r#"{head},"accessKeyId":"{}","userName":{name}}}"#, access_key(user, n)),
            None => format!(
                r#"{head},"accessKeyId":"{}","userName":{name},"sessionContext":{{"attributes":{{"creationDate":"{}","mfaAuthenticated":"{}"}}}}}}"#,
                session.key, session.began, session.mfa
            ),
        }
    }

    fn person(&self, user: &str) -> String {
        format!(
            r#"{{"type":"IdentityCenterUser","accountId":"{ACCOUNT}","onBehalfOf":{{"userId":"{}","identityStoreArn":"arn:aws:identitystore::{ACCOUNT}:identitystore/{}"}},"credentialId":"{:016x}"}}"#,
            person_id(user),
            self.store,
            hash(user)
        )
    }
}

/// Who takes on a role at the beginning of a session: `(eventName, userIdentity, extra parameters)`.
pub fn opener(opens: &str, session: &str) -> Option<(&'static str, String, String)> {
    let (kind, rest) = opens.split_once(':').unwrap_or((opens, ""));
    let saml = |provider: &str| {
        let hash = hash(session);
        let identity = format!(
            r#"{{"type":"SAMLUser","principalId":"{hash:016x}=:{session}","userName":"{session}","identityProvider":"{provider}"}}"#
        );
        let parameters =
            format!(r#","sAMLAssertionID":"_{hash:016x}","principalArn":"{provider}","durationSeconds":3600"#);
        ("AssumeRoleWithSAML", identity, parameters)
    };
    Some(match kind {
        "sso" => saml(SSO),
        "saml" => saml(CORPORATE),
        "oidc" => {
            let identity = format!(
                r#"{{"type":"WebIdentityUser","principalId":"{GITHUB}:sts.amazonaws.com:{rest}","userName":"{rest}","identityProvider":"{GITHUB}"}}"#
            );
            ("AssumeRoleWithWebIdentity", identity, r#","durationSeconds":3600"#.to_owned())
        }
        "service" => {
            let identity = format!(r#"{{"type":"AWSService","invokedBy":"{rest}"}}"#);
            ("AssumeRole", identity, String::new())
        }
        "account" => {
            let id = unique_id("AROA", rest);
            let identity = format!(r#"{{"type":"AWSAccount","principalId":"{id}:{session}","accountId":"{rest}"}}"#);
            ("AssumeRole", identity, String::new())
        }
        _ => return None,
    })
}
