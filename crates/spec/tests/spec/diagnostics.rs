//! Every diagnostic, as users see it.

use std::fmt::Write;

use reconcile_spec::{Member, Roster, Unit, parse};

use crate::{PROD, prod_with};

/// What a spec is told.
fn told(text: &str) -> String {
    match parse("prod.yaml", text.as_bytes()) {
        Err(problems) => problems.to_string(),
        Ok(_) => "valid\n".to_owned(),
    }
}

/// Each with a spec and what it is told; reviewed as one document.
fn document(cases: &[(&str, String)]) -> String {
    cases.iter().fold(String::new(), |mut document, (name, text)| {
        let told = told(text);
        assert_ne!(told, "valid\n", "{name}");
        let _ = writeln!(document, "## {name}\n{told}");
        document
    })
}

const KEY: &str = "  alias: secprod-cloudtrail\n";
const BUCKET: &str = "  region: us-east-1\n";
const TRAIL: &str = "    accounts: [master]\n";

fn with_key(more: &str) -> String {
    prod_with(KEY, &format!("{KEY}  {more}\n"))
}

fn with_bucket(more: &str) -> String {
    prod_with(BUCKET, &format!("{BUCKET}  {more}\n"))
}

fn with_trail(more: &str) -> String {
    prod_with(TRAIL, &format!("{TRAIL}    {more}\n"))
}

fn with_advanced(selectors: &str) -> String {
    with_trail(selectors).replacen("    data_events: { s3: all, lambda: all }\n", "", 1)
}

fn with_grant(grant: &str) -> String {
    with_key(&format!("grants: [{grant}]"))
}

fn with_account(account: &str) -> String {
    prod_with("accounts:\n", &format!("accounts:\n  more: {account}\n"))
}

#[test]
fn of_form() {
    let document = document(&[
        ("unknown key", format!("{PROD}trial: 1\n")),
        ("unknown key inside", with_bucket("regoin: x")),
        ("unknown key that is near to none", with_bucket("zzzzzzzz: x")),
        ("missing key", prod_with("  region: us-east-1\n", "")),
        ("wrong type", prod_with("name: secprod\n", "name: [secprod]\n")),
        ("unknown value", with_bucket("encryption: kms")),
        ("a word for a number", with_key("rotation_days: often")),
        ("a number for a switch", with_bucket("versioning: 1")),
        ("a key twice", prod_with("name: secprod\n", "name: secprod\nname: secprod\n")),
        ("an account id without quotes", prod_with("\"111111111111\"", "111111111111")),
        ("an account id that looks octal", prod_with("\"111111111111\"", "011111111111")),
        ("tabs", prod_with("  alias:", "\talias:")),
        ("empty", "\n# nothing\n".to_owned()),
        ("two documents", format!("{PROD}---\n{PROD}")),
        ("not YAML", prod_with("trails:\n", "trails: [\n")),
        ("another version", prod_with("version: 1", "version: 2")),
        ("another version of another shape", prod_with("version: 1", "version: 2\nstages: []")),
        ("not a map", "- version: 1\n".to_owned()),
        ("a missing value", prod_with("  region: us-east-1\n", "  region:\n")),
        ("a list in place of a map", prod_with("{ s3: all, lambda: all }", "[s3, lambda]")),
        ("a text in place of a list", prod_with("[production, development]", "production")),
        ("a number in place of a word or a list", prod_with("[production, development]", "5")),
        ("a negative number", with_key("rotation_days: -5")),
        ("a part of a number", with_key("rotation_days: 90.5")),
    ]);
    insta::assert_snapshot!(document);
}

/// Every problem of shape in one run, in the order of the file.
#[test]
fn of_several_shapes() {
    let text = prod_with("name: secprod\n", "name: secprod\nname: again\n")
        .replace("role: OrganizationAccountAccessRole }\n  dev", "rolle: X }\n  dev")
        .replace("  account: master\n", "  versioning: often\n  lifecycle: [1]\n")
        .replace("  alias: secprod-cloudtrail\n", "  alias: [secprod-cloudtrail]\n  grants: [{ nam: x }]\n")
        .replace("[master]", "{ all: true }");
    insta::assert_snapshot!(told(&text));
}

#[test]
fn of_names() {
    let document = document(&[
        ("spec", prod_with("name: secprod\n", "name: Sec_Prod\n")),
        ("account", with_account("{ id: \"12345\", role: R }")),
        ("account name", prod_with("  production: ", "  produc/tion: ").replace("[production,", "[master,")),
        ("bucket", prod_with("secprod-multiaccount-logs", "Logs_of_All")),
        (
            "bucket of another namespace",
            prod_with("secprod-multiaccount-logs", "logs-999999999999-eu-west-1-an"),
        ),
        ("region", prod_with("us-east-1", "us-east")),
        ("alias", prod_with("alias: secprod-cloudtrail", "alias: alias/secprod")),
        ("trail", prod_with("SecurityTrailMaster", "Security..Trail")),
        ("role", with_account("{ id: \"444444444444\", role: \"a b\" }")),
        (
            "role of another account",
            with_account("{ id: \"444444444444\", role: \"arn:aws:iam::555555555555:role/R\" }"),
        ),
        (
            "not the ARN of a role",
            with_account("{ id: \"444444444444\", role: \"arn:aws:iam::444444444444:user/R\" }"),
        ),
        ("session name", with_account("{ id: \"444444444444\", role: R, session_name: \"a b\" }")),
        ("external id without a role", with_account("{ id: \"444444444444\", profile: p, external_id: x }")),
        ("prefix", with_bucket("prefix: /logs")),
        ("prefix with AWSLogs", with_bucket("prefix: a/AWSLogs/b")),
        ("tags", format!("{PROD}tags: {{ \"aws:x\": a, \"reconcile:spec\": b, \"a*\": c }}\n")),
        (
            "a previous name that is the present one",
            prod_with("name: secprod\n", "name: secprod\nprevious_name: secprod\n"),
        ),
        (
            "a previous name that is none",
            prod_with("name: secprod\n", "name: secprod\nprevious_name: Sec Prod\n"),
        ),
    ]);
    insta::assert_snapshot!(document);
}

#[test]
fn of_accounts_and_references() {
    let document = document(&[
        ("undeclared account", prod_with("[master]", "[mister]")),
        ("the bucket's account is undeclared", prod_with("account: master", "account: nobody")),
        ("the same id twice", with_account("{ id: \"111111111111\", role: R }")),
        ("two accounts without a role", with_account("{ id: \"444444444444\" }")),
        ("a key in another Region", with_key("region: eu-west-1")),
        ("organization", format!("{PROD}organization: {{ account: nobody }}\n")),
        (
            "reader",
            format!(
                "{PROD}readers: [{{ account: master, principal: \"arn:aws:iam::1:role/x\", logs: [nobody] }}]\n"
            ),
        ),
        (
            "several at once",
            prod_with("[master]", "[mister]")
                .replace("us-east-1", "nowhere")
                .replace("prod:", "prod: ")
                .replace("alias: secprod-cloudtrail", "alias: \"a b\""),
        ),
    ]);
    insta::assert_snapshot!(document);
}

#[test]
fn of_retention() {
    let document = document(&[
        ("a lifecycle that says nothing", with_bucket("lifecycle: {}")),
        ("a lifecycle of no days", with_bucket("lifecycle: { expire_days: 0 }")),
        (
            "what expires before it moves",
            with_bucket(
                "lifecycle: { transitions: [{ days: 90, storage_class: GLACIER }], expire_days: 60 }",
            ),
        ),
        ("a lock for two times", with_bucket("object_lock: { mode: GOVERNANCE, days: 1, years: 1 }")),
        ("a lock of no mode", with_bucket("object_lock: { mode: HARD, days: 1 }")),
        (
            "a move that is too early",
            with_bucket("lifecycle: { transitions: [{ days: 10, storage_class: STANDARD_IA }] }"),
        ),
        ("a lock of no time", with_bucket("object_lock: { mode: GOVERNANCE, days: 0 }")),
        (
            "a lock without versions",
            with_bucket("object_lock: { mode: GOVERNANCE, days: 1 }\n  versioning: false"),
        ),
        ("access logs of access logs", with_bucket("access_logs: { bucket: secprod-multiaccount-logs }")),
        ("access logs to no bucket", with_bucket("access_logs: { bucket: A_B }")),
    ]);
    insta::assert_snapshot!(document);
}

#[test]
fn of_keys_and_grants() {
    const ARN: &str = "\"arn:aws:iam::111111111111:role/A\"";
    let document = document(&[
        ("neither alias nor ARN", prod_with("key:\n  alias: secprod-cloudtrail\n", "key: {}\n")),
        ("alias and ARN", with_key("arn: \"arn:aws:kms:us-east-1:111111111111:key/x\"")),
        ("left alone, and used", prod_with("key:\n  alias: secprod-cloudtrail\n", "key: unmanaged\n")),
        ("not the ARN of a key", prod_with(KEY, "  arn: \"arn:aws:s3:::x\"\n")),
        ("rotation", with_key("rotation_days: 30")),
        ("no administrators", with_key("administrators: []")),
        ("an administrator that is no ARN", with_key("administrators: [root]")),
        ("grant name", with_grant(&format!("{{ name: \"a b\", grantee: {ARN}, operations: [Decrypt] }}"))),
        (
            "grant twice",
            with_grant(&format!(
                "{{ name: a, grantee: {ARN}, operations: [Decrypt] }}, {{ name: a, grantee: {ARN}, operations: [Encrypt] }}"
            )),
        ),
        ("grant without grantee", with_grant("{ name: a, operations: [Decrypt] }")),
        (
            "grant to a service",
            with_grant("{ name: a, grantee_service: s3.amazonaws.com, operations: [Decrypt] }"),
        ),
        (
            "grant of what there is not",
            with_grant(&format!("{{ name: a, grantee: {ARN}, operations: [Decript] }}")),
        ),
        ("grant of nothing", with_grant(&format!("{{ name: a, grantee: {ARN}, operations: [] }}"))),
        (
            "grant constraints",
            with_grant(&format!("{{ name: a, grantee: {ARN}, operations: [Decrypt], constraints: {{}} }}")),
        ),
        ("extra statement", with_bucket("policy: { extra_statements: [{ Effect: allow }] }")),
    ]);
    insta::assert_snapshot!(document);
}

#[test]
fn of_trails() {
    let many: String = (0..6).map(|n| format!("  - {{ name: Trail{n}, accounts: [master] }}\n")).collect();
    let buckets: Vec<String> = (0..251).map(|n| format!("bucket-{n}")).collect();
    let document = document(&[
        ("none", prod_with("trails:\n", "trails: []\nx:\n").split("x:\n").next().unwrap().to_owned()),
        ("no accounts", prod_with(TRAIL, "")),
        ("an empty list of accounts", prod_with("[master]", "[]")),
        (
            "the same trail twice",
            prod_with("name: SecurityTrailMaster", "name: SecurityTrail").replace("[production,", "[master,"),
        ),
        ("more than five", format!("{PROD}{many}")),
        (
            "nothing recorded",
            prod_with("    data_events: { s3: all, lambda: all }\n", "    management_events: none\n"),
        ),
        ("global events off", with_trail("global_service_events: false")),
        (
            "a bucket that is none",
            with_trail("data_events: { s3: [\"no bucket\"] }").replacen(
                "    data_events: { s3: all, lambda: all }\n",
                "",
                1,
            ),
        ),
        (
            "a function without ARN",
            with_trail("data_events: { lambda: [f] }").replacen(
                "    data_events: { s3: all, lambda: all }\n",
                "",
                1,
            ),
        ),
        (
            "too many data resources",
            with_trail(&format!("data_events: {{ s3: [{}] }}", buckets.join(", "))).replacen(
                "    data_events: { s3: all, lambda: all }\n",
                "",
                1,
            ),
        ),
        ("selectors of both sorts", with_trail("advanced_event_selectors: [{ FieldSelectors: [] }]")),
        ("no selectors", with_advanced("advanced_event_selectors: []")),
        (
            "an unknown key in a selector",
            with_advanced(
                "advanced_event_selectors: [{ FieldSelectors: [{ Field: readOnly, Equal: [x] }] }]",
            ),
        ),
        (
            "a selector of nothing",
            with_advanced(
                "advanced_event_selectors: [{ FieldSelectors: [{ Field: readOnly, Equals: [x] }] }]",
            ),
        ),
        (
            "data of no type",
            with_advanced(
                "advanced_event_selectors: [{ FieldSelectors: [{ Field: eventCategory, Equals: [Data] }] }]",
            ),
        ),
        ("insights of nothing", with_trail("management_events: none\n    insights: [ApiErrorRateInsight]")),
        ("insights of reads", with_trail("management_events: read\n    insights: [ApiCallRateInsight]")),
        ("a home in another partition", with_trail("home_region: cn-north-1")),
        ("an organization trail with accounts", with_trail("organization_trail: true")),
    ]);
    insta::assert_snapshot!(document);
}

#[test]
fn of_organizations_and_destinations() {
    let with_organization =
        |organization: &str| format!("{PROD}organization: {{ account: master, {organization} }}\n");
    let with_lock = |lock: &str| format!("{PROD}lock: {{ {lock} }}\n");
    let key = |region: &str, account: &str| {
        prod_with(KEY, &format!("  arn: \"arn:aws:kms:{region}:{account}:key/1234\"\n"))
    };
    let document = document(&[
        ("an organization trail without an organization", prod_with(TRAIL, "    organization_trail: true\n")),
        ("members without a role", with_organization("include: { tags: { a: b } }")),
        ("members of nothing", with_organization("role: R, include: {}")),
        ("excluded by half an id", with_organization("exclude: [\"1234\"]")),
        ("delegated to itself", with_organization("delegated_administrator: master")),
        ("delegated to nobody", with_organization("delegated_administrator: nobody")),
        ("a log group without a name", with_trail("cloudwatch_logs: { log_group: \"a b\" }")),
        (
            "a retention that there is not",
            with_trail("cloudwatch_logs: { log_group: g, retention_days: 10 }"),
        ),
        ("a role with a path", with_trail("cloudwatch_logs: { log_group: g, role_name: a/b }")),
        (
            "a log group of two retentions",
            with_trail("cloudwatch_logs: { log_group: g, retention_days: 30 }")
                .replace("[production,", "[master, production,")
                .replace("development]\n", "development]\n    cloudwatch_logs: { log_group: g }\n"),
        ),
        ("a FIFO topic", with_trail("sns_topic: { name: log-files.fifo }")),
        ("a topic of nobody", with_trail("sns_topic: { name: log-files, account: nobody }")),
        ("a lock without a bucket", with_lock("key: k, region: us-east-1, account: master")),
        ("a lock without a key", with_lock("bucket: locks, key: \"\", region: us-east-1, account: master")),
        (
            "a lock in what is to be deleted",
            with_lock("bucket: secprod-multiaccount-logs, key: k, region: us-east-1, account: master")
                + "deletion: { bucket: true }\n",
        ),
        ("a lock of nobody", with_lock("bucket: locks, key: k, region: us-east-1, account: nobody")),
        ("a key of another Region", key("eu-west-1", "111111111111")),
        ("a key of another account", key("us-east-1", "222222222222")),
    ]);
    insta::assert_snapshot!(document);
}

#[test]
fn of_encryption_and_existing_topics() {
    let twice = |first: &str, second: &str| {
        with_trail(first)
            .replace("[production,", "[master, production,")
            .replace("development]\n", &format!("development]\n    {second}\n"))
    };
    let elsewhere = |destination: &str| with_trail(&format!("home_region: eu-west-1\n    {destination}"));
    let unmanaged = |destination: &str| {
        let text = with_trail(destination).replace("key:\n  alias: secprod-cloudtrail\n", "key: unmanaged\n");
        text.replace("  region: us-east-1\n", "  region: us-east-1\n  encryption: s3\n")
    };
    let topic = "arn:aws:sns:us-east-1:444444444444:log-files";
    let document = document(&[
        (
            "a log group with a key of another Region",
            elsewhere("cloudwatch_logs: { log_group: g, encryption: key }"),
        ),
        ("a topic with a key of another Region", elsewhere("sns_topic: { name: t, encryption: key }")),
        ("a log group without a key", unmanaged("cloudwatch_logs: { log_group: g, encryption: key }")),
        ("a topic without a key", unmanaged("sns_topic: { name: t, encryption: key }")),
        ("an encryption that there is not", with_trail("sns_topic: { name: t, encryption: aws }")),
        (
            "a log group of two encryptions",
            twice("cloudwatch_logs: { log_group: g, encryption: key }", "cloudwatch_logs: { log_group: g }"),
        ),
        (
            "a topic of two encryptions",
            twice("sns_topic: { name: t, encryption: key }", "sns_topic: { name: t, encryption: unmanaged }"),
        ),
        ("a topic without a name", with_trail("sns_topic: { account: master }")),
        ("a topic by name and by ARN", with_trail(&format!("sns_topic: {{ name: t, arn: \"{topic}\" }}"))),
        (
            "settings of a topic by ARN",
            with_trail(&format!("sns_topic: {{ arn: \"{topic}\", account: master, encryption: key }}")),
        ),
        (
            "an ARN of something else",
            with_trail("sns_topic: { arn: \"arn:aws:sqs:us-east-1:444444444444:q\" }"),
        ),
        ("an ARN of a FIFO topic", with_trail(&format!("sns_topic: {{ arn: \"{topic}.fifo\" }}"))),
        (
            "a topic of another partition",
            with_trail(&format!("sns_topic: {{ arn: \"{}\" }}", topic.replace("aws", "aws-cn"))),
        ),
        (
            "one topic by name and by ARN",
            twice(
                "sns_topic: { name: log-files }",
                "sns_topic: { arn: \"arn:aws:sns:us-east-1:111111111111:log-files\" }",
            ),
        ),
    ]);
    insta::assert_snapshot!(document);
}

/// A unit can be known only when the organization is.
#[test]
fn of_units_that_the_organization_does_not_have() {
    let text = format!(
        "{PROD}organization: {{ account: master, role: R, include: {{ organizational_units: [Securty] }}, exclude: [ou-1] }}\n"
    );
    let unit = |id: &str, path: &str| Unit { id: id.to_owned(), path: path.to_owned() };
    let units = vec![unit("r-ab12", ""), unit("ou-ab12-12345678", "Security")];
    let member = Member {
        id: "444444444444".parse().unwrap(),
        name: "Sandbox".to_owned(),
        units: vec!["r-ab12".to_owned(), "ou-ab12-12345678".to_owned()],
        tags: std::collections::BTreeMap::new(),
    };
    let management = "111111111111".parse().unwrap();
    let roster = Roster::new("o-exampleorgid".to_owned(), management, units, vec![member]);
    let told = parse("prod.yaml", text.as_bytes()).unwrap().in_organization(&roster).unwrap_err().to_string();
    assert!(told.contains("the organization has no unit `Securty`"), "{told}");
    assert!(told.contains("did you mean `Security`?"), "{told}");
    assert!(told.contains("the organization has no unit `ou-1`"), "{told}");
    assert!(!told.contains("selects no account"), "{told}");
    let with = |exclude: &str| {
        let text = text.replace("Securty", "Security").replace("[ou-1]", exclude);
        parse("prod.yaml", text.as_bytes()).unwrap().in_organization(&roster)
    };
    assert!(with("[]").is_ok());
    for everybody in ["[Security]", "[r-ab12]", "[\"444444444444\"]"] {
        let told = with(everybody).unwrap_err().to_string();
        assert!(told.contains("`include` selects no account of the organization"), "{told}");
    }
}
