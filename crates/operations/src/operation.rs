//! Every AWS operation that `reconcile` calls, with its IAM action.
//!
//! The list is closed: a call that the list does not name cannot be made. The table therefore shows
//! everything that a run can do.

/// Whether an operation changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

/// The role of the accounts in which an operation is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccountRole {
    /// Accounts whose calls use the initial credentials, without assuming a role.
    InitialCredentials,
    /// The account that lists the organization.
    Organization,
    /// The account of the key.
    Key,
    /// The account of the bucket.
    Bucket,
    /// Every account that can have trails.
    Trails,
    /// Accounts whose trails deliver to CloudWatch Logs.
    Logs,
    /// Accounts of topics.
    Topics,
    /// Accounts that read foreign topics.
    ExistingTopics,
    /// Accounts of topics and log groups, which foreign keys can encrypt.
    Encrypted,
    /// The account of the lock.
    Lock,
    /// The account of the bucket, when `verify` reads log files.
    Evidence,
    /// An account in which `import` searches.
    Import,
    /// The account of a receiver of notifications, which no spec names.
    Receiver,
    /// Every account in which `--blame` reads recorded events.
    Blame,
}

/// The resources on which an operation acts, as far as IAM can distinguish them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResourceScope {
    /// No resource: everybody can call the operation without a permission.
    Nothing,
    /// IAM cannot distinguish resources, or no resource exists yet.
    Everything,
    /// The roles that are assumed.
    Roles,
    /// Keys of the account.
    Key,
    /// The alias of the spec, and keys of the account.
    KeyAndAlias,
    /// The bucket.
    Bucket,
    /// Trails of the spec.
    OwnTrails,
    /// All trails of the account.
    AllTrails,
    /// Log groups of the spec.
    LogGroups,
    /// All log groups of the account.
    AllLogGroups,
    /// Alarms of the installation.
    Alarms,
    /// Topics that alarms notify.
    AlarmTopics,
    /// Roles that deliver to log groups.
    LogRoles,
    /// Topics of the spec.
    Topics,
    /// Foreign topics.
    ExistingTopics,
    /// All keys of the account.
    AllKeys,
    /// The object that is the lock.
    Lock,
    /// Log and digest files.
    LogFiles,
}

/// Generates the enum and its table from one list, so that they always agree. A row has the name,
/// the IAM action, the access, the role of the accounts, and the resources.
macro_rules! operations {
    ($($name:ident => $action:literal, $access:ident, $account_role:ident, $scope:ident;)+) => {
        /// An AWS operation.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Operation {
            $(#[doc = concat!("Allowed by the IAM action `", $action, "`.")] $name,)+
        }

        impl Operation {
            /// All operations.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The IAM action that allows the operation, such as `s3:GetBucketPolicy`.
            ///
            /// See "Actions, resources, and condition keys for AWS services" in the service
            /// authorization reference.
            pub fn action(self) -> &'static str {
                match self {
                    $(Self::$name => $action,)+
                }
            }

            /// Whether the operation changes nothing.
            pub fn is_read(self) -> bool {
                match self {
                    $(Self::$name => Access::$access == Access::Read,)+
                }
            }

            /// Whether `plan`, `drift`, `explain` and `import` call the operation. Only `apply`
            /// reads the lock, only `verify` reads log files, and only `--blame` reads events.
            pub(crate) fn is_for_reading(self) -> bool {
                self.is_read() && !matches!(self.account_role(), AccountRole::Lock | AccountRole::Evidence | AccountRole::Blame)
            }

            pub(crate) fn account_role(self) -> AccountRole {
                match self {
                    $(Self::$name => AccountRole::$account_role,)+
                }
            }

            pub(crate) fn scope(self) -> ResourceScope {
                match self {
                    $(Self::$name => ResourceScope::$scope,)+
                }
            }
        }
    };
}

operations! {
    AssumeRole => "sts:AssumeRole", Read, InitialCredentials, Roles;
    GetCallerIdentity => "sts:GetCallerIdentity", Read, InitialCredentials, Nothing;

    DescribeOrganization => "organizations:DescribeOrganization", Read, Organization, Everything;
    ListAccounts => "organizations:ListAccounts", Read, Organization, Everything;
    ListRoots => "organizations:ListRoots", Read, Organization, Everything;
    ListOrganizationalUnitsForParent => "organizations:ListOrganizationalUnitsForParent", Read, Organization, Everything;
    ListAccountsForParent => "organizations:ListAccountsForParent", Read, Organization, Everything;
    ListAccountTags => "organizations:ListTagsForResource", Read, Organization, Everything;
    ListServiceAccess => "organizations:ListAWSServiceAccessForOrganization", Read, Organization, Everything;
    EnableServiceAccess => "organizations:EnableAWSServiceAccess", Write, Organization, Everything;
    ListDelegatedAdministrators => "organizations:ListDelegatedAdministrators", Read, Organization, Everything;
    RegisterDelegatedAdministrator => "cloudtrail:RegisterOrganizationDelegatedAdmin", Write, Organization, Everything;

    DescribeOwnOrganization => "organizations:DescribeOrganization", Read, Bucket, Everything;

    CreateKey => "kms:CreateKey", Write, Key, Everything;
    DescribeKey => "kms:DescribeKey", Read, Key, Key;
    UpdateKeyDescription => "kms:UpdateKeyDescription", Write, Key, Key;
    GetKeyRotationStatus => "kms:GetKeyRotationStatus", Read, Key, Key;
    EnableKeyRotation => "kms:EnableKeyRotation", Write, Key, Key;
    DisableKeyRotation => "kms:DisableKeyRotation", Write, Key, Key;
    ListResourceTags => "kms:ListResourceTags", Read, Key, Key;
    TagKey => "kms:TagResource", Write, Key, Key;
    ListKeys => "kms:ListKeys", Read, Key, Everything;
    ListAliases => "kms:ListAliases", Read, Key, Everything;
    CreateAlias => "kms:CreateAlias", Write, Key, KeyAndAlias;
    DeleteAlias => "kms:DeleteAlias", Write, Key, KeyAndAlias;
    ScheduleKeyDeletion => "kms:ScheduleKeyDeletion", Write, Key, Key;
    GetKeyPolicy => "kms:GetKeyPolicy", Read, Key, Key;
    PutKeyPolicy => "kms:PutKeyPolicy", Write, Key, Key;
    ListGrants => "kms:ListGrants", Read, Key, Key;
    CreateGrant => "kms:CreateGrant", Write, Key, Key;
    RevokeGrant => "kms:RevokeGrant", Write, Key, Key;

    CreateBucket => "s3:CreateBucket", Write, Bucket, Bucket;
    DeleteBucket => "s3:DeleteBucket", Write, Bucket, Bucket;
    ListObjectVersions => "s3:ListBucketVersions", Read, Bucket, Bucket;
    GetBucketLocation => "s3:GetBucketLocation", Read, Import, Bucket;
    GetBucketRequestPayment => "s3:GetBucketRequestPayment", Read, Bucket, Bucket;
    GetBucketAcl => "s3:GetBucketAcl", Read, Bucket, Bucket;
    GetBucketPolicy => "s3:GetBucketPolicy", Read, Bucket, Bucket;
    PutBucketPolicy => "s3:PutBucketPolicy", Write, Bucket, Bucket;
    DeleteBucketPolicy => "s3:DeleteBucketPolicy", Write, Bucket, Bucket;
    GetBucketEncryption => "s3:GetEncryptionConfiguration", Read, Bucket, Bucket;
    PutBucketEncryption => "s3:PutEncryptionConfiguration", Write, Bucket, Bucket;
    GetBucketVersioning => "s3:GetBucketVersioning", Read, Bucket, Bucket;
    PutBucketVersioning => "s3:PutBucketVersioning", Write, Bucket, Bucket;
    GetPublicAccessBlock => "s3:GetBucketPublicAccessBlock", Read, Bucket, Bucket;
    PutPublicAccessBlock => "s3:PutBucketPublicAccessBlock", Write, Bucket, Bucket;
    GetBucketOwnershipControls => "s3:GetBucketOwnershipControls", Read, Bucket, Bucket;
    PutBucketOwnershipControls => "s3:PutBucketOwnershipControls", Write, Bucket, Bucket;
    GetBucketTagging => "s3:GetBucketTagging", Read, Bucket, Bucket;
    PutBucketTagging => "s3:PutBucketTagging", Write, Bucket, Bucket;
    GetBucketAbac => "s3:GetBucketAbac", Read, Bucket, Bucket;
    GetBucketLifecycleConfiguration => "s3:GetLifecycleConfiguration", Read, Bucket, Bucket;
    PutBucketLifecycleConfiguration => "s3:PutLifecycleConfiguration", Write, Bucket, Bucket;
    GetObjectLockConfiguration => "s3:GetBucketObjectLockConfiguration", Read, Bucket, Bucket;
    PutObjectLockConfiguration => "s3:PutBucketObjectLockConfiguration", Write, Bucket, Bucket;
    GetBucketReplication => "s3:GetReplicationConfiguration", Read, Bucket, Bucket;
    GetBucketNotificationConfiguration => "s3:GetBucketNotification", Read, Bucket, Bucket;
    PutBucketNotificationConfiguration => "s3:PutBucketNotification", Write, Bucket, Bucket;
    ListBucketInventoryConfigurations => "s3:GetInventoryConfiguration", Read, Bucket, Bucket;
    GetBucketLogging => "s3:GetBucketLogging", Read, Bucket, Bucket;
    PutBucketLogging => "s3:PutBucketLogging", Write, Bucket, Bucket;

    DescribeTrails => "cloudtrail:DescribeTrails", Read, Trails, Everything;
    ListTrails => "cloudtrail:ListTrails", Read, Trails, Everything;
    GetTrailStatus => "cloudtrail:GetTrailStatus", Read, Trails, AllTrails;
    GetEventSelectors => "cloudtrail:GetEventSelectors", Read, Trails, AllTrails;
    ListTags => "cloudtrail:ListTags", Read, Trails, AllTrails;
    GetInsightSelectors => "cloudtrail:GetInsightSelectors", Read, Trails, OwnTrails;
    PutInsightSelectors => "cloudtrail:PutInsightSelectors", Write, Trails, OwnTrails;
    GetEventConfiguration => "cloudtrail:GetEventConfiguration", Read, Trails, OwnTrails;
    PutEventConfiguration => "cloudtrail:PutEventConfiguration", Write, Trails, OwnTrails;
    CreateTrail => "cloudtrail:CreateTrail", Write, Trails, OwnTrails;
    UpdateTrail => "cloudtrail:UpdateTrail", Write, Trails, AllTrails;
    DeleteTrail => "cloudtrail:DeleteTrail", Write, Trails, AllTrails;
    PutEventSelectors => "cloudtrail:PutEventSelectors", Write, Trails, OwnTrails;
    AddTags => "cloudtrail:AddTags", Write, Trails, OwnTrails;
    StartLogging => "cloudtrail:StartLogging", Write, Trails, OwnTrails;
    StopLogging => "cloudtrail:StopLogging", Write, Trails, OwnTrails;

    DescribeLogGroups => "logs:DescribeLogGroups", Read, Logs, AllLogGroups;
    CreateLogGroup => "logs:CreateLogGroup", Write, Logs, LogGroups;
    PutRetentionPolicy => "logs:PutRetentionPolicy", Write, Logs, LogGroups;
    AssociateKmsKey => "logs:AssociateKmsKey", Write, Logs, LogGroups;
    DescribeResourcePolicies => "logs:DescribeResourcePolicies", Read, Logs, Everything;
    DescribeAccountPolicies => "logs:DescribeAccountPolicies", Read, Logs, Everything;
    DescribeSubscriptionFilters => "logs:DescribeSubscriptionFilters", Read, Logs, AllLogGroups;
    ListLogGroupTags => "logs:ListTagsForResource", Read, Logs, LogGroups;
    TagLogGroup => "logs:TagResource", Write, Logs, LogGroups;
    DeleteLogGroup => "logs:DeleteLogGroup", Write, Logs, LogGroups;

    DescribeMetricFilters => "logs:DescribeMetricFilters", Read, Logs, AllLogGroups;
    PutMetricFilter => "logs:PutMetricFilter", Write, Logs, LogGroups;
    DeleteMetricFilter => "logs:DeleteMetricFilter", Write, Logs, LogGroups;
    DescribeAlarms => "cloudwatch:DescribeAlarms", Read, Logs, Everything;
    PutMetricAlarm => "cloudwatch:PutMetricAlarm", Write, Logs, Alarms;
    DeleteAlarms => "cloudwatch:DeleteAlarms", Write, Logs, Alarms;
    ReadAlarmTopic => "sns:GetTopicAttributes", Read, Logs, AlarmTopics;

    GetRole => "iam:GetRole", Read, Logs, LogRoles;
    GetRolePolicy => "iam:GetRolePolicy", Read, Logs, LogRoles;
    ListRolePolicies => "iam:ListRolePolicies", Read, Logs, LogRoles;
    ListAttachedRolePolicies => "iam:ListAttachedRolePolicies", Read, Logs, LogRoles;
    CreateRole => "iam:CreateRole", Write, Logs, LogRoles;
    UpdateAssumeRolePolicy => "iam:UpdateAssumeRolePolicy", Write, Logs, LogRoles;
    PutRolePolicy => "iam:PutRolePolicy", Write, Logs, LogRoles;
    PutRolePermissionsBoundary => "iam:PutRolePermissionsBoundary", Write, Logs, LogRoles;
    TagRole => "iam:TagRole", Write, Logs, LogRoles;
    DeleteRolePolicy => "iam:DeleteRolePolicy", Write, Logs, LogRoles;
    DeleteRole => "iam:DeleteRole", Write, Logs, LogRoles;

    GetTopicAttributes => "sns:GetTopicAttributes", Read, Topics, Topics;
    ListSubscriptionsByTopic => "sns:ListSubscriptionsByTopic", Read, Topics, Topics;
    CreateTopic => "sns:CreateTopic", Write, Topics, Topics;
    SetTopicAttributes => "sns:SetTopicAttributes", Write, Topics, Topics;
    ListTopicTags => "sns:ListTagsForResource", Read, Topics, Topics;
    TagTopic => "sns:TagResource", Write, Topics, Topics;
    DeleteTopic => "sns:DeleteTopic", Write, Topics, Topics;

    ReadExistingTopic => "sns:GetTopicAttributes", Read, ExistingTopics, ExistingTopics;
    DescribeUsedKey => "kms:DescribeKey", Read, Encrypted, AllKeys;
    GetUsedKeyPolicy => "kms:GetKeyPolicy", Read, Encrypted, AllKeys;

    LookupEvents => "cloudtrail:LookupEvents", Read, Blame, Everything;

    Publish => "sns:Publish", Write, Receiver, Nothing;
    PutEvents => "events:PutEvents", Write, Receiver, Nothing;

    ReadLock => "s3:GetObject", Read, Lock, Lock;
    TakeLock => "s3:PutObject", Write, Lock, Lock;
    RenewLock => "s3:PutObject", Write, Lock, Lock;
    ReleaseLock => "s3:DeleteObject", Write, Lock, Lock;

    ListLogFiles => "s3:ListBucket", Read, Evidence, Bucket;
    ReadLogFile => "s3:GetObject", Read, Evidence, LogFiles;
    ListPublicKeys => "cloudtrail:ListPublicKeys", Read, Evidence, Everything;
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.action())
    }
}
