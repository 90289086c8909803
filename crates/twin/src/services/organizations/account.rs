//! Implements the organization and its accounts.

use serde_json::{Value, json};

use super::super::json::required;
use super::{ID, ROOT, arn, management, may_look, page, start};
use crate::caller::Caller;
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
    let accounts = state.accounts.range::<str, _>(start(input)?);
    Ok(page("Accounts", accounts, |id, account| details(state, caller, id, account)))
}

pub(super) fn list_for_parent(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    may_look(state, caller)?;
    let parent = required(input, "ParentId")?;
    let is_in = |account: &Account| account.unit.as_deref().unwrap_or(ROOT) == parent;
    let accounts = state.accounts.range::<str, _>(start(input)?).filter(|(_, account)| is_in(account));
    Ok(page("Accounts", accounts, |id, account| details(state, caller, id, account)))
}

fn details(state: &State, caller: Caller<'_>, id: &str, account: &Account) -> Value {
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
}

/// Returns the tags of an account. No other resource of the organization of the twin has tags.
pub(super) fn tags(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    may_look(state, caller)?;
    let id = required(input, "ResourceId")?;
    let account = state.accounts.get(id).ok_or_else(|| {
        Fault::bad("TargetNotFoundException", format!("there is no account {id} in the organization"))
    })?;
    let tags = account.tags.range::<str, _>(start(input)?);
    Ok(page("Tags", tags, |key, value| json!({ "Key": key, "Value": value })))
}
