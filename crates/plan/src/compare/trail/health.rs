//! Warns of trails whose deliveries AWS refuses, or that deliver nothing, although the policies
//! allow the deliveries.

use jiff::{SignedDuration, Timestamp};

use super::super::CompareContext;
use super::super::change::Compared;
use crate::address::Address;
use crate::delivery::DeliveryPath;
use crate::observed::{Channel, Deliveries};
use crate::plan::WarningCode;
use crate::view::{CloudWatchLogs, Notification, Trail};

/// The longest time without any delivery of a trail that delivers digest files: CloudTrail delivers
/// a digest file every hour, even if the account made no calls.
///
/// See "Validating CloudTrail log file integrity" in the CloudTrail user guide.
const LIMIT_WITH_DIGESTS: SignedDuration = SignedDuration::from_hours(6);

/// The longest time without a log file of a trail that records management events. The log file of a
/// call arrives within about five minutes, and an account without any call for a day is rare.
///
/// See "Getting and viewing your CloudTrail log files" in the CloudTrail user guide.
const LIMIT_WITHOUT_DIGESTS: SignedDuration = SignedDuration::from_hours(24);

/// Warns about the deliveries of each trail of the spec that is logging. `undelivered` contains the
/// trails whose policies are already reported. A refusal by AWS is reported even if the spec
/// accepts the proof (`proof: warn`).
pub(in crate::compare) fn warn(
    context: &CompareContext<'_>,
    undelivered: &[DeliveryPath],
    now: Timestamp,
    compared: &mut Compared,
) {
    for desired in &context.desired.trails {
        let (observed, arn) = (context.observed, &desired.arn);
        let Some(trail) = observed.trails.get(arn).and_then(Option::as_ref) else { continue };
        let Some(deliveries) = observed.deliveries.get(arn) else { continue };
        let address = Address::trail(desired);
        // The proof of the delivery contains more details than an error code.
        let is_explained =
            undelivered.iter().any(|path| path.address == address && !path.refusals().is_empty());
        for (code, message) in judge(trail, deliveries, is_explained, now) {
            compared.warn(code, address.clone(), message);
        }
    }
}

/// Returns the failures of the deliveries of a trail, each with the code of its warning.
/// `is_explained` means that a policy of the bucket, key or topic is known to refuse the
/// deliveries. These policies do not decide about events.
fn judge(
    trail: &Trail,
    deliveries: &Deliveries,
    is_explained: bool,
    now: Timestamp,
) -> Vec<(WarningCode, String)> {
    if !trail.logging {
        return Vec::new();
    }
    let has_group = matches!(trail.cloudwatch_logs, Some(CloudWatchLogs::To { .. }));
    let has_topic = matches!(trail.notification, Some(Notification::To { .. }));
    let found = [
        (
            !is_explained,
            WarningCode::RefusedLogFiles,
            &deliveries.log_files,
            "log files to the bucket",
            "log file",
        ),
        (
            !is_explained && trail.log_file_validation,
            WarningCode::RefusedDigestFiles,
            &deliveries.digest_files,
            "digest files to the bucket",
            "digest file",
        ),
        (has_group, WarningCode::RefusedEvents, &deliveries.events, "events to the log group", "event"),
        (
            has_topic && !is_explained,
            WarningCode::RefusedNotifications,
            &deliveries.notifications,
            "notifications to the topic",
            "notification",
        ),
    ]
    .into_iter()
    .filter(|(is_used, ..)| *is_used)
    .filter_map(|(_, code, channel, what, item)| Some((code, refused(channel, what, item)?)));
    let mut found: Vec<_> = found.collect();
    if found.is_empty() && !is_explained {
        found.extend(silent(trail, deliveries, now).map(|message| (WarningCode::NothingDelivered, message)));
    }
    found
}

fn refused(channel: &Channel, what: &str, item: &str) -> Option<String> {
    let error = channel.error.as_ref()?;
    let latest = match channel.latest {
        Some(latest) => format!("The latest {item} was delivered at {latest:.0}"),
        None => "CloudTrail reports no earlier delivery".to_owned(),
    };
    Some(format!(
        "AWS refuses to deliver {what}: `{error}`. {latest}. After a repair, the error stays until CloudTrail delivers again, which \
         takes some minutes"
    ))
}

/// Describes the time since the latest delivery. Returns `None` if neither the time of a delivery
/// nor the start of logging is known.
fn silent(trail: &Trail, deliveries: &Deliveries, now: Timestamp) -> Option<String> {
    let limit = match (trail.log_file_validation, trail.selectors.has_management_events()) {
        (true, _) => LIMIT_WITH_DIGESTS,
        (false, true) => LIMIT_WITHOUT_DIGESTS,
        // It is unknown how often a trail that records only data events has log files to deliver.
        (false, false) => return None,
    };
    let digest = deliveries.digest_files.latest.filter(|_| trail.log_file_validation);
    let latest = deliveries.log_files.latest.max(digest);
    let since = latest.max(deliveries.logging_since)?;
    let silence = now.duration_since(since);
    if silence <= limit {
        return None;
    }
    let silence = match silence.as_hours() {
        hours @ ..48 => format!("{hours} hours"),
        hours => format!("{} days", hours / 24),
    };
    let what = if trail.log_file_validation { "log file or digest file" } else { "log file" };
    let since = match latest == Some(since) {
        true => format!("since {since:.0}"),
        false => format!("since logging was started at {since:.0}"),
    };
    Some(format!(
        "no {what} was delivered for {silence}, {since}, although the policies allow it: look at the trail in the CloudTrail \
         console, and at service control policies and resource control policies that deny CloudTrail"
    ))
}

#[cfg(test)]
mod tests {
    use reconcile_spec::{EventSelector, ReadWrite};

    use super::*;
    use crate::view::{Selectors, Tags};

    const NOW: &str = "2026-11-26T12:00:00Z";

    #[expect(clippy::unnecessary_wraps, reason = "the times of deliveries are options")]
    fn hours_ago(hours: i64) -> Option<Timestamp> {
        Some(NOW.parse::<Timestamp>().unwrap() - SignedDuration::from_hours(hours))
    }

    fn trail() -> Trail {
        let selector = EventSelector {
            read_write: ReadWrite::All,
            management_events: true,
            exclude_management_sources: Vec::new(),
            data_resources: Vec::new(),
        };
        Trail {
            arn: "arn:aws:cloudtrail:eu-west-1:111111111111:trail/Trail".parse().unwrap(),
            bucket: "logs".to_owned(),
            prefix: None,
            kms_key: None,
            multi_region: true,
            global_service_events: true,
            log_file_validation: true,
            organization: false,
            logging: true,
            selectors: Selectors::basic(vec![selector]),
            recursive_logging: None,
            insights: None,
            event_aggregation: None,
            cloudwatch_logs: Some(CloudWatchLogs::Off),
            notification: Some(Notification::Off),
            tags: Tags::default(),
        }
    }

    fn codes(trail: &Trail, deliveries: &Deliveries, is_explained: bool) -> Vec<WarningCode> {
        let found = judge(trail, deliveries, is_explained, NOW.parse().unwrap());
        found.into_iter().map(|(code, _)| code).collect()
    }

    #[test]
    fn an_error_counts_where_the_trail_delivers_and_no_policy_explains_it() {
        let refused = Channel { latest: hours_ago(3), error: Some("AccessDenied".to_owned()) };
        let all = Deliveries {
            logging_since: hours_ago(100),
            log_files: refused.clone(),
            digest_files: refused.clone(),
            events: refused.clone(),
            notifications: refused,
        };
        let group = CloudWatchLogs::To { group: "g".to_owned(), role: "r".to_owned() };
        let topic = Notification::To { topic: "t".to_owned() };
        let complete = Trail { cloudwatch_logs: Some(group), notification: Some(topic), ..trail() };
        let files = [WarningCode::RefusedLogFiles, WarningCode::RefusedDigestFiles];
        let others = [WarningCode::RefusedEvents, WarningCode::RefusedNotifications];
        assert_eq!(codes(&complete, &all, false), [files.clone(), others].concat());
        assert_eq!(codes(&complete, &all, true), [WarningCode::RefusedEvents]);
        assert_eq!(codes(&trail(), &all, false), files);
        let without_digests = Trail { log_file_validation: false, ..trail() };
        assert_eq!(codes(&without_digests, &all, false), [WarningCode::RefusedLogFiles]);
        assert_eq!(codes(&Trail { logging: false, ..complete }, &all, false), []);
    }

    #[test]
    fn an_error_names_its_code_and_the_latest_delivery() {
        for (latest, expected) in [
            (hours_ago(3), "`AccessDenied`. The latest log file was delivered at 2026-11-26T09:00:00Z."),
            (None, "`AccessDenied`. CloudTrail reports no earlier delivery."),
        ] {
            let channel = Channel { latest, error: Some("AccessDenied".to_owned()) };
            let message = refused(&channel, "log files to the bucket", "log file").unwrap();
            assert!(message.contains(expected), "{message}");
        }
    }

    #[test]
    fn silence_is_judged_by_what_has_to_arrive() {
        let at = |log: Option<Timestamp>, digest: Option<Timestamp>, start: Option<Timestamp>| Deliveries {
            logging_since: start,
            log_files: Channel { latest: log, error: None },
            digest_files: Channel { latest: digest, error: None },
            ..Deliveries::default()
        };
        let with_digests = trail();
        let without_digests = Trail { log_file_validation: false, ..trail() };
        let of_data = Trail { selectors: Selectors::basic(Vec::new()), ..without_digests.clone() };
        for (case, trail, deliveries, expected) in [
            ("a quiet account", &with_digests, at(hours_ago(90), hours_ago(1), hours_ago(900)), false),
            ("no digest any more", &with_digests, at(hours_ago(7), hours_ago(7), hours_ago(900)), true),
            ("at the limit", &with_digests, at(hours_ago(6), hours_ago(6), hours_ago(900)), false),
            ("started again", &with_digests, at(hours_ago(90), hours_ago(90), hours_ago(2)), false),
            ("never since the start", &with_digests, at(None, None, hours_ago(7)), true),
            ("nothing is known", &with_digests, at(None, None, None), false),
            ("an old digest counts no more", &without_digests, at(hours_ago(25), hours_ago(1), None), true),
            ("a day without a log file", &without_digests, at(hours_ago(25), None, hours_ago(900)), true),
            (
                "some hours without a log file",
                &without_digests,
                at(hours_ago(23), None, hours_ago(900)),
                false,
            ),
            ("data events only", &of_data, at(hours_ago(900), None, hours_ago(900)), false),
        ] {
            let expected: &[WarningCode] = if expected { &[WarningCode::NothingDelivered] } else { &[] };
            assert_eq!(codes(trail, &deliveries, false), expected, "{case}");
            assert_eq!(codes(trail, &deliveries, true), [], "{case}");
        }
    }

    #[test]
    fn silence_names_the_time_of_the_latest_delivery_or_of_the_start() {
        let mut deliveries = Deliveries { logging_since: hours_ago(30), ..Deliveries::default() };
        let now = NOW.parse().unwrap();
        let message = silent(&trail(), &deliveries, now).unwrap();
        assert!(
            message.contains("for 30 hours, since logging was started at 2026-11-25T06:00:00Z"),
            "{message}"
        );
        deliveries.logging_since = hours_ago(60);
        let message = silent(&trail(), &deliveries, now).unwrap();
        assert!(message.contains("for 2 days, since logging was started"), "{message}");
        deliveries.log_files.latest = hours_ago(12);
        let message = silent(&trail(), &deliveries, now).unwrap();
        assert!(message.contains("for 12 hours, since 2026-11-26T00:00:00Z"), "{message}");
    }
}
