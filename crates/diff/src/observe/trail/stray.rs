//! Finds trails of the installation that only managed statements still name: trails in a Region in
//! which the spec has no trail, or in an account that left the spec.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{join, join_all, try_join_all};
use reconcile_aws::{Aws, Session};
use reconcile_plan::observed::{
    DepartedAccount, Observed, ReadError, Stray, UnreadableReason, departed_accounts, in_members,
};
use reconcile_plan::view::{OtherTrail, Trail};
use reconcile_policy::{Arn, Region, named_trails};
use reconcile_spec::{Account, Desired};

use super::super::trail::{self, TrailQuery};

/// Reads the trails that managed statements allow to deliver, but that are not in the spec and were
/// not read yet. Adds the existing trails to the other trails, and those of the installation also
/// to the strays. Makes no call if there are no such trails.
///
/// If such a trail in a declared account cannot be read, the account counts as unreadable.
/// Otherwise, the statement of the trail could be removed, the trail could no longer deliver, and
/// nothing would reference the trail any more. If such a trail in an account that left cannot be
/// read, the trail is unseen.
pub(in crate::observe) async fn find(aws: &Aws, desired: &Desired, observed: &mut Observed) {
    let mut unseen = unseen(desired, observed);
    let declared = desired.accounts.iter().filter_map(|account| {
        let trails = unseen.remove(account.id.as_str())?;
        (!observed.unreadable.contains_key(&account.name)).then_some((account, trails))
    });
    let declared: Vec<_> = declared.collect();
    let departed_accounts = departed_accounts(desired, observed.organization.as_ref(), unseen);

    let read_declared = join_all(declared.iter().map(|(account, trails)| read(aws, account, trails)));
    let read_undeclared = join_all(departed_accounts.iter().map(|departed| read_departed(aws, departed)));
    let (of_declared, of_departed) = join(read_declared, read_undeclared).await;

    for ((account, _), found) in declared.into_iter().zip(of_declared) {
        match found {
            Ok(trails) => add(desired, observed, account, trails),
            Err(error) => _ = observed.unreadable.insert(account.name.clone(), error),
        }
    }
    let mut entered = Vec::new();
    for (departed, found) in departed_accounts.into_iter().zip(of_departed) {
        match found {
            Ok((account, trails)) => {
                add(desired, observed, &account, trails);
                entered.push(account);
            }
            Err(why) => {
                let unseen = departed.resources.into_iter().map(|trail| (trail, why.clone()));
                observed.departed.unseen.extend(unseen);
            }
        }
    }
    observed.departed.accounts = entered.into_iter().collect();
}

fn add(desired: &Desired, observed: &mut Observed, account: &Account, trails: Vec<Trail>) {
    for trail in trails {
        observed.others.entry(account.name.clone()).or_default().push(OtherTrail::of(&trail));
        if trail.tags.belong_to(&desired.installation) {
            let stray = Stray { account: account.name.clone(), trail };
            observed.strays.insert(stray.trail.arn.clone(), stray);
        }
    }
}

/// Returns the trails to read, by the ID of their account.
fn unseen(desired: &Desired, observed: &Observed) -> BTreeMap<String, BTreeSet<Arn>> {
    let mut known: BTreeSet<&Arn> = desired.trails.iter().map(|trail| &trail.arn).collect();
    known.extend(observed.others.values().flatten().map(|other| &other.arn));
    let ownership = &desired.bucket_policy.ownership;
    let mut named = BTreeSet::new();
    for document in observed.policies() {
        let found = named_trails(document, ownership);
        named.extend(found.trails.into_iter().map(|guest| guest.trail));
        named.extend(in_members(desired, observed.organization.as_ref(), &found.of_organization));
    }
    let mut unseen: BTreeMap<String, BTreeSet<Arn>> = BTreeMap::new();
    for arn in named.into_iter().filter(|arn| !known.contains(arn)) {
        unseen.entry(arn.account().to_owned()).or_default().insert(arn);
    }
    unseen
}

async fn read_departed(
    aws: &Aws,
    departed: &DepartedAccount,
) -> Result<(Account, Vec<Trail>), UnreadableReason> {
    let account = departed.access.clone()?;
    let trails = read(aws, &account, &departed.resources).await.map_err(UnreadableReason::Unreadable)?;
    Ok((account, trails))
}

async fn read(aws: &Aws, account: &Account, arns: &BTreeSet<Arn>) -> Result<Vec<Trail>, ReadError> {
    let session = Session::open(aws, account).await?;
    let found = try_join_all(arns.iter().map(|arn| read_trail(&session, arn))).await?;
    Ok(found.into_iter().flatten().collect())
}

/// Reads the trail with an ARN; `None` if the trail does not exist.
async fn read_trail(session: &Session, arn: &Arn) -> Result<Option<Trail>, ReadError> {
    let Ok(region) = arn.region().parse::<Region>() else { return Ok(None) };
    match trail::read(session, &region, &[TrailQuery { arn, insights: false, aggregation: false }]).await {
        Ok(found) => Ok(found.asked.into_iter().find_map(|(_, trail)| trail)),
        // The trail with the same name in another home Region is another trail.
        Err(ReadError::HomeRegion { .. }) => Ok(None),
        // A Region that is not enabled has no trails.
        Err(ReadError::Aws(error)) if error.is_region_not_enabled() => Ok(None),
        Err(error) => Err(error),
    }
}
