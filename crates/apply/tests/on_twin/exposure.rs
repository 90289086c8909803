//! The access that others allow to outsiders: it is kept, and every plan and drift check reports it
//! with the outsiders.

use aws_sdk_kms::types::GrantOperation;
use aws_sdk_s3::types::{
    AccessControlPolicy, BucketCannedAcl, BucketLifecycleConfiguration, DeleteMarkerReplication,
    DeleteMarkerReplicationStatus, Destination, ExpirationStatus, Grant, Grantee, LifecycleExpiration,
    LifecycleRule, LifecycleRuleFilter, ObjectOwnership, OwnershipControls, OwnershipControlsRule,
    Permission, ReplicationConfiguration, ReplicationRule, ReplicationRuleFilter, ReplicationRuleStatus,
    Type,
};
use reconcile_plan::{Comparison, Finding, FindingKind, Severity, findings};
use reconcile_samples::{BUCKET, EditSpec, MASTER, members};
use reconcile_twin::InjectedDenial;
use serde_json::{Value, json};

use crate::installation::Installation;
use crate::others::Others;

pub const STRANGER: &str = "arn:aws:iam::444455556666:root";

/// Returns a policy with one more statement.
fn with(policy: &str, statement: &Value) -> String {
    let mut policy: Value = serde_json::from_str(policy).unwrap();
    policy["Statement"].as_array_mut().unwrap().push(statement.clone());
    policy.to_string()
}

pub fn of_outsiders(comparison: &Comparison) -> Vec<Finding> {
    findings(comparison).into_iter().filter(|it| it.review.is_some()).collect()
}

/// Returns the findings of a check about access of outsiders, as the severity and the message.
fn said(comparison: &Comparison) -> Vec<(Severity, String)> {
    of_outsiders(comparison).into_iter().map(|it| (it.severity, it.message)).collect()
}

/// Returns an installation that is in sync, the clients of another team in the account of the
/// bucket, and the ARN of the key.
pub async fn installed(spec: &str) -> (Installation, Others, String) {
    let installation = Installation::new();
    installation.converge(spec).await;
    let others = Others::of(&installation, MASTER);
    let comparison = installation.compare(spec).await;
    assert_eq!(findings(&comparison), [], "an installation alone exposes nothing");
    let key = installation.twin.summary().accounts.into_iter().flat_map(|it| it.keys).next().unwrap().arn;
    (installation, others, key)
}

/// Asserts that a plan has only these warnings and no changes, and that a drift check has these
/// findings.
pub fn assert_reported(comparison: &Comparison, expected: &[(Severity, &str)]) {
    let expected: Vec<(Severity, String)> =
        expected.iter().map(|(severity, says)| (*severity, (*says).to_owned())).collect();
    assert_eq!(said(comparison), expected);
    assert!(comparison.plan.changes.is_empty(), "{:#?}", comparison.plan.changes);
    assert_eq!(comparison.refusals, []);
    for (severity, says) in &expected {
        let code = format!("exposure-{}", severity.as_str());
        let is_said =
            comparison.plan.warnings.iter().any(|it| it.code.as_str() == code && it.message.contains(says));
        assert!(is_said, "no warning {code} says {says}: {:#?}", comparison.plan.warnings);
    }
}

#[tokio::test]
async fn statements_of_the_bucket_policy_are_reported_by_what_they_allow_to_whom() {
    let spec = members(1);
    let (installation, others, _) = installed(&spec).await;
    let policy = others.policy().await;
    let objects = format!("arn:aws:s3:::{BUCKET}/*");
    let bucket = format!("arn:aws:s3:::{BUCKET}");
    let allow = |principal: Value, action: Value, condition: Value| {
        json!({ "Sid": "Other", "Effect": "Allow", "Principal": principal, "Action": action,
            "Resource": [bucket, objects], "Condition": condition })
    };
    let stranger = || json!({ "AWS": STRANGER });
    for (statement, expected) in [
        (
            allow(stranger(), json!("s3:GetObject"), json!({})),
            vec![(Severity::High, "statement `Other` lets account 444455556666 read every log file")],
        ),
        (
            allow(
                stranger(),
                json!(["s3:PutObject", "s3:DeleteObject", "s3:PutLifecycleConfiguration"]),
                json!({}),
            ),
            vec![(
                Severity::Critical,
                "statement `Other` lets account 444455556666 write and delete every log file and have log files expire",
            )],
        ),
        (
            allow(
                json!("*"),
                json!("s3:GetObject"),
                json!({ "StringEquals": { "aws:SourceVpce": "vpce-1a2b3c4d" } }),
            ),
            vec![(
                Severity::High,
                "statement `Other` lets anybody read every log file (under conditions on `aws:SourceVpce`)",
            )],
        ),
        (
            allow(json!({ "Service": "config.amazonaws.com" }), json!("s3:PutObject"), json!({})),
            vec![(
                Severity::Medium,
                "statement `Other` lets config.amazonaws.com on behalf of any account write every log file",
            )],
        ),
        (
            allow(
                json!({ "Service": "config.amazonaws.com" }),
                json!("s3:PutObject"),
                json!({ "StringEquals": { "aws:SourceAccount": MASTER } }),
            ),
            vec![],
        ),
        (allow(json!({ "AWS": MASTER }), json!("s3:*"), json!({})), vec![]),
    ] {
        others.put_policy(&with(&policy, &statement)).await;
        assert_reported(&installation.compare(&spec).await, &expected);
        // The statement is not changed.
        assert!(others.policy().await.contains("\"Other\""));
    }
}

#[tokio::test]
async fn cloudtrail_without_a_source_condition_is_reported_until_it_is_adopted() {
    let spec = members(1);
    let (installation, others, _) = installed(&spec).await;
    let policy = others.policy().await;
    let statement = json!({ "Sid": "AWSCloudTrailWrite20150319", "Effect": "Allow",
        "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "s3:PutObject",
        "Resource": format!("arn:aws:s3:::{BUCKET}/AWSLogs/{MASTER}/*"),
        "Condition": { "StringEquals": { "s3:x-amz-acl": "bucket-owner-full-control" } } });
    others.put_policy(&with(&policy, &statement)).await;
    let comparison = installation.compare(&spec).await;
    let says = format!(
        "statement `AWSCloudTrailWrite20150319` lets cloudtrail.amazonaws.com on behalf of any account write log files \
         under `AWSLogs/{MASTER}/*`"
    );
    assert_eq!(said(&comparison), [(Severity::Medium, says)]);
    installation.converge(&spec).await;
    assert_eq!(findings(&installation.compare(&spec).await), []);
}

#[tokio::test]
async fn statements_of_the_key_policy_are_reported_by_what_they_allow_to_whom() {
    let spec = members(1);
    let (installation, others, key) = installed(&spec).await;
    let policy = others.live_key_policy(&key).await;
    let allow = |principal: Value, action: &str, condition: Value| {
        json!({ "Sid": "Other", "Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*",
            "Condition": condition })
    };
    let stranger = || json!({ "AWS": STRANGER });
    for (statement, expected) in [
        (
            allow(stranger(), "kms:Decrypt", json!({})),
            vec![(Severity::High, "statement `Other` lets account 444455556666 decrypt log files")],
        ),
        (
            allow(stranger(), "kms:CreateGrant", json!({})),
            vec![(
                Severity::Critical,
                "statement `Other` lets account 444455556666 grant the use of the key to others",
            )],
        ),
        (
            allow(stranger(), "kms:*", json!({})),
            vec![(
                Severity::Critical,
                "statement `Other` lets account 444455556666 decrypt log files and grant the use of the key to others; \
                 lets account 444455556666 change the key policy and disable or delete the key (AWS accepts that only \
                 from the account of the resource, so it has no effect)",
            )],
        ),
        (
            allow(json!("*"), "kms:Decrypt", json!({ "StringEquals": { "kms:CallerAccount": MASTER } })),
            vec![],
        ),
    ] {
        others.key_policy(&key, &with(&policy, &statement)).await;
        assert_reported(&installation.compare(&spec).await, &expected);
        assert!(others.live_key_policy(&key).await.contains("\"Other\""));
    }
}

#[tokio::test]
async fn a_public_statement_is_a_critical_finding_whoever_manages_the_policy() {
    let spec = members(1);
    let (installation, others, _) = installed(&spec).await;
    let statement = json!({ "Sid": "Downloads", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": format!("arn:aws:s3:::{BUCKET}/*") });
    installation.twin.set_bucket_policy(BUCKET, &with(&others.policy().await, &statement));
    for spec in [spec.clone(), spec.with("bucket.policy", "unmanaged")] {
        let found = said(&installation.compare(&spec).await);
        assert_eq!(
            found,
            [(Severity::Critical, "statement `Downloads` lets anybody read every log file".to_owned())]
        );
    }
}

#[tokio::test]
async fn a_reviewed_statement_is_accepted_until_it_changes() {
    let spec = members(1);
    let (installation, others, _) = installed(&spec).await;
    let policy = others.policy().await;
    let auditors = |action: &str| {
        json!({ "Sid": "Auditors", "Effect": "Allow", "Principal": { "AWS": STRANGER }, "Action": action,
            "Resource": format!("arn:aws:s3:::{BUCKET}/*") })
    };
    others.put_policy(&with(&policy, &auditors("s3:GetObject"))).await;
    let [found] = &of_outsiders(&installation.compare(&spec).await)[..] else { panic!() };
    let review = found.review.clone().unwrap();
    assert!(review.starts_with("bucket_policy/Auditors@"), "{review}");

    let reviewed = spec.with("reviewed", &format!("[{{ finding: {review}, reason: The auditors read }}]"));
    let comparison = installation.compare(&reviewed).await;
    let [found] = &findings(&comparison)[..] else { panic!("{:#?}", findings(&comparison)) };
    assert_eq!(found.accepted.as_deref(), Some("The auditors read"));
    assert!(!found.is_open());
    let codes: Vec<&str> = comparison.plan.warnings.iter().map(|it| it.code.as_str()).collect();
    assert_eq!(codes, ["reviewed"]);

    // The statement with the same Sid now allows more.
    others.put_policy(&with(&policy, &auditors("s3:*Object"))).await;
    let comparison = installation.compare(&reviewed).await;
    let [found] = &findings(&comparison)[..] else { panic!("{:#?}", findings(&comparison)) };
    assert!(found.is_open() && found.severity == Severity::Critical, "{found:#?}");
    let codes: Vec<&str> = comparison.plan.warnings.iter().map(|it| it.code.as_str()).collect();
    assert_eq!(codes, ["exposure-critical", "unused-review"]);

    // The statement is deleted.
    others.put_policy(&policy).await;
    let comparison = installation.compare(&reviewed).await;
    assert_eq!(findings(&comparison), []);
    let codes: Vec<&str> = comparison.plan.warnings.iter().map(|it| it.code.as_str()).collect();
    assert_eq!(codes, ["unused-review"]);
}

#[tokio::test]
async fn grants_of_others_are_reported_by_what_they_allow_to_whom() {
    let spec = members(1);
    let (installation, others, key) = installed(&spec).await;
    let own = format!("arn:aws:iam::{MASTER}:role/Reader");
    others.grant(&key, &own, &[GrantOperation::Decrypt]).await;
    assert_reported(&installation.compare(&spec).await, &[]);
    others.grant(&key, "arn:aws:iam::444455556666:role/Reader", &[GrantOperation::Encrypt]).await;
    assert_reported(&installation.compare(&spec).await, &[]);
    others.grant(&key, "arn:aws:iam::444455556666:role/Reader", &[GrantOperation::Decrypt]).await;
    let says = "grant `theirs` lets `arn:aws:iam::444455556666:role/Reader` decrypt log files";
    assert_reported(&installation.compare(&spec).await, &[(Severity::High, says)]);

    let [found] = &of_outsiders(&installation.compare(&spec).await)[..] else { panic!() };
    assert_eq!(found.address, "grant/master/theirs");
    let review = found.review.clone().unwrap();
    let reviewed = spec.with("reviewed", &format!("[{{ finding: {review}, reason: They read }}]"));
    assert!(findings(&installation.compare(&reviewed).await).iter().all(|it| !it.is_open()));
}

async fn expire(others: &Others, days: i32, prefix: &str) {
    let rule = LifecycleRule::builder()
        .id("cleanup")
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix(prefix).build())
        .expiration(LifecycleExpiration::builder().days(days).build());
    let rules = BucketLifecycleConfiguration::builder().rules(rule.build().unwrap()).build().unwrap();
    let call = others.s3.put_bucket_lifecycle_configuration().bucket(BUCKET);
    call.lifecycle_configuration(rules).send().await.unwrap();
}

#[tokio::test]
async fn a_lifecycle_rule_of_others_is_reported_where_log_files_expire_early() {
    let spec = members(1);
    let (installation, others, _) = installed(&spec).await;
    expire(&others, 1, "downloads/").await;
    assert_reported(&installation.compare(&spec).await, &[]);
    expire(&others, 3650, "").await;
    assert_reported(&installation.compare(&spec).await, &[]);
    expire(&others, 1, "").await;
    let says = "lifecycle rule `cleanup` lets every log file expire after 1 day, and the spec has no retention \
        (`bucket.lifecycle`)";
    assert_reported(&installation.compare(&spec).await, &[(Severity::Critical, says)]);

    // A retention in the spec decides when log files expire too early.
    let keeps = spec.with("bucket.lifecycle", "{ expire_days: 4000 }");
    installation.converge(&keeps).await;
    expire_beside(&others, 3650).await;
    let says = "lifecycle rule `cleanup` lets every log file expire after 3650 days, but the spec keeps them for \
        4000 days";
    assert_reported(&installation.compare(&keeps).await, &[(Severity::Critical, says)]);
}

/// Changes the foreign rule beside the rule of the installation.
async fn expire_beside(others: &Others, days: i32) {
    let live = others.s3.get_bucket_lifecycle_configuration().bucket(BUCKET).send().await.unwrap();
    let rules = live.rules.unwrap().into_iter().map(|mut rule| {
        if rule.id() == Some("cleanup") {
            rule.expiration = Some(LifecycleExpiration::builder().days(days).build());
        }
        rule
    });
    let rules = BucketLifecycleConfiguration::builder().set_rules(Some(rules.collect())).build().unwrap();
    let call = others.s3.put_bucket_lifecycle_configuration().bucket(BUCKET);
    call.lifecycle_configuration(rules).send().await.unwrap();
}

async fn replicate(others: &Others, account: Option<&str>) {
    let destination = Destination::builder().bucket("arn:aws:s3:::elsewhere");
    let rule = ReplicationRule::builder()
        .id("copy")
        .priority(1)
        .status(ReplicationRuleStatus::Enabled)
        .filter(ReplicationRuleFilter::builder().prefix("").build())
        .delete_marker_replication(
            DeleteMarkerReplication::builder().status(DeleteMarkerReplicationStatus::Disabled).build(),
        )
        .destination(destination.set_account(account.map(str::to_owned)).build().unwrap());
    let configuration = ReplicationConfiguration::builder()
        .role(format!("arn:aws:iam::{MASTER}:role/Replication"))
        .rules(rule.build().unwrap())
        .build()
        .unwrap();
    let call = others.s3.put_bucket_replication().bucket(BUCKET);
    call.replication_configuration(configuration).send().await.unwrap();
}

#[tokio::test]
async fn replication_to_the_bucket_of_an_outsider_is_reported() {
    let spec = members(1);
    let (installation, others, _) = installed(&spec).await;
    replicate(&others, Some(MASTER)).await;
    assert_reported(&installation.compare(&spec).await, &[]);
    replicate(&others, Some("444455556666")).await;
    let says = "replication rule `copy` copies every log file to bucket `elsewhere` of account 444455556666";
    assert_reported(&installation.compare(&spec).await, &[(Severity::Critical, says)]);
    replicate(&others, None).await;
    let says = "replication rule `copy` copies every log file to bucket `elsewhere`, whose account the rule does not name";
    assert_reported(&installation.compare(&spec).await, &[(Severity::High, says)]);
}

#[tokio::test]
async fn rules_that_cannot_be_read_are_neither_absent_nor_in_sync() {
    let spec = members(1);
    let (installation, ..) = installed(&spec).await;
    let denied = ["s3:GetBucketLifecycleConfiguration", "s3:GetBucketReplication"].map(|operation| {
        InjectedDenial { account: MASTER.to_owned(), region: None, operation: operation.to_owned() }
    });
    installation.twin.deny(denied.to_vec());
    let comparison = installation.compare(&spec).await;
    let found = findings(&comparison);
    assert_eq!(
        found.iter().map(|it| it.kind).collect::<Vec<_>>(),
        [FindingKind::Unreadable; 2],
        "{found:#?}"
    );
    assert!(comparison.plan.is_in_sync());
}

#[tokio::test]
async fn an_acl_in_force_is_reported_by_what_it_grants() {
    let spec = members(1).with("bucket.object_ownership", "unmanaged");
    let (installation, others, _) = installed(&spec).await;
    let rule =
        OwnershipControlsRule::builder().object_ownership(ObjectOwnership::ObjectWriter).build().unwrap();
    let controls = OwnershipControls::builder().rules(rule).build().unwrap();
    let call = others.s3.put_bucket_ownership_controls().bucket(BUCKET);
    call.ownership_controls(controls).send().await.unwrap();
    // S3 delivers server access logs through this grant.
    others
        .s3
        .put_bucket_acl()
        .bucket(BUCKET)
        .acl(BucketCannedAcl::from("log-delivery-write"))
        .send()
        .await
        .unwrap();
    assert_reported(&installation.compare(&spec).await, &[]);
    let grantee = Grantee::builder().r#type(Type::CanonicalUser).id("79a59d").build().unwrap();
    let grant = Grant::builder().grantee(grantee).permission(Permission::FullControl).build();
    let acl = AccessControlPolicy::builder().grants(grant).build();
    others.s3.put_bucket_acl().bucket(BUCKET).access_control_policy(acl).send().await.unwrap();
    let says = "the ACL of the bucket lets the account of canonical user `79a59d` write every log file, list the names of \
                log files and change the access that ACLs grant";
    assert_reported(&installation.compare(&spec).await, &[(Severity::High, says)]);
}
