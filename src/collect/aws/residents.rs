//! What the four sources of residents share: the list of collectors, and sightings made from ARNs or from
//! types and identifiers.

use std::sync::Arc;

use serde_json::Value;

use super::{Aws, Collector, cloud_control, config, resource_explorer, tagging};
use crate::catalog::arns::{self, Place};
use crate::catalog::resource_types;
use crate::model::iam::Tag;
use crate::model::{AccountId, Arn, Ask, Region, Resident, Text};

/// Quick answers first; the sweep through Cloud Control takes the longest.
pub const COLLECTORS: &[Collector] = &[
    Collector {
        asks: &[Ask::Tagging],
        collect: |aws, region| Box::pin(async move { tagging::collect(&aws, &or_home(&aws, region)).await }),
    },
    Collector {
        asks: &[Ask::ResourceExplorer],
        collect: |aws, region| Box::pin(async move { resource_explorer::collect(&aws, &or_home(&aws, region)).await }),
    },
    Collector {
        asks: &[Ask::Config],
        collect: |aws, region| Box::pin(async move { config::collect(&aws, &or_home(&aws, region)).await }),
    },
    Collector {
        asks: &[Ask::CloudControl],
        collect: |aws, region| Box::pin(async move { cloud_control::collect(&aws, &or_home(&aws, region)).await }),
    },
];

/// Regional asks come with their Region.
fn or_home(aws: &Arc<Aws>, region: Option<Region>) -> Region {
    region.unwrap_or_else(|| aws.home.clone())
}

/// Where a source was asked.
#[derive(Clone, Debug)]
pub struct Scene {
    pub ask: Ask,
    pub region: Region,
    /// None when the caller's account is not known: then no ARN can be made from an identifier.
    pub account: Option<AccountId>,
}

impl Scene {
    pub fn of(aws: &Arc<Aws>, ask: Ask, region: &Region) -> Self {
        Self { ask, region: region.clone(), account: aws.caller_account().cloned() }
    }

    /// A sighting by ARN, as tagging and Resource Explorer give it.
    pub fn by_arn(&self, arn: &str, tags: Vec<Tag>) -> Resident {
        let arn = Arn::new(arn);
        let named = arns::of_arn(&arn);
        // A bucket's ARN names no Region, but each Region lists its own buckets.
        let is_bucket = arn.service() == "s3" && arn.region().is_empty();
        let region = if is_bucket { Some(self.region.clone()) } else { region_of(arn.region()) };
        let identifier = named.as_ref().map_or_else(|| arn.as_str().to_owned(), |named| named.id.clone());
        let account = if arn.account().is_empty() { self.account.clone() } else { Some(arn.account().into()) };
        Resident {
            resource_type: Text::new(named.as_ref().map_or("", |named| &named.resource_type)),
            identifier: identifier.into(),
            name: name_tag(&tags),
            region,
            account,
            tags,
            seen_by: [self.ask].into(),
            arn: Some(arn),
            ..Resident::default()
        }
    }

    /// A sighting by type and identifier, as Cloud Control and AWS Config give it. `properties` is the
    /// source's JSON; what may hold secrets in it is blanked.
    pub fn by_identifier(&self, resource_type: &str, identifier: &str, properties: Option<&str>) -> Resident {
        let mut model = properties.and_then(|text| serde_json::from_str::<Value>(text).ok());
        if let Some(model) = &mut model {
            blank(model, false);
        }
        let is_global = resource_types::table().get(resource_type).is_some_and(|t| t.home.is_some());
        let region = (!is_global).then(|| self.region.clone());
        let partition = partition_of(self.region.as_str());
        let made = self.account.as_ref().and_then(|account| {
            arns::arn_of(resource_type, identifier, Place { partition, region: region.as_ref(), account })
        });
        let arn = model.as_ref().and_then(own_arn).or(made);
        let tags = model.as_ref().map(tags_of).unwrap_or_default();
        let resource_type = arn.as_ref().map_or(resource_type.into(), |arn| arns::first_type(resource_type, arn));
        Resident {
            resource_type: Text::new(&resource_type),
            identifier: identifier.into(),
            name: model.as_ref().and_then(|model| name_of(model, &resource_type)).or_else(|| name_tag(&tags)),
            region,
            account: self.account.clone(),
            tags,
            seen_by: [self.ask].into(),
            properties: model.filter(|model| !model.is_null()).map(|model| Text::new(&model.to_string())),
            arn,
            ..Resident::default()
        }
    }
}

fn region_of(word: &str) -> Option<Region> {
    (!word.is_empty() && word != "global").then(|| Region::new(word))
}

/// The partition of a Region, by its prefix (AWS General Reference, ARN partitions).
pub fn partition_of(region: &str) -> &'static str {
    match region {
        r if r.starts_with("cn-") => "aws-cn",
        r if r.starts_with("us-gov-") => "aws-us-gov",
        r if r.starts_with("eusc-") => "aws-eusc",
        _ => "aws",
    }
}

fn name_tag(tags: &[Tag]) -> Option<Text> {
    tags.iter().find(|tag| tag.key == "Name" && !tag.value.is_empty()).map(|tag| tag.value.clone())
}

/// `Arn` of the model, where it is one.
fn own_arn(model: &Value) -> Option<Arn> {
    let arn = Arn::new(model.get("Arn").or_else(|| model.get("arn"))?.as_str()?);
    arn.looks_valid().then_some(arn)
}

/// `Name`, or the type's own name property: `BucketName` of a bucket.
fn name_of(model: &Value, resource_type: &str) -> Option<Text> {
    let kind = resource_type.rsplit("::").next().unwrap_or("");
    let own = format!("{kind}Name");
    let found = [own.as_str(), "Name", "GroupName", "DisplayName"].iter().find_map(|key| model.get(*key)?.as_str());
    found.filter(|name| !name.is_empty()).map(Text::new)
}

/// Tags as CloudFormation models and AWS Config write them: a list of keys and values, or a map.
pub fn tags_of(model: &Value) -> Vec<Tag> {
    let text = |value: &Value, key: &str| {
        let found = value.get(key).or_else(|| value.get(key.to_ascii_lowercase()));
        found.and_then(Value::as_str).map(Text::new)
    };
    match model.get("Tags").or_else(|| model.get("tags")) {
        Some(Value::Array(items)) => items
            .iter()
            .filter_map(|item| Some(Tag { key: text(item, "Key")?, value: text(item, "Value").unwrap_or_default() }))
            .collect(),
        Some(Value::Object(map)) => map
            .iter()
            .map(|(key, value)| Tag { key: Text::new(key), value: value.as_str().map(Text::new).unwrap_or_default() })
            .collect(),
        _ => Vec::new(),
    }
}

/// Keys beneath which people keep secrets: environment variables, start-up scripts, parameters, passwords.
const SECRETIVE: [&str; 9] = [
    "environment",
    "environmentvariables",
    "variables",
    "userdata",
    "secretstring",
    "password",
    "masteruserpassword",
    "authtoken",
    "parameters",
];

/// Blanks every value beneath a secretive key; names stay.
fn blank(value: &mut Value, within: bool) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                let is_secretive = SECRETIVE.contains(&key.to_ascii_lowercase().as_str());
                blank(inner, within || is_secretive);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| blank(item, within)),
        Value::String(text) if within => "(withheld)".clone_into(text),
        Value::Number(_) if within => *value = Value::from("(withheld)"),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene(ask: Ask) -> Scene {
        Scene { ask, region: "us-east-1".into(), account: Some("111122223333".into()) }
    }

    #[test]
    fn the_same_queue_by_both_names() {
        let by_arn = scene(Ask::Tagging).by_arn("arn:aws:sqs:us-east-1:111122223333:jobs", vec![]);
        let url = "https://sqs.us-east-1.amazonaws.com/111122223333/jobs";
        let by_url = scene(Ask::CloudControl).by_identifier("AWS::SQS::Queue", url, Some(r#"{"QueueName":"jobs"}"#));
        assert_eq!(by_arn.key(), by_url.key());
        assert_eq!(by_arn.resource_type, "AWS::SQS::Queue");
        assert_eq!(by_url.name.as_deref(), Some("jobs"));
    }

    #[test]
    fn buckets_and_global_things_know_their_place() {
        let bucket = scene(Ask::Tagging).by_arn("arn:aws:s3:::logs", vec![]);
        assert_eq!(bucket.region.as_ref().map(Region::as_str), Some("us-east-1"));
        assert_eq!(bucket.account.as_ref().map(AccountId::as_str), Some("111122223333"));
        let listed = scene(Ask::CloudControl).by_identifier("AWS::S3::Bucket", "logs", None);
        assert_eq!((listed.key(), listed.region), (bucket.key(), None));
        let role = scene(Ask::Tagging).by_arn("arn:aws:iam::111122223333:role/x/Deploy", vec![]);
        assert_eq!((role.region, role.identifier.as_str()), (None, "Deploy"));
    }

    #[test]
    fn an_arn_in_the_model_wins() {
        let model = r#"{"Arn":"arn:aws:iam::111122223333:role/x/Deploy","Tags":[{"Key":"team","Value":"a"}]}"#;
        let role = scene(Ask::CloudControl).by_identifier("AWS::IAM::Role", "Deploy", Some(model));
        assert_eq!(role.arn.as_ref().map(Arn::as_str), Some("arn:aws:iam::111122223333:role/x/Deploy"));
        assert_eq!(role.tags.len(), 1);
    }

    #[test]
    fn secrets_in_a_model_are_blanked() {
        let model = r#"{"FunctionName":"f","Environment":{"Variables":{"TOKEN":"s3cret","N":5}},"UserData":"aGk="}"#;
        let function = scene(Ask::CloudControl).by_identifier("AWS::Lambda::Function", "f", Some(model));
        let kept = function.properties.expect("properties");
        assert!(!kept.contains("s3cret") && !kept.contains("aGk=") && !kept.contains('5'), "{kept}");
        assert!(kept.contains("TOKEN"));
    }
}
