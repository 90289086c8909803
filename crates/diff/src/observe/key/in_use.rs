//! Finds the key in use. This is the managed key that the trails use, even if the alias of the spec
//! points to another key.

use reconcile_aws::{Aws, Session};
use reconcile_plan::observed::{HubKey, ObserveError, Observed, ReadError, SpareKey, other_key_in_use};
use reconcile_plan::view;
use reconcile_policy::Arn;
use reconcile_spec::{AliasName, Desired};

use super::super::hub::read_hub_key;
use super::super::key;

/// Replaces the key with the alias by the key in use, if they differ. Makes no call if they do not
/// differ.
///
/// # Errors
/// Returns an error if the key in use cannot be read.
pub(in crate::observe) async fn settle(
    aws: &Aws,
    desired: &Desired,
    observed: &mut Observed,
) -> Result<(), ObserveError> {
    if desired.key.identity.alias().is_none() {
        return Ok(());
    }
    let Some(arn) = other_key_in_use(desired, observed).cloned() else {
        return Ok(());
    };
    let account = &desired.key.site.account;
    let failed = |error| ObserveError::Hub { account: account.clone(), error };
    let hub = read(aws, desired, &arn).await.map_err(failed)?;
    observed.spare_keys.keys.remove(&arn);
    if let Some(former) = observed.key.replace(hub) {
        let HubKey { key, .. } = former;
        if key.is_aliased {
            observed.alias_target = Some(key.arn.clone());
        }
        if key.view.tags.belong_to(&desired.installation) {
            let aliases = desired.key.identity.alias().filter(|_| key.is_aliased);
            let aliases = aliases.map(AliasName::with_prefix).into_iter().collect();
            let view = view::Key { rotation: None, ..key.view };
            observed.spare_keys.keys.insert(key.arn, SpareKey { state: key.traits.state, aliases, view });
        }
    }
    Ok(())
}

async fn read(aws: &Aws, desired: &Desired, arn: &Arn) -> Result<HubKey, ReadError> {
    let site = &desired.key.site;
    let account = desired.account(&site.account);
    let account = account.ok_or_else(|| ReadError::NoSuchAccount { account: site.account.clone() })?;
    let session = Session::open(aws, account).await?;
    let found = key::find_by_arn(&session, &site.region, arn).await?;
    let mut found = found.ok_or_else(|| ReadError::NoSuchKey { arn: arn.clone() })?;
    found.is_aliased = false;
    read_hub_key(&session, &site.region, &found).await
}
