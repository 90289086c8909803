//! Changes any resource in the same steps: read the resource, check that it has not changed since
//! the plan, make the change, and wait until AWS shows the change. Each kind of resource supplies
//! only its calls.
//!
//! Every kind converges from live state, setting by setting. A change that was interrupted is
//! therefore completed when it is made again.

use reconcile_plan::plan::{Action, Views};
use reconcile_plan::view::View;

use crate::error::ApplyError;
use crate::freshness::{PlanFreshness, is_late, view_freshness};
use crate::propagation::read_on;
use crate::work::{Made, Work};

/// The parts of a change of one resource.
pub(crate) trait Convergence {
    /// The live resource.
    type Live;

    /// Reads the resource. Waits while AWS shows the state before an earlier write of this apply.
    async fn read(&self) -> Result<Self::Live, ApplyError>;

    /// Compares the live resource with the plan.
    fn freshness(&self, live: &Self::Live) -> PlanFreshness;

    /// Makes the change, and waits until AWS shows it.
    async fn make(&self, live: Self::Live) -> Result<(), ApplyError>;
}

/// Makes a change if the live resource needs it. Returns an error if somebody else has changed the
/// resource since the plan.
pub(crate) async fn converge(work: &Work<'_>, change: &impl Convergence) -> Result<Made, ApplyError> {
    let live = change.read().await?;
    if !work.start(change.freshness(&live))? {
        return Ok(Made::Unchanged);
    }
    change.make(live).await?;
    Ok(Made::Applied)
}

/// A live resource with the view that is compared with the plan.
pub(crate) trait HasView<V> {
    /// The view.
    fn view(&self) -> &V;
}

impl<V: View> HasView<V> for V {
    fn view(&self) -> &V {
        self
    }
}

/// The calls that read a resource.
pub(crate) trait Reads {
    /// The view of the kind.
    type View: View;
    /// The result of a read: the view, and other values that the kind needs.
    type Live: HasView<Self::View>;

    /// Reads the resource; `None` if it does not exist.
    async fn read(&self) -> Result<Option<Self::Live>, ApplyError>;

    /// Returns what others have added to the resource since the plan. A resource with such
    /// additions is not deleted.
    async fn additions(&self, _: &Self::Live) -> Result<Vec<String>, ApplyError> {
        Ok(Vec::new())
    }
}

/// The calls that create a resource.
pub(crate) trait Creates: Reads {
    /// Creates the resource with all its settings.
    async fn create(&self, wanted: &Self::View) -> Result<(), ApplyError>;
}

/// The calls that update a resource.
pub(crate) trait Updates: Reads {
    /// Writes the settings that differ.
    async fn update(&self, live: &Self::Live, wanted: &Self::View) -> Result<(), ApplyError>;
}

/// The calls that delete a resource.
pub(crate) trait Deletes: Reads {
    /// Deletes the resource.
    async fn delete(&self, live: &Self::Live) -> Result<(), ApplyError>;
}

/// Creates, updates or deletes a resource.
pub(crate) async fn change<R: Creates + Updates + Deletes>(
    work: &Work<'_>,
    resource: &R,
    action: &Action<R::View>,
) -> Result<Made, ApplyError> {
    match action {
        Action::Create { after: wanted } | Action::Update { after: wanted, .. } => {
            let views = Views { before: action.before(), after: Some(wanted) };
            // The futures of some kinds are large.
            Box::pin(converge(work, &ViewChange { work, resource, views, calls: CreateOrUpdate(wanted) }))
                .await
        }
        Action::Delete { before } => delete(work, resource, before).await,
    }
}

/// Creates a resource that AWS cannot update.
pub(crate) async fn create<R: Creates>(
    work: &Work<'_>,
    resource: &R,
    wanted: &R::View,
) -> Result<Made, ApplyError> {
    let views = Views { before: None, after: Some(wanted) };
    converge(work, &ViewChange { work, resource, views, calls: CreateOnly(wanted) }).await
}

/// Deletes a resource.
pub(crate) async fn delete<R: Deletes>(
    work: &Work<'_>,
    resource: &R,
    before: &R::View,
) -> Result<Made, ApplyError> {
    let views = Views { before: Some(before), after: None };
    converge(work, &ViewChange { work, resource, views, calls: DeleteOnly }).await
}

/// Chooses between the calls of a kind.
trait Calls<R: Reads> {
    async fn make(&self, resource: &R, live: Option<&R::Live>) -> Result<(), ApplyError>;
}

struct CreateOrUpdate<'v, V>(&'v V);
struct CreateOnly<'v, V>(&'v V);
struct DeleteOnly;

impl<R: Creates + Updates> Calls<R> for CreateOrUpdate<'_, R::View> {
    async fn make(&self, resource: &R, live: Option<&R::Live>) -> Result<(), ApplyError> {
        match live {
            None => resource.create(self.0).await,
            Some(live) => resource.update(live, self.0).await,
        }
    }
}

impl<R: Creates> Calls<R> for CreateOnly<'_, R::View> {
    async fn make(&self, resource: &R, _: Option<&R::Live>) -> Result<(), ApplyError> {
        resource.create(self.0).await
    }
}

impl<R: Deletes> Calls<R> for DeleteOnly {
    async fn make(&self, resource: &R, live: Option<&R::Live>) -> Result<(), ApplyError> {
        match live {
            None => Ok(()),
            Some(live) => resource.delete(live).await,
        }
    }
}

/// The change of a resource that is compared by its view.
struct ViewChange<'a, R: Reads, C> {
    work: &'a Work<'a>,
    resource: &'a R,
    views: Views<'a, R::View>,
    calls: C,
}

impl<R: Reads, C: Calls<R>> Convergence for ViewChange<'_, R, C> {
    type Live = Option<R::Live>;

    async fn read(&self) -> Result<Self::Live, ApplyError> {
        let Self { work, resource, views, .. } = self;
        let live = read_on(&mut work.backoff(), work.depends_on_new(), |_| false, || resource.read()).await?;
        if let (None, Some(live)) = (views.after, &live) {
            let additions = resource.additions(live).await?;
            if !additions.is_empty() {
                return Err(ApplyError::Stale { what: format!("others use it: {}", additions.join(", ")) });
            }
        }
        Ok(live)
    }

    fn freshness(&self, live: &Self::Live) -> PlanFreshness {
        view_freshness(self.work.change, self.views, live.as_ref().map(HasView::view))
    }

    async fn make(&self, live: Self::Live) -> Result<(), ApplyError> {
        self.calls.make(self.resource, live.as_ref()).await?;
        // Waits for AWS: neither a later change nor the next plan must see the state before the
        // change.
        let before = live.as_ref().map(HasView::view);
        let is_late =
            |shown: &Self::Live| is_late(before, self.views.after, shown.as_ref().map(HasView::view));
        read_on(&mut self.work.backoff(), true, is_late, || self.resource.read()).await.map(drop)
    }
}
