//! Log files that no digest names.

use std::collections::HashSet;

use jiff::Timestamp;

use crate::chain::{DELIVERY_HOURS, Range};
use crate::hash::Half;
use crate::ledger::identity;
use crate::location::{ObjectLocation, hours, log_time, minutes};
use crate::source::Listed;
use crate::verdict::Verdict;

/// The log files that the verified digests of an account and Region name, and the times that these
/// digests cover.
///
/// Trails can share a folder, and the name of a log file does not contain the name of its trail.
/// One coverage therefore contains all digests of the folder.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    /// Half a hash for each location: the memory does not depend on the length of the names.
    named: HashSet<Half>,
    windows: Vec<(Timestamp, Timestamp)>,
}

/// The clocks of S3 and of CloudTrail can differ by this much.
const CLOCK_MINUTES: i64 = 5;

impl Coverage {
    pub(crate) fn name(&mut self, log: Half) {
        self.named.insert(log);
    }

    pub(crate) fn cover(&mut self, start: Timestamp, end: Timestamp) {
        self.windows.push((start, end));
    }

    /// Joins the windows. Must be called before [`Coverage::judge`].
    pub(crate) fn join(&mut self) {
        self.windows.sort_unstable();
        self.windows.dedup_by(|next, last| {
            let is_joined = next.0 <= last.1;
            if is_joined {
                last.1 = last.1.max(next.1);
            }
            is_joined
        });
    }

    /// Returns the verdict on an object in a log folder; `None` if a digest names it, if it is
    /// outside the range, or if its digest is not due yet.
    ///
    /// The time at which the object was written decides which digest must name the object. A copy
    /// of a bucket does not contain this time. In this case, the time of the newest event, from the
    /// name of the file, decides: CloudTrail delivers the file within an hour after this event.
    pub(crate) fn judge(&self, place: &ObjectLocation, listed: &Listed, range: &Range) -> Option<Verdict> {
        if self.named.contains(&identity(place)) {
            return None;
        }
        let (earliest, latest) = match (listed.modified, log_time(&listed.key)) {
            (Some(modified), _) => (minutes(modified, -CLOCK_MINUTES), minutes(modified, CLOCK_MINUTES)),
            (None, Some(newest_event)) => (newest_event, hours(newest_event, 1)),
            // CloudTrail never gives a log file a name without a time.
            (None, None) => return Some(Verdict::Added),
        };
        if self.windows.iter().any(|(start, end)| *start <= earliest && latest <= *end) {
            return Some(Verdict::Added);
        }
        let is_judged =
            range.from <= earliest && latest <= range.to && hours(latest, 1 + DELIVERY_HOURS) <= range.now;
        is_judged.then_some(Verdict::NotCovered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(hour: i64, minute: i64) -> Timestamp {
        minutes(hours("2026-01-01T00:00:00Z".parse().unwrap(), hour), minute)
    }

    fn coverage() -> Coverage {
        let mut coverage = Coverage::default();
        for hour in [2, 0, 1, 5] {
            coverage.cover(time(hour, 0), time(hour + 1, 0));
        }
        coverage.join();
        coverage
    }

    fn judge(key: &str, modified: Option<Timestamp>) -> Option<Verdict> {
        let place = ObjectLocation { bucket: "logs".to_owned(), key: key.to_owned() };
        let range = Range { from: time(0, 0), to: time(10, 0), now: time(11, 0) };
        coverage().judge(&place, &Listed { key: key.to_owned(), modified, size: None }, &range)
    }

    #[test]
    fn the_time_of_the_write_decides() {
        let key = "1_CloudTrail_eu-west-1_20250101T0000Z_abcdefghijklmnop.json.gz";
        let table = [
            (time(1, 0), Some(Verdict::Added)),
            (time(2, 30), Some(Verdict::Added)),
            // The next digest, which is not verified, could name the file.
            (time(2, 58), Some(Verdict::NotCovered)),
            (time(4, 0), Some(Verdict::NotCovered)),
            // The digest of the file is not due, or the file was written before the range.
            (time(9, 30), None),
            (time(0, 2), None),
            (time(-5, 0), None),
        ];
        for (modified, expected) in table {
            assert_eq!(judge(key, Some(modified)), expected, "{modified}");
        }
    }

    #[test]
    fn the_name_decides_if_the_time_is_not_known() {
        let key = |time: &str| format!("1_CloudTrail_eu-west-1_20260101T{time}Z_abcdefghijklmnop.json.gz");
        assert_eq!(judge(&key("0110"), None), Some(Verdict::Added));
        assert_eq!(judge(&key("0210"), None), Some(Verdict::NotCovered));
        assert_eq!(judge("note.txt", None), Some(Verdict::Added));
    }

    #[test]
    fn a_named_file_is_covered_at_any_time() {
        let place = ObjectLocation { bucket: "logs".to_owned(), key: "note.txt".to_owned() };
        let mut coverage = coverage();
        coverage.name(identity(&place));
        let listed = Listed { key: place.key.clone(), modified: None, size: None };
        let range = Range { from: time(0, 0), to: time(10, 0), now: time(11, 0) };
        assert_eq!(coverage.judge(&place, &listed, &range), None);
    }
}
