//! Reads the role with which CloudTrail delivers to log groups.

use futures::future::{join3, try_join};
use reconcile_aws::Session;
use reconcile_operations::{Error, Operation};
use reconcile_plan::observed::{OtherPolicy, ReadError};
use reconcile_plan::view::Role;
use reconcile_policy::{Document, Region};
use reconcile_spec::{DerivedNames, Installation, LogRole};

use super::error::found;
use super::page::{self, Next};

/// Reads the role with a name, and its managed inline policy; `None` if the role does not exist. If
/// the role has a policy under the previous name of the installation, reads this policy, because it
/// exists until `apply` replaces it.
///
/// # Errors
/// Returns [`ReadError::Policy`] if a document of the role is not a policy, or another error if a
/// call to IAM fails or its answer is incomplete.
pub async fn read(
    session: &Session,
    region: &Region,
    name: &str,
    policies: &DerivedNames,
) -> Result<Option<Role>, ReadError> {
    let iam = session.iam(region);
    let role = iam.get_role().role_name(name).send();
    let policy = async |policy: &str| {
        let call = iam.get_role_policy().role_name(name).policy_name(policy).send();
        let answer = found(session.call(Operation::GetRolePolicy, call).await)?;
        answer.map(|answer| parse(name, &answer.policy_document)).transpose()
    };
    let previous = async {
        match &policies.previous {
            Some(previous) => Ok(policy(previous).await?.map(|document| (previous, document))),
            None => Ok::<_, ReadError>(None),
        }
    };
    let (role, present, previous) =
        join3(session.call(Operation::GetRole, role), policy(&policies.present), previous).await;
    let Some(answer) = found(role)? else { return Ok(None) };
    let role = answer.role.ok_or_else(|| session.incomplete(Operation::GetRole, "Role"))?;
    let (policy_name, permissions) = match previous? {
        Some((name, document)) => (name, Some(document)),
        None => (&policies.present, present?),
    };
    Ok(Some(Role {
        trust: parse(name, role.assume_role_policy_document.as_deref().unwrap_or_default())?,
        policy_name: policy_name.clone(),
        permissions,
        boundary: role
            .permissions_boundary
            .and_then(|boundary| boundary.permissions_boundary_arn)
            .map(|arn| arn.parse())
            .transpose()
            .map_err(|_| ReadError::Incomplete {
                resource: format!("role {name}"),
                what: "its permissions boundary",
            })?,
        tags: role.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect(),
    }))
}

/// Reads a role of the spec.
///
/// # Errors
/// Returns [`ReadError::ForeignRole`] if the role does not have the tag of the installation, or the
/// errors of [`read`].
pub(super) async fn read_own(
    session: &Session,
    wanted: &LogRole,
    installation: &Installation,
) -> Result<Option<Role>, ReadError> {
    let name = wanted.name.as_str();
    let found = read(session, &wanted.site.region, name, &installation.log_policies()).await?;
    match found.as_ref().filter(|role| !role.tags.belong_to(installation)) {
        Some(role) => {
            let owner = role.tags.owner().map(str::to_owned);
            Err(ReadError::ForeignRole { name: name.to_owned(), owner })
        }
        None => Ok(found),
    }
}

/// Reads the inline and managed policies of a role that do not belong to the installation. Returns
/// no policies if the role does not exist.
///
/// # Errors
/// Returns [`ReadError::Policy`] if a document is not a policy, or another error if a call to IAM
/// fails or its answer is incomplete or does not end.
pub async fn others(
    session: &Session,
    region: &Region,
    name: &str,
    policies: &DerivedNames,
) -> Result<Vec<OtherPolicy>, ReadError> {
    let iam = &session.iam(region);
    let inline = page::all(session, Operation::ListRolePolicies, |marker| async move {
        let call = iam.list_role_policies().role_name(name).set_marker(marker).send();
        let page = found(session.call(Operation::ListRolePolicies, call).await)?;
        let Some(page) = page else { return Ok::<_, Error>((Vec::new(), Next::End)) };
        Ok((page.policy_names, Next::truncated(page.is_truncated, page.marker)))
    });
    let managed = page::all(session, Operation::ListAttachedRolePolicies, |marker| async move {
        let call = iam.list_attached_role_policies().role_name(name).set_marker(marker).send();
        let page = found(session.call(Operation::ListAttachedRolePolicies, call).await)?;
        let Some(page) = page else { return Ok::<_, Error>((Vec::new(), Next::End)) };
        let attached = page
            .attached_policies
            .ok_or_else(|| session.incomplete(Operation::ListAttachedRolePolicies, "AttachedPolicies"))?;
        Ok((attached, Next::truncated(page.is_truncated, page.marker)))
    });
    let (inline, managed) = try_join(inline, managed).await?;
    let mut others = Vec::new();
    for policy in inline.into_iter().filter(|policy| !policies.has(policy)) {
        let call = iam.get_role_policy().role_name(name).policy_name(&policy).send();
        if let Some(answer) = found(session.call(Operation::GetRolePolicy, call).await)? {
            let document = Some(parse(name, &answer.policy_document)?);
            others.push(OtherPolicy { name: policy, document });
        }
    }
    let managed = managed.into_iter().filter_map(|policy| policy.policy_arn);
    others.extend(managed.map(|name| OtherPolicy { name, document: None }));
    Ok(others)
}

/// Parses a document of IAM, which is percent-encoded. See `GetRole` in the IAM API reference.
fn parse(role: &str, text: &str) -> Result<Document, ReadError> {
    let text = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
    text.parse().map_err(|error| ReadError::Policy { resource: format!("role {role}"), error })
}
