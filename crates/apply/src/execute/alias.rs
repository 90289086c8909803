//! Creates, moves and deletes the alias of the key.

use reconcile_diff::observe::key::find_named;
use reconcile_operations::Operation;
use reconcile_plan::plan::Action;
use reconcile_plan::view::{Alias, KeyRef};
use reconcile_spec::AliasName;

use super::{Made, Verdict, Work, made};
use crate::error::ApplyError;

pub(super) async fn execute(work: &Work<'_>, action: &Action<Alias>) -> Result<Made, ApplyError> {
    let Some(planned) = action.after() else { return remove(work, action).await };
    let wanted = Alias { target: work.context.known(&planned.target)?, ..planned.clone() };
    let name = name(work)?;
    let live = find(work, &name).await?;
    if let Verdict::AlreadyDone = work.judge(&Action::Create { after: wanted.clone() }, live.as_ref())? {
        // The key got it when this apply made the key.
        let is_made = work.context.has_created(&work.change.depends_on);
        return Ok(if is_made { Made::Applied } else { Made::Unchanged });
    }

    let (kms, key) = (work.session.kms(work.region()), work.context.key(&wanted.target)?);
    work.settle(|| {
        let call = kms.create_alias().alias_name(&wanted.name).target_key_id(&key);
        async { made(work.session.call(Operation::CreateAlias, call.send()).await) }
    })
    .await?;
    work.shown(&Action::Create { after: wanted }, None, || find(work, &name)).await
}

fn name(work: &Work<'_>) -> Result<AliasName, ApplyError> {
    work.change.address.name.parse().map_err(|_| ApplyError::NotDone("change an alias without a name"))
}

async fn find(work: &Work<'_>, name: &AliasName) -> Result<Option<Alias>, ApplyError> {
    let found = find_named(work.session, work.region(), name).await?;
    Ok(found.map(|found| Alias { name: name.with_prefix(), target: KeyRef::known(&found.arn) }))
}

async fn remove(work: &Work<'_>, action: &Action<Alias>) -> Result<Made, ApplyError> {
    let name = name(work)?;
    let live = find(work, &name).await?;
    if let Verdict::AlreadyDone = work.judge(action, live.as_ref())? {
        return Ok(Made::Unchanged);
    }
    let kms = work.session.kms(work.region());
    work.delete(|| {
        let call = kms.delete_alias().alias_name(name.with_prefix());
        async { work.session.call(Operation::DeleteAlias, call.send()).await }
    })
    .await?;
    work.shown(action, live.as_ref(), || find(work, &name)).await
}
