//! Judges the ACL of the bucket, if ACLs are enabled.

use std::collections::BTreeMap;

use reconcile_policy::{Allowed, granted_by_acl};

use super::{Judge, Subject};
use crate::foreign::ForeignAccess;

/// Returns the access that the ACL of the bucket gives to outsiders, one entry for each grantee.
pub(super) fn access(judge: &Judge<'_>) -> Vec<ForeignAccess> {
    let observed = judge.scope.observed;
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
    let subject = |grantee: &str| Subject {
        address: judge.scope.bucket_address(),
        name: "acl",
        words: "the ACL of the bucket".to_owned(),
        content: format!("{}\n{grantee}", judge.bucket),
    };
    by_grantee
        .into_iter()
        .filter_map(|(grantee, allowed)| judge.of_allowed(&subject(grantee), &allowed))
        .collect()
}
