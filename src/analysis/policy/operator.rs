//! The condition operators, each for one value of a policy and one value of a request.
//!
//! Source: reference_policies_elements_condition_operators.

use std::net::IpAddr;

use jiff::Timestamp;
use jiff::civil::Date;

use super::glob::Glob;
use super::template::{Marks, Template};

/// What an operator compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    String,
    StringIgnoreCase,
    StringLike,
    Numeric(Order),
    Date(Order),
    Bool,
    Binary,
    IpAddress,
    Arn,
    Null,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Equals,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    fn holds(self, ordering: std::cmp::Ordering) -> bool {
        use std::cmp::Ordering::{Equal, Greater, Less};
        match self {
            Self::Equals => ordering == Equal,
            Self::Less => ordering == Less,
            Self::LessOrEqual => ordering != Greater,
            Self::Greater => ordering == Greater,
            Self::GreaterOrEqual => ordering != Less,
        }
    }
}

/// `ForAllValues:` and `ForAnyValue:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    All,
    Any,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator {
    pub kind: Kind,
    /// `...Not...`: none of the values.
    pub negated: bool,
    pub if_exists: bool,
    pub set: Option<Set>,
}

impl Operator {
    /// Names are compared without regard to case. None: there is no such operator.
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase();
        let (set, name) = match name.split_once(':') {
            Some(("forallvalues", rest)) => (Some(Set::All), rest),
            Some(("foranyvalue", rest)) => (Some(Set::Any), rest),
            Some(_) => return None,
            None => (None, name.as_str()),
        };
        let (if_exists, name) = name.strip_suffix("ifexists").map_or((false, name), |name| (true, name));
        let (kind, negated) = match name {
            "stringequals" => (Kind::String, false),
            "stringnotequals" => (Kind::String, true),
            "stringequalsignorecase" => (Kind::StringIgnoreCase, false),
            "stringnotequalsignorecase" => (Kind::StringIgnoreCase, true),
            "stringlike" => (Kind::StringLike, false),
            "stringnotlike" => (Kind::StringLike, true),
            "numericequals" => (Kind::Numeric(Order::Equals), false),
            "numericnotequals" => (Kind::Numeric(Order::Equals), true),
            "numericlessthan" => (Kind::Numeric(Order::Less), false),
            "numericlessthanequals" => (Kind::Numeric(Order::LessOrEqual), false),
            "numericgreaterthan" => (Kind::Numeric(Order::Greater), false),
            "numericgreaterthanequals" => (Kind::Numeric(Order::GreaterOrEqual), false),
            "dateequals" => (Kind::Date(Order::Equals), false),
            "datenotequals" => (Kind::Date(Order::Equals), true),
            "datelessthan" => (Kind::Date(Order::Less), false),
            "datelessthanequals" => (Kind::Date(Order::LessOrEqual), false),
            "dategreaterthan" => (Kind::Date(Order::Greater), false),
            "dategreaterthanequals" => (Kind::Date(Order::GreaterOrEqual), false),
            "bool" => (Kind::Bool, false),
            "binaryequals" => (Kind::Binary, false),
            "ipaddress" => (Kind::IpAddress, false),
            "notipaddress" => (Kind::IpAddress, true),
            // ArnEquals and ArnLike behave identically.
            "arnequals" | "arnlike" => (Kind::Arn, false),
            "arnnotequals" | "arnnotlike" => (Kind::Arn, true),
            "null" => (Kind::Null, false),
            _ => return None,
        };
        Some(Self { kind, negated, if_exists, set })
    }
}

/// A value of a policy, compiled for its operator.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// Text, with variables and perhaps wildcards.
    Text(Template),
    Number(f64),
    Time(Timestamp),
    Flag(bool),
    Bytes(Box<[u8]>),
    /// An address and how many bits of it count.
    Network(IpAddr, u8),
    /// Not what the operator compares: it matches nothing.
    Invalid,
}

impl Wanted {
    /// `variables`: whether the policy's version knows them. They stand under string, ARN and Bool operators only.
    pub fn new(kind: Kind, text: &str, variables: bool) -> Self {
        match kind {
            Kind::String | Kind::StringIgnoreCase => {
                Self::Text(Template::new(text, Marks { wildcards: false, variables }))
            }
            Kind::StringLike | Kind::Arn => Self::Text(Template::new(text, Marks { wildcards: true, variables })),
            Kind::Bool if variables && text.contains("${") => {
                Self::Text(Template::new(text, Marks { wildcards: false, variables }))
            }
            Kind::Bool | Kind::Null => flag(text).map_or(Self::Invalid, Self::Flag),
            Kind::Numeric(_) => number(text).map_or(Self::Invalid, Self::Number),
            Kind::Date(_) => time(text).map_or(Self::Invalid, Self::Time),
            Kind::Binary => bytes(text).map_or(Self::Invalid, |bytes| Self::Bytes(bytes.into())),
            Kind::IpAddress => network(text).map_or(Self::Invalid, |(address, bits)| Self::Network(address, bits)),
        }
    }
}

/// Whether a request's value is what the operator compares at all; if not, neither an operator nor its negation holds.
pub fn is_valid(kind: Kind, value: &str) -> bool {
    match kind {
        Kind::String | Kind::StringIgnoreCase | Kind::StringLike | Kind::Null => true,
        Kind::Numeric(_) => number(value).is_some(),
        Kind::Date(_) => time(value).is_some(),
        Kind::Bool => flag(value).is_some(),
        Kind::Binary => bytes(value).is_some(),
        Kind::IpAddress => value.parse::<IpAddr>().is_ok(),
        Kind::Arn => arn_parts(value).is_some(),
    }
}

/// Compares a value without variables. None: the policy's value is not what the operator compares.
pub fn compare(kind: Kind, wanted: &Wanted, value: &str) -> Option<bool> {
    Some(match (kind, wanted) {
        (_, Wanted::Invalid | Wanted::Text(_)) => return None,
        (Kind::Numeric(order), Wanted::Number(wanted)) => {
            number(value).and_then(|value| value.partial_cmp(wanted)).is_some_and(|ordering| order.holds(ordering))
        }
        (Kind::Date(order), Wanted::Time(wanted)) => time(value).is_some_and(|value| order.holds(value.cmp(wanted))),
        (Kind::Bool, Wanted::Flag(wanted)) => flag(value) == Some(*wanted),
        (Kind::Binary, Wanted::Bytes(wanted)) => bytes(value).is_some_and(|value| *value == **wanted),
        (Kind::IpAddress, Wanted::Network(network, bits)) => {
            value.parse().is_ok_and(|value| within(value, *network, *bits))
        }
        _ => return None,
    })
}

/// Compares text: `wanted` is the policy's value with its variables filled in.
pub fn compare_text(kind: Kind, wanted: &Glob, value: &str) -> Option<bool> {
    match kind {
        Kind::StringIgnoreCase => Some(wanted.exact()?.to_lowercase() == value.to_lowercase()),
        Kind::Arn => arn_like(wanted, value),
        Kind::Bool => Some(flag(wanted.exact()?)? == flag(value)?),
        _ => Some(wanted.matches(value)),
    }
}

/// Part by part; `*` alone stands for every ARN. None: the pattern is no ARN.
fn arn_like(wanted: &Glob, value: &str) -> Option<bool> {
    if wanted.is_all() {
        return Some(true);
    }
    let value = arn_parts(value)?;
    let pattern = wanted.split(':', 6);
    if pattern.len() != 6 {
        return None;
    }
    Some(pattern.iter().zip(value).all(|(pattern, value)| pattern.matches(value)))
}

fn arn_parts(text: &str) -> Option<[&str; 6]> {
    let parts: [&str; 6] = text.splitn(6, ':').collect::<Vec<_>>().try_into().ok()?;
    (parts[0] == "arn" && !parts[1].is_empty() && !parts[2].is_empty()).then_some(parts)
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

fn flag(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).ok()
}

/// Seconds since 1970, or one of the W3C's forms of ISO 8601, from the year alone to fractions of a second.
fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>()
        && text.len() > 4
    {
        // Within the range of a timestamp, and finer than anybody compares.
        #[expect(clippy::cast_possible_truncation, reason = "from_millisecond refuses what is out of range")]
        return Timestamp::from_millisecond((seconds * 1_000.0).round() as i64).ok();
    }
    let date = |text: &str| -> Option<Timestamp> {
        let date: Date = text.parse().ok()?;
        jiff::tz::TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()
    };
    match text.len() {
        4 => date(&format!("{text}-01-01")),
        7 => date(&format!("{text}-01")),
        10 => date(text),
        // `2012-10-17T00:00Z` has no seconds.
        _ => text.parse().ok().or_else(|| {
            let (minutes, zone) = text.split_at_checked(16)?;
            format!("{minutes}:00{zone}").parse().ok()
        }),
    }
}

fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Some(most), |bits| bits.parse().ok())?;
    (bits <= most).then_some((address, bits))
}

fn within(value: IpAddr, network: IpAddr, bits: u8) -> bool {
    match (value, network) {
        (IpAddr::V4(value), IpAddr::V4(network)) => {
            bits == 0 || (value.to_bits() ^ network.to_bits()) >> (32 - u32::from(bits)) == 0
        }
        (IpAddr::V6(value), IpAddr::V6(network)) => {
            bits == 0 || (value.to_bits() ^ network.to_bits()) >> (128 - u32::from(bits)) == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_is_known_in_every_form() {
        for name in
            ["StringEquals", "stringnotlikeIFEXISTS", "ForAllValues:ArnLike", "ForAnyValue:NotIpAddress", "Null"]
        {
            assert!(Operator::parse(name).is_some(), "{name}");
        }
        for name in ["StringMatches", "ForSome:StringEquals", ""] {
            assert!(Operator::parse(name).is_none(), "{name}");
        }
    }

    #[test]
    fn times_in_every_form_of_the_w3c_and_as_seconds() {
        let wanted = time("2018-08-10T00:00:00Z");
        assert!(wanted.is_some());
        for text in ["2018-08-10", "1533859200", "1533859200.0", "2018-08-10T02:00:00+02:00", "2018-08-10T00:00Z"] {
            assert_eq!(time(text), wanted, "{text}");
        }
        assert_eq!(time("2018"), time("2018-01-01"));
        assert_eq!(time("2018-08"), time("2018-08-01T00:00:00.000Z"));
        assert!(time("a").is_none());
    }

    #[test]
    fn networks_are_compared_by_their_bits() {
        for (network_text, value, wanted) in [
            ("10.0.0.0/8", "10.1.2.3", Some(true)),
            ("10.0.0.0/8", "11.1.2.3", Some(false)),
            ("0.0.0.0/0", "11.1.2.3", Some(true)),
            ("fe80::/10", "fe80::1", Some(true)),
            ("fe80::/10", "10.0.0.1", Some(false)),
            ("::/0", "2001:db8::1", Some(true)),
            ("10.0.0.0/33", "10.0.0.1", None),
        ] {
            let wanted_value = Wanted::new(Kind::IpAddress, network_text, true);
            assert_eq!(compare(Kind::IpAddress, &wanted_value, value), wanted, "{network_text} {value}");
        }
    }

    #[test]
    fn arns_are_compared_part_by_part() {
        let like = |pattern: &str, value: &str| arn_like(&Glob::new(pattern), value);
        assert_eq!(like("arn:aw*:ec?:us-*-1:*:instance/i-*", "arn:aws:ec2:us-east-1:1:instance/i-0"), Some(true));
        assert_eq!(like("arn:aws:iam::1:*", "arn:aws:iam::1:root"), Some(true));
        assert_eq!(like("arn:aws:*:1:*", "arn:aws:iam::1:root"), None);
        assert_eq!(like("arn:aws:iam::1:user/a", "arn:aws:iam::1:user/A"), Some(false));
    }
}
