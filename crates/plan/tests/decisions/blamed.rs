//! Tests the recorded calls that are the authors of a finding, and the cases of an unknown author.

use reconcile_plan::Finding;
use reconcile_plan::blame::{EventRecord, EventScan, RecordedCall, Search};
use reconcile_policy::Arn;
use reconcile_samples::{EditSpec, every_destination};
use serde_json::{Value, json};

use super::made::spec;

const KEY: &str = "arn:aws:kms:eu-west-1:111111111111:key/1a2b3c4d-0000-4000-8000-000000000000";
const TRAIL: &str = "trail/member/Trail";
const LOGGING: &str = r#"{ "op": "replace", "path": "/logging", "from": false, "value": true }"#;

/// A finding such as `changed trail/member/Trail /logging`. The code equals the kind, or follows
/// the kind after a colon.
fn finding(text: &str) -> Finding {
    let words: Vec<&str> = text.split(' ').collect();
    let (kind, code) = words[0].split_once(':').unwrap_or((words[0], words[0]));
    let diff: Vec<Value> = words[2..]
        .iter()
        .map(|path| match *path {
            "/logging" => serde_json::from_str(LOGGING).unwrap(),
            path => json!({ "op": "replace", "path": path, "from": 1, "value": 2 }),
        })
        .collect();
    serde_json::from_value(json!({
        "id": "f", "address": words[1], "kind": kind, "code": code, "severity": "high", "message": "",
        "before": null, "after": null, "diff": diff,
    }))
    .unwrap()
}

/// An event of a user, such as `08:00 cloudtrail StopLogging name=Trail`. `error=`, `ARN=` and
/// `agent=` are not request parameters.
fn event(text: &str) -> EventRecord {
    let words: Vec<&str> = text.split(' ').collect();
    let mut event = json!({
        "eventID": text, "eventSource": format!("{}.amazonaws.com", words[1]), "eventName": words[2],
        "eventTime": format!("2026-11-26T{}:00Z", words[0]), "sourceIPAddress": "203.0.113.7",
        "userIdentity": { "arn": "arn:aws:iam::222222222222:user/eve" }, "requestParameters": {},
    });
    for word in &words[3..] {
        match word.split_once('=').unwrap() {
            ("error", code) => event["errorCode"] = json!(code),
            ("ARN", arn) => event["resources"] = json!([{ "ARN": arn }]),
            ("agent", agent) => event["userAgent"] = json!(agent),
            ("alarmNames", name) => event["requestParameters"]["alarmNames"] = json!([name]),
            (name, value) => event["requestParameters"][name] = json!(value),
        }
    }
    EventRecord::parse(&event.to_string()).unwrap()
}

/// The authors of a finding among events, the newest first: `StopLogging 08:00`, or `?` and the
/// reason.
fn authors(text: &str, events: &[&str]) -> String {
    let alarms = "{ controls: [CIS 4.3, CIS 4.5], topic: alarms }";
    let spec = spec(&every_destination().with("trails.0.cloudwatch_logs.alarms", alarms));
    let key: Arn = KEY.parse().unwrap();
    let mut findings = [finding(text)];
    let search = Search::new(spec.desired(), Some(&key), &findings);
    let scans = search.scans().into_iter().map(|mut scan| {
        scan.read(events.iter().map(|text| Some(event(text))).collect());
        scan
    });
    let scans: Vec<_> = scans.collect();
    search.name_authors(scans, &mut findings);
    let Some(blame) = &findings[0].blame else { return "nobody asks".to_owned() };
    let time = |call: &RecordedCall| call.event_time.strftime("%H:%M").to_string();
    let calls = blame.calls.iter().map(|call| format!("{} {}", call.event_name, time(call)));
    calls.chain(blame.unknown.iter().map(|reason| format!("? {reason}"))).collect::<Vec<_>>().join(", ")
}

#[test]
fn the_newest_call_on_the_resource_is_the_author() {
    let arn = "arn:aws:cloudtrail:eu-west-1:222222222222:trail/Trail";
    let by_arn = format!("09:00 cloudtrail StopLogging name={arn}");
    let stop = "08:00 cloudtrail StopLogging name=Trail";
    let topic = "arn:aws:sns:eu-west-1:111111111111:log-files";
    let policy = format!("08:00 sns SetTopicAttributes attributeName=Policy topicArn={topic}");
    let other = format!("09:00 sns SetTopicAttributes attributeName=DisplayName topicArn={topic}");
    let of_key = format!("08:00 kms PutKeyPolicy keyId=alias/other ARN={KEY}");
    let of_other_key =
        "09:00 kms PutKeyPolicy keyId=1a2b3c4d-0000-4000-8000-000000000000 ARN=arn:aws:kms:eu-west-1:1:key/2";
    let logging = &format!("changed {TRAIL} /logging");
    for (finding, events, expected) in [
        (logging.as_str(), &[stop, "07:00 cloudtrail StopLogging name=Trail"][..], "StopLogging 08:00"),
        (logging, &["07:00 cloudtrail StopLogging name=Trail", stop], "StopLogging 08:00"),
        (logging, &[&by_arn, stop], "StopLogging 09:00"),
        (logging, &["09:00 cloudtrail StopLogging name=Other", stop], "StopLogging 08:00"),
        (logging, &["09:00 cloudtrail StopLogging name=Trail error=AccessDenied", stop], "StopLogging 08:00"),
        // Another service has an operation with the same name.
        (logging, &["09:00 other StopLogging name=Trail", stop], "StopLogging 08:00"),
        (logging, &["07:00 cloudtrail CreateTrail name=Trail"], "CreateTrail 07:00"),
        (
            logging,
            &["08:00 cloudtrail CreateTrail name=Trail", "08:00 cloudtrail StartLogging name=Trail", stop],
            "StopLogging 08:00",
        ),
        (&format!("missing {TRAIL}"), &["08:00 cloudtrail DeleteTrail name=Trail"], "DeleteTrail 08:00"),
        (
            &format!("changed {TRAIL} /tags/a /bucket /prefix"),
            &[
                "08:00 cloudtrail UpdateTrail name=Trail s3BucketName=b",
                "09:00 cloudtrail AddTags resourceId=Trail",
            ],
            "AddTags 09:00, UpdateTrail 08:00",
        ),
        // The bucket has the name of the trail.
        (
            &format!("changed {TRAIL} /bucket"),
            &[
                "09:00 cloudtrail UpdateTrail name=Other s3BucketName=Trail",
                "08:00 cloudtrail UpdateTrail name=Trail",
            ],
            "UpdateTrail 08:00",
        ),
        (
            "unexpected:exposure bucket_policy/master/test-logs",
            &["08:00 s3 PutBucketPolicy bucketName=test-logs"],
            "PutBucketPolicy 08:00",
        ),
        (
            "changed bucket/master/test-logs /lifecycle",
            &["08:00 s3 PutBucketLifecycle bucketName=test-logs"],
            "PutBucketLifecycle 08:00",
        ),
        (
            "missing bucket_policy/master/test-logs",
            &["08:00 s3 DeleteBucket bucketName=test-logs", "07:00 s3 PutBucketPolicy bucketName=test-logs"],
            "DeleteBucket 08:00",
        ),
        (
            "changed topic_policy/master/log-files /Statement/0",
            &[&policy, &other],
            "SetTopicAttributes 08:00",
        ),
        ("changed key_policy/master/test-key /Statement/0", &[&of_key, of_other_key], "PutKeyPolicy 08:00"),
        (
            "changed:key-unusable key/master/test-key",
            &[&format!("08:00 kms DisableKey keyId={KEY}")],
            "DisableKey 08:00",
        ),
        (
            "missing alias/master/test-key",
            &["08:00 kms DeleteAlias aliasName=alias/test-key"],
            "DeleteAlias 08:00",
        ),
        (
            "changed log_group/member//trails /retention_days",
            &["08:00 logs DeleteRetentionPolicy logGroupName=/trails"],
            "DeleteRetentionPolicy 08:00",
        ),
        (
            "missing topic/master/log-files",
            &[&format!("08:00 sns DeleteTopic topicArn={topic}")],
            "DeleteTopic 08:00",
        ),
        ("unreadable trail/member/Trail", &[], "nobody asks"),
    ] {
        assert_eq!(authors(finding, events), expected, "{finding} {events:?}");
    }
}

/// See "Logging CloudWatch Logs API and console operations in AWS CloudTrail" in the CloudWatch
/// Logs user guide, and "Logging Amazon CloudWatch API and console operations with AWS CloudTrail"
/// in the CloudWatch user guide.
#[test]
fn the_newest_call_on_a_metric_filter_or_an_alarm_is_the_author() {
    const NAME: &str = "reconcile-test-root-user";
    let filter = |kind: &str, path: &str| format!("{kind} metric_filter/member//trails/{NAME}{path}");
    let alarm = |kind: &str, path: &str| format!("{kind} alarm/member/{NAME}{path}");
    let on_filter = |time: &str, call: &str, group: &str| {
        format!("{time} logs {call} logGroupName={group} filterName={NAME}")
    };
    let on_alarms = |time: &str, call: &str| format!("{time} monitoring {call} alarmNames={NAME}");
    let put_alarm = |time: &str| format!("{time} monitoring PutMetricAlarm alarmName={NAME}");
    let none = |calls: &str| format!("? CloudTrail recorded no {calls} for the resource in the last 90 days");
    let undone = |call: &str| {
        format!(
            "? the last recorded call is {call} at 2026-11-26T09:00:00Z; CloudTrail can take up to 15 minutes to record a call"
        )
    };
    for (finding, events, expected) in [
        (
            filter("changed", " /pattern"),
            vec![
                on_filter("09:00", "PutMetricFilter", "/others"),
                "09:00 logs PutMetricFilter logGroupName=/trails filterName=theirs".to_owned(),
                on_filter("08:00", "PutMetricFilter", "/trails"),
            ],
            "PutMetricFilter 08:00".to_owned(),
        ),
        (
            filter("missing", ""),
            vec![
                on_filter("08:00", "DeleteMetricFilter", "/trails"),
                on_filter("07:00", "PutMetricFilter", "/trails"),
            ],
            "DeleteMetricFilter 08:00".to_owned(),
        ),
        (
            filter("missing", ""),
            vec!["09:00 logs DeleteLogGroup logGroupName=/trails".to_owned()],
            "DeleteLogGroup 09:00".to_owned(),
        ),
        (
            filter("missing", ""),
            vec!["09:00 logs DeleteLogGroup logGroupName=/others".to_owned()],
            none("DeleteMetricFilter or DeleteLogGroup"),
        ),
        (
            filter("missing", ""),
            vec![
                on_filter("09:00", "PutMetricFilter", "/trails"),
                on_filter("08:00", "DeleteMetricFilter", "/trails"),
            ],
            undone("PutMetricFilter"),
        ),
        (
            alarm("changed", " /condition/threshold"),
            vec![put_alarm("08:00")],
            "PutMetricAlarm 08:00".to_owned(),
        ),
        (
            alarm("changed", " /condition/threshold"),
            vec!["08:00 monitoring PutMetricAlarm alarmName=theirs".to_owned()],
            none("PutMetricAlarm"),
        ),
        (
            alarm("changed", " /actions_enabled"),
            vec![put_alarm("07:00"), on_alarms("08:00", "DisableAlarmActions")],
            "DisableAlarmActions 08:00".to_owned(),
        ),
        (
            alarm("changed", " /actions_enabled"),
            vec![put_alarm("09:00"), on_alarms("08:00", "DisableAlarmActions")],
            "PutMetricAlarm 09:00".to_owned(),
        ),
        (
            alarm("changed", " /actions_enabled"),
            vec![on_alarms("09:00", "EnableAlarmActions"), on_alarms("08:00", "DisableAlarmActions")],
            undone("EnableAlarmActions"),
        ),
        (alarm("missing", ""), vec![on_alarms("08:00", "DeleteAlarms")], "DeleteAlarms 08:00".to_owned()),
    ] {
        let listed: Vec<&str> = events.iter().map(String::as_str).collect();
        assert_eq!(authors(&finding, &listed), expected, "{finding} {events:?}");
    }
}

#[test]
fn in_the_same_second_the_calls_of_others_came_after_those_of_reconcile() {
    let rotation = "changed key/master/test-key /rotation";
    let call = |name: &str, agent: &str| format!("08:00 kms {name} keyId={KEY} agent={agent}");
    for (ours, theirs) in
        [("EnableKeyRotation", "DisableKeyRotation"), ("DisableKeyRotation", "EnableKeyRotation")]
    {
        let (ours, by_theirs) = (call(ours, "app/reconcile"), call(theirs, "aws-cli/2"));
        assert_eq!(authors(rotation, &[&ours, &by_theirs]), format!("{theirs} 08:00"));
        assert_eq!(authors(rotation, &[&by_theirs, &ours]), format!("{theirs} 08:00"));
    }
}

#[test]
fn authors_are_never_guessed() {
    let logging = &format!("changed {TRAIL} /logging");
    let stop = "08:00 cloudtrail StopLogging name=Trail";
    for (finding, events, expected) in [
        (
            logging.as_str(),
            &[][..],
            "? CloudTrail recorded no StopLogging or CreateTrail for the resource in the last 90 days",
        ),
        (
            logging,
            &["09:00 cloudtrail StartLogging name=Trail", stop],
            "? the last recorded call is StartLogging at 2026-11-26T09:00:00Z; CloudTrail can take up to 15 minutes to record a call",
        ),
        (
            logging,
            &["08:00 cloudtrail StartLogging name=Trail", "08:00 cloudtrail CreateTrail name=Trail"],
            "? the last recorded call is StartLogging at 2026-11-26T08:00:00Z; CloudTrail can take up to 15 minutes to record a call",
        ),
        (
            &format!("missing {TRAIL}"),
            &["09:00 cloudtrail CreateTrail name=Trail", "08:00 cloudtrail DeleteTrail name=Trail"],
            "? the last recorded call is CreateTrail at 2026-11-26T09:00:00Z; CloudTrail can take up to 15 minutes to record a call",
        ),
        (
            &format!("delivery {TRAIL}"),
            &[stop],
            "? calls on the bucket, the key or a policy can prevent deliveries; see the findings about them",
        ),
        (
            &format!("unexpected {TRAIL}"),
            &[stop],
            "? the resource has the tag of the installation, and the spec no longer declares it",
        ),
        ("missing grant/master/auditors", &[], "? CloudTrail events do not name the revoked grants"),
        ("missing role/member/Role", &[], "? `--blame` does not read events of IAM and AWS Organizations"),
        (
            "unexpected:unlisted-trail trail/444455556666/Trail",
            &[],
            "? the spec does not declare the resource",
        ),
        (
            "unexpected:exposure bucket/master/test-logs",
            &[],
            "? `--blame` does not know which calls cause such a finding",
        ),
    ] {
        assert_eq!(authors(finding, events), expected, "{finding} {events:?}");
    }
}

/// The reason, and the edit that makes a list unusable.
type Spoiled = (&'static str, fn(&mut EventScan));

#[test]
fn a_list_that_cannot_be_read_or_does_not_end_leaves_the_author_unknown() {
    let (spec, stop) = (spec(&every_destination()), "08:00 cloudtrail StopLogging name=Trail");
    let cases: [Spoiled; 3] = [
        ("the recorded events cannot be read: denied", |scan| {
            scan.fail("the recorded events cannot be read: denied".to_owned());
        }),
        ("an event of CreateTrail cannot be read", |scan| {
            assert!(!scan.read(vec![None, Some(event("08:00 cloudtrail CreateTrail name=Trail"))]));
        }),
        ("none of the last 1000 events of CreateTrail is about the resource", |scan| {
            let page = || vec![Some(event("08:00 cloudtrail StopLogging name=Other")); 50];
            let pages = std::iter::repeat_with(page).take_while(|page| scan.read(page.clone()));
            assert_eq!(pages.count(), 19);
        }),
    ];
    for (reason, edit) in cases {
        let mut findings = [finding(&format!("changed {TRAIL} /logging"))];
        let search = Search::new(spec.desired(), None, &findings);
        let mut scans = search.scans();
        assert_eq!(scans.len(), 3);
        for scan in &mut scans {
            match scan.listing().event {
                "CreateTrail" => edit(scan),
                _ => drop(scan.read(vec![Some(event(stop))])),
            }
        }
        search.name_authors(scans, &mut findings);
        let blame = findings[0].blame.as_ref().unwrap();
        assert_eq!((blame.calls.len(), blame.unknown.as_slice()), (0, &[reason.to_owned()][..]));
    }
    // The key was not found.
    let mut findings = [finding("missing key/master/test-key")];
    Search::new(spec.desired(), None, &findings).name_authors([], &mut findings);
    let blame = findings[0].blame.as_ref().unwrap();
    assert_eq!(blame.unknown, ["the ID of the key is unknown, because the key was not found"]);
}
