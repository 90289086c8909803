//! The organization itself, and its accounts.

use serde_json::{Value, json};

use super::super::Caller;
use super::super::json::required;
use super::{ID, ROOT, arn, management, may_look, page};
use crate::fault::Fault;
use crate::state::{Account, State};

pub(super) fn describe_organization(
    state: &mut State,
    caller: Caller<'_>,
    _: &Value,
) -> Result<Value, Fault> {
    let management = management(state);
    Ok(json!({ "Organization": {
        "Id": ID,
        "Arn": arn(state, caller, &format!("organization/{ID}")),
        "FeatureSet": "ALL",
        "MasterAccountId": management,
        "MasterAccountArn": arn(state, caller, &format!("account/{ID}/{management}")),
    }}))
}

pub(super) fn list(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    may_look(state, caller)?;
    Ok(page("Accounts", &details(state, caller, |_| true), input))
}

pub(super) fn list_for_parent(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    may_look(state, caller)?;
    let parent = required(input, "ParentId")?;
    let is_in = |account: &Account| account.unit.as_deref().unwrap_or(ROOT) == parent;
    Ok(page("Accounts", &details(state, caller, is_in), input))
}

fn details(state: &State, caller: Caller<'_>, is_asked: impl Fn(&Account) -> bool) -> Vec<Value> {
    let accounts = state.accounts.iter().filter(|(_, account)| is_asked(account));
    let details = accounts.map(|(id, account)| {
        let usual = if account.suspended { "SUSPENDED" } else { "ACTIVE" };
        json!({
            "Id": id,
            "Arn": arn(state, caller, &format!("account/{ID}/{id}")),
            "Name": account.name,
            "Email": format!("{id}@twin.invalid"),
            "Status": usual,
            "State": account.state.as_deref().unwrap_or(usual),
            "JoinedMethod": "CREATED",
        })
    });
    details.collect()
}

/// Tags of an account; nothing else of the twin's organization has any.
pub(super) fn tags(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    may_look(state, caller)?;
    let id = required(input, "ResourceId")?;
    let account = state.accounts.get(id).ok_or_else(|| {
        Fault::bad("TargetNotFoundException", format!("there is no account {id} in the organization"))
    })?;
    let tags = account.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
    Ok(page("Tags", &tags.collect::<Vec<_>>(), input))
}
