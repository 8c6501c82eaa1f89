//! One event in the log, by reference.

use jiff::Timestamp;

use super::keys::{Field, KEYS, Key, Who};
use super::records::{Record, Records, fetch_of};
use super::{EventId, EventLog, Flags, part};
use crate::model::{ActorKind, Text};

#[derive(Clone, Copy)]
pub struct EventRow<'a> {
    pub(super) log: &'a EventLog,
    pub(super) id: EventId,
}

impl<'a> EventRow<'a> {
    pub fn id(&self) -> EventId {
        self.id
    }

    fn at(&self) -> usize {
        self.id.0 as usize
    }

    pub fn time(&self) -> Option<Timestamp> {
        match self.seconds() {
            0 => None,
            seconds => Timestamp::from_second(i64::from(seconds)).ok(),
        }
    }

    /// Seconds since 1970; 0 when the record has no readable time.
    pub fn seconds(&self) -> u32 {
        self.log.time.get(self.at())
    }

    /// Events that agree in a key agree in all fields that it decides.
    pub fn key(&self, key: Key) -> u32 {
        self.log.keys[key as usize].get(self.at())
    }

    pub fn word(&self, field: Field) -> &'a str {
        self.log.words[field.family() as usize].get(self.word_id(field))
    }

    pub fn text(&self, field: Field) -> Text {
        Text::new(self.word(field))
    }

    pub fn is_empty(&self, field: Field) -> bool {
        self.word_id(field) == 0
    }

    /// The word's number in its dictionary: equal numbers, equal words; 0 is the empty word.
    pub fn word_id(&self, field: Field) -> u32 {
        self.log.word_of(field, self.key(field.key()))
    }

    fn who(&self) -> Who {
        self.log.actors.values.get(self.key(Key::Actor) as usize)
    }

    pub fn actor_kind(&self) -> ActorKind {
        self.who().kind
    }

    /// None when the record does not say.
    pub fn read_only(&self) -> Option<bool> {
        self.log.deeds.values.get(self.key(Key::Deed) as usize).read_only
    }

    fn flags(&self) -> Flags {
        self.log.flags.get(self.at())
    }

    /// One of mgmtscope's own calls.
    pub fn is_own(&self) -> bool {
        self.flags().is_own()
    }

    /// Made in the console.
    pub fn is_console(&self) -> bool {
        self.flags().is_console()
    }

    pub fn mfa(&self) -> bool {
        self.who().mfa
    }

    /// `eventID`; empty when the record has none.
    pub fn event_id(&self) -> Text {
        match self.log.odd_word(self.id.0) {
            Some(word) => Text::new(self.log.words[super::Family::Id as usize].get(word)),
            None => Text::new(&part::uuid_text(self.log.ids.get(self.at()))),
        }
    }

    /// The access key that this call gave out, as the actor of later calls has it; empty when it gave out none.
    pub fn issued(&self) -> &'a str {
        let at = self.log.issued.partition_point(|(other, _)| other < self.id.0);
        if at < self.log.issued.len()
            && let (found, word) = self.log.issued.get(at)
            && found == self.id.0
        {
            self.log.words[super::Family::Actor as usize].get(word)
        } else {
            ""
        }
    }

    /// A number by which equal requests are known, where a rule counts different ones; else 0.
    pub fn request(&self) -> u32 {
        let at = self.log.requests.partition_point(|(other, _)| other < self.id.0);
        if at >= self.log.requests.len() {
            return 0;
        }
        let (found, request) = self.log.requests.get(at);
        if found == self.id.0 { request } else { 0 }
    }

    /// The call that gave out the access key with which this one was signed, if it is in the log.
    pub fn issuer(&self) -> Option<Self> {
        let key = self.word_id(Field::AccessKey);
        let (id, _) = self.log.issued.iter().find(|(_, word)| key != 0 && *word == key)?;
        Some(Self { log: self.log, id: EventId(id) })
    }

    /// Where the record is, as AWS wrote it.
    pub fn record(&self) -> Record {
        match fetch_of(self.log, self.id) {
            Some(fetch) => Record::Away(fetch),
            None => Record::Here(Records::new(self.log).get(self.id).unwrap_or_default()),
        }
    }

    /// The record as AWS wrote it, fetched if need be. Not cleaned: whoever shows it must.
    ///
    /// # Errors
    /// Why it cannot be had, in words.
    pub fn raw(&self) -> Result<String, String> {
        Records::new(self.log).get(self.id)
    }
}

/// All numbers that a key has so far.
impl EventLog {
    pub fn key_count(&self, key: Key) -> usize {
        match key {
            Key::Deed => self.deeds.values.len(),
            Key::Actor => self.actors.values.len(),
            Key::Place => self.places.values.len(),
            Key::Ip | Key::Agent | Key::Resources | Key::Rules => {
                let family = match key {
                    Key::Ip => super::Family::Ip,
                    Key::Agent => super::Family::Agent,
                    Key::Rules => super::Family::Rules,
                    _ => super::Family::Resources,
                };
                self.words[family as usize].len()
            }
        }
    }

    /// The word of a field that a key's number decides: its number in the dictionary.
    pub fn word_of(&self, field: Field, id: u32) -> u32 {
        let at = id as usize;
        match field {
            Field::Name => self.deeds.values.get(at).name,
            Field::Source => self.deeds.values.get(at).source,
            Field::Error => self.deeds.values.get(at).error,
            Field::Region => self.places.values.get(at).region,
            Field::Recipient => self.places.values.get(at).recipient,
            Field::ActorKey => self.actors.values.get(at).key,
            Field::ActorName => self.actors.values.get(at).name,
            Field::Session => self.actors.values.get(at).session,
            Field::AccessKey => self.actors.values.get(at).access_key,
            Field::Account => self.actors.values.get(at).account,
            Field::InvokedBy => self.actors.values.get(at).invoked_by,
            Field::Ip | Field::Agent | Field::Resources | Field::Rules => id,
        }
    }

    /// Those of some rows whose id is no UUID, counted from the first, with their id.
    pub fn odd_ids(&self, first: u32, rows: usize) -> impl Iterator<Item = (usize, &str)> + '_ {
        let from = self.odd.partition_point(|(row, _)| row < first);
        let odd =
            (from..self.odd.len()).map(|at| self.odd.get(at)).map(move |(row, word)| ((row - first) as usize, word));
        let words = &self.words[super::Family::Id as usize];
        odd.take_while(move |(at, _)| *at < rows).map(|(at, word)| (at, words.get(word)))
    }

    /// The columns of a piece of the log, for scans: the first row, then times and keys of its rows.
    pub fn pieces(&self) -> impl ExactSizeIterator<Item = Rows<'_>> + '_ {
        (0..self.time.pieces()).map(|piece| Rows {
            first: u32::try_from(piece * super::column::ROWS).unwrap_or(u32::MAX),
            time: self.time.slice(piece),
            ids: self.ids.slice(piece),
            keys: std::array::from_fn(|key| self.keys[key].slice(piece)),
        })
    }
}

/// Some rows of the log, by columns.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    pub first: u32,
    /// Seconds since 1970; 0: not known.
    pub time: &'a [u32],
    /// The bytes of ids that are UUIDs; what the others have is no text.
    pub ids: &'a [[u8; 16]],
    /// By [`Key`].
    pub keys: [&'a [u32]; KEYS],
}
