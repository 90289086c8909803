//! Compares the key policy.

use reconcile_policy::{
    Administration, Arn, Fitted, KeyIntent, Merged, Only, PolicyKind, Role, Statement, administration,
};

use super::change::Compared;
use super::confirm::Subject;
use super::departed::Plans;
use super::doubt::{self, settle};
use super::policy::{Policy, Setting};
use super::{Scope, guest};
use crate::delivery::{depends, membership, of_other};
use crate::plan::WarningCode;
use crate::refusal::Refusal;
use crate::view::OtherTrail;

/// The setting of the spec that accepts a lockout.
const PROOF: &str = "key.policy.proof";

/// Adds the statements that allow the trails to encrypt. Returns the planned policy for
/// [`contract`]; `None` if the policy is too large or unmanaged.
pub(super) fn compare(scope: &Scope<'_>, compared: &mut Compared) -> Option<Fitted> {
    let desired = &scope.desired.key_policy;
    if !desired.is_managed {
        return None;
    }
    let live = scope.observed.key.as_ref().map(|hub| &hub.policy);
    let organization = scope.organization_of(desired.intent.trails.iter());
    let mut adoption = guest::adoption(scope, desired.foreign, &desired.intent.trails, organization);
    let intent = intent(scope);
    let statements = intent.statements(&desired.ownership);
    let before = guest::Before {
        kind: PolicyKind::Key,
        live,
        ownership: &desired.ownership,
        adoption: &adoption,
        statements: &statements,
    };
    let joining = before.joining(users(scope), |trail| of_other(scope.desired, scope.observed, trail));
    let mut guests: Vec<Arn> = joining.iter().map(|trail| trail.arn.clone()).collect();
    compared.warn_of_guests(&scope.key_policy_address(), guests.iter());
    let policy = policy(scope);
    let departed = policy.departed(live, Plans::Manage, compared);
    guests.extend(departed.into_iter().map(|guest| guest.trail));
    adoption.trails.extend(guests.iter().cloned());
    let organization = scope.organization_of(adoption.trails.iter());
    adoption.organization.clone_from(&organization);
    super::encryption::warn(scope, compared);
    let intent = KeyIntent { guests, organization, ..intent };

    let (accounts, ownership) = (intent.accounts(), &desired.ownership);
    let compile = |form, only: Only<'_>| intent.compile_for(ownership, form, only);
    let outcome = policy.merge(live, &accounts, compile, &adoption, compared)?;
    refuse_lockout(scope, &outcome.merged, compared);
    policy.expand(live, &outcome, vec![scope.key_address()], compared);
    Some(outcome)
}

/// Removes all managed statements. The permissions of administrators and of the remaining trails
/// are handed over to unmanaged statements.
pub(super) fn shrink(scope: &Scope<'_>, compared: &mut Compared) {
    let desired = &scope.desired.key_policy;
    let Some(hub) = scope.observed.key.as_ref().filter(|_| desired.is_managed) else { return };
    let staying =
        guest::depending(users(scope), PolicyKind::Key, Some(&hub.policy), &desired.ownership, |trail| {
            of_other(scope.desired, scope.observed, trail)
        });
    let policy = policy(scope);
    policy.departed(Some(&hub.policy), Plans::Destroy, compared);
    let guests: Vec<Arn> = staying.iter().map(|trail| trail.arn.clone()).collect();
    super::encryption::warn(scope, compared);
    let intent = KeyIntent { guests: guests.clone(), ..intent(scope) };
    let statements = intent.statements(&desired.ownership);
    // A resource that remains encrypted still needs the key.
    let is_of_encrypted = |it: &&Statement| {
        let role = it.sid().and_then(|sid| desired.ownership.role(sid));
        matches!(role, Some(Role::TrailTopicEncrypt | Role::TrailLogGroupEncrypt))
    };
    let kept: Vec<Statement> = statements.iter().filter(is_of_encrypted).cloned().collect();
    if let Some(merged) = policy.shrink(Some(&hub.policy), &kept, &statements, &guests, compared) {
        refuse_lockout(scope, &merged, compared);
    }
}

/// Returns the permissions that the spec needs, including topics and log groups that are encrypted
/// with the key.
fn intent(scope: &Scope<'_>) -> KeyIntent {
    KeyIntent {
        topics: scope.encrypted_topics(),
        log_groups: scope.encrypted_log_groups(),
        ..scope.desired.key_policy.intent.clone()
    }
}

/// The trails that encrypt with the key and that the spec does not have, whichever bucket they deliver to.
fn users<'a>(scope: &Scope<'a>) -> Vec<&'a OtherTrail> {
    let Some(hub) = &scope.observed.key else { return Vec::new() };
    scope
        .others_that_stay()
        .filter(|it| it.kms_key.as_ref().is_some_and(|key| key.is_of(&hub.key.arn)))
        .collect()
}

/// Refuses a policy that nobody could change any more, because nobody could undo it. Warns if that
/// is unknown or accepted.
fn refuse_lockout(scope: &Scope<'_>, merged: &Merged, compared: &mut Compared) {
    let site = &scope.desired.key.site;
    let Some(account) = scope.desired.account(&site.account) else { return };
    let membership = membership(scope.observed, account.id.as_str());
    let found = |document| administration(document, site.region.partition(), &account.id, &membership);
    let address = scope.key_policy_address();
    let accepted = scope.accepted(&address);
    let (code, message) = match (found(&merged.expanded), found(&merged.contracted)) {
        (Administration::Lost, _) | (_, Administration::Lost) => {
            let refusal = Refusal::LockedOut { address: address.clone(), setting: PROOF };
            let Some(why) = accepted else { return compared.refusals.push(refusal) };
            (WarningCode::LockedOut, format!("{refusal}; {why}"))
        }
        (Administration::Unknown(doubts), _) | (_, Administration::Unknown(doubts)) => {
            let keys = doubts.iter().flat_map(|doubt| &doubt.keys);
            let settled = keys.map(|key| settle(scope, key)).chain(scope.how_to_accept(&address));
            let what = "whether somebody in the account of the key could still administer the key";
            let told = doubt::told(what, &depends(&doubts, "a principal to do so"), settled);
            match accepted {
                Some(why) => (WarningCode::AdministrationUnknown, format!("{told}; {why}")),
                None => {
                    compared.unsettled.insert(address.clone(), told.clone());
                    (WarningCode::AdministrationUnknown, told)
                }
            }
        }
        (Administration::Kept, Administration::Kept) => return,
    };
    compared.warn(code, address, message);
}

/// Returns the key policy for the steps that all policies share.
pub(super) fn policy<'a>(scope: &'a Scope<'a>) -> Policy<'a> {
    let desired = &scope.desired.key_policy;
    Policy {
        scope,
        address: scope.key_policy_address(),
        place: scope.place(&desired.site),
        subject: Subject::Key,
        ownership: &desired.ownership,
        form: desired.form,
        tags: scope.observed.key.as_ref().map(|hub| &hub.key.view.tags),
        foreign: desired.foreign,
        refuses_public: false,
        setting: Some(Setting {
            unlisted_accounts: "key.policy.unlisted_accounts",
            deleted_principals: "key.policy.deleted_principals",
        }),
    }
}
