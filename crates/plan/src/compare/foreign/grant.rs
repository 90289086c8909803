//! Judges foreign KMS grants.

use reconcile_policy::{KeyGrant, granted};

use super::{ForeignItem, ForeignReviewer};
use crate::address::Address;
use crate::foreign::ForeignAccess;
use crate::kind::Kind;
use crate::view::{Constraints, Grant};

/// Returns the access that foreign grants on the key give to outsiders.
pub(super) fn access(reviewer: &ForeignReviewer<'_>) -> Vec<ForeignAccess> {
    let Some(asset) = reviewer.key_asset() else { return Vec::new() };
    let desired = reviewer.context.desired;
    let grants = reviewer.context.observed.key.iter().flat_map(|hub| &hub.grants);
    let foreign = grants.filter(|grant| !desired.installation.owns_grant(&grant.name));
    foreign
        .filter_map(|grant| {
            let context = context(grant);
            let allowed = granted(
                &KeyGrant {
                    grantee: &grant.grantee,
                    source: grant.source_arn.as_deref(),
                    retiring: grant.retiring_principal.as_deref(),
                    operations: &grant.operations,
                    context: &context,
                },
                &asset,
                &reviewer.insiders,
            );
            // A grant needs no name.
            let name = if grant.name.is_empty() { grant.id.as_deref()? } else { grant.name.as_str() };
            let item = ForeignItem {
                address: Address::new(Kind::Grant, &desired.key.site.account, name),
                name,
                words: format!("grant `{name}`"),
                // A second grant with equal content and another ID gives no more access.
                content: format!("{}\n{:?}\n{context:?}", asset.arn, grant.operations),
            };
            reviewer.assess_allowed(&item, &allowed)
        })
        .collect()
}

/// Returns the pairs of the encryption context that a grant requires.
fn context(grant: &Grant) -> Vec<(&str, &str)> {
    let pairs = grant.constraints.iter().flat_map(|constraints| match constraints {
        Constraints::EncryptionContextEquals(pairs) | Constraints::EncryptionContextSubset(pairs) => pairs,
    });
    pairs.map(|(key, value)| (key.as_str(), value.as_str())).collect()
}
