//! The sample's account itself, and where its sources end: reads `account.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::files;
use super::iam::ACCOUNT;
use super::made_up::moment;
use crate::model::{
    AlternateContact, Arn, Ask, Caller, ContactInformation, Problem, Region, RegionStatus, Text, Trail,
};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Home {
    pub account: String,
    pub alias: Text,
    caller: Who,
    /// On by default, all of them.
    pub regions_on: Vec<Region>,
    regions_off: Vec<Region>,
    pub organizations_features: Vec<Text>,
    contact: Contact,
    alternate: Vec<Alternate>,
    trail: Vec<TrailForm>,
    denied: BTreeMap<Ask, Denial>,
    pub sources: Sources,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Who {
    arn: Arn,
    user_id: Text,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Contact {
    full_name: Text,
    company: Text,
    country: Text,
    phone: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Alternate {
    kind: Text,
    name: Option<Text>,
    #[serde(default)]
    title: Text,
    #[serde(default)]
    email: Text,
    #[serde(default)]
    phone: Text,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct TrailForm {
    name: String,
    region: Region,
    #[serde(default)]
    multi_region: bool,
    #[serde(default)]
    organization: bool,
    bucket: Text,
    kms_key: Option<Text>,
    #[serde(default)]
    validation: bool,
    log_group: Option<Text>,
    logging: bool,
    delivered: String,
    started: String,
    stopped: Option<String>,
    selectors: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Denial {
    action: String,
    detail: String,
}

/// How far each of the layers of `residents` and the events reach.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Sources {
    /// The only Region where AWS Config records.
    pub config_region: Region,
    /// The Regions that have a Resource Explorer index.
    pub explorer_regions: Vec<Region>,
    pub throttled_region: Region,
    pub throttled_event_days: i64,
    /// Resource types that Cloud Control is asked for in each Region.
    pub types: u32,
    pub unsupported: BTreeMap<Region, u32>,
    /// Type, and the action that is missing to list it.
    pub denied_types: BTreeMap<String, String>,
}

impl Home {
    /// # Panics
    /// When the embedded file is not valid; see [`files::read`].
    pub fn read() -> Self {
        files::read(files::ACCOUNT)
    }

    pub fn caller(&self) -> Caller {
        Caller {
            account: self.account.as_str().into(),
            arn: self.caller.arn.clone(),
            user_id: self.caller.user_id.clone(),
        }
    }

    pub fn regions(&self) -> Vec<RegionStatus> {
        let status = |region: &Region, status: &str| RegionStatus { region: region.clone(), status: status.into() };
        let on = self.regions_on.iter().map(|region| status(region, "ENABLED_BY_DEFAULT"));
        on.chain(self.regions_off.iter().map(|region| status(region, "DISABLED"))).collect()
    }

    pub fn contact(&self) -> ContactInformation {
        ContactInformation {
            full_name: self.contact.full_name.clone(),
            company: self.contact.company.clone(),
            country: self.contact.country.clone(),
            phone: self.contact.phone.clone(),
        }
    }

    pub fn alternates(&self) -> Vec<AlternateContact> {
        let contact = |form: &Alternate| AlternateContact {
            kind: form.kind.clone(),
            present: form.name.is_some(),
            name: form.name.clone().unwrap_or_default(),
            title: form.title.clone(),
            email: form.email.clone(),
            phone: form.phone.clone(),
        };
        self.alternate.iter().map(contact).collect()
    }

    /// The trails whose home is this Region.
    pub fn trails(&self, region: &Region) -> Vec<Trail> {
        let trail = |form: &TrailForm| Trail {
            name: Text::new(&form.name),
            arn: Arn::from(format!("arn:aws:cloudtrail:{}:{ACCOUNT}:trail/{}", form.region, form.name)),
            home_region: form.region.clone(),
            multi_region: form.multi_region,
            organization_trail: form.organization,
            bucket: form.bucket.clone(),
            kms_key: form.kms_key.clone(),
            log_file_validation: form.validation,
            log_group: form.log_group.clone(),
            logging: Some(form.logging),
            latest_delivery: Some(moment(&form.delivered, &form.name)),
            latest_delivery_error: None,
            started: Some(moment(&form.started, &form.name)),
            stopped: form.stopped.as_deref().map(|stopped| moment(stopped, &form.name)),
            selectors: Some(files::document(&form.selectors)),
        };
        self.trail.iter().filter(|form| form.region == *region).map(trail).collect()
    }

    /// The refusal that this ask meets, if it meets one.
    pub fn denial(&self, ask: Ask) -> Option<Problem> {
        let denial = self.denied.get(&ask)?;
        Some(Problem::denied(&denial.action, &denial.action, &denial.detail))
    }
}
