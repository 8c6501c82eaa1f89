//! The services that work with AWS Organizations: who can be delegated, where they belong, and which policy types
//! bind the management account.
//!
//! Data: `assets/catalog/integrated_services.json`, drawn from the Organizations User Guide and the AWS Security
//! Reference Architecture; each entry names its source.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

const ASSET: &str = include_str!("../../assets/catalog/integrated_services.json");

/// The account that AWS's Security Reference Architecture puts a service's administration in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Home {
    SecurityTooling,
    LogArchive,
    SharedServices,
    Network,
    /// Nothing can be delegated, or the guidance keeps it there.
    ManagementMustStay,
}

impl Home {
    pub fn words(self) -> &'static str {
        match self {
            Self::SecurityTooling => "the security tooling account",
            Self::LogArchive => "the log archive account",
            Self::SharedServices => "the shared services account",
            Self::Network => "the network account",
            Self::ManagementMustStay => "the management account: it must stay",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    Low,
    Medium,
    High,
}

/// One service that integrates with Organizations.
#[derive(Clone, Debug, Deserialize)]
pub struct Service {
    #[serde(rename = "service")]
    pub name: String,
    /// Such as `guardduty.amazonaws.com`.
    #[serde(rename = "service_principal")]
    pub principal: String,
    #[serde(default, rename = "other_service_principals")]
    pub other_principals: Vec<String>,
    /// None: not seen in the documentation.
    #[serde(rename = "supports_delegated_admin")]
    pub delegable: Option<bool>,
    /// The call that registers an administrator.
    #[serde(default)]
    pub registration: Option<String>,
    /// The service keeps its administrator itself: the Organizations call alone does not do.
    #[serde(default)]
    pub special_registration: bool,
    #[serde(default)]
    pub delegation_is_per_region: bool,
    #[serde(default)]
    pub max_delegated_admins: Option<u32>,
    #[serde(default)]
    pub recommended_home: Option<Home>,
    #[serde(default)]
    pub recommended_home_basis: String,
    /// The service-linked role that trusted access makes in the management account.
    #[serde(default)]
    pub management_account_role: Option<String>,
    #[serde(default)]
    pub notes: String,
    pub confidence: Confidence,
    pub source: String,
}

/// A type of organization policy.
#[derive(Clone, Debug, Deserialize)]
pub struct PolicyType {
    /// Such as `SERVICE_CONTROL_POLICY`.
    #[serde(rename = "policy_type")]
    pub kind: String,
    pub display_name: String,
    /// False for SCPs and RCPs: they never bind the principals and resources of the management account.
    pub affects_management_account: bool,
    pub confidence: Confidence,
    #[serde(default)]
    pub notes: String,
    pub source: String,
}

#[derive(Deserialize)]
struct Asset {
    services: Vec<Service>,
    policy_types: Vec<PolicyType>,
}

static TABLE: LazyLock<Asset> =
    LazyLock::new(|| serde_json::from_str(ASSET).expect("the embedded catalog is valid, as a test shows"));

static BY_PRINCIPAL: LazyLock<HashMap<&'static str, &'static Service>> = LazyLock::new(|| {
    let mut index = HashMap::new();
    let mains = TABLE.services.iter().map(|service| (service.principal.as_str(), service));
    let others = TABLE.services.iter().flat_map(|s| s.other_principals.iter().map(move |p| (p.as_str(), s)));
    // Two services can share a principal (Security Hub and its CSPM): the surer entry stands.
    for (principal, service) in mains.chain(others) {
        let known = index.entry(principal).or_insert(service);
        if known.confidence < service.confidence && known.principal == service.principal {
            *known = service;
        }
    }
    index
});

/// Every service, in the order of their names.
pub fn all() -> &'static [Service] {
    &TABLE.services
}

/// The service that goes by a principal, its main one or another.
pub fn by_principal(principal: &str) -> Option<&'static Service> {
    BY_PRINCIPAL.get(principal).copied()
}

pub fn policy_types() -> &'static [PolicyType] {
    &TABLE.policy_types
}

pub fn policy_type(kind: &str) -> Option<&'static PolicyType> {
    policy_types().iter().find(|known| known.kind == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_asset_reads_and_every_principal_is_found() {
        for service in all() {
            assert!(service.principal.ends_with(".amazonaws.com"), "{}", service.principal);
            assert_eq!(by_principal(&service.principal).expect("indexed").principal, service.principal);
            let stays = service.recommended_home == Some(Home::ManagementMustStay);
            assert!(!(stays && service.delegable == Some(true)), "{} cannot both stay and be delegated", service.name);
        }
        assert_eq!(all().iter().filter(|s| s.delegable == Some(true)).count(), 41);
    }

    #[test]
    fn other_principals_lead_to_their_service() {
        assert_eq!(
            by_principal("stacksets.cloudformation.amazonaws.com").map(|s| s.name.as_str()),
            Some("AWS CloudFormation StackSets")
        );
        assert_eq!(
            by_principal("securityhub.amazonaws.com").map(|s| s.name.as_str()),
            Some("AWS Security Hub CSPM"),
            "of two services with one principal, the surer"
        );
    }

    #[test]
    fn only_scps_and_rcps_never_bind_the_management_account() {
        let free: Vec<_> =
            policy_types().iter().filter(|p| !p.affects_management_account).map(|p| p.kind.as_str()).collect();
        assert_eq!(free, ["RESOURCE_CONTROL_POLICY", "SERVICE_CONTROL_POLICY"]);
    }
}
