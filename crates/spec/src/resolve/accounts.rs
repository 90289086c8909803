//! Resolves the accounts and their credentials.

use std::collections::BTreeMap;

use reconcile_policy::{AccountId, Arn, Partition, Region};

use crate::desired::{Access, Account, RoleAccess, Secret};
use crate::names::{AccountName, RolePath, SpecName};
use crate::problems::Problems;
use crate::raw::{Located, RawAccount, RawAccounts};

pub(super) struct Accounts<'r> {
    pub(super) resolved: Vec<Account>,
    pub(super) declared: BTreeMap<&'r str, Option<AccountId>>,
}

pub(super) fn resolve<'r>(
    raw: &'r RawAccounts,
    spec: &SpecName,
    region: Option<&Region>,
    problems: &mut Problems,
) -> Accounts<'r> {
    let partition = region.map_or(Partition::Aws, Region::partition);
    let mut accounts = Accounts { resolved: Vec::new(), declared: BTreeMap::new() };
    let mut names_by_id: BTreeMap<AccountId, &str> = BTreeMap::new();
    let mut ambient: Option<&str> = None;

    for (name, account) in &raw.0 {
        let located = Located { value: name.clone(), place: account.place };
        let parsed: Option<AccountName> = problems.name(&located, "");
        let id = resolve_id(&account.value, problems);
        if let Some(id) = &id
            && let Some(other) = names_by_id.insert(id.clone(), name)
        {
            problems.add(
                account.value.id.place,
                format!("account {id} is declared twice, as `{other}` and as `{name}`"),
                "keep one of them",
            );
        }
        if account.value.role.is_none()
            && account.value.profile.is_none()
            && let Some(other) = ambient.replace(name)
        {
            problems.add(
                account.place,
                format!("neither `{other}` nor `{name}` has a `role` or a `profile`"),
                "the current credentials belong to only one account: add a `role` to the other accounts",
            );
        }
        let access = resolve_access(&account.value, id.as_ref(), spec, partition, problems);
        accounts.declared.insert(name, id.clone());
        if let (Some(name), Some(id), Some(access)) = (parsed, id, access) {
            accounts.resolved.push(Account { name, id, access });
        }
    }
    accounts
}

fn resolve_id(raw: &RawAccount, problems: &mut Problems) -> Option<AccountId> {
    let located = Located { value: raw.id.value.0.clone(), place: raw.id.place };
    problems.name(&located, "")
}

fn resolve_access(
    raw: &RawAccount,
    id: Option<&AccountId>,
    spec: &SpecName,
    partition: Partition,
    problems: &mut Problems,
) -> Option<Access> {
    let Some(role) = &raw.role else {
        for (name, value) in [("external_id", &raw.external_id), ("session_name", &raw.session_name)] {
            if let Some(value) = value {
                problems.add(
                    value.place,
                    format!("`{name}` requires a `role`"),
                    "add a `role`, or remove this setting",
                );
            }
        }
        return Some(Access { profile: raw.profile.clone(), role: None });
    };
    let arn = resolve_role(role, id?, partition, problems);
    let external_id = raw.external_id.as_ref().and_then(|id| check_external_id(id, problems));
    let session_name = match &raw.session_name {
        Some(name) => check_session_name(name, problems),
        None => Some(format!("reconcile-{spec}")),
    };
    let role = RoleAccess { arn: arn?, external_id, session_name: session_name? };
    Some(Access { profile: raw.profile.clone(), role: Some(role) })
}

/// Returns the ARN of a role, given its ARN or its name, which can have a path.
fn resolve_role(
    role: &Located<String>,
    id: &AccountId,
    partition: Partition,
    problems: &mut Problems,
) -> Option<Arn> {
    let text = &role.value;
    if text.starts_with("arn:") {
        let arn: Arn = problems.name(role, "")?;
        if arn.service() != "iam" || !arn.resource().strip_prefix("role/").is_some_and(is_role) {
            let message = format!("`{arn}` is not the ARN of a role");
            problems.add(role.place, message, "write it as in `arn:aws:iam::111122223333:role/Audit`");
            return None;
        }
        if arn.partition() != partition.as_str() {
            let message = format!(
                "the role is in the partition `{}`, and the bucket is in `{partition}`",
                arn.partition()
            );
            problems.add(role.place, message, "write a separate spec for each partition");
            return None;
        }
        if arn.account() != id.as_str() {
            let message = format!("the role belongs to account {}, not to {id}", arn.account());
            problems.add(role.place, message, "use a role of this account");
            return None;
        }
        return Some(arn);
    }
    if is_role(text) {
        return Some(Arn::new(partition, "iam", "", id.as_str(), &format!("role/{text}")));
    }
    problems.add(
        role.place,
        format!("`{text}` is not the name or ARN of a role"),
        "use 1 to 64 letters, digits and +=,.@_-, after the path, if the role has a path",
    );
    None
}

/// Whether a text is the name of a role, after its path if it has one.
fn is_role(text: &str) -> bool {
    text.parse::<RolePath>().is_ok()
}

/// Parses the session name. See `AssumeRole` in the STS API reference.
fn check_session_name(name: &Located<String>, problems: &mut Problems) -> Option<String> {
    let text = &name.value;
    let is_valid = (2..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b));
    if !is_valid {
        problems.add(
            name.place,
            format!("`{text}` is not a session name"),
            "use 2 to 64 letters, digits and +=,.@_-",
        );
        return None;
    }
    Some(text.clone())
}

/// Parses the external ID. Reports a problem, without the ID itself, if STS would reject it.
///
/// See `AssumeRole` in the STS API reference.
fn check_external_id(id: &Located<String>, problems: &mut Problems) -> Option<Secret> {
    let text = &id.value;
    let is_valid = (2..=1224).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&b));
    if !is_valid {
        problems.add(
            id.place,
            "STS does not accept the external id",
            "use 2 to 1224 letters, digits and _+=,.@:/-",
        );
        return None;
    }
    Some(Secret::new(text))
}
