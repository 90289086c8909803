//! Organizations: the accounts of the twin are one organization, and the ambient account manages it.

use serde_json::{Value, json};

use super::Caller;
use super::json::{Operation, optional, read};
use crate::fault::Fault;
use crate::state::State;

pub(crate) const ID: &str = "o-twin000000";
/// `ListAccounts` gives no more at once, whatever it is asked for.
const PAGE: usize = 20;

pub(super) const OPERATIONS: &[Operation] =
    &[read("DescribeOrganization", describe_organization), read("ListAccounts", list_accounts)];

fn management(state: &State) -> String {
    let first = || state.accounts.keys().next().cloned();
    state.ambient.clone().or_else(first).unwrap_or_default()
}

fn describe_organization(state: &mut State, _: Caller<'_>, _: &Value) -> Result<Value, Fault> {
    let management = management(state);
    Ok(json!({ "Organization": {
        "Id": ID,
        "Arn": format!("arn:aws:organizations::{management}:organization/{ID}"),
        "FeatureSet": "ALL",
        "MasterAccountId": management,
        "MasterAccountArn": format!("arn:aws:organizations::{management}:account/{ID}/{management}"),
    }}))
}

fn list_accounts(state: &mut State, caller: Caller<'_>, input: &Value) -> Result<Value, Fault> {
    let management = management(state);
    if caller.account != management {
        return Err(Fault::bad(
            "AccessDeniedException",
            "You don't have permissions to access this resource.",
        ));
    }
    let after = optional(input, "NextToken").unwrap_or_default();
    let mut accounts = state.accounts.iter().filter(|(id, _)| id.as_str() > after);
    let page: Vec<Value> = accounts
        .by_ref()
        .take(PAGE)
        .map(|(id, account)| {
            json!({
                "Id": id,
                "Arn": format!("arn:aws:organizations::{management}:account/{ID}/{id}"),
                "Name": account.name,
                "Email": format!("{id}@twin.invalid"),
                "Status": if account.suspended { "SUSPENDED" } else { "ACTIVE" },
                "State": if account.suspended { "SUSPENDED" } else { "ACTIVE" },
                "JoinedMethod": "CREATED",
            })
        })
        .collect();
    let last = page.last().map(|account| account["Id"].clone());
    let mut answer = json!({ "Accounts": page });
    if let (Some(last), true) = (last, accounts.next().is_some()) {
        answer["NextToken"] = last;
    }
    Ok(answer)
}
