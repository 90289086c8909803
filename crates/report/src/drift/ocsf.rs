//! The OCSF view of a check: a detection finding for each finding, in the format that Amazon
//! Security Lake and Prowler use for findings.

use std::net::IpAddr;

use reconcile_plan::blame::RecordedCall;
use reconcile_plan::{Finding, Severity};
use serde::Serializer;
use serde_json::{Value, json};

use super::{SpecDrift, kind, message};

/// The version of the OCSF schema.
const VERSION: &str = "1.5.0";
/// The class "Detection Finding" of the category "Findings".
const CLASS: u32 = 2004;
const CATEGORY: u32 = 2;
/// The activity "Create".
const ACTIVITY: u32 = 1;

/// The OCSF view of a check: a JSON array of events of the class Detection Finding, with times in
/// milliseconds since 1970. A spec that could not be checked has no finding.
///
/// See "Detection Finding" in the Open Cybersecurity Schema Framework.
///
/// # Errors
/// None in practice: every check can be written as JSON.
pub fn ocsf(specs: &[SpecDrift]) -> serde_json::Result<String> {
    let pairs = specs.iter().flat_map(|spec| spec.findings().iter().map(move |finding| (spec, finding)));
    let mut text = Vec::new();
    // Events are written one at a time, because thousands of findings would need tens of megabytes
    // of memory as values.
    serde_json::Serializer::pretty(&mut text)
        .collect_seq(pairs.map(|(spec, finding)| event(spec, finding)))?;
    text.push(b'\n');
    String::from_utf8(text).map_err(serde::ser::Error::custom)
}

/// The evidence of a recorded call: the actor, the call and the source.
fn evidence(call: &RecordedCall) -> Value {
    let source = match call.source_address.parse::<IpAddr>() {
        Ok(address) => json!({ "ip": address }),
        Err(_) => json!({ "name": call.source_address }),
    };
    json!({
        "actor": { "user": { "uid": call.principal, "name": call.principal } },
        "api": {
            "operation": call.event_name,
            "request": { "uid": call.event_id },
        },
        "src_endpoint": source,
        "data": call,
    })
}

fn event(spec: &SpecDrift, finding: &Finding) -> Value {
    let mut event = without_evidence(spec, finding);
    if let Some(blame) = finding.blame.as_ref().filter(|blame| !blame.calls.is_empty()) {
        event["evidences"] = blame.calls.iter().map(evidence).collect();
    }
    event
}

fn without_evidence(spec: &SpecDrift, finding: &Finding) -> Value {
    let time = spec.checked_at.as_millisecond();
    let (severity_id, severity) = severity(finding.severity);
    let (status_id, status) = if finding.is_open() { (1, "New") } else { (3, "Suppressed") };
    json!({
        "metadata": {
            "version": VERSION,
            "profiles": ["cloud"],
            "event_code": finding.code,
            "product": {
                "name": "reconcile",
                "vendor_name": "reconcile",
                "version": env!("CARGO_PKG_VERSION"),
            },
        },
        "category_uid": CATEGORY,
        "category_name": "Findings",
        "class_uid": CLASS,
        "class_name": "Detection Finding",
        "activity_id": ACTIVITY,
        "activity_name": "Create",
        "type_uid": CLASS * 100 + ACTIVITY,
        "type_name": "Detection Finding: Create",
        "time": time,
        "severity_id": severity_id,
        "severity": severity,
        "status_id": status_id,
        "status": status,
        "status_detail": finding.accepted,
        "message": message(finding),
        "finding_info": {
            "uid": finding.id,
            "title": format!("{}: {}", finding.address, finding.code),
            "desc": finding.message,
            "types": [finding.code],
            "created_time": time,
        },
        "resources": [{
            "uid": finding.address,
            "name": finding.address.rsplit('/').next(),
            "type": kind(finding),
            "namespace": spec.spec,
            "data": { "before": finding.before, "after": finding.after, "diff": finding.diff },
        }],
        "cloud": {
            "provider": "AWS",
            "account": finding.account.as_ref().map(|account| {
                json!({ "uid": account.id, "name": account.name, "type": "AWS Account", "type_id": 10 })
            }),
        },
    })
}

fn severity(severity: Severity) -> (u32, &'static str) {
    match severity {
        Severity::Low => (2, "Low"),
        Severity::Medium => (3, "Medium"),
        Severity::High => (4, "High"),
        Severity::Critical => (5, "Critical"),
    }
}
