//! Counts trails as CloudTrail counts them, including foreign trails.

use std::collections::{BTreeMap, BTreeSet};

use reconcile_policy::Arn;
use reconcile_spec::{AccountName, Trail};

use super::super::CompareContext;
use super::super::change::Compared;
use crate::address::Address;
use crate::kind::Kind;
use crate::plan::{Warning, WarningCode};

/// The number of trails in a Region, including shadow trails of multi-Region trails. The quota
/// cannot be raised. See "Quotas in CloudTrail" in the CloudTrail user guide.
const PER_REGION: usize = 5;

/// Warns about each new trail that exceeds the quota. The other trails can still be created.
pub(in crate::compare) fn warn(context: &CompareContext<'_>, compared: &mut Compared) {
    // The live trails and the new trails of each account that could be read.
    let mut by_account: BTreeMap<&AccountName, (Vec<&Trail>, Vec<&Trail>)> = BTreeMap::new();
    for trail in &context.desired.trails {
        let Some(found) = context.observed.trails.get(&trail.arn) else { continue };
        let (live, new) = by_account.entry(&trail.site.account).or_default();
        if found.is_some() { live.push(trail) } else { new.push(trail) }
    }
    for (account, (live, new)) in by_account {
        let others = context.observed.others.get(account).into_iter().flatten();
        let others: BTreeSet<(&Arn, &str, bool)> =
            others.map(|it| (&it.arn, it.home_region.as_str(), it.multi_region)).collect();
        for (index, trail) in new.iter().enumerate() {
            let region = trail.site.region.as_str();
            let of_spec = live.iter().chain(new.iter().take(index));
            let of_spec = of_spec.filter(|it| it.multi_region || it.site.region == trail.site.region).count();
            let of_others = others.iter().filter(|(_, home, multi)| *multi || *home == region).count();
            if of_spec + of_others >= PER_REGION {
                compared.warnings.push(Warning {
                    code: WarningCode::TrailQuota,
                    address: Address::new(Kind::Trail, account, &trail.name),
                    message: format!(
                        "the account already has {} trails in {region} ({of_others} of them not in the spec), \
                         and AWS allows {PER_REGION}: delete one, or AWS rejects this trail",
                        of_spec + of_others
                    ),
                });
            }
        }
    }
}
