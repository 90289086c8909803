//! Makes one change: checks that the resource has not changed since the plan, and brings it to the planned state.
//!
//! Every kind converges from live state, step by step, so a change that was interrupted partway is completed
//! by making it again.

mod alias;
mod bucket;
mod bucket_policy;
mod grant;
mod key;
mod key_policy;
mod log_group;
mod organization;
mod policy;
mod retention;
mod role;
mod topic;
mod topic_policy;
mod trail;

use std::sync::OnceLock;

use futures::FutureExt;
use reconcile_aws::Session;
use reconcile_operations::Error;
use reconcile_plan::plan::{Action, Change, Changed};
use reconcile_plan::view::View;
use reconcile_policy::Region;

use crate::context::Context;
use crate::error::ApplyError;
use crate::freshness::{Freshness, is_late, of_view};
use crate::journal::{Journal, Trial};
use crate::outcome::Confirmation;
use crate::propagation::{Patience, Unseen, read_on, settle};

/// The outcome of a change that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Made {
    /// The change was made.
    Applied,
    /// The resource already had the planned state.
    Unchanged,
}

/// A running change.
pub(crate) struct Work<'a> {
    pub(crate) context: &'a Context,
    pub(crate) session: &'a Session,
    pub(crate) journal: &'a Journal,
    pub(crate) change: &'a Change,
    /// What CloudTrail said of the trails that it was asked to check.
    pub(crate) confirmation: OnceLock<Confirmation>,
}

pub(crate) use trail::topic_name;

/// Whether the change still has to be made.
enum Verdict {
    Go,
    AlreadyDone,
}

pub(crate) async fn execute(work: &Work<'_>) -> Result<Made, ApplyError> {
    match &work.change.changed {
        Changed::ServiceAccess(action) => organization::give_access(work, action).await,
        Changed::DelegatedAdministrator(action) => organization::register(work, action).await,
        Changed::Key(action) => Box::pin(key::execute(work, action)).await,
        Changed::Alias(action) => alias::execute(work, action).await,
        Changed::KeyPolicy(action) => key_policy::execute(work, action).await,
        Changed::Grant(action) => grant::execute(work, action).await,
        Changed::Bucket(action) => bucket::execute(work, action).await,
        Changed::BucketPolicy(action) => bucket_policy::execute(work, action).await,
        Changed::LogGroup(action) => log_group::execute(work, action).await,
        Changed::Role(action) => role::execute(work, action).await,
        Changed::Topic(action) => topic::execute(work, action).await,
        Changed::TopicPolicy(action) => topic_policy::execute(work, action).await,
        Changed::Trail(action) => trail::execute(work, action).await,
    }
}

/// Finishes the confirmation of a policy that an earlier apply wrote.
pub(crate) async fn resume(work: &Work<'_>, trial: &Trial) -> Result<Made, ApplyError> {
    match &work.change.changed {
        Changed::KeyPolicy(_) => key_policy::resume(work, trial).await,
        Changed::BucketPolicy(_) => bucket_policy::resume(work, trial).await,
        Changed::TopicPolicy(_) => topic_policy::resume(work, trial).await,
        Changed::ServiceAccess(_)
        | Changed::DelegatedAdministrator(_)
        | Changed::Key(_)
        | Changed::Alias(_)
        | Changed::Grant(_)
        | Changed::Bucket(_)
        | Changed::LogGroup(_)
        | Changed::Role(_)
        | Changed::Topic(_)
        | Changed::Trail(_) => Ok(Made::Unchanged),
    }
}

impl Work<'_> {
    fn region(&self) -> &Region {
        &self.change.region
    }

    /// Makes a call again while what it is about, made or changed a moment ago, is not ready for it.
    async fn settle<T, F>(&self, call: impl FnMut() -> F) -> Result<T, ApplyError>
    where
        F: Future<Output = Result<T, Error>>,
    {
        settle(self.context, &self.change.address, Unseen::Itself, call).await
    }

    /// Deletes something, and waits while another change of the same resource is in progress, or while the service still sees
    /// a part that was deleted a moment ago. A missing resource was deleted by a call whose answer was lost, because the
    /// resource existed a moment ago.
    async fn delete<T, F>(&self, mut call: impl FnMut() -> F) -> Result<(), ApplyError>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let deleted = |result: Result<T, Error>| match result {
            Err(error) if error.is_absent() => Ok(()),
            result => result.map(drop),
        };
        self.settle(|| call().map(&deleted)).await
    }

    /// Reads what the change is about. What it belongs to may have been created by this apply a moment ago: that AWS does not find
    /// it is no answer then.
    async fn look<T, E, F>(&self, read: impl FnMut() -> F) -> Result<T, ApplyError>
    where
        E: Into<ApplyError>,
        F: Future<Output = Result<T, E>>,
    {
        let is_new = self.context.has_created(&self.change.depends_on);
        read_on(&mut self.patience(), is_new, |_| false, read).await
    }

    /// Waits until AWS shows what was written, so that neither a later change nor the next plan sees what was there before.
    async fn shown<V, E, F>(
        &self,
        action: &Action<V>,
        before: Option<&V>,
        read: impl FnMut() -> F,
    ) -> Result<Made, ApplyError>
    where
        V: View,
        E: Into<ApplyError>,
        F: Future<Output = Result<Option<V>, E>>,
    {
        let is_late = |live: &Option<V>| is_late(before, action.after(), live.as_ref());
        read_on(&mut self.patience(), true, is_late, read).await?;
        Ok(Made::Applied)
    }

    fn patience(&self) -> Patience<'_> {
        Patience::new(self.context, &self.change.address)
    }

    /// Compares live state with the state that the plan saw.
    fn judge<V: View>(&self, action: &Action<V>, live: Option<&V>) -> Result<Verdict, ApplyError> {
        self.decide(of_view(self.change, action, live))
    }

    /// Continues only if the resource has not changed since the plan, or if an earlier apply of this plan started the change.
    /// Records the start of the change before the first call.
    fn decide(&self, freshness: Freshness) -> Result<Verdict, ApplyError> {
        match freshness {
            Freshness::Done => return Ok(Verdict::AlreadyDone),
            Freshness::Stale(what) if !self.journal.was_begun(self.change) => {
                return Err(ApplyError::Stale { what });
            }
            Freshness::Fresh | Freshness::Stale(_) => {}
        }
        self.journal.begin(self.change)?;
        Ok(Verdict::Go)
    }
}

/// Refuses to delete what others have begun to use since the plan.
fn unused(additions: &[String]) -> Result<(), ApplyError> {
    match additions {
        [] => Ok(()),
        additions => Err(ApplyError::Stale { what: format!("others use it: {}", additions.join(", ")) }),
    }
}

/// An existing resource was created by a call whose answer was lost, because it did not exist a moment ago.
fn made<T>(result: Result<T, Error>) -> Result<(), Error> {
    match result {
        Err(error) if error.is_already_so() => Ok(()),
        result => result.map(drop),
    }
}
