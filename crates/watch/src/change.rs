//! The changes of findings between two checks of a spec, without side effects.

use std::collections::BTreeMap;

use reconcile_plan::{DriftReport, Finding, FindingKind};
use serde::{Deserialize, Serialize};

/// The kind of change of a finding since the last check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingTransition {
    /// The finding did not exist before, or was accepted.
    New,
    /// The finding is more severe.
    Worse,
    /// The finding no longer exists, or is accepted now.
    Resolved,
}

impl FindingTransition {
    /// The word of the transition.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Worse => "worse",
            Self::Resolved => "resolved",
        }
    }
}

/// A finding that changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FindingChange {
    /// The kind of the change.
    pub transition: FindingTransition,
    /// The current finding, or the finding before it was resolved.
    pub finding: Finding,
}

/// Returns the changes since earlier checks. `known` contains the open findings of earlier checks,
/// and then those of this check.
///
/// If an account cannot be read now, its findings count neither as open nor as resolved. They stay
/// known, so that receivers are not notified that a finding is resolved, or that it is new when the
/// account can be read again.
pub(crate) fn advance(known: &mut BTreeMap<String, Finding>, checked: &DriftReport) -> Vec<FindingChange> {
    let open: BTreeMap<&str, &Finding> = checked
        .findings
        .iter()
        .filter(|finding| finding.is_open())
        .map(|finding| (finding.id.as_str(), finding))
        .collect();
    let unread: Vec<&Finding> =
        open.values().copied().filter(|finding| finding.kind == FindingKind::Unreadable).collect();
    let is_unknown = |finding: &Finding| {
        unread.iter().any(|unread| unread.account.is_some() && unread.account == finding.account)
    };
    let mut changes = Vec::new();
    for finding in checked.findings.iter().filter(|finding| finding.is_open()) {
        let transition = match known.get(&finding.id) {
            None => FindingTransition::New,
            Some(before) if finding.severity < before.severity => FindingTransition::Worse,
            Some(_) => continue,
        };
        changes.push(FindingChange { transition, finding: finding.clone() });
    }
    for finding in known.values() {
        if !open.contains_key(finding.id.as_str()) && !is_unknown(finding) {
            changes.push(FindingChange { transition: FindingTransition::Resolved, finding: finding.clone() });
        }
    }
    let carried = known.values().filter(|it| !open.contains_key(it.id.as_str()) && is_unknown(it));
    let carried: Vec<Finding> = carried.cloned().collect();
    *known = open.into_values().cloned().chain(carried).map(|it| (it.id.clone(), it)).collect();
    changes
}

#[cfg(test)]
pub(crate) mod tests {
    use reconcile_plan::Severity;
    use serde_json::json;

    use super::*;

    /// Returns a finding such as `a:high`, `a:high:unreadable` or `a:high:accepted`. Its account
    /// has the name of the finding.
    pub(crate) fn finding(text: &str) -> Finding {
        let mut words = text.split(':');
        let (id, severity) = (words.next().unwrap(), words.next().unwrap());
        let more = words.next().unwrap_or("changed");
        let (kind, accepted) = if more == "accepted" { ("changed", Some("SEC-1")) } else { (more, None) };
        let account = id.chars().next().unwrap();
        serde_json::from_value(json!({
            "id": id, "address": format!("trail/{account}/{id}"), "kind": kind, "code": kind, "severity": severity,
            "account": { "name": account.to_string(), "id": "111111111111" },
            "message": "logging is stopped", "before": null, "after": null, "diff": [], "accepted": accepted,
        }))
        .unwrap()
    }

    pub(crate) fn checked(findings: &str) -> DriftReport {
        DriftReport {
            installation: "prod".to_owned(),
            accounts: BTreeMap::new(),
            findings: findings.split_whitespace().map(finding).collect(),
        }
    }

    #[test]
    fn a_finding_is_reported_when_it_appears_worsens_or_ends() {
        for (before, after, expected) in [
            ("", "", ""),
            ("", "a:high", "new a"),
            ("a:high", "a:high", ""),
            ("a:high", "a:critical", "worse a"),
            ("a:critical", "a:high", ""),
            ("a:high b:low", "b:low", "resolved a"),
            ("a:high", "a:high:accepted", "resolved a"),
            ("a:high:accepted", "a:high", "new a"),
            // An account that cannot be read: its findings are unknown.
            ("a1:high b1:low", "a2:critical:unreadable", "new a2, resolved b1"),
        ] {
            let mut known = BTreeMap::new();
            advance(&mut known, &checked(before));
            let changes = advance(&mut known, &checked(after));
            let told: Vec<String> =
                changes.iter().map(|it| format!("{} {}", it.transition.as_str(), it.finding.id)).collect();
            assert_eq!(told.join(", "), expected, "from {before:?} to {after:?}");
        }
    }

    #[test]
    fn a_finding_of_a_temporarily_unreadable_account_is_reported_once() {
        let mut known = BTreeMap::new();
        let told: Vec<usize> = ["a1:high", "a2:critical:unreadable", "a1:high", ""]
            .into_iter()
            .map(|findings| advance(&mut known, &checked(findings)).len())
            .collect();
        // The changes are the finding, the unreadable account, the end of the unreadable account,
        // and the end of the finding.
        assert_eq!(told, [1, 1, 1, 1]);
        assert!(known.is_empty());
        assert_eq!(finding("a:low").severity, Severity::Low);
    }
}
