//! Checks the lifecycle of a bucket.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderValue, Response};
use roxmltree::{Document, Node};

use crate::fault::Fault;
use crate::request::Request;

/// The header with the minimum size of objects that move to another class. The value is stored
/// under the name of the header.
pub(super) const LEAST_SIZE: &str = "x-amz-transition-default-minimum-object-size";

/// The storage classes to which objects can move, each with the classes that can follow it.
///
/// See "Transitioning objects using Amazon S3 Lifecycle" in the S3 user guide.
const CLASSES: [(&str, &[&str]); 6] = [
    ("STANDARD_IA", &["INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"]),
    ("INTELLIGENT_TIERING", &["ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"]),
    ("ONEZONE_IA", &["GLACIER", "DEEP_ARCHIVE"]),
    ("GLACIER_IR", &["GLACIER", "DEEP_ARCHIVE"]),
    ("GLACIER", &["DEEP_ARCHIVE"]),
    ("DEEP_ARCHIVE", &[]),
];
/// The classes that require a minimum age of the objects. Objects must stay in these classes for
/// the same time before they are archived.
const INFREQUENT: [&str; 2] = ["STANDARD_IA", "ONEZONE_IA"];
const ARCHIVES: [&str; 2] = ["GLACIER", "DEEP_ARCHIVE"];
const INFREQUENT_DAYS: i64 = 30;

/// Rejects rules that S3 rejects: rules with both a filter and a prefix, rules without an action,
/// and rules with an order of transitions or expirations that S3 does not support.
///
/// See "Lifecycle configuration elements" in the S3 user guide.
pub(super) fn check(document: &Document<'_>) -> Result<(), Fault> {
    let rules = || document.descendants().filter(|node| node.tag_name().name() == "Rule");
    let has = |name: &str| rules().any(|rule| child(rule, name).is_some());
    if has("Filter") && has("Prefix") {
        return Err(invalid("Filter element can only be used in Lifecycle V2."));
    }
    rules().try_for_each(check_rule)
}

fn invalid(message: impl Into<String>) -> Fault {
    Fault::bad("InvalidRequest", message)
}

fn check_rule(rule: Node<'_, '_>) -> Result<(), Fault> {
    const ACTIONS: [&str; 5] = [
        "Transition",
        "Expiration",
        "NoncurrentVersionTransition",
        "NoncurrentVersionExpiration",
        "AbortIncompleteMultipartUpload",
    ];

    if !ACTIONS.iter().any(|action| child(rule, action).is_some()) {
        return Err(invalid("At least one action needs to be specified in a rule"));
    }
    for (action, days) in [
        ("Expiration", "Days"),
        ("NoncurrentVersionExpiration", "NoncurrentDays"),
        ("AbortIncompleteMultipartUpload", "DaysAfterInitiation"),
    ] {
        if child(rule, action).and_then(|it| number(it, days)).is_some_and(|days| days < 1) {
            let message = format!("'{days}' for {action} action must be a positive integer");
            return Err(Fault::bad("InvalidArgument", message));
        }
    }
    let transitions = rule.children().filter(|it| it.tag_name().name() == "Transition").filter_map(|it| {
        Some((number(it, "Days")?, child(it, "StorageClass").and_then(|class| class.text())?))
    });
    let mut transitions: Vec<(i64, &str)> = transitions.collect();
    transitions.sort_by_key(|(days, class)| (*days, CLASSES.iter().position(|(it, _)| it == class)));
    check_transitions(&transitions)?;
    let expires = child(rule, "Expiration").and_then(|it| number(it, "Days"));
    if let (Some(expires), Some((last, _))) = (expires, transitions.last())
        && expires <= *last
    {
        let message = "'Days' in the Expiration action must be greater than 'Days' in the Transition action";
        return Err(Fault::bad("InvalidArgument", message));
    }
    Ok(())
}

/// Checks the transitions of a rule, in the order of their days.
fn check_transitions(transitions: &[(i64, &str)]) -> Result<(), Fault> {
    for (days, class) in transitions {
        if INFREQUENT.contains(class) && *days < INFREQUENT_DAYS {
            let message = format!(
                "'Days' in Transition action must be greater than or equal to {INFREQUENT_DAYS} for storageClass \
                 '{class}'"
            );
            return Err(Fault::bad("InvalidArgument", message));
        }
    }
    for pair in transitions.windows(2) {
        let [(earlier, from), (later, to)] = pair else { continue };
        let follow = CLASSES.iter().find(|(class, _)| class == from).map_or(&[][..], |(_, follow)| follow);
        let is_archived_early = INFREQUENT.contains(from)
            && ARCHIVES.contains(to)
            && *later < earlier.saturating_add(INFREQUENT_DAYS);
        if !follow.contains(to) || later == earlier || is_archived_early {
            return Err(invalid(format!("Found an invalid transition from '{from}' to '{to}'")));
        }
    }
    Ok(())
}

fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|it| it.tag_name().name() == name)
}

fn number(node: Node<'_, '_>, name: &str) -> Option<i64> {
    child(node, name)?.text()?.trim().parse().ok()
}

/// Returns the minimum size of a request. See `PutBucketLifecycleConfiguration` in the S3 API
/// reference.
pub(super) fn least_size(request: &Request) -> String {
    request.header(LEAST_SIZE).unwrap_or("all_storage_classes_128K").to_owned()
}

pub(super) fn tell_least_size(configuration: &BTreeMap<String, String>, response: &mut Response<Bytes>) {
    if let Some(size) = configuration.get(LEAST_SIZE).and_then(|size| HeaderValue::from_str(size).ok()) {
        response.headers_mut().insert(LEAST_SIZE, size);
    }
}
