//! Makes one change with the calls for its kind of resource.

mod alarm;
mod alias;
mod bucket;
mod bucket_policy;
mod delegated_administrator;
mod grant;
mod key;
mod key_policy;
mod log_group;
mod metric_filter;
mod policy;
mod role;
mod service_access;
mod topic;
mod topic_policy;
mod trail;

use reconcile_plan::plan::{Act, Changed};

use crate::error::ApplyError;
use crate::journal::OpenConfirmation;
use crate::work::{Made, Work};

pub(crate) async fn execute(work: &Work<'_>) -> Result<Made, ApplyError> {
    match &work.change.changed {
        Changed::ServiceAccess(action) => service_access::execute(work, action).await,
        Changed::DelegatedAdministrator(action) => delegated_administrator::execute(work, action).await,
        Changed::Key(action) => key::execute(work, action).await,
        Changed::Alias(action) => alias::execute(work, action).await,
        Changed::KeyPolicy(action) => key_policy::execute(work, action.views()).await,
        Changed::Grant(action) => grant::execute(work, action).await,
        Changed::Bucket(action) => bucket::execute(work, action).await,
        Changed::BucketPolicy(action) => bucket_policy::execute(work, action.views()).await,
        Changed::LogGroup(action) => log_group::execute(work, action).await,
        Changed::Role(action) => role::execute(work, action).await,
        Changed::Topic(action) => topic::execute(work, action).await,
        Changed::TopicPolicy(action) => topic_policy::execute(work, action.views()).await,
        Changed::Trail(action) => trail::execute(work, action).await,
        Changed::MetricFilter(action) => metric_filter::execute(work, action).await,
        Changed::Alarm(action) => alarm::execute(work, action).await,
    }
}

/// Finishes the confirmation of a policy that an earlier apply wrote.
pub(crate) async fn resume(work: &Work<'_>, open: &OpenConfirmation) -> Result<Made, ApplyError> {
    match &work.change.changed {
        Changed::KeyPolicy(_) => key_policy::resume(work, open).await,
        Changed::BucketPolicy(_) => bucket_policy::resume(work, open).await,
        Changed::TopicPolicy(_) => topic_policy::resume(work, open).await,
        Changed::ServiceAccess(_)
        | Changed::DelegatedAdministrator(_)
        | Changed::Key(_)
        | Changed::Alias(_)
        | Changed::Grant(_)
        | Changed::Bucket(_)
        | Changed::LogGroup(_)
        | Changed::Role(_)
        | Changed::Topic(_)
        | Changed::Trail(_)
        | Changed::MetricFilter(_)
        | Changed::Alarm(_) => Ok(Made::Unchanged),
    }
}
