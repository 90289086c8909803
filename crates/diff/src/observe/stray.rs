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
/// made. What cannot be read is passed over, as a Region may be that is switched off.
pub(super) async fn find(aws: &Aws, desired: &Desired, observed: &mut Observed) {
    for (account, arns) in unseen(desired, observed) {
        let Ok(found) = read(aws, account, &arns).await else { continue };
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
        let Ok(found) = trail::read(&session, &region, &asked).await else { continue };
        trails.extend(found.asked.into_iter().filter_map(|(_, trail)| trail));
    }
    Ok(trails)
}
