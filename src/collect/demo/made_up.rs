//! The sample's own time, chance and identifiers: all computed from its data, so that two runs are equal.
//!
//! Identifiers have the form of AWS's own and end in `EXAMPLE`, so that no one takes them for real ones.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};

/// 2026-10-01T09:00:00Z, in seconds since 1970.
const CLOCK: i64 = 1_790_845_200;
pub const DAY: i64 = 86_400;
const NINE_HOURS: i64 = 9 * 3600;

/// The sample's "now". Ages of the sample are counted from here, never from the wall clock.
pub fn clock() -> Timestamp {
    Timestamp::from_second(CLOCK).expect("a time within range")
}

/// Midnight (UTC) of the day that lies so many days before the clock's day.
pub fn midnight(days_ago: i64) -> Timestamp {
    clock() - SignedDuration::from_secs(NINE_HOURS + days_ago * DAY)
}

/// Seconds since midnight of `02:58:41` or `05:00`.
pub fn time_of_day(text: &str) -> i64 {
    let mut seconds = 0;
    for (part, unit) in text.split(':').zip([3600, 60, 1]) {
        seconds += unit * part.parse::<i64>().unwrap_or(0);
    }
    seconds
}

/// `1200d`: so many days before the clock, at a time of day made from `salt`. `12d 02:58:41`: that day, that time.
pub fn moment(text: &str, salt: &str) -> Timestamp {
    let (days, time) = text.split_once("d").unwrap_or((text, ""));
    let days: i64 = days.parse().unwrap_or(0);
    let seconds = match time.trim() {
        "" => i64::try_from(hash(salt) % 50_000).unwrap_or(0) + NINE_HOURS - 60_000,
        time => time_of_day(time),
    };
    midnight(days) + SignedDuration::from_secs(seconds)
}

/// FNV-1a, then one round of mixing.
pub fn hash(text: &str) -> u64 {
    let fnv = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    Dice(fnv).roll()
}

/// splitmix64: enough chance for a sample, and the same on every machine.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`; 0 when `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { usize::try_from(self.roll() % n as u64).unwrap_or(0) }
    }

    /// From 0 to 1.
    pub fn unit(&mut self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double")]
        let fraction = (self.roll() >> 11) as f64 / (1_u64 << 53) as f64;
        fraction
    }
}

/// `len` letters of AWS's alphabet for ids.
fn letters(seed: u64, len: usize) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut dice = Dice(seed);
    (0..len).map(|_| char::from(ALPHABET[dice.below(32)])).collect()
}

/// A unique id as of users (`AIDA`), roles (`AROA`), groups (`AGPA`).
pub fn unique_id(prefix: &str, name: &str) -> String {
    format!("{prefix}{}EXAMPLE", letters(hash(name), 10))
}

/// The id of a user's n-th access key, counted from 1.
pub fn access_key(user: &str, n: usize) -> String {
    format!("AKIA{}EXAMPLE", letters(hash(&format!("{user}#{n}")), 9))
}

pub fn session_key(seed: u64) -> String {
    format!("ASIA{}EXAMPLE", letters(seed, 9))
}

pub fn push_hex(out: &mut String, seed: u64, len: usize) {
    let mut dice = Dice(seed);
    let digits = format!("{:016x}{:016x}", dice.roll(), dice.roll());
    out.push_str(&digits[..len.min(32)]);
}

/// A random (version 4) UUID.
pub fn push_uuid(out: &mut String, seed: u64) {
    let mut dice = Dice(seed);
    let (a, b) = (dice.roll(), dice.roll());
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        0x8000 | ((b >> 48) & 0x3fff),
        b & 0xffff_ffff_ffff
    );
}

pub fn uuid(seed: u64) -> String {
    let mut out = String::with_capacity(36);
    push_uuid(&mut out, seed);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_counted_from_the_clock() {
        assert_eq!(clock().to_string(), "2026-10-01T09:00:00Z");
        assert_eq!(moment("12d 02:58:41", "x").to_string(), "2026-09-19T02:58:41Z");
        assert_eq!(moment("12d", "x"), moment("12d", "x"));
        assert!(moment("1d", "x") < clock() && moment("1d", "x") > clock() - SignedDuration::from_hours(48));
    }

    #[test]
    fn ids_have_the_form_of_their_kind() {
        assert_eq!(unique_id("AROA", "a").len(), 21);
        assert_eq!(access_key("a", 1).len(), 20);
        assert_ne!(access_key("a", 1), access_key("a", 2));
        assert_eq!(uuid(7).len(), 36);
    }
}
