//! Definition of the command line: commands, options and help texts.

mod compliance;
mod drift;
mod endpoint;
mod import;
mod pattern;
mod sandbox;
mod verify;
mod watch;

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use reconcile_policy::Region;
use reconcile_spec::RolePath;
use reconcile_twin::Weather;

pub(crate) use compliance::{ComplianceArgs, ComplianceFormat};
pub(crate) use drift::{DriftArgs, DriftFormat};
pub(crate) use endpoint::{EndpointUrl, NotAnEndpoint};
pub(crate) use import::{ImportArgs, MEMBER_ROLE};
pub(crate) use pattern::AddressPattern;
pub(crate) use sandbox::{SandboxArgs, SandboxCommand};
pub(crate) use verify::{ShardSource, VerifyArgs, VerifyCommand, VerifyFormat, VerifyOutput};
pub(crate) use watch::{ValueSource, Verifies, WatchArgs};

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

Exit codes: 0 success, 1 error, 2 changes, drift or other findings, 3 refused, 130 interrupted.")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the changes that a spec needs in live AWS, and save them as a plan; changes nothing in
    /// AWS
    Plan(PlanArgs),
    /// Apply a saved plan or a spec to live AWS
    Apply(ApplyArgs),
    /// Check live AWS for drift from the specs; changes nothing
    Drift(DriftArgs),
    /// Verify that the log files of each trail, account and Region exist and are unchanged; changes
    /// nothing
    Verify(VerifyArgs),
    /// Check live AWS against the controls of CIS, NIST, PCI DSS and AWS Foundational Security Best
    /// Practices; changes nothing
    Compliance(ComplianceArgs),
    /// Check live AWS for drift on a schedule, with a status page, metrics and notifications
    Watch(WatchArgs),
    /// Show whether each trail can deliver its log files, and why the plan changes a resource
    Explain(ExplainArgs),
    /// Write a spec for an existing bucket, its key and its trails; changes nothing
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
    /// The name of the command, as a user writes it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Plan(_) => "plan",
            Self::Apply(_) => "apply",
            Self::Drift(_) => "drift",
            Self::Watch(_) => "watch",
            Self::Verify(_) => "verify",
            Self::Compliance(_) => "compliance",
            Self::Explain(_) => "explain",
            Self::Import(_) => "import",
            Self::Validate(_) => "validate",
            Self::Permissions(_) => "permissions",
            Self::Schema => "schema",
            Self::Unlock(_) => "unlock",
            Self::Sandbox(_) => "sandbox",
            Self::Completions(_) => "completions",
        }
    }

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
    /// Use the sandbox, an embedded twin of AWS, instead of AWS; FILE stores the state of the
    /// sandbox
    #[arg(long, global = true, value_name = "FILE", num_args = 0..=1, require_equals = true,
          default_missing_value = SANDBOX_FILE)]
    pub(crate) sandbox: Option<PathBuf>,
    /// Inject random failures of AWS into the sandbox: throttling, lost answers, stale reads,
    /// foreign writers and more. The same SEED causes the same failures. `SEED:KIND=SHARE,…`
    /// selects the kinds of failure
    #[arg(long, global = true, value_name = "SEED")]
    pub(crate) weather: Option<Weather>,
    /// Send all AWS requests to this endpoint (S3 uses path-style addressing)
    #[arg(long, global = true, value_name = "URL", conflicts_with = "sandbox")]
    pub(crate) endpoint_url: Option<EndpointUrl>,
    /// AWS profile for credentials; takes priority over credentials in the environment [default:
    /// `AWS_PROFILE`, unless the environment has credentials]
    #[arg(long, global = true)]
    pub(crate) profile: Option<String>,
    /// Region of the STS endpoint [default: the Region of the bucket]
    #[arg(long, global = true)]
    pub(crate) region: Option<Region>,
    /// Assume roles without a session policy. By default, a session policy allows each command only
    /// the actions that it needs
    #[arg(long, global = true)]
    pub(crate) no_session_policy: bool,
    /// Maximum number of concurrent AWS calls
    #[arg(long, global = true, value_name = "N", default_value = "64")]
    pub(crate) concurrency: NonZeroUsize,
    /// When to use colors; `auto` respects `NO_COLOR`
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
    /// Do not show progress (on a terminal: the changes in progress; otherwise: a line for each
    /// finished change)
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

#[derive(Debug, Args)]
pub(crate) struct Selection {
    /// Include only resources whose address matches, such as `trail/production/*`, and their
    /// dependencies (repeatable)
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
    /// File for the saved plan. With several specs: folder for the plan files, one for each
    /// installation [default: .reconcile/plan.json, or the folder .reconcile/plans]
    #[arg(long, value_name = "PATH")]
    pub(crate) out: Option<PathBuf>,
    /// Exit with code 2 if there are changes
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
    /// Plan to delete all managed resources. The plan deletes the bucket and the key only if
    /// `deletion` in the spec allows this
    #[arg(long)]
    pub(crate) destroy: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  reconcile apply                                   apply the saved plan
  reconcile apply plan.json                         apply a plan file
  reconcile apply plan.json --spec specs/prod.yaml  apply a plan file that was made from this spec
  reconcile apply specs/prod.yaml                   plan, show the changes, ask, apply
  reconcile apply specs/prod.yaml --yes             plan and apply without asking
  reconcile apply specs/prod.yaml --destroy         delete the installation")]
pub(crate) struct ApplyArgs {
    /// Plan file, or spec (.yaml, .yml) [default: .reconcile/plan.json]
    #[arg(value_name = "PLAN|SPEC")]
    pub(crate) input: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) shown: Shown,
    /// Spec that the plan must have been made from [default: the path in the plan]
    #[arg(long, value_name = "SPEC")]
    pub(crate) spec: Option<PathBuf>,
    /// Apply a spec without asking for confirmation
    #[arg(long)]
    pub(crate) yes: bool,
    /// Delete all managed resources, or apply a plan made with `--destroy`. The bucket and the key
    /// are deleted only if `deletion` in the spec allows this
    #[arg(long)]
    pub(crate) destroy: bool,
    /// Maximum time to wait while another apply holds the `lock` of the spec, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    pub(crate) lock_timeout: Duration,
    /// Maximum time to wait until a change is visible everywhere in AWS, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "120", value_parser = seconds)]
    pub(crate) propagation_timeout: Duration,
    /// Do not have CloudTrail check the affected trails when a policy changes (the check calls
    /// `UpdateTrail` with unchanged values)
    #[arg(long)]
    pub(crate) no_confirm: bool,
}

fn seconds(text: &str) -> Result<Duration, std::num::ParseIntError> {
    text.parse().map(Duration::from_secs)
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
  reconcile unlock specs/prod.yaml                      show the lock, and ask before releasing it
  reconcile unlock specs/prod.yaml --yes                release the lock without asking
  reconcile unlock specs/prod.yaml --yes --format json

An apply renews its lock every 30 seconds. If a lock was not renewed for 3.5 minutes, the next apply takes it over. \
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShowFormat {
    Text,
    Json,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  reconcile permissions specs/prod.yaml                 policies for `apply`
  reconcile permissions specs/prod.yaml --mode plan     policies for `plan`, `drift`, `watch`,
                                                        `compliance` and `explain`
  reconcile permissions specs/prod.yaml --mode verify   policies for `verify`
  reconcile permissions specs/prod.yaml --format cloudformation > role.json
                                                      template that creates the role
  reconcile permissions --import                      policies for `import`, which needs no spec")]
pub(crate) struct PermissionsArgs {
    /// Spec file
    #[arg(required_unless_present = "import")]
    pub(crate) spec: Option<PathBuf>,
    /// Permissions to print: `plan` for commands that only read settings, `apply` for changes,
    /// `verify` for log files
    #[arg(long, default_value = "apply")]
    pub(crate) mode: PermissionsMode,
    /// Include the permissions for `drift --blame` and `watch --blame`
    #[arg(long)]
    pub(crate) blame: bool,
    /// Include the permissions for `drift --freshness` and `watch --freshness`
    #[arg(long)]
    pub(crate) freshness: bool,
    /// Include the permissions for `watch --replicas`
    #[arg(long)]
    pub(crate) replicas: bool,
    /// Print the policies for `import`; ROLE is the role that `import` assumes in other accounts
    #[arg(long, value_name = "ROLE", num_args = 0..=1, require_equals = true,
          default_missing_value = MEMBER_ROLE, conflicts_with_all = ["spec", "mode", "blame", "freshness", "replicas"])]
    pub(crate) import: Option<RolePath>,
    /// Output format; `cloudformation` is a template that creates the role in members that join
    /// automatically
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
