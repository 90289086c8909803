//! Shares of calls, accounts or sessions.

use std::fmt;
use std::str::FromStr;

/// The whole, in the unit of a share: hundredths of a percent.
const WHOLE: u32 = 10_000;

/// A share between 0 % and 100 %, in hundredths of a percent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u32);

impl Share {
    /// 0 %.
    pub const NONE: Self = Self(0);
    /// 100 %.
    pub const ALL: Self = Self(WHOLE);

    /// A share in percent; values above 100 count as 100 %.
    pub const fn percent(percent: u32) -> Self {
        let share = percent.saturating_mul(100);
        Self(if share > WHOLE { WHOLE } else { share })
    }

    /// Whether the share is 0 %.
    pub fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Whether a random number is in the share.
    pub(super) fn contains(self, chance: u64) -> bool {
        chance % u64::from(WHOLE) < u64::from(self.0)
    }

    /// Half of the share.
    pub(super) fn halved(self) -> Self {
        Self(self.0.div_ceil(2))
    }

    /// Twice the share, but at most 100 %.
    pub(super) fn doubled(self) -> Self {
        Self(self.0.saturating_mul(2).min(WHOLE))
    }

    /// The sum of this share and another share that excludes it.
    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0).min(WHOLE))
    }
}

/// Formats the share, for example as `30%` or `0.25%`.
impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:02}", self.0 / 100, self.0 % 100);
        write!(f, "{}%", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl FromStr for Share {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let number = text.strip_suffix('%').ok_or(())?;
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(part) || part.len() > 2 {
            return Err(());
        }
        let whole: u32 = whole.parse().map_err(|_| ())?;
        let part: u32 = format!("{part:0<2}").parse().map_err(|_| ())?;
        let share = whole.checked_mul(100).and_then(|whole| whole.checked_add(part)).ok_or(())?;
        if share > WHOLE { Err(()) } else { Ok(Self(share)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for (text, share) in [
            ("0%", Share::NONE),
            ("30%", Share::percent(30)),
            ("0.25%", Share(25)),
            ("0.5%", Share(50)),
            ("99.99%", Share(9_999)),
            ("100%", Share::ALL),
        ] {
            assert_eq!(text.parse(), Ok(share), "{text}");
            assert_eq!(share.to_string(), text);
        }
        for text in ["", "%", "30", "-1%", "101%", "1.234%", "a%", "99999999999%", "1.%%"] {
            assert_eq!(text.parse::<Share>(), Err(()), "{text}");
        }
    }

    #[test]
    fn a_share_contains_its_part_of_all_numbers() {
        let count = (0..10_000).filter(|it| Share::percent(30).contains(*it)).count();
        assert_eq!(count, 3_000);
        assert!(!Share::NONE.contains(0) && Share::ALL.contains(u64::MAX));
    }
}
