//! The arguments of `verify`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use reconcile_evidence::{NotAShard, Shard};
use reconcile_policy::Region;
use reconcile_spec::AccountName;

/// The output formats of a validation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum VerifyFormat {
    Text,
    Json,
    Html,
    Junit,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  reconcile verify specs/prod.yaml --since 7d
  reconcile verify specs/prod.yaml --from 2026-01-01T00:00:00Z --to 2026-01-08T00:00:00Z
  reconcile verify specs/prod.yaml --account production --in-region eu-west-1
  reconcile verify specs/prod.yaml --from-dir copy --keys keys.json    verify without AWS
  reconcile verify specs/prod.yaml --since 30d --estimate              print the number and cost of requests
  reconcile verify specs/prod.yaml --since 30d --resume progress.jsonl --rate 500
  reconcile verify specs/prod.yaml --to today --shard 0/4 --format json --out 0.json
  reconcile verify merge 0.json 1.json 2.json 3.json

Exit codes: 0 everything is verified, 2 something was deleted, changed or added, 1 something could not be checked.")]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct VerifyArgs {
    #[command(subcommand)]
    pub(crate) command: Option<VerifyCommand>,
    /// Spec file
    #[arg(required = true)]
    pub(crate) spec: Option<PathBuf>,
    /// Length of the period to verify, such as `12h` or `7d`. The period ends at --to
    #[arg(long, value_name = "DURATION", default_value = "1d", value_parser = since, conflicts_with = "from")]
    pub(crate) since: SignedDuration,
    /// Start of the period to verify, instead of --since
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<Timestamp>,
    /// End of the period to verify; `today` is the start of the current day in UTC [default: now]
    #[arg(long, value_name = "TIME", value_parser = end)]
    pub(crate) to: Option<Timestamp>,
    /// Verify only this account of the spec (repeatable)
    #[arg(long = "account", value_name = "NAME")]
    pub(crate) accounts: Vec<AccountName>,
    /// Verify only log files of this Region (repeatable)
    #[arg(long = "in-region", value_name = "REGION")]
    pub(crate) regions: Vec<Region>,
    /// Read a copy of the buckets in this folder, without AWS: `DIR/BUCKET/KEY`, and
    /// `DIR/BUCKET/KEY.head.json` with the output of `aws s3api head-object`
    #[arg(long, value_name = "DIR", requires = "keys")]
    pub(crate) from_dir: Option<PathBuf>,
    /// Public keys of CloudTrail for a copy: a JSON object with the output of `aws cloudtrail
    /// list-public-keys` for each Region
    #[arg(long, value_name = "FILE", requires = "from_dir")]
    pub(crate) keys: Option<PathBuf>,
    /// File that records the progress of the verification. If the verification is killed or cannot
    /// read everything, run the same command again: it continues with the same period, and does not
    /// read verified files again. `verify` deletes the file when everything could be read
    #[arg(long, value_name = "FILE")]
    pub(crate) resume: Option<PathBuf>,
    /// Print the number of requests and their cost, without reading any files
    #[arg(long, conflicts_with = "resume")]
    pub(crate) estimate: bool,
    /// Maximum number of requests to S3 per second [default: no maximum]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) rate: Option<u32>,
    /// Verify only part I of N parts of the accounts and Regions; the first part is 0. With
    /// `env:NAME` as I, `verify` reads I from the environment variable NAME
    #[arg(long, value_name = "I/N", value_parser = shard)]
    pub(crate) shard: Option<ShardSource>,
    #[command(flatten)]
    pub(crate) printed: VerifyOutput,
}

/// The output of a validation.
#[derive(Debug, Args)]
pub(crate) struct VerifyOutput {
    /// Output format; `html` is for browsers, and `junit` for test reports
    #[arg(long, default_value = "text")]
    pub(crate) format: VerifyFormat,
    /// Write the output in the selected format to this file, and print the text format on stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum VerifyCommand {
    /// Merge the results of all shards of a verification, from files in the JSON format
    Merge {
        /// JSON files with the results of all shards
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        printed: VerifyOutput,
    },
}

/// A shard, whose number can be in an environment variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ShardSource {
    Shard(Shard),
    Environment { name: String, of: String },
}

impl VerifyArgs {
    pub(super) fn printed(&self) -> &VerifyOutput {
        match &self.command {
            Some(VerifyCommand::Merge { printed, .. }) => printed,
            None => &self.printed,
        }
    }
}

impl VerifyOutput {
    pub(super) fn is_json(&self) -> bool {
        self.format == VerifyFormat::Json && self.out.is_none()
    }
}

fn shard(text: &str) -> Result<ShardSource, NotAShard> {
    let variable = text.strip_prefix("env:").and_then(|rest| rest.split_once('/'));
    let Some((name, of)) = variable else { return text.parse().map(ShardSource::Shard) };
    // The number of shards is checked before the variable is known.
    let _: Shard = format!("0/{of}").parse()?;
    Ok(ShardSource::Environment { name: name.to_owned(), of: of.to_owned() })
}

/// Parses a time, or `today`: machines that start at different moments verify the same day.
fn end(text: &str) -> Result<Timestamp, String> {
    if text == "today" {
        let seconds = Timestamp::now().as_second();
        return Timestamp::from_second(seconds - seconds.rem_euclid(24 * 3600))
            .map_err(|error| error.to_string());
    }
    text.parse().map_err(|error: jiff::Error| error.to_string())
}

/// Parses a duration such as `12h` or `7d`.
fn since(text: &str) -> Result<SignedDuration, &'static str> {
    const EXPECTED: &str = "write it as hours or days, such as `12h` or `7d`";
    // A range of more than a hundred years is an error of the arguments.
    const MAX_HOURS: i64 = 24 * 366 * 100;
    let unit = text.chars().next_back().ok_or(EXPECTED)?;
    let hours_of_unit = match unit {
        'h' => 1,
        'd' => 24,
        _ => return Err(EXPECTED),
    };
    let number: u32 = text.strip_suffix(unit).and_then(|number| number.parse().ok()).ok_or(EXPECTED)?;
    let hours = i64::from(number) * hours_of_unit;
    if (1..=MAX_HOURS).contains(&hours) { Ok(SignedDuration::from_hours(hours)) } else { Err(EXPECTED) }
}
