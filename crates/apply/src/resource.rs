//! The way in which every resource is changed: read it, make sure that it has not changed since the plan, create, update or delete
//! it, and wait until AWS shows the change. A kind of resource supplies only its calls.
//!
//! Every kind converges from live state, setting by setting, so a change that was interrupted is completed by making it again.

use reconcile_plan::plan::{Action, Views};
use reconcile_plan::view::View;

use crate::error::ApplyError;
use crate::freshness::{is_late, view_freshness};
use crate::propagation::read_on;
use crate::work::{Made, Work};

/// The calls that read a resource.
pub(crate) trait Reads {
    /// The view of the kind.
    type View: View;
    /// The result of a read: the view, with whatever else the kind needs.
    type Live: Into<Self::View>;

    /// Reads the resource; `None` if it does not exist.
    async fn read(&self) -> Result<Option<Self::Live>, ApplyError>;

    /// Returns the additions of others since the plan. A resource with such additions is not deleted.
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
    async fn update(&self, live: &Self::View, wanted: &Self::View) -> Result<(), ApplyError>;
}

/// The calls that delete a resource.
pub(crate) trait Deletes: Reads {
    /// Deletes the resource.
    async fn delete(&self, live: &Self::View) -> Result<(), ApplyError>;
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
            let act = async |live: Option<&R::View>| match live {
                None => resource.create(wanted).await,
                Some(live) => resource.update(live, wanted).await,
            };
            // The futures of some kinds are large.
            Box::pin(make(work, resource, views, act)).await
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
    make(work, resource, views, async |_| resource.create(wanted).await).await
}

/// Deletes a resource.
pub(crate) async fn delete<R: Deletes>(
    work: &Work<'_>,
    resource: &R,
    before: &R::View,
) -> Result<Made, ApplyError> {
    let views = Views { before: Some(before), after: None };
    make(work, resource, views, async |live| match live {
        None => Ok(()),
        Some(live) => resource.delete(live).await,
    })
    .await
}

/// Makes a change with the calls of `act`, which gets the live resource.
async fn make<R: Reads>(
    work: &Work<'_>,
    resource: &R,
    views: Views<'_, R::View>,
    act: impl AsyncFnOnce(Option<&R::View>) -> Result<(), ApplyError>,
) -> Result<Made, ApplyError> {
    let live = read_on(&mut work.backoff(), work.depends_on_new(), |_| false, || resource.read()).await?;
    if let (None, Some(live)) = (views.after, &live) {
        let additions = resource.additions(live).await?;
        if !additions.is_empty() {
            return Err(ApplyError::Stale { what: format!("others use it: {}", additions.join(", ")) });
        }
    }
    let live: Option<R::View> = live.map(Into::into);
    if !work.start(view_freshness(work.change, views, live.as_ref()))? {
        return Ok(Made::Unchanged);
    }
    act(live.as_ref()).await?;
    // Neither a later change nor the next plan must see the state before the change.
    let is_late = |shown: &Option<R::View>| is_late(live.as_ref(), views.after, shown.as_ref());
    let read = async || Ok::<_, ApplyError>(resource.read().await?.map(Into::into));
    read_on(&mut work.backoff(), true, is_late, read).await?;
    Ok(Made::Applied)
}
