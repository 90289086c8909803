//! Turns one condition and a request into whether it holds.
//!
//! See "IAM JSON policy elements: Condition operators", "Condition operators with multiple context keys or values"
//! and "Set operators for multivalued context keys" in the IAM user guide.

use std::net::IpAddr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Request;
use crate::Condition;
use crate::pattern::{Piece, Syntax, matches, pieces, resolve, text_matches};

/// Whether the condition holds; `None` where that is unknown: the operator is not one of IAM's, a wanted
/// value is malformed for the operator, or a variable has no value.
pub(super) fn holds(condition: &Condition<'_>, request: &Request, variables: bool) -> Option<bool> {
    let operator = Operator::parse(condition.operator)?;
    let actual = request.values(condition.key);
    if operator.test == Test::Null {
        return any(condition.values.iter().map(|value| Some(parse_bool(value)? == actual.is_empty())));
    }
    if actual.is_empty() {
        return Some(match operator.set {
            _ if operator.if_exists => true,
            Some(Set::All) => true,
            Some(Set::Any) => false,
            None => operator.is_negated,
        });
    }
    let satisfies = |actual: &String| {
        let wanted = condition.values.iter().map(|value| operator.test.wanted(value, request, variables));
        let fits = any(wanted.map(|wanted| wanted.map(|wanted| wanted.is(actual))));
        fits.map(|fits| fits != operator.is_negated)
    };
    let each = actual.iter().map(satisfies);
    match (operator.set, operator.is_negated) {
        (Some(Set::Any), _) | (None, false) => any(each),
        // Without a set operator, a negated operator has to hold for every value of the request.
        (Some(Set::All), _) | (None, true) => any(each.map(not)).map(|any| !any),
    }
}

/// Whether one of them is true; `None` if none is true and one is unknown.
fn any(of: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut result = Some(false);
    for next in of {
        match next {
            Some(true) => return Some(true),
            Some(false) => {}
            None => result = None,
        }
    }
    result
}

fn not(truth: Option<bool>) -> Option<bool> {
    truth.map(|truth| !truth)
}

/// A condition operator taken apart: `ForAnyValue:StringNotLikeIfExists`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operator {
    set: Option<Set>,
    test: Test,
    /// Whether it asks that no value fits.
    pub(crate) is_negated: bool,
    /// Whether it holds where the request does not have the key.
    if_exists: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    All,
    Any,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    Equals,
    EqualsIgnoreCase,
    Like,
    Arn,
    Numeric(Order),
    Date(Order),
    Bool,
    Binary,
    Ip,
    Null,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Operator {
    /// None for what is no operator.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (set, name) = match name.split_once(':') {
            Some(("ForAllValues", rest)) => (Some(Set::All), rest),
            Some(("ForAnyValue", rest)) => (Some(Set::Any), rest),
            Some(_) => return None,
            None => (None, name),
        };
        let (name, if_exists) = match name.strip_suffix("IfExists") {
            Some(rest) => (rest, true),
            None => (name, false),
        };
        let (test, is_negated) = match name {
            "StringEquals" => (Test::Equals, false),
            "StringNotEquals" => (Test::Equals, true),
            "StringEqualsIgnoreCase" => (Test::EqualsIgnoreCase, false),
            "StringNotEqualsIgnoreCase" => (Test::EqualsIgnoreCase, true),
            "StringLike" => (Test::Like, false),
            "StringNotLike" => (Test::Like, true),
            "ArnEquals" | "ArnLike" => (Test::Arn, false),
            "ArnNotEquals" | "ArnNotLike" => (Test::Arn, true),
            "NumericEquals" => (Test::Numeric(Order::Equal), false),
            "NumericNotEquals" => (Test::Numeric(Order::Equal), true),
            "NumericLessThan" => (Test::Numeric(Order::Less), false),
            "NumericLessThanEquals" => (Test::Numeric(Order::LessOrEqual), false),
            "NumericGreaterThan" => (Test::Numeric(Order::Greater), false),
            "NumericGreaterThanEquals" => (Test::Numeric(Order::GreaterOrEqual), false),
            "DateEquals" => (Test::Date(Order::Equal), false),
            "DateNotEquals" => (Test::Date(Order::Equal), true),
            "DateLessThan" => (Test::Date(Order::Less), false),
            "DateLessThanEquals" => (Test::Date(Order::LessOrEqual), false),
            "DateGreaterThan" => (Test::Date(Order::Greater), false),
            "DateGreaterThanEquals" => (Test::Date(Order::GreaterOrEqual), false),
            "Bool" => (Test::Bool, false),
            "BinaryEquals" => (Test::Binary, false),
            "IpAddress" => (Test::Ip, false),
            "NotIpAddress" => (Test::Ip, true),
            "Null" if !if_exists => (Test::Null, false),
            _ => return None,
        };
        Some(Self { set, test, is_negated, if_exists })
    }

    /// Whether `*` and `?` in its values are wildcards.
    pub(crate) fn has_wildcards(self) -> bool {
        matches!(self.test, Test::Like | Test::Arn)
    }

    /// Whether the text is taken as it is, and not as a number, a date, an address or a pattern.
    pub(crate) fn is_of_text(self) -> bool {
        matches!(self.test, Test::Equals | Test::Like)
    }

    /// Whether its values are ARNs, compared component by component.
    pub(crate) fn is_of_arns(self) -> bool {
        self.test == Test::Arn
    }

    /// Whether it says `IfExists`, and so holds for a request without the key.
    pub(crate) fn allows_absence(self) -> bool {
        self.if_exists
    }

    /// The same operator without `IfExists`; whatever satisfies that one satisfies this one, too.
    pub(crate) fn strict(self) -> Self {
        Self { if_exists: false, ..self }
    }

    /// The `Like` variant of the operator, where it has one.
    pub(crate) fn like(self) -> Self {
        match self.test {
            Test::Equals => Self { test: Test::Like, ..self },
            _ => self,
        }
    }
}

/// A value of a condition, ready to be compared.
enum Wanted<'w> {
    Exact(&'w str),
    /// A pattern without variables.
    Like(&'w str),
    /// An ARN with wildcards and without variables.
    ArnLike(&'w str),
    Text(Vec<Piece<'w>>),
    TextIgnoreCase(String),
    Arn(Vec<Piece<'w>>),
    Number(Order, f64),
    Date(Order, Timestamp),
    Bool(bool),
    Ip(Network),
}

impl Test {
    fn wanted<'w>(self, value: &'w str, request: &'w Request, variables: bool) -> Option<Wanted<'w>> {
        let text =
            |wildcards| resolve(&pieces(value, Syntax { wildcards, variables }), |key| request.variable(key));
        let is_plain = !variables || !value.contains("${");
        Some(match self {
            Self::Equals if is_plain => Wanted::Exact(value),
            Self::Like if is_plain => Wanted::Like(value),
            Self::Arn if is_plain => Wanted::ArnLike(value),
            Self::Equals => Wanted::Text(text(false)?),
            Self::Like => Wanted::Text(text(true)?),
            Self::Arn => Wanted::Arn(text(true)?),
            Self::EqualsIgnoreCase => {
                let characters = text(false)?.into_iter().filter_map(|piece| match piece {
                    Piece::Char(character) => Some(character),
                    _ => None,
                });
                Wanted::TextIgnoreCase(characters.collect::<String>().to_lowercase())
            }
            Self::Numeric(order) => Wanted::Number(order, value.parse().ok()?),
            Self::Date(order) => Wanted::Date(order, parse_date(value)?),
            Self::Bool => Wanted::Bool(parse_bool(value)?),
            Self::Binary => Wanted::Exact(value),
            Self::Ip => Wanted::Ip(Network::parse(value)?),
            Self::Null => return None,
        })
    }
}

impl Wanted<'_> {
    fn is(&self, actual: &str) -> bool {
        match self {
            Self::Exact(wanted) => *wanted == actual,
            Self::Like(wanted) => text_matches(wanted, actual),
            Self::ArnLike(wanted) => is_plain_arn_like(wanted, actual),
            Self::Text(pattern) => matches(pattern, actual),
            Self::TextIgnoreCase(wanted) => *wanted == actual.to_lowercase(),
            Self::Arn(pattern) => is_arn_like(pattern, actual),
            Self::Number(order, wanted) => {
                actual.parse::<f64>().is_ok_and(|actual| order.holds(&actual, wanted))
            }
            Self::Date(order, wanted) => {
                parse_date(actual).is_some_and(|actual| order.holds(&actual, wanted))
            }
            Self::Bool(wanted) => parse_bool(actual) == Some(*wanted),
            Self::Ip(network) => actual.parse().is_ok_and(|address| network.contains(address)),
        }
    }
}

impl Order {
    fn holds<T: PartialOrd>(self, actual: &T, wanted: &T) -> bool {
        match self {
            Self::Equal => actual == wanted,
            Self::Less => actual < wanted,
            Self::LessOrEqual => actual <= wanted,
            Self::Greater => actual > wanted,
            Self::GreaterOrEqual => actual >= wanted,
        }
    }
}

/// The six components of an ARN are compared one by one, so that no wildcard reaches into the next one.
fn is_arn_like(pattern: &[Piece<'_>], actual: &str) -> bool {
    let wanted: Vec<&[Piece<'_>]> = pattern.splitn(6, |piece| *piece == Piece::Char(':')).collect();
    let actual: Vec<&str> = actual.splitn(6, ':').collect();
    // The one wildcard that stands for a whole ARN.
    pattern == [Piece::Any]
        || (wanted.len() == actual.len()
            && wanted.iter().zip(actual).all(|(wanted, actual)| matches(wanted, actual)))
}

/// The same for a pattern without variables.
fn is_plain_arn_like(pattern: &str, actual: &str) -> bool {
    let (mut wanted, mut actual) = (pattern.splitn(6, ':'), actual.splitn(6, ':'));
    let mut are_alike = || loop {
        match (wanted.next(), actual.next()) {
            (Some(wanted), Some(actual)) if text_matches(wanted, actual) => {}
            (None, None) => return true,
            _ => return false,
        }
    };
    pattern == "*" || are_alike()
}

fn parse_bool(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else {
        text.eq_ignore_ascii_case("false").then_some(false)
    }
}

/// A W3C date, with or without a time, or seconds since 1970.
fn parse_date(text: &str) -> Option<Timestamp> {
    if let Ok(seconds) = text.parse() {
        return Timestamp::from_second(seconds).ok();
    }
    text.parse().ok().or_else(|| {
        let midnight = text.parse::<Date>().ok()?.at(0, 0, 0, 0);
        TimeZone::UTC.to_timestamp(midnight).ok()
    })
}

/// A range of addresses in CIDR form; a bare address is a range of one.
struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(width);
        (bits <= width).then_some(Self { address, bits })
    }

    fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                let differ = u32::from(ours) ^ u32::from(theirs);
                self.bits == 0 || differ.checked_shr(32 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                let differ = u128::from(ours) ^ u128::from(theirs);
                self.bits == 0 || differ.checked_shr(128 - self.bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}
