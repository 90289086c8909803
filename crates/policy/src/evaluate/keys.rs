//! Contains a table of the condition keys that AWS documents, with the values that they have in a
//! request that does not state them.
//!
//! A key that is not in the table is unknown, unless the key belongs to another service than the
//! service of the request.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;

use super::known::Known;
use super::requester::Requester;
use crate::canonical::lowercase;
use crate::trail_statement::CLOUDTRAIL;

/// The documented value of a key in a request.
#[derive(Debug, Clone, Copy)]
enum Fact {
    /// No value.
    Absent,
    /// An unknown value.
    Present,
    /// This value.
    Is(&'static str),
    /// One of these values; an empty text means no value.
    OneOf(&'static [&'static str]),
    /// The time of the request.
    Time,
    /// No address, or an address of AWS.
    AddressOfAws,
    /// It is unknown whether the request has the key.
    Unknown,
}

use Fact::{Absent, AddressOfAws, Is, OneOf, Present, Time, Unknown};

/// The keys of "AWS global condition context keys" in the IAM user guide, in the order of that
/// page, with their documented availability.
///
/// A service that acts on its own behalf is not a principal of an account, has no role session, and
/// uses no VPC endpoint of a customer: the examples of the page use `aws:PrincipalIsAWSService` to
/// exempt services from conditions on `aws:PrincipalOrgID` and `aws:SourceVpc`. A principal is
/// assumed to call directly and not through a service.
///
/// Each row has a key and its value in a request by a service, by a principal of an account, and by
/// a caller without credentials. `/*` at the end of a key stands for the name of a tag.
const GLOBAL: &[(&str, Fact, Fact, Fact)] = &[
    // Properties of the principal. `Request` states the keys that follow from the requester.
    ("aws:PrincipalArn", Absent, Present, Absent),
    ("aws:PrincipalAccount", Absent, Present, Is("anonymous")),
    ("aws:PrincipalOrgPaths", Absent, Unknown, Absent),
    ("aws:PrincipalOrgID", Absent, Unknown, Absent),
    ("aws:PrincipalTag/*", Absent, Unknown, Absent),
    ("aws:PrincipalIsAWSService", Is("true"), Is("false"), Absent),
    ("aws:PrincipalServiceName", Present, Absent, Absent),
    ("aws:PrincipalServiceNamesList", Present, Absent, Absent),
    ("aws:PrincipalType", Present, Present, Is("Anonymous")),
    ("aws:userid", Unknown, Present, Absent),
    ("aws:username", Absent, Unknown, Absent),
    // Properties of a role session.
    ("aws:AssumedRoot", Absent, Unknown, Absent),
    ("aws:FederatedProvider", Absent, Unknown, Absent),
    ("aws:TokenIssueTime", Absent, Unknown, Absent),
    ("aws:MultiFactorAuthAge", Absent, Unknown, Absent),
    ("aws:MultiFactorAuthPresent", Absent, Unknown, Absent),
    ("aws:ChatbotSourceArn", Absent, Unknown, Absent),
    ("aws:Ec2InstanceSourceVpc", Absent, Unknown, Absent),
    ("aws:Ec2InstanceSourcePrivateIPv4", Absent, Unknown, Absent),
    ("aws:SourceIdentity", Absent, Unknown, Absent),
    ("aws:SignInSessionArn", Absent, Unknown, Absent),
    ("ec2:RoleDelivery", Absent, Unknown, Absent),
    ("ec2:SourceInstanceArn", Absent, Unknown, Absent),
    ("glue:RoleAssumedBy", Absent, Unknown, Absent),
    ("glue:CredentialIssuingService", Absent, Unknown, Absent),
    ("codebuild:BuildArn", Absent, Unknown, Absent),
    ("codebuild:ProjectArn", Absent, Unknown, Absent),
    ("lambda:SourceFunctionArn", Absent, Unknown, Absent),
    ("ssm:SourceInstanceArn", Absent, Unknown, Absent),
    ("identitystore:UserId", Absent, Unknown, Absent),
    // Properties of the network.
    ("aws:SourceIp", AddressOfAws, Unknown, Unknown),
    ("aws:SourceVpc", Absent, Unknown, Unknown),
    ("aws:SourceVpcArn", Absent, Unknown, Unknown),
    ("aws:SourceVpce", Absent, Unknown, Unknown),
    ("aws:VpceAccount", Absent, Unknown, Unknown),
    ("aws:VpceOrgID", Absent, Unknown, Unknown),
    ("aws:VpceOrgPaths", Absent, Unknown, Unknown),
    ("aws:VpcSourceIp", Absent, Unknown, Unknown),
    // Properties of the resource.
    ("aws:ResourceAccount", Present, Present, Present),
    ("aws:ResourceOrgID", Unknown, Unknown, Unknown),
    ("aws:ResourceOrgPaths", Unknown, Unknown, Unknown),
    ("aws:ResourceTag/*", Unknown, Unknown, Unknown),
    // Properties of the request.
    ("aws:CalledVia", Absent, Absent, Absent),
    ("aws:CalledViaFirst", Absent, Absent, Absent),
    ("aws:CalledViaLast", Absent, Absent, Absent),
    ("aws:ViaAWSService", Is("false"), Is("false"), Is("false")),
    ("aws:CurrentTime", Time, Time, Time),
    ("aws:EpochTime", Time, Time, Time),
    ("aws:referer", Absent, Absent, Unknown),
    ("aws:RequestedRegion", Present, Present, Present),
    ("aws:RequestTag/*", Unknown, Unknown, Unknown),
    ("aws:TagKeys", Unknown, Unknown, Unknown),
    ("aws:SecureTransport", Is("true"), Is("true"), Is("true")),
    ("aws:SourceAccount", Unknown, Absent, Absent),
    ("aws:SourceArn", Unknown, Absent, Absent),
    ("aws:SourceOrgID", Unknown, Absent, Absent),
    ("aws:SourceOrgPaths", Unknown, Absent, Absent),
    ("aws:UserAgent", Present, Present, Present),
];

/// The keys of the services that CloudTrail calls to deliver: `s3:GetBucketAcl` and `s3:PutObject`
/// of new objects into a bucket, requests with a symmetric encryption key, and `sns:Publish`.
///
/// The keys are those of "Actions, resources, and condition keys" of Amazon S3, AWS KMS and Amazon
/// SNS in the service authorization reference.
const DELIVERY_KEYS: &[(&str, Fact)] = &[
    // See "Amazon S3 Signature Version 4 authentication specific policy keys" in the S3 API
    // reference: services sign in the header, and the age of a signature matters only for presigned
    // URLs.
    ("s3:authType", Is("REST-HEADER")),
    ("s3:signatureversion", Is("AWS4-HMAC-SHA256")),
    ("s3:signatureAge", Absent),
    ("s3:x-amz-content-sha256", Present),
    // Services use TLS 1.2 or later. See "Infrastructure security in AWS CloudTrail".
    ("s3:TlsVersion", OneOf(&["1.2", "1.3"])),
    ("s3:ResourceAccount", Present),
    // See "Amazon S3 bucket policy for CloudTrail": `s3:PutObject` has a canned ACL, which
    // `Delivery` states, and no other ACL.
    ("s3:x-amz-acl", Absent),
    ("s3:x-amz-grant-full-control", Absent),
    ("s3:x-amz-grant-read", Absent),
    ("s3:x-amz-grant-read-acp", Absent),
    ("s3:x-amz-grant-write", Absent),
    ("s3:x-amz-grant-write-acp", Absent),
    // See "PutObject" in the S3 API reference: STANDARD is the default storage class.
    ("s3:x-amz-storage-class", OneOf(&["", "STANDARD"])),
    // See the same page: a tag, a retention and a legal hold require separate permissions, which
    // CloudTrail does not use.
    ("s3:RequestObjectTag/*", Absent),
    ("s3:RequestObjectTagKeys", Absent),
    ("s3:object-lock-mode", Absent),
    ("s3:object-lock-retain-until-date", Absent),
    ("s3:object-lock-legal-hold", Absent),
    ("s3:object-lock-remaining-retention-days", Absent),
    // Only `s3:PutObject` has these keys, and `Delivery` states them.
    ("s3:x-amz-server-side-encryption", Absent),
    ("s3:x-amz-server-side-encryption-aws-kms-key-id", Absent),
    // See "Encrypting CloudTrail log files, digest files, and event data stores with AWS KMS keys":
    // CloudTrail does not use keys from outside KMS.
    ("s3:x-amz-server-side-encryption-customer-algorithm", Absent),
    // Keys of other requests: copies, lists, reads of versions, websites, new buckets.
    ("s3:x-amz-copy-source", Absent),
    ("s3:x-amz-metadata-directive", Absent),
    ("s3:x-amz-website-redirect-location", Absent),
    ("s3:prefix", Absent),
    ("s3:delimiter", Absent),
    ("s3:max-keys", Absent),
    ("s3:VersionId", Absent),
    ("s3:locationconstraint", Absent),
    ("s3:BypassGovernanceRetention", Absent),
    // A trail names a bucket, not an access point.
    ("s3:AccessPointNetworkOrigin", Absent),
    ("s3:DataAccessPointAccount", Absent),
    ("s3:DataAccessPointArn", Absent),
    ("s3:AccessGrantsInstanceArn", Absent),
    // See "AWS KMS condition keys": the account of the caller. A service is not in an account.
    ("kms:CallerAccount", Absent),
    // See the same page. CloudTrail accepts only symmetric encryption keys.
    ("kms:KeySpec", Is("SYMMETRIC_DEFAULT")),
    ("kms:KeyUsage", Is("ENCRYPT_DECRYPT")),
    ("kms:CustomerMasterKeySpec", Is("SYMMETRIC_DEFAULT")),
    ("kms:CustomerMasterKeyUsage", Is("ENCRYPT_DECRYPT")),
    // Keys of other requests: grants, and changes of keys and their policies.
    ("kms:BypassPolicyLockoutSafetyCheck", Absent),
    ("kms:GrantConstraintType", Absent),
    ("kms:GranteePrincipal", Absent),
    ("kms:GrantIsForAWSResource", Absent),
    ("kms:GrantOperations", Absent),
    ("kms:RetiringPrincipal", Absent),
    // Only requests that encrypt or decrypt have a context, and `Delivery` states it.
    ("kms:EncryptionContextKeys", Absent),
    ("kms:EncryptionContext:aws:cloudtrail:arn", Absent),
    // CloudTrail identifies the key by its ARN.
    ("kms:RequestAlias", Absent),
    // Keys of subscriptions.
    ("sns:Endpoint", Absent),
    ("sns:Protocol", Absent),
];

/// The earliest possible time of an evaluated request.
const EARLIEST: i64 = 1_767_225_600; // 2026-01-01T00:00:00Z

/// The documented value of one key for each kind of requester.
struct Usual {
    by_cloudtrail: Known,
    by_service: Known,
    by_principal: Known,
    by_anybody: Known,
}

/// The table, by key in lower case.
static USUAL: LazyLock<BTreeMap<String, Usual>> = LazyLock::new(|| {
    let global = GLOBAL.iter().map(|(key, by_service, by_principal, by_anybody)| {
        let usual = Usual {
            by_cloudtrail: by_service.known(),
            by_service: by_service.known(),
            by_principal: by_principal.known(),
            by_anybody: by_anybody.known(),
        };
        (key.to_ascii_lowercase(), usual)
    });
    let of_delivery = DELIVERY_KEYS.iter().map(|(key, fact)| {
        let usual = Usual {
            by_cloudtrail: fact.known(),
            by_service: Known::Nothing,
            by_principal: Known::Nothing,
            by_anybody: Known::Nothing,
        };
        (key.to_ascii_lowercase(), usual)
    });
    global.chain(of_delivery).collect()
});

impl Fact {
    fn known(self) -> Known {
        match self {
            Absent => Known::Absent,
            Present => Known::AtLeast(Vec::new()),
            Is(value) => Known::Values(vec![value.to_owned()]),
            OneOf(values) => {
                let alternative = |value: &&str| match *value {
                    "" => Vec::new(),
                    value => vec![value.to_owned()],
                };
                Known::OneOf(values.iter().map(alternative).collect())
            }
            Time => Known::NotBefore(Timestamp::from_second(EARLIEST).unwrap_or(Timestamp::UNIX_EPOCH)),
            AddressOfAws => Known::AddressOfAws,
            Unknown => Known::Nothing,
        }
    }
}

/// Returns the documented value of a key (in lower case) that a request does not state.
pub(super) fn usual<'u>(requester: &Requester, action: &str, key: &str) -> &'u Known {
    /// The services whose keys occur only in requests to the service itself.
    const OWN: [&str; 3] = ["s3", "kms", "sns"];

    let family = || {
        let (family, _) = key.split_once('/')?;
        USUAL.get(&format!("{family}/*"))
    };
    if let Some(usual) = USUAL.get(key).or_else(family) {
        return match requester {
            Requester::Service(service) if service == CLOUDTRAIL => &usual.by_cloudtrail,
            Requester::Service(_) => &usual.by_service,
            Requester::Principal { .. } => &usual.by_principal,
            Requester::Anonymous => &usual.by_anybody,
        };
    }
    let service = |name: &str| name.split_once(':').map(|(service, _)| lowercase(service).into_owned());
    let of = service(key);
    if of.as_deref().is_some_and(|of| OWN.contains(&of)) && of != service(action) {
        return &Known::Absent;
    }
    &Known::Nothing
}
