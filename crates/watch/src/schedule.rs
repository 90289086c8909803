//! The times of checks, without side effects.

use std::time::Duration;

/// The shortest pause between two checks of a spec, after a check that took longer than the
/// interval.
const SHORTEST: Duration = Duration::from_secs(1);

/// The times of the checks of a spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// The time from the start of a check to the start of the next check.
    pub every: Duration,
    /// The maximum of a random time that is added before each check, so that many processes do not
    /// call AWS at the same moment.
    pub jitter: Duration,
}

impl Schedule {
    /// The pause after a check that took the time `taken`. `random` is between 0 and 1.
    pub(crate) fn pause(self, taken: Duration, random: f64) -> Duration {
        self.every.saturating_sub(taken).max(SHORTEST) + self.delay(random)
    }

    /// The pause before the first check.
    pub(crate) fn delay(self, random: f64) -> Duration {
        self.jitter.mul_f64(random.clamp(0.0, 1.0))
    }

    /// The time without a sign of life after which the process counts as stuck. The time is long,
    /// because AWS can leave calls unanswered for many minutes.
    pub(crate) fn stuck_after(self) -> Duration {
        (self.every + self.jitter) * 3 + Duration::from_mins(10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_begin_at_equal_intervals_plus_jitter() {
        let secs = Duration::from_secs;
        for (every, jitter, taken, random, expected) in [
            (300, 0, 20, 0.5, 280),
            (300, 30, 20, 0.5, 295),
            (300, 30, 20, 1.0, 310),
            // After a check that takes longer than the interval, the next check does not follow
            // immediately.
            (300, 0, 400, 0.5, 1),
            (300, 30, 300, 0.0, 1),
        ] {
            let schedule = Schedule { every: secs(every), jitter: secs(jitter) };
            assert_eq!(
                schedule.pause(secs(taken), random),
                secs(expected),
                "{every} {jitter} {taken} {random}"
            );
        }
    }
}
