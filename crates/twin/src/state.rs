//! Holds the state of the twin: accounts with their Regions, and buckets.

mod alarm;
mod cloudtrail;
mod event;
mod iam;
mod kms;
mod logs;
mod organization;
mod s3;
mod shared;
pub(crate) mod show;
mod sns;

use std::collections::{BTreeMap, BTreeSet};

use reconcile_policy::{Partition, Region};
use serde::{Deserialize, Serialize};

use crate::denial::InjectedDenial;
use crate::disagreement::Disagreement;

pub(crate) use alarm::Alarm;
pub(crate) use cloudtrail::Trail;
pub(crate) use event::{Event, Parameter};
pub(crate) use iam::Role;
pub(crate) use kms::Key;
pub use kms::{KeyMaterial, MultiRegion};
pub(crate) use logs::{LogGroup, ResourcePolicy};
pub(crate) use organization::Organization;
pub(crate) use s3::{Bucket, BucketGrant, Object};
pub(crate) use shared::Shared;
pub(crate) use sns::{Subscription, Topic};

/// The version of the state file that this build reads and writes.
pub(crate) const FORMAT_VERSION: u32 = 1;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) format_version: u32,
    /// The account of the current credentials.
    pub(crate) ambient: Option<String>,
    /// The counter from which IDs are derived: the same calls return the same IDs.
    next_id: u64,
    pub(crate) accounts: BTreeMap<String, Shared<Account>>,
    #[serde(default)]
    pub(crate) organization: Organization,
    /// The buckets. Their names are unique in all of AWS.
    pub(crate) buckets: BTreeMap<String, Shared<Bucket>>,
    /// The disagreement with the evaluation of policies by the product.
    #[serde(default, skip_serializing_if = "Disagreement::is_none")]
    pub(crate) disagreement: Disagreement,
    /// The user agents of recorded calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) user_agents: Vec<String>,
    /// Whether trails are accepted without a check of their destinations.
    #[serde(skip)]
    pub(crate) is_trusting: bool,
    /// The denied calls.
    #[serde(skip)]
    pub(crate) denials: Vec<InjectedDenial>,
    /// The messages to topics and event buses.
    #[serde(skip)]
    pub(crate) published: Vec<Published>,
}

/// A message to a topic or an event bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The ARN of the topic or bus.
    pub arn: String,
    /// The subject. For an event, the source and the type.
    pub subject: String,
    /// The text for all protocols. For an event, the detail.
    pub message: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) name: String,
    /// Names of the roles that other accounts are allowed to assume.
    pub(crate) roles: BTreeSet<String>,
    /// Whether the account is suspended: Organizations still lists the account, but nobody can
    /// assume its roles.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) suspended: bool,
    /// The state of the account in the organization, such as `PENDING_ACTIVATION`, if the state is
    /// not the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<String>,
    /// The ID of the organizational unit of the account; `None` is the root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unit: Option<String>,
    /// The tags of the account in the organization.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) tags: BTreeMap<String, String>,
    /// Roles that a caller created, by name. No caller of the twin assumes these roles.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) iam_roles: BTreeMap<String, Role>,
    /// Managed policies of the account, by ARN.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) iam_policies: BTreeMap<String, String>,
    pub(crate) regions: BTreeMap<String, Regional>,
    /// The recorded calls by Region, the oldest first.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) events: BTreeMap<String, Vec<Shared<Event>>>,
}

/// The resources of an account in one Region.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Regional {
    /// Keys by ID.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) keys: BTreeMap<String, Key>,
    /// Ids of keys by `alias/…`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) aliases: BTreeMap<String, String>,
    /// Trails with this home Region, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) trails: BTreeMap<String, Trail>,
    /// Log groups by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) log_groups: BTreeMap<String, LogGroup>,
    /// The resource policies of CloudWatch Logs of the account, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) log_policies: BTreeMap<String, ResourcePolicy>,
    /// The account policies of CloudWatch Logs, by name, in the form of the answers of CloudWatch
    /// Logs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) log_account_policies: BTreeMap<String, serde_json::Value>,
    /// Alarms of CloudWatch by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) alarms: BTreeMap<String, Alarm>,
    /// Topics by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) topics: BTreeMap<String, Topic>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            format_version: FORMAT_VERSION,
            ambient: None,
            next_id: 1,
            accounts: BTreeMap::new(),
            organization: Organization::default(),
            buckets: BTreeMap::new(),
            disagreement: Disagreement::default(),
            user_agents: Vec::new(),
            is_trusting: false,
            denials: Vec::new(),
            published: Vec::new(),
        }
    }
}

impl State {
    pub(crate) fn next_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    /// The resources of an account in a Region, for modification.
    pub(crate) fn regional(&mut self, account: &str, region: &str) -> &mut Regional {
        let account = self.accounts.entry(account.to_owned()).or_default();
        account.regions.entry(region.to_owned()).or_default()
    }

    /// The resources of an account in a Region, if there are any.
    pub(crate) fn regional_ref(&self, account: &str, region: &str) -> Option<&Regional> {
        self.accounts.get(account)?.regions.get(region)
    }

    /// Returns the key that a service of an account and Region finds by an ID, an alias, or the ARN
    /// of a key or an alias.
    pub(crate) fn key_named(&self, account: &str, region: &str, name: &str) -> Option<&Key> {
        let (account, name) =
            match name.strip_prefix("arn:").map(|arn| arn.splitn(5, ':').collect::<Vec<_>>()) {
                None => (account, name),
                Some(elements) => match elements.as_slice() {
                    [_, "kms", of, owner, resource] if *of == region => {
                        (self.accounts.get_key_value(*owner)?.0.as_str(), *resource)
                    }
                    _ => return None,
                },
            };
        let regional = self.regional_ref(account, region)?;
        match name.strip_prefix("key/").unwrap_or(name) {
            alias if alias.starts_with("alias/") => regional.keys.get(regional.aliases.get(alias)?),
            id => regional.keys.get(id),
        }
    }

    /// A key of any account by its ARN, `arn:aws:kms:REGION:ACCOUNT:key/ID`.
    pub(crate) fn key_by_arn(&self, arn: &str) -> Option<&Key> {
        let mut elements = arn.splitn(6, ':').skip(3);
        let (region, account) = (elements.next()?, elements.next()?);
        let id = elements.next()?.strip_prefix("key/")?;
        self.regional_ref(account, region)?.keys.get(id)
    }
}

/// The partition of a Region, for ARNs. Calls in Regions of unknown partitions are rejected
/// earlier.
pub(crate) fn partition(region: &str) -> Partition {
    region.parse().map_or(Partition::Aws, |region: Region| region.partition())
}

/// The current time in seconds since 1970, as in the JSON protocols.
pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}
