//! Writes the bucket policy.

use reconcile_aws::Operation;
use reconcile_diff::observe::policy::read_bucket_policy;
use reconcile_diff::plan::Action;
use reconcile_policy::Document;
use reconcile_spec::BucketName;

use super::policy::{Shelf, execute as write_policy};
use super::{Made, Work};
use crate::error::ApplyError;

pub(super) async fn execute(work: &Work<'_>, action: &Action<Document>) -> Result<Made, ApplyError> {
    let bucket = super::bucket::name(work)?;
    write_policy(work, action, &BucketShelf { work, bucket }).await
}

struct BucketShelf<'a> {
    work: &'a Work<'a>,
    bucket: BucketName,
}

impl Shelf for BucketShelf<'_> {
    async fn read(&self) -> Result<Option<Document>, ApplyError> {
        Ok(read_bucket_policy(self.work.session, self.work.region(), &self.bucket).await?)
    }

    async fn write(&self, document: &Document) -> Result<(), ApplyError> {
        let session = self.work.session;
        let (s3, owner) = (session.s3(self.work.region()), session.id().as_str());
        if document.statements().is_empty() {
            let call =
                s3.delete_bucket_policy().bucket(self.bucket.as_str()).expected_bucket_owner(owner).send();
            return Ok(session.call(Operation::DeleteBucketPolicy, call).await.map(drop)?);
        }
        self.work
            .settle(|| {
                let call = s3
                    .put_bucket_policy()
                    .bucket(self.bucket.as_str())
                    .expected_bucket_owner(owner)
                    .policy(document.to_string());
                async { session.call(Operation::PutBucketPolicy, call.send()).await.map(drop) }
            })
            .await
    }
}
