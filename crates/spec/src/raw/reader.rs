use schemars::JsonSchema;
use serde::Deserialize;

use super::{Located, WordOr};

/// A reader, who is allowed to read and decrypt log files: a `principal`, or an `account` of the
/// spec.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Reader")]
pub(crate) struct RawReader {
    /// ARN of a role, user or account root.
    #[serde(default)]
    pub(crate) principal: Option<Located<String>>,
    /// The name of an account of the spec.
    #[serde(default)]
    pub(crate) account: Option<Located<String>>,
    /// The log files to read: `all`, `own`, or the log files of a list of accounts.
    pub(crate) logs: Located<WordOr<RawLogs, Vec<Located<String>>>>,
}

/// A word for a selection of log files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Logs")]
pub(crate) enum RawLogs {
    /// The log files of all accounts.
    All,
    /// The log files of the account of the reader.
    Own,
}
