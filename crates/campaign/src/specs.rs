//! Generated specs with every setting that is possible without an organization.

use proptest::prelude::*;
use reconcile_samples::MASTER;

use crate::scenario::KEY;

/// Whether a spec sets every aspect. An aspect that a spec does not set stays as the last spec left
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// The spec sets every aspect.
    All,
    /// The spec sets some aspects.
    Some,
}

/// Specs of the account `master` and the members `m0` to `m2`.
pub fn specs(said: Said) -> impl Strategy<Value = String> {
    let bucket = (any::<bool>(), any::<bool>(), any::<bool>(), 0..3_usize, 1..400_u32, any::<bool>());
    let key = (90..400_u32, any::<bool>(), 0..3_usize, any::<bool>(), any::<bool>());
    let trail =
        (any::<bool>(), any::<bool>(), any::<bool>(), 0..4_usize, 0..4_usize, 1..4_usize, any::<bool>());
    let around = (0..3_usize, 0..5_usize, any::<bool>(), any::<bool>());
    (bucket, key, trail, around)
        .prop_map(move |(bucket, key, trail, around)| text(said, bucket, key, trail, around))
}

type Bucket = (bool, bool, bool, usize, u32, bool);
type Key = (u32, bool, usize, bool, bool);
type Trail = (bool, bool, bool, usize, usize, usize, bool);
type Around = (usize, usize, bool, bool);

fn text(said: Said, bucket: Bucket, key: Key, trail: Trail, around: Around) -> String {
    let (logs, topic, reader, insights) = around;
    let logs = [
        "",
        ", cloudwatch_logs: { log_group: a, retention_days: 30, encryption: key }",
        ", cloudwatch_logs: { log_group: b, retention_days: 90, role_name: R, encryption: key, alarms: { controls: [CIS 4.3], topic: alarms } }",
        ", cloudwatch_logs: { log_group: a, retention_days: 30 }",
    ][if said == Said::Some && logs > 0 && insights { 3 } else { logs }];
    // Without a topic in the spec, a trail keeps its foreign topic.
    let topics = if said == Said::All { 3 } else { 5 };
    let topic = [
        "",
        ", sns_topic: { name: t }",
        ", sns_topic: { name: u, account: m0, encryption: key }",
        ", sns_topic: { name: t, encryption: unmanaged }",
        ", sns_topic: { arn: \"arn:aws:sns:us-east-1:111111111111:theirs\" }",
    ][topic % topics];
    let readers = match reader {
        true => {
            "readers:\n  - { principal: \"arn:aws:iam::999999999999:role/Audit\", logs: all }\n  - { account: m0, logs: own }\n"
        }
        false => "",
    };
    // Without data events, a trail has no insights on data events.
    let has_data_events = trail.4 > 0;
    let insights = match (insights, has_data_events) {
        (true, true) => "{ management: [ApiErrorRateInsight], data: [ApiCallRateInsight] }",
        (true, false) => "{ management: [ApiErrorRateInsight], data: [] }",
        (false, _) => "{ management: [], data: [] }",
    };
    let (tags, bucket) = bucket_text(said, bucket);
    let key = key_text(said, key);
    let aggregation = match (said, has_data_events && reader) {
        (Said::Some, _) => "",
        (Said::All, true) => ", event_aggregation: [API_ACTIVITY]",
        (Said::All, false) => ", event_aggregation: []",
    };
    let (accounts, trail) = trail_text(said, trail);
    format!(
        "version: 1\nname: test\n{tags}accounts:\n  master: {{ id: \"{MASTER}\" }}\n{accounts}{bucket}{key}{readers}\
         trails:\n  - {{ insights: {insights}{aggregation}{logs}{topic}, {trail} }}\n"
    )
}

fn bucket_text(
    said: Said,
    (versioning, tls, prefix, encryption, days, tags): Bucket,
) -> (&'static str, String) {
    let encryption = match (said, encryption) {
        (Said::Some, 2) => "unmanaged",
        (_, 0) => "key",
        _ => "s3",
    };
    let lifecycle = match (said, days % 3) {
        (Said::Some, 0) => "unmanaged".to_owned(),
        _ => format!("{{ expire_days: {days} }}"),
    };
    let prefix = if prefix { ", prefix: some/where" } else { "" };
    let tags = if tags { "tags: { team: security }\n" } else { "" };
    let text = format!(
        "bucket: {{ name: test-logs, account: master, region: eu-west-1, versioning: {versioning}, require_tls: {tls}, \
         encryption: {encryption}, lifecycle: {lifecycle}{prefix} }}\n"
    );
    (tags, text)
}

fn key_text(said: Said, (rotation, grant, administrators, is_borrowed, is_rotated): Key) -> String {
    let name =
        if is_borrowed { format!("arn: \"{KEY}\", description: theirs") } else { "alias: test".to_owned() };
    let rotation = match (said, is_rotated) {
        (Said::Some, false) => "unmanaged".to_owned(),
        _ => rotation.to_string(),
    };
    let grant = match grant {
        true => format!(
            ", grants: [{{ name: g, grantee: \"arn:aws:iam::{MASTER}:role/A\", operations: [Decrypt] }}]"
        ),
        false => String::new(),
    };
    let arns: Vec<String> =
        (0..administrators).map(|n| format!("\"arn:aws:iam::{MASTER}:role/A{n}\"")).collect();
    let administrators = match arns.is_empty() {
        true => String::new(),
        false => format!(", administrators: [{}]", arns.join(", ")),
    };
    format!("key: {{ {name}, rotation_days: {rotation}{grant}{administrators} }}\n")
}

fn trail_text(
    said: Said,
    (enabled, multi, validation, management, data, members, is_renamed): Trail,
) -> (String, String) {
    let management = ["all", "read", "write", "{ exclude: [kms.amazonaws.com] }"][management];
    let data = [
        "",
        ", data_events: { s3: all }",
        ", data_events: { lambda: all, dynamodb: all }",
        ", data_events: { s3: { read_write: write, resources: [some-bucket, other/prefix] }, lambda: all }",
    ][data];
    let recursive_logging = match said {
        Said::All => format!(", recursive_logging: {multi}"),
        Said::Some => String::new(),
    };
    let name = if is_renamed { "Renamed" } else { "Trail" };
    // An account that a spec does not declare cannot be accessed, so nothing in the account can be
    // deleted.
    let accounts: String =
        (0..3).map(|n| format!("  m{n}: {{ id: \"{:012}\", role: Role }}\n", n + 1)).collect();
    let having: Vec<String> = (0..members).map(|n| format!("m{n}")).collect();
    let text = format!(
        "name: {name}, accounts: [master, {}], enabled: {enabled}, multi_region: {multi}, log_file_validation: {validation}, \
         management_events: {management}{data}{recursive_logging}",
        having.join(", ")
    );
    (accounts, text)
}
