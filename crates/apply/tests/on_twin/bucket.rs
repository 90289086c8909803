//! The properties of a shared bucket that a plan reads before `apply` writes to the bucket.

use std::sync::{Arc, Mutex};

use aws_sdk_s3::types::{
    AbacStatus, BucketAbacStatus, BucketCannedAcl, Event, FilterRule, FilterRuleName,
    LambdaFunctionConfiguration, NotificationConfiguration, NotificationConfigurationFilter, ObjectOwnership,
    OwnershipControls, OwnershipControlsRule, Payer, PublicAccessBlockConfiguration, QueueConfiguration,
    RequestPaymentConfiguration, S3KeyFilter, Tag, Tagging, TopicConfiguration,
};
use reconcile_diff::read;
use reconcile_plan::observed::LiveError;
use reconcile_plan::{Comparison, Finding, Kind, Plan, Refusal, Severity, findings};
use reconcile_samples::{BUCKET, EditSpec, MASTER, members};
use reconcile_text::{Hint, message};
use reconcile_twin::InjectedDenial;
use serde_json::json;

use crate::installation::{Installation, spec};
use crate::others::Others;

const STACK: (&str, &str) = ("aws:cloudformation:stack-name", "logs");

fn public(sid: &str) -> String {
    json!({ "Sid": sid, "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": format!("arn:aws:s3:::{BUCKET}/downloads/*") })
    .to_string()
}

fn team() -> String {
    json!({ "Sid": "Team", "Effect": "Allow", "Principal": { "AWS": "444444444444" }, "Action": "s3:GetObject",
        "Resource": format!("arn:aws:s3:::{BUCKET}/*") })
    .to_string()
}

/// Returns the spec with more settings of the bucket.
fn with(settings: &str) -> String {
    members(1).with("bucket", &format!("{{ {settings} }}"))
}

/// Creates a bucket as somebody else, without Block Public Access and with ACLs.
async fn open_bucket(installation: &Installation, statements: &[String]) -> Others {
    installation.plan(&members(1)).await;
    let others = Others::of(installation, MASTER);
    others.bucket(&[team()]).await;
    let off = PublicAccessBlockConfiguration::builder().build();
    let call = others.s3.put_public_access_block().bucket(BUCKET);
    call.public_access_block_configuration(off).send().await.unwrap();
    let rule = OwnershipControlsRule::builder().object_ownership(ObjectOwnership::ObjectWriter).build();
    let controls = OwnershipControls::builder().rules(rule.unwrap()).build().unwrap();
    let call = others.s3.put_bucket_ownership_controls().bucket(BUCKET);
    call.ownership_controls(controls).send().await.unwrap();
    let policy = format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{}]}}", statements.join(","));
    others.s3.put_bucket_policy().bucket(BUCKET).policy(policy).send().await.unwrap();
    others
}

async fn is_blocked(others: &Others) -> bool {
    let block = others.s3.get_public_access_block().bucket(BUCKET).send().await.unwrap();
    block.public_access_block_configuration.unwrap().restrict_public_buckets == Some(true)
}

async fn acl(others: &Others, acl: BucketCannedAcl) {
    others.s3.put_bucket_acl().bucket(BUCKET).acl(acl).send().await.unwrap();
}

async fn ownership(others: &Others) -> String {
    let controls = others.s3.get_bucket_ownership_controls().bucket(BUCKET).send().await.unwrap();
    controls.ownership_controls.unwrap().rules[0].object_ownership.as_str().to_owned()
}

async fn tag(others: &Others, tags: &[(&str, &str)]) {
    let tags = tags.iter().map(|(key, value)| Tag::builder().key(*key).value(*value).build().unwrap());
    let tagging = Tagging::builder().set_tag_set(Some(tags.collect())).build().unwrap();
    others.s3.put_bucket_tagging().bucket(BUCKET).tagging(tagging).send().await.unwrap();
}

/// Returns the messages of the warnings with a code.
fn warnings<'p>(plan: &'p Plan, code: &str) -> Vec<&'p str> {
    plan.warnings.iter().filter(|it| it.code.as_str() == code).map(|it| it.message.as_str()).collect()
}

fn finding(comparison: &Comparison, words: &str) -> Finding {
    let mut found = findings(comparison).into_iter();
    found.find(|it| it.message.contains(words)).unwrap_or_else(|| panic!("no finding says `{words}`"))
}

#[tokio::test]
async fn a_public_statement_keeps_its_readers_until_somebody_decides() {
    let installation = Installation::new();
    let others = open_bucket(&installation, &[public("Downloads"), team()]).await;
    let spec = members(1);

    let plan = installation.converge(&spec).await;
    let [message] = warnings(&plan, "withheld-setting")[..] else { panic!("{:?}", plan.warnings) };
    for words in
        ["`Downloads`", "deny access to everybody", "bucket.block_public_access: false", "named principals"]
    {
        assert!(message.contains(words), "{message}");
    }
    assert!(others.policy().await.contains(&public("Downloads")));
    assert!(!is_blocked(&others).await);
    let after = installation.compare(&spec).await;
    assert!(after.plan.is_in_sync() && after.refusals.is_empty(), "{:#?}", after.plan.changes);
    assert_eq!(finding(&after, "`Downloads`").severity, Severity::High);

    // The user decides to keep the statement.
    let keep = with("block_public_access: false");
    let plan = installation.converge(&keep).await;
    assert_eq!(warnings(&plan, "withheld-setting"), [""; 0]);
    assert!(others.policy().await.contains("Downloads") && !is_blocked(&others).await);

    // The user decides to enable Block Public Access.
    let remove = with("policy: { foreign_statements: remove }");
    let plan = installation.converge(&remove).await;
    assert_eq!(warnings(&plan, "withheld-setting"), [""; 0]);
    assert!(!others.policy().await.contains("Downloads") && is_blocked(&others).await);
    assert!(installation.plan(&remove).await.is_in_sync());
}

#[tokio::test]
async fn a_policy_that_s3_would_refuse_to_save_is_refused_by_the_plan() {
    let installation = Installation::new();
    installation.plan(&members(1)).await;
    let others = Others::of(&installation, MASTER);
    others.bucket(&[team()]).await;
    let policy = format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{},{}]}}", team(), public("Downloads"));
    installation.twin.set_bucket_policy(BUCKET, &policy);

    let comparison = installation.compare(&members(1)).await;
    let [refusal @ Refusal::PublicStatement { .. }] = &comparison.refusals[..] else {
        panic!("{:?}", comparison.refusals)
    };
    assert_eq!(refusal.address().kind, Kind::BucketPolicy);
    assert!(refusal.to_string().contains("statement `Downloads`"), "{refusal}");
    assert!(warnings(&comparison.plan, "public-statement")[0].contains("only the bucket's own account"));
    // A spec that does not manage the policy is not refused.
    let unmanaged = installation.compare(&with("policy: unmanaged")).await;
    assert!(!unmanaged.refusals.iter().any(|it| matches!(it, Refusal::PublicStatement { .. })));

    // Without Block Public Access, or without the statement, the policy can be saved.
    let off = installation.compare(&with("block_public_access: false")).await;
    assert_eq!(off.refusals, []);
    installation.converge(&with("policy: { foreign_statements: remove }")).await;
    assert!(!others.policy().await.contains("Downloads"));
}

#[tokio::test]
async fn a_statement_that_may_be_public_is_a_warning() {
    let installation = Installation::new();
    let doubtful = json!({ "Sid": "Partner", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
        "Resource": format!("arn:aws:s3:::{BUCKET}/*"),
        "Condition": { "StringEquals": { "aws:PrincipalAccount": "444444444444" } } });
    open_bucket(&installation, &[doubtful.to_string()]).await;
    let comparison = installation.compare(&members(1)).await;
    assert_eq!(comparison.refusals, []);
    let [message] = warnings(&comparison.plan, "public-statement")[..] else { panic!() };
    assert!(message.contains("`Partner`") && message.contains("`aws:PrincipalAccount`"), "{message}");
    assert!(
        comparison.plan.changes.iter().any(|it| it.diff.iter().any(|it| it.path().contains("public_access")))
    );
}

#[tokio::test]
async fn acls_are_disabled_only_once_they_grant_nothing_to_others() {
    let installation = Installation::new();
    let others = open_bucket(&installation, &[team()]).await;
    acl(&others, BucketCannedAcl::from("log-delivery-write")).await;

    let plan = installation.converge(&members(1)).await;
    let [message] = warnings(&plan, "withheld-setting")[..] else { panic!("{:?}", plan.warnings) };
    for words in [
        "WRITE to the log delivery of S3 and READ_ACP",
        "aws s3api put-bucket-acl --bucket test-logs --acl private",
        "bucket.object_ownership: ObjectWriter",
    ] {
        assert!(message.contains(words), "{message}");
    }
    assert_eq!(ownership(&others).await, "ObjectWriter");
    assert!(is_blocked(&others).await, "a grant that is not public does not keep the block off");
    assert!(installation.plan(&members(1)).await.is_in_sync());
    assert_eq!(
        warnings(&installation.plan(&with("object_ownership: ObjectWriter")).await, "withheld-setting"),
        [""; 0]
    );

    acl(&others, BucketCannedAcl::Private).await;
    installation.converge(&members(1)).await;
    assert_eq!(ownership(&others).await, "BucketOwnerEnforced");
    // An ACL that has no effect is not read.
    let before = installation.twin.calls().len();
    installation.plan(&members(1)).await;
    assert!(installation.twin.calls()[before..].iter().all(|call| call.operation != "s3:GetBucketAcl"));
}

#[tokio::test]
async fn a_public_acl_stays_in_force_until_the_user_decides() {
    let installation = Installation::new();
    let others = open_bucket(&installation, &[team()]).await;
    acl(&others, BucketCannedAcl::PublicRead).await;
    let spec = with("object_ownership: unmanaged");
    let plan = installation.converge(&spec).await;
    let [message] = warnings(&plan, "withheld-setting")[..] else { panic!("{:?}", plan.warnings) };
    assert!(message.contains("READ to everybody"), "{message}");
    let block = others.s3.get_public_access_block().bucket(BUCKET).send().await.unwrap();
    let block = block.public_access_block_configuration.unwrap();
    assert_eq!((block.ignore_public_acls, block.restrict_public_buckets), (Some(false), Some(true)));
    assert!(installation.plan(&spec).await.is_in_sync());
}

#[tokio::test]
async fn a_bucket_whose_requesters_pay_is_refused_and_a_critical_finding() {
    let installation = Installation::new();
    let spec = members(1);
    installation.converge(&spec).await;
    let others = Others::of(&installation, MASTER);
    let payment = RequestPaymentConfiguration::builder().payer(Payer::Requester).build().unwrap();
    let call = others.s3.put_bucket_request_payment().bucket(BUCKET);
    call.request_payment_configuration(payment).send().await.unwrap();

    let comparison = installation.compare(&spec).await;
    let [refusal] = &comparison.refusals[..] else { panic!("{:?}", comparison.refusals) };
    assert!(refusal.to_string().contains("Requester Pays"), "{refusal}");
    assert!(refusal.hint().contains("put-bucket-request-payment --bucket test-logs"), "{}", refusal.hint());
    assert_eq!(finding(&comparison, "Requester Pays").severity, Severity::Critical);

    // A setting that cannot be read is reported, and the plan continues.
    let operation = "s3:GetBucketRequestPayment".to_owned();
    installation.twin.deny(vec![InjectedDenial { account: MASTER.to_owned(), region: None, operation }]);
    let comparison = installation.compare(&spec).await;
    assert_eq!(comparison.refusals, []);
    assert!(warnings(&comparison.plan, "unreadable-setting")[0].contains("Requester Pays"));
}

#[tokio::test]
async fn a_bucket_in_another_region_is_named_with_its_region_and_not_created() {
    let installation = Installation::new();
    installation.converge(&members(1)).await;
    let moved = members(1).with("bucket.region", "us-east-1");
    let spec = spec(&moved);
    let aws = installation.connect(&spec);
    let before = installation.twin.calls().len();
    let Err(LiveError::Observe(error)) = read(&aws, spec, &Arc::default()).await else {
        panic!("it is read")
    };
    let said = message(&error);
    assert!(
        said.ends_with("bucket `test-logs` is in Region eu-west-1, but the spec says us-east-1"),
        "{said}"
    );
    assert!(error.hint().unwrap().contains("bucket.region: eu-west-1"));
    assert!(installation.twin.calls()[before..].iter().all(|call| !call.mutating));
}

#[tokio::test]
async fn a_bucket_is_created_in_the_namespace_of_its_account_and_region() {
    let installation = Installation::new();
    let name = format!("logs-{MASTER}-eu-west-1-an");
    let spec = members(1).with("bucket.name", &name);
    installation.converge(&spec).await;
    assert_eq!(installation.twin.summary().buckets[0].name, name);
    assert!(installation.plan(&spec).await.is_in_sync());
}

#[tokio::test]
async fn tags_of_aws_itself_stay_on_a_bucket_that_is_taken_over() {
    let installation = Installation::new();
    let others = open_bucket(&installation, &[team()]).await;
    installation.twin.trust(true);
    tag(&others, &[STACK, ("team", "a")]).await;
    installation.twin.trust(false);

    let spec = members(1).with("tags", "{ cost-center: \"42\" }");
    installation.converge(&spec).await;
    let tags = others.s3.get_bucket_tagging().bucket(BUCKET).send().await.unwrap().tag_set;
    let tags: Vec<_> = tags.iter().map(|tag| (tag.key(), tag.value())).collect();
    assert_eq!(tags, [STACK, ("cost-center", "42"), ("reconcile:spec", "test"), ("team", "a")]);
    assert!(installation.plan(&spec).await.is_in_sync());
}

#[tokio::test]
async fn an_error_of_a_bucket_with_abac_has_the_command_to_tag_it() {
    let installation = Installation::new();
    let others = open_bucket(&installation, &[team()]).await;
    let on = AbacStatus::builder().status(BucketAbacStatus::Enabled).build();
    others.s3.put_bucket_abac().bucket(BUCKET).abac_status(on).send().await.unwrap();

    let spec = members(1);
    let plan = installation.plan(&spec).await;
    let outcome = installation.apply(&spec, &plan).await;
    let failed = outcome.results.iter().find(|it| it.status.error().is_some()).unwrap();
    let told = format!("{failed:?}");
    assert!(told.contains("uses ABAC"), "{told}");
    let command = format!(
        "aws s3control tag-resource --account-id {MASTER} --resource-arn arn:aws:s3:::{BUCKET} --tags \
         Key=reconcile:spec,Value=test"
    );
    assert!(told.contains(&command), "{told}");

    // Tags the bucket as that command does.
    installation.twin.trust(true);
    tag(&others, &[("reconcile:spec", "test")]).await;
    installation.twin.trust(false);
    installation.converge(&spec).await;
    assert!(installation.plan(&spec).await.is_in_sync());
}

/// See "Blocking or unblocking SSE-C for a general purpose bucket" in the S3 user guide.
#[tokio::test]
async fn blocked_encryption_types_stay_unless_the_spec_names_them() {
    let installation = Installation::new();
    let s3 = installation.s3(MASTER);
    let live = async || {
        let found = s3.get_bucket_encryption().bucket(BUCKET).send().await.unwrap();
        let rule = found.server_side_encryption_configuration.unwrap().rules.remove(0);
        let by_default = rule.apply_server_side_encryption_by_default.unwrap();
        let blocked = rule.blocked_encryption_types.unwrap().encryption_type.unwrap();
        let blocked: Vec<String> = blocked.iter().map(|it| it.as_str().to_owned()).collect();
        (by_default.sse_algorithm.as_str().to_owned(), blocked.join(", "))
    };
    let spec = members(0);
    let with = |settings: &str| spec.with("bucket", settings);
    let is = |algorithm: &str, blocked: &str| (algorithm.to_owned(), blocked.to_owned());
    // S3 blocks SSE-C in a new bucket, and the first apply keeps this setting.
    installation.converge(&spec).await;
    assert_eq!(live().await, is("aws:kms", "SSE-C"));
    // A plan that changes the encryption prints the blocked types that it keeps.
    let plan = installation.plan(&with("{ encryption: s3 }")).await;
    let [change] = plan.changes.as_slice() else { panic!("{:#?}", plan.changes) };
    let (before, after) = change.views();
    for view in [before, after] {
        assert_eq!(view["blocked_encryption_types"], serde_json::json!(["SSE-C"]));
    }
    installation.converge(&with("{ encryption: s3 }")).await;
    assert_eq!(live().await, is("AES256", "SSE-C"));
    // The spec sets the blocked types, but does not manage the encryption, which is kept.
    installation.converge(&with("{ encryption: unmanaged, blocked_encryption_types: [] }")).await;
    assert_eq!(live().await, is("AES256", "NONE"));
    installation.converge(&spec).await;
    assert_eq!(live().await, is("aws:kms", "NONE"));
    installation.converge(&with("{ blocked_encryption_types: [SSE-C] }")).await;
    assert_eq!(live().await, is("aws:kms", "SSE-C"));
    assert!(installation.plan(&spec).await.is_in_sync());
}

/// S3 replaces all notifications at once. The topic of another team does not exist any more: if S3
/// validated the destinations, it would reject a configuration that names the topic.
#[tokio::test]
async fn foreign_notifications_are_kept_when_eventbridge_is_turned_on_and_off() {
    let installation = Installation::new();
    installation.converge(&members(1)).await;
    let others = Others::of(&installation, MASTER);
    let theirs = || async {
        let call = others.s3.get_bucket_notification_configuration().bucket(BUCKET);
        let found = call.send().await.unwrap();
        let all =
            (found.topic_configurations, found.queue_configurations, found.lambda_function_configurations);
        (all, found.event_bridge_configuration.is_some())
    };
    let suffix = FilterRule::builder().name(FilterRuleName::Suffix).value(".json.gz").build();
    let filter =
        NotificationConfigurationFilter::builder().key(S3KeyFilter::builder().filter_rules(suffix).build());
    let arn = |what: &str| format!("arn:aws:{what}");
    let topic = TopicConfiguration::builder()
        .id("gone")
        .topic_arn(arn("sns:eu-west-1:111111111111:gone"))
        .events(Event::S3ObjectCreatedPut)
        .events(Event::S3ObjectRestoreCompleted)
        .filter(filter.build());
    let queue = QueueConfiguration::builder()
        .queue_arn(arn("sqs:eu-west-1:111111111111:queue"))
        .events(Event::S3ObjectRemoved);
    let function = LambdaFunctionConfiguration::builder()
        .id("function")
        .lambda_function_arn(arn("lambda:eu-west-1:111111111111:function:f"))
        .events(Event::S3ObjectTagging);
    let configuration = NotificationConfiguration::builder()
        .topic_configurations(topic.build().unwrap())
        .queue_configurations(queue.build().unwrap())
        .lambda_function_configurations(function.build().unwrap())
        .build();
    let put = |skip| {
        let call = others.s3.put_bucket_notification_configuration().bucket(BUCKET);
        call.notification_configuration(configuration.clone()).set_skip_destination_validation(skip).send()
    };
    assert!(put(None).await.is_err());
    put(Some(true)).await.unwrap();
    let (before, is_sent) = theirs().await;
    assert!(!is_sent && before.0.as_ref().is_some_and(|it| it.len() == 1), "{before:?}");

    installation.converge(&with("eventbridge: true")).await;
    assert_eq!(theirs().await, (before.clone(), true));
    // Without the key in the spec, the setting is not changed.
    assert!(installation.plan(&members(1)).await.is_in_sync());
    installation.converge(&with("eventbridge: false")).await;
    assert_eq!(theirs().await, (before, false));
}

/// With `tags: unmanaged`, a later apply adds no tag, and a destroy keeps a bucket without the tag.
#[tokio::test]
async fn a_new_bucket_is_created_with_the_tag_of_the_installation() {
    let installation = Installation::new();
    let text = members(0).with("tags", "unmanaged");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let tags = Arc::clone(&seen);
    installation.twin.observe(move |summary| {
        let tagging = summary.buckets.first().map(|it| it.configuration.get("tagging").cloned());
        tags.lock().unwrap().extend(tagging);
    });
    installation.converge(&text).await;
    installation.twin.observe(|_| {});
    let seen = seen.lock().unwrap();
    let has_tag =
        |tags: &Option<String>| tags.as_ref().is_some_and(|it| it.contains("<Key>reconcile:spec</Key>"));
    assert!(!seen.is_empty() && seen.iter().all(has_tag), "{seen:?}");
    assert_eq!(installation.accepted("s3:PutBucketTagging"), 0);
}

/// The role was created before `reconcile` created buckets with tags.
#[tokio::test]
async fn the_error_of_a_caller_who_is_not_allowed_to_tag_buckets_names_the_action() {
    let installation = Installation::new();
    let text = members(0);
    let plan = installation.plan(&text).await;
    let operation = "s3:TagResource".to_owned();
    installation.twin.deny(vec![InjectedDenial { account: MASTER.to_owned(), region: None, operation }]);
    let outcome = installation.apply(&text, &plan).await;
    let errors = outcome.results.iter().filter_map(|it| it.status.error());
    let errors: Vec<String> = errors.map(ToString::to_string).collect();
    assert!(errors[0].contains("s3:TagResource"), "{errors:?}");
    assert!(installation.twin.summary().buckets.is_empty());
}
