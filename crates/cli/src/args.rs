//! Definition of the command line: commands, options and help texts.

mod endpoint;
mod pattern;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use reconcile_evidence::{NotAShard, Shard};
use reconcile_plan::Severity;
use reconcile_plan::compliance::Framework;
use reconcile_policy::{NameError, Region};
use reconcile_spec::{AccountName, BucketName, GivenAccount, RolePath, SpecName, TrailName};
use reconcile_twin::Weather;

pub(crate) use endpoint::{EndpointUrl, NotAnEndpoint};
pub(crate) use pattern::AddressPattern;

/// The default file for the state of the sandbox.
pub(crate) const SANDBOX_FILE: &str = ".reconcile/sandbox.json";
/// The default file for a saved plan.
pub(crate) const PLAN_FILE: &str = ".reconcile/plan.json";
/// The default folder for the plans of several specs.
pub(crate) const PLANS_FOLDER: &str = ".reconcile/plans";
/// The folder of the journals.
pub(crate) const JOURNALS: &str = ".reconcile/journal";

/// Manage centralized CloudTrail logging for many AWS accounts from one YAML file
#[derive(Debug, Parser)]
#[command(name = "reconcile", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Examples:
  reconcile plan specs/prod.yaml --sandbox    plan without AWS
  reconcile plan specs/prod.yaml              compare the spec with live AWS, and save a plan
  reconcile apply                             apply the saved plan
  reconcile drift specs/prod.yaml             check for drift (exit code 2 if there is any)

Exit codes: 0 success, 1 error, 2 changes or drift, 3 refused, 130 interrupted.")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the changes that live AWS needs, and save them as a plan; changes nothing
    Plan(PlanArgs),
    /// Apply a saved plan or a spec to live AWS
    Apply(ApplyArgs),
    /// Check live AWS for drift from the specs; changes nothing
    Drift(DriftArgs),
    /// Verify that the log files of each trail, account and Region exist and are unchanged; changes nothing
    Verify(VerifyArgs),
    /// Check live AWS against the controls of CIS, NIST, PCI DSS and AWS Foundational Security Best Practices; changes nothing
    Compliance(ComplianceArgs),
    /// Check live AWS for drift on a schedule, with a status page, metrics and notifications
    Watch(WatchArgs),
    /// Show whether each trail can deliver its log files, and why a resource is in the plan
    Explain(ExplainArgs),
    /// Write a spec for existing trails, bucket and key; changes nothing
    Import(ImportArgs),
    /// Show who holds the lock of a spec, and release the lock after confirmation
    Unlock(UnlockArgs),
    /// Check specs for errors, without AWS
    Validate(ValidateArgs),
    /// Print the IAM policies that `reconcile` needs in each account of a spec
    Permissions(PermissionsArgs),
    /// Print the JSON Schema of specs, for editors
    Schema,
    /// Show, reset, load or serve the sandbox, an embedded twin of AWS
    Sandbox(SandboxArgs),
    /// Print a shell completion script
    Completions(CompletionsArgs),
}

impl Command {
    /// Whether the command prints a JSON document to stdout.
    pub(crate) fn is_json(&self) -> bool {
        match self {
            Self::Plan(PlanArgs { shown, .. }) | Self::Apply(ApplyArgs { shown, .. }) => {
                shown.format == Format::Json
            }
            // With a file, stdout has the text.
            Self::Drift(args) => args.format == DriftFormat::Json && args.out.is_none(),
            Self::Verify(args) => args.printed().is_json(),
            Self::Compliance(args) => args.format == ComplianceFormat::Json && args.out.is_none(),
            Self::Permissions(PermissionsArgs { format, .. }) => *format == PermissionsFormat::Json,
            Self::Explain(ExplainArgs { format, .. })
            | Self::Unlock(UnlockArgs { format, .. })
            | Self::Sandbox(SandboxArgs { command: SandboxCommand::Show { format } }) => {
                *format == ShowFormat::Json
            }
            Self::Watch(_)
            | Self::Import(_)
            | Self::Validate(_)
            | Self::Schema
            | Self::Completions(_)
            | Self::Sandbox(SandboxArgs {
                command:
                    SandboxCommand::Reset
                    | SandboxCommand::Load { .. }
                    | SandboxCommand::Deliver { .. }
                    | SandboxCommand::Disagree { .. }
                    | SandboxCommand::Serve { .. },
            }) => false,
        }
    }
}

/// Whether arguments that clap rejected select JSON output.
pub(crate) fn ask_for_json(args: impl IntoIterator<Item = OsString>) -> bool {
    let options: Vec<OsString> = args.into_iter().take_while(|arg| arg != "--").collect();
    options.iter().any(|arg| arg == "--format=json")
        || options
            .windows(2)
            .any(|pair| matches!(pair, [name, value] if name == "--format" && value == "json"))
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Use the sandbox, an embedded twin of AWS, instead of AWS; FILE keeps its state
    #[arg(long, global = true, value_name = "FILE", num_args = 0..=1, require_equals = true,
          default_missing_value = SANDBOX_FILE)]
    pub(crate) sandbox: Option<PathBuf>,
    /// Inject random failures of AWS into the sandbox: throttling, lost answers, stale reads, foreign writers and more.
    /// The same SEED repeats the same failures. `SEED:KIND=SHARE,…` selects the kinds of failure
    #[arg(long, global = true, value_name = "SEED")]
    pub(crate) weather: Option<Weather>,
    /// Send all AWS requests to this endpoint (S3 uses path-style addressing)
    #[arg(long, global = true, value_name = "URL", conflicts_with = "sandbox")]
    pub(crate) endpoint_url: Option<EndpointUrl>,
    /// AWS profile for credentials; has priority over credentials in the environment [default: `AWS_PROFILE`, without this
    /// priority]
    #[arg(long, global = true)]
    pub(crate) profile: Option<String>,
    /// Region of the STS endpoint [default: the Region of the bucket]
    #[arg(long, global = true)]
    pub(crate) region: Option<Region>,
    /// Assume roles without a session policy. By default, a session policy limits `plan` to reads, and `apply` to its own
    /// operations
    #[arg(long, global = true)]
    pub(crate) no_session_policy: bool,
    /// Maximum number of concurrent AWS calls
    #[arg(long, global = true, value_name = "N", default_value = "64")]
    pub(crate) concurrency: NonZeroUsize,
    /// When to use colors; `auto` respects `NO_COLOR`
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
    /// Do not show progress: on a terminal the changes in flight, elsewhere a line for each finished change
    #[arg(long, global = true)]
    pub(crate) no_progress: bool,
    /// Print only the result and errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Print more: -v for full documents, -vv also logs every AWS call
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Log format on stderr; `RECONCILE_LOG` filters the log
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
    Markdown,
}

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
  reconcile watch specs/*.yaml --every 5m --jitter 30s --listen 127.0.0.1:8080
  reconcile watch specs/*.yaml --notify env:ALERT_URL --state-dir /var/lib/reconcile
  reconcile watch specs/prod.yaml --every 30s --apply safe
  reconcile watch specs/prod.yaml --replicas --listen 0.0.0.0:8080

SIGTERM and Ctrl-C end the process with exit code 0, after a repair in flight. SIGHUP checks all specs at once. Every check reads the \
specs and the baseline again. The pages of --listen are / (status), /metrics (Prometheus), /healthz and /readyz.")]
pub(crate) struct WatchArgs {
    /// Spec files
    #[arg(required = true, value_name = "SPEC")]
    pub(crate) specs: Vec<PathBuf>,
    /// Time from the beginning of a check to the beginning of the next one, such as `30s`, `5m` or `1h`
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = interval)]
    pub(crate) every: Duration,
    /// Maximum random time to add before each check
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = duration)]
    pub(crate) jitter: Duration,
    /// Address of the status page, the metrics and the probes; they have no authentication [default: none]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Repair drift: make the changes whose risk is `safe`, and that depend on no other change
    #[arg(long, value_name = "RISK")]
    pub(crate) apply: Option<Repairs>,
    /// Verify the log files of the last day at the start and then every day; the metrics and the log have the result
    #[arg(long, value_name = "WHEN")]
    pub(crate) verify: Option<Verifies>,
    /// Folder for what is remembered across restarts: the history, and what receivers were told
    #[arg(long, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,
    /// Receiver of notifications about new, worse and resolved findings (repeatable): an https URL for a webhook, `slack+https://…` for a
    /// webhook of Slack, `sns:ARN` for a topic, `eventbridge:ARN` for an event bus, or `env:NAME` or `file:PATH` for a URL that is a secret
    #[arg(long, value_name = "URL", value_parser = source)]
    pub(crate) notify: Vec<Source>,
    /// Secret that signs messages to webhooks, as in Standard Webhooks: `env:NAME` or `file:PATH`
    #[arg(long, value_name = "SOURCE", requires = "notify", value_parser = secret_source)]
    pub(crate) notify_secret: Option<Source>,
    /// File of accepted findings, as of `drift`
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Show who caused each finding, as `drift --blame` does
    #[arg(long)]
    pub(crate) blame: bool,
    /// Agree with other replicas on one that checks, through an object beside the `lock` of the spec
    #[arg(long)]
    pub(crate) replicas: bool,
}

/// The risk up to which `watch` makes changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Repairs {
    Safe,
}

/// How often `watch` verifies log files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Verifies {
    Daily,
}

/// A value, or the place of a value that is a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Text(String),
    Environment(String),
    File(PathBuf),
}

#[expect(clippy::unnecessary_wraps, reason = "clap takes fallible parsers")]
fn source(text: &str) -> Result<Source, std::convert::Infallible> {
    Ok(match (text.strip_prefix("env:"), text.strip_prefix("file:")) {
        (Some(name), _) => Source::Environment(name.to_owned()),
        (None, Some(path)) => Source::File(path.into()),
        (None, None) => Source::Text(text.to_owned()),
    })
}

fn secret_source(text: &str) -> Result<Source, &'static str> {
    match source(text) {
        Ok(Source::Text(_)) | Err(_) => Err("a secret is not an argument: use `env:NAME` or `file:PATH`"),
        Ok(source) => Ok(source),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let parsed: SignedDuration = text.parse().map_err(|_| format!("`{text}` is not a time such as `5m`"))?;
    parsed.try_into().map_err(|_| "the time is negative".to_owned())
}

fn interval(text: &str) -> Result<Duration, String> {
    duration(text).and_then(|every| match every >= Duration::from_secs(1) {
        true => Ok(every),
        false => Err("the time is shorter than one second".to_owned()),
    })
}

#[derive(Debug, Args)]
pub(crate) struct Selection {
    /// Include only resources whose address matches, such as `trail/production/*`, and their dependencies (repeatable)
    #[arg(long = "target", value_name = "GLOB")]
    pub(crate) targets: Vec<AddressPattern>,
}

#[derive(Debug, Args)]
pub(crate) struct Shown {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Output format
    #[arg(long, default_value = "text")]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  reconcile plan specs/prod.yaml
  reconcile plan specs/prod.yaml --target 'trail/production/*'
  reconcile plan specs/prod.yaml --format json --detailed-exitcode
  reconcile plan specs/*.yaml --out plans      plan several specs, and save plans/NAME.json for each
  reconcile plan specs/prod.yaml --destroy     plan to delete the installation")]
pub(crate) struct PlanArgs {
    /// Spec files
    #[arg(required = true, value_name = "SPEC")]
    pub(crate) specs: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) shown: Shown,
    /// File for the saved plan; with several specs, folder for a file for each installation [default: .reconcile/plan.json, or the
    /// folder .reconcile/plans]
    #[arg(long, value_name = "PATH")]
    pub(crate) out: Option<PathBuf>,
    /// Exit with code 2 if there are changes
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
    /// Plan to delete all managed resources. The bucket and the key are deleted only if `deletion` in the spec allows this
    #[arg(long)]
    pub(crate) destroy: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  reconcile apply                                   apply the saved plan
  reconcile apply plan.json                         apply a plan file
  reconcile apply plan.json --spec specs/prod.yaml  apply a plan file made from this spec
  reconcile apply specs/prod.yaml                   plan, show the changes, ask, apply
  reconcile apply specs/prod.yaml --yes             plan and apply without asking
  reconcile apply specs/prod.yaml --destroy         delete the installation")]
pub(crate) struct ApplyArgs {
    /// Plan file, or spec (.yaml, .yml) [default: .reconcile/plan.json]
    #[arg(value_name = "PLAN|SPEC")]
    pub(crate) input: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) shown: Shown,
    /// Spec from which the plan must have been made [default: the path in the plan]
    #[arg(long, value_name = "SPEC")]
    pub(crate) spec: Option<PathBuf>,
    /// Apply a spec without asking for confirmation
    #[arg(long)]
    pub(crate) yes: bool,
    /// Delete all managed resources, or apply a plan made with `--destroy`. The bucket and the key are deleted only if
    /// `deletion` in the spec allows this
    #[arg(long)]
    pub(crate) destroy: bool,
    /// Maximum time to wait while another apply holds the `lock` of the spec, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    pub(crate) lock_timeout: Duration,
    /// Maximum time to wait until AWS applies earlier changes everywhere, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "120", value_parser = seconds)]
    pub(crate) propagation_timeout: Duration,
    /// Do not ask CloudTrail to check trails after a change of a policy (the check is `UpdateTrail` with unchanged values)
    #[arg(long)]
    pub(crate) no_confirm: bool,
}

fn seconds(text: &str) -> Result<Duration, std::num::ParseIntError> {
    text.parse().map(Duration::from_secs)
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  reconcile drift specs/prod.yaml || send-alert
  reconcile drift specs/*.yaml --format json
  reconcile drift specs/*.yaml --fail-on high         fail on critical and high findings only
  reconcile drift specs/*.yaml --format sarif --out drift.sarif
  reconcile drift specs/*.yaml --format html --out drift.html
  reconcile drift specs/*.yaml --baseline baseline.json
  reconcile drift specs/*.yaml --baseline baseline.json --update-baseline --reason 'SEC-12: until the move' --expires 2027-01-31

Exit codes: 0 no drift, 2 drift, 1 a spec or an account could not be checked.")]
pub(crate) struct DriftArgs {
    /// Spec files
    #[arg(required = true, value_name = "SPEC")]
    pub(crate) specs: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Output format: `html` for browsers, `junit` for test reports, `sarif` for code scanning, `ocsf` for Security Lake and
    /// other tools
    #[arg(long, default_value = "text")]
    pub(crate) format: DriftFormat,
    /// Write the output to this file, and print the text on stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Lowest severity of a finding that ends with exit code 2
    #[arg(long, value_name = "SEVERITY", default_value = "low")]
    pub(crate) fail_on: FailOn,
    /// Show who caused each finding: the call that CloudTrail recorded in the last 90 days. Needs the permission
    /// `cloudtrail:LookupEvents` in each account
    #[arg(long)]
    pub(crate) blame: bool,
    /// File of accepted findings, each with a reason and a last day. An accepted finding is shown, and is no drift
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Write the baseline: accept all open findings, and remove the entries that are expired or no longer found
    #[arg(long, requires_all = ["baseline", "reason"], conflicts_with = "targets")]
    pub(crate) update_baseline: bool,
    /// Reason for new entries of the baseline, such as the name of a ticket
    #[arg(long, value_name = "TEXT", requires = "update_baseline", value_parser = reason)]
    pub(crate) reason: Option<String>,
    /// Last day of new entries of the baseline, in UTC [default: in 90 days]
    #[arg(long, value_name = "YYYY-MM-DD", requires = "update_baseline")]
    pub(crate) expires: Option<Date>,
}

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
  reconcile verify specs/prod.yaml --since 30d --estimate              print the cost
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
    /// Verify the log files of this time until --to, such as `12h` or `7d`
    #[arg(long, value_name = "DURATION", default_value = "1d", value_parser = since, conflicts_with = "from")]
    pub(crate) since: SignedDuration,
    /// Verify the log files that were delivered from this time on
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<Timestamp>,
    /// Verify the log files that were delivered until this time; `today` is the start of the day in UTC [default: now]
    #[arg(long, value_name = "TIME", value_parser = end)]
    pub(crate) to: Option<Timestamp>,
    /// Verify only this account of the spec (repeatable)
    #[arg(long = "account", value_name = "NAME")]
    pub(crate) accounts: Vec<AccountName>,
    /// Verify only log files of this Region (repeatable)
    #[arg(long = "in-region", value_name = "REGION")]
    pub(crate) regions: Vec<Region>,
    /// Read a copy of the buckets in this folder, without AWS: `DIR/BUCKET/KEY`, and `DIR/BUCKET/KEY.head.json` with the output
    /// of `aws s3api head-object`
    #[arg(long, value_name = "DIR", requires = "keys")]
    pub(crate) from_dir: Option<PathBuf>,
    /// Public keys of CloudTrail for a copy: a JSON object with the output of `aws cloudtrail list-public-keys` for each Region
    #[arg(long, value_name = "FILE", requires = "from_dir")]
    pub(crate) keys: Option<PathBuf>,
    /// File in which a verification that is killed or cannot check everything remembers what it has verified. The next run with the
    /// same file does not read this again, and has the same range. The file is removed when everything could be checked
    #[arg(long, value_name = "FILE")]
    pub(crate) resume: Option<PathBuf>,
    /// Print the number of requests and their cost, and read no files
    #[arg(long, conflicts_with = "resume")]
    pub(crate) estimate: bool,
    /// Maximum number of requests to S3 a second [default: no maximum]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) rate: Option<u32>,
    /// Verify only this part of the accounts and Regions: the shard I of N, from 0. I can be `env:NAME`, the value of an environment
    /// variable
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
    /// Write the output to this file, and print the text on stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum VerifyCommand {
    /// Merge the results of all shards of a verification: files of `--format json`
    Merge {
        /// Files of all shards
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
    fn printed(&self) -> &VerifyOutput {
        match &self.command {
            Some(VerifyCommand::Merge { printed, .. }) => printed,
            None => &self.printed,
        }
    }
}

impl VerifyOutput {
    fn is_json(&self) -> bool {
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

/// The output formats of `compliance`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ComplianceFormat {
    Text,
    Json,
    Junit,
    Markdown,
    Html,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  reconcile compliance specs/prod.yaml
  reconcile compliance specs/prod.yaml --framework cis-5.0 --framework fsbp
  reconcile compliance specs/prod.yaml --format html --out compliance.html

The controls are those on CloudTrail and on the bucket, key, topics and log groups of the spec. `compliance` reads what `drift` reads, and \
needs the same permissions (`reconcile permissions SPEC --mode plan`).

Exit codes: 0 nothing failed, 2 a control failed, 1 a control could not be checked.")]
pub(crate) struct ComplianceArgs {
    /// Spec file
    pub(crate) spec: PathBuf,
    /// Check only the controls of this framework (repeatable) [default: all frameworks]
    #[arg(long = "framework", value_name = "FRAMEWORK", value_parser = frameworks())]
    pub(crate) frameworks: Vec<Framework>,
    /// Output format; `junit` is for test reports
    #[arg(long, default_value = "text")]
    pub(crate) format: ComplianceFormat,
    /// Write the output to this file, and print the text on stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// A parser that lists the frameworks in the help.
fn frameworks() -> impl TypedValueParser<Value = Framework> {
    let names = PossibleValuesParser::new(Framework::ALL.map(Framework::as_str));
    names.try_map(|name: String| name.parse::<Framework>())
}

fn reason(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() { Err("a reason is required") } else { Ok(text.to_owned()) }
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  reconcile explain specs/prod.yaml                                 explain all trails
  reconcile explain specs/prod.yaml trail/production/SecurityTrail  explain one trail
  reconcile explain specs/prod.yaml 'bucket*' --format json         explain the bucket")]
pub(crate) struct ExplainArgs {
    /// Spec file
    pub(crate) spec: PathBuf,
    /// Address of a resource, or a glob pattern [default: all trails]
    pub(crate) address: Option<AddressPattern>,
    /// Output format
    #[arg(long, default_value = "text")]
    pub(crate) format: ShowFormat,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  reconcile import --account security=111111111111 --account production=222222222222:Audit
  reconcile import --bucket central-logs --account security=111111111111 --out specs/prod.yaml
  reconcile import --account management=111111111111 --organization management --out specs/prod.yaml

A plan of the new spec shows no changes, or only changes that `import` reports. A line that keeps a live setting has a comment: the comment says what \
a plan does without the line.")]
pub(crate) struct ImportArgs {
    /// Account to read (repeatable); without a role, the current credentials must belong to this account
    #[arg(long = "account", value_name = "NAME=ID[:ROLE]", required = true, value_parser = import_account)]
    pub(crate) accounts: Vec<GivenAccount>,
    /// Name of the bucket [default: the bucket of the trails]
    #[arg(long, value_name = "NAME")]
    pub(crate) bucket: Option<BucketName>,
    /// Import only trails with this name
    #[arg(long, value_name = "NAME")]
    pub(crate) trail: Option<TrailName>,
    /// Read all members of the organization; this account must be able to list them
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) organization: Option<AccountName>,
    /// Role to assume in members of the organization
    #[arg(long, value_name = "ROLE", default_value = MEMBER_ROLE)]
    pub(crate) role: RolePath,
    /// Name of the installation [default: the name of the installation that manages the trails, or a name derived from the
    /// bucket]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<SpecName>,
    /// Previous name of the installation, to rename it to the name in --name
    #[arg(long, value_name = "NAME", requires = "name")]
    pub(crate) previous_name: Option<SpecName>,
    /// Write the spec to this file; existing files are not overwritten [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// The role that AWS creates in new accounts of an organization. See "Accessing member accounts in an
/// organization" in the Organizations user guide.
pub(crate) const MEMBER_ROLE: &str = "OrganizationAccountAccessRole";

fn import_account(text: &str) -> Result<GivenAccount, String> {
    let (name, rest) = text.split_once('=').ok_or("write it as NAME=ID or NAME=ID:ROLE")?;
    let (id, role) = match rest.split_once(':') {
        Some((id, role)) => (id, Some(role.to_owned())),
        None => (rest, None),
    };
    let name = name.parse().map_err(|error: NameError| error.to_string())?;
    let id = id.parse().map_err(|error: NameError| error.to_string())?;
    Ok(GivenAccount { name, id, role })
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  reconcile unlock specs/prod.yaml                      show the lock, and ask before releasing it
  reconcile unlock specs/prod.yaml --yes                release the lock without asking
  reconcile unlock specs/prod.yaml --yes --format json

An apply renews its lock every 30 seconds. The next apply takes over a lock that was not renewed for 3.5 minutes. \
Release a lock only if its apply is no longer running: an apply that loses its lock stops.

Exit codes: 0 released or not held, 3 not released, 1 error.")]
pub(crate) struct UnlockArgs {
    /// Spec file
    pub(crate) spec: PathBuf,
    /// Release the lock without asking, unless its holder still renews the lock
    #[arg(long)]
    pub(crate) yes: bool,
    /// Output format
    #[arg(long, default_value = "text")]
    pub(crate) format: ShowFormat,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  reconcile validate specs/*.yaml")]
pub(crate) struct ValidateArgs {
    /// Spec files
    #[arg(required = true, value_name = "SPEC")]
    pub(crate) specs: Vec<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  reconcile sandbox show
  reconcile sandbox reset
  reconcile sandbox load specs/prod.yaml                              copy from live AWS
  reconcile sandbox load specs/prod.yaml --bucket-policy policy.json  use this policy
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
    /// Copy the live resources of a spec into the sandbox, or create its bucket and key with policies from files
    Load {
        /// Spec file
        spec: PathBuf,
        /// Create the bucket with the policy in this file, without reading live AWS
        #[arg(long, value_name = "FILE")]
        bucket_policy: Option<PathBuf>,
        /// Create the key with the policy in this file, without reading live AWS
        #[arg(long, value_name = "FILE")]
        key_policy: Option<PathBuf>,
    },
    /// Deliver log files and signed digests of the trails in the sandbox into the bucket of a spec, as CloudTrail does
    ///
    /// A chain of digests continues where it ends, so nothing is delivered twice.
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
    /// Make the sandbox evaluate policies differently from `reconcile`, to rehearse a trail that CloudTrail rejects
    ///
    /// Each run replaces the settings of the previous run. A run without options restores normal evaluation.
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
        /// Spec whose accounts to add to the sandbox
        #[arg(long)]
        spec: Option<PathBuf>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShowFormat {
    Text,
    Json,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  reconcile permissions specs/prod.yaml                 policies for `apply`
  reconcile permissions specs/prod.yaml --mode plan     policies for `plan`, `drift` and `compliance`
  reconcile permissions specs/prod.yaml --mode verify   policies for `verify`
  reconcile permissions specs/prod.yaml --format cloudformation > role.json
                                                      stack set that creates the role
  reconcile permissions --import                      policies for `import`, which needs no spec")]
pub(crate) struct PermissionsArgs {
    /// Spec file
    #[arg(required_unless_present = "import")]
    pub(crate) spec: Option<PathBuf>,
    /// Command that the policies must allow
    #[arg(long, default_value = "apply")]
    pub(crate) mode: PermissionsMode,
    /// Allow `drift --blame` and `watch --blame` as well
    #[arg(long)]
    pub(crate) blame: bool,
    /// Allow `watch --replicas` as well
    #[arg(long)]
    pub(crate) replicas: bool,
    /// Print the policies for `import`, which assumes this role in other accounts
    #[arg(long, value_name = "ROLE", num_args = 0..=1, require_equals = true,
          default_missing_value = MEMBER_ROLE, conflicts_with_all = ["spec", "mode", "blame", "replicas"])]
    pub(crate) import: Option<RolePath>,
    /// Output format; `cloudformation` is the template of the role for members that join automatically
    #[arg(long, default_value = "text")]
    pub(crate) format: PermissionsFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PermissionsFormat {
    Text,
    Json,
    Cloudformation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PermissionsMode {
    Plan,
    Apply,
    Verify,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  reconcile completions bash > /etc/bash_completion.d/reconcile")]
pub(crate) struct CompletionsArgs {
    /// Shell
    pub(crate) shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests;
