//! The one place that reads the clock and the time zone.

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub fn now() -> Timestamp {
    Timestamp::now()
}

pub fn zone() -> TimeZone {
    TimeZone::system()
}
