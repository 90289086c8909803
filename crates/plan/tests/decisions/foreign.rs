//! Tests the treatment of foreign statements, trails and settings.

use reconcile_plan::observed::{
    AclGrant, Conditions, HubKey, KeyState, LogAccess, NameReceiver, Observed, Reach, ReadError,
    ReceiverTarget, ResourcePolicy, SpareKey, Stray, Subscription,
};
use reconcile_plan::view::{Expiry, OtherTrail, Replication};
use reconcile_policy::{Document, Statement};
use reconcile_samples::{EditSpec, every_destination};
use serde_json::{Value, json};

use super::made::{Case, compared, described, hub, made, notified, outcomes, spec, to_bucket, to_key};

const BUCKET: &str = "arn:aws:s3:::test-logs";

/// Removes the managed statements with these suffixes from a policy.
fn without(policy: &Document, suffixes: &[&str]) -> Document {
    policy.retain(|it| !suffixes.iter().any(|suffix| it.sid().unwrap_or_default().ends_with(suffix)))
}

fn without_in_bucket(live: &mut Observed, suffixes: &[&str]) {
    live.bucket_policy = live.bucket_policy.as_ref().map(|policy| without(policy, suffixes));
}

/// A statement that allows CloudTrail to write log files of these accounts, as in the CloudTrail
/// user guide.
fn delivery(accounts: &[&str]) -> Value {
    let folders: Vec<String> = accounts.iter().map(|id| format!("{BUCKET}/AWSLogs/{id}/*")).collect();
    json!({
        "Sid": "AWSCloudTrailWrite20150319", "Effect": "Allow",
        "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "s3:PutObject", "Resource": folders,
        "Condition": { "StringEquals": { "s3:x-amz-acl": "bucket-owner-full-control" } },
    })
}

/// A statement that allows trails of an account to encrypt with the key.
fn encryption(account: &str) -> Value {
    json!({
        "Sid": "Encrypt", "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
        "Action": "kms:GenerateDataKey*", "Resource": "*",
        "Condition": { "StringLike": {
            "kms:EncryptionContext:aws:cloudtrail:arn": format!("arn:aws:cloudtrail:*:{account}:trail/*"),
        } },
    })
}

/// A Deny of log files, under a condition.
fn deny(condition: Value) -> Value {
    let mut statement = json!({
        "Sid": "Lock", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
        "Resource": format!("{BUCKET}/*"),
    });
    if condition != json!({}) {
        statement["Condition"] = condition;
    }
    statement
}

fn conditions(live: &mut Observed) -> &mut Conditions {
    live.bucket_conditions.as_mut().unwrap()
}

fn other_trail(account: &str, name: &str) -> OtherTrail {
    OtherTrail {
        arn: format!("arn:aws:cloudtrail:eu-west-1:{account}:trail/{name}").parse().unwrap(),
        bucket: "test-logs".to_owned(),
        prefix: None,
        kms_key: None,
        topic: None,
        log_file_validation: false,
        home_region: "eu-west-1".to_owned(),
        multi_region: true,
        organization: false,
    }
}

fn other(live: &mut Observed, trail: OtherTrail) {
    live.others.entry("member".parse().unwrap()).or_default().push(trail);
}

fn unreadable() -> ReadError {
    ReadError::Incomplete { resource: "trail `Trail`".to_owned(), what: "a name" }
}

fn bucket_policy(policy: &str) -> String {
    every_destination().with("bucket.policy", policy)
}

fn key_policy(policy: &str) -> String {
    every_destination().with("key.policy", policy)
}

#[test]
fn a_deny_of_deliveries_is_refused_or_accepted_or_unknown() {
    let of_org: fn(&mut Observed) =
        |live| to_bucket(live, deny(json!({ "StringNotEquals": { "aws:SourceOrgID": "o-1" } })));
    let text = outcomes(&[
        Case {
            name: "a Deny of log files",
            spec: every_destination,
            edit: |live| to_bucket(live, deny(json!({}))),
        },
        Case {
            name: "a Deny of log files that the spec accepts",
            spec: || bucket_policy("{ proof: warn }"),
            edit: |live| to_bucket(live, deny(json!({}))),
        },
        Case {
            name: "a Deny of log files in an unmanaged policy",
            spec: || bucket_policy("unmanaged"),
            edit: |live| {
                live.bucket_policy = Some(Document::new(Vec::new()));
                to_bucket(live, deny(json!({})));
            },
        },
        Case { name: "a Deny outside of an organization", spec: every_destination, edit: of_org },
        Case {
            name: "a Deny outside of an organization that the spec accepts",
            spec: || bucket_policy("{ proof: warn }"),
            edit: of_org,
        },
        Case {
            name: "a Deny of principals outside of an organization",
            spec: every_destination,
            edit: |live| {
                to_bucket(live, deny(json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-1" } })));
            },
        },
        Case {
            name: "a Deny of principals outside of an organization, except AWS services",
            spec: every_destination,
            edit: |live| {
                to_bucket(
                    live,
                    deny(json!({
                        "StringNotEquals": { "aws:PrincipalOrgID": "o-1" },
                        "Bool": { "aws:PrincipalIsAWSService": "false" },
                    })),
                );
            },
        },
        Case {
            name: "a Deny outside of an organizational unit",
            spec: every_destination,
            edit: |live| {
                to_bucket(live, deny(json!({ "StringNotLike": { "aws:SourceOrgPaths": "o-1/*" } })));
            },
        },
        Case {
            name: "a Deny of other encryptions",
            spec: every_destination,
            edit: |live| {
                to_bucket(
                    live,
                    deny(json!({ "StringNotEquals": { "s3:x-amz-server-side-encryption": "aws:kms" } })),
                );
            },
        },
        Case {
            name: "a Deny from a date on",
            spec: every_destination,
            edit: |live| {
                to_bucket(
                    live,
                    deny(json!({ "DateGreaterThan": { "aws:CurrentTime": "2030-01-01T00:00:00Z" } })),
                );
            },
        },
        Case {
            name: "a Deny with a key that AWS does not document",
            spec: every_destination,
            edit: |live| to_bucket(live, deny(json!({ "StringEquals": { "aws:NewKey": "1" } }))),
        },
        Case {
            name: "a Deny of the key",
            spec: every_destination,
            edit: |live| {
                to_key(
                    live,
                    json!({ "Sid": "Lock", "Effect": "Deny", "Principal": "*",
                        "Action": "kms:GenerateDataKey*", "Resource": "*" }),
                );
            },
        },
        Case {
            name: "an unmanaged key policy without permissions",
            spec: || key_policy("unmanaged"),
            edit: |live| hub(live).policy = without(&hub(live).policy, &["TrailEncrypt"]),
        },
        Case {
            name: "an unmanaged bucket policy without permissions",
            spec: || bucket_policy("unmanaged"),
            edit: |live| without_in_bucket(live, &["TrailWrite"]),
        },
    ]);
    insta::assert_snapshot!(text);
}

#[test]
fn a_bucket_policy_that_denies_the_next_change_to_the_caller_is_reported() {
    fn deny_to_caller(live: &mut Observed, condition: Option<Value>) {
        live.caller = Some("arn:aws:iam::111111111111:role/Deploy".parse().unwrap());
        let mut statement = json!({
            "Sid": "Freeze", "Effect": "Deny", "Principal": "*", "Action": "s3:PutBucketPolicy", "Resource": BUCKET,
        });
        if let Some(condition) = condition {
            statement["Condition"] = condition;
        }
        to_bucket(live, statement);
    }
    let text = outcomes(&[
        Case { name: "no later plan", spec: every_destination, edit: |live| deny_to_caller(live, None) },
        Case {
            name: "this plan",
            spec: every_destination,
            edit: |live| {
                deny_to_caller(live, None);
                without_in_bucket(live, &["DenyInsecureTransport"]);
            },
        },
        Case {
            name: "another role",
            spec: every_destination,
            edit: |live| {
                deny_to_caller(
                    live,
                    Some(
                        json!({ "ArnEquals": { "aws:PrincipalArn": "arn:aws:iam::111111111111:role/Other" } }),
                    ),
                );
            },
        },
        Case {
            name: "unknown organization",
            spec: every_destination,
            edit: |live| {
                deny_to_caller(live, Some(json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-1" } })));
            },
        },
    ]);
    insta::assert_snapshot!(text);
}

#[test]
fn foreign_statements_are_adopted_kept_or_removed() {
    const KNOWN: [&str; 2] = ["111111111111", "222222222222"];
    const UNLISTED: &str = "999999999999";

    let unlisted: fn(&mut Observed) = |live| to_bucket(live, delivery(&[UNLISTED]));
    let deleted: fn(&mut Observed) = |live| {
        let mut statement = delivery(&[UNLISTED]);
        statement["Principal"] = json!({ "AWS": "AIDAEXAMPLEEXAMPLE123" });
        to_bucket(live, statement);
        without_in_bucket(live, &["DenyInsecureTransport"]);
    };
    let public: fn(&mut Observed) = |live| {
        to_bucket(
            live,
            json!({ "Sid": "Downloads", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
                "Resource": format!("{BUCKET}/downloads/*") }),
        );
        without_in_bucket(live, &["DenyInsecureTransport"]);
    };
    let text = outcomes(&[
        Case {
            name: "a statement of known accounts",
            spec: every_destination,
            edit: |live| to_bucket(live, delivery(&KNOWN)),
        },
        Case {
            name: "a statement of a known and an unlisted account",
            spec: every_destination,
            edit: |live| to_bucket(live, delivery(&[KNOWN[0], UNLISTED])),
        },
        Case { name: "a statement of an unlisted account", spec: every_destination, edit: unlisted },
        Case {
            name: "a statement of an unlisted account, kept",
            spec: || bucket_policy("{ unlisted_accounts: keep }"),
            edit: unlisted,
        },
        Case {
            name: "a statement of an unlisted account, removed",
            spec: || bucket_policy("{ unlisted_accounts: remove }"),
            edit: unlisted,
        },
        Case {
            name: "a statement of every account",
            spec: every_destination,
            edit: |live| {
                to_bucket(
                    live,
                    json!({ "Sid": "Open", "Effect": "Allow",
                        "Principal": { "Service": "cloudtrail.amazonaws.com" },
                        "Action": ["s3:PutObject", "s3:GetBucketAcl"],
                        "Resource": [format!("{BUCKET}/*"), BUCKET] }),
                );
            },
        },
        Case {
            name: "a key statement of an unlisted account",
            spec: every_destination,
            edit: |live| to_key(live, encryption(UNLISTED)),
        },
        Case {
            name: "a key statement of an unlisted account, removed",
            spec: || key_policy("{ unlisted_accounts: remove }"),
            edit: |live| to_key(live, encryption(UNLISTED)),
        },
        Case {
            name: "a key statement of a known account",
            spec: every_destination,
            edit: |live| to_key(live, encryption(KNOWN[1])),
        },
        Case { name: "a deleted principal", spec: every_destination, edit: deleted },
        Case {
            name: "a deleted principal, removed",
            spec: || bucket_policy("{ deleted_principals: remove }"),
            edit: deleted,
        },
        Case { name: "a public statement", spec: every_destination, edit: public },
        Case {
            name: "a public statement, removed",
            spec: || bucket_policy("{ foreign_statements: remove }"),
            edit: public,
        },
        Case {
            name: "unrelated statements, reported",
            spec: || bucket_policy("{ foreign_statements: report }"),
            edit: |live| {
                to_bucket(
                    live,
                    json!({ "Sid": "Athena", "Effect": "Allow",
                        "Principal": { "AWS": "arn:aws:iam::111111111111:role/Athena" },
                        "Action": "s3:GetObject", "Resource": format!("{BUCKET}/*") }),
                );
            },
        },
        Case {
            name: "statements of an insider and of an outsider, reported",
            spec: || bucket_policy("{ foreign_statements: report }"),
            edit: |live| {
                for (sid, principal) in [("Own", "111111111111"), ("Auditors", "444455556666")] {
                    to_bucket(
                        live,
                        json!({ "Sid": sid, "Effect": "Allow", "Principal": { "AWS": principal },
                            "Action": "s3:GetObject", "Resource": format!("{BUCKET}/*") }),
                    );
                }
            },
        },
        Case {
            name: "access of an outsider",
            spec: every_destination,
            edit: |live| {
                to_bucket(
                    live,
                    json!({ "Sid": "Auditors", "Effect": "Allow", "Principal": { "AWS": "444455556666" },
                        "Action": "s3:GetObject", "Resource": format!("{BUCKET}/*") }),
                );
            },
        },
        Case {
            name: "a repeated statement and a statement of the previous spec",
            spec: every_destination,
            edit: |live| {
                let first = &live.bucket_policy.as_ref().unwrap().statements()[0];
                let mut extra = serde_json::to_value(first).unwrap();
                extra["Sid"] = json!("TestExtraHealth");
                extra["Principal"] = json!({ "AWS": "arn:aws:iam::111111111111:role/Health" });
                to_bucket(live, extra);
            },
        },
        Case {
            name: "a key policy without an administrator",
            spec: every_destination,
            edit: |live| {
                to_key(
                    live,
                    json!({ "Sid": "Frozen", "Effect": "Deny", "Principal": "*", "Action": "kms:PutKeyPolicy",
                        "Resource": "*" }),
                );
                hub(live).policy = without(&hub(live).policy, &["TrailDescribe"]);
            },
        },
    ]);
    insta::assert_snapshot!(text);
}

#[test]
fn a_reviewed_access_is_accepted_until_it_changes() {
    let read = |action: &str| {
        json!({ "Sid": "Auditors", "Effect": "Allow", "Principal": { "AWS": "444455556666" },
            "Action": action, "Resource": format!("{BUCKET}/*") })
    };
    let outcome = |text: &str, action: &str| {
        let spec = spec(text);
        let mut observed = made(&spec);
        to_bucket(&mut observed, read(action));
        let text = described(&compared(&spec, &observed));
        let findings = text.lines().filter(|line| line.contains("drift, ")).map(str::trim).map(str::to_owned);
        findings.collect::<Vec<String>>()
    };
    let found = outcome(&every_destination(), "s3:GetObject");
    let [finding] = found.as_slice() else { panic!("{found:#?}") };
    let name = finding.split('[').nth(1).unwrap().trim_end_matches(']');
    let reviewed = format!("[{{ finding: \"{name}\", reason: agreed with the auditors }}]");
    let reviewed = every_destination().with("reviewed", &reviewed);
    let accepted = outcome(&reviewed, "s3:GetObject");
    assert_eq!(accepted, [format!("{finding} (accepted: agreed with the auditors)")]);
    let changed = outcome(&reviewed, "s3:*Object");
    assert!(changed[0].contains("delete") && !changed[0].contains("(accepted"), "{changed:#?}");
}

#[test]
fn foreign_trails_of_the_bucket_are_reported() {
    const MEMBER: &str = "222222222222";
    let allowed: fn(&mut Observed) = |live| {
        other(live, other_trail(MEMBER, "Other"));
        for (suffix, action, resource) in [
            ("Acl", "s3:GetBucketAcl", BUCKET.to_owned()),
            ("Write", "s3:PutObject", format!("{BUCKET}/AWSLogs/{MEMBER}/*")),
        ] {
            to_bucket(
                live,
                json!({ "Sid": format!("Other{suffix}"), "Effect": "Allow",
                    "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": action,
                    "Resource": resource }),
            );
        }
    };
    let text = outcomes(&[
        Case {
            name: "a trail that cannot deliver",
            spec: every_destination,
            edit: |live| other(live, other_trail(MEMBER, "Other")),
        },
        Case {
            name: "a trail of another bucket",
            spec: every_destination,
            edit: |live| {
                other(live, OtherTrail { bucket: "elsewhere".to_owned(), ..other_trail(MEMBER, "Other") });
            },
        },
        Case { name: "a trail that foreign statements allow", spec: every_destination, edit: allowed },
        Case {
            name: "a trail with the key, which the key policy does not allow",
            spec: every_destination,
            edit: |live| {
                let key = hub(live).key.arn.clone();
                other(live, OtherTrail { kms_key: Some(key.into()), ..other_trail(MEMBER, "Other") });
            },
        },
        Case {
            name: "a managed trail that is not in the spec",
            spec: every_destination,
            edit: |live| {
                let trail = live.trails.values().flatten().next_back().unwrap().clone();
                let arn = format!("arn:aws:cloudtrail:eu-west-1:{MEMBER}:trail/Old");
                let stray = Stray { account: "member".parse().unwrap(), trail };
                live.strays.insert(arn.parse().unwrap(), stray);
            },
        },
        Case {
            name: "an account that cannot be read",
            spec: every_destination,
            edit: |live| {
                live.unreadable.insert("member".parse().unwrap(), unreadable());
                live.trails.retain(|arn, _| arn.account() != MEMBER);
            },
        },
        Case {
            name: "trails that cannot be listed",
            spec: every_destination,
            edit: |live| {
                live.unsurveyed.insert("member".parse().unwrap(), unreadable());
                live.others.remove(&"member".parse().unwrap());
                to_bucket(live, delivery(&[MEMBER]));
            },
        },
    ]);
    insta::assert_snapshot!(text);
}

#[test]
fn foreign_settings_of_the_bucket_and_log_groups_are_reported() {
    fn group(live: &mut Observed) -> &mut LogAccess {
        let arn = live.log_groups.keys().next().unwrap().clone();
        live.log_access.entry(arn).or_default()
    }
    let text = outcomes(&[
        Case {
            name: "requester pays",
            spec: every_destination,
            edit: |live| conditions(live).requester_pays = Ok(true),
        },
        Case {
            name: "ACL grants",
            spec: || every_destination().with("bucket.object_ownership", "BucketOwnerPreferred"),
            edit: |live| {
                let grant = |grantee: &str, permission: &str| AclGrant {
                    grantee: grantee.to_owned(),
                    permission: permission.to_owned(),
                };
                conditions(live).grants = Ok(vec![
                    grant("http://acs.amazonaws.com/groups/global/AllUsers", "READ"),
                    grant("http://acs.amazonaws.com/groups/global/AuthenticatedUsers", "READ_ACP"),
                    grant("http://acs.amazonaws.com/groups/s3/LogDelivery", "WRITE"),
                    grant("0123456789abcdef", "FULL_CONTROL"),
                ]);
            },
        },
        Case {
            name: "expiry and replication",
            spec: every_destination,
            edit: |live| {
                conditions(live).expiries = Ok(vec![Expiry {
                    id: "cleanup".to_owned(),
                    prefix: String::new(),
                    is_of_tagged: false,
                    days: Some(7),
                    date: None,
                    noncurrent_days: None,
                    archive: None,
                }]);
                conditions(live).replications = Ok(vec![Replication {
                    id: "copy".to_owned(),
                    prefix: String::new(),
                    is_of_tagged: false,
                    bucket: "arn:aws:s3:::elsewhere".to_owned(),
                    account: Some("444455556666".to_owned()),
                }]);
            },
        },
        Case {
            name: "notifications and inventories",
            spec: every_destination,
            edit: |live| {
                let receiver =
                    |target| NameReceiver { name: "events".to_owned(), prefix: String::new(), target };
                let queue = "arn:aws:sqs:eu-west-1:444455556666:queue".to_owned();
                let bucket = |account: Option<&str>| ReceiverTarget::Bucket {
                    name: "elsewhere".to_owned(),
                    account: account.map(str::to_owned),
                };
                conditions(live).notifications =
                    Ok(notified(vec![receiver(ReceiverTarget::Resource(queue))]));
                conditions(live).inventories =
                    Ok(vec![receiver(bucket(Some("444455556666"))), receiver(bucket(None))]);
            },
        },
        Case {
            name: "access to a log group",
            spec: every_destination,
            edit: |live| {
                let statement = json!({ "Effect": "Allow", "Principal": { "Service": "events.amazonaws.com" },
                    "Action": "logs:PutLogEvents", "Resource": "*" });
                let document = Document::new(vec![Statement::from_value(statement).unwrap()]);
                group(live).policies = vec![ResourcePolicy { name: Some("events".to_owned()), document }];
                group(live).subscriptions = vec![Subscription {
                    name: "forward".to_owned(),
                    destination: "arn:aws:logs:eu-west-1:444455556666:destination:events".to_owned(),
                    pattern: String::new(),
                    reach: Reach::Group,
                }];
            },
        },
    ]);
    insta::assert_snapshot!(text);
}

#[test]
fn changes_of_the_keys_of_the_installation_are_reported() {
    let text = outcomes(&[
        Case {
            name: "spare keys",
            spec: every_destination,
            edit: |live| {
                let HubKey { key, .. } = hub(live).clone();
                for (id, state) in [
                    ("1", KeyState::Enabled),
                    ("2", KeyState::PendingDeletion { date: Some("2026-12-01T00:00:00Z".parse().unwrap()) }),
                ] {
                    let arn = format!("arn:aws:kms:eu-west-1:111111111111:key/{id}");
                    let spare = SpareKey { state, aliases: Vec::new(), view: key.view.clone() };
                    live.spare_keys.keys.insert(arn.parse().unwrap(), spare);
                }
            },
        },
        Case {
            name: "key material that expires",
            spec: every_destination,
            edit: |live| {
                hub(live).key.traits.origin = "EXTERNAL".to_owned();
                hub(live).key.traits.expires = Some("2026-12-01T00:00:00Z".parse().unwrap());
            },
        },
        Case {
            name: "a replica key",
            spec: every_destination,
            edit: |live| {
                hub(live).key.traits.primary =
                    Some("arn:aws:kms:us-east-1:111111111111:key/mrk-1".parse().unwrap());
                hub(live).key.view.rotation = Some(reconcile_plan::view::Rotation::Off);
            },
        },
        Case {
            name: "an alias of another key",
            spec: every_destination,
            edit: |live| {
                live.alias_target = Some("arn:aws:kms:eu-west-1:111111111111:key/2".parse().unwrap());
                hub(live).key.is_aliased = false;
            },
        },
    ]);
    insta::assert_snapshot!(text);
}
