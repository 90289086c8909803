//! The address of a resource: `<kind>/<account name>/<name>`.

use std::fmt;
use std::str::FromStr;

use reconcile_policy::{Arn, CLOUDTRAIL};
use reconcile_spec::{
    AccountName, Alarm, Desired, KeyIdentity, LogGroup, LogRole, Organization, Topic, Trail,
};
use serde::{Deserialize, Serialize};

use crate::kind::Kind;

/// The address of one resource of an installation, such as `trail/production/SecurityTrail`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    /// The kind of the resource.
    pub kind: Kind,
    /// The name of the account of the resource in the spec.
    pub account: AccountName,
    /// The name within the account, which can contain slashes.
    pub name: String,
}

impl Address {
    /// Creates an address from its parts.
    pub fn new(kind: Kind, account: &AccountName, name: impl fmt::Display) -> Self {
        Self { kind, account: account.clone(), name: name.to_string() }
    }

    pub(crate) fn trail(trail: &Trail) -> Self {
        Self::new(Kind::Trail, &trail.site.account, &trail.name)
    }

    pub(crate) fn log_group(group: &LogGroup) -> Self {
        Self::new(Kind::LogGroup, &group.site.account, &group.name)
    }

    pub(crate) fn role(role: &LogRole) -> Self {
        Self::new(Kind::Role, &role.site.account, &role.name)
    }

    pub(crate) fn topic(topic: &Topic) -> Self {
        Self::new(Kind::Topic, &topic.site.account, &topic.name)
    }

    pub(crate) fn topic_policy(topic: &Topic) -> Self {
        Self::new(Kind::TopicPolicy, &topic.site.account, &topic.name)
    }

    pub(crate) fn metric_filter(alarm: &Alarm) -> Self {
        Self::new(Kind::MetricFilter, &alarm.site.account, format_args!("{}/{}", alarm.group, alarm.name))
    }

    pub(crate) fn alarm(alarm: &Alarm) -> Self {
        Self::new(Kind::Alarm, &alarm.site.account, &alarm.name)
    }

    /// The address of the trusted access of CloudTrail.
    pub(crate) fn service_access(organization: &Organization) -> Self {
        Self::new(Kind::ServiceAccess, &organization.account, CLOUDTRAIL)
    }
}

/// The address of a key of the installation that is not in use. The spec has no name for such a
/// key.
pub(crate) fn spare_address(in_use: &Address, key: &Arn) -> Address {
    Address::new(Kind::Key, &in_use.account, format_args!("{}/{}", in_use.name, key.resource_name()))
}

/// Returns the ARN of the key if the address names a key of the installation that is not in use.
pub fn spare_key(desired: &Desired, address: &Address) -> Option<Arn> {
    let (identity, site) = (&desired.key.identity, &desired.key.site);
    let id = address.name.strip_prefix(&identity.to_string())?.strip_prefix('/')?;
    let account = desired.account(&site.account).filter(|account| account.name == address.account)?;
    let (region, resource) = (&site.region, format!("key/{id}"));
    let is_key = address.kind == Kind::Key;
    is_key.then(|| Arn::new(region.partition(), "kms", region.as_str(), account.id.as_str(), &resource))
}

/// Returns the addresses of all resources in a spec.
pub fn addresses(desired: &Desired) -> impl Iterator<Item = Address> {
    let (key, bucket) = (&desired.key, &desired.bucket);
    let of_key = |kind| Address::new(kind, &key.site.account, &key.identity);
    let of_bucket = |kind| Address::new(kind, &bucket.site.account, &bucket.name);
    let of_topic = |topic: &Topic| [Address::topic(topic), Address::topic_policy(topic)];
    let mut found = Vec::new();
    if let Some(organization) = &desired.organization {
        let account = &organization.account;
        found.extend(organization.service_access.then(|| Address::service_access(organization)));
        let administrators = organization.delegated_administrators.iter();
        found.extend(administrators.map(|name| Address::new(Kind::DelegatedAdministrator, account, name)));
    }
    if key.identity != KeyIdentity::Unmanaged {
        found.push(of_key(Kind::Key));
        found.extend(key.identity.alias().map(|_| of_key(Kind::Alias)));
        found.push(of_key(Kind::KeyPolicy));
    }
    found.extend(desired.grants.iter().map(|it| Address::new(Kind::Grant, &key.site.account, &it.aws_name)));
    found.extend([of_bucket(Kind::Bucket), of_bucket(Kind::BucketPolicy)]);
    found.extend(desired.log_groups.iter().map(Address::log_group));
    found.extend(desired.log_roles.iter().map(Address::role));
    found.extend(desired.topics.iter().flat_map(of_topic));
    found.extend(desired.trails.iter().map(Address::trail));
    found.extend(desired.alarms.iter().map(Address::metric_filter));
    found.extend(desired.alarms.iter().map(Address::alarm));
    found.into_iter()
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.kind, self.account, self.name)
    }
}

/// A text that is not an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an address (<kind>/<account name>/<name>)")]
pub struct NotAnAddress(pub String);

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let not = || NotAnAddress(text.to_owned());
        let mut parts = text.splitn(3, '/');
        let mut part = || parts.next().filter(|part| !part.is_empty()).ok_or_else(not);
        Ok(Self {
            kind: part()?.parse().map_err(|_| not())?,
            account: part()?.parse().map_err(|_| not())?,
            name: part()?.to_owned(),
        })
    }
}

impl TryFrom<String> for Address {
    type Error = NotAnAddress;

    fn try_from(text: String) -> Result<Self, NotAnAddress> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_as_it_is_written() {
        for text in ["trail/production/SecurityTrail", "alias/master/secprod/cloudtrail"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        for text in ["", "trail", "trail/production", "trail//x", "tree/production/x", "trail/production/"] {
            assert_eq!(text.parse::<Address>(), Err(NotAnAddress(text.to_owned())));
        }
    }
}
