//! The way in which every resource is changed: read it, make sure that it has not changed since the
//! plan, make the change, and wait until AWS shows it. A kind of resource supplies only its calls.
//!
//! Every kind converges from live state, setting by setting, so a change that was interrupted is
//! completed by making it again.

use std::borrow::Borrow;

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

    /// Reads the resource. Waits while AWS shows its state before an earlier write of this apply.
    async fn read(&self) -> Result<Self::Live, ApplyError>;

    /// Compares the live resource with the plan.
    fn freshness(&self, live: &Self::Live) -> PlanFreshness;

    /// Makes the change, and waits until AWS shows it.
    async fn make(&self, live: Self::Live) -> Result<(), ApplyError>;
}

/// Makes a change, if the live resource needs it, and if nobody else has changed the resource since
/// the plan.
pub(crate) async fn converge(work: &Work<'_>, change: &impl Convergence) -> Result<Made, ApplyError> {
    let live = change.read().await?;
    if !work.start(change.freshness(&live))? {
        return Ok(Made::Unchanged);
    }
    change.make(live).await?;
    Ok(Made::Applied)
}

/// The calls that read a resource.
pub(crate) trait Reads {
    /// The view of the kind.
    type View: View;
    /// The result of a read: the view, with whatever else the kind needs.
    type Live: Borrow<Self::View>;

    /// Reads the resource; `None` if it does not exist.
    async fn read(&self) -> Result<Option<Self::Live>, ApplyError>;

    /// Returns the additions of others since the plan. A resource with such additions is not
    /// deleted.
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
    /// Sets what differs.
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
            Box::pin(converge(work, &ViewChange { work, resource, views, act: CreateOrUpdate(wanted) })).await
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
    converge(work, &ViewChange { work, resource, views, act: Create(wanted) }).await
}

/// Deletes a resource.
pub(crate) async fn delete<R: Deletes>(
    work: &Work<'_>,
    resource: &R,
    before: &R::View,
) -> Result<Made, ApplyError> {
    let views = Views { before: Some(before), after: None };
    converge(work, &ViewChange { work, resource, views, act: Delete }).await
}

/// The calls that make a change, of those that a kind supplies.
trait Act<R: Reads> {
    async fn act(&self, resource: &R, live: Option<&R::Live>) -> Result<(), ApplyError>;
}

struct CreateOrUpdate<'v, V>(&'v V);
struct Create<'v, V>(&'v V);
struct Delete;

impl<R: Creates + Updates> Act<R> for CreateOrUpdate<'_, R::View> {
    async fn act(&self, resource: &R, live: Option<&R::Live>) -> Result<(), ApplyError> {
        match live {
            None => resource.create(self.0).await,
            Some(live) => resource.update(live, self.0).await,
        }
    }
}

impl<R: Creates> Act<R> for Create<'_, R::View> {
    async fn act(&self, resource: &R, _: Option<&R::Live>) -> Result<(), ApplyError> {
        resource.create(self.0).await
    }
}

impl<R: Deletes> Act<R> for Delete {
    async fn act(&self, resource: &R, live: Option<&R::Live>) -> Result<(), ApplyError> {
        match live {
            None => Ok(()),
            Some(live) => resource.delete(live).await,
        }
    }
}

/// The change of a resource that is compared by its view.
struct ViewChange<'a, R: Reads, A> {
    work: &'a Work<'a>,
    resource: &'a R,
    views: Views<'a, R::View>,
    act: A,
}

impl<R: Reads, A: Act<R>> Convergence for ViewChange<'_, R, A> {
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
        view_freshness(self.work.change, self.views, live.as_ref().map(Borrow::borrow))
    }

    async fn make(&self, live: Self::Live) -> Result<(), ApplyError> {
        self.act.act(self.resource, live.as_ref()).await?;
        // Neither a later change nor the next plan must see the state before the change.
        let before = live.as_ref().map(Borrow::borrow);
        let is_late =
            |shown: &Self::Live| is_late(before, self.views.after, shown.as_ref().map(Borrow::borrow));
        read_on(&mut self.work.backoff(), true, is_late, || self.resource.read()).await.map(drop)
    }
}
