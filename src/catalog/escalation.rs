//! The known ways from one principal of an account to a stronger one: what must be allowed, and what must be there.
//!
//! Data: `assets/catalog/escalation_paths.json`, from pathfinding.cloud and Prowler (both Apache-2.0), reviewed; the
//! file says what was changed. Whether a way is open to someone is for `analysis` to say.

use std::sync::LazyLock;

use serde::Deserialize;

const ASSET: &str = include_str!("../../assets/catalog/escalation_paths.json");

/// How a principal is given more rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Raise {
    AttachUserPolicy,
    AttachRolePolicy,
    AttachGroupPolicy,
    PutUserPolicy,
    PutRolePolicy,
    PutGroupPolicy,
    CreatePolicyVersion,
    SetDefaultPolicyVersion,
    AddUserToGroup,
    DeleteUserBoundary,
    DeleteRoleBoundary,
}

impl Raise {
    pub const ALL: [Self; 11] = [
        Self::AttachUserPolicy,
        Self::AttachRolePolicy,
        Self::AttachGroupPolicy,
        Self::PutUserPolicy,
        Self::PutRolePolicy,
        Self::PutGroupPolicy,
        Self::CreatePolicyVersion,
        Self::SetDefaultPolicyVersion,
        Self::AddUserToGroup,
        Self::DeleteUserBoundary,
        Self::DeleteRoleBoundary,
    ];

    /// The action that does it.
    pub fn action(self) -> &'static str {
        match self {
            Self::AttachUserPolicy => "iam:AttachUserPolicy",
            Self::AttachRolePolicy => "iam:AttachRolePolicy",
            Self::AttachGroupPolicy => "iam:AttachGroupPolicy",
            Self::PutUserPolicy => "iam:PutUserPolicy",
            Self::PutRolePolicy => "iam:PutRolePolicy",
            Self::PutGroupPolicy => "iam:PutGroupPolicy",
            Self::CreatePolicyVersion => "iam:CreatePolicyVersion",
            Self::SetDefaultPolicyVersion => "iam:SetDefaultPolicyVersion",
            Self::AddUserToGroup => "iam:AddUserToGroup",
            Self::DeleteUserBoundary => "iam:DeleteUserPermissionsBoundary",
            Self::DeleteRoleBoundary => "iam:DeleteRolePermissionsBoundary",
        }
    }
}

/// How one becomes another principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Become {
    AssumeRole,
    UpdateTrust,
    CreateAccessKey,
    CreateLoginProfile,
    UpdateLoginProfile,
    /// A service runs what the caller wants as the role that the caller passes to it.
    PassRole,
    /// Something that runs as a role already is made to run what the caller wants.
    UseResource,
}

impl Become {
    /// The action that does it; none where it depends on the resource.
    pub fn action(self) -> Option<&'static str> {
        match self {
            Self::AssumeRole => Some("sts:AssumeRole"),
            Self::UpdateTrust => Some("iam:UpdateAssumeRolePolicy"),
            Self::CreateAccessKey => Some("iam:CreateAccessKey"),
            Self::CreateLoginProfile => Some("iam:CreateLoginProfile"),
            Self::UpdateLoginProfile => Some("iam:UpdateLoginProfile"),
            Self::PassRole => Some("iam:PassRole"),
            Self::UseResource => None,
        }
    }
}

/// One way to more power.
///
/// `raise` alone raises the caller itself; `become_` alone ends as a stronger principal; both raise another principal
/// and become it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Path {
    /// Of the source, such as `iam-001`; stable.
    pub id: &'static str,
    pub name: &'static str,
    #[serde(default)]
    pub raise: Option<Raise>,
    #[serde(default, rename = "become")]
    pub become_: Option<Become>,
    /// Every action that must be allowed, `service:Action`, in the order in which they are done.
    #[serde(borrow)]
    pub required: Vec<&'static str>,
    /// For [`Become::PassRole`] and [`Become::UseResource`]: service principals of which the role must trust one. Of Cognito identity
    /// pools the role names `cognito-identity.amazonaws.com` as `Federated`.
    #[serde(borrow, default)]
    pub passed_to: Vec<&'static str>,
    /// The passed role must be in an instance profile.
    #[serde(default)]
    pub instance_profile: bool,
    /// For [`Become::UseResource`]: CloudFormation type names of which one resource must run as the role.
    #[serde(borrow, default)]
    pub runs_as: Vec<&'static str>,
    /// Types of which a resource must be there already, whatever it runs as.
    #[serde(borrow, default)]
    pub exists: Vec<&'static str>,
    /// The id of the way of which this is a longer form.
    #[serde(borrow, default)]
    pub variant_of: Option<&'static str>,
    /// The day since which AWS no longer offers it, as `2024-07-31`: shown, but open to nobody.
    #[serde(borrow, default)]
    pub ended: Option<&'static str>,
    /// What must hold besides, in a sentence; empty: nothing.
    #[serde(borrow, default)]
    pub note: &'static str,
    /// The key of a [`Source`], then where it stands there.
    #[serde(borrow)]
    pub source: Vec<&'static str>,
}

/// Where ways were taken from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub key: &'static str,
    pub what: &'static str,
    /// An SPDX expression.
    pub licence: &'static str,
    /// The notice that must go with it.
    pub notice: &'static str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'static"))]
struct Asset {
    #[serde(rename = "about")]
    _about: Vec<String>,
    sources: Vec<Source>,
    paths: Vec<Path>,
}

static TABLE: LazyLock<Asset> =
    LazyLock::new(|| serde_json::from_str(ASSET).expect("the embedded catalog is valid, as a test shows"));

/// Every way: those that raise the caller first, then those through another principal, by id.
pub fn paths() -> &'static [Path] {
    &TABLE.paths
}

pub fn by_id(id: &str) -> Option<&'static Path> {
    paths().iter().find(|path| path.id == id)
}

pub fn sources() -> &'static [Source] {
    &TABLE.sources
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::catalog::resource_types;

    #[test]
    fn the_asset_reads_and_has_no_way_twice() {
        let ids: BTreeSet<_> = paths().iter().map(|path| path.id).collect();
        assert_eq!((ids.len(), paths().len()), (100, 100));
        for path in paths() {
            assert_eq!(by_id(path.id).expect("found").name, path.name);
            assert!(path.variant_of.is_none_or(|other| other != path.id && ids.contains(other)), "{}", path.id);
        }
    }

    #[test]
    fn each_way_names_the_action_that_makes_it_one() {
        for path in paths() {
            assert!(path.raise.is_some() || path.become_.is_some(), "{}", path.id);
            let wanted = path.raise.map(Raise::action).into_iter().chain(path.become_.and_then(Become::action));
            for action in wanted {
                assert!(path.required.contains(&action), "{}: {action}", path.id);
            }
            let distinct: BTreeSet<_> = path.required.iter().collect();
            assert_eq!(distinct.len(), path.required.len(), "{}", path.id);
            assert_eq!(path.name, path.required.join(" + "), "{}", path.id);
        }
        let raises: BTreeSet<_> = paths().iter().filter_map(|path| path.raise).collect();
        assert_eq!(raises, Raise::ALL.into_iter().collect());
    }

    #[test]
    fn a_passed_role_names_its_services_and_a_used_resource_its_types() {
        for path in paths() {
            let passes = path.become_ == Some(Become::PassRole);
            assert_eq!(!path.passed_to.is_empty(), passes || path.become_ == Some(Become::UseResource), "{}", path.id);
            assert!(passes || !path.instance_profile, "{}", path.id);
            for service in &path.passed_to {
                assert!(service.ends_with(".amazonaws.com"), "{}: {service}", path.id);
            }
            assert!(!path.instance_profile || path.passed_to == ["ec2.amazonaws.com"], "{}", path.id);
            assert_eq!(!path.runs_as.is_empty(), path.become_ == Some(Become::UseResource), "{}", path.id);
            for name in path.runs_as.iter().chain(&path.exists) {
                assert_eq!(resource_types::table().spelled(name), Some(*name), "{}: {name}", path.id);
            }
        }
    }

    #[test]
    fn every_way_names_a_known_source() {
        for path in paths() {
            assert!(!path.source.is_empty(), "{}", path.id);
            for source in &path.source {
                let (key, place) = source.split_once(' ').expect("a key and a place");
                assert!(!place.is_empty() && sources().iter().any(|known| known.key == key), "{}: {source}", path.id);
            }
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let with = |text: &'static str| serde_json::from_str::<Path>(text).is_ok();
        assert!(with(r#"{"id": "a", "name": "a", "raise": "put-user-policy", "required": ["a:B"], "source": []}"#));
        assert!(!with(r#"{"id": "a", "name": "a", "raise": "put-anything", "required": ["a:B"], "source": []}"#));
        assert!(!with(r#"{"id": "a", "name": "a", "required": ["a:B"], "source": [], "target": "x"}"#));
    }
}
