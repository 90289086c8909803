//! Tests the desired state of valid specs.

use reconcile_samples::{EditSpec, PROD};
use reconcile_spec::{AtRest, Desired, EventSelector, ReadWrite, Selectors, parse};

fn desired(text: &str) -> Desired {
    parse("spec.yaml", text.as_bytes()).unwrap_or_else(|problems| panic!("{problems}")).desired().clone()
}

/// The spec whose first trail has these settings in place of its data events.
fn with_events(settings: &str) -> String {
    let without = PROD.without("trails.0.data_events");
    if settings.is_empty() { without } else { without.with("trails.0", settings) }
}

#[test]
fn the_smallest_spec_has_secure_defaults() {
    insta::assert_debug_snapshot!(desired(PROD));
}

#[test]
fn two_spellings_resolve_to_the_same_state() {
    let block = r#"
version: 1
name: "secprod"
trails:
- data_events:
    lambda: all
    s3: all
  accounts:
  - master
  name: SecurityTrailMaster
- {name: 'SecurityTrail', accounts: members, data_events: {s3: all, lambda: all}}
key: {alias: secprod-cloudtrail, region: us-east-1, account: master, rotation_days: 365}
bucket:
  region: us-east-1
  account: master
  name: secprod-multiaccount-logs
  encryption: key
  versioning: true
  lifecycle: unmanaged
  policy: {foreign_statements: keep}
accounts:
  master: {id: '111111111111'}
  production:
    id: "222222222222"
    role: arn:aws:iam::222222222222:role/OrganizationAccountAccessRole
  development: {id: "333333333333", role: OrganizationAccountAccessRole, session_name: reconcile-secprod}
deletion: {trails: true, bucket: false}
"#;
    assert_eq!(desired(block), desired(PROD));
}

#[test]
fn each_account_gets_the_listed_alarms() {
    let alarms = |alarms: &str| {
        let logs = format!("{{ log_group: g, alarms: {alarms} }}");
        let text = PROD.with("trails.1.cloudwatch_logs", &logs);
        let alarms = desired(&text).alarms.into_iter();
        alarms
            .map(|it| format!("{} {} {} {}", it.site.account, it.name, it.detects.id, it.topic))
            .collect::<Vec<String>>()
    };
    let all = alarms("{ topic: t }");
    assert_eq!((all.len(), all.clone()), (30, alarms("{ controls: cis, topic: t }")));
    assert_eq!(
        alarms("{ controls: [CIS 4.10, CIS 4.3], topic: t }"),
        [
            "production reconcile-secprod-root-user CIS 4.3 arn:aws:sns:us-east-1:222222222222:t",
            "production reconcile-secprod-security-groups CIS 4.10 arn:aws:sns:us-east-1:222222222222:t",
            "development reconcile-secprod-root-user CIS 4.3 arn:aws:sns:us-east-1:333333333333:t",
            "development reconcile-secprod-security-groups CIS 4.10 arn:aws:sns:us-east-1:333333333333:t",
        ]
    );
    let one = alarms("{ controls: [CIS 4.3], topic: \"arn:aws:sns:us-east-1:444444444444:t\" }");
    assert!(one.iter().all(|it| it.ends_with("arn:aws:sns:us-east-1:444444444444:t")), "{one:?}");
}

#[test]
fn words_resolve_to_selectors() {
    let selectors = |words: &str| match desired(&with_events(words)).trails[0].selectors.clone() {
        Selectors::Basic(selectors) => selectors,
        Selectors::Advanced(_) => panic!("these are words"),
    };
    let summary = |selectors: Vec<EventSelector>| -> Vec<(ReadWrite, bool, usize, Vec<String>)> {
        let one = |it: EventSelector| {
            let values = it.data_resources.into_iter().flat_map(|resource| resource.values).collect();
            (it.read_write, it.management_events, it.exclude_management_sources.len(), values)
        };
        selectors.into_iter().map(one).collect()
    };
    let none: Vec<String> = Vec::new();
    for (words, expected) in [
        ("", vec![(ReadWrite::All, true, 0, none.clone())]),
        ("management_events: read", vec![(ReadWrite::ReadOnly, true, 0, none.clone())]),
        (
            "management_events: { read_write: write, exclude: [kms.amazonaws.com] }",
            vec![(ReadWrite::WriteOnly, true, 1, none.clone())],
        ),
        (
            "data_events: { dynamodb: all }",
            vec![(ReadWrite::All, true, 0, vec!["arn:aws:dynamodb".to_owned()])],
        ),
        (
            "{ management_events: none, data_events: { s3: [logs, \"arn:aws:s3:::logs/a\"] } }",
            vec![(
                ReadWrite::All,
                false,
                0,
                vec!["arn:aws:s3:::logs/".to_owned(), "arn:aws:s3:::logs/a".to_owned()],
            )],
        ),
        (
            "{ management_events: write, data_events: { s3: all } }",
            vec![
                (ReadWrite::All, false, 0, vec!["arn:aws:s3".to_owned()]),
                (ReadWrite::WriteOnly, true, 0, none.clone()),
            ],
        ),
        (
            "data_events: { s3: { read_write: write, resources: all }, lambda: { resources: all } }",
            vec![
                (ReadWrite::All, true, 0, vec!["arn:aws:lambda".to_owned()]),
                (ReadWrite::WriteOnly, false, 0, vec!["arn:aws:s3".to_owned()]),
            ],
        ),
        (
            "{ management_events: read, data_events: { s3: { read_write: read, resources: [logs] } } }",
            vec![(ReadWrite::ReadOnly, true, 0, vec!["arn:aws:s3:::logs/".to_owned()])],
        ),
    ] {
        assert_eq!(summary(selectors(words)), expected, "{words}");
    }
}

#[test]
fn insights_are_managed_by_category() {
    for (words, management, data) in [
        ("", None, None),
        ("insights: []", Some(vec![]), None),
        ("insights: [ApiErrorRateInsight, ApiCallRateInsight]", Some(vec!["Call", "Error"]), None),
        ("insights: { data: [ApiCallRateInsight] }", None, Some(vec!["Call"])),
        ("insights: { management: [ApiErrorRateInsight], data: [] }", Some(vec!["Error"]), Some(vec![])),
    ] {
        let text = with_events(&format!("{{ data_events: {{ s3: all }}, {words} }}"));
        let insights = &desired(&text).trails[0].insights;
        let names = |kinds: Option<Vec<&str>>| -> Option<Vec<String>> {
            Some(kinds?.into_iter().map(|kind| format!("Api{kind}RateInsight")).collect())
        };
        assert_eq!((&insights.management, &insights.data), (&names(management), &names(data)), "{words}");
    }
}

#[test]
fn recursive_logging_is_off_by_default_if_data_events_cover_the_log_bucket() {
    for (words, expected) in [
        ("", None),
        ("recursive_logging: true", Some(true)),
        ("data_events: { s3: all }", Some(false)),
        ("{ data_events: { s3: all }, recursive_logging: true }", Some(true)),
        ("data_events: { s3: [secprod-multiaccount-logs] }", Some(false)),
        ("data_events: { s3: [other] }", None),
        ("data_events: { s3: { read_write: read, resources: all } }", None),
        ("data_events: { lambda: all }", None),
    ] {
        assert_eq!(desired(&with_events(words)).trails[0].recursive_logging, expected, "{words}");
    }
}

#[test]
fn grants_are_named_by_their_content() {
    let names = |operations: &str| {
        let grant = format!(
            "[{{ name: a-b, grantee: \"arn:aws:iam::111111111111:role/A\", operations: {operations} }}]"
        );
        let desired = desired(&PROD.with("key.grants", &grant));
        let name = desired.grants[0].aws_name.clone();
        assert!(desired.installation.owns_grant(&name), "{name}");
        name
    };
    assert_eq!(names("[Decrypt, Encrypt]"), names("[Encrypt, Decrypt, Decrypt]"));
    assert_ne!(names("[Decrypt]"), names("[Encrypt]"));
    let desired = desired(PROD);
    for foreign in
        ["theirs", "secprod", "secprod-a", "secprod-prod-a-0123456789ab", "secprodx-a-0123456789ab"]
    {
        assert!(!desired.installation.owns_grant(foreign), "{foreign}");
    }
}

#[test]
fn a_secret_is_never_printed() {
    let text = PROD.with("accounts.production", "{ role: Role, external_id: hush }");
    assert!(!format!("{:?}", desired(&text)).contains("hush"));
}

#[test]
fn a_new_topic_is_encrypted_if_the_key_can_be_used() {
    let text = PROD.with("trails.0.sns_topic", "{ name: t }");
    for (name, text, expected) in [
        ("by default", text.clone(), AtRest::KeyFromCreation),
        ("in so many words", text.with("trails.0.sns_topic.encryption", "key"), AtRest::Key),
        ("left alone", text.with("trails.0.sns_topic.encryption", "unmanaged"), AtRest::Unmanaged),
        ("in another Region", text.with("trails.0.home_region", "eu-west-1"), AtRest::Unmanaged),
        ("with a key policy of somebody else", text.with("key.policy", "unmanaged"), AtRest::Unmanaged),
    ] {
        assert_eq!(desired(&text).topics[0].encryption, expected, "{name}");
    }
}

/// The account of the topic reads the topic if the spec has this account, else the account of the
/// first trail.
#[test]
fn a_topic_by_arn_is_only_read() {
    for (owner, reader) in [("333333333333", "development"), ("444444444444", "master")] {
        let arn = format!("arn:aws:sns:eu-west-1:{owner}:log-files");
        let desired = desired(&PROD.with("trails.0.sns_topic", &format!("{{ arn: \"{arn}\" }}")));
        assert!(desired.topics.is_empty());
        let [topic] = desired.existing_topics.as_slice() else { panic!("{:?}", desired.existing_topics) };
        assert_eq!((topic.arn.as_str(), topic.reader.as_str()), (arn.as_str(), reader));
        assert_eq!(desired.trails[0].topic.as_ref(), Some(&topic.arn));
    }
}
