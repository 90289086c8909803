//! Resolves the KMS grants.
//!
//! See `CreateGrant` in the KMS API reference and "Grants in AWS KMS" in the KMS developer guide.

use std::collections::{BTreeMap, BTreeSet};

use reconcile_policy::{AccountId, Arn, Partition};

use super::{Resolver, principal};
use crate::desired::{ConstraintKind, Constraints, Grant, Grantee, Site, is_grant_name};
use crate::problems::{Problems, suggest};
use crate::raw::{Located, RawConstraints, RawGrant};

/// The operations that a grant can allow on a symmetric encryption key, the only kind of key that
/// CloudTrail uses.
///
/// See "Grant operations" in the KMS developer guide.
const OPERATIONS: [&str; 11] = [
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
    "CreateGrant",
    "RetireGrant",
    "DescribeKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
];

/// The operations that a grant can allow only on keys of other kinds.
const OPERATIONS_OF_OTHER_KEYS: [&str; 8] = [
    "Decapsulate",
    "DeriveSharedSecret",
    "Encapsulate",
    "GenerateMac",
    "GetPublicKey",
    "Sign",
    "Verify",
    "VerifyMac",
];

pub(super) fn resolve(
    raw: &[Located<RawGrant>],
    resolver: &Resolver<'_>,
    site: &Site,
    problems: &mut Problems,
) -> Vec<Grant> {
    let mut names = BTreeSet::new();
    raw.iter()
        .filter_map(|grant| {
            let name = &grant.value.name;
            if !is_grant_name(&name.value) {
                problems.add(
                    name.place,
                    format!("`{}` is not a grant name", name.value),
                    "use 1 to 64 letters, digits, `_` and `-`",
                );
            }
            if !names.insert(&name.value) {
                problems.add(
                    name.place,
                    format!("two grants have the name `{}`", name.value),
                    "rename one of them",
                );
            }
            one(&grant.value, site, problems)
                .map(|grant| grant.named(resolver.installation.name(), &name.value))
        })
        .collect()
}

fn one(raw: &RawGrant, site: &Site, problems: &mut Problems) -> Option<Grant> {
    let partition = site.region.partition();
    let retiring_principal =
        raw.retiring_principal.as_ref().map(|arn| principal::resolve(arn, partition, problems));
    let grantee = grantee(raw, partition, problems);
    let operations = operations(&raw.operations, problems);
    let constraints = raw.constraints.as_ref().map(|constraints| self::constraints(constraints, problems));
    Some(Grant {
        site: site.clone(),
        aws_name: String::new(),
        grantee: grantee?,
        operations,
        constraints: flatten(constraints)?,
        retiring_principal: flatten(retiring_principal)?,
    })
}

/// Returns `None` if the value has a problem, `Some(None)` if there is no value.
fn flatten<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    match value {
        Some(None) => None,
        Some(Some(value)) => Some(Some(value)),
        None => Some(None),
    }
}

/// The distinct operations, sorted.
fn operations(raw: &Located<Vec<Located<String>>>, problems: &mut Problems) -> Vec<String> {
    if raw.value.is_empty() {
        problems.add(raw.place, "the grant allows nothing", "name at least one operation");
    }
    let mut operations = BTreeSet::new();
    for operation in &raw.value {
        let name = operation.value.as_str();
        if OPERATIONS.contains(&name) {
            operations.insert(name.to_owned());
        } else if OPERATIONS_OF_OTHER_KEYS.contains(&name) {
            problems.add(
                operation.place,
                format!("a symmetric encryption key does not have the operation `{name}`"),
                "remove it: the key that encrypts the logs is a symmetric encryption key",
            );
        } else {
            let message = format!("`{name}` is not an operation that a grant can allow");
            problems.add(operation.place, message, suggest(name, OPERATIONS));
        }
    }
    operations.into_iter().collect()
}

fn constraints(raw: &Located<RawConstraints>, problems: &mut Problems) -> Option<Constraints> {
    let value = &raw.value;
    let given = match (&value.encryption_context_equals, &value.encryption_context_subset) {
        (Some(pairs), None) => Some((ConstraintKind::Equals, pairs)),
        (None, Some(pairs)) => Some((ConstraintKind::Subset, pairs)),
        _ => None,
    };
    let Some((kind, pairs)) = given else {
        problems.add(
            raw.place,
            "the constraints of a grant are one encryption context",
            "add either `encryption_context_equals` or `encryption_context_subset`",
        );
        return None;
    };
    if !(1..=8).contains(&pairs.len()) {
        let message = format!("the encryption context has {} pairs, and KMS accepts 1 to 8", pairs.len());
        problems.add(raw.place, message, "add or remove pairs");
    }
    for value in pairs.values().filter(|value| value.value.chars().count() > 384) {
        problems.add(
            value.place,
            "a value of an encryption context has more than 384 characters",
            "shorten it",
        );
    }
    let encryption_context: BTreeMap<String, String> =
        pairs.iter().map(|(key, value)| (key.clone(), value.value.clone())).collect();
    Some(Constraints { kind, encryption_context })
}

fn grantee(raw: &RawGrant, partition: Partition, problems: &mut Problems) -> Option<Grantee> {
    match (&raw.grantee, &raw.grantee_service) {
        (Some(principal), None) => {
            if let Some(source) = &raw.source_arn {
                problems.add(
                    source.place,
                    "`source_arn` limits a `grantee_service`, and the grant has a `grantee`",
                    "remove `source_arn`",
                );
            }
            principal::resolve(principal, partition, problems).map(Grantee::Principal)
        }
        (None, Some(service)) => self::service(service, raw, problems),
        (Some(_), Some(service)) => {
            let message = "the grant has both a `grantee` and a `grantee_service`";
            problems.add(service.place, message, "remove one of them");
            None
        }
        (None, None) => {
            let message = "the grant has neither a `grantee` nor a `grantee_service`";
            problems.add(raw.name.place, message, "add one of them");
            None
        }
    }
}

/// Resolves the service. KMS accepts a service only with a source and a retiring principal.
fn service(service: &Located<String>, raw: &RawGrant, problems: &mut Problems) -> Option<Grantee> {
    if !is_service(&service.value) {
        problems.add(
            service.place,
            format!("`{}` is not the principal of a service", service.value),
            "write it as in `cloudtrail.amazonaws.com`",
        );
    }
    let (Some(source), Some(_)) = (&raw.source_arn, &raw.retiring_principal) else {
        problems.add(
            service.place,
            "a grant to a service needs a `source_arn` and a `retiring_principal`",
            "add both, because KMS rejects the grant without them",
        );
        return None;
    };
    let source_arn: Arn =
        problems.name(source, "name the resource on whose behalf the service uses the key")?;
    // See the pattern of `GrantConstraintSourceArnType` in the KMS API reference.
    if source_arn.account().parse::<AccountId>().is_err() || !(20..=512).contains(&source_arn.as_str().len())
    {
        problems.add(
            source.place,
            format!("the source `{source_arn}` names no account"),
            "use an ARN that contains an account id, because KMS rejects others",
        );
        return None;
    }
    Some(Grantee::Service { name: service.value.clone(), source_arn })
}

/// Returns whether a text is a service principal. See the pattern of `ServicePrincipalType` in the
/// KMS API reference.
fn is_service(name: &str) -> bool {
    let parts: Vec<&str> = name.split('.').collect();
    name.len() <= 128
        && parts.len() >= 3
        && parts
            .iter()
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
}
