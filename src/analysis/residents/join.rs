//! One row a resource: sightings by ARN and sightings by identifier are brought together.
//!
//! `Facts` has joined what has the same key already; here a sighting without ARN finds the one with.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::arns;
use crate::model::{Arn, Facts, Region, Resident, Text};

/// Type, Region and id within the type.
type Identity = (Text, Option<Region>, String);

fn identity(resident: &Resident) -> Identity {
    let named = resident.arn.as_ref().and_then(arns::of_arn);
    // A bucket's Region is known to some sources only, and its name is unique without.
    let is_global = resident.arn.as_ref().is_some_and(|arn| arn.region().is_empty());
    let region = resident.region.clone().filter(|_| !is_global);
    match named {
        Some(named) => (Text::new(&named.resource_type), region, named.id),
        None => {
            let id = arns::id_within_type(&resident.resource_type, &resident.identifier).into_owned();
            (resident.resource_type.clone(), region, id)
        }
    }
}

/// The ARN of a principal that IAM itself has told: a path cannot be made from a name.
fn principal(facts: &Facts, resident: &Resident) -> Option<Arn> {
    let name = resident.identifier.as_str();
    match resident.resource_type.as_str() {
        "AWS::IAM::Role" => facts.roles.values().find(|role| role.name == name).map(|role| role.arn.clone()),
        "AWS::IAM::User" => facts.users.values().find(|user| user.name == name).map(|user| user.arn.clone()),
        "AWS::IAM::Group" => facts.groups.values().find(|group| group.name == name).map(|group| group.arn.clone()),
        _ => None,
    }
}

/// Every resource once, by key.
pub fn join(facts: &Facts) -> BTreeMap<Text, Resident> {
    let mut known: BTreeMap<Identity, BTreeSet<Text>> = BTreeMap::new();
    for (key, resident) in facts.residents.iter().filter(|(_, resident)| resident.arn.is_some()) {
        known.entry(identity(resident)).or_default().insert(key.clone());
    }
    let mut joined: BTreeMap<Text, Resident> = BTreeMap::new();
    // Those with an ARN first, so that the others find them.
    let (with, without): (Vec<_>, Vec<_>) = facts.residents.iter().partition(|(_, resident)| resident.arn.is_some());
    for (key, resident) in with.into_iter().chain(without) {
        let mut resident = resident.clone();
        let mut key = key.clone();
        if resident.arn.is_none() {
            // Two with the same name are not to be told apart: the sighting stays by itself.
            let named = known.get(&identity(&resident)).filter(|keys| keys.len() == 1).and_then(|keys| keys.first());
            let arn = named.map(|key| Arn::new(key.as_str())).or_else(|| principal(facts, &resident));
            if let Some(arn) = arn {
                resident.arn = Some(arn);
                key = resident.key();
            }
        }
        match joined.get_mut(&key) {
            Some(present) => present.merge(resident),
            None => {
                joined.insert(key, resident);
            }
        }
    }
    for resident in joined.values_mut() {
        name_type(resident);
    }
    joined
}

/// The type that the ARN tells, where it tells one for sure: AWS Config and Resource Explorer have words of their
/// own (`AWS::ACM::Certificate`), and several types may share their ARNs.
fn name_type(resident: &mut Resident) {
    let Some(named) = resident.arn.as_ref().and_then(arns::of_arn) else { return };
    if named.by_pattern || !resident.resource_type.starts_with("AWS::") {
        resident.resource_type = Text::new(&named.resource_type);
    }
}
