//! Keys, with what KMS says of them.

mod in_use;
mod traits;
mod used;

use std::collections::BTreeMap;

use reconcile_policy::Arn;

use crate::view::Key;
pub use in_use::other_key_in_use;
pub use traits::{KeyState, KeyTraits, Rotated};
pub use used::{UsedKey, granted};

/// A key that exists.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveKey {
    /// Its ARN.
    pub arn: Arn,
    /// Whether the alias or the ARN in the spec is that of the key.
    pub is_aliased: bool,
    /// The kind of its material, and its state.
    pub traits: KeyTraits,
    /// Its settings.
    pub view: Key,
}

/// A key that has the tag of the installation and is not the key in use.
#[derive(Debug, Clone, PartialEq)]
pub struct SpareKey {
    /// The state.
    pub state: KeyState,
    /// The aliases, with their `alias/`.
    pub aliases: Vec<String>,
    /// The settings, without the rotation.
    pub view: Key,
}

/// The keys that have the tag of the installation and are not the key in use.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spares {
    /// The keys, by ARN.
    pub keys: BTreeMap<Arn, SpareKey>,
    /// Keys whose tags cannot be read, and why: any of them may be another one. Empty where no key
    /// could be listed.
    pub hidden: BTreeMap<Arn, reconcile_operations::Error>,
    /// The error if the keys could not be listed.
    pub unlisted: Option<reconcile_operations::Error>,
}
