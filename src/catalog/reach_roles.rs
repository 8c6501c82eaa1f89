//! Names of roles through which the management account presumably reaches its members, and who may become them.
//!
//! Data: `assets/catalog/reach_roles.json`, from AWS's documentation. Presumed, never proved: the roles are in other
//! accounts, and only those show whom they still trust.

use std::sync::LazyLock;

use serde::Deserialize;

const ASSET: &str = include_str!("../../assets/catalog/reach_roles.json");

/// Who may become the role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AssumedBy {
    /// Whoever is allowed `sts:AssumeRole` on it in the management account.
    AnyPrincipalHere,
    /// Only the [`ReachRole::hands`].
    RolesHere,
    /// A role of another member account.
    OtherAccount,
    /// People of Identity Center, through their assignments.
    IdentityCenter,
}

/// Where the role is presumably found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PresumedIn {
    /// Accounts that joined by being created.
    CreatedAccounts,
    /// Accounts that are enrolled in Control Tower.
    ControlTower,
    /// Accounts that an administration role of the management account deploys to.
    SelfManagedStackSets,
    /// Accounts of the units that StackSets with service-managed permissions deploy to.
    ServiceManagedStackSets,
    AccountFactoryForTerraform,
    /// Accounts in which a permission set is assigned.
    IdentityCenter,
}

/// A name, or a pattern with a star at its end.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReachRole {
    pub name: &'static str,
    pub assumed_by: AssumedBy,
    /// Roles of the management account that use it, as path and name.
    #[serde(borrow, default)]
    pub hands: Vec<&'static str>,
    /// It has `AdministratorAccess` or as much.
    pub administrator: bool,
    pub presumed_in: PresumedIn,
    pub note: &'static str,
    /// Pages of AWS.
    #[serde(borrow)]
    pub source: Vec<&'static str>,
}

impl ReachRole {
    /// True of a role's name without its path.
    pub fn is_named(&self, name: &str) -> bool {
        match self.name.strip_suffix('*') {
            Some(stem) => name.starts_with(stem),
            None => name == self.name,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'static"))]
struct Asset {
    #[serde(rename = "about")]
    _about: Vec<String>,
    #[serde(rename = "as_of")]
    _as_of: String,
    roles: Vec<ReachRole>,
}

static TABLE: LazyLock<Asset> =
    LazyLock::new(|| serde_json::from_str(ASSET).expect("the embedded catalog is valid, as a test shows"));

/// Every name, those that reach furthest first.
pub fn all() -> &'static [ReachRole] {
    &TABLE.roles
}

/// What is known of a role in a member account, by its name without the path.
pub fn find(name: &str) -> Option<&'static ReachRole> {
    all().iter().find(|role| role.is_named(name))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::catalog::organization_paths;

    #[test]
    fn the_asset_reads_and_every_name_is_found() {
        let names: BTreeSet<_> = all().iter().map(|role| role.name).collect();
        assert_eq!(names.len(), all().len());
        for role in all() {
            assert_eq!(find(&role.name.replace('*', "x1")).map(|found| found.name), Some(role.name));
            assert!(!role.note.is_empty() && !role.source.is_empty(), "{}", role.name);
            assert!(role.source.iter().all(|page| page.starts_with("https://docs.aws.amazon.com/")), "{}", role.name);
            assert!(role.assumed_by != AssumedBy::RolesHere || !role.hands.is_empty(), "{}", role.name);
        }
        assert!(find("ReadOnly").is_none());
    }

    #[test]
    fn the_lever_into_members_names_exactly_the_administrators_that_anybody_here_may_become() {
        let lever = organization_paths::by_id("org-010").expect("a lever");
        let named: Vec<_> = lever.alternatives[0].resources[0]
            .any_of
            .iter()
            .map(|arn| arn.rsplit('/').next().unwrap_or_default())
            .collect();
        let open: Vec<_> = all()
            .iter()
            .filter(|role| role.assumed_by == AssumedBy::AnyPrincipalHere && role.administrator)
            .map(|role| role.name)
            .collect();
        assert_eq!(named, open);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let with = |text: &'static str| serde_json::from_str::<ReachRole>(text).is_ok();
        assert!(with(
            r#"{"name": "a", "assumed_by": "roles-here", "administrator": true, "presumed_in": "control-tower", "note": "", "source": []}"#
        ));
        assert!(!with(
            r#"{"name": "a", "assumed_by": "anybody", "administrator": true, "presumed_in": "control-tower", "note": "", "source": []}"#
        ));
    }
}
