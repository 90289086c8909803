//! Resolves the key.

use reconcile_policy::{Arn, Partition, Region};

use super::{Resolver, grant, principal};
use crate::desired::{self, Grant, KeyIdentity, RotationDays, Setting, Site};
use crate::diagnostic::SourceSpan;
use crate::names::AccountName;
use crate::problems::Problems;
use crate::raw::{Located, OrUnmanaged, RawBucket, RawEncryption, RawKey};

/// The key, with the values that other resources need.
pub(super) struct Key {
    pub(super) key: desired::Key,
    pub(super) grants: Vec<Grant>,
    /// The administrators in the spec; empty if the spec has none.
    pub(super) administrators: Vec<Arn>,
}

pub(super) fn resolve(
    raw: &Located<OrUnmanaged<RawKey>>,
    bucket: &RawBucket,
    resolver: &Resolver<'_>,
    region: Option<Region>,
    problems: &mut Problems,
) -> Option<Key> {
    let OrUnmanaged::Value(key) = &raw.value else {
        check_encryption(raw.place, bucket, problems);
        return Some(unmanaged(
            Site { account: bucket.account.value.parse().ok()?, region: region? },
            resolver,
        ));
    };
    let account = match &key.account {
        Some(account) => resolver.account(account, problems),
        // A problem of the account of the bucket is reported with the bucket.
        None => bucket.account.value.parse().ok(),
    };
    check_region(key.region.as_ref(), region.as_ref(), resolver, problems);
    let identity = resolve_identity(key, raw.place, account.as_ref(), region.as_ref(), resolver, problems);
    let rotation_days = resolve_rotation(key, problems);
    let description = resolve_description(resolver, key, problems);
    let partition = region.as_ref().map_or(Partition::Aws, Region::partition);
    let administrators = resolve_administrators(key, partition, problems);

    let site = Site { account: account?, region: region? };
    let grants = grant::resolve(&key.grants, resolver, &site, problems);
    Some(Key {
        key: desired::Key {
            site,
            identity: identity?,
            description: description?,
            rotation_days: rotation_days?,
            tags: resolver.tags.clone(),
        },
        grants,
        administrators,
    })
}

/// Creates an unmanaged key. Its site is the site of the bucket, and it is never read.
fn unmanaged(site: Site, resolver: &Resolver<'_>) -> Key {
    Key {
        key: desired::Key {
            site,
            identity: KeyIdentity::Unmanaged,
            description: Setting::Unmanaged,
            rotation_days: Setting::Unmanaged,
            tags: resolver.tags.clone(),
        },
        grants: Vec::new(),
        administrators: Vec::new(),
    }
}

/// Rejects encryption of the bucket with the key if the spec has no key.
fn check_encryption(place: SourceSpan, bucket: &RawBucket, problems: &mut Problems) {
    if let None | Some(RawEncryption::Key) = bucket.encryption {
        problems.add(
            place,
            "the bucket encrypts with the key, but the spec has `key: unmanaged`",
            "set `encryption: s3` or `encryption: unmanaged` in `bucket`",
        );
    }
}

/// Checks the Region. See "Configure AWS KMS key policies for CloudTrail": bucket and key must be
/// in the same Region.
fn check_region(
    raw: Option<&Located<String>>,
    bucket: Option<&Region>,
    resolver: &Resolver<'_>,
    problems: &mut Problems,
) {
    let Some(raw) = raw else { return };
    let region = resolver.recognized.region(raw, problems);
    if let (Some(region), Some(bucket)) = (region, bucket)
        && region != *bucket
    {
        problems.add(
            raw.place,
            format!("the key is in {region}, but the bucket is in {bucket}"),
            "CloudTrail requires a key in the Region of the bucket: remove `key.region`",
        );
    }
}

fn resolve_identity(
    raw: &RawKey,
    place: SourceSpan,
    account: Option<&AccountName>,
    region: Option<&Region>,
    resolver: &Resolver<'_>,
    problems: &mut Problems,
) -> Option<KeyIdentity> {
    match (&raw.alias, &raw.arn) {
        (Some(alias), None) => problems.name(alias, "").map(KeyIdentity::Alias),
        (None, Some(arn)) => {
            let key = resolve_arn(arn, account, region, resolver, problems)?;
            Some(KeyIdentity::Existing(key))
        }
        (Some(alias), Some(_)) => {
            let message = "`alias` and `arn` are mutually exclusive";
            problems.add(alias.place, message, "use `alias` for a managed key, or `arn` for an existing key");
            None
        }
        (None, None) => {
            problems.add(place, "the key has neither an `alias` nor an `arn`", "add an `alias`");
            None
        }
    }
}

/// Resolves the ARN. The key must be in the account and Region that the spec gives for it, because
/// the key policy can be updated only there.
fn resolve_arn(
    raw: &Located<String>,
    account: Option<&AccountName>,
    region: Option<&Region>,
    resolver: &Resolver<'_>,
    problems: &mut Problems,
) -> Option<Arn> {
    let arn: Arn = problems.name(raw, "")?;
    if arn.service() != "kms" || !arn.resource().starts_with("key/") {
        problems.add(raw.place, format!("`{arn}` is not the ARN of a KMS key"), "");
        return None;
    }
    if let Some(region) = region.filter(|region| region.as_str() != arn.region()) {
        problems.add(
            raw.place,
            format!("the key is in {}, but the bucket is in {region}", arn.region()),
            "CloudTrail requires a key in the Region of the bucket",
        );
        return None;
    }
    if let Some(id) = account.and_then(|name| resolver.id(name)).filter(|id| id.as_str() != arn.account()) {
        problems.add(
            raw.place,
            format!("the key belongs to account {}, not to {id}", arn.account()),
            "set `key.account` to the account of the key; the default is the account of the bucket",
        );
        return None;
    }
    Some(arn)
}

fn resolve_rotation(key: &RawKey, problems: &mut Problems) -> Option<Setting<RotationDays>> {
    match &key.rotation_days {
        // The owner of an unmanaged key decides about its settings.
        None if key.arn.is_some() => Some(Setting::Unmanaged),
        None => Some(Setting::Enforced(RotationDays::DEFAULT)),
        Some(Located { value: OrUnmanaged::Unmanaged, .. }) => Some(Setting::Unmanaged),
        Some(Located { value: OrUnmanaged::Value(days), place }) => {
            let resolved = RotationDays::new(*days).map(Setting::Enforced);
            if resolved.is_none() {
                problems.add(*place, format!("{days} days are not a rotation period"), "use 90 to 2560");
            }
            resolved
        }
    }
}

fn resolve_description(
    resolver: &Resolver<'_>,
    key: &RawKey,
    problems: &mut Problems,
) -> Option<Setting<String>> {
    match &key.description {
        None if key.arn.is_some() => Some(Setting::Unmanaged),
        None => Some(Setting::Enforced(format!("CloudTrail logs of {}", resolver.installation.name()))),
        Some(Located { value: OrUnmanaged::Unmanaged, .. }) => Some(Setting::Unmanaged),
        Some(Located { value: OrUnmanaged::Value(text), place }) => {
            if text.chars().count() > 8192 {
                problems.add(*place, "the description is longer than 8192 characters", "");
                return None;
            }
            Some(Setting::Enforced(text.clone()))
        }
    }
}

fn resolve_administrators(key: &RawKey, partition: Partition, problems: &mut Problems) -> Vec<Arn> {
    let Some(administrators) = &key.administrators else { return Vec::new() };
    if administrators.value.is_empty() {
        problems.add(
            administrators.place,
            "the key would have no administrator",
            "name at least one principal, or remove `administrators` to use the account root",
        );
    }
    administrators.value.iter().filter_map(|arn| principal::resolve(arn, partition, problems)).collect()
}
