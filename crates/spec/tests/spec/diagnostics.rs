//! Tests every diagnostic in its printed form.

use std::fmt::Write;

use reconcile_samples::PROD;
use reconcile_spec::{Member, Roster, Unit, parse};

use crate::{EditText, prod_with};

/// Returns the diagnostics of a spec.
fn told(text: &str) -> String {
    match parse("prod.yaml", text.as_bytes()) {
        Err(problems) => problems.to_string(),
        Ok(_) => "valid\n".to_owned(),
    }
}

/// Joins specs and their diagnostics into one document for review.
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

/// The spec with another line in place of the data events of the first trail.
fn with_events(events: &str) -> String {
    with_trail(events).edited_once("    data_events: { s3: all, lambda: all }\n", "")
}

fn with_grant(grant: &str) -> String {
    with_key(&format!("grants: [{grant}]"))
}

fn with_account(account: &str) -> String {
    prod_with("accounts:\n", &format!("accounts:\n  more: {account}\n"))
}

#[test]
fn diagnostics_of_the_form() {
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

/// Every problem of shape is reported in one run, in the order of the file.
#[test]
fn diagnostics_of_several_shapes() {
    let text = prod_with("name: secprod\n", "name: secprod\nname: again\n")
        .edited_once("\"222222222222\", role: OrganizationAccountAccessRole", "\"222222222222\", rolle: X")
        .edited_once("  account: master\n", "  versioning: often\n  lifecycle: [1]\n")
        .edited_once(
            "  alias: secprod-cloudtrail\n",
            "  alias: [secprod-cloudtrail]\n  grants: [{ nam: x }]\n",
        )
        .edited_once("[master]", "{ all: true }");
    insta::assert_snapshot!(told(&text));
}

#[test]
fn diagnostics_of_names() {
    let document = document(&[
        ("spec", prod_with("name: secprod\n", "name: Sec_Prod\n")),
        ("account", with_account("{ id: \"12345\", role: R }")),
        (
            "account name",
            prod_with("  production: ", "  produc/tion: ").edited_once("[production,", "[master,"),
        ),
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
        (
            "role of another partition",
            with_account("{ id: \"444444444444\", role: \"arn:aws-cn:iam::444444444444:role/R\" }"),
        ),
        (
            "role with a long name",
            with_account(&format!("{{ id: \"444444444444\", role: {} }}", "r".repeat(65))),
        ),
        ("external id", with_account("{ id: \"444444444444\", role: R, external_id: \"a b\" }")),
        (
            "tags",
            format!(
                "{PROD}tags:\n  \"aws:x\": a\n  \"reconcile:spec\": b\n  \"reconcile:refused-forms\": none\n  \"a*\": c\n  empty: \"\"\n  long: {}\n",
                "x".repeat(257)
            ),
        ),
        (
            "many tags",
            format!("{PROD}tags:\n{}", (0..50).map(|n| format!("  t{n}: x\n")).collect::<String>()),
        ),
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
fn diagnostics_of_accounts_and_references() {
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
                .edited_once("us-east-1", "nowhere")
                .edited_once("alias: secprod-cloudtrail", "alias: \"a b\""),
        ),
    ]);
    insta::assert_snapshot!(document);
}

#[test]
fn diagnostics_of_retention() {
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
        ("a lock of too many days", with_bucket("object_lock: { mode: GOVERNANCE, days: 36501 }")),
        ("a lock of too many years", with_bucket("object_lock: { mode: COMPLIANCE, years: 101 }")),
        (
            "a move in the wrong direction",
            with_bucket(
                "lifecycle: { transitions: [{ days: 30, storage_class: GLACIER }, { days: 90, storage_class: STANDARD_IA }] }",
            ),
        ),
        (
            "a move from the last class",
            with_bucket(
                "lifecycle: { transitions: [{ days: 30, storage_class: DEEP_ARCHIVE }, { days: 90, storage_class: GLACIER }] }",
            ),
        ),
        (
            "two moves to one class",
            with_bucket(
                "lifecycle: { transitions: [{ days: 30, storage_class: GLACIER }, { days: 90, storage_class: GLACIER }] }",
            ),
        ),
        (
            "a move too soon after another",
            with_bucket(
                "lifecycle: { transitions: [{ days: 30, storage_class: STANDARD_IA }, { days: 45, storage_class: GLACIER }] }",
            ),
        ),
        (
            "two moves on one day",
            with_bucket(
                "lifecycle: { transitions: [{ days: 0, storage_class: GLACIER }, { days: 0, storage_class: DEEP_ARCHIVE }] }",
            ),
        ),
        (
            "days of no end",
            with_bucket(
                "lifecycle: { noncurrent_expire_days: 4000000000, abort_incomplete_multipart_days: 0 }",
            ),
        ),
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
fn diagnostics_of_keys_and_grants() {
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
            "an administrator that is a group",
            with_key("administrators: [\"arn:aws:iam::111111111111:group/G\"]"),
        ),
        (
            "a reader that is a group",
            format!("{PROD}readers: [{{ principal: \"arn:aws:iam::111111111111:group/G\", logs: all }}]\n"),
        ),
        (
            "a reader with a wildcard",
            format!("{PROD}readers: [{{ principal: \"arn:aws:iam::111111111111:role/*\", logs: all }}]\n"),
        ),
        (
            "grant to a group",
            with_grant("{ name: a, grantee: \"arn:aws:iam::111111111111:group/G\", operations: [Decrypt] }"),
        ),
        (
            "grant to two",
            with_grant(&format!(
                "{{ name: a, grantee: {ARN}, grantee_service: s3.amazonaws.com, operations: [Decrypt] }}"
            )),
        ),
        (
            "grant with a source for a principal",
            with_grant(&format!("{{ name: a, grantee: {ARN}, source_arn: {ARN}, operations: [Decrypt] }}")),
        ),
        (
            "grant to a service that is none",
            with_grant(&format!(
                "{{ name: a, grantee_service: s3, source_arn: {ARN}, retiring_principal: {ARN}, operations: [Decrypt] }}"
            )),
        ),
        (
            "grant to a service for a source of no account",
            with_grant(&format!(
                "{{ name: a, grantee_service: s3.amazonaws.com, source_arn: \"arn:aws:s3:::logs\", retiring_principal: {ARN}, operations: [Decrypt] }}"
            )),
        ),
        (
            "grant that a group may retire",
            with_grant(&format!(
                "{{ name: a, grantee: {ARN}, retiring_principal: \"arn:aws:iam::111111111111:group/G\", operations: [Decrypt] }}"
            )),
        ),
        (
            "grant of an operation of other keys",
            with_grant(&format!("{{ name: a, grantee: {ARN}, operations: [Sign] }}")),
        ),
        (
            "grant with nine pairs",
            with_grant(&format!(
                "{{ name: a, grantee: {ARN}, operations: [Decrypt], constraints: {{ encryption_context_equals: {{ a: a, b: b, c: c, d: d, e: e, f: f, g: g, h: h, i: i }} }} }}"
            )),
        ),
        (
            "grant with a long value",
            with_grant(&format!(
                "{{ name: a, grantee: {ARN}, operations: [Decrypt], constraints: {{ encryption_context_subset: {{ a: {} }} }} }}",
                "x".repeat(385)
            )),
        ),
        (
            "grant constraints",
            with_grant(&format!("{{ name: a, grantee: {ARN}, operations: [Decrypt], constraints: {{}} }}")),
        ),
    ]);
    insta::assert_snapshot!(document);
}

#[test]
fn diagnostics_of_trails() {
    let many: String = (0..6).map(|n| format!("  - {{ name: Trail{n}, accounts: [master] }}\n")).collect();
    let buckets: Vec<String> = (0..251).map(|n| format!("bucket-{n}")).collect();
    let document = document(&[
        ("none", prod_with("trails:\n", "trails: []\nx:\n").split("x:\n").next().unwrap().to_owned()),
        ("no accounts", prod_with(TRAIL, "")),
        ("an empty list of accounts", prod_with("[master]", "[]")),
        (
            "the same trail twice",
            prod_with("name: SecurityTrailMaster", "name: SecurityTrail")
                .edited_once("[production,", "[master,"),
        ),
        ("more than five", format!("{PROD}{many}")),
        (
            "nothing recorded",
            prod_with("    data_events: { s3: all, lambda: all }\n", "    management_events: none\n"),
        ),
        ("global events off", with_trail("global_service_events: false")),
        ("a bucket that is none", with_events("data_events: { s3: [\"no bucket\"] }")),
        ("a function without ARN", with_events("data_events: { lambda: [f] }")),
        ("too many data resources", with_events(&format!("data_events: {{ s3: [{}] }}", buckets.join(", ")))),
        ("selectors of both sorts", with_trail("advanced_event_selectors: [{ FieldSelectors: [] }]")),
        ("no selectors", with_events("advanced_event_selectors: []")),
        ("insights of nothing", with_trail("management_events: none\n    insights: [ApiErrorRateInsight]")),
        ("insights of reads", with_trail("management_events: read\n    insights: [ApiCallRateInsight]")),
        (
            "insights of data events that are not recorded",
            with_events("insights: { data: [ApiErrorRateInsight] }"),
        ),
        (
            "aggregation of data events that are not recorded",
            with_events("event_aggregation: [API_ACTIVITY]"),
        ),
        ("aggregation by an unknown template", with_trail("event_aggregation: [API_ACTIVTY]")),
        ("insights of no category", with_trail("insights: {}")),
        ("insights of an unknown category", with_trail("insights: { network: [ApiErrorRateInsight] }")),
        ("a home in another partition", with_trail("home_region: cn-north-1")),
        ("an organization trail with accounts", with_trail("organization_trail: true")),
    ]);
    insta::assert_snapshot!(document);
}

#[test]
fn diagnostics_of_advanced_selectors() {
    let of =
        |fields: &str| with_events(&format!("advanced_event_selectors: [{{ FieldSelectors: [{fields}] }}]"));
    let management = |more: &str| of(&format!("{{ Field: eventCategory, Equals: [Management] }}, {more}"));
    let data = |more: &str| {
        of(&format!(
            "{{ Field: eventCategory, Equals: [Data] }}, {{ Field: resources.type, Equals: [\"AWS::S3::Object\"] }}, {more}"
        ))
    };
    let network = |more: &str| of(&format!("{{ Field: eventCategory, Equals: [NetworkActivity] }}, {more}"));
    let many: String = (0..501).map(|n| format!("event{n}, ")).collect();
    let document = document(&[
        ("a misspelled field", data("{ Field: resources.arn, StartsWith: [\"arn:aws:s3:::b/\"] }")),
        ("an unknown field", data("{ Field: sourceIPAddress, Equals: [x] }")),
        ("an unknown operator", data("{ Field: readOnly, Equal: [x] }")),
        ("no operator", data("{ Field: eventName }")),
        ("no values", data("{ Field: eventName, Equals: [] }")),
        ("a field twice", data("{ Field: eventName, Equals: [a] }, { Field: eventName, NotEquals: [b] }")),
        ("no field", of("")),
        ("no category", of("{ Field: readOnly, Equals: [\"true\"] }")),
        (
            "two categories, two types and no reads",
            of(
                "{ Field: eventCategory, Equals: [Data, Management] }, { Field: resources.type, Equals: [\"AWS::S3::Object\", \"AWS::Lambda::Function\"] }, { Field: readOnly, NotEquals: [\"true\"] }",
            ),
        ),
        ("a category by another operator", of("{ Field: eventCategory, NotEquals: [Data] }")),
        ("an unknown category", of("{ Field: eventCategory, Equals: [data] }")),
        ("a category of event data stores", of("{ Field: eventCategory, Equals: [Insight] }")),
        ("data of no type", of("{ Field: eventCategory, Equals: [Data] }")),
        (
            "data of two types",
            of(
                "{ Field: eventCategory, Equals: [Data] }, { Field: resources.type, Equals: [\"AWS::S3::Object\", \"AWS::Lambda::Function\"] }",
            ),
        ),
        (
            "a misspelled type",
            of(
                "{ Field: eventCategory, Equals: [Data] }, { Field: resources.type, Equals: [\"AWS::S3::Objects\"] }",
            ),
        ),
        (
            "not a type",
            of("{ Field: eventCategory, Equals: [Data] }, { Field: resources.type, Equals: [S3] }"),
        ),
        ("a field of another category", management("{ Field: eventName, Equals: [x] }")),
        ("reads by another operator", management("{ Field: readOnly, NotEquals: [\"true\"] }")),
        ("reads and writes", management("{ Field: readOnly, Equals: [\"true\", \"false\"] }")),
        ("reads by another word", data("{ Field: readOnly, Equals: [yes please] }")),
        (
            "a source that cannot be left out",
            management("{ Field: eventSource, NotEquals: [s3.amazonaws.com] }"),
        ),
        ("a source to include", management("{ Field: eventSource, Equals: [kms.amazonaws.com] }")),
        ("a wildcard", data("{ Field: eventName, Equals: [\"Delete*\"] }")),
        ("a part of an ARN", data("{ Field: resources.ARN, Equals: [b/logs] }")),
        (
            "an ARN of another partition",
            data("{ Field: resources.ARN, NotEquals: [\"arn:aws-cn:s3:::b/x\"] }"),
        ),
        ("a console session", data("{ Field: sessionCredentialFromConsole, Equals: [maybe] }")),
        ("network events of no source", network("{ Field: eventName, Equals: [x] }")),
        (
            "network events of two sources",
            network("{ Field: eventSource, Equals: [kms.amazonaws.com, ec2.amazonaws.com] }"),
        ),
        ("network events of a source that is none", network("{ Field: eventSource, Equals: [kms] }")),
        (
            "network events with another error",
            network(
                "{ Field: eventSource, Equals: [kms.amazonaws.com] }, { Field: errorCode, Equals: [AccessDenied] }",
            ),
        ),
        ("too many values", data(&format!("{{ Field: eventName, Equals: [{many}] }}"))),
        (
            "a name that is too long",
            with_events(&format!(
                "advanced_event_selectors: [{{ Name: {}, FieldSelectors: [{{ Field: eventCategory, Equals: [Management] }}] }}]",
                "x".repeat(1001)
            )),
        ),
    ]);
    insta::assert_snapshot!(document);
}

#[test]
fn diagnostics_of_data_resources() {
    let of = |data: &str| with_events(&format!("data_events: {{ {data} }}"));
    let document = document(&[
        ("an empty list", of("s3: []")),
        ("a wildcard in a bucket", of("s3: [\"logs/*\"]")),
        ("a wildcard in a function", of("lambda: [\"arn:aws:lambda:us-east-1:111111111111:function:*\"]")),
        ("a bucket of another partition", of("s3: [\"arn:aws-cn:s3:::logs\"]")),
        ("a function that is a layer", of("lambda: [\"arn:aws:lambda:us-east-1:111111111111:layer:f\"]")),
        (
            "a function of an unknown Region",
            of("lambda: [\"arn:aws:lambda:us-esat-1:111111111111:function:f\"]"),
        ),
        (
            "a table that is an index",
            of("dynamodb: [\"arn:aws:dynamodb:us-east-1:111111111111:table/t/index/i\"]"),
        ),
        ("a table of another service", of("dynamodb: [\"arn:aws:s3:::logs\"]")),
        ("data events that neither read nor write", of("s3: { read_write: none, resources: all }")),
        ("reads of nothing", of("s3: { read_write: read }")),
        ("reads of an empty list", of("s3: { read_write: read, resources: [] }")),
        ("an unknown key", of("s3: { read_only: true, resources: all }")),
        (
            "an exclusion from nothing",
            with_trail("management_events: { read_write: none, exclude: [kms.amazonaws.com] }"),
        ),
    ]);
    insta::assert_snapshot!(document);
}

const STATEMENT: &str = "Effect: Allow, Principal: { AWS: \"444444444444\" }, Action: \"s3:GetObject\", Resource: \"arn:aws:s3:::secprod-multiaccount-logs/*\"";

#[test]
fn diagnostics_of_extra_statements() {
    let of = |statement: &str| with_bucket(&format!("policy: {{ extra_statements: [{statement}] }}"));
    let changed = |from: &str, to: &str| of(&format!("{{ {} }}", STATEMENT.edited_once(from, to)));
    let more = |more: &str| of(&format!("{{ {STATEMENT}, {more} }}"));
    let many: Vec<String> = (0..200).map(|n| format!("{{ Sid: \"Statement{n}\", {STATEMENT} }}")).collect();
    let document = document(&[
        ("not a map", of("Allow")),
        ("an unknown element", changed("Action:", "Actions:")),
        ("no effect", changed("Effect: Allow, ", "")),
        ("a misspelled effect", changed("Effect: Allow", "Effect: allow")),
        ("no principal", changed("Principal: { AWS: \"444444444444\" }, ", "")),
        ("a principal that is a text", changed("{ AWS: \"444444444444\" }", "\"444444444444\"")),
        ("an unknown kind of principal", changed("AWS:", "Aws:")),
        ("an account without quotes", changed("\"444444444444\"", "444444444444")),
        ("a group", changed("\"444444444444\"", "\"arn:aws:iam::444444444444:group/G\"")),
        ("a role with a wildcard", changed("\"444444444444\"", "\"arn:aws:iam::444444444444:role/*\"")),
        (
            "a role of another partition",
            changed("\"444444444444\"", "\"arn:aws-cn:iam::444444444444:role/R\""),
        ),
        ("a deleted role", changed("\"444444444444\"", "AROAEXAMPLEEXAMPLE12")),
        ("a service that is none", changed("AWS: \"444444444444\"", "Service: cloudtrail")),
        ("a canonical user that is none", changed("AWS: \"444444444444\"", "CanonicalUser: abc")),
        ("everybody else", changed("Principal:", "NotPrincipal:")),
        ("both principals", more("NotPrincipal: { AWS: \"444444444444\" }")),
        ("a misspelled action", changed("s3:GetObject", "s3:GetObjet")),
        ("an operation that is no action", changed("s3:GetObject", "s3:HeadObject")),
        ("a pattern that matches nothing", changed("s3:GetObject", "s3:Gett*")),
        ("an action of another service", changed("s3:GetObject", "kms:Decrypt")),
        ("an action without a service", changed("s3:GetObject", "GetObject")),
        ("an action on the account", changed("s3:GetObject", "s3:ListAllMyBuckets")),
        ("an action on the bucket", changed("s3:GetObject", "s3:ListBucket")),
        ("an action on objects", changed("secprod-multiaccount-logs/*", "secprod-multiaccount-logs")),
        ("no actions", changed("\"s3:GetObject\"", "[]")),
        ("another bucket", changed("secprod-multiaccount-logs/*", "other/*")),
        ("every bucket", changed("arn:aws:s3:::secprod-multiaccount-logs/*", "*")),
        ("no resource", changed(", Resource: \"arn:aws:s3:::secprod-multiaccount-logs/*\"", "")),
        ("an unknown operator", more("Condition: { StringEqual: { \"aws:SourceAccount\": \"1\" } }")),
        ("an unknown condition key", more("Condition: { StringEquals: { \"s3:x-amz-acll\": private } }")),
        ("a condition of the wrong shape", more("Condition: [StringEquals]")),
        ("a condition without values", more("Condition: { StringEquals: { \"aws:SourceAccount\": [] } }")),
        ("a public statement under the block", changed("{ AWS: \"444444444444\" }", "\"*\"")),
        ("more than can ever fit", of(&many.join(", "))),
        (
            "several at once",
            of(
                "{ Effect: Alow, Principals: x, Action: [\"s3:GetObjet\", 5], Resource: \"arn:aws:s3:::b\", Condition: { Boool: {} } }",
            ),
        ),
    ]);
    insta::assert_snapshot!(document);
}

#[test]
fn diagnostics_of_extra_statements_of_the_key() {
    const STATEMENT: &str =
        "Effect: Allow, Principal: { AWS: \"444444444444\" }, Action: \"kms:Decrypt\", Resource: \"*\"";
    let of = |statement: &str| with_key(&format!("policy: {{ extra_statements: [{{ {statement} }}] }}"));
    let changed = |from: &str, to: &str| of(&STATEMENT.edited_once(from, to));
    let document = document(&[
        ("a misspelled action", changed("kms:Decrypt", "kms:Decript")),
        ("an action on the account", changed("kms:Decrypt", "kms:ListKeys")),
        ("an action of another service", changed("kms:Decrypt", "s3:GetObject")),
        ("no resource", changed(", Resource: \"*\"", "")),
        ("an alias", changed("\"*\"", "\"arn:aws:kms:us-east-1:111111111111:alias/x\"")),
        ("a key of another Region", changed("\"*\"", "\"arn:aws:kms:eu-west-1:111111111111:key/x\"")),
        ("a canonical user", changed("AWS:", "CanonicalUser:")),
        ("characters that KMS rejects", of(&format!("Sid: \"日\", {STATEMENT}"))),
    ]);
    insta::assert_snapshot!(document);
}

#[test]
fn diagnostics_of_new_names() {
    let document = document(&[
        ("an unknown Region", prod_with("us-east-1", "eu-centrl-1")),
        ("a Region that is near to none", prod_with("us-east-1", "xx-faraway-9")),
        ("a home in an unknown Region", with_trail("home_region: us-wset-2")),
        ("a name of nothing", format!("{PROD}recognize: [something]\n")),
    ]);
    insta::assert_snapshot!(document);
}

#[test]
fn diagnostics_of_organizations_and_destinations() {
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
        ("delegated twice", with_organization("delegated_administrator: [production, production, master]")),
        (
            "delegated to too many",
            with_organization("delegated_administrator: [production, development, c, d]").edited_once(
                "accounts:\n",
                "accounts:\n  c: { id: \"444444444444\", role: R }\n  d: { id: \"555555555555\", role: R }\n",
            ),
        ),
        ("the form of an organization that is not named", with_bucket("policy: { form: by_organization }")),
        ("a form that does not exist", with_key("policy: { form: by_account_id }")),
        ("a log group without a name", with_trail("cloudwatch_logs: { log_group: \"a b\" }")),
        (
            "a retention that there is not",
            with_trail("cloudwatch_logs: { log_group: g, retention_days: 10 }"),
        ),
        ("a role with a path", with_trail("cloudwatch_logs: { log_group: g, role_name: a/b }")),
        (
            "a boundary of one account",
            with_trail(
                "cloudwatch_logs: { log_group: g, permissions_boundary: \"arn:aws:iam::111111111111:policy/B\" }",
            ),
        ),
        (
            "a boundary of another partition",
            with_trail(
                "cloudwatch_logs: { log_group: g, permissions_boundary: \"arn:aws-cn:iam::aws:policy/B\" }",
            ),
        ),
        (
            "a boundary with a wildcard",
            with_trail("cloudwatch_logs: { log_group: g, permissions_boundary: \"a/*\" }"),
        ),
        (
            "a role of two boundaries",
            with_trail("cloudwatch_logs: { log_group: g, permissions_boundary: B }")
                .edited_once("[production,", "[master, production,")
                .edited_once("development]\n", "development]\n    cloudwatch_logs: { log_group: h }\n"),
        ),
        (
            "a log group of two retentions",
            with_trail("cloudwatch_logs: { log_group: g, retention_days: 30 }")
                .edited_once("[production,", "[master, production,")
                .edited_once("development]\n", "development]\n    cloudwatch_logs: { log_group: g }\n"),
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
        (
            "a lock in the bucket of another Region",
            with_lock("bucket: secprod-multiaccount-logs, key: k, region: eu-west-1, account: master"),
        ),
        ("a lock of nobody", with_lock("bucket: locks, key: k, region: us-east-1, account: nobody")),
        ("a key of another Region", key("eu-west-1", "111111111111")),
        ("a key of another account", key("us-east-1", "222222222222")),
    ]);
    insta::assert_snapshot!(document);
}

#[test]
fn diagnostics_of_alarms() {
    let with = |alarms: &str| with_trail(&format!("cloudwatch_logs: {{ log_group: g, alarms: {alarms} }}"));
    let topic = |region: &str| format!("{{ topic: \"arn:aws:sns:{region}:111111111111:alarms\" }}");
    let twice = |first: &str, second: &str| {
        with_trail(&format!("cloudwatch_logs: {{ {first} }}"))
            .edited_once("[production,", "[master, production,")
            .edited_once("development]\n", &format!("development]\n    cloudwatch_logs: {{ {second} }}\n"))
    };
    let document = document(&[
        ("alarms without a topic", with("{ controls: cis }")),
        ("a word in place of a map", with("cis")),
        ("a control that does not exist", with("{ controls: [CIS 4.16], topic: t }")),
        ("a misspelled word", with("{ controls: csi, topic: t }")),
        ("a number in place of a control", with("{ controls: [4.3], topic: t }")),
        ("no control", with("{ controls: [], topic: t }")),
        ("a control twice", with("{ controls: [CIS 4.3, CIS 4.3], topic: t }")),
        ("a topic with a bad name", with("{ topic: t.fifo }")),
        ("a topic of another Region", with(&topic("eu-west-1"))),
        ("a queue", with("{ topic: \"arn:aws:sqs:us-east-1:111111111111:alarms\" }")),
        ("two log groups", twice("log_group: g, alarms: { topic: t }", "log_group: h, alarms: { topic: t }")),
        ("two values", twice("log_group: g, alarms: { topic: t }", "log_group: g")),
        ("two topics", twice("log_group: g, alarms: { topic: t }", "log_group: g, alarms: { topic: u }")),
        (
            "the topic of log files",
            with_trail("sns_topic: { name: t }\n    cloudwatch_logs: { log_group: g, alarms: { topic: t } }"),
        ),
    ]);
    insta::assert_snapshot!(document);
}

#[test]
fn diagnostics_of_encryption_and_existing_topics() {
    let twice = |first: &str, second: &str| {
        with_trail(first)
            .edited_once("[production,", "[master, production,")
            .edited_once("development]\n", &format!("development]\n    {second}\n"))
    };
    let elsewhere = |destination: &str| with_trail(&format!("home_region: eu-west-1\n    {destination}"));
    let unmanaged = |destination: &str| {
        let text =
            with_trail(destination).edited_once("key:\n  alias: secprod-cloudtrail\n", "key: unmanaged\n");
        text.edited_once("  region: us-east-1\n", "  region: us-east-1\n  encryption: s3\n")
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
            with_trail(&format!("sns_topic: {{ arn: \"{}\" }}", topic.edited_once("aws", "aws-cn"))),
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

#[test]
fn diagnostics_of_reviews() {
    let finding = "bucket_policy/Auditors@3f9a1c0e77b2";
    let with = |reviewed: &str| told(&format!("{PROD}reviewed: [{reviewed}]\n"));
    assert_eq!(with(&format!("{{ finding: {finding}, reason: They read }}")), "valid\n");
    for (reviewed, says) in [
        ("{ finding: Auditors, reason: They read }".to_owned(), "`Auditors` does not name a finding"),
        (
            "{ finding: bucket_policy/Auditors@3f9a, reason: They read }".to_owned(),
            "`bucket_policy/Auditors@3f9a` does not name a finding",
        ),
        (format!("{{ finding: {finding}, reason: \" \" }}"), "the reason is empty"),
        (format!("{{ finding: {finding} }}"), "reason"),
        (
            format!("{{ finding: {finding}, reason: a }}, {{ finding: {finding}, reason: b }}"),
            "is reviewed twice",
        ),
    ] {
        let told = with(&reviewed);
        assert!(told != "valid\n" && told.contains(says), "{told}");
    }
}

/// Whether a unit exists is known only if the organization is known.
#[test]
fn diagnostics_of_unknown_organizational_units() {
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
        let text = text.edited_once("Securty", "Security").edited_once("[ou-1]", exclude);
        parse("prod.yaml", text.as_bytes()).unwrap().in_organization(&roster)
    };
    assert!(with("[]").is_ok());
    for everybody in ["[Security]", "[r-ab12]", "[\"444444444444\"]"] {
        let told = with(everybody).unwrap_err().to_string();
        assert!(told.contains("`include` selects no account of the organization"), "{told}");
        assert!(
            told.contains("the organization has 1 active accounts besides its management account"),
            "{told}"
        );
        assert!(told.contains("--> prod.yaml:25:"), "{told}");
    }
}

#[test]
fn a_problem_of_one_destination_hides_no_problem_of_another() {
    let destinations = "cloudwatch_logs: { log_group: g, role_name: \"a b\", permissions_boundary: \"arn:x\", \
                        retention_days: 2, encryption: key, alarms: { controls: [], topic: t } }\n    \
                        sns_topic: { name: t, arn: \"arn:aws:sns:us-east-1:111111111111:t\" }\n    home_region: us-west-2";
    let told = told(&with_trail(destinations));
    for problem in [
        "`a b` is not a role name",
        "`arn:x` is not an ARN",
        "CloudWatch Logs cannot keep events for 2 days",
        "the log group is in us-west-2, but the key is in us-east-1",
        "the list has no alarm",
        "`name` and `arn` are mutually exclusive",
    ] {
        assert!(told.contains(problem), "{problem}\n{told}");
    }
}
