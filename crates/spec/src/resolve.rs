//! Resolves the parsed spec into the desired state.
//!
//! Everything that can be known without AWS is checked, and all problems are collected. A resolved
//! value is valid and is not checked again.

mod accounts;
mod alarm;
mod at_rest;
mod bucket;
mod bucket_policy;
mod destinations;
mod grant;
mod key;
mod key_policy;
mod log_group;
mod organization;
mod policy;
mod principal;
mod reader;
mod recognized;
mod reviewed;
mod role;
mod statement;
mod tags;
mod topic;
mod trail;

use std::collections::BTreeMap;

use reconcile_policy::{AccountId, Partition, Region};

use crate::desired::{Account, Accounts, Deletion, Desired, Installation, Lock, Roster, Site, Tags};
use crate::diagnostic::Diagnostic;
use crate::names::{AccountName, SpecName};
use crate::problems::{Problems, suggest};
use crate::raw::{Located, RawDeletion, RawSpec};
use recognized::Recognized;

/// Returns the desired state, or all problems.
///
/// `roster` has the members of the organization, if they are known.
pub(crate) fn resolve(raw: &RawSpec, roster: Option<&Roster>) -> Result<Desired, Vec<Diagnostic>> {
    let mut problems = Problems::default();
    let desired = all(raw, roster, &mut problems);
    match desired.filter(|_| problems.is_empty()) {
        Some(desired) => Ok(desired),
        None => Err(problems.into_vec()),
    }
}

/// Resolves the names to which parts of a spec can refer.
struct Resolver<'r> {
    installation: Installation,
    accounts: Vec<Account>,
    /// Members of the organization that joined automatically. The spec cannot name them.
    joined: Accounts,
    /// Names to which the spec can refer, including accounts with problems.
    declared: BTreeMap<&'r str, Option<AccountId>>,
    tags: Tags,
    /// The members of the organization, if they are known.
    roster: Option<&'r Roster>,
    recognized: Recognized<'r>,
}

/// Resolves every part and reports its problems, even if another part has failed.
fn all(raw: &RawSpec, roster: Option<&Roster>, problems: &mut Problems) -> Option<Desired> {
    let name: Option<SpecName> =
        problems.name(&raw.name, "all tags and statement ids of the installation contain the name");
    let previous = previous_name(raw, problems);
    let recognized = Recognized::resolve(&raw.recognize, problems);
    let region = recognized.region(&raw.bucket.region, problems);
    let name_or = name.clone().or_else(|| "placeholder".parse().ok())?;
    let accounts = accounts::resolve(&raw.accounts, &name_or, region.as_ref(), problems);
    let partition = region.as_ref().map_or(Partition::Aws, Region::partition);
    let joined =
        organization::join(raw.organization.as_ref(), roster, &accounts.resolved, &name_or, partition);
    let installation = Installation::new(name_or, previous);
    let resolver = Resolver {
        tags: tags::resolve(raw.tags.as_ref(), &installation, problems),
        installation,
        declared: accounts.declared,
        accounts: accounts.resolved,
        joined,
        roster,
        recognized,
    };
    let organization = organization::resolve(raw, &resolver, roster, problems);
    let readers = reader::resolve(raw.readers.as_ref(), &resolver, partition, problems);

    let bucket = bucket::resolve(&raw.bucket, &resolver, region.clone(), problems);
    let key = key::resolve(&raw.key, &raw.bucket, &resolver, region, problems);
    let trails = trail::resolve(raw, &resolver, bucket.as_ref(), problems);
    let bucket_statements = bucket_policy::extra(raw, &resolver, partition, problems);
    let key_statements = key_policy::extra(raw, &resolver, partition, key.as_ref(), problems);
    let lock = lock(raw, &resolver, problems);
    let reviewed = reviewed::resolve(&raw.reviewed, problems);

    let (bucket, key, trails) = (bucket?, key?, trails?);
    let bucket_policy = bucket_policy::resolve(
        raw,
        &resolver,
        &bucket,
        &trails.trails,
        &readers,
        bucket_statements,
        problems,
    );
    let key_policy =
        key_policy::resolve(raw, &resolver, &key, &trails.trails, readers, key_statements, problems)?;
    name?;
    Some(Desired {
        installation: resolver.installation,
        organization,
        accounts: resolver.accounts.into_iter().chain(resolver.joined).collect(),
        grants: key.grants,
        key: key.key,
        key_policy,
        bucket: bucket.bucket,
        bucket_policy,
        log_groups: trails.log_groups,
        alarms: trails.alarms,
        log_roles: trails.log_roles,
        topics: trails.topics,
        existing_topics: trails.existing_topics,
        trails: trails.trails,
        deletion: deletion(&raw.deletion),
        lock,
        reviewed,
    })
}

/// The previous name of the installation, if the spec has one.
fn previous_name(raw: &RawSpec, problems: &mut Problems) -> Option<SpecName> {
    let given = raw.previous_name.as_ref()?;
    if given.value == raw.name.value {
        problems.add(
            given.place,
            "the previous name and the current name are the same",
            "remove `previous_name`",
        );
        return None;
    }
    problems.name(given, "")
}

fn deletion(raw: &RawDeletion) -> Deletion {
    let or = |setting: &Option<Located<bool>>, default| setting.as_ref().map_or(default, |it| it.value);
    Deletion {
        trails: or(&raw.trails, true),
        grants: or(&raw.grants, true),
        statements: or(&raw.statements, true),
        bucket: or(&raw.bucket, false),
        key: or(&raw.key, false),
    }
}

fn lock(spec: &RawSpec, resolver: &Resolver<'_>, problems: &mut Problems) -> Option<Lock> {
    let raw = &spec.lock.as_ref()?.value;
    if raw.bucket.value == spec.bucket.name.value && deletion(&spec.deletion).bucket {
        problems.add(
            raw.bucket.place,
            "the lock is in the bucket that `deletion.bucket` deletes",
            "put the lock in another bucket, or remove `deletion.bucket`",
        );
    }
    if raw.bucket.value == spec.bucket.name.value
        && (raw.account.value != spec.bucket.account.value || raw.region.value != spec.bucket.region.value)
    {
        problems.add(
            raw.bucket.place,
            "the lock is in the bucket of the spec, but has another account or Region than this bucket",
            format!("use account `{}` and Region {}", spec.bucket.account.value, spec.bucket.region.value),
        );
    }
    let account = resolver.account(&raw.account, problems);
    let region = resolver.recognized.region(&raw.region, problems);
    let bucket = problems.name(&raw.bucket, "name the bucket that holds the lock object");
    if raw.key.value.is_empty() || raw.key.value.len() > 1024 {
        problems.add(
            raw.key.place,
            "an object key has 1 to 1024 bytes",
            "write it as in `reconcile/secprod.lock`",
        );
    }
    Some(Lock {
        site: Site { account: account?, region: region? },
        bucket: bucket?,
        key: raw.key.value.clone(),
    })
}

/// Returns the value of an optional setting that was resolved; `None` if the setting has a problem.
fn known<T>(resolved: Option<Option<T>>) -> Option<Option<T>> {
    resolved.map_or(Some(None), |value| value.map(Some))
}

impl Resolver<'_> {
    /// Returns the declared account with this name. Reports a problem at its place if there is
    /// none.
    fn account(&self, located: &Located<String>, problems: &mut Problems) -> Option<AccountName> {
        if self.declared.contains_key(located.value.as_str()) {
            return located.value.parse().ok();
        }
        let hint = suggest(&located.value, self.declared.keys().copied());
        problems.add(
            located.place,
            format!("account `{}` is not declared under `accounts`", located.value),
            hint,
        );
        None
    }

    /// The ID of a declared account; `None` if its declaration has a problem.
    fn id(&self, name: &AccountName) -> Option<&AccountId> {
        let joined = || self.joined.get(name).map(|account| &account.id);
        self.declared.get(name.as_str()).map_or_else(joined, Option::as_ref)
    }
}
