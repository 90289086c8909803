//! Tests each setting of a spec: the plan after the setting was added, and the plan after it was
//! removed.

use std::fmt::Write;

use reconcile_plan::observed::Observed;
use reconcile_samples::{EditSpec, every_destination};

use super::made::{compared, made, moved, moved_from, nothing, planned, spec};

/// Settings of a part of the spec, and the spec that has a setting.
struct Case {
    name: &'static str,
    spec: fn(&str) -> String,
    lines: &'static [&'static str],
}

/// Describes the changes between the default settings and each line, in both directions.
fn both_ways(case: &Case) -> String {
    let mut text = String::new();
    let in_sync = |text: &str| {
        let spec = spec(text);
        let live = made(&spec);
        let warnings = compared(&spec, &live).plan.warnings;
        (spec, live, warnings)
    };
    let default = in_sync(&every_destination());
    for line in case.lines {
        let other = in_sync(&(case.spec)(line));
        for (name, (from, live, _), (to, _, usual)) in
            [("added", &default, &other), ("removed", &other, &default)]
        {
            let plan = compared(to, &moved_from(from, live.clone(), to)).plan;
            writeln!(text, "{}: `{line}` {name}\n{}", case.name, planned(&plan, usual)).unwrap();
        }
    }
    text
}

#[test]
fn a_setting_of_a_trail_that_changes_is_updated() {
    let text = both_ways(&Case {
        name: "trail",
        // The lines have the indentation of a spec.
        spec: |line| every_destination().with("trails.0", &format!("    {line}")),
        lines: &[
            "enabled: false",
            "multi_region: false",
            "multi_region: false\n    global_service_events: false",
            "log_file_validation: false",
            "management_events: read",
            "recursive_logging: true",
            "recursive_logging: false",
            "insights: [ApiCallRateInsight]",
            "insights: { data: [ApiErrorRateInsight] }",
            "event_aggregation: [RESOURCE_ACCESS]",
            "event_aggregation: []",
        ],
    });
    insta::assert_snapshot!(text);
}

/// A spec whose trail has these advanced event selectors.
fn with_selectors(selectors: &[&str]) -> String {
    let list = selectors.join(", ");
    every_destination()
        .without("trails.0.data_events")
        .with("trails.0.advanced_event_selectors", &format!("[{list}]"))
}

#[test]
fn basic_and_advanced_event_selectors_replace_each_other_and_their_order_has_no_meaning() {
    const MANAGEMENT: &str = "{ FieldSelectors: [{ Field: eventCategory, Equals: [Management] }] }";
    const DATA: &str = "{ FieldSelectors: [{ Field: eventCategory, Equals: [Data] }, { Field: resources.type, \
        Equals: [\"AWS::S3::Object\"] }, { Field: resources.ARN, StartsWith: [\"arn:aws:s3:::b/\", \"arn:aws:s3:::a/\"] }] }";
    const SAME: &str = "{ FieldSelectors: [{ Field: resources.ARN, StartsWith: [\"arn:aws:s3:::a/\", \"arn:aws:s3:::b/\"] }, \
        { Field: resources.type, Equals: [\"AWS::S3::Object\"] }, { Field: eventCategory, Equals: [Data] }] }";

    let reasons = |from: &str, to: &str| -> Vec<String> {
        let plan = compared(&spec(to), &made(&spec(from))).plan;
        let reasons = plan.changes.iter().map(|it| format!("{}: {}", it.address, it.reasons.join("; ")));
        reasons.collect()
    };
    let (basic, advanced) = (every_destination(), with_selectors(&[MANAGEMENT, DATA]));
    let differ =
        ["master", "member"].map(|it| format!("trail/{it}/Trail: the recorded events differ from the spec"));
    for (from, to, expected) in [
        (&basic, &advanced, &differ[..]),
        (&advanced, &basic, &differ),
        (&advanced, &with_selectors(&[SAME, MANAGEMENT]), &[]),
        (&advanced, &with_selectors(&[MANAGEMENT]), &differ),
        (&with_selectors(&[MANAGEMENT]), &advanced, &differ),
    ] {
        assert_eq!(reasons(from, to), expected, "{from}\n{to}");
    }

    let no_management = spec(&with_selectors(&[DATA]));
    let warnings = compared(&no_management, &made(&no_management)).plan.warnings;
    let messages: Vec<&str> = warnings.iter().map(|it| it.message.as_str()).collect();
    assert!(messages.contains(&"it records no management events, such as changes of IAM"), "{messages:#?}");
}

/// A spec whose trail has no destination of a kind, or the destination in this line.
fn with_destination(kind: &str, line: &str) -> String {
    let without = every_destination().without(&format!("trails.0.{kind}"));
    if line.is_empty() { without } else { without.with("trails.0", line) }
}

#[test]
fn a_destination_of_a_trail_that_changes_is_created_and_deleted() {
    let mut text = both_ways(&Case {
        name: "log group",
        spec: |line| with_destination("cloudwatch_logs", line),
        lines: &[
            "",
            "cloudwatch_logs: { log_group: /other, retention_days: 30 }",
            "cloudwatch_logs: { log_group: /trails, retention_days: 7 }",
            "cloudwatch_logs: { log_group: /trails, retention_days: 30, role_name: other }",
            "cloudwatch_logs: { log_group: /trails, retention_days: 30, permissions_boundary: Logs }",
            "cloudwatch_logs: { log_group: /trails, retention_days: 30, encryption: key }",
        ],
    });
    text += &both_ways(&Case {
        name: "topic",
        spec: |line| with_destination("sns_topic", line),
        lines: &[
            "",
            "sns_topic: { name: other, encryption: key }",
            "sns_topic: { name: log-files, encryption: unmanaged }",
            "sns_topic: { name: log-files, account: member }",
        ],
    });
    insta::assert_snapshot!(text);
}

#[test]
fn a_setting_of_the_bucket_that_changes_is_updated() {
    let text = both_ways(&Case {
        name: "bucket",
        spec: |line| every_destination().with("bucket", line),
        lines: &[
            "prefix: logs",
            "encryption: s3",
            "encryption: unmanaged",
            "blocked_encryption_types: [SSE-C]",
            "versioning: false",
            "block_public_access: false",
            "object_ownership: ObjectWriter",
            "require_tls: false",
            "lifecycle: { transitions: [{ days: 90, storage_class: GLACIER_IR }], expire_days: 400, \
                noncurrent_expire_days: 30, abort_incomplete_multipart_days: 7 }",
            "object_lock: { mode: GOVERNANCE, days: 30 }",
            "object_lock: { mode: COMPLIANCE, years: 7 }",
            "access_logs: { bucket: access-logs, prefix: trails/ }",
            "eventbridge: true",
            "policy: { extra_statements: [{ Sid: Athena, Effect: Allow, Principal: { AWS: \"111111111111\" }, \
                Action: \"s3:GetObject\", Resource: \"arn:aws:s3:::test-logs/*\" }] }",
            "policy: { form: by_account }",
            "policy: { proof: warn }",
            "policy: unmanaged",
        ],
    });
    insta::assert_snapshot!(text);
}

#[test]
fn a_setting_of_the_key_that_changes_is_updated() {
    let text = both_ways(&Case {
        name: "key",
        spec: |line| every_destination().with("key", line),
        lines: &[
            "description: Logs",
            "description: unmanaged",
            "rotation_days: 180",
            "rotation_days: unmanaged",
            "administrators: [\"arn:aws:iam::111111111111:role/Keys\"]",
            "policy: { form: by_account }",
            "policy: unmanaged",
        ],
    });
    insta::assert_snapshot!(text);
}

#[test]
fn a_setting_of_the_installation_that_changes_is_updated() {
    let mut text = both_ways(&Case {
        name: "installation",
        spec: |line| every_destination().with("", line),
        lines: &[
            "tags: { cost-center: security }",
            "tags: unmanaged",
            "readers: [{ principal: \"arn:aws:iam::111111111111:role/Auditors\", logs: all }]",
            "readers: [{ account: member, logs: own }]",
            "deletion: { trails: false, grants: false, statements: false }",
        ],
    });
    text += &both_ways(&Case {
        name: "accounts",
        spec: |line| every_destination().with("accounts", line),
        lines: &["third: { id: \"333333333333\", role: Ops }"],
    });
    insta::assert_snapshot!(text);
}

#[test]
fn a_renamed_installation_is_updated_and_not_created_again() {
    let lifecycle = every_destination().with("bucket.lifecycle", "{ expire_days: 400 }");
    let old = spec(&lifecycle);
    let new = spec(&lifecycle.with("", "{ name: renamed, previous_name: test }"));
    let usual = compared(&new, &made(&new)).plan.warnings;
    let mut observed = moved(&old, &new);
    if let Some(lifecycle) = observed.bucket.as_mut().and_then(|bucket| bucket.lifecycle.as_mut()) {
        lifecycle.previous_id = Some("reconcile-test".to_owned());
    }
    let text = planned(&compared(&new, &observed).plan, &usual);
    insta::assert_snapshot!(text);
}

#[test]
fn the_resources_of_another_installation_are_refused() {
    let original = spec(&every_destination());
    let other = spec(&every_destination().with("name", "another"));
    let usual = compared(&other, &made(&other)).plan.warnings;
    let mut text = planned(&compared(&other, &moved(&original, &other)).plan, &usual);
    let mut observed = moved(&original, &other);
    // Without tags, only the statements show the installation of the trails.
    observed.trails.values_mut().flatten().for_each(|trail| trail.tags.0.clear());
    writeln!(text, "without tags of the trails").unwrap();
    text += &planned(&compared(&other, &observed).plan, &usual);
    let mut unread: Observed = nothing(&other);
    let error = reconcile_plan::ReadError::ForeignRole {
        name: "reconcile-another-cloudtrail".to_owned(),
        owner: Some("test".to_owned()),
    };
    unread.unreadable.insert("member".parse().unwrap(), error);
    writeln!(text, "a role with the tag of the other installation").unwrap();
    text += &planned(&compared(&other, &unread).plan, &usual);
    insta::assert_snapshot!(text);
}
