//! The command line.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use reconcile_policy::{AccountId, NameError};
use reconcile_spec::{AccountName, BucketName, SpecName};
use reconcile_twin::Weather;

/// The state of the sandbox, where no other file is named.
pub(crate) const SANDBOX_FILE: &str = ".reconcile/sandbox.json";
/// The saved plan, where no other file is named.
pub(crate) const PLAN_FILE: &str = ".reconcile/plan.json";

/// Centralized CloudTrail logging for many AWS accounts, declared in one file.
#[derive(Debug, Parser)]
#[command(name = "reconcile", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Examples:
  reconcile plan specs/prod.yaml --sandbox    try it without AWS
  reconcile plan specs/prod.yaml              what differs from live AWS
  reconcile apply                             make it so
  reconcile drift specs/prod.yaml             has anybody changed it? (exit code 2)

Exit codes: 0 fine, 1 error, 2 changes or drift, 3 refused, 130 interrupted.")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what differs from live AWS, and save the plan; changes nothing
    Plan(PlanArgs),
    /// Make live AWS what the plan or spec says
    Apply(ApplyArgs),
    /// Check once whether live AWS is what the spec says
    Drift(DriftArgs),
    /// Show how a trail's log files get where they go, and why a resource is in the plan
    Explain(ExplainArgs),
    /// Write the spec of a set-up that exists; changes nothing
    Import(ImportArgs),
    /// Show who holds the lock of a spec, and release it after a question
    Unlock(UnlockArgs),
    /// Check specs without AWS
    Validate(ValidateArgs),
    /// Print the IAM policies that running a spec needs, account by account
    Permissions(PermissionsArgs),
    /// Print the JSON Schema of the spec, for editors
    Schema,
    /// Look at, empty, fill or serve the embedded AWS
    Sandbox(SandboxArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
}

impl Command {
    /// Whether stdout is to be a JSON document.
    pub(crate) fn is_json(&self) -> bool {
        match self {
            Self::Plan(PlanArgs { shown, .. })
            | Self::Apply(ApplyArgs { shown, .. })
            | Self::Drift(DriftArgs { shown, .. }) => shown.format == Format::Json,
            Self::Permissions(PermissionsArgs { format, .. }) => *format == PermissionsFormat::Json,
            Self::Explain(ExplainArgs { format, .. })
            | Self::Unlock(UnlockArgs { format, .. })
            | Self::Sandbox(SandboxArgs { command: SandboxCommand::Show { format } }) => {
                *format == ShowFormat::Json
            }
            Self::Import(_)
            | Self::Validate(_)
            | Self::Schema
            | Self::Completions(_)
            | Self::Sandbox(SandboxArgs {
                command:
                    SandboxCommand::Reset
                    | SandboxCommand::Load { .. }
                    | SandboxCommand::Disagree { .. }
                    | SandboxCommand::Serve { .. },
            }) => false,
        }
    }
}

/// Whether arguments that clap rejects ask for JSON.
pub(crate) fn ask_for_json(args: impl IntoIterator<Item = OsString>) -> bool {
    let options: Vec<OsString> = args.into_iter().take_while(|arg| arg != "--").collect();
    options.iter().any(|arg| arg == "--format=json")
        || options
            .windows(2)
            .any(|pair| matches!(pair, [name, value] if name == "--format" && value == "json"))
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Use the embedded AWS twin in place of AWS; its state is kept in FILE
    #[arg(long, global = true, value_name = "FILE", num_args = 0..=1, require_equals = true,
          default_missing_value = SANDBOX_FILE)]
    pub(crate) sandbox: Option<PathBuf>,
    /// Make the sandbox fail as AWS sometimes does: throttles, lost answers, stale reads, foreign writers and more, at random
    /// but always the same for one SEED. `SEED:KIND=SHARE,…` chooses the kinds of failure
    #[arg(long, global = true, value_name = "SEED")]
    pub(crate) weather: Option<Weather>,
    /// Send all services there; S3 is then addressed by path
    #[arg(long, global = true, value_name = "URL", conflicts_with = "sandbox")]
    pub(crate) endpoint_url: Option<String>,
    /// The profile to take credentials from, before keys in the environment [default: `AWS_PROFILE`, after them]
    #[arg(long, global = true)]
    pub(crate) profile: Option<String>,
    /// The Region whose STS is called [default: the bucket's]
    #[arg(long, global = true)]
    pub(crate) region: Option<String>,
    /// Assume roles without a session policy, which limits a plan to reading and an apply to its own operations
    #[arg(long, global = true)]
    pub(crate) no_session_policy: bool,
    /// AWS calls in flight
    #[arg(long, global = true, value_name = "N", default_value = "64")]
    pub(crate) concurrency: NonZeroUsize,
    /// When to use colours; `NO_COLOR` is respected
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
    /// Show no progress
    #[arg(long, global = true)]
    pub(crate) no_progress: bool,
    /// Say only what is asked for
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Say more: -v whole documents, -vv every AWS call
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Form of the log on stderr; `RECONCILE_LOG` filters it
    #[arg(long, global = true, value_name = "FORM", default_value = "text")]
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
pub(crate) struct Shown {
    /// Only resources whose address matches, such as `trail/production/*`, and what they depend on
    #[arg(long = "target", value_name = "GLOB")]
    pub(crate) targets: Vec<String>,
    /// Form of the output
    #[arg(long, default_value = "text")]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  reconcile plan specs/prod.yaml
  reconcile plan specs/prod.yaml --target 'trail/production/*'
  reconcile plan specs/prod.yaml --format json --detailed-exitcode
  reconcile plan specs/prod.yaml --destroy     what would go if all of it were to go")]
pub(crate) struct PlanArgs {
    /// The spec
    pub(crate) spec: PathBuf,
    #[command(flatten)]
    pub(crate) shown: Shown,
    /// Where to save the plan
    #[arg(long, value_name = "FILE", default_value = PLAN_FILE)]
    pub(crate) out: PathBuf,
    /// Exit with 2 when there are changes
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
    /// Plan to take away everything that is ours; the bucket and the key only where the spec says so under `deletion`
    #[arg(long)]
    pub(crate) destroy: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  reconcile apply                        the saved plan
  reconcile apply plan.json              a plan file: its changes, if the spec still gives them
  reconcile apply plan.json --spec specs/prod.yaml  the same, only if it was made from this spec
  reconcile apply specs/prod.yaml        plan, show, ask, apply
  reconcile apply specs/prod.yaml --yes  the same without asking
  reconcile apply specs/prod.yaml --destroy  take everything away again")]
pub(crate) struct ApplyArgs {
    /// A plan file or a spec (.yaml, .yml) [default: the saved plan, .reconcile/plan.json]
    #[arg(value_name = "PLAN|SPEC")]
    pub(crate) input: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) shown: Shown,
    /// The spec that a saved plan must have been made from [default: the file that the plan names]
    #[arg(long, value_name = "SPEC")]
    pub(crate) spec: Option<PathBuf>,
    /// Do not ask before applying a spec
    #[arg(long)]
    pub(crate) yes: bool,
    /// Delete everything of the installation, or apply a plan that does; the bucket and the key only if `deletion` of the spec says so
    #[arg(long)]
    pub(crate) destroy: bool,
    /// How long to wait while another apply holds the `lock` of the spec, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    pub(crate) lock_timeout: Duration,
    /// How long AWS may take to see earlier changes everywhere, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "120", value_parser = seconds)]
    pub(crate) propagation_timeout: Duration,
    /// Do not have CloudTrail confirm trails after a policy was written (`UpdateTrail` with unchanged values)
    #[arg(long)]
    pub(crate) no_confirm: bool,
}

fn seconds(text: &str) -> Result<Duration, std::num::ParseIntError> {
    text.parse().map(Duration::from_secs)
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  reconcile drift specs/prod.yaml || notify-somebody
  reconcile drift specs/*.yaml --format json

Exit codes: 0 in sync, 2 drift, 1 a spec or an account could not be checked.")]
pub(crate) struct DriftArgs {
    /// The specs
    #[arg(required = true, value_name = "SPEC")]
    pub(crate) specs: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) shown: Shown,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  reconcile explain specs/prod.yaml                                 every trail
  reconcile explain specs/prod.yaml trail/production/SecurityTrail  hop by hop
  reconcile explain specs/prod.yaml 'bucket*' --format json")]
pub(crate) struct ExplainArgs {
    /// The spec
    pub(crate) spec: PathBuf,
    /// An address, or a pattern of addresses [default: all trails]
    pub(crate) address: Option<String>,
    /// Form of the output
    #[arg(long, default_value = "text")]
    pub(crate) format: ShowFormat,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  reconcile import --account security=111111111111 --account production=222222222222:OrganizationAccountAccessRole
  reconcile import --bucket central-logs --account security=111111111111 --out specs/prod.yaml
  reconcile import --account management=111111111111 --organization management --out specs/prod.yaml

A plan of the spec shows no change, or only changes that import reports: each line that keeps something as it is has a comment that says what a plan \
without the line does.")]
pub(crate) struct ImportArgs {
    /// An account to read; without a role, the current credentials must belong to this account
    #[arg(long = "account", value_name = "NAME=ID[:ROLE]", required = true, value_parser = import_account)]
    pub(crate) accounts: Vec<ImportAccount>,
    /// The bucket [default: the one that the trails deliver to]
    #[arg(long, value_name = "NAME", value_parser = bucket_name)]
    pub(crate) bucket: Option<BucketName>,
    /// Only trails of this name
    #[arg(long, value_name = "NAME")]
    pub(crate) trail: Option<String>,
    /// Read all members of the organization, which this account can list
    #[arg(long, value_name = "ACCOUNT", value_parser = account_name)]
    pub(crate) organization: Option<AccountName>,
    /// The role to assume in members of the organization
    #[arg(long, value_name = "ROLE", default_value = MEMBER_ROLE)]
    pub(crate) role: String,
    /// Name of the installation [default: the installation that manages the trails, or a name derived from the bucket]
    #[arg(long, value_name = "NAME", value_parser = spec_name)]
    pub(crate) name: Option<SpecName>,
    /// Rename the installation of this name to the one given by --name
    #[arg(long, value_name = "NAME", value_parser = spec_name, requires = "name")]
    pub(crate) previous_name: Option<SpecName>,
    /// Write the spec to this file; existing files are not overwritten [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// The role that AWS creates in accounts which are created in an organization. See "Accessing member accounts in an
/// organization" in the Organizations user guide.
pub(crate) const MEMBER_ROLE: &str = "OrganizationAccountAccessRole";

/// An account of the command line.
#[derive(Debug, Clone)]
pub(crate) struct ImportAccount {
    pub(crate) name: AccountName,
    pub(crate) id: AccountId,
    pub(crate) role: Option<String>,
}

fn import_account(text: &str) -> Result<ImportAccount, String> {
    let (name, rest) = text.split_once('=').ok_or("write it as NAME=ID or NAME=ID:ROLE")?;
    let (id, role) = match rest.split_once(':') {
        Some((id, role)) => (id, Some(role.to_owned())),
        None => (rest, None),
    };
    let name = name.parse().map_err(|error: NameError| error.to_string())?;
    let id = id.parse().map_err(|error: NameError| error.to_string())?;
    Ok(ImportAccount { name, id, role })
}

fn bucket_name(text: &str) -> Result<BucketName, NameError> {
    text.parse()
}

fn account_name(text: &str) -> Result<AccountName, NameError> {
    text.parse()
}

fn spec_name(text: &str) -> Result<SpecName, NameError> {
    text.parse()
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  reconcile unlock specs/prod.yaml                      show the lock, then ask
  reconcile unlock specs/prod.yaml --yes                release the lock of an apply that is no longer running
  reconcile unlock specs/prod.yaml --yes --format json

An apply renews its lock every 30 seconds, and the next apply takes over a lock that was not renewed for three and a half minutes. \
Release a lock only if its apply is no longer running: an apply that loses its lock stops.

Exit codes: 0 released or not held, 3 not released, 1 error.")]
pub(crate) struct UnlockArgs {
    /// The spec
    pub(crate) spec: PathBuf,
    /// Do not ask; refuses to release a lock that its holder still renews
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
    /// The specs
    #[arg(required = true, value_name = "SPEC")]
    pub(crate) specs: Vec<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  reconcile sandbox show
  reconcile sandbox reset
  reconcile sandbox load specs/prod.yaml                              a copy of live AWS
  reconcile sandbox load specs/prod.yaml --bucket-policy policy.json  a bucket with that policy
  reconcile sandbox disagree --unresolved-variable aws:SourceAccount  let CloudTrail refuse short policies
  reconcile sandbox serve --port 4599
  reconcile sandbox serve --weather 42                                fails as AWS does, repeatably
  reconcile sandbox serve --weather 42:throttles=30%,lost-answers=5%  with these failures alone

Kinds of weather: throttles, rates, server-errors, resets, lost-answers, stale-reads, late-changes, expired-credentials,
denials, slow-accounts, hanging-accounts, foreign-writers, quotas, disabled-regions, retired-fields.")]
pub(crate) struct SandboxArgs {
    #[command(subcommand)]
    pub(crate) command: SandboxCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SandboxCommand {
    /// Show what the sandbox holds
    Show {
        /// Form of the output
        #[arg(long, default_value = "text")]
        format: ShowFormat,
    },
    /// Empty the sandbox
    Reset,
    /// Put a set-up into the sandbox: what is live of a spec, or its bucket and key with policies from files
    Load {
        /// The spec
        spec: PathBuf,
        /// A bucket with the policy in this file, and nothing live
        #[arg(long, value_name = "FILE")]
        bucket_policy: Option<PathBuf>,
        /// A key with the policy in this file, and nothing live
        #[arg(long, value_name = "FILE")]
        key_policy: Option<PathBuf>,
    },
    /// Make the sandbox read policies otherwise than reconcile does, to rehearse what happens when AWS refuses a trail
    ///
    /// Every run replaces what the last one set; without options the sandbox agrees again.
    Disagree {
        /// A condition key that requests of CloudTrail do not have
        #[arg(long = "unknown-key", value_name = "KEY")]
        unknown_keys: Vec<String>,
        /// A policy variable that has no value in requests of CloudTrail
        #[arg(long = "unresolved-variable", value_name = "KEY")]
        unresolved_variables: Vec<String>,
    },
    /// Serve the sandbox over HTTP, for the AWS CLI and other clients
    Serve {
        /// The port on 127.0.0.1; 0 takes a free one
        #[arg(long, default_value = "4599")]
        port: u16,
        /// A spec whose accounts the sandbox is to have
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
  reconcile permissions specs/prod.yaml               for apply
  reconcile permissions specs/prod.yaml --mode plan   for plan and drift, which only read
  reconcile permissions specs/prod.yaml --format cloudformation > role.json
                                                      a stack set that creates the role in every member
  reconcile permissions --import                      for import, which has no spec yet")]
pub(crate) struct PermissionsArgs {
    /// The spec
    #[arg(required_unless_present = "import")]
    pub(crate) spec: Option<PathBuf>,
    /// What is to be run
    #[arg(long, default_value = "apply")]
    pub(crate) mode: PermissionsMode,
    /// Print the policies of `import`, with the role that it assumes in other accounts
    #[arg(long, value_name = "ROLE", num_args = 0..=1, require_equals = true,
          default_missing_value = MEMBER_ROLE, conflicts_with_all = ["spec", "mode"])]
    pub(crate) import: Option<String>,
    /// Form of the output; `cloudformation` is the template of a role for members that join by themselves
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
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  reconcile completions bash > /etc/bash_completion.d/reconcile")]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejected_arguments_ask_for_json_in_both_spellings() {
        for (words, is_json) in [
            ("plan --format json --no-such-option", true),
            ("plan --no-such-option --format=json", true),
            ("plan --format text", false),
            ("plan --format", false),
            ("plan json --format", false),
            ("plan -- --format json", false),
        ] {
            assert_eq!(ask_for_json(words.split(' ').map(OsString::from)), is_json, "{words}");
        }
    }
}
