//! Which vendor, or which service of AWS, an AWS account belongs to.
//!
//! Data: `assets/catalog/vendors.json`, from known_aws_accounts (Apache-2.0). A known account is not a harmless one:
//! other customers of the vendor come from it too.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

const ASSET: &str = include_str!("../../assets/catalog/vendors.json");

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Vendor,
    /// A service of AWS that works from accounts of its own, such as the delivery of load balancers' logs.
    Aws,
}

/// Somebody known by account.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vendor {
    pub name: &'static str,
    pub kind: Kind,
    #[serde(borrow)]
    pub accounts: Vec<&'static str>,
    /// Pages that name the accounts; empty: the list says so, but no public page.
    #[serde(borrow)]
    pub source: Vec<&'static str>,
}

/// Where the list was taken from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    pub what: &'static str,
    pub url: &'static str,
    /// An SPDX expression.
    pub licence: &'static str,
    pub notice: &'static str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'static"))]
struct Asset {
    #[serde(rename = "about")]
    _about: Vec<String>,
    origin: Origin,
    vendors: Vec<Vendor>,
}

static TABLE: LazyLock<Asset> =
    LazyLock::new(|| serde_json::from_str(ASSET).expect("the embedded catalog is valid, as a test shows"));

static BY_ACCOUNT: LazyLock<HashMap<&'static str, &'static Vendor>> =
    LazyLock::new(|| all().iter().flat_map(|vendor| vendor.accounts.iter().map(move |id| (*id, vendor))).collect());

/// Everybody, by name.
pub fn all() -> &'static [Vendor] {
    &TABLE.vendors
}

pub fn origin() -> &'static Origin {
    &TABLE.origin
}

/// Whose account it is, by its 12 digits; none: not known.
pub fn by_account(id: &str) -> Option<&'static Vendor> {
    BY_ACCOUNT.get(id).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_asset_reads_and_every_account_has_one_name() {
        let accounts: usize = all().iter().map(|vendor| vendor.accounts.len()).sum();
        assert_eq!(BY_ACCOUNT.len(), accounts, "an account stands twice");
        assert!(all().len() > 200);
        for vendor in all() {
            assert!(!vendor.name.is_empty() && !vendor.accounts.is_empty(), "{}", vendor.name);
            for id in &vendor.accounts {
                assert!(id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()), "{}: {id}", vendor.name);
                assert_eq!(by_account(id).map(|found| found.name), Some(vendor.name));
            }
            for page in &vendor.source {
                assert!(page.starts_with("https://") || page.starts_with("http://"), "{}: {page}", vendor.name);
            }
        }
        assert!(!origin().notice.is_empty() && origin().licence == "Apache-2.0");
    }

    #[test]
    fn vendors_and_services_of_aws_are_told_apart() {
        let of = |id| by_account(id).map(|vendor| (vendor.name, vendor.kind));
        assert_eq!(of("464622532012"), Some(("Datadog", Kind::Vendor)));
        assert_eq!(of("127311923021"), Some(("ELB logs", Kind::Aws)));
        assert_eq!(of("111122223333"), None);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let with = |text: &'static str| serde_json::from_str::<Vendor>(text).is_ok();
        assert!(with(r#"{"name": "a", "kind": "aws", "accounts": [], "source": []}"#));
        assert!(!with(r#"{"name": "a", "kind": "friend", "accounts": [], "source": []}"#));
        assert!(!with(r#"{"name": "a", "kind": "aws", "accounts": [], "source": [], "enabled": true}"#));
    }
}
