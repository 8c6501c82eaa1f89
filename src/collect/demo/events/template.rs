//! Forms of CloudTrail's parameters with words to fill in, and the pools that fill them. A form is taken apart once and
//! then written many thousand times.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::made_up::{Dice, access_key, push_hex, push_uuid, session_key};
use crate::model::{Region, Resident};

/// Roles that our pipelines take on in members.
const MEMBER_ROLES: [&str; 3] = ["landing-zone-execution", "AWSControlTowerExecution", "landing-zone-reader"];

/// One thing that an event may name.
struct Thing {
    id: String,
    name: String,
    arn: String,
    region: Option<Region>,
}

/// Things by pool. All picks of one event from one pool are the same thing.
#[derive(Default)]
pub struct Pools {
    names: Vec<String>,
    things: Vec<Vec<Thing>>,
}

impl Pools {
    pub fn add_residents(&mut self, pools: &BTreeMap<String, String>, residents: &[Resident]) {
        for (pool, resource_type) in pools {
            let of_type = residents.iter().filter(|r| r.resource_type == resource_type.as_str());
            let thing = |r: &Resident| Thing {
                id: r.identifier.to_string(),
                name: r.name.as_ref().unwrap_or(&r.identifier).split('/').next().unwrap_or_default().to_owned(),
                arn: r.arn.as_ref().map(ToString::to_string).unwrap_or_default(),
                region: r.region.clone(),
            };
            self.names.push(pool.clone());
            self.things.push(of_type.map(thing).collect());
        }
    }

    /// A pool of things without a Region: `(id, ARN)`.
    pub fn add(&mut self, pool: &str, things: impl Iterator<Item = (String, String)>) {
        let thing = |(id, arn): (String, String)| Thing { name: id.clone(), id, arn, region: None };
        self.names.push(pool.to_owned());
        self.things.push(things.map(thing).collect());
    }

    fn index(&self, pool: &str) -> Option<usize> {
        self.names.iter().position(|name| name == pool)
    }

    /// A thing of the event's Region if there is one, else any.
    fn pick(&self, pool: usize, region: &str, seed: u64) -> Option<&Thing> {
        let things = &self.things[pool];
        let mut dice = Dice(seed ^ (pool as u64) << 7);
        let here = |thing: &&Thing| thing.region.as_ref().is_none_or(|home| home.as_str() == region);
        match things.iter().filter(here).count() {
            0 => things.get(dice.below(things.len())),
            n => things.iter().filter(here).nth(dice.below(n)),
        }
    }
}

#[derive(Clone, Copy)]
enum Form {
    Id,
    Name,
    Arn,
}

enum Piece {
    Plain(String),
    Pool(usize, Form),
    Hex(usize),
    Uuid,
    Key,
    KeyBody,
    SessionKey,
    Session,
    Number,
    MemberRole,
    Time,
    Expiry,
}

/// A text with words to fill in.
pub struct Template(Vec<Piece>);

/// What an event gives to its template.
pub struct Filling<'a> {
    pub pools: &'a Pools,
    pub region: &'a str,
    /// JSON-escaped.
    pub session: &'a str,
    pub seconds: i64,
    pub seed: u64,
}

impl Template {
    /// # Panics
    /// On a word that nobody knows: an error in our files, found by the tests.
    pub fn new(text: &str, pools: &Pools) -> Self {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, word, after)) = next_word(rest) {
            if !before.is_empty() {
                pieces.push(Piece::Plain(before.to_owned()));
            }
            pieces.push(piece(word, pools));
            rest = after;
        }
        pieces.push(Piece::Plain(rest.to_owned()));
        Self(pieces)
    }

    pub fn write(&self, out: &mut String, with: &Filling<'_>) {
        for piece in &self.0 {
            match piece {
                Piece::Plain(text) => out.push_str(text),
                Piece::Pool(pool, form) => {
                    if let Some(thing) = with.pools.pick(*pool, with.region, with.seed) {
                        out.push_str(match form {
                            Form::Id => &thing.id,
                            Form::Name => &thing.name,
                            Form::Arn => &thing.arn,
                        });
                    }
                }
                Piece::Hex(len) => push_hex(out, with.seed, *len),
                Piece::Uuid => push_uuid(out, with.seed ^ 0x55),
                Piece::Key => out.push_str(&access_key("somebody", Dice(with.seed).below(40))),
                Piece::KeyBody => out.push_str(&session_key(with.seed ^ 0x77)[3..]),
                Piece::SessionKey => out.push_str(&session_key(with.seed)),
                Piece::Session => out.push_str(with.session),
                // Writing to a String cannot fail.
                Piece::Number => drop(write!(out, "{}", Dice(with.seed).below(400) + 1)),
                Piece::MemberRole => out.push_str(MEMBER_ROLES[Dice(with.seed ^ 0x99).below(MEMBER_ROLES.len())]),
                Piece::Time => push_long_time(out, with.seconds),
                Piece::Expiry => push_long_time(out, with.seconds + 3600),
            }
        }
    }
}

/// The text before the next `<word>`, the word, and the rest.
fn next_word(text: &str) -> Option<(&str, &str, &str)> {
    let (before, after) = text.split_once('<')?;
    let (word, rest) = after.split_once('>')?;
    Some((before, word, rest))
}

fn piece(word: &str, pools: &Pools) -> Piece {
    if let Some(key) = word.strip_prefix("key:") {
        let (user, n) = key.split_once(':').unwrap_or((key, "1"));
        return Piece::Plain(access_key(user, n.parse().unwrap_or(1)));
    }
    match word {
        "hex8" => Piece::Hex(8),
        "hex17" => Piece::Hex(17),
        "uuid" => Piece::Uuid,
        "key" => Piece::Key,
        "key-body" => Piece::KeyBody,
        "session-key" => Piece::SessionKey,
        "session" => Piece::Session,
        "n" => Piece::Number,
        "member-role" => Piece::MemberRole,
        "time" => Piece::Time,
        "expiry" => Piece::Expiry,
        word => {
            let (pool, form) = match word.split_once('.') {
                Some((pool, "arn")) => (pool, Form::Arn),
                Some((pool, _)) => (pool, Form::Name),
                None => (word, Form::Id),
            };
            match pools.index(pool) {
                Some(pool) => Piece::Pool(pool, form),
                None => panic!("the sample's calls name no known word: <{word}>"),
            }
        }
    }
}

/// As CloudTrail writes times in answers: `Sep 19, 2026, 2:49:18 AM`.
pub fn push_long_time(out: &mut String, seconds: i64) {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let Ok(time) = jiff::Timestamp::from_second(seconds) else { return };
    let time = jiff::tz::Offset::UTC.to_datetime(time);
    let hour = match time.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    let half = if time.hour() < 12 { "AM" } else { "PM" };
    let month = usize::try_from(time.month() - 1).ok().and_then(|n| MONTHS.get(n)).unwrap_or(&"");
    // Writing to a String cannot fail.
    let _ =
        write!(out, "{month} {}, {}, {hour}:{:02}:{:02} {half}", time.day(), time.year(), time.minute(), time.second());
}
