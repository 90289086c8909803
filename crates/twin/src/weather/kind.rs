//! The kinds of weather events.

use super::Share;

/// A kind of weather event. Its share is a share of calls, unless the kind has another unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WeatherKind {
    /// Calls are throttled, independent of their rate.
    Throttles,
    /// Calls above the documented rates of an account and Region are throttled. The share is a
    /// share of seeds.
    Rates,
    /// Calls are answered with an error of the service (5xx). Every fourth write still takes
    /// effect.
    ServerErrors,
    /// The connection breaks before the call takes effect.
    Resets,
    /// The connection breaks after the call took effect.
    LostAnswers,
    /// Reads get the answer from before a recent change of the account, at most three times for
    /// each change.
    StaleReads,
    /// Writes that depend on a recent change are rejected, at most three times for each change.
    LateChanges,
    /// The credentials of assumed roles expire after a few calls; credentials that replace expired
    /// credentials expire after a hundred calls. The share is a share of sessions.
    ExpiredCredentials,
    /// Calls of an account are denied: all calls, the calls of a service, or all writes;
    /// permanently or only for some calls. The share is a share of accounts.
    Denials,
    /// Each call takes seconds. The share is a share of accounts.
    SlowAccounts,
    /// No call is ever answered, including `AssumeRole` into the account. The share is a share of
    /// accounts.
    HangingAccounts,
    /// Another team adds its own statement or tag just before the document is read. The share is a
    /// share of reads.
    ForeignWriters,
    /// Creating a resource fails because the account has reached a quota. The share is a share of
    /// accounts and operations.
    Quotas,
    /// An opt-in Region is not enabled. The share is a share of accounts and opt-in Regions.
    DisabledRegions,
    /// Members that AWS has retired are missing in answers. The share is a share of seeds.
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

    /// The name in the form for people: `lost-answers`.
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

    /// The share if no other share is specified.
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

    /// The number of seeds out of twelve in which the kind happens. Kinds with which no client can
    /// succeed are rare.
    pub(super) const fn frequency(self) -> u64 {
        match self {
            Self::Denials | Self::HangingAccounts | Self::Quotas | Self::DisabledRegions => 1,
            Self::Rates | Self::SlowAccounts => 2,
            _ => 4,
        }
    }
}
