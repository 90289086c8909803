//! Reads everything that a spec names.

use std::sync::Arc;

use reconcile_aws::Aws;
use reconcile_plan::observed::{Live, LiveError, LiveOrganization, joined};
use reconcile_spec::Spec;

use crate::Progress;
use crate::controls::read_alarms;
use crate::observe::{discover, observe};

/// Reads the live state of everything that a spec names. First reads the organization, because its
/// members can join the accounts of the spec, and then all accounts at the same time.
///
/// # Errors
/// Returns a [`LiveError`].
pub async fn read(aws: &Aws, spec: Spec, progress: &Arc<Progress>) -> Result<Live, LiveError> {
    // Boxed, because both futures are large.
    let (spec, organization) = Box::pin(join(aws, spec)).await?;
    let desired = Arc::new(spec.desired().clone());
    let observed = Box::pin(observe(aws, &desired, organization, progress)).await?;
    Ok(Live { spec, observed })
}

/// Reads everything that [`read`] reads, and also the foreign alarms with their topics, which only
/// controls need.
///
/// # Errors
/// Returns a [`LiveError`].
pub async fn read_for_controls(aws: &Aws, spec: Spec, progress: &Arc<Progress>) -> Result<Live, LiveError> {
    let Live { spec, mut observed } = read(aws, spec, progress).await?;
    read_alarms(aws, spec.desired(), &mut observed).await;
    Ok(Live { spec, observed })
}

/// Reads the organization of a spec, and adds its members to the accounts.
///
/// # Errors
/// Returns a [`LiveError`].
pub async fn join(aws: &Aws, spec: Spec) -> Result<(Spec, Option<LiveOrganization>), LiveError> {
    let organization = discover(aws, spec.desired()).await?;
    let spec = joined(spec, organization.as_ref()).map_err(LiveError::Invalid)?;
    Ok((spec, organization))
}
