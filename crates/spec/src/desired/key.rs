use std::fmt;

use reconcile_policy::Arn;

use super::{Setting, Site, Tags};
use crate::names::AliasName;

/// The KMS key that encrypts the logs.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Where it is; the Region is the bucket's.
    pub site: Site,
    /// By what it is known.
    pub identity: KeyIdentity,
    /// What people read in the console.
    pub description: Setting<String>,
    /// How often its material is rotated.
    pub rotation_days: Setting<RotationDays>,
    /// Its tags.
    pub tags: Tags,
}

/// By what a key is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyIdentity {
    /// By its alias. A key that is not there is made.
    Alias(AliasName),
    /// By its ARN: somebody else's, which is never made, deleted or given another name.
    Existing(Arn),
    /// By nothing: the spec leaves alone what each trail encrypts with.
    Unmanaged,
}

impl KeyIdentity {
    /// The ARN of a key that has to be there already, if it is known by that.
    pub fn existing(&self) -> Option<&Arn> {
        match self {
            Self::Existing(arn) => Some(arn),
            Self::Alias(_) | Self::Unmanaged => None,
        }
    }

    /// The alias, if it is known by that.
    pub fn alias(&self) -> Option<&AliasName> {
        match self {
            Self::Alias(alias) => Some(alias),
            Self::Existing(_) | Self::Unmanaged => None,
        }
    }
}

/// The alias or the id, as addresses have it; a key that is left alone has no address.
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
