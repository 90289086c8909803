//! Derives the least-privilege IAM policies of each account from a spec, without calls to AWS.
//!
//! The policies are derived from the table of operations, so they contain every operation that the
//! program calls.

mod implied;
mod narrowed;
mod session_policy;
mod size;

use std::collections::{BTreeMap, BTreeSet};

use reconcile_policy::{AccountId, Arn, Partition};
use reconcile_spec::{Account, AtRest, Desired, KeyIdentity, Lock, Spec, Trail};
use serde_json::{Value, json};

use crate::Operation;
use crate::operation::{AccountRole, ResourceScope};
use implied::{Implied, implied};

pub use session_policy::SessionPolicy;

/// The command that needs permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// `plan`, `drift` and `explain`, which only read.
    Plan,
    /// `apply`, which reads and writes.
    Apply,
    /// `verify`, which reads and decrypts log files.
    Verify,
}

/// A command with the options that affect permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The command.
    pub mode: Mode,
    /// Whether recorded events are read (`--blame`).
    pub blame: bool,
    /// Whether replicas agree on a leader (`--replicas`).
    pub replicas: bool,
    /// Whether digests are listed (`--freshness`).
    pub freshness: bool,
}

impl From<Mode> for Run {
    fn from(mode: Mode) -> Self {
        Self { mode, blame: false, replicas: false, freshness: false }
    }
}

/// The permissions that one account needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Permissions {
    /// The account.
    pub account: Account,
    /// An identity-based policy for the role or user that makes the calls in the account.
    pub policy: Value,
}

impl Permissions {
    /// The policy, split into documents that each fit a managed policy of IAM.
    pub fn documents(&self) -> Vec<Value> {
        size::documents(&self.policy)
    }
}

/// Returns the policies of all accounts of a spec, in the order of the spec. Omits accounts in
/// which no operation is called.
///
/// See "Actions, resources, and condition keys for AWS services" in the service authorization
/// reference.
pub fn permissions(desired: &Desired, run: impl Into<Run>) -> Vec<Permissions> {
    let (run, accounts) = (run.into(), desired.accounts.iter());
    accounts
        .filter_map(|account| {
            let policy = policy(desired, account, run)?;
            Some(Permissions { account: account.clone(), policy })
        })
        .collect()
}

/// Returns the name of the role of members that join the organization, and the policy of this role,
/// with [`ANY_ACCOUNT`] as the ID of the member. Returns `None` if the spec has no role for
/// members.
pub fn member_permissions(spec: &Spec, run: impl Into<Run>) -> Option<(String, Value)> {
    let role = spec.desired().organization.as_ref()?.role.clone()?;
    let id: AccountId = ANY_ACCOUNT.parse().ok()?;
    if spec.desired().accounts.iter().any(|account| account.id == id) {
        return None;
    }
    let spec = spec.with_sample_member(&id)?;
    let member = spec.desired().accounts.iter().find(|account| account.id == id)?;
    Some((role, policy(spec.desired(), member, run.into())?))
}

/// The placeholder for the ID of a member in its policy.
pub const ANY_ACCOUNT: &str = "000000000000";

/// The policies of `import`, which has no spec yet: the first for every account that `import`
/// reads, the second for the credentials that assume the role of this name in other accounts.
pub fn import_permissions(role: &str) -> (Value, Value) {
    let actions: BTreeSet<&str> = reading().map(Operation::action).collect();
    let everything = Allowed { resources: vec!["*".to_owned()], condition: None };
    let roles = Allowed { resources: vec![format!("arn:*:iam::*:role/{role}")], condition: None };
    let assume = Operation::AssumeRole.action();
    (document([(everything, actions.into_iter().collect())]), document([(roles, vec![assume])]))
}

/// The operations that read settings in an account, whatever the role of the account in a spec.
fn reading() -> impl Iterator<Item = Operation> {
    Operation::ALL
        .iter()
        .copied()
        .filter(|it| it.is_for_reading() && it.account_role() != AccountRole::InitialCredentials)
}

/// The resources and the condition with which actions are allowed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Allowed {
    resources: Vec<String>,
    /// As JSON text.
    condition: Option<String>,
}

fn policy(desired: &Desired, account: &Account, run: Run) -> Option<Value> {
    let exact = policy_with(desired, account, run, Roles::Listed)?;
    if size::fits(&exact) {
        return Some(exact);
    }
    policy_with(desired, account, run, Roles::ByName)
}

fn policy_with(desired: &Desired, account: &Account, run: Run, roles: Roles) -> Option<Value> {
    // Actions with the same resources and the same condition share a statement.
    let mut actions: BTreeMap<Allowed, Vec<&'static str>> = BTreeMap::new();
    let mut allow = |action, allowed: Allowed| {
        let listed = actions.entry(allowed).or_default();
        if !listed.contains(&action) {
            listed.push(action);
        }
    };
    for operation in operations(desired, account, run) {
        if operation.scope() == ResourceScope::Roles {
            allow(
                operation.action(),
                Allowed { resources: assumed(desired, account, run.mode, roles), condition: None },
            );
            continue;
        }
        for allowed in narrowed::allowed(desired, account, operation) {
            allow(operation.action(), allowed);
        }
    }
    // `apply` has the permissions on both objects.
    if run.replicas && run.mode != Mode::Apply && has_role(desired, account, AccountRole::Lock) {
        let leader: Vec<String> =
            desired.lock.iter().map(|lock| object(desired, &lock.leader_lock())).collect();
        for operation in Operation::ALL.iter().filter(|it| it.account_role() == AccountRole::Lock) {
            allow(operation.action(), Allowed { resources: leader.clone(), condition: None });
        }
    }
    for Implied { action, resources, condition } in implied(desired, account, run) {
        allow(action, Allowed { resources, condition: condition.map(|it| it.to_string()) });
    }
    actions.retain(|allowed, _| !allowed.resources.is_empty());
    (!actions.is_empty()).then(|| document(actions))
}

fn document(statements: impl IntoIterator<Item = (Allowed, Vec<&'static str>)>) -> Value {
    let statements = statements.into_iter().map(|(allowed, actions)| {
        let mut statement = json!({ "Effect": "Allow", "Action": actions, "Resource": allowed.resources });
        let condition = allowed.condition.as_deref();
        if let Some(condition) = condition.and_then(|it| serde_json::from_str::<Value>(it).ok()) {
            statement["Condition"] = condition;
        }
        statement
    });
    json!({ "Version": "2012-10-17", "Statement": statements.collect::<Vec<_>>() })
}

/// The operations that a run calls in one account, without the operations on the object of the
/// leader.
fn operations(desired: &Desired, account: &Account, run: Run) -> impl Iterator<Item = Operation> {
    let asked = Operation::ALL.iter().copied().filter(move |it| match it.account_role() {
        AccountRole::Blame => run.blame,
        AccountRole::Evidence if *it == Operation::ListLogFiles && run.freshness => true,
        _ => is_called(run.mode, *it),
    });
    asked.filter(|it| has_role(desired, account, it.account_role()) && is_used(desired, *it))
}

/// Whether a command calls the operation in any account.
fn is_called(mode: Mode, operation: Operation) -> bool {
    match mode {
        Mode::Plan => operation.is_for_reading(),
        Mode::Apply => operation.account_role() != AccountRole::Evidence,
        // The organization names the members of its trails.
        Mode::Verify => match operation.account_role() {
            AccountRole::InitialCredentials | AccountRole::Evidence => true,
            AccountRole::Organization => operation.is_read(),
            AccountRole::Key
            | AccountRole::Bucket
            | AccountRole::Trails
            | AccountRole::Logs
            | AccountRole::Topics
            | AccountRole::ExistingTopics
            | AccountRole::Encrypted
            | AccountRole::Lock
            | AccountRole::Blame
            | AccountRole::Receiver
            | AccountRole::Import => false,
        },
    }
}

/// Whether the account has a role.
fn has_role(desired: &Desired, account: &Account, role: AccountRole) -> bool {
    let name = &account.name;
    match role {
        // The roles of the other accounts are assumed from this account.
        AccountRole::InitialCredentials => account.access.role.is_none(),
        AccountRole::Organization => desired.organization.as_ref().is_some_and(|it| it.account == *name),
        AccountRole::Key => {
            desired.key.identity != KeyIdentity::Unmanaged && desired.key.site.account == *name
        }
        AccountRole::Bucket | AccountRole::Evidence => desired.bucket.site.account == *name,
        // Every account counts, even without a trail in the spec: the account can have an earlier
        // trail of the installation.
        AccountRole::Trails | AccountRole::Blame => true,
        AccountRole::Logs => desired.log_groups.iter().any(|group| group.site.account == *name),
        AccountRole::Topics => desired.topics.iter().any(|topic| topic.site.account == *name),
        AccountRole::ExistingTopics => desired.existing_topics.iter().any(|topic| topic.reader == *name),
        // The key of the account of a foreign topic can encrypt the topic.
        AccountRole::Encrypted => {
            has_role(desired, account, AccountRole::Logs)
                || has_role(desired, account, AccountRole::Topics)
                || desired.existing_topics.iter().any(|topic| topic.arn.account() == account.id.as_str())
        }
        AccountRole::Import | AccountRole::Receiver => false,
        AccountRole::Lock => desired.lock.as_ref().is_some_and(|lock| lock.site.account == *name),
    }
}

/// Whether the spec manages the resource or the setting of the operation.
#[expect(clippy::too_many_lines, reason = "a list of every operation, so that a new one is not forgotten")]
fn is_used(desired: &Desired, operation: Operation) -> bool {
    let bucket = &desired.bucket;
    let organization = desired.organization.as_ref();
    let asks_for_units = organization.is_some_and(|it| it.joining.asks_for_units());
    match operation {
        Operation::ListRoots
        | Operation::ListOrganizationalUnitsForParent
        | Operation::ListAccountsForParent => asks_for_units,
        Operation::ListAccountTags => organization.is_some_and(|it| it.joining.asks_for_tags()),
        Operation::ListServiceAccess | Operation::EnableServiceAccess => {
            organization.is_some_and(|it| it.service_access)
        }
        Operation::AssociateKmsKey => desired.log_groups.iter().any(|it| it.encryption != AtRest::Unmanaged),
        Operation::PutMetricFilter | Operation::PutMetricAlarm | Operation::ReadAlarmTopic => {
            !desired.alarms.is_empty()
        }
        Operation::CreateGrant => !desired.grants.is_empty(),
        Operation::EnableKeyRotation => desired.key.rotation_days.enforced().is_some(),
        // No spec needs this operation; a copy of a live installation can need it.
        Operation::DisableKeyRotation => false,
        Operation::ListDelegatedAdministrators | Operation::RegisterDelegatedAdministrator => {
            organization.is_some_and(|it| !it.delegated_administrators.is_empty())
        }
        Operation::DeleteBucket | Operation::ListObjectVersions => desired.deletion.bucket,
        Operation::DeleteAlias | Operation::ScheduleKeyDeletion => desired.deletion.key,
        Operation::CreateKey | Operation::ListKeys | Operation::ListAliases | Operation::CreateAlias => {
            desired.key.identity.alias().is_some()
        }
        // Foreign rules are read, even if the spec does not manage the lifecycle.
        Operation::PutBucketLifecycleConfiguration => bucket.lifecycle.enforced().is_some(),
        Operation::PutObjectLockConfiguration => bucket.object_lock.enforced().is_some(),
        Operation::PutBucketLogging => bucket.access_logs.enforced().is_some(),
        // Foreign notifications are read, even if the spec does not manage those to EventBridge.
        Operation::PutBucketNotificationConfiguration => bucket.eventbridge.enforced().is_some(),
        Operation::GetInsightSelectors | Operation::PutInsightSelectors => {
            desired.trails.iter().any(|trail| trail.insights.are_managed())
        }
        Operation::GetEventConfiguration | Operation::PutEventConfiguration => {
            desired.trails.iter().any(|trail| trail.event_aggregation.is_some())
        }
        // Every spec needs these operations, in the accounts with their role.
        Operation::AssumeRole
        | Operation::GetCallerIdentity
        | Operation::DescribeOrganization
        | Operation::ListAccounts
        | Operation::DescribeOwnOrganization
        | Operation::DescribeKey
        | Operation::UpdateKeyDescription
        | Operation::GetKeyRotationStatus
        | Operation::ListResourceTags
        | Operation::TagKey
        | Operation::GetKeyPolicy
        | Operation::PutKeyPolicy
        | Operation::ListGrants
        | Operation::RevokeGrant
        | Operation::CreateBucket
        | Operation::GetBucketLocation
        | Operation::GetBucketRequestPayment
        | Operation::GetBucketAcl
        | Operation::GetBucketPolicy
        | Operation::PutBucketPolicy
        | Operation::DeleteBucketPolicy
        | Operation::GetBucketEncryption
        | Operation::PutBucketEncryption
        | Operation::GetBucketVersioning
        | Operation::PutBucketVersioning
        | Operation::GetPublicAccessBlock
        | Operation::PutPublicAccessBlock
        | Operation::GetBucketOwnershipControls
        | Operation::PutBucketOwnershipControls
        | Operation::GetBucketTagging
        | Operation::PutBucketTagging
        | Operation::GetBucketAbac
        | Operation::GetBucketLifecycleConfiguration
        | Operation::GetBucketReplication
        | Operation::GetBucketNotificationConfiguration
        | Operation::ListBucketInventoryConfigurations
        | Operation::GetObjectLockConfiguration
        | Operation::GetBucketLogging
        | Operation::DescribeTrails
        | Operation::ListTrails
        | Operation::GetTrailStatus
        | Operation::GetEventSelectors
        | Operation::ListTags
        | Operation::CreateTrail
        | Operation::UpdateTrail
        | Operation::DeleteTrail
        | Operation::PutEventSelectors
        | Operation::AddTags
        | Operation::StartLogging
        | Operation::StopLogging
        | Operation::DescribeLogGroups
        | Operation::CreateLogGroup
        | Operation::PutRetentionPolicy
        | Operation::DescribeResourcePolicies
        | Operation::DescribeAccountPolicies
        | Operation::DescribeSubscriptionFilters
        | Operation::ListLogGroupTags
        | Operation::TagLogGroup
        | Operation::DeleteLogGroup
        | Operation::DescribeMetricFilters
        | Operation::DeleteMetricFilter
        | Operation::DescribeAlarms
        | Operation::DeleteAlarms
        | Operation::GetRole
        | Operation::GetRolePolicy
        | Operation::ListRolePolicies
        | Operation::ListAttachedRolePolicies
        | Operation::CreateRole
        | Operation::UpdateAssumeRolePolicy
        | Operation::PutRolePolicy
        | Operation::PutRolePermissionsBoundary
        | Operation::TagRole
        | Operation::DeleteRolePolicy
        | Operation::DeleteRole
        | Operation::GetTopicAttributes
        | Operation::ListSubscriptionsByTopic
        | Operation::CreateTopic
        | Operation::SetTopicAttributes
        | Operation::ListTopicTags
        | Operation::TagTopic
        | Operation::DeleteTopic
        | Operation::ReadExistingTopic
        | Operation::DescribeUsedKey
        | Operation::GetUsedKeyPolicy
        | Operation::LookupEvents
        | Operation::Publish
        | Operation::PutEvents
        | Operation::ReadLock
        | Operation::TakeLock
        | Operation::RenewLock
        | Operation::ReleaseLock
        | Operation::ListLogFiles
        | Operation::ReadLogFile
        | Operation::ListPublicKeys => true,
    }
}

fn resources(desired: &Desired, account: &Account, scope: ResourceScope) -> Vec<String> {
    let region = &desired.key.site.region;
    let partition: Partition = region.partition();
    let id = &account.id;
    match scope {
        ResourceScope::Everything => vec!["*".to_owned()],
        ResourceScope::Nothing | ResourceScope::Roles => Vec::new(),
        // The ID of a key is known only after the key was created.
        ResourceScope::Key => match &desired.key.identity {
            KeyIdentity::Alias(_) => vec![format!("arn:{partition}:kms:{region}:{id}:key/*")],
            KeyIdentity::Existing(arn) => vec![arn.to_string()],
            KeyIdentity::Unmanaged => Vec::new(),
        },
        ResourceScope::KeyAndAlias => {
            let alias = desired.key.identity.alias();
            let alias =
                alias.map(|alias| format!("arn:{partition}:kms:{region}:{id}:{}", alias.with_prefix()));
            alias.into_iter().chain(resources(desired, account, ResourceScope::Key)).collect()
        }
        ResourceScope::Bucket => vec![format!("arn:{partition}:s3:::{}", desired.bucket.name)],
        ResourceScope::OwnTrails => {
            let own = desired.trails.iter().filter(|trail| trail.site.account == account.name);
            own.map(|trail| trail_arn(desired, trail)).collect()
        }
        ResourceScope::LogGroups => {
            let groups = desired.log_groups.iter().filter(|group| group.site.account == account.name);
            // Both the log group and its content: the operations of CloudWatch Logs require
            // different ARNs.
            let arns = groups.flat_map(|group| {
                let arn = format!("arn:{partition}:logs:{}:{id}:log-group:{}", group.site.region, group.name);
                [format!("{arn}:*"), arn]
            });
            arns.collect()
        }
        ResourceScope::AllLogGroups => vec![format!("arn:{partition}:logs:*:{id}:log-group:*")],
        ResourceScope::Alarms => {
            let groups = desired.log_groups.iter().filter(|group| group.site.account == account.name);
            let regions: BTreeSet<&str> = groups.map(|group| group.site.region.as_str()).collect();
            let prefixes: Vec<String> = desired.installation.alarm_prefixes().collect();
            let arns = regions.into_iter().flat_map(|region| {
                let arn = move |prefix| format!("arn:{partition}:cloudwatch:{region}:{id}:alarm:{prefix}*");
                prefixes.iter().map(arn)
            });
            arns.collect()
        }
        ResourceScope::AlarmTopics => {
            let alarms = desired.alarms.iter().filter(|alarm| alarm.site.account == account.name);
            let topics: BTreeSet<&Arn> = alarms.map(|alarm| &alarm.topic).collect();
            topics.into_iter().map(ToString::to_string).collect()
        }
        ResourceScope::LogRoles => {
            let roles = desired.log_roles.iter().filter(|role| role.site.account == account.name);
            roles.map(|role| format!("arn:{partition}:iam::{id}:role/{}", role.name)).collect()
        }
        ResourceScope::Topics => {
            let topics = desired.topics.iter().filter(|topic| topic.site.account == account.name);
            topics.map(|topic| topic.arn.to_string()).collect()
        }
        ResourceScope::ExistingTopics => {
            let read = desired.existing_topics.iter().filter(|topic| topic.reader == account.name);
            read.map(|topic| topic.arn.to_string()).collect()
        }
        ResourceScope::LogFiles => vec![format!("arn:{partition}:s3:::{}/*", desired.bucket.name)],
        ResourceScope::AllKeys => vec![format!("arn:{partition}:kms:*:{id}:key/*")],
        ResourceScope::Lock => {
            let objects = |lock: &Lock| [object(desired, lock), object(desired, &lock.leader_lock())];
            desired.lock.iter().flat_map(objects).collect()
        }
        // Trails that are no longer in the spec are searched and deleted.
        ResourceScope::AllTrails => {
            let all = format!("arn:{partition}:cloudtrail:*:{id}:trail/*");
            let own = desired.trails.iter().filter(|trail| trail.site.account == account.name);
            let of_others =
                own.map(|it| (it, trail_arn(desired, it))).filter(|(it, arn)| it.arn.as_str() != arn);
            std::iter::once(all).chain(of_others.map(|(_, arn)| arn)).collect()
        }
    }
}

/// The ARN of the object of a lock.
fn object(desired: &Desired, lock: &Lock) -> String {
    format!("arn:{}:s3:::{}/{}", desired.key.site.region.partition(), lock.bucket, lock.key)
}

/// The form of the ARNs of the roles that are assumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Roles {
    /// The ARN of each role.
    Listed,
    /// The name of the role in any account, if several accounts use the same name: a hub assumes
    /// more roles than a policy can list.
    ByName,
}

/// The roles that the credentials of an account assume.
fn assumed(desired: &Desired, account: &Account, mode: Mode, named: Roles) -> Vec<String> {
    let partition = desired.bucket.site.region.partition();
    let same_start = desired.accounts.iter().filter(|it| it.access.profile == account.access.profile);
    let entered = same_start.filter(|it| match mode {
        Mode::Plan | Mode::Apply => true,
        Mode::Verify => {
            has_role(desired, it, AccountRole::Evidence) || has_role(desired, it, AccountRole::Organization)
        }
    });
    let roles = entered.filter_map(|it| it.access.role.as_ref());
    let mut by_name: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for role in roles {
        by_name
            .entry(format!("arn:{partition}:iam::*:{}", role.arn.resource()))
            .or_default()
            .push(role.arn.to_string());
    }
    // The accounts that join the organization later are not known yet.
    if let Some(role) = desired.organization.as_ref().and_then(|it| it.role.as_ref())
        && mode != Mode::Verify
    {
        let any = format!("arn:{partition}:iam::*:role/{role}");
        by_name.insert(any.clone(), vec![any]);
    }
    let named = by_name.into_iter().flat_map(|(any, roles)| match (named, roles.len()) {
        (Roles::ByName, 2..) => vec![any],
        _ => roles,
    });
    named.collect()
}

/// The ARN of a trail. An organization trail belongs to the management account, even if a delegated
/// administrator creates it. The ARN allows any account if the management account is not known.
fn trail_arn(desired: &Desired, trail: &Trail) -> String {
    let organization = desired.organization.as_ref();
    // The account that registers an administrator is the management account.
    let is_known = organization.is_some_and(|it| !it.delegated_administrators.is_empty());
    let arn = &trail.arn;
    if trail.is_organization && !is_known {
        let partition = desired.bucket.site.region.partition();
        return Arn::new(partition, arn.service(), arn.region(), "*", arn.resource()).to_string();
    }
    arn.to_string()
}

#[cfg(test)]
mod tests;
