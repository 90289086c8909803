use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Located, OrUnmanaged, RawPolicy};

/// The KMS key that encrypts the logs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Key")]
pub(crate) struct RawKey {
    /// Its name, without `alias/`.
    #[serde(default)]
    pub(crate) alias: Option<Located<String>>,
    /// ARN of a key that exists, in place of one of ours. It is never made, deleted or given another name.
    #[serde(default)]
    pub(crate) arn: Option<Located<String>>,
    /// The account that it is in. Default: the bucket's.
    #[serde(default)]
    pub(crate) account: Option<Located<String>>,
    /// The Region that it is in; must be the bucket's, which is the default.
    #[serde(default)]
    pub(crate) region: Option<Located<String>>,
    /// What people read in the console.
    #[serde(default)]
    pub(crate) description: Option<Located<OrUnmanaged<String>>>,
    /// Days between rotations of the key material, 90 to 2560. Default: 365.
    #[serde(default)]
    pub(crate) rotation_days: Option<Located<OrUnmanaged<u32>>>,
    /// ARNs of who may administer the key. Default: the account root.
    #[serde(default)]
    pub(crate) administrators: Option<Located<Vec<Located<String>>>>,
    /// KMS grants, for readers.
    #[serde(default)]
    pub(crate) grants: Vec<Located<RawGrant>>,
    /// What becomes of other statements in the policy, and statements of your own; `unmanaged` leaves the policy alone.
    #[serde(default)]
    pub(crate) policy: Option<OrUnmanaged<RawPolicy>>,
}

/// A KMS grant.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Grant")]
pub(crate) struct RawGrant {
    /// Its name.
    pub(crate) name: Located<String>,
    /// ARN of who is allowed.
    #[serde(default)]
    pub(crate) grantee: Option<Located<String>>,
    /// The service that is allowed, in place of `grantee`.
    #[serde(default)]
    pub(crate) grantee_service: Option<Located<String>>,
    /// The resource on whose behalf the service may act.
    #[serde(default)]
    pub(crate) source_arn: Option<Located<String>>,
    /// What is allowed, as KMS names it: `Decrypt`, `DescribeKey`, …
    pub(crate) operations: Located<Vec<Located<String>>>,
    /// The encryption context that is asked for.
    #[serde(default)]
    pub(crate) constraints: Option<Located<RawConstraints>>,
    /// ARN of who may retire the grant.
    #[serde(default)]
    pub(crate) retiring_principal: Option<Located<String>>,
}

/// The encryption context that a grant asks for: one of the two.
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
