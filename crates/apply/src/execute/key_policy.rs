//! Writes the key policy.

use reconcile_diff::observe::key_policy::read_stored;
use reconcile_operations::Operation;
use reconcile_plan::observed::StoredPolicy;
use reconcile_plan::plan::Views;
use reconcile_policy::{Arn, Document};

use super::policy::{PolicyStore, execute as write_policy, resume as resume_policy};
use crate::confirm::ConfirmationTarget;
use crate::error::ApplyError;
use crate::journal::OpenConfirmation;
use crate::work::{Made, Work};

pub(super) async fn execute(work: &Work<'_>, views: Views<'_, Document>) -> Result<Made, ApplyError> {
    write_policy(work, views, &KeyPolicyStore::of(work).await?).await
}

/// Finishes the confirmation of a key policy that an earlier apply wrote.
pub(super) async fn resume(work: &Work<'_>, open: &OpenConfirmation) -> Result<Made, ApplyError> {
    resume_policy(work, open, &KeyPolicyStore::of(work).await?).await
}

struct KeyPolicyStore<'a> {
    work: &'a Work<'a>,
    key: Arn,
}

impl<'a> KeyPolicyStore<'a> {
    async fn of(work: &'a Work<'a>) -> Result<Self, ApplyError> {
        let key = work.context.existing_key(work.session, &work.change.address).await?;
        Ok(Self { work, key })
    }
}

impl PolicyStore for KeyPolicyStore<'_> {
    fn resource(&self) -> ConfirmationTarget {
        ConfirmationTarget::Key(self.key.clone())
    }

    async fn read(&self) -> Result<Option<StoredPolicy>, ApplyError> {
        let (session, region) = (self.work.session, self.work.region());
        Ok(Some(read_stored(session, region, &self.key, Operation::GetKeyPolicy).await?))
    }

    async fn write(&self, text: &str) -> Result<(), ApplyError> {
        let kms = self.work.session.kms(self.work.region());
        let call = kms.put_key_policy().key_id(self.key.as_str()).policy_name("default").policy(text);
        self.work.call(Operation::PutKeyPolicy, call.send()).await.map(drop)
    }
}
