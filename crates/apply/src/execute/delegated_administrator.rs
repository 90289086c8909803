//! Registers delegated administrators of the organization for CloudTrail.

use reconcile_diff::observe::delegated_administrator::list;
use reconcile_operations::Operation;
use reconcile_plan::plan::Create;
use reconcile_plan::view::DelegatedAdministrator;

use crate::error::ApplyError;
use crate::resource::{Creates, Reads, create};
use crate::work::{Made, Work, made};

pub(super) async fn execute(
    work: &Work<'_>,
    action: &Create<DelegatedAdministrator>,
) -> Result<Made, ApplyError> {
    create(work, &AdministratorCalls { work, planned: &action.after }, &action.after).await
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
        let registered = list(self.work.session, self.work.region()).await?;
        Ok(registered.contains(&self.planned.account).then(|| self.planned.clone()))
    }
}

impl Creates for AdministratorCalls<'_> {
    /// Registers the administrator through CloudTrail, not through Organizations. CloudTrail
    /// creates the service-linked role of the management account, without which the administrator
    /// could not create a trail. See "Organization delegated administrator" in the CloudTrail user
    /// guide.
    async fn create(&self, wanted: &DelegatedAdministrator) -> Result<(), ApplyError> {
        let cloudtrail = self.work.session.cloudtrail(self.work.region());
        let register = || {
            let call = cloudtrail.register_organization_delegated_admin();
            call.member_account_id(wanted.account.as_str()).send()
        };
        made(self.work.write(Operation::RegisterDelegatedAdministrator, register).await)
    }
}
