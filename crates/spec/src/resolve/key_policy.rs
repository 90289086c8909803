//! Resolves the key policy.

use reconcile_policy::{Arn, KeyIntent, Partition, Reader, Statement};

use super::key::Key;
use super::statement::PolicyTarget;
use super::{Resolver, policy};
use crate::desired::{KeyPolicy, Trail};
use crate::problems::Problems;
use crate::raw::{OrUnmanaged, RawKey, RawPolicy, RawSpec};

/// The settings of the key policy. If the key is unmanaged, so is its policy.
pub(super) fn settings_of(raw: &OrUnmanaged<RawKey>) -> Option<&OrUnmanaged<RawPolicy>> {
    match raw {
        OrUnmanaged::Value(key) => key.policy.as_ref(),
        OrUnmanaged::Unmanaged => Some(&OrUnmanaged::Unmanaged),
    }
}

/// Resolves `extra_statements`. The key is `None` if it has a problem.
pub(super) fn extra(
    raw: &RawSpec,
    resolver: &Resolver<'_>,
    partition: Partition,
    key: Option<&Key>,
    problems: &mut Problems,
) -> Vec<Statement> {
    let key = key.map(|key| &key.key);
    let site = key.and_then(|key| Some((resolver.id(&key.site.account)?, &key.site.region)));
    let arn = key.and_then(|key| key.identity.existing());
    let target = PolicyTarget::Key { site, arn };
    policy::extra_statements(settings_of(&raw.key.value), target, partition, resolver, problems)
}

/// Resolves the key policy, with the extra statements of [`extra`]. Returns `None` if the account
/// of the key has a problem.
pub(super) fn resolve(
    raw: &RawSpec,
    resolver: &Resolver<'_>,
    key: &Key,
    trails: &[Trail],
    readers: Vec<Reader>,
    extra: Vec<Statement>,
    problems: &mut Problems,
) -> Option<KeyPolicy> {
    let (site, settings) = (key.key.site.clone(), settings_of(&raw.key.value));
    let partition = site.region.partition();
    let mut administrators = key.administrators.clone();
    // An existing key already has administrators.
    if administrators.is_empty() && key.key.identity.alias().is_some() {
        administrators.push(Arn::new(partition, "iam", "", resolver.id(&site.account)?.as_str(), "root"));
    }
    Some(KeyPolicy {
        intent: KeyIntent {
            partition,
            administrators,
            trails: trails.iter().map(|trail| trail.arn.clone()).collect(),
            organization_trails: policy::organization_trails(resolver, trails)
                .into_iter()
                .map(|it| it.trail)
                .collect(),
            guests: Vec::new(),
            topics: Vec::new(),
            log_groups: Vec::new(),
            organization: None,
            readers,
            extra,
        },
        ownership: resolver.installation.ownership(),
        form: policy::form(raw, settings, problems),
        is_managed: policy::is_managed(settings),
        foreign: policy::foreign(settings),
        proof: policy::proof(settings),
        site,
    })
}
