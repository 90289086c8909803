//! Conditions that limit an action if its ARN cannot.

use std::collections::BTreeMap;

use reconcile_policy::{Arn, CLOUDTRAIL};
use reconcile_spec::{Account, Desired, OWNER_TAG};
use serde_json::{Value, json};

use super::{Allowed, resources};
use crate::Operation;
use crate::operation::ResourceScope;

/// Returns the resources and conditions with which an operation is allowed in an account. One of
/// them is enough.
pub(super) fn allowed(desired: &Desired, account: &Account, operation: Operation) -> Vec<Allowed> {
    let resources_of = |scope| resources(desired, account, scope);
    let on = |resources: Vec<String>, condition: Option<Value>| Allowed {
        resources,
        condition: condition.map(|it| it.to_string()),
    };
    let narrowed = |condition| vec![on(resources_of(operation.scope()), Some(condition))];
    match operation {
        // Foreign trails are never deleted. CloudTrail supports conditions on the tags of trails:
        // see "Actions, resources, and condition keys for AWS CloudTrail" in the service
        // authorization reference.
        Operation::DeleteTrail => narrowed(ours(desired)),
        // See "Actions, resources, and condition keys for AWS Organizations".
        Operation::EnableServiceAccess | Operation::ListDelegatedAdministrators => {
            narrowed(json!({ "StringEquals": { "organizations:ServicePrincipal": CLOUDTRAIL } }))
        }
        // A caller with these permissions cannot give a role more than the boundary allows. See
        // "Delegating responsibility to others using permissions boundaries" in the IAM user guide.
        Operation::CreateRole | Operation::PutRolePolicy | Operation::PutRolePermissionsBoundary => {
            bounded_roles(desired, account)
        }
        // The managed key is searched among all keys of the account by its tags.
        Operation::DescribeKey | Operation::ListResourceTags => {
            vec![on(resources_of(ResourceScope::Key), None)]
        }
        // A new operation is allowed on all resources of its scope.
        other => match other.scope() {
            scope @ (ResourceScope::Key | ResourceScope::KeyAndAlias) => keys(desired, resources_of(scope)),
            scope @ (ResourceScope::Nothing
            | ResourceScope::Everything
            | ResourceScope::Roles
            | ResourceScope::Bucket
            | ResourceScope::OwnTrails
            | ResourceScope::AllTrails
            | ResourceScope::LogGroups
            | ResourceScope::AllLogGroups
            | ResourceScope::Alarms
            | ResourceScope::AlarmTopics
            | ResourceScope::LogRoles
            | ResourceScope::Topics
            | ResourceScope::ExistingTopics
            | ResourceScope::AllKeys
            | ResourceScope::Lock
            | ResourceScope::LogFiles) => vec![on(resources_of(scope), None)],
        },
    }
}

/// The keys under each of their conditions, and the alias without a condition. KMS also checks the
/// permission on the alias itself, and an alias has neither aliases nor tags.
fn keys(desired: &Desired, resources: Vec<String>) -> Vec<Allowed> {
    let (aliases, keys): (Vec<_>, Vec<_>) = resources.into_iter().partition(|it| it.contains(":alias/"));
    let alone = (!aliases.is_empty()).then_some(Allowed { resources: aliases, condition: None });
    let of_keys = key_conditions(desired).into_iter();
    let of_keys = of_keys
        .map(|condition| Allowed { resources: keys.clone(), condition: condition.map(|it| it.to_string()) });
    alone.into_iter().chain(of_keys).collect()
}

/// The roles that are created, each with its permissions boundary.
fn bounded_roles(desired: &Desired, account: &Account) -> Vec<Allowed> {
    let mut by_boundary: BTreeMap<Option<&Arn>, Vec<String>> = BTreeMap::new();
    for role in desired.log_roles.iter().filter(|role| role.site.account == account.name) {
        by_boundary.entry(role.boundary.as_ref()).or_default().push(role.arn.to_string());
    }
    let condition = |arn: &Arn| json!({ "StringEquals": { "iam:PermissionsBoundary": arn } }).to_string();
    let roles = by_boundary.into_iter();
    roles.map(|(boundary, resources)| Allowed { resources, condition: boundary.map(condition) }).collect()
}

/// The conditions that identify the key, whose ID is not known in advance: its alias or its tag.
/// Both are needed, because the alias is created after the key, and an adopted key has no tag yet.
///
/// See "ABAC for AWS KMS" in the KMS developer guide.
fn key_conditions(desired: &Desired) -> Vec<Option<Value>> {
    let Some(alias) = desired.key.identity.alias() else { return vec![None] };
    let by_alias = json!({ "ForAnyValue:StringEquals": { "kms:ResourceAliases": alias.with_prefix() } });
    vec![Some(ours(desired)), Some(by_alias)]
}

/// The condition that a resource has the tag of the installation, under its current or its previous
/// name.
fn ours(desired: &Desired) -> Value {
    let installation = &desired.installation;
    let names = std::iter::once(installation.name()).chain(installation.previous());
    let names: Vec<String> = names.map(ToString::to_string).collect();
    json!({ "StringEquals": { format!("aws:ResourceTag/{OWNER_TAG}"): names } })
}
