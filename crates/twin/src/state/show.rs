//! Turns the state into what a person wants to see of it.

use serde::Serialize;
use serde_json::Value;

use super::State;
use crate::services::cloudtrail::delivery;

/// All that the twin holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// The account of the credentials at hand.
    pub ambient: Option<String>,
    /// Accounts, by id.
    pub accounts: Vec<AccountSummary>,
    /// Buckets, by name.
    pub buckets: Vec<BucketSummary>,
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
}

impl State {
    pub(crate) fn summary(&self) -> Summary {
        let json = |text: &String| serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()));
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
                    policy: json(&key.policy),
                    grants: key
                        .grants
                        .iter()
                        .filter_map(|grant| grant["Name"].as_str())
                        .map(str::to_owned)
                        .collect(),
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
                    })
                    .collect(),
            }
        });
        let buckets = self.buckets.iter().map(|(name, bucket)| BucketSummary {
            name: name.clone(),
            owner: bucket.owner.clone(),
            region: bucket.region.clone(),
            policy: bucket.policy.as_ref().map(json),
        });
        Summary { ambient: self.ambient.clone(), accounts: accounts.collect(), buckets: buckets.collect() }
    }
}
