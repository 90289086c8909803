//! Writes the key policy.

use reconcile_diff::observe::policy::stored_key_policy;
use reconcile_operations::Operation;
use reconcile_plan::observed::StoredPolicy;
use reconcile_plan::plan::Action;
use reconcile_policy::{Arn, Document};

use super::policy::{Shelf, execute as write_policy, resume as resume_policy};
use super::{Made, Work};
use crate::confirm::Subject;
use crate::error::ApplyError;
use crate::journal::Trial;

pub(super) async fn execute(work: &Work<'_>, action: &Action<Document>) -> Result<Made, ApplyError> {
    if action.after().is_none() {
        return Err(ApplyError::NotDone("delete a key policy"));
    }
    write_policy(work, action, &KeyShelf::of(work).await?).await
}

/// Finishes the confirmation of a key policy that an earlier apply wrote.
pub(super) async fn resume(work: &Work<'_>, trial: &Trial) -> Result<Made, ApplyError> {
    resume_policy(work, trial, &KeyShelf::of(work).await?).await
}

struct KeyShelf<'a> {
    work: &'a Work<'a>,
    key: Arn,
}

impl<'a> KeyShelf<'a> {
    async fn of(work: &'a Work<'a>) -> Result<Self, ApplyError> {
        let found = work.context.key_arn(work.session, &work.change.address).await?;
        let key = found.ok_or(ApplyError::Stale { what: "the key no longer exists".to_owned() })?;
        Ok(Self { work, key })
    }
}

impl Shelf for KeyShelf<'_> {
    fn subject(&self) -> Subject {
        Subject::Key(self.key.to_string())
    }

    async fn read(&self) -> Result<Option<StoredPolicy>, ApplyError> {
        let (session, region) = (self.work.session, self.work.region());
        Ok(Some(stored_key_policy(session, region, &self.key, Operation::GetKeyPolicy).await?))
    }

    async fn write(&self, text: Option<&str>) -> Result<(), ApplyError> {
        let text = text.ok_or(ApplyError::NotDone("delete a key policy"))?;
        let kms = self.work.session.kms(self.work.region());
        let call = kms.put_key_policy().key_id(self.key.as_str()).policy_name("default").policy(text).send();
        Ok(self.work.session.call(Operation::PutKeyPolicy, call).await.map(drop)?)
    }
}
