//! An embedded AWS, and the actions of a user with a spec on it.

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

/// The maximum time that an apply waits until AWS shows a change, in simulated time.
const PROPAGATION: Duration = Duration::from_mins(2);
/// The maximum number of changes in flight at once.
const IN_FLIGHT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(15);

/// The prefix of the reasons that name the changes that are left after an apply.
pub(crate) const LEFT: &str = "the plan after the apply is not empty";

/// A command of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The text of the spec.
    pub spec: String,
    /// Whether all resources of the spec are deleted.
    pub destroy: bool,
}

impl Task {
    /// Creates the task that applies a spec.
    pub fn apply(spec: impl Into<String>) -> Self {
        Self { spec: spec.into(), destroy: false }
    }

    /// Creates the task that deletes the resources of a spec.
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
    /// The journal could not be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A saved plan does not belong to its spec.
    #[error(transparent)]
    Altered(#[from] Altered),
    /// The folder of the journals could not be created or read.
    #[error("cannot keep journals: {0}")]
    Folder(#[from] std::io::Error),
    /// A call of another team failed.
    #[error(transparent)]
    Others(#[from] crate::others::CallRefused),
    /// A step that must succeed failed.
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

/// The end of a plan, or of a plan and its apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// A new plan is empty.
    Converged,
    /// Something was not done, with the reasons in the form for the user.
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
    /// Creates a test bed without journals.
    ///
    /// # Errors
    /// [`RunError::Folder`] if the temporary folder cannot be created.
    pub fn new(twin: Twin) -> Result<Self, RunError> {
        Self::with_journals(twin, &Journals::new())
    }

    /// Creates a test bed with the journals of earlier applies.
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

    /// Makes a plan. Also returns the spec with the members of its organization.
    ///
    /// # Errors
    /// [`RunError`] if the spec is rejected, or if no live state can be read.
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

    /// Applies a saved plan like `apply PLAN`: only the changes that the spec still requires for
    /// the current live state.
    ///
    /// # Errors
    /// [`RunError`] if the second plan or the journal fails, or if the saved plan does not belong
    /// to the spec.
    pub async fn apply_saved(&self, task: &Task, saved: Plan) -> Result<Outcome, RunError> {
        let (spec, fresh) = self.plan(task).await?;
        let journal = Journal::open(self.folder(), &saved)?;
        let order: Vec<_> = saved.changes.iter().map(|it| (it.address.clone(), it.phase)).collect();
        let Approval { plan, left } = approve(saved, fresh, spec.desired(), &journal)?;
        Ok(self.apply(&spec, &plan).await?.with(left, &order))
    }

    /// Plans, applies, and plans again, like `apply SPEC` and then `plan SPEC`.
    ///
    /// # Errors
    /// [`RunError`] if the plan or the journal fails.
    pub async fn run(&self, task: &Task) -> Result<End, RunError> {
        let (spec, plan) = self.plan(task).await?;
        let outcome = self.apply(&spec, &plan).await?;
        let stopped = reasons(&plan, Some(&outcome));
        if stopped.is_empty() { self.rest(task).await } else { Ok(End::Stopped(stopped)) }
    }

    /// Plans, and returns the changes that are left.
    ///
    /// # Errors
    /// [`RunError`] if the plan fails.
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

    /// Plans and applies, which must succeed.
    ///
    /// # Errors
    /// [`RunError::Unfinished`] if the apply does not succeed.
    pub async fn converge(&self, task: &Task) -> Result<(), RunError> {
        match self.run(task).await? {
            End::Converged => Ok(()),
            End::Stopped(reasons) => Err(RunError::Unfinished(reasons.join("\n"))),
        }
    }

    /// Adds the accounts of a spec to the AWS, and the resources that the spec expects, as a
    /// sandbox does.
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
/// Fails if a file cannot be read.
pub fn journals(folder: &Path) -> std::io::Result<Journals> {
    let files = std::fs::read_dir(folder)?.map(|file| {
        let file = file?;
        Ok((file.file_name().to_string_lossy().into_owned(), std::fs::read(file.path())?))
    });
    files.collect()
}

/// Returns the reasons why a plan and its apply did not do everything that the spec requires.
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
