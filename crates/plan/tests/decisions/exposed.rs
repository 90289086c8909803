//! Tests foreign settings that expose, endanger or withhold the logs.

use std::fmt::Write;

use reconcile_plan::observed::{
    AclGrant, Channel, Conditions, Deliveries, GroupTraits, KeyState, Masking, NameReceiver, Observed, Reach,
    ReceiverTarget, ResourcePolicy, Subscription,
};
use reconcile_plan::view::{
    AccessLogs, AtRest, Constraints, Encryption, Expiry, Grant, KeyRef, Notification, OpenEnum, OtherTrail,
    PublicAccessBlock, Replication, Transition,
};
use reconcile_policy::{Document, KeyIdentifier, Statement};
use reconcile_samples::{EditSpec, every_destination};
use reconcile_spec::{ObjectOwnership, StorageClass};
use serde_json::{Value, json};

use super::made::{Case, add, compared, hub, made, no_destinations, notified, outcomes, planned, spec};

const BUCKET: &str = "arn:aws:s3:::test-logs";
const GROUP: &str = "arn:aws:logs:eu-west-1:222222222222:log-group:/trails";

fn conditions(live: &mut Observed) -> &mut Conditions {
    live.bucket_conditions.as_mut().unwrap()
}

fn allow(principal: &Value, action: &str, resource: &str) -> Value {
    json!({ "Sid": "Foreign", "Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource })
}

/// Adds a statement to the bucket policy, and lets the plan write the policy.
fn written(live: &mut Observed, statement: Value) {
    let mut policy = live.bucket_policy.clone().unwrap();
    policy = policy.retain(|it| !it.sid().unwrap_or_default().ends_with("DenyInsecureTransport"));
    add(&mut policy, statement);
    live.bucket_policy = Some(policy);
}

fn open(live: &mut Observed) {
    live.bucket.as_mut().unwrap().public_access_block = Some(PublicAccessBlock::all(false));
}

fn acl(live: &mut Observed, grants: &[(&str, &str)]) {
    let grants = grants.iter().map(|(grantee, permission)| AclGrant {
        grantee: (*grantee).to_owned(),
        permission: (*permission).to_owned(),
    });
    conditions(live).grants = Ok(grants.collect());
}

fn deliveries(live: &mut Observed, deliveries: Deliveries) {
    let arn = live.trails.keys().next().unwrap().clone();
    live.deliveries.insert(arn, deliveries);
}

fn failed(error: &str) -> Channel {
    Channel { latest: None, error: Some(error.to_owned()) }
}

const EVERYBODY: &str = "http://acs.amazonaws.com/groups/global/AllUsers";

const BUCKETS: &[Case] = &[
    Case {
        name: "a public statement in a bucket that does not block public access",
        spec: every_destination,
        edit: |live| {
            open(live);
            written(live, allow(&json!("*"), "s3:GetObject", "arn:aws:s3:::test-logs/downloads/*"));
        },
    },
    Case {
        name: "a public statement under an unknown condition",
        spec: every_destination,
        edit: |live| {
            let mut statement = allow(&json!("*"), "s3:GetObject", "arn:aws:s3:::test-logs/downloads/*");
            statement["Condition"] = json!({ "StringEquals": { "aws:NewKey": "1" } });
            written(live, statement);
        },
    },
    Case {
        name: "a public ACL in a bucket that does not ignore ACLs",
        spec: || every_destination().with("bucket.object_ownership", "ObjectWriter"),
        edit: |live| {
            open(live);
            acl(live, &[(EVERYBODY, "READ"), ("0123456789abcdef", "READ")]);
        },
    },
    Case {
        name: "an ACL with grants, where the spec disables ACLs",
        spec: every_destination,
        edit: |live| {
            live.bucket.as_mut().unwrap().object_ownership =
                Some(OpenEnum::Known(ObjectOwnership::ObjectWriter));
            acl(live, &[("0123456789abcdef", "READ"), ("fedcba9876543210", "WRITE"), ("00", "FULL_CONTROL")]);
        },
    },
    Case {
        name: "an ACL without grants, where the spec disables ACLs",
        spec: every_destination,
        edit: |live| {
            live.bucket.as_mut().unwrap().object_ownership =
                Some(OpenEnum::Known(ObjectOwnership::ObjectWriter));
        },
    },
    Case {
        name: "access logs that the spec does not manage",
        spec: every_destination,
        edit: |live| {
            let (bucket, prefix) = ("access-logs".to_owned(), String::new());
            conditions(live).access_logs = Ok(AccessLogs::To { bucket, prefix });
        },
    },
    Case {
        name: "a trail that records only writes of log files",
        spec: || every_destination().with("trails.0.enabled", "false"),
        edit: |_| {},
    },
    Case {
        name: "rules for other prefixes, for a part of the log files, and to an archive",
        spec: every_destination,
        edit: |live| {
            let rule = |id: &str, prefix: &str, days: Option<i32>| Expiry {
                id: id.to_owned(),
                prefix: prefix.to_owned(),
                is_of_tagged: false,
                days,
                date: None,
                noncurrent_days: None,
                archive: None,
            };
            let class = OpenEnum::Known(StorageClass::DeepArchive);
            conditions(live).expiries = Ok(vec![
                rule("elsewhere", "downloads/", Some(1)),
                rule("of-an-account", "AWSLogs/222222222222/", Some(1)),
                Expiry { is_of_tagged: true, ..rule("tagged", "", Some(1)) },
                Expiry {
                    archive: Some(Transition { days: 1, storage_class: class }),
                    ..rule("archive", "", None)
                },
            ]);
            conditions(live).replications = Ok(vec![Replication {
                id: "part".to_owned(),
                prefix: "AWSLogs/222222222222/".to_owned(),
                is_of_tagged: true,
                bucket: "arn:aws:s3:::elsewhere".to_owned(),
                account: None,
            }]);
        },
    },
    Case {
        name: "receivers of names",
        spec: every_destination,
        edit: |live| {
            let receiver = |name: &str, prefix: &str, target| NameReceiver {
                name: name.to_owned(),
                prefix: prefix.to_owned(),
                target,
            };
            let queue =
                |account: &str| ReceiverTarget::Resource(format!("arn:aws:sqs:eu-west-1:{account}:queue"));
            conditions(live).notifications = Ok(notified(vec![
                receiver("own", "", queue("222222222222")),
                receiver("elsewhere", "downloads/", queue("444455556666")),
                receiver("", "", queue("444455556666")),
            ]));
            let this = ReceiverTarget::Bucket { name: "test-logs".to_owned(), account: None };
            conditions(live).inventories = Ok(vec![receiver("self", "", this)]);
            let topic = live.topics.values_mut().flatten().next().unwrap();
            topic.subscriptions = Ok(vec![
                receiver("mail", "", ReceiverTarget::Endpoint("logs@example.com".to_owned())),
                receiver("queue", "", queue("444455556666")),
            ]);
        },
    },
    Case {
        name: "a policy with a repeated key",
        spec: every_destination,
        edit: |live| {
            let text = live.bucket_policy.as_ref().unwrap().to_string();
            let repeated = text.replacen(
                "{\"Version\":\"2012-10-17\",",
                "{\"Version\":\"2012-10-17\",\"Version\":\"2012-10-17\",",
                1,
            );
            live.bucket_policy = Some(repeated.parse().unwrap());
        },
    },
];

#[test]
fn settings_of_the_bucket_that_expose_the_logs_are_reported() {
    let text = outcomes(BUCKETS);
    insta::assert_snapshot!(text);
}

const GROUPS: &[Case] = &[
    Case {
        name: "masking, bearer tokens and a class",
        spec: every_destination,
        edit: |live| {
            let traits = GroupTraits {
                masked_by: vec![Masking::Group, Masking::Account],
                takes_bearer_tokens: true,
                class: Some("INFREQUENT_ACCESS".to_owned()),
                metric_filters: 0,
            };
            live.group_traits.insert(GROUP.parse().unwrap(), traits);
        },
    },
    Case {
        name: "filters of the account",
        spec: every_destination,
        edit: |live| {
            let filter = |name: &str, criteria: Option<&str>| Subscription {
                name: name.to_owned(),
                destination: "arn:aws:logs:eu-west-1:444455556666:destination:events".to_owned(),
                pattern: "ERROR".to_owned(),
                reach: Reach::Account { criteria: criteria.map(str::to_owned) },
            };
            live.log_access.entry(GROUP.parse().unwrap()).or_default().subscriptions = vec![
                filter("all", None),
                filter("not-this", Some("LogGroupName NOT IN [\"/trails\"]")),
                filter("others", Some("LogGroupName NOT IN [\"/other\"]")),
                filter("", Some("LogGroupName LIKE [\"/trails\"]")),
            ];
        },
    },
    Case {
        name: "a policy of the log group",
        spec: every_destination,
        edit: |live| {
            let write = json!({ "Effect": "Allow", "Principal": { "AWS": "444455556666" }, "Action": "logs:PutLogEvents",
                "Resource": "*" });
            let document = Document::new(vec![Statement::from_value(write).unwrap()]);
            let access = live.log_access.entry(GROUP.parse().unwrap()).or_default();
            access.policies = vec![ResourcePolicy { name: None, document }];
        },
    },
    Case {
        name: "publishers of a topic that is encrypted by the plan",
        spec: every_destination,
        edit: |live| {
            let topic = live.topics.values_mut().flatten().next().unwrap();
            topic.view.encryption = Some(AtRest::Off);
            let arn = "arn:aws:sns:eu-west-1:111111111111:log-files";
            add(&mut topic.policy, allow(&json!({ "AWS": "111111111111" }), "SNS:Publish", arn));
            add(&mut topic.policy, allow(&json!({ "AWS": "111111111111" }), "SNS:Subscribe", arn));
        },
    },
    Case {
        name: "home Regions that are disabled by default",
        spec: || no_destinations().with("trails.0.home_region", "af-south-1"),
        edit: |_| {},
    },
    Case {
        name: "deliveries that AWS refuses",
        spec: every_destination,
        edit: |live| {
            deliveries(
                live,
                Deliveries {
                    logging_since: None,
                    log_files: failed("AccessDenied"),
                    digest_files: failed("NoSuchBucket"),
                    events: failed("AccessDenied"),
                    notifications: failed("NotFound"),
                },
            );
        },
    },
    Case {
        name: "deliveries that the policies refuse",
        spec: every_destination,
        edit: |live| {
            let policy = live.bucket_policy.clone().unwrap();
            live.bucket_policy = Some(policy.retain(|it| it.sid() != Some("TestTrailWrite")));
            let log_files = failed("AccessDenied");
            deliveries(live, Deliveries { log_files, ..Deliveries::default() });
        },
    },
];

#[test]
fn settings_of_destinations_that_expose_the_logs_are_reported() {
    let text = outcomes(GROUPS);
    insta::assert_snapshot!(text);
}

fn other_grant(grantee: &str) -> Grant {
    Grant {
        name: String::new(),
        key: KeyRef::Known("arn:aws:kms:eu-west-1:111111111111:key/1".to_owned().into()),
        id: Some("0a1b".to_owned()),
        grantee: grantee.to_owned(),
        operations: vec!["Decrypt".to_owned()],
        constraints: Some(Constraints::EncryptionContextEquals(
            [("aws:cloudtrail:arn".to_owned(), "arn".to_owned())].into(),
        )),
        source_arn: None,
        retiring_principal: None,
    }
}

const KEYS: &[Case] = &[
    Case {
        name: "keys of other Regions with the same material",
        spec: every_destination,
        edit: |live| {
            hub(live).key.traits.relatives =
                vec!["arn:aws:kms:us-east-1:111111111111:key/mrk-1".parse().unwrap()];
        },
    },
    Case {
        name: "a foreign grant",
        spec: every_destination,
        edit: |live| hub(live).grants.push(other_grant("arn:aws:iam::444455556666:role/Auditor")),
    },
    Case {
        name: "a grant whose principal KMS shows by its id",
        spec: every_destination,
        edit: |live| "AROAEXAMPLEEXAMPLE123".clone_into(&mut hub(live).grants[0].grantee),
    },
    Case {
        name: "a key that is pending deletion",
        spec: every_destination,
        edit: |live| hub(live).key.traits.state = KeyState::PendingDeletion { date: None },
    },
    Case {
        name: "a key without material",
        spec: every_destination,
        edit: |live| hub(live).key.traits.state = KeyState::Other("PendingImport".to_owned()),
    },
    Case {
        name: "a key for signatures",
        spec: every_destination,
        edit: |live| "SIGN_VERIFY".clone_into(&mut hub(live).key.traits.usage),
    },
    Case {
        name: "a key of a custom key store",
        spec: every_destination,
        edit: |live| {
            "AWS_CLOUDHSM".clone_into(&mut hub(live).key.traits.origin);
            hub(live).key.view.rotation = None;
        },
    },
    Case {
        name: "a key of an unknown origin",
        spec: every_destination,
        edit: |live| {
            "NEW".clone_into(&mut hub(live).key.traits.origin);
            hub(live).key.view.rotation = None;
        },
    },
    Case {
        name: "a key of which it is not known who can administer it",
        spec: every_destination,
        edit: |live| lock(live, json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-1" } })),
    },
    Case {
        name: "a key of which it is not known who can administer it, accepted",
        spec: || every_destination().with("key.policy", "{ proof: warn }"),
        edit: |live| lock(live, json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-1" } })),
    },
    Case {
        name: "a key that nobody can administer, accepted",
        spec: || every_destination().with("key.policy", "{ proof: warn }"),
        edit: |live| lock(live, json!({})),
    },
    Case {
        name: "a key that the trail names by its id",
        spec: every_destination,
        edit: |live| {
            let id = KeyIdentifier::Id(hub(live).key.arn.resource_name().to_owned());
            live.trails.values_mut().flatten().for_each(|it| it.kms_key = Some(KeyRef::Known(id.clone())));
        },
    },
    Case {
        name: "a key that the bucket names by its id",
        spec: every_destination,
        edit: |live| {
            let id = KeyIdentifier::Id(hub(live).key.arn.resource_name().to_owned());
            live.bucket.as_mut().unwrap().encryption =
                Some(Encryption::Kms { key: Some(KeyRef::Known(id)), bucket_key: true });
        },
    },
    Case {
        name: "a trail with another key and another topic",
        spec: every_destination,
        edit: |live| {
            let trail = live.trails.values_mut().flatten().next().unwrap();
            trail.kms_key = Some(KeyRef::Known("arn:aws:kms:eu-west-1:111111111111:key/9".to_owned().into()));
            let topic = "arn:aws:sns:eu-west-1:111111111111:other".to_owned();
            trail.notification = Some(Notification::To { topic });
        },
    },
    Case {
        name: "a foreign trail that managed statements allow to deliver and to publish",
        spec: every_destination,
        edit: |live| {
            let mut trail = live.trails.values().flatten().next_back().unwrap().clone();
            trail.arn = "arn:aws:cloudtrail:eu-west-1:222222222222:trail/Other".parse().unwrap();
            live.others.entry("member".parse().unwrap()).or_default().push(OtherTrail::of(&trail));
        },
    },
];

/// Denies the administration of the key, and lets the plan write the key policy.
fn lock(live: &mut Observed, condition: Value) {
    let policy = &mut hub(live).policy;
    *policy = policy.retain(|it| !it.sid().unwrap_or_default().ends_with("TrailDescribe"));
    let mut statement = json!({ "Sid": "Frozen", "Effect": "Deny", "Principal": "*", "Action": "kms:PutKeyPolicy",
        "Resource": "*" });
    if condition != json!({}) {
        statement["Condition"] = condition;
    }
    add(policy, statement);
}

#[test]
fn properties_and_users_of_the_key_are_reported() {
    let text = outcomes(KEYS);
    insta::assert_snapshot!(text);
}

/// Adds a foreign statement about this many resources to a policy.
fn fill(policy: &mut Document, count: usize, resource: &str) {
    let resources: Vec<String> = (0..count).map(|at| format!("{resource}/{at:039}")).collect();
    let statement = json!({ "Sid": "Large", "Effect": "Allow", "Principal": { "AWS": "111111111111" },
        "Action": "s3:GetObject", "Resource": resources });
    add(policy, statement);
}

const SIZES: &[Case] = &[
    Case {
        name: "a bucket policy without room for the plain form",
        spec: || every_destination().with("accounts", MORE_ACCOUNTS),
        edit: |live| {
            let policy = live.bucket_policy.as_mut().unwrap();
            *policy = policy.retain(|it| it.sid() != Some("TestTrailWrite"));
            fill(policy, 296, BUCKET);
        },
    },
    Case {
        name: "a bucket policy without room for any form",
        spec: every_destination,
        edit: |live| {
            let policy = live.bucket_policy.as_mut().unwrap();
            *policy = policy.retain(|it| it.sid() != Some("TestTrailWrite"));
            fill(policy, 325, BUCKET);
        },
    },
    Case {
        name: "a bucket policy without room for the form of the spec",
        spec: || every_destination().with("bucket.policy", "{ form: plain }"),
        edit: |live| {
            let policy = live.bucket_policy.as_mut().unwrap();
            *policy = policy.retain(|it| it.sid() != Some("TestTrailWrite"));
            fill(policy, 325, BUCKET);
        },
    },
    Case {
        name: "a bucket policy without room for the only form that CloudTrail has not refused",
        spec: every_destination,
        edit: |live| {
            let tags = &mut live.bucket.as_mut().unwrap().tags.0;
            tags.insert("reconcile:refused-forms".to_owned(), "by_account".to_owned());
            let policy = live.bucket_policy.as_mut().unwrap();
            *policy = policy.retain(|it| it.sid() != Some("TestTrailWrite"));
            fill(policy, 325, BUCKET);
        },
    },
    Case {
        name: "a topic policy without room",
        spec: every_destination,
        edit: |live| {
            let topic = live.topics.values_mut().flatten().next().unwrap();
            topic.policy = Document::new(Vec::new());
            fill(&mut topic.policy, 500, "arn:aws:sns:eu-west-1:111111111111:log-files");
        },
    },
    Case {
        name: "a topic policy without room for the only form that CloudTrail has not refused",
        spec: every_destination,
        edit: |live| {
            let topic = live.topics.values_mut().flatten().next().unwrap();
            topic.view.tags.0.insert("reconcile:refused-forms".to_owned(), "by_account".to_owned());
            topic.policy = Document::new(Vec::new());
            fill(&mut topic.policy, 500, "arn:aws:sns:eu-west-1:111111111111:log-files");
        },
    },
];

const MORE_ACCOUNTS: &str = "{ third: { id: \"333333333333\", role: Ops }, \
    fourth: { id: \"444444444444\", role: Ops }, fifth: { id: \"555555555555\", role: Ops } }";

#[test]
fn a_policy_without_room_gets_a_shorter_form_or_is_refused() {
    let mut text = String::new();
    for case in SIZES {
        let spec = spec(&(case.spec)());
        let usual = compared(&spec, &made(&spec)).plan.warnings;
        let mut observed = made(&spec);
        (case.edit)(&mut observed);
        let plan = compared(&spec, &observed).plan;
        let planned = planned(&plan, &usual);
        let planned: Vec<String> =
            planned.lines().map(|line| line.chars().take(600).collect::<String>()).collect();
        writeln!(text, "{}\n{}\n", case.name, planned.join("\n")).unwrap();
    }
    insta::assert_snapshot!(text);
}
