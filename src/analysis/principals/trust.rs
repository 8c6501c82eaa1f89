//! Trust policies as they are written: who may assume a role, and under which conditions. States what a document
//! says; whether a request would pass is for the policy evaluation to tell.
//!
//! Source: IAM User Guide, "AWS JSON policy elements: Principal" and "IAM and AWS STS condition context keys".

use crate::analysis::policy::strangers::{self, Home};
use crate::analysis::policy::{self, Policy, Truth};
use crate::model::{AccountId, Arn, Text};

/// Somebody named in a `Principal` element.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trusted {
    /// `*`: every principal of every account.
    Anyone,
    /// A whole account: its id, or its root ARN.
    Account(AccountId),
    /// A user, role or session of an account.
    Principal(Arn),
    /// The unique id that IAM leaves where a trusted principal was deleted (IAM User Guide, reference_identifiers).
    Deleted(Text),
    Service(Text),
    Saml(Arn),
    /// The provider's URL without its scheme.
    Oidc(Text),
    /// Anything else, as it stands.
    Other(Text),
}

impl Trusted {
    /// The account that it belongs to, where it names one.
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Self::Account(account) => Some(account.clone()),
            Self::Principal(arn) if !arn.account().is_empty() => Some(AccountId::new(arn.account())),
            _ => None,
        }
    }

    fn aws(value: &str) -> Self {
        let arn = Arn::new(value);
        match value {
            "*" => Self::Anyone,
            id if id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()) => Self::Account(AccountId::new(id)),
            _ if arn.looks_valid() && arn.resource() == "root" => Self::Account(AccountId::new(arn.account())),
            _ if arn.looks_valid() => Self::Principal(arn),
            id if ["AIDA", "AROA", "AGPA", "AKIA"].iter().any(|prefix| id.starts_with(prefix)) => {
                Self::Deleted(Text::new(id))
            }
            other => Self::Other(Text::new(other)),
        }
    }

    fn federated(value: &str) -> Self {
        let arn = Arn::new(value);
        match arn.resource().split_once('/') {
            Some(("saml-provider", _)) => Self::Saml(arn),
            Some(("oidc-provider", url)) => Self::Oidc(Text::new(url)),
            // The providers that IAM knows by name, such as `cognito-identity.amazonaws.com`.
            _ if !value.starts_with("arn:") && value.contains('.') => Self::Oidc(Text::new(value)),
            _ => Self::Other(Text::new(value)),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    pub operator: Text,
    pub key: Text,
    pub values: Vec<Text>,
}

impl Condition {
    /// Whether it lets only equal (or like) values pass, and fails when the key is missing.
    fn narrows(&self) -> bool {
        let operator = self.operator.to_ascii_lowercase();
        let plain = operator.rsplit(':').next().unwrap_or("");
        !operator.starts_with("forallvalues:")
            && !plain.ends_with("ifexists")
            && ["stringequals", "stringlike", "arnequals", "arnlike", "bool", "ipaddress"]
                .iter()
                .any(|known| plain.starts_with(known))
    }

    pub fn words(&self) -> String {
        let values: Vec<&str> = self.values.iter().map(Text::as_str).collect();
        format!("{} {} {}", self.key, self.operator, values.join(" or "))
    }
}

/// One statement of a trust policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    pub allow: bool,
    /// `NotPrincipal`: everybody but those in `trusted`.
    pub all_but: bool,
    pub trusted: Vec<Trusted>,
    pub actions: Vec<Text>,
    pub conditions: Vec<Condition>,
    /// Whether people of any account there is get in.
    pub open_to_anyone: Truth,
}

/// A trust policy. What could be read is there even when something could not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trust {
    pub statements: Vec<Statement>,
    /// What could not be understood, in words.
    pub unreadable: Option<String>,
}

impl Trust {
    /// By the same reader as the evaluation's, so that both see the same. `home`: whose role or resource it is.
    pub fn parse(document: &Text, home: Home<'_>) -> Self {
        let policy = Policy::parse(document);
        let unreadable = policy.unreadable.as_ref().map(ToString::to_string);
        let mut trust = Self { statements: Vec::new(), unreadable };
        for (n, statement) in policy.statements.iter().enumerate() {
            match Statement::of(statement) {
                Some(mut statement) => {
                    statement.open_to_anyone = strangers::is_open(&policy, n, home);
                    trust.statements.push(statement);
                }
                None => trust.unreadable = Some("a statement names no principal".to_owned()),
            }
        }
        trust
    }

    /// The statements that let somebody in.
    pub fn gates(&self) -> impl Iterator<Item = &Statement> {
        self.statements.iter().filter(|statement| statement.allow)
    }
}

impl Statement {
    /// None: it names no principal.
    fn of(statement: &policy::Statement) -> Option<Self> {
        let principals = statement.principals.as_ref()?;
        let trusted = principals.written.iter().map(|(kind, text)| match kind.to_ascii_lowercase().as_str() {
            "aws" => Trusted::aws(text),
            "federated" => Trusted::federated(text),
            "service" => Trusted::Service(Text::new(text)),
            _ => Trusted::Other(Text::new(text)),
        });
        let texts = |texts: &[Box<str>]| texts.iter().map(|text| Text::new(text)).collect::<Vec<Text>>();
        let condition = |condition: &policy::condition::Condition| {
            let (operator, key, values) = &condition.written;
            Condition { operator: Text::new(operator), key: Text::new(key), values: texts(values) }
        };
        Some(Self {
            allow: statement.effect == policy::Effect::Allow,
            all_but: principals.all_but,
            trusted: trusted.collect(),
            actions: statement.actions.as_ref().map_or_else(Vec::new, |actions| texts(&actions.written)),
            conditions: statement.conditions.iter().map(condition).collect(),
            open_to_anyone: Truth::No,
        })
    }

    /// A narrowing condition on one of these keys (lower case).
    pub fn narrowed_by(&self, keys: &[&str]) -> Option<&Condition> {
        self.conditions.iter().find(|condition| {
            condition.narrows()
                && keys.contains(&condition.key.to_ascii_lowercase().as_str())
                && !condition.values.iter().any(|value| *value == "*")
        })
    }

    pub fn wants_external_id(&self) -> bool {
        self.narrowed_by(&["sts:externalid"]).is_some()
    }

    /// It asks for MFA in the session or in the request.
    pub fn wants_mfa(&self) -> bool {
        let asks = |condition: &Condition| {
            condition.values.iter().any(|value| value.eq_ignore_ascii_case("true")) && condition.narrows()
        };
        let aged = |condition: &Condition| {
            condition.key.eq_ignore_ascii_case("aws:MultiFactorAuthAge")
                && condition.operator.to_ascii_lowercase().starts_with("numericlessthan")
                && !condition.operator.to_ascii_lowercase().ends_with("ifexists")
        };
        self.conditions.iter().any(|c| c.key.eq_ignore_ascii_case("aws:MultiFactorAuthPresent") && asks(c) || aged(c))
    }

    /// Everybody on AWS gets in, with no condition that says whose account, role or organization it must be.
    pub fn is_open_to_anyone(&self) -> bool {
        self.open_to_anyone == Truth::Yes
    }

    /// The key of the condition that says whose account, role or organization it must be.
    pub fn whose(&self) -> Option<&str> {
        const WHOSE: &[&str] = &[
            "aws:principalorgid",
            "aws:principalorgpaths",
            "aws:principalaccount",
            "aws:principalarn",
            "aws:sourceaccount",
            "aws:sourcearn",
            "aws:sourceorgid",
            "aws:sourceorgpaths",
            "aws:userid",
            "sts:externalid",
        ];
        self.narrowed_by(WHOSE).map(|condition| condition.key.as_str())
    }

    /// For an OIDC provider: the subjects that a condition asks for; empty: any.
    pub fn subjects(&self, provider: &str) -> Vec<Text> {
        self.wanted(&[&format!("{provider}:sub")])
    }

    /// For a SAML provider: the people that a condition asks for, by what tells one from another; empty: whoever the
    /// provider asserts (reference_policies_iam-condition-keys, "Available keys for SAML-based federation").
    pub fn saml_subjects(&self) -> Vec<Text> {
        self.wanted(&["saml:sub", "saml:uid", "saml:mail", "saml:eduPersonPrincipalName"])
    }

    /// The values that narrowing conditions on these keys ask for.
    fn wanted(&self, keys: &[&str]) -> Vec<Text> {
        let is_of = |condition: &&Condition| keys.iter().any(|key| condition.key.eq_ignore_ascii_case(key));
        let asked = self.conditions.iter().filter(|condition| condition.narrows()).filter(is_of);
        asked.flat_map(|condition| condition.values.iter().cloned()).collect()
    }

    /// For an OIDC provider: why its subjects are wide, if they are. A subject is narrow when it is compared with
    /// patterns whose wildcards come after a repository, project or the like: not first, and for
    /// `repo:OWNER/NAME:...` not within the owner or the name (GitHub, "Security hardening with OpenID Connect").
    pub fn wide_subjects(&self, provider: &str) -> Option<String> {
        let key = format!("{provider}:sub").to_ascii_lowercase();
        let Some(subjects) = self.conditions.iter().find(|c| c.narrows() && c.key.to_ascii_lowercase() == key) else {
            return Some("no condition on the subject".to_owned());
        };
        let like = subjects.operator.to_ascii_lowercase().contains("like");
        let wide = |value: &&Text| {
            if !like {
                return false;
            }
            let head = value.split(['*', '?']).next().unwrap_or("");
            let whole = head.len() == value.len();
            match value.strip_prefix("repo:") {
                _ if whole => false,
                Some(_) => head.matches(':').count() < 2,
                None => head.trim_end_matches([':', '/', '|']).len() < 5,
            }
        };
        subjects.values.iter().find(wide).map(|value| format!("any subject like {value}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(document: &str) -> Trust {
        Trust::parse(&Text::new(document), Home { account: "111122223333", organization: None })
    }

    fn one(statement: &str) -> Statement {
        let trust = parse(&format!(r#"{{"Statement":{statement}}}"#));
        assert_eq!(trust.unreadable, None, "{statement}");
        trust.statements.into_iter().next().expect("one statement")
    }

    #[test]
    fn every_form_of_principal() {
        let account = || Trusted::Account("111122223333".into());
        for (principal, wanted) in [
            (r#""*""#, vec![Trusted::Anyone]),
            (r#"{"AWS":"*"}"#, vec![Trusted::Anyone]),
            (r#"{"AWS":"111122223333"}"#, vec![account()]),
            (r#"{"AWS":["arn:aws:iam::111122223333:root"]}"#, vec![account()]),
            (
                r#"{"AWS":"arn:aws:iam::111122223333:role/x"}"#,
                vec![Trusted::Principal("arn:aws:iam::111122223333:role/x".into())],
            ),
            (r#"{"AWS":"AROAEXAMPLEID"}"#, vec![Trusted::Deleted("AROAEXAMPLEID".into())]),
            (
                r#"{"Service":["ec2.amazonaws.com","x.amazonaws.com"]}"#,
                vec![Trusted::Service("ec2.amazonaws.com".into()), Trusted::Service("x.amazonaws.com".into())],
            ),
            (
                r#"{"Federated":"arn:aws:iam::1:saml-provider/okta"}"#,
                vec![Trusted::Saml("arn:aws:iam::1:saml-provider/okta".into())],
            ),
            (
                r#"{"Federated":"arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com"}"#,
                vec![Trusted::Oidc("token.actions.githubusercontent.com".into())],
            ),
            (r#"{"Federated":"accounts.google.com"}"#, vec![Trusted::Oidc("accounts.google.com".into())]),
        ] {
            let statement = one(&format!(r#"{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}"#));
            assert_eq!(statement.trusted, wanted, "{principal}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_said_and_the_rest_stays() {
        for document in ["", "{", "[]", r#"{"Version":"2012-10-17"}"#, r#"{"Statement":[7]}"#] {
            assert!(parse(document).unreadable.is_some(), "{document}");
        }
        let trust = parse(r#"{"Statement":[{"Effect":"Maybe"},{"Effect":"Allow","Principal":"*"}]}"#);
        assert!(trust.unreadable.is_some());
        assert_eq!(trust.statements.len(), 1);
    }

    #[test]
    fn an_external_id_counts_only_when_it_must_be_there() {
        for (condition, wanted) in [
            (r#"{"StringEquals":{"sts:ExternalId":"x"}}"#, true),
            (r#"{"StringLike":{"STS:externalid":["a*","b"]}}"#, true),
            (r#"{"StringLike":{"sts:ExternalId":"*"}}"#, false),
            (r#"{"StringEqualsIfExists":{"sts:ExternalId":"x"}}"#, false),
            (r#"{"StringNotEquals":{"sts:ExternalId":"x"}}"#, false),
            (r#"{"ForAllValues:StringEquals":{"sts:ExternalId":"x"}}"#, false),
            (r#"{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#, false),
        ] {
            let statement = one(&format!(r#"{{"Effect":"Allow","Principal":{{"AWS":"1"}},"Condition":{condition}}}"#));
            assert_eq!(statement.wants_external_id(), wanted, "{condition}");
        }
    }

    #[test]
    fn anyone_unless_a_condition_says_whose() {
        for (condition, wanted) in [
            (r"{}", true),
            (r#"{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#, false),
            (r#"{"Bool":{"aws:SecureTransport":"true"}}"#, true),
            (r#"{"StringLike":{"aws:PrincipalArn":"*"}}"#, true),
            // Whoever makes a role of that name in an account of their own.
            (r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/admin"}}"#, true),
            (r#"{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/admin*"}}"#, false),
            (r#"{"StringEquals":{"sts:ExternalId":"x"}}"#, false),
        ] {
            let statement = one(&format!(
                r#"{{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Condition":{condition}}}"#
            ));
            assert_eq!(statement.is_open_to_anyone(), wanted, "{condition}");
        }
        assert!(
            one(r#"{"Effect":"Allow","NotPrincipal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}"#)
                .is_open_to_anyone()
        );
    }

    #[test]
    fn subjects_are_wide_when_the_repository_is_open() {
        for (condition, wide) in [
            (r#"{"StringEquals":{"gh.com:sub":"repo:o/r:ref:refs/heads/main"}}"#, false),
            (r#"{"StringLike":{"gh.com:sub":"repo:o/r:*"}}"#, false),
            (r#"{"StringLike":{"gh.com:sub":"repo:o/*"}}"#, true),
            (r#"{"StringLike":{"gh.com:sub":"repo:o/r*"}}"#, true),
            (r#"{"StringLike":{"gh.com:sub":["repo:o/r:*","repo:*"]}}"#, true),
            (r#"{"StringLike":{"gh.com:sub":"*"}}"#, true),
            (r#"{"StringEquals":{"gh.com:aud":"sts.amazonaws.com"}}"#, true),
            (r#"{"StringEqualsIfExists":{"gh.com:sub":"repo:o/r:x"}}"#, true),
            (r#"{"StringLike":{"gh.com:sub":"system:serviceaccount:ns:*"}}"#, false),
        ] {
            let statement = one(&format!(r#"{{"Effect":"Allow","Principal":"*","Condition":{condition}}}"#));
            assert_eq!(statement.wide_subjects("gh.com").is_some(), wide, "{condition}");
        }
    }

    #[test]
    fn the_people_of_a_saml_provider_are_those_whom_conditions_tell_apart() {
        for (condition, wanted) in [
            (r#"{"StringEquals":{"SAML:aud":"https://signin.aws.amazon.com/saml"}}"#, vec![]),
            (r#"{"StringEquals":{"SAML:sub":["a","b"],"SAML:sub_type":"persistent"}}"#, vec!["a", "b"]),
            (r#"{"StringLike":{"saml:mail":"*@example.com"}}"#, vec!["*@example.com"]),
            (r#"{"StringNotEquals":{"SAML:sub":"a"}}"#, vec![]),
        ] {
            let statement = one(&format!(r#"{{"Effect":"Allow","Principal":"*","Condition":{condition}}}"#));
            assert_eq!(statement.saml_subjects(), wanted.into_iter().map(Text::new).collect::<Vec<_>>(), "{condition}");
        }
    }

    #[test]
    fn mfa_must_be_asked_for_plainly() {
        for (condition, wanted) in [
            (r#"{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#, true),
            (r#"{"Bool":{"aws:MultiFactorAuthPresent":true}}"#, true),
            (r#"{"BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}}"#, false),
            (r#"{"NumericLessThan":{"aws:MultiFactorAuthAge":"3600"}}"#, true),
            (r"{}", false),
        ] {
            let statement = one(&format!(r#"{{"Effect":"Allow","Principal":"*","Condition":{condition}}}"#));
            assert_eq!(statement.wants_mfa(), wanted, "{condition}");
        }
    }

    proptest! {
        #[test]
        fn no_document_panics(document in ".*", inner in "[\\[\\]{}:,\"A-Za-z*]{0,40}") {
            let _ = parse(&document);
            let _ = parse(&format!(r#"{{"Statement":[{{"Effect":"Allow","Principal":{inner}}}]}}"#));
        }
    }
}
