//! The rows of the table. The first row that matches an error counts.
//!
//! See the errors of each operation in the API references, "Common Errors" there, and "List of
//! error codes" in the S3 API reference.

use super::{Row, When};
use crate::Operation as Op;
use crate::class::Class::{
    Absent, Busy, Clock, Conflict, Credentials, Denied, LimitReached, NotYetSeen, Refused, RegionNotEnabled,
    Throttled, Unavailable,
};
use crate::class::{NotVisible, TrailDependency};

const ALL: &[Op] = &[];
const SIGN_IN: &[Op] = &[Op::AssumeRole, Op::GetCallerIdentity];

/// A principal of a policy or a grant that does not exist, or was created a moment ago.
///
/// See "Invalid principal in policy" in the S3 user guide, `MalformedPolicyDocumentException` of
/// `PutKeyPolicy` and `InvalidArnException` of `CreateGrant` in the KMS API reference, and
/// "Troubleshoot IAM" in the IAM user guide.
const UNSEEN_PRINCIPAL: Row = Row::new(
    NotYetSeen(NotVisible::Principal),
    ALL,
    &[
        "InvalidArnException",
        "InvalidParameter",
        "MalformedPolicy",
        "MalformedPolicyDocument",
        "MalformedPolicyDocumentException",
    ],
)
.when(When::Says(&["principal"]))
.hint(
    "check that each principal of the policy exists: AWS refuses a policy that names a user or role that was deleted or misspelled",
);

/// The key of a log group. The answer has the code of a denial, but its message is about the key:
/// "The specified KMS key does not exist or is not allowed to be used with Arn …".
///
/// See `AssociateKmsKey` in the CloudWatch Logs API reference for the other code.
const UNSEEN_KEY: Row = Row::new(
    NotYetSeen(NotVisible::Key),
    &[Op::CreateLogGroup, Op::AssociateKmsKey],
    &["AccessDeniedException", "InvalidParameterException"],
)
.when(When::Says(&["kms"]))
.hint("check that the key policy lets CloudWatch Logs encrypt the log group");

/// A wrong clock. Services with JSON requests and services with query strings report an expired or
/// future signature with the code of a wrong signature: "Signature expired: 20261126T120000Z is now
/// earlier than …", "Signature not yet current: …".
const CLOCK_IN_MESSAGE: Row = Row::new(
    Clock,
    ALL,
    &["AuthFailure", "InvalidSignature", "InvalidSignatureException", "SignatureDoesNotMatch"],
)
.when(When::Says(&["signature expired", "signature not yet current"]));

/// A Region that the account has not enabled, which does not accept the credentials of the account.
/// A session calls only STS before its credentials are proven.
///
/// See "Enable or disable AWS Regions in your account" in the Account Management reference guide.
/// S3 answers with `InvalidToken` and `InvalidAccessKeyId`, services with query strings answer with
/// `InvalidClientTokenId`, and services with JSON requests answer with
/// `UnrecognizedClientException`.
const OPT_IN: Row = Row::new(
    RegionNotEnabled,
    ALL,
    &[
        "AuthFailure",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidToken",
        "OptInRequired",
        "UnrecognizedClientException",
    ],
)
.when(When::OptIn);

/// A quota of Organizations, which reports quotas and other rules with one code.
///
/// See `ConstraintViolationException` in the Organizations API reference.
const QUOTA_OF_ORGANIZATION: Row =
    Row::new(LimitReached, ALL, &["ConstraintViolationException"]).when(When::Says(&["exceed", "quota"]));

const SERVICE_QUOTAS: &str = "delete unused resources, or request an increase of the quota with Service Quotas \
    in the account and Region";

#[rustfmt::skip]
pub(super) static TABLE: &[Row] = &[
    // Codes with several meanings.
    UNSEEN_PRINCIPAL,
    UNSEEN_KEY,
    QUOTA_OF_ORGANIZATION,
    CLOCK_IN_MESSAGE,
    Row::new(Credentials, SIGN_IN, &["AuthFailure", "InvalidClientTokenId", "OptInRequired", "UnrecognizedClientException"]),
    OPT_IN,
    Row::new(RegionNotEnabled, &[Op::CreateBucket], &["IllegalLocationConstraintException"]).when(When::OptIn),

    // Codes that mean that the resource of the call does not exist. Other codes are not in these
    // rows, even if they are about something that does not exist: `NoSuchBucket` in answer to
    // `GetBucketPolicy` is about the bucket, not about the policy.
    Row::new(Absent, &[Op::GetBucketVersioning, Op::GetBucketLocation, Op::DeleteBucket, Op::TakeLock], &["NoSuchBucket"]),
    Row::new(Absent, &[Op::GetBucketPolicy], &["NoSuchBucketPolicy"]),
    Row::new(Absent, &[Op::GetBucketEncryption], &["ServerSideEncryptionConfigurationNotFoundError"]),
    Row::new(Absent, &[Op::GetPublicAccessBlock], &["NoSuchPublicAccessBlockConfiguration"]),
    Row::new(Absent, &[Op::GetBucketOwnershipControls], &["OwnershipControlsNotFoundError"]),
    Row::new(Absent, &[Op::GetBucketTagging], &["NoSuchTagSet", "NoSuchTagSetError"]),
    Row::new(Absent, &[Op::GetBucketLifecycleConfiguration], &["NoSuchLifecycleConfiguration"]),
    Row::new(Absent, &[Op::GetObjectLockConfiguration], &["ObjectLockConfigurationNotFoundError"]),
    Row::new(Absent, &[Op::GetBucketReplication], &["ReplicationConfigurationNotFoundError"]),
    Row::new(Absent, &[Op::ReadLock, Op::RenewLock, Op::ReleaseLock, Op::ReadLogFile], &["NoSuchKey"]),
    Row::new(Absent, &[Op::DescribeKey, Op::DescribeUsedKey, Op::RevokeGrant, Op::DeleteAlias], &["NotFoundException"]),
    Row::new(
        Absent,
        &[Op::GetTrailStatus, Op::GetEventSelectors, Op::GetEventConfiguration, Op::UpdateTrail, Op::DeleteTrail],
        &["TrailNotFoundException"],
    ),
    Row::new(Absent, &[Op::GetInsightSelectors], &["InsightNotEnabledException"]),
    Row::new(
        Absent,
        &[
            Op::ListTags, Op::DescribeResourcePolicies, Op::DescribeSubscriptionFilters, Op::DescribeAccountPolicies,
            Op::DeleteLogGroup, Op::DescribeMetricFilters, Op::DeleteMetricFilter,
        ],
        &["ResourceNotFoundException"],
    ),
    Row::new(
        Absent,
        &[
            Op::GetRole, Op::GetRolePolicy, Op::ListRolePolicies, Op::ListAttachedRolePolicies, Op::DeleteRolePolicy,
            Op::DeleteRole,
        ],
        &["NoSuchEntity"],
    ),
    Row::new(Absent, &[Op::GetTopicAttributes, Op::ReadExistingTopic, Op::ReadAlarmTopic], &["NotFound"]),
    Row::new(Absent, &[Op::ListTopicTags, Op::DeleteAlarms], &["ResourceNotFound"]),

    Row::new(
        Conflict,
        ALL,
        &[
            "AccountRegisteredException", "AlreadyExistsException", "BucketAlreadyOwnedByYou", "ConditionalRequestConflict",
            "EntityAlreadyExists", "PreconditionFailed", "ResourceAlreadyExistsException", "TrailAlreadyExistsException",
        ],
    ),

    // Something that a call needs, other than its own resource.
    Row::new(
        NotYetSeen(NotVisible::Resource),
        ALL,
        &[
            "NoSuchBucket", "NoSuchEntity", "NoSuchKey", "NotFound", "NotFoundException", "ResourceNotFound",
            "ResourceNotFoundException", "TrailNotFoundException",
        ],
    ),
    Row::new(NotYetSeen(NotVisible::Delivery(TrailDependency::BucketPolicy)), ALL, &["InsufficientS3BucketPolicyException"]),
    // "The policy on the S3 bucket or KMS key is not sufficient."
    Row::new(
        NotYetSeen(NotVisible::Delivery(TrailDependency::BucketOrKeyPolicy)), ALL, &["InsufficientEncryptionPolicyException"],
    ),
    Row::new(NotYetSeen(NotVisible::Delivery(TrailDependency::Key)), ALL, &["KmsKeyNotFoundException"]),
    // CloudTrail publishes a test message, for which SNS needs the key of an encrypted topic.
    Row::new(
        NotYetSeen(NotVisible::Delivery(TrailDependency::TopicOrKeyPolicy)),
        ALL,
        &["InsufficientSnsTopicPolicyException"],
    ),
    Row::new(NotYetSeen(NotVisible::Delivery(TrailDependency::Topic)), ALL, &["InvalidSnsTopicNameException"]),
    Row::new(
        NotYetSeen(NotVisible::Delivery(TrailDependency::Other)),
        ALL,
        &[
            "InvalidCloudWatchLogsLogGroupArnException", "InvalidCloudWatchLogsRoleArnException", "S3BucketDoesNotExistException",
        ],
    ),
    Row::new(
        NotYetSeen(NotVisible::Organization),
        ALL,
        &[
            "CloudTrailAccessNotEnabledException", "NoManagementAccountSLRExistsException",
            "NotOrganizationMasterAccountException",
        ],
    )
    .hint(
        "check that CloudTrail has trusted access to the organization, and that the account of the trail is its management account \
         or a delegated administrator of CloudTrail",
    ),

    Row::new(
        Busy,
        ALL,
        &[
            "ConcurrentAccess", "ConcurrentModification", "ConcurrentModificationException", "ConflictException",
            // KMS: the key is not enabled yet.
            "DisabledException",
            // S3: versioning, which another setting needs, is not enabled yet.
            "InvalidBucketState",
            "KMSInvalidStateException", "OperationAborted", "OperationAbortedException",
            "ResourceConflict",
            // SNS: a topic of the same name was deleted a moment ago.
            "StaleTag",
            "TransactionInProgressException",
        ],
    ),

    Row::new(
        Throttled,
        ALL,
        &[
            "BandwidthLimitExceeded", "EC2ThrottledException", "PriorRequestNotComplete",
            "ProvisionedThroughputExceededException", "KMSThrottling", "RequestLimitExceeded", "RequestThrottled", "RequestThrottledException",
            "SlowDown", "ThrottledException", "Throttling", "ThrottlingException", "TooManyRequestsException",
        ],
    ),

    // See "Quotas in AWS CloudTrail" in the CloudTrail user guide, "Resource quotas" in the KMS
    // developer guide, "IAM and AWS STS quotas" in the IAM user guide, and the pages of S3,
    // CloudWatch Logs and SNS in "Service endpoints and quotas" of the AWS General Reference.
    Row::new(LimitReached, &[Op::CreateTrail], &["MaximumNumberOfTrailsExceededException"]).hint(
        "delete an unused trail: AWS allows 5 trails in a Region and does not raise this quota, and a \
         multi-Region trail \
         counts in every Region",
    ),
    Row::new(LimitReached, ALL, &["DelegatedAdminAccountLimitExceededException"]).hint(
        "deregister an unused delegated administrator of CloudTrail: AWS does not raise this quota",
    ),
    Row::new(LimitReached, ALL, &["TagLimitExceeded", "TagsLimitExceededException", "TooManyTagsException"]).hint(TAGS),
    Row::new(LimitReached, &[Op::TagKey], &["LimitExceededException"]).hint(TAGS),
    Row::new(LimitReached, &[Op::TagRole], &["LimitExceeded"]).hint(TAGS),
    Row::new(LimitReached, &[Op::CreateRole], &["LimitExceeded"]).hint(
        "delete unused roles, or request an increase of the quota `Roles per account` of IAM with Service Quotas \
         in \
         us-east-1",
    ),
    Row::new(LimitReached, &[Op::PutRolePolicy], &["LimitExceeded"]).hint(
        "remove foreign inline policies from the role: AWS allows 10,240 characters in all inline policies of a \
         role and does not \
         raise this quota",
    ),
    Row::new(LimitReached, &[Op::UpdateAssumeRolePolicy], &["LimitExceeded"]).hint(
        "shorten the trust policy of the role, or request an increase of the quota `Role trust policy length` of IAM with Service \
         Quotas in us-east-1",
    ),
    Row::new(LimitReached, ALL, &["LimitExceeded"]).hint(SERVICE_QUOTAS),
    Row::new(LimitReached, &[Op::CreateAlias], &["LimitExceededException"]).hint(
        "delete unused aliases, or request an increase of the quota `Aliases per KMS key` with Service Quotas in \
         the \
         account and Region of the key",
    ),
    Row::new(LimitReached, &[Op::CreateGrant], &["LimitExceededException"]).hint(
        "retire unused grants, or request an increase of the quota `Grants per KMS key` with Service Quotas in \
         the account \
         and Region of the key",
    ),
    Row::new(LimitReached, &[Op::PutKeyPolicy], &["LimitExceededException"]).hint(
        "shorten the key policy: set `key.policy.form` to a shorter form, or replace foreign statements with \
         grants",
    ),
    Row::new(LimitReached, &[Op::PutMetricFilter], &["LimitExceededException"]).hint(
        "delete unused metric filters of the log group: CloudWatch Logs allows 100 and does not raise this quota",
    ),
    Row::new(LimitReached, &[Op::CreateKey], &["LimitExceededException"]).hint(
        "delete unused keys, or request an increase of the quota `AWS KMS keys` with Service Quotas in the \
         account and Region; to use an existing key, set `key.arn`",
    ),
    Row::new(LimitReached, ALL, &["LimitExceededException"]).hint(SERVICE_QUOTAS),
    Row::new(LimitReached, ALL, &["TooManyBuckets"]).hint(
        "delete unused buckets, or request an increase of the quota `General purpose buckets` of S3 with Service \
         Quotas in \
         us-east-1",
    ),
    Row::new(LimitReached, ALL, &["TopicLimitExceeded"]).hint(
        "delete unused topics, or request an increase of the quota `Topics per Account` of SNS with Service \
         Quotas in the \
         account and Region",
    ),
    Row::new(LimitReached, ALL, &["PackedPolicyTooLarge"]).hint(
        "remove the session policy with `--no-session-policy`, or reduce the session tags of the credentials",
    ),
    Row::new(
        LimitReached,
        ALL,
        &["TooManyAccessPoints", "TooManyMultiRegionAccessPointregionsError", "TooManyMultiRegionAccessPoints"],
    )
    .hint(SERVICE_QUOTAS),

    Row::new(
        Denied,
        ALL,
        &[
            "AccessDenied", "AccessDeniedException", "AuthFailure", "AuthorizationError", "KMSAccessDenied",
            "InsufficientDependencyServiceAccessPermissionException", "InsufficientIAMAccessPermissionException", "NotAuthorized",
            "OptInRequired", "UnauthorizedOperation",
        ],
    ),
    // S3 answers `GetBucketPolicy` with this code to callers of another account: see its page in
    // the S3 API reference.
    Row::new(Denied, ALL, &["MethodNotAllowed"]).hint("use credentials of the account that owns the bucket"),
    Row::new(Denied, ALL, &["AllAccessDisabled"]).hint("contact AWS Support: AWS has disabled all access to the bucket"),

    Row::new(
        Credentials,
        ALL,
        &[
            "CredentialsNotSupported", "IncompleteSignature", "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSecurity",
            "InvalidSignature", "InvalidSignatureException", "InvalidToken", "MissingAuthenticationToken",
            "MissingSecurityHeader", "SignatureDoesNotMatch", "TokenRefreshRequired", "UnrecognizedClientException",
            "UnsupportedSignature",
        ],
    ),
    // The initial credentials of the user. Credentials of assumed roles are renewed.
    Row::new(Credentials, ALL, &["ExpiredToken", "ExpiredTokenException"]).hint(
        "get new credentials, for example with `aws sso login`, and run again: the credentials of the environment or of a profile \
         cannot be renewed here",
    ),

    Row::new(Clock, ALL, &["RequestExpired", "RequestTimeTooSkewed"]),

    // Codes of STS, and of S3 for Multi-Region Access Points.
    Row::new(RegionNotEnabled, ALL, &["InvalidRegion", "RegionDisabledException"]),

    Row::new(
        Unavailable,
        ALL,
        &[
            "DependencyTimeoutException", "InternalError", "InternalException", "InternalFailure", "KMSInternalException", "RequestAbortedException",
            "RequestTimeout", "RequestTimeoutException", "ServiceException", "ServiceFailure", "ServiceUnavailable",
            "ServiceUnavailableException",
        ],
    ),

    // Requests that AWS does not accept, with a hint.
    Row::new(Refused, ALL, &["BucketAlreadyExists"]).hint(
        "set another `bucket.name`: bucket names are shared by all of AWS, and another account owns this bucket",
    ),
    Row::new(Refused, ALL, &["BucketNotEmpty"]).hint("delete all objects in the bucket, with all their versions, \
        and run apply again"),
    // `GetBucketAcl` does not show grants that S3 ignores, so a plan cannot show these grants.
    Row::new(Refused, ALL, &["InvalidBucketAclWithObjectOwnership"]).hint(
        "the ACL of the bucket has foreign grants, maybe public grants that S3 ignores: remove the grants with \
         `aws s3api put-bucket-acl --acl private --bucket NAME`, or set `bucket.object_ownership: ObjectWriter`",
    ),
    Row::new(Refused, ALL, &["AccountProblem"]).hint("contact AWS Support: S3 reports a problem with the account"),
    Row::new(Refused, ALL, &["NotSignedUp"]).hint("sign the account up for S3"),
    Row::new(Refused, ALL, &["UnauthorizedAccessError"]).hint("obtain the ICP license that buckets in China need"),
    Row::new(Refused, ALL, &["CrossLocationLoggingProhibited", "InvalidTargetBucketForLogging"]).hint(
        "set `bucket.access_logs` to a bucket of the same account and Region that lets S3 write access logs",
    ),
    Row::new(Refused, ALL, &["TagPolicy", "TagPolicyException"]).hint(
        "change the tags in the spec: a tag policy of the organization does not allow them",
    ),
    Row::new(Refused, ALL, &["AWSOrganizationsNotInUseException", "OrganizationsNotInUseException"]).hint(
        "name an account of the organization, or remove `organization` from the spec: this account is not in an \
         organization",
    ),
    Row::new(Refused, ALL, &["NotOrganizationManagementAccountException"]).hint(
        "use the management account of the organization: only this account can register delegated administrators",
    ),
    Row::new(Refused, ALL, &["OrganizationNotInAllFeaturesModeException"]).hint(
        "enable all features in the organization: trails of an organization need them",
    ),
    Row::new(Refused, ALL, &["AccountNotFoundException"]).hint(
        "name a member of the organization as the delegated administrator",
    ),
    Row::new(Refused, ALL, &["CannotDelegateManagementAccountException"]).hint(
        "name another account than the management account as the delegated administrator",
    ),
    Row::new(Refused, ALL, &["ParentNotFoundException", "TargetNotFoundException"]).hint(
        "run again: an organizational unit or an account was removed while the organization was read",
    ),
    Row::new(Refused, ALL, &["InvalidHomeRegionException"]).hint("set the `home_region` of the trail to the home \
        Region of the live trail"),
    Row::new(Refused, ALL, &["KmsKeyDisabledException"]).hint("enable the KMS key of the trail"),
    Row::new(Refused, ALL, &["InvalidKmsKeyIdException"]).hint(
        "check that the KMS key is a symmetric encryption key in the Region of the bucket",
    ),
    Row::new(Refused, ALL, &["CloudWatchLogsDeliveryUnavailableException"]).hint(
        "remove `cloudwatch_logs` from the trail: CloudTrail does not deliver to CloudWatch Logs in this Region",
    ),
    Row::new(Refused, ALL, &["CloudTrailInvalidClientTokenIdException"]).hint(
        "name a topic of another account: the account of this topic is suspended",
    ),
    Row::new(Refused, ALL, &["UnmodifiableEntity"]).hint("name another role in `cloudwatch_logs`: only AWS can \
        change this role"),
    Row::new(Refused, ALL, &["PolicyNotAttachable"]).hint(
        "name another policy in `cloudwatch_logs.permissions_boundary`: this policy is reserved for roles of AWS",
    ),
    // Other policies of the role are checked first, so the usual reason is a policy that was
    // deleted a moment ago.
    Row::new(Busy, ALL, &["DeleteConflict"]).hint(
        "detach the foreign policies and instance profiles from the role, and run apply again",
    ),

    // Requests that AWS does not accept, without a hint that adds to the message of AWS.
    Row::new(
        Refused,
        ALL,
        &[
            "ChannelARNInvalidException", "ChannelNotFoundException", "CloudHsmClusterInvalidConfigurationException",
            "CloudTrailARNInvalidException", "ConstraintViolationException", "CustomKeyStoreInvalidStateException",
            "CustomKeyStoreNotFoundException", "DryRunOperationException", "EncryptionTypeMismatch",
            "EndpointDisabled", "EventDataStoreARNInvalidException", "EventDataStoreNotFoundException", "InactiveEventDataStoreException",
            "InvalidAliasNameException", "InvalidArnException", "InvalidContextAssertion", "InvalidEventCategoryException",
            "InvalidEventDataStoreCategoryException",
            "InvalidEventDataStoreStatusException", "InvalidEventSelectorsException", "InvalidGrantIdException",
            "InvalidGrantTokenException", "InvalidInput", "InvalidInputException", "InvalidInsightSelectorsException",
            "InvalidLookupAttributesException", "InvalidMarkerException", "InvalidMaxResultsException", "InvalidNextToken", "InvalidNextTokenException",
            "InvalidOperationException", "InvalidParameter", "InvalidParameterCombinationException", "InvalidParameterException",
            "InvalidS3BucketNameException", "InvalidS3PrefixException", "InvalidState", "InvalidTagParameterException",
            "InvalidTimeRangeException", "InvalidTokenException", "InvalidTrailNameException", "InvalidWriteOffset", "InsightNotEnabledException", "KMSDisabled", "KMSInvalidState",
            "KMSNotFound", "KMSOptInRequired", "KmsException",
            "MalformedPolicyDocument", "MalformedPolicyDocumentException", "OperationNotPermittedException",
            "ParameterValueInvalid", "PlatformApplicationDisabled",
            "ResourceTypeNotSupportedException", "TagException", "TooManyParts", "TrailNotProvidedException",
            "UnsupportedAPIEndpointException", "UnsupportedOperationException", "ValidationException",
            "XksKeyAlreadyInUseException", "XksKeyInvalidConfigurationException", "XksKeyNotFoundException",
        ],
    ),
    Row::new(
        Refused,
        ALL,
        &[
            "InvalidAction", "MalformedHttpRequestException", "MalformedQueryString", "MissingAction", "MissingParameter",
            "RequestEntityTooLargeException", "UnknownOperationException", "ValidationError",
        ],
    ),
    // Codes of S3 for an absent setting other than the setting of the call, and codes of calls that
    // the program does not make.
    Row::new(
        Refused,
        ALL,
        &[
            "NoSuchBucketPolicy", "NoSuchCORSConfiguration", "NoSuchLifecycleConfiguration",
            "NoSuchObjectLockConfiguration", "NoSuchPublicAccessBlockConfiguration", "NoSuchTagSet", "NoSuchTagSetError",
            "NoSuchWebsiteConfiguration", "ObjectLockConfigurationNotFoundError", "OwnershipControlsNotFoundError",
            "ReplicationConfigurationNotFoundError", "ServerSideEncryptionConfigurationNotFoundError",
        ],
    ),
    Row::new(
        Refused,
        ALL,
        &[
            "AccessControlListNotSupported", "AccessPointAlreadyOwnedByYou", "AmbiguousGrantByEmailAddress",
            "AuthorizationHeaderMalformed", "AuthorizationQueryParametersError", "BadDigest", "BucketHasAccessPointsAttached",
            "ClientTokenConflict", "ConnectionClosedByRequester", "DeviceNotActiveError", "EndpointNotFound", "EntityTooLarge",
            "EntityTooSmall", "IllegalLocationConstraintException", "IllegalVersioningConfigurationException", "IncompleteBody",
            "IncorrectEndpoint", "IncorrectNumberOfFilesInPostRequest", "InlineDataTooLarge", "InvalidAccessPoint",
            "InvalidAccessPointAliasError", "InvalidAddressingHeader", "InvalidArgument", "InvalidBucketName",
            "InvalidBucketOwnerAWSAccountID", "InvalidDigest", "InvalidEncryptionAlgorithmError", "InvalidHostHeader",
            "InvalidHttpMethod", "InvalidLocationConstraint", "InvalidObjectState", "InvalidPart", "InvalidPartOrder",
            "InvalidPayer", "InvalidPolicyDocument", "InvalidRange", "InvalidRequest", "InvalidSOAPRequest",
            "InvalidSessionException", "InvalidStorageClass", "InvalidTag", "InvalidURI", "KMS.DisabledException",
            "KMS.InvalidKeyUsageException", "KMS.KMSInvalidStateException", "KMS.NotFoundException", "KeyTooLongError",
            "MalformedACLError", "MalformedPOSTRequest", "MalformedPolicy", "MalformedXML", "MaxMessageLengthExceeded",
            "MaxPostPreDataLengthExceededError", "MetadataTooLarge", "MissingAttachment", "MissingContentLength",
            "MissingRequestBodyError", "MissingSecurityElement", "NoLoggingStatusForKey", "NoSuchAccessPoint",
            "NoSuchAsyncRequest", "NoSuchMultiRegionAccessPoint", "NoSuchUpload", "NoSuchVersion", "NoTransformationDefined",
            "NotDeviceOwnerError", "NotImplemented", "NotModified", "PermanentRedirect", "PermanentRedirectControlError", "Redirect",
            "RequestHeaderSectionTooLarge", "RequestIsNotMultiPartContent", "RequestTorrentOfBucketError", "ResponseInterrupted",
            "RestoreAlreadyInProgress", "TemporaryRedirect", "TokenCodeInvalidError", "UnexpectedContent", "UnexpectedIPError",
            "UnresolvableGrantByEmailAddress", "UnsupportedArgument", "UserKeyMustBeSpecified",
        ],
    ),
];

const TAGS: &str = "set fewer tags in the spec, or remove foreign tags: AWS allows 50 tags on a resource and \
    does not raise this quota";
