//! Compares the bucket policy.

use reconcile_policy::{Arn, BucketIntent, Document, Fitted, Guest, Role};

use super::change::Compared;
use super::confirm::Subject;
use super::departed::Naming;
use super::policy::{Policy, Setting, TakeOver};
use super::{Scope, public_access};
use crate::difference::Difference;
use crate::plan::Changed;

/// Where the spec says what becomes of the permissions of accounts that it does not have.
pub(super) const UNLISTED: &str = "bucket.policy.unlisted_accounts";

/// Merges what lets our trails deliver into the live policy. Returns `None` if the policy does not fit, or is not
/// managed.
pub(super) fn merge(scope: &Scope<'_>, compared: &mut Compared) -> Option<Fitted> {
    if !scope.desired.bucket_policy.is_managed {
        return None;
    }
    fitted(scope, TakeOver::Trails, compared)
}

/// Adds the write that lets our trails deliver.
pub(super) fn expand(scope: &Scope<'_>, outcome: &Fitted, compared: &mut Compared) {
    let live = scope.observed.bucket_policy.as_ref();
    with_policy(scope, |policy| policy.expand(scope, live, outcome, vec![scope.bucket_address()], compared));
}

/// Takes away all that is ours, when no trail needs it any more.
pub(super) fn shrink(scope: &Scope<'_>, compared: &mut Compared) {
    if !scope.desired.bucket_policy.is_managed {
        return;
    }
    let live = scope.observed.bucket_policy.as_ref();
    if let Some(outcome) = fitted(scope, TakeOver::Nothing, compared) {
        with_policy(scope, |policy| policy.shrink(scope, live, &outcome, compared));
    }
}

fn fitted(scope: &Scope<'_>, take_over: TakeOver, compared: &mut Compared) -> Option<Fitted> {
    let desired = &scope.desired.bucket_policy;
    let live = scope.observed.bucket_policy.as_ref();
    // Who delivers here and is not in the spec goes on to do so.
    let id = organization_id(scope);
    let guests = scope.guests().map(|it| Guest {
        trail: it.arn.clone(),
        prefix: it.prefix.clone(),
        organization: id.clone().filter(|_| it.organization),
    });
    let mut guests: Vec<Guest> = guests.collect();
    compared.warn_of_guests(&scope.bucket_policy_address(), guests.iter().map(|guest| &guest.trail));
    let naming = Naming {
        address: scope.bucket_policy_address(),
        document: live,
        ownership: &desired.ownership,
        unlisted: desired.foreign.unlisted_accounts,
        setting: UNLISTED,
        take_over,
    };
    guests.extend(naming.guests(scope, compared));
    let organization =
        scope.organization_of(desired.intent.trails.iter().chain(guests.iter().map(|it| &it.trail)));
    let intent = BucketIntent { guests, organization, ..desired.intent.clone() };
    let trails = intent.trails.iter().chain(intent.guests.iter().map(|guest| &guest.trail));
    // What an organization trail delivers for its organization counts as an account of its own.
    let of_guests = intent.guests.iter().filter_map(|it| it.organization.clone());
    let organizations = intent.organization_trails.iter().map(|it| it.organization.clone()).chain(of_guests);
    let accounts = trails.map(|trail| trail.account().to_owned()).chain(organizations);
    let accounts = accounts.filter(|_| take_over == TakeOver::Trails).collect();

    let compile = |form| intent.compile(&desired.ownership, form);
    let mut outcome = None;
    with_policy(scope, |policy| outcome = policy.merge(live, compile, accounts, compared));
    outcome
}

/// The id of the organization that the accounts are in. Where the organization is not read, the live
/// statement of ours that lets one of its trails write may name it.
fn organization_id(scope: &Scope<'_>) -> Option<String> {
    if let Some(organization) = &scope.observed.organization {
        return Some(organization.roster.id.clone());
    }
    let ownership = &scope.desired.bucket_policy.ownership;
    let is_ours = |sid: &str| ownership.is_in_role(sid, Role::OrganizationWrite);
    let statements = scope.observed.bucket_policy.as_ref().map(Document::statements).unwrap_or_default();
    let statement = statements.iter().find(|statement| statement.sid().is_some_and(is_ours))?;
    let (_, below) = statement.resources().first()?.split_once("AWSLogs/")?;
    Some(below.split('/').next()?.to_owned())
}

/// Takes away what no trail needs any more, once all trails are what they should be.
pub(super) fn contract(scope: &Scope<'_>, outcome: &Fitted, compared: &mut Compared) {
    with_policy(scope, |policy| policy.contract(scope, outcome, compared));
}

fn with_policy(scope: &Scope<'_>, then: impl FnOnce(&Policy<'_>)) {
    let desired = &scope.desired.bucket_policy;
    let sid = |role| format!("/Statement/{}", desired.ownership.sid(role));
    let (acl_check, write) = (sid(Role::TrailAclCheck), sid(Role::TrailWrite));
    let (of_organization, deny) = (sid(Role::OrganizationWrite), sid(Role::DenyInsecureTransport));
    let explain = |difference: &Difference| {
        let path = difference.path();
        let (is_add, value) = match difference {
            Difference::Add { value, .. } | Difference::Replace { value, .. } => (true, value),
            Difference::Remove { value, .. } => (false, value),
        };
        if path == format!("{write}/Resource") {
            let account = account_of_prefix(value.as_str().unwrap_or_default());
            return match is_add {
                true => format!("{account} may not write its logs yet"),
                false => format!("{account} may still write logs, and need not"),
            };
        }
        if path == format!("{write}/Condition/StringEquals/aws:SourceArn") {
            let trail = trail_of(value.as_str().unwrap_or_default());
            return match is_add {
                true => format!("{trail} may not write its logs yet"),
                false => format!("{trail} may still write logs, and need not"),
            };
        }
        if path.starts_with(&acl_check) {
            return "not every trail may look at the bucket, which CloudTrail asks for".to_owned();
        }
        if path.starts_with(&write) {
            return match is_add {
                true => "CloudTrail may not write logs as it should".to_owned(),
                false => "CloudTrail may write logs in a way that it need not".to_owned(),
            };
        }
        if path.starts_with(&of_organization) {
            return match is_add {
                true => "CloudTrail may not write the logs of the organization's accounts yet".to_owned(),
                false => "CloudTrail may still write logs of an organization, and need not".to_owned(),
            };
        }
        if path.starts_with(&deny) {
            return match is_add {
                true => "access without TLS is not denied".to_owned(),
                false => "access without TLS is denied otherwise than the spec says".to_owned(),
            };
        }
        super::policy::other_reason(&desired.ownership, difference)
    };
    then(&Policy {
        address: scope.bucket_policy_address(),
        place: scope.place(&desired.site),
        subject: Subject::Bucket,
        ownership: &desired.ownership,
        foreign: desired.foreign,
        refuses_public: public_access::may_refuse(scope),
        setting: Some(Setting {
            unlisted_accounts: UNLISTED,
            deleted_principals: "bucket.policy.deleted_principals",
        }),
        emptied: None,
        changed: Changed::BucketPolicy,
        explain: &explain,
    });
}

/// `arn:aws:s3:::logs/prefix/AWSLogs/111111111111/*` as `account 111111111111`.
fn account_of_prefix(resource: &str) -> String {
    let account = resource.split("AWSLogs/").nth(1).and_then(|rest| rest.split('/').next());
    account.map_or_else(|| resource.to_owned(), |account| format!("account {account}"))
}

fn trail_of(arn: &str) -> String {
    match arn.parse::<Arn>() {
        Ok(arn) => format!("{} of account {}", arn.resource().replace("trail/", "trail "), arn.account()),
        Err(_) => arn.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_a_value_stands_for() {
        assert_eq!(account_of_prefix("arn:aws:s3:::b/x/AWSLogs/111111111111/*"), "account 111111111111");
        assert_eq!(account_of_prefix("arn:aws:s3:::b/*"), "arn:aws:s3:::b/*");
        assert_eq!(
            trail_of("arn:aws:cloudtrail:us-east-1:111111111111:trail/T"),
            "trail T of account 111111111111"
        );
    }
}
