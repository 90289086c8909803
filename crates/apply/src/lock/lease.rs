//! The content of a lock, and its lease. Pure.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The times for the lease of a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The time after the last renewal at which the lease ends.
    pub length: Duration,
    /// The time between two renewals.
    pub heartbeat: Duration,
    /// The tolerated difference between the clocks of the holder and of others. The holder stops
    /// this long before the end of the lease, and others wait this long after the end.
    pub margin: Duration,
}

impl Lease {
    /// The lease of locks in S3. Five renewals can fail before the holder stops. After an apply was
    /// killed, other applies wait for three and a half minutes.
    pub const DEFAULT: Self = Self {
        length: Duration::from_mins(3),
        heartbeat: Duration::from_secs(30),
        margin: Duration::from_secs(30),
    };

    /// The time for which the holder can continue after its last renewal.
    pub(super) fn usable(self) -> Duration {
        self.length.saturating_sub(self.margin)
    }
}

/// The holder of a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The user, machine or job.
    pub who: String,
    /// The time at which the lock was acquired.
    pub since: Timestamp,
    /// The installation.
    pub spec: String,
    /// The time after the last renewal at which the lease ends, in seconds. Absent if the holder
    /// does not renew the lock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_seconds: Option<u64>,
    /// The time of the last renewal, by the clock of the holder. It gives every renewal its own
    /// `ETag`, and has no other effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewed_at: Option<Timestamp>,
}

impl Holder {
    pub(super) fn new(who: String, spec: &str, now: Timestamp, lease: Lease) -> Self {
        let lease_seconds = Some(lease.length.as_secs());
        Self { who, since: now, spec: spec.to_owned(), lease_seconds, renewed_at: Some(now) }
    }

    /// Parses the text of a lock; `None` if the text does not name a holder.
    pub(super) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The text of the lock.
    pub(super) fn text(&self) -> String {
        // The serialization of strings, numbers and times to JSON cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether both values are the same holder, before and after a renewal.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (&self.who, self.since) == (&other.who, other.since)
    }

    pub(super) fn renewed(&self, now: Timestamp) -> Self {
        Self { renewed_at: Some(now), ..self.clone() }
    }
}

/// The state of the lease of a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LeaseState {
    /// The holder renewed the lock a short time ago.
    Running,
    /// The holder did not renew the lock in time: the holder is no longer running, or lost its
    /// connection to S3.
    Ended,
    /// The lock has no lease, or S3 did not return the time of the last write.
    Unknown,
}

impl LeaseState {
    /// Returns the state of a lease, from the time since S3 stored the lock. Only the clock of S3
    /// measures this time, because the clocks of the machines that use the lock can differ by any
    /// amount.
    pub(super) fn of(holder: Option<&Holder>, age: Option<Duration>) -> Self {
        let length = holder.and_then(|holder| holder.lease_seconds).map(Duration::from_secs);
        match (length, age) {
            (Some(length), Some(age)) if age >= length.saturating_add(Lease::DEFAULT.margin) => Self::Ended,
            (Some(_), Some(_)) => Self::Running,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_ends_only_where_both_its_length_and_its_age_are_known() {
        let now: Timestamp = "2026-11-26T08:00:00Z".parse().unwrap();
        let holder = Holder::new("alice".to_owned(), "secprod", now, Lease::DEFAULT);
        let without = Holder { lease_seconds: None, ..holder.clone() };
        let endless = Holder { lease_seconds: Some(u64::MAX), ..holder.clone() };
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        for (holder, age, expected) in [
            (Some(&holder), seconds(0), LeaseState::Running),
            (Some(&holder), seconds(180), LeaseState::Running),
            (Some(&holder), seconds(209), LeaseState::Running),
            (Some(&holder), seconds(210), LeaseState::Ended),
            (Some(&holder), None, LeaseState::Unknown),
            (Some(&without), seconds(1_000_000), LeaseState::Unknown),
            (Some(&endless), seconds(u64::MAX - 1), LeaseState::Running),
            (None, seconds(1_000_000), LeaseState::Unknown),
        ] {
            assert_eq!(LeaseState::of(holder, age), expected, "{holder:?} {age:?}");
        }
    }

    #[test]
    fn the_holder_stops_before_anybody_else_may_take_over() {
        let lease = Lease::DEFAULT;
        assert!(lease.usable() + 2 * lease.margin <= lease.length + lease.margin);
        assert!(lease.heartbeat * 5 <= lease.usable());
    }

    #[test]
    fn a_lock_without_a_lease_is_read_and_every_renewal_has_its_own_text() {
        let old = r#"{"who":"bob@ci","since":"2026-11-23T08:00:00Z","spec":"secprod"}"#;
        let holder = Holder::parse(old).unwrap();
        assert_eq!((holder.who.as_str(), holder.lease_seconds), ("bob@ci", None));
        assert_eq!(holder.text(), old);
        let renewed = holder.renewed("2026-11-23T08:00:30Z".parse().unwrap());
        assert_ne!(renewed.text(), old);
        assert_eq!(Holder::parse("?"), None);
    }
}
