//! Turns the policies of bucket, key, topic and topic key into the proof that a trail can deliver,
//! or into the obstacles that prevent delivery.
//!
//! The proof evaluates every request that CloudTrail makes to deliver. It does not cover
//! propagation (whether AWS already applies a policy that was written a moment ago), service
//! control policies and resource control policies.
//!
//! See "Amazon S3 bucket policy for CloudTrail", "Configure AWS KMS key policies for CloudTrail"
//! and "Amazon SNS topic policy for CloudTrail" in the CloudTrail user guide.

use std::fmt;

use crate::trail_statement::{CLOUDTRAIL, TRAIL_CONTEXT, logs_folder};
use crate::{
    AccountId, Arn, Decision, Document, KeyIdentifier, Known, Membership, Region, Request, evaluate,
};

/// The properties of a trail that decide whether it can deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The ARN of the trail. The log files name its account as their source.
    pub trail: Arn,
    /// The ARN of the bucket.
    pub bucket: Arn,
    /// Key prefix of the log files, without leading and trailing slashes.
    pub prefix: Option<String>,
    /// The KMS key that encrypts the log files, if a KMS key does.
    pub key: Option<KeyIdentifier>,
    /// Whether the bucket uses an S3 bucket key, which requires CloudTrail to decrypt.
    pub bucket_key: bool,
    /// The ARN of the topic to which CloudTrail publishes notifications of log files, if there is
    /// one.
    pub topic: Option<Arn>,
    /// The ARN of the KMS key that encrypts the messages of the topic, if there is one.
    pub topic_key: Option<Arn>,
    /// Whether CloudTrail also delivers digest files.
    pub digests: bool,
    /// The organization of the trail's account.
    pub organization: Membership,
    /// Whether the trail logs for all accounts of its organization.
    pub organization_trail: bool,
    /// The owner of the bucket, if known.
    pub owner: Option<Owner>,
}

/// The owner of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The account.
    pub account: AccountId,
    /// The Region of the bucket.
    pub region: Region,
    /// The organization of the account.
    pub organization: Membership,
}

/// One request of CloudTrail in the course of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hop {
    /// CloudTrail reads the ACL of the bucket.
    GetBucketAcl,
    /// CloudTrail writes log files.
    WriteLogs,
    /// CloudTrail writes log files of the other accounts of the organization.
    WriteOrganizationLogs,
    /// CloudTrail writes digest files.
    WriteDigests,
    /// CloudTrail describes the key.
    DescribeKey,
    /// CloudTrail requests a data key from the key.
    GenerateDataKey,
    /// CloudTrail decrypts a data key with the key.
    Decrypt,
    /// CloudTrail publishes a notification of a log file to the topic.
    Notify,
    /// CloudTrail requests a data key for the notification from the key of the topic.
    GenerateTopicDataKey,
    /// CloudTrail decrypts a data key for the notification with the key of the topic.
    DecryptForTopic,
}

/// The kind of resource that a policy belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyKind {
    /// The policy of the bucket.
    Bucket,
    /// The policy of the key.
    Key,
    /// The policy of the topic.
    Topic,
    /// The policy of the key that encrypts the messages of the topic.
    TopicKey,
}

impl PolicyKind {
    /// The size limit of a policy of this kind, in bytes.
    ///
    /// See "Bucket policies" in the S3 user guide (20 KB), "Resource quotas" in the KMS developer
    /// guide (32 KB) and "Amazon SNS API permissions: Actions and resources reference" in the SNS
    /// developer guide (30 KB).
    pub fn limit(self) -> usize {
        match self {
            Self::Bucket => 20 * 1024,
            Self::Key | Self::TopicKey => 32 * 1024,
            Self::Topic => 30 * 1024,
        }
    }
}

impl fmt::Display for PolicyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Bucket => "bucket",
            Self::Key => "key",
            Self::Topic => "topic",
            Self::TopicKey => "topic key",
        })
    }
}

impl Hop {
    /// A stable name for programs, such as `write-logs`.
    pub fn code(self) -> &'static str {
        match self {
            Self::GetBucketAcl => "look-at-bucket",
            Self::WriteLogs => "write-logs",
            Self::WriteOrganizationLogs => "write-organization-logs",
            Self::WriteDigests => "write-digests",
            Self::DescribeKey => "look-at-key",
            Self::GenerateDataKey => "make-data-key",
            Self::Decrypt => "decrypt",
            Self::Notify => "notify",
            Self::GenerateTopicDataKey => "make-topic-data-key",
            Self::DecryptForTopic => "decrypt-for-topic",
        }
    }

    /// The kind of the policy that decides on the hop.
    pub fn policy(self) -> PolicyKind {
        match self {
            Self::GetBucketAcl | Self::WriteLogs | Self::WriteOrganizationLogs | Self::WriteDigests => {
                PolicyKind::Bucket
            }
            Self::DescribeKey | Self::GenerateDataKey | Self::Decrypt => PolicyKind::Key,
            Self::Notify => PolicyKind::Topic,
            Self::GenerateTopicDataKey | Self::DecryptForTopic => PolicyKind::TopicKey,
        }
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::GetBucketAcl => "read the ACL of the bucket",
            Self::WriteLogs => "write log files",
            Self::WriteOrganizationLogs => "write log files of the organization",
            Self::WriteDigests => "write digest files",
            Self::DescribeKey => "describe the key",
            Self::GenerateDataKey => "generate a data key",
            Self::Decrypt => "decrypt a data key",
            Self::Notify => "publish to the topic",
            Self::GenerateTopicDataKey => "generate a data key with the key of the topic",
            Self::DecryptForTopic => "decrypt a data key with the key of the topic",
        })
    }
}

/// The decision of a policy on one hop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The hop.
    pub hop: Hop,
    /// The action of the request, such as `s3:PutObject`.
    pub action: String,
    /// The ARN of the resource of the request.
    pub resource: String,
    /// The decision of the policy on the request.
    pub decision: Decision,
}

impl Delivery {
    /// Returns every request of CloudTrail in a delivery, in the order in which CloudTrail makes
    /// them.
    pub fn requests(&self) -> Vec<(Hop, Request)> {
        let bucket = self.bucket.as_str();
        let mut requests = vec![
            (Hop::GetBucketAcl, self.bucket_request("s3:GetBucketAcl", bucket)),
            (Hop::WriteLogs, self.write("", LOGS)),
        ];
        if let Some(organization) = self.organization.id().filter(|_| self.organization_trail) {
            requests.push((Hop::WriteOrganizationLogs, self.write(&format!("{organization}/"), LOGS)));
        }
        if self.digests {
            requests.push((Hop::WriteDigests, self.write("", DIGESTS)));
        }
        if let Some(key) = &self.key {
            requests.push((Hop::DescribeKey, self.arn_request("kms:DescribeKey", key.as_str())));
            requests.push((Hop::GenerateDataKey, self.with_context("kms:GenerateDataKey", key)));
            if self.bucket_key {
                requests.push((Hop::Decrypt, self.with_context("kms:Decrypt", key)));
            }
        }
        if let Some(topic) = &self.topic {
            requests.push((Hop::Notify, self.arn_request("sns:Publish", topic.as_str())));
            if let Some(key) = &self.topic_key {
                requests.push((Hop::GenerateTopicDataKey, self.for_topic("kms:GenerateDataKey", key, topic)));
                requests.push((Hop::DecryptForTopic, self.for_topic("kms:Decrypt", key, topic)));
            }
        }
        requests
    }

    /// Evaluates every request of CloudTrail under the policies. A missing policy allows nothing.
    pub fn prove<'d>(&self, policy_of: impl Fn(PolicyKind) -> Option<&'d Document>) -> Vec<Proof> {
        let requests = self.requests().into_iter();
        requests
            .map(|(hop, request)| {
                let policy = policy_of(hop.policy());
                let decision = policy.map_or(Decision::NotAllowed(None), |policy| evaluate(policy, &request));
                let (action, resource) = request.into_target();
                Proof { hop, action, resource, decision }
            })
            .collect()
    }

    fn request(&self, action: &str, resource: &str) -> Request {
        let request = Request::by_service(CLOUDTRAIL, action, resource)
            .with("aws:SourceArn", self.trail.as_str())
            .with("aws:SourceAccount", self.trail.account());
        self.organization.add_source_organization(request)
    }

    /// Returns a request to the bucket.
    fn bucket_request(&self, action: &str, resource: &str) -> Request {
        let request = self.request(action, resource);
        match &self.owner {
            Some(owner) => owner
                .organization
                .add_resource_organization(request)
                .with("aws:ResourceAccount", owner.account.as_str())
                .with("s3:ResourceAccount", owner.account.as_str())
                .with("aws:RequestedRegion", owner.region.as_str()),
            None => request,
        }
    }

    /// Returns a request to a key or a topic. The account and the Region come from the ARN.
    fn arn_request(&self, action: &str, resource: &str) -> Request {
        self.to_arn(self.request(action, resource), resource)
    }

    /// Adds the condition keys for the owner and the Region of a key or a topic to the request.
    fn to_arn(&self, request: Request, resource: &str) -> Request {
        let Ok(arn) = resource.parse::<Arn>() else { return request };
        let request =
            request.with("aws:ResourceAccount", arn.account()).with("aws:RequestedRegion", arn.region());
        match &self.owner {
            _ if arn.account() == self.trail.account() => {
                self.organization.add_resource_organization(request)
            }
            Some(owner) if arn.account() == owner.account.as_str() => {
                owner.organization.add_resource_organization(request)
            }
            _ => request,
        }
    }

    /// Returns the request that writes one object. The object is owned by the owner of the bucket
    /// and encrypted with the key of the trail. `below` is `o-…/` for log files of an organization,
    /// and empty otherwise.
    ///
    /// See "Finding your CloudTrail log files" in the CloudTrail user guide. CloudTrail names the
    /// encryption in the request. For trails without a key, and for digest files, a bucket policy
    /// must allow `AES256`: see "Security best practices in AWS CloudTrail". However, "Encrypting
    /// CloudTrail log files, digest files, and event data stores with AWS KMS keys" says that
    /// digest files are encrypted with the key of the trail. The request for digest files therefore
    /// has both as possible values.
    fn write(&self, below: &str, folder: &str) -> Request {
        let logs = logs_folder(self.prefix.as_deref());
        let (account, region) = (self.trail.account(), self.trail.region());
        let object = format!(
            "{}/{logs}{below}{account}/{folder}/{region}/2026/01/01/{account}_{folder}_{region}.json.gz",
            self.bucket
        );
        let request =
            self.bucket_request("s3:PutObject", &object).with("s3:x-amz-acl", "bucket-owner-full-control");
        let value = |text: &str| vec![text.to_owned()];
        let (encryption, key) = match &self.key {
            Some(key) if folder == DIGESTS => (
                Known::OneOf(vec![value(SSE_KMS), value(SSE_S3)]),
                Known::OneOf(vec![value(key.as_str()), Vec::new()]),
            ),
            Some(key) => (Known::Values(value(SSE_KMS)), Known::Values(value(key.as_str()))),
            None => (Known::Values(value(SSE_S3)), Known::Absent),
        };
        request
            .with_known("s3:x-amz-server-side-encryption", encryption)
            .with_known("s3:x-amz-server-side-encryption-aws-kms-key-id", key)
    }

    /// Returns a request that encrypts or decrypts. The encryption context contains the ARN of the
    /// trail, and the ARN of the object if S3 makes the request for CloudTrail.
    fn with_context(&self, action: &str, key: &KeyIdentifier) -> Request {
        self.arn_request(action, key.as_str())
            .with(TRAIL_CONTEXT, self.trail.as_str())
            .with_known("kms:EncryptionContextKeys", Known::AtLeast(vec!["aws:cloudtrail:arn".to_owned()]))
    }

    /// Returns a request that SNS makes for CloudTrail with the key of an encrypted topic. The
    /// encryption context contains the ARN of the topic. AWS does not document whether the request
    /// names the trail.
    ///
    /// See "Amazon SNS topic policy for CloudTrail" in the CloudTrail user guide, and "Enable
    /// compatibility between event sources from AWS services and encrypted topics" in the SNS
    /// developer guide.
    fn for_topic(&self, action: &str, key: &Arn, topic: &Arn) -> Request {
        let perhaps = |value: &str| Known::OneOf(vec![vec![value.to_owned()], Vec::new()]);
        let request = Request::by_service(CLOUDTRAIL, action, key.as_str())
            .with_known("aws:SourceArn", perhaps(self.trail.as_str()))
            .with_known("aws:SourceAccount", perhaps(self.trail.account()))
            .with("kms:EncryptionContext:aws:sns:topicArn", topic.as_str())
            .with_known("kms:EncryptionContextKeys", Known::AtLeast(vec!["aws:sns:topicArn".to_owned()]));
        self.to_arn(request, key.as_str())
    }
}

/// The folder of log files, below the account.
const LOGS: &str = "CloudTrail";
/// The folder of digest files, below the account.
const DIGESTS: &str = "CloudTrail-Digest";
/// Server-side encryption with a key of AWS KMS, as a value of the header.
const SSE_KMS: &str = "aws:kms";
/// Server-side encryption with keys of Amazon S3, as a value of the header.
const SSE_S3: &str = "AES256";
