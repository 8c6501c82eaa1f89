//! Which residents carry a principal: the roles and instance profiles that their properties name.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::event::principal_key;
use crate::model::{Arn, Resident, Text};

use super::Assessment;

/// Keys of residents, by the key of the role that they carry.
pub(super) fn by_principal(a: &Assessment) -> HashMap<Text, Vec<Text>> {
    let profiles: BTreeMap<&str, Text> = a
        .facts
        .roles
        .values()
        .flat_map(|role| role.instance_profiles.iter().map(|arn| (arn.as_str(), super::key_of(&role.arn))))
        .collect();
    let mut carried: HashMap<Text, Vec<Text>> = HashMap::new();
    for row in &a.residents {
        let mut keys = BTreeSet::new();
        for arn in carried_by(&row.resident) {
            keys.insert(profiles.get(arn.as_str()).cloned().unwrap_or(arn));
        }
        for key in keys {
            carried.entry(key).or_default().push(row.key.clone());
        }
    }
    carried
}

/// Keys of residents, by the key of who made them, in the order of the residents.
pub(super) fn made_by_principal(a: &Assessment) -> HashMap<&Text, Vec<Text>> {
    let mut made: HashMap<&Text, Vec<Text>> = HashMap::new();
    for row in &a.residents {
        if let Some(maker) = a.makers.get(&row.key) {
            made.entry(maker).or_default().push(row.key.clone());
        }
    }
    made
}

/// The keys of roles, and the ARNs of instance profiles, that a resident's properties name. What IAM itself lists
/// carries nothing.
pub fn carried_by(resident: &Resident) -> BTreeSet<Text> {
    let Some(properties) = resident.properties.as_deref() else { return BTreeSet::new() };
    if resident.resource_type.starts_with("AWS::IAM::") {
        return BTreeSet::new();
    }
    properties
        .match_indices("arn:aws")
        .filter_map(|(at, _)| {
            let rest = &properties[at..];
            let end =
                rest.find(|c: char| !(c.is_ascii_alphanumeric() || ":/+=,.@_-".contains(c))).unwrap_or(rest.len());
            let arn = Arn::new(rest[..end].trim_end_matches([',', '.', ':', '/']));
            let kind = arn.resource().split('/').next().unwrap_or("");
            match (arn.service(), kind) {
                ("iam", "role") => Some(principal_key(arn.as_str())),
                ("iam", "instance-profile") => Some(arn.text().clone()),
                _ => None,
            }
        })
        .collect()
}
