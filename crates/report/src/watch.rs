//! The status page of `watch`.

use std::time::Duration;

use jiff::Timestamp;
use maud::{Markup, html};
use reconcile_evidence::VerificationOutcome;
use reconcile_plan::Severity;
use serde::{Deserialize, Serialize};

use crate::drift::{self, DriftStatus, SpecDrift, Tally};
use crate::html::{Filter, page, prose, shown, tallies, time};
use crate::verify::{Brief, NamedFinding, class, item};

/// A check in the history of a spec.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckRecord {
    /// The time at which the check began.
    pub at: Timestamp,
    /// The duration of the check in seconds.
    pub seconds: f64,
    /// The status.
    pub status: DriftStatus,
    /// The number of open findings.
    pub findings: usize,
    /// The number of findings that are new or worse.
    pub new: usize,
    /// The number of findings that are resolved.
    pub resolved: usize,
    /// The number of changes that `--apply safe` made after the check.
    pub repaired: usize,
}

/// A verification of log files in the history of a spec.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VerificationRecord {
    /// The time at which the verification began.
    pub at: Timestamp,
    /// The duration of the verification in seconds.
    pub seconds: f64,
    /// The numbers, or the error of a failed verification.
    pub result: Result<Brief, String>,
}

impl VerificationRecord {
    /// The result in a word: `verified`, `unknown`, `wrong`, or `error`.
    pub fn status(&self) -> &'static str {
        self.result.as_ref().map_or("error", |brief| brief.outcome().as_str())
    }
}

/// A spec on the status page.
#[derive(Debug, Clone, Copy)]
pub struct Watched<'w> {
    /// The path of the spec.
    pub spec: &'w str,
    /// The replica that checks the spec; `None` if this process checks the spec.
    pub standby: Option<&'w str>,
    /// The last check, if there was one.
    pub drift: Option<&'w SpecDrift>,
    /// The time of the last check that could check everything.
    pub last_success: Option<Timestamp>,
    /// The last checks, the oldest first.
    pub history: &'w [CheckRecord],
    /// The last verifications of log files, the oldest first.
    pub verifications: &'w [VerificationRecord],
    /// The worst findings of the last verification with a result.
    pub unverified: &'w [NamedFinding],
}

/// The filter of the status page, from the request of a visitor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageFilter {
    /// Only this spec.
    pub spec: Option<String>,
    /// Only this account.
    pub account: Option<String>,
    /// Only this severity and higher ones.
    pub severity: Option<Severity>,
}

/// The number of checks that the page shows for each spec.
const SHOWN: usize = 20;

/// The status page: all specs with their accounts, findings and checks.
pub fn status_page(specs: &[Watched<'_>], asked: &PageFilter, every: Duration) -> String {
    let findings = specs.iter().filter_map(|it| it.drift).flat_map(SpecDrift::findings);
    let body = html! {
        header { h1 { "CloudTrail drift" } }
        main {
            (tallies(Tally::of(findings)))
            (filter(specs, asked))
            @for watched in specs.iter().filter(|it| asked.spec.as_ref().is_none_or(|spec| *spec == it.spec)) {
                (section(watched, asked))
            }
        }
        footer { p { "reconcile " (env!("CARGO_PKG_VERSION")) ", a check every " (seconds(every)) ". "
            a href="" { "Reload" } ", " a href="/metrics" { "metrics" } } }
    };
    page("CloudTrail drift", &body)
}

fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        seconds if seconds >= 120 && seconds % 60 == 0 => format!("{} minutes", seconds / 60),
        seconds => format!("{seconds} seconds"),
    }
}

fn filter(specs: &[Watched<'_>], asked: &PageFilter) -> Markup {
    let is_spec = |spec: &str| asked.spec.as_deref() == Some(spec);
    html! {
        form.filter method="get" action="/" {
            label { "Spec " select name="spec" {
                option value="" { "all" }
                @for watched in specs {
                    option value=(watched.spec) selected[is_spec(watched.spec)] { (shown(watched.spec)) }
                }
            } }
            label { "Account " input type="text" name="account" value=[&asked.account] placeholder="all"; }
            label { "Severity " select name="severity" {
                option value="" { "all" }
                @for severity in Severity::ALL {
                    option value=(severity.as_str()) selected[asked.severity == Some(severity)] {
                        (severity.as_str()) " and above"
                    }
                }
            } }
            button type="submit" { "Filter" }
        }
    }
}

fn section(watched: &Watched<'_>, asked: &PageFilter) -> Markup {
    let filter = Filter { account: asked.account.as_deref(), severity: asked.severity };
    html! {
        @match (watched.drift, watched.standby) {
            (Some(drift), _) => { (drift::section(drift, filter)) },
            (None, None) => { section { h2 { (shown(watched.spec)) } p { "The first check is running." } } },
            (None, Some(_)) => { section { h2 { (shown(watched.spec)) } } },
        }
        @if let Some(leader) = watched.standby {
            p.soft { "This replica is on standby: " (shown(leader)) " checks this spec." }
        }
        @if let Some(at) = watched.last_success.filter(|_| is_incomplete(watched)) {
            p.soft { "The last complete check was at " (time(at)) "." }
        }
        @if !watched.history.is_empty() {
            (history(
                "History of checks",
                ["Status", "Findings", "New", "Resolved", "Repaired"],
                watched.history.iter().map(|record| (record.at, record.seconds, check_cells(record))),
            ))
        }
        @if let Some(last) = watched.verifications.last() { (log_files(watched, last, asked)) }
    }
}

/// The last verification with its findings, and the earlier verifications.
fn log_files(watched: &Watched<'_>, last: &VerificationRecord, asked: &PageFilter) -> Markup {
    let is_asked = |finding: &&NamedFinding| asked.account.is_none() || asked.account == finding.account;
    let findings: Vec<&NamedFinding> = watched.unverified.iter().filter(is_asked).collect();
    html! {
        h3 { "Log files of " (shown(watched.spec)) }
        p {
            span class={ "status " (class_of(last)) } { (last.status()) }
            ", checked " (time(last.at)) ": "
            @match &last.result {
                Ok(Brief { digests, logs, .. }) => {
                    (digests.verified) " of " (digests.total) " digests and "
                    (logs.verified) " of " (logs.total) " log files of a day are verified"
                },
                Err(error) => (prose(error)),
            }
        }
        @if !findings.is_empty() {
            ol.findings {
                @for finding in findings.iter().take(SHOWN) { (item(finding.status, &finding.to_string())) }
            }
            @if findings.len() > SHOWN { p { "There are more findings: " code { "reconcile verify" } " lists all of them." } }
        }
        (history(
            "History of verifications",
            ["Status", "Digests", "Log files", "Wrong", "Unknown"],
            watched.verifications.iter().map(|record| (record.at, record.seconds, verification_cells(record))),
        ))
    }
}

/// The class of the style sheet.
fn class_of(record: &VerificationRecord) -> &'static str {
    class(record.result.as_ref().map_or(VerificationOutcome::Unknown, Brief::outcome))
}

fn is_incomplete(watched: &Watched<'_>) -> bool {
    watched.drift.is_some_and(|drift| drift.status() == DriftStatus::Error)
}

/// A folded table of the last checks or verifications, the newest first. `rounds` contains the
/// oldest first, each with the time, the seconds and the other cells.
fn history(
    title: &str,
    columns: [&str; 5],
    rounds: impl DoubleEndedIterator<Item = (Timestamp, f64, Markup)>,
) -> Markup {
    html! {
        details {
            summary { (title) }
            table {
                thead { tr {
                    @for name in ["Time", "Seconds"].into_iter().chain(columns) { th scope="col" { (name) } }
                } }
                tbody {
                    @for (at, seconds, cells) in rounds.rev().take(SHOWN) {
                        tr { td { (time(at)) } td { (format!("{seconds:.1}")) } (cells) }
                    }
                }
            }
        }
    }
}

fn check_cells(record: &CheckRecord) -> Markup {
    html! {
        td { (record.status.as_str().replace('_', " ")) }
        @for number in [record.findings, record.new, record.resolved, record.repaired] { td { (number) } }
    }
}

fn verification_cells(record: &VerificationRecord) -> Markup {
    html! {
        td { (record.status()) }
        @if let Ok(Brief { digests, logs, wrong, unknown }) = &record.result {
            @for tally in [digests, logs] { td { (tally.verified) " of " (tally.total) } }
            @for number in [wrong, unknown] { td { (number) } }
        } @else {
            td colspan="4" {}
        }
    }
}
