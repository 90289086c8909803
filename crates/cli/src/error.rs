//! Errors of the command line: their messages, hints and exit codes.

mod failure;

use std::path::PathBuf;

use jiff::Timestamp;
use reconcile_apply::lock::LockError;
use reconcile_apply::{Altered, JournalError};
use reconcile_evidence::{KeysError, LedgerError, NotAShard};
use reconcile_plan::ObserveError;
use reconcile_plan::baseline::BaselineError;
use reconcile_plan::import::ImportError;
use reconcile_plan::observed::LiveError;
use reconcile_plan::plan::PlanFileError;
use reconcile_policy::ParseError;
use reconcile_report::verify::MergeError;
use reconcile_sandbox::DeliverError;
use reconcile_spec::Diagnostics;
use reconcile_text::{Hint, count, message};
use reconcile_twin::StoreError;
use reconcile_watch::ReceiverError;

use crate::args::{JOURNALS, NotAnEndpoint};
use crate::exit::Exit;

/// An error of a command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The arguments are wrong.
    #[error("{}", paragraph(.0, "error: "))]
    Usage(clap::Error),
    /// A file cannot be read.
    #[error("cannot read `{path}`")]
    Read { path: PathBuf, source: std::io::Error },
    /// A file cannot be written.
    #[error("cannot write `{path}`")]
    Write { path: PathBuf, source: std::io::Error },
    /// There is no saved plan.
    #[error("found no saved plan at `{path}`")]
    NoPlan { path: PathBuf },
    /// The spec is invalid.
    #[error("{}", summary(.0))]
    Spec(Diagnostics),
    /// A plan file is invalid.
    #[error("cannot use the plan `{path}`")]
    Plan { path: PathBuf, source: PlanFileError },
    /// A baseline is invalid.
    #[error("cannot use the baseline `{path}`")]
    Baseline { path: PathBuf, source: BaselineError },
    /// The public keys of CloudTrail are invalid.
    #[error("cannot use the public keys `{path}`")]
    Keys { path: PathBuf, source: KeysError },
    /// The range of a validation has no hour.
    #[error("the range from {from} to {to} is empty")]
    EmptyRange { from: Timestamp, to: Timestamp },
    /// No trail of the spec logs in the selected accounts and Regions.
    #[error(
        "there is nothing to verify: no enabled trail of this spec logs in the selected accounts and Regions"
    )]
    NothingToVerify,
    /// The file of an interrupted verification cannot be continued.
    #[error("cannot use the resume file `{path}`")]
    Resume { path: PathBuf, source: LedgerError },
    /// The results of shards cannot be merged.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// The shard in the environment is invalid.
    #[error("`{text}` is not a shard")]
    Shard { text: String, source: NotAShard },
    /// The spec has no account with this name.
    #[error("the spec has no account `{name}`")]
    UnknownAccount { name: String, known: Vec<String> },
    /// The spec changed since the plan was made.
    #[error("`{path}` has changed since the plan was made")]
    SpecChanged { path: String },
    /// A plan made from the sandbox is applied to AWS, or the reverse.
    #[error("this plan was made from {made}, but this command applies to {applied}")]
    OtherWorld { made: &'static str, applied: &'static str },
    /// Live state cannot be read.
    #[error(transparent)]
    Observe(Box<ObserveError>),
    /// The import failed.
    #[error(transparent)]
    Import(Box<ImportError>),
    /// The spec has no members that join automatically.
    #[error("the spec has no members that join automatically")]
    NoMembers,
    /// A file already exists, and is not overwritten.
    #[error("`{path}` already exists")]
    Exists { path: PathBuf },
    /// No resource in the spec matches the address.
    #[error("no resource in this spec matches `{address}`")]
    UnknownAddress { address: String, known: Vec<String> },
    /// The installation cannot be copied completely.
    #[error("the installation was copied only in part: {failed}")]
    NotCopied {
        /// The changes that failed, with their errors.
        failed: String,
        /// The hint of the first failed change.
        hint: Option<String>,
    },
    /// A file is not a policy.
    #[error("`{path}` is not a policy")]
    Policy { path: PathBuf, source: ParseError },
    /// The lock could not be acquired or released.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The work under the lock failed, and the lock could not be released afterwards.
    #[error("{}", message(error.as_ref()))]
    Unreleased { error: Box<CliError>, lock: Box<CliError> },
    /// A plan that deletes the installation requires `--destroy`, and `--destroy` requires such a
    /// plan.
    #[error("{}", if *is_destroy { "this plan deletes the installation" } else { "this plan was made without \
        `--destroy`" })]
    DestroyOfPlan { is_destroy: bool },
    /// A plan file has a change that its spec does not need.
    #[error("the plan file does not match its spec: {altered}; nothing was changed")]
    PlanAltered { altered: Box<Altered>, spec: String },
    /// `--target` was given for a saved plan.
    #[error("`--target` requires a spec: a saved plan is always applied completely")]
    TargetOfPlan,
    /// The plan would overwrite a spec.
    #[error("`{path}` has the file name of a spec, and the plan would overwrite it")]
    PlanOverSpec { path: PathBuf },
    /// Two of several specs have the same name, and their plans would overwrite each other.
    #[error("`{path}` and another of these specs have the same `name`: `{name}`")]
    SameName { path: PathBuf, name: String },
    /// The sandbox cannot be used.
    #[error(transparent)]
    Sandbox(#[from] StoreError),
    /// Log files cannot be delivered in the sandbox.
    #[error(transparent)]
    Deliver(#[from] DeliverError),
    /// The journal cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A signal stopped the command before it changed anything.
    #[error("interrupted; nothing was changed")]
    Interrupted,
    /// A second signal ended an apply.
    #[error("stopped immediately: the changes in flight may be complete, partial or not made")]
    Aborted,
    /// A second signal ended an apply before S3 answered whether the apply holds the lock.
    #[error("stopped immediately; nothing was changed, but the lock may be held")]
    AbortedLock,
    /// The user cannot be asked for confirmation.
    #[error("cannot ask for confirmation: stdin is not a terminal, or the output format is JSON")]
    NobodyToAsk { instead: &'static str },
    /// The endpoint in the environment is not a URL.
    #[error("invalid value of `AWS_ENDPOINT_URL`")]
    Endpoint(#[from] NotAnEndpoint),
    /// `--weather` is given without a sandbox.
    #[error("`--weather` requires a sandbox, but this command uses AWS")]
    WeatherOfAws,
    /// `--weather` is given to a command that makes no calls.
    #[error("`--weather` applies to `sandbox serve` and to commands with `--sandbox`")]
    NoWeather,
    /// A server cannot be started.
    #[error("cannot serve on {address}")]
    Serve { address: String, source: std::io::Error },
    /// The state of a watch cannot be used.
    #[error(transparent)]
    WatchState(#[from] reconcile_watch::StateStoreError),
    /// A receiver or the secret of notifications cannot be used.
    #[error("cannot use `{option} {place}`")]
    Notify { option: &'static str, place: String, source: ReceiverError },
    /// Replicas need a lock to agree on a leader.
    #[error("`--replicas` requires a `lock`, and `{spec}` has none")]
    NoLockToLead { spec: String },
    /// An environment variable of an argument is not set.
    #[error("the environment variable `{name}` is not set")]
    NotSet { name: String },
    /// The certificates of the system cannot be read.
    #[error("cannot read the certificates of the system")]
    Certificates(#[source] std::io::Error),
    /// A value cannot be written as JSON.
    #[error("cannot write JSON")]
    Json(#[from] serde_json::Error),
    /// The runtime does not start.
    #[error("cannot start the runtime")]
    Runtime(#[source] std::io::Error),
    /// The output cannot be written.
    #[error("cannot write the output")]
    Output(#[source] std::io::Error),
}

impl From<LiveError> for CliError {
    fn from(error: LiveError) -> Self {
        match error {
            LiveError::Observe(error) => error.into(),
            LiveError::Invalid(problems) => Self::Spec(problems),
        }
    }
}

impl From<ObserveError> for CliError {
    fn from(error: ObserveError) -> Self {
        Self::Observe(Box::new(error))
    }
}

impl From<ImportError> for CliError {
    fn from(error: ImportError) -> Self {
        Self::Import(Box::new(error))
    }
}

impl Hint for CliError {
    fn own_hint(&self) -> Option<String> {
        Some(match self {
            Self::Usage(error) => return Some(paragraph(error, "Usage: ")).filter(|usage| !usage.is_empty()),
            Self::NoPlan { .. } => "create one with `reconcile plan SPEC`".to_owned(),
            Self::Baseline { .. } => {
                "create one with `reconcile drift SPEC --baseline FILE --update-baseline --reason TEXT`".to_owned()
            }
            Self::Keys { .. } => "save the output of `aws cloudtrail list-public-keys` of each Region, as in `{\"eu-west-1\": \
                {\"PublicKeyList\": [...]}}`".to_owned(),
            Self::EmptyRange { .. } => "set `--from` to a time before `--to` and before now".to_owned(),
            Self::NothingToVerify => "select other accounts and Regions with `--account` and `--in-region`".to_owned(),
            Self::Resume { source: LedgerError::Invalid | LedgerError::Other, .. } => {
                "name another file with `--resume`, or delete the file".to_owned()
            }
            Self::Merge(MergeError::Missing { .. }) => {
                "run the missing shards, or name their files as well".to_owned()
            }
            Self::Merge(_) => "name the files of all shards of one verification".to_owned(),
            Self::UnknownAccount { known, .. } => format!("use an account of the spec: {}", known.join(", ")),
            Self::SpecChanged { path } => format!("plan again: `reconcile plan {path}`"),
            Self::OtherWorld { .. } => "use the same `--sandbox` option as for the plan, or plan again".to_owned(),
            Self::UnknownAddress { known, .. } => {
                const SHOWN: usize = 20;
                let shown: Vec<&str> = known.iter().take(SHOWN).map(String::as_str).collect();
                format!("use an address of the spec, such as: {}", shown.join(", "))
            }
            Self::Deliver(DeliverError::NoTrail(_)) => "create the trails first: `reconcile apply SPEC --sandbox`".to_owned(),
            Self::NoLockToLead { .. } => "set `lock` in the spec, or run one replica without `--replicas`".to_owned(),
            Self::NotCopied { hint, .. } => return hint.clone(),
            Self::NoMembers => {
                "set `organization.include` and `organization.role`, or print the policies with `--format text`".to_owned()
            }
            Self::Exists { .. } => "name another file, or move the existing file".to_owned(),
            Self::DestroyOfPlan { is_destroy: true } => "pass `--destroy` to apply the plan".to_owned(),
            Self::DestroyOfPlan { is_destroy: false } => {
                "remove `--destroy`, or create a plan with `reconcile plan SPEC --destroy`".to_owned()
            }
            Self::PlanAltered { spec, .. } => format!(
                "somebody may have edited the plan file, or another version of reconcile made it: plan again with \
                 `reconcile plan {spec}`"
            ),
            Self::TargetOfPlan => {
                "remove `--target`, or create a plan with `reconcile plan SPEC --target GLOB`".to_owned()
            }
            Self::WeatherOfAws => "add `--sandbox`, or remove `--weather`".to_owned(),
            Self::SameName { .. } => "plan this spec separately, and save its plan with `--out FILE`".to_owned(),
            Self::PlanOverSpec { .. } => "name another file, such as `--out plan.json`".to_owned(),
            Self::Aborted => format!("run the same command again to continue; the journal is in `{JOURNALS}`"),
            Self::AbortedLock => "show and release the lock with `reconcile unlock SPEC`".to_owned(),
            Self::NobodyToAsk { instead } => (*instead).to_owned(),
            Self::Plan { .. }
            | Self::Observe(_)
            | Self::Sandbox(_)
            | Self::WatchState(_)
            | Self::Journal(_)
            | Self::Lock(_)
            | Self::Unreleased { .. }
            | Self::Import(_)
            | Self::Read { .. }
            | Self::Write { .. }
            | Self::Spec(_)
            | Self::Policy { .. }
            | Self::Interrupted
            | Self::Notify { .. }
            | Self::NotSet { .. }
            | Self::Certificates(_)
            | Self::Endpoint(_)
            | Self::NoWeather
            | Self::Serve { .. }
            | Self::Deliver(DeliverError::Mint(_))
            | Self::Resume { source: LedgerError::Io(_), .. }
            | Self::Shard { .. }
            | Self::Json(_)
            | Self::Runtime(_)
            | Self::Output(_) => return None,
        })
    }

    fn caused_by(&self) -> Option<&(dyn Hint + 'static)> {
        match self {
            Self::Plan { source, .. } => Some(source),
            Self::Observe(error) => Some(error.as_ref()),
            Self::Sandbox(error) => Some(error),
            Self::WatchState(error) => Some(error),
            Self::Journal(error) => Some(error),
            Self::Lock(error) => Some(error),
            Self::Unreleased { error, .. } => Some(error.as_ref()),
            Self::Import(error) => Some(error.as_ref()),
            _ => None,
        }
    }
}

impl CliError {
    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            // The reader closed the pipe, which is not an error.
            Self::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Ok,
            Self::Interrupted
            | Self::Aborted
            | Self::AbortedLock
            | Self::Lock(LockError::Interrupted { .. }) => Exit::Interrupted,
            Self::PlanAltered { .. } => Exit::Refused,
            Self::Lock(error) if error.is_held() => Exit::Refused,
            Self::Unreleased { error, .. } => error.exit(),
            _ => Exit::Error,
        }
    }
}

/// Returns the paragraph of a message of clap that begins with a label, without the label.
fn paragraph(error: &clap::Error, label: &str) -> String {
    let text = error.render().to_string();
    let paragraph = text.split("\n\n").find_map(|paragraph| paragraph.strip_prefix(label));
    paragraph.map(str::trim_end).unwrap_or_default().to_owned()
}

fn summary(problems: &Diagnostics) -> String {
    format!("`{}` has {}", problems.path(), count(problems.iter().count(), "problem"))
}

#[cfg(test)]
mod tests;
