//! Finds resources that were created for trails and are no longer in the spec.
//!
//! Nothing lists what carries our mark, so it is looked for where trails of ours lead. Where they lead to nothing but what
//! the spec has, no call is made.

use std::collections::{BTreeMap, BTreeSet};

use reconcile_aws::{Aws, Session};
use reconcile_plan::observed::{Hidden, Leftover, Observed, ReadError, What};
use reconcile_plan::view::Trail;
use reconcile_policy::{Arn, Region};
use reconcile_spec::{Account, AccountName, Desired};

use super::{log_group, role, topic};

/// Looks where trails of ours lead; what cannot be read is hidden.
pub(super) async fn find(aws: &Aws, desired: &Desired, observed: &mut Observed) {
    let mut by_account: BTreeMap<AccountName, (Account, BTreeSet<(Arn, Region)>)> = BTreeMap::new();
    for (arn, region) in references(desired, observed) {
        let mut accounts = desired.accounts.iter().chain(&observed.departed.accounts);
        let account = accounts.find(|account| account.id.as_str() == arn.account());
        if let Some(account) = account.filter(|_| !is_wanted(desired, &arn)) {
            let known = by_account.entry(account.name.clone());
            known.or_insert_with(|| (account.clone(), BTreeSet::new())).1.insert((arn, region));
        }
    }
    for (name, (account, arns)) in by_account {
        let session = Session::open(aws, &account).await;
        for (arn, region) in arns {
            let found = match &session {
                Ok(session) => read(session, &region, &arn, desired).await,
                Err(error) => Err(ReadError::Aws(error.clone())),
            };
            let account = name.clone();
            match found {
                Ok(Some(what)) => _ = observed.leftovers.insert(arn, Leftover { account, region, what }),
                Ok(None) => {}
                Err(error) => _ = observed.hidden.insert(arn, Hidden { account, error }),
            }
        }
    }
}

/// What trails of ours use, with the Region to ask in.
fn references(desired: &Desired, observed: &Observed) -> BTreeSet<(Arn, Region)> {
    let is_ours = |trail: &&Trail| trail.tags.are_of(&desired.installation);
    let live = observed.trails.values().flatten().chain(observed.strays.values().map(|stray| &stray.trail));
    let mut found = BTreeSet::new();
    for trail in live.filter(is_ours) {
        let Ok(region) = trail.arn.region().parse::<Region>() else { continue };
        found.extend(trail.destinations().map(|arn| (arn, region.clone())));
    }
    found
}

fn is_wanted(desired: &Desired, arn: &Arn) -> bool {
    desired.log_groups.iter().any(|it| it.arn == *arn)
        || desired.log_roles.iter().any(|it| it.arn == *arn)
        || desired.topics.iter().any(|it| it.arn == *arn)
}

/// What the ARN stands for, if that is ours.
async fn read(
    session: &Session,
    region: &Region,
    arn: &Arn,
    desired: &Desired,
) -> Result<Option<What>, ReadError> {
    let name = arn.resource_name();
    let found = match arn.service() {
        "logs" => {
            let name = arn.resource().trim_start_matches("log-group:");
            log_group::read(session, region, name).await?.map(|it| (it.tags.clone(), What::LogGroup(it)))
        }
        "iam" => {
            let policies = desired.installation.log_policies();
            role::read(session, region, name, &policies).await?.map(|it| (it.tags.clone(), What::Role(it)))
        }
        "sns" => {
            let found = topic::read(session, region, arn).await?;
            found.map(|it| (it.view.tags.clone(), What::Topic(it.view)))
        }
        _ => None,
    };
    Ok(found.filter(|(tags, _)| tags.are_of(&desired.installation)).map(|(_, what)| what))
}
