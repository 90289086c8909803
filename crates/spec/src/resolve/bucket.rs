//! Resolves the bucket.

mod retention;

use reconcile_policy::Region;

use super::Resolver;
use crate::desired::{self, AccessLogs, Encryption, EncryptionType, ObjectOwnership, Setting, Site};
use crate::diagnostic::SourceSpan;
use crate::names::{AccountName, BucketName};
use crate::problems::Problems;
use crate::raw::{
    Located, OrUnmanaged, RawAccessLogs, RawBucket, RawEncryption, RawEncryptionType, RawOwnership,
};

/// The bucket, with the values that other resources need.
pub(super) struct Bucket {
    pub(super) bucket: desired::Bucket,
    pub(super) prefix: Option<String>,
}

pub(super) fn resolve(
    raw: &RawBucket,
    resolver: &Resolver<'_>,
    region: Option<Region>,
    problems: &mut Problems,
) -> Option<Bucket> {
    let account = resolver.account(&raw.account, problems);
    let name: Option<BucketName> = problems.name(&raw.name, "");
    check_namespace(raw, resolver, name.as_ref(), account.as_ref(), region.as_ref(), problems);
    let prefix = resolve_prefix(raw.prefix.as_ref(), problems);
    let object_lock = setting(raw.object_lock.as_ref(), problems, retention::object_lock);
    let lifecycle = setting(raw.lifecycle.as_ref(), problems, retention::lifecycle);
    let access_logs = setting(raw.access_logs.as_ref(), problems, resolve_access_logs);
    check_together(raw, problems);
    let bucket = desired::Bucket {
        site: Site { account: account?, region: region? },
        name: name?,
        encryption: match raw.encryption {
            None | Some(RawEncryption::Key) => Setting::Enforced(Encryption::Key),
            Some(RawEncryption::S3) => Setting::Enforced(Encryption::S3),
            Some(RawEncryption::Unmanaged) => Setting::Unmanaged,
        },
        blocked_encryption_types: match &raw.blocked_encryption_types {
            None => Setting::Unmanaged,
            Some(types) => Setting::Enforced(
                types.iter().map(|RawEncryptionType::SseC| EncryptionType::CustomerProvided).collect(),
            ),
        },
        versioning: or_true(raw.versioning.as_ref()),
        block_public_access: or_true(raw.block_public_access.as_ref()),
        object_ownership: match raw.object_ownership {
            None | Some(RawOwnership::BucketOwnerEnforced) => {
                Setting::Enforced(ObjectOwnership::BucketOwnerEnforced)
            }
            Some(RawOwnership::BucketOwnerPreferred) => {
                Setting::Enforced(ObjectOwnership::BucketOwnerPreferred)
            }
            Some(RawOwnership::ObjectWriter) => Setting::Enforced(ObjectOwnership::ObjectWriter),
            Some(RawOwnership::Unmanaged) => Setting::Unmanaged,
        },
        lifecycle,
        object_lock,
        access_logs,
        eventbridge: match raw.eventbridge {
            Some(OrUnmanaged::Value(is_on)) => Setting::Enforced(is_on),
            Some(OrUnmanaged::Unmanaged) | None => Setting::Unmanaged,
        },
        tags: resolver.tags.clone(),
    };
    Some(Bucket { bucket, prefix: prefix? })
}

/// Rejects a bucket name in the namespace of another account or another Region.
///
/// See "Namespaces for general purpose buckets" in the S3 user guide.
fn check_namespace(
    raw: &RawBucket,
    resolver: &Resolver<'_>,
    name: Option<&BucketName>,
    account: Option<&AccountName>,
    region: Option<&Region>,
    problems: &mut Problems,
) {
    let Some((owner, place)) = name.and_then(BucketName::namespace) else { return };
    let (Some(account), Some(region)) = (account.and_then(|name| resolver.id(name)), region) else { return };
    if (&owner, &place) != (account, region) {
        problems.add(
            raw.name.place,
            format!(
                "only account {owner} can have a bucket of this name, and only in {place}; the bucket is in account \
                 {account} in {region}"
            ),
            format!("end the name in `-{account}-{region}-an`, or correct `account` and `region`"),
        );
    }
}

/// Rejects settings that cannot be combined. See "S3 Object Lock considerations" and "Enabling
/// Amazon S3 server access logging" in the S3 user guide.
fn check_together(raw: &RawBucket, problems: &mut Problems) {
    if let Some(Located { value: OrUnmanaged::Value(_), place }) = &raw.object_lock
        && matches!(raw.versioning, Some(OrUnmanaged::Value(false)))
    {
        problems.add(*place, "an object lock requires versioning", "remove `versioning: false`");
    }
    if let Some(Located { value: OrUnmanaged::Value(logs), place }) = &raw.access_logs
        && logs.bucket.value == raw.name.value
    {
        let message = "each access log would create another access log";
        problems.add(*place, message, "write the access logs to another bucket");
    }
}

fn or_true(raw: Option<&OrUnmanaged<bool>>) -> Setting<bool> {
    match raw {
        None => Setting::Enforced(true),
        Some(OrUnmanaged::Value(value)) => Setting::Enforced(*value),
        Some(OrUnmanaged::Unmanaged) => Setting::Unmanaged,
    }
}

/// Resolves the prefix: `None` if there is a problem, `Some(None)` if there is no prefix. See
/// `CreateTrail` in the CloudTrail API reference.
fn resolve_prefix(raw: Option<&Located<String>>, problems: &mut Problems) -> Option<Option<String>> {
    let Some(raw) = raw else { return Some(None) };
    let prefix = raw.value.as_str();
    let problem = if prefix.is_empty() {
        Some("is empty: remove it")
    } else if prefix.len() > 200 {
        Some("is longer than 200 characters")
    } else if prefix.starts_with('/') || prefix.ends_with('/') {
        Some("must not begin or end with a slash")
    } else if prefix.contains("AWSLogs/") || prefix == "AWSLogs" {
        Some("must not contain `AWSLogs/`, which CloudTrail adds itself")
    } else if !prefix.bytes().all(|b| b.is_ascii_alphanumeric() || b"/!-_.'()".contains(&b)) {
        Some("can have only letters, digits and /!-_.'()")
    } else {
        None
    };
    match problem {
        Some(problem) => {
            problems.add(raw.place, format!("the prefix `{prefix}` {problem}"), "");
            None
        }
        None => Some(Some(prefix.to_owned())),
    }
}

/// The setting of an aspect that is unmanaged by default.
fn setting<R, T>(
    raw: Option<&Located<OrUnmanaged<R>>>,
    problems: &mut Problems,
    resolve: fn(&R, SourceSpan, &mut Problems) -> Option<T>,
) -> Setting<T> {
    match raw {
        Some(Located { value: OrUnmanaged::Value(value), place }) => {
            resolve(value, *place, problems).map_or(Setting::Unmanaged, Setting::Enforced)
        }
        Some(Located { value: OrUnmanaged::Unmanaged, .. }) | None => Setting::Unmanaged,
    }
}

fn resolve_access_logs(raw: &RawAccessLogs, _: SourceSpan, problems: &mut Problems) -> Option<AccessLogs> {
    let bucket = problems.name(&raw.bucket, "name the destination bucket of the access logs")?;
    Some(AccessLogs { bucket, prefix: raw.prefix.clone().unwrap_or_default() })
}
