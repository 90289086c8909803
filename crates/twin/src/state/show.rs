//! Summarizes the state for people.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::{Account, Regional, State};
use crate::disagreement::Disagreement;
use crate::services::cloudtrail::{attached, delivery};

/// A summary of the state of the twin.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StateSummary {
    /// The account of the current credentials.
    pub ambient: Option<String>,
    /// Accounts, by ID.
    pub accounts: Vec<AccountSummary>,
    /// Buckets, by name.
    pub buckets: Vec<BucketSummary>,
    /// The trusted services and delegated administrators of the organization.
    pub organization: Value,
    /// The disagreement with the evaluation of policies by the product.
    #[serde(skip_serializing_if = "Disagreement::is_none")]
    pub disagreement: Disagreement,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AccountSummary {
    /// The ID of the account.
    pub id: String,
    /// The name of the account.
    pub name: String,
    /// Names of the roles that can be assumed in the account.
    pub roles: Vec<String>,
    /// The keys of the account.
    pub keys: Vec<KeySummary>,
    /// The trails of the account.
    pub trails: Vec<TrailSummary>,
    /// The log groups of the account, by Region and name.
    pub log_groups: Value,
    /// The alarms of the account, by Region and name.
    pub alarms: Value,
    /// The topics of the account, by Region and name.
    pub topics: Value,
    /// The roles that a caller created in the account, by name.
    pub iam_roles: Value,
}

/// A key.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KeySummary {
    /// The ARN of the key.
    pub arn: String,
    /// The aliases of the key.
    pub aliases: Vec<String>,
    /// `Enabled`, `Disabled` or `PendingDeletion`.
    pub state: String,
    /// The policy of the key.
    pub policy: Value,
    /// Names of the grants on the key.
    pub grants: Vec<String>,
    /// The description of the key.
    pub description: String,
    /// The rotation period in days, if rotation is on.
    pub rotation_days: Option<u64>,
    /// The tags of the key.
    pub tags: BTreeMap<String, String>,
}

/// A trail.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrailSummary {
    /// The ARN of the trail.
    pub arn: String,
    /// The bucket to which the trail delivers.
    pub bucket: String,
    /// Whether logging is on.
    pub logging: bool,
    /// The reason why the trail cannot deliver now; `None` if it can deliver.
    pub undeliverable: Option<String>,
    /// The reason why the trail cannot deliver to its log group now; `None` if it can deliver, or
    /// has no log group.
    pub unlogged: Option<String>,
    /// The reason why CloudTrail cannot publish to the topic of the trail now; `None` if CloudTrail
    /// can publish, or if the trail has no topic.
    pub unannounced: Option<String>,
    /// All settings of the trail.
    pub settings: Value,
}

/// A bucket.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BucketSummary {
    /// The name of the bucket.
    pub name: String,
    /// The account that owns the bucket.
    pub owner: String,
    /// The Region of the bucket.
    pub region: String,
    /// The policy of the bucket.
    pub policy: Option<Value>,
    /// The configurations of the bucket as they were sent, by the name of their query parameter.
    pub configuration: BTreeMap<String, String>,
    /// The number of objects in the bucket.
    pub objects: usize,
}

impl State {
    pub(crate) fn summary(&self) -> StateSummary {
        let text = |text: &String| serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()));
        let accounts = self.accounts.iter().map(|(id, account)| {
            let keys = account.regions.values().flat_map(|region| {
                region.keys.iter().map(|(id, key)| KeySummary {
                    arn: key.arn.clone(),
                    aliases: region
                        .aliases
                        .iter()
                        .filter(|(_, key)| *key == id)
                        .map(|(name, _)| name.clone())
                        .collect(),
                    state: key.state.clone(),
                    policy: text(&key.policy),
                    grants: key
                        .grants
                        .iter()
                        .filter_map(|grant| grant["Name"].as_str())
                        .map(str::to_owned)
                        .collect(),
                    description: key.description.clone(),
                    rotation_days: key.rotation_days,
                    tags: key.tags.clone(),
                })
            });
            let trails = account.regions.values().flat_map(|region| region.trails.values());
            AccountSummary {
                id: id.clone(),
                name: account.name.clone(),
                roles: account.roles.iter().cloned().collect(),
                keys: keys.collect(),
                trails: trails
                    .map(|trail| TrailSummary {
                        arn: trail.arn.clone(),
                        bucket: trail.bucket.clone(),
                        logging: trail.logging,
                        undeliverable: delivery::check(self, trail).err().map(|fault| fault.message),
                        unlogged: attached::check_logs(self, trail).err().map(|fault| fault.message),
                        unannounced: attached::check_topic(self, trail).err().map(|fault| fault.message),
                        settings: json!(trail),
                    })
                    .collect(),
                log_groups: by_region(account, |region| json!(region.log_groups)),
                alarms: by_region(account, |region| json!(region.alarms)),
                topics: by_region(account, |region| json!(region.topics)),
                iam_roles: json!(account.iam_roles),
            }
        });
        let buckets = self.buckets.iter().map(|(name, bucket)| BucketSummary {
            name: name.clone(),
            owner: bucket.owner.clone(),
            region: bucket.region.clone(),
            policy: bucket.policy.as_ref().map(text),
            configuration: bucket.configuration.clone(),
            objects: bucket.objects.len(),
        });
        StateSummary {
            ambient: self.ambient.clone(),
            accounts: accounts.collect(),
            buckets: buckets.collect(),
            organization: json!(self.organization),
            disagreement: self.disagreement.clone(),
        }
    }
}

fn by_region(account: &Account, of: impl Fn(&Regional) -> Value) -> Value {
    let regions = account.regions.iter().map(|(name, region)| (name.clone(), of(region)));
    Value::Object(regions.collect())
}
