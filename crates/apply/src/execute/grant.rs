//! Creates and revokes grants.

use aws_sdk_kms::types::{GrantConstraints, GrantOperation};
use reconcile_diff::observe::grant::list;
use reconcile_operations::Operation;
use reconcile_plan::allows_the_same;
use reconcile_plan::plan::Action;
use reconcile_plan::view::{Constraints, Grant};
use reconcile_policy::Arn;

use super::{Made, Verdict, Work};
use crate::error::ApplyError;

pub(super) async fn execute(work: &Work<'_>, action: &Action<Grant>) -> Result<Made, ApplyError> {
    match action {
        Action::Create { after } => make(work, action, after).await,
        Action::Delete { before } => revoke(work, action, before).await,
        Action::Update { .. } => Err(ApplyError::NotDone("change a grant")),
    }
}

/// The grant of the plan, if the key has it: the one of its id, or else one of its name and content. KMS may show the content
/// in other words (an id for an ARN), so the view is the plan's.
async fn live(work: &Work<'_>, key: &Arn, grant: &Grant) -> Result<Option<Grant>, ApplyError> {
    let grants = list(work.session, work.region(), key).await?;
    let is_it = |live: &Grant| match &grant.id {
        Some(_) => live.id == grant.id,
        None => live.name == grant.name && allows_the_same(live, grant),
    };
    Ok(grants.iter().any(is_it).then(|| grant.clone()))
}

fn arn(work: &Work<'_>, grant: &Grant) -> Result<Arn, ApplyError> {
    let key = work.context.key(&grant.key)?;
    key.parse().map_err(|_| ApplyError::Incomplete { what: "a key", missing: "an ARN" })
}

async fn make(work: &Work<'_>, action: &Action<Grant>, grant: &Grant) -> Result<Made, ApplyError> {
    let key = arn(work, grant)?;
    let found = work.look(|| live(work, &key, grant)).await?;
    if let Verdict::AlreadyDone = work.judge(action, found.as_ref())? {
        return Ok(Made::Unchanged);
    }
    let kms = work.session.kms(work.region());
    let is_service = grant.source_arn.is_some();
    let principal = |is_wanted: bool| Some(grant.grantee.clone()).filter(|_| is_wanted);
    work.settle(|| {
        let call = kms
            .create_grant()
            .key_id(key.as_str())
            // KMS makes no second grant of the same name and content, so it may be called again.
            .name(&grant.name)
            .set_grantee_principal(principal(!is_service))
            .set_grantee_service_principal(principal(is_service))
            .set_retiring_principal(grant.retiring_principal.clone())
            .set_operations(Some(
                grant.operations.iter().map(|it| GrantOperation::from(it.as_str())).collect(),
            ))
            .set_constraints(constraints(grant));
        async { work.session.call(Operation::CreateGrant, call.send()).await.map(drop) }
    })
    .await?;
    listed(work, action, None, &key, grant).await
}

/// Waits until the list of grants shows the change, or until the time is over: lists of grants can be five minutes late, and
/// nothing else in this apply reads them.
///
/// See "Grants in AWS KMS" in the KMS developer guide.
async fn listed(
    work: &Work<'_>,
    action: &Action<Grant>,
    before: Option<&Grant>,
    key: &Arn,
    grant: &Grant,
) -> Result<Made, ApplyError> {
    match work.shown(action, before, || live(work, key, grant)).await {
        Err(ApplyError::NotShown { .. }) => Ok(Made::Applied),
        shown => shown,
    }
}

fn constraints(grant: &Grant) -> Option<GrantConstraints> {
    if grant.constraints.is_none() && grant.source_arn.is_none() {
        return None;
    }
    let builder = GrantConstraints::builder().set_source_arn(grant.source_arn.clone());
    let pairs =
        |pairs: &std::collections::BTreeMap<String, String>| Some(pairs.clone().into_iter().collect());
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

async fn revoke(work: &Work<'_>, action: &Action<Grant>, grant: &Grant) -> Result<Made, ApplyError> {
    let key = arn(work, grant)?;
    if let Verdict::AlreadyDone = work.judge(action, live(work, &key, grant).await?.as_ref())? {
        return Ok(Made::Unchanged);
    }
    let Some(id) = &grant.id else {
        return Err(ApplyError::Incomplete { what: "a grant", missing: "an id" });
    };
    let kms = work.session.kms(work.region());
    work.delete(|| {
        let call = kms.revoke_grant().key_id(key.as_str()).grant_id(id);
        async { work.session.call(Operation::RevokeGrant, call.send()).await }
    })
    .await?;
    listed(work, action, Some(grant), &key, grant).await
}
