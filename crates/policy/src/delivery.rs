//! Turns the policies of bucket, key and topic into the proof that a trail can deliver, or into what stands in its way.
//!
//! It asks what CloudTrail asks, request by request, before CloudTrail does. It says nothing about
//! propagation: whether AWS already sees a policy that was written a moment ago.
//!
//! See "Amazon S3 bucket policy for CloudTrail" and "Configure AWS KMS key policies for CloudTrail" and "Amazon SNS
//! topic policy for CloudTrail" in the CloudTrail user guide.

use std::fmt;

use crate::trails::{CLOUDTRAIL, logs_folder};
use crate::{Arn, Decision, Document, Request, evaluate};

/// A trail, as far as delivery goes.
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
    /// The ARN of the topic that is told of log files, if there is one.
    pub topic: Option<Arn>,
    /// Whether digest files are delivered too.
    pub digests: bool,
    /// The id of the organization of the trail's account, if it is known to be in one.
    pub organization: Option<String>,
    /// Whether the trail logs for all accounts of that organization.
    pub organization_trail: bool,
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
    /// It tells the topic of a log file.
    Notify,
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
}

impl fmt::Display for PolicyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Bucket => "bucket",
            Self::Key => "key",
            Self::Topic => "topic",
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
        }
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::LookAtBucket => "look at the bucket",
            Self::WriteLogs => "write log files",
            Self::WriteOrganizationLogs => "write log files of the organization",
            Self::WriteDigests => "write digest files",
            Self::LookAtKey => "look at the key",
            Self::MakeDataKey => "make a data key",
            Self::Decrypt => "decrypt a data key",
            Self::Notify => "tell the topic of log files",
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
            (Hop::LookAtBucket, self.request("s3:GetBucketAcl", bucket)),
            (Hop::WriteLogs, self.write("", "CloudTrail")),
        ];
        if let Some(organization) = self.organization.as_ref().filter(|_| self.organization_trail) {
            let below = format!("{organization}/");
            requests.push((Hop::WriteOrganizationLogs, self.write(&below, "CloudTrail")));
        }
        if self.digests {
            requests.push((Hop::WriteDigests, self.write("", "CloudTrail-Digest")));
        }
        if let Some(key) = &self.key {
            requests.push((Hop::LookAtKey, self.request("kms:DescribeKey", key)));
            requests.push((Hop::MakeDataKey, self.with_context("kms:GenerateDataKey", key)));
            if self.bucket_key {
                requests.push((Hop::Decrypt, self.with_context("kms:Decrypt", key)));
            }
        }
        if let Some(topic) = &self.topic {
            // A topic may be in another Region than the bucket.
            let notify = self.request("sns:Publish", topic.as_str());
            requests.push((Hop::Notify, notify.with("aws:RequestedRegion", topic.region())));
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
        let request = match &self.organization {
            Some(organization) => request.with("aws:SourceOrgID", organization),
            None => request,
        };
        // Bucket and key are in the same Region, so the ARN of the key gives it.
        match self.key.as_deref().and_then(|key| key.parse::<Arn>().ok()) {
            Some(key) => request.with("aws:RequestedRegion", key.region()),
            None => request,
        }
    }

    /// The request that writes one object: owned by the owner of the bucket, and encrypted with the key of
    /// the trail. `below` is `o-…/` for log files of an organization, else empty.
    ///
    /// See "Finding your CloudTrail log files" in the CloudTrail user guide.
    fn write(&self, below: &str, folder: &str) -> Request {
        let logs = logs_folder(self.prefix.as_deref());
        let (account, region) = (self.trail.account(), self.trail.region());
        let object = format!(
            "{}/{logs}{below}{account}/{folder}/{region}/2026/01/01/{account}_{folder}_{region}.json.gz",
            self.bucket
        );
        let request = self.request("s3:PutObject", &object).with("s3:x-amz-acl", "bucket-owner-full-control");
        match &self.key {
            Some(key) => request
                .with("s3:x-amz-server-side-encryption", "aws:kms")
                .with("s3:x-amz-server-side-encryption-aws-kms-key-id", key),
            None => request,
        }
    }

    /// The encryption context of a log file is the ARN of its trail.
    fn with_context(&self, action: &str, key: &str) -> Request {
        self.request(action, key)
            .with("kms:EncryptionContext:aws:cloudtrail:arn", self.trail.as_str())
            .with_each("kms:EncryptionContextKeys", ["aws:cloudtrail:arn"])
    }
}
