use reconcile_policy::{Arn, KeyIdentifier};
use serde::{Deserialize, Serialize};

use crate::address::Address;

/// The key that a resource uses. A key that the plan will create has no ARN yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Json", from = "Json")]
pub enum KeyRef {
    /// A key that exists, as the resource names it.
    Known(KeyIdentifier),
    /// A key that an earlier change of the same plan creates.
    KnownAfterApply(Address),
}

impl KeyRef {
    /// The reference to a key that exists.
    pub fn known(arn: &Arn) -> Self {
        Self::Known(arn.clone().into())
    }

    /// The identifier of the key; `None` if the key is not created yet.
    pub fn identifier(&self) -> Option<&KeyIdentifier> {
        match self {
            Self::Known(identifier) => Some(identifier),
            Self::KnownAfterApply(_) => None,
        }
    }
}

/// The JSON form: the identifier as a text, or `{"known_after_apply":
/// "key/master/secprod-cloudtrail"}`.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Json {
    Known(KeyIdentifier),
    KnownAfterApply { known_after_apply: Address },
}

impl From<KeyRef> for Json {
    fn from(key: KeyRef) -> Self {
        match key {
            KeyRef::Known(identifier) => Self::Known(identifier),
            KeyRef::KnownAfterApply(known_after_apply) => Self::KnownAfterApply { known_after_apply },
        }
    }
}

impl From<Json> for KeyRef {
    fn from(json: Json) -> Self {
        match json {
            Json::Known(identifier) => Self::Known(identifier),
            Json::KnownAfterApply { known_after_apply } => Self::KnownAfterApply(known_after_apply),
        }
    }
}
