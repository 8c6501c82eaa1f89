//! CloudTrail's own files, `{"Records":[...]}`, read as fast as their bytes can be looked at: fields are found without
//! building records, and what many records have in common is understood once. Whatever is out of the ordinary is left to
//! [`super::trail`], which takes its time; both understand a record alike.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use sonic_rs::{JsonValueTrait, LazyValue};

use super::LIMITS;
use super::slices::Slices;
use crate::catalog::rules::judge::{Judge, Seen};
use crate::collect::judged;
use crate::model::Event;
use crate::model::event::record::{Identity, RecordResource, is_console, tells_more};
use crate::model::log::part::{Builder, Row};
use crate::model::log::{Family, Flags, OWN_AGENT, digest};

/// What a file brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    pub events: u64,
}

/// What was understood before and comes again, for one part.
#[derive(Debug, Default)]
pub struct Known {
    /// The place in `actors`.
    identities: Slices,
    actors: Vec<u32>,
    judge: Judge,
    resources: Slices,
    /// The last date and its first second: events of a file are of one day.
    day: ([u8; 10], u32),
}

/// Reads a whole file into `builder`, whose current file it is. None: there is something out of the ordinary in it; what
/// was added must be cut off again.
pub fn read(bytes: &[u8], builder: &mut Builder, known: &mut Known) -> Option<Brought> {
    if !looks_right(bytes) {
        return None;
    }
    // `sonic_rs` takes the bytes of a value for text without a look.
    let text = std::str::from_utf8(bytes).ok()?;
    let mark = builder.mark();
    if let Some(events) = one_by_one(text, builder, known) {
        return Some(Brought { events });
    }
    builder.cut(mark);
    if !is_shallow(bytes) {
        return None;
    }
    let mut reader = Reader { bytes, builder, known, open: None, events: 0 };
    let mut deserializer = sonic_rs::Deserializer::from_str(text);
    File(&mut reader).deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    Some(Brought { events: reader.events })
}

/// Reads a file in which all records begin with the same key, as CloudTrail writes them: each by itself, so that none can
/// take the reader deeper than its length.
fn one_by_one(text: &str, builder: &mut Builder, known: &mut Known) -> Option<u64> {
    let list = text.trim_ascii_end().strip_suffix("]}")?;
    let key = list.get(START.len()..)?.strip_prefix("{\"")?.as_bytes();
    let key = &key[..memchr::memchr(b'"', &key[..key.len().min(64)])?];
    let border = [&b"},{\""[..], key, b"\":"].concat();
    let mut from = START.len();
    let mut events = 0;
    // Where the record ends, before the comma.
    let ends = memchr::memmem::find_iter(list.as_bytes(), &border).map(|at| at + 1).chain([list.len()]);
    for end in ends {
        // A record that holds what looks like a border is no JSON when it is cut there.
        read_line(list.get(from..end)?, u32::try_from(from).ok()?, builder, known)?;
        events += 1;
        from = end + 1;
    }
    Some(events)
}

/// Adds the record that `line` is as a whole; it lies at byte `at` of the current file. None: there is something out of the
/// ordinary in it, and nothing was added.
pub fn read_line(line: &str, at: u32, builder: &mut Builder, known: &mut Known) -> Option<()> {
    let bytes = line.as_bytes();
    if bytes.len() > LIMITS.item || (bytes.len() > SURELY_SHALLOW && !is_shallow(bytes)) {
        return None;
    }
    let mut reader = Reader { bytes, builder, known, open: None, events: 0 };
    let mut deserializer = sonic_rs::Deserializer::from_str(line);
    Record(&mut reader).deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    let open = reader.open.take()?;
    reader.take(&open.fields, bytes, at).ok()
}

/// What a thread that reads needs: `sonic_rs` calls itself for each level of brackets that it passes over, and takes at most
/// 512 bytes for it. Twice what the longest record that is not looked at before can have.
pub const STACK: usize = 2 * 512 * SURELY_SHALLOW;
/// So many bytes hold no more levels than the stack does.
const SURELY_SHALLOW: usize = 16 << 10;
/// Deeper than any record that AWS writes.
const DEPTH: u32 = 512;

/// Whether brackets are nested no deeper than a record's may be.
fn is_shallow(json: &[u8]) -> bool {
    let (mut depth, mut text, mut escaped) = (0u32, false, false);
    for &byte in json {
        if text {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => text = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => text = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH {
            return false;
        }
    }
    true
}

/// Whether it begins as CloudTrail's files do.
pub fn looks_right(bytes: &[u8]) -> bool {
    bytes.starts_with(START)
}

const START: &[u8] = b"{\"Records\":[";

/// A record of which all fields were seen; where it ends is known when the next one begins.
struct Open<'a> {
    start: usize,
    fields: Fields<'a>,
}

/// JSON as it stands, of the fields that are columns; empty when missing or null.
#[derive(Default)]
struct Fields<'a> {
    id: &'a str,
    time: &'a str,
    name: &'a str,
    source: &'a str,
    region: &'a str,
    ip: &'a str,
    agent: &'a str,
    error: &'a str,
    read_only: &'a str,
    recipient: &'a str,
    identity: &'a str,
    resources: &'a str,
    event_type: &'a str,
    from_console: &'a str,
    response: &'a str,
    request: &'a str,
}

struct Reader<'a, 'b> {
    bytes: &'a [u8],
    builder: &'b mut Builder,
    known: &'b mut Known,
    open: Option<Open<'a>>,
    events: u64,
}

/// Something out of the ordinary.
struct Odd;

/// The text of a JSON string; None: it is no string.
fn text(json: &str) -> Option<Cow<'_, str>> {
    if json.is_empty() {
        return Some(Cow::Borrowed(""));
    }
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str(json).ok().map(Cow::Owned)
}

impl<'a> Reader<'a, '_> {
    /// Takes in the record that is open, which ends where `next` begins.
    fn close_before(&mut self, next: usize) -> Result<(), Odd> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let before = self.bytes.get(open.start..next).ok_or(Odd)?.trim_ascii_end();
        let record = before.strip_suffix(b",").ok_or(Odd)?.trim_ascii_end();
        self.take_at(&open, record)
    }

    /// The last one, whose end no other tells.
    fn close_last(&mut self) -> Result<(), Odd> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let rest = self.bytes.get(open.start..).ok_or(Odd)?;
        let value: LazyValue<'_> = sonic_rs::Deserializer::from_slice(rest).deserialize().map_err(|_| Odd)?;
        let record = &rest[..value.as_raw_str().len()];
        self.take_at(&open, record)
    }

    fn take_at(&mut self, open: &Open<'a>, record: &[u8]) -> Result<(), Odd> {
        if record.len() > LIMITS.item {
            return Err(Odd);
        }
        self.take(&open.fields, record, u32::try_from(open.start).map_err(|_| Odd)?)
    }

    fn take(&mut self, fields: &Fields<'a>, record: &[u8], at: u32) -> Result<(), Odd> {
        self.events += 1;
        match self.row(fields, record) {
            Some((row, id)) => self.builder.push_row(row, &id, at),
            None => {
                let raw = std::str::from_utf8(record).map_err(|_| Odd)?;
                let event = Event::from_record(raw).map_err(|_| Odd)?;
                self.builder.push_at(&judged(event), at);
            }
        }
        Ok(())
    }

    /// The event in numbers. None: it needs a closer look.
    fn row(&mut self, fields: &Fields<'a>, record: &[u8]) -> Option<(Row, Cow<'a, str>)> {
        let (source, name) = (text(fields.source)?, text(fields.name)?);
        let more = tells_more(&source, &name);
        // What only the record as a whole tells: what a sign-in came to, and on whom AssumeRoot was called.
        if name.is_empty() || (more && source != "sts.amazonaws.com") || matches!(&*name, "AssumeRoot" | "ConsoleLogin")
        {
            return None;
        }
        let read_only = match fields.read_only {
            "true" => Some(true),
            "false" => Some(false),
            "" => None,
            _ => return None,
        };
        let (error, agent) = (text(fields.error)?, text(fields.agent)?);
        let (event_type, from_console) = (text(fields.event_type)?, text(fields.from_console)?);
        let builder = &mut *self.builder;
        let deed = {
            let mut word = |text: &str| builder.word(Family::Deed, text);
            let (source, name, error) = (word(&source), word(&name), word(&error));
            builder.deed(source, name, error, read_only)
        };
        let (region, recipient) =
            (builder.word(Family::Place, &text(fields.region)?), builder.word(Family::Place, &text(fields.recipient)?));
        let (actors, who) = (&mut self.known.actors, fields.identity);
        let identity = self.known.identities.get(who, || {
            actors.push(if who.is_empty() {
                builder.actor(&crate::model::Actor::default())
            } else {
                builder.actor(&sonic_rs::from_str::<Identity<'_>>(who).ok()?.actor())
            });
            u32::try_from(actors.len() - 1).ok()
        })?;
        let resources = self.known.resources.get(fields.resources, || {
            let resources = if fields.resources.is_empty() { String::new() } else { resources(fields.resources)? };
            Some(builder.word(Family::Resources, &resources))
        })?;
        let issued = match more {
            true => issued(fields.response),
            false => None,
        };
        let (address, event_id) = (text(fields.ip)?, text(fields.id)?);
        let (ip, agent_word) = (builder.word(Family::Ip, &address), builder.word(Family::Agent, &agent));
        let is_console = is_console(&event_type, &from_console, &agent);
        let seen = Seen {
            call: deed,
            source: &source,
            name: &name,
            error: &error,
            agent: (builder.is_whole(Family::Agent, agent_word, &agent).then_some(agent_word), &agent),
            address: (builder.is_whole(Family::Ip, ip, &address).then_some(ip), &address),
            kind: &event_type,
            console: is_console,
            identity,
        };
        let (rules, request) = self.known.judge.raised(
            &seen,
            || {
                let who =
                    if who.is_empty() { None } else { Some(sonic_rs::from_str::<Identity<'_>>(who).ok()?.to_json()) };
                Some(serde_json::json!({ "userIdentity": who }))
            },
            |field| {
                let json = match field {
                    "requestParameters" => fields.request,
                    "responseElements" => fields.response,
                    "userIdentity" => fields.identity,
                    _ => match sonic_rs::get(record, &[field]) {
                        Ok(value) => return serde_json::from_str(value.as_raw_str()).ok(),
                        Err(error) if error.is_not_found() => "",
                        Err(_) => return None,
                    },
                };
                if json.is_empty() { Some(serde_json::Value::Null) } else { serde_json::from_str(json).ok() }
            },
            |set| builder.word(Family::Rules, set),
        )?;
        let row = Row {
            time: self.known.time(&text(fields.time)?),
            deed,
            actor: self.known.actors[identity as usize],
            place: builder.place(region, recipient),
            ip,
            agent: agent_word,
            resources,
            rules,
            digest: digest(record),
            flags: Flags::default().own(agent.contains(OWN_AGENT)).console(is_console),
            issued: issued.map_or(0, |key| builder.word(Family::Actor, &key)),
            request,
        };
        Some((row, event_id))
    }
}

impl Known {
    /// Seconds since 1970; 0 when it is no time.
    fn time(&mut self, text: &str) -> u32 {
        let bytes = text.as_bytes();
        let two = |at: usize| match (bytes[at], bytes[at + 1]) {
            (a @ b'0'..=b'9', b @ b'0'..=b'9') => Some(u32::from(a - b'0') * 10 + u32::from(b - b'0')),
            _ => None,
        };
        if bytes.len() == 20
            && (bytes[10], bytes[13], bytes[16], bytes[19]) == (b'T', b':', b':', b'Z')
            && let (Some(hour @ 0..24), Some(minute @ 0..60), Some(second @ 0..60)) = (two(11), two(14), two(17))
        {
            if self.day.0 != bytes[..10] {
                let first = crate::model::log::part::seconds(format!("{}T00:00:00Z", &text[..10]).parse().ok());
                if first == 0 {
                    return 0;
                }
                self.day.0.copy_from_slice(&bytes[..10]);
                self.day.1 = first;
            }
            return self.day.1 + hour * 3_600 + minute * 60 + second;
        }
        crate::model::log::part::seconds(text.parse().ok())
    }
}

/// ARNs and names of `resources`, joined by blanks. None: its shape is out of the ordinary.
fn resources(json: &str) -> Option<String> {
    let list: Vec<RecordResource<'_>> = sonic_rs::from_str(json).ok()?;
    Some(list.iter().filter_map(RecordResource::named).collect::<Vec<_>>().join(" "))
}

fn issued(response: &str) -> Option<String> {
    if response.is_empty() {
        return None;
    }
    let key = sonic_rs::get(response, &["credentials", "accessKeyId"]).ok()?;
    key.as_str().map(ToOwned::to_owned)
}

struct File<'r, 'a, 'b>(&'r mut Reader<'a, 'b>);

impl<'de: 'a, 'a> DeserializeSeed<'de> for File<'_, 'a, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de: 'a, 'a> Visitor<'de> for File<'_, 'a, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a log file")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            if key == "Records" {
                map.next_value_seed(List(self.0))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

struct List<'r, 'a, 'b>(&'r mut Reader<'a, 'b>);

impl<'de: 'a, 'a> DeserializeSeed<'de> for List<'_, 'a, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

fn odd<E: Error>(_: Odd) -> E {
    E::custom("out of the ordinary")
}

impl<'de: 'a, 'a> Visitor<'de> for List<'_, 'a, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> Result<(), A::Error> {
        while records.next_element_seed(Record(self.0))?.is_some() {}
        self.0.close_last().map_err(odd)
    }
}

struct Record<'r, 'a, 'b>(&'r mut Reader<'a, 'b>);

impl<'de: 'a, 'a> DeserializeSeed<'de> for Record<'_, 'a, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de: 'a, 'a> Visitor<'de> for Record<'_, 'a, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut fields = Fields::default();
        let mut start = None;
        // A key with an escape in it cannot be borrowed: out of the ordinary.
        while let Some(key) = map.next_key::<&'de str>()? {
            if start.is_none() {
                let place = place(self.0.bytes, key).ok_or(Odd).map_err(odd)?;
                self.0.close_before(place).map_err(odd)?;
                start = Some(place);
            }
            let field = match key {
                "eventID" => &mut fields.id,
                "eventTime" => &mut fields.time,
                "eventName" => &mut fields.name,
                "eventSource" => &mut fields.source,
                "awsRegion" => &mut fields.region,
                "sourceIPAddress" => &mut fields.ip,
                "userAgent" => &mut fields.agent,
                "errorCode" => &mut fields.error,
                "readOnly" => &mut fields.read_only,
                "recipientAccountId" => &mut fields.recipient,
                "userIdentity" => &mut fields.identity,
                "resources" => &mut fields.resources,
                "eventType" => &mut fields.event_type,
                "sessionCredentialFromConsole" => &mut fields.from_console,
                "responseElements" => &mut fields.response,
                "requestParameters" => &mut fields.request,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            let value: LazyValue<'de> = map.next_value()?;
            let Cow::Borrowed(raw) = value.as_raw_cow() else { return Err(odd(Odd)) };
            *field = if raw == "null" { "" } else { raw };
        }
        let start = start.ok_or(Odd).map_err(odd)?;
        self.0.open = Some(Open { start, fields });
        Ok(())
    }
}

/// Where the object begins whose first key was borrowed from `bytes`.
fn place(bytes: &[u8], key: &str) -> Option<usize> {
    let quote = (key.as_ptr() as usize).checked_sub(bytes.as_ptr() as usize)?.checked_sub(1)?;
    let before = bytes.get(..quote)?.trim_ascii_end();
    before.ends_with(b"{").then(|| before.len() - 1)
}
