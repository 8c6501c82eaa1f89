//! ARN <-> CloudFormation type and identifier, so that sources that speak of ARNs (tagging, Resource
//! Explorer) and sources that speak of identifiers (Cloud Control, AWS Config) mean the same resource.
//!
//! Data: `assets/catalog/arns.json`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::resource_types;
use crate::model::{AccountId, Arn, Region};

const ASSET: &str = include_str!("../../assets/catalog/arns.json");

#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "'de: 'static"))]
struct Asset {
    types: Vec<Row>,
    services: BTreeMap<&'static str, &'static str>,
}

#[derive(Debug, Deserialize)]
struct Row {
    #[serde(rename = "type")]
    name: &'static str,
    arn: &'static str,
    #[serde(borrow, default)]
    identifier: Option<&'static str>,
    #[serde(default)]
    second: bool,
    #[serde(default)]
    slash: bool,
}

struct Table {
    rows: Vec<Row>,
    services: BTreeMap<&'static str, &'static str>,
    /// By ARN service: places in `rows`.
    by_service: BTreeMap<&'static str, Vec<usize>>,
    by_type: BTreeMap<&'static str, usize>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let Asset { types: rows, services } =
        serde_json::from_str(ASSET).expect("an embedded asset that tests have parsed");
    let mut by_service: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    let mut by_type = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        if !row.second {
            by_service.entry(part(row.arn, 2)).or_default().push(at);
        }
        by_type.insert(row.name, at);
    }
    Table { rows, services, by_service, by_type }
});

fn part(arn: &str, n: usize) -> &str {
    arn.splitn(6, ':').nth(n).unwrap_or("")
}

/// What an ARN says of its resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The CloudFormation type, or `service:kind` where the catalog knows none.
    pub resource_type: String,
    /// What is left of the ARN to tell it from others of its type: a name, mostly.
    pub id: String,
    /// False: the type was put together from the ARN's words, not taken from a pattern.
    pub by_pattern: bool,
}

/// Where an identifier was found.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub partition: &'a str,
    pub region: Option<&'a Region>,
    pub account: &'a AccountId,
}

/// Matches the resource part of an ARN against a pattern such as `role/{path}{id}`.
/// Some("") when it matches and the pattern has no id.
fn match_resource<'a>(pattern: &str, text: &'a str) -> Option<&'a str> {
    let (mut pattern, mut text, mut id) = (pattern, text, "");
    loop {
        let Some(open) = pattern.find('{') else { return (pattern == text).then_some(id) };
        text = text.strip_prefix(&pattern[..open])?;
        let close = open + pattern[open..].find('}')?;
        let taken = match &pattern[open + 1..close] {
            "id+" | "_+" => text.len(),
            "path" => text.rfind('/').map_or(0, |at| at + 1),
            _ => text.find(['/', ':']).unwrap_or(text.len()),
        };
        match &pattern[open + 1..close] {
            "path" => {}
            _ if taken == 0 => return None,
            "id" | "id+" => id = &text[..taken],
            _ => {}
        }
        text = &text[taken..];
        pattern = &pattern[close + 1..];
    }
}

fn matches<'a>(row: &Row, arn: &'a Arn) -> Option<&'a str> {
    let fits = |n, value: &str| match part(row.arn, n) {
        "" => value.is_empty(),
        "{_}" => true,
        _ => !value.is_empty(),
    };
    // AWS writes log groups with and without `:*`, which means their streams.
    let resource = arn.resource();
    let resource = if arn.service() == "logs" { resource.strip_suffix(":*").unwrap_or(resource) } else { resource };
    (fits(3, arn.region()) && fits(4, arn.account())).then(|| match_resource(part(row.arn, 5), resource)).flatten()
}

/// The type and id that an ARN tells. None when it is no ARN.
pub fn of_arn(arn: &Arn) -> Option<Named> {
    if !arn.looks_valid() {
        return None;
    }
    let table = &*TABLE;
    for &at in table.by_service.get(arn.service()).into_iter().flatten() {
        let row = &table.rows[at];
        if let Some(id) = matches(row, arn) {
            let id = if row.slash && id.contains('/') { format!("/{id}") } else { id.to_owned() };
            return Some(Named { resource_type: row.name.to_owned(), id, by_pattern: true });
        }
    }
    let resource = arn.resource().trim_start_matches('/');
    let (kind, id) = resource.split_once(['/', ':']).unwrap_or(("", resource));
    let guess = table.services.get(arn.service()).and_then(|service| {
        resource_types::table().spelled(&format!("AWS::{service}::{}", kind.replace(['-', '_'], "")))
    });
    let resource_type = match guess {
        Some(name) => name.to_owned(),
        None if kind.is_empty() => arn.service().to_owned(),
        None => format!("{}:{kind}", arn.service()),
    };
    Some(Named { resource_type, id: id.to_owned(), by_pattern: false })
}

/// What an identifier is: the id within its type, or an ARN.
enum Told<'a> {
    Id(&'a str),
    Arn(Arn),
}

/// Reads a Cloud Control or Config identifier by its template.
fn told<'a>(template: Option<&str>, identifier: &'a str) -> Option<Told<'a>> {
    let Some(template) = template else { return Some(Told::Id(identifier)) };
    let mut values = identifier.split('|');
    for part in template.split('|') {
        let value = values.next()?;
        match part {
            "{_}" => {}
            // Config gives a bare name or id where Cloud Control gives the ARN.
            "{arn}" if !Arn::new(value).looks_valid() => return Some(Told::Id(value)),
            "{arn}" => return Some(Told::Arn(Arn::new(value))),
            url if url.starts_with("https://") => return Some(Told::Id(value.rsplit('/').next()?)),
            other => return Some(Told::Id(value.strip_prefix(&other[..other.find('{')?]).unwrap_or(value))),
        }
    }
    None
}

/// The id within its type: the queue's name of a queue URL, the address's allocation id.
pub fn id_within_type<'a>(resource_type: &str, identifier: &'a str) -> std::borrow::Cow<'a, str> {
    let template = TABLE.by_type.get(resource_type).and_then(|&at| TABLE.rows[at].identifier);
    match told(template, identifier) {
        Some(Told::Id(id)) => id.into(),
        Some(Told::Arn(arn)) => of_arn(&arn).map_or(identifier.to_owned(), |named| named.id).into(),
        None => identifier.into(),
    }
}

/// The ARN of a resource that a source named by type and identifier. None where the identifier does not
/// tell all of it (an IAM path, a random suffix) or where the catalog has no pattern.
pub fn arn_of(resource_type: &str, identifier: &str, place: Place<'_>) -> Option<Arn> {
    let table = &*TABLE;
    let Some(&at) = table.by_type.get(resource_type) else {
        let known = resource_types::table().get(resource_type)?;
        let arn = Arn::new(identifier);
        return (known.is_identified_by_arn() && arn.looks_valid()).then_some(arn);
    };
    let row = &table.rows[at];
    let id = match told(row.identifier, identifier)? {
        Told::Id(id) => id,
        Told::Arn(arn) => return Some(arn),
    };
    if row.arn.contains("{path}") || row.arn.contains("{_") || id.is_empty() {
        return None;
    }
    let id = if row.slash { id.trim_start_matches('/') } else { id };
    let region = place.region.map_or("", Region::as_str);
    if row.arn.contains("{r}") && region.is_empty() {
        return None;
    }
    let arn = row.arn.replace("{p}", place.partition).replace("{r}", region).replace("{a}", place.account.as_str());
    Some(Arn::new(arn.replace("{id+}", id).replace("{id}", id)))
}

/// The type by which a resource goes when several types share its ARNs: `AWS::DynamoDB::Table` of a global table.
pub fn first_type<'a>(resource_type: &'a str, arn: &Arn) -> std::borrow::Cow<'a, str> {
    let is_second = TABLE.by_type.get(resource_type).is_some_and(|&at| TABLE.rows[at].second);
    match of_arn(arn) {
        Some(named) if is_second && named.by_pattern => named.resource_type.into(),
        _ => resource_type.into(),
    }
}

/// The service part of the CloudFormation types of an ARN's service: `EC2` of `ec2`.
pub fn service_of(arn_service: &str) -> Option<&'static str> {
    TABLE.services.get(arn_service).copied()
}

#[cfg(test)]
#[path = "arns_tests.rs"]
mod tests;
