//! Views of a validation of log and digest files.

mod estimate;
mod html;
mod junit;
mod merge;
mod watched;

use std::collections::{BTreeMap, BTreeSet};

use anstyle::Style;
use jiff::Timestamp;
use reconcile_evidence::{
    CellReport, EvidenceFinding, HoleCause, ObjectKind, Shard, Tally, Verdict, VerificationOutcome,
};
use reconcile_policy::{AccountId, Region};
use reconcile_text::{Line, Text, count};
use serde_json::json;

use crate::paint::{ADD, CHANGE, DIM, REMOVE, STRONG, beginning};
use crate::{FORMAT_VERSION, TextOptions};

pub use estimate::Estimated;
pub use html::html;
pub(crate) use html::{class, item};
pub use junit::junit;
pub use merge::{MergeError, merged};
pub use watched::{Brief, NamedFinding, Verified};

/// The validation of the log and digest files of a spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The path of the spec in the arguments.
    pub spec: String,
    /// The start of the range.
    pub from: Timestamp,
    /// The end of the range.
    pub to: Timestamp,
    /// The names of the accounts in the spec.
    pub names: BTreeMap<AccountId, String>,
    /// The results for each account and Region.
    pub cells: Vec<CellReport>,
    /// Folders that could not be searched for accounts and Regions, and public keys that could not
    /// be read.
    pub unlisted: Vec<EvidenceFinding>,
    /// The trails whose log files cannot be verified, because log file validation is off.
    pub without_digests: Vec<String>,
    /// The shard of the accounts and Regions; `None` for all of them.
    pub shard: Option<Shard>,
}

impl Verification {
    /// The worst outcome of all accounts and Regions.
    pub fn outcome(&self) -> VerificationOutcome {
        let cells = self.cells.iter().map(CellReport::outcome);
        let unlisted = self.unlisted.iter().map(EvidenceFinding::outcome);
        let unverifiable = self.without_digests.iter().map(|_| VerificationOutcome::Unknown);
        cells.chain(unlisted).chain(unverifiable).max().unwrap_or_default()
    }

    fn name<'a>(&'a self, account: &'a AccountId) -> &'a str {
        self.names.get(account).map_or(account.as_str(), String::as_str)
    }

    /// The numbers of digests and of log files.
    fn tallies(&self) -> (Tally, Tally) {
        let mut digests = Tally::default();
        let mut logs = Tally::default();
        for chain in self.cells.iter().flat_map(|cell| &cell.chains) {
            digests = sum(digests, chain.digests);
            logs = sum(logs, chain.logs);
        }
        (digests, logs)
    }

    /// The number of findings with an outcome.
    fn number(&self, outcome: VerificationOutcome) -> usize {
        self.findings().filter(|finding| finding.outcome() == outcome).count()
    }

    fn findings(&self) -> impl Iterator<Item = &EvidenceFinding> {
        self.unlisted.iter().chain(self.cells.iter().flat_map(|cell| &cell.findings))
    }

    /// The accounts with their outcomes in each Region, the accounts with the worst outcomes first.
    fn rows(&self) -> Vec<(&AccountId, BTreeMap<&Region, VerificationOutcome>)> {
        let mut rows: BTreeMap<&AccountId, BTreeMap<&Region, VerificationOutcome>> = BTreeMap::new();
        for cell in &self.cells {
            rows.entry(&cell.account).or_default().insert(&cell.region, cell.outcome());
        }
        let mut rows: Vec<_> = rows.into_iter().collect();
        rows.sort_by_key(|(account, row)| {
            (std::cmp::Reverse(row.values().max().copied()), self.name(account))
        });
        rows
    }
}

fn sum(a: Tally, b: Tally) -> Tally {
    Tally { total: a.total + b.total, verified: a.verified + b.verified }
}

/// The number of completely verified accounts that are shown without `-v`.
const SHOWN_ACCOUNTS: usize = 20;
/// The number of findings of an account and Region that are shown without `-v`.
const SHOWN_FINDINGS: usize = 10;

/// The text view of a validation: a table of accounts and Regions with the worst outcomes first,
/// and the findings.
pub fn text(verification: &Verification, options: TextOptions) -> Text {
    let mut text = beginning(options);
    let Verification { spec, from, to, .. } = verification;
    let shard = verification.shard.map(|shard| format!(", shard {shard}")).unwrap_or_default();
    text.line(
        Line::styled(STRONG, spec)
            .and(format_args!("{shard}, {from} to {to}: "))
            .append(&summary(verification)),
    );
    table(&mut text, verification, options);
    for trail in &verification.without_digests {
        text.line(
            Line::from("  ")
                .append(&label(VerificationOutcome::Unknown))
                .and(format_args!(" {}", without_digests(trail))),
        );
    }
    for finding in &verification.unlisted {
        append(&mut text, finding);
    }
    let mut cells: Vec<&CellReport> =
        verification.cells.iter().filter(|cell| !cell.findings.is_empty()).collect();
    cells.sort_by_key(|cell| std::cmp::Reverse(cell.outcome()));
    for cell in cells {
        text.blank();
        text.line(format_args!("{} in {}", verification.name(&cell.account), cell.region));
        let limit = if options.verbose { usize::MAX } else { SHOWN_FINDINGS };
        for finding in cell.findings.iter().take(limit) {
            append(&mut text, finding);
        }
        if let omitted @ 1.. = cell.findings.len().saturating_sub(limit) {
            text.line(Line::styled(
                DIM,
                format_args!("  … {} more (-v shows all)", count(omitted, "finding")),
            ));
        }
    }
    text
}

fn summary(verification: &Verification) -> Line {
    let (digests, logs) = verification.tallies();
    let of = |tally: Tally, noun| format!("{} of {}", tally.verified, count(to_usize(tally.total), noun));
    let verified = format!("{} and {} verified", of(digests, "digest"), of(logs, "log file"));
    let mut line = Line::styled(style(verification.outcome()), verified);
    for outcome in [VerificationOutcome::Wrong, VerificationOutcome::Unknown] {
        if let number @ 1.. = verification.number(outcome) {
            line = line.and(", ").and_styled(style(outcome), format_args!("{number} {}", outcome.as_str()));
        }
    }
    line
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// Adds the table. Only Regions in which something is not verified have a column, because columns
/// for all Regions would not fit.
fn table(text: &mut Text, verification: &Verification, options: TextOptions) {
    let rows = verification.rows();
    let columns: BTreeSet<&Region> = rows
        .iter()
        .flat_map(|(_, row)| row.iter().filter(|(_, outcome)| **outcome != VerificationOutcome::Verified))
        .map(|(region, _)| *region)
        .collect();
    let width = rows
        .iter()
        .map(|(account, _)| verification.name(account).len())
        .max()
        .unwrap_or(0)
        .max("account".len());
    let mut heading = Line::styled(DIM, format_args!("  {:<width$}", "account"));
    for region in &columns {
        heading = heading.and_styled(DIM, format_args!("  {:<REGION$}", region.as_str()));
    }
    let last = if columns.is_empty() { "  Regions" } else { "  other Regions" };
    text.line(heading.and_styled(DIM, last));
    let is_verified = |row: &BTreeMap<&Region, VerificationOutcome>| {
        row.values().all(|it| *it == VerificationOutcome::Verified)
    };
    let mut omitted = 0;
    for (index, (account, row)) in rows.iter().enumerate() {
        if is_verified(row) && index >= SHOWN_ACCOUNTS && !options.verbose {
            omitted += 1;
            continue;
        }
        let mut line = Line::from(format_args!("  {:<width$}", verification.name(account)));
        for region in &columns {
            line = match row.get(region) {
                Some(outcome) => {
                    line.and("  ").and_styled(style(*outcome), format_args!("{:<REGION$}", outcome.as_str()))
                }
                None => line.and(format_args!("  {:<REGION$}", "-")),
            };
        }
        let others = row.keys().filter(|region| !columns.contains(**region)).count();
        line = match others {
            0 => line.and("  -"),
            others => line.and("  ").and_styled(ADD, format_args!("{others} verified")),
        };
        text.line(line);
    }
    if omitted > 0 {
        text.line(Line::styled(
            DIM,
            format_args!("  … {} more, verified (-v shows all)", count(omitted, "account")),
        ));
    }
}

/// The width of the longest code of a Region.
const REGION: usize = 14;

fn append(text: &mut Text, finding: &EvidenceFinding) {
    text.line(Line::from("  ").append(&label(finding.outcome())).and(format_args!(" {}", message(finding))));
}

fn label(outcome: VerificationOutcome) -> Line {
    Line::styled(style(outcome), format_args!("{:<8}", outcome.as_str()))
}

fn style(outcome: VerificationOutcome) -> Style {
    match outcome {
        VerificationOutcome::Verified => ADD,
        VerificationOutcome::Unknown => CHANGE,
        VerificationOutcome::Wrong => REMOVE.bold(),
    }
}

/// The message about a trail whose log files cannot be verified.
fn without_digests(trail: &str) -> String {
    format!("trail {trail} cannot be verified: `log_file_validation` is off")
}

/// The message of a finding.
fn message(finding: &EvidenceFinding) -> String {
    match finding {
        EvidenceFinding::Object { kind, place, verdict } => {
            let kind = match kind {
                ObjectKind::Digest => "digest",
                ObjectKind::BackfillDigest => "backfill digest",
                ObjectKind::Log => "log file",
            };
            format!("{kind} {place} {}", verdict_text(verdict))
        }
        EvidenceFinding::Hole { trail, from, to, cause, .. } => {
            let cause = match cause {
                HoleCause::DigestsDeleted => {
                    "the chain of digests continues after these hours, so digests were deleted"
                }
                HoleCause::Ended => "no newer digest was delivered, or digests were deleted",
                HoleCause::NoDigests => "no digest was found",
                HoleCause::Restarted => {
                    "a new chain of digests starts after these hours: logging or log file validation was stopped, or \
                     digests were deleted"
                }
                HoleCause::NotStarted => "the chain of digests starts after these hours",
                HoleCause::Unproven => "the digest after these hours is not verified",
            };
            format!("trail {trail} has no digest from {from} to {to}: {cause}")
        }
        EvidenceFinding::Unlisted { place, reason } => format!("{place} cannot be listed: {reason}"),
        EvidenceFinding::KeysUnread { region, reason } => {
            format!("the public keys of CloudTrail in {region} cannot be read: {reason}")
        }
    }
}

fn verdict_text(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Verified => "is verified".to_owned(),
        Verdict::Deleted => "was deleted".to_owned(),
        Verdict::Changed => "was changed".to_owned(),
        Verdict::Truncated => "is truncated".to_owned(),
        Verdict::TrailingBytes => "has bytes after the end of the gzip data".to_owned(),
        Verdict::Added => "was added: no digest names it".to_owned(),
        Verdict::OutOfChain => "is signed, but is not part of the chain".to_owned(),
        Verdict::WrongPlace => "was moved from another location".to_owned(),
        Verdict::WrongSignature => "was changed: the signature does not match".to_owned(),
        Verdict::NoSignature => "has no signature in its metadata".to_owned(),
        Verdict::UnknownKey => "is not signed with a key of CloudTrail".to_owned(),
        Verdict::Malformed(problem) => format!("is not a digest: {problem}"),
        Verdict::NotCovered => "is in no verified digest, and no verified digest covers its time".to_owned(),
        Verdict::NoKeys => "cannot be verified: no public key of this Region and time is known".to_owned(),
        Verdict::SignatureNotSaved => {
            "cannot be verified: its signature is not in the copy of the bucket (`KEY.head.json`)".to_owned()
        }
        Verdict::UnknownAlgorithm(name) => format!("cannot be verified: unknown algorithm {name}"),
        Verdict::TooLarge => "cannot be verified: it is too large for a file of CloudTrail".to_owned(),
        Verdict::Unreadable(reason) => format!("cannot be read: {reason}"),
    }
}

/// The JSON view of a validation.
///
/// # Errors
/// None in practice: every validation can be written as JSON.
pub fn json(verification: &Verification) -> serde_json::Result<String> {
    let (digests, logs) = verification.tallies();
    let cells: serde_json::Result<Vec<_>> =
        verification.cells.iter().map(|cell| cell_json(verification, cell)).collect();
    let document = json!({
        "format_version": FORMAT_VERSION,
        "spec": verification.spec,
        "shard": verification.shard.map(|shard| json!({ "index": shard.index(), "of": shard.count() })),
        "from": verification.from,
        "to": verification.to,
        "status": verification.outcome(),
        "digests": digests,
        "logs": logs,
        "without_digests": verification.without_digests,
        "findings": verification.unlisted,
        "cells": cells?,
    });
    serde_json::to_string_pretty(&document).map(|text| text + "\n")
}

fn cell_json(verification: &Verification, cell: &CellReport) -> serde_json::Result<serde_json::Value> {
    let mut value = serde_json::to_value(cell)?;
    if let Some(object) = value.as_object_mut() {
        object.insert("name".to_owned(), json!(verification.names.get(&cell.account)));
        object.insert("status".to_owned(), json!(cell.outcome()));
        let findings: Vec<_> = cell
            .findings
            .iter()
            .map(|finding| {
                let mut value = serde_json::to_value(finding)?;
                if let Some(object) = value.as_object_mut() {
                    object.insert("status".to_owned(), json!(finding.outcome()));
                    object.insert("message".to_owned(), json!(message(finding)));
                }
                Ok(value)
            })
            .collect::<serde_json::Result<_>>()?;
        object.insert("findings".to_owned(), json!(findings));
    }
    Ok(value)
}

#[cfg(test)]
mod tests;
