use super::{Setting, Site, Tags};
use crate::names::AliasName;

/// The KMS key that encrypts the logs.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Where it is; the Region is the bucket's.
    pub site: Site,
    /// Its name.
    pub alias: AliasName,
    /// What people read in the console.
    pub description: Setting<String>,
    /// How often its material is rotated.
    pub rotation_days: Setting<RotationDays>,
    /// Its tags.
    pub tags: Tags,
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
