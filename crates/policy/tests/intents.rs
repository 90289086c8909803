//! Tests the text of the managed statements.

#![allow(clippy::unwrap_used, clippy::panic)]

use reconcile_policy::{
    Arn, BucketIntent, Document, Intent, KeyIntent, Logs, OrganizationTrail, Ownership, Partition, Reader,
    Statement, StatementForm, TopicIntent,
};
use serde_json::{Value, json};

fn arns<const N: usize>(texts: [&str; N]) -> Vec<Arn> {
    texts.map(|text| text.parse().unwrap()).into()
}

fn bucket_intent() -> BucketIntent {
    let backup = json!({
        "Sid": "Backup",
        "Effect": "Allow",
        "Principal": { "AWS": "444444444444" },
        "Action": ["s3:GetObject"],
        "Resource": "arn:aws:s3:::secprod-multiaccount-logs/*",
    });
    BucketIntent {
        prefix: Some("central".to_owned()),
        trails: arns([
            "arn:aws:cloudtrail:us-east-1:111111111111:trail/SecurityTrailMaster",
            "arn:aws:cloudtrail:us-east-1:222222222222:trail/SecurityTrail",
            "arn:aws:cloudtrail:eu-west-1:222222222222:trail/Second",
        ]),
        extra: vec![Statement::from_value(backup).unwrap()],
        ..BucketIntent::new(Partition::Aws, "secprod-multiaccount-logs")
    }
}

fn key_intent() -> KeyIntent {
    KeyIntent {
        partition: Partition::AwsCn,
        administrators: arns(["arn:aws-cn:iam::111111111111:root"]),
        trails: arns([
            "arn:aws-cn:cloudtrail:cn-north-1:111111111111:trail/SecurityTrailMaster",
            "arn:aws-cn:cloudtrail:cn-north-1:111111111111:trail/Second",
        ]),
        organization_trails: Vec::new(),
        guests: Vec::new(),
        topics: Vec::new(),
        log_groups: Vec::new(),
        organization: None,
        readers: Vec::new(),
        extra: Vec::new(),
    }
}

/// Asserts the exact text, including spelling and order, because AWS and the user see it.
fn assert_reads(statements: Vec<Statement>, golden: &str) {
    let written = serde_json::to_string_pretty(&Document::new(statements)).unwrap();
    let golden: Value = serde_json::from_str(golden).unwrap();
    assert_eq!(written, serde_json::to_string_pretty(&golden).unwrap());
}

#[test]
fn the_bucket_policy_follows_the_cloudtrail_documentation() {
    let statements = bucket_intent().statements(&Ownership::of("secprod"));
    assert_reads(statements, include_str!("data/bucket-policy.json"));
}

#[test]
fn the_key_policy_follows_the_cloudtrail_documentation() {
    let statements = key_intent().statements(&Ownership::of("secprod"));
    assert_reads(statements, include_str!("data/key-policy.json"));
}

#[test]
fn a_key_starts_with_the_administration_statement_of_its_final_policy() {
    let ownership = Ownership::of("secprod");
    let intent = key_intent();
    assert_eq!(intent.statements(&ownership).first(), Some(&intent.administration(&ownership)));
}

#[test]
fn statements_without_a_purpose_are_omitted() {
    let intent = BucketIntent {
        prefix: None,
        trails: arns(["arn:aws:cloudtrail:us-east-1:111111111111:trail/T"]),
        require_tls: false,
        extra: Vec::new(),
        ..bucket_intent()
    };
    let statements = intent.statements(&Ownership::of("secprod"));
    let [_, write] = statements.as_slice() else { panic!("{statements:?}") };
    assert_eq!(write.resources(), ["arn:aws:s3:::secprod-multiaccount-logs/AWSLogs/111111111111/*"]);

    let intent = BucketIntent { trails: Vec::new(), ..intent };
    assert_eq!(intent.statements(&Ownership::of("secprod")), []);
    let intent = KeyIntent { trails: Vec::new(), ..key_intent() };
    assert_eq!(intent.statements(&Ownership::of("secprod")).len(), 1);
}

fn value(statement: &Statement) -> Value {
    serde_json::to_value(statement).unwrap()
}

fn statement_of(statements: &[Statement], sid: &str) -> Value {
    value(statements.iter().find(|it| it.sid() == Some(sid)).unwrap())
}

#[test]
fn an_organization_trail_has_the_same_statement_in_every_form() {
    let trail = bucket_intent().trails[0].clone();
    let of = |organization: &str| OrganizationTrail {
        trail: trail.clone(),
        organization: organization.to_owned(),
    };
    let intent = BucketIntent {
        organization: Some("o-exampleorgid".to_owned()),
        organization_trails: vec![of("o-exampleorgid")],
        ..bucket_intent()
    };
    let expected = json!({
        "Sid": "SecprodOrganizationWrite",
        "Effect": "Allow",
        "Principal": { "Service": "cloudtrail.amazonaws.com" },
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::secprod-multiaccount-logs/central/AWSLogs/o-exampleorgid/*",
        "Condition": { "StringEquals": {
            "s3:x-amz-acl": "bucket-owner-full-control",
            "aws:SourceArn": "arn:aws:cloudtrail:us-east-1:111111111111:trail/SecurityTrailMaster",
        } },
    });
    let ownership = Ownership::of("secprod");
    for form in StatementForm::ALL {
        let statements = intent.compile(&ownership, form).unwrap();
        assert_eq!(
            statement_of(&statements, "SecprodOrganizationWrite").to_string(),
            expected.to_string(),
            "{form}"
        );
        // All other statements are the same as without an organization trail.
        let others: Vec<Statement> =
            statements.into_iter().filter(|it| it.sid() != Some("SecprodOrganizationWrite")).collect();
        let without = BucketIntent { organization_trails: Vec::new(), ..intent.clone() };
        assert_eq!(others, without.compile(&ownership, form).unwrap(), "{form}");
    }
}

#[test]
fn readers_of_accounts_read_their_files_of_organization_trails() {
    let reader = |mark: &str, logs| Reader {
        mark: mark.to_owned(),
        principal: "arn:aws:iam::333333333333:root".parse().unwrap(),
        logs,
    };
    let readers = vec![
        reader("00000001", Logs::All),
        reader("00000002", Logs::Of(vec!["222222222222".parse().unwrap()])),
    ];
    let of =
        |trail: &Arn| OrganizationTrail { trail: trail.clone(), organization: "o-exampleorgid".to_owned() };
    let bucket = bucket_intent();
    let bucket = BucketIntent {
        // Two trails of one organization, whose id appears once.
        organization_trails: [&bucket.trails[0], &bucket.trails[2]].map(of).into(),
        readers: readers.clone(),
        ..bucket
    };
    let key = key_intent();
    let key = KeyIntent { organization_trails: vec![key.trails[0].clone()], readers, ..key };
    let ownership = Ownership::of("sec");
    let (in_bucket, in_key) = (bucket.statements(&ownership), key.statements(&ownership));
    for (sid, folders, contexts) in [
        ("SecRead00000001", json!(["*"]), json!("arn:aws-cn:cloudtrail:*:*:trail/*")),
        (
            "SecRead00000002",
            json!(["222222222222/*", "o-exampleorgid/222222222222/*"]),
            json!([
                "arn:aws-cn:cloudtrail:*:222222222222:trail/*",
                "arn:aws-cn:cloudtrail:cn-north-1:111111111111:trail/SecurityTrailMaster",
            ]),
        ),
    ] {
        let folders: Vec<&str> = folders.as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let read = statement_of(&in_bucket, sid);
        let objects =
            folders.iter().map(|it| format!("arn:aws:s3:::secprod-multiaccount-logs/central/AWSLogs/{it}"));
        let resources: Vec<String> =
            objects.chain(["arn:aws:s3:::secprod-multiaccount-logs".to_owned()]).collect();
        assert_eq!(read["Resource"], json!(resources), "{sid}");
        let list = statement_of(&in_bucket, &format!("{sid}List"));
        let prefixes: Vec<String> = folders.iter().map(|it| format!("central/AWSLogs/{it}")).collect();
        let prefixes = if let [only] = prefixes.as_slice() { json!(only) } else { json!(prefixes) };
        assert_eq!(list["Condition"]["StringLike"]["s3:prefix"], prefixes, "{sid}");
        let decrypt = statement_of(&in_key, sid);
        let context = &decrypt["Condition"]["StringLike"]["kms:EncryptionContext:aws:cloudtrail:arn"];
        assert_eq!(*context, contexts, "{sid}");
    }
}

#[test]
fn the_topic_policy_follows_the_cloudtrail_documentation() {
    let intent = TopicIntent {
        topic: "arn:aws:sns:us-east-1:111111111111:trails".parse().unwrap(),
        trails: bucket_intent().trails,
    };
    let statement = |condition: Value| {
        json!([{
            "Sid": "SecprodTrailNotify",
            "Effect": "Allow",
            "Principal": { "Service": "cloudtrail.amazonaws.com" },
            "Action": "SNS:Publish",
            "Resource": "arn:aws:sns:us-east-1:111111111111:trails",
            "Condition": condition,
        }])
    };
    let plain = statement(json!({ "StringEquals": { "aws:SourceArn": [
        "arn:aws:cloudtrail:us-east-1:111111111111:trail/SecurityTrailMaster",
        "arn:aws:cloudtrail:us-east-1:222222222222:trail/SecurityTrail",
        "arn:aws:cloudtrail:eu-west-1:222222222222:trail/Second",
    ] } }));
    let by_account = statement(json!({
        "StringEquals": { "aws:SourceAccount": ["111111111111", "222222222222"] },
        "ArnLike": { "aws:SourceArn": [
            "arn:aws:cloudtrail:eu-west-1:*:trail/Second",
            "arn:aws:cloudtrail:us-east-1:*:trail/SecurityTrail",
            "arn:aws:cloudtrail:us-east-1:*:trail/SecurityTrailMaster",
        ] },
    }));
    let ownership = Ownership::of("secprod");
    for (form, expected) in [
        (StatementForm::Plain, Some(plain.clone())),
        (StatementForm::ByAccount, Some(by_account)),
        (StatementForm::ByOrganization, None),
    ] {
        let statements = intent.compile(&ownership, form).map(|it| json!(it).to_string());
        assert_eq!(statements, expected.map(|it| it.to_string()), "{form}");
    }
    assert_eq!(json!(intent.statements(&ownership)), plain);
    assert_eq!(TopicIntent { trails: Vec::new(), ..intent }.statements(&ownership), []);
}

/// See "Amazon SNS topic policy for CloudTrail" in the CloudTrail user guide and "Encrypt log data
/// in CloudWatch Logs using AWS Key Management Service" in the CloudWatch Logs user guide.
#[test]
fn encrypted_topics_and_log_groups_can_use_the_key_in_every_form() {
    let intent = KeyIntent {
        partition: Partition::Aws,
        topics: vec!["arn:aws:sns:us-east-1:111111111111:trails".parse().unwrap()],
        log_groups: ["111111111111", "222222222222"]
            .map(|id| format!("arn:aws:logs:us-east-1:{id}:log-group:/cloudtrail/a").parse().unwrap())
            .to_vec(),
        organization: Some("o-exampleorgid".to_owned()),
        ..key_intent()
    };
    let ownership = Ownership::of("secprod");
    let expected = [
        json!({
            "Sid": "SecprodTrailTopicEncrypt",
            "Effect": "Allow",
            "Principal": { "Service": "cloudtrail.amazonaws.com" },
            "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
            "Resource": "*",
            "Condition": { "StringEquals": {
                "kms:EncryptionContext:aws:sns:topicArn": "arn:aws:sns:us-east-1:111111111111:trails",
            } },
        }),
        json!({
            "Sid": "SecprodTrailLogGroupEncrypt",
            "Effect": "Allow",
            "Principal": { "Service": "logs.us-east-1.amazonaws.com" },
            "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
            "Resource": "*",
            "Condition": { "ArnEquals": { "kms:EncryptionContext:aws:logs:arn": [
                "arn:aws:logs:us-east-1:111111111111:log-group:/cloudtrail/a",
                "arn:aws:logs:us-east-1:222222222222:log-group:/cloudtrail/a",
            ] } },
        }),
    ];
    for form in StatementForm::ALL {
        let statements = intent.compile(&ownership, form).unwrap();
        for expected in &expected {
            let sid = expected["Sid"].as_str();
            let found = statements.iter().find(|it| it.sid() == sid).unwrap();
            assert_eq!(json!(found).to_string(), expected.to_string(), "{form}");
        }
    }
    let china = KeyIntent {
        partition: Partition::AwsCn,
        log_groups: vec!["arn:aws-cn:logs:cn-north-1:111111111111:log-group:a".parse().unwrap()],
        ..key_intent()
    };
    let statements = json!(china.statements(&ownership));
    assert!(statements.to_string().contains("\"logs.cn-north-1.amazonaws.com.cn\""), "{statements}");
    let plain = key_intent().statements(&ownership);
    let sids: Vec<&str> = plain.iter().filter_map(Statement::sid).collect();
    assert!(
        !sids.iter().any(|sid| sid.ends_with("TopicEncrypt") || sid.ends_with("GroupEncrypt")),
        "{sids:?}"
    );
}

#[test]
fn the_default_topic_policy_equals_the_policy_of_sns() {
    let topic = "arn:aws-cn:sns:cn-north-1:111111111111:trails".parse().unwrap();
    let expected = json!({
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": { "AWS": "*" },
            "Action": [
                "SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission", "SNS:RemovePermission",
                "SNS:DeleteTopic", "SNS:Subscribe", "SNS:ListSubscriptionsByTopic", "SNS:Publish",
            ],
            "Resource": "arn:aws-cn:sns:cn-north-1:111111111111:trails",
            "Condition": { "StringEquals": { "AWS:SourceOwner": "111111111111" } },
        }],
    });
    assert_eq!(json!(TopicIntent::default_policy(&topic)), expected);
}

#[test]
fn every_extra_statement_has_a_unique_sid() {
    let extra = |sid: Option<&str>| {
        let mut value = json!({ "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*" });
        if let Some(sid) = sid {
            value["Sid"] = json!(sid);
        }
        Statement::from_value(value).unwrap()
    };
    for (sids, expected) in [
        (vec![Some("Backup"), None, None], vec!["SecExtraBackup", "SecExtra2", "SecExtra3"]),
        (vec![Some("Backup"), Some("Backup")], vec!["SecExtraBackup", "SecExtra2"]),
        (vec![None, Some("1")], vec!["SecExtra2", "SecExtra1"]),
        (vec![Some("TrailWrite"), Some("")], vec!["SecExtra1", "SecExtra2"]),
    ] {
        let intent = KeyIntent { extra: sids.into_iter().map(extra).collect(), ..key_intent() };
        let ownership = Ownership::of("sec");
        let statements = intent.statements(&ownership);
        let given: Vec<_> = statements.iter().skip(4).filter_map(Statement::sid).collect();
        assert_eq!(given, expected);
        assert!(given.iter().all(|sid| ownership.owns(sid)));
        assert!(statements.iter().skip(4).all(|statement| statement.is_equivalent(&extra(None))));
    }
}
