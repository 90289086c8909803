//! Writes the bucket policy.

use reconcile_diff::observe::policy::stored_bucket_policy;
use reconcile_operations::Operation;
use reconcile_plan::observed::StoredPolicy;
use reconcile_plan::plan::Views;
use reconcile_policy::Document;
use reconcile_spec::BucketName;

use super::policy::{Shelf, execute as write_policy, resume as resume_policy};
use crate::confirm::Subject;
use crate::error::ApplyError;
use crate::journal::Trial;
use crate::work::{Made, Work};

pub(super) async fn execute(work: &Work<'_>, views: Views<'_, Document>) -> Result<Made, ApplyError> {
    write_policy(work, views, &BucketShelf::of(work)?).await
}

/// Finishes the confirmation of a bucket policy that an earlier apply wrote.
pub(super) async fn resume(work: &Work<'_>, trial: &Trial) -> Result<Made, ApplyError> {
    resume_policy(work, trial, &BucketShelf::of(work)?).await
}

struct BucketShelf<'a> {
    work: &'a Work<'a>,
    bucket: BucketName,
}

impl<'a> BucketShelf<'a> {
    fn of(work: &'a Work<'a>) -> Result<Self, ApplyError> {
        Ok(Self { work, bucket: super::bucket::name(work)? })
    }
}

impl Shelf for BucketShelf<'_> {
    fn subject(&self) -> Subject {
        Subject::Bucket(self.bucket.to_string())
    }

    async fn read(&self) -> Result<Option<StoredPolicy>, ApplyError> {
        Ok(stored_bucket_policy(self.work.session, self.work.region(), &self.bucket).await?)
    }

    async fn write(&self, text: Option<&str>) -> Result<(), ApplyError> {
        let session = self.work.session;
        let (s3, owner) = (session.s3(self.work.region()), session.id().as_str());
        let Some(text) = text else {
            let call = s3.delete_bucket_policy().bucket(self.bucket.as_str()).expected_bucket_owner(owner);
            return self.work.call(Operation::DeleteBucketPolicy, call.send()).await.map(drop);
        };
        let call =
            s3.put_bucket_policy().bucket(self.bucket.as_str()).expected_bucket_owner(owner).policy(text);
        self.work.call(Operation::PutBucketPolicy, call.send()).await.map(drop)
    }
}
