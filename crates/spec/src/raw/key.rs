use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Located, OrUnmanaged, RawPolicy};

/// The KMS key that encrypts the logs.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Key")]
pub(crate) struct RawKey {
    /// The alias of the key, without `alias/`.
    #[serde(default)]
    pub(crate) alias: Option<Located<String>>,
    /// The ARN of an existing key, instead of `alias`. The key is never created, deleted or given an alias.
    #[serde(default)]
    pub(crate) arn: Option<Located<String>>,
    /// The account of the key. Default: the account of the bucket.
    #[serde(default)]
    pub(crate) account: Option<Located<String>>,
    /// The Region of the key; must be the Region of the bucket, which is the default.
    #[serde(default)]
    pub(crate) region: Option<Located<String>>,
    /// The description of the key, or `unmanaged`.
    #[serde(default)]
    pub(crate) description: Option<Located<OrUnmanaged<String>>>,
    /// Days between rotations of the key material, 90 to 2560. Default: 365.
    #[serde(default)]
    pub(crate) rotation_days: Option<Located<OrUnmanaged<u32>>>,
    /// ARNs of principals that can administer the key. Default: the account root.
    #[serde(default)]
    pub(crate) administrators: Option<Located<Vec<Located<String>>>>,
    /// KMS grants on the key.
    #[serde(default)]
    pub(crate) grants: Vec<Located<RawGrant>>,
    /// The treatment of foreign statements in the policy, and statements of your own. `unmanaged`: the policy is not changed.
    #[serde(default)]
    pub(crate) policy: Option<OrUnmanaged<RawPolicy>>,
}

/// A KMS grant.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Grant")]
pub(crate) struct RawGrant {
    /// The name of the grant.
    pub(crate) name: Located<String>,
    /// The ARN of the grantee principal.
    #[serde(default)]
    pub(crate) grantee: Option<Located<String>>,
    /// The grantee service principal, instead of `grantee`.
    #[serde(default)]
    pub(crate) grantee_service: Option<Located<String>>,
    /// The ARN of the resource on whose behalf the service uses the key.
    #[serde(default)]
    pub(crate) source_arn: Option<Located<String>>,
    /// The allowed operations, as KMS names them: `Decrypt`, `DescribeKey`, …
    pub(crate) operations: Located<Vec<Located<String>>>,
    /// The required encryption context.
    #[serde(default)]
    pub(crate) constraints: Option<Located<RawConstraints>>,
    /// The ARN of the principal that can retire the grant.
    #[serde(default)]
    pub(crate) retiring_principal: Option<Located<String>>,
}

/// The encryption context that a grant requires: one of the two keys.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Constraints")]
pub(crate) struct RawConstraints {
    /// Exactly these pairs.
    #[serde(default)]
    pub(crate) encryption_context_equals: Option<BTreeMap<String, Located<String>>>,
    /// At least these pairs.
    #[serde(default)]
    pub(crate) encryption_context_subset: Option<BTreeMap<String, Located<String>>>,
}
