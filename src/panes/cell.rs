//! One cell of a table: a typed value, from which text, order and filter all follow, and a tone.

use std::borrow::Cow;
use std::cmp::Ordering;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// How something is meant; a theme turns it into a style. Colour never carries meaning alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tone {
    #[default]
    Plain,
    Dim,
    Good,
    Warn,
    Bad,
    Link,
    Title,
}

/// What a cell says.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    Text(Cow<'a, str>),
    /// A word of a scale, and its place on it.
    Rank(u8, &'static str),
    Count(u64),
    Time(Timestamp),
    Flag(bool),
    /// It is known that there never was one.
    Never,
    /// It could not be read, or does not apply.
    Unknown,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Cell<'a> {
    pub value: Value<'a>,
    pub tone: Tone,
}

impl<'a> Cell<'a> {
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self { value: Value::Text(text.into()), tone: Tone::Plain }
    }

    pub fn count(count: impl TryInto<u64>) -> Self {
        Self { value: Value::Count(count.try_into().unwrap_or(u64::MAX)), tone: Tone::Plain }
    }

    /// A word of a scale: sorted by its place on it.
    pub fn rank(place: u8, word: &'static str) -> Self {
        Self { value: Value::Rank(place, word), tone: Tone::Plain }
    }

    pub fn flag(flag: Option<bool>) -> Self {
        Self { value: flag.map_or(Value::Unknown, Value::Flag), tone: Tone::Plain }
    }

    /// None: not known.
    pub fn time(time: Option<Timestamp>) -> Self {
        Self { value: time.map_or(Value::Unknown, Value::Time), tone: Tone::Plain }
    }

    pub fn never() -> Self {
        Self { value: Value::Never, tone: Tone::Plain }
    }

    pub fn unknown() -> Self {
        Self { value: Value::Unknown, tone: Tone::Dim }
    }

    #[must_use]
    pub fn tone(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeMode {
    #[default]
    Utc,
    Local,
    Relative,
}

impl TimeMode {
    pub fn next(self) -> Self {
        match self {
            Self::Utc => Self::Local,
            Self::Local => Self::Relative,
            Self::Relative => Self::Utc,
        }
    }

    /// The label that always stands beside times.
    pub fn label(self) -> &'static str {
        match self {
            Self::Utc => "UTC",
            Self::Local => "local",
            Self::Relative => "ago",
        }
    }
}

/// How times are written: the zone comes in from outside, since nothing here reads a clock or a file.
#[derive(Clone, Debug)]
pub struct TimeStyle {
    pub mode: TimeMode,
    pub now: Timestamp,
    pub zone: TimeZone,
}

impl TimeStyle {
    pub fn utc(now: Timestamp) -> Self {
        Self { mode: TimeMode::Utc, now, zone: TimeZone::UTC }
    }

    /// `2026-11-01 10:00:00` in UTC or local time, or `3d ago`.
    pub fn show(&self, time: Timestamp) -> String {
        match self.mode {
            TimeMode::Utc => time.to_zoned_datetime(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string(),
            TimeMode::Local => time.to_zoned_datetime(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
            TimeMode::Relative => ago(time, self.now),
        }
    }

    /// To the minute, or to the day when older than half a year: for narrow columns.
    pub fn short(&self, time: Timestamp) -> String {
        let zone = match self.mode {
            TimeMode::Utc => TimeZone::UTC,
            TimeMode::Local => self.zone.clone(),
            TimeMode::Relative => return ago(time, self.now),
        };
        time.to_zoned_datetime(zone).strftime("%Y-%m-%d %H:%M").to_string()
    }
}

/// `12s ago`, `5m ago`, `3h ago`, `40d ago`; `in 5m` for the future.
pub fn ago(time: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second() - time.as_second();
    let span = span(seconds.unsigned_abs());
    if seconds < 0 { format!("in {span}") } else { format!("{span} ago") }
}

/// A length of time by its greatest unit: `12s`, `5m`, `3h`, `40d`, `3y`.
pub fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..172_800 => format!("{}h", seconds / 3_600),
        172_800..63_072_000 => format!("{}d", seconds / 86_400),
        _ => format!("{}y", seconds / 31_536_000),
    }
}

impl Value<'_> {
    /// As written on screen and in exports.
    pub fn show(&self, style: &TimeStyle) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Rank(_, word) => Cow::Borrowed(word),
            Self::Count(count) => Cow::Owned(count.to_string()),
            Self::Time(time) => Cow::Owned(style.short(*time)),
            Self::Flag(true) => Cow::Borrowed("yes"),
            Self::Flag(false) => Cow::Borrowed("no"),
            Self::Never => Cow::Borrowed("never"),
            Self::Unknown => Cow::Borrowed("-"),
        }
    }

    /// For JSON: numbers as numbers, times in RFC 3339, unknown as null.
    pub fn json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => serde_json::Value::from(&**text),
            Self::Rank(_, word) => serde_json::Value::from(*word),
            Self::Count(count) => serde_json::Value::from(*count),
            Self::Time(time) => serde_json::Value::from(time.to_string()),
            Self::Flag(flag) => serde_json::Value::from(*flag),
            Self::Never => serde_json::Value::from("never"),
            Self::Unknown => serde_json::Value::Null,
        }
    }

    /// The order of a sorted column: unknown and never before all times.
    pub fn compare(&self, other: &Self) -> Ordering {
        fn rank(value: &Value<'_>) -> u8 {
            match value {
                Value::Unknown => 0,
                Value::Never => 1,
                Value::Flag(_) => 2,
                Value::Count(_) => 3,
                Value::Time(_) => 4,
                Value::Text(_) => 5,
                Value::Rank(..) => 6,
            }
        }
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => natural(a, b),
            (Self::Count(a), Self::Count(b)) => a.cmp(b),
            (Self::Rank(a, _), Self::Rank(b, _)) => a.cmp(b),
            (Self::Time(a), Self::Time(b)) => a.cmp(b),
            (Self::Flag(a), Self::Flag(b)) => a.cmp(b),
            _ => rank(self).cmp(&rank(other)),
        }
    }
}

/// Without regard to ASCII case, then with it, so that the order is total.
fn natural(a: &str, b: &str) -> Ordering {
    a.bytes().map(|b| b.to_ascii_lowercase()).cmp(b.bytes().map(|b| b.to_ascii_lowercase())).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_by_their_greatest_unit() {
        for (seconds, shown) in
            [(0, "0s"), (59, "59s"), (60, "1m"), (7_200, "2h"), (90_000, "25h"), (172_800, "2d"), (63_072_000, "2y")]
        {
            assert_eq!(span(seconds), shown);
        }
    }

    #[test]
    fn never_sorts_before_any_time() {
        let time = Value::Time(Timestamp::UNIX_EPOCH);
        assert_eq!(Value::Never.compare(&time), Ordering::Less);
        assert_eq!(Value::Text("b".into()).compare(&Value::Text("B".into())), Ordering::Greater);
        assert_eq!(Value::Text("a".into()).compare(&Value::Text("B".into())), Ordering::Less);
    }
}
