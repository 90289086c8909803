"""Writes errors.json: the error codes that AWS publishes for the operations that the product calls.

- operations: the modeled errors of each operation, from the service models, from which the AWS SDKs are generated. botocore
  carries them as `service-2.json`.
- documented: codes that are on a page of the documentation and in no model, by page. S3 models few of its errors, and no
  model has the errors that every operation of a service can have.

Run it with a Python that has botocore:

    python crates/operations/models/extract.py
"""

import json
import pathlib
import re
from importlib.metadata import version

from botocore.loaders import Loader

HERE = pathlib.Path(__file__).parent

# The operations of the product, by service.
OPERATIONS = {
    "cloudtrail": """AddTags CreateTrail DeleteTrail DescribeTrails GetEventConfiguration GetEventSelectors GetInsightSelectors
        GetTrailStatus ListPublicKeys ListTags ListTrails LookupEvents PutEventConfiguration PutEventSelectors PutInsightSelectors
        RegisterOrganizationDelegatedAdmin StartLogging StopLogging UpdateTrail""",
    "cloudwatch": "DeleteAlarms DescribeAlarms PutMetricAlarm",
    "events": "PutEvents",
    "iam": """CreateRole DeleteRole DeleteRolePolicy GetRole GetRolePolicy ListAttachedRolePolicies ListRolePolicies
        PutRolePermissionsBoundary PutRolePolicy TagRole UpdateAssumeRolePolicy""",
    "kms": """CreateAlias CreateGrant CreateKey DeleteAlias DescribeKey DisableKeyRotation EnableKeyRotation GetKeyPolicy
        GetKeyRotationStatus ListAliases ListGrants ListKeys ListResourceTags PutKeyPolicy RevokeGrant ScheduleKeyDeletion
        TagResource UpdateKeyDescription""",
    "logs": """AssociateKmsKey CreateLogGroup DeleteLogGroup DeleteMetricFilter DescribeAccountPolicies
        DescribeLogGroups DescribeMetricFilters
        DescribeResourcePolicies DescribeSubscriptionFilters ListTagsForResource PutMetricFilter PutRetentionPolicy
        TagResource""",
    "organizations": """DescribeOrganization EnableAWSServiceAccess ListAWSServiceAccessForOrganization ListAccounts
        ListAccountsForParent ListDelegatedAdministrators ListOrganizationalUnitsForParent ListRoots ListTagsForResource""",
    "s3": """CreateBucket DeleteBucket DeleteBucketPolicy DeleteObject GetBucketAbac GetBucketAcl GetBucketEncryption
        GetBucketLifecycleConfiguration GetBucketLocation GetBucketLogging GetBucketNotificationConfiguration
        GetBucketOwnershipControls GetBucketPolicy GetBucketReplication GetBucketRequestPayment GetBucketTagging
        GetBucketVersioning GetObject GetObjectLockConfiguration GetPublicAccessBlock ListBucketInventoryConfigurations
        ListObjectVersions ListObjectsV2 PutBucketEncryption PutBucketLifecycleConfiguration PutBucketLogging
        PutBucketNotificationConfiguration PutBucketOwnershipControls PutBucketPolicy PutBucketTagging PutBucketVersioning PutObject
        PutObjectLockConfiguration PutPublicAccessBlock""",
    "sns": """CreateTopic DeleteTopic GetTopicAttributes ListSubscriptionsByTopic ListTagsForResource Publish SetTopicAttributes
        TagResource""",
    "sts": "AssumeRole GetCallerIdentity",
}

# Codes that no model has, by the page that has them, November 2026.
DOCUMENTED = {
    # https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
    "Amazon S3 API Reference: Error responses, List of error codes": """AccessControlListNotSupported AccessDenied
        AccessPointAlreadyOwnedByYou AccountProblem AllAccessDisabled AmbiguousGrantByEmailAddress
        AuthorizationHeaderMalformed AuthorizationQueryParametersError BadDigest BucketAlreadyExists
        BucketAlreadyOwnedByYou BucketHasAccessPointsAttached BucketNotEmpty ClientTokenConflict
        ConditionalRequestConflict ConnectionClosedByRequester CredentialsNotSupported
        CrossLocationLoggingProhibited DeviceNotActiveError EndpointNotFound EntityTooLarge EntityTooSmall
        ExpiredToken IllegalLocationConstraintException IllegalVersioningConfigurationException IncompleteBody
        IncorrectEndpoint IncorrectNumberOfFilesInPostRequest InlineDataTooLarge InternalError InvalidAccessKeyId
        InvalidAccessPoint InvalidAccessPointAliasError InvalidAddressingHeader InvalidArgument
        InvalidBucketAclWithObjectOwnership InvalidBucketName InvalidBucketOwnerAWSAccountID InvalidBucketState
        InvalidDigest InvalidEncryptionAlgorithmError InvalidHostHeader InvalidHttpMethod InvalidLocationConstraint
        InvalidObjectState InvalidPart InvalidPartOrder InvalidPayer InvalidPolicyDocument InvalidRange
        InvalidRegion InvalidRequest InvalidSOAPRequest InvalidSecurity InvalidSessionException InvalidSignature
        InvalidStorageClass InvalidTag InvalidTargetBucketForLogging InvalidToken InvalidURI
        KMS.DisabledException KMS.InvalidKeyUsageException KMS.KMSInvalidStateException KMS.NotFoundException
        KeyTooLongError MalformedACLError MalformedPOSTRequest MalformedPolicy MalformedXML
        MaxMessageLengthExceeded MaxPostPreDataLengthExceededError MetadataTooLarge MethodNotAllowed
        MissingAttachment MissingAuthenticationToken MissingContentLength MissingRequestBodyError
        MissingSecurityElement MissingSecurityHeader NoLoggingStatusForKey NoSuchAccessPoint NoSuchAsyncRequest
        NoSuchBucket NoSuchBucketPolicy NoSuchCORSConfiguration NoSuchKey NoSuchLifecycleConfiguration
        NoSuchMultiRegionAccessPoint NoSuchObjectLockConfiguration NoSuchTagSet NoSuchUpload NoSuchVersion
        NoSuchWebsiteConfiguration NoTransformationDefined NotDeviceOwnerError NotImplemented NotModified
        NotSignedUp ObjectLockConfigurationNotFoundError OperationAborted OwnershipControlsNotFoundError
        PermanentRedirect PermanentRedirectControlError PreconditionFailed Redirect
        RequestHeaderSectionTooLarge RequestIsNotMultiPartContent RequestTimeTooSkewed RequestTimeout
        RequestTorrentOfBucketError ResponseInterrupted RestoreAlreadyInProgress
        ServerSideEncryptionConfigurationNotFoundError ServiceUnavailable SignatureDoesNotMatch SlowDown
        TagPolicyException TemporaryRedirect TokenCodeInvalidError TokenRefreshRequired TooManyAccessPoints
        TooManyBuckets TooManyMultiRegionAccessPointregionsError TooManyMultiRegionAccessPoints
        UnauthorizedAccessError UnexpectedContent UnexpectedIPError UnresolvableGrantByEmailAddress
        UnsupportedArgument UnsupportedSignature UserKeyMustBeSpecified""",
    # https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ReplicationErrorCodeList
    "Amazon S3 API Reference: Error responses, List of Replication-related error codes": """
        ReplicationConfigurationNotFoundError""",
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_control_GetPublicAccessBlock.html
    "Amazon S3 API Reference: GetPublicAccessBlock": "NoSuchPublicAccessBlockConfiguration",
    # Former versions of https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketTagging.html
    "Amazon S3 API Reference: GetBucketTagging": "NoSuchTagSet NoSuchTagSetError",
    # The pages of the same name of CloudTrail, KMS, CloudWatch Logs, Organizations, IAM, SNS and STS, such as
    # https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/CommonErrors.html
    "API references: Common Errors": """AccessDeniedException ExpiredTokenException IncompleteSignature
        InternalFailure InvalidAction InvalidClientTokenId MalformedHttpRequestException MalformedQueryString
        MissingAction MissingAuthenticationToken MissingParameter NotAuthorized OptInRequired
        RequestAbortedException RequestEntityTooLargeException RequestExpired RequestTimeoutException
        ServiceUnavailable ThrottlingException UnknownOperationException UnrecognizedClientException
        ValidationError""",
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html; services with JSON requests answer
    # with the name of the exception.
    "IAM User Guide: Troubleshoot Signature Version 4 signing": "InvalidSignatureException SignatureDoesNotMatch",
    # https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
    "AWS SDKs and Tools Reference Guide: Retry behavior": """BandwidthLimitExceeded EC2ThrottledException
        PriorRequestNotComplete ProvisionedThroughputExceededException RequestLimitExceeded RequestThrottled
        RequestThrottledException RequestTimeout SlowDown ThrottledException Throttling TooManyRequestsException
        TransactionInProgressException""",
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html: a client error of every operation.
    "Amazon EC2 API Reference: Error codes": "AuthFailure UnauthorizedOperation",
}


def modeled(loader, service):
    """The codes of the modeled errors, by operation."""
    model = loader.load_service_model(service, "service-2")
    found = {}
    for operation in OPERATIONS[service].split():
        shapes = [error["shape"] for error in model["operations"][operation].get("errors", [])]
        codes = [model["shapes"][shape].get("error", {}).get("code", shape) for shape in shapes]
        found[operation] = sorted(codes)
    return found


def main():
    loader = Loader()
    table = {
        "source": f"service-2.json of botocore {version('botocore')}",
        "operations": {service: modeled(loader, service) for service in OPERATIONS},
        "documented": {page: sorted(set(codes.split())) for page, codes in DOCUMENTED.items()},
    }
    text = json.dumps(table, indent=1)
    # One line for each operation and each page.
    text = re.sub(r"\[\n\s+", "[", text)
    text = re.sub(r"\n\s+\]", "]", text)
    text = re.sub(r"\",\n\s+\"(?=[^\"]*\"[,\]])", '", "', text)
    (HERE / "errors.json").write_text(text + "\n")


main()
