//! Views of a drift check.

mod html;
mod junit;
mod ocsf;
mod sarif;

use std::fmt::Write;

use jiff::Timestamp;
use reconcile_plan::{DriftReport, Finding, FindingKind, Severity};
use reconcile_text::{Line, Text, count, markdown as md};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::blame;
use crate::details;
use crate::diff::difference_lines;
use crate::error::{self, CommandError, object, plain};
use crate::fold::{self, few, fold};
use crate::paint::{ADD, CHANGE, DIM, REMOVE, STRONG, beginning};
use crate::{FORMAT_VERSION, TextOptions};

pub use html::html;
pub(crate) use html::section;
pub use junit::junit;
pub use ocsf::ocsf;
pub use sarif::sarif;

/// The check of one spec.
#[derive(Debug, Clone, PartialEq)]
pub struct SpecDrift {
    /// The path of the spec in the arguments.
    pub spec: String,
    /// The time of the check.
    pub checked_at: Timestamp,
    /// The result, or the error of the check.
    pub result: Result<DriftReport, CommandError>,
}

/// The status of a spec after a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftStatus {
    /// Live state matches the spec, or every finding is accepted.
    InSync,
    /// There are open findings.
    Drifted,
    /// Something could not be checked.
    Error,
}

impl DriftStatus {
    /// The name of the status in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InSync => "in_sync",
            Self::Drifted => "drifted",
            Self::Error => "error",
        }
    }
}

impl SpecDrift {
    /// The status of the check, which text, JSON and the exit code share.
    pub fn status(&self) -> DriftStatus {
        match &self.result {
            Err(_) => DriftStatus::Error,
            Ok(checked) if checked.findings.iter().any(|it| it.kind == FindingKind::Unreadable) => {
                DriftStatus::Error
            }
            Ok(checked) if !checked.findings.iter().any(Finding::is_open) => DriftStatus::InSync,
            Ok(_) => DriftStatus::Drifted,
        }
    }

    /// The findings that neither the spec nor a baseline accepts.
    fn open(&self) -> impl Iterator<Item = &Finding> {
        self.findings().iter().filter(|finding| finding.is_open())
    }

    /// The findings of the check; an empty list if the spec could not be checked.
    pub fn findings(&self) -> &[Finding] {
        self.result.as_ref().map(|checked| checked.findings.as_slice()).unwrap_or_default()
    }
}

/// The number of findings of each severity, and of accepted findings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Open findings, in the order of [`Severity::ALL`].
    pub(crate) open: [usize; 4],
    pub(crate) accepted: usize,
}

impl Tally {
    pub(crate) fn of<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Self {
        let mut tally = Self::default();
        for finding in findings {
            match Severity::ALL.iter().position(|severity| *severity == finding.severity) {
                Some(index) if finding.is_open() => tally.open[index] += 1,
                _ => tally.accepted += 1,
            }
        }
        tally
    }
}

/// The text view of a check, with the most severe findings first.
pub fn text(specs: &[SpecDrift], options: TextOptions) -> Text {
    let mut text = beginning(options);
    for spec in specs {
        let (style, verdict) = match (&spec.result, spec.status()) {
            (Err(_), _) => (REMOVE.bold(), "could not be checked".to_owned()),
            (Ok(_), DriftStatus::InSync) => (ADD.bold(), "in sync".to_owned()),
            (Ok(_), _) => (CHANGE.bold(), count(spec.open().count(), "finding")),
        };
        text.line(Line::styled(STRONG, &spec.spec).and(": ").and_styled(style, verdict));
        if let Err(failure) = &spec.result {
            text.append(&error::text(failure));
        }
        for group in fold(spec.findings(), likeness) {
            append(&mut text, &group, options);
        }
    }
    text
}

/// Adds a finding, or equal findings in many accounts.
fn append(text: &mut Text, group: &[&Finding], options: TextOptions) {
    let Some(finding) = group.first() else { return };
    let style = match finding.severity {
        _ if !finding.is_open() => DIM,
        Severity::Critical => REMOVE.bold(),
        Severity::High => REMOVE,
        Severity::Medium => CHANGE,
        Severity::Low => DIM,
    };
    let label = format!("{:<8}", label(finding));
    let address = fold::address(&finding.address, group.len());
    text.line(
        Line::from("  ").and_styled(style, label).and(format_args!(" {address}  {}", message(finding))),
    );
    if group.len() > 1 {
        text.line(format_args!("             in {}", accounts(group.iter().copied())));
    }
    for author in blame::lines(group) {
        text.line(format_args!("             {author}"));
    }
    if finding.kind == FindingKind::Changed {
        for line in difference_lines(&finding.diff, options.verbose) {
            text.line(Line::from("             ").append(&line));
        }
    }
}

/// The first few accounts of findings.
pub(crate) fn accounts<'f>(group: impl IntoIterator<Item = &'f Finding>) -> String {
    few(group.into_iter().filter_map(|finding| Some(finding.account.as_ref()?.name.to_string())))
}

/// The values that two findings must share to be folded: all shown values except the account.
pub(crate) fn likeness(finding: &Finding) -> String {
    // A finding that does not belong to an account is not folded.
    let Some(account) = &finding.account else { return finding.address.clone() };
    let resource = fold::in_every_account(&finding.address);
    let (label, message, diff) = (label(finding), message(finding), &finding.diff);
    let shown = format!("{resource}\n{label:?}\n{message}\n{diff:?}\n{}", blame::likeness(finding));
    shown.replace(account.id.as_str(), "#").replace(&format!("`{}`", account.name), "#")
}

/// The kind of the resource of a finding, or `account`.
fn kind(finding: &Finding) -> &str {
    finding.address.split('/').next().unwrap_or_default()
}

pub(crate) fn label(finding: &Finding) -> &'static str {
    if finding.is_open() { finding.severity.as_str() } else { "accepted" }
}

/// The message of a finding, with the next step of the user or the way to accept the finding in the
/// spec.
pub(crate) fn message(finding: &Finding) -> String {
    let Finding { message, hint, review, accepted, .. } = finding;
    match (accepted, review, hint) {
        (Some(reason), _, _) => format!("{message}: {reason}"),
        (None, Some(review), _) => format!("{message} (to accept it, add `{review}` to `reviewed`)"),
        (None, None, Some(hint)) => format!("{message} (hint: {hint})"),
        (None, None, None) => message.clone(),
    }
}

/// The JSON view of a check.
///
/// # Errors
/// None in practice: every check can be written as JSON.
pub fn json(specs: &[SpecDrift]) -> serde_json::Result<String> {
    let specs: Vec<Value> = specs
        .iter()
        .map(|spec| {
            let failure = spec.result.as_ref().err();
            let Tally { open, accepted } = Tally::of(spec.findings());
            let open = Severity::ALL.map(Severity::as_str).into_iter().zip(open);
            let summary: serde_json::Map<String, Value> = open
                .chain(std::iter::once(("accepted", accepted)))
                .map(|(name, number)| (name.to_owned(), json!(number)))
                .collect();
            json!({
                "spec": spec.spec,
                "checked_at": spec.checked_at,
                "status": spec.status().as_str(),
                "error": failure.map(|failure| plain(failure).as_str().trim_end().to_owned()),
                "failure": failure.map(object),
                "findings": spec.findings(),
                "summary": summary,
            })
        })
        .collect();
    serde_json::to_string_pretty(&json!({ "format_version": FORMAT_VERSION, "specs": specs }))
        .map(|text| text + "\n")
}

/// The Markdown view of a check, for an issue or a pull request.
pub fn markdown(specs: &[SpecDrift]) -> String {
    let mut text = "### Drift\n".to_owned();
    for spec in specs {
        let _ = write!(text, "\n{}: {}\n", md::code(&spec.spec), spec.status().as_str().replace('_', " "));
        if let Err(failure) = &spec.result {
            let _ = write!(text, "\n{}\n", md::block(plain(failure).as_str()));
        }
        if !spec.findings().is_empty() {
            text += "\n| Severity | Resource | Finding |\n| --- | --- | --- |\n";
        }
        let groups = fold(spec.findings(), likeness);
        for group in &groups {
            let Some(finding) = group.first() else { continue };
            let address = md::code(&fold::address(&finding.address, group.len()));
            let accounts = if group.len() > 1 {
                format!("; in {}", accounts(group.iter().copied()))
            } else {
                String::new()
            };
            let authors: String = blame::lines(group).iter().map(|line| format!("; {line}")).collect();
            let message = md::cell(&format!("{}{accounts}{authors}", message(finding)));
            let _ = writeln!(text, "| {} | {address} | {message} |", label(finding));
        }
        let changed = groups.iter().filter_map(|group| {
            let finding = group.first().filter(|it| it.kind == FindingKind::Changed)?;
            let address = fold::address(&finding.address, group.len());
            Some((address, difference_lines(&finding.diff, false)))
        });
        details::append(&mut text, changed);
    }
    text
}
