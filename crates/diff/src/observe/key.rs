//! Reads the KMS key: by its alias, or by our tags where it has none.

use std::collections::BTreeMap;

use aws_sdk_kms::types::{KeyManagerType, KeyMetadata, KeyState};
use futures::future::{try_join, try_join_all};
use reconcile_aws::{Class, Operation, Session};
use reconcile_policy::{Arn, Region};
use reconcile_spec::{AliasName, Installation, KeyIdentity};

use super::error::{ReadError, found};
use super::page;
use crate::view::{Key, Rotation, Tags};

/// A key that exists.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveKey {
    /// Its ARN.
    pub arn: Arn,
    /// Whether the spec's name for it stands for it: its alias, or its ARN.
    pub is_aliased: bool,
    /// Its settings.
    pub view: Key,
}

/// A key that exists, by what can be known of it without its id.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Its ARN.
    pub arn: Arn,
    /// Whether the spec's name for it stands for it: its alias, or its ARN.
    pub is_aliased: bool,
    description: String,
}

/// What became of a search for a key.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Search {
    /// The key.
    pub found: Option<Found>,
    /// Keys whose tags may not be read, and why: one of them may be the one. Empty where there was no need to look at tags.
    pub hidden: BTreeMap<Arn, reconcile_aws::Error>,
}

impl From<Option<Found>> for Search {
    fn from(found: Option<Found>) -> Self {
        Self { found, hidden: BTreeMap::new() }
    }
}

/// The key of the spec: the one of its ARN, or the one that its alias stands for, or else one with our tags, which a former
/// run made and could not name any more. None where the spec leaves the key alone.
///
/// # Errors
/// [`ReadError::KeyUnusable`] where it is a key that cannot encrypt, [`ReadError::NoSuchKey`] where there is none of that
/// ARN; whatever KMS answered.
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
        KeyIdentity::Existing(arn) => {
            match describe(session, region, arn.as_str(), Operation::DescribeKey).await? {
                Some(metadata) => Ok(Some(usable(metadata)?).into()),
                None => Err(ReadError::NoSuchKey { arn: arn.clone() }),
            }
        }
        KeyIdentity::Unmanaged => Ok(Search::default()),
    }
}

/// The key that an alias stands for.
///
/// # Errors
/// [`ReadError::KeyUnusable`] where it is a key that cannot encrypt; whatever KMS answered.
pub async fn find_named(
    session: &Session,
    region: &Region,
    alias: &AliasName,
) -> Result<Option<Found>, ReadError> {
    describe(session, region, &alias.with_prefix(), Operation::DescribeKey).await?.map(usable).transpose()
}

fn usable(metadata: KeyMetadata) -> Result<Found, ReadError> {
    let arn = arn_of(&metadata)?;
    match metadata.key_state() {
        Some(KeyState::Enabled) => {
            Ok(Found { arn, is_aliased: true, description: metadata.description.unwrap_or_default() })
        }
        state => Err(ReadError::KeyUnusable { arn, state: words(state) }),
    }
}

/// A usable key with our tags that no alias of ours leads to. The oldest, where there are several.
///
/// # Errors
/// Whatever KMS answered.
pub async fn find_unnamed(
    session: &Session,
    region: &Region,
    owner: &Installation,
) -> Result<Search, ReadError> {
    let (keys, of_aws) = try_join(list(session, region), list_aws_managed(session, region)).await?;
    let candidates = keys.into_iter().filter(|key| !of_aws.iter().any(|id| id == key.resource_name()));
    let looked_at = try_join_all(candidates.map(|key| async move {
        let is_ours = match tags(session, region, key.as_str()).await {
            Ok(tags) => tags.are_of(owner),
            // Somebody else's key may well say who looks at it.
            Err(error) if error.class == Class::Denied => return Ok(Err((key, error))),
            Err(error) => return Err(ReadError::Aws(error)),
        };
        let describe = || describe(session, region, key.as_str(), Operation::DescribeKey);
        Ok(Ok(if is_ours { describe().await? } else { None }))
    }))
    .await?;
    let (mut ours, mut hidden) = (Vec::new(), BTreeMap::new());
    for key in looked_at {
        match key {
            Ok(key) => ours.extend(key),
            Err((key, error)) => _ = hidden.insert(key, error),
        }
    }
    let found = ours
        .into_iter()
        .filter(|key| {
            key.key_state() == Some(&KeyState::Enabled) && key.key_manager() != Some(&KeyManagerType::Aws)
        })
        .min_by_key(|key| key.creation_date().map(aws_sdk_kms::primitives::DateTime::secs))
        .map(|key| {
            let arn = arn_of(&key)?;
            Ok::<_, ReadError>(Found {
                arn,
                is_aliased: false,
                description: key.description.unwrap_or_default(),
            })
        })
        .transpose()?;
    // Who has found it need not ask for the others.
    let hidden = if found.is_some() { BTreeMap::new() } else { hidden };
    Ok(Search { found, hidden })
}

/// The settings of a key.
///
/// # Errors
/// Whatever KMS answered.
pub async fn read(session: &Session, region: &Region, key: &Found) -> Result<LiveKey, ReadError> {
    let (rotation, tags) =
        try_join(rotation(session, region, key.arn.as_str()), tags(session, region, key.arn.as_str()))
            .await?;
    let view = Key {
        description: Some(key.description.clone()),
        rotation: Some(rotation),
        tags,
        initial_policy: None,
    };
    Ok(LiveKey { arn: key.arn.clone(), is_aliased: key.is_aliased, view })
}

/// The aliases that stand for a key.
///
/// # Errors
/// Whatever KMS answered.
pub async fn aliases(session: &Session, region: &Region, key: &Arn) -> Result<Vec<AliasName>, ReadError> {
    let kms = &session.kms(region);
    let aliases = page::all(|marker| async move {
        let call = kms.list_aliases().key_id(key.as_str()).set_marker(marker).send();
        let page = session.call(Operation::ListAliases, call).await?;
        Ok::<_, ReadError>((page.aliases.unwrap_or_default(), page.next_marker.filter(|_| page.truncated)))
    });
    let names = aliases.await?.into_iter().filter_map(|alias| alias.alias_name);
    Ok(names.filter_map(|name| name.strip_prefix("alias/")?.parse().ok()).collect())
}

/// What `DescribeKey` says of a key, by id, ARN or alias.
pub(super) async fn describe(
    session: &Session,
    region: &Region,
    id: &str,
    operation: Operation,
) -> Result<Option<KeyMetadata>, ReadError> {
    let kms = session.kms(region);
    let answer = found(session.call(operation, kms.describe_key().key_id(id).send()).await)?;
    Ok(answer.and_then(|answer| answer.key_metadata))
}

async fn rotation(session: &Session, region: &Region, id: &str) -> Result<Rotation, reconcile_aws::Error> {
    /// What KMS does where nobody has said otherwise. See `EnableKeyRotation` in the KMS API reference.
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
/// If KMS does not list them.
pub async fn tags(session: &Session, region: &Region, id: &str) -> Result<Tags, reconcile_aws::Error> {
    let kms = &session.kms(region);
    let tags = page::all(|marker| async move {
        let call = kms.list_resource_tags().key_id(id).set_marker(marker).send();
        let page = session.call(Operation::ListResourceTags, call).await?;
        Ok::<_, reconcile_aws::Error>((
            page.tags.unwrap_or_default(),
            page.next_marker.filter(|_| page.truncated),
        ))
    });
    Ok(Tags(tags.await?.into_iter().map(|tag| (tag.tag_key, tag.tag_value)).collect()))
}

async fn list(session: &Session, region: &Region) -> Result<Vec<Arn>, ReadError> {
    let kms = &session.kms(region);
    let keys = page::all(|marker| async move {
        let page = session.call(Operation::ListKeys, kms.list_keys().set_marker(marker).send()).await?;
        Ok::<_, ReadError>((page.keys.unwrap_or_default(), page.next_marker.filter(|_| page.truncated)))
    });
    Ok(keys.await?.into_iter().filter_map(|key| key.key_arn?.parse().ok()).collect())
}

/// Ids of the keys that AWS manages for its services; their aliases begin with `alias/aws/`.
async fn list_aws_managed(session: &Session, region: &Region) -> Result<Vec<String>, ReadError> {
    let kms = &session.kms(region);
    let aliases = page::all(|marker| async move {
        let page = session.call(Operation::ListAliases, kms.list_aliases().set_marker(marker).send()).await?;
        Ok::<_, ReadError>((page.aliases.unwrap_or_default(), page.next_marker.filter(|_| page.truncated)))
    });
    let mut of_aws = aliases.await?;
    of_aws.retain(|alias| alias.alias_name().is_some_and(|name| name.starts_with("alias/aws/")));
    Ok(of_aws.into_iter().filter_map(|alias| alias.target_key_id).collect())
}

pub(super) fn arn_of(metadata: &KeyMetadata) -> Result<Arn, ReadError> {
    metadata.arn().and_then(|arn| arn.parse().ok()).ok_or_else(|| ReadError::Incomplete {
        resource: format!("key {}", metadata.key_id()),
        what: "an ARN",
    })
}

/// `PendingDeletion` as `pending deletion`.
pub(super) fn words(state: Option<&KeyState>) -> String {
    let name = state.map_or("in an unknown state", KeyState::as_str);
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}
