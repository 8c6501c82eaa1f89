//! Who asks, and whom a `Principal` or `NotPrincipal` element names.
//!
//! Sources: reference_policies_elements_principal, reference_policies_elements_notprincipal, and for what each way of
//! naming grants reference_policies_evaluation-logic_policy-eval-basics ("Resource-based policies").

use serde_json::Value as Json;

use super::document::strings;

/// Who makes a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Nobody that AWS knows.
    Anonymous,
    /// An AWS service, such as `lambda.amazonaws.com`.
    Service(String),
    Root {
        account: String,
    },
    User {
        account: String,
        arn: String,
    },
    Role {
        account: String,
        arn: String,
    },
    /// `arn:aws:sts::111122223333:assumed-role/NAME/SESSION`: the role's path is not in it.
    Session {
        account: String,
        arn: String,
        role: String,
    },
    /// `arn:aws:sts::111122223333:federated-user/NAME`.
    FederatedUser {
        account: String,
        arn: String,
    },
    /// Somebody with an assertion or token of a SAML or OIDC provider: its ARN, or its name.
    Federated(String),
}

impl Caller {
    /// By an ARN, an account's id, a service principal or the name of an identity provider.
    pub fn parse(text: &str) -> Self {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        if let ["arn", _, service, _, account, resource] = parts[..] {
            let (account, arn) = (account.to_owned(), text.to_owned());
            let (kind, name) = resource.split_once('/').unwrap_or((resource, ""));
            return match (service, kind) {
                ("iam", "user") => Self::User { account, arn },
                ("iam", "role") => Self::Role { account, arn },
                ("iam", "root") => Self::Root { account },
                ("sts", "assumed-role") => {
                    let role = name.rsplit_once('/').map_or(name, |(role, _)| role);
                    let role = role.rsplit('/').next().unwrap_or(role).to_owned();
                    Self::Session { account, arn, role }
                }
                ("sts", "federated-user") => Self::FederatedUser { account, arn },
                _ => Self::Federated(arn),
            };
        }
        if is_account(text) {
            Self::Root { account: text.to_owned() }
        } else if text.ends_with(".amazonaws.com") && text != "cognito-identity.amazonaws.com"
            || text.ends_with(".amazonaws.com.cn")
        {
            Self::Service(text.to_owned())
        } else if text.is_empty() || text == "*" {
            Self::Anonymous
        } else {
            Self::Federated(text.to_owned())
        }
    }

    /// The account in whose policies the caller stands, if there is one.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Root { account }
            | Self::User { account, .. }
            | Self::Role { account, .. }
            | Self::Session { account, .. }
            | Self::FederatedUser { account, .. } => Some(account),
            Self::Anonymous | Self::Service(_) | Self::Federated(_) => None,
        }
    }

    /// A session's ARN has lost the role's path; IAM holds role names apart without regard to case
    /// (reference_iam-quotas, "IAM name requirements").
    fn is_session_of(&self, of: &str, name: &str) -> bool {
        matches!(self, Self::Session { account, role, .. } if account == of && role.eq_ignore_ascii_case(name))
    }

    /// A role that only its service uses (using-service-linked-roles): no SCP and no RCP bounds it.
    pub fn is_service_linked(&self) -> bool {
        match self {
            Self::Role { arn, .. } => {
                arn.contains(":role/aws-service-role/")
                    || arn.rsplit('/').next().is_some_and(|name| name.starts_with("AWSServiceRoleFor"))
            }
            Self::Session { role, .. } => role.starts_with("AWSServiceRoleFor"),
            _ => false,
        }
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// In which way a statement names the caller: what an Allow gives depends on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grant {
    /// Not at all.
    #[default]
    None,
    /// By the account: the account's own policies decide.
    Account,
    /// By the role: a boundary or session policy that is silent still stops it.
    Role,
    /// By itself, or by everybody: in the same account nothing more is needed.
    Direct,
}

/// One value of a `Principal` element.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Named {
    Anyone,
    Account(String),
    /// A user or a session.
    Exactly(Caller),
    /// A role's ARN, with the role's account and its name without the path.
    Role {
        arn: String,
        account: String,
        name: String,
    },
    /// A service, or `*` of all services.
    Service(String),
    /// An identity provider, or `*` of all; or an account by its canonical user id.
    Foreign(String),
    /// A deleted principal's unique id: nobody that a request can name here.
    Nobody,
}

impl Named {
    fn new(kind: &str, text: &str) -> Self {
        match kind.to_ascii_lowercase().as_str() {
            "aws" => Self::aws(text),
            "service" => Self::Service(text.to_owned()),
            "federated" | "canonicaluser" => Self::Foreign(text.to_owned()),
            _ => Self::Nobody,
        }
    }

    fn aws(text: &str) -> Self {
        if text == "*" {
            return Self::Anyone;
        }
        match Caller::parse(text) {
            Caller::Root { account } => Self::Account(account),
            Caller::Role { account, arn } => {
                let name = arn.rsplit('/').next().unwrap_or("").to_owned();
                Self::Role { arn, account, name }
            }
            caller @ (Caller::User { .. } | Caller::Session { .. } | Caller::FederatedUser { .. }) => {
                Self::Exactly(caller)
            }
            Caller::Anonymous | Caller::Service(_) | Caller::Federated(_) => Self::Nobody,
        }
    }

    fn names(&self, caller: &Caller) -> Grant {
        let direct = |matches: bool| if matches { Grant::Direct } else { Grant::None };
        match (self, caller) {
            (Self::Anyone, _) => Grant::Direct,
            (Self::Account(account), Caller::Root { account: own }) => direct(account == own),
            (Self::Account(account), caller) if caller.account() == Some(account) => Grant::Account,
            (Self::Role { arn, .. }, Caller::Role { arn: own, .. }) if arn == own => Grant::Role,
            (Self::Role { account, name, .. }, caller) if caller.is_session_of(account, name) => Grant::Role,
            (Self::Exactly(named), caller) => direct(named == caller),
            (Self::Service(named), Caller::Service(own)) => direct(named == "*" || named == own),
            (Self::Foreign(named), Caller::Federated(own)) => direct(named == "*" || named == own),
            // `cognito-identity.amazonaws.com` is an identity provider and, seldom, a service.
            (Self::Foreign(named), Caller::Service(own)) | (Self::Service(named), Caller::Federated(own)) => {
                direct(named == own)
            }
            _ => Grant::None,
        }
    }

    /// Whether it names somebody within what the other names: a role of an account, a session of a role.
    fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exactly(caller), Self::Account(account)) => caller.account() == Some(account),
            (Self::Role { account, .. }, Self::Account(of)) => account == of,
            (Self::Exactly(caller), Self::Role { account, name, .. }) => caller.is_session_of(account, name),
            _ => false,
        }
    }
}

/// A `Principal` or `NotPrincipal` element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principals {
    /// `NotPrincipal`: all but these.
    pub all_but: bool,
    named: Box<[Named]>,
    /// As they are written, with their kind: `("AWS", "*")`.
    pub written: Box<[(Box<str>, Box<str>)]>,
}

impl Principals {
    /// # Errors
    /// What is wrong with the element, in words.
    pub fn parse(all_but: bool, element: &Json) -> Result<Self, String> {
        let mut named = Vec::new();
        let mut written: Vec<(Box<str>, Box<str>)> = Vec::new();
        let mut add = |kind: &str, text: String| {
            named.push(Named::new(kind, &text));
            written.push((kind.into(), text.into()));
        };
        match element {
            Json::Object(map) => {
                for (kind, value) in map {
                    for text in strings(value).ok_or("a principal is not text")? {
                        add(kind, text);
                    }
                }
            }
            other => {
                for text in strings(other).ok_or("a principal is neither text nor a map")? {
                    add("AWS", text);
                }
            }
        }
        Ok(Self { all_but, named: named.into(), written: written.into() })
    }

    /// In which way the caller is named, or with `NotPrincipal` not left out.
    pub fn names(&self, caller: &Caller) -> Grant {
        let best = self.named.iter().map(|named| named.names(caller)).max().unwrap_or_default();
        match (self.all_but, best) {
            (false, best) => best,
            (true, Grant::None) => Grant::Direct,
            (true, _) => Grant::None,
        }
    }

    /// Whether a Deny with them reaches the caller. With `NotPrincipal` an account or a role that stands beside a
    /// principal of its own is there because AWS checks it as well; it leaves out nobody else
    /// (reference_policies_elements_notprincipal, the examples).
    pub fn denies(&self, caller: &Caller) -> bool {
        let names = |named: &Named| match named.names(caller) {
            Grant::None => false,
            Grant::Direct => true,
            Grant::Role if matches!(caller, Caller::Role { .. }) => true,
            Grant::Role | Grant::Account => !self.all_but || !self.named.iter().any(|other| other.is_within(named)),
        };
        self.named.iter().any(names) != self.all_but
    }

    /// Everybody, whatever conditions say.
    pub fn is_anyone(&self) -> bool {
        self.all_but || self.named.contains(&Named::Anyone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn names(element: &Json, caller: &str) -> Grant {
        Principals::parse(false, element).expect("it parses").names(&Caller::parse(caller))
    }

    #[test]
    fn each_way_of_naming_gives_its_own_grant() {
        let (user, role) = ("arn:aws:iam::111122223333:user/a", "arn:aws:iam::111122223333:role/p/R");
        let session = "arn:aws:sts::111122223333:assumed-role/R/s";
        for (element, caller, wanted) in [
            (json!("*"), user, Grant::Direct),
            (json!({"AWS": "*"}), "*", Grant::Direct),
            (json!({"AWS": "111122223333"}), user, Grant::Account),
            (json!({"AWS": "arn:aws:iam::111122223333:root"}), session, Grant::Account),
            (json!({"AWS": "arn:aws:iam::111122223333:root"}), "111122223333", Grant::Direct),
            (json!({"AWS": user}), user, Grant::Direct),
            (json!({"AWS": role}), role, Grant::Role),
            (json!({"AWS": role}), session, Grant::Role),
            (json!({"AWS": role.to_lowercase()}), session, Grant::Role),
            (json!({"AWS": role.to_lowercase()}), role, Grant::None),
            (json!({"AWS": session}), session, Grant::Direct),
            (json!({"AWS": session}), "arn:aws:sts::111122223333:assumed-role/R/t", Grant::None),
            (json!({"AWS": role}), "arn:aws:iam::111122223333:role/R", Grant::None),
            (json!({"Service": "ec2.amazonaws.com"}), "ec2.amazonaws.com", Grant::Direct),
            (json!({"AWS": "AIDAEXAMPLE"}), user, Grant::None),
            (json!({"AWS": 111_122_223_333_u64}), user, Grant::Account),
            (json!({"AWS": "arn:aws:iam::111122223333:user/*"}), user, Grant::None),
            (json!({"AWS": "arn:aws:sts::111122223333:assumed-role/R/*"}), session, Grant::None),
            (json!({"AWS": "arn:aws:iam::111122223333:user/A"}), user, Grant::None),
            (json!({"AWS": [role, user]}), user, Grant::Direct),
            (json!({"Service": "ec2.amazonaws.com"}), "lambda.amazonaws.com", Grant::None),
            (json!({"Service": "anonymous"}), "*", Grant::None),
            (json!("*"), "lambda.amazonaws.com", Grant::Direct),
            (json!({"Federated": "accounts.google.com"}), "accounts.google.com", Grant::Direct),
            (json!({"Federated": "cognito-identity.amazonaws.com"}), "cognito-identity.amazonaws.com", Grant::Direct),
            (
                json!({"Federated": "arn:aws:iam::111122223333:saml-provider/a"}),
                "arn:aws:iam::111122223333:saml-provider/b",
                Grant::None,
            ),
            (json!({"CanonicalUser": "79a59df900b9"}), "79a59df900b9", Grant::Direct),
            (json!({"CanonicalUser": "79a59df900b9"}), user, Grant::None),
        ] {
            assert_eq!(names(&element, caller), wanted, "{element} {caller}");
        }
    }

    #[test]
    fn not_principal_leaves_out_those_named_in_any_way() {
        let of = |element: Json, caller: &str| {
            Principals::parse(true, &element).expect("it parses").names(&Caller::parse(caller))
        };
        let user = "arn:aws:iam::111122223333:user/a";
        assert_eq!(of(json!({"AWS": "111122223333"}), user), Grant::None);
        assert_eq!(of(json!({"AWS": "444455556666"}), user), Grant::Direct);
        assert_eq!(of(json!("*"), "*"), Grant::None);
    }

    #[test]
    fn a_deny_with_not_principal_spares_only_the_most_closely_named() {
        let account = "arn:aws:iam::444455556666:root";
        let (bob, alice) = ("arn:aws:iam::444455556666:user/Bob", "arn:aws:iam::444455556666:user/Alice");
        let (role, other) = ("arn:aws:iam::444455556666:role/p/R", "arn:aws:iam::444455556666:role/S");
        let session = |of: &str, name: &str| format!("arn:aws:sts::444455556666:assumed-role/{of}/{name}");
        let (s, t) = (session("R", "s"), session("R", "t"));
        for (named, caller, denied) in [
            (json!([bob, account]), bob, false),
            (json!([bob, account]), alice, true),
            (json!([bob, account]), account, false),
            (json!([bob, account]), "arn:aws:iam::111122223333:user/Bob", true),
            (json!([account]), alice, false),
            (json!([bob]), bob, false),
            (json!([s, role, account]), &s, false),
            (json!([s, role, account]), &t, true),
            (json!([s, role, account]), role, false),
            (json!([role, account]), &s, false),
            (json!([role, account]), &session("S", "s"), true),
            (json!([role, account]), other, true),
            (json!(["*"]), bob, false),
            (json!([bob]), "*", true),
        ] {
            let principals = Principals::parse(true, &json!({"AWS": named})).expect("it parses");
            assert_eq!(principals.denies(&Caller::parse(caller)), denied, "{named} {caller}");
            let principals = Principals::parse(false, &json!({"AWS": named})).expect("it parses");
            let any = principals.names(&Caller::parse(caller)) != Grant::None;
            assert_eq!(principals.denies(&Caller::parse(caller)), any, "Principal {named} {caller}");
        }
    }
}
