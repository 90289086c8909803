//! Resolves the bucket policy.

use reconcile_policy::{BucketIntent, Partition, Reader, Statement};

use super::bucket::Bucket;
use super::statement::PolicyTarget;
use super::{Resolver, policy};
use crate::desired::{BucketPolicy, Trail};
use crate::problems::Problems;
use crate::raw::{OrUnmanaged, RawSpec};

/// Resolves `extra_statements`.
pub(super) fn extra(
    raw: &RawSpec,
    resolver: &Resolver<'_>,
    partition: Partition,
    problems: &mut Problems,
) -> Vec<Statement> {
    let blocks_public = matches!(raw.bucket.block_public_access, None | Some(OrUnmanaged::Value(true)));
    let target = PolicyTarget::Bucket { name: &raw.bucket.name.value, blocks_public };
    policy::extra_statements(raw.bucket.policy.as_ref(), target, partition, resolver, problems)
}

/// Resolves the bucket policy, with the extra statements of [`extra`].
pub(super) fn resolve(
    raw: &RawSpec,
    resolver: &Resolver<'_>,
    bucket: &Bucket,
    trails: &[Trail],
    readers: &[Reader],
    extra: Vec<Statement>,
    problems: &mut Problems,
) -> BucketPolicy {
    let (site, settings) = (bucket.bucket.site.clone(), raw.bucket.policy.as_ref());
    BucketPolicy {
        intent: BucketIntent {
            partition: site.region.partition(),
            bucket: bucket.bucket.name.to_string(),
            prefix: bucket.prefix.clone(),
            trails: trails.iter().map(|trail| trail.arn.clone()).collect(),
            organization_trails: policy::organization_trails(resolver, trails),
            guests: Vec::new(),
            organization: None,
            readers: readers.to_vec(),
            require_tls: raw.bucket.require_tls.unwrap_or(true),
            extra,
        },
        ownership: resolver.installation.ownership(),
        form: policy::form(raw, settings, problems),
        is_managed: policy::is_managed(settings),
        foreign: policy::foreign(settings),
        proof: policy::proof(settings),
        site,
    }
}
