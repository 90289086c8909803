//! Resolves the contents of the bucket policy and the key policy.

use reconcile_policy::{
    Arn, BucketIntent, Keep, KeyIntent, OrganizationTrail, Partition, Reader, Statement, StatementForm,
};

use super::Resolver;
use super::bucket::Bucket;
use super::key::Key;
use super::statement::{self, PolicyTarget};
use crate::desired::{BucketPolicy, Foreign, ForeignStatements, KeyPolicy, OnDoubt, Trail, Unlisted};
use crate::problems::Problems;
use crate::raw::{
    Located, OrUnmanaged, RawForeign, RawForm, RawKeep, RawKey, RawPolicy, RawProof, RawSpec, RawUnlisted,
};

/// The extra statements of both policies.
pub(super) struct Extra {
    pub(super) bucket: Vec<Statement>,
    pub(super) key: Vec<Statement>,
}

pub(super) fn extra(
    raw: &RawSpec,
    resolver: &Resolver<'_>,
    partition: Partition,
    key: Option<&Key>,
    problems: &mut Problems,
) -> Extra {
    let statements = |policy: Option<&OrUnmanaged<RawPolicy>>, target, problems: &mut Problems| {
        let context = statement::Context { target, partition, recognized: &resolver.recognized };
        let statements = managed(policy).map_or(&[][..], |policy| &policy.extra_statements);
        statement::resolve(statements, &context, problems)
    };
    let blocks_public = matches!(raw.bucket.block_public_access, None | Some(OrUnmanaged::Value(true)));
    let key = key.map(|key| &key.key);
    let site = key.and_then(|key| Some((resolver.id(&key.site.account)?, &key.site.region)));
    let arn = key.and_then(|key| key.identity.existing());
    Extra {
        bucket: statements(
            raw.bucket.policy.as_ref(),
            PolicyTarget::Bucket { name: &raw.bucket.name.value, blocks_public },
            problems,
        ),
        key: statements(key_policy(&raw.key.value), PolicyTarget::Key { site, arn }, problems),
    }
}

pub(super) fn bucket(
    raw: &RawSpec,
    resolver: &Resolver<'_>,
    bucket: &Bucket,
    trails: &[Trail],
    readers: &[Reader],
    extra: Vec<Statement>,
    problems: &mut Problems,
) -> BucketPolicy {
    let site = bucket.bucket.site.clone();
    BucketPolicy {
        intent: BucketIntent {
            partition: site.region.partition(),
            bucket: bucket.bucket.name.to_string(),
            prefix: bucket.prefix.clone(),
            trails: trails.iter().map(|trail| trail.arn.clone()).collect(),
            organization_trails: organization_trails(resolver, trails),
            guests: Vec::new(),
            organization: None,
            readers: readers.to_vec(),
            require_tls: raw.bucket.require_tls.unwrap_or(true),
            extra,
        },
        ownership: resolver.installation.ownership(),
        form: form(raw, raw.bucket.policy.as_ref(), problems),
        is_managed: is_managed(raw.bucket.policy.as_ref()),
        foreign: foreign(raw.bucket.policy.as_ref()),
        proof: proof(raw.bucket.policy.as_ref()),
        site,
    }
}

/// Resolves the key policy. Returns `None` if the account of the key has a problem.
pub(super) fn key(
    raw: &RawSpec,
    resolver: &Resolver<'_>,
    key: &Key,
    trails: &[Trail],
    readers: Vec<Reader>,
    extra: Vec<Statement>,
    problems: &mut Problems,
) -> Option<KeyPolicy> {
    let site = key.key.site.clone();
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
            organization_trails: organization_trails(resolver, trails)
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
        form: form(raw, key_policy(&raw.key.value), problems),
        is_managed: is_managed(key_policy(&raw.key.value)),
        foreign: foreign(key_policy(&raw.key.value)),
        proof: proof(key_policy(&raw.key.value)),
        site,
    })
}

/// The settings of the key policy. If the key is unmanaged, so is its policy.
pub(super) fn key_policy(raw: &OrUnmanaged<RawKey>) -> Option<&OrUnmanaged<RawPolicy>> {
    match raw {
        OrUnmanaged::Value(key) => key.policy.as_ref(),
        OrUnmanaged::Unmanaged => Some(&OrUnmanaged::Unmanaged),
    }
}

/// The settings of the policy, if there are any and the policy is managed.
fn managed(raw: Option<&OrUnmanaged<RawPolicy>>) -> Option<&RawPolicy> {
    match raw {
        Some(OrUnmanaged::Value(policy)) => Some(policy),
        Some(OrUnmanaged::Unmanaged) | None => None,
    }
}

pub(super) fn is_managed(raw: Option<&OrUnmanaged<RawPolicy>>) -> bool {
    !matches!(raw, Some(OrUnmanaged::Unmanaged))
}

/// The organization trails, if the id of the organization is known.
fn organization_trails(resolver: &Resolver<'_>, trails: &[Trail]) -> Vec<OrganizationTrail> {
    let Some(roster) = resolver.roster else { return Vec::new() };
    let of_organization = trails.iter().filter(|trail| trail.is_organization);
    of_organization
        .map(|trail| OrganizationTrail { trail: trail.arn.clone(), organization: roster.id.clone() })
        .collect()
}

fn proof(raw: Option<&OrUnmanaged<RawPolicy>>) -> OnDoubt {
    on_doubt(managed(raw).and_then(|policy| policy.proof.as_ref()))
}

pub(super) fn on_doubt(raw: Option<&Located<RawProof>>) -> OnDoubt {
    match raw {
        Some(Located { value: RawProof::Warn, .. }) => OnDoubt::Warn,
        Some(Located { value: RawProof::Refuse, .. }) | None => OnDoubt::Refuse,
    }
}

/// The only form to use. Without `organization`, the organization id is unknown.
fn form(
    raw: &RawSpec,
    policy: Option<&OrUnmanaged<RawPolicy>>,
    problems: &mut Problems,
) -> Option<StatementForm> {
    let form = managed(policy)?.form.as_ref()?;
    match form.value {
        RawForm::Auto => None,
        RawForm::Plain => Some(StatementForm::Plain),
        RawForm::ByAccount => Some(StatementForm::ByAccount),
        RawForm::ByOrganization => {
            if raw.organization.is_none() {
                let hint = "add `organization`, or use `by_account`";
                problems.add(form.place, "`by_organization` needs `organization` in the spec", hint);
            }
            Some(StatementForm::ByOrganization)
        }
    }
}

/// The treatment of foreign statements.
fn foreign(raw: Option<&OrUnmanaged<RawPolicy>>) -> Foreign {
    let Some(raw) = managed(raw) else { return Foreign::default() };
    Foreign {
        statements: match raw.foreign_statements {
            Some(Located { value: RawForeign::Report, .. }) => ForeignStatements::Report,
            Some(Located { value: RawForeign::Remove, .. }) => ForeignStatements::Remove,
            Some(Located { value: RawForeign::Keep, .. }) | None => ForeignStatements::Keep,
        },
        unlisted_accounts: match raw.unlisted_accounts {
            Some(Located { value: RawUnlisted::Keep, .. }) => Unlisted::Keep,
            Some(Located { value: RawUnlisted::Report, .. }) | None => Unlisted::Report,
            Some(Located { value: RawUnlisted::Remove, .. }) => Unlisted::Remove,
        },
        deleted_principals: match raw.deleted_principals {
            Some(Located { value: RawKeep::Remove, .. }) => Keep::Remove,
            Some(Located { value: RawKeep::Keep, .. }) | None => Keep::Keep,
        },
    }
}
