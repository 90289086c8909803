//! The adoption of policies interrupts no delivery: of trails of other Regions and other buckets,
//! of event data stores, and of other installations.

use reconcile_plan::Plan;
use reconcile_plan::plan::Ended;
use reconcile_policy::Sources;
use reconcile_samples::{BUCKET, EditSpec, EditText, MASTER, members};
use reconcile_twin::InjectedDenial;
use serde_json::{Value, json};

use crate::installation::Installation;
use crate::others::{Others, acl_check, folder, sids, write};

const M0: &str = "000000000001";

fn messages<'p>(plan: &'p Plan, code: &str) -> Vec<&'p str> {
    let of_code = plan.warnings.iter().filter(|warning| warning.code.as_str() == code);
    of_code.map(|warning| warning.message.as_str()).collect()
}

fn ended(plan: &Plan) -> Vec<&Ended> {
    plan.changes.iter().flat_map(|change| &change.ended).collect()
}

/// Returns the reasons for the changes of one policy.
fn reasons(plan: &Plan, policy: &str) -> String {
    let of_policy = plan.changes.iter().filter(|it| it.address.to_string() == policy);
    of_policy.flat_map(|it| it.reasons.clone()).collect::<Vec<_>>().join("\n")
}

fn arn(region: &str, account: &str, name: &str) -> String {
    format!("arn:aws:cloudtrail:{region}:{account}:trail/{name}")
}

#[tokio::test]
async fn trails_at_home_in_other_regions_keep_delivering() {
    let installation = Installation::new();
    let spec = members(1);
    installation.plan(&spec).await;
    let master = Others::of(&installation, MASTER);
    master.bucket(&[acl_check(), write(&[folder(MASTER), folder(M0)])]).await;
    master.trail("Trail", None).await;
    Others::in_region(&installation, MASTER, "us-west-2").trail("Default", None).await;
    Others::in_region(&installation, M0, "eu-central-1").trail("Default", None).await;
    installation.watch_over(|arn| arn.contains("Default") || arn.contains(MASTER));

    let plan = installation.converge(&spec).await;
    let known = messages(&plan, "unlisted-trail").join("\n");
    for arn in [arn("us-west-2", MASTER, "Default"), arn("eu-central-1", M0, "Default")] {
        assert!(known.contains(&arn), "{known}");
        assert!(master.policy().await.contains(&arn), "{arn}");
    }
    assert!(!master.policy().await.contains("2015"), "{}", master.policy().await);
    // The other access of the foreign statement ends, and the plan reports this.
    let ended = ended(&plan);
    let of_accounts = json!({ "type": "accounts", "ids": [M0, MASTER] });
    assert!(ended.iter().flat_map(|it| &it.uses).any(|it| json!(it.sources) == of_accounts), "{ended:#?}");
    let reasons = reasons(&plan, "bucket_policy/master/test-logs");
    assert!(
        reasons.contains("This ends the permission of other trails and event data stores of accounts"),
        "{reasons}"
    );
    assert!(installation.plan(&spec).await.is_in_sync());
}

#[tokio::test]
async fn an_account_whose_trails_cannot_be_listed_keeps_what_a_foreign_statement_allows_it() {
    let installation = Installation::new();
    let spec = members(1);
    installation.plan(&spec).await;
    let master = Others::of(&installation, MASTER);
    master.bucket(&[acl_check(), write(&[folder(MASTER), folder(M0)])]).await;
    let elsewhere = Others::in_region(&installation, M0, "eu-central-1");
    elsewhere.trail("Default", None).await;
    installation.watch_over(|arn| arn.contains("Default"));
    let denial = |operation: &str, region: Option<&str>| InjectedDenial {
        account: M0.to_owned(),
        region: region.map(str::to_owned),
        operation: operation.to_owned(),
    };
    for denial in
        [denial("cloudtrail:ListTrails", None), denial("cloudtrail:DescribeTrails", Some("eu-central-1"))]
    {
        let operation = denial.operation.clone();
        installation.twin.deny(vec![denial]);
        let plan = installation.converge(&spec).await;
        assert!(!plan.partial, "{operation}");
        let kept = messages(&plan, "kept-permission").join("\n");
        assert!(
            kept.contains("not all trails of account `m0` are known") && kept.contains(&operation),
            "{kept}"
        );
        let policy = master.policy().await;
        assert!(sids(&policy).contains(&"AWSCloudTrailWrite20150319".to_owned()), "{operation}: {policy}");
        assert!(!policy.contains(&arn("eu-central-1", M0, "Default")), "{operation}: {policy}");
    }
    installation.twin.deny(Vec::new());
    installation.converge(&spec).await;
    let policy = master.policy().await;
    assert!(!policy.contains("2015") && policy.contains(&arn("eu-central-1", M0, "Default")), "{policy}");
}

/// Returns the statements that AWS documents for the results of CloudTrail Lake queries. The first
/// one has a common mistake: an operator for which `*` is not a wildcard.
fn lake() -> [String; 2] {
    let stores = format!("arn:aws:cloudtrail:eu-west-1:{MASTER}:eventdatastore/*");
    let [results, check] = [
        json!({
            "Sid": "AWSCloudTrailLake1", "Effect": "Allow",
            "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": ["s3:PutObject*", "s3:Abort*"],
            "Resource": [format!("arn:aws:s3:::{BUCKET}"), format!("arn:aws:s3:::{BUCKET}/*")],
            "Condition": { "StringEquals": { "aws:sourceAccount": MASTER, "aws:SourceArn": stores } },
        }),
        json!({
            "Sid": "AWSCloudTrailLake2", "Effect": "Allow",
            "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "s3:GetBucketAcl",
            "Resource": format!("arn:aws:s3:::{BUCKET}"),
            "Condition": { "StringLike": { "aws:SourceArn": stores } },
        }),
    ];
    [results.to_string(), check.to_string()]
}

#[tokio::test]
async fn an_event_data_store_keeps_its_permissions() {
    let installation = Installation::new();
    let spec = members(1);
    installation.plan(&spec).await;
    let master = Others::of(&installation, MASTER);
    let [results, check] = lake();
    let live = [acl_check(), write(&[folder(MASTER), folder(M0)]), results.clone(), check.clone()];
    master.bucket(&live).await;
    let plan = installation.converge(&spec).await;
    let policy = master.policy().await;
    assert!(policy.contains(&results) && policy.contains(&check), "{policy}");
    let kept = messages(&plan, "kept-permission");
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(
        kept[0].contains("`AWSCloudTrailLake2` still allows") && kept[0].contains("eventdatastore/*"),
        "{kept:?}"
    );
    assert!(kept[0].contains("to read the bucket ACL"), "{kept:?}");
    assert!(installation.plan(&spec).await.is_in_sync());
}

/// Returns the statement in the key policy of Control Tower.
fn baseline(name: &str) -> Value {
    json!({
        "Sid": "Allow CloudTrail to use KMS for encryption", "Effect": "Allow",
        "Principal": { "Service": "cloudtrail.amazonaws.com" },
        "Action": ["kms:GenerateDataKey*", "kms:Decrypt"], "Resource": "*",
        "Condition": {
            "StringEquals": { "aws:SourceArn": arn("eu-west-1", MASTER, name) },
            "StringLike": {
                "kms:EncryptionContext:aws:cloudtrail:arn": format!("arn:aws:cloudtrail:*:{MASTER}:trail/*")
            },
        },
    })
}

#[tokio::test]
async fn a_trail_that_uses_the_key_for_another_bucket_keeps_its_permission() {
    let key = format!("arn:aws:kms:eu-west-1:{MASTER}:key/11111111-2222-3333-4444-555555555555");
    let spec = members(1).with("key", &format!("{{ alias: null, arn: \"{key}\" }}"));
    let policy = |statement: &Value| {
        let root = json!({
            "Sid": "Root", "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{MASTER}:root") },
            "Action": "kms:*", "Resource": "*",
        });
        json!({ "Version": "2012-10-17", "Statement": [root, statement] }).to_string()
    };
    // No account lists the trail any more. Its statement is not changed.
    let installation = Installation::new();
    installation.plan(&spec).await;
    let master = Others::of(&installation, MASTER);
    master.key_policy(&key, &policy(&baseline("Baseline"))).await;
    let plan = installation.converge(&spec).await;
    assert!(master.live_key_policy(&key).await.contains(&baseline("Baseline").to_string()));
    let kept = messages(&plan, "kept-permission").join("\n");
    assert!(kept.contains(&format!("trail Baseline of account {MASTER} to use the key")), "{kept}");
    assert!(!reasons(&plan, "key_policy/master/11111111-2222-3333-4444-555555555555").contains("is removed"));
    assert!(installation.plan(&spec).await.is_in_sync());

    // An existing trail also keeps its own statement. If the statement names no source, the managed
    // statement includes the trail.
    let mut open = baseline("Baseline");
    open["Condition"].as_object_mut().unwrap().remove("StringEquals");
    for (statement, joins) in [(baseline("Baseline"), false), (open, true)] {
        let installation = Installation::new();
        installation.plan(&spec).await;
        let master = Others::of(&installation, MASTER);
        let describe = json!({
            "Sid": "Describe", "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
            "Action": "kms:DescribeKey", "Resource": "*",
        });
        let document: Value = serde_json::from_str(&policy(&statement)).unwrap();
        let mut statements = document["Statement"].as_array().unwrap().clone();
        statements.push(describe);
        let document = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        master.key_policy(&key, &document).await;
        master.other_bucket("baseline-logs", MASTER).await;
        master.trail_to("Baseline", "baseline-logs", Some(&key)).await;
        installation.watch_over(|arn| arn.contains("Baseline"));
        let plan = installation.converge(&spec).await;
        assert_eq!(messages(&plan, "unlisted-trail").len(), usize::from(joins), "{:#?}", plan.warnings);
        assert!(installation.plan(&spec).await.is_in_sync());
    }
}

/// Returns a separate spec for the same bucket and key, with trails of another name and prefix.
fn second(spec: &str) -> String {
    spec.with("name", "other").with("trails.0.name", "Second")
}

#[tokio::test]
async fn two_installations_on_one_bucket_and_key_leave_each_other_alone() {
    let installation = Installation::new();
    let one = members(1).with("key.description", "unmanaged");
    let two = second(&one);
    installation.converge(&one).await;
    installation.converge(&two).await;
    let master = Others::of(&installation, MASTER);
    installation.watch_over(|_| true);
    for spec in [&one, &two] {
        let plan = installation.plan(spec).await;
        assert!(plan.is_in_sync(), "{:#?}", plan.changes);
        assert_eq!(messages(&plan, "unlisted-trail"), Vec::<&str>::new());
    }

    let plan = installation.plan_to_destroy(&one).await;
    assert_eq!(messages(&plan, "handed-over"), Vec::<&str>::new());
    installation.watch_over(|arn| arn.contains("Second"));
    assert!(installation.apply(&one, &plan).await.is_complete());
    let left = sids(&master.policy().await);
    assert!(left.iter().all(|sid| sid.starts_with("Other")), "{left:?}");
    assert!(installation.plan(&two).await.is_in_sync());

    let plan = installation.plan_to_destroy(&two).await;
    installation.watch_over(|_| false);
    assert!(installation.apply(&two, &plan).await.is_complete());
    assert_eq!(master.policy_if_any().await, None);
}

#[tokio::test]
async fn a_destroy_hands_over_what_a_trail_of_others_needs() {
    let installation = Installation::new();
    let spec = members(1);
    installation.plan(&spec).await;
    let master = Others::of(&installation, MASTER);
    master.bucket(&[acl_check(), write(&[folder(MASTER)])]).await;
    master.trail("Legacy", None).await;
    installation.watch_over(|arn| arn.contains("Legacy"));
    installation.converge(&spec).await;
    assert!(sids(&master.policy().await).iter().all(|sid| sid.starts_with("Test")));

    let plan = installation.plan_to_destroy(&spec).await;
    let told = messages(&plan, "handed-over").join("\n");
    assert!(told.contains(&format!("trail Legacy of account {MASTER} still needs permissions")), "{told}");
    assert!(installation.apply(&spec, &plan).await.is_complete());
    let policy = master.policy().await;
    assert_eq!(sids(&policy), ["AWSCloudTrailAclCheck", "AWSCloudTrailWrite"], "{policy}");
    assert!(!policy.contains("trail/Trail"), "{policy}");
    // Nothing remains to be done, and the next installation adopts the remaining statements.
    assert!(installation.plan_to_destroy(&spec).await.changes.is_empty());
    installation.converge(&spec).await;
    assert!(installation.plan(&spec).await.is_in_sync());
}

#[tokio::test]
async fn removing_foreign_statements_names_every_trail_that_is_cut_off() {
    let installation = Installation::new();
    let spec = members(1);
    installation.plan(&spec).await;
    let master = Others::of(&installation, MASTER);
    let theirs = arn("eu-west-1", "999999999999", "Theirs");
    let scoped = |sid: &str, action: &str, resource: String| {
        json!({
            "Sid": sid, "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
            "Action": action, "Resource": resource,
            "Condition": { "StringEquals": { "aws:SourceArn": theirs } },
        })
        .to_string()
    };
    master
        .bucket(&[
            scoped("LogsTrailAclCheck", "s3:GetBucketAcl", format!("arn:aws:s3:::{BUCKET}")),
            scoped("LogsTrailWrite", "s3:PutObject", folder("999999999999")),
        ])
        .await;
    let plan = installation.converge(&spec).await;
    assert_eq!(messages(&plan, "cuts-off"), Vec::<&str>::new());
    assert!(master.policy().await.contains("LogsTrailWrite"));

    let strict = spec.with("bucket.policy", "{ foreign_statements: remove }");
    let plan = installation.converge(&strict).await;
    let told = messages(&plan, "cuts-off").join("\n");
    assert!(told.contains("trail Theirs of account 999999999999"), "{told}");
    let names = |it: &&Ended| {
        it.uses.iter().any(|it| matches!(&it.sources, Sources::Trails { arns } if arns.contains(&theirs)))
    };
    assert_eq!(ended(&plan).into_iter().filter(names).count(), 2);
    assert!(!master.policy().await.contains("LogsTrailWrite"));
}

#[tokio::test]
async fn a_foreign_deny_of_plain_http_counts() {
    let installation = Installation::new();
    let spec = members(1);
    installation.plan(&spec).await;
    let master = Others::of(&installation, MASTER);
    let deny = json!({
        "Sid": "AllowSSLRequestsOnly", "Effect": "Deny", "Principal": { "AWS": "*" }, "Action": "s3:*",
        "Resource": [format!("arn:aws:s3:::{BUCKET}/*"), format!("arn:aws:s3:::{BUCKET}")],
        "Condition": { "Bool": { "aws:SecureTransport": false } },
    })
    .to_string();
    master.bucket(std::slice::from_ref(&deny)).await;
    installation.converge(&spec).await;
    let policy = master.policy().await;
    assert!(policy.contains(&deny) && !policy.contains("TestDenyInsecureTransport"), "{policy}");
    assert!(installation.plan(&spec).await.is_in_sync());

    // Without the foreign statement, the managed one is added; it is kept when a foreign one is
    // added later.
    let without = policy.replace(&format!("{deny},"), "");
    master.put_policy(&without).await;
    let plan = installation.converge(&spec).await;
    let reasons = reasons(&plan, "bucket_policy/master/test-logs");
    assert_eq!(reasons, "no statement denies requests without TLS");
    let policy = master.policy().await;
    master.put_policy(&policy.replacen("\"Statement\":[", &format!("\"Statement\":[{deny},"), 1)).await;
    assert!(installation.plan(&spec).await.is_in_sync());
}

#[tokio::test]
async fn a_statement_that_lets_every_account_write_is_reported_whatever_else_it_says() {
    let installation = Installation::new();
    let spec = members(1);
    installation.plan(&spec).await;
    let master = Others::of(&installation, MASTER);
    let open = json!({
        "Effect": "Allow", "Principal": { "Service": ["cloudtrail.amazonaws.com", "config.amazonaws.com"] },
        "Action": "s3:PutObject", "Resource": format!("arn:aws:s3:::{BUCKET}/AWSLogs/*"),
    });
    let secure = json!({
        "Sid": "Secure", "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
        "Action": "s3:Put*", "Resource": format!("arn:aws:s3:::{BUCKET}/*"),
        "Condition": { "Bool": { "aws:SecureTransport": "true" } },
    });
    master.bucket(&[open.to_string(), secure.to_string()]).await;
    let plan = installation.plan(&spec).await;
    let told = messages(&plan, "unlisted-account").join("\n");
    let expected = "statement 1 (it has no Sid) still allows every trail of every account to write to `test-logs/AWSLogs/*`";
    assert!(told.contains(expected), "{told}");
    assert!(told.contains("statement `Secure` still allows every trail of every account"), "{told}");
}

#[tokio::test]
async fn a_statement_of_the_trails_of_the_spec_is_not_said_to_allow_others() {
    let installation = Installation::new();
    let spec = members(1);
    installation.plan(&spec).await;
    let master = Others::of(&installation, MASTER);
    let own = [arn("eu-west-1", MASTER, "Trail"), arn("eu-west-1", M0, "Trail")];
    let mut pinned: Value = serde_json::from_str(&write(&[format!("arn:aws:s3:::{BUCKET}/*")])).unwrap();
    pinned["Condition"]["StringEquals"]["aws:SourceArn"] = json!(own);
    master.bucket(&[acl_check(), pinned.to_string()]).await;
    let plan = installation.converge(&spec).await;
    assert_eq!(plan.warnings, []);
    assert!(sids(&master.policy().await).iter().all(|sid| sid.starts_with("Test")));
}

#[tokio::test]
async fn a_policy_that_is_proven_to_deliver_is_not_critical() {
    use reconcile_plan::{Severity, findings};

    let installation = Installation::new();
    let spec = members(1);
    installation.converge(&spec).await;
    let master = Others::of(&installation, MASTER);
    let policy = master.policy().await;
    // Somebody renames the managed statements, which has no effect on deliveries.
    master.put_policy(&policy.edited_everywhere("TestTrail", "TheirTrail")).await;
    let comparison = installation.compare(&spec).await;
    let found = findings(&comparison);
    assert!(!found.is_empty() && found.iter().all(|it| it.severity != Severity::Critical), "{found:#?}");
    let told = found.iter().map(|it| it.message.as_str()).collect::<Vec<_>>().join("\n");
    assert!(told.contains("other statements currently allow what the trails need"), "{told}");

    master.put_policy(&policy.edited_everywhere("s3:PutObject", "s3:PutObjectAcl")).await;
    let found = findings(&installation.compare(&spec).await);
    let of_policy = found.iter().find(|it| it.address.starts_with("bucket_policy/")).unwrap();
    assert_eq!(of_policy.severity, Severity::Critical);
    let expected =
        format!("CloudTrail is not allowed to write log files for trail Trail of account {MASTER} and");
    assert!(of_policy.message.contains(&expected), "{}", of_policy.message);
}
