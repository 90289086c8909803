use crate::names::BucketName;

/// What becomes of log files with time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifecycle {
    /// Days, and the storage class to move to, as S3 names it; soonest first.
    pub transitions: Vec<(u32, &'static str)>,
    /// Days until an object expires.
    pub expire_days: Option<u32>,
    /// Days until a former version expires.
    pub noncurrent_expire_days: Option<u32>,
    /// Days until an upload that was not finished is dropped.
    pub abort_incomplete_multipart_days: Option<u32>,
}

/// Default retention that nobody can shorten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectLock {
    /// `GOVERNANCE` or `COMPLIANCE`.
    pub mode: &'static str,
    /// For how long.
    pub retention: Retention,
}

/// How long Object Lock keeps a new object version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// In days.
    Days(u32),
    /// In years.
    Years(u32),
}

/// Where server access logs go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessLogs {
    /// The bucket.
    pub bucket: BucketName,
    /// Their key prefix.
    pub prefix: String,
}
