use schemars::JsonSchema;
use serde::Deserialize;

/// The encryption of a topic or a log group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "AtRest")]
pub(crate) enum RawAtRest {
    /// Encrypt with the key of the spec.
    Key,
    /// Keep the live encryption.
    Unmanaged,
}
