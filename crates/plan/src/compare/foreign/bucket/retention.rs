//! Judges foreign lifecycle rules that let log files expire, and the replication of the bucket.

use reconcile_spec as spec;

use super::super::{ForeignItem, ForeignReviewer};
use crate::foreign::ForeignAccess;
use crate::severity::Severity;
use crate::view::{Expiry, Replication};

/// Returns the effects of foreign rules on the log files.
pub(in crate::compare::foreign) fn access(reviewer: &ForeignReviewer<'_>) -> Vec<ForeignAccess> {
    let Some(conditions) = &reviewer.context.observed.bucket_conditions else { return Vec::new() };
    let keeps = Keeps::of(&reviewer.context.desired.bucket);
    let expiries = conditions.expiries.as_deref().unwrap_or_default().iter();
    let expiries = expiries.filter_map(|rule| {
        let files = files(&rule.prefix, rule.is_of_tagged, reviewer)?;
        let (severity, words) = expires(rule, keeps, &files)?;
        Some(report(reviewer, &rule.id, "lifecycle rule", severity, &words, &format!("{rule:?}")))
    });
    let replications = conditions.replications.as_deref().unwrap_or_default().iter();
    let replications = replications.filter_map(|rule| {
        let files = files(&rule.prefix, rule.is_of_tagged, reviewer)?;
        let (severity, words) = replicates(rule, |id| reviewer.insiders.accounts.contains(id), &files)?;
        Some(report(reviewer, &rule.id, "replication rule", severity, &words, &format!("{rule:?}")))
    });
    expiries.chain(replications).collect()
}

fn report(
    reviewer: &ForeignReviewer<'_>,
    id: &str,
    kind: &str,
    severity: Severity,
    words: &str,
    content: &str,
) -> ForeignAccess {
    let item = ForeignItem {
        address: reviewer.context.bucket_address(),
        name: if id.is_empty() { "rule" } else { id },
        words: format!("{kind} `{id}`"),
        content: format!("{}\n{content}", reviewer.bucket),
    };
    let (message, content) = (format!("{} {words}", item.words), item.content.clone());
    reviewer.report(&item, severity, message, &content)
}

/// Describes the log files to which a rule applies; `None` if the rule applies to no log files.
/// CloudTrail does not tag log files.
pub(in crate::compare::foreign) fn files(
    prefix: &str,
    is_of_tagged: bool,
    reviewer: &ForeignReviewer<'_>,
) -> Option<String> {
    if is_of_tagged {
        return None;
    }
    let logs = reviewer.logs.iter().filter_map(|logs| logs.strip_prefix(&reviewer.bucket)?.strip_prefix('/'));
    let logs: Vec<&str> = logs.map(|logs| logs.trim_end_matches('*')).collect();
    if logs.iter().any(|logs| logs.starts_with(prefix)) {
        return Some("every log file".to_owned());
    }
    logs.iter().any(|logs| prefix.starts_with(logs)).then(|| format!("log files under `{prefix}`"))
}

/// The time for which the spec keeps log files and their noncurrent versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeps {
    /// The number of days; `None` means forever.
    Days {
        current: Option<u32>,
        noncurrent: Option<u32>,
        /// The number of days until log files must be restored before anybody can read them.
        at_hand: Option<u32>,
    },
    /// The spec does not define the time.
    Unstated,
}

impl Keeps {
    fn of(bucket: &spec::Bucket) -> Self {
        bucket.lifecycle.enforced().map_or(Self::Unstated, |lifecycle| Self::Days {
            current: lifecycle.expire_days,
            noncurrent: lifecycle.noncurrent_expire_days,
            at_hand: lifecycle
                .transitions
                .iter()
                .filter(|(_, class)| class.is_archive())
                .map(|(days, _)| *days)
                .min(),
        })
    }
}

/// The limits if the spec has no retention: PCI DSS 10.5.1 requires log files for a year, of which
/// three months must be available immediately.
const YEAR: i32 = 365;
const QUARTER: i32 = 90;

/// The limit if the spec has no retention: a month is enough to notice a deletion and to restore a
/// noncurrent version.
const MONTH: i32 = 30;

/// Returns the severity and the description of a rule that lets log files expire.
fn expires(rule: &Expiry, keeps: Keeps, files: &str) -> Option<(Severity, String)> {
    let is_early = |days: i32, wanted: Option<u32>| {
        wanted.is_none_or(|wanted| u32::try_from(days).unwrap_or_default() < wanted)
    };
    let wanted = |wanted: Option<u32>| match wanted {
        Some(wanted) => format!(", but the spec keeps them for {}", days(wanted)),
        None => ", but in the spec they do not expire".to_owned(),
    };
    let unstated = ", and the spec has no retention (`bucket.lifecycle`)";
    // A rule with a date counts as 0 days, because the date is near or has passed.
    let current = rule.date.as_ref().map(|_| 0).or(rule.days);
    let when = match (&rule.date, rule.days) {
        (Some(date), _) => format!("on {date}"),
        (None, after) => {
            format!("after {}", days(u32::try_from(after.unwrap_or_default()).unwrap_or_default()))
        }
    };
    let of_current = current.and_then(|after| {
        let (severity, why) = match keeps {
            Keeps::Days { current, .. } if is_early(after, current) => (Severity::Critical, wanted(current)),
            Keeps::Unstated if after < QUARTER => (Severity::Critical, unstated.to_owned()),
            Keeps::Unstated if after < YEAR => (Severity::High, unstated.to_owned()),
            Keeps::Days { .. } | Keeps::Unstated => return None,
        };
        Some((severity, format!("lets {files} expire {when}{why}")))
    });
    let of_noncurrent = || {
        let after = rule.noncurrent_days?;
        let (severity, why) = match keeps {
            Keeps::Days { noncurrent, .. } if is_early(after, noncurrent) => {
                (Severity::High, wanted(noncurrent))
            }
            Keeps::Unstated if after < MONTH => (Severity::Medium, unstated.to_owned()),
            Keeps::Days { .. } | Keeps::Unstated => return None,
        };
        let after = days(u32::try_from(after).unwrap_or_default());
        Some((severity, format!("deletes former versions of {files} after {after}{why}")))
    };
    let of_archive = || {
        let archive = rule.archive.as_ref()?;
        let at_hand = match keeps {
            Keeps::Days { at_hand: Some(at_hand), .. } => i32::try_from(at_hand).unwrap_or(i32::MAX),
            Keeps::Days { at_hand: None, .. } | Keeps::Unstated => QUARTER,
        };
        let after = days(u32::try_from(archive.days).unwrap_or_default());
        let class = &archive.storage_class;
        let words = format!(
            "moves {files} to {class} after {after}: log files must be restored before anybody can read them"
        );
        (archive.days < at_hand).then_some((Severity::Medium, words))
    };
    of_current.or_else(of_noncurrent).or_else(of_archive)
}

/// Returns the severity of a rule that replicates log files, and the destination.
fn replicates(
    rule: &Replication,
    is_inside: impl Fn(&str) -> bool,
    files: &str,
) -> Option<(Severity, String)> {
    let bucket = &rule.bucket;
    match &rule.account {
        Some(account) if is_inside(account) => None,
        Some(account) => {
            Some((Severity::Critical, format!("copies {files} to bucket `{bucket}` of account {account}")))
        }
        // A rule names the destination account only if it changes the owner of the copies.
        None => Some((
            Severity::High,
            format!("copies {files} to bucket `{bucket}`, whose account the rule does not name"),
        )),
    }
}

fn days(number: u32) -> String {
    match number {
        1 => "1 day".to_owned(),
        number => format!("{number} days"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reconcile_spec::StorageClass;

    use crate::view::{OpenEnum, Transition};

    fn rule(days: Option<i32>, noncurrent_days: Option<i32>) -> Expiry {
        Expiry {
            id: "other".to_owned(),
            prefix: String::new(),
            is_of_tagged: false,
            days,
            date: None,
            noncurrent_days,
            archive: None,
        }
    }

    fn archive(days: i32) -> Expiry {
        let archive = Some(Transition { days, storage_class: OpenEnum::Known(StorageClass::DeepArchive) });
        Expiry { archive, ..rule(None, None) }
    }

    #[test]
    fn a_rule_is_judged_by_how_long_the_spec_keeps_log_files() {
        let year = Keeps::Days { current: Some(365), noncurrent: Some(30), at_hand: Some(30) };
        let for_ever = Keeps::Days { current: None, noncurrent: None, at_hand: None };
        for (rule, keeps, severity) in [
            (rule(Some(1), None), year, Some(Severity::Critical)),
            (rule(Some(365), None), year, None),
            (rule(Some(3650), None), for_ever, Some(Severity::Critical)),
            (rule(None, Some(7)), year, Some(Severity::High)),
            (rule(None, Some(30)), year, None),
            (rule(Some(1), None), Keeps::Unstated, Some(Severity::Critical)),
            (rule(Some(90), None), Keeps::Unstated, Some(Severity::High)),
            (rule(Some(365), None), Keeps::Unstated, None),
            (rule(None, Some(1)), Keeps::Unstated, Some(Severity::Medium)),
            (rule(None, Some(90)), Keeps::Unstated, None),
            (archive(1), Keeps::Unstated, Some(Severity::Medium)),
            (archive(90), Keeps::Unstated, None),
            (archive(29), year, Some(Severity::Medium)),
            (archive(30), year, None),
            (archive(30), for_ever, Some(Severity::Medium)),
            (
                Expiry { date: Some("2026-11-27T00:00:00Z".to_owned()), ..rule(None, None) },
                year,
                Some(Severity::Critical),
            ),
        ] {
            let found = expires(&rule, keeps, "every log file").map(|(severity, _)| severity);
            assert_eq!(found, severity, "{rule:?} {keeps:?}");
        }
        let (_, says) = expires(&rule(Some(1), None), year, "every log file").unwrap();
        assert_eq!(says, "lets every log file expire after 1 day, but the spec keeps them for 365 days");
    }

    #[test]
    fn replication_is_judged_by_the_account_of_the_other_bucket() {
        let to = |account: Option<&str>| {
            let rule = Replication {
                id: "copy".to_owned(),
                prefix: String::new(),
                is_of_tagged: false,
                bucket: "elsewhere".to_owned(),
                account: account.map(str::to_owned),
            };
            replicates(&rule, |id| id == "111111111111", "every log file")
        };
        assert_eq!(to(Some("111111111111")), None);
        let (severity, says) = to(Some("444455556666")).unwrap();
        assert_eq!(severity, Severity::Critical);
        assert_eq!(says, "copies every log file to bucket `elsewhere` of account 444455556666");
        assert_eq!(to(None).unwrap().0, Severity::High);
    }
}
