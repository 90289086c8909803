//! Judges the ACL of the bucket, if ACLs are enabled.

use std::collections::BTreeMap;

use reconcile_policy::{Allowed, granted_by_acl};

use super::super::{ForeignItem, ForeignReviewer};
use crate::foreign::ForeignAccess;

/// Returns the access that the ACL of the bucket gives to outsiders, one entry for each grantee.
pub(in crate::compare::foreign) fn access(reviewer: &ForeignReviewer<'_>) -> Vec<ForeignAccess> {
    let observed = reviewer.context.observed;
    let block = observed.bucket.as_ref().and_then(|live| live.public_access_block);
    let ignores_public = block.is_some_and(|block| block.ignore_public_acls);
    let grants = observed.bucket_conditions.iter().flat_map(|it| it.grants.as_deref().unwrap_or_default());
    let mut by_grantee: BTreeMap<&str, Vec<Allowed>> = BTreeMap::new();
    for grant in grants.filter(|grant| !(ignores_public && grant.is_public())) {
        let allowed = by_grantee.entry(&grant.grantee).or_default();
        for one in granted_by_acl(&grant.grantee, &grant.permission) {
            if !allowed.contains(&one) {
                allowed.push(one);
            }
        }
    }
    let item = |grantee: &str| ForeignItem {
        address: reviewer.context.bucket_address(),
        name: "acl",
        words: "the ACL of the bucket".to_owned(),
        content: format!("{}\n{grantee}", reviewer.bucket),
    };
    by_grantee
        .into_iter()
        .filter_map(|(grantee, allowed)| reviewer.assess_allowed(&item(grantee), &allowed))
        .collect()
}
