//! Names every AWS operation that the product calls, with the IAM action that allows it.
//!
//! A closed list: a call that is not named here cannot be made, so what a run may do can be read from this table.

/// Makes the enum and its table from one list, so that they cannot disagree.
macro_rules! operations {
    ($($name:ident => $action:literal,)+) => {
        /// An AWS operation.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Operation {
            $(#[doc = concat!("Allowed by the IAM action `", $action, "`.")] $name,)+
        }

        impl Operation {
            /// Every operation there is.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The IAM action that allows the operation, such as `s3:GetBucketPolicy`.
            ///
            /// See "Actions, resources, and condition keys for AWS services" in the service authorization reference.
            pub fn action(self) -> &'static str {
                match self {
                    $(Self::$name => $action,)+
                }
            }
        }
    };
}

operations! {
    AssumeRole => "sts:AssumeRole",
    GetCallerIdentity => "sts:GetCallerIdentity",

    DescribeOrganization => "organizations:DescribeOrganization",
    ListAccounts => "organizations:ListAccounts",

    CreateKey => "kms:CreateKey",
    DescribeKey => "kms:DescribeKey",
    UpdateKeyDescription => "kms:UpdateKeyDescription",
    GetKeyRotationStatus => "kms:GetKeyRotationStatus",
    EnableKeyRotation => "kms:EnableKeyRotation",
    DisableKeyRotation => "kms:DisableKeyRotation",
    ListResourceTags => "kms:ListResourceTags",
    TagKey => "kms:TagResource",
    ListKeys => "kms:ListKeys",
    ListAliases => "kms:ListAliases",
    CreateAlias => "kms:CreateAlias",
    UpdateAlias => "kms:UpdateAlias",
    GetKeyPolicy => "kms:GetKeyPolicy",
    PutKeyPolicy => "kms:PutKeyPolicy",
    ListGrants => "kms:ListGrants",
    CreateGrant => "kms:CreateGrant",
    RevokeGrant => "kms:RevokeGrant",

    CreateBucket => "s3:CreateBucket",
    HeadBucket => "s3:ListBucket",
    GetBucketPolicy => "s3:GetBucketPolicy",
    PutBucketPolicy => "s3:PutBucketPolicy",
    DeleteBucketPolicy => "s3:DeleteBucketPolicy",
    GetBucketEncryption => "s3:GetEncryptionConfiguration",
    PutBucketEncryption => "s3:PutEncryptionConfiguration",
    GetBucketVersioning => "s3:GetBucketVersioning",
    PutBucketVersioning => "s3:PutBucketVersioning",
    GetPublicAccessBlock => "s3:GetBucketPublicAccessBlock",
    PutPublicAccessBlock => "s3:PutBucketPublicAccessBlock",
    GetBucketOwnershipControls => "s3:GetBucketOwnershipControls",
    PutBucketOwnershipControls => "s3:PutBucketOwnershipControls",
    GetBucketTagging => "s3:GetBucketTagging",
    PutBucketTagging => "s3:PutBucketTagging",

    GetBucketLifecycleConfiguration => "s3:GetLifecycleConfiguration",
    PutBucketLifecycleConfiguration => "s3:PutLifecycleConfiguration",
    GetObjectLockConfiguration => "s3:GetBucketObjectLockConfiguration",
    PutObjectLockConfiguration => "s3:PutBucketObjectLockConfiguration",
    GetBucketLogging => "s3:GetBucketLogging",
    PutBucketLogging => "s3:PutBucketLogging",

    DescribeTrails => "cloudtrail:DescribeTrails",
    GetTrailStatus => "cloudtrail:GetTrailStatus",
    GetEventSelectors => "cloudtrail:GetEventSelectors",
    ListTags => "cloudtrail:ListTags",
    CreateTrail => "cloudtrail:CreateTrail",
    UpdateTrail => "cloudtrail:UpdateTrail",
    DeleteTrail => "cloudtrail:DeleteTrail",
    PutEventSelectors => "cloudtrail:PutEventSelectors",
    AddTags => "cloudtrail:AddTags",
    StartLogging => "cloudtrail:StartLogging",
    StopLogging => "cloudtrail:StopLogging",
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.action())
    }
}
