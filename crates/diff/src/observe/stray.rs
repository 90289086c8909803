//! Finds trails of ours where only our own statements still tell of them: at home in a Region in which the spec has none.

use std::collections::{BTreeMap, BTreeSet};

use reconcile_aws::{Aws, Session};
use reconcile_policy::{Arn, Document, Ownership, Region, owned};
use reconcile_spec::{Account, Desired};

use super::error::ReadError;
use super::trail::{self, Asked};
use super::{Observed, Stray};
use crate::view::{OtherTrail, Trail};

/// Looks at the trails that our statements name one by one, and that neither the spec has nor anybody saw. Those that are
/// there are added: to the strays where they are ours, and to the others in any case. Where there are none, no call is
/// made. An account in which one cannot be looked at is unreadable: without its statement the trail could not deliver, and
/// nothing would tell of it any more.
pub(super) async fn find(aws: &Aws, desired: &Desired, observed: &mut Observed) {
    for (account, arns) in unseen(desired, observed) {
        let found = match read(aws, account, &arns).await {
            Ok(found) => found,
            Err(error) => {
                observed.unreadable.insert(account.name.clone(), error);
                continue;
            }
        };
        for trail in found {
            observed.others.entry(account.name.clone()).or_default().push(OtherTrail::of(&trail));
            if trail.tags.are_of(&desired.name) {
                let stray = Stray { account: account.name.clone(), trail };
                observed.strays.insert(stray.trail.arn.clone(), stray);
            }
        }
    }
}

fn unseen<'d>(desired: &'d Desired, observed: &Observed) -> Vec<(&'d Account, BTreeSet<Arn>)> {
    let mut known: BTreeSet<&Arn> = desired.trails.iter().map(|trail| &trail.arn).collect();
    known.extend(observed.others.values().flatten().map(|other| &other.arn));
    let documents = observed.bucket_policy.iter().chain(observed.key.iter().map(|hub| &hub.policy));
    let ownership = &desired.bucket_policy.ownership;
    let named = documents.flat_map(|document| sources(document, ownership));
    let mut unseen: BTreeMap<String, BTreeSet<Arn>> = BTreeMap::new();
    for arn in named.filter(|arn| !known.contains(arn)) {
        unseen.entry(arn.account().to_owned()).or_default().insert(arn);
    }
    let accounts = desired.accounts.iter().filter(|it| !observed.unreadable.contains_key(&it.name));
    accounts.filter_map(|account| Some((account, unseen.remove(account.id.as_str())?))).collect()
}

/// The trails that our statements name in full.
fn sources(document: &Document, ownership: &Ownership) -> Vec<Arn> {
    let mut arns = Vec::new();
    for statement in owned(document, ownership) {
        for condition in statement.conditions() {
            if condition.key.eq_ignore_ascii_case("aws:SourceArn") {
                arns.extend(condition.values.iter().filter_map(|value| value.parse::<Arn>().ok()));
            }
        }
    }
    arns.retain(|arn| arn.service() == "cloudtrail" && !arn.as_str().contains(['*', '?', '$']));
    arns
}

async fn read(aws: &Aws, account: &Account, arns: &BTreeSet<Arn>) -> Result<Vec<Trail>, ReadError> {
    let session = Session::open(aws, account).await?;
    let mut by_region: BTreeMap<Region, Vec<Asked<'_>>> = BTreeMap::new();
    for arn in arns {
        if let Ok(region) = arn.region().parse() {
            by_region.entry(region).or_default().push(Asked { arn, insights: false });
        }
    }
    let mut trails = Vec::new();
    for (region, asked) in by_region {
        match trail::read(&session, &region, &asked).await {
            Ok(found) => trails.extend(found.asked.into_iter().filter_map(|(_, trail)| trail)),
            Err(ReadError::Aws(error)) if is_switched_off(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(trails)
}

/// Whether it is the Region that does not take the credentials, where the account has not enabled it: no trail records there.
///
/// See "Enable or disable AWS Regions in your account" in the AWS Account Management reference guide.
fn is_switched_off(error: &reconcile_aws::Error) -> bool {
    let codes = ["AuthFailure", "InvalidClientTokenId", "OptInRequired", "UnrecognizedClientException"];
    error.code.as_deref().is_some_and(|code| codes.contains(&code))
}
