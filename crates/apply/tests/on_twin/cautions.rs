//! Risks of the installation itself.

use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketLoggingStatus, CreateBucketConfiguration, LoggingEnabled,
};
use reconcile_samples::{EditSpec, MASTER, members};
use reconcile_twin::InjectedDenial;

use crate::installation::Installation;
use crate::others::Others;

/// Returns the codes of the warnings of a plan, each with the entry for `reviewed` that accepts it.
async fn warnings(installation: &Installation, spec: &str) -> Vec<(String, String)> {
    let plan = installation.compare_with_cautions(spec).await.plan;
    let name = |message: &str| message.split('`').rev().nth(3).unwrap_or_default().to_owned();
    plan.warnings.iter().map(|it| (it.code.to_string(), name(&it.message))).collect()
}

async fn codes(installation: &Installation, spec: &str) -> Vec<String> {
    warnings(installation, spec).await.into_iter().map(|(code, _)| code).collect()
}

#[tokio::test]
async fn the_plan_warns_of_risks_of_the_set_up_and_a_review_accepts_them() {
    let installation = Installation::new();
    let spec = members(1).with("bucket.region", "eu-south-1");
    let found = warnings(&installation, &spec).await;
    let told: Vec<&str> = found.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(told, ["management-account", "opt-in-region", "unlogged-access"]);

    let review = |name| format!("{{ finding: {name}, reason: Decided by the security board }}");
    let reviews: Vec<String> = found.iter().map(|(_, name)| review(name)).collect();
    let reviewed = spec.with("reviewed", &format!("[{}]", reviews.join(", ")));
    assert_eq!(codes(&installation, &reviewed).await, ["reviewed", "reviewed", "reviewed"]);
    installation.converge(&reviewed).await;
    assert_eq!(codes(&installation, &reviewed).await, ["reviewed", "reviewed", "reviewed"]);

    // If a risk is gone, its review remains and is reported.
    let elsewhere = reviewed.with("trails.0.data_events", "{ s3: all }");
    assert_eq!(codes(&installation, &elsewhere).await, ["reviewed", "reviewed", "unused-review"]);
}

#[tokio::test]
async fn the_management_account_is_known_with_and_without_an_organization_in_the_spec() {
    let installation = Installation::new();
    installation.add_members(&["000000000001"]);
    let spec = members(1).with("trails.0", "{ data_events: { s3: [test-logs] } }");
    assert_eq!(codes(&installation, &spec).await, ["management-account"]);
    let named = spec.with("organization", "{ account: master }");
    assert_eq!(codes(&installation, &named).await, ["management-account"]);
    let hub = spec.with("bucket.account", "m0");
    assert_eq!(codes(&installation, &hub).await, [""; 0]);
    // If the account is not allowed to describe the organization, its management account is
    // unknown.
    let operation = "organizations:DescribeOrganization".to_owned();
    installation.twin.deny(vec![InjectedDenial { account: MASTER.to_owned(), region: None, operation }]);
    assert_eq!(codes(&installation, &spec).await, [""; 0]);
}

#[tokio::test]
async fn whoever_reads_and_deletes_log_files_leaves_a_trace_in_data_events_or_access_logs() {
    let installation = Installation::new();
    let told = async |spec: &str| {
        let plan = installation.compare_with_cautions(spec).await.plan;
        let message =
            plan.warnings.into_iter().find(|it| it.code.as_str() == "unlogged-access").map(|it| it.message);
        message.map(|it| it.split(" log files").next().unwrap().to_owned())
    };
    let none = Some("no trail of the spec records who reads, deletes or overwrites".to_owned());
    assert_eq!(told(&members(1)).await, none);
    assert_eq!(told(&members(1).with("trails.0", "{ data_events: { s3: [other] } }")).await, none);
    assert_eq!(
        told(&members(1).with("trails.0", "{ enabled: false, data_events: { s3: all } }")).await,
        none
    );
    assert_eq!(
        told(&members(1).with("trails.0", "{ data_events: { s3: [test-logs/AWSLogs/] } }")).await,
        None
    );
    let of_members =
        members(1).with("trails.0", "{ data_events: { s3: all } }").with("trails.0.accounts", "members");
    assert_eq!(told(&of_members).await, none);
    let writes = members(1).with(
        "trails.0.advanced_event_selectors",
        "[{ FieldSelectors: [{ Field: eventCategory, Equals: [Data] }, \
         { Field: resources.type, Equals: [\"AWS::S3::Object\"] }, { Field: readOnly, Equals: [\"false\"] }] }]",
    );
    assert_eq!(told(&writes).await.as_deref(), Some("no trail of the spec records who reads"));

    // Server access logging that somebody else enabled also counts.
    let spec = members(1);
    installation.converge(&spec).await;
    let s3 = Others::of(&installation, MASTER).s3;
    let region = CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::EuWest1);
    let create = s3.create_bucket().bucket("access-logs").create_bucket_configuration(region.build());
    create.send().await.unwrap();
    let to = LoggingEnabled::builder().target_bucket("access-logs").target_prefix("a/").build().unwrap();
    let status = BucketLoggingStatus::builder().logging_enabled(to);
    s3.put_bucket_logging().bucket("test-logs").bucket_logging_status(status.build()).send().await.unwrap();
    assert_eq!(told(&spec).await, None);
    let denied = InjectedDenial {
        account: MASTER.to_owned(),
        region: None,
        operation: "s3:GetBucketLogging".to_owned(),
    };
    installation.twin.deny(vec![denied]);
    assert_eq!(told(&spec).await, none);
}
