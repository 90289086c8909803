//! `apply` asks CloudTrail about trails after a policy write, and the answer of CloudTrail decides.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use reconcile_apply::{ChangeStatus, Interrupt, Outcome, PolicyAfter};
use reconcile_plan::Plan;
use reconcile_plan::plan::{Change, Phase};
use reconcile_samples::{BUCKET, EditSpec, EditText, MASTER, members};
use reconcile_twin::{Disagreement, InjectedDenial};

use crate::installation::Installation;

const M0: &str = "000000000001";

/// Returns statements of the console and of another team, each in its own spelling.
fn foreign(accounts: &[&str]) -> String {
    let folders: Vec<String> =
        accounts.iter().map(|id| format!("\"arn:aws:s3:::{BUCKET}/AWSLogs/{id}/*\"")).collect();
    format!(
        r#"{{ "Version" : "2012-10-17",
  "Statement" : [
    {{"Sid":"AWSCloudTrailAclCheck20150319","Effect":"Allow","Principal":{{"Service":"cloudtrail.amazonaws.com"}},
      "Action":"s3:GetBucketAcl","Resource":"arn:aws:s3:::{BUCKET}"}},
    {{"Sid":"AWSCloudTrailWrite20150319","Effect":"Allow","Principal":{{"Service":"cloudtrail.amazonaws.com"}},
      "Action":"s3:PutObject","Resource":[{}],
      "Condition":{{"StringEquals":{{"s3:x-amz-acl":"bucket-owner-full-control"}}}}}},
    {{ "Sid" : "Athena", "Effect":"Allow","Principal": {{"AWS":["444444444444"]}}, "Action":["s3:GetObject"],
      "Resource":"arn:aws:s3:::{BUCKET}/*"}}
  ] }}"#,
        folders.join(" , ")
    )
}

/// Creates an installation whose trails deliver through statements that somebody else wrote.
async fn adopted(spec: &str, accounts: &[&str]) -> Installation {
    let installation = Installation::new();
    installation.converge(spec).await;
    installation.twin.set_bucket_policy(BUCKET, &foreign(accounts));
    let old = with_old_statements(&key_policy(&installation));
    installation.twin.set_key_policy(MASTER, "eu-west-1", "alias/test", &old);
    installation
}

pub fn key_policy(installation: &Installation) -> String {
    installation.twin.key_policy(MASTER, "eu-west-1", "alias/test").unwrap()
}

/// Returns the key policy with the statements of the AWS guide before it. Those statements name
/// accounts, but no trail.
fn with_old_statements(key_policy: &str) -> String {
    let contexts = [MASTER, M0].map(|id| format!("\"arn:aws:cloudtrail:*:{id}:trail/*\"")).join(",");
    let old = format!(
        r#""Statement" : [ {{"Sid":"Allow CloudTrail to encrypt logs","Effect":"Allow",
        "Principal":{{"Service":"cloudtrail.amazonaws.com"}},"Action":["kms:GenerateDataKey*","kms:Decrypt"],"Resource":"*",
        "Condition":{{"StringLike":{{"kms:EncryptionContext:aws:cloudtrail:arn":[{contexts}]}}}}}},
        {{"Sid":"Allow CloudTrail to describe key","Effect":"Allow","Principal":{{"Service":"cloudtrail.amazonaws.com"}},
        "Action":"kms:DescribeKey","Resource":"*"}},"#
    );
    key_policy.replacen("\"Statement\":[", &old, 1)
}

pub fn unknown(key: &str) -> Disagreement {
    Disagreement { unknown_keys: BTreeSet::from([key.to_owned()]), ..Disagreement::default() }
}

fn policy(plan: &Plan, phase: Phase) -> &Change {
    let is_it =
        |change: &&Change| change.address.kind.to_string() == "bucket_policy" && change.phase == phase;
    plan.changes.iter().find(is_it).unwrap_or_else(|| panic!("{phase:?}: {:?}", plan.changes))
}

pub fn asked(change: &Change) -> Vec<String> {
    change.confirm.iter().map(|trail| trail.address.to_string()).collect()
}

fn updates(installation: &Installation) -> usize {
    installation.twin.calls().iter().filter(|call| call.operation == "cloudtrail:UpdateTrail").count()
}

/// Returns the reasons why trails cannot deliver, according to the twin.
pub fn obstacles(installation: &Installation) -> Vec<String> {
    let trails = installation.twin.summary().accounts.into_iter().flat_map(|account| account.trails);
    trails.filter_map(|trail| trail.undeliverable.or(trail.unannounced)).collect()
}

pub fn errors(outcome: &Outcome) -> Vec<String> {
    outcome.results.iter().filter_map(|it| Some(format!("{}: {}", it.address, it.status.error()?))).collect()
}

#[tokio::test]
async fn trails_are_confirmed_before_and_after_permissions_are_taken_away() {
    let spec = members(1);
    let installation = adopted(&spec, &[MASTER, M0]).await;
    let plan = installation.plan(&spec).await;
    let all = ["trail/m0/Trail", "trail/master/Trail"];
    assert_eq!(asked(policy(&plan, Phase::Expand)), all, "a Deny is added");
    assert_eq!(asked(policy(&plan, Phase::Contract)), all);
    let trails = |installation: &Installation| {
        let accounts = installation.twin.summary().accounts.into_iter();
        accounts.flat_map(|account| account.trails).collect::<Vec<_>>()
    };
    let before = trails(&installation);
    let calls = updates(&installation);
    installation.watch_over(|_| true);
    let outcome = installation.apply(&spec, &plan).await;
    assert!(outcome.is_complete(), "{:#?}", outcome.results);
    // The bucket policy causes two updates after the first write, and two before and two after the
    // second; the key policy causes the last four.
    assert_eq!(updates(&installation) - calls, 10);
    assert_eq!(trails(&installation), before, "no trail changes");
    let confirmed = outcome.results[0].confirmation.as_ref().unwrap();
    assert_eq!(confirmed.confirmed.len(), 2);
    assert!(installation.plan(&spec).await.is_in_sync());
}

#[tokio::test]
async fn cloudtrail_is_not_asked_if_nothing_changes_for_existing_trails() {
    let installation = Installation::new();
    installation.converge(&members(1)).await;
    let calls = updates(&installation);
    let plan = installation.converge(&members(3)).await;
    assert!(plan.changes.iter().all(|change| change.confirm.is_empty()), "{:#?}", plan.changes);
    assert_eq!(updates(&installation), calls);
}

#[tokio::test]
async fn a_refusal_after_contraction_restores_the_policy_byte_for_byte() {
    let spec = members(1);
    let installation = adopted(&spec, &[MASTER, M0]).await;
    let mut plan = installation.plan(&spec).await;
    plan.changes.retain(|change| change.phase == Phase::Expand);
    assert!(installation.apply(&spec, &plan).await.is_complete());
    // Another spelling of the same policy, to check that it is restored.
    let spelled = installation.twin.bucket_policy(BUCKET).unwrap().edited_everywhere("\":", "\" :  ");
    installation.twin.set_bucket_policy(BUCKET, &spelled);

    installation.twin.disagree(unknown("aws:SourceArn"));
    let plan = installation.plan(&spec).await;
    let outcome = installation.apply(&spec, &plan).await;
    assert_eq!(installation.twin.bucket_policy(BUCKET).unwrap(), spelled);
    // CloudTrail also refuses the key policy.
    assert_eq!(outcome.summary.failed, 2, "{:#?}", outcome.results);
    let of_bucket =
        outcome.results.iter().find(|it| it.address.to_string().starts_with("bucket_policy/")).unwrap();
    let refused = of_bucket.confirmation.as_ref().unwrap().refused.as_ref().unwrap();
    assert_eq!(refused.policy, PolicyAfter::Restored { accepted: Some(true) });
    let error = of_bucket.status.error().unwrap();
    for part in [
        "CloudTrail refuses trail/m",
        "InsufficientS3BucketPolicyException: Incorrect S3 bucket policy is detected for bucket: test-logs",
        "the proof of delivery reported: ",
        "write log files: allowed by statement `TestTrailWrite`",
        "the previous policy was restored, and CloudTrail accepts the trail again",
    ] {
        assert!(error.contains(part), "{error}");
    }
    // The next plan has the same change.
    let next = installation.plan(&spec).await;
    assert_eq!(next.changes.len(), 2);
    assert_eq!(asked(policy(&next, Phase::Contract)).len(), 2);
}

/// Adds a Deny for requests of CloudTrail on behalf of any other account. Only a twin that does not
/// know the condition key refuses trails because of it.
fn with_a_deny(spec: &str) -> String {
    let deny = format!(
        "{{ extra_statements: [{{ Effect: Deny, Principal: {{ Service: cloudtrail.amazonaws.com }}, \
         Action: \"s3:PutObject\", Resource: \"arn:aws:s3:::{BUCKET}/*\", \
         Condition: {{ StringNotEquals: {{ \"aws:SourceAccount\": [\"{MASTER}\", \"{M0}\"] }} }} }}] }}"
    );
    spec.with("bucket.policy", &deny)
}

#[tokio::test]
async fn a_refusal_after_expansion_restores_the_policy_and_stops_what_depends_on_it() {
    let installation = Installation::new();
    installation.converge(&members(1)).await;
    let spelled = installation.twin.bucket_policy(BUCKET).unwrap().edited_everywhere("\":", "\" :  ");
    installation.twin.set_bucket_policy(BUCKET, &spelled);
    installation.twin.disagree(unknown("aws:SourceAccount"));

    let spec = with_a_deny(&members(1).with("trails.0", "{ enabled: false }"));
    let plan = installation.plan(&spec).await;
    let outcome = installation.apply(&spec, &plan).await;
    assert_eq!(installation.twin.bucket_policy(BUCKET).unwrap(), spelled);
    assert_eq!(obstacles(&installation), Vec::<String>::new());
    assert_eq!((outcome.summary.failed, outcome.summary.skipped), (1, 2), "{:#?}", outcome.results);
    assert_eq!(installation.plan(&spec).await.changes, plan.changes);

    installation.twin.disagree(Disagreement::default());
    installation.converge(&spec).await;
    assert!(installation.plan(&spec).await.is_in_sync());
}

#[tokio::test]
async fn a_refused_key_policy_is_restored_byte_for_byte() {
    let spec = members(1);
    let installation = Installation::new();
    installation.converge(&spec).await;
    let old = with_old_statements(&key_policy(&installation));
    installation.twin.set_key_policy(MASTER, "eu-west-1", "alias/test", &old);
    // The bucket policy works with and without the condition key that this twin does not know.
    let open = foreign(&[MASTER, M0]);
    installation.twin.set_bucket_policy(BUCKET, &open);
    installation.twin.disagree(unknown("aws:SourceArn"));
    let mut plan = installation.plan(&spec).await;
    plan.target(|address| address.to_string().starts_with("key_policy/"));
    assert_eq!(asked(&plan.changes[0]).len(), 2, "{:#?}", plan.changes);
    let outcome = installation.apply(&spec, &plan).await;
    assert_eq!(key_policy(&installation), old);
    let error = errors(&outcome).remove(0);
    assert!(error.contains("InsufficientEncryptionPolicyException"), "{error}");
    assert!(error.contains("generate a data key: allowed by statement `TestTrailEncrypt`"), "{error}");
    assert_eq!(obstacles(&installation), Vec::<String>::new());
}

#[tokio::test]
async fn a_refused_topic_policy_is_restored() {
    let spec = members(1).with("trails.0", "{ sns_topic: { name: t } }");
    let installation = adopted(&spec, &[MASTER, M0]).await;
    let topics = |installation: &Installation| {
        let accounts = installation.twin.summary().accounts.into_iter();
        accounts.map(|account| account.topics).collect::<Vec<_>>()
    };
    let old = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Old","Effect":"Allow",
        "Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"SNS:Publish",
        "Resource":"arn:aws:sns:eu-west-1:111111111111:t",
        "Condition":{"StringEquals":{"aws:SourceAccount":["111111111111","000000000001"]}}}]}"#;
    installation.twin.set_topic_policy(MASTER, "eu-west-1", "t", old);
    installation.twin.disagree(unknown("aws:SourceArn"));
    let mut plan = installation.plan(&spec).await;
    plan.target(|address| address.to_string().starts_with("topic_policy/master/"));
    let numbers: Vec<usize> = plan.changes.iter().map(|change| asked(change).len()).collect();
    assert_eq!(numbers, [0, 2], "{:#?}", plan.changes);
    plan.changes.truncate(1);
    assert!(installation.apply(&spec, &plan).await.is_complete());
    let expanded = topics(&installation);

    let mut plan = installation.plan(&spec).await;
    plan.target(|address| address.to_string().starts_with("topic_policy/master/"));
    let outcome = installation.apply(&spec, &plan).await;
    assert_eq!(topics(&installation), expanded);
    let error = errors(&outcome).remove(0);
    assert!(error.contains("InsufficientSnsTopicPolicyException"), "{error}");
}

#[tokio::test]
async fn without_confirmation_cloudtrail_is_not_asked_and_nothing_is_restored() {
    let installation = Installation::new();
    installation.converge(&members(1)).await;
    installation.twin.disagree(unknown("aws:SourceAccount"));
    let spec = with_a_deny(&members(1));
    let plan = installation.plan(&spec).await;
    let calls = updates(&installation);
    assert!(installation.apply_unconfirmed(&spec, &plan).await.is_complete());
    assert_eq!(updates(&installation), calls);
    assert_eq!(obstacles(&installation).len(), 2, "the twin disagrees, and was not asked");
}

#[tokio::test]
async fn a_trail_that_cannot_be_asked_is_reported_and_keeps_its_permission() {
    let spec = members(1);
    let installation = adopted(&spec, &[MASTER, M0]).await;
    installation.twin.deny(vec![InjectedDenial {
        account: M0.to_owned(),
        region: None,
        operation: "cloudtrail:UpdateTrail".to_owned(),
    }]);
    let plan = installation.plan(&spec).await;
    let outcome = installation.apply(&spec, &plan).await;
    let expand = &outcome.results[0];
    assert_eq!(expand.status, ChangeStatus::Applied);
    let confirmation = expand.confirmation.as_ref().unwrap();
    assert_eq!(confirmation.confirmed.len(), 1);
    assert_eq!(confirmation.unconfirmed[0].trail.to_string(), "trail/m0/Trail");
    let error = errors(&outcome).remove(0);
    assert!(
        error.contains(
            "CloudTrail cannot confirm trail/m0/Trail: cloudtrail:UpdateTrail in account 000000000001"
        ) && error.contains("no permission was removed"),
        "{error}"
    );
    assert!(installation.twin.bucket_policy(BUCKET).unwrap().contains("AWSCloudTrailWrite20150319"));

    installation.twin.deny(Vec::new());
    installation.converge(&spec).await;
    assert!(installation.plan(&spec).await.is_in_sync());
}

#[tokio::test]
async fn a_concurrent_write_of_the_policy_is_kept() {
    let installation = Installation::new();
    installation.converge(&members(1)).await;
    installation.twin.disagree(unknown("aws:SourceAccount"));
    let spec = with_a_deny(&members(1));
    let plan = installation.plan(&spec).await;
    let theirs = Arc::new(Mutex::new(None::<String>));
    let (twin, written) = (installation.twin.clone(), Arc::clone(&theirs));
    installation.twin.observe(move |_| {
        let policy = twin.bucket_policy(BUCKET).unwrap();
        let mut written = written.lock().unwrap();
        if policy.contains("StringNotEquals") && written.is_none() {
            let added = r#""Statement":[{"Sid":"Late","Effect":"Allow","Principal":{"AWS":"555555555555"},
                "Action":"s3:ListBucket","Resource":"arn:aws:s3:::test-logs"},"#;
            let text = policy.replacen("\"Statement\":[", added, 1);
            twin.set_bucket_policy(BUCKET, &text);
            *written = Some(text);
        }
    });
    let outcome = installation.apply(&spec, &plan).await;
    let theirs = theirs.lock().unwrap().clone().unwrap();
    assert_eq!(installation.twin.bucket_policy(BUCKET).unwrap(), theirs);
    let refused = outcome.results[0].confirmation.as_ref().unwrap().refused.as_ref().unwrap();
    assert_eq!(refused.policy, PolicyAfter::ChangedByOthers, "{:#?}", outcome.results);
}

/// Applies, and ends abruptly after the mutating call with this number. Returns whether this call
/// was made.
pub async fn apply_and_die(installation: &Installation, spec: &str, plan: &Plan, after: usize) -> bool {
    let left = Arc::new(AtomicUsize::new(after));
    let counter = Arc::clone(&left);
    installation.twin.observe(move |_| {
        let now = counter.fetch_sub(1, Ordering::Relaxed);
        assert!(now != 1, "killed");
        if now == 0 {
            counter.store(0, Ordering::Relaxed);
        }
    });
    let apply = installation.apply_watched(spec, plan, Interrupt::default(), Arc::new(()));
    let outcome = AssertUnwindSafe(apply).catch_unwind().await;
    installation.twin.observe(|_| {});
    let is_done = outcome.is_ok_and(|outcome| !errors(&outcome).iter().any(|it| it.contains("interrupted")));
    !is_done && left.load(Ordering::Relaxed) == 0
}

#[tokio::test]
async fn wherever_a_confirmation_is_killed_the_next_apply_converges() {
    let spec = members(1);
    for after in 1.. {
        let installation = adopted(&spec, &[MASTER, M0]).await;
        let plan = installation.plan(&spec).await;
        let was_killed = apply_and_die(&installation, &spec, &plan, after).await;
        assert_eq!(obstacles(&installation), Vec::<String>::new(), "after {after}");
        installation.converge(&spec).await;
        assert!(installation.plan(&spec).await.is_in_sync(), "after {after}");
        if !was_killed {
            assert!(after > 8, "two writes and six questions: {after}");
            break;
        }
    }
}

#[tokio::test]
async fn wherever_a_refusal_is_killed_the_next_apply_restores_what_delivers() {
    let spec = members(1);
    for after in 1.. {
        let installation = adopted(&spec, &[MASTER, M0]).await;
        let plan = installation.plan(&spec).await;
        installation.twin.disagree(unknown("aws:SourceArn"));
        let was_killed = apply_and_die(&installation, &spec, &plan, after).await;
        // A new plan is used, as in `apply SPEC`.
        let plan = installation.plan(&spec).await;
        let outcome = installation.apply(&spec, &plan).await;
        assert!(!outcome.is_complete(), "after {after}: {:#?}", outcome.results);
        let policy = installation.twin.bucket_policy(BUCKET).unwrap();
        assert!(policy.contains("AWSCloudTrailWrite20150319") && policy.contains("Athena"), "{policy}");
        let of_bucket: Vec<String> =
            obstacles(&installation).into_iter().filter(|it| it.contains("S3")).collect();
        assert_eq!(of_bucket, Vec::<String>::new(), "after {after}");
        if !was_killed {
            assert!(after > 6, "{after}");
            break;
        }
    }
}
