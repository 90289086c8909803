//! Creates and revokes grants.

use std::collections::BTreeMap;

use aws_sdk_kms::types::{GrantConstraints, GrantOperation};
use reconcile_diff::observe::grant::list;
use reconcile_operations::Operation;
use reconcile_plan::allows_the_same;
use reconcile_plan::plan::CreateOrDelete;
use reconcile_plan::view::{Constraints, Grant};
use reconcile_policy::Arn;

use crate::error::ApplyError;
use crate::resource::{Creates, Deletes, HasView, Reads, create, delete};
use crate::work::{Made, Work};

pub(super) async fn execute(work: &Work<'_>, action: &CreateOrDelete<Grant>) -> Result<Made, ApplyError> {
    let (CreateOrDelete::Create { after: planned } | CreateOrDelete::Delete { before: planned }) = action;
    let key = work.context.key(&planned.key)?;
    let key = key.arn().ok_or(ApplyError::Incomplete { what: "a key", missing: "an ARN" })?;
    let calls = GrantCalls { work, key, planned };
    let made = match action {
        CreateOrDelete::Create { after } => create(work, &calls, after).await,
        CreateOrDelete::Delete { before } => delete(work, &calls, before).await,
    };
    match made {
        // A list of grants can be five minutes out of date, and nothing else in this apply reads
        // the list. See "Grants in AWS KMS" in the KMS developer guide.
        Err(ApplyError::NotShown { .. }) => Ok(Made::Applied),
        made => made,
    }
}

/// The calls for a grant.
struct GrantCalls<'a> {
    work: &'a Work<'a>,
    key: &'a Arn,
    planned: &'a Grant,
}

/// A live grant, with the id that KMS assigned.
struct LiveGrant {
    id: String,
    view: Grant,
}

impl HasView<Grant> for LiveGrant {
    fn view(&self) -> &Grant {
        &self.view
    }
}

impl Reads for GrantCalls<'_> {
    type View = Grant;
    type Live = LiveGrant;

    /// Returns the grant of the plan, if the key has the grant: the grant with the same id, or else
    /// the grant with the same name and content. KMS can return the content in another form (an id
    /// in place of an ARN), so the returned view is that of the plan.
    async fn read(&self) -> Result<Option<LiveGrant>, ApplyError> {
        let grants = list(self.work.session, self.work.region(), self.key).await?;
        let is_it = |live: &Grant| match &self.planned.id {
            Some(_) => live.id == self.planned.id,
            None => live.name == self.planned.name && allows_the_same(live, self.planned),
        };
        let Some(found) = grants.into_iter().find(is_it) else { return Ok(None) };
        let id = found.id.ok_or(ApplyError::Incomplete { what: "a grant", missing: "an id" })?;
        Ok(Some(LiveGrant { id, view: self.planned.clone() }))
    }
}

impl Creates for GrantCalls<'_> {
    async fn create(&self, wanted: &Grant) -> Result<(), ApplyError> {
        let kms = self.work.session.kms(self.work.region());
        let is_service = wanted.source_arn.is_some();
        let principal = |is_wanted: bool| Some(wanted.grantee.clone()).filter(|_| is_wanted);
        let operations = wanted.operations.iter().map(|it| GrantOperation::from(it.as_str()));
        let operations: Vec<GrantOperation> = operations.collect();
        let create = || {
            kms.create_grant()
                .key_id(self.key.as_str())
                // KMS does not create a second grant with the same name and content, so the call
                // can be retried.
                .name(&wanted.name)
                .set_grantee_principal(principal(!is_service))
                .set_grantee_service_principal(principal(is_service))
                .set_retiring_principal(wanted.retiring_principal.clone())
                .set_operations(Some(operations.clone()))
                .set_constraints(constraints(wanted))
                .send()
        };
        self.work.write(Operation::CreateGrant, create).await
    }
}

impl Deletes for GrantCalls<'_> {
    async fn delete(&self, live: &LiveGrant) -> Result<(), ApplyError> {
        let kms = self.work.session.kms(self.work.region());
        let revoke = || kms.revoke_grant().key_id(self.key.as_str()).grant_id(&live.id).send();
        self.work.delete(Operation::RevokeGrant, revoke).await
    }
}

fn constraints(grant: &Grant) -> Option<GrantConstraints> {
    if grant.constraints.is_none() && grant.source_arn.is_none() {
        return None;
    }
    let builder = GrantConstraints::builder().set_source_arn(grant.source_arn.clone());
    let pairs = |pairs: &BTreeMap<String, String>| Some(pairs.clone().into_iter().collect());
    Some(match &grant.constraints {
        Some(Constraints::EncryptionContextEquals(context)) => {
            builder.set_encryption_context_equals(pairs(context)).build()
        }
        Some(Constraints::EncryptionContextSubset(context)) => {
            builder.set_encryption_context_subset(pairs(context)).build()
        }
        None => builder.build(),
    })
}
