//! What the picture knows that can prove or refute a rule: trails, other residents, tags, properties.
//!
//! A property that a source did not give proves nothing either way: the rule then does not apply.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::catalog::arns;
use crate::catalog::residency::{self, Field, PropertyTest, Relation, Rule};
use crate::model::{AccountId, Arn, Ask, Facts, Resident, Status, Text};

/// Whether what a name says is borne out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    Yes,
    No,
    Unknown,
}

/// A resident with what the rules look at, worked out once.
pub struct Subject<'a> {
    pub resident: &'a Resident,
    id: String,
    properties: Option<Value>,
}

impl<'a> Subject<'a> {
    pub fn of(resident: &'a Resident) -> Self {
        let id = match resident.arn.as_ref().and_then(arns::of_arn) {
            Some(named) => named.id,
            None => arns::id_within_type(&resident.resource_type, &resident.identifier).into_owned(),
        };
        let properties = resident.properties.as_ref().and_then(|text| serde_json::from_str(text).ok());
        Self { resident, id, properties }
    }

    /// All values at a path; lists on the way are walked through, keys compared without case
    /// (CloudFormation writes `GroupName`, AWS Config `groupName`).
    fn values(&self, path: &str) -> Vec<String> {
        let mut found: Vec<&Value> = self.properties.iter().collect();
        for key in path.split('.') {
            found = found.into_iter().flat_map(|value| step(value, key)).collect();
        }
        found.into_iter().flat_map(scalars).collect()
    }

    fn passes(&self, test: &PropertyTest, account: Option<&AccountId>) -> bool {
        self.values(&test.property).iter().any(|value| {
            test.equals.as_ref().is_some_and(|wanted| wanted == value)
                || test.suffix.as_ref().is_some_and(|suffix| value.ends_with(suffix.as_str()))
                || (test.set && !value.is_empty())
                || (test.another_account && is_account(value) && account.is_some_and(|a| a.as_str() != value))
        })
    }

    /// The names that AWS itself knows it by. A `Name` tag is none: only rules that rest on names look at it.
    fn names(&self, rule: &Rule) -> Vec<String> {
        let mut names = vec![self.id.clone(), self.resident.identifier.to_string()];
        names.extend(self.resident.arn.as_ref().map(|arn| arn.resource().to_owned()));
        for key in ["Name", "GroupName", "DisplayName", "MonitorName"] {
            names.extend(self.values(key));
        }
        names.extend(self.resident.name.iter().filter(|_| rule.name_only).map(Text::to_string));
        names
    }

    /// An IAM path, `/` at both ends; none when the ARN is not known.
    fn path(&self) -> Option<&str> {
        let resource = self.resident.arn.as_ref()?.resource();
        let (from, to) = (resource.find('/')?, resource.rfind('/')?);
        Some(&resource[from..=to])
    }

    fn stack(&self) -> Option<&str> {
        let tag = self.resident.tags.iter().find(|tag| tag.key == "aws:cloudformation:stack-name")?;
        Some(tag.value.as_str())
    }
}

fn step<'v>(value: &'v Value, key: &str) -> Vec<&'v Value> {
    match value {
        Value::Object(map) => map.iter().filter(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, v)| v).collect(),
        Value::Array(items) => items.iter().flat_map(|item| step(item, key)).collect(),
        _ => Vec::new(),
    }
}

fn scalars(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Bool(_) | Value::Number(_) => vec![value.to_string()],
        Value::Array(items) => items.iter().flat_map(scalars).collect(),
        Value::Object(_) | Value::Null => Vec::new(),
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// `bucket` of `s3://bucket/prefix`.
fn bucket_of(value: &str) -> &str {
    value.strip_prefix("s3://").map_or(value, |rest| rest.split('/').next().unwrap_or(rest))
}

/// Everything that rules ask for, gathered once.
pub struct Evidence<'a> {
    facts: &'a Facts,
    /// The account that was looked at.
    pub account: Option<AccountId>,
    buckets: BTreeSet<String>,
    log_groups: BTreeSet<String>,
    /// By rule id: the identifiers that a relation names.
    related: BTreeMap<&'static str, BTreeSet<String>>,
}

impl<'a> Evidence<'a> {
    pub fn of(facts: &'a Facts, residents: &BTreeMap<Text, Resident>) -> Self {
        let mut evidence = Self {
            facts,
            account: facts.subject_account(),
            buckets: facts.trails.values().map(|trail| trail.bucket.to_string()).collect(),
            log_groups: BTreeSet::new(),
            related: BTreeMap::new(),
        };
        for group in facts.trails.values().filter_map(|trail| trail.log_group.as_ref()) {
            let named = arns::of_arn(&Arn::new(group.as_str()));
            evidence.log_groups.insert(named.map_or(group.to_string(), |named| named.id));
        }
        evidence.relate(residents);
        evidence
    }

    fn relate(&mut self, residents: &BTreeMap<Text, Resident>) {
        let subjects = |wanted: &[String]| -> Vec<Subject<'_>> {
            let is_wanted = |resident: &&Resident| wanted.iter().any(|t| *t == resident.resource_type.as_str());
            residents.values().filter(is_wanted).map(Subject::of).collect()
        };
        let vpcs: Vec<Subject<'_>> = subjects(&["AWS::EC2::VPC".to_owned()])
            .into_iter()
            .filter(|vpc| vpc.values("IsDefault").iter().any(|value| value == "true"))
            .collect();
        for rule in residency::table().rules() {
            let found: BTreeSet<String> = match &rule.relation {
                Some(Relation::Residents { residents, property, only }) => subjects(residents)
                    .iter()
                    .filter(|subject| {
                        let in_default = |value: &String| vpcs.iter().any(|vpc| vpc.id == *value);
                        only.as_ref().is_none_or(|only| subject.values(&only.property).iter().any(in_default))
                    })
                    .flat_map(|subject| property.iter().flat_map(|path| subject.values(path)))
                    .map(|value| bucket_of(&value).to_owned())
                    .collect(),
                Some(Relation::DefaultVpc { default_vpc }) => {
                    vpcs.iter().flat_map(|vpc| vpc.values(default_vpc)).collect()
                }
                _ => continue,
            };
            self.related.insert(&rule.id, found);
        }
    }

    /// True when the rule's own test holds for the subject.
    pub fn applies(&self, rule: &'static Rule, subject: &Subject<'_>) -> bool {
        if let Some(relation) = &rule.relation {
            return self.is_related(rule, relation, subject);
        }
        if let Some((key, value)) = &rule.tag {
            return subject.resident.tags.iter().any(|tag| tag.key == key.as_str() && tag.value == value.as_str());
        }
        if rule.another_account {
            let account = subject.resident.arn.as_ref().map(Arn::account).unwrap_or("");
            return is_account(account) && self.account.as_ref().is_some_and(|here| here.as_str() != account);
        }
        if !rule.any_of.is_empty() {
            return rule.any_of.iter().any(|test| subject.passes(test, self.account.as_ref()));
        }
        match rule.field {
            Some(Field::Name) => subject.names(rule).iter().any(|name| rule.fits(name)),
            Some(Field::Id) => rule.fits(&subject.id),
            Some(Field::Arn) => subject.resident.arn.as_ref().is_some_and(|arn| rule.fits(arn.as_str())),
            Some(Field::Path) => subject.path().is_some_and(|path| rule.fits(path)),
            None => rule.any,
        }
    }

    fn is_related(&self, rule: &'static Rule, relation: &Relation, subject: &Subject<'_>) -> bool {
        match relation {
            Relation::Trail { trails } if trails == "bucket" => self.buckets.contains(&subject.id),
            Relation::Trail { .. } => self.log_groups.contains(&subject.id),
            Relation::Stack { stack_of } => subject.stack().is_some_and(|stack| {
                stack_of.iter().filter_map(|id| residency::table().rule(id)).any(|rule| rule.fits(stack))
            }),
            Relation::Residents { .. } | Relation::DefaultVpc { .. } => {
                self.related.get(rule.id.as_str()).is_some_and(|named| named.contains(&subject.id))
            }
        }
    }

    /// Asks for the evidence that a rule on names wants, where the picture has it.
    pub fn confirm(&self, rule: &Rule, subject: &Subject<'_>) -> Confirmed {
        let trails_read = self.facts.coverage.status(Ask::Trails) == Status::Complete;
        match rule.id.as_str() {
            // Had a trail delivered here, the evidence rule would have applied.
            "s3-trail-console" if trails_read => Confirmed::No,
            "log-trail" if self.log_groups.contains(&subject.id) => Confirmed::Yes,
            "log-trail" if trails_read => Confirmed::No,
            "iam-ct-roles" if subject.path().is_some_and(|path| path != "/service-role/") => Confirmed::No,
            "iam-cloudtrail-cwl" => self.trusts_only(subject, "cloudtrail.amazonaws.com"),
            "lambda-ct" => match subject.stack() {
                Some(stack) if stack.starts_with("StackSet-AWSControlTower") => Confirmed::Yes,
                _ => Confirmed::Unknown,
            },
            _ => Confirmed::Unknown,
        }
    }

    fn trusts_only(&self, subject: &Subject<'_>, service: &str) -> Confirmed {
        let role = subject.resident.arn.as_ref().and_then(|arn| self.facts.roles.get(arn));
        let Some(trust) = role.and_then(|role| role.trust.json()) else {
            return Confirmed::Unknown;
        };
        let principals: Vec<&Value> =
            step(&trust, "Statement").into_iter().flat_map(|s| step(s, "Principal")).collect();
        let only = |principal: &&Value| match principal {
            Value::Object(map) => {
                map.iter().all(|(kind, v)| kind == "Service" && scalars(v).iter().all(|s| s == service))
            }
            _ => false,
        };
        if !principals.is_empty() && principals.iter().all(only) { Confirmed::Yes } else { Confirmed::No }
    }
}
