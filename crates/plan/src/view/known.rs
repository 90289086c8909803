use reconcile_policy::Arn;
use serde::{Deserialize, Serialize};

use crate::address::Address;

/// The key that a resource uses. A key that the plan is still to make has no ARN yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Form", from = "Form")]
pub enum KeyRef {
    /// A key that exists, by the ARN or id by which the resource names it.
    Known(String),
    /// A key that an earlier change of the same plan makes.
    KnownAfterApply(Address),
}

impl KeyRef {
    /// The reference to a key that exists.
    pub fn known(arn: &Arn) -> Self {
        Self::Known(arn.as_str().to_owned())
    }
}

/// In JSON: the ARN as a text, or `{"known_after_apply": "key/master/secprod-cloudtrail"}`.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Form {
    Known(String),
    KnownAfterApply { known_after_apply: Address },
}

impl From<KeyRef> for Form {
    fn from(key: KeyRef) -> Self {
        match key {
            KeyRef::Known(arn) => Self::Known(arn),
            KeyRef::KnownAfterApply(known_after_apply) => Self::KnownAfterApply { known_after_apply },
        }
    }
}

impl From<Form> for KeyRef {
    fn from(form: Form) -> Self {
        match form {
            Form::Known(arn) => Self::Known(arn),
            Form::KnownAfterApply { known_after_apply } => Self::KnownAfterApply(known_after_apply),
        }
    }
}
