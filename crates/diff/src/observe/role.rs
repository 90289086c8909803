//! Reads the role with which CloudTrail delivers to log groups.

use reconcile_aws::{Operation, Session};
use reconcile_policy::{Document, Region};

use super::error::{ReadError, found};
use crate::view::Role;

/// The role of this name, with its inline policy of that name; `None` where there is none.
///
/// # Errors
/// [`ReadError::Policy`] where one of its documents is not a policy; whatever IAM answered.
pub async fn read(
    session: &Session,
    region: &Region,
    name: &str,
    policy_name: &str,
) -> Result<Option<Role>, ReadError> {
    let iam = session.iam(region);
    let role = iam.get_role().role_name(name).send();
    let policy = iam.get_role_policy().role_name(name).policy_name(policy_name).send();
    let (role, policy) = futures::future::join(
        session.call(Operation::GetRole, role),
        session.call(Operation::GetRolePolicy, policy),
    )
    .await;
    let Some(role) = found(role)?.and_then(|answer| answer.role) else { return Ok(None) };
    let policy = found(policy)?.map(|answer| answer.policy_document);
    Ok(Some(Role {
        trust: parse(name, role.assume_role_policy_document.as_deref().unwrap_or_default())?,
        policy_name: policy_name.to_owned(),
        permissions: policy.map(|text| parse(name, &text)).transpose()?,
        tags: role.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect(),
    }))
}

/// IAM gives documents percent-encoded. See `GetRole` in the IAM API reference.
fn parse(role: &str, text: &str) -> Result<Document, ReadError> {
    let text = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
    text.parse().map_err(|error| ReadError::Policy { resource: format!("role {role}"), error })
}
