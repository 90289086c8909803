//! The SARIF view of a check, for code scanning: a result for each finding, at the spec file.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reconcile_plan::{Finding, Severity};
use serde_json::{Value, json};

use super::{SpecDrift, kind, message};
use crate::error::plain;

/// The SARIF view of a check.
///
/// See "Static Analysis Results Interchange Format (SARIF) Version 2.1.0", and "SARIF support for
/// code scanning" in the GitHub documentation. Code scanning orders results by `security-severity`,
/// and identifies a result by its partial fingerprint.
///
/// # Errors
/// None in practice: every check can be written as JSON.
pub fn sarif(specs: &[SpecDrift]) -> serde_json::Result<String> {
    let mut severities: BTreeMap<(&str, &str), Severity> = BTreeMap::new();
    for finding in specs.iter().flat_map(SpecDrift::findings) {
        let severity = severities.entry(rule(finding)).or_insert(finding.severity);
        *severity = (*severity).min(finding.severity);
    }
    let rules: Vec<Value> = severities.into_iter().map(described).collect();
    let failures = specs.iter().filter_map(|spec| Some((spec, spec.result.as_ref().err()?)));
    let notifications: Vec<Value> = failures
        .map(|(spec, failure)| {
            json!({
                "level": "error",
                "message": { "text": plain(failure).as_str().trim_end() },
                "locations": [location(&spec.spec, None)],
            })
        })
        .collect();
    let pairs = specs.iter().flat_map(|spec| spec.findings().iter().map(move |finding| (spec, finding)));
    let results = pairs.map(|(spec, finding)| result(spec, finding));
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "reconcile",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules,
            } },
            "invocations": [{
                "executionSuccessful": notifications.is_empty(),
                "toolExecutionNotifications": notifications,
            }],
            "results": results.collect::<Vec<_>>(),
        }],
    });
    serde_json::to_string_pretty(&document).map(|text| text + "\n")
}

/// The rule of a finding: the code of the finding and the kind of its resource.
fn rule(finding: &Finding) -> (&str, &str) {
    (finding.code.as_str(), kind(finding))
}

/// A rule with its highest severity.
fn described(((code, kind), severity): ((&str, &str), Severity)) -> Value {
    let (kind_in_words, code_in_words) = (kind.replace('_', " "), code.replace('-', " "));
    json!({
        "id": format!("{code}/{kind}"),
        "shortDescription": { "text": format!("Drift of a {kind_in_words}: {code_in_words}") },
        "defaultConfiguration": { "level": level(severity) },
        "properties": { "security-severity": security_severity(severity), "tags": ["security", "cloudtrail"] },
    })
}

fn result(spec: &SpecDrift, finding: &Finding) -> Value {
    let (code, kind) = rule(finding);
    let mut result = json!({
        "ruleId": format!("{code}/{kind}"),
        "level": level(finding.severity),
        "message": { "text": format!("{}: {}", finding.address, message(finding)) },
        "locations": [location(&spec.spec, Some(&finding.address))],
        "partialFingerprints": { "finding/v1": finding.id },
        "properties": { "severity": finding.severity.as_str() },
    });
    if let Some(blame) = &finding.blame {
        result["properties"]["blame"] = json!(blame);
    }
    if let Some(reason) = &finding.accepted {
        result["suppressions"] = json!([{ "kind": "external", "justification": reason }]);
    }
    result
}

/// The spec file, because live state has no file. The address is the logical location.
fn location(spec: &str, address: Option<&str>) -> Value {
    let logical: Vec<Value> = address
        .map(|address| json!({ "fullyQualifiedName": address, "kind": "resource" }))
        .into_iter()
        .collect();
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(spec) },
            "region": { "startLine": 1 },
        },
        "logicalLocations": logical,
    })
}

/// The path as a URI reference.
fn uri(path: &str) -> String {
    const KEPT: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    utf8_percent_encode(&path.replace('\\', "/"), KEPT).to_string()
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

/// The severity as a number from 0 to 10 for code scanning: above 9.0 is critical, from 7.0 is
/// high, and from 4.0 is medium.
fn security_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.0",
        Severity::Low => "2.0",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_uri_reference() {
        for (path, expected) in [
            ("specs/prod.yaml", "specs/prod.yaml"),
            ("my specs/ü.yaml", "my%20specs/%C3%BC.yaml"),
            ("specs\\prod.yaml", "specs/prod.yaml"),
        ] {
            assert_eq!(uri(path), expected);
        }
    }
}
