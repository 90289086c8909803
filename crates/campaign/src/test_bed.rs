//! An embedded AWS, and what a user does on it with a spec.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reconcile_apply::{
    Altered, ApplyOptions, Approval, ConfirmationPauses, Interrupt, Journal, JournalError, Outcome,
    Propagation, apply, approve,
};
use reconcile_aws::{Aws, Embedded};
use reconcile_diff::{Progress, read};
use reconcile_plan::observed::{Live, LiveError};
use reconcile_plan::{ObserveError, Plan, compare, destroy};
use reconcile_sandbox::{connection, setup};
use reconcile_spec::{Spec, parse};
use reconcile_text::message;
use reconcile_twin::Twin;

/// How long an apply waits for AWS to show what was written, in simulated time.
const PROPAGATION: Duration = Duration::from_mins(2);
/// How many changes are in flight at once.
const IN_FLIGHT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(15);

/// The beginning of the reasons that name what is left to do after an apply.
pub(crate) const LEFT: &str = "the plan after the apply is not empty";

/// What a user runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The text of the spec.
    pub spec: String,
    /// Whether everything that the spec asks for is removed.
    pub destroy: bool,
}

impl Task {
    /// Applies a spec.
    pub fn apply(spec: impl Into<String>) -> Self {
        Self { spec: spec.into(), destroy: false }
    }

    /// Removes what a spec asks for.
    pub fn destroy(spec: impl Into<String>) -> Self {
        Self { spec: spec.into(), destroy: true }
    }

    /// The spec.
    ///
    /// # Errors
    /// [`RunError::Spec`] if the text is not a spec.
    pub fn parse(&self) -> Result<Spec, RunError> {
        parse("spec.yaml", self.spec.as_bytes()).map_err(|problems| RunError::Spec(problems.to_string()))
    }
}

/// The reason why a run has no plan, or no outcome.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The text is not a spec.
    #[error("the spec is rejected: {0}")]
    Spec(String),
    /// Live state could not be read.
    #[error("{}", message(.0))]
    Observe(Box<ObserveError>),
    /// The journal could not be kept.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A saved plan is not one of its spec.
    #[error(transparent)]
    Altered(#[from] Altered),
    /// The folder of the journals could not be made or read.
    #[error("cannot keep journals: {0}")]
    Folder(#[from] std::io::Error),
    /// Another user could not set something up.
    #[error(transparent)]
    Others(#[from] crate::others::CallRefused),
    /// A step that has to succeed did not.
    #[error("{0}")]
    Unfinished(String),
}

impl From<LiveError> for RunError {
    fn from(error: LiveError) -> Self {
        match error {
            LiveError::Observe(error) => Self::Observe(Box::new(error)),
            LiveError::Invalid(problems) => Self::Spec(problems.to_string()),
        }
    }
}

/// How a plan, or a plan and its apply, ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// A new plan is empty.
    Converged,
    /// Something was not done; the reasons as a user reads them.
    Stopped(Vec<String>),
}

/// The journals of a folder: the text of each file by its name.
pub type Journals = BTreeMap<String, Vec<u8>>;

/// An embedded AWS with a folder for journals.
#[derive(Debug)]
pub struct TestBed {
    /// The AWS.
    pub twin: Twin,
    journals: tempfile::TempDir,
}

impl TestBed {
    /// An AWS on which nothing was applied from here yet.
    ///
    /// # Errors
    /// [`RunError::Folder`] if there is no temporary folder.
    pub fn new(twin: Twin) -> Result<Self, RunError> {
        Self::with_journals(twin, &Journals::new())
    }

    /// An AWS with what earlier applies wrote down.
    ///
    /// # Errors
    /// [`RunError::Folder`] if the journals cannot be written.
    pub fn with_journals(twin: Twin, journals: &Journals) -> Result<Self, RunError> {
        let folder = tempfile::tempdir()?;
        for (name, text) in journals {
            std::fs::write(folder.path().join(name), text)?;
        }
        Ok(Self { twin, journals: folder })
    }

    /// The folder of the journals.
    pub fn folder(&self) -> &Path {
        self.journals.path()
    }

    /// Makes a plan. Returns the spec with the members of its organization as well.
    ///
    /// # Errors
    /// [`RunError`] if the spec is rejected, or live state cannot be read at all.
    pub async fn plan(&self, task: &Task) -> Result<(Spec, Plan), RunError> {
        let spec = task.parse()?;
        let aws = self.connect(&spec);
        let Live { spec, observed } = Box::pin(read(&aws, spec, &Arc::new(Progress::default()))).await?;
        let compare = if task.destroy { destroy } else { compare };
        let plan = compare(&spec, &observed, Timestamp::now()).plan;
        Ok((spec, plan))
    }

    /// Applies a plan.
    ///
    /// # Errors
    /// [`RunError::Journal`] if the journal cannot be read.
    pub async fn apply(&self, spec: &Spec, plan: &Plan) -> Result<Outcome, RunError> {
        let journal = Journal::open(self.folder(), plan)?;
        let options = ApplyOptions {
            propagation: Propagation::simulated(PROPAGATION),
            confirm: Some(ConfirmationPauses::AT_ONCE),
            in_flight: IN_FLIGHT,
            interrupt: Interrupt::default(),
            observer: Arc::new(()),
        };
        let spec = spec.with_joined(plan.accounts());
        let aws = self.connect(&spec);
        Ok(Box::pin(apply(&aws, spec.desired(), plan, journal, options)).await)
    }

    /// Applies a saved plan, as `apply PLAN`: only the changes that its spec gives for live state
    /// now.
    ///
    /// # Errors
    /// [`RunError`] if there is no second plan or no journal, or if the saved plan is not one of
    /// the spec.
    pub async fn apply_saved(&self, task: &Task, saved: Plan) -> Result<Outcome, RunError> {
        let (spec, fresh) = self.plan(task).await?;
        let journal = Journal::open(self.folder(), &saved)?;
        let order: Vec<_> = saved.changes.iter().map(|it| (it.address.clone(), it.phase)).collect();
        let Approval { plan, left } = approve(saved, fresh, spec.desired(), &journal)?;
        Ok(self.apply(&spec, &plan).await?.with(left, &order))
    }

    /// Plans, applies, and plans again, as `apply SPEC` and then `plan SPEC`.
    ///
    /// # Errors
    /// [`RunError`] if there is no plan or no journal.
    pub async fn run(&self, task: &Task) -> Result<End, RunError> {
        let (spec, plan) = self.plan(task).await?;
        let outcome = self.apply(&spec, &plan).await?;
        let stopped = reasons(&plan, Some(&outcome));
        if stopped.is_empty() { self.rest(task).await } else { Ok(End::Stopped(stopped)) }
    }

    /// What is left to do.
    ///
    /// # Errors
    /// [`RunError`] if there is no plan.
    pub async fn rest(&self, task: &Task) -> Result<End, RunError> {
        let (_, plan) = self.plan(task).await?;
        let mut stopped = reasons(&plan, None);
        stopped.extend(
            plan.changes
                .iter()
                .map(|it| format!("{LEFT}: {:?} {} ({})", it.action(), it.address, it.reasons.join("; "))),
        );
        Ok(if stopped.is_empty() { End::Converged } else { End::Stopped(stopped) })
    }

    /// Plans and applies, which has to succeed.
    ///
    /// # Errors
    /// [`RunError::Unfinished`] if it does not.
    pub async fn converge(&self, task: &Task) -> Result<(), RunError> {
        match self.run(task).await? {
            End::Converged => Ok(()),
            End::Stopped(reasons) => Err(RunError::Unfinished(reasons.join("\n"))),
        }
    }

    /// Gives the AWS the accounts of a spec and whatever the spec takes for granted, as a sandbox
    /// does.
    ///
    /// # Errors
    /// [`RunError::Spec`] if the text is not a spec.
    pub fn provision(&self, task: &Task) -> Result<(), RunError> {
        self.connect(&task.parse()?);
        Ok(())
    }

    fn connect(&self, spec: &Spec) -> Aws {
        let desired = spec.desired();
        self.twin.provision(setup(spec));
        Aws::new(reconcile_aws::ConnectOptions {
            profile: None,
            region: desired.bucket.site.region.clone(),
            endpoint_url: None,
            concurrency: IN_FLIGHT,
            session_policies: true,
            // Time is simulated.
            embedded: Some(Embedded { counts_time: false, ..connection(&self.twin, desired) }),
        })
    }
}

/// Reads the journals of a folder.
///
/// # Errors
/// If a file cannot be read.
pub fn journals(folder: &Path) -> std::io::Result<Journals> {
    let files = std::fs::read_dir(folder)?.map(|file| {
        let file = file?;
        Ok((file.file_name().to_string_lossy().into_owned(), std::fs::read(file.path())?))
    });
    files.collect()
}

/// Why a plan and its apply did not do everything that the spec asks for.
pub(crate) fn reasons(plan: &Plan, outcome: Option<&Outcome>) -> Vec<String> {
    let unreadable =
        plan.unreadable.iter().map(|it| format!("unreadable: account {}: {}", it.account.id, it.error));
    let refused = plan.refused.iter().map(|it| format!("refused: {}: {}", it.address, it.message));
    let failed = outcome.into_iter().flat_map(|outcome| &outcome.results).filter_map(|it| {
        let error = it.status.error()?;
        Some(format!("failed: {:?} {}: {error}", it.action, it.address))
    });
    unreadable.chain(refused).chain(failed).collect()
}
