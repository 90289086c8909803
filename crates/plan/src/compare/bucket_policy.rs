//! Compares the bucket policy.

mod caller;

use reconcile_policy::{
    AccountFilter, BucketIntent, Document, Fitted, Guest, Intent, Keep, PolicyKind, StatementRole,
};

use super::change::Compared;
use super::confirm::PolicyResource;
use super::departed::Plans;
use super::policy::{BUCKET_UNLISTED, PolicyComparison, PolicySettings};
use super::{CompareContext, guest, public_access};
use crate::delivery::unlisted_delivery;
use crate::view::OtherTrail;

/// Merges the statements that allow the trails to deliver into the live policy. Returns `None` if
/// the policy is too large or unmanaged.
pub(super) fn merge(context: &CompareContext<'_>, compared: &mut Compared) -> Option<Fitted> {
    let desired = &context.desired.bucket_policy;
    if !desired.is_managed {
        return None;
    }
    let live = context.observed.bucket_policy.as_ref();
    let mut adoption = guest::adoption(
        context,
        desired.foreign,
        &desired.intent.trails,
        context.organization_of(desired.intent.trails.iter()),
    );
    for trail in &desired.intent.organization_trails {
        adoption.managers.insert(trail.organization.clone(), trail.trail.account().to_owned());
    }
    let intent = BucketIntent { require_tls: requires_tls(context), ..desired.intent.clone() };
    let statements = intent.statements(&desired.ownership);
    let before = guest::Before {
        kind: PolicyKind::Bucket,
        live,
        ownership: &desired.ownership,
        adoption: &adoption,
        statements: &statements,
    };
    let joining = before.joining(context.guests().collect(), |trail| {
        unlisted_delivery(context.desired, context.observed, trail)
    });
    let mut guests = guests(context, &joining);
    compared.warn_of_guests(&context.bucket_policy_address(), guests.iter().map(|guest| &guest.trail));
    for (trail, guest) in joining.iter().zip(&guests) {
        // Managed statements do not allow a trail of an unknown organization to write the log files
        // of its member accounts.
        if trail.organization && guest.organization.is_none() {
            adoption.surveyed.remove(guest.trail.account());
        } else {
            adoption.trails.insert(guest.trail.clone());
        }
    }
    let policy = policy(context);
    let departed = policy.departed(live, Plans::Manage, compared);
    adoption.trails.extend(departed.iter().map(|guest| guest.trail.clone()));
    guests.extend(departed);
    let organization = context.organization_of(adoption.trails.iter());
    adoption.organization.clone_from(&organization);
    let intent = BucketIntent { guests, organization, ..intent };

    let (accounts, ownership) = (intent.accounts(), &desired.ownership);
    let compile = |form, only: AccountFilter<'_>| intent.compile_for(ownership, form, only);
    policy.merge(live, &accounts, compile, &adoption, compared)
}

/// Adds the write that allows the trails of the spec to deliver.
pub(super) fn expand(context: &CompareContext<'_>, outcome: &Fitted, compared: &mut Compared) {
    caller::warn(context, outcome, compared);
    let live = context.observed.bucket_policy.as_ref();
    policy(context).expand(live, outcome, vec![context.bucket_address()], compared);
}

/// Removes all managed statements. Permissions that other trails need are handed over to statements
/// that nobody manages.
pub(super) fn shrink(context: &CompareContext<'_>, compared: &mut Compared) {
    let desired = &context.desired.bucket_policy;
    if !desired.is_managed {
        return;
    }
    let live = context.observed.bucket_policy.as_ref();
    let policy = policy(context);
    policy.departed(live, Plans::Destroy, compared);
    let staying =
        guest::depending(context.guests().collect(), PolicyKind::Bucket, live, &desired.ownership, |trail| {
            unlisted_delivery(context.desired, context.observed, trail)
        });
    let guests = guests(context, &staying);
    let intent = BucketIntent { guests, require_tls: false, ..desired.intent.clone() };
    let arns = intent.guests.iter().map(|guest| guest.trail.clone()).collect::<Vec<_>>();
    policy.shrink(live, &[], &intent.statements(&desired.ownership), &arns, compared);
}

fn guests(context: &CompareContext<'_>, trails: &[&OtherTrail]) -> Vec<Guest> {
    let id = organization_id(context);
    let guest = |trail: &&OtherTrail| Guest {
        trail: trail.arn.clone(),
        prefix: trail.prefix.clone(),
        organization: id.clone().filter(|_| trail.organization),
    };
    trails.iter().map(guest).collect()
}

/// Returns whether a managed statement must deny requests without TLS, because no foreign statement
/// denies them.
fn requires_tls(context: &CompareContext<'_>) -> bool {
    let desired = &context.desired.bucket_policy;
    let sid = desired.ownership.sid(StatementRole::DenyInsecureTransport);
    let is_denied = |live: &Document| {
        desired.foreign.adoption().foreign_statements == Keep::Keep
            && !live.statements().iter().any(|it| it.sid() == Some(sid.as_str()))
            && desired.intent.is_tls_required_by_others(live, &desired.ownership)
    };
    desired.intent.require_tls && !context.observed.bucket_policy.as_ref().is_some_and(is_denied)
}

/// Returns the ID of the organization of the accounts. If the organization is not read, the live
/// managed statement that allows an organization trail to write can name it.
fn organization_id(context: &CompareContext<'_>) -> Option<String> {
    if let Some(organization) = &context.observed.organization {
        return Some(organization.roster.id.clone());
    }
    let ours = context.desired.bucket_policy.ownership.sid(StatementRole::OrganizationWrite);
    let statements = context.observed.bucket_policy.as_ref().map(Document::statements).unwrap_or_default();
    let statement = statements.iter().find(|statement| statement.sid() == Some(ours.as_str()))?;
    let (_, below) = statement.resources().first()?.split_once("AWSLogs/")?;
    Some(below.split('/').next()?.to_owned())
}

/// Returns the bucket policy for the steps that all policies share.
pub(super) fn policy<'a>(context: &'a CompareContext<'a>) -> PolicyComparison<'a> {
    let desired = &context.desired.bucket_policy;
    PolicyComparison {
        context,
        address: context.bucket_policy_address(),
        place: context.place(&desired.site),
        subject: PolicyResource::Bucket,
        ownership: &desired.ownership,
        form: desired.form,
        tags: context.observed.bucket.as_ref().map(|bucket| &bucket.tags),
        foreign: desired.foreign,
        refuses_public: public_access::may_refuse(context),
        setting: Some(PolicySettings {
            unlisted_accounts: BUCKET_UNLISTED,
            deleted_principals: "bucket.policy.deleted_principals",
        }),
    }
}
