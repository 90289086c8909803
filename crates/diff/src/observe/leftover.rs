//! Finds the log groups, roles and topics of this installation that the spec no longer has.
//!
//! No AWS operation lists the resources with the tag of an installation. `reconcile` finds them
//! through the trails of the installation: each trail names its destinations, and its tags name its
//! former destinations. If the trails name only resources of the spec, no call is made.

use std::collections::{BTreeMap, BTreeSet};

use reconcile_aws::{Aws, Session};
use reconcile_plan::additions::{log_group_additions, role_additions, topic_additions, without_own_filters};
use reconcile_plan::observed::{Hidden, Leftover, Monitors, Observed, ReadError, What};
use reconcile_plan::view::Trail;
use reconcile_policy::{Arn, Region};
use reconcile_spec::{Account, AccountName, Desired};

use super::{log_group, monitors, role, topic};

/// Reads the destinations of trails of the installation. If a destination cannot be read, it counts
/// as hidden.
pub(super) async fn find(aws: &Aws, desired: &Desired, observed: &mut Observed) {
    let mut by_account: BTreeMap<AccountName, (Account, BTreeSet<(Arn, Region)>)> = BTreeMap::new();
    let accounts = desired.accounts.iter().chain(&observed.departed.accounts);
    let accounts: BTreeMap<&str, &Account> = accounts.map(|account| (account.id.as_str(), account)).collect();
    let wanted = wanted(desired);
    for (arn, region) in references(desired, observed) {
        if let Some(account) = accounts.get(arn.account()).filter(|_| !wanted.contains(&arn)) {
            let known = by_account.entry(account.name.clone());
            known.or_insert_with(|| ((*account).clone(), BTreeSet::new())).1.insert((arn, region));
        }
    }
    for (name, (account, arns)) in by_account {
        let session = Session::open(aws, &account).await;
        for (arn, region) in arns {
            let found = match &session {
                Ok(session) => read(session, &region, &arn, desired, &mut observed.monitors).await,
                Err(error) => Err(ReadError::Aws(error.clone())),
            };
            let account = name.clone();
            match found {
                Ok(Some((what, additions))) => {
                    _ = observed.leftovers.insert(arn, Leftover { account, region, what, additions });
                }
                Ok(None) => {}
                Err(error) => _ = observed.hidden.insert(arn, Hidden { account, error }),
            }
        }
    }
}

/// Returns the current and former destinations of the trails of the installation, each with the
/// Region in which it can be read.
fn references(desired: &Desired, observed: &Observed) -> BTreeSet<(Arn, Region)> {
    let is_ours = |trail: &&Trail| trail.tags.belong_to(&desired.installation);
    let live = observed.trails.values().flatten().chain(observed.strays.values().map(|stray| &stray.trail));
    let mut found = BTreeSet::new();
    for trail in live.filter(is_ours) {
        let Ok(region) = trail.arn.region().parse::<Region>() else { continue };
        found.extend(trail.named().map(|arn| (arn, region.clone())));
    }
    found
}

/// Returns the destinations of the spec.
fn wanted(desired: &Desired) -> BTreeSet<&Arn> {
    let groups = desired.log_groups.iter().map(|it| &it.arn);
    let roles = desired.log_roles.iter().map(|it| &it.arn);
    groups.chain(roles).chain(desired.topics.iter().map(|it| &it.arn)).collect()
}

/// Reads the resource with an ARN, and what others have added to it; `None` if the resource does
/// not belong to this installation.
///
/// # Errors
/// Returns an error if the resource, or what others have added to it, cannot be read.
async fn read(
    session: &Session,
    region: &Region,
    arn: &Arn,
    desired: &Desired,
    monitors: &mut BTreeMap<Arn, Result<Monitors, ReadError>>,
) -> Result<Option<(What, Vec<String>)>, ReadError> {
    let installation = &desired.installation;
    let name = arn.resource_name();
    match arn.service() {
        "logs" => {
            let name = arn.resource().trim_start_matches("log-group:");
            let Some(live) = log_group::read_live(session, region, name).await? else { return Ok(None) };
            let own = match live.traits.metric_filters {
                0 => None,
                _ => Some(monitors::read(session, region, name, installation, false).await?),
            };
            let filters = own.as_ref().map(|own| own.filters.keys());
            let traits = without_own_filters(live.traits, filters, installation);
            // A foreign log group can also have metric filters of the installation.
            monitors.extend(own.map(|own| (arn.clone(), Ok(own))));
            if !live.view.tags.belong_to(installation) {
                return Ok(None);
            }
            let access =
                log_group::access::read_group_access(session, region, arn, name).await.unwrap_or_default();
            Ok(Some((What::LogGroup(live.view), log_group_additions(&traits, &access)?)))
        }
        "iam" => {
            let policies = installation.log_policies();
            let live = role::read(session, region, name, &policies).await?;
            let Some(live) = live.filter(|it| it.tags.belong_to(installation)) else { return Ok(None) };
            let others = role::others(session, region, name, &policies).await?;
            Ok(Some((What::Role(live), role_additions(&others))))
        }
        "sns" => {
            let live = topic::read(session, region, arn).await?;
            let Some(live) = live.filter(|it| it.view.tags.belong_to(installation)) else { return Ok(None) };
            let additions = topic_additions(&live, &installation.ownership())?;
            Ok(Some((What::Topic(live), additions)))
        }
        _ => Ok(None),
    }
}
