//! Gives the key its name.

use reconcile_aws::{Class, Operation};
use reconcile_diff::observe::key::find;
use reconcile_diff::plan::Action;
use reconcile_diff::view::{Alias, KeyRef};

use super::{Made, Verdict, Work};
use crate::error::ApplyError;
use crate::propagation::{Unseen, settle};

pub(super) async fn execute(work: &Work<'_>, action: &Action<Alias>) -> Result<Made, ApplyError> {
    let Some(planned) = action.after() else { return Err(ApplyError::NotDone("delete an alias")) };
    let wanted = Alias { target: work.context.known(&planned.target)?, ..planned.clone() };
    let name =
        work.change.address.name.parse().map_err(|_| ApplyError::NotDone("make an alias without a name"))?;
    let found = find(work.session, work.region(), &name, &work.context.spec).await?;
    let live = found
        .filter(|found| found.is_aliased)
        .map(|found| Alias { name: wanted.name.clone(), target: KeyRef::known(&found.arn) });
    if let Verdict::AlreadyDone = work.judge(&Action::Create { after: wanted.clone() }, live.as_ref())? {
        return Ok(Made::Unchanged);
    }

    let (kms, key) = (work.session.kms(work.region()), work.context.key(&wanted.target)?);
    settle(work.context, &work.change.address, Unseen::Itself, || {
        let call = kms.create_alias().alias_name(&wanted.name).target_key_id(&key);
        async {
            match work.session.call(Operation::CreateAlias, call.send()).await {
                // From a call whose answer was lost: it was not there a moment ago.
                Err(error) if error.class == Class::Conflict => Ok(()),
                made => made.map(drop),
            }
        }
    })
    .await?;
    Ok(Made::Applied)
}
