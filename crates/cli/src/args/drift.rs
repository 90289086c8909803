//! The arguments of `drift`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::civil::Date;
use reconcile_plan::Severity;

use super::Selection;

/// The output formats of a drift check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DriftFormat {
    Text,
    Json,
    Markdown,
    Html,
    Junit,
    Sarif,
    Ocsf,
}

/// The lowest severity with which a drift check fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    Critical,
    High,
    Medium,
    Low,
}

impl From<FailOn> for Severity {
    fn from(fail_on: FailOn) -> Self {
        match fail_on {
            FailOn::Critical => Self::Critical,
            FailOn::High => Self::High,
            FailOn::Medium => Self::Medium,
            FailOn::Low => Self::Low,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  reconcile drift specs/prod.yaml || send-alert
  reconcile drift specs/*.yaml --format json
  reconcile drift specs/*.yaml --fail-on high         fail on critical and high findings only
  reconcile drift specs/*.yaml --format sarif --out drift.sarif
  reconcile drift specs/*.yaml --format html --out drift.html
  reconcile drift specs/*.yaml --freshness            also find Regions that stopped delivering
  reconcile drift specs/*.yaml --baseline baseline.json
  reconcile drift specs/*.yaml --baseline baseline.json --update-baseline --reason 'SEC-12: until the move' --expires 2027-01-31

Exit codes: 0 no drift, 2 drift, 1 a spec or an account could not be checked.")]
pub(crate) struct DriftArgs {
    /// Spec files
    #[arg(required = true, value_name = "SPEC")]
    pub(crate) specs: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Output format: `html` for browsers, `junit` for test reports, `sarif` for code scanning,
    /// `ocsf` for Security Lake and other tools
    #[arg(long, default_value = "text")]
    pub(crate) format: DriftFormat,
    /// Write the output in the selected format to this file, and print the text format on stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Lowest severity at which a finding causes exit code 2
    #[arg(long, value_name = "SEVERITY", default_value = "low")]
    pub(crate) fail_on: FailOn,
    /// Show who caused each finding, from the calls that CloudTrail recorded in the last 90 days.
    /// Needs the permission `cloudtrail:LookupEvents` in each account
    #[arg(long)]
    pub(crate) blame: bool,
    /// Report accounts and Regions in which CloudTrail stopped delivering digest files. This lists
    /// the newest digest files in the bucket, with one call for each account, and one call for each
    /// Region of an account. Needs the permission `s3:ListBucket` on the bucket
    #[arg(long)]
    pub(crate) freshness: bool,
    /// File of accepted findings, each with a reason and a last day. `drift` shows an accepted
    /// finding, but does not count the finding as drift
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Update the baseline: accept all open findings, and remove the entries that are expired and
    /// the entries whose finding no longer exists
    #[arg(long, requires_all = ["baseline", "reason"], conflicts_with = "targets")]
    pub(crate) update_baseline: bool,
    /// Reason for new entries of the baseline, such as the number of a ticket
    #[arg(long, value_name = "TEXT", requires = "update_baseline", value_parser = reason)]
    pub(crate) reason: Option<String>,
    /// Last day on which new entries of the baseline are valid, in UTC [default: 90 days from
    /// today]
    #[arg(long, value_name = "YYYY-MM-DD", requires = "update_baseline")]
    pub(crate) expires: Option<Date>,
}

fn reason(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() { Err("a reason is required") } else { Ok(text.to_owned()) }
}
