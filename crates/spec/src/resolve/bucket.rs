//! Resolves the bucket.

use reconcile_policy::Region;

use super::Scope;
use crate::desired::{self, Encryption, ObjectOwnership, Setting, Site};
use crate::names::BucketName;
use crate::problems::Problems;
use crate::raw::{Located, OrUnmanaged, RawBucket, RawEncryption, RawOwnership};

/// The bucket and what of it other resources need.
pub(super) struct Bucket {
    pub(super) bucket: desired::Bucket,
    pub(super) prefix: Option<String>,
}

pub(super) fn resolve(
    raw: &RawBucket,
    scope: &Scope<'_>,
    region: Option<Region>,
    problems: &mut Problems,
) -> Option<Bucket> {
    let account = scope.account(&raw.account, problems);
    let name: Option<BucketName> = problems.name(&raw.name, "");
    let prefix = resolve_prefix(raw.prefix.as_ref(), problems);
    check_object_lock(raw, problems);
    let bucket = desired::Bucket {
        site: Site { account: account?, region: region? },
        name: name?,
        encryption: match raw.encryption {
            None | Some(RawEncryption::Key) => Setting::Enforced(Encryption::Key),
            Some(RawEncryption::S3) => Setting::Enforced(Encryption::S3),
            Some(RawEncryption::Unmanaged) => Setting::Unmanaged,
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
        tags: scope.tags.clone(),
    };
    Some(Bucket { bucket, prefix: prefix? })
}

fn or_true(raw: Option<&OrUnmanaged<bool>>) -> Setting<bool> {
    match raw {
        None => Setting::Enforced(true),
        Some(OrUnmanaged::Value(value)) => Setting::Enforced(*value),
        Some(OrUnmanaged::Unmanaged) => Setting::Unmanaged,
    }
}

/// `None` where there is a problem, `Some(None)` where there is no prefix. See `CreateTrail` in the CloudTrail API
/// reference.
fn resolve_prefix(raw: Option<&Located<String>>, problems: &mut Problems) -> Option<Option<String>> {
    let Some(raw) = raw else { return Some(None) };
    let prefix = raw.value.as_str();
    let problem = if prefix.is_empty() {
        Some("is empty: leave it out")
    } else if prefix.len() > 200 {
        Some("is longer than 200 characters")
    } else if prefix.starts_with('/') || prefix.ends_with('/') {
        Some("must not begin or end with a slash")
    } else if prefix.contains("AWSLogs/") || prefix == "AWSLogs" {
        Some("must not contain `AWSLogs/`, which CloudTrail adds itself")
    } else if !prefix.bytes().all(|b| b.is_ascii_alphanumeric() || b"/!-_.'()".contains(&b)) {
        Some("may hold only letters, digits and /!-_.'()")
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

fn check_object_lock(raw: &RawBucket, problems: &mut Problems) {
    if let Some(Located { value: OrUnmanaged::Value(lock), place }) = &raw.object_lock
        && lock.days.is_some() == lock.years.is_some()
    {
        problems.add(*place, "an object lock has either `days` or `years`", "give one of the two");
    }
}
