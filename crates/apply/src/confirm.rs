//! Asks CloudTrail to check trails against the live policies.
//!
//! CloudTrail has no operation that only checks a trail. `UpdateTrail` checks bucket, key and topic
//! before it changes anything, and does not change omitted parameters. `apply` therefore updates
//! each trail with its current values. See `UpdateTrail` in the CloudTrail API reference, and the
//! errors of that operation.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::join_all;
use reconcile_aws::Session;
use reconcile_diff::observe::trail::{Destinations, destinations};
use reconcile_operations::{Error, Operation};
use reconcile_plan::Address;
use reconcile_plan::plan::TrailRef;
use reconcile_policy::{Arn, PolicyKind, Region};

use crate::context::Context;
use crate::delivery::{delivery, topic_name};
use crate::event::Event;
use crate::outcome::{Confirmation, PolicyAfter, RefusedTrail, Unconfirmed};
use crate::propagation::Backoff;

/// The resource whose policy CloudTrail is asked to confirm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConfirmationTarget {
    /// The bucket of this name.
    Bucket(String),
    /// The key with this ARN.
    Key(Arn),
    /// The topic with this ARN.
    Topic(Arn),
}

impl ConfirmationTarget {
    fn policy(&self) -> PolicyKind {
        match self {
            Self::Bucket(_) => PolicyKind::Bucket,
            Self::Key(_) => PolicyKind::Key,
            Self::Topic(_) => PolicyKind::Topic,
        }
    }

    /// Whether a trail with these destinations depends on the policy.
    fn concerns(&self, live: &Destinations) -> bool {
        match self {
            Self::Bucket(name) => live.bucket == *name,
            Self::Key(arn) => live.kms_key.as_ref().is_some_and(|key| key.is_of(arn)),
            Self::Topic(arn) => live.topic.as_deref() == Some(arn.as_str()),
        }
    }
}

/// A question to CloudTrail about all trails that depend on one policy.
pub(crate) struct Question<'a> {
    pub(crate) context: &'a Context,
    /// The policy.
    pub(crate) address: &'a Address,
    pub(crate) resource: ConfirmationTarget,
    /// The outcome for the policy if CloudTrail refuses a trail. The caller corrects the outcome.
    pub(crate) policy: PolicyAfter,
}

/// The answer about one trail.
enum Answer {
    Confirmed,
    /// The trail does not exist, or no longer depends on the policy.
    Unconcerned,
    Unconfirmed(String),
    Refused(Box<RefusedTrail>),
}

/// The meaning of an error of `UpdateTrail` for the written policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// CloudTrail does not accept the policy, or does not see the new policy yet.
    Refusal,
    /// The check failed for another reason, which can be temporary.
    Passing,
    /// The check failed for another reason, which is permanent.
    Lasting,
    /// The trail does not exist.
    Absent,
}

/// Returns the meaning of an error of `UpdateTrail`. See the errors of `UpdateTrail` in the
/// CloudTrail API reference.
fn meaning(error: &Error, policy: PolicyKind) -> Meaning {
    if error.is_about_policy(policy) {
        Meaning::Refusal
    } else if error.is_absent() {
        Meaning::Absent
    } else if error.is_passing() {
        Meaning::Passing
    } else {
        Meaning::Lasting
    }
}

impl Question<'_> {
    /// Asks CloudTrail about every trail: one trail after another in an account and Region, and all
    /// accounts at the same time. Stops after the first refusal.
    pub(crate) async fn ask(&self, trails: &[TrailRef]) -> Confirmation {
        let mut places: BTreeMap<_, Vec<&TrailRef>> = BTreeMap::new();
        for trail in trails {
            places.entry((&trail.account, trail.arn.region())).or_default().push(trail);
        }
        let is_refused = AtomicBool::new(false);
        let asked = places.into_values().map(async |trails| {
            let mut answers = Vec::new();
            for trail in trails {
                if is_refused.load(Ordering::Relaxed) {
                    break;
                }
                let answer = self.ask_one(trail).await;
                is_refused.fetch_or(matches!(answer, Answer::Refused(_)), Ordering::Relaxed);
                answers.push((&trail.address, answer));
            }
            answers
        });
        let mut confirmation = Confirmation::default();
        for (trail, answer) in join_all(asked).await.into_iter().flatten() {
            match answer {
                Answer::Confirmed => confirmation.confirmed.push(trail.clone()),
                Answer::Unconcerned => {}
                Answer::Unconfirmed(error) => {
                    confirmation.unconfirmed.push(Unconfirmed { trail: trail.clone(), error });
                }
                Answer::Refused(refused) => confirmation.refused = Some(*refused),
            }
        }
        confirmation
    }

    async fn ask_one(&self, trail: &TrailRef) -> Answer {
        let context = self.context;
        let session = match context.session(&trail.account).await {
            Ok(session) => session,
            Err(error) => return Answer::Unconfirmed(error.to_string()),
        };
        let Ok(region) = trail.arn.region().parse::<Region>() else {
            return Answer::Unconfirmed(format!("`{}` names no Region", trail.arn));
        };
        let live = match destinations(session, &region, &trail.arn).await {
            Ok(Some(live)) if self.resource.concerns(&live) => live,
            Ok(_) => return Answer::Unconcerned,
            Err(error) => return Answer::Unconfirmed(error.to_string()),
        };
        let mut backoff = Backoff::new(&context.waits, self.address);
        loop {
            if context.is_interrupted() {
                return Answer::Unconfirmed("interrupted".to_owned());
            }
            context.waits.observer.event(Event::Confirming(self.address, &trail.address));
            let updated = update(session, &region, &trail.arn, &live).await;
            let Err(error) = updated else { return Answer::Confirmed };
            let meaning = meaning(&error, self.resource.policy());
            match meaning {
                Meaning::Absent => return Answer::Unconcerned,
                Meaning::Refusal | Meaning::Passing if backoff.wait().await => {}
                Meaning::Refusal if !context.is_interrupted() => {
                    return Answer::Refused(Box::new(RefusedTrail {
                        trail: trail.address.clone(),
                        error: error.to_string(),
                        waited_seconds: backoff.waited().as_secs(),
                        proof: self.proof(&trail.arn, &live).await,
                        policy: self.policy.clone(),
                        form: None,
                    }));
                }
                Meaning::Refusal | Meaning::Passing | Meaning::Lasting => {
                    return Answer::Unconfirmed(error.to_string());
                }
            }
        }
    }

    /// The result of the proof of `reconcile` for the trail under the policy, for the message.
    async fn proof(&self, trail: &Arn, live: &Destinations) -> Option<String> {
        let region: Region = trail.region().parse().ok()?;
        let delivery = delivery(self.context, &region, trail, live);
        let proofs = self.context.prove(self.address, &delivery).await.ok()?;
        let of_policy = proofs.iter().filter(|proof| proof.hop.policy() == self.resource.policy());
        let said: Vec<String> = of_policy.map(|proof| format!("{}: {}", proof.hop, proof.decision)).collect();
        Some(said.join(", "))
    }
}

/// Updates a trail with its current values.
async fn update(session: &Session, region: &Region, trail: &Arn, live: &Destinations) -> Result<(), Error> {
    let topic = live.topic.as_ref().map(|topic| topic_name(session, region, topic));
    let call = session
        .cloudtrail(region)
        .update_trail()
        .name(trail.as_str())
        .s3_bucket_name(&live.bucket)
        .set_s3_key_prefix(live.prefix.clone())
        .set_kms_key_id(live.kms_key.clone().map(String::from))
        .set_sns_topic_name(topic)
        .send();
    session.call(Operation::UpdateTrail, call).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_refuses_only_the_policy_that_it_speaks_of() {
        use Meaning::{Absent, Lasting, Passing, Refusal};
        let cases = [
            ("InsufficientS3BucketPolicyException", [Refusal, Passing, Passing]),
            ("InsufficientEncryptionPolicyException", [Refusal, Refusal, Passing]),
            ("KmsKeyNotFoundException", [Passing, Refusal, Passing]),
            ("InsufficientSnsTopicPolicyException", [Passing, Refusal, Refusal]),
            ("InvalidSnsTopicNameException", [Passing, Passing, Refusal]),
            ("InvalidCloudWatchLogsRoleArnException", [Passing; 3]),
            ("ConflictException", [Passing; 3]),
            ("ThrottlingException", [Passing; 3]),
            ("KmsException", [Lasting; 3]),
            ("NotOrganizationMasterAccountException", [Lasting; 3]),
            ("AccessDeniedException", [Lasting; 3]),
            ("TrailNotFoundException", [Absent; 3]),
        ];
        for (code, expected) in cases {
            let error = Error::answered("111111111111".parse().unwrap(), Operation::UpdateTrail, code, "");
            let policies = [PolicyKind::Bucket, PolicyKind::Key, PolicyKind::Topic];
            assert_eq!(policies.map(|policy| meaning(&error, policy)), expected, "{code}");
        }
    }
}
