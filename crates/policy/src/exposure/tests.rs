use serde_json::{Value, json};

use super::*;

const BUCKET: &str = "arn:aws:s3:::logs";
const KEY: &str = "arn:aws:kms:eu-west-1:111111111111:key/1";
const TOPIC: &str = "arn:aws:sns:eu-west-1:111111111111:trails";
const GROUP: &str = "arn:aws:logs:eu-west-1:111111111111:log-group:trails";

fn asset(kind: AssetKind) -> Asset {
    let arn = match kind {
        AssetKind::Bucket => BUCKET,
        AssetKind::Key => KEY,
        AssetKind::Topic => TOPIC,
        AssetKind::LogGroup => GROUP,
    };
    Asset {
        kind,
        arn: arn.to_owned(),
        account: "111111111111".to_owned(),
        bucket: BUCKET.to_owned(),
        logs: vec![format!("{BUCKET}/AWSLogs/*")],
    }
}

fn insiders(organization: Option<&str>) -> Insiders {
    Insiders {
        accounts: ["111111111111", "222222222222"].map(str::to_owned).into(),
        organization: organization.map(str::to_owned),
        readers: ["arn:aws:iam::333333333333:role/Auditor".to_owned()].into(),
    }
}

fn judged(kind: AssetKind, organization: Option<&str>, statements: &Value) -> Vec<String> {
    let document = json!({ "Version": "2012-10-17", "Statement": statements }).to_string().parse().unwrap();
    let found = exposures(&document, &asset(kind), &insiders(organization), |_| true);
    found.iter().map(Exposure::sentence).collect()
}

/// Returns the text about one statement, judged alone.
fn of(kind: AssetKind, statement: &Value) -> String {
    judged(kind, Some("o-ours"), &json!([statement])).join(" | ")
}

fn statement(principal: &Value, action: &Value, resource: &Value, condition: &Value) -> Value {
    json!({ "Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource, "Condition": condition })
}

fn on_logs(principal: &Value, action: &str, condition: &Value) -> Value {
    statement(principal, &json!(action), &json!("arn:aws:s3:::logs/*"), condition)
}

fn on_key(principal: &Value, action: &Value, condition: &Value) -> Value {
    statement(principal, action, &json!("*"), condition)
}

#[test]
fn the_capabilities_of_a_bucket_statement_are_reported() {
    let stranger = json!({ "AWS": "arn:aws:iam::444455556666:root" });
    for (action, resource, says) in [
        (
            json!("s3:GetObject"),
            json!("arn:aws:s3:::logs/*"),
            "lets account 444455556666 read every log file",
        ),
        (
            json!(["s3:PutObject", "s3:DeleteObject", "s3:PutLifecycleConfiguration"]),
            json!([BUCKET, "arn:aws:s3:::logs/*"]),
            "lets account 444455556666 write and delete every log file and have log files expire",
        ),
        (
            json!("s3:Get*"),
            json!(["arn:aws:s3:::logs/AWSLogs/111111111111/*", "arn:aws:s3:::logs/AWSLogs/o-ours/*"]),
            "lets account 444455556666 read log files under `AWSLogs/111111111111/*` and `AWSLogs/o-ours/*`",
        ),
        (
            json!("s3:BypassGovernanceRetention"),
            json!("*"),
            "lets account 444455556666 end the retention of log files",
        ),
        (
            json!("s3:PutReplicationConfiguration"),
            json!(BUCKET),
            "lets account 444455556666 replicate log files to another bucket",
        ),
        (
            json!("s3:PutBucketAcl"),
            json!(BUCKET),
            "lets account 444455556666 change the access that ACLs grant",
        ),
        (json!("s3:ListBucket"), json!(BUCKET), "lets account 444455556666 list the names of log files"),
        // S3 answers 405 to every other account.
        (
            json!("s3:PutBucketPolicy"),
            json!(BUCKET),
            "lets account 444455556666 change the bucket policy (AWS accepts that only from the account of the resource, \
             so it has no effect)",
        ),
        // An action on the bucket does not apply to its objects, and an action on objects does not
        // apply to the bucket.
        (json!("s3:PutLifecycleConfiguration"), json!("arn:aws:s3:::logs/*"), ""),
        (json!("s3:GetObject"), json!(BUCKET), ""),
        // Objects that are not log files, and another bucket.
        (json!("s3:*"), json!("arn:aws:s3:::logs/downloads/*"), ""),
        (json!("s3:*"), json!("arn:aws:s3:::other/*"), ""),
        (json!("s3:GetBucketAcl"), json!(BUCKET), ""),
    ] {
        assert_eq!(
            of(AssetKind::Bucket, &statement(&stranger, &action, &resource, &json!({}))),
            says,
            "{action}"
        );
    }
}

#[test]
fn not_elements_are_judged_by_their_remainder() {
    let allow = |elements: Value| {
        let mut statement = json!({ "Effect": "Allow", "Principal": { "AWS": "444455556666" } });
        for (name, value) in elements.as_object().unwrap() {
            statement[name] = value.clone();
        }
        of(AssetKind::Bucket, &statement)
    };
    let reads = "lets account 444455556666 read every log file";
    assert_eq!(
        allow(json!({ "NotAction": ["s3:Put*", "s3:Delete*", "s3:List*", "s3:Bypass*", "s3:Replicate*"],
        "Resource": "arn:aws:s3:::logs/*" })),
        reads
    );
    assert_eq!(
        allow(json!({ "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::logs/private/*" })),
        reads
    );
    assert_eq!(allow(json!({ "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::logs/*" })), "");
    let anybody_else = json!({ "Effect": "Allow", "NotPrincipal": { "AWS": "111111111111" },
        "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*" });
    assert_eq!(of(AssetKind::Bucket, &anybody_else), "lets anybody read every log file");
}

#[test]
fn principals_are_insiders_or_named() {
    for (principal, says) in [
        (json!({ "AWS": "111111111111" }), ""),
        (
            json!({ "AWS": "arn:aws:iam::222222222222:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Audit_1a2b" }),
            "",
        ),
        (json!({ "AWS": "arn:aws:sts::222222222222:assumed-role/Audit/me" }), ""),
        (json!({ "Federated": "arn:aws:iam::111111111111:saml-provider/Okta" }), ""),
        // This principal is a reader in the spec.
        (json!({ "AWS": "arn:aws:iam::333333333333:role/Auditor" }), ""),
        (
            json!({ "AWS": "arn:aws:iam::333333333333:role/Other" }),
            "`arn:aws:iam::333333333333:role/Other` read",
        ),
        (
            json!({ "AWS": ["111111111111", "444455556666", "777788889999"] }),
            "account 444455556666 and account 777788889999 read",
        ),
        (json!("*"), "anybody read"),
        (json!({ "AWS": ["*"] }), "anybody read"),
        (
            json!({ "AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E2EXAMPLE" }),
            "CloudFront origin access identity `E2EXAMPLE` read",
        ),
        (
            json!({ "CanonicalUser": "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be" }),
            "the account of canonical user `79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be` read",
        ),
        (
            json!({ "AWS": "AROAEXAMPLEEXAMPLE12" }),
            "`AROAEXAMPLEEXAMPLE12`, a principal that AWS does not resolve to an ARN, read",
        ),
        (json!({ "Service": "macie.amazonaws.com" }), "macie.amazonaws.com on behalf of any account read"),
    ] {
        let found = of(AssetKind::Bucket, &on_logs(&principal, "s3:GetObject", &json!({})));
        let expected = if says.is_empty() { String::new() } else { format!("lets {says} every log file") };
        assert_eq!(found.trim_end_matches(" (if that principal exists)"), expected, "{principal}");
    }
}

#[test]
fn conditions_on_the_caller_identify_or_exclude_outsiders() {
    let reads = |who: &str| format!("lets {who} read every log file");
    for (condition, says) in [
        (json!({ "StringEquals": { "aws:PrincipalOrgID": "o-ours" } }), String::new()),
        (
            json!({ "StringEquals": { "aws:PrincipalOrgID": "o-theirs" } }),
            reads("every account of organization `o-theirs`"),
        ),
        (
            json!({ "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": "o-ours/r-ab12/ou-ab12-1/*" } }),
            String::new(),
        ),
        (
            json!({ "StringEquals": { "aws:PrincipalAccount": ["111111111111", "222222222222"] } }),
            String::new(),
        ),
        (
            json!({ "StringEquals": { "aws:PrincipalAccount": ["111111111111", "444455556666"] } }),
            reads("account 444455556666"),
        ),
        (json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::222222222222:role/*" } }), String::new()),
        (
            json!({ "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/SecurityAudit" } }),
            reads("every principal like `arn:aws:iam::*:role/SecurityAudit`"),
        ),
        (json!({ "StringLike": { "aws:PrincipalArn": "*" } }), reads("anybody")),
        (json!({ "StringNotEquals": { "aws:PrincipalAccount": "111111111111" } }), reads("anybody")),
        (json!({ "StringEquals": { "s3:DataAccessPointAccount": "111111111111" } }), String::new()),
        (
            json!({ "StringEquals": { "s3:DataAccessPointAccount": "444455556666" } }),
            reads("account 444455556666"),
        ),
        // A caller chooses headers and the signature method.
        (json!({ "StringLike": { "aws:Referer": "https://example.com/*" } }), reads("anybody")),
        (json!({ "Bool": { "aws:SecureTransport": "true" } }), reads("anybody")),
        (json!({ "Bool": { "aws:SecureTransport": "false" } }), String::new()),
        // Log files have no tags.
        (
            json!({ "IpAddress": { "aws:SourceIp": "203.0.113.0/24" } }),
            reads("anybody") + " (under conditions on `aws:SourceIp`)",
        ),
        (
            json!({ "StringEquals": { "aws:SourceVpce": "vpce-1a2b3c4d" } }),
            reads("anybody") + " (under conditions on `aws:SourceVpce`)",
        ),
        (json!({ "DateLessThan": { "aws:CurrentTime": "2020-01-01T00:00:00Z" } }), String::new()),
    ] {
        assert_eq!(
            of(AssetKind::Bucket, &on_logs(&json!("*"), "s3:GetObject", &condition)),
            says,
            "{condition}"
        );
    }
    // If the id of the organization is unknown, the condition can name any organization.
    let condition = json!({ "StringEquals": { "aws:PrincipalOrgID": "o-ours" } });
    let named = on_logs(&json!({ "AWS": "444455556666" }), "s3:GetObject", &condition);
    assert_eq!(of(AssetKind::Bucket, &named), "");
    assert_eq!(
        judged(AssetKind::Bucket, None, &json!([named])),
        ["lets account 444455556666 read every log file (under conditions on `aws:PrincipalOrgID`)"]
    );
}

#[test]
fn a_deny_removes_capabilities() {
    let allow = on_logs(&json!("*"), "s3:GetObject", &json!({}));
    let deny = |condition: Value| {
        json!({ "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [BUCKET, "arn:aws:s3:::logs/*"],
            "Condition": condition })
    };
    let with = |deny: Value| judged(AssetKind::Bucket, Some("o-ours"), &json!([allow, deny])).join("");
    assert_eq!(with(deny(json!({ "StringNotEquals": { "aws:PrincipalOrgID": "o-ours" } }))), "");
    // The perimeter of "Establishing a data perimeter on AWS".
    let perimeter = json!({
        "StringNotEqualsIfExists": { "aws:PrincipalOrgID": "o-ours" },
        "BoolIfExists": { "aws:PrincipalIsAWSService": "false" },
    });
    assert_eq!(with(deny(perimeter)), "");
    assert_eq!(
        with(deny(json!({ "ArnNotLike": { "aws:PrincipalArn": "arn:aws:iam::111111111111:role/Admin" } }))),
        ""
    );
    assert_eq!(with(deny(json!({ "StringNotEquals": { "aws:PrincipalAccount": ["111111111111"] } }))), "");
    assert_eq!(
        with(deny(json!({ "NotIpAddress": { "aws:SourceIp": "203.0.113.0/24" } }))),
        "lets anybody read every log file (under conditions on `aws:SourceIp`)"
    );
    // Everybody can use TLS, and can send the required header.
    for condition in [
        json!({ "Bool": { "aws:SecureTransport": "false" } }),
        json!({ "NumericLessThan": { "s3:TlsVersion": "1.2" } }),
        json!({ "StringNotEquals": { "s3:x-amz-acl": "bucket-owner-full-control" } }),
    ] {
        assert_eq!(with(deny(condition)), "lets anybody read every log file");
    }
    let other = json!({ "Effect": "Deny", "NotPrincipal": { "AWS": "arn:aws:iam::111111111111:root" },
        "Action": "s3:*", "Resource": "arn:aws:s3:::logs/*" });
    assert_eq!(with(other), "");
}

#[test]
fn services_are_judged_by_their_source_account() {
    let with = |service: &str, action: &str, resource: Value, condition: Value| {
        of(
            AssetKind::Bucket,
            &statement(&json!({ "Service": service }), &json!(action), &resource, &condition),
        )
    };
    let folder = json!("arn:aws:s3:::logs/AWSLogs/111111111111/*");
    let acl = json!({ "StringEquals": { "s3:x-amz-acl": "bucket-owner-full-control" } });
    let from = |key: &str, value: &str| json!({ "StringEquals": { "s3:x-amz-acl": "bucket-owner-full-control", key: value } });
    let any = "on behalf of any account write log files under `AWSLogs/111111111111/*`";
    // The statement that the console wrote until 2022, and that Terraform modules still write.
    assert_eq!(
        with("cloudtrail.amazonaws.com", "s3:PutObject", folder.clone(), acl.clone()),
        format!("lets cloudtrail.amazonaws.com {any}")
    );
    assert_eq!(
        with("delivery.logs.amazonaws.com", "s3:PutObject", folder.clone(), acl.clone()),
        format!("lets delivery.logs.amazonaws.com {any}")
    );
    assert_eq!(
        with(
            "config.amazonaws.com",
            "s3:PutObject",
            folder.clone(),
            from("aws:SourceAccount", "222222222222")
        ),
        ""
    );
    assert_eq!(
        with("config.amazonaws.com", "s3:PutObject", folder.clone(), from("aws:SourceOrgID", "o-ours")),
        ""
    );
    assert_eq!(
        with(
            "config.amazonaws.com",
            "s3:PutObject",
            folder.clone(),
            from("aws:SourceAccount", "444455556666")
        ),
        "lets config.amazonaws.com on behalf of `444455556666` write log files under `AWSLogs/111111111111/*`"
    );
    let trail = |value: &str| json!({ "StringLike": { "aws:SourceArn": value } });
    assert_eq!(
        with(
            "cloudtrail.amazonaws.com",
            "s3:PutObject",
            folder.clone(),
            trail("arn:aws:cloudtrail:*:111111111111:trail/*")
        ),
        ""
    );
    // A trail of a named account writes its own log files.
    assert_eq!(
        with(
            "cloudtrail.amazonaws.com",
            "s3:PutObject",
            folder.clone(),
            trail("arn:aws:cloudtrail:*:444455556666:trail/*")
        ),
        ""
    );
    assert_eq!(
        with("cloudtrail.amazonaws.com", "s3:PutObject", folder, trail("arn:aws:cloudtrail:*:*:trail/*")),
        format!("lets cloudtrail.amazonaws.com {any}")
    );
    assert_eq!(with("cloudtrail.amazonaws.com", "s3:GetBucketAcl", json!(BUCKET), json!({})), "");
    // Server access logs and inventories of a bucket in a known account.
    let inventory = json!({ "ArnLike": { "aws:SourceArn": "arn:aws:s3:::source" }, "StringEquals": { "aws:SourceAccount": "111111111111" } });
    assert_eq!(with("s3.amazonaws.com", "s3:PutObject", json!("arn:aws:s3:::logs/*"), inventory), "");
}

#[test]
fn the_capabilities_of_a_key_statement_are_reported() {
    let stranger = json!({ "AWS": "arn:aws:iam::444455556666:root" });
    let all = "lets account 444455556666 decrypt log files and grant the use of the key to others; lets account \
               444455556666 change the key policy and disable or delete the key (AWS accepts that only from the account \
               of the resource, so it has no effect)";
    for (action, says) in [
        (json!("kms:*"), all),
        (json!("*"), all),
        (json!("kms:Decrypt"), "lets account 444455556666 decrypt log files"),
        (json!("kms:ReEncrypt*"), "lets account 444455556666 decrypt log files"),
        (
            json!(["kms:CreateGrant", "kms:ListGrants"]),
            "lets account 444455556666 grant the use of the key to others",
        ),
        (json!(["kms:Encrypt", "kms:GenerateDataKey*", "kms:DescribeKey"]), ""),
    ] {
        assert_eq!(of(AssetKind::Key, &on_key(&stranger, &action, &json!({}))), says, "{action}");
    }
    let everybody = on_key(&json!("*"), &json!(["kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"]), &json!({}));
    assert_eq!(
        of(AssetKind::Key, &everybody),
        "lets anybody change the key policy and disable or delete the key"
    );
}

/// The statements of "Configure AWS KMS key policies for CloudTrail", of the CloudTrail console,
/// and of the default key policy.
#[test]
fn the_statements_of_the_aws_guides_expose_nothing() {
    let cloudtrail = json!({ "Service": "cloudtrail.amazonaws.com" });
    let context =
        json!({ "kms:EncryptionContext:aws:cloudtrail:arn": "arn:aws:cloudtrail:*:111111111111:trail/*" });
    for statement in [
        on_key(&json!({ "AWS": "arn:aws:iam::111111111111:root" }), &json!("kms:*"), &json!({})),
        on_key(&cloudtrail, &json!("kms:GenerateDataKey*"), &json!({ "StringLike": context })),
        on_key(&cloudtrail, &json!("kms:DescribeKey"), &json!({})),
        on_key(&cloudtrail, &json!("kms:Decrypt"), &json!({ "StringLike": context })),
        on_key(
            &json!("*"),
            &json!(["kms:Decrypt", "kms:ReEncryptFrom"]),
            &json!({ "StringEquals": { "kms:CallerAccount": "111111111111" }, "StringLike": context }),
        ),
        on_key(
            &json!("*"),
            &json!("kms:CreateAlias"),
            &json!({ "StringEquals": { "kms:ViaService": "ec2.eu-west-1.amazonaws.com", "kms:CallerAccount": "111111111111" } }),
        ),
        on_key(
            &json!({ "Service": "logs.eu-west-1.amazonaws.com" }),
            &json!(["kms:Encrypt*", "kms:Decrypt*"]),
            &json!({ "ArnLike": { "kms:EncryptionContext:aws:logs:arn": "arn:aws:logs:eu-west-1:111111111111:log-group:*" } }),
        ),
        // The AWS managed key of a service.
        on_key(
            &json!({ "AWS": "*" }),
            &json!(["kms:Decrypt", "kms:CreateGrant"]),
            &json!({ "StringEquals": { "kms:ViaService": "s3.eu-west-1.amazonaws.com", "kms:CallerAccount": "111111111111" } }),
        ),
    ] {
        assert_eq!(of(AssetKind::Key, &statement), "", "{statement}");
    }
    let default = json!({ "Sid": "__default_statement_ID", "Effect": "Allow", "Principal": { "AWS": "*" },
        "Action": ["SNS:Publish", "SNS:SetTopicAttributes", "SNS:AddPermission", "SNS:Subscribe"],
        "Resource": TOPIC, "Condition": { "StringEquals": { "AWS:SourceOwner": "111111111111" } } });
    assert_eq!(of(AssetKind::Topic, &default), "");
}

#[test]
fn the_encryption_context_of_log_files_limits_decryption() {
    let stranger = json!({ "AWS": "444455556666" });
    let with = |condition: Value| of(AssetKind::Key, &on_key(&stranger, &json!("kms:Decrypt"), &condition));
    let decrypts = "lets account 444455556666 decrypt log files";
    let like =
        |key: &str, value: &str| json!({ "StringLike": { format!("kms:EncryptionContext:{key}"): value } });
    for (condition, says) in [
        (like("aws:cloudtrail:arn", "arn:aws:cloudtrail:*:222222222222:trail/*"), decrypts),
        (like("aws:cloudtrail:arn", "arn:aws:cloudtrail:*:*:trail/*"), decrypts),
        (like("aws:cloudtrail:arn", "arn:aws:cloudtrail:*:444455556666:trail/*"), ""),
        (like("aws:s3:arn", "arn:aws:s3:::logs"), decrypts),
        (like("aws:s3:arn", "arn:aws:s3:::logs/*"), decrypts),
        (like("aws:s3:arn", "arn:aws:s3:::other/*"), ""),
        (like("aws:ebs:id", "vol-*"), ""),
        (json!({ "StringEquals": { "kms:ViaService": "s3.eu-west-1.amazonaws.com" } }), decrypts),
        (json!({ "StringEquals": { "kms:ViaService": "ec2.eu-west-1.amazonaws.com" } }), ""),
    ] {
        assert_eq!(with(condition.clone()), says, "{condition}");
    }
    let grants = on_key(
        &stranger,
        &json!("kms:CreateGrant"),
        &json!({ "Bool": { "kms:GrantIsForAWSResource": "true" } }),
    );
    assert_eq!(
        of(AssetKind::Key, &grants),
        "lets account 444455556666 grant the use of the key to others (under conditions on `kms:GrantIsForAWSResource`)"
    );
    let bare = on_key(&json!({ "Service": "cloudtrail.amazonaws.com" }), &json!("kms:Decrypt"), &json!({}));
    assert_eq!(
        of(AssetKind::Key, &bare),
        "lets cloudtrail.amazonaws.com on behalf of any account decrypt log files"
    );
}

#[test]
fn the_capabilities_of_a_topic_statement_are_reported() {
    let on_topic = |principal: Value, action: &str, condition: Value| {
        of(AssetKind::Topic, &statement(&principal, &json!(action), &json!(TOPIC), &condition))
    };
    assert_eq!(
        on_topic(json!({ "AWS": "444455556666" }), "sns:*", json!({})),
        "lets account 444455556666 publish to the topic, subscribe to the topic and change the topic policy"
    );
    assert_eq!(on_topic(json!("*"), "SNS:Subscribe", json!({})), "lets anybody subscribe to the topic");
    let from = |arn: &str| json!({ "ArnEquals": { "aws:SourceArn": arn } });
    assert_eq!(
        on_topic(json!("*"), "sns:Publish", from("arn:aws:cloudwatch:eu-west-1:111111111111:alarm:a")),
        ""
    );
    assert_eq!(
        on_topic(json!("*"), "sns:Publish", from("arn:aws:cloudwatch:eu-west-1:444455556666:alarm:a")),
        "lets any AWS service on behalf of `arn:aws:cloudwatch:eu-west-1:444455556666:alarm:a` publish to the topic"
    );
}

/// See `PutResourcePolicy` in the CloudWatch Logs API reference.
#[test]
fn a_log_group_statement_takes_effect_only_for_services_that_write() {
    let no_effect = "(CloudWatch Logs enforces resource policies only for AWS services that write events, so it has no effect)";
    let service = json!({ "Service": "delivery.logs.amazonaws.com" });
    let stranger = json!({ "AWS": "444455556666" });
    let streams = format!("{GROUP}:log-stream:*");
    let of_account = |id: &str| json!({ "StringEquals": { "aws:SourceAccount": id } });
    let writes = "lets delivery.logs.amazonaws.com on behalf of any account write events into the log group";
    for (principal, action, resource, condition, says) in [
        (&service, "logs:PutLogEvents", streams.as_str(), json!({}), writes.to_owned()),
        (&service, "logs:*", "*", json!({}), writes.to_owned()),
        (&service, "logs:Put*", "arn:aws:logs:*:*:log-group:tr*", json!({}), writes.to_owned()),
        (
            &service,
            "logs:PutLogEvents",
            "*",
            of_account("444455556666"),
            "lets delivery.logs.amazonaws.com on behalf of `444455556666` write events into the log group"
                .to_owned(),
        ),
        (&service, "logs:PutLogEvents", "*", of_account("111111111111"), String::new()),
        // Another log group, and one whose name begins with the name of this one.
        (&service, "logs:PutLogEvents", "arn:aws:logs:*:*:log-group:/aws/events/*", json!({}), String::new()),
        (&service, "logs:PutLogEvents", &format!("{GROUP}-of-others:*"), json!({}), String::new()),
        // The service creates a log stream and writes nothing into it.
        (&service, "logs:CreateLogStream", "*", json!({}), String::new()),
        (
            &stranger,
            "logs:GetLogEvents",
            &streams,
            json!({}),
            format!("lets account 444455556666 read the events of the log group {no_effect}"),
        ),
        (
            &stranger,
            "logs:*",
            "*",
            json!({}),
            format!(
                "lets account 444455556666 write events into the log group, read the events of the log group, delete \
                 events of the log group, have the events of the log group sent elsewhere and change the policies of the \
                 log group {no_effect}"
            ),
        ),
        (
            &json!("*"),
            "logs:PutLogEvents",
            "*",
            json!({}),
            format!(
                "lets anybody write events into the log group {no_effect}; lets any AWS service on behalf of any account \
                 write events into the log group"
            ),
        ),
        (
            &json!("*"),
            "logs:*",
            "*",
            json!({ "StringEquals": { "aws:PrincipalOrgID": "o-ours" } }),
            String::new(),
        ),
        (&json!({ "AWS": "111111111111" }), "logs:*", "*", json!({}), String::new()),
    ] {
        let statement = statement(principal, &json!(action), &json!(resource), &condition);
        assert_eq!(of(AssetKind::LogGroup, &statement), says, "{statement}");
    }
}
