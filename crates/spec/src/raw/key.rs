use schemars::JsonSchema;
use serde::Deserialize;

use super::{Located, OrUnmanaged, RawGrant, RawPolicy};

/// The KMS key that encrypts the logs.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Key")]
pub(crate) struct RawKey {
    /// The alias of the key, without `alias/`.
    #[serde(default)]
    pub(crate) alias: Option<Located<String>>,
    /// The ARN of an existing key, instead of `alias`. `reconcile` never creates or deletes this
    /// key, and gives it no alias.
    #[serde(default)]
    pub(crate) arn: Option<Located<String>>,
    /// The account of the key. Default: the account of the bucket.
    #[serde(default)]
    pub(crate) account: Option<Located<String>>,
    /// The Region of the key, which must be the Region of the bucket. Default: the Region of the
    /// bucket.
    #[serde(default)]
    pub(crate) region: Option<Located<String>>,
    /// The description of the key. Default: `CloudTrail logs of <name>`, or unmanaged with `arn`.
    #[serde(default)]
    pub(crate) description: Option<Located<OrUnmanaged<String>>>,
    /// Days between rotations of the key material, 90 to 2560. Default: 365, or unmanaged with
    /// `arn`.
    #[serde(default)]
    pub(crate) rotation_days: Option<Located<OrUnmanaged<u32>>>,
    /// ARNs of principals that can administer the key. Default: the account root, or none with
    /// `arn`.
    #[serde(default)]
    pub(crate) administrators: Option<Located<Vec<Located<String>>>>,
    /// KMS grants on the key.
    #[serde(default)]
    pub(crate) grants: Vec<Located<RawGrant>>,
    /// The treatment of foreign statements in the policy, and your own statements. `unmanaged`:
    /// `reconcile` does not change the policy.
    #[serde(default)]
    pub(crate) policy: Option<OrUnmanaged<RawPolicy>>,
}
