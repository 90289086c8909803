//! The HTML view of a validation: one self-contained file.

use std::collections::BTreeSet;

use maud::{Markup, html};
use reconcile_evidence::{CellReport, EvidenceFinding, VerificationOutcome};
use reconcile_policy::Region;
use reconcile_text::count;

use super::{Verification, message};
use crate::html::{page, prose, shown, time};

/// The number of findings of an account and Region that a page shows. The JSON view contains all
/// findings.
const SHOWN_FINDINGS: usize = 200;

/// The HTML view of a validation: a self-contained file for a browser, an e-mail or an archive.
pub fn html(verification: &Verification) -> String {
    let Verification { spec, from, to, .. } = verification;
    let (digests, logs) = verification.tallies();
    let outcome = verification.outcome();
    let body = html! {
        header { h1 { "Log files" } }
        main {
            section {
                h2 { (shown(spec)) }
                p {
                    span class={ "status " (class(outcome)) } { (outcome.as_str()) }
                    ", " (time(*from)) " to " (time(*to))
                    @if let Some(shard) = verification.shard { ", shard " (shard.to_string()) }
                }
                p {
                    (digests.verified) " of " (digests.total) " digests and "
                    (logs.verified) " of " (logs.total) " log files verified"
                }
                (matrix(verification))
                @for trail in &verification.without_digests {
                    p { "trail " code { (shown(trail)) } " cannot be verified: " code { "log_file_validation" } " is off" }
                }
                (findings(&verification.unlisted))
                @for cell in worst_first(&verification.cells) {
                    h3 id=(anchor(cell)) { (shown(verification.name(&cell.account))) " in " (cell.region.as_str()) }
                    (findings(&cell.findings))
                }
            }
        }
        footer { p { "Made by reconcile " (env!("CARGO_PKG_VERSION")) "." } }
    };
    page("Log files", &body)
}

/// The accounts and Regions, the accounts with the worst outcomes first.
fn matrix(verification: &Verification) -> Markup {
    let rows = verification.rows();
    let regions: BTreeSet<&Region> = rows.iter().flat_map(|(_, row)| row.keys().copied()).collect();
    html! {
        div.wide {
            table {
                thead { tr { th { "account" } @for region in &regions { th { (region.as_str()) } } } }
                tbody {
                    @for (account, row) in &rows {
                        tr {
                            th { (shown(verification.name(account))) }
                            @for region in &regions {
                                td {
                                    @match row.get(region) {
                                        Some(VerificationOutcome::Verified) => (VerificationOutcome::Verified.as_str()),
                                        Some(outcome) => a href={ "#" (account.as_str()) "-" (region.as_str()) } {
                                            span class={ "status " (class(*outcome)) } { (outcome.as_str()) }
                                        },
                                        None => "-",
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn anchor(cell: &CellReport) -> String {
    format!("{}-{}", cell.account, cell.region)
}

fn worst_first(cells: &[CellReport]) -> Vec<&CellReport> {
    let mut cells: Vec<&CellReport> = cells.iter().filter(|cell| !cell.findings.is_empty()).collect();
    cells.sort_by_key(|cell| std::cmp::Reverse(cell.outcome()));
    cells
}

fn findings(findings: &[EvidenceFinding]) -> Markup {
    let omitted = findings.len().saturating_sub(SHOWN_FINDINGS);
    html! {
        @if !findings.is_empty() {
            ol.findings {
                @for finding in findings.iter().take(SHOWN_FINDINGS) { (item(finding.outcome(), &message(finding))) }
            }
            @if omitted > 0 { p { (count(omitted, "more finding")) " in the JSON format" } }
        }
    }
}

/// A finding in a list.
pub(crate) fn item(outcome: VerificationOutcome, message: &str) -> Markup {
    html! {
        li class={ "finding " (class(outcome)) } {
            p.head { span.badge { (outcome.as_str()) } }
            p { (prose(message)) }
        }
    }
}

/// The class of the style sheet. A wrong result looks like a critical finding.
pub(crate) fn class(outcome: VerificationOutcome) -> &'static str {
    match outcome {
        VerificationOutcome::Verified => "ok",
        VerificationOutcome::Unknown => "medium",
        VerificationOutcome::Wrong => "critical",
    }
}
