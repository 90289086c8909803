//! Generates random statements that allow CloudTrail to deliver, in common spellings, and every
//! request of CloudTrail.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use reconcile_policy::Request;
use serde_json::{Value, json};

/// Accounts of the spec, and an account outside of the spec.
pub(crate) const ACCOUNTS: [&str; 4] = ["111111111111", "222222222222", "333333333333", "999999999999"];
pub(crate) const ORGANIZATION: &str = "o-exampleorgid";
pub(crate) const KEY: &str = "arn:aws:kms:us-east-1:111111111111:key/k";
pub(crate) const TOPIC: &str = "arn:aws:sns:us-east-1:111111111111:trails";

/// The sources of CloudTrail in every account: a trail with the name in the spec, two other trails,
/// an event data store and a channel.
const SOURCES: [&str; 5] = [
    "us-east-1:ACCOUNT:trail/T",
    "us-east-1:ACCOUNT:trail/Legacy",
    "eu-west-1:ACCOUNT:trail/T",
    "us-east-1:ACCOUNT:eventdatastore/e",
    "us-east-1:ACCOUNT:channel/c",
];

pub(crate) fn source(kind: usize, account: &str) -> String {
    format!("arn:aws:cloudtrail:{}", SOURCES[kind].replace("ACCOUNT", account))
}

/// The kind of policy that contains a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    Bucket,
    Key,
    Topic,
}

/// Generates a statement for CloudTrail, in one of many forms.
pub(crate) fn statement(of: Of) -> BoxedStrategy<Value> {
    let principal = prop_oneof![
        8 => Just(json!({ "Service": "cloudtrail.amazonaws.com" })),
        1 => Just(json!({ "Service": ["cloudtrail.amazonaws.com", "config.amazonaws.com"] })),
        1 => Just(json!("*")),
    ];
    let body = match of {
        Of::Bucket => bucket().boxed(),
        Of::Key => key().boxed(),
        Of::Topic => Just((json!("SNS:Publish"), json!(TOPIC), Vec::new())).boxed(),
    };
    let conditions = (
        prop::option::weighted(0.5, arns()),
        prop::option::weighted(0.25, subsequence(ACCOUNTS.to_vec(), 1..=4)),
        prop::option::weighted(0.1, Just(ORGANIZATION)),
        prop::bool::weighted(0.05),
    );
    (principal, body, conditions, prop::option::of("[A-D]"))
        .prop_map(|(principal, (actions, resources, own), (arns, accounts, organization, tls), sid)| {
            let mut condition = json!({});
            let mut add = |operator: &str, key: &str, values: Value| {
                condition[operator][key] = values;
            };
            for (operator, key, values) in own {
                add(operator, key, values);
            }
            if let Some((operator, values)) = arns {
                add(operator, "aws:SourceArn", json!(values));
            }
            if let Some(accounts) = accounts {
                add("StringEquals", "aws:SourceAccount", json!(accounts));
            }
            if let Some(organization) = organization {
                add("StringEquals", "AWS:SourceOrgID", json!(organization));
            }
            if tls {
                add("Bool", "aws:SecureTransport", json!("true"));
            }
            let mut statement = json!({
                "Effect": "Allow", "Principal": principal, "Action": actions, "Resource": resources,
            });
            if let Some(sid) = sid {
                statement["Sid"] = json!(sid);
            }
            if condition != json!({}) {
                statement["Condition"] = condition;
            }
            statement
        })
        .boxed()
}

type Body = (Value, Value, Vec<(&'static str, &'static str, Value)>);

fn bucket() -> impl Strategy<Value = Body> {
    let folder = |owner: &str| format!("arn:aws:s3:::logs/AWSLogs/{owner}/*");
    let mut resources: Vec<String> = ACCOUNTS.map(folder).to_vec();
    resources.extend([
        "arn:aws:s3:::logs/old/AWSLogs/111111111111/*".to_owned(),
        folder(ORGANIZATION),
        folder("${aws:SourceAccount}"),
        "arn:aws:s3:::logs/AWSLogs/*".to_owned(),
        "arn:aws:s3:::logs/*".to_owned(),
        "arn:aws:s3:::logs".to_owned(),
    ]);
    let actions = prop_oneof![
        5 => Just(vec!["s3:PutObject"]),
        4 => Just(vec!["s3:GetBucketAcl"]),
        2 => Just(vec!["s3:GetBucketAcl", "S3:putObject"]),
        1 => Just(vec!["s3:PutObject*", "s3:Abort*"]),
    ];
    (actions, subsequence(resources, 1..=5), any::<bool>()).prop_map(|(actions, mut resources, has_acl)| {
        if actions.contains(&"s3:GetBucketAcl") && !resources.iter().any(|it| it == "arn:aws:s3:::logs") {
            resources.push("arn:aws:s3:::logs".to_owned());
        }
        let acl = ("StringEquals", "s3:x-amz-acl", json!("bucket-owner-full-control"));
        let own = if has_acl && !actions.contains(&"s3:GetBucketAcl") { vec![acl] } else { Vec::new() };
        (json!(actions), json!(resources), own)
    })
}

fn key() -> impl Strategy<Value = Body> {
    let actions = ["kms:GenerateDataKey*", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt"];
    let pattern = |account: &str| format!("arn:aws:cloudtrail:*:{account}:trail/*");
    let mut contexts: Vec<String> = ACCOUNTS.map(pattern).to_vec();
    contexts.extend([source(0, ACCOUNTS[0]), pattern("*"), "arn:aws:cloudtrail:*:111111111111:*".to_owned()]);
    let contexts = prop::option::weighted(0.7, subsequence(contexts, 1..=4));
    (subsequence(actions.to_vec(), 1..=3), select(vec!["*", KEY]), contexts).prop_map(
        |(actions, resource, contexts)| {
            let key = "kms:EncryptionContext:aws:cloudtrail:arn";
            let own = contexts.into_iter().map(|contexts| ("StringLike", key, json!(contexts)));
            (json!(actions), json!(resource), own.collect())
        },
    )
}

/// Generates an operator, and exact ARNs or patterns of sources.
fn arns() -> impl Strategy<Value = (&'static str, Vec<String>)> {
    let exact: Vec<String> = ACCOUNTS
        .into_iter()
        .flat_map(|account| (0..SOURCES.len()).map(move |kind| source(kind, account)))
        .collect();
    let mut patterns = exact.clone();
    for account in ACCOUNTS.into_iter().chain(["*"]) {
        patterns.push(format!("arn:aws:cloudtrail:*:{account}:trail/*"));
        patterns.push(format!("arn:aws:cloudtrail:*:{account}:*"));
        patterns.push(format!("arn:aws:cloudtrail:us-east-1:{account}:trail/T"));
        patterns.push(format!("arn:aws:cloudtrail:us-east-1:{account}:eventdatastore/*"));
    }
    prop_oneof![
        (Just("StringEquals"), subsequence(exact, 1..=5)),
        (select(vec!["StringLike", "ArnLike", "ArnEquals"]), subsequence(patterns, 1..=5)),
    ]
}

/// A request of CloudTrail, and its source.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) source: String,
    pub(crate) account: &'static str,
    pub(crate) is_trail: bool,
    pub(crate) is_look: bool,
    /// Whether the request uses a key without the encryption context of a trail.
    pub(crate) is_without_context: bool,
    pub(crate) request: Request,
}

/// Returns every request of CloudTrail for some source: CloudTrail writes into the folder of the
/// account of a trail.
pub(crate) fn requests(of: Of) -> Vec<Asked> {
    let mut all = Vec::new();
    for account in ACCOUNTS {
        for kind in 0..SOURCES.len() {
            let (source, is_trail) = (source(kind, account), kind < 3);
            let mut ask = |action: &str, resource: &str, more: &[(&'static str, &str)]| {
                let mut request = Request::by_service("cloudtrail.amazonaws.com", action, resource)
                    .with("aws:SourceArn", &source)
                    .with("aws:SourceAccount", account);
                if account != "999999999999" {
                    request = request.with("aws:SourceOrgID", ORGANIZATION);
                }
                for (key, value) in more {
                    request = request.with(*key, value);
                }
                let is_look = matches!(action, "s3:GetBucketAcl" | "kms:DescribeKey");
                let is_without_context = action.starts_with("kms:") && !is_look && more.is_empty();
                let source = source.clone();
                let request = request.complete();
                all.push(Asked { source, account, is_trail, is_look, is_without_context, request });
            };
            match of {
                Of::Bucket => {
                    ask("s3:GetBucketAcl", "arn:aws:s3:::logs", &[]);
                    let acl = [("s3:x-amz-acl", "bucket-owner-full-control")];
                    for folder in ["", "old/"] {
                        let folder =
                            format!("arn:aws:s3:::logs/{folder}AWSLogs/{account}/CloudTrail/x.json.gz");
                        ask("s3:PutObject", &folder, &acl);
                        if !is_trail {
                            ask("s3:PutObject", &folder, &[]);
                        }
                    }
                    // The management account has the organization trails.
                    if kind == 0 && account == ACCOUNTS[0] {
                        let folder =
                            format!("arn:aws:s3:::logs/AWSLogs/{ORGANIZATION}/222222222222/x.json.gz");
                        ask("s3:PutObject", &folder, &acl);
                    }
                }
                Of::Key => {
                    let context = [("kms:EncryptionContext:aws:cloudtrail:arn", source.as_str())];
                    ask("kms:DescribeKey", KEY, &[]);
                    for action in ["kms:GenerateDataKey", "kms:Decrypt", "kms:Encrypt"] {
                        ask(action, KEY, &context);
                        ask(action, KEY, &[]);
                    }
                }
                Of::Topic => ask("sns:Publish", TOPIC, &[]),
            }
        }
    }
    all
}
