//! Compares the key policy.

use reconcile_policy::{Arn, Fitted, KeyIntent, Role, can_be_administered};

use super::Scope;
use super::change::Compared;
use super::confirm::Subject;
use super::departed::Naming;
use super::policy::{Policy, Setting, TakeOver, other_reason};
use crate::difference::Difference;
use crate::plan::Changed;
use crate::refusal::Refusal;

/// Where the spec says what becomes of the permissions of accounts that it does not have.
const UNLISTED: &str = "key.policy.unlisted_accounts";

/// Adds what lets our trails encrypt. Gives what the policy is to become, for [`contract`]; none if it does not fit, or is
/// not ours to write.
pub(super) fn compare(scope: &Scope<'_>, compared: &mut Compared) -> Option<Fitted> {
    if !scope.desired.key_policy.is_managed {
        return None;
    }
    let outcome = fitted(scope, TakeOver::Trails, compared)?;
    let live = scope.observed.key.as_ref().map(|hub| &hub.policy);
    refuse_lockout(scope, &outcome, compared);
    with_policy(scope, |policy| policy.expand(scope, live, &outcome, vec![scope.key_address()], compared));
    Some(outcome)
}

/// Takes away what is ours, when no trail needs it any more; but who administers the key goes on to.
pub(super) fn shrink(scope: &Scope<'_>, compared: &mut Compared) {
    let Some(hub) = scope.observed.key.as_ref().filter(|_| scope.desired.key_policy.is_managed) else {
        return;
    };
    if let Some(outcome) = fitted(scope, TakeOver::Nothing, compared) {
        refuse_lockout(scope, &outcome, compared);
        with_policy(scope, |policy| policy.shrink(scope, Some(&hub.policy), &outcome, compared));
    }
}

fn fitted(scope: &Scope<'_>, take_over: TakeOver, compared: &mut Compared) -> Option<Fitted> {
    let desired = &scope.desired.key_policy;
    let hub = scope.observed.key.as_ref();
    let live = hub.map(|hub| &hub.policy);
    // Who encrypts with the key and is not in the spec goes on to do so.
    let is_of_key =
        |key: &Option<String>| hub.is_some_and(|hub| key.as_deref() == Some(hub.key.arn.as_str()));
    let guests = scope.guests().filter(|guest| is_of_key(&guest.kms_key));
    let mut guests: Vec<Arn> = guests.map(|guest| guest.arn.clone()).collect();
    compared.warn_of_guests(&scope.key_policy_address(), guests.iter());
    let naming = Naming {
        address: scope.key_policy_address(),
        document: live,
        ownership: &desired.ownership,
        unlisted: desired.foreign.unlisted_accounts,
        setting: UNLISTED,
        take_over,
    };
    guests.extend(naming.guests(scope, compared).into_iter().map(|guest| guest.trail));
    let organization = scope.organization_of(desired.intent.trails.iter().chain(&guests));
    super::encryption::warn(scope, compared);
    let intent = KeyIntent {
        guests,
        organization,
        topics: scope.encrypted_topics(),
        log_groups: scope.encrypted_log_groups(),
        ..desired.intent.clone()
    };
    let trails = intent.trails.iter().chain(&intent.guests);
    let accounts = trails.map(|trail| trail.account().to_owned());
    let accounts = accounts.filter(|_| take_over == TakeOver::Trails).collect();

    let compile = |form| intent.compile(&desired.ownership, form);
    let mut outcome = None;
    with_policy(scope, |policy| outcome = policy.merge(live, compile, accounts, compared));
    outcome
}

/// Nobody could undo a policy that lets nobody change it.
fn refuse_lockout(scope: &Scope<'_>, outcome: &Fitted, compared: &mut Compared) {
    let site = &scope.desired.key.site;
    let Some(account) = scope.desired.account(&site.account) else { return };
    let merged = &outcome.merged;
    let is_kept = |document| can_be_administered(document, site.region.partition(), &account.id);
    if !is_kept(&merged.expanded) || !is_kept(&merged.contracted) {
        compared.refusals.push(Refusal::LockedOut { address: scope.key_policy_address() });
    }
}

/// Takes away what no trail needs any more, once all trails are what they should be.
pub(super) fn contract(scope: &Scope<'_>, outcome: &Fitted, compared: &mut Compared) {
    with_policy(scope, |policy| policy.contract(scope, outcome, compared));
}

fn with_policy(scope: &Scope<'_>, then: impl FnOnce(&Policy<'_>)) {
    let desired = &scope.desired.key_policy;
    let explain = |difference: &Difference| {
        let is_remove = matches!(difference, Difference::Remove { .. });
        const ROLES: [Role; 6] = [
            Role::Administration,
            Role::TrailEncrypt,
            Role::TrailDescribe,
            Role::TrailDecrypt,
            Role::TrailTopicEncrypt,
            Role::TrailLogGroupEncrypt,
        ];
        let sid = difference.path().split('/').nth(2).unwrap_or_default();
        let role = ROLES.into_iter().find(|role| desired.ownership.is_role(sid, *role));
        match (role, is_remove) {
            (Some(Role::Administration), false) => {
                "an administrator may not administer the key yet".to_owned()
            }
            (Some(Role::Administration), true) => "somebody administers the key who should not".to_owned(),
            (Some(Role::TrailTopicEncrypt), false) => {
                "CloudTrail is not allowed to use the key for every encrypted topic".to_owned()
            }
            (Some(Role::TrailTopicEncrypt), true) => {
                "CloudTrail is allowed to use the key for a topic that does not need it".to_owned()
            }
            (Some(Role::TrailLogGroupEncrypt), false) => {
                "CloudWatch Logs is not allowed to use the key for every encrypted log group".to_owned()
            }
            (Some(Role::TrailLogGroupEncrypt), true) => {
                "CloudWatch Logs is allowed to use the key for a log group that does not need it".to_owned()
            }
            (Some(_), false) => "not every trail may encrypt its logs with the key yet".to_owned(),
            (Some(_), true) => "the key may be used for trails that need it no more".to_owned(),
            (None, _) => other_reason(&desired.ownership, difference),
        }
    };
    then(&Policy {
        address: scope.key_policy_address(),
        place: scope.place(&desired.site),
        subject: Subject::Key,
        ownership: &desired.ownership,
        foreign: desired.foreign,
        refuses_public: false,
        setting: Some(Setting {
            unlisted_accounts: UNLISTED,
            deleted_principals: "key.policy.deleted_principals",
        }),
        emptied: None,
        changed: Changed::KeyPolicy,
        explain: &explain,
    });
}
