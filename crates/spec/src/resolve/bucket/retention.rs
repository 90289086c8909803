//! Resolves the retention and the storage classes of log files.
//!
//! See "Transitioning objects using Amazon S3 Lifecycle", "Lifecycle configuration elements" and
//! "Locking objects with Object Lock" in the S3 user guide.

use crate::desired::{AwsName, Lifecycle, ObjectLock, Retention, StorageClass};
use crate::diagnostic::SourceSpan;
use crate::problems::Problems;
use crate::raw::{Located, RawLifecycle, RawObjectLock, RawTransition};

pub(super) fn object_lock(
    raw: &RawObjectLock,
    place: SourceSpan,
    problems: &mut Problems,
) -> Option<ObjectLock> {
    const MAX_DAYS: u32 = 36_500;
    const MAX_YEARS: u32 = 100;

    let mut within = |length: &Located<u32>, max: u32, unit: &str| {
        let is_valid = (1..=max).contains(&length.value);
        if !is_valid {
            let message = format!("an object lock cannot hold for {} {unit}", length.value);
            problems.add(length.place, message, format!("use 1 to {max} {unit}"));
        }
        is_valid.then_some(length.value)
    };
    let retention = match (&raw.days, &raw.years) {
        (Some(days), None) => Retention::Days(within(days, MAX_DAYS, "days")?),
        (None, Some(years)) => Retention::Years(within(years, MAX_YEARS, "years")?),
        _ => {
            problems.add(place, "an object lock must have either `days` or `years`", "use one of the two");
            return None;
        }
    };
    Some(ObjectLock { mode: raw.mode, retention })
}

pub(super) fn lifecycle(raw: &RawLifecycle, place: SourceSpan, problems: &mut Problems) -> Option<Lifecycle> {
    let before = problems.len();
    let periods = [
        ("expire_days", &raw.expire_days),
        ("noncurrent_expire_days", &raw.noncurrent_expire_days),
        ("abort_incomplete_multipart_days", &raw.abort_incomplete_multipart_days),
    ];
    if raw.transitions.is_empty() && periods.iter().all(|(_, days)| days.is_none()) {
        problems.add(
            place,
            "the lifecycle has no transition and no expiration",
            "add one of them, or write `lifecycle: unmanaged`",
        );
    }
    for (name, days) in periods {
        if let Some(days) = days {
            check_days(days, 1, &format!("`{name}` cannot be {}", days.value), problems);
        }
    }
    let mut transitions: Vec<&RawTransition> = raw.transitions.iter().collect();
    transitions.sort_by_key(|transition| transition.days.value);
    for transition in &transitions {
        let (days, class) = (&transition.days, transition.storage_class.value);
        let message = format!("log files cannot move to {} after {} days", class.as_str(), days.value);
        check_days(days, if is_infrequent(class) { 30 } else { 0 }, &message, problems);
    }
    for pair in transitions.windows(2) {
        if let [earlier, later] = pair {
            check_order(earlier, later, problems);
        }
    }
    // S3 rejects a rule in which objects expire before they move.
    if let (Some(expire), Some(last)) = (&raw.expire_days, transitions.last())
        && expire.value <= last.days.value
    {
        problems.add(
            expire.place,
            format!(
                "log files expire after {} days, before they move to {} after {} days",
                expire.value,
                last.storage_class.value.as_str(),
                last.days.value
            ),
            "set a later expiration, or remove the transition",
        );
    }
    let days = |days: &Option<Located<u32>>| days.as_ref().map(|days| days.value);
    let lifecycle = Lifecycle {
        transitions: transitions.iter().map(|it| (it.days.value, it.storage_class.value)).collect(),
        expire_days: days(&raw.expire_days),
        noncurrent_expire_days: days(&raw.noncurrent_expire_days),
        abort_incomplete_multipart_days: days(&raw.abort_incomplete_multipart_days),
    };
    (problems.len() == before).then_some(lifecycle)
}

/// Checks a number of days, which S3 stores as a signed 32-bit integer.
fn check_days(days: &Located<u32>, min: u32, message: &str, problems: &mut Problems) {
    const MAX: u32 = i32::MAX.unsigned_abs();

    if days.value < min {
        problems.add(days.place, message, format!("use {min} or more"));
    } else if days.value > MAX {
        problems.add(days.place, message, format!("use {MAX} or less"));
    }
}

/// Checks that S3 supports a transition after another one in the same rule.
fn check_order(earlier: &RawTransition, later: &RawTransition, problems: &mut Problems) {
    let (from, to) = (earlier.storage_class.value, later.storage_class.value);
    let place = later.storage_class.place;
    if from == to {
        problems.add(
            place,
            format!("two transitions move log files to {}", to.as_str()),
            "remove one of them",
        );
    } else if !successors(from).contains(&to) {
        problems.add(
            place,
            format!("S3 does not move objects from {} to {}", from.as_str(), to.as_str()),
            match successors(from) {
                [] => format!("remove it: nothing follows {}", from.as_str()),
                known => format!(
                    "move them to {} instead",
                    known.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(" or ")
                ),
            },
        );
    } else {
        let wait = if is_infrequent(from) && needs_month(to) { 30 } else { 1 };
        if later.days.value - earlier.days.value < wait {
            let (from, to, days) = (from.as_str(), to.as_str(), later.days.value);
            let message = match wait {
                1 => format!("log files cannot move to {from} and to {to} on the same day"),
                wait => format!(
                    "log files cannot move to {to} after {days} days: they stay in {from} for {wait} days"
                ),
            };
            problems.add(
                later.days.place,
                message,
                format!("use {} or more", earlier.days.value.saturating_add(wait)),
            );
        }
    }
}

/// The storage classes to which a lifecycle rule can move the objects of a class.
fn successors(class: StorageClass) -> &'static [StorageClass] {
    use StorageClass::{DeepArchive, Glacier, GlacierIr, IntelligentTiering, OnezoneIa, StandardIa};

    match class {
        StandardIa => &[IntelligentTiering, OnezoneIa, GlacierIr, Glacier, DeepArchive],
        IntelligentTiering => &[OnezoneIa, GlacierIr, Glacier, DeepArchive],
        OnezoneIa | GlacierIr => &[Glacier, DeepArchive],
        Glacier => &[DeepArchive],
        DeepArchive => &[],
    }
}

/// Returns whether objects must be 30 days old before they can move to the class.
fn is_infrequent(class: StorageClass) -> bool {
    matches!(class, StorageClass::StandardIa | StorageClass::OnezoneIa)
}

/// Returns whether objects must stay in a class of infrequent access for 30 days before they move
/// to the class.
///
/// See "Minimum 30-day storage charge for S3 Standard-IA and S3 One Zone-IA" on the page about
/// transitions.
fn needs_month(class: StorageClass) -> bool {
    matches!(class, StorageClass::OnezoneIa | StorageClass::Glacier | StorageClass::DeepArchive)
}
