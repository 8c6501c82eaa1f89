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
    Arn(String),
    /// A role's ARN, with the role's account and its name without the path.
    Role {
        arn: String,
        account: String,
        name: String,
    },
    /// A service, or `*` of all services.
    Service(String),
    Federated(String),
    /// A deleted principal's unique id, a canonical user: nobody that a request can name here.
    Other,
}

impl Named {
    fn aws(text: &str) -> Self {
        if text == "*" {
            return Self::Anyone;
        }
        if is_account(text) {
            return Self::Account(text.to_owned());
        }
        match Caller::parse(text) {
            Caller::Root { account } => Self::Account(account),
            Caller::Role { account, arn } => {
                let name = arn.rsplit('/').next().unwrap_or("").to_owned();
                Self::Role { arn, account, name }
            }
            Caller::User { arn, .. } | Caller::Session { arn, .. } | Caller::FederatedUser { arn, .. } => {
                Self::Arn(arn)
            }
            _ => Self::Other,
        }
    }

    fn names(&self, caller: &Caller) -> Grant {
        let direct = |matches: bool| if matches { Grant::Direct } else { Grant::None };
        match (self, caller) {
            (Self::Anyone, _) => Grant::Direct,
            (Self::Account(account), Caller::Root { account: own }) => direct(account == own),
            (Self::Account(account), caller) if caller.account() == Some(account) => Grant::Account,
            (Self::Role { arn, .. }, Caller::Role { arn: own, .. }) if arn == own => Grant::Role,
            // A session's ARN has lost the role's path; IAM holds role names apart without regard to case
            // (reference_iam-quotas, "IAM name requirements").
            (Self::Role { account, name, .. }, Caller::Session { account: own, role, .. })
                if account == own && name.eq_ignore_ascii_case(role) =>
            {
                Grant::Role
            }
            (
                Self::Arn(arn),
                Caller::User { arn: own, .. }
                | Caller::Session { arn: own, .. }
                | Caller::FederatedUser { arn: own, .. },
            ) => direct(arn == own),
            (Self::Service(service), Caller::Service(own)) => direct(service == "*" || service == own),
            (Self::Federated(provider), Caller::Federated(own)) => direct(provider == own || provider == "*"),
            _ => Grant::None,
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
            named.push(match kind.to_ascii_lowercase().as_str() {
                "aws" => Named::aws(&text),
                "service" => Named::Service(text.clone()),
                "federated" => Named::Federated(text.clone()),
                _ => Named::Other,
            });
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
            (json!({"AWS": session}), session, Grant::Direct),
            (json!({"AWS": session}), "arn:aws:sts::111122223333:assumed-role/R/t", Grant::None),
            (json!({"AWS": role}), "arn:aws:iam::111122223333:role/R", Grant::None),
            (json!({"Service": "ec2.amazonaws.com"}), "ec2.amazonaws.com", Grant::Direct),
            (json!({"AWS": "AIDAEXAMPLE"}), user, Grant::None),
            (json!({"Federated": "accounts.google.com"}), "accounts.google.com", Grant::Direct),
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
}
