//! Creates, updates and deletes the bucket.

use aws_sdk_s3::types::{
    BlockedEncryptionTypes, BucketAbacStatus, BucketLocationConstraint, BucketNamespace,
    BucketVersioningStatus, CreateBucketConfiguration, EncryptionType, ObjectOwnership, OwnershipControls,
    OwnershipControlsRule, PublicAccessBlockConfiguration, ServerSideEncryption,
    ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, Tag, Tagging, VersioningConfiguration,
};
use reconcile_aws::Session;
use reconcile_diff::observe::bucket::{Aspects, encryption_rule, read, read_tags};
use reconcile_operations::{Error, Operation};
use reconcile_plan::plan::Action;
use reconcile_plan::view::{Bucket, Encryption, PublicAccessBlock, Tags};
use reconcile_policy::Region;
use reconcile_spec::BucketName;

use super::{Made, Verdict, Work, made, retention};
use crate::error::ApplyError;

/// The Region that S3 means when none is named; it must not be named.
const UNNAMED_REGION: &str = "us-east-1";

/// The bucket of a change.
pub(super) fn name(work: &Work<'_>) -> Result<BucketName, ApplyError> {
    work.change.address.name.parse().map_err(|_| ApplyError::NotDone("change a bucket without a name"))
}

pub(super) async fn execute(work: &Work<'_>, action: &Action<Bucket>) -> Result<Made, ApplyError> {
    let name = name(work)?;
    let action = with_key(work, action)?;
    let aspects = aspects(work, &action);
    let look = || read(work.session, work.region(), &name, &aspects);
    let live = look().await?;
    if let Verdict::AlreadyDone = work.judge(&action, live.as_ref())? {
        return Ok(Made::Unchanged);
    }
    let step = Step {
        work,
        s3: work.session.s3(work.region()),
        name: name.as_str(),
        owner: work.session.id().as_str(),
    };
    match action.after() {
        Some(wanted) => {
            if live.is_none() {
                step.create(&name, wanted).await?;
            }
            // What S3 gives a new bucket differs by Region and year, so all of it is set.
            step.converge(&name, live.as_ref(), wanted).await?;
        }
        None => step.delete().await?,
    }
    work.shown(&action, live.as_ref(), look).await
}

/// The parts of the bucket that the plan changes.
fn aspects(work: &Work<'_>, action: &Action<Bucket>) -> Aspects {
    let wanted = action.after().or(action.before());
    Aspects {
        lifecycle: wanted.is_some_and(|it| it.lifecycle.is_some()),
        object_lock: wanted.is_some_and(|it| it.object_lock.is_some()),
        access_logs: wanted.is_some_and(|it| it.access_logs.is_some()),
        installation: work.context.installation.clone(),
    }
}

/// The action with the ARN of a key that was made a moment ago.
fn with_key(work: &Work<'_>, action: &Action<Bucket>) -> Result<Action<Bucket>, ApplyError> {
    action.towards(|bucket| {
        let encryption = match &bucket.encryption {
            Some(Encryption::Kms { key: Some(key), bucket_key }) => {
                Some(Encryption::Kms { key: Some(work.context.known(key)?), bucket_key: *bucket_key })
            }
            other => other.clone(),
        };
        Ok(Bucket { encryption, ..bucket.clone() })
    })
}

pub(super) struct Step<'a> {
    work: &'a Work<'a>,
    pub(super) s3: aws_sdk_s3::Client,
    pub(super) name: &'a str,
    pub(super) owner: &'a str,
}

impl Step<'_> {
    async fn create(&self, name: &BucketName, wanted: &Bucket) -> Result<(), ApplyError> {
        let region = self.work.region().as_str();
        let place = (region != UNNAMED_REGION).then(|| BucketLocationConstraint::from(region));
        // No kill leaves a bucket without the tag of the installation. See `CreateBucketConfiguration` in the S3 API reference.
        let configuration = CreateBucketConfiguration::builder()
            .set_location_constraint(place)
            .set_tags(Some(tags(&wanted.tags)))
            .build();
        self.work
            .settle(|| {
                let call = self
                    .s3
                    .create_bucket()
                    .bucket(self.name)
                    .create_bucket_configuration(configuration.clone())
                    .set_bucket_namespace(name.namespace().map(|_| BucketNamespace::AccountRegional))
                    // A bucket with a lock is born with it.
                    .set_object_lock_enabled_for_bucket(wanted.object_lock.is_some().then_some(true))
                    .set_object_ownership(wanted.object_ownership.as_deref().map(ObjectOwnership::from));
                async { made(self.work.session.call(Operation::CreateBucket, call.send()).await) }
            })
            .await
    }

    /// S3 deletes no bucket that holds anything.
    async fn delete(&self) -> Result<(), ApplyError> {
        self.work
            .delete(|| {
                let call = self.s3.delete_bucket().bucket(self.name).expected_bucket_owner(self.owner);
                async { self.work.session.call(Operation::DeleteBucket, call.send()).await }
            })
            .await
    }

    /// Makes sure that a new bucket has its tags, and then sets what differs; protection first.
    async fn converge(
        &self,
        name: &BucketName,
        live: Option<&Bucket>,
        wanted: &Bucket,
    ) -> Result<(), ApplyError> {
        // The request that created the bucket has the tags, but the bucket can come from an earlier attempt, and emulators
        // ignore the tags of that request. With `tags: unmanaged`, no later apply adds the tag of the installation.
        if live.is_none() {
            self.tag(name, &wanted.tags).await?;
        }
        if let Some(block) =
            differing(wanted.public_access_block.as_ref(), live, |it| it.public_access_block.as_ref())
        {
            self.block_public_access(*block).await?;
        }
        if let Some(ownership) =
            differing(wanted.object_ownership.as_ref(), live, |it| it.object_ownership.as_ref())
        {
            self.own_objects(ownership).await?;
        }
        let encryption = differing(wanted.encryption.as_ref(), live, |it| it.encryption.as_ref());
        let blocked = differing(wanted.blocked_encryption_types.as_ref(), live, |it| {
            it.blocked_encryption_types.as_ref()
        });
        if encryption.is_some() || blocked.is_some() {
            self.encrypt(encryption, blocked.map(Vec::as_slice)).await?;
        }
        if let Some(versioning) = differing(wanted.versioning.as_ref(), live, |it| it.versioning.as_ref()) {
            self.keep_versions(*versioning).await?;
        }
        // A lock needs versions.
        if let Some(lock) = differing(wanted.object_lock.as_ref(), live, |it| it.object_lock.as_ref()) {
            retention::set_object_lock(self.work, self, lock).await?;
        }
        if let Some(lifecycle) = differing(wanted.lifecycle.as_ref(), live, |it| it.lifecycle.as_ref()) {
            retention::set_lifecycle(self.work, self, name, lifecycle).await?;
        }
        if let Some(logs) = differing(wanted.access_logs.as_ref(), live, |it| it.access_logs.as_ref()) {
            retention::set_access_logs(self.work, self, logs).await?;
        }
        if live.is_some_and(|live| !wanted.tags.missing_from(&live.tags).0.is_empty()) {
            self.tag(name, &wanted.tags).await?;
        }
        Ok(())
    }

    async fn block_public_access(&self, block: PublicAccessBlock) -> Result<(), ApplyError> {
        let configuration = PublicAccessBlockConfiguration::builder()
            .block_public_acls(block.block_public_acls)
            .ignore_public_acls(block.ignore_public_acls)
            .block_public_policy(block.block_public_policy)
            .restrict_public_buckets(block.restrict_public_buckets)
            .build();
        self.work
            .settle(|| {
                let call = self
                    .s3
                    .put_public_access_block()
                    .bucket(self.name)
                    .expected_bucket_owner(self.owner)
                    .public_access_block_configuration(configuration.clone());
                async { self.work.session.call(Operation::PutPublicAccessBlock, call.send()).await.map(drop) }
            })
            .await
    }

    async fn own_objects(&self, ownership: &str) -> Result<(), ApplyError> {
        let rule =
            OwnershipControlsRule::builder().object_ownership(ObjectOwnership::from(ownership)).build();
        let controls = rule.and_then(|rule| OwnershipControls::builder().rules(rule).build()).ok();
        self.work
            .settle(|| {
                let call = self
                    .s3
                    .put_bucket_ownership_controls()
                    .bucket(self.name)
                    .expected_bucket_owner(self.owner)
                    .set_ownership_controls(controls.clone());
                async {
                    self.work.session.call(Operation::PutBucketOwnershipControls, call.send()).await.map(drop)
                }
            })
            .await
    }

    /// Sets the default encryption and the blocked encryption types. One call writes both, and so the call also has what S3
    /// holds now of the one that does not change.
    async fn encrypt(
        &self,
        encryption: Option<&Encryption>,
        blocked: Option<&[String]>,
    ) -> Result<(), ApplyError> {
        let mut rule = self.work.settle(|| encryption_rule(self.work.session, &self.s3, self.name)).await?;
        if let Some(encryption) = encryption {
            let (by_default, bucket_key) = self.by_default(encryption)?;
            rule.apply_server_side_encryption_by_default = by_default;
            rule.bucket_key_enabled = Some(bucket_key);
        }
        if let Some(blocked) = blocked {
            rule.blocked_encryption_types = Some(blocked_types(blocked));
        }
        let configuration = ServerSideEncryptionConfiguration::builder().rules(rule).build().ok();
        self.work
            .settle(|| {
                let call = self
                    .s3
                    .put_bucket_encryption()
                    .bucket(self.name)
                    .expected_bucket_owner(self.owner)
                    .set_server_side_encryption_configuration(configuration.clone());
                async { self.work.session.call(Operation::PutBucketEncryption, call.send()).await.map(drop) }
            })
            .await
    }

    /// The default encryption as S3 takes it, and whether the bucket uses a bucket key.
    fn by_default(
        &self,
        encryption: &Encryption,
    ) -> Result<(Option<ServerSideEncryptionByDefault>, bool), ApplyError> {
        let (algorithm, key, bucket_key) = match encryption {
            Encryption::S3 => (ServerSideEncryption::Aes256, None, false),
            Encryption::Kms { key, bucket_key } => {
                let key = key.as_ref().map(|key| self.work.context.key(key)).transpose()?;
                (ServerSideEncryption::AwsKms, key, *bucket_key)
            }
            Encryption::Other { .. } => {
                return Err(ApplyError::NotDone("set a type of encryption that it does not know"));
            }
        };
        let by_default = ServerSideEncryptionByDefault::builder()
            .sse_algorithm(algorithm)
            .set_kms_master_key_id(key)
            .build();
        Ok((by_default.ok(), bucket_key))
    }

    async fn keep_versions(&self, on: bool) -> Result<(), ApplyError> {
        let status = if on { BucketVersioningStatus::Enabled } else { BucketVersioningStatus::Suspended };
        let configuration = VersioningConfiguration::builder().status(status).build();
        self.work
            .settle(|| {
                let call = self
                    .s3
                    .put_bucket_versioning()
                    .bucket(self.name)
                    .expected_bucket_owner(self.owner)
                    .versioning_configuration(configuration.clone());
                async { self.work.session.call(Operation::PutBucketVersioning, call.send()).await.map(drop) }
            })
            .await
    }

    /// Adds tags.
    async fn tag(&self, name: &BucketName, wanted: &Tags) -> Result<(), ApplyError> {
        let tagged = self.work.settle(|| add_tags(self.work.session, self.work.region(), name, wanted)).await;
        match tagged {
            Err(ApplyError::Aws(error)) if error.is_turned_down() => {
                Err(if self.has_abac().await { self.tagged_elsewhere(wanted, error) } else { error.into() })
            }
            tagged => tagged,
        }
    }

    /// Whether the bucket uses its tags for access control (ABAC). What cannot be read is not: the error that led here
    /// says more.
    async fn has_abac(&self) -> bool {
        let call = self.s3.get_bucket_abac().bucket(self.name).expected_bucket_owner(self.owner).send();
        let answer = self.work.session.call(Operation::GetBucketAbac, call).await;
        let status = answer.ok().and_then(|answer| answer.abac_status).and_then(|it| it.status);
        status == Some(BucketAbacStatus::Enabled)
    }

    fn tagged_elsewhere(&self, wanted: &Tags, error: Error) -> ApplyError {
        ApplyError::TagsUnderAbac {
            error: Box::new(error),
            bucket: format!("arn:{}:s3:::{}", self.work.region().partition(), self.name),
            tags: wanted.0.iter().map(|(key, value)| format!("Key={key},Value={value}")).collect(),
        }
    }
}

/// The encryption types as S3 takes them; `NONE` stands for an empty list.
fn blocked_types(types: &[String]) -> BlockedEncryptionTypes {
    let named = types.iter().map(|it| EncryptionType::from(it.as_str()));
    let types: Vec<EncryptionType> = match types {
        [] => vec![EncryptionType::None],
        _ => named.collect(),
    };
    BlockedEncryptionTypes::builder().set_encryption_type(Some(types)).build()
}

/// Adds the tags to a bucket that it does not have. `PutBucketTagging` replaces all tags, so that they are read right before: a tag that somebody
/// else adds between the two calls is lost. The tags include those of AWS itself (`aws:cloudformation:…`): S3 refuses a call that
/// leaves them out, and accepts them unchanged.
///
/// `TagResource` of S3 Control adds tags without such a window, and is an operation of another service with another endpoint, which
/// emulators do not have.
pub(super) async fn add_tags(
    session: &Session,
    region: &Region,
    name: &BucketName,
    wanted: &Tags,
) -> Result<(), Error> {
    let mut all = read_tags(session, region, name).await?;
    if wanted.missing_from(&all).0.is_empty() {
        return Ok(());
    }
    all.0.extend(wanted.0.clone());
    let call = session
        .s3(region)
        .put_bucket_tagging()
        .bucket(name.as_str())
        .expected_bucket_owner(session.id().as_str())
        .set_tagging(Tagging::builder().set_tag_set(Some(tags(&all))).build().ok())
        .send();
    session.call(Operation::PutBucketTagging, call).await.map(drop)
}

fn tags(tags: &Tags) -> Vec<Tag> {
    // Both are given, so that both are there.
    tags.0.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}

/// What is wanted, where it is not what is live.
fn differing<'v, T: PartialEq>(
    wanted: Option<&'v T>,
    live: Option<&Bucket>,
    field: fn(&Bucket) -> Option<&T>,
) -> Option<&'v T> {
    wanted.filter(|wanted| live.and_then(field) != Some(wanted))
}
