//! `reconcile permissions`

use std::fmt::Write;

use reconcile_aws::{Mode, Permissions, permissions};
use serde_json::{Value, json};

use crate::args::{PermissionsArgs, PermissionsMode, ShowFormat};
use crate::error::CliError;
use crate::exit::Exit;
use crate::{files, output};

pub(crate) fn run(args: &PermissionsArgs) -> Result<Exit, CliError> {
    let spec = files::read_spec(&args.spec)?;
    let mode = match args.mode {
        PermissionsMode::Plan => Mode::Plan,
        PermissionsMode::Apply => Mode::Apply,
    };
    let found = permissions(spec.desired(), mode);
    output::print(&match args.format {
        ShowFormat::Text => text(&found)?,
        ShowFormat::Json => json(&found)?,
    })?;
    Ok(Exit::Ok)
}

fn text(found: &[Permissions]) -> Result<String, CliError> {
    let mut text = String::new();
    for Permissions { account, policy } in found {
        let who = match &account.access.role {
            Some(role) => format!("role {}", role.arn),
            None => "the credentials at hand".to_owned(),
        };
        let _ = writeln!(text, "account {} ({}), for {who}:", account.name, account.id);
        let _ = writeln!(text, "{}\n", serde_json::to_string_pretty(policy)?);
    }
    Ok(text)
}

fn json(found: &[Permissions]) -> Result<String, CliError> {
    let accounts: Vec<Value> = found
        .iter()
        .map(|Permissions { account, policy }| {
            let role = account.access.role.as_ref().map(|role| &role.arn);
            json!({ "account": { "name": account.name, "id": account.id }, "role": role, "policy": policy })
        })
        .collect();
    Ok(serde_json::to_string_pretty(&json!({ "format_version": "1.0", "accounts": accounts }))? + "\n")
}
