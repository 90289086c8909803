//! Deletes all managed resources in a safe order: destinations of trails, trails, their
//! permissions, and at the end, if the spec allows it, the bucket and the key.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use reconcile_policy::{Arn, Document, Ownership, StatementRole};
use reconcile_spec::{Desired, Site, Spec, Unlisted};

use super::change::{ChangeParts, Compared};
use super::policy::DEFAULT_RESTORED;
use super::{CompareContext, Comparison, plan_of};
use super::{
    alarm, alias, bucket_policy, grant, key_policy, leftover, metric_filter, public_access, topic_policy,
    trail,
};
use crate::additions::{log_group_additions, role_additions, topic_additions, without_own_filters};
use crate::address::{Address, spare_address};
use crate::freshness::DigestTrails;
use crate::observed::{Hidden, KeyState, Leftover, Observed, ReadError, Stray, UsedKey, What, granted};
use crate::plan::{Changed, Phase, Risk, Warning, WarningCode};
use crate::view::{Key, OtherTrail, Tags};

/// Returns the reason why a resource without the tag of this installation is kept.
fn unmarked(tags: Option<&Tags>) -> String {
    match tags.and_then(Tags::owner) {
        Some(owner) => format!("installation `{owner}` manages it"),
        None => "it does not have the tag of this installation".to_owned(),
    }
}

/// Makes the plan that deletes all resources of a spec that have its tag.
pub fn destroy(spec: &Spec, observed: &Observed, now: Timestamp) -> Comparison {
    let mut desired = spec.desired().emptied();
    if !has_administration(observed, &desired.key_policy.ownership) {
        // A destroy must not make anybody an administrator.
        desired.key_policy.intent.administrators.clear();
    }
    let unwanted = as_unwanted(spec.desired(), observed);
    let mut context = CompareContext::new(&desired, &unwanted);
    if spec.desired().bucket_policy.foreign.unlisted_accounts != Unlisted::Remove {
        context.awaited = observed.departed.unseen.keys().map(|trail| trail.account().to_owned()).collect();
    }
    let mut compared = Compared::default();

    alarm::contract(&context, &mut compared);
    metric_filter::contract(&context, &mut compared);
    leftover::contract(&context, &mut compared);
    trail::remove(&context, &mut compared);
    let grants = grant::compare(&context, &mut compared);
    grant::contract(&context, grants, &mut compared);
    key_policy::shrink(&context, &mut compared);
    bucket_policy::shrink(&context, &mut compared);
    public_access::refuse(&context, &mut compared);
    let others = spec.desired().topics.iter().filter(|it| !unwanted.leftovers.contains_key(&it.arn));
    topic_policy::shrink(&context, others, &mut compared);
    for change in &mut compared.changes {
        change.reasons.retain(|reason| reason == DEFAULT_RESTORED);
        change
            .reasons
            .insert(0, "the installation is destroyed; foreign resources and statements are kept".to_owned());
    }
    warn_of_unmarked(spec.desired(), observed, &unwanted, &mut compared);
    let is_bucket_to_go = remove_bucket(&context, &mut compared);
    remove_spares(&context, is_bucket_to_go, &mut compared);
    remove_key(&context, is_bucket_to_go, &mut compared);
    compared.unchanged = 0;

    let (mut plan, refusals) = plan_of(spec, &context, compared, now);
    plan.destroy = true;
    Comparison {
        plan,
        refusals,
        undelivered: Vec::new(),
        outsiders: Vec::new(),
        absent: BTreeSet::new(),
        unsettled: BTreeMap::new(),
        foreign: Vec::new(),
        blocking: BTreeSet::new(),
        accounts: context.accounts(),
        digests: DigestTrails::default(),
    }
}

/// Returns the observed state of a spec without resources: resources with the tag of the
/// installation are leftovers or strays, and trails without the tag are guests.
fn as_unwanted(desired: &Desired, observed: &Observed) -> Observed {
    let mut unwanted = observed.clone();
    for trail in &desired.trails {
        let Some(Some(live)) = unwanted.trails.remove(&trail.arn) else { continue };
        unwanted.others.entry(trail.site.account.clone()).or_default().push(OtherTrail::of(&live));
        if live.tags.belong_to(&desired.installation) {
            let stray = Stray { account: trail.site.account.clone(), trail: live };
            unwanted.strays.insert(trail.arn.clone(), stray);
        }
    }
    let mut leave = |arn: &Arn, site: &Site, tags: &Tags, what, additions: Result<Vec<String>, ReadError>| {
        if !tags.belong_to(&desired.installation) {
            return;
        }
        let (account, region) = (site.account.clone(), site.region.clone());
        match additions {
            Ok(additions) => {
                _ = unwanted.leftovers.insert(arn.clone(), Leftover { account, region, what, additions });
            }
            Err(error) => _ = unwanted.hidden.insert(arn.clone(), Hidden { account, error }),
        }
    };
    for group in &desired.log_groups {
        if let Some(Some(live)) = observed.log_groups.get(&group.arn) {
            let traits = observed.group_traits.get(&group.arn).cloned().unwrap_or_default();
            let access = observed.log_access.get(&group.arn).cloned().unwrap_or_default();
            let monitors = observed.monitors.get(&group.arn).and_then(|it| it.as_ref().ok());
            let filters = monitors.map(|monitors| monitors.filters.keys());
            let traits = without_own_filters(traits, filters, &desired.installation);
            let additions = log_group_additions(&traits, &access);
            leave(&group.arn, &group.site, &live.tags, What::LogGroup(live.clone()), additions);
        }
    }
    for role in &desired.log_roles {
        if let Some(Some(live)) = observed.roles.get(&role.arn) {
            let policies = observed.role_policies.get(&role.arn).cloned().unwrap_or(Ok(Vec::new()));
            let additions = policies.map(|policies| role_additions(&policies));
            leave(&role.arn, &role.site, &live.tags, What::Role(live.clone()), additions);
        }
    }
    for topic in &desired.topics {
        if let Some(Some(live)) = observed.topics.get(&topic.arn) {
            let additions = topic_additions(live, &topic.ownership).map_err(ReadError::Aws);
            leave(&topic.arn, &topic.site, &live.view.tags, What::Topic(live.clone()), additions);
        }
    }
    // A kept resource that is encrypted with the key still needs the key.
    let granted = granted(desired, observed);
    let is_encrypted = |arn: &Arn| observed.used_keys.get(arn) == Some(&UsedKey::Own);
    let topics = desired.topics.iter().map(|topic| &topic.arn);
    let topics = topics.filter(|arn| is_encrypted(arn));
    let exists = |arn: &&Arn| observed.log_groups.get(arn) != Some(&None);
    let groups = desired.log_groups.iter().map(|group| &group.arn).filter(exists);
    let groups = groups.filter(|arn| is_encrypted(arn) || granted.contains(*arn));
    for arn in topics.chain(groups) {
        unwanted.still_encrypted.entry(arn.clone()).or_default();
    }
    unwanted
}

fn has_administration(observed: &Observed, ownership: &Ownership) -> bool {
    let policy: Option<&Document> = observed.key.as_ref().map(|hub| &hub.policy);
    let is_administration = |sid: &str| ownership.is_in_role(sid, StatementRole::Administration);
    policy.is_some_and(|policy| policy.statements().iter().any(|it| it.sid().is_some_and(is_administration)))
}

/// Warns of trails without the tag of the installation, which may be foreign now.
fn warn_of_unmarked(desired: &Desired, observed: &Observed, unwanted: &Observed, compared: &mut Compared) {
    let is_there = |arn: &Arn| unwanted.others.values().flatten().any(|other| other.arn == *arn);
    for trail in &desired.trails {
        if is_there(&trail.arn) && !unwanted.strays.contains_key(&trail.arn) {
            let address = Address::trail(trail);
            let live = observed.trails.get(&trail.arn).and_then(Option::as_ref);
            stay(compared, address, &unmarked(live.map(|live| &live.tags)));
        }
    }
}

/// Deletes the bucket, if the spec allows it. Returns whether the bucket is deleted, or does not
/// exist.
fn remove_bucket(context: &CompareContext<'_>, compared: &mut Compared) -> bool {
    let Some(live) = &context.observed.bucket else { return true };
    let guest = context.guests().next();
    let address = context.bucket_address();
    let stays = if !live.tags.belong_to(&context.desired.installation) {
        Some(unmarked(Some(&live.tags)))
    } else if !context.desired.deletion.bucket {
        Some("`deletion.bucket` is not true in the spec".to_owned())
    } else if let Some(guest) = guest {
        Some(format!("trail {} still delivers to it", guest.arn))
    } else if !context.observed.is_bucket_empty {
        Some("the bucket has log files: empty the bucket first, if nobody needs them".to_owned())
    } else {
        None
    };
    if let Some(why) = stays {
        stay(compared, address, &why);
        return false;
    }
    let parts = ChangeParts {
        depends_on: before_the_last(compared),
        place: context.place(&context.desired.bucket.site),
        phase: Phase::Contract,
        changed: Changed::Bucket,
        explain: |_, _| {
            (vec!["the installation is destroyed, and the bucket is empty".to_owned()], Risk::Destructive)
        },
        address,
    };
    let withheld = context.withholds(&parts.address, "its deletion");
    let is_to_go = withheld.is_none();
    match withheld {
        Some(warning) => compared.warnings.push(warning),
        None => compared.delete(parts, live.clone()),
    }
    is_to_go
}

/// Deletes the key in use. Its alias is deleted first, so that the alias never points to a key that
/// is pending deletion.
fn remove_key(context: &CompareContext<'_>, is_bucket_to_go: bool, compared: &mut Compared) {
    let Some(hub) = &context.observed.key else { return };
    let address = context.key_address();
    let stays = if context.desired.key.identity.alias().is_none() {
        Some("this spec does not manage the key (`key.arn`)".to_owned())
    } else if !hub.key.view.tags.belong_to(&context.desired.installation) {
        Some(unmarked(Some(&hub.key.view.tags)))
    } else if let KeyState::PendingDeletion { .. } = &hub.key.traits.state {
        Some(format!("the key is already {}", hub.key.traits.state.words()))
    } else {
        let user = context.still_encrypted().next();
        why_key_stays(context, &hub.key.arn, user, is_bucket_to_go)
    };
    if let Some(why) = stays {
        return stay(compared, address, &why);
    }
    let depends_on = before_the_last(compared);
    if context.withholds(&address, "its deletion").is_none() {
        alias::remove(context, depends_on.clone(), compared);
    }
    let depends_on = depends_on.into_iter().chain([context.alias_address()]).collect();
    delete_key(context, address, depends_on, &hub.key.view, compared);
}

/// Deletes the keys of the installation that are not in use.
fn remove_spares(context: &CompareContext<'_>, is_bucket_to_go: bool, compared: &mut Compared) {
    let depends_on = before_the_last(compared);
    for (arn, spare) in &context.observed.spare_keys.keys {
        if let KeyState::PendingDeletion { .. } = spare.state {
            continue;
        }
        let address = spare_address(&context.key_address(), arn);
        let encrypted = context.observed.used_keys.iter().filter(|(_, used)| match used {
            UsedKey::Other { arn: key, .. } => key == arn,
            UsedKey::Own | UsedKey::ManagedByAws | UsedKey::Unusable { .. } | UsedKey::Hidden { .. } => false,
        });
        let user = encrypted.map(|(user, _)| user).find(|user| !context.is_deleted(user.as_str()));
        match why_key_stays(context, arn, user, is_bucket_to_go) {
            Some(why) => stay(compared, address, &why),
            None => delete_key(context, address, depends_on.clone(), &spare.view, compared),
        }
    }
}

/// Returns the reason why a managed key is kept; `None` if it is deleted.
fn why_key_stays(
    context: &CompareContext<'_>,
    key: &Arn,
    user: Option<&Arn>,
    is_bucket_to_go: bool,
) -> Option<String> {
    let mut others = context.others_that_stay();
    let guest = others.find(|it| it.kms_key.as_ref().is_some_and(|used| used.is_of(key)));
    if !context.desired.deletion.key {
        Some("`deletion.key` is not true in the spec".to_owned())
    } else if let Some(guest) = guest {
        Some(format!("trail {} still encrypts with it", guest.arn))
    } else if let Some(user) = user {
        Some(format!("{user} is encrypted with it"))
    } else if context.desired.deletion.bucket && !is_bucket_to_go {
        Some("the bucket is kept, and its log files could not be read without the key".to_owned())
    } else {
        None
    }
}

fn delete_key(
    context: &CompareContext<'_>,
    address: Address,
    depends_on: Vec<Address>,
    live: &Key,
    compared: &mut Compared,
) {
    if let Some(warning) = context.withholds(&address, "its deletion") {
        compared.warnings.push(warning);
        return;
    }
    let parts = ChangeParts {
        depends_on,
        place: context.place(&context.desired.key.site),
        phase: Phase::Contract,
        changed: Changed::Key,
        explain: |_, _| {
            let why = "the installation is destroyed: the key is deleted in 30 days, and the deletion can be cancelled until then";
            (
                vec![why.to_owned(), "data that the key encrypted cannot be read after that".to_owned()],
                Risk::Destructive,
            )
        },
        address,
    };
    compared.delete(parts, live.clone());
}

/// Returns the addresses of all earlier changes.
fn before_the_last(compared: &Compared) -> Vec<Address> {
    let changes: BTreeSet<Address> = compared.changes.iter().map(|change| change.address.clone()).collect();
    changes.into_iter().collect()
}

fn stay(compared: &mut Compared, address: Address, why: &str) {
    let message = format!("kept: {why}");
    compared.warnings.push(Warning { code: WarningCode::Kept, address, message });
}
