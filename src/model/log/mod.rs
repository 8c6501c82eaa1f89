//! The event store: append-only, in columns of small numbers into dictionaries, so that millions of events can be filtered
//! and grouped. A record itself lies beside the columns in a compressed block, or stays in its file and is fetched again.
//!
//! A clone is cheap: pieces are shared, and what is shared is never changed.

mod column;
mod fetched;
mod keys;
pub mod part;
pub mod records;
mod row;
mod words;

use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasher, Hash};
use std::sync::{Arc, Mutex};

use hashbrown::{DefaultHashBuilder, HashTable};

use super::{Event, event_identity};
use column::Column;
use keys::{Deed, FAMILIES, KEYS, Place, Table, Who};
use part::{Builder, Kept, Part};

pub use fetched::Fetched;
pub use keys::{Family, Field, Key};
pub use part::uuid_bytes;
pub use records::{Fetch, Record, Records};
pub use row::{EventRow, Rows};
pub use words::Words;

/// The place of an event in the log; stable for the life of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub u32);

/// What marks our own calls: the application name in the user agent.
pub const OWN_AGENT: &str = "mgmtscope";

/// What is true of an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(u8);

impl Flags {
    const OWN: u8 = 1;
    const CONSOLE: u8 = 2;

    fn set(self, bit: u8, on: bool) -> Self {
        Self(if on { self.0 | bit } else { self.0 & !bit })
    }

    /// One of mgmtscope's own calls.
    #[must_use]
    pub fn own(self, on: bool) -> Self {
        self.set(Self::OWN, on)
    }

    /// Made in the console.
    #[must_use]
    pub fn console(self, on: bool) -> Self {
        self.set(Self::CONSOLE, on)
    }

    pub fn is_own(self) -> bool {
        self.0 & Self::OWN != 0
    }

    pub fn is_console(self) -> bool {
        self.0 & Self::CONSOLE != 0
    }
}

/// For tables within this process; a different one each time the program starts, so that nobody can choose words that
/// fall together.
pub fn hash(value: impl Hash) -> u64 {
    static STATE: std::sync::LazyLock<DefaultHashBuilder> = std::sync::LazyLock::new(DefaultHashBuilder::default);
    STATE.hash_one(value)
}

/// By which the bytes of two records are told apart: equal bytes, equal numbers.
pub fn digest(raw: &[u8]) -> u32 {
    let hashed = hash(raw);
    (hashed ^ (hashed >> 32)) as u32
}

/// By what words, keys and events are found when something is added. One for all clones of a log, since only the newest
/// grows; an older one that grows after all makes its own.
#[derive(Debug, Default)]
struct Index {
    words: [HashTable<u32>; FAMILIES],
    deeds: HashTable<u32>,
    actors: HashTable<u32>,
    places: HashTable<u32>,
    /// By event id: of one id the first few.
    events: HashTable<u32>,
    /// By id and bytes: the others of that id.
    exact: HashTable<u32>,
    rows: usize,
}

/// How many events of one id are looked at one by one.
const CROWD: usize = 8;

/// All events, in the order of their arrival.
#[derive(Clone, Debug, Default)]
pub struct EventLog {
    words: [Words; FAMILIES],
    deeds: Table<Deed>,
    actors: Table<Who>,
    places: Table<Place>,
    time: Column<u32>,
    keys: [Column<u32>; KEYS],
    ids: Column<[u8; 16]>,
    /// Events whose id is no UUID, and its word.
    odd: Column<(u32, u32)>,
    digests: Column<u32>,
    flags: Column<Flags>,
    /// Events that gave out an access key, and its word.
    issued: Column<(u32, u32)>,
    /// Events of whose rules one counts different requests, and the number of the request.
    requests: Column<(u32, u32)>,
    at: Column<u32>,
    /// The first event of each run, and which of `kept` it lies in.
    runs: Column<(u32, u32)>,
    kept: Vec<Kept>,
    index: Arc<Mutex<Index>>,
    latest: Arc<Mutex<fetched::Latest>>,
    /// Events that turned out to be there already.
    dropped: Arc<BTreeSet<u32>>,
    twins: Vec<EventId>,
    duplicates: u64,
    repeated: u64,
}

/// What an addition came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    pub new: usize,
    /// Were there already: id and content agree.
    pub duplicates: usize,
}

/// Everything that a part's numbers become.
struct Renumbered {
    actor_words: Vec<u32>,
    id_words: Vec<u32>,
    keys: [Vec<u32>; KEYS],
}

impl EventLog {
    /// Events that count: what turned out to be a duplicate does not.
    pub fn len(&self) -> usize {
        self.rows() - self.dropped.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All numbers that events have or had.
    pub fn rows(&self) -> usize {
        self.time.len()
    }

    /// Events that came again with the same id and content, and were dropped.
    pub fn duplicates(&self) -> u64 {
        self.duplicates + self.dropped.len() as u64
    }

    /// Events whose id another one has, with other content; they count.
    pub fn repeated(&self) -> u64 {
        self.repeated
    }

    pub fn is_dropped(&self, id: EventId) -> bool {
        !self.dropped.is_empty() && self.dropped.contains(&id.0)
    }

    pub fn ids(&self) -> impl DoubleEndedIterator<Item = EventId> + '_ {
        let rows = u32::try_from(self.rows()).unwrap_or(u32::MAX);
        (0..rows).map(EventId).filter(|&id| !self.is_dropped(id))
    }

    /// Adds events whose records are kept in memory.
    pub fn append(&mut self, events: &[Event]) -> Appended {
        let mut builder = Builder::default();
        for event in events {
            builder.push(event);
        }
        self.join(&builder.finish())
    }

    /// Adds what is not there yet: an event that comes twice (two trails, a look-up beside a log file) counts once.
    pub fn join(&mut self, part: &Part) -> Appended {
        let shared = Arc::clone(&self.index);
        // A panic elsewhere may have left it in the middle: it is made anew then, as for an older log.
        let mut index = shared.lock().unwrap_or_else(|poisoned| {
            let mut index = poisoned.into_inner();
            index.rows = usize::MAX;
            index
        });
        if index.rows != self.rows() {
            let own = self.index();
            // The newest log goes on with the shared one.
            drop(index);
            self.index = Arc::new(Mutex::new(own));
            return self.join(part);
        }
        let numbers = self.renumber(&mut index, part);
        let fresh = self.fresh(&mut index, part, &numbers);
        self.take(part, &numbers, &fresh);
        index.rows = self.rows();
        let duplicates = part.len() - fresh.len();
        self.duplicates += duplicates as u64;
        Appended { new: fresh.len(), duplicates }
    }

    fn index(&self) -> Index {
        let mut index = Index {
            words: std::array::from_fn(|family| self.words[family].index()),
            deeds: self.deeds.index(),
            actors: self.actors.index(),
            places: self.places.index(),
            events: HashTable::with_capacity(self.rows()),
            exact: HashTable::new(),
            rows: self.rows(),
        };
        for (row, id) in (0u32..).zip(self.ids.iter()) {
            let odd = self.odd_word(row);
            let same = |&other: &&u32| self.ids.get(*other as usize) == id && self.odd_word(*other) == odd;
            if odd != Some(0) && index.events.iter_hash(hash(id)).filter(same).take(CROWD).count() < CROWD {
                index.events.insert_unique(hash(id), row, |&row| hash(self.ids.get(row as usize)));
            } else {
                index.exact.insert_unique(self.exact_hash(row), row, |&row| self.exact_hash(row));
            }
        }
        index
    }

    fn renumber(&mut self, index: &mut Index, part: &Part) -> Renumbered {
        let mut words = |family: Family| -> Vec<u32> {
            let family = family as usize;
            let (words, index) = (&mut self.words[family], &mut index.words[family]);
            part.words[family].iter().map(|word| words.intern(index, word)).collect()
        };
        let (deed, actor, place) = (words(Family::Deed), words(Family::Actor), words(Family::Place));
        let (ip, agent, resources) = (words(Family::Ip), words(Family::Agent), words(Family::Resources));
        let rules = words(Family::Rules);
        let id_words = words(Family::Id);
        let at = |words: &[u32], word: u32| words[word as usize];
        let deeds: Vec<u32> = (part.deeds.values.iter())
            .map(|of| Deed {
                source: at(&deed, of.source),
                name: at(&deed, of.name),
                error: at(&deed, of.error),
                read_only: of.read_only,
            })
            .map(|of| self.deeds.intern(&mut index.deeds, of))
            .collect();
        let actors: Vec<u32> = (part.actors.values.iter())
            .map(|of| Who {
                key: at(&actor, of.key),
                name: at(&actor, of.name),
                session: at(&actor, of.session),
                access_key: at(&actor, of.access_key),
                account: at(&actor, of.account),
                invoked_by: at(&actor, of.invoked_by),
                ..of
            })
            .map(|of| self.actors.intern(&mut index.actors, of))
            .collect();
        let places: Vec<u32> = (part.places.values.iter())
            .map(|of| Place { region: at(&place, of.region), recipient: at(&place, of.recipient) })
            .map(|of| self.places.intern(&mut index.places, of))
            .collect();
        Renumbered { actor_words: actor, id_words, keys: [deeds, actors, places, ip, agent, resources, rules] }
    }

    /// Which rows of a part are not there yet; their ids and digests are added on the way.
    fn fresh(&mut self, index: &mut Index, part: &Part, numbers: &Renumbered) -> Vec<u32> {
        let mut fresh = Vec::with_capacity(part.len());
        let mut odd = part.odd.iter().peekable();
        for (row, (&id, &digest)) in (0u32..).zip(part.ids.iter().zip(&part.digests)) {
            let hashed = hash(id);
            let odd_word = odd.next_if(|(at, _)| *at == row).map(|&(_, word)| numbers.id_words[word as usize]);
            let new = self.ids.len() as u32;
            let is_same = |log: &Self, other: u32| log.ids.get(other as usize) == id && log.odd_word(other) == odd_word;
            let mut others = [0; CROWD];
            let mut count = 0;
            // Without an id only the bytes tell.
            if odd_word == Some(0) {
                count = CROWD;
            } else {
                for &other in index.events.iter_hash(hashed).filter(|&&other| is_same(self, other)).take(CROWD) {
                    others[count] = other;
                    count += 1;
                }
            }
            let others = if odd_word == Some(0) { &[][..] } else { &others[..count] };
            if others.iter().any(|&other| self.digests.get(other as usize) == digest) {
                continue;
            }
            if count == CROWD {
                let hashed = hash((id, digest));
                let found = index
                    .exact
                    .find(hashed, |&other| is_same(self, other) && self.digests.get(other as usize) == digest);
                if found.is_some() {
                    continue;
                }
                index.exact.insert_unique(hashed, new, |&row| self.exact_hash(row));
            }
            self.ids.push(id);
            self.digests.push(digest);
            if let Some(word) = odd_word {
                self.odd.push((new, word));
            }
            if count < CROWD {
                index.events.insert_unique(hashed, new, |&row| hash(self.ids.get(row as usize)));
            }
            if !others.is_empty() || odd_word == Some(0) {
                self.twins.push(EventId(new));
            }
            self.repeated += u64::from(!others.is_empty());
            fresh.push(row);
        }
        fresh
    }

    fn exact_hash(&self, row: u32) -> u64 {
        hash((self.ids.get(row as usize), self.digests.get(row as usize)))
    }

    /// The word of an event's id, if it is no UUID.
    fn odd_word(&self, row: u32) -> Option<u32> {
        let at = self.odd.partition_point(|(other, _)| other < row);
        if at >= self.odd.len() {
            return None;
        }
        let (found, word) = self.odd.get(at);
        (found == row).then_some(word)
    }

    /// Adds the rows that are new.
    fn take(&mut self, part: &Part, numbers: &Renumbered, fresh: &[u32]) {
        if fresh.is_empty() {
            return;
        }
        let first = self.time.len() as u32;
        let rows = || fresh.iter().map(|&row| row as usize);
        self.time.extend(rows().map(|row| part.time[row]));
        for ((column, keys), numbers) in self.keys.iter_mut().zip(&part.keys).zip(&numbers.keys) {
            column.extend(rows().map(|row| numbers[keys[row] as usize]));
        }
        self.flags.extend(rows().map(|row| part.flags[row]));
        self.at.extend(rows().map(|row| part.at[row]));
        // Where a row went, by binary search: what is looked for is rare.
        let new_place = |row: u32| fresh.partition_point(|&other| other < row) as u32;
        let is_new = |row: u32| fresh.binary_search(&row).is_ok();
        for &(row, request) in part.requests.iter().filter(|(row, _)| is_new(*row)) {
            self.requests.push((first + new_place(row), request));
        }
        for &(row, word) in part.issued.iter().filter(|(row, _)| is_new(*row)) {
            self.issued.push((first + new_place(row), numbers.actor_words[word as usize]));
        }
        for (n, (row, kept)) in part.runs.iter().enumerate() {
            let end = part.runs.get(n + 1).map_or(part.len() as u32, |(next, _)| *next);
            let place = new_place(*row);
            // Runs without a new row leave nothing.
            if place < new_place(end) {
                self.runs.push((first + place, self.kept.len() as u32));
                self.kept.push(kept.clone());
            }
        }
    }

    /// Events whose id was there already, or that have none: whether their records say the same is still to be seen.
    pub fn twins(&self) -> &[EventId] {
        &self.twins
    }

    /// Compares the records of [`Self::twins`] with those of the same id and answers with the events that say what an
    /// earlier one says. This fetches records: not for a thread that draws.
    pub fn compare(&self) -> Vec<EventId> {
        let id_of = |row: EventId| (self.ids.get(row.0 as usize), self.odd_word(row.0));
        let ids: HashSet<_> = self.twins.iter().map(|&twin| id_of(twin)).collect();
        let mut records = Records::new(self);
        let mut seen = HashSet::new();
        let mut twice = Vec::new();
        for row in self.ids().filter(|&row| ids.contains(&id_of(row))) {
            // What cannot be had again, or is no JSON, is like nothing else.
            let said = records.get(row).ok().and_then(|raw| event_identity::digest(&raw));
            if said.is_some_and(|said| !seen.insert((id_of(row), said))) {
                twice.push(row);
            }
        }
        twice
    }

    /// Takes in what [`Self::compare`] said of the first so many twins.
    pub fn settle(&mut self, compared: usize, twice: &[EventId]) {
        self.twins.drain(..compared.min(self.twins.len()));
        for &id in twice {
            if Arc::make_mut(&mut self.dropped).insert(id.0) && self.odd_word(id.0) != Some(0) {
                self.repeated = self.repeated.saturating_sub(1);
            }
        }
    }

    /// # Panics
    /// When `id` is not of this log or of one that it grew from.
    pub fn get(&self, id: EventId) -> EventRow<'_> {
        assert!((id.0 as usize) < self.rows(), "no such event");
        EventRow { log: self, id }
    }

    pub fn iter(&self) -> impl Iterator<Item = EventRow<'_>> {
        self.ids().map(|id| EventRow { log: self, id })
    }

    /// All words of a dictionary.
    pub fn words(&self, family: Family) -> &Words {
        &self.words[family as usize]
    }
}

#[cfg(test)]
mod tests;
