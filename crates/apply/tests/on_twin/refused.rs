//! The changes that a refusal removes from a plan, and the other changes, which are still made.

use reconcile_apply::ChangeStatus;
use reconcile_plan::plan::Phase;
use reconcile_plan::{Comparison, FindingKind, Plan, Severity, findings};
use reconcile_samples::{EditSpec, MASTER, members};
use serde_json::{Value, json};

use crate::installation::Installation;

const M0: &str = "000000000001";

/// Returns a Deny of the log files of the trail in the account `m0`.
fn deny() -> Value {
    json!({
        "Sid": "NotThisAccount", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
        "Resource": format!("arn:aws:s3:::test-logs/AWSLogs/{M0}/*"),
    })
}

fn changes(plan: &Plan) -> Vec<String> {
    plan.changes.iter().map(|change| format!("{} ({:?})", change.address, change.phase)).collect()
}

fn warnings<'p>(plan: &'p Plan, code: &str) -> Vec<&'p str> {
    plan.warnings.iter().filter(|it| it.code.as_str() == code).map(|it| it.message.as_str()).collect()
}

/// Returns the severities of the findings about delivery.
fn undelivered(comparison: &Comparison) -> Vec<Severity> {
    let findings = findings(comparison).into_iter().filter(|it| it.kind == FindingKind::Delivery);
    findings.map(|it| it.severity).collect()
}

#[tokio::test]
async fn a_deny_for_one_trail_keeps_nothing_else_from_being_repaired() {
    let installation = Installation::new();
    let before = members(2);
    installation.converge(&before).await;
    installation.add_to_bucket_policy(deny()).await;
    // Another rotation period, and a change of all three trails.
    let after = before.with("key.rotation_days", "180").with("trails.0.log_file_validation", "false");
    let plan = installation.plan(&after).await;
    assert!(plan.partial);
    let [refused] = plan.refused.as_slice() else { panic!("{:#?}", plan.refused) };
    assert_eq!(
        (refused.code.as_str(), refused.address.to_string().as_str()),
        ("blocked", "bucket_policy/master/test-logs")
    );
    assert!(
        refused.message.contains("NotThisAccount") && refused.message.contains("trail/m0/Trail"),
        "{refused:?}"
    );
    assert_eq!(refused.left_out.iter().map(ToString::to_string).collect::<Vec<_>>(), ["trail/m0/Trail"]);
    assert_eq!(
        changes(&plan),
        ["key/master/test (Expand)", "trail/master/Trail (Converge)", "trail/m1/Trail (Converge)"]
    );
    assert_eq!((plan.summary.update, plan.summary.refused), (3, 1));
    let outcome = installation.apply(&after, &plan).await;
    assert!(outcome.is_complete(), "{:#?}", outcome.results);
    let plan = installation.plan(&after).await;
    assert_eq!(changes(&plan), Vec::<String>::new());
    assert!(!plan.is_in_sync() && plan.refused.len() == 1, "{:#?}", plan.refused);
}

#[tokio::test]
async fn drift_reports_a_trail_that_is_missing_because_it_could_not_deliver() {
    let installation = Installation::new();
    installation.converge(&members(0)).await;
    installation.add_to_bucket_policy(deny()).await;
    let comparison = installation.compare(&members(1)).await;
    assert_eq!(comparison.plan.refused[0].left_out[0].to_string(), "trail/m0/Trail");
    let critical: Vec<String> = findings(&comparison)
        .into_iter()
        .filter(|it| it.severity == Severity::Critical && it.message.contains("NotThisAccount"))
        .map(|it| format!("{}: {}", it.address, it.message))
        .collect();
    let [one] = critical.as_slice() else { panic!("{critical:#?}") };
    let expected = "bucket_policy/master/test-logs: statement `NotThisAccount` would prevent trail/m0/Trail from delivering";
    assert!(one.starts_with(expected), "{one}");
}

#[tokio::test]
async fn permissions_that_a_refused_trail_still_uses_are_kept() {
    let installation = Installation::new();
    let before = members(2);
    installation.converge(&before).await;
    let after = before.with("bucket.prefix", "new");
    let mut statement = deny();
    statement["Resource"] = json!(format!("arn:aws:s3:::test-logs/new/AWSLogs/{M0}/*"));
    installation.add_to_bucket_policy(statement).await;
    installation.watch_over(|_| true);

    let plan = installation.plan(&after).await;
    let left_out: Vec<String> = plan.refused[0].left_out.iter().map(ToString::to_string).collect();
    assert_eq!(left_out, ["trail/m0/Trail", "bucket_policy/master/test-logs"]);
    assert!(plan.changes.iter().all(|change| change.phase != Phase::Contract), "{:?}", changes(&plan));
    let outcome = installation.apply(&after, &plan).await;
    assert!(outcome.is_complete(), "{:#?}", outcome.results);
    // The trail of `m0` still delivers to the previous prefix.
    assert!(installation.bucket_policy().contains("test-logs/AWSLogs"));
}

#[tokio::test]
async fn a_refusal_counts_only_for_the_targets_that_it_concerns() {
    let installation = Installation::new();
    let before = members(2);
    installation.converge(&before).await;
    installation.add_to_bucket_policy(deny()).await;
    let after = before.with("key.rotation_days", "180").with("trails.0.log_file_validation", "false");
    for (target, refused, expected) in [
        ("key/master/test", 0, vec!["key/master/test (Expand)"]),
        // A trail needs the key in its planned state.
        ("trail/m1/Trail", 0, vec!["key/master/test (Expand)", "trail/m1/Trail (Converge)"]),
        ("trail/m0/Trail", 1, vec![]),
        ("bucket_policy/master/test-logs", 1, vec![]),
    ] {
        let mut comparison = installation.compare(&after).await;
        comparison.target(|address| address.to_string() == target);
        assert_eq!(
            (comparison.refusals.len(), comparison.plan.refused.len()),
            (refused, refused),
            "{target}"
        );
        assert_eq!(changes(&comparison.plan), expected, "{target}");
        assert_eq!(comparison.plan.partial, refused > 0, "{target}");
    }
}

#[tokio::test]
async fn a_spec_accepts_what_the_proof_of_a_policy_refuses_and_the_plan_says_so() {
    let installation = Installation::new();
    let spec = members(1);
    installation.converge(&spec).await;
    installation.add_to_bucket_policy(deny()).await;
    let refused = installation.compare(&spec).await;
    assert_eq!((refused.plan.refused.len(), undelivered(&refused)), (1, vec![Severity::Critical]));
    for (policy, why) in [
        ("{ proof: warn }", "accepted, because the spec has `bucket.policy.proof: warn`"),
        ("unmanaged", "`bucket.policy: unmanaged` leaves the policy to you"),
    ] {
        let spec = spec.with("bucket.policy", policy).with("trails.0.log_file_validation", "false");
        let comparison = installation.compare(&spec).await;
        let plan = &comparison.plan;
        assert_eq!(plan.refused, []);
        assert!(changes(plan).contains(&"trail/m0/Trail (Converge)".to_owned()), "{:?}", changes(plan));
        let [warning] = warnings(plan, "delivery-denied")[..] else { panic!("{:#?}", plan.warnings) };
        assert!(warning.contains("NotThisAccount") && warning.ends_with(why), "{warning}");
        // The spec accepts the proof, and CloudTrail reports that AWS refuses the delivery.
        assert_eq!(undelivered(&comparison), [Severity::Critical], "{policy}");
    }
    // Without the line, the trail is refused again.
    assert_eq!(installation.plan(&spec).await.refused.len(), 1);
}

#[tokio::test]
async fn a_spec_accepts_a_key_policy_that_the_proof_refuses() {
    let installation = Installation::new();
    let spec = members(1);
    installation.converge(&spec).await;
    let mut policy: Value =
        serde_json::from_str(&installation.twin.key_policy(MASTER, "eu-west-1", "alias/test").unwrap())
            .unwrap();
    policy["Statement"].as_array_mut().unwrap().push(json!({
        "Sid": "NotThisAccount", "Effect": "Deny", "Principal": "*", "Action": "kms:GenerateDataKey*",
        "Resource": "*", "Condition": { "StringEquals": { "aws:SourceAccount": M0 } },
    }));
    installation.twin.set_key_policy(MASTER, "eu-west-1", "alias/test", &policy.to_string());
    let refused = installation.compare(&spec).await;
    assert_eq!((refused.plan.refused.len(), undelivered(&refused)), (1, vec![Severity::Critical]));

    for (policy, why) in [
        ("{ proof: warn }", "accepted, because the spec has `key.policy.proof: warn`"),
        ("unmanaged", "`key.policy: unmanaged` leaves the policy to you"),
    ] {
        let spec = spec.with("key.policy", policy);
        let comparison = installation.compare(&spec).await;
        assert_eq!(comparison.plan.refused, []);
        let [warning] = warnings(&comparison.plan, "delivery-denied")[..] else {
            panic!("{:#?}", comparison.plan.warnings)
        };
        assert!(warning.contains("NotThisAccount") && warning.ends_with(why), "{warning}");
        assert_eq!(undelivered(&comparison), [Severity::Critical], "{policy}");
    }
    let accepted = "{ administrators: [\"arn:aws:iam::000000000001:role/Admin\"], policy: { proof: warn } }";
    let plan = installation.plan(&spec.with("key", accepted)).await;
    assert_eq!(plan.refused, []);
    let [warning] = warnings(&plan, "locked-out")[..] else { panic!("{:#?}", plan.warnings) };
    assert!(warning.ends_with("accepted, because the spec has `key.policy.proof: warn`"), "{warning}");
    // If the spec does not manage the key policy, `apply` does not write it, so it is not judged.
    let unmanaged = spec.with("key.policy", "unmanaged");
    installation.twin.set_key_policy(
        MASTER,
        "eu-west-1",
        "alias/test",
        &policy.to_string().replace(&format!("{MASTER}:root"), &format!("{M0}:root")),
    );
    let plan = installation.plan(&unmanaged).await;
    assert_eq!((plan.refused.as_slice(), warnings(&plan, "locked-out")), (&[][..], vec![]));
}

#[tokio::test]
async fn a_key_policy_that_nobody_could_change_is_not_written_and_the_rest_is() {
    let installation = Installation::new();
    let before = members(1);
    installation.converge(&before).await;
    let lost = "{ rotation_days: 180, administrators: [\"arn:aws:iam::000000000001:role/Admin\"] }";
    let after = before.with("key", lost).with("trails.0.log_file_validation", "false");
    let plan = installation.plan(&after).await;
    assert_eq!(plan.refused.len(), 1);
    assert_eq!(plan.refused[0].code.as_str(), "locked-out");
    // The policy that is kept allows the trails to encrypt.
    assert_eq!(
        changes(&plan),
        ["key/master/test (Expand)", "trail/master/Trail (Converge)", "trail/m0/Trail (Converge)"]
    );
    let outcome = installation.apply(&after, &plan).await;
    assert!(outcome.is_complete(), "{:#?}", outcome.results);
    // For another prefix, the trails need the bucket policy, but not the key policy.
    let moved = after.with("bucket.prefix", "new");
    let plan = installation.plan(&moved).await;
    let outcome = installation.apply(&moved, &plan).await;
    assert!(outcome.is_complete() && plan.refused.len() == 1, "{:#?}", outcome.results);
    // A new account needs the key policy.
    let more = members(2).with("key", lost);
    let plan = installation.plan(&more).await;
    let left_out: Vec<String> = plan.refused[0].left_out.iter().map(ToString::to_string).collect();
    assert!(left_out.contains(&"trail/m1/Trail".to_owned()), "{left_out:?}");
    assert!(!left_out.contains(&"trail/m0/Trail".to_owned()), "{left_out:?}");
}

#[tokio::test]
async fn a_new_key_with_a_policy_that_nobody_could_change_is_not_created() {
    let installation = Installation::new();
    let lost = "{ administrators: [\"arn:aws:iam::000000000001:role/Admin\"] }";
    let plan = installation.plan(&members(1).with("key", lost)).await;
    assert_eq!(changes(&plan), Vec::<String>::new());
    let left_out: Vec<String> = plan.refused[0].left_out.iter().map(ToString::to_string).collect();
    assert_eq!(left_out[0], "key/master/test");
    assert!(left_out.contains(&"trail/m0/Trail".to_owned()), "{left_out:?}");
}

/// Returns a Deny for services that act for an account outside of an organization.
fn confused_deputy(organization: &str) -> Value {
    json!({
        "Sid": "EnforceConfusedDeputyProtection", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": ["arn:aws:s3:::test-logs", "arn:aws:s3:::test-logs/*"],
        "Condition": {
            "StringNotEqualsIfExists": { "aws:SourceOrgID": organization },
            "Null": { "aws:SourceAccount": "false" },
            "Bool": { "aws:PrincipalIsAWSService": "true" },
        },
    })
}

#[tokio::test]
async fn a_policy_that_depends_on_the_organization_is_a_warning_until_the_organization_is_declared() {
    let installation = Installation::new();
    let spec = members(1);
    installation.converge(&spec).await;
    installation.add_to_bucket_policy(confused_deputy("o-twin000000")).await;
    let plan = installation.plan(&spec).await;
    assert!(plan.is_in_sync());
    let [warning] = warnings(&plan, "delivery-unknown")[..] else { panic!("{:#?}", plan.warnings) };
    for part in [
        "EnforceConfusedDeputyProtection",
        "aws:SourceOrgID",
        "declare `organization`",
        "bucket.policy.proof: warn",
    ] {
        assert!(warning.contains(part), "{warning}");
    }
    let declared = spec.with("organization", "{ account: master }");
    let plan = installation.plan(&declared).await;
    assert!(plan.is_in_sync() && warnings(&plan, "delivery-unknown").is_empty(), "{:#?}", plan.warnings);

    let installation = Installation::new();
    installation.converge(&spec).await;
    installation.add_to_bucket_policy(confused_deputy("o-another00")).await;
    let plan = installation.plan(&declared).await;
    assert_eq!(plan.refused.len(), 1);
    assert_eq!(plan.refused[0].code.as_str(), "blocked");
}

#[tokio::test]
async fn a_key_policy_with_an_identity_perimeter_is_a_warning_until_the_organization_is_declared() {
    let perimeter = |organization: &str| {
        json!({ "Version": "2012-10-17", "Statement": [
            {
                "Sid": "Enable IAM User Permissions", "Effect": "Allow", "Action": "kms:*", "Resource": "*",
                "Principal": { "AWS": [format!("arn:aws:iam::{MASTER}:root"), format!("arn:aws:iam::{MASTER}:user/admin")] },
            },
            {
                "Sid": "EnforceIdentityPerimeter", "Effect": "Deny", "Principal": "*", "Action": "kms:*",
                "Resource": "*",
                "Condition": {
                    "StringNotEqualsIfExists": { "aws:PrincipalOrgID": organization },
                    "BoolIfExists": { "aws:PrincipalIsAWSService": "false" },
                },
            },
        ] })
        .to_string()
    };
    let installation = Installation::new();
    let spec = members(1);
    installation.converge(&spec).await;
    installation.twin.set_key_policy(MASTER, "eu-west-1", "alias/test", &perimeter("o-twin000000"));
    let of_key_policy = |comparison: &Comparison| -> Vec<Severity> {
        let findings = findings(comparison).into_iter();
        let policy = findings.filter(|it| it.message.contains("could still administer"));
        policy.map(|it| it.severity).collect()
    };
    let comparison = installation.compare(&spec).await;
    assert_eq!(of_key_policy(&comparison), [Severity::Medium]);
    let accepted = spec.with("key.policy", "{ proof: warn }");
    let accepted = installation.compare(&accepted).await;
    assert_eq!(
        (of_key_policy(&accepted), warnings(&accepted.plan, "administration-unknown").len()),
        (vec![], 1)
    );
    let plan = comparison.plan;
    assert_eq!(plan.refused, []);
    let [warning] = warnings(&plan, "administration-unknown")[..] else { panic!("{:#?}", plan.warnings) };
    for part in [
        "EnforceIdentityPerimeter",
        "declare `organization`",
        "or set `key.policy.proof: warn` to accept the risk",
    ] {
        assert!(warning.contains(part), "{warning}");
    }
    let declared = spec.with("organization", "{ account: master }");
    let plan = installation.converge(&declared).await;
    assert_eq!(warnings(&plan, "administration-unknown"), Vec::<&str>::new());
    assert!(installation.plan(&declared).await.is_in_sync());

    installation.twin.set_key_policy(MASTER, "eu-west-1", "alias/test", &perimeter("o-another00"));
    let plan = installation.plan(&declared).await;
    assert_eq!(plan.refused.len(), 1);
    assert_eq!(plan.refused[0].code.as_str(), "locked-out");
}

#[tokio::test]
async fn an_apply_under_a_policy_that_may_deny_does_not_claim_that_the_policy_is_right() {
    let installation = Installation::new();
    installation.converge(&members(0)).await;
    installation.add_to_bucket_policy(confused_deputy("o-another00")).await;
    let spec = members(1);
    let plan = installation.plan(&spec).await;
    assert_eq!(plan.refused, []);
    let outcome = installation.apply(&spec, &plan).await;
    let hints: Vec<&String> = outcome
        .results
        .iter()
        .filter_map(|it| match &it.status {
            ChangeStatus::Failed { hint, .. } => hint.as_ref(),
            _ => None,
        })
        .collect();
    let [hint] = hints.as_slice() else { panic!("{:#?}", outcome.results) };
    for part in [
        "it is not known whether the policies are correct",
        "EnforceConfusedDeputyProtection",
        "aws:SourceOrgID",
    ] {
        assert!(hint.contains(part), "{hint}");
    }
}

#[tokio::test]
async fn a_bucket_policy_that_denies_us_its_next_change_is_seen() {
    let protect = |actions: &[&str], role: &str| {
        json!({
            "Sid": "Protect", "Effect": "Deny", "Principal": "*", "Action": actions,
            "Resource": "arn:aws:s3:::test-logs",
            "Condition": { "ArnNotLike": { "aws:PrincipalArn": format!("arn:aws:iam::*:role/{role}") } },
        })
    };
    let change = ["s3:PutBucketPolicy", "s3:DeleteBucketPolicy"];
    let spec = members(1).with("accounts.master.role", "Role");
    for (statement, expected) in [
        (
            protect(&change, "Breakglass"),
            Some("`Protect` denies `s3:PutBucketPolicy` to arn:aws:iam::111111111111:role/Role"),
        ),
        (protect(&["s3:GetBucketPolicy"], "Breakglass"), Some("denies `s3:GetBucketPolicy`")),
        (protect(&change, "Role"), None),
        (protect(&["s3:DeleteBucket"], "Breakglass"), None),
    ] {
        let installation = Installation::new();
        installation.converge(&spec).await;
        installation.add_to_bucket_policy(statement.clone()).await;
        let plan = installation.plan(&spec).await;
        let found = warnings(&plan, "caller-denied");
        assert_eq!(found.len(), usize::from(expected.is_some()), "{statement} {found:?}");
        assert!(expected.is_none_or(|expected| found[0].contains(expected)), "{found:?}");
    }
}

#[tokio::test]
async fn a_deny_by_source_ip_that_allowed_the_read_is_not_reported() {
    let from = |action: &str| {
        json!({
            "Sid": "Network", "Effect": "Deny", "Principal": "*", "Action": action,
            "Resource": "arn:aws:s3:::test-logs",
            "Condition": {
                "NotIpAddress": { "aws:SourceIp": "203.0.113.0/24" },
                "Bool": { "aws:PrincipalIsAWSService": "false" },
            },
        })
    };
    let spec = members(1).with("accounts.master.role", "Role");
    for (action, expected) in [("s3:*", 0), ("s3:PutBucketPolicy", 1)] {
        let installation = Installation::new();
        installation.converge(&spec).await;
        installation.add_to_bucket_policy(from(action)).await;
        let plan = installation.plan(&spec).await;
        let found = warnings(&plan, "caller-denied");
        assert_eq!(found.len(), expected, "{action}: {found:?}");
        assert!(
            found.iter().all(|it| it.contains("it is not known") && it.contains("aws:SourceIp")),
            "{found:?}"
        );
    }
}
