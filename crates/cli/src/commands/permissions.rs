//! `reconcile permissions`

mod stack;

use std::fmt::Write;

use reconcile_aws::{ANY_ACCOUNT, Mode, Permissions, import_permissions, member_permissions, permissions};
use serde_json::{Value, json};

use crate::args::{MEMBER_ROLE, PermissionsArgs, PermissionsFormat, PermissionsMode};
use crate::error::CliError;
use crate::exit::Exit;
use crate::{files, output};

/// Roles of administrators that AWS itself creates in member accounts. See "Accessing member accounts in an organization" in
/// the Organizations user guide, and "How AWS Control Tower works with roles" in its user guide.
const ADMINISTRATORS: [&str; 2] = [MEMBER_ROLE, "AWSControlTowerExecution"];

pub(crate) fn run(args: &PermissionsArgs) -> Result<Exit, CliError> {
    let Some(path) = &args.spec else {
        let role = args.import.as_deref().unwrap_or(MEMBER_ROLE);
        output::print(&of_import(role, args.format)?)?;
        return Ok(Exit::Ok);
    };
    let spec = files::read_spec(path)?;
    let mode = match args.mode {
        PermissionsMode::Plan => Mode::Plan,
        PermissionsMode::Apply => Mode::Apply,
    };
    let found = permissions(spec.desired(), mode);
    let members = member_permissions(&spec, mode);
    output::print(&match args.format {
        PermissionsFormat::Text => text(&found, members.as_ref())?,
        PermissionsFormat::Json => json(&found, members.as_ref())?,
        PermissionsFormat::Cloudformation => {
            let (role, policy) = members.as_ref().ok_or(CliError::NoMembers)?;
            pretty(&stack::template(role, policy))?
        }
    })?;
    for note in notes(&found, members.as_ref()) {
        output::note(&note);
    }
    Ok(Exit::Ok)
}

fn pretty(document: &Value) -> Result<String, CliError> {
    Ok(serde_json::to_string_pretty(document)? + "\n")
}

fn text(found: &[Permissions], members: Option<&(String, Value)>) -> Result<String, CliError> {
    let mut text = String::new();
    for permissions in found {
        let account = &permissions.account;
        let who = match &account.access.role {
            Some(role) => format!("role {}", role.arn),
            None => "the credentials at hand".to_owned(),
        };
        let documents = permissions.documents();
        let count = documents.len();
        for (index, document) in documents.iter().enumerate() {
            let part = if count > 1 { format!(", policy {} of {count}", index + 1) } else { String::new() };
            let _ = writeln!(text, "account {} ({}), for {who}{part}:", account.name, account.id);
            let _ = writeln!(text, "{}\n", serde_json::to_string_pretty(document)?);
        }
    }
    if let Some((role, policy)) = members {
        let _ = writeln!(text, "each member that joins by itself, for role {role}:");
        let _ = writeln!(text, "{}\n", serde_json::to_string_pretty(&of_any_account(policy))?);
    }
    Ok(text)
}

fn json(found: &[Permissions], members: Option<&(String, Value)>) -> Result<String, CliError> {
    let accounts = found.iter().map(|permissions| {
        let account = &permissions.account;
        json!({
            "account": { "name": account.name, "id": account.id },
            "role": account.access.role.as_ref().map(|role| &role.arn),
            "policy": permissions.policy,
            "documents": permissions.documents(),
        })
    });
    let mut document = json!({ "format_version": "1.1", "accounts": accounts.collect::<Vec<_>>() });
    if let Some((role, policy)) = members {
        document["members"] = json!({ "role": role, "policy": of_any_account(policy) });
    }
    pretty(&document)
}

/// The policy of a member with `*` in place of its id.
fn of_any_account(policy: &Value) -> Value {
    with_texts(policy, &|text| Value::String(text.replace(ANY_ACCOUNT, "*")))
}

/// A policy with each text replaced by a value.
fn with_texts(policy: &Value, replaced: &impl Fn(&str) -> Value) -> Value {
    match policy {
        Value::String(text) => replaced(text),
        Value::Array(items) => items.iter().map(|item| with_texts(item, replaced)).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), with_texts(value, replaced))).collect()
        }
        other => other.clone(),
    }
}

fn of_import(role: &str, format: PermissionsFormat) -> Result<String, CliError> {
    let (account, start) = import_permissions(role);
    match format {
        PermissionsFormat::Text => Ok(format!(
            "every account that is looked at:\n{}\nthe credentials that assume role {role} in other accounts:\n{}",
            pretty(&account)?,
            pretty(&start)?
        )),
        PermissionsFormat::Json => pretty(
            &json!({ "format_version": "1.1", "import": { "role": role, "policy": account, "start": start } }),
        ),
        PermissionsFormat::Cloudformation => pretty(&stack::template(role, &account)),
    }
}

/// What the user has to know besides the policies.
fn notes(found: &[Permissions], members: Option<&(String, Value)>) -> Vec<String> {
    let roles = found.iter().filter_map(|it| it.account.access.role.as_ref());
    let names = roles.filter_map(|role| role.arn.resource().rsplit('/').next());
    let names: Vec<&str> = names.chain(members.map(|(role, _)| role.as_str())).collect();
    let of_administrators = ADMINISTRATORS.into_iter().filter(|role| names.contains(role));
    of_administrators
        .map(|role| {
            format!(
                "note: role {role} has the permissions of an administrator: whoever may assume it can do anything in the \
                 account. reconcile limits its own sessions with a session policy; a role with the policy above limits \
                 everybody who assumes it."
            )
        })
        .collect()
}
