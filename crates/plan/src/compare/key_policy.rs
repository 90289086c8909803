//! Compares the key policy.

use reconcile_policy::{
    AccountFilter, Administration, Arn, Fitted, Intent, KeyIntent, Merged, PolicyKind, Statement,
    StatementRole, administration,
};

use super::change::Compared;
use super::confirm::PolicyResource;
use super::departed::Plans;
use super::doubt::{self, how_to_settle};
use super::policy::{PolicyComparison, PolicySettings};
use super::{CompareContext, guest};
use crate::delivery::{depends, membership, unlisted_delivery};
use crate::plan::WarningCode;
use crate::refusal::Refusal;
use crate::view::OtherTrail;

/// The setting of the spec that accepts a lockout.
const PROOF: &str = "key.policy.proof";

/// Adds the statements that allow the trails to encrypt. Returns the planned policy for
/// [`contract`]; `None` if the policy is too large or unmanaged.
pub(super) fn compare(context: &CompareContext<'_>, compared: &mut Compared) -> Option<Fitted> {
    let desired = &context.desired.key_policy;
    if !desired.is_managed {
        return None;
    }
    let live = context.observed.key.as_ref().map(|hub| &hub.policy);
    let organization = context.organization_of(desired.intent.trails.iter());
    let mut adoption = guest::adoption(context, desired.foreign, &desired.intent.trails, organization);
    let intent = intent(context);
    let statements = intent.statements(&desired.ownership);
    let before = guest::Before {
        kind: PolicyKind::Key,
        live,
        ownership: &desired.ownership,
        adoption: &adoption,
        statements: &statements,
    };
    let joining =
        before.joining(users(context), |trail| unlisted_delivery(context.desired, context.observed, trail));
    let mut guests: Vec<Arn> = joining.iter().map(|trail| trail.arn.clone()).collect();
    compared.warn_of_guests(&context.key_policy_address(), guests.iter());
    let policy = policy(context);
    let departed = policy.departed(live, Plans::Manage, compared);
    guests.extend(departed.into_iter().map(|guest| guest.trail));
    adoption.trails.extend(guests.iter().cloned());
    let organization = context.organization_of(adoption.trails.iter());
    adoption.organization.clone_from(&organization);
    super::encryption::warn(context, compared);
    let intent = KeyIntent { guests, organization, ..intent };

    let (accounts, ownership) = (intent.accounts(), &desired.ownership);
    let compile = |form, only: AccountFilter<'_>| intent.compile_for(ownership, form, only);
    let outcome = policy.merge(live, &accounts, compile, &adoption, compared)?;
    refuse_unusable(context, &outcome.merged, compared);
    policy.expand(live, &outcome, vec![context.key_address()], compared);
    Some(outcome)
}

/// Removes all managed statements. The permissions of administrators and of the remaining trails
/// are handed over to unmanaged statements.
pub(super) fn shrink(context: &CompareContext<'_>, compared: &mut Compared) {
    let desired = &context.desired.key_policy;
    let Some(hub) = context.observed.key.as_ref().filter(|_| desired.is_managed) else { return };
    let staying =
        guest::depending(users(context), PolicyKind::Key, Some(&hub.policy), &desired.ownership, |trail| {
            unlisted_delivery(context.desired, context.observed, trail)
        });
    let policy = policy(context);
    policy.departed(Some(&hub.policy), Plans::Destroy, compared);
    let guests: Vec<Arn> = staying.iter().map(|trail| trail.arn.clone()).collect();
    super::encryption::warn(context, compared);
    let intent = KeyIntent { guests: guests.clone(), ..intent(context) };
    let statements = intent.statements(&desired.ownership);
    // A resource that remains encrypted still needs the key.
    let is_of_encrypted = |it: &&Statement| {
        let role = it.sid().and_then(|sid| desired.ownership.role(sid));
        matches!(role, Some(StatementRole::TrailTopicEncrypt | StatementRole::TrailLogGroupEncrypt))
    };
    let kept: Vec<Statement> = statements.iter().filter(is_of_encrypted).cloned().collect();
    if let Some(merged) = policy.shrink(Some(&hub.policy), &kept, &statements, &guests, compared) {
        refuse_unusable(context, &merged, compared);
    }
}

/// Returns the permissions that the spec needs, including topics and log groups that are encrypted
/// with the key.
fn intent(context: &CompareContext<'_>) -> KeyIntent {
    KeyIntent {
        topics: context.encrypted_topics(),
        log_groups: context.encrypted_log_groups(),
        ..context.desired.key_policy.intent.clone()
    }
}

/// Returns the trails outside the spec that encrypt with the key, even if they deliver to another
/// bucket.
fn users<'a>(context: &CompareContext<'a>) -> Vec<&'a OtherTrail> {
    let Some(hub) = &context.observed.key else { return Vec::new() };
    context
        .others_that_stay()
        .filter(|it| it.kms_key.as_ref().is_some_and(|key| key.is_of(&hub.key.arn)))
        .collect()
}

/// Refuses a policy without statements, which KMS rejects, or a policy that nobody could change any
/// more.
fn refuse_unusable(context: &CompareContext<'_>, merged: &Merged, compared: &mut Compared) {
    match merged.contracted.statements() {
        [] => compared.refusals.push(Refusal::EmptyPolicy { address: context.key_policy_address() }),
        _ => refuse_lockout(context, merged, compared),
    }
}

/// Refuses a policy that nobody could change any more, because nobody could undo the change. Warns
/// instead if it is unknown whether anybody could change the policy, or if the spec accepts the
/// policy.
fn refuse_lockout(context: &CompareContext<'_>, merged: &Merged, compared: &mut Compared) {
    let site = &context.desired.key.site;
    let Some(account) = context.desired.account(&site.account) else { return };
    let membership = membership(context.observed, account.id.as_str());
    let found = |document| administration(document, site.region.partition(), &account.id, &membership);
    let address = context.key_policy_address();
    let accepted = context.accepted(&address);
    let (code, message) = match (found(&merged.expanded), found(&merged.contracted)) {
        (Administration::Lost, _) | (_, Administration::Lost) => {
            let refusal = Refusal::LockedOut { address: address.clone(), setting: PROOF };
            let Some(why) = accepted else { return compared.refusals.push(refusal) };
            (WarningCode::LockedOut, format!("{refusal}; {why}"))
        }
        (Administration::Unknown(doubts), _) | (_, Administration::Unknown(doubts)) => {
            let keys = doubts.iter().flat_map(|doubt| &doubt.keys);
            let settled = keys.map(|key| how_to_settle(context, key)).chain(context.how_to_accept(&address));
            let what = "whether somebody in the account of the key could still administer the key";
            let depends = depends(&doubts, "allows this to a principal", "denies this to a principal");
            let message = doubt::describe(what, &depends, settled);
            match accepted {
                Some(why) => (WarningCode::AdministrationUnknown, format!("{message}; {why}")),
                None => {
                    compared.unsettled.insert(address.clone(), message.clone());
                    (WarningCode::AdministrationUnknown, message)
                }
            }
        }
        (Administration::Kept, Administration::Kept) => return,
    };
    compared.warn(code, address, message);
}

/// Returns the key policy for the steps that all policies share.
pub(super) fn policy<'a>(context: &'a CompareContext<'a>) -> PolicyComparison<'a> {
    let desired = &context.desired.key_policy;
    PolicyComparison {
        context,
        address: context.key_policy_address(),
        place: context.place(&desired.site),
        subject: PolicyResource::Key,
        ownership: &desired.ownership,
        form: desired.form,
        tags: context.observed.key.as_ref().map(|hub| &hub.key.view.tags),
        foreign: desired.foreign,
        refuses_public: false,
        setting: Some(PolicySettings {
            unlisted_accounts: "key.policy.unlisted_accounts",
            deleted_principals: "key.policy.deleted_principals",
        }),
    }
}
