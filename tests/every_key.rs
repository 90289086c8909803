//! Every key of the spec that corresponds to something in AWS: created, changed, reported when it
//! drifts, and removed again.
//!
//! `docs/src/reference/coverage.md` lists the test for each key; the last test of this file checks
//! that list.

use std::collections::{BTreeMap, BTreeSet};

use reconcile_samples::EditSpec;
use serde_json::{Value, json};

use crate::support::{self, Moto, Project, regional};

const SPEC: &str = "specs/prod.yaml";
const BASE: &str = "version: 1
name: secprod
accounts:
  master: { id: \"111111111111\" }
  production: { id: \"222222222222\", role: Audit }
bucket:
  name: secprod-multiaccount-logs
  account: master
  region: us-east-1
key:
  alias: secprod-cloudtrail
trails:
  - name: SecurityTrail
    accounts: all
";
const COVERAGE: &str = include_str!("../docs/src/reference/coverage.md");

/// A key with two of its values.
struct Case {
    /// The name of the key in the table.
    key: &'static str,
    /// The path in the spec where the values are merged.
    at: &'static str,
    first: &'static str,
    second: &'static str,
    /// The change of somebody else while the second value is applied; `None` if AWS stores nothing
    /// of the key.
    drift: Option<fn(&mut Value)>,
    on_moto: bool,
}

const MANY_STATEMENTS: [&str; 2] = [
    "{ extra_statements: [{ Sid: Mine, Effect: Allow, Principal: { AWS: \"333333333333\" }, Action: \"s3:ListBucket\", Resource: \"arn:aws:s3:::secprod-multiaccount-logs\" }] }",
    "{ extra_statements: [{ Sid: Mine, Effect: Allow, Principal: { AWS: \"444444444444\" }, Action: \"s3:ListBucket\", Resource: \"arn:aws:s3:::secprod-multiaccount-logs\" }] }",
];

fn trail(state: &mut Value) -> &mut Value {
    &mut regional(state, "222222222222")["trails"]["SecurityTrail"]
}

fn role(state: &mut Value) -> &mut Value {
    &mut state["accounts"]["222222222222"]["iam_roles"]["reconcile-secprod-cloudtrail"]
}

fn key(state: &mut Value) -> &mut Value {
    regional(state, "111111111111")["keys"].as_object_mut().unwrap().values_mut().next().unwrap()
}

fn bucket(state: &mut Value) -> &mut Value {
    &mut state["buckets"]["secprod-multiaccount-logs"]
}

fn without(state: &mut Value, configuration: &str) {
    bucket(state)["configuration"].as_object_mut().unwrap().remove(configuration).unwrap();
}

/// Changes the Sid of a managed statement, so that the statement becomes foreign.
fn taken(policy: &mut Value, sid: &str) {
    let text = policy.as_str().unwrap();
    assert!(text.contains(sid), "{text}");
    *policy = json!(text.replace(sid, "Theirs"));
}

/// Removes a statement. With another Sid, a statement that denies requests without TLS would still
/// count.
fn dropped(policy: &mut Value, sid: &str) {
    let mut document: Value = serde_json::from_str(policy.as_str().unwrap()).unwrap();
    document["Statement"].as_array_mut().unwrap().retain(|statement| statement["Sid"] != sid);
    *policy = json!(document.to_string());
}

#[rustfmt::skip]
fn cases() -> Vec<Case> {
    let case = |key, at, first, second, drift| Case { key, at, first, second, drift: Some(drift), on_moto: true };
    let on_twin = |key, at, first, second, drift| Case { key, at, first, second, drift: Some(drift), on_moto: false };
    let of_us = |key, at, first, second| Case { key, at, first, second, drift: None, on_moto: true };
    vec![
        case("tags", "tags", "{ team: a }", "{ team: b }", |state: &mut Value| trail(state)["tags"]["team"] = json!("c")),
        of_us("accounts.*.external_id, accounts.*.session_name", "accounts.production", "{ external_id: one, session_name: one }", "{ external_id: two, session_name: two }"),
        of_us("accounts.*.profile", "accounts",
            "{ master: { profile: one }, production: { profile: one } }",
            "{ master: { profile: two }, production: { profile: two } }"),
        of_us("recognize", "recognize", "[eu-north-9]", "[eu-north-9, \"s3:GetFutureThing\"]"),
        case("bucket.prefix", "bucket.prefix", "one", "two", |state| trail(state)["prefix"] = json!("three")),
        case("bucket.encryption", "bucket.encryption", "s3", "key", |state| without(state, "encryption")),
        on_twin("bucket.blocked_encryption_types", "bucket.blocked_encryption_types", "[]", "[SSE-C]", |state| without(state, "encryption")),
        case("bucket.versioning", "bucket.versioning", "false", "true", |state| without(state, "versioning")),
        case("bucket.block_public_access", "bucket.block_public_access", "false", "true", |state| without(state, "publicAccessBlock")),
        case("bucket.object_ownership", "bucket.object_ownership", "ObjectWriter", "BucketOwnerPreferred", |state| without(state, "ownershipControls")),
        case("bucket.require_tls", "bucket.require_tls", "false", "true", |state| dropped(&mut bucket(state)["policy"], "SecprodDenyInsecureTransport")),
        case("bucket.lifecycle", "bucket.lifecycle",
            "{ transitions: [{ days: 30, storage_class: STANDARD_IA }], expire_days: 400, noncurrent_expire_days: 10, abort_incomplete_multipart_days: 3 }",
            "{ transitions: [{ days: 60, storage_class: GLACIER }], expire_days: 500, noncurrent_expire_days: 20, abort_incomplete_multipart_days: 4 }",
            |state| without(state, "lifecycle")),
        case("bucket.object_lock", "bucket.object_lock", "{ mode: GOVERNANCE, days: 1 }", "{ mode: COMPLIANCE, years: 1 }", |state| without(state, "object-lock")),
        on_twin("bucket.access_logs", "bucket.access_logs", "{ bucket: logs-a, prefix: x/ }", "{ bucket: logs-b }", |state| without(state, "logging")),
        on_twin("bucket.eventbridge", "bucket", "{ eventbridge: false, prefix: one }", "{ eventbridge: true, prefix: one }", |state| without(state, "notification")),
        case("bucket.policy.extra_statements", "bucket.policy", MANY_STATEMENTS[0], MANY_STATEMENTS[1], |state| taken(&mut bucket(state)["policy"], "SecprodExtraMine")),
        case("key.alias", "key.alias", "one", "two", |state| regional(state, "111111111111")["aliases"] = json!({})),
        case("key.description", "key.description", "one", "two", |state| key(state)["description"] = json!("three")),
        case("key.rotation_days", "key.rotation_days", "unmanaged", "365", |state| key(state)["rotation_days"] = json!(null)),
        case("key.administrators", "key.administrators", "[\"arn:aws:iam::111111111111:role/A\"]", "[\"arn:aws:iam::111111111111:role/B\", \"arn:aws:iam::111111111111:root\"]", |state| taken(&mut key(state)["policy"], "SecprodAdministration")),
        case("key.grants", "key.grants",
            "[{ name: g, grantee: \"arn:aws:iam::333333333333:role/A\", operations: [Decrypt], constraints: { encryption_context_subset: { a: b } }, retiring_principal: \"arn:aws:iam::333333333333:role/R\" }]",
            "[{ name: g, grantee: \"arn:aws:iam::333333333333:role/A\", operations: [Decrypt, DescribeKey], constraints: { encryption_context_equals: { a: b } } }]",
            |state| key(state)["grants"] = json!([])),
        on_twin("key.grants.[].grantee_service, key.grants.[].source_arn", "key.grants",
            "[{ name: g, grantee_service: rds.amazonaws.com, source_arn: \"arn:aws:rds:us-east-1:111111111111:db:one\", operations: [Decrypt], retiring_principal: \"arn:aws:iam::333333333333:role/R\" }]",
            "[{ name: g, grantee_service: rds.amazonaws.com, source_arn: \"arn:aws:rds:us-east-1:111111111111:db:two\", operations: [Decrypt], retiring_principal: \"arn:aws:iam::333333333333:role/R\" }]",
            |state| key(state)["grants"] = json!([])),
        case("key.policy.extra_statements", "key.policy",
            "{ extra_statements: [{ Sid: Mine, Effect: Allow, Principal: { AWS: \"333333333333\" }, Action: \"kms:Decrypt\", Resource: \"*\" }] }",
            "{ extra_statements: [{ Sid: Mine, Effect: Allow, Principal: { AWS: \"444444444444\" }, Action: \"kms:Decrypt\", Resource: \"*\" }] }",
            |state| taken(&mut key(state)["policy"], "SecprodExtraMine")),
        case("readers", "readers", "[{ principal: \"arn:aws:iam::333333333333:role/A\", logs: [production] }]", "[{ principal: \"arn:aws:iam::333333333333:role/A\", logs: all }]", |state| taken(&mut bucket(state)["policy"], "SecprodRead")),
        case("readers.[].account", "readers", "[{ account: master, logs: own }]", "[{ account: production, logs: own }]", |state| taken(&mut key(state)["policy"], "SecprodRead")),
        case("trails.[].name", "trails.0.name", "OneTrail", "TwoTrail", |state| regional(state, "222222222222")["trails"] = json!({})),
        case("trails.[].accounts", "trails.0.accounts", "[master]", "[production]", |state| regional(state, "222222222222")["trails"] = json!({})),
        case("trails.[].enabled", "trails.0.enabled", "false", "true", |state| trail(state)["logging"] = json!(false)),
        case("trails.[].multi_region", "trails.0.multi_region", "false", "true", |state| trail(state)["multi_region"] = json!(false)),
        case("trails.[].global_service_events", "trails.0", "{ multi_region: false, global_service_events: false }", "{ multi_region: false, global_service_events: true }", |state| trail(state)["global_service_events"] = json!(false)),
        case("trails.[].log_file_validation", "trails.0.log_file_validation", "false", "true", |state| trail(state)["log_file_validation"] = json!(false)),
        case("trails.[].management_events", "trails.0.management_events", "read", "{ read_write: write, exclude: [kms.amazonaws.com] }", |state| trail(state)["event_selectors"] = json!([])),
        case("trails.[].data_events", "trails.0.data_events", "{ s3: all, lambda: all, dynamodb: all }",
            "{ s3: { read_write: write, resources: [one/two] }, lambda: [\"arn:aws:lambda:us-east-1:222222222222:function:f\"], dynamodb: [\"arn:aws:dynamodb:us-east-1:222222222222:table/orders\"] }",
            |state| trail(state)["event_selectors"][0]["DataResources"] = json!([])),
        on_twin("trails.[].recursive_logging", "trails.0.recursive_logging", "false", "true", |state| trail(state)["recursive_logging"] = json!(false)),
        on_twin("trails.[].advanced_event_selectors", "trails.0.advanced_event_selectors",
            "[{ FieldSelectors: [{ Field: eventCategory, Equals: [Management] }] }]",
            "[{ FieldSelectors: [{ Field: eventCategory, Equals: [Management] }, { Field: readOnly, Equals: [\"false\"] }] }]",
            |state| trail(state)["advanced_event_selectors"] = json!([])),
        on_twin("trails.[].insights", "trails.0", "{ insights: [ApiCallRateInsight] }", "{ data_events: { s3: all }, insights: { management: [ApiErrorRateInsight], data: [ApiCallRateInsight] } }", |state| trail(state)["insight_selectors"] = json!([])),
        on_twin("trails.[].event_aggregation", "trails.0", "{ data_events: { lambda: all }, event_aggregation: [API_ACTIVITY] }", "{ data_events: { lambda: all }, event_aggregation: [RESOURCE_ACCESS, USER_ACTIONS] }", |state| trail(state)["aggregation"] = json!([])),
        case("trails.[].cloudwatch_logs", "trails.0.cloudwatch_logs", "{ log_group: a, retention_days: 30 }", "{ log_group: b, retention_days: 60, role_name: Deliver }", |state| regional(state, "222222222222")["log_groups"]["b"]["retention_days"] = json!(7)),
        case("trails.[].cloudwatch_logs.permissions_boundary", "trails.0.cloudwatch_logs", "{ log_group: a, permissions_boundary: \"arn:aws:iam::aws:policy/CloudWatchLogsFullAccess\" }", "{ log_group: a, permissions_boundary: \"arn:aws:iam::aws:policy/CloudWatchFullAccess\" }", |state| role(state)["boundary"] = json!(null)),
        on_twin("trails.[].cloudwatch_logs.encryption", "trails.0.cloudwatch_logs", "{ log_group: a }", "{ log_group: a, encryption: key }", |state| regional(state, "222222222222")["log_groups"]["a"]["kms_key"] = json!(null)),
        on_twin("trails.[].cloudwatch_logs.alarms", "trails.0.cloudwatch_logs", "{ log_group: a, alarms: { controls: [CIS 4.3], topic: pagers } }",
            "{ log_group: a, alarms: { topic: alarms } }",
            |state| regional(state, "222222222222")["alarms"]["reconcile-secprod-root-user"]["settings"]["ActionsEnabled"] = json!(false)),
        on_twin("trails.[].sns_topic.encryption", "trails.0.sns_topic", "{ name: a, encryption: unmanaged }", "{ name: a, encryption: key }", |state| regional(state, "111111111111")["topics"]["a"]["kms_key"] = json!(null)),
        on_twin("trails.[].sns_topic", "trails.0.sns_topic", "{ name: a }", "{ name: b, account: production }", |state| trail(state)["topic"] = json!(null)),
    ]
}

impl Case {
    fn spec(&self, value: &str) -> String {
        BASE.with(self.at, value)
    }
}

/// Applies a spec, and asserts that the next plan is empty. Returns whether the apply changed
/// anything.
fn apply(project: &Project, spec: &str, flags: &str, case: &Case) -> bool {
    project.write(SPEC, spec);
    let applied = project.run(&format!("apply {SPEC} --yes --format json {flags}"));
    assert_eq!(applied.code, Some(0), "{}: {applied:?}\n{spec}", case.key);
    let after = project.run(&format!("plan {SPEC} --detailed-exitcode {flags}"));
    assert_eq!(after.code, Some(0), "{}: {after:?}\n{spec}", case.key);
    applied.json()["results"] != json!([])
}

#[test]
fn is_made_changed_seen_and_removed_on_the_twin() {
    for case in cases() {
        let project = Project::new();
        assert!(apply(&project, &case.spec(case.first), "--sandbox", &case), "{}", case.key);
        let is_changed = apply(&project, &case.spec(case.second), "--sandbox", &case);
        assert_eq!(is_changed, case.drift.is_some(), "{}", case.key);
        if let Some(drift) = case.drift {
            project.edit(".reconcile/sandbox.json", drift);
            let found = project.run(&format!("drift {SPEC} --sandbox"));
            assert_eq!(found.code, Some(2), "{}: {found:?}", case.key);
            assert!(apply(&project, &case.spec(case.second), "--sandbox", &case), "{}", case.key);
        }
        apply(&project, BASE, "--sandbox", &case);
    }
}

#[test]
fn is_made_changed_and_removed_on_moto() {
    let moto = Moto::start();
    let hub = |spec: String| spec.replace("111111111111", "123456789012");
    for case in cases().into_iter().filter(|case| case.on_moto) {
        moto.reset();
        let project = moto.project();
        let credentials = "aws_access_key_id = test\naws_secret_access_key = test\n";
        project.write(".aws/credentials", format!("[one]\n{credentials}[two]\n{credentials}"));
        assert!(apply(&project, &hub(case.spec(case.first)), "", &case), "{}", case.key);
        let is_changed = apply(&project, &hub(case.spec(case.second)), "", &case);
        assert_eq!(is_changed, case.drift.is_some(), "{}", case.key);
        apply(&project, &hub(BASE.to_owned()), "", &case);
    }
}

/// Returns all keys in the JSON Schema, as paths with dots.
fn keys(schema: &Value) -> BTreeSet<String> {
    fn walk(schema: &Value, node: &Value, path: &str, found: &mut BTreeSet<String>) {
        if let Some(name) = node["$ref"].as_str().and_then(|it| it.rsplit('/').next()) {
            return walk(schema, &schema["$defs"][name], path, found);
        }
        for choice in ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|it| node[it].as_array()).flatten() {
            walk(schema, choice, path, found);
        }
        for (name, member) in node["properties"].as_object().into_iter().flatten() {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            walk(schema, member, &path, found);
            found.insert(path);
        }
        for (mark, inner) in [("*", &node["additionalProperties"]), ("[]", &node["items"])] {
            if inner.is_object() {
                walk(schema, inner, &format!("{path}.{mark}"), found);
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(schema, schema, "", &mut found);
    found
}

#[test]
fn has_a_row_in_the_table_and_every_cell_names_an_existing_test() {
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect()
    };
    let rows = |from: &str| -> Vec<Vec<String>> {
        let lines = COVERAGE.split(from).nth(1).unwrap().lines().filter(|line| line.starts_with('|'));
        lines.skip(2).map(cells).collect()
    };
    let (table, legend) = (rows("## The keys"), rows("## The tests"));
    let table = &table[..table.len() - legend.len() - 2];

    let tests: BTreeMap<&str, &str> = legend.iter().map(|row| (row[0].as_str(), row[1].as_str())).collect();
    assert!(support::missing_tests(COVERAGE).is_empty(), "{:#?}", support::missing_tests(COVERAGE));

    let known = keys(&Project::new().run("schema").exits(0).json());
    let mut seen = BTreeSet::new();
    let mut used = BTreeSet::new();
    for row in table {
        assert_eq!(row.len(), 7, "{row:?}");
        for key in row[0].split(", ") {
            assert!(known.contains(key), "{key} is no key");
            assert!(seen.insert(key.to_owned()), "{key} stands twice");
        }
        for cell in &row[1..] {
            for code in cell.split(' ') {
                assert!(tests.contains_key(code), "{}: no test `{code}`", row[0]);
                used.insert(code.to_owned());
            }
        }
    }
    assert_eq!(known.difference(&seen).collect::<Vec<_>>(), Vec::<&String>::new());
    let unused: Vec<&&str> = tests.keys().filter(|code| !used.contains(**code)).collect();
    assert!(unused.is_empty(), "{unused:?}");
    // The table is correct about the cases above.
    let of_twin: Vec<&str> = table.iter().filter(|row| row[1] == "T").map(|row| row[0].as_str()).collect();
    for case in cases() {
        let row = table.iter().find(|row| row[0].split(", ").next() == case.key.split(", ").next());
        let row = row.unwrap_or_else(|| panic!("{}", case.key));
        assert_eq!((row[1] == "T", row[6] == "M"), (true, case.on_moto), "{}", case.key);
    }
    assert_eq!(of_twin.len(), cases().len());
}
