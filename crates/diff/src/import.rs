//! Reads an existing installation that has no spec yet.

use std::sync::Arc;

use jiff::Timestamp;
use reconcile_aws::Aws;
use reconcile_plan::import::{ImportError, ImportRequest, Imported};
use reconcile_spec::Spec;

use crate::Progress;
use crate::observe::survey::survey;
use crate::read::{join, read};

/// Reads the installation in these accounts, and returns the spec that describes the installation.
/// Changes nothing.
///
/// # Errors
/// Returns an [`ImportError`].
pub async fn import(
    aws: &Aws,
    accounts: &Spec,
    request: &ImportRequest,
    now: Timestamp,
    progress: &Arc<Progress>,
) -> Result<Imported, ImportError> {
    let (accounts, _) = Box::pin(join(aws, accounts.clone())).await?;
    // The trails and their destinations.
    let setup = Box::pin(survey(aws, &accounts, &request.wanted)).await?;
    let live = async |spec: Spec| Box::pin(read(aws, spec, progress)).await;
    Box::pin(reconcile_plan::import::import(&setup, &accounts, request, now, live)).await
}
