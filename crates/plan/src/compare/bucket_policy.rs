//! Compares the bucket policy.

use reconcile_policy::{BucketIntent, Document, Fitted, Guest, Keep, Only, PolicyKind, Role};

use super::change::Compared;
use super::confirm::Subject;
use super::departed::Plans;
use super::policy::{BUCKET_UNLISTED, Policy, Setting};
use super::{Scope, caller, guest, public_access};
use crate::delivery::of_other;
use crate::view::OtherTrail;

/// Merges the statements that allow the trails to deliver into the live policy. Returns `None` if
/// the policy is too large or unmanaged.
pub(super) fn merge(scope: &Scope<'_>, compared: &mut Compared) -> Option<Fitted> {
    let desired = &scope.desired.bucket_policy;
    if !desired.is_managed {
        return None;
    }
    let live = scope.observed.bucket_policy.as_ref();
    let mut adoption = guest::adoption(
        scope,
        desired.foreign,
        &desired.intent.trails,
        scope.organization_of(desired.intent.trails.iter()),
    );
    for trail in &desired.intent.organization_trails {
        adoption.managers.insert(trail.organization.clone(), trail.trail.account().to_owned());
    }
    let intent = BucketIntent { require_tls: requires_tls(scope), ..desired.intent.clone() };
    let statements = intent.statements(&desired.ownership);
    let before = guest::Before {
        kind: PolicyKind::Bucket,
        live,
        ownership: &desired.ownership,
        adoption: &adoption,
        statements: &statements,
    };
    let joining =
        before.joining(scope.guests().collect(), |trail| of_other(scope.desired, scope.observed, trail));
    let mut guests = guests(scope, &joining);
    compared.warn_of_guests(&scope.bucket_policy_address(), guests.iter().map(|guest| &guest.trail));
    for (trail, guest) in joining.iter().zip(&guests) {
        // Managed statements do not allow a trail of an unknown organization to write the log files
        // of its member accounts.
        if trail.organization && guest.organization.is_none() {
            adoption.surveyed.remove(guest.trail.account());
        } else {
            adoption.trails.insert(guest.trail.clone());
        }
    }
    let policy = policy(scope);
    let departed = policy.departed(live, Plans::Manage, compared);
    adoption.trails.extend(departed.iter().map(|guest| guest.trail.clone()));
    guests.extend(departed);
    let organization = scope.organization_of(adoption.trails.iter());
    adoption.organization.clone_from(&organization);
    let intent = BucketIntent { guests, organization, ..intent };

    let (accounts, ownership) = (intent.accounts(), &desired.ownership);
    let compile = |form, only: Only<'_>| intent.compile_for(ownership, form, only);
    policy.merge(live, &accounts, compile, &adoption, compared)
}

/// Adds the write that allows the trails of the spec to deliver.
pub(super) fn expand(scope: &Scope<'_>, outcome: &Fitted, compared: &mut Compared) {
    caller::warn(scope, outcome, compared);
    let live = scope.observed.bucket_policy.as_ref();
    policy(scope).expand(live, outcome, vec![scope.bucket_address()], compared);
}

/// Removes all managed statements. Permissions that other trails need are handed over to statements that nobody manages.
pub(super) fn shrink(scope: &Scope<'_>, compared: &mut Compared) {
    let desired = &scope.desired.bucket_policy;
    if !desired.is_managed {
        return;
    }
    let live = scope.observed.bucket_policy.as_ref();
    let policy = policy(scope);
    policy.departed(live, Plans::Destroy, compared);
    let staying =
        guest::depending(scope.guests().collect(), PolicyKind::Bucket, live, &desired.ownership, |trail| {
            of_other(scope.desired, scope.observed, trail)
        });
    let guests = guests(scope, &staying);
    let intent = BucketIntent { guests, require_tls: false, ..desired.intent.clone() };
    let arns = intent.guests.iter().map(|guest| guest.trail.clone()).collect::<Vec<_>>();
    policy.shrink(live, &[], &intent.statements(&desired.ownership), &arns, compared);
}

fn guests(scope: &Scope<'_>, trails: &[&OtherTrail]) -> Vec<Guest> {
    let id = organization_id(scope);
    let guest = |trail: &&OtherTrail| Guest {
        trail: trail.arn.clone(),
        prefix: trail.prefix.clone(),
        organization: id.clone().filter(|_| trail.organization),
    };
    trails.iter().map(guest).collect()
}

/// Returns whether a managed statement has to deny requests without TLS, because no foreign statement does.
fn requires_tls(scope: &Scope<'_>) -> bool {
    let desired = &scope.desired.bucket_policy;
    let sid = desired.ownership.sid(Role::DenyInsecureTransport);
    let is_denied = |live: &Document| {
        desired.foreign.adoption().foreign_statements == Keep::Keep
            && !live.statements().iter().any(|it| it.sid() == Some(sid.as_str()))
            && desired.intent.is_tls_required_by_others(live, &desired.ownership)
    };
    desired.intent.require_tls && !scope.observed.bucket_policy.as_ref().is_some_and(is_denied)
}

/// Returns the ID of the organization of the accounts. If the organization is not read, the live
/// managed statement that allows an organization trail to write can name it.
fn organization_id(scope: &Scope<'_>) -> Option<String> {
    if let Some(organization) = &scope.observed.organization {
        return Some(organization.roster.id.clone());
    }
    let ours = scope.desired.bucket_policy.ownership.sid(Role::OrganizationWrite);
    let statements = scope.observed.bucket_policy.as_ref().map(Document::statements).unwrap_or_default();
    let statement = statements.iter().find(|statement| statement.sid() == Some(ours.as_str()))?;
    let (_, below) = statement.resources().first()?.split_once("AWSLogs/")?;
    Some(below.split('/').next()?.to_owned())
}

/// Returns the bucket policy for the steps that all policies share.
pub(super) fn policy<'a>(scope: &'a Scope<'a>) -> Policy<'a> {
    let desired = &scope.desired.bucket_policy;
    Policy {
        scope,
        address: scope.bucket_policy_address(),
        place: scope.place(&desired.site),
        subject: Subject::Bucket,
        ownership: &desired.ownership,
        form: desired.form,
        tags: scope.observed.bucket.as_ref().map(|bucket| &bucket.tags),
        foreign: desired.foreign,
        refuses_public: public_access::may_refuse(scope),
        setting: Some(Setting {
            unlisted_accounts: BUCKET_UNLISTED,
            deleted_principals: "bucket.policy.deleted_principals",
        }),
    }
}
