//! Errors of a change.

use std::time::Duration;

use reconcile_plan::refused_forms::{ALTERNATIVES, TAG};
use reconcile_plan::{Address, ReadError};
use reconcile_text::Hint;

use crate::journal::JournalError;
use crate::outcome::{PolicyAfter, RefusedForm, RefusedTrail, Unconfirmed};

/// The error of a change that was not made, or that was made only in part.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The error of an AWS call.
    #[error(transparent)]
    Aws(#[from] reconcile_operations::Error),
    /// Live state could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The resource changed since the plan.
    #[error("changed since the plan was made: {what}")]
    Stale {
        /// The difference.
        what: String,
    },
    /// AWS did not apply earlier writes within the maximum time.
    #[error("{error} (waited {} seconds for AWS to apply earlier changes everywhere)", waited.as_secs())]
    NotPropagated {
        /// The total time of the retries.
        waited: Duration,
        /// The last answer of AWS.
        error: Box<reconcile_operations::Error>,
        /// The unknown conditions of the policies under which the trail must deliver.
        unknown: Vec<String>,
    },
    /// AWS accepted a write, but still returns the previous value.
    #[error(
        "AWS accepted the change, but still returns the previous value (waited {} seconds)",
        waited.as_secs()
    )]
    NotShown {
        /// The total time of the reads.
        waited: Duration,
    },
    /// The live policies do not allow the trail to deliver. Waiting does not help.
    #[error("{}", obstacles.join("; "))]
    Undeliverable {
        /// The requests that are not allowed, and the reasons.
        obstacles: Vec<String>,
    },
    /// The bucket uses ABAC: S3 then accepts tags only through `TagResource` of S3 Control.
    ///
    /// See "Enabling ABAC in general purpose buckets" in the S3 user guide.
    #[error("{error}; the bucket uses ABAC, so only `TagResource` of S3 Control can set its tags")]
    TagsUnderAbac {
        /// The answer of S3.
        error: Box<reconcile_operations::Error>,
        /// The ARN of the bucket.
        bucket: String,
        /// The tags in the syntax of the AWS CLI.
        tags: Vec<String>,
    },
    /// CloudTrail does not accept a trail because of the policy.
    #[error("{}", refused(.0))]
    Refused(Box<RefusedTrail>),
    /// CloudTrail does not accept the first trail under a short form of a policy.
    #[error("{error}; {}", first_refused(refused))]
    FirstRefused {
        /// The error from the creation of the trail.
        error: Box<ApplyError>,
        /// The short forms that were used for the first time with the trail.
        refused: Vec<RefusedForm>,
    },
    /// CloudTrail could not check every affected trail, so no permission was removed.
    #[error("{}", unconfirmed(.trails, *.is_written))]
    Unconfirmed {
        /// The trails that could not be checked, and the reasons.
        trails: Vec<Unconfirmed>,
        /// Whether `apply` wrote the policy, and then restored the previous document.
        is_written: bool,
    },
    /// Somebody else repeatedly writes the same policy: after each write of this apply, a read
    /// returned a document other than the written one and the previous one.
    #[error("another writer keeps replacing this policy: gave up after {attempts} attempts")]
    Contended {
        /// The number of attempts.
        attempts: usize,
    },
    /// The policy of the key or the topic would have no statement.
    ///
    /// See "Key policies in AWS KMS" in the KMS developer guide: every key has a policy.
    #[error("the policy would have no statements, and AWS rejects an empty policy of a key or a topic")]
    EmptyPolicy,
    /// The plan uses a key that none of its changes created.
    #[error("the ARN of the key that {0} creates is unknown")]
    UnknownKey(Address),
    /// The journal could not be written, so the change was not made.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A response from AWS lacks a required value.
    #[error("AWS returned {what} without {missing}")]
    Incomplete {
        /// The created resource.
        what: &'static str,
        /// The missing value.
        missing: &'static str,
    },
    /// The plan names an account that the spec does not declare.
    #[error("account `{0}` is not in the spec")]
    NoSuchAccount(String),
    /// The plan or a journal has an address that no resource of this kind can have.
    #[error("no resource of this change can have the address `{0}`")]
    BadAddress(Address),
}

impl ApplyError {
    /// The error of an AWS call, if an AWS call caused this error.
    pub(crate) fn aws(&self) -> Option<&reconcile_operations::Error> {
        reconcile_operations::Error::cause_of(self)
    }
}

impl Hint for ApplyError {
    fn own_hint(&self) -> Option<String> {
        match self {
            Self::Stale { .. } => Some("plan again, review the changes, and apply the new plan".to_owned()),
            Self::NotShown { .. } => Some(
                "AWS returns changes late: run plan again in a few minutes, or set a longer `--propagation-timeout`"
                    .to_owned(),
            ),
            Self::NotPropagated { error, .. } if error.is_unseen_principal() => error.hint(),
            Self::NotPropagated { unknown, .. } if unknown.is_empty() => Some(
                "the policies are correct, but AWS does not apply them everywhere yet: run apply again in a few \
                 minutes"
                    .to_owned(),
            ),
            Self::NotPropagated { unknown, .. } => Some(format!(
                "it is not known whether the policies are correct: {}. Run apply again in a few minutes; if the \
                 error stays, \
                 check what the policies depend on",
                unknown.join("; ")
            )),
            Self::Undeliverable { .. } => Some(
                "somebody changed the policy since the plan was made: plan again, and read the warnings"
                    .to_owned(),
            ),
            Self::TagsUnderAbac { error, bucket, tags } => Some(format!(
                "run `aws s3control tag-resource --account-id {} --resource-arn {bucket} --tags {}`, then plan and apply \
                 again; `reconcile` does not set these tags itself, because they control access",
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
                        "CloudTrail evaluates this policy differently from reconcile: please report a bug; \
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
            Self::EmptyPolicy => Some(
                "add a statement to the live policy, such as one that lets an administrator manage the \
                 resource, then plan again"
                    .to_owned(),
            ),
            Self::UnknownKey(_) | Self::NoSuchAccount(_) | Self::BadAddress(_) => Some("plan again".to_owned()),
            Self::Aws(_) | Self::Read(_) | Self::Journal(_) | Self::Incomplete { .. } => None,
        }
    }

    fn caused_by(&self) -> Option<&(dyn Hint + 'static)> {
        match self {
            Self::Aws(error) => Some(error),
            Self::Read(error) => Some(error),
            _ => None,
        }
    }
}

fn refused(refused: &RefusedTrail) -> String {
    let RefusedTrail { trail, error, waited_seconds, proof, policy, form } = refused;
    let (already, which) = match policy {
        PolicyAfter::Unwritten | PolicyAfter::Retreated { .. } => (" already", "current"),
        _ => ("", "new"),
    };
    let proof = match proof {
        Some(proof) => format!("; the proof of delivery reported: {proof}"),
        None => String::new(),
    };
    let policy = match policy {
        PolicyAfter::Unwritten => "nothing was written".to_owned(),
        PolicyAfter::Retreated { accepted: Some(true) } => {
            "the longer form was restored for every trail, and CloudTrail accepts the trail again".to_owned()
        }
        PolicyAfter::Retreated { accepted: Some(false) } => {
            "the longer form was restored for every trail, and CloudTrail also refuses the trail with this form"
                .to_owned()
        }
        PolicyAfter::Retreated { accepted: None } => "the longer form was restored for every trail".to_owned(),
        PolicyAfter::Restored { accepted: Some(true) } => {
            "the previous policy was restored, and CloudTrail accepts the trail again".to_owned()
        }
        PolicyAfter::Restored { accepted: Some(false) } => {
            "the previous policy was restored, and CloudTrail also refuses the trail with this policy".to_owned()
        }
        PolicyAfter::Restored { accepted: None } => "the previous policy was restored".to_owned(),
        PolicyAfter::ChangedByOthers => {
            "the previous policy was not restored, because somebody else changed the policy"
                .to_owned()
        }
        PolicyAfter::NotRestored { error } => format!("the previous policy could not be restored: {error}"),
    };
    let form = match form {
        Some(_) => format!("; {}", first_refused(form.as_slice())),
        None => String::new(),
    };
    format!(
        "CloudTrail{already} refuses {trail} under the {which} policy (retried for {waited_seconds} seconds): \
         {error}{proof}; {policy}{form}"
    )
}

/// Describes the short forms that were used for the first time, and says whether the refusal is
/// recorded for the next plan.
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

/// The next step of the user after the refusal of a short form.
fn other_forms(refused: &[RefusedForm]) -> String {
    let next = if refused.iter().all(|it| it.unrecorded.is_none()) {
        "plan again: the next plan uses the longer form, unless `policy.form` names the refused form"
    } else {
        "set `policy.form` to the longer form, because the next plan does not know about the refusal, and plan \
         again"
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
    let policy = if is_written { "the previous policy was restored" } else { "no permission was removed" };
    format!("CloudTrail cannot confirm {}{others}: {}; {policy}", first.trail, first.error)
}

#[cfg(test)]
mod tests;
