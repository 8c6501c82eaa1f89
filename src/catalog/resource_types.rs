//! CloudFormation resource types: which of them Cloud Control can list, where, and with what rights.
//!
//! Data: `assets/catalog/resource_types.json` (from the provider schemas that cfn-lint packages).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

const ASSET: &str = include_str!("../../assets/catalog/resource_types.json");

/// A type and what `cloudcontrol:ListResources` needs to list it.
#[derive(Debug, Deserialize)]
pub struct ResourceType {
    /// `AWS::Service::Kind`.
    #[serde(rename = "type")]
    pub name: &'static str,
    /// Property names; Cloud Control joins several values with a pipe sign.
    #[serde(borrow)]
    pub id: Vec<&'static str>,
    /// Properties (of a parent) without which it cannot be listed. Empty: listable as it is.
    #[serde(borrow, default)]
    pub needs: Vec<&'static str>,
    /// No input is declared, but one is to be expected: `InvalidRequestException` is no surprise.
    #[serde(default)]
    pub suspect: bool,
    /// Global: listed once, in this Region.
    #[serde(borrow, default, rename = "from")]
    pub home: Option<&'static str>,
    /// In how many commercial Regions it exists, where that is not all of them.
    #[serde(default, rename = "regions")]
    pub regions: Option<u16>,
    /// IAM actions that the caller needs besides `cloudformation:ListResources`.
    #[serde(borrow, default)]
    pub read: Vec<&'static str>,
    /// Actions that the list handler declares and that are no reads: never asked for.
    #[serde(borrow, default)]
    pub not_read: Vec<&'static str>,
}

impl ResourceType {
    /// `EC2` of `AWS::EC2::Instance`.
    pub fn service(&self) -> &'static str {
        self.name.split("::").nth(1).unwrap_or("")
    }

    pub fn is_listable(&self) -> bool {
        self.needs.is_empty()
    }

    /// The primary identifier is this resource's own ARN, by its name: `Arn`, `TopicArn` of a topic.
    /// Not so where it is another's: `TopicArn` of a topic's policy.
    pub fn is_identified_by_arn(&self) -> bool {
        let [property] = self.id[..] else { return false };
        let kind = self.name.rsplit("::").next().unwrap_or("").to_ascii_lowercase();
        let property = property.to_ascii_lowercase();
        property.strip_suffix("arn").is_some_and(|stem| stem.is_empty() || kind.ends_with(stem))
    }
}

/// A type that Cloud Control cannot list.
#[derive(Debug, Deserialize)]
pub struct NotListable {
    #[serde(rename = "type")]
    pub name: &'static str,
    #[serde(borrow)]
    pub id: Vec<&'static str>,
    /// The call that lists it, for those that matter most.
    #[serde(borrow, default)]
    pub instead: Option<&'static str>,
}

/// A kind of resident that is no CloudFormation type at all.
#[derive(Debug, Deserialize)]
pub struct NotType {
    pub what: &'static str,
    pub use_instead: &'static str,
}

#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "'de: 'static"))]
pub struct ResourceTypes {
    pub types: Vec<ResourceType>,
    pub not_listable: Vec<NotListable>,
    pub not_types: Vec<NotType>,
    /// By lower-case service and kind, then the name.
    #[serde(skip)]
    index: BTreeMap<String, &'static str>,
}

static TABLE: LazyLock<ResourceTypes> = LazyLock::new(|| {
    let mut table: ResourceTypes = serde_json::from_str(ASSET).expect("an embedded asset that tests have parsed");
    let names = table.types.iter().map(|t| t.name).chain(table.not_listable.iter().map(|t| t.name));
    table.index = names.map(|name| (name.to_ascii_lowercase(), name)).collect();
    table
});

/// The table, parsed at its first use.
pub fn table() -> &'static ResourceTypes {
    &TABLE
}

impl ResourceTypes {
    /// The types that `ListResources` lists without input.
    pub fn listable(&self) -> impl Iterator<Item = &ResourceType> {
        self.types.iter().filter(|t| t.is_listable())
    }

    pub fn get(&self, name: &str) -> Option<&ResourceType> {
        // The asset is sorted by type; a test holds it to that.
        self.types.binary_search_by(|t| t.name.cmp(name)).ok().map(|at| &self.types[at])
    }

    /// The type's name as CloudFormation writes it, whatever its case.
    pub fn spelled(&self, name: &str) -> Option<&'static str> {
        self.index.get(&name.to_ascii_lowercase()).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_can_be_found_and_the_counts_are_those_of_the_source() {
        let table = table();
        assert_eq!((table.types.len(), table.not_listable.len()), (1685, 197));
        assert_eq!(table.listable().count(), 1293);
        assert_eq!(table.listable().filter(|t| t.home.is_some()).count(), 103);
        assert_eq!(table.types.iter().filter(|t| t.suspect).count(), 71);
        for t in &table.types {
            assert_eq!(table.get(t.name).map(|found| found.name), Some(t.name));
            assert_eq!(table.spelled(&t.name.to_uppercase()), Some(t.name));
        }
    }

    #[test]
    fn what_is_not_a_read_is_kept_apart() {
        for t in &table().types {
            for action in &t.read {
                let verb = action.split(':').nth(1).unwrap_or("").to_ascii_lowercase();
                for write in ["create", "delete", "put", "modify", "update", "pass", "decrypt", "attach"] {
                    assert!(!verb.starts_with(write), "{}: {action}", t.name);
                }
            }
        }
        assert_eq!(table().get("AWS::Amplify::App").expect("a type").not_read, ["iam:PassRole"]);
    }

    #[test]
    fn an_arn_of_another_resource_is_not_an_identity() {
        let own = |name| table().get(name).expect("a type").is_identified_by_arn();
        assert!(own("AWS::SNS::Topic"));
        assert!(own("AWS::Transfer::Server"));
        assert!(!own("AWS::APS::ResourcePolicy"));
        assert!(!own("AWS::EC2::Instance"));
    }
}
