//! The specs.

use crate::EditSpec;

/// The spec that the README shows.
pub const PROD: &str = include_str!("../../../specs/prod.yaml");
/// The account of the bucket and the key in [`members`].
pub const MASTER: &str = "111111111111";
/// The Region of the bucket and the key in [`members`].
pub const REGION: &str = "eu-west-1";
/// The bucket of [`members`].
pub const BUCKET: &str = "test-logs";
/// The alias of the key of [`members`].
pub const ALIAS: &str = "alias/test";

/// A spec of the account `master` and of `count` accounts `m0`, `m1`, …
pub fn members(count: usize) -> String {
    let members: String =
        (0..count).map(|n| format!("  m{n}: {{ id: \"{:012}\", role: Role }}\n", n + 1)).collect();
    format!(
        "version: 1\nname: test\naccounts:\n  master: {{ id: \"{MASTER}\" }}\n{members}\
         bucket: {{ name: {BUCKET}, account: master, region: {REGION} }}\nkey: {{ alias: test }}\n\
         trails:\n  - {{ name: Trail, accounts: all }}\n"
    )
}

/// A spec of all members of the organization except the accounts with the IDs `exclude`.
pub fn organization(exclude: &[&str]) -> String {
    let exclude: Vec<String> = exclude.iter().map(|id| format!("\"{id}\"")).collect();
    let organization =
        format!("{{ account: master, include: all, role: Role, exclude: [{}] }}", exclude.join(", "));
    members(0).with("organization", &organization)
}

/// A spec of two members with every resource whose name contains the name of the installation, `name`.
pub fn everything(name: &str) -> String {
    let settings = "{
        cloudwatch_logs: { log_group: a, role_name: R, alarms: { controls: [CIS 4.3], topic: alarms } },
        sns_topic: { name: t },
    }";
    let grant =
        format!("{{ name: audit, grantee: \"arn:aws:iam::{MASTER}:role/A\", operations: [Decrypt] }}");
    let statement = format!(
        "{{ Sid: Mine, Effect: Allow, Principal: {{ AWS: \"arn:aws:iam::{MASTER}:root\" }}, \
         Action: \"s3:GetObject\", Resource: \"arn:aws:s3:::{BUCKET}/*\" }}"
    );
    members(2)
        .with("name", name)
        .with("readers", "[{ account: m0, logs: own }]")
        .with("key.grants", &format!("[{grant}]"))
        .with("bucket.lifecycle", "{ expire_days: 400 }")
        .with("bucket.policy", &format!("{{ extra_statements: [{statement}] }}"))
        .with("trails.0", settings)
        .with("deletion", "{ bucket: true, key: true }")
}

/// A spec of the accounts `master` and `member`, whose trail delivers to every kind of destination:
/// the bucket, a log group and an encrypted topic. The key has a grant. There are no alarms and no
/// organization.
pub fn every_destination() -> String {
    r#"
version: 1
name: test
accounts:
  master: { id: "111111111111" }
  member: { id: "222222222222", role: Ops }
bucket: { name: test-logs, account: master, region: eu-west-1 }
key:
  alias: test-key
  grants:
    - { name: auditors, grantee: "arn:aws:iam::111111111111:role/Auditors", operations: [Decrypt] }
trails:
  - name: Trail
    accounts: all
    data_events: { s3: all }
    cloudwatch_logs: { log_group: /trails, retention_days: 30 }
    sns_topic: { name: log-files, encryption: key }
"#
    .to_owned()
}
