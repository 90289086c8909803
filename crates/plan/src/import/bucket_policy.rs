//! Writes the bucket policy of an installation as YAML of a spec.

use reconcile_policy::Recovered;

use super::choice::Aspect;
use super::draft::Draft;
use super::policy::write_policy;
use super::text::Text;

impl Draft<'_> {
    /// The content of the managed statements, if the spec manages the bucket policy.
    pub(super) fn own_bucket_statements(&self) -> Option<&Recovered> {
        self.own_bucket.as_ref().filter(|_| self.manages_bucket_policy())
    }

    pub(super) fn manages_bucket_policy(&self) -> bool {
        self.lacking.bucket || !self.aside.contains(&Aspect::BucketPolicy)
    }

    pub(super) fn write_bucket_policy(&self, text: &mut Text) {
        if !self.manages_bucket_policy() {
            text.keep("  policy: unmanaged", Aspect::BucketPolicy);
            return;
        }
        write_policy(self.own_bucket_statements(), self.lacking.bucket, Aspect::BucketPolicy, text);
    }
}
