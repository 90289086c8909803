//! Implements Organizations. The accounts of the twin are one organization, whose management
//! account is the ambient account, unless the setup names another account.

pub(super) mod access;
mod account;
mod unit;

use std::ops::Bound;

use bytes::Bytes;
use serde_json::{Value, json};

use super::json::{Operation, optional, read, write};
use super::page;
use crate::caller::Caller;
use crate::fault::Fault;
use crate::state::{State, partition};

/// The ID of the organization.
pub const ID: &str = "o-twin000000";
/// The ID of the root.
const ROOT: &str = "r-twin";
/// The maximum number of entries of a page, whatever the request specifies.
const PAGE: usize = 20;

pub(super) const OPERATIONS: &[Operation] = &[
    read("DescribeOrganization", account::describe_organization),
    read("ListAccounts", account::list),
    read("ListAccountsForParent", account::list_for_parent),
    read("ListTagsForResource", account::tags),
    read("ListRoots", unit::roots),
    read("ListOrganizationalUnitsForParent", unit::list),
    read("ListAWSServiceAccessForOrganization", access::list),
    write("EnableAWSServiceAccess", access::enable),
    write("DisableAWSServiceAccess", access::disable),
    read("ListDelegatedAdministrators", access::list_administrators),
    write("RegisterDelegatedAdministrator", access::register),
    write("DeregisterDelegatedAdministrator", access::deregister),
];

/// The management account.
pub(crate) fn management(state: &State) -> String {
    let first = || state.accounts.keys().next().cloned();
    state.organization.management.clone().or_else(|| state.ambient.clone()).or_else(first).unwrap_or_default()
}

/// The path of an account in the organization, as in `aws:SourceOrgPaths` and similar keys.
pub(crate) fn path_of(state: &State, account: &str) -> String {
    let units = &state.organization.units;
    let mut path = String::new();
    let mut unit = state.accounts.get(account).and_then(|account| account.unit.as_deref());
    // The number of units limits the depth to which a unit is nested.
    for _ in 0..units.len() {
        let Some((id, found)) = unit.and_then(|id| units.get_key_value(id)) else { break };
        path.insert_str(0, &format!("{id}/"));
        unit = Some(&found.parent);
    }
    format!("{ID}/{ROOT}/{path}")
}

/// Rejects a caller that is neither the management account nor a delegated administrator for any
/// service.
fn may_look(state: &State, caller: Caller<'_>) -> Result<(), Fault> {
    let mut delegated = state.organization.delegated_administrators.values();
    if caller.account == management(state) || delegated.any(|accounts| accounts.contains(caller.account)) {
        return Ok(());
    }
    Err(denied())
}

/// Rejects a caller other than the management account.
fn may_change(state: &State, caller: Caller<'_>) -> Result<(), Fault> {
    if caller.account == management(state) { Ok(()) } else { Err(denied()) }
}

fn denied() -> Fault {
    Fault::bad("AccessDeniedException", "You don't have permissions to access this resource.")
}

/// The ARN of a resource of the organization, such as `account/o-…/111111111111`.
///
/// See "Resource types defined by AWS Organizations" in the service authorization reference.
fn arn(state: &State, caller: Caller<'_>, resource: &str) -> String {
    format!("arn:{}:organizations::{}:{resource}", partition(caller.region), management(state))
}

/// Removes members that AWS has retired from an answer: `Status` of accounts, which `State`
/// replaces.
///
/// See `Account` in the Organizations API reference.
pub(crate) fn without_retired(operation: &str, response: http::Response<Bytes>) -> http::Response<Bytes> {
    if !matches!(operation, "organizations:ListAccounts" | "organizations:ListAccountsForParent") {
        return response;
    }
    let Ok(mut answer) = serde_json::from_slice::<Value>(response.body()) else { return response };
    for account in answer["Accounts"].as_array_mut().into_iter().flatten() {
        account.as_object_mut().map(|account| account.remove("Status"));
    }
    response.map(|_| answer.to_string().into())
}

/// Returns the start of the requested page.
fn start(input: &Value) -> Result<(Bound<&str>, Bound<&str>), Fault> {
    page::start(optional(input, "NextToken")).map_err(|page::UnknownToken| {
        Fault::bad("InvalidInputException", "You provided a value for NextToken that is not valid.")
    })
}

/// Returns a page of the list with this name.
fn page<K: AsRef<str> + Copy, T>(
    name: &str,
    entries: impl IntoIterator<Item = (K, T)>,
    show: impl FnMut(K, T) -> Value,
) -> Value {
    let (items, next) = page::page(entries, PAGE, show);
    let mut answer = json!({ name: items });
    if let Some(next) = next {
        answer["NextToken"] = json!(next);
    }
    answer
}
