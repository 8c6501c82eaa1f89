//! The one place that reads the clock and the time zone.

use jiff::Timestamp;
use jiff::tz::TimeZone;

#[expect(clippy::disallowed_methods, reason = "the one place that may")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

pub fn zone() -> TimeZone {
    TimeZone::system()
}
