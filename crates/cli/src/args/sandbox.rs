//! The arguments of `sandbox`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::ShowFormat;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  reconcile sandbox show
  reconcile sandbox reset
  reconcile sandbox load specs/prod.yaml                              copy from live AWS
  reconcile sandbox load specs/prod.yaml --bucket-policy policy.json  create a bucket with this policy
  reconcile sandbox deliver specs/prod.yaml --hours 24                log files of a day, for `verify`
  reconcile sandbox disagree --unresolved-variable aws:SourceAccount  reject short policies
  reconcile sandbox serve --port 4599
  reconcile sandbox serve --weather 42                                inject failures of AWS
  reconcile sandbox serve --weather 42:throttles=30%,lost-answers=5%  inject these failures

Kinds of failure for --weather: throttles, rates, server-errors, resets, lost-answers, stale-reads, late-changes, expired-credentials,
denials, slow-accounts, hanging-accounts, foreign-writers, quotas, disabled-regions, retired-fields.")]
pub(crate) struct SandboxArgs {
    #[command(subcommand)]
    pub(crate) command: SandboxCommand,
}

/// A year.
const MAX_DELIVERED_HOURS: i64 = 24 * 366;

#[derive(Debug, Subcommand)]
pub(crate) enum SandboxCommand {
    /// Show the accounts and resources in the sandbox
    Show {
        /// Output format
        #[arg(long, default_value = "text")]
        format: ShowFormat,
    },
    /// Delete everything in the sandbox
    Reset,
    /// Empty the sandbox, and copy the live resources of a spec into the sandbox, or create only the
    /// bucket and the key of the spec with policies from files
    Load {
        /// Spec file
        spec: PathBuf,
        /// Create only the bucket, with the policy in this file, and do not read live AWS; add
        /// --key-policy to create the key too
        #[arg(long, value_name = "FILE")]
        bucket_policy: Option<PathBuf>,
        /// Create only the key, with the policy in this file, and do not read live AWS; add
        /// --bucket-policy to create the bucket too
        #[arg(long, value_name = "FILE")]
        key_policy: Option<PathBuf>,
    },
    /// Deliver log files and signed digests of the trails in the sandbox to the bucket of a spec,
    /// as CloudTrail does
    ///
    /// A later run continues each chain of digests at its end, so it delivers nothing twice.
    Deliver {
        /// Spec file
        spec: PathBuf,
        /// Number of hours to deliver
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MAX_DELIVERED_HOURS))]
        hours: u32,
        /// Number of log files in each hour, for every trail, account and Region
        #[arg(long, value_name = "N", default_value = "1")]
        files: u32,
        /// End of the last hour [default: the last full hour]
        #[arg(long, value_name = "TIME")]
        until: Option<Timestamp>,
    },
    /// Make the sandbox evaluate policies differently from `reconcile`, to rehearse a trail that
    /// CloudTrail rejects
    ///
    /// Each run replaces the settings of the previous run. A run without options restores the
    /// normal evaluation.
    Disagree {
        /// Condition key that is missing in requests of CloudTrail (repeatable)
        #[arg(long = "unknown-key", value_name = "KEY")]
        unknown_keys: Vec<String>,
        /// Policy variable that has no value in requests of CloudTrail (repeatable)
        #[arg(long = "unresolved-variable", value_name = "KEY")]
        unresolved_variables: Vec<String>,
    },
    /// Serve the sandbox over HTTP, for the AWS CLI and other clients
    Serve {
        /// Port on 127.0.0.1; 0 selects a free port
        #[arg(long, default_value = "4599")]
        port: u16,
        /// Spec with the accounts to add to the sandbox
        #[arg(long)]
        spec: Option<PathBuf>,
    },
}
