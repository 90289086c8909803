//! `reconcile permissions`

mod stack;

use std::fmt;

use reconcile_operations::{
    ANY_ACCOUNT, Mode, Permissions, Run, import_permissions, member_permissions, permissions,
};
use reconcile_spec::RolePath;
use reconcile_text::Text;
use serde_json::{Value, json};

use crate::args::{MEMBER_ROLE, PermissionsArgs, PermissionsFormat, PermissionsMode};
use crate::error::CliError;
use crate::exit::Exit;
use crate::{files, output};

/// Roles of administrators that AWS itself creates in member accounts. See "Accessing member
/// accounts in an organization" in the Organizations user guide, and "How AWS Control Tower works
/// with roles" in its user guide.
const ADMINISTRATORS: [&str; 2] = [MEMBER_ROLE, "AWSControlTowerExecution"];

pub(crate) fn run(args: &PermissionsArgs) -> Result<Exit, CliError> {
    let Some(path) = &args.spec else {
        let role = args.import.as_ref().map_or(MEMBER_ROLE, RolePath::as_str);
        print_import_permissions(role, args.format)?;
        return Ok(Exit::Ok);
    };
    let spec = files::read_spec(path)?;
    let mode = match args.mode {
        PermissionsMode::Plan => Mode::Plan,
        PermissionsMode::Apply => Mode::Apply,
        PermissionsMode::Verify => Mode::Verify,
    };
    let run = Run { mode, blame: args.blame, replicas: args.replicas, freshness: args.freshness };
    let found = permissions(spec.desired(), run);
    let members = member_permissions(&spec, run);
    match args.format {
        PermissionsFormat::Text => output::print(&text(&found, members.as_ref())?)?,
        PermissionsFormat::Json => print_json(&json(&found, members.as_ref()))?,
        PermissionsFormat::Cloudformation => {
            let (role, policy) = members.as_ref().ok_or(CliError::NoMembers)?;
            print_json(&stack::template(role, policy))?;
        }
    }
    for note in notes(&found, members.as_ref()) {
        output::note(note);
    }
    Ok(Exit::Ok)
}

fn print_json(document: &Value) -> Result<(), CliError> {
    output::print_json(&(serde_json::to_string_pretty(document)? + "\n"))
}

fn text(found: &[Permissions], members: Option<&(String, Value)>) -> Result<Text, CliError> {
    let mut text = Text::default();
    let mut add = |title: fmt::Arguments<'_>, document: &Value| -> Result<(), CliError> {
        text.line(title);
        text.lines(&serde_json::to_string_pretty(document)?);
        text.blank();
        Ok(())
    };
    for permissions in found {
        let account = &permissions.account;
        let who = match &account.access.role {
            Some(role) => format!("role {}", role.arn),
            None => "the current credentials".to_owned(),
        };
        let documents = permissions.documents();
        let count = documents.len();
        for (index, document) in documents.iter().enumerate() {
            let part = if count > 1 { format!(", policy {} of {count}", index + 1) } else { String::new() };
            add(format_args!("account {} ({}), for {who}{part}:", account.name, account.id), document)?;
        }
    }
    if let Some((role, policy)) = members {
        let title = format_args!("each member that joins automatically, for role {role}:");
        add(title, &with_any_account(policy))?;
    }
    Ok(text)
}

fn json(found: &[Permissions], members: Option<&(String, Value)>) -> Value {
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
        document["members"] = json!({ "role": role, "policy": with_any_account(policy) });
    }
    document
}

/// Returns the policy of a member with `*` in place of its ID.
fn with_any_account(policy: &Value) -> Value {
    with_texts(policy, &|text| Value::String(text.replace(ANY_ACCOUNT, "*")))
}

/// Returns a policy in which each text is replaced by a value.
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

fn print_import_permissions(role: &str, format: PermissionsFormat) -> Result<(), CliError> {
    let (account, start) = import_permissions(role);
    match format {
        PermissionsFormat::Text => {
            let mut text = Text::default();
            text.line("every account that `import` reads:");
            text.lines(&serde_json::to_string_pretty(&account)?);
            text.blank();
            text.line(format_args!("the credentials that assume role {role} in other accounts:"));
            text.lines(&serde_json::to_string_pretty(&start)?);
            output::print(&text)
        }
        PermissionsFormat::Json => print_json(
            &json!({ "format_version": "1.1", "import": { "role": role, "policy": account, "start": start } }),
        ),
        PermissionsFormat::Cloudformation => print_json(&stack::template(role, &account)),
    }
}

/// Notes about the policies.
fn notes(found: &[Permissions], members: Option<&(String, Value)>) -> Vec<String> {
    let roles = found.iter().filter_map(|it| it.account.access.role.as_ref());
    let names = roles.filter_map(|role| role.arn.resource().rsplit('/').next());
    let names: Vec<&str> = names.chain(members.map(|(role, _)| role.as_str())).collect();
    let of_administrators = ADMINISTRATORS.into_iter().filter(|role| names.contains(role));
    of_administrators
        .map(|role| {
            format!(
                "note: role {role} has the permissions of an administrator: whoever can assume this role can do \
                 anything in the account. reconcile limits its own sessions with a session policy; to limit \
                 everyone who assumes the role, use a role with the policy above."
            )
        })
        .collect()
}
