use crate::names::BucketName;

/// Transitions and expiration of log files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifecycle {
    /// Days and storage classes of the transitions, by the names of S3; the earliest first.
    pub transitions: Vec<(u32, &'static str)>,
    /// Days until an object expires.
    pub expire_days: Option<u32>,
    /// Days until a noncurrent version expires.
    pub noncurrent_expire_days: Option<u32>,
    /// Days until an incomplete multipart upload is deleted.
    pub abort_incomplete_multipart_days: Option<u32>,
}

/// Default retention that prevents the deletion of log files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectLock {
    /// `GOVERNANCE` or `COMPLIANCE`.
    pub mode: &'static str,
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
