//! Live state that consists only of policies and default settings.

use reconcile_plan::observed::{HubKey, KeyTraits, LiveKey, Observed};
use reconcile_plan::view::{self, OpenEnum};
use reconcile_policy::{Arn, Document, exposed};
use reconcile_spec::{Desired, ObjectOwnership};

/// Returns a bucket and a key with the default settings of AWS and the given policies. A bucket
/// with a policy that has a public statement does not block public access, because S3 would
/// otherwise reject the policy.
pub fn given(desired: &Desired, bucket: Option<Document>, key: Option<Document>) -> Observed {
    let site = &desired.key.site;
    let account = desired.account(&site.account).map_or("", |account| account.id.as_str());
    let arn = Arn::new(site.region.partition(), "kms", site.region.as_str(), account, "key/given");
    let is_public = |policy: &Document| exposed(policy).iter().any(|it| it.doubt.is_none());
    Observed {
        bucket: bucket.as_ref().map(|policy| view::Bucket {
            encryption: Some(view::Encryption::S3),
            blocked_encryption_types: None,
            versioning: Some(false),
            public_access_block: Some(view::PublicAccessBlock::all(!is_public(policy))),
            object_ownership: Some(OpenEnum::Known(ObjectOwnership::BucketOwnerEnforced)),
            lifecycle: None,
            object_lock: None,
            access_logs: None,
            eventbridge: None,
            tags: view::Tags::default(),
        }),
        bucket_policy: bucket,
        key: key.map(|policy| HubKey {
            key: LiveKey {
                arn,
                is_aliased: true,
                traits: KeyTraits::default(),
                view: view::Key {
                    description: None,
                    rotation: Some(view::Rotation::Off),
                    tags: view::Tags::default(),
                    initial_policy: None,
                },
            },
            policy,
            grants: Vec::new(),
        }),
        ..Observed::default()
    }
}
