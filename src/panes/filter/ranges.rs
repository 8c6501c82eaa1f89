//! What lies within something: times between two, addresses in a network.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use super::{Test, duration, moment};

/// A moment, or a length of time before now.
#[derive(Clone, Copy, Debug)]
pub enum When {
    At(Timestamp),
    Ago(SignedDuration),
}

impl When {
    pub fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::Ago(age) => now.saturating_sub(age).unwrap_or(Timestamp::MIN),
        }
    }
}

/// From one time to the other, the first included and the other too; nothing or `..`: no limit. None: one is no time.
pub fn within(from: &str, to: &str) -> Option<Test> {
    let read = |text: &str| match text {
        "" | ".." => Some(None),
        text => duration(text).map(When::Ago).or_else(|| moment(text).map(When::At)).map(Some),
    };
    match (read(from)?, read(to)?) {
        (None, None) => None,
        (from, to) => Some(Test::Within(from, to)),
    }
}

/// A network in CIDR notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// None: it is no network, but a part of an address.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        let (address, bits): (IpAddr, u32) = (address.parse().ok()?, bits.parse().ok()?);
        (bits <= if address.is_ipv4() { 32 } else { 128 }).then_some(Self { address, bits })
    }

    pub fn has(self, address: &str) -> bool {
        match (self.address, address.parse()) {
            (IpAddr::V4(one), Ok(IpAddr::V4(two))) => {
                (one.to_bits() ^ two.to_bits()).checked_shr(32 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(one), Ok(IpAddr::V6(two))) => {
                (one.to_bits() ^ two.to_bits()).checked_shr(128 - self.bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}
