//! The kinds of events.

use super::Share;

/// A kind of weather event. Its share is one of calls, unless it says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WeatherKind {
    /// Calls are throttled, whatever their rate.
    Throttles,
    /// Calls above the documented rates of an account and Region are throttled. The share is one of
    /// seeds.
    Rates,
    /// Calls are answered with an error of the service (5xx). Every fourth write takes effect all
    /// the same.
    ServerErrors,
    /// The connection breaks before the call takes effect.
    Resets,
    /// The connection breaks after the call took effect.
    LostAnswers,
    /// Reads are answered as before a recent change of the account: each change at most three
    /// times.
    StaleReads,
    /// Writes are refused that depend on a recent change: each change refuses a write at most three
    /// times.
    LateChanges,
    /// The credentials of assumed roles expire after a few calls; those that replace expired ones,
    /// after a hundred calls. The share is one of sessions.
    ExpiredCredentials,
    /// Calls of an account are denied: all, those of a service, or writes; for good or for some
    /// calls. The share is one of accounts.
    Denials,
    /// Each call takes seconds. The share is one of accounts.
    SlowAccounts,
    /// No call is ever answered, `AssumeRole` into the account included. The share is one of
    /// accounts.
    HangingAccounts,
    /// Another team adds a statement, or a tag, of its own just before the document is read. The
    /// share is one of reads.
    ForeignWriters,
    /// Creating something fails because the account has reached a quota. The share is one of
    /// accounts and operations.
    Quotas,
    /// An opt-in Region is not enabled. The share is one of accounts and such Regions.
    DisabledRegions,
    /// Members that AWS has retired are missing in answers. The share is one of seeds.
    RetiredFields,
}

impl WeatherKind {
    /// All kinds.
    pub const ALL: [Self; 15] = [
        Self::Throttles,
        Self::Rates,
        Self::ServerErrors,
        Self::Resets,
        Self::LostAnswers,
        Self::StaleReads,
        Self::LateChanges,
        Self::ExpiredCredentials,
        Self::Denials,
        Self::SlowAccounts,
        Self::HangingAccounts,
        Self::ForeignWriters,
        Self::Quotas,
        Self::DisabledRegions,
        Self::RetiredFields,
    ];

    /// The name, as a person writes it: `lost-answers`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Throttles => "throttles",
            Self::Rates => "rates",
            Self::ServerErrors => "server-errors",
            Self::Resets => "resets",
            Self::LostAnswers => "lost-answers",
            Self::StaleReads => "stale-reads",
            Self::LateChanges => "late-changes",
            Self::ExpiredCredentials => "expired-credentials",
            Self::Denials => "denials",
            Self::SlowAccounts => "slow-accounts",
            Self::HangingAccounts => "hanging-accounts",
            Self::ForeignWriters => "foreign-writers",
            Self::Quotas => "quotas",
            Self::DisabledRegions => "disabled-regions",
            Self::RetiredFields => "retired-fields",
        }
    }

    /// The share where nobody asks for another one.
    pub const fn usual_share(self) -> Share {
        match self {
            Self::ServerErrors | Self::Resets => Share::percent(3),
            Self::LostAnswers => Share::percent(5),
            Self::Throttles | Self::Denials | Self::HangingAccounts | Self::Quotas => Share::percent(10),
            Self::StaleReads | Self::LateChanges | Self::SlowAccounts | Self::ForeignWriters => {
                Share::percent(20)
            }
            Self::ExpiredCredentials | Self::DisabledRegions => Share::percent(30),
            Self::Rates | Self::RetiredFields => Share::ALL,
        }
    }

    /// In how many of twelve seeds it happens: seldom where no client can reach its aim.
    pub(super) const fn frequency(self) -> u64 {
        match self {
            Self::Denials | Self::HangingAccounts | Self::Quotas | Self::DisabledRegions => 1,
            Self::Rates | Self::SlowAccounts => 2,
            _ => 4,
        }
    }
}
