//! Turns a spec into the least that has to be allowed in each account for running it. Pure.
//!
//! It is derived from the table of operations, so that it cannot forget one that the program calls.

use std::collections::BTreeMap;

use reconcile_policy::Partition;
use reconcile_spec::{Account, Desired};
use serde_json::{Value, json};

use crate::Operation;
use crate::operation::{Place, Scope};

/// What is to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `plan`, `drift` and `explain`, which only read.
    Plan,
    /// `apply`, which reads and writes.
    Apply,
}

/// What has to be allowed in one account.
#[derive(Debug, Clone, PartialEq)]
pub struct Permissions {
    /// The account.
    pub account: Account,
    /// An identity-based policy, for the role or user that acts in it.
    pub policy: Value,
}

/// The policies of all accounts of a spec, in the order of the spec. An account in which nothing is done is left out.
///
/// See "Actions, resources, and condition keys for AWS services" in the service authorization reference.
pub fn permissions(desired: &Desired, mode: Mode) -> Vec<Permissions> {
    let accounts = desired.accounts.iter();
    accounts
        .filter_map(|account| {
            let policy = policy(desired, account, mode)?;
            Some(Permissions { account: account.clone(), policy })
        })
        .collect()
}

fn policy(desired: &Desired, account: &Account, mode: Mode) -> Option<Value> {
    let mut actions: BTreeMap<Vec<String>, Vec<&'static str>> = BTreeMap::new();
    for operation in Operation::ALL.iter().filter(|it| mode == Mode::Apply || it.is_read()) {
        if !is_of(desired, account, operation.place()) || !is_used(desired, *operation) {
            continue;
        }
        let resources = resources(desired, account, operation.scope());
        let of_resource = actions.entry(resources).or_default();
        if !of_resource.contains(&operation.action()) {
            of_resource.push(operation.action());
        }
    }
    let statements: Vec<Value> = actions
        .into_iter()
        .filter(|(resources, _)| !resources.is_empty())
        .map(|(resources, actions)| json!({ "Effect": "Allow", "Action": actions, "Resource": resources }))
        .collect();
    (!statements.is_empty()).then(|| json!({ "Version": "2012-10-17", "Statement": statements }))
}

/// Whether operations of this place are made in the account.
fn is_of(desired: &Desired, account: &Account, place: Place) -> bool {
    let name = &account.name;
    match place {
        // From where the roles of the others are assumed.
        Place::Start => account.access.role.is_none(),
        Place::Organization => desired.organization.as_ref().is_some_and(|it| it.account == *name),
        Place::Key => desired.key.site.account == *name,
        Place::Bucket => desired.bucket.site.account == *name,
        Place::Trails => {
            desired.trails.iter().any(|trail| trail.site.account == *name)
                || desired.bucket.site.account == *name
        }
    }
}

/// Whether the spec manages what the operation is for.
fn is_used(desired: &Desired, operation: Operation) -> bool {
    let bucket = &desired.bucket;
    match operation {
        Operation::GetBucketLifecycleConfiguration | Operation::PutBucketLifecycleConfiguration => {
            bucket.lifecycle.enforced().is_some()
        }
        Operation::GetObjectLockConfiguration | Operation::PutObjectLockConfiguration => {
            bucket.object_lock.enforced().is_some()
        }
        Operation::GetBucketLogging | Operation::PutBucketLogging => bucket.access_logs.enforced().is_some(),
        Operation::GetInsightSelectors | Operation::PutInsightSelectors => {
            desired.trails.iter().any(|trail| trail.insights.is_some())
        }
        _ => true,
    }
}

fn resources(desired: &Desired, account: &Account, scope: Scope) -> Vec<String> {
    let region = &desired.key.site.region;
    let partition: Partition = region.partition();
    let id = &account.id;
    match scope {
        Scope::Nothing => Vec::new(),
        Scope::Everything => vec!["*".to_owned()],
        Scope::Roles => {
            let same_start = desired.accounts.iter().filter(|it| it.access.profile == account.access.profile);
            let roles = same_start.filter_map(|it| it.access.role.as_ref());
            let mut roles: Vec<String> = roles.map(|role| role.arn.to_string()).collect();
            // Who joins by itself is not known before.
            if let Some(role) = desired.organization.as_ref().and_then(|it| it.role.as_ref()) {
                roles.push(format!("arn:{partition}:iam::*:role/{role}"));
            }
            roles
        }
        // The id of a key is known only when it is there.
        Scope::Key => vec![format!("arn:{partition}:kms:{region}:{id}:key/*")],
        Scope::KeyAndAlias => vec![
            format!("arn:{partition}:kms:{region}:{id}:{}", desired.key.alias.with_prefix()),
            format!("arn:{partition}:kms:{region}:{id}:key/*"),
        ],
        Scope::Bucket => vec![format!("arn:{partition}:s3:::{}", desired.bucket.name)],
        Scope::OwnTrails => {
            let own = desired.trails.iter().filter(|trail| trail.site.account == account.name);
            own.map(|trail| trail.arn.to_string()).collect()
        }
        // Trails that the spec has no more are looked for and removed.
        Scope::AllTrails => vec![format!("arn:{partition}:cloudtrail:*:{id}:trail/*")],
    }
}
