use reconcile_operations::{Error, Operation};
use reconcile_policy::StatementForm;
use reconcile_text::message;

use super::*;

fn answer(operation: Operation, code: &str, message: &str) -> Error {
    Error::answered("111111111111".parse().unwrap(), operation, code, message)
}

fn refused(policy: PolicyAfter, form: Option<RefusedForm>) -> ApplyError {
    ApplyError::Refused(Box::new(RefusedTrail {
        trail: "trail/production/Trail".parse().unwrap(),
        error: "InsufficientS3BucketPolicyException: Incorrect S3 bucket policy".to_owned(),
        waited_seconds: 30,
        proof: Some("CloudTrail is allowed to write log files".to_owned()),
        policy,
        form,
    }))
}

fn form(unrecorded: Option<&str>) -> RefusedForm {
    RefusedForm {
        form: StatementForm::ByAccount,
        policy: "bucket_policy/security/logs".parse().unwrap(),
        unrecorded: unrecorded.map(str::to_owned),
    }
}

/// Returns the outcome for a policy after another one, or the first outcome after `None`. A new
/// variant does not compile until it is added here.
fn next_policy(last: Option<&PolicyAfter>) -> Option<PolicyAfter> {
    Some(match last {
        None => PolicyAfter::Unwritten,
        Some(PolicyAfter::Unwritten) => PolicyAfter::Restored { accepted: Some(true) },
        Some(PolicyAfter::Restored { accepted: Some(true) }) => {
            PolicyAfter::Restored { accepted: Some(false) }
        }
        Some(PolicyAfter::Restored { accepted: Some(false) }) => PolicyAfter::Restored { accepted: None },
        Some(PolicyAfter::Restored { accepted: None }) => PolicyAfter::Retreated { accepted: Some(true) },
        Some(PolicyAfter::Retreated { accepted: Some(true) }) => {
            PolicyAfter::Retreated { accepted: Some(false) }
        }
        Some(PolicyAfter::Retreated { accepted: Some(false) }) => PolicyAfter::Retreated { accepted: None },
        Some(PolicyAfter::Retreated { accepted: None }) => PolicyAfter::ChangedByOthers,
        Some(PolicyAfter::ChangedByOthers) => PolicyAfter::NotRestored { error: "access denied".to_owned() },
        Some(PolicyAfter::NotRestored { .. }) => return None,
    })
}

/// Returns the error after another one, or the first error after `None`. A new variant does not
/// compile until it is added here.
fn next(last: Option<&ApplyError>) -> Option<ApplyError> {
    let late = |unknown: &[&str]| ApplyError::NotPropagated {
        waited: Duration::from_mins(2),
        error: Box::new(answer(
            Operation::CreateTrail,
            "InsufficientS3BucketPolicyException",
            "Incorrect S3 bucket policy",
        )),
        unknown: unknown.iter().map(|it| (*it).to_owned()).collect(),
    };
    let unconfirmed = |is_written| ApplyError::Unconfirmed {
        trails: vec![Unconfirmed {
            trail: "trail/production/Trail".parse().unwrap(),
            error: "access denied".to_owned(),
        }],
        is_written,
    };
    Some(match last {
        None => answer(Operation::PutBucketPolicy, "MalformedPolicy", "Invalid principal in policy").into(),
        Some(ApplyError::Aws(_)) => {
            ReadError::Incomplete { resource: "trail Trail".to_owned(), what: "an ARN" }.into()
        }
        Some(ApplyError::Read(_)) => ApplyError::Stale { what: "`/tags` differ from the plan".to_owned() },
        Some(ApplyError::Stale { .. }) => late(&[]),
        Some(ApplyError::NotPropagated { unknown, .. }) if unknown.is_empty() => {
            late(&["depending on `aws:SourceOrgID`, statement `Write` allows CloudTrail to write log files"])
        }
        Some(ApplyError::NotPropagated { .. }) => ApplyError::NotShown { waited: Duration::from_mins(2) },
        Some(ApplyError::NotShown { .. }) => ApplyError::Undeliverable {
            obstacles: vec!["CloudTrail is not allowed to write log files".to_owned()],
        },
        Some(ApplyError::Undeliverable { .. }) => ApplyError::TagsUnderAbac {
            error: Box::new(answer(Operation::PutBucketTagging, "InvalidRequest", "ABAC is enabled")),
            bucket: "arn:aws:s3:::logs".to_owned(),
            tags: vec!["Key=team,Value=security".to_owned()],
        },
        Some(ApplyError::TagsUnderAbac { .. }) => {
            refused(PolicyAfter::Restored { accepted: Some(true) }, Some(form(None)))
        }
        Some(ApplyError::Refused(_)) => ApplyError::FirstRefused {
            error: Box::new(ApplyError::NotShown { waited: Duration::from_mins(2) }),
            refused: vec![form(Some("access denied"))],
        },
        Some(ApplyError::FirstRefused { .. }) => unconfirmed(false),
        Some(ApplyError::Unconfirmed { is_written: false, .. }) => unconfirmed(true),
        Some(ApplyError::Unconfirmed { is_written: true, .. }) => ApplyError::Contended { attempts: 5 },
        Some(ApplyError::Contended { .. }) => ApplyError::EmptyPolicy,
        Some(ApplyError::EmptyPolicy) => ApplyError::UnknownKey("key/security/logs".parse().unwrap()),
        Some(ApplyError::UnknownKey(_)) => JournalError {
            path: ".reconcile/journal/a.jsonl".into(),
            error: std::io::Error::other("no space left on device"),
        }
        .into(),
        Some(ApplyError::Journal(_)) => ApplyError::Incomplete { what: "a new key", missing: "an ARN" },
        Some(ApplyError::Incomplete { .. }) => ApplyError::NoSuchAccount("production".to_owned()),
        Some(ApplyError::NoSuchAccount(_)) => ApplyError::BadAddress("bucket/security/LOGS".parse().unwrap()),
        Some(ApplyError::BadAddress(_)) => return None,
    })
}

#[test]
fn the_wording_of_every_error_of_a_change_is_reviewed() {
    let all = std::iter::successors(next(None), |last| next(Some(last)));
    let policies = std::iter::successors(next_policy(None), |last| next_policy(Some(last)));
    let of_policies = policies.map(|policy| refused(policy, None));
    let text: Vec<String> = all
        .chain(of_policies)
        .map(|it| format!("{}\n  hint: {}\n", message(&it), it.hint().unwrap_or_else(|| "none".to_owned())))
        .collect();
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("errors_of_changes", text.join("\n"));
    });
}
