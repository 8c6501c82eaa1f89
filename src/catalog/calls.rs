//! Which action of IAM a call in CloudTrail is: for most the event's source and name say it, and here stands where they do not.
//!
//! Data: `assets/catalog/calls.json`; what is neither there nor among [`actions`] is unknown, never guessed.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::actions::{self, Action};

const ASSET: &str = include_str!("../../assets/catalog/calls.json");

#[derive(Deserialize)]
struct Asset {
    services: HashMap<String, String>,
    calls: HashMap<String, String>,
    verbs: HashMap<String, HashMap<String, String>>,
    sign_ins: HashMap<String, Vec<String>>,
}

static TABLE: LazyLock<Asset> =
    LazyLock::new(|| serde_json::from_str(ASSET).expect("the embedded catalog is valid, as a test shows"));

/// What a call is to IAM.
#[derive(Clone, Copy, Debug)]
pub enum Call {
    Action(&'static Action),
    /// A sign-in and what belongs to it: no permission is asked.
    SignIn,
    /// No action of this name is known.
    Unknown,
}

/// The service prefix of an event source such as `monitoring.amazonaws.com`.
pub fn prefix(source: &str) -> &str {
    let name = source.strip_suffix(".amazonaws.com").unwrap_or(source);
    TABLE.services.get(name).map_or(name, String::as_str)
}

/// By `eventSource` and `eventName`.
pub fn call(source: &str, name: &str) -> Call {
    let prefix = prefix(source);
    let name = unversioned(name);
    let named = format!("{prefix}:{name}");
    if let Some(action) = actions::find(&named) {
        return Call::Action(action);
    }
    let other = TABLE.calls.get(&named).cloned().or_else(|| {
        let verbs = TABLE.verbs.get(prefix)?;
        let (_, verb) = verbs.iter().find(|(begins, _)| name.starts_with(begins.as_str()))?;
        Some(format!("{prefix}:{verb}"))
    });
    if let Some(action) = other.as_deref().and_then(actions::find) {
        return Call::Action(action);
    }
    let signs_in = |names: &Vec<String>| names.iter().any(|known| known == "*" || *known == name);
    if TABLE.sign_ins.get(prefix).is_some_and(signs_in) { Call::SignIn } else { Call::Unknown }
}

/// The action that a call is; none: it is not known under this name, as with what a service tells by itself.
pub fn action(source: &str, name: &str) -> Option<&'static Action> {
    match call(source, name) {
        Call::Action(action) => Some(action),
        Call::SignIn | Call::Unknown => None,
    }
}

/// Without the version of the API at its end: `20150331`, `20150331v2`, `2020_05_31` (Lambda Developer Guide,
/// logging-using-cloudtrail; CloudFront Developer Guide, logging_using_cloudtrail).
fn unversioned(name: &str) -> &str {
    let digits = |text: &str| text.len() - text.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_').len();
    let cut = match name.rsplit_once('v') {
        Some((before, number)) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => before,
        _ => name,
    };
    let count = digits(cut);
    let version = &cut[cut.len() - count..];
    let is_date = version.bytes().filter(u8::is_ascii_digit).count() == 8 && version.starts_with("20");
    if is_date { &cut[..cut.len() - count] } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_asset_reads_and_names_what_iam_knows() {
        for prefix in TABLE.services.values().chain(TABLE.verbs.keys()) {
            assert!(!actions::of_service(prefix).is_empty(), "{prefix}");
        }
        for (call, action) in &TABLE.calls {
            assert!(actions::find(action).is_some_and(|found| found.to_string() == *action), "{call}: {action}");
            assert!(actions::find(call).is_none(), "{call} is an action already");
        }
        for (service, verbs) in &TABLE.verbs {
            assert!(verbs.values().all(|verb| actions::find(&format!("{service}:{verb}")).is_some()), "{service}");
        }
        for source in TABLE.services.keys() {
            assert!(actions::of_service(source).is_empty(), "{source} is a prefix already");
        }
    }

    #[test]
    fn a_call_becomes_its_action() {
        for (source, name, wanted) in [
            ("iam", "CreateUser", "iam:CreateUser"),
            ("monitoring", "PutMetricAlarm", "cloudwatch:PutMetricAlarm"),
            ("tagging", "GetResources", "tag:GetResources"),
            ("s3", "ListBuckets", "s3:ListAllMyBuckets"),
            ("s3", "DeleteBucketEncryption", "s3:PutEncryptionConfiguration"),
            ("lambda", "CreateFunction20150331", "lambda:CreateFunction"),
            ("lambda", "UpdateFunctionCode20150331v2", "lambda:UpdateFunctionCode"),
            ("lambda", "Invoke", "lambda:InvokeFunction"),
            ("cloudfront", "CreateDistribution2020_05_31", "cloudfront:CreateDistribution"),
            ("apigateway", "CreateRestApi", "apigateway:POST"),
            ("access-analyzer", "ListFindingsV2", "access-analyzer:ListFindings"),
            ("elasticloadbalancing", "CreateLoadBalancer", "elasticloadbalancing:CreateLoadBalancer"),
        ] {
            let Call::Action(action) = call(&format!("{source}.amazonaws.com"), name) else {
                panic!("{source} {name}")
            };
            assert_eq!(action.to_string(), wanted);
        }
    }

    #[test]
    fn sign_ins_are_no_actions_and_the_rest_is_unknown() {
        let of = |source, name| call(source, name);
        assert!(matches!(of("signin.amazonaws.com", "ConsoleLogin"), Call::SignIn));
        assert!(matches!(of("sso.amazonaws.com", "Authenticate"), Call::SignIn));
        for (source, name) in [
            ("secretsmanager.amazonaws.com", "StartSecretVersionDelete"),
            ("organizations.amazonaws.com", "CreateAccountResult"),
            ("", ""),
            ("s3.amazonaws.com", "v2"),
            ("x", "é20150331"),
        ] {
            assert!(matches!(of(source, name), Call::Unknown), "{source} {name}");
        }
    }

    #[test]
    fn only_dates_are_versions() {
        for (name, wanted) in [
            ("Get20150331", "Get"),
            ("Get20150331v2", "Get"),
            ("Get2020_05_31", "Get"),
            ("ListFindingsV2", "ListFindingsV2"),
            ("GetSavev2", "GetSavev2"),
            ("DescribeDBs19", "DescribeDBs19"),
            ("20150331", ""),
        ] {
            assert_eq!(unversioned(name), wanted);
        }
    }
}
