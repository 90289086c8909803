//! Finds the keys of encrypted topics and log groups, and the topics and log groups that still need
//! the key of the spec.
//!
//! Most topics and log groups are encrypted with the key of the spec, or not encrypted. In both
//! cases, no call is needed.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_kms::types::KeyManagerType;
use reconcile_aws::{Aws, Session};
use reconcile_operations::Operation;
use reconcile_plan::observed::{
    KeyState, Observed, ReadError, UnreadableReason, UsedKey, departed_accounts, granted,
};
use reconcile_plan::view::AtRest;
use reconcile_policy::{Arn, KeyIdentifier};
use reconcile_spec::{Account, Desired};

use super::{key, key_policy, log_group, topic};

/// Reads the unknown keys of topics and log groups. Also reads the topics and log groups that are
/// not in the spec, but that managed statements still allow to use the key.
pub(super) async fn find(aws: &Aws, desired: &Desired, observed: &mut Observed) {
    let mut unknown: BTreeMap<Arn, Vec<Arn>> = BTreeMap::new();
    for (resource, name) in encrypted(observed) {
        let Some(named) = name.arn_for(&resource) else { continue };
        match known(&named, desired, observed) {
            Some(key) => _ = observed.used_keys.insert(resource, key),
            None => unknown.entry(named).or_default().push(resource),
        }
    }
    for (named, resources) in unknown {
        let own = observed.key.as_ref().map(|hub| &hub.key.arn);
        let key = match account_of(desired, &named) {
            Some(account) => {
                let hidden = |error| UsedKey::Hidden { name: named.clone(), error: Some(error) };
                read(aws, account, &named, own).await.unwrap_or_else(hidden)
            }
            None => UsedKey::Hidden { name: named.clone(), error: None },
        };
        for resource in resources {
            observed.used_keys.insert(resource, key.clone());
        }
    }
    for (access, arn) in left_over(desired, observed) {
        let found = match access {
            Ok(account) => {
                needs_key(aws, &account, &arn, desired, observed).await.map_err(UnreadableReason::Unreadable)
            }
            Err(why) => Err(why),
        };
        match found {
            Ok(false) => {}
            Ok(true) => _ = observed.still_encrypted.insert(arn, None),
            // If a resource cannot be read, it may still need the key.
            Err(why) => _ = observed.still_encrypted.insert(arn, Some(why)),
        }
    }
}

/// Returns every topic and log group that a KMS key encrypts, with the identifier by which it names
/// the key.
fn encrypted(observed: &Observed) -> Vec<(Arn, KeyIdentifier)> {
    let key = |encryption: Option<&AtRest>| encryption.and_then(AtRest::key).cloned();
    let topics = observed
        .topics
        .iter()
        .filter_map(|(arn, live)| Some((arn.clone(), key(live.as_ref()?.view.encryption.as_ref())?)));
    let existing = observed
        .existing_topics
        .iter()
        .filter_map(|(arn, live)| Some((arn.clone(), key(Some(&live.as_ref().ok()?.as_ref()?.encryption))?)));
    let groups = observed
        .log_groups
        .iter()
        .filter_map(|(arn, live)| Some((arn.clone(), key(live.as_ref()?.encryption.as_ref())?)));
    topics.chain(existing).chain(groups).collect()
}

/// Returns the facts about a key that are known without a call.
fn known(named: &Arn, desired: &Desired, observed: &Observed) -> Option<UsedKey> {
    if named.resource() == "alias/aws/sns" {
        return Some(UsedKey::ManagedByAws);
    }
    let hub = observed.key.as_ref()?;
    let own = &hub.key.arn;
    let is_there = named.account() == own.account() && named.region() == own.region();
    let alias = desired.key.identity.alias().filter(|_| hub.key.is_aliased && is_there);
    let is_own = named == own || alias.is_some_and(|alias| named.resource() == alias.with_prefix());
    is_own.then_some(UsedKey::Own)
}

fn account_of<'d>(desired: &'d Desired, arn: &Arn) -> Option<&'d Account> {
    desired.accounts.iter().find(|account| account.id.as_str() == arn.account())
}

/// Reads a key that a resource names, in the account of the key. `own` is the key of the spec.
async fn read(aws: &Aws, account: &Account, named: &Arn, own: Option<&Arn>) -> Result<UsedKey, ReadError> {
    let unusable = |state: &str| UsedKey::Unusable { name: named.clone(), state: state.to_owned() };
    let Ok(region) = named.region().parse() else { return Ok(unusable("missing")) };
    let session = Session::open(aws, account).await?;
    let metadata = key::describe(&session, &region, named.as_str(), Operation::DescribeUsedKey).await?;
    let Some(metadata) = metadata else { return Ok(unusable("missing")) };
    let arn = key::arn_of(&metadata)?;
    if metadata.key_manager() == Some(&KeyManagerType::Aws) {
        return Ok(UsedKey::ManagedByAws);
    }
    let state = key::traits_of(&metadata).state;
    if state != KeyState::Enabled {
        return Ok(unusable(&state.words()));
    }
    if own == Some(&arn) {
        return Ok(UsedKey::Own);
    }
    let policy =
        key_policy::read_stored(&session, &region, &arn, Operation::GetUsedKeyPolicy).await?.document;
    Ok(UsedKey::Other { arn, policy })
}

/// Returns the topics and log groups that are not in the spec, but that managed statements allow to
/// use the key, each with its account. If an account left the spec or is no longer selected from
/// the organization, `reconcile` enters it in the same way as for its trails.
fn left_over(desired: &Desired, observed: &Observed) -> Vec<(Result<Account, UnreadableReason>, Arn)> {
    let mut arns: BTreeSet<Arn> = granted(desired, observed);
    arns.retain(|arn| {
        desired.topics.iter().all(|it| it.arn != *arn)
            && desired.existing_topics.iter().all(|it| it.arn != *arn)
            && desired.log_groups.iter().all(|it| it.arn != *arn)
    });
    let mut left_over = Vec::new();
    let mut undeclared: BTreeMap<String, BTreeSet<Arn>> = BTreeMap::new();
    for arn in arns {
        match account_of(desired, &arn) {
            Some(account) => left_over.push((Ok(account.clone()), arn)),
            None => _ = undeclared.entry(arn.account().to_owned()).or_default().insert(arn),
        }
    }
    for departed in departed_accounts(desired, observed.organization.as_ref(), undeclared) {
        left_over.extend(departed.resources.into_iter().map(|arn| (departed.access.clone(), arn)));
    }
    left_over
}

/// Returns whether a topic or a log group still needs the key. A topic needs the key while it
/// encrypts with the key. A log group needs the key as long as it exists, because CloudWatch Logs
/// decrypts the earlier events of the log group with the key.
async fn needs_key(
    aws: &Aws,
    account: &Account,
    arn: &Arn,
    desired: &Desired,
    observed: &Observed,
) -> Result<bool, ReadError> {
    let Ok(region) = arn.region().parse() else { return Ok(false) };
    let session = Session::open(aws, account).await?;
    if arn.service() == "logs" {
        let name = arn.resource().trim_start_matches("log-group:");
        return Ok(log_group::read(&session, &region, name).await?.is_some());
    }
    let operation = Operation::GetTopicAttributes;
    let Some(found) = topic::read_attributes(&session, &region, arn, operation).await? else {
        return Ok(false);
    };
    let name = found.encryption.key().and_then(|name| name.arn_for(arn));
    Ok(name.is_some_and(|name| known(&name, desired, observed).is_none_or(|key| key == UsedKey::Own)))
}
