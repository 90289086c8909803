//! Writes the key policy.

use reconcile_aws::Operation;
use reconcile_diff::observe::key::find;
use reconcile_diff::observe::policy::read_key_policy;
use reconcile_diff::plan::Action;
use reconcile_policy::{Arn, Document};

use super::policy::{Shelf, execute as write_policy};
use super::{Made, Work};
use crate::error::ApplyError;

pub(super) async fn execute(work: &Work<'_>, action: &Action<Document>) -> Result<Made, ApplyError> {
    if action.after().is_none() {
        return Err(ApplyError::NotDone("delete a key policy"));
    }
    let found = find(work.session, work.region(), work.context.key_identity(), &work.context.installation)
        .await?
        .found;
    let key = found.ok_or(ApplyError::Stale { what: "the key does not exist any more".to_owned() })?;
    write_policy(work, action, &KeyShelf { work, key: &key.arn }).await
}

struct KeyShelf<'a> {
    work: &'a Work<'a>,
    key: &'a Arn,
}

impl Shelf for KeyShelf<'_> {
    async fn read(&self) -> Result<Option<Document>, ApplyError> {
        Ok(Some(read_key_policy(self.work.session, self.work.region(), self.key).await?))
    }

    async fn write(&self, document: &Document) -> Result<(), ApplyError> {
        let kms = self.work.session.kms(self.work.region());
        self.work
            .settle(|| {
                let call = kms
                    .put_key_policy()
                    .key_id(self.key.as_str())
                    .policy_name("default")
                    .policy(document.to_string());
                async { self.work.session.call(Operation::PutKeyPolicy, call.send()).await.map(drop) }
            })
            .await
    }
}
