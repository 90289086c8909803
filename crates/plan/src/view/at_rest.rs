use reconcile_policy::KeyIdentifier;
use serde::{Deserialize, Serialize};

use super::KeyRef;

/// The encryption of the messages of a topic, or of the events of a log group.
///
/// See "Securing Amazon SNS data with server-side encryption" in the SNS developer guide and
/// "Encrypt log data in CloudWatch Logs using AWS Key Management Service" in the CloudWatch Logs
/// user guide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum AtRest {
    /// Without a KMS key. CloudWatch Logs then encrypts with its own key, and SNS does not encrypt.
    Off,
    /// With a KMS key.
    Kms {
        /// The key. A topic can name it by its ARN, its ID, or the name or ARN of an alias; a log
        /// group names its ARN.
        key: KeyRef,
    },
}

impl AtRest {
    /// Creates the encryption from the key that AWS reports for a resource, if AWS reports one.
    pub fn of(key: Option<&str>) -> Self {
        match KeyIdentifier::returned(key) {
            Some(key) => Self::Kms { key: KeyRef::Known(key) },
            None => Self::Off,
        }
    }

    /// The key as the resource names it; `None` if there is no key, or if the key is not created
    /// yet.
    pub fn key(&self) -> Option<&KeyIdentifier> {
        match self {
            Self::Kms { key } => key.identifier(),
            Self::Off => None,
        }
    }
}
