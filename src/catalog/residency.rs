//! Which resources belong in a management account: classes by service and type, and rules that reclass
//! single resources by evidence or by name.
//!
//! Data: `assets/catalog/residency_classes.json`, curated by hand; each rule names its source. The classes
//! are judgements, not AWS statements. This file only reads them: `analysis::residents` applies them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};

const ASSET: &str = include_str!("../../assets/catalog/residency_classes.json");

/// What a resource is to the management account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResidencyClass {
    /// Should move to a member account.
    Workload,
    /// Principals and trust: judged in their own pane, counted here.
    Identity,
    /// Works from a delegated administrator account.
    SecurityTooling,
    /// Needed to run the organization.
    BelongsHere,
    /// Comes with an account, or local hygiene that is welcome.
    Baseline,
    /// The catalog does not know it.
    #[default]
    Unknown,
}

impl ResidencyClass {
    pub const ALL: [Self; 6] =
        [Self::Workload, Self::Identity, Self::SecurityTooling, Self::BelongsHere, Self::Baseline, Self::Unknown];

    pub fn word(self) -> &'static str {
        match self {
            Self::Workload => "workload",
            Self::Identity => "identity",
            Self::SecurityTooling => "security-tooling",
            Self::BelongsHere => "belongs-here",
            Self::Baseline => "baseline",
            Self::Unknown => "unknown",
        }
    }
}

/// How sure a statement of the catalog is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sure {
    Low,
    Medium,
    High,
}

impl Sure {
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// The class of a service.
#[derive(Clone, Debug, Deserialize)]
pub struct ServiceClass {
    pub class: ResidencyClass,
    pub category: String,
    /// 0 to 10: how much one such resource adds to the exposure before its settings are looked at; 0 is not counted.
    pub weight: u8,
    /// Can hold customer data.
    #[serde(default)]
    pub data: bool,
    /// Can be public, shared, or reached from outside the account.
    #[serde(default)]
    pub exposable: bool,
}

/// The class of a type that does not simply follow its service.
#[derive(Clone, Debug, Deserialize)]
pub struct TypeClass {
    #[serde(rename = "type")]
    pub name: String,
    #[serde(flatten)]
    pub is: ServiceClass,
    #[serde(default)]
    pub reason: Option<String>,
    #[serde(default)]
    pub unsure: bool,
    /// The list answer may hold things that AWS owns; how sure that is.
    #[serde(default)]
    pub may_list_aws_owned: Option<Sure>,
}

/// What of a resource a text is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Field {
    Name,
    Id,
    Arn,
    /// Of an IAM role.
    Path,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Match {
    Equals,
    Regex,
    Glob,
    Prefix,
    Contains,
    Suffix,
}

/// A test of one property; the path may lead through lists.
#[derive(Clone, Debug, Deserialize)]
pub struct PropertyTest {
    pub property: String,
    #[serde(default)]
    pub equals: Option<String>,
    #[serde(default)]
    pub suffix: Option<String>,
    /// Any value but nothing.
    #[serde(default)]
    pub set: bool,
    /// An account id that is not the subject's.
    #[serde(default)]
    pub another_account: bool,
}

/// Evidence elsewhere in the picture.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Relation {
    /// `bucket` or `log-group` of a trail.
    Trail { trails: String },
    /// Created by a stack that one of these rules matches.
    Stack { stack_of: Vec<String> },
    /// Named in a property of other residents.
    Residents {
        residents: Vec<String>,
        property: Vec<String>,
        #[serde(default, rename = "where")]
        only: Option<InDefaultVpc>,
    },
    /// Named in this property of a default VPC.
    DefaultVpc { default_vpc: String },
}

#[derive(Clone, Debug, Deserialize)]
pub struct InDefaultVpc {
    /// The property that names the VPC.
    pub property: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Rule {
    pub id: String,
    types: Vec<String>,
    #[serde(default)]
    pub field: Option<Field>,
    #[serde(default, rename = "match")]
    how: Option<Match>,
    #[serde(default)]
    pattern: Option<String>,
    #[serde(default)]
    pub any_of: Vec<PropertyTest>,
    #[serde(default)]
    pub relation: Option<Relation>,
    #[serde(default)]
    pub tag: Option<(String, String)>,
    #[serde(default)]
    pub another_account: bool,
    /// True of every resource of the types.
    #[serde(default)]
    pub any: bool,
    #[serde(flatten)]
    pub is: ServiceClass,
    pub sure: Sure,
    /// What the rule was checked against.
    pub checked: String,
    pub source: String,
    pub note: String,
    /// Only a name says so, and anybody can copy a name.
    #[serde(default)]
    pub name_only: bool,
    /// What to ask for before the name is believed: a rule's id or words.
    #[serde(default)]
    pub confirm_with: Option<String>,
    #[serde(skip)]
    compiled: Option<Regex>,
}

impl Rule {
    pub fn is_for(&self, resource_type: &str) -> bool {
        self.types.iter().any(|t| t == "*" || t == resource_type)
    }

    /// Compares a text with the rule's pattern.
    pub fn fits(&self, text: &str) -> bool {
        let Some(pattern) = &self.pattern else { return false };
        match self.how {
            Some(Match::Equals) => text == pattern,
            Some(Match::Prefix) => text.starts_with(pattern),
            Some(Match::Suffix) => text.ends_with(pattern),
            Some(Match::Contains) => text.contains(pattern),
            Some(Match::Glob | Match::Regex) => self.compiled.as_ref().is_some_and(|regex| regex.is_match(text)),
            None => false,
        }
    }

    fn compile(&mut self) {
        let pattern = match (self.how, &self.pattern) {
            (Some(Match::Regex), Some(pattern)) => pattern.clone(),
            (Some(Match::Glob), Some(glob)) => format!("^{}$", regex::escape(glob).replace("\\*", ".*")),
            _ => return,
        };
        self.compiled = Some(Regex::new(&pattern).expect("an embedded pattern that tests have compiled"));
    }
}

#[derive(Debug, Deserialize)]
struct Asset {
    services: BTreeMap<String, ServiceClass>,
    types: Vec<TypeClass>,
    rules: Vec<Rule>,
}

pub struct Residency {
    services: BTreeMap<String, ServiceClass>,
    types: BTreeMap<String, TypeClass>,
    /// In the order in which they are tried: evidence before names.
    rules: Vec<Rule>,
}

static TABLE: LazyLock<Residency> = LazyLock::new(|| {
    let asset: Asset = serde_json::from_str(ASSET).expect("an embedded asset that tests have parsed");
    let (mut rules, names): (Vec<Rule>, Vec<Rule>) = asset.rules.into_iter().partition(|rule| !rule.name_only);
    rules.extend(names);
    rules.iter_mut().for_each(Rule::compile);
    let types = asset.types.into_iter().map(|t| (t.name.clone(), t)).collect();
    Residency { services: asset.services, types, rules }
});

/// The table, parsed at its first use.
pub fn table() -> &'static Residency {
    &TABLE
}

impl Residency {
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// The type's own row, if it has one.
    pub fn type_class(&self, resource_type: &str) -> Option<&TypeClass> {
        self.types.get(resource_type)
    }

    /// By the service part of a CloudFormation type, such as `EC2`.
    pub fn service_class(&self, service: &str) -> Option<&ServiceClass> {
        self.services.get(service)
    }

    /// The class of a CloudFormation type: its own, else its service's.
    pub fn class_of(&self, resource_type: &str) -> Option<&ServiceClass> {
        self.type_class(resource_type)
            .map(|t| &t.is)
            .or_else(|| self.service_class(resource_type.split("::").nth(1).unwrap_or("")))
    }

    /// The weight of a CloudFormation type; 0 for one that the catalog does not know.
    pub fn weight_of(&self, resource_type: &str) -> u8 {
        self.class_of(resource_type).map_or(0, |class| class.weight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::resource_types;

    #[test]
    fn every_listable_type_has_a_class() {
        for t in &resource_types::table().types {
            assert!(table().class_of(t.name).is_some(), "{}", t.name);
        }
        let heavy = resource_types::table().listable().filter(|t| table().weight_of(t.name) >= 5).count();
        assert_eq!(heavy, 332, "as counted in the source");
        assert_eq!(table().weight_of("AWS::EC2::Instance"), table().class_of("AWS::EC2::Instance").unwrap().weight);
    }

    #[test]
    fn every_rule_has_a_test_and_evidence_comes_first() {
        let rules = table().rules();
        assert_eq!(rules.len(), 129);
        for rule in rules {
            let tests = [
                rule.field.is_some() && rule.how.is_some() && rule.pattern.is_some(),
                !rule.any_of.is_empty(),
                rule.relation.is_some(),
                rule.tag.is_some(),
                rule.another_account,
                rule.any,
            ];
            assert_eq!(tests.iter().filter(|t| **t).count(), 1, "{}", rule.id);
            for t in rule.types.iter().filter(|t| *t != "*") {
                assert!(resource_types::table().spelled(t).is_some(), "{}: {t}", rule.id);
            }
            assert!(!rule.source.is_empty() && rule.is.weight <= 10);
        }
        assert!(rules.windows(2).all(|pair| pair[0].name_only <= pair[1].name_only));
    }

    #[test]
    fn relations_name_rules_that_exist() {
        for rule in table().rules() {
            if let Some(Relation::Stack { stack_of }) = &rule.relation {
                assert!(stack_of.iter().all(|id| table().rule(id).is_some()), "{stack_of:?}");
            }
        }
    }

    #[test]
    fn patterns_fit_what_they_are_meant_for() {
        for (id, text, fits) in [
            ("s3-trail-console", "aws-cloudtrail-logs-1-x", true),
            ("s3-trail-console", "my-aws-cloudtrail-logs-1", false),
            ("s3-cfn-templates", "cf-templates-abc123-eu-west-1", true),
            ("iam-slr", "/aws-service-role/x.amazonaws.com/", true),
            ("config-service-rule", "arn:aws:config:r:a:config-rule/aws-service-rule/x", true),
            ("ssm-reserved-prefix", "AWS-RunShellScript", true),
            ("ssm-reserved-prefix", "MyDoc", false),
        ] {
            assert_eq!(table().rule(id).expect(id).fits(text), fits, "{id} {text}");
        }
    }
}
