//! Reads the KMS key of an installation, and finds other keys with the tag of the installation.
//!
//! The key in use is the managed key that trails use. The alias only names a key, and does not
//! decide which key is in use: otherwise, anybody who can change the alias could choose the key
//! with which all trails encrypt.

pub(super) mod in_use;

use std::collections::BTreeMap;

use aws_sdk_kms::primitives::DateTime;
use aws_sdk_kms::types::{
    KeyManagerType, KeyMetadata, KeyState as SdkState, MultiRegionKey, MultiRegionKeyType,
};
use futures::future::{join_all, try_join};
use jiff::Timestamp;
use reconcile_aws::Session;
use reconcile_operations::Operation;
use reconcile_plan::observed::{KeyState, KeyTraits, LiveKey, ReadError, Rotated, SpareKey, Spares};
use reconcile_plan::view::{Key, Rotation, Tags};
use reconcile_policy::{Arn, Region};
use reconcile_spec::{AliasName, Installation, KeyIdentity};

use super::alias;
use super::error::found;
use super::page::{self, Next};

/// A key as `DescribeKey` returns it, without its tags and its rotation.
#[derive(Debug, Clone, PartialEq)]
pub struct DescribedKey {
    /// The ARN of the key.
    pub arn: Arn,
    /// Whether the alias or the ARN in the spec identifies the key.
    pub is_aliased: bool,
    /// The kind of key material, and the state of the key.
    pub traits: KeyTraits,
    description: String,
}

/// The result of a search for a key.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Search {
    /// The key.
    pub found: Option<DescribedKey>,
    /// Keys whose tags cannot be read, with the errors: one of these keys may be the wanted key.
    /// Empty if the search did not need tags.
    pub hidden: BTreeMap<Arn, reconcile_operations::Error>,
}

impl From<Option<DescribedKey>> for Search {
    fn from(found: Option<DescribedKey>) -> Self {
        Self { found, ..Self::default() }
    }
}

/// Finds the key that the spec names: by its ARN, or by its alias. If the alias does not exist,
/// because an earlier apply ended before it created the alias, finds the key by the tag of the
/// installation. Returns `None` if the spec does not manage the key.
///
/// # Errors
/// Returns [`ReadError::NoSuchKey`] if no key has the ARN, or another error if a call to KMS fails
/// or its answer is incomplete.
pub async fn find(
    session: &Session,
    region: &Region,
    identity: &KeyIdentity,
    owner: &Installation,
) -> Result<Search, ReadError> {
    match identity {
        KeyIdentity::Alias(alias) => match find_named(session, region, alias).await? {
            Some(found) => Ok(Some(found).into()),
            None => find_unnamed(session, region, owner).await,
        },
        KeyIdentity::Existing(arn) => match find_by_arn(session, region, arn).await? {
            Some(found) => Ok(Some(found).into()),
            None => Err(ReadError::NoSuchKey { arn: arn.clone() }),
        },
        KeyIdentity::Unmanaged => Ok(Search::default()),
    }
}

/// Reads the key to which an alias points.
///
/// # Errors
/// Returns an error if `DescribeKey` fails, or if its answer is incomplete.
pub async fn find_named(
    session: &Session,
    region: &Region,
    alias: &AliasName,
) -> Result<Option<DescribedKey>, ReadError> {
    let metadata = describe(session, region, &alias.with_prefix(), Operation::DescribeKey).await?;
    metadata.map(|metadata| DescribedKey::of(metadata, true)).transpose()
}

/// Reads the key with an ARN, without its alias.
///
/// # Errors
/// Returns an error if `DescribeKey` fails, or if its answer is incomplete.
pub async fn find_by_arn(
    session: &Session,
    region: &Region,
    arn: &Arn,
) -> Result<Option<DescribedKey>, ReadError> {
    let metadata = describe(session, region, arn.as_str(), Operation::DescribeKey).await?;
    metadata.map(|metadata| DescribedKey::of(metadata, true)).transpose()
}

impl DescribedKey {
    fn of(metadata: KeyMetadata, is_aliased: bool) -> Result<Self, ReadError> {
        Ok(Self {
            arn: arn_of(&metadata)?,
            is_aliased,
            traits: traits_of(&metadata),
            description: metadata.description.unwrap_or_default(),
        })
    }

    /// Returns the settings without the rotation, because KMS returns the rotation in another call.
    fn view(&self, tags: Tags) -> Key {
        Key { description: Some(self.description.clone()), rotation: None, tags, initial_policy: None }
    }
}

/// Reads the settings of a key of the installation that is not in use, without the rotation.
///
/// # Errors
/// Returns an error if KMS does not return the tags.
pub async fn read_spare(session: &Session, region: &Region, key: &DescribedKey) -> Result<Key, ReadError> {
    Ok(key.view(tags(session, region, key.arn.as_str()).await?))
}

/// Finds a key by the tag of the installation. Prefers an enabled key to a disabled key, and an
/// older key to a newer key. Ignores keys that are pending deletion.
///
/// # Errors
/// Returns an error if a call to KMS fails, except if the policy of a key denies the read of its
/// tags, or if an answer is incomplete.
pub async fn find_unnamed(
    session: &Session,
    region: &Region,
    owner: &Installation,
) -> Result<Search, ReadError> {
    let (keys, aliases) = try_join(list(session, region), alias::list(session, region)).await?;
    let tagged = find_tagged(session, region, owner, customer_managed(keys, &aliases)).await?;
    let found = tagged
        .keys
        .into_iter()
        .map(|(key, _)| key)
        .filter(|key| key.key_state() != Some(&SdkState::PendingDeletion))
        .min_by_key(|key| {
            let is_disabled = key.key_state() != Some(&SdkState::Enabled);
            (is_disabled, key.creation_date().map(DateTime::secs))
        })
        .map(|key| DescribedKey::of(key, false))
        .transpose()?;
    // The other keys are irrelevant if the key is found.
    let hidden = if found.is_some() { BTreeMap::new() } else { tagged.hidden };
    Ok(Search { found, hidden })
}

/// Returns the keys with the tag of the installation, except the key of the spec. If a key cannot
/// be read, returns its error.
pub async fn find_spares(
    session: &Session,
    region: &Region,
    owner: &Installation,
    named: Option<&Arn>,
) -> Spares {
    let listed = try_join(list(session, region), alias::list(session, region)).await;
    let found = match listed {
        Ok((keys, aliases)) => {
            let keys = customer_managed(keys, &aliases).into_iter().filter(|key| Some(key) != named);
            find_tagged(session, region, owner, keys.collect()).await.map(|tagged| (tagged, aliases))
        }
        Err(error) => Err(error),
    };
    match found {
        Ok((tagged, aliases)) => {
            let spare = |(key, tags): (KeyMetadata, Tags)| {
                let of_key = aliases.iter().filter(|alias| alias.key == key.key_id());
                let aliases = of_key.map(|alias| alias.name.clone()).collect();
                let found = DescribedKey::of(key, false).ok()?;
                let view = found.view(tags);
                Some((found.arn, SpareKey { state: found.traits.state, aliases, view }))
            };
            Spares {
                keys: tagged.keys.into_iter().filter_map(spare).collect(),
                hidden: tagged.hidden,
                unlisted: None,
            }
        }
        Err(error) => Spares { unlisted: Some(error), ..Spares::default() },
    }
}

/// Keys that have a tag, and keys whose tags cannot be read.
struct TaggedKeys {
    keys: Vec<(KeyMetadata, Tags)>,
    hidden: BTreeMap<Arn, reconcile_operations::Error>,
}

/// Finds the keys that have the tag of the installation.
async fn find_tagged(
    session: &Session,
    region: &Region,
    owner: &Installation,
    keys: Vec<Arn>,
) -> Result<TaggedKeys, reconcile_operations::Error> {
    let read = join_all(keys.into_iter().map(|key| async move {
        let tagged = async {
            let tags = tags(session, region, key.as_str()).await?;
            if !tags.belong_to(owner) {
                return Ok::<_, reconcile_operations::Error>(None);
            }
            let found = metadata(session, region, key.as_str(), Operation::DescribeKey).await?;
            Ok(found.map(|key| (key, tags)))
        };
        (tagged.await, key)
    }))
    .await;
    let mut tagged = TaggedKeys { keys: Vec::new(), hidden: BTreeMap::new() };
    for (found, key) in read {
        match found {
            Ok(found) => {
                tagged.keys.extend(found.filter(|(key, _)| key.key_manager() != Some(&KeyManagerType::Aws)));
            }
            // The policy of a foreign key decides who can read the tags of the key.
            Err(error) if error.is_denied() => _ = tagged.hidden.insert(key, error),
            Err(error) => return Err(error),
        }
    }
    Ok(tagged)
}

/// Reads the settings of a key.
///
/// # Errors
/// Returns an error if KMS does not return the tags or the rotation.
pub async fn read(session: &Session, region: &Region, key: &DescribedKey) -> Result<LiveKey, ReadError> {
    let arn = key.arn.as_str();
    let rotation = async {
        match is_asked_about_rotation(&key.traits) {
            true => rotation(session, region, arn).await.map(Some),
            false => Ok(None),
        }
    };
    let (rotation, tags) = try_join(rotation, tags(session, region, arn)).await?;
    let view = Key { rotation, ..key.view(tags) };
    Ok(LiveKey { arn: key.arn.clone(), is_aliased: key.is_aliased, traits: key.traits.clone(), view })
}

/// Returns whether the rotation of the key can be read. If AWS does not rotate the key, or if the
/// key is pending deletion, KMS returns an error.
fn is_asked_about_rotation(traits: &KeyTraits) -> bool {
    traits.rotated() != Rotated::Never && matches!(traits.state, KeyState::Enabled | KeyState::Disabled)
}

/// Reads the metadata of a key, by ID, ARN or alias; `None` if there is no such key.
pub(super) async fn describe(
    session: &Session,
    region: &Region,
    id: &str,
    operation: Operation,
) -> Result<Option<KeyMetadata>, ReadError> {
    Ok(metadata(session, region, id, operation).await?)
}

async fn metadata(
    session: &Session,
    region: &Region,
    id: &str,
    operation: Operation,
) -> Result<Option<KeyMetadata>, reconcile_operations::Error> {
    let kms = session.kms(region);
    let Some(answer) = found(session.call(operation, kms.describe_key().key_id(id).send()).await)? else {
        return Ok(None);
    };
    answer.key_metadata.map(Some).ok_or_else(|| session.incomplete(operation, "KeyMetadata"))
}

/// Returns the kind and the state of a key.
pub(super) fn traits_of(metadata: &KeyMetadata) -> KeyTraits {
    let default = KeyTraits::default();
    let regions = metadata.multi_region_configuration();
    let replica = regions.filter(|it| it.multi_region_key_type() == Some(&MultiRegionKeyType::Replica));
    let time = |date: &DateTime| Timestamp::from_second(date.secs()).ok();
    let date = metadata.deletion_date().and_then(time);
    let all = regions.into_iter().flat_map(|it| it.primary_key().into_iter().chain(it.replica_keys()));
    let relatives = all.filter_map(MultiRegionKey::arn).filter(|arn| Some(*arn) != metadata.arn());
    KeyTraits {
        usage: metadata.key_usage().map_or(default.usage, |it| it.as_str().to_owned()),
        spec: metadata.key_spec().map_or(default.spec, |it| it.as_str().to_owned()),
        origin: metadata.origin().map_or(default.origin, |it| it.as_str().to_owned()),
        relatives: relatives.filter_map(|arn| arn.parse().ok()).collect(),
        expires: metadata.valid_to().and_then(time),
        primary: replica.and_then(|it| it.primary_key()?.arn()?.parse().ok()),
        state: match metadata.key_state() {
            Some(SdkState::Enabled) => KeyState::Enabled,
            Some(SdkState::Disabled) => KeyState::Disabled,
            Some(SdkState::PendingDeletion) => KeyState::PendingDeletion { date },
            Some(other) => KeyState::Other(other.as_str().to_owned()),
            None => KeyState::Other("in an unknown state".to_owned()),
        },
    }
}

async fn rotation(
    session: &Session,
    region: &Region,
    id: &str,
) -> Result<Rotation, reconcile_operations::Error> {
    /// The default period of KMS. See `EnableKeyRotation` in the KMS API reference.
    const DEFAULT_PERIOD_DAYS: u32 = 365;

    let kms = session.kms(region);
    let call = kms.get_key_rotation_status().key_id(id).send();
    let status = session.call(Operation::GetKeyRotationStatus, call).await?;
    Ok(if status.key_rotation_enabled {
        let days = status.rotation_period_in_days.and_then(|days| u32::try_from(days).ok());
        Rotation::EveryDays(days.unwrap_or(DEFAULT_PERIOD_DAYS))
    } else {
        Rotation::Off
    })
}

/// Reads all tags of a key.
///
/// # Errors
/// Returns an error if `ListResourceTags` fails, or if its answer is incomplete or does not end.
pub async fn tags(session: &Session, region: &Region, id: &str) -> Result<Tags, reconcile_operations::Error> {
    let kms = &session.kms(region);
    let tags = page::all(session, Operation::ListResourceTags, |marker| async move {
        let call = kms.list_resource_tags().key_id(id).set_marker(marker).send();
        let page = session.call(Operation::ListResourceTags, call).await?;
        Ok::<_, reconcile_operations::Error>((
            page.tags.ok_or_else(|| session.incomplete(Operation::ListResourceTags, "Tags"))?,
            Next::truncated(page.truncated, page.next_marker),
        ))
    });
    Ok(Tags(tags.await?.into_iter().map(|tag| (tag.tag_key, tag.tag_value)).collect()))
}

async fn list(session: &Session, region: &Region) -> Result<Vec<Arn>, reconcile_operations::Error> {
    let kms = &session.kms(region);
    let keys = page::all(session, Operation::ListKeys, |marker| async move {
        let page = session.call(Operation::ListKeys, kms.list_keys().set_marker(marker).send()).await?;
        Ok::<_, reconcile_operations::Error>((
            page.keys.ok_or_else(|| session.incomplete(Operation::ListKeys, "Keys"))?,
            Next::truncated(page.truncated, page.next_marker),
        ))
    });
    Ok(keys.await?.into_iter().filter_map(|key| key.key_arn?.parse().ok()).collect())
}

/// Returns the keys, without the keys that AWS manages for its services. The aliases of those keys
/// begin with `alias/aws/`.
fn customer_managed(keys: Vec<Arn>, aliases: &[alias::KeyAlias]) -> Vec<Arn> {
    let is_of_aws = |key: &Arn| {
        aliases.iter().any(|it| it.name.starts_with("alias/aws/") && it.key == key.resource_name())
    };
    keys.into_iter().filter(|key| !is_of_aws(key)).collect()
}

pub(super) fn arn_of(metadata: &KeyMetadata) -> Result<Arn, ReadError> {
    metadata.arn().and_then(|arn| arn.parse().ok()).ok_or_else(|| ReadError::Incomplete {
        resource: format!("key {}", metadata.key_id()),
        what: "an ARN",
    })
}
