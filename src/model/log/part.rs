//! Events on their way into the log: columns with dictionaries of their own, so that a reader can make them on its own
//! thread, and joining them costs little for each event.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use hashbrown::HashTable;
use jiff::Timestamp;

use super::keys::{Deed, FAMILIES, Family, KEYS, Place, Table, Who};
use super::words::Words;
use super::{Flags, OWN_AGENT, digest};
use crate::model::Event;

/// A file of records that was opened to fetch some again; quick when they are asked for in the order of the file.
pub trait OpenedFile: std::fmt::Debug {
    /// The record at a byte of the unpacked file, where the record itself, or what it is wrapped in, begins.
    ///
    /// # Errors
    /// Why it cannot be had, in words.
    fn record(&mut self, at: u32) -> Result<String, String>;
}

/// Opens a file of records. Err: why it cannot be opened, in words.
pub type OpenFile = fn(&Path) -> Result<Box<dyn OpenedFile>, String>;

/// Where a run of events has its records.
#[derive(Clone, Debug)]
pub(super) enum Kept {
    /// In memory: the end of each in the unpacked block, and the deflated block. `at` of the event is its number in it.
    Block(Arc<(Vec<u32>, Vec<u8>)>),
    /// In a file. `at` of the event is its byte there.
    File(Arc<Path>, OpenFile),
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Block(one), Self::Block(two)) => one == two,
            // Who opens it is no part of what it is.
            (Self::File(one, _), Self::File(two, _)) => one == two,
            _ => false,
        }
    }
}

/// An event in numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Row {
    pub time: u32,
    pub deed: u32,
    pub actor: u32,
    pub place: u32,
    pub ip: u32,
    pub agent: u32,
    pub resources: u32,
    /// A word of [`Family::Rules`].
    pub rules: u32,
    pub digest: u32,
    pub flags: Flags,
    /// The access key that it gave out; a word of [`Family::Actor`], 0: none.
    pub issued: u32,
    /// By which equal requests are known where that counts; else 0.
    pub request: u32,
}

/// Events in columns, ready to be joined to a log.
#[derive(Clone, Debug)]
pub struct Part {
    pub(super) words: [Words; FAMILIES],
    pub(super) deeds: Table<Deed>,
    pub(super) actors: Table<Who>,
    pub(super) places: Table<Place>,
    pub(super) time: Vec<u32>,
    pub(super) keys: [Vec<u32>; KEYS],
    pub(super) ids: Vec<[u8; 16]>,
    /// Rows whose id is no UUID, and its word.
    pub(super) odd: Vec<(u32, u32)>,
    pub(super) digests: Vec<u32>,
    pub(super) flags: Vec<Flags>,
    pub(super) issued: Vec<(u32, u32)>,
    pub(super) requests: Vec<(u32, u32)>,
    pub(super) at: Vec<u32>,
    /// The first row of each run.
    pub(super) runs: Vec<(u32, Kept)>,
}

impl PartialEq for Part {
    /// Equal when nothing tells them apart from outside.
    fn eq(&self, other: &Self) -> bool {
        (&self.words, &self.time, &self.keys, &self.ids, &self.odd)
            == (&other.words, &other.time, &other.keys, &other.ids, &other.odd)
            && (&self.digests, &self.flags, &self.issued, &self.requests, &self.at, &self.runs)
                == (&other.digests, &other.flags, &other.issued, &other.requests, &other.at, &other.runs)
    }
}

impl Part {
    pub fn len(&self) -> usize {
        self.time.len()
    }

    pub fn is_empty(&self) -> bool {
        self.time.is_empty()
    }

    /// The first and the last moment, in seconds since 1970; none when no record has a time.
    pub fn span(&self) -> Option<(u32, u32)> {
        let known = || self.time.iter().copied().filter(|&time| time != 0);
        Some((known().min()?, known().max()?))
    }
}

/// Makes a [`Part`].
#[derive(Debug)]
pub struct Builder {
    part: Part,
    words: [HashTable<u32>; FAMILIES],
    deeds: HashTable<u32>,
    actors: HashTable<u32>,
    places: HashTable<u32>,
    /// Records that are kept in memory, unpacked.
    block: Vec<u8>,
    ends: Vec<u32>,
}

impl Default for Builder {
    fn default() -> Self {
        let mut builder = Self {
            part: Part {
                words: Default::default(),
                deeds: Table::default(),
                actors: Table::default(),
                places: Table::default(),
                time: Vec::new(),
                keys: Default::default(),
                ids: Vec::new(),
                odd: Vec::new(),
                digests: Vec::new(),
                flags: Vec::new(),
                issued: Vec::new(),
                requests: Vec::new(),
                at: Vec::new(),
                runs: Vec::new(),
            },
            words: Default::default(),
            deeds: HashTable::new(),
            actors: HashTable::new(),
            places: HashTable::new(),
            block: Vec::new(),
            ends: Vec::new(),
        };
        // Number 0 is the empty word everywhere.
        for family in ALL {
            builder.word(family, "");
        }
        builder
    }
}

const ALL: [Family; FAMILIES] = [
    Family::Deed,
    Family::Actor,
    Family::Place,
    Family::Ip,
    Family::Agent,
    Family::Resources,
    Family::Rules,
    Family::Id,
];

/// A place in a part to which it can be cut back.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    rows: usize,
    odd: usize,
    issued: usize,
    requests: usize,
    runs: usize,
}

impl Builder {
    pub fn len(&self) -> usize {
        self.part.len()
    }

    pub fn is_empty(&self) -> bool {
        self.part.is_empty()
    }

    /// The number of a foreign word in this part.
    pub fn word(&mut self, family: Family, foreign: &str) -> u32 {
        let family = family as usize;
        self.part.words[family].intern_foreign(&mut self.words[family], foreign)
    }

    /// Whether this word came in as it stands: it was clean, and no longer than words are.
    pub fn is_whole(&self, family: Family, id: u32, foreign: &str) -> bool {
        self.part.words[family as usize].get(id) == foreign
    }

    pub fn deed(&mut self, source: u32, name: u32, error: u32, read_only: Option<bool>) -> u32 {
        self.part.deeds.intern(&mut self.deeds, Deed { source, name, error, read_only })
    }

    pub fn place(&mut self, region: u32, recipient: u32) -> u32 {
        self.part.places.intern(&mut self.places, Place { region, recipient })
    }

    pub fn actor(&mut self, actor: &crate::model::Actor) -> u32 {
        let mut word = |text: &str| self.word(Family::Actor, text);
        let who = Who {
            key: word(&actor.key),
            name: word(&actor.name),
            session: word(&actor.session),
            access_key: word(&actor.access_key),
            account: word(&actor.account),
            invoked_by: word(&actor.invoked_by),
            kind: actor.kind,
            mfa: actor.mfa,
        };
        self.part.actors.intern(&mut self.actors, who)
    }

    /// From here on records lie in this file.
    pub fn file(&mut self, path: Arc<Path>, open: OpenFile) {
        self.end_block();
        self.run(Kept::File(path, open));
    }

    fn run(&mut self, kept: Kept) {
        let row = row_number(self.part.len());
        // A file without a record leaves nothing.
        if self.part.runs.last().is_some_and(|(first, _)| *first == row) {
            self.part.runs.pop();
        }
        self.part.runs.push((row, kept));
    }

    pub fn mark(&self) -> Mark {
        let part = &self.part;
        let (odd, issued, requests) = (part.odd.len(), part.issued.len(), part.requests.len());
        Mark { rows: part.len(), odd, issued, requests, runs: part.runs.len() }
    }

    /// Forgets the events since `mark`; their words stay, which hurts nobody.
    pub fn cut(&mut self, mark: Mark) {
        let part = &mut self.part;
        part.time.truncate(mark.rows);
        part.keys.iter_mut().for_each(|column| column.truncate(mark.rows));
        part.ids.truncate(mark.rows);
        part.digests.truncate(mark.rows);
        part.flags.truncate(mark.rows);
        part.at.truncate(mark.rows);
        part.odd.truncate(mark.odd);
        part.issued.truncate(mark.issued);
        part.requests.truncate(mark.requests);
        part.runs.truncate(mark.runs);
    }

    /// Adds an event whose record lies at `at` of the file named last.
    pub fn push_row(&mut self, row: Row, id: &str, at: u32) {
        let number = row_number(self.part.len());
        let bytes = uuid(id).unwrap_or_else(|| {
            let word = self.word(Family::Id, id);
            self.part.odd.push((number, word));
            // Only a number to find equal ids by.
            let hashed = super::hash(id.as_bytes()).to_ne_bytes();
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(&hashed);
            bytes
        });
        let part = &mut self.part;
        part.time.push(row.time);
        for (column, key) in
            part.keys.iter_mut().zip([row.deed, row.actor, row.place, row.ip, row.agent, row.resources, row.rules])
        {
            column.push(key);
        }
        part.ids.push(bytes);
        part.digests.push(row.digest);
        part.flags.push(row.flags);
        if row.issued != 0 {
            part.issued.push((number, row.issued));
        }
        if row.request != 0 {
            part.requests.push((number, row.request));
        }
        part.at.push(at);
    }

    /// Adds an event that was read as a whole; its record lies at `at` of the file named last.
    pub fn push_at(&mut self, event: &Event, at: u32) {
        let resources = event.resources.iter().map(crate::model::Text::as_str).collect::<Vec<_>>().join(" ");
        let (source, name, error) = (
            self.word(Family::Deed, &event.source),
            self.word(Family::Deed, &event.name),
            self.word(Family::Deed, &event.error),
        );
        let (region, recipient) = (self.word(Family::Place, &event.region), self.word(Family::Place, &event.recipient));
        let row = Row {
            time: seconds(event.time),
            deed: self.deed(source, name, error, event.read_only),
            actor: self.actor(&event.actor),
            place: self.place(region, recipient),
            ip: self.word(Family::Ip, &event.ip),
            agent: self.word(Family::Agent, &event.agent),
            resources: self.word(Family::Resources, &resources),
            rules: self.word(Family::Rules, &event.rules),
            digest: digest(event.raw.as_bytes()),
            flags: Flags::default().own(event.agent.contains(OWN_AGENT)).console(event.console),
            issued: self.word(Family::Actor, &event.issued),
            request: event.request,
        };
        self.push_row(row, &event.id, at);
    }

    /// Adds an event whose record is kept in memory.
    pub fn push(&mut self, event: &Event) {
        if self.ends.is_empty() {
            // Its own run; the block itself comes at its end.
            self.run(Kept::Block(Arc::default()));
        }
        let number = row_number(self.ends.len());
        self.block.extend_from_slice(event.raw.as_bytes());
        self.ends.push(u32::try_from(self.block.len()).unwrap_or(u32::MAX));
        self.push_at(event, number);
    }

    fn end_block(&mut self) {
        if self.ends.is_empty() {
            return;
        }
        let mut packer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        // Writing to a Vec cannot fail; if it did, `record` would say that there is none.
        let packed = packer.write_all(&self.block).and_then(|()| packer.finish()).unwrap_or_default();
        let block = Arc::new((std::mem::take(&mut self.ends), packed));
        self.block.clear();
        if let Some((_, kept)) = self.part.runs.last_mut() {
            *kept = Kept::Block(block);
        }
    }

    pub fn finish(mut self) -> Part {
        self.end_block();
        self.part
    }
}

fn row_number(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX)
}

/// Seconds since 1970; 0 when unknown or out of range.
pub fn seconds(time: Option<Timestamp>) -> u32 {
    time.and_then(|time| u32::try_from(time.as_second()).ok()).unwrap_or(0)
}

/// The bytes of a UUID as CloudTrail writes them: 36 characters, hexadecimal digits in lower case.
pub(super) fn uuid(text: &str) -> Option<[u8; 16]> {
    let text = text.as_bytes();
    if text.len() != 36 {
        return None;
    }
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 16];
    let mut at = 0;
    for byte in &mut bytes {
        if matches!(at, 8 | 13 | 18 | 23) {
            if text[at] != b'-' {
                return None;
            }
            at += 1;
        }
        *byte = digit(text[at])? << 4 | digit(text[at + 1])?;
        at += 2;
    }
    Some(bytes)
}

/// The text of [`uuid`]'s bytes.
pub(super) fn uuid_text(bytes: [u8; 16]) -> String {
    uuid_bytes(bytes).iter().copied().map(char::from).collect()
}

/// The same without an allocation; all of it is ASCII.
pub fn uuid_bytes(bytes: [u8; 16]) -> [u8; 36] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [b'-'; 36];
    let mut at = 0;
    for byte in bytes {
        at += usize::from(matches!(at, 8 | 13 | 18 | 23));
        text[at] = DIGITS[usize::from(byte >> 4)];
        text[at + 1] = DIGITS[usize::from(byte & 15)];
        at += 2;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn a_uuid_comes_back(bytes: [u8; 16]) {
            proptest::prop_assert_eq!(uuid(&uuid_text(bytes)), Some(bytes));
        }

        #[test]
        fn what_is_no_uuid_stays_a_word(text in "[0-9a-gA-F-]{30,40}") {
            if let Some(bytes) = uuid(&text) {
                proptest::prop_assert_eq!(uuid_text(bytes), text);
            }
        }
    }

    #[test]
    fn capitals_are_another_text() {
        assert_eq!(uuid("D8D9580A-F0D3-43C7-A7DF-902BF82361AD"), None);
    }
}
