use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{All, Located, WordOr};

/// Accounts to add from AWS Organizations.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Organization")]
pub(crate) struct RawOrganization {
    /// The account that is allowed to list the organization.
    pub(crate) account: Located<String>,
    /// The members of the organization to add automatically: `all`, or a selection.
    #[serde(default)]
    pub(crate) include: Option<Located<WordOr<All, RawInclude>>>,
    /// Account ids, and ids or paths of organizational units, to exclude.
    #[serde(default)]
    pub(crate) exclude: Vec<Located<String>>,
    /// The name of the role to assume in members that are added automatically.
    #[serde(default)]
    pub(crate) role: Option<Located<String>>,
    /// Whether to enable trusted access for CloudTrail. Default: true if there is an organization
    /// trail or a delegated administrator.
    #[serde(default)]
    pub(crate) service_access: Option<Located<bool>>,
    /// The account to register as delegated administrator for CloudTrail, or a list of up to three
    /// accounts.
    #[serde(default)]
    pub(crate) delegated_administrator: Option<Located<WordOr<String, Vec<Located<String>>>>>,
}

/// A selection of members of the organization.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Include")]
pub(crate) struct RawInclude {
    /// Ids or paths of organizational units; nested units are included. Default: all units.
    #[serde(default)]
    pub(crate) organizational_units: Vec<Located<String>>,
    /// Tags, all of which an account must have. Default: none.
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
}
