//! Every error of the command line: its message, its hint, its exit code, and its JSON document. The only place for all four.

mod document;

use std::path::PathBuf;

use reconcile_apply::lock::LockError;
use reconcile_apply::{Altered, JournalError};
use reconcile_plan::ObserveError;
use reconcile_plan::import::ImportError;
use reconcile_plan::observed::LiveError;
use reconcile_plan::plan::PlanFileError;
use reconcile_policy::ParseError;
use reconcile_spec::Diagnostics;
use reconcile_twin::StoreError;

use crate::commands::apply::JOURNALS;
use crate::exit::Exit;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// The arguments are wrong.
    #[error("{}", paragraph(.0, "error: "))]
    Usage(clap::Error),
    /// A file cannot be read.
    #[error("cannot read `{path}`: {error}")]
    Read { path: PathBuf, error: std::io::Error },
    /// A file cannot be written.
    #[error("cannot write `{path}`: {error}")]
    Write { path: PathBuf, error: std::io::Error },
    /// There is no saved plan.
    #[error("there is no saved plan (`{path}`)")]
    NoPlan { path: PathBuf },
    /// The spec is wrong.
    #[error("{0}")]
    Spec(Diagnostics),
    /// A plan file is not one.
    #[error("`{path}`: {error}")]
    Plan { path: PathBuf, error: PlanFileError },
    /// The spec is not the one that the plan was made from.
    #[error("`{path}` has changed since the plan was made")]
    SpecChanged { path: String },
    /// A plan of the sandbox for AWS, or the other way round.
    #[error("this plan was made {made}, and would be applied {applied}")]
    OtherWorld { made: &'static str, applied: &'static str },
    /// Live state cannot be read.
    #[error(transparent)]
    Observe(Box<ObserveError>),
    /// Nothing can be imported.
    #[error(transparent)]
    Import(Box<ImportError>),
    /// No account joins the spec by itself.
    #[error("no member of an organization joins this spec by itself")]
    NoMembers,
    /// A file is there that is not to be overwritten.
    #[error("`{path}` is there already")]
    Exists { path: PathBuf },
    /// The spec has nothing of this address.
    #[error("nothing of this spec has the address `{address}`")]
    UnknownAddress { address: String, known: Vec<String> },
    /// A trail of the set-up cannot be copied.
    #[error("the set-up was not copied whole: {0}")]
    NotCopied(String),
    /// A file holds no policy.
    #[error("`{path}` is not a policy: {error}")]
    Policy { path: PathBuf, error: ParseError },
    /// The lock was not taken, or not given back.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A plan that deletes everything and `--destroy` need each other.
    #[error("{}", if *is_destroy { "this plan deletes everything of the installation" } else { "this plan was made without `--destroy`" })]
    DestroyOfPlan { is_destroy: bool },
    /// A plan file asks for something that its spec does not ask for.
    #[error("the plan file does not match its spec: {altered}; nothing was changed")]
    PlanAltered { altered: Box<Altered>, spec: String },
    /// A saved plan holds what it was made to hold.
    #[error("`--target` goes with a spec; a saved plan is applied whole")]
    TargetOfPlan,
    /// A plan would be written over a spec.
    #[error("`{path}` is a spec by its name, and would be overwritten with the plan")]
    PlanOverSpec { path: PathBuf },
    /// The sandbox cannot be used.
    #[error(transparent)]
    Sandbox(#[from] StoreError),
    /// The journal cannot be kept.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A signal ended the command before it changed anything.
    #[error("interrupted; nothing was changed")]
    Interrupted,
    /// A second signal ended an apply.
    #[error("stopped at once: the changes in flight may have been made, or only in part")]
    Aborted,
    /// A second signal ended an apply before S3 had answered whether it has the lock.
    #[error("stopped at once; nothing was changed, but the lock may be held")]
    AbortedLock,
    /// Nobody can be asked.
    #[error("cannot ask for confirmation: stdin is not a terminal, or the output is for a program")]
    NobodyToAsk { instead: &'static str },
    /// A pattern of `--target` is not one.
    #[error("`--target`: {0}")]
    Target(#[from] globset::Error),
    /// `--region` is not one.
    #[error("`--region`: {0}")]
    Region(String),
    /// `--endpoint-url` is none.
    #[error("`{setting}`: `{url}` is not a URL")]
    Endpoint { setting: &'static str, url: String },
    /// `--weather` is given without a sandbox.
    #[error("`--weather` is the weather of a sandbox, and this command uses AWS")]
    WeatherOfAws,
    /// `--weather` is given to a command that makes no calls.
    #[error("`--weather` applies to `sandbox serve` and to commands with `--sandbox`")]
    NoWeather,
    /// A server cannot be started.
    #[error("cannot serve on {address}: {error}")]
    Serve { address: String, error: std::io::Error },
    /// A value has no form in JSON.
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The runtime does not start.
    #[error("cannot start: {0}")]
    Runtime(std::io::Error),
    /// Output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(std::io::Error),
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

impl CliError {
    /// The next step of the user.
    pub(crate) fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Usage(error) => return Some(paragraph(error, "Usage: ")).filter(|usage| !usage.is_empty()),
            Self::NoPlan { .. } => "make one with `reconcile plan SPEC`".to_owned(),
            Self::Plan { error: PlanFileError::Truncated { .. } | PlanFileError::Invalid(_), .. }
            | Self::Plan { error: PlanFileError::Version { .. }, .. } => {
                "make a new one with `reconcile plan SPEC`".to_owned()
            }
            Self::SpecChanged { path } => format!("plan again: `reconcile plan {path}`"),
            Self::OtherWorld { .. } => "apply it where it was made, or plan again".to_owned(),
            Self::Observe(error) => return error.hint(),
            Self::UnknownAddress { known, .. } => {
                const SHOWN: usize = 20;
                let shown: Vec<&str> = known.iter().take(SHOWN).map(String::as_str).collect();
                format!("it has: {}", shown.join(", "))
            }
            Self::Sandbox(StoreError::Invalid { .. } | StoreError::Version { .. }) => {
                "delete the file to begin with an empty sandbox, or name another with `--sandbox=FILE`"
                    .to_owned()
            }
            Self::Sandbox(StoreError::InUse { .. }) => {
                "wait for the other process, or name another with `--sandbox=FILE`".to_owned()
            }
            Self::Lock(error) => return error.hint(),
            Self::Import(error) => return error.hint(),
            Self::NoMembers => {
                "set `organization.include` and `organization.role`, or print the policies with `--format text`".to_owned()
            }
            Self::Exists { .. } => "name another file, or move that one away".to_owned(),
            Self::DestroyOfPlan { is_destroy: true } => "pass `--destroy` to apply it".to_owned(),
            Self::DestroyOfPlan { is_destroy: false } => {
                "apply it without, or make one with `reconcile plan SPEC --destroy`".to_owned()
            }
            Self::PlanAltered { spec, .. } => format!(
                "somebody may have edited the plan file, or another version of reconcile made it: plan again with \
                 `reconcile plan {spec}`"
            ),
            Self::TargetOfPlan => {
                "apply it without, or make one with `reconcile plan SPEC --target GLOB`".to_owned()
            }
            Self::Endpoint { .. } => "give scheme and host, such as `http://127.0.0.1:5000`".to_owned(),
            Self::WeatherOfAws => "add `--sandbox`, or remove `--weather`".to_owned(),
            Self::PlanOverSpec { .. } => "name a file for it, such as `--out plan.json`".to_owned(),
            Self::Aborted => format!("`{JOURNALS}` has the journal; run the same command again to continue"),
            Self::AbortedLock => "show the lock with `reconcile unlock SPEC`, which also releases it".to_owned(),
            Self::NobodyToAsk { instead } => (*instead).to_owned(),
            _ => return None,
        })
    }

    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            // Whoever reads the output has had enough: not an error.
            Self::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Ok,
            Self::Interrupted
            | Self::Aborted
            | Self::AbortedLock
            | Self::Lock(LockError::Interrupted { .. }) => Exit::Interrupted,
            Self::PlanAltered { .. } => Exit::Refused,
            Self::Lock(error) if error.is_held() => Exit::Refused,
            _ => Exit::Error,
        }
    }
}

/// The paragraph of a message of clap that begins with a label, without the label.
fn paragraph(error: &clap::Error, label: &str) -> String {
    let text = error.render().to_string();
    let paragraph = text.split("\n\n").find_map(|paragraph| paragraph.strip_prefix(label));
    paragraph.map(str::trim_end).unwrap_or_default().to_owned()
}
