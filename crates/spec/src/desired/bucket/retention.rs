use super::super::aws_names;
use crate::names::BucketName;

/// Transitions and expiration of log files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifecycle {
    /// Days and storage classes of the transitions; the earliest first.
    pub transitions: Vec<(u32, StorageClass)>,
    /// Days until an object expires.
    pub expire_days: Option<u32>,
    /// Days until a noncurrent version expires.
    pub noncurrent_expire_days: Option<u32>,
    /// Days until an incomplete multipart upload is deleted.
    pub abort_incomplete_multipart_days: Option<u32>,
}

aws_names! {
    /// A storage class of S3.
    StorageClass {
        /// S3 Standard-Infrequent Access.
        StandardIa "STANDARD_IA",
        /// S3 One Zone-Infrequent Access.
        OnezoneIa "ONEZONE_IA",
        /// S3 Intelligent-Tiering.
        IntelligentTiering "INTELLIGENT_TIERING",
        /// S3 Glacier Instant Retrieval.
        GlacierIr "GLACIER_IR",
        /// S3 Glacier Flexible Retrieval.
        Glacier "GLACIER",
        /// S3 Glacier Deep Archive.
        DeepArchive "DEEP_ARCHIVE",
    }
}

impl StorageClass {
    /// Returns whether objects must be restored before anybody can read them.
    ///
    /// See "Understanding archive storage in S3 Glacier Flexible Retrieval and S3 Glacier Deep
    /// Archive" in the S3 user guide.
    pub fn is_archive(self) -> bool {
        match self {
            Self::Glacier | Self::DeepArchive => true,
            Self::StandardIa | Self::OnezoneIa | Self::IntelligentTiering | Self::GlacierIr => false,
        }
    }
}

aws_names! {
    /// The mode of an object lock.
    LockMode {
        /// Principals with `s3:BypassGovernanceRetention` can end the retention.
        Governance "GOVERNANCE",
        /// Nobody can end the retention.
        Compliance "COMPLIANCE",
    }
}

/// Default retention that prevents the deletion of log files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectLock {
    /// The mode of the lock.
    pub mode: LockMode,
    /// The retention period.
    pub retention: Retention,
}

/// The retention period of a new object version under Object Lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// In days.
    Days(u32),
    /// In years.
    Years(u32),
}

/// The destination of server access logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessLogs {
    /// The destination bucket.
    pub bucket: BucketName,
    /// The key prefix of the access logs.
    pub prefix: String,
}
