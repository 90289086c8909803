use std::net::IpAddr;

use jiff::Timestamp;

/// The known facts about a condition key of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// The request has the key with exactly these values. A single-valued key has one value.
    Values(Vec<String>),
    /// The request does not have the key.
    Absent,
    /// The request has the key with these values, and possibly with others. An empty list means
    /// that the request has the key with unknown values.
    AtLeast(Vec<String>),
    /// The request has the key with exactly the values of one of these alternatives. An empty
    /// alternative means that the request does not have the key.
    OneOf(Vec<Vec<String>>),
    /// The request has the key with one value, which matches this pattern with the wildcards `*`
    /// and `?`.
    Like(String),
    /// The request does not have the key, or has it with one value that is not among these.
    NoneOf(Vec<String>),
    /// The request has the key with a time that is not before this one.
    NotBefore(Timestamp),
    /// The request does not have the key, or has it with an address of AWS that AWS does not
    /// publish.
    AddressOfAws,
    /// Nothing is known: the request may or may not have the key.
    Nothing,
}

/// The known facts about one value of a condition key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Actual<'r> {
    Value(&'r str),
    Like(&'r str),
    NoneOf(&'r [String]),
    NotBefore(Timestamp),
    AddressOfAws,
    Anything,
}

/// The values of a condition key in one of the possible cases.
#[derive(Debug, Clone, Copy)]
pub(super) enum Case<'r> {
    Absent,
    Values(&'r [String]),
    /// These values and possibly others.
    AtLeast(&'r [String]),
    One(Actual<'r>),
}

impl Known {
    /// The value, if there is exactly one and it is known.
    pub(super) fn value(&self) -> Option<&str> {
        match self {
            Self::Values(values) => match values.as_slice() {
                [value] => Some(value),
                _ => None,
            },
            _ => None,
        }
    }

    /// Returns whether the values of the request are known exactly.
    pub fn is_certain(&self) -> bool {
        matches!(self, Self::Values(_) | Self::Absent)
    }

    /// Returns the result of `holds` if it is the same in every possible case; `None` if the cases
    /// differ.
    pub(super) fn in_all_cases<T: PartialEq>(&self, holds: impl Fn(Case<'_>) -> T) -> Option<T> {
        let of = |values| if <[String]>::is_empty(values) { Case::Absent } else { Case::Values(values) };
        let both = |actual| {
            let absent = holds(Case::Absent);
            (absent == holds(actual)).then_some(absent)
        };
        match self {
            Self::Values(values) => Some(holds(of(values))),
            Self::Absent => Some(holds(Case::Absent)),
            Self::AtLeast(values) => Some(holds(Case::AtLeast(values))),
            Self::OneOf(alternatives) => {
                let mut each = alternatives.iter().map(|values| holds(of(values)));
                let first = each.next()?;
                each.all(|next| next == first).then_some(first)
            }
            Self::Like(pattern) => Some(holds(Case::One(Actual::Like(pattern)))),
            Self::NoneOf(values) => both(Case::One(Actual::NoneOf(values))),
            Self::NotBefore(time) => Some(holds(Case::One(Actual::NotBefore(*time)))),
            Self::AddressOfAws => both(Case::One(Actual::AddressOfAws)),
            Self::Nothing => both(Case::One(Actual::Anything)),
        }
    }
}

/// Returns whether a range that a policy names can contain an address from which AWS calls another
/// AWS service. AWS does not publish these addresses, so only a very large range can happen to
/// contain one.
pub(super) fn may_contain_aws(address: IpAddr, bits: u32) -> bool {
    /// The longest prefix of ranges that can contain such an address.
    const WIDEST: (u32, u32) = (15, 31);
    match address {
        // `aws:SourceIp` compares public addresses.
        IpAddr::V4(address) => bits <= WIDEST.0 && !(address.is_private() && bits >= 8),
        IpAddr::V6(_) => bits <= WIDEST.1,
    }
}
