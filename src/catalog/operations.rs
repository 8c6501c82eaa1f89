//! The read-only allowlist: every AWS operation that may be called, from `assets/catalog/operations.json`.
//!
//! The guard of the live source refuses what is not here and [`super::policy`] is made from here, so that
//! what is called, what is allowed and what is asked for cannot differ.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::model::Ask;

/// What must have been asked for before an operation may be called: it does more than read, or it costs money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnlyWith {
    /// `--athena`: a query is started and its results are written to where the user says.
    Athena,
}

/// One operation that may be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The service's name in the metadata of AWS's SDK, such as `Config Service`.
    pub service: String,
    /// As in AWS's API, such as `ListAccounts`.
    pub name: String,
    /// Service prefix and name: `organizations:ListAccounts`.
    pub key: String,
    /// The IAM actions that a caller needs; one but for special cases.
    pub actions: Vec<String>,
    /// The question that it helps to answer.
    pub ask: Ask,
    /// The page of the Service Authorization Reference that lists the actions.
    pub source: String,
    /// None: it only reads and may always be called.
    pub only_with: Option<OnlyWith>,
}

impl Operation {
    /// The service prefix of the key: `organizations`.
    pub fn prefix(&self) -> &str {
        self.key.split(':').next().unwrap_or_default()
    }

    /// The action to name when the call is denied.
    pub fn action(&self) -> &str {
        self.actions.first().map_or(&self.key, String::as_str)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "about")]
    _about: String,
    #[serde(rename = "as_of")]
    _as_of: String,
    services: Vec<ServiceRecord>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceRecord {
    service: String,
    key: String,
    source: String,
    #[serde(default)]
    only_with: Option<OnlyWith>,
    operations: Vec<OperationRecord>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OperationRecord {
    name: String,
    ask: Ask,
    #[serde(default)]
    actions: Vec<String>,
}

static TABLE: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let file: File = serde_json::from_str(include_str!("../../assets/catalog/operations.json"))
        .expect("the embedded table of operations is valid, as a test shows");
    let mut table = Vec::new();
    for service in file.services {
        for record in service.operations {
            let key = format!("{}:{}", service.key, record.name);
            let actions = if record.actions.is_empty() { vec![key.clone()] } else { record.actions };
            table.push(Operation {
                service: service.service.clone(),
                name: record.name,
                key,
                actions,
                ask: record.ask,
                source: service.source.clone(),
                only_with: service.only_with,
            });
        }
    }
    table
});

static BY_KEY: LazyLock<HashMap<&'static str, &'static Operation>> =
    LazyLock::new(|| TABLE.iter().map(|operation| (operation.key.as_str(), operation)).collect());

/// What may always be called, grouped by service.
pub fn all() -> impl Iterator<Item = &'static Operation> {
    TABLE.iter().filter(|operation| operation.only_with.is_none())
}

/// What may be called only when this was asked for.
pub fn only_with(asked: OnlyWith) -> impl Iterator<Item = &'static Operation> {
    TABLE.iter().filter(move |operation| operation.only_with == Some(asked))
}

/// By key, such as `iam:GetAccountSummary`.
pub fn find(key: &str) -> Option<&'static Operation> {
    BY_KEY.get(key).copied()
}

/// By the names that AWS's SDK gives to service and operation.
pub fn find_by_metadata(service: &str, name: &str) -> Option<&'static Operation> {
    TABLE.iter().find(|operation| operation.service == service && operation.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_operation_is_listed_twice() {
        let keys: BTreeSet<_> = TABLE.iter().map(|o| &o.key).collect();
        let names: BTreeSet<_> = TABLE.iter().map(|o| (&o.service, &o.name)).collect();
        assert_eq!((keys.len(), names.len()), (TABLE.len(), TABLE.len()));
        assert!(all().count() > 50);
    }

    #[test]
    fn every_ask_has_an_operation() {
        let served: BTreeSet<Ask> = all().map(|o| o.ask).collect();
        assert_eq!(served, Ask::ALL.iter().copied().collect());
    }

    #[test]
    fn found_by_key_and_by_metadata() {
        let operation = find("cloudcontrol:ListResources").expect("listed");
        assert_eq!(operation.action(), "cloudformation:ListResources");
        assert_eq!(find_by_metadata("CloudControl", "ListResources"), Some(operation));
        assert_eq!(find_by_metadata("IAM", "CreateUser"), None);
        assert_eq!(find("iam:CreateUser"), None);
    }

    #[test]
    fn every_source_is_the_service_authorization_reference() {
        for operation in TABLE.iter() {
            assert!(
                operation.source.starts_with("https://docs.aws.amazon.com/service-authorization/"),
                "{operation:?}"
            );
        }
    }
}
