use schemars::JsonSchema;
use serde::Deserialize;

use super::{Located, Node};

/// The treatment of foreign statements in a policy, and your own statements.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Policy")]
pub(crate) struct RawPolicy {
    /// The treatment of foreign statements. Default: keep.
    #[serde(default)]
    pub(crate) foreign_statements: Option<Located<RawForeign>>,
    /// The treatment of permissions of accounts and trails that are not in the spec. Such
    /// permissions are in adopted statements, or in managed statements for an account or trail that
    /// has left the spec. Default: report.
    #[serde(default)]
    pub(crate) unlisted_accounts: Option<Located<RawUnlisted>>,
    /// The treatment of statements that name a deleted user or role. AWS rejects every policy with
    /// such a statement. Default: keep.
    #[serde(default)]
    pub(crate) deleted_principals: Option<Located<RawKeep>>,
    /// The consequence if the policy does not allow a request that a change needs. Default: refuse.
    #[serde(default)]
    pub(crate) proof: Option<Located<RawProof>>,
    /// The form in which statements name the accounts. Default: auto.
    #[serde(default)]
    pub(crate) form: Option<Located<RawForm>>,
    /// Your own statements, in the syntax of IAM.
    #[serde(default)]
    pub(crate) extra_statements: Vec<Node>,
}

/// The form in which statements name the accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Form")]
pub(crate) enum RawForm {
    /// The longest form that fits the size limit and that CloudTrail did not refuse.
    Auto,
    /// One resource and one trail ARN for each account.
    Plain,
    /// A variable for the account, and a list of accounts.
    ByAccount,
    /// A variable for the account, and the organization.
    ByOrganization,
}

/// The treatment of foreign statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "ForeignStatements")]
pub(crate) enum RawForeign {
    /// Keep foreign statements.
    Keep,
    /// Keep foreign statements; `drift` reports them.
    Report,
    /// Remove foreign statements.
    Remove,
}

/// The treatment of permissions of accounts and trails that are not in the spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "UnlistedAccounts")]
pub(crate) enum RawUnlisted {
    /// Keep the permissions, with a warning.
    Keep,
    /// Keep the permissions, with a warning; `drift` reports the trails.
    Report,
    /// Revoke the permissions of accounts that are not in the spec.
    Remove,
}

/// The consequence if a policy does not allow a request that a change needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "RefuseOrWarn")]
pub(crate) enum RawProof {
    /// The plan leaves out the change. If it is unknown whether the policy allows the request, the
    /// plan only warns.
    Refuse,
    /// The plan contains the change, with a warning.
    Warn,
}

/// The treatment of statements that name a deleted principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "KeepOrRemove")]
pub(crate) enum RawKeep {
    /// Keep the statements. The plan refuses every change of the policy, because AWS rejects a
    /// policy with such a statement.
    Keep,
    /// Remove the statements.
    Remove,
}
