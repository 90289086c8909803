//! Makes and changes the KMS key.

use aws_sdk_kms::types::Tag;
use reconcile_aws::{Class, Error, Operation};
use reconcile_diff::observe::KeyState;
use reconcile_diff::observe::key::{Found, find_unnamed, read};
use reconcile_diff::plan::Action;
use reconcile_diff::view::{Key, Rotation, Tags};
use reconcile_policy::Arn;

use super::{Made, Verdict, Work};
use crate::error::ApplyError;

/// How often to try to create the key while it is unknown whether the last try created one.
const ATTEMPTS: usize = 3;

pub(super) async fn execute(work: &Work<'_>, action: &Action<Key>) -> Result<Made, ApplyError> {
    let (session, region) = (work.session, work.region());
    let found = work.context.find_key(session).await?;
    // A key whose deletion is scheduled is deleted already, for a plan.
    let is_ended = |found: &Found| matches!(found.traits.state, KeyState::PendingDeletion { .. });
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
    let Some(wanted) = action.after() else {
        return match live {
            Some(live) => schedule_deletion(work, &live.arn).await,
            None => Ok(Made::Unchanged),
        };
    };
    let (arn, live) = match live {
        Some(live) => (live.arn, live.view),
        None => make(work, wanted).await?,
    };
    work.context.made_key(&work.change.address, &arn);
    Step { work, arn: &arn }.converge(&live, wanted).await?;
    Ok(Made::Applied)
}

/// Until then, whoever still needs the key can cancel it. See "Deleting AWS KMS keys" in the KMS developer guide.
async fn schedule_deletion(work: &Work<'_>, key: &Arn) -> Result<Made, ApplyError> {
    /// The longest that KMS waits.
    const DAYS: i32 = 30;

    let kms = work.session.kms(work.region());
    let call = kms.schedule_key_deletion().key_id(key.resource_name()).pending_window_in_days(DAYS).send();
    Ok(work.session.call(Operation::ScheduleKeyDeletion, call).await.map(|_| Made::Applied)?)
}

/// Makes the key, and never two: where an answer is lost, it looks for what it may have made before it tries again.
async fn make(work: &Work<'_>, wanted: &Key) -> Result<(Arn, Key), ApplyError> {
    let mut attempt = 1;
    loop {
        match create(work, wanted).await {
            Ok(arn) => {
                // As it was asked for; rotation is off in a new key.
                let live = Key { rotation: Some(Rotation::Off), ..wanted.clone() };
                return Ok((arn, live));
            }
            Err(ApplyError::Aws(error)) if is_unknown(&error) && attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error),
        }
        let search = find_unnamed(work.session, work.region(), &work.context.installation).await?;
        if let Some(found) = search.found {
            let live = read(work.session, work.region(), &found).await?;
            return Ok((live.arn, live.view));
        }
    }
}

/// Whether it is not known if the call took effect.
fn is_unknown(error: &Error) -> bool {
    matches!(error.class, Class::Unavailable | Class::Throttled)
}

async fn create(work: &Work<'_>, wanted: &Key) -> Result<Arn, ApplyError> {
    let kms = work.session.kms_without_retries(work.region());
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
