//! Which calls need the management account, by CloudTrail's event source and name.
//!
//! Data: `assets/catalog/management_only.json`, drawn from the service models, the Organizations User Guide and the
//! Billing User Guide; each entry names its basis. What is not listed can be done from any account.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

const ASSET: &str = include_str!("../../assets/catalog/management_only.json");

/// Who can make a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Needs {
    /// Only the management account.
    Management,
    /// The management account or a delegated administrator.
    Delegate,
    /// Either of the two, under a condition that the request decides.
    Conditional,
    /// No rule says so, but it is done from the management account.
    Convention,
    /// Any account can do it for itself: the management account was not needed.
    #[default]
    Any,
}

/// A call, and what is known of who can make it.
#[derive(Clone, Debug, Deserialize)]
pub struct Operation {
    /// CloudTrail's `eventSource`.
    pub source: String,
    /// CloudTrail's `eventName`.
    pub name: String,
    pub needs: Needs,
    /// Such as `account-lifecycle`, `policy`, `delegation`, `billing`.
    pub category: String,
    #[serde(default)]
    pub note: String,
    /// Where it is written.
    pub basis: String,
    /// No documentation confirms the event source.
    #[serde(default)]
    pub uncertain_source: bool,
}

#[derive(Deserialize)]
struct Asset {
    operations: Vec<Operation>,
}

static TABLE: LazyLock<Asset> =
    LazyLock::new(|| serde_json::from_str(ASSET).expect("the embedded catalog is valid, as a test shows"));

/// By source, then by name: a look-up allocates nothing.
static INDEX: LazyLock<HashMap<&'static str, HashMap<&'static str, &'static Operation>>> = LazyLock::new(|| {
    let mut index: HashMap<_, HashMap<_, _>> = HashMap::new();
    for operation in all() {
        index.entry(operation.source.as_str()).or_default().insert(operation.name.as_str(), operation);
    }
    index
});

/// Every listed call.
pub fn all() -> &'static [Operation] {
    &TABLE.operations
}

/// What is known of a call; none: it is not listed, so any account can make it for itself.
pub fn operation(source: &str, name: &str) -> Option<&'static Operation> {
    INDEX.get(source)?.get(name).copied()
}

pub fn needs(source: &str, name: &str) -> Needs {
    operation(source, name).map(|operation| operation.needs).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_asset_reads_and_has_no_call_twice() {
        let distinct: usize = INDEX.values().map(HashMap::len).sum();
        assert_eq!(distinct, all().len());
        assert!(all().len() > 300);
        for operation in all() {
            assert!(operation.source.ends_with(".amazonaws.com"), "{}", operation.source);
            assert!(!operation.basis.is_empty() && operation.needs != Needs::Any, "{}", operation.name);
        }
    }

    #[test]
    fn who_can_make_a_call() {
        for (source, name, wanted) in [
            ("organizations.amazonaws.com", "CloseAccount", Needs::Management),
            ("organizations.amazonaws.com", "AttachPolicy", Needs::Delegate),
            ("sts.amazonaws.com", "AssumeRoot", Needs::Delegate),
            ("cloudformation.amazonaws.com", "CreateStackSet", Needs::Conditional),
            ("tax.amazonaws.com", "PutTaxInheritance", Needs::Convention),
            ("ec2.amazonaws.com", "RunInstances", Needs::Any),
            ("s3.amazonaws.com", "CloseAccount", Needs::Any),
        ] {
            assert_eq!(needs(source, name), wanted, "{source} {name}");
        }
    }
}
