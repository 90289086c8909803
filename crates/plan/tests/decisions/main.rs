//! The decisions, on desired and live state that is made by hand.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod drifted;
mod imported;
mod made;
mod whole;

/// A spec with every kind of resource but those of an organization.
const EVERYTHING: &str = r#"
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
"#;
