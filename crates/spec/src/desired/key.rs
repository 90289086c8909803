use std::fmt;

use reconcile_policy::Arn;

use super::{Setting, Site, Tags};
use crate::names::AliasName;

/// The KMS key that encrypts the logs.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// The account and Region of the key; the Region is the Region of the bucket.
    pub site: Site,
    /// The identity of the key.
    pub identity: KeyIdentity,
    /// The description of the key.
    pub description: Setting<String>,
    /// The rotation period of the key material.
    pub rotation_days: Setting<RotationDays>,
    /// The tags of the key.
    pub tags: Tags,
}

/// The identity of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyIdentity {
    /// An alias. If no key has the alias, a key is created.
    Alias(AliasName),
    /// The ARN of an unmanaged key, which is never created, deleted or given an alias.
    Existing(Arn),
    /// No identity: the spec does not manage the keys of trails.
    Unmanaged,
}

impl KeyIdentity {
    /// The ARN, if the key is identified by its ARN. The key must already exist.
    pub fn existing(&self) -> Option<&Arn> {
        match self {
            Self::Existing(arn) => Some(arn),
            Self::Alias(_) | Self::Unmanaged => None,
        }
    }

    /// The alias, if the key is identified by its alias.
    pub fn alias(&self) -> Option<&AliasName> {
        match self {
            Self::Alias(alias) => Some(alias),
            Self::Existing(_) | Self::Unmanaged => None,
        }
    }
}

/// The alias or the key ID, as part of an address. An unmanaged key has no address.
impl fmt::Display for KeyIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alias(alias) => alias.fmt(f),
            Self::Existing(arn) => f.pad(arn.resource_name()),
            Self::Unmanaged => f.pad("unmanaged"),
        }
    }
}

/// Days between rotations of key material, 90 to 2560.
///
/// See "Rotate AWS KMS keys" in the KMS developer guide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RotationDays(u32);

impl RotationDays {
    pub(crate) const DEFAULT: Self = Self(365);

    pub(crate) fn new(days: u32) -> Option<Self> {
        (90..=2560).contains(&days).then_some(Self(days))
    }

    /// The number of days.
    pub fn get(self) -> u32 {
        self.0
    }
}
