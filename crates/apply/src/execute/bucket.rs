//! Creates, updates and deletes the bucket.

mod retention;

use aws_sdk_s3::types::{
    BlockedEncryptionTypes, BucketAbacStatus, BucketLifecycleConfiguration, BucketLocationConstraint,
    BucketNamespace, BucketVersioningStatus, CreateBucketConfiguration, EncryptionType,
    EventBridgeConfiguration, ObjectOwnership, OwnershipControls, OwnershipControlsRule,
    PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, Tag, Tagging, VersioningConfiguration,
};
use reconcile_aws::Session;
use reconcile_diff::observe::bucket::retention::read_rules;
use reconcile_diff::observe::bucket::{Aspects, encryption_rule, read, read_tags};
use reconcile_diff::observe::names::notification_configuration;
use reconcile_operations::{Error, Operation};
use reconcile_plan::plan::Action;
use reconcile_plan::view::{Bucket, Encryption, Lifecycle, PublicAccessBlock, Tags};
use reconcile_policy::Region;
use reconcile_spec::BucketName;

use crate::error::ApplyError;
use crate::resource::{Creates, Deletes, Reads, Updates, change};
use crate::work::{Made, Work, made};

/// The Region in which S3 creates a bucket without a location constraint. S3 rejects a constraint
/// with this Region. See `CreateBucket` in the S3 API reference.
const UNNAMED_REGION: &str = "us-east-1";

/// Returns the name of the bucket of a change.
pub(super) fn name(work: &Work<'_>) -> Result<BucketName, ApplyError> {
    let address = &work.change.address;
    address.name.parse().map_err(|_| ApplyError::BadAddress(address.clone()))
}

pub(super) async fn execute(work: &Work<'_>, action: &Action<Bucket>) -> Result<Made, ApplyError> {
    let action = with_key(work, action)?;
    let planned = action.view();
    let aspects = Aspects {
        lifecycle: planned.lifecycle.is_some(),
        object_lock: planned.object_lock.is_some(),
        access_logs: planned.access_logs.is_some(),
        eventbridge: planned.eventbridge.is_some(),
        installation: work.context.installation.clone(),
    };
    let s3 = work.session.s3(work.region());
    change(work, &BucketCalls { work, s3, bucket: name(work)?, aspects }, &action).await
}

/// Returns the action with the ARN of a key that this apply may have created.
fn with_key(work: &Work<'_>, action: &Action<Bucket>) -> Result<Action<Bucket>, ApplyError> {
    action.try_map(|bucket| {
        let encryption = match &bucket.encryption {
            Some(Encryption::Kms { key: Some(key), bucket_key }) => {
                Some(Encryption::Kms { key: Some(work.context.known(key)?), bucket_key: *bucket_key })
            }
            other => other.clone(),
        };
        Ok(Bucket { encryption, ..bucket.clone() })
    })
}

/// The calls for a bucket.
struct BucketCalls<'a> {
    work: &'a Work<'a>,
    s3: aws_sdk_s3::Client,
    bucket: BucketName,
    /// The optional settings that the plan manages.
    aspects: Aspects,
}

impl Reads for BucketCalls<'_> {
    type View = Bucket;
    type Live = Bucket;

    async fn read(&self) -> Result<Option<Bucket>, ApplyError> {
        Ok(read(self.work.session, self.work.region(), &self.bucket, &self.aspects).await?)
    }
}

impl Creates for BucketCalls<'_> {
    async fn create(&self, wanted: &Bucket) -> Result<(), ApplyError> {
        let region = self.work.region().as_str();
        let place = (region != UNNAMED_REGION).then(|| BucketLocationConstraint::from(region));
        // The tag of the installation is part of the request, so that an interrupted apply never
        // leaves a bucket without the tag. See `CreateBucketConfiguration` in the S3 API reference.
        let configuration = CreateBucketConfiguration::builder()
            .set_location_constraint(place)
            .set_tags(Some(tags(&wanted.tags)))
            .build();
        let create = || {
            self.s3
                .create_bucket()
                .bucket(self.name())
                .create_bucket_configuration(configuration.clone())
                .set_bucket_namespace(self.bucket.namespace().map(|_| BucketNamespace::AccountRegional))
                // Object Lock is enabled when the bucket is created.
                .set_object_lock_enabled_for_bucket(wanted.object_lock.is_some().then_some(true))
                .set_object_ownership(
                    wanted.object_ownership.as_ref().map(|it| ObjectOwnership::from(it.as_str())),
                )
                .send()
        };
        made(self.work.write(Operation::CreateBucket, create).await)?;
        // The request that created the bucket had the tags, but an earlier attempt may have created
        // the bucket, and emulators ignore the tags of the request. With `tags: unmanaged`, no
        // later apply adds the tag of the installation.
        self.tag(&wanted.tags).await?;
        // The default settings of a new bucket depend on the Region and the year, so all settings
        // are written.
        self.set(None, wanted).await
    }
}

impl Updates for BucketCalls<'_> {
    async fn update(&self, live: &Bucket, wanted: &Bucket) -> Result<(), ApplyError> {
        self.set(Some(live), wanted).await?;
        if wanted.tags.missing_from(&live.tags).0.is_empty() {
            return Ok(());
        }
        self.tag(&wanted.tags).await
    }
}

impl Deletes for BucketCalls<'_> {
    /// Deletes the bucket. S3 rejects the deletion of a bucket that is not empty.
    async fn delete(&self, _: &Bucket) -> Result<(), ApplyError> {
        let delete =
            || self.s3.delete_bucket().bucket(self.name()).expected_bucket_owner(self.owner()).send();
        self.work.delete(Operation::DeleteBucket, delete).await
    }
}

impl BucketCalls<'_> {
    fn name(&self) -> &str {
        self.bucket.as_str()
    }

    fn owner(&self) -> &str {
        self.work.session.id().as_str()
    }

    /// Writes the settings that differ, protection first. `live` is `None` if the settings of the
    /// bucket are unknown.
    async fn set(&self, live: Option<&Bucket>, wanted: &Bucket) -> Result<(), ApplyError> {
        if let Some(block) =
            differing(wanted.public_access_block.as_ref(), live, |it| it.public_access_block.as_ref())
        {
            self.block_public_access(*block).await?;
        }
        if let Some(ownership) =
            differing(wanted.object_ownership.as_ref(), live, |it| it.object_ownership.as_ref())
        {
            self.own_objects(ownership.as_str()).await?;
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
        // Object Lock requires versioning.
        if let Some(lock) = differing(wanted.object_lock.as_ref(), live, |it| it.object_lock.as_ref()) {
            let configuration = retention::object_lock(lock);
            let put = || {
                let call = self
                    .s3
                    .put_object_lock_configuration()
                    .bucket(self.name())
                    .expected_bucket_owner(self.owner());
                call.object_lock_configuration(configuration.clone()).send()
            };
            self.work.write(Operation::PutObjectLockConfiguration, put).await?;
        }
        if let Some(lifecycle) = differing(wanted.lifecycle.as_ref(), live, |it| it.lifecycle.as_ref()) {
            self.expire(lifecycle).await?;
        }
        if let Some(logs) = differing(wanted.access_logs.as_ref(), live, |it| it.access_logs.as_ref()) {
            let status = retention::access_logs(logs);
            let put = || {
                let call =
                    self.s3.put_bucket_logging().bucket(self.name()).expected_bucket_owner(self.owner());
                call.bucket_logging_status(status.clone()).send()
            };
            self.work.write(Operation::PutBucketLogging, put).await?;
        }
        if let Some(is_on) = differing(wanted.eventbridge.as_ref(), live, |it| it.eventbridge.as_ref()) {
            self.send_events(*is_on).await?;
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
        let put = || {
            let call =
                self.s3.put_public_access_block().bucket(self.name()).expected_bucket_owner(self.owner());
            call.public_access_block_configuration(configuration.clone()).send()
        };
        self.work.write(Operation::PutPublicAccessBlock, put).await
    }

    async fn own_objects(&self, ownership: &str) -> Result<(), ApplyError> {
        let rule =
            OwnershipControlsRule::builder().object_ownership(ObjectOwnership::from(ownership)).build();
        let controls = rule.and_then(|rule| OwnershipControls::builder().rules(rule).build()).ok();
        let put = || {
            let call = self
                .s3
                .put_bucket_ownership_controls()
                .bucket(self.name())
                .expected_bucket_owner(self.owner());
            call.set_ownership_controls(controls.clone()).send()
        };
        self.work.write(Operation::PutBucketOwnershipControls, put).await
    }

    /// Sets the default encryption and the blocked encryption types. One call writes both settings,
    /// so if only one of them differs, the call repeats the live value of the other.
    async fn encrypt(
        &self,
        encryption: Option<&Encryption>,
        blocked: Option<&[String]>,
    ) -> Result<(), ApplyError> {
        let mut rule = self.work.settle(|| encryption_rule(self.work.session, &self.s3, self.name())).await?;
        if let Some(encryption) = encryption {
            let (by_default, bucket_key) = self.by_default(encryption)?;
            rule.apply_server_side_encryption_by_default = by_default;
            rule.bucket_key_enabled = Some(bucket_key);
        }
        if let Some(blocked) = blocked {
            rule.blocked_encryption_types = Some(blocked_types(blocked));
        }
        let configuration = ServerSideEncryptionConfiguration::builder().rules(rule).build().ok();
        let put = || {
            let call =
                self.s3.put_bucket_encryption().bucket(self.name()).expected_bucket_owner(self.owner());
            call.set_server_side_encryption_configuration(configuration.clone()).send()
        };
        self.work.write(Operation::PutBucketEncryption, put).await
    }

    /// Returns the default encryption in the form for requests to S3, and whether the bucket uses a
    /// bucket key.
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
            // No spec can request another type of encryption.
            Encryption::Other { algorithm } => (ServerSideEncryption::from(algorithm.as_str()), None, false),
        };
        let by_default = ServerSideEncryptionByDefault::builder()
            .sse_algorithm(algorithm)
            .set_kms_master_key_id(key.map(String::from))
            .build();
        Ok((by_default.ok(), bucket_key))
    }

    async fn keep_versions(&self, on: bool) -> Result<(), ApplyError> {
        let status = if on { BucketVersioningStatus::Enabled } else { BucketVersioningStatus::Suspended };
        let configuration = VersioningConfiguration::builder().status(status).build();
        let put = || {
            let call =
                self.s3.put_bucket_versioning().bucket(self.name()).expected_bucket_owner(self.owner());
            call.versioning_configuration(configuration.clone()).send()
        };
        self.work.write(Operation::PutBucketVersioning, put).await
    }

    /// Sets the lifecycle rule of the installation. One call replaces all rules of the bucket, and
    /// the setting for the transition of small objects. The foreign rules are therefore read
    /// immediately before the write, and written again together with the rule of the installation.
    async fn expire(&self, wanted: &Lifecycle) -> Result<(), ApplyError> {
        let (work, ids) = (self.work, self.work.context.installation.rule_ids());
        let ours = retention::rule(&ids.present, wanted)?;
        work.settle(async || {
            let live = read_rules(work.session, work.region(), &self.bucket).await?;
            let others = live.rules.into_iter().filter(|rule| !rule.id().is_some_and(|id| ids.has(id)));
            let rules = others.map(retention::with_filter).chain([ours.clone()]).collect();
            let call = self
                .s3
                .put_bucket_lifecycle_configuration()
                .bucket(self.name())
                .expected_bucket_owner(self.owner())
                .set_transition_default_minimum_object_size(live.least_size)
                // `build` fails only if there are no rules.
                .set_lifecycle_configuration(
                    BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build().ok(),
                );
            work.session.call(Operation::PutBucketLifecycleConfiguration, call.send()).await.map(drop)
        })
        .await
    }

    /// Turns notifications to EventBridge on or off. One call replaces all notifications of the
    /// bucket, so foreign notifications are read immediately before the write, and written again.
    ///
    /// S3 does not validate the destinations of the notifications: a deleted destination must not
    /// prevent the write, and no destination gets a test message. See
    /// `PutBucketNotificationConfiguration` in the S3 API reference.
    async fn send_events(&self, is_on: bool) -> Result<(), ApplyError> {
        let work = self.work;
        work.settle(async || {
            let mut all = notification_configuration(work.session, work.region(), &self.bucket).await?;
            all.event_bridge_configuration = is_on.then(|| EventBridgeConfiguration::builder().build());
            let call = self
                .s3
                .put_bucket_notification_configuration()
                .bucket(self.name())
                .expected_bucket_owner(self.owner())
                .skip_destination_validation(true)
                .notification_configuration(all);
            work.session.call(Operation::PutBucketNotificationConfiguration, call.send()).await.map(drop)
        })
        .await
    }

    /// Adds tags.
    async fn tag(&self, wanted: &Tags) -> Result<(), ApplyError> {
        let (session, region) = (self.work.session, self.work.region());
        match self.work.settle(|| add_tags(session, region, &self.bucket, wanted)).await {
            Err(ApplyError::Aws(error)) if error.is_rejected() => {
                Err(if self.has_abac().await { self.tagged_elsewhere(wanted, error) } else { error.into() })
            }
            tagged => tagged,
        }
    }

    /// Whether the bucket uses its tags for access control (ABAC). Returns false if this cannot be
    /// read, because the previous error tells the user more.
    async fn has_abac(&self) -> bool {
        let call = self.s3.get_bucket_abac().bucket(self.name()).expected_bucket_owner(self.owner());
        let answer = self.work.call(Operation::GetBucketAbac, call.send()).await;
        let status = answer.ok().and_then(|answer| answer.abac_status).and_then(|it| it.status);
        status == Some(BucketAbacStatus::Enabled)
    }

    fn tagged_elsewhere(&self, wanted: &Tags, error: Error) -> ApplyError {
        ApplyError::TagsUnderAbac {
            error: Box::new(error),
            bucket: format!("arn:{}:s3:::{}", self.work.region().partition(), self.name()),
            tags: wanted.0.iter().map(|(key, value)| format!("Key={key},Value={value}")).collect(),
        }
    }
}

/// Returns the encryption types in the form for requests to S3; `NONE` stands for an empty list.
fn blocked_types(types: &[String]) -> BlockedEncryptionTypes {
    let named = types.iter().map(|it| EncryptionType::from(it.as_str()));
    let types: Vec<EncryptionType> = match types {
        [] => vec![EncryptionType::None],
        _ => named.collect(),
    };
    BlockedEncryptionTypes::builder().set_encryption_type(Some(types)).build()
}

/// Adds the tags that a bucket does not have. `PutBucketTagging` replaces all tags, so they are
/// read immediately before the write. A tag that somebody else adds between the two calls is lost.
/// The tags include the tags of AWS itself (`aws:cloudformation:…`): S3 rejects a call that omits
/// them, and accepts them unchanged.
///
/// `TagResource` of S3 Control adds tags without this risk. It is an operation of another service
/// with another endpoint, which emulators do not have.
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
    // `build` fails only if the key or the value is missing, and both are always set.
    tags.0.iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}

/// The wanted value of a setting, if the live value differs.
fn differing<'v, T: PartialEq>(
    wanted: Option<&'v T>,
    live: Option<&Bucket>,
    field: fn(&Bucket) -> Option<&T>,
) -> Option<&'v T> {
    wanted.filter(|wanted| live.and_then(field) != Some(wanted))
}
