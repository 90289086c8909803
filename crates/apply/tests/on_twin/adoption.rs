//! Buckets and keys that somebody else created.

use reconcile_plan::plan::Phase;
use reconcile_samples::{BUCKET, EditSpec, MASTER, members};
use serde_json::{Value, json};

use crate::installation::Installation;
use crate::others::{Others, acl_check, folder, sids, write};

/// Two statements of other teams, each in an unusual spelling.
const OTHER_TEAMS: [&str; 2] = [
    r#"{ "Sid" : "Athena", "Effect":"Allow","Principal": {"AWS":["444444444444"]}, "Action":["s3:GetObject"], "Resource":"arn:aws:s3:::test-logs/*"}"#,
    r#"{"Effect" : "Deny", "Principal": "*", "Action": "s3:DeleteObject" ,"Resource": ["arn:aws:s3:::test-logs/*"]}"#,
];

#[tokio::test]
async fn console_statements_of_2015_are_adopted_without_a_gap_in_delivery() {
    let installation = Installation::new();
    let spec = members(2);
    installation.plan(&spec).await;
    let others = Others::of(&installation, MASTER);
    let mut statements = vec![acl_check(), write(&[folder(MASTER)])];
    statements.extend(OTHER_TEAMS.map(str::to_owned));
    others.bucket(&statements).await;
    others.trail("Trail", None).await;
    installation.watch_over(|arn| arn.contains(MASTER));

    let plan = installation.converge(&spec).await;
    let policies: Vec<_> =
        plan.changes.iter().filter(|change| change.address.kind.to_string() == "bucket_policy").collect();
    assert_eq!(policies.len(), 2);
    assert_eq!((policies[0].phase, policies[1].phase), (Phase::Expand, Phase::Contract));
    let reasons = policies[1].reasons.join("\n");
    assert!(reasons.contains("`AWSCloudTrailWrite20150319` is removed"), "{reasons}");
    assert!(reasons.contains("`AWSCloudTrailAclCheck20150319` is removed"), "{reasons}");

    let policy = others.policy().await;
    for statement in OTHER_TEAMS {
        assert!(policy.contains(statement), "{policy}");
    }
    assert!(!policy.contains("2015"), "{policy}");
    assert!(installation.plan(&spec).await.is_in_sync());
}

#[tokio::test]
async fn an_account_and_a_trail_that_are_not_in_the_spec_keep_what_they_have() {
    let installation = Installation::new();
    let spec = members(1);
    installation.plan(&spec).await;
    let others = Others::of(&installation, MASTER);
    let old = format!("arn:aws:s3:::{BUCKET}/old/AWSLogs/{MASTER}/*");
    others.bucket(&[acl_check(), write(&[folder(MASTER), folder("999999999999"), old])]).await;
    others.trail("Trail", None).await;
    others.trail("Legacy", Some("old")).await;
    installation.watch_over(|arn| arn.contains(MASTER));

    let plan = installation.converge(&spec).await;
    let mut codes: Vec<&str> = plan.warnings.iter().map(|warning| warning.code.as_str()).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["exposure-medium", "unlisted-account", "unlisted-trail"]);
    let policy = others.policy().await;
    assert!(policy.contains("trail/Legacy") && policy.contains(&folder("999999999999")), "{policy}");
    assert!(sids(&policy).contains(&"AWSCloudTrailWrite20150319".to_owned()), "{policy}");
    assert!(installation.plan(&spec).await.is_in_sync());

    // With this line, the spec revokes the access.
    let strict = spec.with("bucket.policy", "{ unlisted_accounts: remove }");
    installation.converge(&strict).await;
    let policy = others.policy().await;
    assert!(!policy.contains("2015") && policy.contains("trail/Legacy"), "{policy}");
    assert!(installation.plan(&strict).await.is_in_sync());
}

#[tokio::test]
async fn wildcards_and_an_organization_are_kept_with_a_warning() {
    for resources in
        [vec![format!("arn:aws:s3:::{BUCKET}/AWSLogs/*")], vec![folder(MASTER), folder("o-exampleorgid")]]
    {
        let installation = Installation::new();
        let spec = members(1);
        installation.plan(&spec).await;
        let others = Others::of(&installation, MASTER);
        others.bucket(&[acl_check(), write(&resources)]).await;
        others.trail("Trail", None).await;
        installation.watch_over(|arn| arn.contains(MASTER));
        let plan = installation.converge(&spec).await;
        assert!(
            plan.warnings.iter().any(|warning| warning.code.as_str() == "unlisted-account"),
            "{:?}",
            plan.warnings
        );
        let left = resources.last().unwrap();
        assert!(others.policy().await.contains(left), "{left}");
        let again = installation.plan(&spec).await;
        assert!(again.is_in_sync(), "{:#?}", again.changes);
    }
}

#[tokio::test]
async fn statements_of_the_guide_for_several_accounts_and_of_a_module_with_a_prefix_are_adopted() {
    let arns: Vec<String> = [MASTER, "000000000001", "000000000002"]
        .map(|id| format!("arn:aws:cloudtrail:eu-west-1:{id}:trail/Trail"))
        .into();
    let source = json!({ "StringEquals": { "aws:SourceArn": arns } });
    let guide = [
        with(&acl_check(), "Condition", source),
        with(
            &write(&[folder(MASTER), folder("000000000001"), folder("000000000002")]),
            "Condition",
            json!({ "StringEquals": { "aws:SourceArn": arns, "s3:x-amz-acl": "bucket-owner-full-control" } }),
        ),
    ];
    let module = [json!({
        "Sid": "", "Effect": "Allow", "Principal": { "Service": ["cloudtrail.amazonaws.com"] },
        "Action": ["s3:PutObject", "s3:GetBucketAcl"],
        "Resource": [format!("arn:aws:s3:::{BUCKET}/trails/AWSLogs/{MASTER}/*"), format!("arn:aws:s3:::{BUCKET}")],
    })
    .to_string()];
    for (statements, prefix) in [(&guide[..], None), (&module[..], Some("trails"))] {
        let installation = Installation::new();
        let mut spec = members(2);
        if let Some(prefix) = prefix {
            spec = spec.with("bucket.prefix", prefix);
        }
        installation.plan(&spec).await;
        let others = Others::of(&installation, MASTER);
        let statements: Vec<String> =
            statements.iter().cloned().chain(OTHER_TEAMS.map(str::to_owned)).collect();
        others.bucket(&statements).await;
        others.trail("Trail", prefix).await;
        installation.watch_over(|arn| arn.contains(MASTER));
        let plan = installation.converge(&spec).await;
        let [warning] = &plan.warnings[..] else { panic!("{:#?}", plan.warnings) };
        assert!(
            warning.message.contains("`Athena` lets account 444444444444 read every log file"),
            "{warning:?}"
        );
        let policy = others.policy().await;
        let left: Vec<String> = sids(&policy).into_iter().filter(|sid| !sid.starts_with("Test")).collect();
        assert_eq!(left, ["Athena", "-"]);
        for statement in OTHER_TEAMS {
            assert!(policy.contains(statement), "{policy}");
        }
        assert!(installation.plan(&spec).await.is_in_sync());
    }
}

/// Returns the statement with another element.
fn with(statement: &str, element: &str, value: Value) -> String {
    let mut statement: Value = serde_json::from_str(statement).unwrap();
    statement[element] = value;
    statement.to_string()
}

#[tokio::test]
async fn changes_by_others_between_plan_and_apply_are_kept_until_the_next_plan() {
    let installation = Installation::new();
    let spec = members(1);
    installation.plan(&spec).await;
    let others = Others::of(&installation, MASTER);
    others.bucket(&[acl_check(), write(&[folder(MASTER)])]).await;
    let plan = installation.plan(&spec).await;
    // The owner of the statement has allowed another account the same access.
    let changed = write(&[folder(MASTER), folder("999999999999")]);
    let policy = format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{},{changed}]}}", acl_check());
    others.s3.put_bucket_policy().bucket(BUCKET).policy(policy).send().await.unwrap();
    assert!(installation.apply(&spec, &plan).await.is_complete());
    let policy = others.policy().await;
    assert!(policy.contains(&changed), "{policy}");
    installation.converge(&spec).await;
    let policy = others.policy().await;
    assert!(policy.contains(&folder("999999999999")) && !policy.contains(&changed), "{policy}");
    assert!(installation.plan(&spec).await.is_in_sync());
}
