//! Writes the bucket policy.

use reconcile_diff::observe::bucket_policy::read_stored;
use reconcile_operations::Operation;
use reconcile_plan::observed::StoredPolicy;
use reconcile_plan::plan::Views;
use reconcile_policy::Document;
use reconcile_spec::BucketName;

use super::policy::{PolicyStore, execute as write_policy, resume as resume_policy, text};
use crate::confirm::ConfirmationTarget;
use crate::error::ApplyError;
use crate::journal::OpenConfirmation;
use crate::work::{Made, Work};

pub(super) async fn execute(work: &Work<'_>, views: Views<'_, Document>) -> Result<Made, ApplyError> {
    write_policy(work, views, &BucketPolicyStore::of(work)?).await
}

/// Finishes the confirmation of a bucket policy that an earlier apply wrote.
pub(super) async fn resume(work: &Work<'_>, open: &OpenConfirmation) -> Result<Made, ApplyError> {
    resume_policy(work, open, &BucketPolicyStore::of(work)?).await
}

struct BucketPolicyStore<'a> {
    work: &'a Work<'a>,
    bucket: BucketName,
}

impl<'a> BucketPolicyStore<'a> {
    fn of(work: &'a Work<'a>) -> Result<Self, ApplyError> {
        Ok(Self { work, bucket: super::bucket::name(work)? })
    }

    fn s3(&self) -> aws_sdk_s3::Client {
        self.work.session.s3(self.work.region())
    }
}

impl PolicyStore for BucketPolicyStore<'_> {
    fn resource(&self) -> ConfirmationTarget {
        ConfirmationTarget::Bucket(self.bucket.to_string())
    }

    async fn read(&self) -> Result<Option<StoredPolicy>, ApplyError> {
        Ok(read_stored(self.work.session, self.work.region(), &self.bucket).await?)
    }

    async fn write(&self, text: &str) -> Result<(), ApplyError> {
        let call = self.s3().put_bucket_policy().bucket(self.bucket.as_str()).policy(text);
        let call = call.expected_bucket_owner(self.work.session.id().as_str());
        self.work.call(Operation::PutBucketPolicy, call.send()).await.map(drop)
    }

    fn text(&self, document: &Document) -> Result<Option<String>, ApplyError> {
        Ok(text(document))
    }

    async fn delete(&self) -> Result<(), ApplyError> {
        let call = self.s3().delete_bucket_policy().bucket(self.bucket.as_str());
        let call = call.expected_bucket_owner(self.work.session.id().as_str());
        self.work.call(Operation::DeleteBucketPolicy, call.send()).await.map(drop)
    }
}
