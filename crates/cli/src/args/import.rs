//! The arguments of `import`.

use std::path::PathBuf;

use clap::Args;
use reconcile_policy::NameError;
use reconcile_spec::{AccountName, BucketName, GivenAccount, RolePath, SpecName, TrailName};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  reconcile import --account security=111111111111 --account production=222222222222:Audit
  reconcile import --bucket central-logs --account security=111111111111 --out specs/prod.yaml
  reconcile import --account management=111111111111 --organization management --out specs/prod.yaml

A plan of the new spec shows no changes, or only changes that `import` reports. If a line of the spec keeps a live setting, a comment \
explains what a plan would do without this line.")]
pub(crate) struct ImportArgs {
    /// Account to read (repeatable). Without a role, the current credentials must belong to this
    /// account
    #[arg(long = "account", value_name = "NAME=ID[:ROLE]", required = true, value_parser = import_account)]
    pub(crate) accounts: Vec<GivenAccount>,
    /// Name of the bucket [default: the bucket of the trails]
    #[arg(long, value_name = "NAME")]
    pub(crate) bucket: Option<BucketName>,
    /// Import only trails with this name
    #[arg(long, value_name = "NAME")]
    pub(crate) trail: Option<TrailName>,
    /// Read all members of the organization, with this account, which must be allowed to list the
    /// members
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) organization: Option<AccountName>,
    /// Role to assume in members of the organization
    #[arg(long, value_name = "ROLE", default_value = MEMBER_ROLE)]
    pub(crate) role: RolePath,
    /// Name of the installation [default: the name of the installation that manages the trails, or
    /// a name derived from the bucket]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<SpecName>,
    /// Previous name of the installation; the next apply renames the installation to the name in
    /// --name
    #[arg(long, value_name = "NAME", requires = "name")]
    pub(crate) previous_name: Option<SpecName>,
    /// Write the spec to this file; existing files are not overwritten [default: stdout]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// The role that AWS creates in new accounts of an organization. See "Accessing member accounts in
/// an organization" in the Organizations user guide.
pub(crate) const MEMBER_ROLE: &str = "OrganizationAccountAccessRole";

fn import_account(text: &str) -> Result<GivenAccount, String> {
    let (name, rest) = text.split_once('=').ok_or("write it as NAME=ID or NAME=ID:ROLE")?;
    let (id, role) = match rest.split_once(':') {
        Some((id, role)) => (id, Some(role.to_owned())),
        None => (rest, None),
    };
    let name = name.parse().map_err(|error: NameError| error.to_string())?;
    let id = id.parse().map_err(|error: NameError| error.to_string())?;
    Ok(GivenAccount { name, id, role })
}
