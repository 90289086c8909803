//! Trails of organizations, topics, and the role that delivers to log groups.

#![allow(clippy::unwrap_used, clippy::panic)]

use reconcile_policy::{
    Adoption, Arn, BucketIntent, Delivery, Document, Form, Hop, KeyIntent, LogRoleIntent, Logs,
    OrganizationTrail, Ownership, Partition, PolicyKind, Reader, Request, TopicIntent, equivalent, evaluate,
    merge,
};
use serde_json::{Value, json};

const MANAGEMENT: &str = "111111111111";
const MEMBER: &str = "222222222222";
const ORGANIZATION: &str = "o-exampleorgid";
const TOPIC: &str = "arn:aws:sns:us-east-1:111111111111:log-files";

fn trail(account: &str, name: &str) -> Arn {
    format!("arn:aws:cloudtrail:us-east-1:{account}:trail/{name}").parse().unwrap()
}

fn ownership() -> Ownership {
    Ownership::of("sec")
}

/// A trail of the organization, and one of a member alone.
fn bucket() -> BucketIntent {
    BucketIntent {
        partition: Partition::Aws,
        bucket: "logs".to_owned(),
        prefix: Some("central".to_owned()),
        trails: vec![trail(MANAGEMENT, "Everybodys"), trail(MEMBER, "Own")],
        organization_trails: vec![OrganizationTrail {
            trail: trail(MANAGEMENT, "Everybodys"),
            organization: ORGANIZATION.to_owned(),
        }],
        guests: Vec::new(),
        organization: Some(ORGANIZATION.to_owned()),
        readers: vec![Reader {
            mark: "00000001".to_owned(),
            principal: "arn:aws:iam::222222222222:root".parse().unwrap(),
            logs: Logs::Of(vec![MEMBER.parse().unwrap()]),
        }],
        require_tls: false,
        extra: Vec::new(),
    }
}

fn delivery(trail: Arn, organization_trail: bool) -> Delivery {
    Delivery {
        trail,
        bucket: "arn:aws:s3:::logs".parse().unwrap(),
        prefix: Some("central".to_owned()),
        key: None,
        bucket_key: false,
        digests: true,
        organization: Some(ORGANIZATION.to_owned()),
        organization_trail,
        topic: Some(TOPIC.parse().unwrap()),
    }
}

/// What CloudTrail may not do for a trail.
fn denied(delivery: &Delivery, bucket: &Document, topic: Option<&Document>) -> Vec<Hop> {
    let proofs = delivery.prove(|kind| match kind {
        PolicyKind::Bucket => Some(bucket),
        PolicyKind::Key => None,
        PolicyKind::Topic => topic,
    });
    proofs.into_iter().filter(|proof| !proof.decision.is_allowed()).map(|proof| proof.hop).collect()
}

#[test]
fn only_the_trail_of_the_organization_writes_for_it_in_every_form() {
    let topic = topic_document(Form::Plain);
    for form in Form::ALL {
        let policy = Document::new(bucket().compile(&ownership(), form).unwrap());
        assert_eq!(denied(&delivery(trail(MANAGEMENT, "Everybodys"), true), &policy, Some(&topic)), []);
        assert_eq!(denied(&delivery(trail(MEMBER, "Own"), false), &policy, Some(&topic)), []);
        // The same for another trail, even of the same account or name.
        for other in [trail(MEMBER, "Own"), trail(MANAGEMENT, "Other"), trail(MEMBER, "Everybodys")] {
            let hops = denied(&delivery(other.clone(), true), &policy, Some(&topic));
            assert!(hops.contains(&Hop::WriteOrganizationLogs), "{form}: {other}: {hops:?}");
        }
    }
    let without = BucketIntent { organization_trails: Vec::new(), ..bucket() };
    let policy = Document::new(without.statements(&ownership()));
    let hops = denied(&delivery(trail(MANAGEMENT, "Everybodys"), true), &policy, Some(&topic));
    assert_eq!(hops, [Hop::WriteOrganizationLogs]);
}

#[test]
fn a_reader_finds_its_own_log_files_below_the_organization() {
    let bucket = Document::new(bucket().statements(&ownership()));
    let root: Arn = "arn:aws:iam::222222222222:root".parse().unwrap();
    let may_read = |key: &str| {
        let object = format!("arn:aws:s3:::logs/central/AWSLogs/{key}/CloudTrail/x.json.gz");
        evaluate(&bucket, &Request::by_principal(&root, "s3:GetObject", &object)).is_allowed()
    };
    assert!(may_read(MEMBER) && may_read(&format!("{ORGANIZATION}/{MEMBER}")));
    assert!(!may_read(MANAGEMENT) && !may_read(&format!("{ORGANIZATION}/{MANAGEMENT}")));

    // The log files of all accounts are encrypted for the one trail.
    let key = KeyIntent {
        partition: Partition::Aws,
        administrators: Vec::new(),
        trails: bucket_trails(),
        organization_trails: vec![trail(MANAGEMENT, "Everybodys")],
        guests: Vec::new(),
        organization: None,
        readers: self::bucket().readers,
        extra: Vec::new(),
    };
    let key = Document::new(key.statements(&ownership()));
    let may_decrypt = |context: &Arn| {
        let request = Request::by_principal(&root, "kms:Decrypt", "arn:aws:kms:us-east-1:111111111111:key/1")
            .with("kms:EncryptionContext:aws:cloudtrail:arn", context.as_str());
        evaluate(&key, &request).is_allowed()
    };
    assert!(may_decrypt(&trail(MEMBER, "Own")) && may_decrypt(&trail(MANAGEMENT, "Everybodys")));
    assert!(!may_decrypt(&trail(MANAGEMENT, "Other")));
}

fn bucket_trails() -> Vec<Arn> {
    bucket().trails
}

/// The prefix of an organization is taken over where a trail of ours delivers for it, and only there.
#[test]
fn what_others_wrote_for_an_organization_is_taken_over_with_its_trail() {
    let live: Document = json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "AWSCloudTrailWrite20150319", "Effect": "Allow",
        "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "s3:PutObject",
        "Resource": [
            format!("arn:aws:s3:::logs/central/AWSLogs/{MANAGEMENT}/*"),
            format!("arn:aws:s3:::logs/central/AWSLogs/{ORGANIZATION}/*"),
        ],
        "Condition": { "StringEquals": {
            "s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceArn": trail(MANAGEMENT, "Everybodys"),
        } },
    }] })
    .to_string()
    .parse()
    .unwrap();
    let accounts = |organization: bool| {
        let accounts = [MANAGEMENT, MEMBER].map(str::to_owned).into_iter();
        accounts.chain(organization.then(|| ORGANIZATION.to_owned())).collect()
    };
    for (intent, organization, stays) in
        [(bucket(), true, false), (BucketIntent { organization_trails: Vec::new(), ..bucket() }, false, true)]
    {
        let adoption = Adoption { accounts: accounts(organization), ..Adoption::default() };
        let merged = merge(Some(&live), &intent.statements(&ownership()), &ownership());
        let merged = merged.adopt(&adoption, &ownership());
        assert_eq!(merged.contracted.to_string().contains("AWSCloudTrailWrite20150319"), stays);
        // Whoever delivered goes on to.
        let of_everybody = delivery(trail(MANAGEMENT, "Everybodys"), true);
        for document in [&merged.expanded, &merged.contracted] {
            let hops = denied(&of_everybody, document, Some(&topic_document(Form::Plain)));
            assert_eq!(hops, [], "{document}");
        }
    }
}

fn topic() -> TopicIntent {
    TopicIntent { partition: Partition::Aws, topic: TOPIC.parse().unwrap(), trails: bucket_trails() }
}

fn topic_document(form: Form) -> Document {
    Document::new(topic().compile(&ownership(), form).unwrap())
}

#[test]
fn a_topic_is_told_by_our_trails_alone() {
    assert_eq!(
        serde_json::to_value(topic_document(Form::Plain)).unwrap(),
        json!({ "Version": "2012-10-17", "Statement": [{
            "Sid": "SecTrailNotify", "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" },
            "Action": "SNS:Publish", "Resource": TOPIC,
            "Condition": { "StringEquals": { "aws:SourceArn": [
                "arn:aws:cloudtrail:us-east-1:111111111111:trail/Everybodys",
                "arn:aws:cloudtrail:us-east-1:222222222222:trail/Own",
            ] } },
        }] })
    );
    let bucket = Document::new(bucket().statements(&ownership()));
    for form in [Form::Plain, Form::ByAccount] {
        let document = topic_document(form);
        assert_eq!(denied(&delivery(trail(MEMBER, "Own"), false), &bucket, Some(&document)), [], "{form}");
        let stranger = delivery(trail("333333333333", "Own"), false);
        assert!(denied(&stranger, &bucket, Some(&document)).contains(&Hop::Notify), "{form}");
    }
    assert_eq!(topic().compile(&ownership(), Form::ByOrganization), None);
    let nobody = TopicIntent { trails: Vec::new(), ..topic() };
    assert_eq!(nobody.compile(&ownership(), Form::Plain), Some(Vec::new()));
    assert!(denied(&delivery(trail(MEMBER, "Own"), false), &bucket, None).contains(&Hop::Notify));
}

/// What the console writes into the policy of a topic is taken over; the owner's own statement stays.
#[test]
fn the_statements_of_a_topic_are_taken_over_where_they_are_ours() {
    let own = json!({
        "Sid": "__default_statement_ID", "Effect": "Allow", "Principal": { "AWS": "*" },
        "Action": ["SNS:Publish"], "Resource": TOPIC,
        "Condition": { "StringEquals": { "AWS:SourceOwner": MANAGEMENT } },
    });
    let console = |sources: Value| {
        let mut statement = json!({
            "Sid": "AWSCloudTrailSNSPolicy20131101", "Effect": "Allow",
            "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "SNS:Publish", "Resource": TOPIC,
        });
        if !sources.is_null() {
            statement["Condition"] = json!({ "StringEquals": { "aws:SourceArn": sources } });
        }
        statement
    };
    let ours = json!(trail(MEMBER, "Own"));
    let others = json!([trail(MEMBER, "Own"), trail("333333333333", "T")]);
    for (statement, left) in [(console(ours), false), (console(others), true), (console(Value::Null), true)] {
        let live = json!({ "Version": "2008-10-17", "Statement": [own, statement] });
        let live: Document = live.to_string().parse().unwrap();
        let desired = topic().compile(&ownership(), Form::Plain).unwrap();
        let adoption =
            Adoption { accounts: [MANAGEMENT, MEMBER].map(str::to_owned).into(), ..Adoption::default() };
        let merged = merge(Some(&live), &desired, &ownership()).adopt(&adoption, &ownership());
        let text = merged.contracted.to_string();
        assert_eq!(text.contains("AWSCloudTrailSNSPolicy20131101"), left, "{statement}");
        assert!(text.contains("__default_statement_ID"), "{text}");
    }
}

#[test]
fn the_role_of_a_log_group_may_write_into_its_streams_alone() {
    let intent = |organization: Option<&str>| LogRoleIntent {
        partition: Partition::AwsUsGov,
        account: MANAGEMENT.parse().unwrap(),
        region: "us-gov-west-1".parse().unwrap(),
        log_group: "/cloudtrail/a".to_owned(),
        organization: organization.map(str::to_owned),
    };
    let group = "arn:aws-us-gov:logs:us-gov-west-1:111111111111:log-group:/cloudtrail/a:log-stream";
    let own = format!("{group}:111111111111_CloudTrail_us-gov-west-1*");
    let statement = |resources: Value| {
        json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": resources,
        }] })
    };
    let written = |intent: LogRoleIntent| serde_json::to_value(intent.permissions()).unwrap();
    assert_eq!(written(intent(None)), statement(json!(own)));
    assert_eq!(
        written(intent(Some(ORGANIZATION))),
        statement(json!([own, format!("{group}:{ORGANIZATION}_*")]))
    );
    assert_eq!(
        serde_json::to_value(LogRoleIntent::trust()).unwrap(),
        json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "sts:AssumeRole",
        }] })
    );
    // Documents without a principal mean what they say, however they are written.
    let spelled: Document = json!({ "Version": "2012-10-17", "Statement": {
        "Sid": "Logs", "Effect": "Allow", "Action": ["logs:PutLogEvents", "logs:createlogstream"], "Resource": [own],
    } })
    .to_string()
    .parse()
    .unwrap();
    assert!(equivalent(&spelled, &intent(None).permissions()));
    assert!(!equivalent(&spelled, &intent(Some(ORGANIZATION)).permissions()));
}
