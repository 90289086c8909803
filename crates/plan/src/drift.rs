//! Converts a plan into the findings of a drift check.

mod code;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use reconcile_policy::AccountId;
use reconcile_spec::{AccountName, sha256_hex};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::address::Address;
use crate::blame::Blame;
use crate::compare::{Comparison, not_ours};
use crate::difference::Difference;
use crate::outsider::Outsider;
use crate::plan::{AccountRef, ActionKind, Change, Warning, WarningCode};
use crate::refusal::Refusal;
use crate::severity::{Severity, change_severity};
pub use code::FindingCode;

/// A difference between live state and the spec.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The name of the finding, 32 hexadecimal digits. The name does not change between checks: it
    /// depends on the installation, the address, the code and, for access of outsiders, on the
    /// access itself. The name does not depend on the message, which can contain times.
    pub id: String,
    /// The address of the resource, or of an account that could not be read.
    pub address: String,
    /// The account of the resource, if the account is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountRef>,
    /// The kind of the finding.
    pub kind: FindingKind,
    /// The code of the finding, for programs.
    pub code: FindingCode,
    /// The severity.
    pub severity: Severity,
    /// The message for people.
    pub message: String,
    /// The next step of the user; `None` if there is no next step, or if the message already
    /// contains it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The managed view of the live resource; null if the resource does not exist.
    pub before: Value,
    /// The resource in the spec; null if the spec does not have it.
    pub after: Value,
    /// The values that differ.
    pub diff: Vec<Difference>,
    /// The name that accepts the finding under `reviewed` in the spec, if the finding is access of
    /// outsiders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<String>,
    /// The reason why the spec or a baseline accepts the finding. An accepted finding is not drift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
    /// The authors of the finding, if the user asked for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blame: Option<Blame>,
}

impl Finding {
    /// Returns whether neither the spec nor a baseline accepts the finding.
    pub fn is_open(&self) -> bool {
        self.accepted.is_none()
    }
}

/// The report of a drift check of one spec.
#[derive(Debug, Clone, PartialEq)]
pub struct DriftReport {
    /// The name of the installation.
    pub installation: String,
    /// The accounts of the spec, and the accounts that left the spec and could be read.
    pub accounts: BTreeMap<AccountName, AccountId>,
    /// The findings, the most severe first, and accepted findings at the end.
    pub findings: Vec<Finding>,
}

impl DriftReport {
    /// Creates the report of a comparison.
    pub fn new(comparison: &Comparison) -> Self {
        Self {
            installation: comparison.plan.spec.name.clone(),
            accounts: comparison.accounts.clone(),
            findings: findings(comparison),
        }
    }

    /// Adds findings of another check. The text with each finding distinguishes the finding from
    /// other findings with the same address and code.
    pub(crate) fn add(&mut self, found: Vec<(String, Finding)>) {
        for (subject, mut finding) in found {
            finding.account = account_of(&finding.address, &self.accounts);
            finding.id = id(&identity(&self.installation, &finding, &subject), 1);
            self.findings.push(finding);
        }
        sort(&mut self.findings);
    }
}

/// The kinds of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingKind {
    /// A resource of the spec does not exist.
    Missing,
    /// A resource differs from the spec.
    Changed,
    /// A resource or a permission is not in the spec.
    Unexpected,
    /// A trail exists, but its log files do not arrive, or it is unknown whether they arrive.
    Delivery,
    /// A resource or an account could not be read.
    Unreadable,
}

impl FindingKind {
    /// The word of the kind.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Changed => "changed",
            Self::Unexpected => "unexpected",
            Self::Delivery => "delivery",
            Self::Unreadable => "unreadable",
        }
    }
}

/// Returns the findings of a comparison, the most severe first, and accepted findings at the end.
pub fn findings(comparison: &Comparison) -> Vec<Finding> {
    let plan = &comparison.plan;
    let unreadable = plan.unreadable.iter().map(|unreadable| Finding {
        kind: FindingKind::Unreadable,
        severity: Severity::Critical,
        hint: unreadable.hint.clone(),
        ..viewless(
            format!("account/{}", unreadable.account.name),
            FindingCode::Unreadable,
            unreadable.error.clone(),
        )
    });
    let undelivered = comparison.undelivered.iter().map(|path| {
        let refusals = path.refusals();
        let (severity, code, message) = if refusals.is_empty() {
            let unknowns = path.unknowns().join("; ");
            let message = format!("it is not known whether it can deliver: {unknowns}");
            (Severity::Medium, FindingCode::DeliveryUnknown, message)
        } else {
            (Severity::Critical, FindingCode::Undeliverable, refusals.join("; "))
        };
        Finding { kind: FindingKind::Delivery, severity, ..viewless(path.address.to_string(), code, message) }
    });
    let of_warning = |warning: &Warning| {
        let (kind, severity) = significance(&warning.code)?;
        let finding = viewless(warning.address.to_string(), warning.code.clone(), warning.message.clone());
        Some(Finding { kind, severity, ..finding })
    };
    let is_of_kind = |warning: &Warning, wanted: FindingKind| {
        significance(&warning.code).is_some_and(|(kind, _)| kind == wanted)
    };
    let is_unhealthy = |it: &&Warning| is_of_kind(it, FindingKind::Delivery);
    let unhealthy = plan.warnings.iter().filter(is_unhealthy).filter_map(of_warning);
    let outsiders = comparison.outsiders.iter().map(outsider_finding);
    // An obstacle to the delivery of an existing trail is reported with the trail.
    let reported: BTreeSet<&Address> = comparison.undelivered.iter().map(|path| &path.address).collect();
    let is_reported = |refusal: &&Refusal| match refusal {
        Refusal::Blocked { .. } | Refusal::Undeliverable { .. } => {
            refusal.resources().iter().all(|trail| reported.contains(trail))
        }
        Refusal::OtherInstallation { .. }
        | Refusal::LockedOut { .. }
        | Refusal::EmptyPolicy { .. }
        | Refusal::DeletedPrincipal { .. }
        | Refusal::PublicStatement { .. }
        | Refusal::RequesterPays { .. }
        | Refusal::KeyUnusable { .. }
        | Refusal::AliasElsewhere { .. }
        | Refusal::TooLarge { .. } => false,
    };
    let refused = comparison.refusals.iter().filter(|it| !is_reported(it)).map(|refusal| {
        let (address, message) = (refusal.address().to_string(), refusal.to_string());
        // The finding already has the address of the resource.
        let message = message.strip_prefix(&format!("{address}: ")).unwrap_or(&message).to_owned();
        let severity = refused_severity(refusal, &comparison.absent);
        let hint = Some(refusal.hint());
        let finding = viewless(address, refusal.code(), message);
        Finding { kind: FindingKind::Changed, severity, hint, ..finding }
    });
    let is_withheld = |it: &&Warning| it.code == WarningCode::WithheldSetting;
    let withheld = plan.warnings.iter().filter(is_withheld).filter_map(of_warning);
    let unsettled = comparison.unsettled.iter();
    let unsettled = unsettled.map(|(address, message)| {
        viewless(address.to_string(), WarningCode::AdministrationUnknown, message.clone())
    });
    let is_unread = |it: &&Warning| is_of_kind(it, FindingKind::Unreadable);
    let unread = plan.warnings.iter().filter(is_unread).filter_map(of_warning);
    // A finding about access of outsiders replaces the warning that the statement is foreign.
    let is_judged = |warning: &Warning| {
        let mut judged = comparison.foreign.iter().filter(|it| it.address == warning.address);
        judged.any(|it| not_ours(&it.subject) == warning.message)
    };
    let is_foreign = |it: &&Warning| it.code == WarningCode::ForeignStatement;
    let foreign = plan.warnings.iter().filter(|it| is_foreign(it) && !is_judged(it)).filter_map(of_warning);
    let of_outsiders = comparison.foreign.iter().map(|access| Finding {
        severity: access.severity,
        review: Some(access.review.clone()),
        accepted: access.accepted.clone(),
        ..viewless(access.address.to_string(), FindingCode::Exposure, access.message.clone())
    });
    let is_other = |it: &&Warning| !is_unhealthy(it) && !is_withheld(it) && !is_unread(it) && !is_foreign(it);
    let others = plan.warnings.iter().filter(is_other).filter_map(of_warning);
    let mut findings: Vec<Finding> = unreadable
        .chain(undelivered)
        .chain(unhealthy)
        .chain(outsiders)
        .chain(plan.changes.iter().map(|change| finding(change, &comparison.blocking)))
        .chain(refused)
        .chain(withheld)
        .chain(unsettled)
        .chain(unread)
        .chain(foreign)
        .chain(of_outsiders)
        .chain(others)
        .collect();
    for finding in &mut findings {
        finding.account = account_of(&finding.address, &comparison.accounts);
    }
    sort(&mut findings);
    identify(&plan.spec.name, &mut findings);
    findings
}

/// Sorts findings: the most severe first, and accepted findings at the end.
pub(crate) fn sort(findings: &mut [Finding]) {
    findings.sort_by_key(|finding| (!finding.is_open(), finding.severity));
}

/// Assigns names to the findings of an installation. Findings with the same address and code are
/// numbered in their order.
fn identify(installation: &str, findings: &mut [Finding]) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for finding in findings {
        let identity = identity(installation, finding, finding.review.as_deref().unwrap_or_default());
        let number = seen.entry(identity.clone()).or_default();
        *number += 1;
        finding.id = id(&identity, *number);
    }
}

/// Returns the text from which the name of a finding is derived. `subject` distinguishes the
/// finding from other findings with the same address and code.
fn identity(installation: &str, finding: &Finding, subject: &str) -> String {
    format!("{installation}\n{}\n{}\n{subject}", finding.address, finding.code)
}

fn id(identity: &str, number: usize) -> String {
    sha256_hex(format!("{identity}\n{number}").as_bytes()).chars().take(32).collect()
}

/// Returns the account in the address of a resource (`trail/production/SecurityTrail`) or of an
/// account (`account/production`).
fn account_of(address: &str, accounts: &BTreeMap<AccountName, AccountId>) -> Option<AccountRef> {
    let name: AccountName = address.split('/').nth(1)?.parse().ok()?;
    accounts.get(&name).map(|id| AccountRef { id: id.clone(), name })
}

fn refused_severity(refusal: &Refusal, absent: &BTreeSet<Address>) -> Severity {
    // No log file arrives from a trail that cannot be created.
    let is_recorded = !refusal.resources().iter().any(|trail| absent.contains(trail));
    match refusal {
        Refusal::RequesterPays { .. } | Refusal::KeyUnusable { .. } => Severity::Critical,
        Refusal::Blocked { .. }
        | Refusal::Undeliverable { .. }
        | Refusal::OtherInstallation { .. }
        | Refusal::LockedOut { .. }
        | Refusal::EmptyPolicy { .. }
        | Refusal::DeletedPrincipal { .. }
        | Refusal::PublicStatement { .. }
        | Refusal::AliasElsewhere { .. }
        | Refusal::TooLarge { .. } => match is_recorded {
            true => Severity::High,
            false => Severity::Critical,
        },
    }
}

/// Returns the kind and the severity of the finding about a warning; `None` if drift does not
/// report the warning.
fn significance(code: &WarningCode) -> Option<(FindingKind, Severity)> {
    match code {
        WarningCode::RefusedLogFiles => Some((FindingKind::Delivery, Severity::Critical)),
        WarningCode::RefusedDigestFiles | WarningCode::RefusedEvents | WarningCode::NothingDelivered => {
            Some((FindingKind::Delivery, Severity::High))
        }
        WarningCode::RefusedNotifications | WarningCode::AlarmTopic => {
            Some((FindingKind::Delivery, Severity::Medium))
        }
        // Nobody can read the log files after the material of the key has expired.
        WarningCode::WithheldSetting | WarningCode::MaterialExpires => {
            Some((FindingKind::Changed, Severity::High))
        }
        WarningCode::UnreadableAccess | WarningCode::UnreadableSetting => {
            Some((FindingKind::Unreadable, Severity::High))
        }
        // Outsiders learn only names.
        WarningCode::UnreadableNames => Some((FindingKind::Unreadable, Severity::Low)),
        WarningCode::ForeignStatement | WarningCode::SpareKey => {
            Some((FindingKind::Unexpected, Severity::Medium))
        }
        // Nobody can read log files without their key.
        WarningCode::SpareKeyEnds => Some((FindingKind::Unexpected, Severity::High)),
        WarningCode::PrimaryRotation => Some((FindingKind::Changed, Severity::Medium)),
        WarningCode::InUse => Some((FindingKind::Unexpected, Severity::Low)),
        WarningCode::UnlistedAccount
        | WarningCode::DeliveryUnknown
        | WarningCode::DeliveryDenied
        | WarningCode::DeliveryNotAllowed
        | WarningCode::AdministrationUnknown
        | WarningCode::LockedOut
        | WarningCode::CallerDenied
        | WarningCode::KeptPermission
        | WarningCode::UnlistedTrail
        | WarningCode::CutsOff
        | WarningCode::HandedOver
        | WarningCode::ExposureCritical
        | WarningCode::ExposureHigh
        | WarningCode::ExposureMedium
        | WarningCode::ExposureLow
        | WarningCode::UnjudgedPolicy
        | WarningCode::ManagementAccount
        | WarningCode::OptInRegion
        | WarningCode::UnloggedAccess
        | WarningCode::Reviewed
        | WarningCode::UnusedReview
        | WarningCode::DepartedAccount
        | WarningCode::OtherInstallation
        | WarningCode::NobodyJoins
        | WarningCode::NoManagementEvents
        | WarningCode::RecursiveLoggingUnknown
        | WarningCode::InsightsKept
        | WarningCode::SuspendedAccount
        | WarningCode::Kept
        | WarningCode::Irreversible
        | WarningCode::TrailQuota
        | WarningCode::AdministratorQuota
        | WarningCode::KeysUnknown
        | WarningCode::NoRotation
        | WarningCode::GranteeById
        | WarningCode::StillEncrypted
        | WarningCode::TopicPublishers
        | WarningCode::Withheld
        | WarningCode::PublicStatement
        | WarningCode::Hidden
        | WarningCode::PolicyRepeatedKey
        | WarningCode::PolicyNoEffect
        | WarningCode::PolicyUnresolvedPrincipal
        | WarningCode::Other(_) => None,
    }
}

/// Creates a finding without views.
pub(crate) fn viewless(address: String, code: impl Into<FindingCode>, message: String) -> Finding {
    Finding {
        id: String::new(),
        address,
        account: None,
        code: code.into(),
        kind: FindingKind::Unexpected,
        severity: Severity::Medium,
        message,
        hint: None,
        before: Value::Null,
        after: Value::Null,
        diff: Vec::new(),
        review: None,
        accepted: None,
        blame: None,
    }
}

/// Creates the finding about a trail outside the spec that uses the bucket.
fn outsider_finding(outsider: &Outsider) -> Finding {
    let (kind, severity, code) = match outsider.can_deliver {
        true => (FindingKind::Unexpected, Severity::Low, FindingCode::UnlistedTrail),
        false => (FindingKind::Delivery, Severity::High, FindingCode::UnlistedUndeliverable),
    };
    Finding { kind, severity, ..viewless(outsider.address.to_string(), code, outsider.message.clone()) }
}

fn finding(change: &Change, blocking: &BTreeSet<Address>) -> Finding {
    let (before, after) = change.views();
    let (kind, code) = match change.action() {
        ActionKind::Create => (FindingKind::Missing, FindingCode::Missing),
        ActionKind::Update => (FindingKind::Changed, FindingCode::Changed),
        ActionKind::Delete => (FindingKind::Unexpected, FindingCode::Unexpected),
    };
    Finding {
        kind,
        severity: change_severity(&change.address, change.action(), &change.diff, blocking),
        before,
        after,
        diff: change.diff.clone(),
        ..viewless(change.address.to_string(), code, change.reasons.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_finding_stays_while_its_message_changes() {
        let ids = |installation: &str, findings: &[(&str, FindingCode, &str)]| -> Vec<String> {
            let finding = |(address, code, message): &(&str, FindingCode, &str)| {
                viewless((*address).to_owned(), code.clone(), (*message).to_owned())
            };
            let mut findings: Vec<Finding> = findings.iter().map(finding).collect();
            identify(installation, &mut findings);
            findings.into_iter().map(|finding| finding.id).collect()
        };
        let stopped = || ("trail/a/T", FindingCode::Changed, "stopped");
        let first = ids("prod", &[stopped()]);
        assert_eq!(
            (first[0].len(), &first),
            (32, &ids("prod", &[("trail/a/T", FindingCode::Changed, "stopped yesterday")]))
        );
        let two = ids("prod", &[stopped(), stopped()]);
        assert_eq!((&two[0], two[0] == two[1]), (&first[0], false));
        for other in
            [ids("test", &[stopped()]), ids("prod", &[("trail/a/T", FindingCode::Missing, "stopped")])]
        {
            assert_ne!(other, first);
        }
    }
}
