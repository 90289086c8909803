//! Grants CloudTrail its permissions in the organization.

use reconcile_diff::observe::organization::{has_service_access, list_delegated_administrators};
use reconcile_operations::Operation;
use reconcile_plan::plan::Action;
use reconcile_plan::view::{DelegatedAdministrator, ServiceAccess};

use super::{Made, Verdict, Work, made};
use crate::error::ApplyError;

pub(super) async fn give_access(work: &Work<'_>, action: &Action<ServiceAccess>) -> Result<Made, ApplyError> {
    let Some(wanted) = action.after() else {
        return Err(ApplyError::NotDone("remove trusted access to the organization"));
    };
    let look = async || {
        let has_access = has_service_access(work.session, work.region()).await?;
        Ok::<_, ApplyError>(has_access.then(|| wanted.clone()))
    };
    let live = look().await?;
    if let Verdict::AlreadyDone = work.judge(action, live.as_ref())? {
        return Ok(Made::Unchanged);
    }
    // Doing it twice does nothing.
    let organizations = work.session.organizations(work.region());
    let call = organizations.enable_aws_service_access().service_principal(&wanted.service).send();
    work.session.call(Operation::EnableServiceAccess, call).await?;
    work.shown(action, live.as_ref(), look).await
}

pub(super) async fn register(
    work: &Work<'_>,
    action: &Action<DelegatedAdministrator>,
) -> Result<Made, ApplyError> {
    let Some(wanted) = action.after() else {
        return Err(ApplyError::NotDone("deregister a delegated administrator"));
    };
    let look = async || {
        let registered = list_delegated_administrators(work.session, work.region()).await?;
        Ok::<_, ApplyError>(registered.contains(&wanted.account).then(|| wanted.clone()))
    };
    let live = look().await?;
    if let Verdict::AlreadyDone = work.judge(action, live.as_ref())? {
        return Ok(Made::Unchanged);
    }
    // Through CloudTrail and not through Organizations: it makes the service-linked role of the management account, without
    // which the administrator could make no trail. See "Organization delegated administrator" in its user guide.
    let cloudtrail = work.session.cloudtrail(work.region());
    work.settle(|| {
        let call =
            cloudtrail.register_organization_delegated_admin().member_account_id(wanted.account.as_str());
        async { made(work.session.call(Operation::RegisterDelegatedAdministrator, call.send()).await) }
    })
    .await?;
    work.shown(action, live.as_ref(), look).await
}
