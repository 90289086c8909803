//! Grants CloudTrail its permissions in the organization.

use reconcile_diff::observe::organization::{has_service_access, list_delegated_administrators};
use reconcile_operations::Operation;
use reconcile_plan::plan::Create;
use reconcile_plan::view::{DelegatedAdministrator, ServiceAccess};

use crate::error::ApplyError;
use crate::resource::{Creates, Reads, create};
use crate::work::{Made, Work, made};

pub(super) async fn give_access(work: &Work<'_>, action: &Create<ServiceAccess>) -> Result<Made, ApplyError> {
    create(work, &AccessCalls { work, planned: &action.after }, &action.after).await
}

pub(super) async fn register(
    work: &Work<'_>,
    action: &Create<DelegatedAdministrator>,
) -> Result<Made, ApplyError> {
    create(work, &AdministratorCalls { work, planned: &action.after }, &action.after).await
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
        let has_access = has_service_access(self.work.session, self.work.region()).await?;
        Ok(has_access.then(|| self.planned.clone()))
    }
}

impl Creates for AccessCalls<'_> {
    /// A second call has no effect.
    async fn create(&self, wanted: &ServiceAccess) -> Result<(), ApplyError> {
        let organizations = self.work.session.organizations(self.work.region());
        let call = organizations.enable_aws_service_access().service_principal(&wanted.service);
        self.work.call(Operation::EnableServiceAccess, call.send()).await.map(drop)
    }
}

/// The calls for a delegated administrator.
struct AdministratorCalls<'a> {
    work: &'a Work<'a>,
    planned: &'a DelegatedAdministrator,
}

impl Reads for AdministratorCalls<'_> {
    type View = DelegatedAdministrator;
    type Live = DelegatedAdministrator;

    async fn read(&self) -> Result<Option<DelegatedAdministrator>, ApplyError> {
        let registered = list_delegated_administrators(self.work.session, self.work.region()).await?;
        Ok(registered.contains(&self.planned.account).then(|| self.planned.clone()))
    }
}

impl Creates for AdministratorCalls<'_> {
    /// Calls CloudTrail and not Organizations: CloudTrail creates the service-linked role of the management account, without which
    /// the administrator could not create a trail. See "Organization delegated administrator" in the CloudTrail user guide.
    async fn create(&self, wanted: &DelegatedAdministrator) -> Result<(), ApplyError> {
        let cloudtrail = self.work.session.cloudtrail(self.work.region());
        let register = || {
            let call = cloudtrail.register_organization_delegated_admin();
            call.member_account_id(wanted.account.as_str()).send()
        };
        made(self.work.write(Operation::RegisterDelegatedAdministrator, register).await)
    }
}
