//! Creates, updates and deletes the KMS key.

use std::time::Duration;

use aws_sdk_kms::types::Tag;
use reconcile_diff::observe::key::{
    DescribedKey, find_by_arn, find_named, find_unnamed, read, read_spare, tags as tags_of,
};
use reconcile_operations::{Error, Operation};
use reconcile_plan::observed::KeyState;
use reconcile_plan::plan::Action;
use reconcile_plan::view::{Key, Rotation, Tags};
use reconcile_policy::Arn;

use crate::error::ApplyError;
use crate::propagation::read_on;
use crate::resource::{Creates, Deletes, Reads, Updates, change, delete};
use crate::work::{Made, Work};

/// The maximum number of attempts to create the key, if it is unknown whether the last attempt
/// created a key.
const ATTEMPTS: usize = 3;

/// The maximum time to search for a key after the answer to `CreateKey` was lost. Lists and tags of
/// keys are eventually consistent: see "AWS KMS eventual consistency" in the KMS developer guide.
const SEARCH: Duration = Duration::from_secs(30);

pub(super) async fn execute(work: &Work<'_>, action: &Action<Key>) -> Result<Made, ApplyError> {
    match (work.context.spare_key(&work.change.address), action) {
        (None, action) => change(work, &KeyCalls { work, is_kept: action.after().is_some() }, action).await,
        (Some(arn), Action::Delete { before }) => delete(work, &SpareKeyCalls { work, arn }, before).await,
        (Some(_), _) => Err(ApplyError::BadAddress(work.change.address.clone())),
    }
}

/// The calls for the key in use.
struct KeyCalls<'a> {
    work: &'a Work<'a>,
    /// Whether the plan keeps the key. If it does, a key that is pending deletion counts as a key
    /// that exists.
    is_kept: bool,
}

impl Reads for KeyCalls<'_> {
    type View = Key;
    type Live = Key;

    async fn read(&self) -> Result<Option<Key>, ApplyError> {
        let (work, address) = (self.work, &self.work.change.address);
        let found = work.context.find_key(work.session, address).await?;
        let Some(found) = found.filter(|found| self.is_kept || !is_ended(found)) else { return Ok(None) };
        let live = read(work.session, work.region(), &found).await?;
        work.context.made_key(address, &live.arn);
        Ok(Some(live.view))
    }
}

impl Creates for KeyCalls<'_> {
    async fn create(&self, wanted: &Key) -> Result<(), ApplyError> {
        let arn = make(self.work, wanted).await?;
        self.work.context.made_key(&self.work.change.address, &arn);
        let live = read_on(&mut self.work.backoff(), true, Option::is_none, || self.read()).await?;
        let live = live.ok_or(ApplyError::Incomplete { what: "a new key", missing: "its settings" })?;
        self.update(&live, wanted).await
    }
}

impl Updates for KeyCalls<'_> {
    async fn update(&self, live: &Key, wanted: &Key) -> Result<(), ApplyError> {
        let work = self.work;
        let (kms, arn) = (work.session.kms(work.region()), self.arn().await?);
        let key = arn.as_str();
        if let Some(description) =
            wanted.description.as_ref().filter(|it| live.description.as_ref() != Some(it))
        {
            let describe = || kms.update_key_description().key_id(key).description(description).send();
            work.write(Operation::UpdateKeyDescription, describe).await?;
        }
        let missing = wanted.tags.missing_from(&live.tags);
        if !missing.0.is_empty() {
            let tag = || kms.tag_resource().key_id(key).set_tags(Some(tags(&missing))).send();
            work.write(Operation::TagKey, tag).await?;
        }
        match wanted.rotation.filter(|_| wanted.rotation != live.rotation) {
            Some(Rotation::EveryDays(days)) => {
                let days = i32::try_from(days).ok();
                let enable =
                    || kms.enable_key_rotation().key_id(key).set_rotation_period_in_days(days).send();
                work.write(Operation::EnableKeyRotation, enable).await
            }
            Some(Rotation::Off) => {
                let disable = || kms.disable_key_rotation().key_id(key).send();
                work.write(Operation::DisableKeyRotation, disable).await
            }
            None => Ok(()),
        }
    }
}

impl Deletes for KeyCalls<'_> {
    async fn delete(&self, _: &Key) -> Result<(), ApplyError> {
        schedule_deletion(self.work, &self.arn().await?).await
    }
}

impl KeyCalls<'_> {
    async fn arn(&self) -> Result<Arn, ApplyError> {
        self.work.context.existing_key(self.work.session, &self.work.change.address).await
    }
}

/// The calls for a key of the installation that is not in use. Such a key can only be deleted.
struct SpareKeyCalls<'a> {
    work: &'a Work<'a>,
    arn: Arn,
}

impl Reads for SpareKeyCalls<'_> {
    type View = Key;
    type Live = Key;

    async fn read(&self) -> Result<Option<Key>, ApplyError> {
        let (session, region) = (self.work.session, self.work.region());
        let found = find_by_arn(session, region, &self.arn).await?;
        match found.filter(|found| !is_ended(found)) {
            Some(found) => Ok(Some(read_spare(session, region, &found).await?)),
            None => Ok(None),
        }
    }
}

impl Deletes for SpareKeyCalls<'_> {
    async fn delete(&self, _: &Key) -> Result<(), ApplyError> {
        schedule_deletion(self.work, &self.arn).await
    }
}

/// Whether the deletion of a key is scheduled. A plan treats such a key as deleted.
fn is_ended(found: &DescribedKey) -> bool {
    matches!(found.traits.state, KeyState::PendingDeletion { .. })
}

/// Schedules the deletion of a key, after the longest waiting period. Anybody who still needs the
/// key can cancel the deletion during this period. See "Deleting AWS KMS keys" in the KMS developer
/// guide.
async fn schedule_deletion(work: &Work<'_>, key: &Arn) -> Result<(), ApplyError> {
    /// The longest waiting period of KMS.
    const DAYS: i32 = 30;

    let kms = work.session.kms(work.region());
    let schedule =
        || kms.schedule_key_deletion().key_id(key.resource_name()).pending_window_in_days(DAYS).send();
    work.delete(Operation::ScheduleKeyDeletion, schedule).await
}

/// Creates the key, and never creates two keys. If it is unknown whether an earlier call created a
/// key, in this apply or in an interrupted apply, searches for that key before it creates another
/// key.
async fn make(work: &Work<'_>, wanted: &Key) -> Result<Arn, ApplyError> {
    let mut backoff = work.backoff();
    let mut attempt = 1;
    let mut is_unknown = work.journal.may_have_created(work.change);
    loop {
        if is_unknown && let Some(found) = search(work).await? {
            return settled(work, found.arn).await;
        }
        work.journal.creating(work.change)?;
        let error = match create(work, wanted).await {
            Ok(arn) => return settled(work, arn).await,
            Err(error) => error,
        };
        is_unknown = has_unknown_outcome(&error);
        if !is_unknown {
            work.journal.left(work.change)?;
        }
        let is_early = error.aws().is_some_and(|it| it.is_throttled() || it.is_unseen_principal());
        let is_repeated = if is_early { backoff.wait().await } else { is_unknown && attempt < ATTEMPTS };
        if !is_repeated {
            return Err(error);
        }
        attempt += 1;
    }
}

/// Searches for a key with the tag of the installation, for at most the time [`SEARCH`].
async fn search(work: &Work<'_>) -> Result<Option<DescribedKey>, ApplyError> {
    let mut backoff = work.backoff().at_most(SEARCH);
    loop {
        let search = find_unnamed(work.session, work.region(), &work.context.installation).await?;
        if search.found.is_some() || !backoff.wait().await {
            return Ok(search.found);
        }
    }
}

/// Returns the key to use. If two first applies run at the same time, each of them creates a key,
/// and both use the key that gets the alias. An alias points to one key, so the second apply cannot
/// create the alias.
async fn settled(work: &Work<'_>, made: Arn) -> Result<Arn, ApplyError> {
    let Some(first) = claim(work, &made).await? else { return Ok(made) };
    // Nothing uses the second key yet. If it cannot be deleted, the next plan reports it as a spare
    // key.
    let _ = schedule_deletion(work, &made).await;
    Ok(first)
}

/// Creates the alias of the key, if the plan creates the alias. If another key of this installation
/// already has the alias, returns that key.
async fn claim(work: &Work<'_>, key: &Arn) -> Result<Option<Arn>, ApplyError> {
    let Some(alias) = work.context.new_alias() else { return Ok(None) };
    let (session, region) = (work.session, work.region());
    let kms = session.kms(region);
    let create = || kms.create_alias().alias_name(alias.with_prefix()).target_key_id(key.as_str()).send();
    match work.write(Operation::CreateAlias, create).await {
        Ok(()) => Ok(None),
        Err(ApplyError::Aws(error)) if error.is_conflict() => {
            let mut backoff = work.backoff();
            let read = || find_named(session, region, alias);
            let first = read_on(&mut backoff, true, Option::is_none, read).await?.map(|found| found.arn);
            let Some(first) = first.filter(|first| first != key) else { return Ok(None) };
            let is_ours =
                tags_of(session, region, first.as_str()).await?.belong_to(&work.context.installation);
            Ok(is_ours.then_some(first))
        }
        Err(error) => Err(error),
    }
}

/// Whether it is unknown if a call created a key.
fn has_unknown_outcome(error: &ApplyError) -> bool {
    match error {
        ApplyError::Incomplete { .. } => true,
        error => error.aws().is_some_and(Error::has_unknown_outcome),
    }
}

async fn create(work: &Work<'_>, wanted: &Key) -> Result<Arn, ApplyError> {
    let kms = work.session.kms(work.region());
    let call = kms
        .create_key()
        .set_policy(wanted.initial_policy.as_ref().map(ToString::to_string))
        .set_description(wanted.description.clone())
        // The tags are part of the same call: a key without tags could not be found again.
        .set_tags(Some(tags(&wanted.tags)));
    let answer = work.call(Operation::CreateKey, call.send()).await?;
    let arn = answer.key_metadata.and_then(|metadata| metadata.arn?.parse().ok());
    arn.ok_or(ApplyError::Incomplete { what: "a new key", missing: "an ARN" })
}

fn tags(tags: &Tags) -> Vec<Tag> {
    // `build` fails only if the key or the value is missing, and both are always set.
    tags.0
        .iter()
        .filter_map(|(key, value)| Tag::builder().tag_key(key).tag_value(value).build().ok())
        .collect()
}
