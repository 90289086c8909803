//! Every setting of the resources of an installation, changed by somebody else. Each change is a
//! finding with the severity that the book names, or the book explains why the setting is not read.

#[path = "settings/alarm.rs"]
mod alarm;
#[path = "settings/bucket.rs"]
mod bucket;
#[path = "settings/key.rs"]
mod key;
#[path = "settings/log_group.rs"]
mod log_group;
#[path = "settings/retention.rs"]
mod retention;
#[path = "settings/role.rs"]
mod role;
#[path = "settings/topic.rs"]
mod topic;
#[path = "settings/trail.rs"]
mod trail;

use std::collections::{BTreeMap, BTreeSet};

use reconcile_plan::{Comparison, Finding, FindingKind, findings};
use reconcile_samples::{EditSpec, MASTER, members};
use reconcile_twin::{InjectedDenial, Twin};
use serde_json::Value;

use crate::installation::{Installation, client};

const PAGE: &str = include_str!("../../../../docs/src/reference/settings.md");
const MODEL: &str = include_str!("../../../twin/models/settings.json");

/// A row of a table of the page.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    /// The kind of resource, with its name in the model of settings.
    kind: String,
    setting: String,
    changed_by: Vec<String>,
    /// The severity; `None` if the setting is not read.
    severity: Option<String>,
    apply: String,
    why: String,
}

/// The rows of all tables of the page.
fn rows() -> Vec<Row> {
    let mut kind = String::new();
    let mut rows = Vec::new();
    for line in PAGE.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            kind = heading.to_lowercase().replace(' ', "_");
        }
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [setting, changed_by, drift, apply, why] = cells[..] else { continue };
        if matches!(setting, "setting" | "---") {
            continue;
        }
        rows.push(Row {
            kind: kind.clone(),
            setting: setting.to_owned(),
            changed_by: changed_by.split('`').skip(1).step_by(2).map(str::to_owned).collect(),
            severity: (drift != "not read").then(|| drift.to_owned()),
            apply: apply.to_owned(),
            why: why.to_owned(),
        });
    }
    rows
}

/// Returns the settings of the operations of a kind: `UpdateTrail.KmsKeyId`, or `DeleteTrail` for
/// an operation without settings.
fn settings(operations: &Value) -> BTreeSet<String> {
    let mut settings = BTreeSet::new();
    for (operation, members) in operations.as_object().unwrap() {
        let members = members.as_array().unwrap();
        if members.is_empty() {
            settings.insert(operation.clone());
        }
        settings.extend(members.iter().map(|member| format!("{operation}.{}", member.as_str().unwrap())));
    }
    settings
}

#[test]
fn the_page_has_every_operation_that_changes_a_setting() {
    let model: Value = serde_json::from_str(MODEL).unwrap();
    let mut named: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in rows() {
        assert!(!row.changed_by.is_empty() && !row.why.is_empty(), "{row:?}");
        assert_eq!(row.severity.is_none(), row.apply == "-", "{row:?}");
        named.entry(row.kind).or_default().extend(row.changed_by);
    }
    for (kind, operations) in model["kinds"].as_object().unwrap() {
        let (expected, named) = (settings(operations), named.remove(kind).unwrap_or_default());
        let missing: Vec<_> = expected.difference(&named).collect();
        assert!(missing.is_empty(), "the page has no row for these of {kind}: {missing:?}");
        // A row can name a whole operation if its members have their own rows.
        let unknown = named.difference(&expected).filter(|it| operations.get(it.as_str()).is_none());
        let unknown: Vec<_> = unknown.collect();
        assert!(unknown.is_empty(), "AWS has none of these for {kind}: {unknown:?}");
    }
    assert!(named.is_empty(), "{named:?}");
}

/// An installation that is in sync, and clients of somebody else in the account of its bucket.
struct World {
    spec: String,
    installation: Installation,
    s3: aws_sdk_s3::Client,
    kms: aws_sdk_kms::Client,
    sns: aws_sdk_sns::Client,
    logs: aws_sdk_cloudwatchlogs::Client,
    cloudwatch: aws_sdk_cloudwatch::Client,
    iam: aws_sdk_iam::Client,
    cloudtrail: aws_sdk_cloudtrail::Client,
    /// The ARN of the key.
    key: String,
}

/// An account outside of the installation.
const STRANGER: &str = "444455556666";

impl World {
    fn of(spec: &str, twin: Twin) -> Self {
        let installation = Installation::on(twin);
        let mut keys = installation.twin.summary().accounts.into_iter().flat_map(|it| it.keys);
        Self {
            key: keys.next().unwrap().arn,
            spec: spec.to_owned(),
            s3: installation.s3(MASTER),
            kms: client!(aws_sdk_kms, installation, MASTER),
            sns: client!(aws_sdk_sns, installation, MASTER),
            logs: client!(aws_sdk_cloudwatchlogs, installation, MASTER),
            cloudwatch: client!(aws_sdk_cloudwatch, installation, MASTER),
            iam: client!(aws_sdk_iam, installation, MASTER),
            cloudtrail: client!(aws_sdk_cloudtrail, installation, MASTER),
            installation,
        }
    }

    /// Changes a setting. Returns words that the finding contains.
    async fn change(&self, kind: &str, setting: &str) -> &'static str {
        let says = match kind {
            "bucket" => match bucket::change(self, setting).await {
                None => retention::change(self, setting).await,
                says => says,
            },
            "key" => key::change(self, setting).await,
            "topic" => topic::change(self, setting).await,
            "log_group" => log_group::change(self, setting).await,
            "alarm" => alarm::change(self, setting).await,
            "role" => role::change(self, setting).await,
            "trail" => trail::change(self, setting).await,
            _ => None,
        };
        says.unwrap_or_else(|| panic!("no change of the test is for the {kind}: {setting}"))
    }

    async fn compare(&self) -> Comparison {
        self.installation.compare(&self.spec).await
    }
}

/// Returns a policy without the statement with this Sid.
fn without(policy: &str, sid: &str) -> String {
    let mut policy: Value = serde_json::from_str(policy).unwrap();
    let statements = policy["Statement"].as_array_mut().unwrap();
    let before = statements.len();
    statements.retain(|it| !it["Sid"].as_str().unwrap_or_default().starts_with(sid));
    assert!(statements.len() < before, "no statement {sid}: {policy}");
    policy.to_string()
}

/// Returns a policy with one more statement.
fn with(policy: &str, statement: Value) -> String {
    let mut policy: Value = serde_json::from_str(policy).unwrap();
    policy["Statement"].as_array_mut().unwrap().push(statement);
    policy.to_string()
}

/// Returns a spec that manages every setting that a spec can manage.
fn spec(kind: &str, setting: &str) -> String {
    let lock = match setting.starts_with("object lock") {
        true => ", object_lock: { mode: GOVERNANCE, days: 30 }",
        false => "",
    };
    let ownership = if setting.starts_with("ACL") { ", object_ownership: unmanaged" } else { "" };
    let events = if setting == "notifications to EventBridge" { ", eventbridge: true" } else { "" };
    let bucket = format!(
        "{{ blocked_encryption_types: [SSE-C], access_logs: {{ bucket: access-logs }}, lifecycle: {{ transitions: [{{ days: 90, \
         storage_class: GLACIER }}], expire_days: 400, noncurrent_expire_days: 30, abort_incomplete_multipart_days: 7 \
         }}{lock}{ownership}{events} }}"
    );
    let grant =
        format!("{{ name: g, grantee: \"arn:aws:iam::{MASTER}:role/Reader\", operations: [Decrypt] }}");
    let boundary = match setting {
        "permissions boundary of the spec" => {
            ", permissions_boundary: \"arn:aws:iam::aws:policy/CloudWatchLogsFullAccess\""
        }
        _ => "",
    };
    let alarms = match kind == "alarm" || setting.starts_with("metric filter") {
        true => ", alarms: { controls: [CIS 4.3], topic: alarms }",
        false => "",
    };
    let spec = members(0)
    .with(
        "trails.0",
        &format!(
            "{{ data_events: {{ lambda: all }}, recursive_logging: false, event_aggregation: [API_ACTIVITY], insights: \
             [ApiCallRateInsight], cloudwatch_logs: {{ log_group: events, retention_days: 90, encryption: key{boundary}{alarms} \
             }}, sns_topic: {{ name: files }} }}"
        ),
    )
    .with("bucket", &bucket)
    .with("key.grants", &format!("[{grant}]"))
    .with("tags", "{ team: security }");
    match setting {
        "organization" => spec
            .with("trails.1", "{ name: Everybodys, organization_trail: true }")
            .with("organization", "{ account: master, include: all, role: Role }"),
        _ => spec,
    }
}

fn text(finding: &Finding) -> String {
    format!("{} {}: {}", finding.severity.as_str(), finding.address, finding.message)
}

#[tokio::test]
async fn every_change_of_the_bucket_is_a_finding_of_the_documented_severity() {
    check("bucket").await;
}

#[tokio::test]
async fn every_change_of_the_key_is_a_finding_of_the_documented_severity() {
    check("key").await;
}

#[tokio::test]
async fn every_change_of_a_topic_is_a_finding_of_the_documented_severity() {
    check("topic").await;
}

#[tokio::test]
async fn every_change_of_a_log_group_is_a_finding_of_the_documented_severity() {
    check("log_group").await;
}

#[tokio::test]
async fn every_change_of_an_alarm_is_a_finding_of_the_documented_severity() {
    check("alarm").await;
}

#[tokio::test]
async fn every_change_of_a_role_is_a_finding_of_the_documented_severity() {
    check("role").await;
}

#[tokio::test]
async fn every_change_of_a_trail_is_a_finding_of_the_documented_severity() {
    check("trail").await;
}

/// A setting that cannot be read is neither absent nor in sync.
#[tokio::test]
async fn a_setting_that_cannot_be_read_is_a_finding() {
    let (spec, installation) = (spec("", ""), Installation::new());
    installation.converge(&spec).await;
    for (operation, severity) in [
        ("s3:GetBucketRequestPayment", "high"),
        ("s3:GetBucketNotificationConfiguration", "low"),
        ("s3:ListBucketInventoryConfigurations", "low"),
        ("iam:ListRolePolicies", "high"),
        ("iam:ListAttachedRolePolicies", "high"),
    ] {
        let (account, region) = (MASTER.to_owned(), None);
        installation.twin.deny(vec![InjectedDenial { account, region, operation: operation.to_owned() }]);
        let found = findings(&installation.compare(&spec).await);
        let [finding] = &found[..] else { panic!("{operation}: {found:#?}") };
        assert_eq!(
            (finding.kind, finding.severity.as_str()),
            (FindingKind::Unreadable, severity),
            "{operation}"
        );
    }
}

/// Makes every change on the page for a kind, each in a separate installation.
async fn check(kind: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut applied: BTreeMap<String, std::path::PathBuf> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (number, row) in rows().into_iter().filter(|row| row.kind == kind).enumerate() {
        let Some(severity) = &row.severity else { continue };
        let spec = spec(kind, &row.setting);
        if !applied.contains_key(&spec) {
            let file = folder.path().join(format!("applied-{}", applied.len()));
            let installation = Installation::on(Twin::open(&file).unwrap());
            installation.converge(&spec).await;
            assert_eq!(findings(&installation.compare(&spec).await), [], "{spec}");
            installation.twin.save().await.unwrap();
            applied.insert(spec.clone(), file);
        }
        let file = folder.path().join(format!("changed-{number}"));
        std::fs::copy(&applied[&spec], &file).unwrap();
        let world = World::of(&spec, Twin::open(&file).unwrap());
        let says = world.change(&row.kind, &row.setting).await;

        let comparison = world.compare().await;
        let found = findings(&comparison);
        let said: Vec<String> = found.iter().map(text).collect();
        let gravest = found.iter().map(|it| it.severity.as_str()).next();
        if gravest != Some(severity) || !found.iter().any(|it| it.message.contains(says)) {
            wrong.push(format!("{}, {}: {severity}, {says:?}, but {said:#?}", row.kind, row.setting));
            continue;
        }
        let is_as_documented = match row.apply.as_str() {
            "restores" => {
                world.installation.converge(&spec).await;
                findings(&world.compare().await).is_empty()
            }
            "keeps" => {
                world.installation.converge(&spec).await;
                let kept = findings(&world.compare().await);
                let is_warned = comparison.plan.warnings.iter().any(|it| it.message.contains(says));
                is_warned && kept.iter().any(|it| it.message.contains(says))
            }
            "refuses" => comparison.refusals.iter().any(|it| it.to_string().contains(says)),
            other => panic!("{other}"),
        };
        if !is_as_documented {
            wrong.push(format!("{}, {}: apply does not what `{}` says", row.kind, row.setting, row.apply));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
