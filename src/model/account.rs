//! The account itself: who asks, contacts, Regions and trails.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AccountId, Arn, Region, Text};

/// From `sts:GetCallerIdentity`: who collected.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Caller {
    pub account: AccountId,
    pub arn: Arn,
    pub user_id: Text,
}

/// From `account:GetContactInformation`, without the street.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ContactInformation {
    pub full_name: Text,
    pub company: Text,
    pub country: Text,
    pub phone: Text,
}

/// From `account:GetAlternateContact`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AlternateContact {
    /// `BILLING`, `OPERATIONS` or `SECURITY`.
    pub kind: Text,
    /// False: AWS answered that none is set.
    pub present: bool,
    pub name: Text,
    pub title: Text,
    pub email: Text,
    pub phone: Text,
}

/// From `account:ListRegions`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RegionStatus {
    pub region: Region,
    /// `ENABLED_BY_DEFAULT`, `ENABLED`, `ENABLING`, `DISABLING` or `DISABLED`.
    pub status: Text,
}

impl RegionStatus {
    pub fn is_on(&self) -> bool {
        matches!(self.status.as_str(), "ENABLED_BY_DEFAULT" | "ENABLED")
    }
}

/// From `DescribeTrails`, `GetTrailStatus` and `GetEventSelectors`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trail {
    pub name: Text,
    pub arn: Arn,
    pub home_region: Region,
    pub multi_region: bool,
    pub organization_trail: bool,
    pub bucket: Text,
    pub kms_key: Option<Text>,
    pub log_file_validation: bool,
    pub log_group: Option<Text>,
    /// None: the status could not be read.
    pub logging: Option<bool>,
    pub latest_delivery: Option<Timestamp>,
    pub latest_delivery_error: Option<Text>,
    pub started: Option<Timestamp>,
    pub stopped: Option<Timestamp>,
    /// The selectors as JSON; none when they could not be read.
    pub selectors: Option<Text>,
}
