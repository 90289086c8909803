//! Evaluates one condition for a request.
//!
//! See "IAM JSON policy elements: Condition operators", "Condition operators with multiple context
//! keys or values" and "Set operators for multivalued context keys" in the IAM user guide.

use std::net::IpAddr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Request;
use super::known::{Actual, Case, may_contain_aws};
use crate::Condition;
use crate::pattern::{Piece, Syntax, are_disjoint, includes, matches, pieces, resolve, text_matches};

/// A truth value in the three-valued logic of Kleene, extended by [`Truth::Undefined`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Truth {
    True,
    False,
    /// The value depends on this condition key, about which too little is known.
    Unknown(String),
    /// The condition has no known meaning: IAM does not have the operator, a wanted value is
    /// malformed for the operator, or a variable has no value.
    Undefined,
}

impl Truth {
    pub(super) fn of(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }

    pub(super) fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            other => other,
        }
    }

    /// Returns whether at least one of the values is true. Unknown outweighs undefined, because an
    /// unknown value can be true.
    pub(super) fn any(of: impl Iterator<Item = Self>) -> Self {
        let mut result = Self::False;
        for next in of {
            match (&result, next) {
                (_, Self::True) => return Self::True,
                (_, Self::False) | (Self::Unknown(_), _) => {}
                (_, next) => result = next,
            }
        }
        result
    }

    fn all(of: impl Iterator<Item = Self>) -> Self {
        Self::any(of.map(Self::not)).not()
    }
}

/// Returns whether the condition at `index` of a statement holds together with the following
/// conditions on the same key. If a key has one of several possible values, a single value must
/// satisfy all of these conditions.
pub(super) fn holds(conditions: &[Condition<'_>], index: usize, request: &Request, variables: bool) -> Truth {
    let Some((condition, others)) = conditions.get(index..).and_then(<[_]>::split_first) else {
        return Truth::True;
    };
    let key = condition.key;
    let holds_in = |condition: &Condition<'_>, case: Case<'_>| match Operator::parse(condition.operator) {
        Some(operator) => {
            let wanted =
                || condition.values.iter().map(|value| operator.test.wanted(value, request, variables));
            operator.holds(case, wanted, key)
        }
        None => Truth::Undefined,
    };
    let known = request.known(key);
    let in_all_cases = if known.is_certain() {
        known.in_all_cases(|case| holds_in(condition, case))
    } else {
        let others = || others.iter().filter(|other| other.key.eq_ignore_ascii_case(key));
        known.in_all_cases(|case| {
            Truth::all(std::iter::once(condition).chain(others()).map(|it| holds_in(it, case)))
        })
    };
    in_all_cases.unwrap_or_else(|| Truth::Unknown(key.to_owned()))
}

/// The parts of a condition operator, such as `ForAnyValue:StringNotLikeIfExists`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operator {
    set: Option<Set>,
    test: Test,
    /// Whether the operator requires that no value matches.
    pub(crate) is_negated: bool,
    /// Whether the condition holds if the request does not have the key.
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
    /// Parses an operator. Returns `None` if IAM does not have it.
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

    /// Returns whether a condition with this operator holds for one possible set of values of the
    /// key.
    fn holds<'w, I>(self, case: Case<'_>, wanted: impl Fn() -> I, key: &str) -> Truth
    where
        I: Iterator<Item = Result<Wanted<'w>, Truth>>,
    {
        if self.test == Test::Null {
            let is_absent = matches!(case, Case::Absent);
            return Truth::any(wanted().map(|wanted| match wanted {
                Ok(Wanted::Bool(wanted)) => Truth::of(wanted == is_absent),
                Ok(_) => Truth::Undefined,
                Err(truth) => truth,
            }));
        }
        let satisfies = |actual: Actual<'_>| {
            let fits = Truth::any(wanted().map(|wanted| match wanted {
                Ok(wanted) => wanted.is(actual).map_or_else(|| Truth::Unknown(key.to_owned()), Truth::of),
                Err(truth) => truth,
            }));
            if self.is_negated { fits.not() } else { fits }
        };
        let (values, other) = match case {
            Case::Absent => {
                let holds = self.if_exists
                    || match self.set {
                        Some(set) => set == Set::All,
                        None => self.is_negated,
                    };
                return Truth::of(holds);
            }
            Case::Values(values) => (values, None),
            Case::AtLeast(values) => (values, Some(Actual::Anything)),
            Case::One(actual) => (&[][..], Some(actual)),
        };
        let each = values.iter().map(|value| Actual::Value(value)).chain(other).map(satisfies);
        match (self.set, self.is_negated) {
            (Some(Set::Any), _) | (None, false) => Truth::any(each),
            // Without a set operator, a negated operator must hold for every value of the request.
            (Some(Set::All), _) | (None, true) => Truth::all(each),
        }
    }

    /// Returns whether `*` and `?` are wildcards in the values of this operator.
    pub(crate) fn has_wildcards(self) -> bool {
        matches!(self.test, Test::Like | Test::Arn)
    }

    /// Returns whether the operator compares plain text, not numbers, dates, addresses or patterns.
    pub(crate) fn is_of_text(self) -> bool {
        matches!(self.test, Test::Equals | Test::Like)
    }

    /// Returns whether the values are ARNs, which are compared component by component.
    pub(crate) fn is_of_arns(self) -> bool {
        self.test == Test::Arn
    }

    /// Returns whether the operator has the suffix `IfExists`, so that it holds for a request
    /// without the key.
    pub(crate) fn allows_absence(self) -> bool {
        self.if_exists
    }

    /// Returns whether the operator only tests whether the request has the key.
    pub(crate) fn is_null(self) -> bool {
        self.test == Test::Null
    }

    /// Returns whether the operator can hold for a request without the key: it contains `IfExists`
    /// or `ForAllValues`.
    pub(crate) fn may_lack_the_key(self) -> bool {
        self.if_exists || self.set == Some(Set::All)
    }

    /// Returns the operator without `IfExists`. Every request that satisfies the result also
    /// satisfies this operator.
    pub(crate) fn strict(self) -> Self {
        Self { if_exists: false, ..self }
    }

    /// Returns the `Like` variant of the operator, if it has one.
    pub(crate) fn like(self) -> Self {
        match self.test {
            Test::Equals => Self { test: Test::Like, ..self },
            _ => self,
        }
    }
}

/// A parsed value of a condition.
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
    /// Parses a value of a condition. The error is the truth value of a condition whose value
    /// cannot be parsed.
    fn wanted<'w>(self, value: &'w str, request: &'w Request, variables: bool) -> Result<Wanted<'w>, Truth> {
        let text = |wildcards| resolved(value, Syntax { wildcards, variables }, request);
        let is_plain = !variables || !value.contains("${");
        let parsed = match self {
            Self::Equals if is_plain => Some(Wanted::Exact(value)),
            Self::Like if is_plain => Some(Wanted::Like(value)),
            Self::Arn if is_plain => Some(Wanted::ArnLike(value)),
            Self::Equals => Some(Wanted::Text(text(false)?)),
            Self::Like => Some(Wanted::Text(text(true)?)),
            Self::Arn => Some(Wanted::Arn(text(true)?)),
            Self::EqualsIgnoreCase => {
                let characters = text(false)?.into_iter().filter_map(|piece| match piece {
                    Piece::Char(character) => Some(character),
                    _ => None,
                });
                Some(Wanted::TextIgnoreCase(characters.collect::<String>().to_lowercase()))
            }
            Self::Numeric(order) => value.parse().ok().map(|number| Wanted::Number(order, number)),
            Self::Date(order) => parse_date(value).map(|date| Wanted::Date(order, date)),
            Self::Bool | Self::Null => parse_bool(value).map(Wanted::Bool),
            Self::Binary => Some(Wanted::Exact(value)),
            Self::Ip => Network::parse(value).map(Wanted::Ip),
        };
        parsed.ok_or(Truth::Undefined)
    }
}

/// Returns the pieces of a pattern with the values of its variables. The error is the truth value
/// of a condition with a variable that has no value.
pub(super) fn resolved<'p>(
    pattern: &'p str,
    syntax: Syntax,
    request: &'p Request,
) -> Result<Vec<Piece<'p>>, Truth> {
    let pieces = pieces(pattern, syntax);
    let uncertain = pieces.iter().find_map(|piece| match piece {
        Piece::Variable(variable) if !request.known(variable.key).is_certain() => Some(variable.key),
        _ => None,
    });
    match uncertain {
        Some(key) => Err(Truth::Unknown(key.to_owned())),
        None => resolve(&pieces, |key| request.known(key).value()).ok_or(Truth::Undefined),
    }
}

impl Wanted<'_> {
    /// Returns whether an actual value matches the wanted value; `None` if too little of the actual
    /// value is known.
    fn is(&self, actual: Actual<'_>) -> Option<bool> {
        match (actual, self) {
            (Actual::Value(actual), _) => Some(self.is_value(actual)),
            (Actual::NotBefore(bound), Self::Date(order, wanted)) => order.holds_from(&bound, wanted),
            (Actual::NotBefore(bound), Self::Number(order, wanted)) =>
            {
                #[expect(clippy::cast_precision_loss, reason = "exact for the next million years")]
                order.holds_from(&(bound.as_second() as f64), wanted)
            }
            (Actual::AddressOfAws, Self::Ip(network)) => {
                (!may_contain_aws(network.address, network.bits)).then_some(false)
            }
            (Actual::NoneOf(values), Self::Exact(wanted)) => {
                values.iter().any(|value| value == wanted).then_some(false)
            }
            (Actual::Like(actual), _) => self.is_like(&pieces(actual, Syntax::WILDCARDS)),
            _ => self.is_like(&[Piece::Any]),
        }
    }

    /// Returns whether every value of a pattern matches the wanted value (`true`), or no value does
    /// (`false`). Returns `None` if the answer depends on the value, or cannot be determined.
    fn is_like(&self, actual: &[Piece<'_>]) -> Option<bool> {
        let wildcards = |pattern| pieces(pattern, Syntax::WILDCARDS);
        let wanted = match self {
            Self::Exact(wanted) => pieces(wanted, Syntax { wildcards: false, variables: false }),
            Self::Like(wanted) => wildcards(wanted),
            Self::Text(wanted) => wanted.clone(),
            Self::ArnLike(wanted) => return is_arn_pattern_like(&wildcards(wanted), actual),
            Self::Arn(wanted) => return is_arn_pattern_like(wanted, actual),
            _ => return None,
        };
        match () {
            () if includes(&wanted, actual) => Some(true),
            () if are_disjoint(&wanted, actual) => Some(false),
            () => None,
        }
    }

    fn is_value(&self, actual: &str) -> bool {
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

    /// Returns `true` if the comparison holds for every actual value from `bound` on, and `false`
    /// if it holds for none of them. Returns `None` if the answer depends on the value.
    fn holds_from<T: PartialOrd>(self, bound: &T, wanted: &T) -> Option<bool> {
        match self {
            Self::Equal | Self::LessOrEqual => (wanted < bound).then_some(false),
            Self::Less => (wanted <= bound).then_some(false),
            Self::Greater => (wanted < bound).then_some(true),
            Self::GreaterOrEqual => (wanted <= bound).then_some(true),
        }
    }
}

/// Compares the six components of an ARN one by one, so that no wildcard extends into the next
/// component.
fn is_arn_like(pattern: &[Piece<'_>], actual: &str) -> bool {
    let wanted: Vec<&[Piece<'_>]> = pattern.splitn(6, |piece| *piece == Piece::Char(':')).collect();
    let actual: Vec<&str> = actual.splitn(6, ':').collect();
    // The only wildcard that stands for a whole ARN.
    pattern == [Piece::Any]
        || (wanted.len() == actual.len()
            && wanted.iter().zip(actual).all(|(wanted, actual)| matches(wanted, actual)))
}

/// Compares every ARN of a pattern as [`is_arn_like`] does. The wildcards of the pattern stay
/// within the components. Returns `None` if the answer depends on the ARN.
fn is_arn_pattern_like(wanted: &[Piece<'_>], actual: &[Piece<'_>]) -> Option<bool> {
    let components = |pattern| <[Piece<'_>]>::splitn(pattern, 6, |piece| *piece == Piece::Char(':'));
    let (wanted_parts, actual_parts): (Vec<_>, Vec<_>) =
        (components(wanted).collect(), components(actual).collect());
    match () {
        () if wanted == [Piece::Any] => Some(true),
        () if wanted_parts.len() != 6 || actual_parts.len() != 6 => None,
        () if wanted_parts.iter().zip(&actual_parts).all(|(wanted, actual)| includes(wanted, actual)) => {
            Some(true)
        }
        () if wanted_parts.iter().zip(&actual_parts).any(|(wanted, actual)| are_disjoint(wanted, actual)) => {
            Some(false)
        }
        () => None,
    }
}

/// Compares an ARN with a pattern without variables, as [`is_arn_like`] does.
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

/// Parses a W3C date, with or without a time, or seconds since 1970.
fn parse_date(text: &str) -> Option<Timestamp> {
    if let Ok(seconds) = text.parse() {
        return Timestamp::from_second(seconds).ok();
    }
    text.parse().ok().or_else(|| {
        let midnight = text.parse::<Date>().ok()?.at(0, 0, 0, 0);
        TimeZone::UTC.to_timestamp(midnight).ok()
    })
}

/// A range of addresses in CIDR notation; a bare address is a range of one.
pub(crate) struct Network {
    pub(crate) address: IpAddr,
    pub(crate) bits: u32,
}

impl Network {
    /// Parses a range of addresses. Returns `None` if the text is not a range.
    pub(crate) fn parse(text: &str) -> Option<Self> {
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

#[cfg(test)]
mod tests;
