//! Turns the state into what a person wants to see of it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::{Account, Regional, State};
use crate::disagreement::Disagreement;
use crate::services::cloudtrail::{attached, delivery};

/// All that the twin holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// The account of the current credentials.
    pub ambient: Option<String>,
    /// Accounts, by id.
    pub accounts: Vec<AccountSummary>,
    /// Buckets, by name.
    pub buckets: Vec<BucketSummary>,
    /// What the organization lets services and accounts do.
    pub organization: Value,
    /// How it reads policies otherwise than the product.
    #[serde(skip_serializing_if = "Disagreement::is_none")]
    pub disagreement: Disagreement,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AccountSummary {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Names of the roles that can be assumed in it.
    pub roles: Vec<String>,
    /// Its keys.
    pub keys: Vec<KeySummary>,
    /// Its trails.
    pub trails: Vec<TrailSummary>,
    /// Its log groups, by Region and name.
    pub log_groups: Value,
    /// Its topics, by Region and name.
    pub topics: Value,
    /// Roles that somebody made in it, by name.
    pub iam_roles: Value,
}

/// A key.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KeySummary {
    /// Its ARN.
    pub arn: String,
    /// The aliases that stand for it.
    pub aliases: Vec<String>,
    /// `Enabled`, `Disabled` or `PendingDeletion`.
    pub state: String,
    /// Its policy.
    pub policy: Value,
    /// Names of the grants on it.
    pub grants: Vec<String>,
    /// What people read in the console.
    pub description: String,
    /// The rotation period in days, where rotation is on.
    pub rotation_days: Option<u64>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A trail.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrailSummary {
    /// Its ARN.
    pub arn: String,
    /// The bucket it delivers to.
    pub bucket: String,
    /// Whether it records.
    pub logging: bool,
    /// Why it could not deliver now; `None` where it could.
    pub undeliverable: Option<String>,
    /// Why it could not deliver to its log group now; `None` where it could, or has none.
    pub unlogged: Option<String>,
    /// Why it could not tell its topic now; `None` where it could, or has none.
    pub unannounced: Option<String>,
    /// All its settings.
    pub settings: Value,
}

/// A bucket.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BucketSummary {
    /// Its name.
    pub name: String,
    /// The account that owns it.
    pub owner: String,
    /// Where it is.
    pub region: String,
    /// Its policy.
    pub policy: Option<Value>,
    /// Its configurations as they were sent, by the name of their query parameter.
    pub configuration: BTreeMap<String, String>,
    /// How many objects are in it.
    pub objects: usize,
}

impl State {
    pub(crate) fn summary(&self) -> Summary {
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
        Summary {
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
