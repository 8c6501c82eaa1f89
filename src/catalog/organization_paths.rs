//! What a principal of the management account can do to the organization: levers, what they need, where they lead.
//!
//! Data: `assets/catalog/organization_paths.json`, our own catalogue from AWS's documentation; each entry names its
//! pages. Whether a lever is in someone's hand is for `analysis` to say.

use std::sync::LazyLock;

use serde::Deserialize;

const ASSET: &str = include_str!("../../assets/catalog/organization_paths.json");

/// What a lever belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    OrganizationControl,
    IdentityCenter,
    Root,
    Trail,
    Billing,
    Trust,
}

impl Group {
    pub fn word(self) -> &'static str {
        match self {
            Self::OrganizationControl => "organization-control",
            Self::IdentityCenter => "identity-center",
            Self::Root => "root",
            Self::Trail => "trail",
            Self::Billing => "billing",
            Self::Trust => "trust",
        }
    }
}

/// Where a lever leads, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reaches {
    AdministratorHere,
    AdministratorInMembers,
    RootOfMembers,
    HandsOver,
    TakesAccountsAway,
    WeakensGuardRails,
    BlindsTheTrail,
    Spends,
}

impl Reaches {
    pub fn word(self) -> &'static str {
        match self {
            Self::AdministratorHere => "administrator-here",
            Self::AdministratorInMembers => "administrator-in-members",
            Self::RootOfMembers => "root-of-members",
            Self::HandsOver => "hands-over",
            Self::TakesAccountsAway => "takes-accounts-away",
            Self::WeakensGuardRails => "weakens-guard-rails",
            Self::BlindsTheTrail => "blinds-the-trail",
            Self::Spends => "spends",
        }
    }

    /// In a sentence: "this ...".
    pub fn words(self) -> &'static str {
        match self {
            Self::AdministratorHere => "makes an administrator of the management account",
            Self::AdministratorInMembers => "makes an administrator of member accounts",
            Self::RootOfMembers => "reaches the root user of member accounts",
            Self::HandsOver => "hands power over to somebody else",
            Self::TakesAccountsAway => "takes accounts or the way into them away",
            Self::WeakensGuardRails => "weakens what guards the members",
            Self::BlindsTheTrail => "blinds those who watch",
            Self::Spends => "spends the organization's money",
        }
    }
}

/// What must be so, as facts can tell. Not known to be so: undecided, never closed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// The organization has all features.
    AllFeatures,
    /// The organization has the features of consolidated billing alone.
    ConsolidatedBillingOnly,
    /// There is a member account.
    Members,
    NoMembers,
    /// The service principal has trusted access; `*`: any service.
    TrustedAccess(&'static str),
    /// A delegated administrator is registered.
    DelegatedAdministrator,
    /// Such as `RootSessions`, of `iam:ListOrganizationsFeatures`.
    OrganizationsFeature(&'static str),
    /// One of these types, such as `SERVICE_CONTROL_POLICY`, is enabled in a root.
    PolicyType(Vec<&'static str>),
    IdentityCenterInstance,
    /// A permission set exists.
    PermissionSet,
    /// A permission set is assigned in the management account.
    AssignmentHere,
    /// A group is assigned in the management account.
    GroupAssignmentHere,
    SamlProvider,
    OidcProvider,
    /// An organization trail whose home is the management account.
    OrganizationTrail,
    /// The organization trail's bucket is in the management account.
    TrailBucketHere,
    /// The organization trail is encrypted with a key of the management account.
    TrailKeyHere,
    /// A role here trusts the service principal.
    RoleTrusting(&'static str),
    /// A role here has this name.
    RoleNamed(&'static str),
    /// A resource of this CloudFormation type is here.
    Resource(&'static str),
}

impl Need {
    fn read(text: &'static str) -> Result<Self, String> {
        let (word, of) = text.split_once(':').unwrap_or((text, ""));
        let need = match (word, of) {
            ("all-features", "") => Self::AllFeatures,
            ("consolidated-billing-only", "") => Self::ConsolidatedBillingOnly,
            ("members", "") => Self::Members,
            ("no-members", "") => Self::NoMembers,
            ("delegated-administrator", "") => Self::DelegatedAdministrator,
            ("identity-center-instance", "") => Self::IdentityCenterInstance,
            ("permission-set", "") => Self::PermissionSet,
            ("assignment-here", "") => Self::AssignmentHere,
            ("group-assignment-here", "") => Self::GroupAssignmentHere,
            ("saml-provider", "") => Self::SamlProvider,
            ("oidc-provider", "") => Self::OidcProvider,
            ("organization-trail", "") => Self::OrganizationTrail,
            ("trail-bucket-here", "") => Self::TrailBucketHere,
            ("trail-key-here", "") => Self::TrailKeyHere,
            (_, "") => return Err(format!("not a precondition: {text}")),
            ("trusted-access", principal) => Self::TrustedAccess(principal),
            ("organizations-feature", feature) => Self::OrganizationsFeature(feature),
            ("policy-type", types) => Self::PolicyType(types.split('|').collect()),
            ("role-trusting", principal) => Self::RoleTrusting(principal),
            ("role-named", name) => Self::RoleNamed(name),
            ("resource", name) => Self::Resource(name),
            _ => return Err(format!("not a precondition: {text}")),
        };
        Ok(need)
    }

    pub(super) fn read_all(texts: Vec<&'static str>) -> Result<Vec<Self>, String> {
        texts.into_iter().map(Self::read).collect()
    }
}

/// The targets of an action, of which one suffices.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    pub action: &'static str,
    /// ARNs with placeholders: `{partition}`, `{account}` (the management account), `{organization}`, `{member}` (a
    /// member), `{new}` (an account yet to come), `{role}` (the one that a need names), `{trail}`, `{trail-bucket}`,
    /// `{trail-key}`. A star stands for any name.
    #[serde(borrow)]
    pub any_of: Vec<&'static str>,
}

/// One way to pull a lever: every action must be allowed and every need hold.
#[derive(Debug)]
pub struct Alternative {
    pub actions: Vec<&'static str>,
    /// Besides those of the [`Path`].
    pub needs: Vec<Need>,
    /// For the actions whose target matters; the others are asked for on any resource.
    pub resources: Vec<Target>,
}

/// A lever.
#[derive(Debug)]
pub struct Path {
    /// Such as `org-009`; stable.
    pub id: &'static str,
    pub name: &'static str,
    pub group: Group,
    pub reaches: Reaches,
    /// Ids under which other catalogues know it, such as `sso-001`.
    pub aliases: Vec<&'static str>,
    pub needs: Vec<Need>,
    /// Any one suffices.
    pub alternatives: Vec<Alternative>,
    /// What comes of it, in a sentence.
    pub effect: &'static str,
    /// What must hold besides, for people; empty: nothing.
    pub note: &'static str,
    /// Why no SCP or RCP stops it, in a sentence.
    pub why_no_scp: &'static str,
    /// Pages of AWS.
    pub source: Vec<&'static str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'static"))]
struct Asset {
    #[serde(rename = "about")]
    _about: Vec<String>,
    #[serde(rename = "as_of")]
    _as_of: String,
    paths: Vec<Record>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    id: &'static str,
    name: &'static str,
    group: Group,
    reaches: Reaches,
    #[serde(borrow, default)]
    aliases: Vec<&'static str>,
    #[serde(borrow, default)]
    needs: Vec<&'static str>,
    alternatives: Vec<AlternativeRecord>,
    effect: &'static str,
    #[serde(default)]
    note: &'static str,
    why_no_scp: &'static str,
    #[serde(borrow)]
    source: Vec<&'static str>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AlternativeRecord {
    #[serde(borrow)]
    actions: Vec<&'static str>,
    #[serde(borrow, default)]
    needs: Vec<&'static str>,
    #[serde(default)]
    resources: Vec<Target>,
}

fn read(text: &'static str) -> Result<Vec<Path>, String> {
    let asset: Asset = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let alternative = |record: AlternativeRecord| {
        let needs = Need::read_all(record.needs)?;
        Ok(Alternative { actions: record.actions, needs, resources: record.resources })
    };
    let path = |record: Record| {
        Ok(Path {
            id: record.id,
            name: record.name,
            group: record.group,
            reaches: record.reaches,
            aliases: record.aliases,
            needs: Need::read_all(record.needs)?,
            alternatives: record.alternatives.into_iter().map(alternative).collect::<Result<_, String>>()?,
            effect: record.effect,
            note: record.note,
            why_no_scp: record.why_no_scp,
            source: record.source,
        })
    };
    asset.paths.into_iter().map(path).collect()
}

static TABLE: LazyLock<Vec<Path>> =
    LazyLock::new(|| read(ASSET).expect("the embedded catalog is valid, as a test shows"));

/// Every lever, by id.
pub fn paths() -> &'static [Path] {
    &TABLE
}

/// By its own id or another catalogue's.
pub fn by_id(id: &str) -> Option<&'static Path> {
    paths().iter().find(|path| path.id == id || path.aliases.contains(&id))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::catalog::{resource_types, services};

    fn needs() -> impl Iterator<Item = (&'static str, &'static Need)> {
        paths().iter().flat_map(|path| {
            let of_alternatives = path.alternatives.iter().flat_map(|alternative| &alternative.needs);
            path.needs.iter().chain(of_alternatives).map(|need| (path.id, need))
        })
    }

    #[test]
    fn the_asset_reads_and_every_entry_is_whole() {
        assert!(read(ASSET).is_ok(), "{:?}", read(ASSET).err());
        for (at, path) in paths().iter().enumerate() {
            assert_eq!(path.id, format!("org-{:03}", at + 1));
            assert_eq!(by_id(path.id).map(|found| found.name), Some(path.name));
            assert!(!path.alternatives.is_empty(), "{}", path.id);
            for sentence in [path.effect, path.why_no_scp] {
                assert!(sentence.ends_with('.'), "{}: {sentence}", path.id);
            }
            assert!(!path.source.is_empty(), "{}", path.id);
            for page in &path.source {
                assert!(page.starts_with("https://docs.aws.amazon.com/"), "{}: {page}", path.id);
            }
        }
        for alias in ["sso-001", "sso-002", "sso-003"] {
            assert!(by_id(alias).is_some(), "{alias}");
        }
        assert!(by_id("org-000").is_none());
    }

    #[test]
    fn no_alternative_is_part_of_another_with_the_same_needs() {
        for path in paths() {
            for (at, one) in path.alternatives.iter().enumerate() {
                assert!(!one.actions.is_empty(), "{}", path.id);
                for other in path.alternatives.iter().skip(at + 1) {
                    let same = one.needs == other.needs && one.resources.len() == other.resources.len();
                    let within = one.actions.iter().all(|action| other.actions.contains(action));
                    let targets = one.resources.iter().zip(&other.resources).all(|(a, b)| a.any_of == b.any_of);
                    assert!(!(same && within && targets), "{}: {:?}", path.id, other.actions);
                }
            }
        }
    }

    #[test]
    fn targets_are_of_actions_of_the_alternative_and_use_known_placeholders() {
        const KNOWN: &[&str] =
            &["partition", "account", "organization", "member", "new", "role", "trail", "trail-bucket", "trail-key"];
        for path in paths() {
            for alternative in &path.alternatives {
                for target in &alternative.resources {
                    assert!(alternative.actions.contains(&target.action), "{}: {}", path.id, target.action);
                    assert!(!target.any_of.is_empty(), "{}", path.id);
                    for arn in &target.any_of {
                        for piece in arn.split('{').skip(1) {
                            let name = piece.split('}').next().unwrap_or_default();
                            assert!(KNOWN.contains(&name), "{}: {arn}", path.id);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn needs_name_known_services_types_and_policies() {
        for (id, need) in needs() {
            match need {
                Need::TrustedAccess("*") => {}
                Need::TrustedAccess(principal) => {
                    assert!(services::by_principal(principal).is_some(), "{id}: {principal}");
                }
                Need::PolicyType(types) => {
                    for kind in types {
                        assert!(services::policy_type(kind).is_some(), "{id}: {kind}");
                    }
                }
                Need::Resource(name) => {
                    assert_eq!(resource_types::table().spelled(name), Some(*name), "{id}: {name}");
                }
                Need::OrganizationsFeature(feature) => {
                    assert!(["RootSessions", "RootCredentialsManagement"].contains(feature), "{id}: {feature}");
                }
                _ => {}
            }
        }
    }

    #[test]
    fn every_group_and_every_end_has_a_lever() {
        let groups: BTreeSet<_> = paths().iter().map(|path| path.group).collect();
        let ends: BTreeSet<_> = paths().iter().map(|path| path.reaches).collect();
        assert_eq!((groups.len(), ends.len()), (6, 8));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        assert!(Need::read("members").is_ok());
        for wrong in ["", "membres", "trusted-access", "trusted-access:", "members:3", "moon-phase:full"] {
            assert!(Need::read(wrong).is_err(), "{wrong}");
        }
        assert!(read(r#"{"about": [], "as_of": "", "paths": []}"#).is_ok());
        assert!(read(r#"{"about": [], "as_of": "", "paths": [], "more": 1}"#).is_err());
    }
}
