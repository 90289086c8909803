//! An installation with every kind of resource, in each partition.

use reconcile_policy::{Partition, Region};
use reconcile_samples::MASTER;

use crate::installation::Installation;

/// Returns a spec that has every kind of resource.
fn everything(region: &Region) -> String {
    let partition = region.partition();
    format!(
        "version: 1
name: test
accounts:
  master: {{ id: \"{MASTER}\" }}
  member: {{ id: \"222222222222\", role: Role }}
organization: {{ account: master, delegated_administrator: member }}
bucket:
  name: test-logs
  account: master
  region: {region}
  lifecycle: {{ expire_days: 400 }}
key:
  alias: test
  grants: [{{ name: g, grantee: \"arn:{partition}:iam::{MASTER}:role/A\", operations: [Decrypt] }}]
readers: [{{ principal: \"arn:{partition}:iam::333333333333:role/Audit\", logs: all }}]
trails:
  - name: Trail
    accounts: all
    data_events: {{ s3: all, lambda: all }}
    insights: [ApiCallRateInsight]
    cloudwatch_logs: {{ log_group: logs }}
    sns_topic: {{ name: topic }}
  - {{ name: Everybody, organization_trail: true }}
"
    )
}

/// Returns the partitions of all ARNs in a text.
fn partitions(text: &str) -> impl Iterator<Item = &str> {
    text.split("arn:").skip(1).filter_map(|rest| rest.split(':').next())
}

#[tokio::test]
async fn every_kind_of_resource_is_created_and_delivers_in_every_partition() {
    for region in Partition::ALL.map(Partition::first_region) {
        let installation = Installation::new();
        let spec = everything(&region);
        installation.converge(&spec).await;
        let plan = installation.plan(&spec).await;
        assert!(plan.is_in_sync(), "{region}: {:#?}", plan.changes);

        let summary = installation.twin.summary();
        let trails: Vec<_> = summary.accounts.iter().flat_map(|account| &account.trails).collect();
        assert_eq!(trails.len(), 3, "{region}");
        for trail in trails {
            assert_eq!((&trail.undeliverable, &trail.unlogged, &trail.unannounced), (&None, &None, &None));
        }
        let state = serde_json::to_string(&summary).unwrap();
        let foreign: Vec<&str> =
            partitions(&state).filter(|partition| *partition != region.partition().as_str()).collect();
        assert!(foreign.is_empty(), "{region}: {foreign:?}");
    }
}
