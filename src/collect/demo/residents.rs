//! The sample's residents: reads `residents.toml`, and says which source sees which of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Deserialize;

use super::account::Sources;
use super::files;
use super::iam::ACCOUNT;
use super::made_up::{hash, moment, push_hex};
use crate::model::{Arn, Ask, Region, Resident, Tag, Text};

/// The Region in which global types are listed.
pub const GLOBAL_HOME: &str = "us-east-1";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    kind: Vec<Kind>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kind {
    #[serde(rename = "type")]
    resource_type: String,
    arn: Option<String>,
    #[serde(default)]
    global: bool,
    sources: Vec<Ask>,
    items: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    id: String,
    region: Option<Region>,
    #[serde(default)]
    regions: Vec<String>,
    name: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    properties: Option<String>,
    created: String,
}

/// Everything that lives in the account. `seen_by` holds the sources that see it.
///
/// # Panics
/// When the embedded file is not valid; see [`files::read`].
pub fn all(regions: &[Region], sources: &Sources) -> Vec<Resident> {
    let file: File = files::read(files::RESIDENTS);
    let mut residents = Vec::new();
    for kind in &file.kind {
        for (place, item) in kind.items.iter().enumerate() {
            if kind.global {
                residents.push(resident(kind, item, place, None, sources));
            } else if item.regions.iter().any(|region| region == "all") {
                residents.extend(regions.iter().map(|region| resident(kind, item, place, Some(region), sources)));
            } else {
                residents.push(resident(kind, item, place, item.region.as_ref(), sources));
            }
        }
    }
    residents
}

fn resident(kind: &Kind, item: &Item, place: usize, region: Option<&Region>, sources: &Sources) -> Resident {
    let word = region.map_or("global", Region::as_str);
    let seed = hash(&format!("{}|{word}|{place}", kind.resource_type));
    let identifier = made_up_parts(&item.id, seed);
    let arn = kind.arn.as_ref().map(|form| Arn::from(form.replace("{region}", word).replace("{id}", &identifier)));
    let mut seen_by: BTreeSet<Ask> =
        kind.sources.iter().copied().filter(|&ask| reaches(ask, region, sources)).collect();
    let mut tags: Vec<Tag> = item.tags.iter().map(|(k, v)| Tag { key: Text::new(k), value: Text::new(v) }).collect();
    if !tags.is_empty() && arn.is_some() {
        seen_by.insert(Ask::Tagging);
        let name = item.name.as_ref().filter(|_| kind.resource_type.starts_with("AWS::EC2"));
        tags.extend(name.map(|name| Tag { key: "Name".into(), value: Text::new(name) }));
    }
    Resident {
        arn,
        resource_type: Text::new(&kind.resource_type),
        identifier: Text::new(&identifier),
        name: item.name.as_deref().map(Text::new),
        region: region.cloned(),
        account: Some(ACCOUNT.into()),
        tags,
        seen_by,
        created: Some(created(item, &identifier)),
        properties: item.properties.as_deref().map(files::document),
    }
}

fn created(item: &Item, identifier: &str) -> Timestamp {
    moment(&item.created, identifier)
}

fn made_up_parts(id: &str, seed: u64) -> String {
    let mut made = id.to_owned();
    for (word, len) in [("{hex8}", 8), ("{hex17}", 17)] {
        if made.contains(word) {
            let mut hex = String::new();
            push_hex(&mut hex, seed, len);
            made = made.replace(word, &hex);
        }
    }
    made
}

/// False where a source does not look.
fn reaches(ask: Ask, region: Option<&Region>, sources: &Sources) -> bool {
    let region = region.map_or(GLOBAL_HOME, Region::as_str);
    match ask {
        Ask::Config => sources.config_region.as_str() == region,
        Ask::ResourceExplorer => sources.explorer_regions.iter().any(|r| r.as_str() == region),
        _ => true,
    }
}

/// What one source tells in one Region: no source tells all.
pub fn seen(residents: &[Resident], ask: Ask, region: &Region) -> Vec<Resident> {
    let here = |r: &&Resident| {
        r.seen_by.contains(&ask) && r.region.as_ref().map_or(region.as_str() == GLOBAL_HOME, |home| home == region)
    };
    residents.iter().filter(here).map(|resident| as_told_by(ask, resident)).collect()
}

fn as_told_by(ask: Ask, resident: &Resident) -> Resident {
    let mut told = Resident { seen_by: [ask].into(), ..resident.clone() };
    match ask {
        // ARNs and tags only.
        Ask::Tagging => (told.properties, told.created, told.name) = (None, None, None),
        // The index knows neither settings nor birth.
        Ask::ResourceExplorer => (told.properties, told.created) = (None, None),
        Ask::CloudControl => told.created = None,
        _ => {}
    }
    told
}
