//! Enables trusted access of CloudTrail to the organization.

use reconcile_diff::observe::service_access::is_enabled;
use reconcile_operations::Operation;
use reconcile_plan::plan::Create;
use reconcile_plan::view::ServiceAccess;

use crate::error::ApplyError;
use crate::resource::{Creates, Reads, create};
use crate::work::{Made, Work};

pub(super) async fn execute(work: &Work<'_>, action: &Create<ServiceAccess>) -> Result<Made, ApplyError> {
    create(work, &AccessCalls { work, planned: &action.after }, &action.after).await
}

/// The calls for trusted access to the organization.
struct AccessCalls<'a> {
    work: &'a Work<'a>,
    planned: &'a ServiceAccess,
}

impl Reads for AccessCalls<'_> {
    type View = ServiceAccess;
    type Live = ServiceAccess;

    async fn read(&self) -> Result<Option<ServiceAccess>, ApplyError> {
        let has_access = is_enabled(self.work.session, self.work.region()).await?;
        Ok(has_access.then(|| self.planned.clone()))
    }
}

impl Creates for AccessCalls<'_> {
    /// Enables trusted access. A second call has no effect.
    async fn create(&self, wanted: &ServiceAccess) -> Result<(), ApplyError> {
        let organizations = self.work.session.organizations(self.work.region());
        let call = organizations.enable_aws_service_access().service_principal(&wanted.service);
        self.work.call(Operation::EnableServiceAccess, call.send()).await.map(drop)
    }
}
