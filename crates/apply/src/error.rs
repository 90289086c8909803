//! Why a change was not made.

use std::time::Duration;

use reconcile_plan::refused_forms::{ALTERNATIVES, TAG};
use reconcile_plan::{Address, ReadError};

use crate::journal::JournalError;
use crate::outcome::{PolicyAfter, Refused, RefusedForm, Unconfirmed};

/// Why a change was not made, or not whole.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// AWS did not do it.
    #[error(transparent)]
    Aws(#[from] reconcile_operations::Error),
    /// Live state could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The resource is no longer as the plan saw it.
    #[error("changed since the plan was made: {what}")]
    Stale {
        /// What changed.
        what: String,
    },
    /// AWS did not see what was written before, for longer than it ever takes.
    #[error("{error} (waited {} seconds for earlier changes to be seen everywhere)", waited.as_secs())]
    NotPropagated {
        /// How long it was tried.
        waited: Duration,
        /// What AWS answered last.
        error: Box<reconcile_operations::Error>,
        /// On what the policies depend that is not known, if the trail has to deliver under them.
        unknown: Vec<String>,
    },
    /// AWS accepted a write, and still shows what was there before.
    #[error(
        "AWS accepted the change, but still returns what was there before it (waited {} seconds)",
        waited.as_secs()
    )]
    NotShown {
        /// How long it was read.
        waited: Duration,
    },
    /// The policies that are live do not let the trail deliver, however long one waits.
    #[error("{}", obstacles.join("; "))]
    Undeliverable {
        /// What CloudTrail may not do, and why.
        obstacles: Vec<String>,
    },
    /// The bucket uses ABAC, under which S3 accepts tags through `TagResource` of S3 Control only.
    ///
    /// See "Enabling ABAC in general purpose buckets" in the S3 user guide.
    #[error("{error}; the bucket uses ABAC, so that only `TagResource` of S3 Control sets its tags")]
    TagsUnderAbac {
        /// The answer of S3.
        error: Box<reconcile_operations::Error>,
        /// The ARN of the bucket.
        bucket: String,
        /// The tags, as the AWS CLI takes them.
        tags: Vec<String>,
    },
    /// CloudTrail does not accept a trail because of the policy.
    #[error("{}", refused(.0))]
    Refused(Box<Refused>),
    /// CloudTrail does not accept the first trail under a short form of a policy.
    #[error("{error}; {}", first_refused(refused))]
    FirstRefused {
        /// Why the trail could not be created.
        error: Box<ApplyError>,
        /// The forms that it tried.
        refused: Vec<RefusedForm>,
    },
    /// Permissions are taken away only if CloudTrail can check every trail that is affected.
    #[error("{}", unconfirmed(.trails, *.is_written))]
    Unconfirmed {
        /// The trails, and why each could not be checked.
        trails: Vec<Unconfirmed>,
        /// Whether the policy was written before, and restored.
        is_written: bool,
    },
    /// Somebody else keeps writing the same policy: each read after a write returned a document that is neither the one
    /// written nor the one before.
    #[error("another writer keeps replacing this policy: gave up after {attempts} attempts")]
    Contended {
        /// How often it was tried.
        attempts: usize,
    },
    /// The plan uses a key that no change of it has made.
    #[error("the key that {0} makes is not known")]
    UnknownKey(Address),
    /// What is done could not be written down, so it is not done.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// AWS gave an answer that lacks what it always has.
    #[error("AWS gave {what} without {missing}")]
    Incomplete {
        /// What was made.
        what: &'static str,
        /// What is not there.
        missing: &'static str,
    },
    /// The plan names an account that the spec does not declare.
    #[error("the spec declares no account `{0}`")]
    NoSuchAccount(String),
    /// The plan asks for what no plan of ours does.
    #[error("this plan asks to {0}, which apply does not do")]
    NotDone(&'static str),
}

impl ApplyError {
    /// The answer of AWS, where that is the reason.
    pub(crate) fn aws(&self) -> Option<&reconcile_operations::Error> {
        match self {
            Self::Aws(error) | Self::Read(ReadError::Aws(error)) => Some(error),
            _ => None,
        }
    }

    /// The next step of the user, where it is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Aws(error) => error.hint(),
            Self::Read(error) => error.hint(),
            Self::Stale { .. } => Some("plan again, look at what changed, and apply that plan".to_owned()),
            Self::NotShown { .. } => Some(
                "AWS shows changes late: run plan again in a few minutes, or set a longer --propagation-timeout"
                    .to_owned(),
            ),
            Self::NotPropagated { error, .. } if error.is_unseen_principal() => error.hint(),
            Self::NotPropagated { unknown, .. } if unknown.is_empty() => Some(
                "the policies are right, but AWS does not apply them everywhere yet: run apply again in a few minutes"
                    .to_owned(),
            ),
            Self::NotPropagated { unknown, .. } => Some(format!(
                "it is not known whether the policies are right: {}. Run apply again in a few minutes; if the error stays, \
                 check what the policies depend on",
                unknown.join("; ")
            )),
            Self::Undeliverable { .. } => Some(
                "somebody changed the policy since the plan was made: plan again, and look at what stands in the way"
                    .to_owned(),
            ),
            Self::TagsUnderAbac { error, bucket, tags } => Some(format!(
                "run `aws s3control tag-resource --account-id {} --resource-arn {bucket} --tags {}`, then plan and apply \
                 again; tags of access control stay yours to decide on",
                error.account,
                tags.join(" ")
            )),
            Self::FirstRefused { refused, .. } => Some(other_forms(refused)),
            Self::Refused(refused) if refused.form.is_some() => Some(other_forms(refused.form.as_slice())),
            Self::Refused(refused) => Some(
                match &refused.policy {
                    PolicyAfter::Unwritten => {
                        "find out why CloudTrail refuses the trail; `--no-confirm` applies the change without asking"
                    }
                    PolicyAfter::Restored { accepted: Some(false) }
                    | PolicyAfter::Retreated { accepted: Some(false) } => {
                        "the cause is not this change: find out why CloudTrail refuses the trail; `--no-confirm` \
                         applies the change without asking"
                    }
                    PolicyAfter::Restored { .. } | PolicyAfter::Retreated { .. } => {
                        "CloudTrail reads this policy otherwise than reconcile does: please report it; \
                         `--no-confirm` applies the change without asking"
                    }
                    PolicyAfter::ChangedByOthers => {
                        "check the policy now: the trail may not deliver; the journal has the previous document"
                    }
                    PolicyAfter::NotRestored { .. } => {
                        "run apply again: it first restores the policy from the journal"
                    }
                }
                .to_owned(),
            ),
            Self::Unconfirmed { .. } => Some(
                "find out why CloudTrail cannot check the trail: reconcile needs cloudtrail:UpdateTrail and \
                 cloudtrail:DescribeTrails in the account of the trail; `--no-confirm` applies the change without asking"
                    .to_owned(),
            ),
            Self::Contended { .. } => {
                Some("find out who else manages this policy, then run apply again".to_owned())
            }
            Self::UnknownKey(_) | Self::NoSuchAccount(_) | Self::NotDone(_) => Some("plan again".to_owned()),
            Self::Journal(_) | Self::Incomplete { .. } => None,
        }
    }
}

fn refused(refused: &Refused) -> String {
    let Refused { trail, error, waited_seconds, proof, policy, form } = refused;
    let when = match policy {
        PolicyAfter::Unwritten | PolicyAfter::Retreated { .. } => "already under the present policy",
        _ => "under the new policy",
    };
    let proof = match proof {
        Some(proof) => format!("; the proof of delivery had said: {proof}"),
        None => String::new(),
    };
    let policy = match policy {
        PolicyAfter::Unwritten => "nothing was written".to_owned(),
        PolicyAfter::Retreated { accepted: Some(true) } => {
            "every trail was given the longer form again, and CloudTrail accepts the trail again".to_owned()
        }
        PolicyAfter::Retreated { accepted: Some(false) } => {
            "every trail was given the longer form again, and CloudTrail refuses the trail with that one too"
                .to_owned()
        }
        PolicyAfter::Retreated { accepted: None } => "every trail was given the longer form again".to_owned(),
        PolicyAfter::Restored { accepted: Some(true) } => {
            "the previous policy was restored, and CloudTrail accepts the trail again".to_owned()
        }
        PolicyAfter::Restored { accepted: Some(false) } => {
            "the previous policy was restored, and CloudTrail refuses the trail with that one too".to_owned()
        }
        PolicyAfter::Restored { accepted: None } => "the previous policy was restored".to_owned(),
        PolicyAfter::ChangedByOthers => {
            "the previous policy was not restored, because somebody else has written the policy since"
                .to_owned()
        }
        PolicyAfter::NotRestored { error } => format!("the previous policy could not be restored: {error}"),
    };
    let form = match form {
        Some(_) => format!("; {}", first_refused(form.as_slice())),
        None => String::new(),
    };
    format!(
        "CloudTrail refuses {trail} {when} (asked for {waited_seconds} seconds): {error}{proof}; {policy}{form}"
    )
}

/// The short forms that were used for the first time, and whether the next plan knows of the refusal.
fn first_refused(refused: &[RefusedForm]) -> String {
    let forms = refused.iter().map(|RefusedForm { form, policy, unrecorded }| match unrecorded {
        None => format!(
            "this was the first use of the form `{form}` in {policy}, and the tag `{TAG}` now lists the form as refused"
        ),
        Some(error) => format!(
            "this was the first use of the form `{form}` in {policy}, and the tag `{TAG}` could not be set ({error})"
        ),
    });
    forms.collect::<Vec<_>>().join("; ")
}

/// What the user can do after the refusal of a short form.
fn other_forms(refused: &[RefusedForm]) -> String {
    let next = if refused.iter().all(|it| it.unrecorded.is_none()) {
        "plan again: the next plan keeps to the longer form, unless `policy.form` names the refused one"
    } else {
        "name the longer form in the spec (`policy.form`), because the next plan does not know of the refusal, and plan again"
    };
    format!("{next}. If the longer form does not fit, {ALTERNATIVES}")
}

fn unconfirmed(trails: &[Unconfirmed], is_written: bool) -> String {
    let Some((first, others)) = trails.split_first() else { return String::new() };
    let others = match others.len() {
        0 => String::new(),
        1 => " and 1 more trail".to_owned(),
        more => format!(" and {more} more trails"),
    };
    let policy = if is_written { "the previous policy was restored" } else { "nothing was taken away" };
    format!("CloudTrail cannot confirm {}{others}: {}; {policy}", first.trail, first.error)
}
