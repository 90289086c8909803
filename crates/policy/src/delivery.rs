//! Turns the policies of bucket, key, topic and topic key into the proof that a trail can deliver, or into what prevents it.
//!
//! Asks what CloudTrail asks, request by request, before CloudTrail does. Says nothing about propagation: whether AWS
//! already applies a policy that was written a moment ago. Nor does it see service control policies and resource control
//! policies.
//!
//! See "Amazon S3 bucket policy for CloudTrail", "Configure AWS KMS key policies for CloudTrail" and "Amazon SNS topic
//! policy for CloudTrail" in the CloudTrail user guide.

use std::fmt;

use crate::trails::{CLOUDTRAIL, TRAIL_CONTEXT, logs_folder};
use crate::{AccountId, Arn, Decision, Document, Known, Membership, Region, Request, evaluate};

/// A trail, as far as delivery is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The trail: its account is where the log files say they come from.
    pub trail: Arn,
    /// The ARN of the bucket.
    pub bucket: Arn,
    /// Key prefix of the log files, without slashes around it.
    pub prefix: Option<String>,
    /// The ARN of the key that encrypts them, if it is one in KMS.
    pub key: Option<String>,
    /// Whether the bucket uses an S3 bucket key, for which CloudTrail has to decrypt.
    pub bucket_key: bool,
    /// The ARN of the topic that CloudTrail notifies of log files, if there is one.
    pub topic: Option<Arn>,
    /// The ARN of the key in KMS that encrypts the messages of the topic, if there is one.
    pub topic_key: Option<String>,
    /// Whether digest files are delivered too.
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

/// One thing that CloudTrail does to deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hop {
    /// It looks at the ACL of the bucket.
    LookAtBucket,
    /// It writes log files.
    WriteLogs,
    /// It writes log files of the other accounts of the organization.
    WriteOrganizationLogs,
    /// It writes digest files.
    WriteDigests,
    /// It looks at the key.
    LookAtKey,
    /// It has the key make a data key.
    MakeDataKey,
    /// It has the key decrypt a data key.
    Decrypt,
    /// It publishes a notification of a log file to the topic.
    Notify,
    /// It has the key of the topic generate a data key for the notification.
    MakeTopicDataKey,
    /// It has the key of the topic decrypt a data key for the notification.
    DecryptForTopic,
}

/// Whose policy it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyKind {
    /// That of the bucket.
    Bucket,
    /// That of the key.
    Key,
    /// That of the topic.
    Topic,
    /// That of the key that encrypts the messages of the topic.
    TopicKey,
}

impl PolicyKind {
    /// The size limit of such a policy, in bytes.
    ///
    /// See "Bucket policies" in the S3 user guide (20 KB), "Resource quotas" in the KMS developer guide (32 KB) and
    /// "Amazon SNS API permissions: Actions and resources reference" in the SNS developer guide (30 KB).
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
            Self::LookAtBucket => "look-at-bucket",
            Self::WriteLogs => "write-logs",
            Self::WriteOrganizationLogs => "write-organization-logs",
            Self::WriteDigests => "write-digests",
            Self::LookAtKey => "look-at-key",
            Self::MakeDataKey => "make-data-key",
            Self::Decrypt => "decrypt",
            Self::Notify => "notify",
            Self::MakeTopicDataKey => "make-topic-data-key",
            Self::DecryptForTopic => "decrypt-for-topic",
        }
    }

    /// Whose policy decides.
    pub fn policy(self) -> PolicyKind {
        match self {
            Self::LookAtBucket | Self::WriteLogs | Self::WriteOrganizationLogs | Self::WriteDigests => {
                PolicyKind::Bucket
            }
            Self::LookAtKey | Self::MakeDataKey | Self::Decrypt => PolicyKind::Key,
            Self::Notify => PolicyKind::Topic,
            Self::MakeTopicDataKey | Self::DecryptForTopic => PolicyKind::TopicKey,
        }
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::LookAtBucket => "read the ACL of the bucket",
            Self::WriteLogs => "write log files",
            Self::WriteOrganizationLogs => "write log files of the organization",
            Self::WriteDigests => "write digest files",
            Self::LookAtKey => "describe the key",
            Self::MakeDataKey => "generate a data key",
            Self::Decrypt => "decrypt a data key",
            Self::Notify => "publish to the topic",
            Self::MakeTopicDataKey => "generate a data key with the key of the topic",
            Self::DecryptForTopic => "decrypt a data key with the key of the topic",
        })
    }
}

/// The decision of a policy on one hop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// What it does.
    pub hop: Hop,
    /// As a request.
    pub request: Request,
    /// What the policy says.
    pub decision: Decision,
}

impl Delivery {
    /// Everything that CloudTrail does to deliver, in the order in which log files go.
    pub fn requests(&self) -> Vec<(Hop, Request)> {
        let bucket = self.bucket.as_str();
        let mut requests = vec![
            (Hop::LookAtBucket, self.of_bucket("s3:GetBucketAcl", bucket)),
            (Hop::WriteLogs, self.write("", LOGS)),
        ];
        if let Some(organization) = self.organization.id().filter(|_| self.organization_trail) {
            requests.push((Hop::WriteOrganizationLogs, self.write(&format!("{organization}/"), LOGS)));
        }
        if self.digests {
            requests.push((Hop::WriteDigests, self.write("", DIGESTS)));
        }
        if let Some(key) = &self.key {
            requests.push((Hop::LookAtKey, self.of_arn("kms:DescribeKey", key)));
            requests.push((Hop::MakeDataKey, self.with_context("kms:GenerateDataKey", key)));
            if self.bucket_key {
                requests.push((Hop::Decrypt, self.with_context("kms:Decrypt", key)));
            }
        }
        if let Some(topic) = &self.topic {
            requests.push((Hop::Notify, self.of_arn("sns:Publish", topic.as_str())));
            if let Some(key) = &self.topic_key {
                requests.push((Hop::MakeTopicDataKey, self.for_topic("kms:GenerateDataKey", key, topic)));
                requests.push((Hop::DecryptForTopic, self.for_topic("kms:Decrypt", key, topic)));
            }
        }
        requests
    }

    /// What the policies say to everything that CloudTrail does; no policy allows nothing.
    pub fn prove<'d>(&self, policy_of: impl Fn(PolicyKind) -> Option<&'d Document>) -> Vec<Proof> {
        let requests = self.requests().into_iter();
        requests
            .map(|(hop, request)| {
                let policy = policy_of(hop.policy());
                let decision = policy.map_or(Decision::NotAllowed(None), |policy| evaluate(policy, &request));
                Proof { hop, request, decision }
            })
            .collect()
    }

    fn request(&self, action: &str, resource: &str) -> Request {
        let request = Request::by_service(CLOUDTRAIL, action, resource)
            .with("aws:SourceArn", self.trail.as_str())
            .with("aws:SourceAccount", self.trail.account());
        self.organization.of_source(request)
    }

    /// A request to the bucket.
    fn of_bucket(&self, action: &str, resource: &str) -> Request {
        let request = self.request(action, resource);
        match &self.owner {
            Some(owner) => owner
                .organization
                .of_resource(request)
                .with("aws:ResourceAccount", owner.account.as_str())
                .with("s3:ResourceAccount", owner.account.as_str())
                .with("aws:RequestedRegion", owner.region.as_str()),
            None => request,
        }
    }

    /// A request to a key or a topic, whose ARN has its account and its Region.
    fn of_arn(&self, action: &str, resource: &str) -> Request {
        self.to_arn(self.request(action, resource), resource)
    }

    /// The request with the keys for the owner and the Region of a key or a topic.
    fn to_arn(&self, request: Request, resource: &str) -> Request {
        let Ok(arn) = resource.parse::<Arn>() else { return request };
        let request =
            request.with("aws:ResourceAccount", arn.account()).with("aws:RequestedRegion", arn.region());
        match &self.owner {
            _ if arn.account() == self.trail.account() => self.organization.of_resource(request),
            Some(owner) if arn.account() == owner.account.as_str() => owner.organization.of_resource(request),
            _ => request,
        }
    }

    /// The request that writes one object: owned by the owner of the bucket, and encrypted with the key of the trail.
    /// `below` is `o-…/` for log files of an organization, else empty.
    ///
    /// See "Finding your CloudTrail log files" in the CloudTrail user guide. CloudTrail names the encryption: where a trail
    /// has no key, and for digest files, a bucket policy has to allow `AES256`, see "Security best practices in AWS
    /// CloudTrail". "Encrypting CloudTrail log files, digest files, and event data stores with AWS KMS keys" says that
    /// digest files are encrypted with the key of the trail: of those, either is possible.
    fn write(&self, below: &str, folder: &str) -> Request {
        let logs = logs_folder(self.prefix.as_deref());
        let (account, region) = (self.trail.account(), self.trail.region());
        let object = format!(
            "{}/{logs}{below}{account}/{folder}/{region}/2026/01/01/{account}_{folder}_{region}.json.gz",
            self.bucket
        );
        let request =
            self.of_bucket("s3:PutObject", &object).with("s3:x-amz-acl", "bucket-owner-full-control");
        let value = |text: &str| vec![text.to_owned()];
        let (encryption, key) = match &self.key {
            Some(key) if folder == DIGESTS => (
                Known::OneOf(vec![value(SSE_KMS), value(SSE_S3)]),
                Known::OneOf(vec![value(key), Vec::new()]),
            ),
            Some(key) => (Known::Values(value(SSE_KMS)), Known::Values(value(key))),
            None => (Known::Values(value(SSE_S3)), Known::Absent),
        };
        request
            .with_known("s3:x-amz-server-side-encryption", encryption)
            .with_known("s3:x-amz-server-side-encryption-aws-kms-key-id", key)
    }

    /// A request that encrypts or decrypts: the encryption context has the ARN of the trail, and of the object where S3
    /// asks for CloudTrail.
    fn with_context(&self, action: &str, key: &str) -> Request {
        self.of_arn(action, key)
            .with(TRAIL_CONTEXT, self.trail.as_str())
            .with_known("kms:EncryptionContextKeys", Known::AtLeast(vec!["aws:cloudtrail:arn".to_owned()]))
    }

    /// A request of SNS for CloudTrail, with the key of an encrypted topic. The encryption context has the ARN of the
    /// topic. AWS does not document whether the request names the trail.
    ///
    /// See "Amazon SNS topic policy for CloudTrail" in the CloudTrail user guide, and "Enable compatibility between event
    /// sources from AWS services and encrypted topics" in the SNS developer guide.
    fn for_topic(&self, action: &str, key: &str, topic: &Arn) -> Request {
        let perhaps = |value: &str| Known::OneOf(vec![vec![value.to_owned()], Vec::new()]);
        let request = Request::by_service(CLOUDTRAIL, action, key)
            .with_known("aws:SourceArn", perhaps(self.trail.as_str()))
            .with_known("aws:SourceAccount", perhaps(self.trail.account()))
            .with("kms:EncryptionContext:aws:sns:topicArn", topic.as_str())
            .with_known("kms:EncryptionContextKeys", Known::AtLeast(vec!["aws:sns:topicArn".to_owned()]));
        self.to_arn(request, key)
    }
}

/// The folder of log files, below the account.
const LOGS: &str = "CloudTrail";
/// The folder of digest files, below the account.
const DIGESTS: &str = "CloudTrail-Digest";
/// Server-side encryption with a key of AWS KMS, as a header has it.
const SSE_KMS: &str = "aws:kms";
/// Server-side encryption with keys of Amazon S3, as a header has it.
const SSE_S3: &str = "AES256";
