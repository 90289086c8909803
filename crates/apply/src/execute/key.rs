//! Creates, updates and deletes the KMS key.

use std::time::Duration;

use aws_sdk_kms::types::Tag;
use reconcile_diff::observe::key::{
    Found, find_by_arn, find_named, find_unnamed, read, read_spare, tags as tags_of,
};
use reconcile_operations::{Error, Operation};
use reconcile_plan::observed::KeyState;
use reconcile_plan::plan::Action;
use reconcile_plan::view::{Key, Rotation, Tags};
use reconcile_policy::Arn;

use super::{Made, Verdict, Work};
use crate::error::ApplyError;
use crate::propagation::read_on;

/// How often to try to create the key while it is unknown whether the last try created one.
const ATTEMPTS: usize = 3;

/// How long to look for a key that a call may have created whose answer was lost: lists and tags of keys are eventually
/// consistent. See "AWS KMS eventual consistency" in the KMS developer guide.
const SEARCH: Duration = Duration::from_secs(30);

pub(super) async fn execute(work: &Work<'_>, action: &Action<Key>) -> Result<Made, ApplyError> {
    if let Some(spare) = work.context.spare_key(&work.change.address) {
        return delete_spare(work, action, &spare).await;
    }
    let (session, region) = (work.session, work.region());
    let found = work.context.find_key(session, &work.change.address).await?;
    let found = found.filter(|found| action.after().is_some() || !is_ended(found));
    let live = match &found {
        Some(found) => Some(read(session, region, found).await?),
        None => None,
    };
    if let Some(live) = &live {
        work.context.made_key(&work.change.address, &live.arn);
    }
    if let Verdict::AlreadyDone = work.judge(action, live.as_ref().map(|live| &live.view))? {
        return Ok(Made::Unchanged);
    }
    let (arn, before) = match (action.after(), live) {
        (_, Some(live)) => (live.arn, live.view),
        (Some(wanted), None) => make(work, wanted).await?,
        (None, None) => return Ok(Made::Unchanged),
    };
    match action.after() {
        Some(wanted) => {
            work.context.made_key(&work.change.address, &arn);
            Step { work, arn: &arn }.converge(&before, wanted).await?;
        }
        None => schedule_deletion(work, &arn).await?,
    }
    work.shown(action, Some(&before), || look(work, &arn, action.after().is_some())).await
}

/// The settings of a key, by its ARN; `None` if it does not exist, or is about to be deleted where it is not to be kept.
async fn look(work: &Work<'_>, arn: &Arn, is_kept: bool) -> Result<Option<Key>, ApplyError> {
    let found = find_by_arn(work.session, work.region(), arn).await?;
    match found.filter(|found| is_kept || !is_ended(found)) {
        Some(found) => Ok(Some(read(work.session, work.region(), &found).await?.view)),
        None => Ok(None),
    }
}

/// Deletes a key of the installation that is not in use.
async fn delete_spare(work: &Work<'_>, action: &Action<Key>, arn: &Arn) -> Result<Made, ApplyError> {
    let look = || async {
        let found = find_by_arn(work.session, work.region(), arn).await?;
        match found.filter(|found| !is_ended(found)) {
            Some(found) => Ok::<_, ApplyError>(Some(read_spare(work.session, work.region(), &found).await?)),
            None => Ok(None),
        }
    };
    let live = look().await?;
    if let Verdict::AlreadyDone = work.judge(action, live.as_ref())? {
        return Ok(Made::Unchanged);
    }
    schedule_deletion(work, arn).await?;
    work.shown(action, live.as_ref(), look).await
}

/// Whether the deletion of a key is scheduled, which is a deletion for a plan.
fn is_ended(found: &Found) -> bool {
    matches!(found.traits.state, KeyState::PendingDeletion { .. })
}

/// Until then, whoever still needs the key can cancel it. See "Deleting AWS KMS keys" in the KMS developer guide.
async fn schedule_deletion(work: &Work<'_>, key: &Arn) -> Result<(), ApplyError> {
    /// The longest that KMS waits.
    const DAYS: i32 = 30;

    let kms = work.session.kms(work.region());
    work.delete(|| {
        let call = kms.schedule_key_deletion().key_id(key.resource_name()).pending_window_in_days(DAYS);
        async { work.session.call(Operation::ScheduleKeyDeletion, call.send()).await }
    })
    .await
}

/// Makes the key, and never two. Where it is not known whether a call created a key, in this apply or in one that was killed, it
/// looks for that key before it creates another.
async fn make(work: &Work<'_>, wanted: &Key) -> Result<(Arn, Key), ApplyError> {
    let mut patience = work.patience();
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
        let is_repeated = if is_early { patience.wait().await } else { is_unknown && attempt < ATTEMPTS };
        if !is_repeated {
            return Err(error);
        }
        attempt += 1;
    }
}

/// Looks for a key with our tags for some seconds.
async fn search(work: &Work<'_>) -> Result<Option<Found>, ApplyError> {
    let mut patience = work.patience().at_most(SEARCH);
    loop {
        let search = find_unnamed(work.session, work.region(), &work.context.installation).await?;
        if search.found.is_some() || !patience.wait().await {
            return Ok(search.found);
        }
    }
}

/// The key with its settings, once it is certain that it is the one: of two first applies at once, each creates a key, and the one
/// that gets the alias is used by both. An alias names one key, and its creation fails for whoever comes second.
async fn settled(work: &Work<'_>, made: Arn) -> Result<(Arn, Key), ApplyError> {
    let arn = match claim(work, &made).await? {
        Some(first) => {
            // Nothing uses the key yet. Where it cannot be deleted, the next plan reports it as a spare key.
            let _ = schedule_deletion(work, &made).await;
            first
        }
        None => made,
    };
    let found = read_on(&mut work.patience(), true, Option::is_none, || look(work, &arn, true)).await?;
    found.map(|key| (arn, key)).ok_or(ApplyError::Incomplete { what: "a new key", missing: "its settings" })
}

/// Gives the key its alias, if the plan has that. Returns the key of this installation that has it already, if there is one.
async fn claim(work: &Work<'_>, key: &Arn) -> Result<Option<Arn>, ApplyError> {
    let Some(alias) = work.context.new_alias() else { return Ok(None) };
    let (session, region) = (work.session, work.region());
    let kms = session.kms(region);
    let made = work.settle(|| {
        let call = kms.create_alias().alias_name(alias.with_prefix()).target_key_id(key.as_str());
        async { session.call(Operation::CreateAlias, call.send()).await.map(drop) }
    });
    match made.await {
        Ok(()) => Ok(None),
        Err(ApplyError::Aws(error)) if error.is_already_so() => {
            let mut patience = work.patience();
            let read = || find_named(session, region, alias);
            let first = read_on(&mut patience, true, Option::is_none, read).await?.map(|found| found.arn);
            let Some(first) = first.filter(|first| first != key) else { return Ok(None) };
            let is_ours = tags_of(session, region, first.as_str()).await?.are_of(&work.context.installation);
            Ok(is_ours.then_some(first))
        }
        Err(error) => Err(error),
    }
}

/// Whether it is not known if a call that creates a key took effect.
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
        // In the same call: a key without tags could not be found again.
        .set_tags(Some(tags(&wanted.tags)))
        .send();
    let answer = work.session.call(Operation::CreateKey, call).await?;
    let arn = answer.key_metadata.and_then(|metadata| metadata.arn?.parse().ok());
    arn.ok_or(ApplyError::Incomplete { what: "a new key", missing: "an ARN" })
}

fn tags(tags: &Tags) -> Vec<Tag> {
    // Both are given, so that both are there.
    tags.0
        .iter()
        .filter_map(|(key, value)| Tag::builder().tag_key(key).tag_value(value).build().ok())
        .collect()
}

/// Changes to a key that exists; a new one is not seen everywhere at once.
struct Step<'a> {
    work: &'a Work<'a>,
    arn: &'a Arn,
}

impl Step<'_> {
    async fn converge(&self, live: &Key, wanted: &Key) -> Result<(), ApplyError> {
        if let Some(description) =
            wanted.description.as_ref().filter(|it| live.description.as_ref() != Some(it))
        {
            self.describe(description).await?;
        }
        let missing = wanted.tags.missing_from(&live.tags);
        if !missing.0.is_empty() {
            self.tag(&missing).await?;
        }
        match wanted.rotation.filter(|_| wanted.rotation != live.rotation) {
            Some(Rotation::EveryDays(days)) => self.rotate(days).await,
            Some(Rotation::Off) => self.stop_rotation().await,
            None => Ok(()),
        }
    }

    async fn describe(&self, description: &str) -> Result<(), ApplyError> {
        let kms = self.work.session.kms(self.work.region());
        self.work
            .settle(|| {
                let call = kms.update_key_description().key_id(self.arn.as_str()).description(description);
                async { self.work.session.call(Operation::UpdateKeyDescription, call.send()).await.map(drop) }
            })
            .await
    }

    async fn tag(&self, missing: &Tags) -> Result<(), ApplyError> {
        let kms = self.work.session.kms(self.work.region());
        self.work
            .settle(|| {
                let call = kms.tag_resource().key_id(self.arn.as_str()).set_tags(Some(tags(missing)));
                async { self.work.session.call(Operation::TagKey, call.send()).await.map(drop) }
            })
            .await
    }

    async fn rotate(&self, days: u32) -> Result<(), ApplyError> {
        let kms = self.work.session.kms(self.work.region());
        self.work
            .settle(|| {
                let days = i32::try_from(days).ok();
                let call =
                    kms.enable_key_rotation().key_id(self.arn.as_str()).set_rotation_period_in_days(days);
                async { self.work.session.call(Operation::EnableKeyRotation, call.send()).await.map(drop) }
            })
            .await
    }

    async fn stop_rotation(&self) -> Result<(), ApplyError> {
        let kms = self.work.session.kms(self.work.region());
        self.work
            .settle(|| {
                let call = kms.disable_key_rotation().key_id(self.arn.as_str());
                async { self.work.session.call(Operation::DisableKeyRotation, call.send()).await.map(drop) }
            })
            .await
    }
}
