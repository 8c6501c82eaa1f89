//! A resource that lives in the management account, whoever saw it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AccountId, Arn, Ask, Region, Tag, Text};

/// One resource. Two sightings with the same [`Resident::key`] are one resident.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Resident {
    /// None when the source gave an identifier from which no ARN can be made.
    pub arn: Option<Arn>,
    /// The CloudFormation type, such as `AWS::S3::Bucket`; the service's own word where there is none.
    pub resource_type: Text,
    /// The primary identifier or the last word of the ARN.
    pub identifier: Text,
    pub name: Option<Text>,
    /// None for a global resource.
    pub region: Option<Region>,
    pub account: Option<AccountId>,
    pub tags: Vec<Tag>,
    /// Which sources saw it.
    pub seen_by: BTreeSet<Ask>,
    pub created: Option<Timestamp>,
    /// What the source said of it, as JSON.
    pub properties: Option<Text>,
}

impl Resident {
    /// The ARN, or type, Region and identifier.
    pub fn key(&self) -> Text {
        match &self.arn {
            Some(arn) => arn.text().clone(),
            None => Text::new(&format!(
                "{}|{}|{}",
                self.resource_type,
                self.region.as_ref().map_or("global", Region::as_str),
                self.identifier
            )),
        }
    }

    /// Takes in another sighting of the same resource. The order of sightings does not matter: of two
    /// different answers the more telling one stays (the longer), of two equally telling the smaller.
    pub fn merge(&mut self, other: Self) {
        fn telling(mine: &mut Option<Text>, other: Option<Text>) {
            if let Some(other) = other
                && mine.as_ref().is_none_or(|mine| (mine.len(), &*other) < (other.len(), &**mine))
            {
                *mine = Some(other);
            }
        }
        fn least<T: Ord>(mine: &mut Option<T>, other: Option<T>) {
            *mine = match (mine.take(), other) {
                (Some(mine), Some(other)) => Some(mine.min(other)),
                (mine, other) => mine.or(other),
            };
        }
        fn pairs(tags: &[Tag]) -> Vec<(&Text, &Text)> {
            tags.iter().map(|tag| (&tag.key, &tag.value)).collect()
        }
        self.seen_by.extend(other.seen_by);
        telling(&mut self.name, other.name);
        telling(&mut self.properties, other.properties);
        if (self.identifier.len(), &other.identifier) < (other.identifier.len(), &self.identifier) {
            self.identifier = other.identifier;
        }
        let rank = |word: &Text| (word.starts_with("AWS::"), word.clone());
        if rank(&self.resource_type) < rank(&other.resource_type) {
            self.resource_type = other.resource_type;
        }
        if (self.tags.len(), pairs(&other.tags)) < (other.tags.len(), pairs(&self.tags)) {
            self.tags = other.tags;
        }
        least(&mut self.region, other.region);
        least(&mut self.account, other.account);
        least(&mut self.created, other.created);
    }
}
