//! Turns a plan into findings: the same comparison, looked at and not acted on.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::address::Address;
use crate::difference::Difference;
use crate::kind::Kind;
use crate::plan::{ActionKind, Change, Plan};

/// One way in which live state is not what the spec says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What it is about; for an account that could not be read, the account.
    pub address: String,
    /// Of which sort it is.
    pub kind: FindingKind,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong, for people.
    pub message: String,
    /// What is live, in the managed view; null where there is nothing.
    pub before: Value,
    /// What the spec says; null where it has nothing.
    pub after: Value,
    /// The values that differ.
    pub diff: Vec<Difference>,
}

/// Sorts of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingKind {
    /// It should be there.
    Missing,
    /// It is there and differs.
    Changed,
    /// It is there and should not be.
    Unexpected,
    /// It could not be read.
    Unreadable,
}

/// How much a finding matters to who relies on the logs; the greatest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Logs are not recorded, cannot be delivered, or it is not known whether they are.
    Critical,
    /// Logs are recorded in part, or are less protected than the spec says.
    High,
    /// Hygiene.
    Medium,
    /// Labels.
    Low,
}

/// What a plan found, the gravest first.
pub fn findings(plan: &Plan) -> Vec<Finding> {
    let unreadable = plan.unreadable.iter().map(|unreadable| Finding {
        address: format!("account/{}", unreadable.account.name),
        kind: FindingKind::Unreadable,
        severity: Severity::Critical,
        message: unreadable.error.clone(),
        before: Value::Null,
        after: Value::Null,
        diff: Vec::new(),
    });
    let mut findings: Vec<Finding> = unreadable.chain(plan.changes.iter().map(finding)).collect();
    findings.sort_by_key(|finding| finding.severity);
    findings
}

fn finding(change: &Change) -> Finding {
    let (before, after) = change.views();
    Finding {
        address: change.address.to_string(),
        kind: match change.action() {
            ActionKind::Create => FindingKind::Missing,
            ActionKind::Update => FindingKind::Changed,
            ActionKind::Delete => FindingKind::Unexpected,
        },
        severity: severity(&change.address, change.action(), &change.diff),
        message: change.reasons.join("; "),
        before,
        after,
        diff: change.diff.clone(),
    }
}

/// The severity of a change is that of the gravest value in it.
fn severity(address: &Address, action: ActionKind, diff: &[Difference]) -> Severity {
    let of_field = |difference: &Difference| {
        let field = difference.path().trim_start_matches('/').split('/').next().unwrap_or_default();
        match (address.kind, field) {
            (_, "tags" | "description") => Severity::Low,
            (Kind::Trail, "logging" | "bucket" | "prefix") => Severity::Critical,
            (Kind::BucketPolicy | Kind::KeyPolicy, _) => match difference {
                Difference::Add { .. } | Difference::Replace { .. } => Severity::Critical,
                Difference::Remove { .. } => Severity::Medium,
            },
            (Kind::Key, "rotation") => Severity::Medium,
            (Kind::Key | Kind::Alias | Kind::Grant | Kind::Bucket | Kind::Trail, _) => Severity::High,
        }
    };
    match (address.kind, action) {
        (Kind::Grant, ActionKind::Create) => Severity::High,
        (_, ActionKind::Create) => Severity::Critical,
        (_, ActionKind::Delete) => Severity::Medium,
        (_, ActionKind::Update) => diff.iter().map(of_field).min().unwrap_or(Severity::Medium),
    }
}
