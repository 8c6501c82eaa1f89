//! The classes of power over an account and its organization, and the actions whose being allowed shows them.
//!
//! Data: `assets/catalog/powers.json`, our own choice over AWS's Service Authorization Reference. Who has which power
//! is for `analysis` to say, by evaluation.

use std::sync::LazyLock;

use serde::Deserialize;

use super::organization_paths::Need;

const ASSET: &str = include_str!("../../assets/catalog/powers.json");

/// A class of power, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Power {
    Admin,
    OrganizationControl,
    IamControl,
    RootRecovery,
    TrailControl,
    BillingControl,
    Data,
    Read,
}

impl Power {
    pub const ALL: [Self; 8] = [
        Self::Admin,
        Self::OrganizationControl,
        Self::IamControl,
        Self::RootRecovery,
        Self::TrailControl,
        Self::BillingControl,
        Self::Data,
        Self::Read,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::OrganizationControl => "organization-control",
            Self::IamControl => "iam-control",
            Self::RootRecovery => "root-recovery",
            Self::TrailControl => "trail-control",
            Self::BillingControl => "billing-control",
            Self::Data => "data",
            Self::Read => "read",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShownBy {
    /// Every action must be allowed, on every resource and without condition.
    All,
    /// One action suffices.
    Any,
}

/// An action to ask for.
#[derive(Debug)]
pub struct Probe {
    /// `service:Action`.
    pub action: &'static str,
    /// In a few words.
    pub why: &'static str,
    /// The action takes only the resource `*`: a statement with an ARN does not grant it.
    pub literal: bool,
    /// What must be so, or the action is no power here.
    pub needs: Vec<Need>,
    /// Targets of which one suffices, with the placeholders of [`super::organization_paths::Target`]; empty: any
    /// resource.
    pub on: Vec<&'static str>,
}

#[derive(Debug)]
pub struct Class {
    pub power: Power,
    pub shown_by: ShownBy,
    /// In a sentence without subject: "Can ...".
    pub meaning: &'static str,
    pub probes: Vec<Probe>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound(deserialize = "'de: 'static"))]
struct Asset {
    #[serde(rename = "about")]
    _about: Vec<String>,
    #[serde(rename = "as_of")]
    _as_of: String,
    powers: Vec<ClassRecord>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassRecord {
    power: Power,
    shown_by: ShownBy,
    meaning: &'static str,
    actions: Vec<ProbeRecord>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProbeRecord {
    action: &'static str,
    why: &'static str,
    #[serde(default)]
    literal: bool,
    #[serde(borrow, default)]
    needs: Vec<&'static str>,
    #[serde(borrow, default)]
    on: Vec<&'static str>,
}

fn read(text: &'static str) -> Result<Vec<Class>, String> {
    let asset: Asset = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let probe = |record: ProbeRecord| {
        let needs = Need::read_all(record.needs)?;
        Ok(Probe { action: record.action, why: record.why, literal: record.literal, needs, on: record.on })
    };
    let class = |record: ClassRecord| {
        let probes = record.actions.into_iter().map(probe).collect::<Result<_, String>>()?;
        Ok(Class { power: record.power, shown_by: record.shown_by, meaning: record.meaning, probes })
    };
    asset.powers.into_iter().map(class).collect()
}

static TABLE: LazyLock<Vec<Class>> =
    LazyLock::new(|| read(ASSET).expect("the embedded catalog is valid, as a test shows"));

/// Every class, the gravest first.
pub fn classes() -> &'static [Class] {
    &TABLE
}

pub fn class(power: Power) -> &'static Class {
    // The asset holds the classes in the order of `Power`; a test holds it to that.
    &TABLE[power as usize]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::catalog::{escalation, organization_paths};

    #[test]
    fn the_asset_reads_and_holds_every_class_in_order() {
        assert!(read(ASSET).is_ok(), "{:?}", read(ASSET).err());
        assert_eq!(classes().iter().map(|class| class.power).collect::<Vec<_>>(), Power::ALL);
        for power in Power::ALL {
            let class = class(power);
            assert_eq!(class.power, power);
            assert_eq!(class.shown_by == ShownBy::All, power == Power::Admin);
            let distinct: BTreeSet<_> = class.probes.iter().map(|probe| probe.action).collect();
            assert_eq!(distinct.len(), class.probes.len(), "{}", power.word());
            for probe in &class.probes {
                assert!(!probe.why.is_empty() && (!probe.literal || probe.on.is_empty()), "{}", probe.action);
            }
        }
    }

    #[test]
    fn admin_is_asked_for_over_many_services_without_conditions() {
        let probes = &class(Power::Admin).probes;
        let services: BTreeSet<_> = probes.iter().filter_map(|probe| probe.action.split(':').next()).collect();
        assert!(probes.len() >= 60 && services.len() >= 30, "{} over {}", probes.len(), services.len());
        assert!(probes.iter().all(|probe| probe.needs.is_empty() && probe.on.is_empty()));
    }

    #[test]
    fn power_over_the_organization_is_in_the_catalogue_of_levers() {
        let levers: BTreeSet<_> = organization_paths::paths()
            .iter()
            .flat_map(|path| path.alternatives.iter().flat_map(|alternative| &alternative.actions))
            .collect();
        let unknown: Vec<_> = class(Power::OrganizationControl)
            .probes
            .iter()
            .map(|probe| probe.action)
            .filter(|action| !levers.contains(action))
            .collect();
        // Counterparts of levers that are told under another action.
        let known = [
            "organizations:DeleteResourcePolicy",
            "guardduty:EnableOrganizationAdminAccount",
            "securityhub:EnableOrganizationAdminAccount",
            "cloudtrail:RegisterOrganizationDelegatedAdmin",
            "iam:EnableOrganizationsRootCredentialsManagement",
        ];
        assert_eq!(unknown, known);
    }

    /// The engine keeps an action's number in few bits.
    #[test]
    fn the_actions_of_all_catalogues_stay_few() {
        let mut all: BTreeSet<&str> = classes().iter().flat_map(|class| &class.probes).map(|p| p.action).collect();
        all.extend(escalation::paths().iter().flat_map(|path| &path.required));
        for path in organization_paths::paths() {
            all.extend(path.alternatives.iter().flat_map(|alternative| &alternative.actions));
        }
        assert!(all.len() < 512, "{}", all.len());
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        assert!(read(r#"{"about": [], "as_of": "", "powers": []}"#).is_ok());
        for wrong in [
            r#"{"about": [], "as_of": "", "powers": [{"power": "magic", "shown_by": "any", "meaning": "", "actions": []}]}"#,
            r#"{"about": [], "as_of": "", "powers": [{"power": "data", "shown_by": "most", "meaning": "", "actions": []}]}"#,
            r#"{"about": [], "as_of": "", "powers": [{"power": "data", "shown_by": "any", "meaning": "",
                "actions": [{"action": "s3:GetObject", "why": "", "needs": ["weather"]}]}]}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
