//! Decides the values of Block Public Access and Object Ownership if others use the bucket.
//!
//! Both settings can end access that a public statement or the ACL of the bucket grants, and each
//! setting makes S3 reject some calls. A setting that would end such access is not changed, and a
//! warning says how to keep the access or the setting. A policy that S3 would reject is refused.
//! The settings of the account and of the organization are not read.
//!
//! See "Blocking public access to your Amazon S3 storage" and "Controlling ownership of objects and
//! disabling ACLs for your bucket" in the S3 user guide.

use reconcile_policy::{Document, Exposed, exposed};
use reconcile_spec::{AwsName, ObjectOwnership};

use super::CompareContext;
use super::change::Compared;
use crate::observed::AclGrant;
use crate::plan::{Changed, WarningCode};
use crate::refusal::Refusal;
use crate::view::{Bucket, OpenEnum, PublicAccessBlock};

/// Returns the settings of Block Public Access to write; `None` if the spec does not manage these
/// settings. `policy` is the planned bucket policy.
pub(super) fn block(
    context: &CompareContext<'_>,
    policy: Option<&Document>,
    compared: &mut Compared,
) -> Option<PublicAccessBlock> {
    let wanted = PublicAccessBlock::all(*context.desired.bucket.block_public_access.enforced()?);
    let Some(live) = live_block(context).filter(|_| wanted == PublicAccessBlock::all(true)) else {
        return Some(wanted);
    };
    let mut possible = wanted;
    let public = certain(policy);
    if !public.is_empty() {
        possible.block_public_policy = live.block_public_policy;
        possible.restrict_public_buckets = live.restrict_public_buckets;
    }
    let public_grants: Vec<&AclGrant> = grants(context).iter().filter(|it| it.is_public()).collect();
    if !public_grants.is_empty() {
        possible.ignore_public_acls = live.ignore_public_acls;
    }
    if !(possible.block_public_policy && possible.restrict_public_buckets) {
        let message = format!(
            "Block Public Access is not turned on: S3 counts {} of the bucket policy as public. Block Public \
             Access would deny access to everybody whom the policy allows, except the bucket's own account and \
             AWS services, and S3 would reject the policy. To keep the statement, set \
             `bucket.block_public_access: false`; to turn on Block Public Access, limit the statement to named \
             principals or remove it",
            list(&public)
        );
        compared.warn(WarningCode::WithheldSetting, context.bucket_address(), message);
    } else if !public.is_empty() {
        let message = format!(
            "S3 counts {} as public, and Block Public Access is on: only the bucket's own account and AWS \
             services can use the access that the policy allows. Limit the statement to named principals or \
             remove it",
            list(&public)
        );
        compared.warn(WarningCode::PublicStatement, context.bucket_policy_address(), message);
    }
    if !possible.ignore_public_acls {
        let message = format!(
            "Block Public Access is not turned on for ACLs: the ACL of the bucket grants {}, and Block Public \
             Access would end this access. {}, or set \
             `bucket.block_public_access: false`",
            list(&public_grants),
            reset_acl(context)
        );
        compared.warn(WarningCode::WithheldSetting, context.bucket_address(), message);
    }
    Some(possible)
}

/// Returns the wanted object ownership; `None` if the spec does not manage object ownership.
pub(super) fn ownership(
    context: &CompareContext<'_>,
    compared: &mut Compared,
) -> Option<OpenEnum<ObjectOwnership>> {
    let wanted = context.desired.bucket.object_ownership.enforced()?;
    let live = context.observed.bucket.as_ref().and_then(|live| live.object_ownership.clone());
    let conditions = context.observed.bucket_conditions.as_ref();
    match (live, conditions.map(|it| &it.grants)) {
        (Some(live), Some(Ok(grants)))
            if *wanted == ObjectOwnership::BucketOwnerEnforced && !grants.is_empty() =>
        {
            let message = format!(
                "object ownership is not set to `{}`: the ACL of the bucket grants {}, and S3 does not disable \
                 an ACL with such grants. {}, or set `bucket.object_ownership: {live}`",
                wanted.as_str(),
                list(grants),
                reset_acl(context)
            );
            compared.warn(WarningCode::WithheldSetting, context.bucket_address(), message);
            Some(live)
        }
        _ => Some(OpenEnum::Known(*wanted)),
    }
}

/// Returns whether the setting of the bucket itself may make S3 reject a public statement.
pub(super) fn may_refuse(context: &CompareContext<'_>) -> bool {
    // A new bucket blocks public access. See "Blocking public access to your Amazon S3 storage".
    let is_blocked = live_block(context).is_none_or(|block| block.block_public_policy);
    context.desired.bucket.block_public_access.enforced().copied().unwrap_or(is_blocked)
}

/// Refuses changes of the bucket policy that S3 would reject, and warns about changes that S3 may
/// reject.
pub(super) fn refuse(context: &CompareContext<'_>, compared: &mut Compared) {
    let planned = compared.changes.iter().find_map(|change| {
        let Changed::Bucket(action) = &change.changed else { return None };
        action.after()?.public_access_block
    });
    let block = planned.or_else(|| live_block(context));
    if block.is_some_and(|block| !block.block_public_policy) {
        return;
    }
    let written = compared.changes.iter().filter_map(|change| {
        let Changed::BucketPolicy(action) = &change.changed else { return None };
        action.after()
    });
    let written: Vec<&Document> = written.collect();
    let address = context.bucket_policy_address();
    let mut statements: Vec<String> = written.iter().flat_map(|document| certain(Some(document))).collect();
    statements.dedup();
    if !statements.is_empty() {
        compared.refusals.push(Refusal::PublicStatement { address, statements: list(&statements) });
        return;
    }
    let doubtful = written.last().map(|document| exposed(document)).unwrap_or_default();
    for Exposed { statement, doubt } in doubtful {
        let Some(doubt) = doubt else { continue };
        let message = format!(
            "{statement} may be public: {doubt}. If it is public, Block Public Access ends the access that it \
             allows, and S3 rejects the policy"
        );
        compared.warn(WarningCode::PublicStatement, address.clone(), message);
    }
}

fn live_block(context: &CompareContext<'_>) -> Option<PublicAccessBlock> {
    context.observed.bucket.as_ref().and_then(|live: &Bucket| live.public_access_block)
}

/// Returns the names of the statements that S3 certainly counts as public.
fn certain(policy: Option<&Document>) -> Vec<String> {
    let public = policy.map(exposed).unwrap_or_default().into_iter();
    public.filter(|it| it.doubt.is_none()).map(|it| it.statement.to_string()).collect()
}

fn grants<'s>(context: &CompareContext<'s>) -> &'s [AclGrant] {
    let grants = context.observed.bucket_conditions.as_ref().and_then(|it| it.grants.as_ref().ok());
    grants.map(Vec::as_slice).unwrap_or_default()
}

fn reset_acl(context: &CompareContext<'_>) -> String {
    let bucket = &context.desired.bucket.name;
    format!(
        "Grant the access that is needed in the bucket policy, and run `aws s3api put-bucket-acl --bucket {bucket} \
         --acl private`"
    )
}

/// Returns `a`, `a and b`, or `a, b and c`.
fn list(items: &[impl ToString]) -> String {
    let items: Vec<String> = items.iter().map(ToString::to_string).collect();
    match items.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}
