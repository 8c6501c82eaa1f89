//! What a principal did for the first time: an address, an agent, a Region or a call that it had not used before in the
//! events that are here. Its own first event has nothing before it, and is marked as that.

use hashbrown::HashSet;

use crate::model::log::{EventLog, Family, Field, Key, Rows};

/// What was new, as bits.
pub const PRINCIPAL: u8 = 1;
pub const ADDRESS: u8 = 2;
pub const AGENT: u8 = 4;
pub const REGION: u8 = 8;
pub const CALL: u8 = 16;
/// How many different marks there are.
pub const MARKS: usize = 32;

/// The mark in words, with blanks between.
pub fn words(mark: u8) -> String {
    if mark & PRINCIPAL != 0 {
        return "principal".to_owned();
    }
    let words = [(ADDRESS, "address"), (AGENT, "agent"), (REGION, "region"), (CALL, "call")];
    words.iter().filter(|(bit, _)| mark & bit != 0).map(|(_, word)| *word).collect::<Vec<_>>().join(" ")
}

/// The mark of every event, by number. `oldest_first`: the events that are looked at, in the order of time.
pub fn seen(log: &EventLog, oldest_first: impl Iterator<Item = u32>) -> Vec<u8> {
    let words = |field: Field| -> Vec<u32> {
        (0..log.key_count(field.key())).map(|id| log.word_of(field, u32::try_from(id).unwrap_or(0))).collect()
    };
    let (actors, regions, names) = (words(Field::ActorKey), words(Field::Region), words(Field::Name));
    let pieces: Vec<Rows<'_>> = log.pieces().collect();
    let size = pieces.first().map_or(1, |piece| piece.time.len()).max(1);
    // What each principal used last: mostly it uses the same again, and then nothing is looked up.
    let mut last = vec![[u32::MAX; 4]; log.words(Family::Actor).len()];
    let mut known: [HashSet<u64>; 4] = Default::default();
    let mut marks = vec![0; log.rows()];
    for row in oldest_first {
        let (piece, at) = (&pieces[row as usize / size], row as usize % size);
        let key = |key: Key| piece.keys[key as usize][at];
        let actor = actors[key(Key::Actor) as usize];
        let used = [
            key(Key::Ip),
            key(Key::Agent),
            regions[key(Key::Place) as usize],
            // A call is known by its name; few names belong to several services.
            names[key(Key::Deed) as usize],
        ];
        let last = &mut last[actor as usize];
        let is_first = last[0] == u32::MAX;
        let mut mark = if is_first { PRINCIPAL } else { 0 };
        for (((&used, last), known), bit) in used.iter().zip(last).zip(&mut known).zip([ADDRESS, AGENT, REGION, CALL]) {
            if used != *last && known.insert(u64::from(actor) << 32 | u64::from(used)) && !is_first {
                mark |= bit;
            }
            *last = used;
        }
        marks[row as usize] = mark;
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Actor, Event};

    #[test]
    fn only_the_first_time_counts_and_of_a_new_principal_nothing_else() {
        let event = |who: &str, ip: &str, name: &str| Event {
            name: name.into(),
            ip: ip.into(),
            actor: Actor { key: who.into(), ..Actor::default() },
            ..Event::default()
        };
        let mut log = EventLog::default();
        let of = [("a", "1", "X"), ("a", "1", "X"), ("a", "2", "X"), ("b", "1", "X"), ("a", "2", "Y"), ("a", "3", "Z")];
        let events: Vec<Event> = of
            .iter()
            .enumerate()
            .map(|(n, (who, ip, name))| Event { id: n.to_string().as_str().into(), ..event(who, ip, name) })
            .collect();
        log.append(&events);
        let marks = seen(&log, 0..6);
        let told: Vec<String> = marks.iter().map(|&mark| words(mark)).collect();
        assert_eq!(told, ["principal", "", "address", "principal", "call", "address call"]);
    }
}
