//! The event store: append-only, in columns of small numbers into one dictionary, so that millions of events
//! can be filtered and grouped. The records themselves lie beside the columns in compressed blocks.
//!
//! A clone is cheap: chunks are shared, never changed.

use std::collections::{HashMap, HashSet};
use std::io::{Read, Write};
use std::sync::Arc;

use jiff::Timestamp;

use super::event_identity::identity;
use super::{ActorKind, Event, Text};

/// The place of an event in the log; stable for the life of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub u32);

/// The columns that hold a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Field {
    Id,
    Name,
    Source,
    Region,
    ActorKey,
    ActorName,
    Session,
    AccessKey,
    Account,
    Ip,
    Agent,
    Error,
    /// The resources, joined by blanks.
    Resources,
    Recipient,
}

const FIELDS: usize = 14;
/// `time` of an event whose record has no readable `eventTime`: sorts before all others.
const NO_TIME: i64 = i64::MIN;

const READ: u8 = 1;
const WRITE: u8 = 2;
const OWN: u8 = 4;
const MFA: u8 = 8;

/// What marks our own calls: the application name in the user agent.
pub const OWN_AGENT: &str = "mgmtscope";

#[derive(Debug, Default)]
struct Chunk {
    time: Vec<i64>,
    words: [Vec<u32>; FIELDS],
    kind: Vec<u8>,
    flags: Vec<u8>,
    /// End of each record in the unpacked block.
    ends: Vec<u32>,
    /// The records, one after the other, deflated.
    block: Vec<u8>,
}

impl Chunk {
    /// Where a record lies in the unpacked block.
    fn span(&self, at: usize) -> (usize, usize) {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        (start as usize, self.ends[at] as usize)
    }

    /// The block up to `end`; empty when it cannot be unpacked, which only broken memory could cause.
    fn unpack(&self, end: usize) -> Vec<u8> {
        let mut block = Vec::with_capacity(end);
        let mut unpacker = flate2::read::DeflateDecoder::new(&self.block[..]).take(end as u64);
        if unpacker.read_to_end(&mut block).is_err() { Vec::new() } else { block }
    }
}

#[derive(Clone, Debug, Default)]
struct Dictionary {
    words: Vec<Text>,
    index: HashMap<Text, u32>,
}

impl Dictionary {
    fn intern(&mut self, word: &Text) -> u32 {
        if let Some(&id) = self.index.get(word) {
            return id;
        }
        // More than four thousand million different words do not fit in memory in the first place.
        let id = u32::try_from(self.words.len()).unwrap_or(u32::MAX);
        self.words.push(word.clone());
        self.index.insert(word.clone(), id);
        id
    }
}

/// All events, in the order of their arrival.
#[derive(Clone, Debug, Default)]
pub struct EventLog {
    chunks: Vec<Arc<Chunk>>,
    /// First id of each chunk.
    starts: Vec<u32>,
    len: u32,
    dictionary: Arc<Dictionary>,
    seen: Arc<HashSet<u64>>,
}

impl EventLog {
    pub fn len(&self) -> usize {
        self.len as usize
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn ids(&self) -> impl DoubleEndedIterator<Item = EventId> + ExactSizeIterator + use<> {
        (0..self.len).map(EventId)
    }

    /// Adds what is not there yet: an event that comes twice (two trails, a look-up beside a log file) counts
    /// once. Answers how many were new.
    pub fn append(&mut self, events: &[Event]) -> usize {
        let seen = Arc::make_mut(&mut self.seen);
        let fresh: Vec<&Event> = events.iter().filter(|event| seen.insert(identity(event))).collect();
        if fresh.is_empty() {
            return 0;
        }
        let dictionary = Arc::make_mut(&mut self.dictionary);
        let mut chunk = Chunk::default();
        let mut packer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        let mut end = 0u32;
        for event in &fresh {
            chunk.time.push(event.time.map_or(NO_TIME, Timestamp::as_millisecond));
            let resources = match &event.resources[..] {
                [] => Text::default(),
                [one] => one.clone(),
                many => Text::new(&many.iter().map(Text::as_str).collect::<Vec<_>>().join(" ")),
            };
            let actor = &event.actor;
            let words: [&Text; FIELDS] = [
                &event.id,
                &event.name,
                &event.source,
                &event.region,
                &actor.key,
                &actor.name,
                &actor.session,
                &actor.access_key,
                &actor.account,
                &event.ip,
                &event.agent,
                &event.error,
                &resources,
                &event.recipient,
            ];
            for (column, word) in chunk.words.iter_mut().zip(words) {
                column.push(dictionary.intern(word));
            }
            chunk.kind.push(actor.kind as u8);
            let mut flags = match event.read_only {
                Some(true) => READ,
                Some(false) => WRITE,
                None => 0,
            };
            flags |= if event.agent.contains(OWN_AGENT) { OWN } else { 0 };
            flags |= if actor.mfa { MFA } else { 0 };
            chunk.flags.push(flags);
            // Writing to a Vec cannot fail; if it did, the record would be missing and `raw` would say so.
            if packer.write_all(event.raw.as_bytes()).is_ok() {
                end += u32::try_from(event.raw.len()).unwrap_or(0);
            }
            chunk.ends.push(end);
        }
        chunk.block = packer.finish().unwrap_or_default();
        self.starts.push(self.len);
        self.len += u32::try_from(fresh.len()).unwrap_or(0);
        self.chunks.push(Arc::new(chunk));
        fresh.len()
    }

    /// # Panics
    /// When `id` is not of this log or of one that it grew from.
    pub fn get(&self, id: EventId) -> EventRow<'_> {
        let chunk = self.starts.partition_point(|&start| start <= id.0) - 1;
        EventRow { log: self, chunk: &self.chunks[chunk], at: (id.0 - self.starts[chunk]) as usize, id }
    }

    /// All records as AWS wrote them, each block unpacked once: much faster than [`EventRow::raw`] for all.
    pub fn raws(&self) -> impl Iterator<Item = String> + '_ {
        self.chunks.iter().flat_map(|chunk| {
            let block = chunk.unpack(chunk.ends.last().map_or(0, |&end| end as usize));
            (0..chunk.ends.len()).map(move |at| {
                let (start, end) = chunk.span(at);
                block.get(start..end).map(|raw| String::from_utf8_lossy(raw).into_owned()).unwrap_or_default()
            })
        })
    }

    /// The bytes of each record, without unpacking anything.
    pub fn raw_lengths(&self) -> impl Iterator<Item = usize> + '_ {
        self.chunks.iter().flat_map(|chunk| {
            (0..chunk.ends.len()).map(move |at| {
                let (start, end) = chunk.span(at);
                end - start
            })
        })
    }

    pub fn iter(&self) -> impl Iterator<Item = EventRow<'_>> {
        self.chunks.iter().zip(&self.starts).flat_map(move |(chunk, &start)| {
            (0..chunk.time.len()).map(move |at| EventRow {
                log: self,
                chunk,
                at,
                id: EventId(start + u32::try_from(at).unwrap_or(0)),
            })
        })
    }
}

/// One event in the log, by reference.
#[derive(Clone, Copy)]
pub struct EventRow<'a> {
    log: &'a EventLog,
    chunk: &'a Chunk,
    at: usize,
    id: EventId,
}

impl<'a> EventRow<'a> {
    pub fn id(&self) -> EventId {
        self.id
    }

    pub fn time(&self) -> Option<Timestamp> {
        match self.chunk.time[self.at] {
            NO_TIME => None,
            ms => Timestamp::from_millisecond(ms).ok(),
        }
    }

    /// Milliseconds since 1970; the least number when the time is unknown.
    pub fn millis(&self) -> i64 {
        self.chunk.time[self.at]
    }

    pub fn word(&self, field: Field) -> &'a Text {
        &self.log.dictionary.words[self.word_id(field) as usize]
    }

    /// The word's number in the dictionary: equal numbers, equal words.
    pub fn word_id(&self, field: Field) -> u32 {
        self.chunk.words[field as usize][self.at]
    }

    pub fn actor_kind(&self) -> ActorKind {
        const KINDS: [ActorKind; 11] = [
            ActorKind::Root,
            ActorKind::IamUser,
            ActorKind::AssumedRole,
            ActorKind::FederatedUser,
            ActorKind::SamlUser,
            ActorKind::WebIdentityUser,
            ActorKind::IdentityCenterUser,
            ActorKind::AwsAccount,
            ActorKind::AwsService,
            ActorKind::Directory,
            ActorKind::Unknown,
        ];
        KINDS.get(usize::from(self.chunk.kind[self.at])).copied().unwrap_or_default()
    }

    /// None when the record does not say.
    pub fn read_only(&self) -> Option<bool> {
        match self.chunk.flags[self.at] & (READ | WRITE) {
            READ => Some(true),
            WRITE => Some(false),
            _ => None,
        }
    }

    /// One of mgmtscope's own calls.
    pub fn is_own(&self) -> bool {
        self.chunk.flags[self.at] & OWN != 0
    }

    pub fn mfa(&self) -> bool {
        self.chunk.flags[self.at] & MFA != 0
    }

    /// The record as AWS wrote it. Not cleaned: whoever shows it must.
    pub fn raw(&self) -> String {
        let (start, end) = self.chunk.span(self.at);
        self.chunk.unpack(end).get(start..end).map(|raw| String::from_utf8_lossy(raw).into_owned()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(n: usize) -> Event {
        let raw = format!(r#"{{"eventName":"E{n}","eventID":"{n}","eventTime":"2026-11-01T10:00:{:02}Z"}}"#, n % 60);
        Event::from_record(&raw).expect("a record")
    }

    #[test]
    fn what_went_in_comes_out() {
        let mut log = EventLog::default();
        let events: Vec<Event> = (0..7).map(event).collect();
        assert_eq!(log.append(&events[..3]), 3);
        assert_eq!(log.append(&events), 4, "three were there already");
        assert_eq!(log.len(), 7);
        for (id, event) in log.ids().zip(&events) {
            let row = log.get(id);
            assert_eq!(row.word(Field::Name), &event.name);
            assert_eq!(row.time(), event.time);
            assert_eq!(row.raw(), event.raw);
        }
        assert_eq!(log.iter().count(), 7);
        assert!(log.raws().eq(events.iter().map(|event| event.raw.clone())));
        assert!(log.raw_lengths().eq(events.iter().map(|event| event.raw.len())));
    }

    #[test]
    fn a_clone_does_not_grow() {
        let mut log = EventLog::default();
        log.append(&[event(1)]);
        let before = log.clone();
        log.append(&[event(2)]);
        assert_eq!((before.len(), log.len()), (1, 2));
    }

    #[test]
    fn our_own_calls_are_known_by_their_agent() {
        let mut log = EventLog::default();
        log.append(&[Event {
            name: "ListUsers".into(),
            agent: "aws-sdk-rust/1.3 app/mgmtscope".into(),
            ..Event::default()
        }]);
        assert!(log.get(EventId(0)).is_own());
    }
}
