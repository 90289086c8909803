//! The scenarios of the product: the existing state, and the task whose apply is killed.

use reconcile_samples::{ALIAS, BUCKET, EditSpec, MASTER, REGION, everything, members, organization};
use reconcile_twin::{Setup, SetupAccount};

use crate::others::{Others, console_statements, statement};
use crate::test_bed::{RunError, Task, TestBed};

/// A key of another team.
pub const KEY: &str = "arn:aws:kms:eu-west-1:111111111111:key/00000000-0000-4000-8000-00000000beef";

/// The existing state, and the task whose apply is killed.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// A name for people.
    pub name: String,
    /// The earlier tasks, which succeed.
    before: Vec<Task>,
    /// The edits of other teams after the earlier tasks.
    others: fn(&TestBed) -> Result<(), RunError>,
    /// The members of the organization that the spec does not declare.
    members: &'static [&'static str],
    /// The task whose apply is killed.
    pub task: Task,
}

impl Scenario {
    fn new(name: &str, task: Task) -> Self {
        Self { name: name.to_owned(), before: Vec::new(), others: |_| Ok(()), members: &[], task }
    }

    fn after(self, spec: impl Into<String>) -> Self {
        let mut before = self.before;
        before.push(Task::apply(spec));
        Self { before, ..self }
    }

    fn with_others(self, others: fn(&TestBed) -> Result<(), RunError>) -> Self {
        Self { others, ..self }
    }

    fn with_members(self, members: &'static [&'static str]) -> Self {
        Self { members, ..self }
    }

    /// Runs everything before the last task.
    ///
    /// # Errors
    /// [`RunError`] if a step fails.
    pub async fn prepare(&self, bed: &TestBed) -> Result<(), RunError> {
        bed.provision(&self.task)?;
        add_members(bed, self.members);
        for task in &self.before {
            bed.converge(task).await?;
        }
        (self.others)(bed)
    }
}

/// Adds accounts to the organization, with the roles that specs assume.
pub fn add_members(bed: &TestBed, ids: &[&str]) {
    let accounts = ids.iter().map(|id| SetupAccount {
        id: (*id).to_owned(),
        name: format!("member-{}", id.trim_start_matches('0')),
        roles: ["Role", "OrganizationAccountAccessRole"].map(str::to_owned).to_vec(),
    });
    bed.twin.provision(Setup { accounts: accounts.collect(), ..management(bed) });
    for id in ids {
        bed.twin.tag_account(id, "logging", "central");
    }
}

/// Returns a setup that keeps the management account.
fn management(bed: &TestBed) -> Setup {
    let organization = bed.twin.summary().organization;
    Setup { management: organization["management"].as_str().map(str::to_owned), ..Setup::default() }
}

/// A spec whose trails deliver to a log group with a role, and notify a topic that is not encrypted
/// with the key.
fn destinations(group: &str, role: &str, topic: &str) -> String {
    let logs = format!("cloudwatch_logs: {{ log_group: {group}, role_name: {role} }}");
    members(1)
        .with("trails.0", &format!("{{ {logs}, sns_topic: {{ name: {topic}, encryption: unmanaged }} }}"))
}

/// Creates a bucket of other teams, with the statements of the console for the trails of two
/// accounts, a tag, a lifecycle rule, and a trail that delivers to the bucket.
fn console(bed: &TestBed) -> Result<(), RunError> {
    let master = Others::of(&bed.twin, MASTER, REGION);
    master.create_bucket(BUCKET)?;
    let mut statements = console_statements(BUCKET, &[MASTER, "000000000001"]);
    statements.push(statement("Reader", "s3:ListBucket", "arn:aws:s3:::test-logs"));
    master.add_to_bucket_policy(BUCKET, &statements)?;
    master.tag_bucket(BUCKET, "theirs", "kept")?;
    master.expire(BUCKET, "theirs", "tmp/", 10)?;
    master.trail("Trail", BUCKET)?;
    Others::of(&bed.twin, MASTER, "us-west-2").trail("Default-theirs", BUCKET)?;
    Ok(Others::of(&bed.twin, "000000000001", REGION).trail("Trail", BUCKET)?)
}

/// Adds resources and statements of other teams to the bucket and the key of an installation.
fn guests(bed: &TestBed) -> Result<(), RunError> {
    let master = Others::of(&bed.twin, MASTER, REGION);
    let mut statements = console_statements(BUCKET, &[MASTER, "000000000001"]);
    statements.push(statement("Athena", "s3:GetObject", "arn:aws:s3:::test-logs/*"));
    master.add_to_bucket_policy(BUCKET, &statements)?;
    master.add_to_key_policy(ALIAS, &[statement("Athena", "kms:Decrypt", "*")])?;
    master.tag_bucket(BUCKET, "theirs", "kept")?;
    master.expire(BUCKET, "theirs", "tmp/", 10)?;
    Ok(Others::of(&bed.twin, MASTER, "us-west-2").trail("Default-theirs", BUCKET)?)
}

/// Adds statements of other teams that leave so little room in the bucket policy that a short form
/// is needed.
fn crowd(bed: &TestBed) -> Result<(), RunError> {
    let resource = format!("arn:aws:s3:::{BUCKET}/{}", "x".repeat(18_000));
    let master = Others::of(&bed.twin, MASTER, REGION);
    Ok(master.add_to_bucket_policy(BUCKET, &[statement("Filler", "s3:GetObject", &resource)])?)
}

/// A spec for which almost every read operation is called.
pub const SETTINGS: &str = r#"
version: 1
name: test
tags: { team: security }
accounts:
  master: { id: "111111111111" }
  m0: { id: "000000000001", role: Role }
organization:
  account: master
  delegated_administrator: m0
  include: { organizational_units: [r-twin], tags: { logging: central } }
  role: Role
bucket:
  name: test-logs
  account: master
  region: eu-west-1
  object_ownership: ObjectWriter
  lifecycle: { expire_days: 400 }
  object_lock: { mode: GOVERNANCE, days: 1 }
  access_logs: { bucket: access-logs, prefix: a/ }
  eventbridge: true
key:
  alias: test
  grants: [{ name: auditor, grantee: "arn:aws:iam::999999999999:role/Auditor", operations: [Decrypt] }]
trails:
  - name: Trail
    accounts: [master, m0]
    insights: [ApiErrorRateInsight]
    cloudwatch_logs: { log_group: a, retention_days: 30, encryption: key, alarms: { controls: [CIS 4.3], topic: alarms } }
    sns_topic: { name: t }
deletion: { bucket: true }
"#;

/// Returns [`SETTINGS`] with other values of most settings.
pub fn other_settings() -> String {
    let trail = "{
        accounts: [master],
        insights: [ApiCallRateInsight],
        cloudwatch_logs: { retention_days: 60 },
    }";
    SETTINGS
        .with("tags.team", "platform")
        .with("bucket.lifecycle.expire_days", "500")
        .with("key.grants.0.operations", "[Decrypt, DescribeKey]")
        .with("trails.0", trail)
}

/// An apply for which almost every read operation is called, on a bucket that other teams created.
pub(crate) fn garbled() -> Scenario {
    Scenario::new("garbage", Task::apply(SETTINGS))
        .with_members(&["000000000001", "000000000009"])
        .with_others(console)
}

/// Returns all scenarios: the first apply of each spec of the repository, and all later changes of
/// an installation.
///
/// # Errors
/// Fails if the specs of the repository cannot be read.
pub fn scenarios() -> std::io::Result<Vec<Scenario>> {
    const MEMBERS: &[&str] = &["000000000001", "000000000002"];

    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../specs");
    let mut files =
        std::fs::read_dir(folder)?.map(|file| Ok(file?.path())).collect::<std::io::Result<Vec<_>>>()?;
    files.sort();
    let mut scenarios = Vec::new();
    for file in files {
        let (text, name) =
            (std::fs::read_to_string(&file)?, file.file_name().unwrap_or_default().to_string_lossy());
        let first = format!("the first apply of specs/{name}");
        scenarios.push(Scenario::new(&first, Task::apply(&text)).with_members(MEMBERS));
        if matches!(&*name, "destinations.yaml" | "readers.yaml" | "prod.yaml") {
            let destroy = Scenario::new(&format!("the removal of specs/{name}"), Task::destroy(&text));
            scenarios.push(destroy.after(&text));
        }
    }
    let fewer = members(3).with("trails.0.accounts", "[master, m0]");
    let renamed = everything("after").with("previous_name", "before");
    let with = |path: &str, change: &str| members(1).with(path, change);
    scenarios.extend([
        Scenario::new("the adoption of a bucket of the console", Task::apply(members(1)))
            .with_others(console),
        Scenario::new("the adoption of statements of others", Task::apply(members(1)))
            .after(members(1))
            .with_others(guests),
        Scenario::new("another alias", Task::apply(with("key.alias", "other"))).after(members(1)),
        Scenario::new("another key", Task::apply(with("key", &format!("{{ alias: null, arn: \"{KEY}\" }}"))))
            .after(members(1)),
        Scenario::new("another prefix", Task::apply(with("bucket.prefix", "new"))).after(members(1)),
        Scenario::new("another name of the trails", Task::apply(with("trails.0.name", "Renamed")))
            .after(members(1)),
        Scenario::new("accounts join", Task::apply(members(3))).after(members(1)),
        Scenario::new("accounts leave", Task::apply(fewer)).after(members(3)),
        Scenario::new("a member of the organization leaves", Task::apply(organization(&["000000000002"])))
            .with_members(MEMBERS)
            .after(organization(&[])),
        Scenario::new("other settings", Task::apply(other_settings())).with_members(MEMBERS).after(SETTINGS),
        Scenario::new("other destinations", Task::apply(destinations("b", "S", "u")))
            .after(destinations("a", "R", "t")),
        Scenario::new("no destinations any more", Task::apply(members(1))).after(destinations("a", "R", "t")),
        Scenario::new("another name of the installation", Task::apply(renamed)).after(everything("before")),
        Scenario::new("a short form of the bucket policy", Task::apply(members(9)))
            .after(members(3))
            .with_others(crowd),
        Scenario::new("the removal of an installation with guests", Task::destroy(members(1)))
            .after(members(1))
            .with_others(guests),
    ]);
    Ok(scenarios)
}
