//! A running change: its account, its journal, and calls that are retried until AWS is ready for
//! them.

use std::sync::OnceLock;
use std::time::Instant;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use reconcile_aws::Session;
use reconcile_operations::{Error, Operation};
use reconcile_plan::obstacle;
use reconcile_plan::plan::Change;
use reconcile_policy::{Delivery, Proof, Region};
use reconcile_text::Hint;

use crate::context::Context;
use crate::error::ApplyError;
use crate::freshness::PlanFreshness;
use crate::journal::Journal;
use crate::outcome::{ChangeResult, ChangeStatus, Confirmation};
use crate::propagation::Backoff;

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
    /// The answers of CloudTrail about the trails of the change.
    pub(crate) confirmation: OnceLock<Confirmation>,
}

/// The resources that AWS may not see yet during a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum AwaitedResource<'a> {
    /// The bucket, the key and their policies, which CloudTrail reads for this delivery.
    Delivery(&'a Delivery),
    /// The resource of the call, which this apply may have created a short time ago, or the key of
    /// the resource.
    Resource,
}

/// Runs `act` for a change in the account of the change, and returns the result.
pub(crate) async fn timed(
    context: &Context,
    journal: &Journal,
    change: &Change,
    act: impl AsyncFnOnce(&Work<'_>) -> Result<Made, ApplyError>,
) -> ChangeResult {
    let start = Instant::now();
    let mut confirmation = None;
    let (result, calls) = match context.session(&change.account).await {
        Ok(session) => {
            let session = session.counted();
            let work = Work { context, session: &session, journal, change, confirmation: OnceLock::new() };
            // Boxed: this future contains the futures of all kinds of changes.
            let result = Box::pin(act(&work)).await;
            confirmation = work.confirmation.into_inner();
            (result, session.calls())
        }
        Err(error) => (Err(error), 0),
    };
    let status = match result {
        Ok(Made::Applied) => ChangeStatus::Applied,
        Ok(Made::Unchanged) => ChangeStatus::Unchanged,
        Err(error @ ApplyError::Stale { .. }) => ChangeStatus::Stale { error: error.to_string() },
        Err(error) => ChangeStatus::Failed { error: error.to_string(), hint: error.hint() },
    };
    ChangeResult {
        address: change.address.clone(),
        action: change.action(),
        phase: change.phase,
        status,
        calls,
        duration_ms: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
        confirmation,
    }
}

impl Work<'_> {
    pub(crate) fn region(&self) -> &Region {
        &self.change.region
    }

    /// Starts a wait until AWS applies earlier writes.
    pub(crate) fn backoff(&self) -> Backoff<'_> {
        Backoff::new(&self.context.waits, &self.change.address)
    }

    /// Whether this apply created a resource that the change depends on. If so, a read may not find
    /// the resource yet.
    pub(crate) fn depends_on_new(&self) -> bool {
        self.context.has_created(&self.change.depends_on)
    }

    /// Starts the change, and records the start in the journal. Returns false if nothing remains to
    /// be done.
    ///
    /// If an earlier apply of this plan started the change, the change continues in any state of
    /// its resource.
    ///
    /// # Errors
    /// Returns [`ApplyError::Stale`] if the resource changed since the plan.
    pub(crate) fn start(&self, freshness: PlanFreshness) -> Result<bool, ApplyError> {
        match freshness {
            PlanFreshness::Done => return Ok(false),
            PlanFreshness::Stale(what) if !self.journal.was_begun(self.change) => {
                return Err(ApplyError::Stale { what });
            }
            PlanFreshness::Fresh | PlanFreshness::Stale(_) => {}
        }
        self.journal.begin(self.change)?;
        Ok(true)
    }

    /// Makes a call once.
    pub(crate) fn call<'s, T: 's, E>(
        &'s self,
        operation: Operation,
        send: impl Future<Output = Result<T, SdkError<E>>> + Send + 's,
    ) -> impl Future<Output = Result<T, ApplyError>> + 's
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        // A function that is not async, so that its future does not contain the large future of the
        // SDK.
        let call = self.session.call(operation, send);
        async { Ok(call.await?) }
    }

    /// Makes a call. Retries it while the resource of the call, which was created or changed a
    /// short time ago, is not ready.
    pub(crate) async fn write<T, E, F>(
        &self,
        operation: Operation,
        send: impl FnMut() -> F,
    ) -> Result<(), ApplyError>
    where
        F: Future<Output = Result<T, SdkError<E>>> + Send,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        self.settle_call(AwaitedResource::Resource, operation, send).await
    }

    /// Deletes a resource. Retries while another change of the resource is in progress, or while
    /// the service still sees a deleted part of the resource. Accepts that the resource does not
    /// exist: it existed when it was read, so an earlier attempt deleted it, and the answer to this
    /// attempt was lost.
    pub(crate) async fn delete<T, E, F>(
        &self,
        operation: Operation,
        mut send: impl FnMut() -> F,
    ) -> Result<(), ApplyError>
    where
        F: Future<Output = Result<T, SdkError<E>>> + Send,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        self.settle(|| {
            let call = self.session.call(operation, send());
            async {
                match call.await {
                    Err(error) if error.is_absent() => Ok(()),
                    result => result.map(drop),
                }
            }
        })
        .await
    }

    /// Makes a call to CloudTrail. Retries it while CloudTrail does not see the resources and
    /// policies that the delivery of the trail needs.
    pub(crate) async fn deliver<T, E, F>(
        &self,
        delivery: &Delivery,
        operation: Operation,
        send: impl FnMut() -> F,
    ) -> Result<(), ApplyError>
    where
        F: Future<Output = Result<T, SdkError<E>>> + Send,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        self.settle_call(AwaitedResource::Delivery(delivery), operation, send).await
    }

    async fn settle_call<T, E, F>(
        &self,
        awaited: AwaitedResource<'_>,
        operation: Operation,
        mut send: impl FnMut() -> F,
    ) -> Result<(), ApplyError>
    where
        F: Future<Output = Result<T, SdkError<E>>> + Send,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let call = || {
            let call = self.session.call(operation, send());
            async { call.await.map(drop) }
        };
        self.repeat(awaited, call).await
    }

    /// Makes several calls that belong together, and retries them like [`Work::write`].
    pub(crate) async fn settle<T, F>(&self, calls: impl FnMut() -> F) -> Result<T, ApplyError>
    where
        F: Future<Output = Result<T, Error>>,
    {
        self.repeat(AwaitedResource::Resource, calls).await
    }

    /// Retries calls, in pauses of increasing length, while AWS does not see the resources that
    /// they need.
    async fn repeat<T, F>(
        &self,
        awaited: AwaitedResource<'_>,
        mut calls: impl FnMut() -> F,
    ) -> Result<T, ApplyError>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut backoff = self.backoff();
        let mut unknown = None;
        loop {
            let error = match calls().await {
                Ok(value) => return Ok(value),
                Err(error) if self.is_early(awaited, &error) => error,
                Err(error) => return Err(error.into()),
            };
            if let (AwaitedResource::Delivery(delivery), true, None) =
                (awaited, error.is_unseen_delivery(), &unknown)
            {
                // A retry helps only if the policies are correct.
                unknown = Some(self.prove(delivery).await?);
            }
            if !backoff.wait().await {
                return Err(ApplyError::NotPropagated {
                    waited: backoff.waited(),
                    error: Box::new(error),
                    unknown: unknown.unwrap_or_default(),
                });
            }
        }
    }

    /// Whether an error can mean that AWS does not see an earlier write yet.
    fn is_early(&self, awaited: AwaitedResource<'_>, error: &Error) -> bool {
        let is_organization = error.is_unseen_organization() && self.context.acts_for_organization();
        let is_unready = match awaited {
            AwaitedResource::Delivery(_) => error.is_unready() && !error.is_absent(),
            AwaitedResource::Resource => error.is_unready(),
        };
        is_organization || is_unready
    }

    /// Returns an error if the live policies certainly do not allow the trail to deliver. A retry
    /// can help if the policies cannot be read, or if their decision is unknown. Returns the
    /// unknown conditions.
    async fn prove(&self, delivery: &Delivery) -> Result<Vec<String>, ApplyError> {
        let proofs = self.context.prove(&self.change.address, delivery).await;
        let Ok(proofs) = proofs else { return Ok(Vec::new()) };
        let (refused, rest): (Vec<Proof>, Vec<Proof>) =
            proofs.into_iter().partition(|proof| proof.decision.is_refused());
        if refused.is_empty() {
            return Ok(rest.iter().filter(|proof| !proof.decision.is_allowed()).map(obstacle).collect());
        }
        Err(ApplyError::Undeliverable { obstacles: refused.iter().map(obstacle).collect() })
    }
}

/// Accepts that the resource of a creation already exists: it did not exist when it was read, so an
/// earlier attempt created it, and the answer to this attempt was lost.
pub(crate) fn made<T>(result: Result<T, ApplyError>) -> Result<(), ApplyError> {
    match result {
        Err(ApplyError::Aws(error)) if error.is_conflict() => Ok(()),
        result => result.map(drop),
    }
}
