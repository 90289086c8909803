//! Tests whole plans: the new value of each change, the changes on which it depends, and the trails
//! that CloudTrail checks after it.

use std::fmt::Write;

use jiff::Timestamp;
use reconcile_plan::{Plan, destroy};
use reconcile_samples::{EditSpec, every_destination};

use super::made::{compared, made, moved, nothing, spec};

/// All parts of a plan except times and checksums.
fn complete(plan: &Plan) -> String {
    let mut text = format!("summary: {:?}\n", plan.summary);
    let listed = |names: Vec<String>| names.join(", ");
    for change in &plan.changes {
        let (_, after) = change.views();
        let waits = listed(change.depends_on.iter().map(ToString::to_string).collect());
        let asks = listed(change.confirm.iter().map(|trail| trail.address.to_string()).collect());
        writeln!(
            text,
            "{:?} {} in {} of {}",
            change.action(),
            change.address,
            change.region,
            change.account.id
        )
        .unwrap();
        writeln!(text, "  waits for: {waits}\n  checks: {asks}\n  after: {after}").unwrap();
    }
    text
}

/// The spec with other settings of every resource, and without a topic.
fn other() -> String {
    every_destination()
        .with("bucket", "{ encryption: s3, lifecycle: { expire_days: 400 }, policy: { form: by_account } }")
        .with("key", "{ administrators: [\"arn:aws:iam::111111111111:role/Keys\"], rotation_days: 180 }")
        .with("trails.0.multi_region", "false")
        .with("trails.0.cloudwatch_logs", "{ log_group: /other, retention_days: null, encryption: key }")
        .without("trails.0.sns_topic")
        .with("readers", "[{ principal: \"arn:aws:iam::111111111111:role/Auditors\", logs: all }]")
        .with("tags", "{ cost-center: security }")
}

#[test]
fn a_first_plan_creates_every_resource_with_every_setting() {
    let spec = spec(&every_destination());
    let text = complete(&compared(&spec, &nothing(&spec)).plan);
    insta::assert_snapshot!(text);
}

#[test]
fn a_plan_for_another_spec_expands_before_trails_change_and_contracts_after() {
    let (from, to) = (spec(&every_destination()), spec(&other()));
    let text = complete(&compared(&to, &moved(&from, &to)).plan);
    insta::assert_snapshot!(text);
}

#[test]
fn a_destruction_deletes_in_a_safe_order() {
    let spec = spec(&every_destination().with("deletion", "{ bucket: true, key: true }"));
    let mut observed = made(&spec);
    observed.is_bucket_empty = true;
    let text = complete(&destroy(&spec, &observed, Timestamp::UNIX_EPOCH).plan);
    insta::assert_snapshot!(text);
}
