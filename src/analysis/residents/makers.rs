//! Who made a resident, by the events of the period.

use std::collections::HashMap;

use super::ResidentRow;
use crate::model::log::Field;
use crate::model::{Facts, Text};

/// Beginnings of the names of calls that make something, as AWS's services name them.
const VERBS: [&str; 4] = ["Create", "Run", "Put", "Register"];

/// The key of the principal whose call made it, by the resident's key: of the oldest call of the period that succeeded and
/// names its ARN. Whose making was not seen is not among them.
pub fn makers(facts: &Facts, residents: &[ResidentRow]) -> HashMap<Text, Text> {
    let with_arn = residents.iter().filter_map(|row| Some((row.resident.arn.as_ref()?.as_str(), &row.key)));
    let by_arn: HashMap<&str, &Text> = with_arn.collect();
    let mut making: HashMap<u32, bool> = HashMap::new();
    let mut found: HashMap<&Text, (u32, &str)> = HashMap::new();
    for event in facts.events.iter() {
        let is_making = || VERBS.iter().any(|verb| event.word(Field::Name).starts_with(verb));
        if !*making.entry(event.word_id(Field::Name)).or_insert_with(is_making) || !event.word(Field::Error).is_empty()
        {
            continue;
        }
        for key in event.word(Field::Resources).split(' ').filter_map(|resource| by_arn.get(resource)) {
            let actor = (event.seconds(), event.word(Field::ActorKey));
            let known = found.entry(key).or_insert(actor);
            *known = (*known).min(actor);
        }
    }
    found.into_iter().map(|(key, (_, actor))| (key.clone(), Text::new(actor))).collect()
}
