//! Tests the plan that copies live state.

use std::fmt::Write;

use jiff::Timestamp;
use reconcile_plan::copy;
use reconcile_plan::view::Tags;
use reconcile_samples::every_destination;

use super::made::{made, spec};

/// A copy has everything except the policies and the other destinations, with the live settings.
#[test]
fn a_copy_creates_the_live_resources() {
    let spec = spec(&every_destination());
    let mut observed = made(&spec);
    observed.trails.values_mut().flatten().next().unwrap().tags = Tags::default();
    let plan = copy(&spec, &observed, Timestamp::UNIX_EPOCH);
    let mut text = String::new();
    for change in &plan.changes {
        let (_, after) = change.views();
        let depends: Vec<String> = change.depends_on.iter().map(ToString::to_string).collect();
        writeln!(text, "{} after [{}]: {}", change.address, depends.join(", "), change.reasons.join("; "))
            .unwrap();
        writeln!(text, "  {after}").unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_copy_keeps_an_existing_key_and_leaves_out_absent_resources() {
    let spec = spec(&every_destination());
    let mut observed = made(&spec);
    observed.key.as_mut().unwrap().key.is_aliased = false;
    observed.key.as_mut().unwrap().grants[0].name = String::new();
    *observed.trails.values_mut().next().unwrap() = None;
    let copied = |plan: reconcile_plan::Plan| -> Vec<String> {
        plan.changes.iter().map(|change| change.address.to_string()).collect()
    };
    assert_eq!(
        copied(copy(&spec, &observed, Timestamp::UNIX_EPOCH)),
        ["key/master/test-key", "bucket/master/test-logs", "trail/member/Trail"]
    );
    observed.bucket = None;
    observed.key = None;
    assert_eq!(copied(copy(&spec, &observed, Timestamp::UNIX_EPOCH)), ["trail/member/Trail"]);
}
