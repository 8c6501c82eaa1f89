//! The condition operators, each for one value of a policy and one value of a request.
//!
//! Source: reference_policies_elements_condition_operators.

use std::net::IpAddr;

use jiff::Timestamp;
use jiff::civil::Date;

use super::arn::{self, ArnPattern};
use super::context::{Context, Missing};
use super::template::{Filled, Marks, Template};

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
    Arn(ArnPattern),
    Number(f64),
    Time(Timestamp),
    Flag(bool),
    /// A flag that a variable holds.
    OpenFlag(Template),
    Bytes(Box<[u8]>),
    /// An address and how many bits of it count.
    Network(IpAddr, u8),
    /// Not what the operator compares: it matches nothing.
    Invalid,
}

/// What comparing one value of a request with one of a policy comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    Is(bool),
    /// It hangs on a variable that is not known.
    Unknown,
    /// The policy's value is a variable without a value: nothing is equal to it.
    NoValue,
    /// The policy's value is not what the operator compares.
    Invalid,
}

impl From<Filled<bool>> for Compared {
    fn from(filled: Filled<bool>) -> Self {
        match filled {
            Filled::Value(is) => Self::Is(is),
            Filled::Missing => Self::NoValue,
            Filled::Unknown => Self::Unknown,
        }
    }
}

/// A value of a request, read once for its operator.
#[derive(Clone, Debug, PartialEq)]
pub enum Given<'a> {
    Text(&'a str),
    Arn([&'a str; 6]),
    Number(f64),
    Time(Timestamp),
    Flag(bool),
    Bytes(Vec<u8>),
    Address(IpAddr),
}

impl<'a> Given<'a> {
    /// None: the value is not what the operator compares, so that neither it nor its negation holds.
    pub fn read(kind: Kind, value: &'a str) -> Option<Self> {
        match kind {
            Kind::String | Kind::StringIgnoreCase | Kind::StringLike | Kind::Null => Some(Self::Text(value)),
            Kind::Numeric(_) => number(value).map(Self::Number),
            Kind::Date(_) => time(value).map(Self::Time),
            Kind::Bool => flag(value).map(Self::Flag),
            Kind::Binary => bytes(value).map(Self::Bytes),
            Kind::IpAddress => value.parse().ok().map(Self::Address),
            Kind::Arn => arn::parts(value).map(Self::Arn),
        }
    }
}

impl Wanted {
    /// `variables`: whether the policy's version knows them. They stand under string, ARN and Bool operators only.
    pub fn new(kind: Kind, text: &str, variables: bool) -> Self {
        let template = |wildcards: bool| Template::new(text, Marks { wildcards, variables });
        match kind {
            Kind::String | Kind::StringIgnoreCase => Self::Text(template(false)),
            Kind::StringLike => Self::Text(template(true)),
            Kind::Arn => Self::Arn(ArnPattern::new(text, variables)),
            Kind::Bool if variables && text.contains("${") => Self::OpenFlag(template(false)),
            Kind::Bool | Kind::Null => flag(text).map_or(Self::Invalid, Self::Flag),
            Kind::Numeric(_) => number(text).map_or(Self::Invalid, Self::Number),
            Kind::Date(_) => time(text).map_or(Self::Invalid, Self::Time),
            Kind::Binary => bytes(text).map_or(Self::Invalid, |bytes| Self::Bytes(bytes.into())),
            Kind::IpAddress => network(text).map_or(Self::Invalid, |(address, bits)| Self::Network(address, bits)),
        }
    }

    pub fn compare(&self, kind: Kind, given: &Given<'_>, context: &Context, missing: &mut Missing<'_>) -> Compared {
        match (self, given) {
            (Self::Text(wanted), Given::Text(value)) if kind == Kind::StringIgnoreCase => {
                wanted.equals_ignoring_case(value, context, missing).into()
            }
            (Self::Text(wanted), Given::Text(value)) => wanted.matches(value, context, missing).into(),
            (Self::Arn(wanted), Given::Arn(value)) => wanted.compare(value, context, missing),
            (Self::OpenFlag(wanted), Given::Flag(value)) => {
                wanted.equals_ignoring_case(if *value { "true" } else { "false" }, context, missing).into()
            }
            (Self::Flag(wanted), Given::Flag(value)) => Compared::Is(wanted == value),
            (Self::Bytes(wanted), Given::Bytes(value)) => Compared::Is(**wanted == **value),
            (Self::Network(network, bits), Given::Address(value)) => Compared::Is(within(*value, *network, *bits)),
            (Self::Number(wanted), Given::Number(value)) => match (kind, value.partial_cmp(wanted)) {
                (Kind::Numeric(order), Some(ordering)) => Compared::Is(order.holds(ordering)),
                _ => Compared::Invalid,
            },
            (Self::Time(wanted), Given::Time(value)) => match kind {
                Kind::Date(order) => Compared::Is(order.holds(value.cmp(wanted))),
                _ => Compared::Invalid,
            },
            _ => Compared::Invalid,
        }
    }
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

/// Seconds since 1970, or one of the W3C's forms of ISO 8601, from the year alone to fractions of a second. Four digits
/// are a year.
fn time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() != 4
        && let Some(seconds) = number(text)
    {
        // Within the range of a timestamp, and finer than anybody compares.
        #[expect(clippy::cast_possible_truncation, reason = "from_millisecond refuses what is out of range")]
        return Timestamp::from_millisecond((seconds * 1_000.0).round() as i64).ok();
    }
    let midnight = |date: Date| jiff::tz::TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok();
    match text.len() {
        4 => midnight(Date::new(text.parse().ok()?, 1, 1).ok()?),
        7 => {
            let (year, month) = text.split_once('-')?;
            midnight(Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()?)
        }
        10 => midnight(text.parse().ok()?),
        _ => text.parse().ok().or_else(|| {
            // `2012-10-17T00:00Z` has no seconds.
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

    /// None of the values here is a variable.
    fn compare(operator: &str, wanted: &str, value: &str) -> Compared {
        let kind = Operator::parse(operator).expect("an operator").kind;
        let given = Given::read(kind, value).expect("a value of its kind");
        Wanted::new(kind, wanted, true).compare(kind, &given, &Context::default(), &mut Missing::default())
    }

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
        assert_eq!(time("0"), Some(Timestamp::UNIX_EPOCH));
        for text in ["a", "", "2018-13", "2018-1-1", "99/9-01", "infinity", "nan", "2018-08-10T00:00", "éé-01"] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    #[test]
    fn networks_are_compared_by_their_bits() {
        for (network_text, value, wanted) in [
            ("10.0.0.0/8", "10.1.2.3", Compared::Is(true)),
            ("10.0.0.0/8", "11.1.2.3", Compared::Is(false)),
            ("10.1.2.3", "10.1.2.3", Compared::Is(true)),
            ("0.0.0.0/0", "11.1.2.3", Compared::Is(true)),
            ("fe80::/10", "fe80::1", Compared::Is(true)),
            ("fe80::/10", "10.0.0.1", Compared::Is(false)),
            ("::/0", "2001:db8::1", Compared::Is(true)),
            ("2001:DB8:0:0::8a2e", "2001:db8::8a2e", Compared::Is(true)),
            ("10.0.0.0/33", "10.0.0.1", Compared::Invalid),
            ("10.0.0.0/x", "10.0.0.1", Compared::Invalid),
        ] {
            assert_eq!(compare("IpAddress", network_text, value), wanted, "{network_text} {value}");
        }
    }
}
