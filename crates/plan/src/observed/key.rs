//! Keys with their properties in KMS.

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
    /// The ARN of the key.
    pub arn: Arn,
    /// Whether the alias or the ARN in the spec names this key.
    pub is_aliased: bool,
    /// The kind and the state of the key.
    pub traits: KeyTraits,
    /// The settings of the key.
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
    /// Keys whose tags cannot be read, each with the error. Any of them may belong to the
    /// installation. Empty if the keys could not be listed.
    pub hidden: BTreeMap<Arn, reconcile_operations::Error>,
    /// The error if the keys could not be listed.
    pub unlisted: Option<reconcile_operations::Error>,
}
