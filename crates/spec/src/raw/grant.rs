use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Located;

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

/// The encryption context that a grant requires. Set one of the two keys.
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
