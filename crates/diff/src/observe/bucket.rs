//! Reads the bucket and its settings.

pub mod retention;

use aws_sdk_s3::types::{
    BucketVersioningStatus, EncryptionType, Grantee, Payer, ServerSideEncryption,
    ServerSideEncryptionByDefault, ServerSideEncryptionRule,
};
use futures::future::{join, join4, join5};
use reconcile_aws::Session;
use reconcile_operations::{Error, Operation};
use reconcile_plan::observed::{AclGrant, ReadError};
use reconcile_plan::view::{Bucket, Encryption, KeyRef, OpenEnum, PublicAccessBlock, Tags};
use reconcile_policy::{KeyIdentifier, Region};
use reconcile_spec::{BucketName, Installation, ObjectOwnership};

use super::error::found;
use super::names;
use super::optional::when;

/// Settings of a bucket that are read only if the spec manages them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each setting is read or not, whatever the others are")]
pub struct Aspects {
    /// The lifecycle rule of the installation.
    pub lifecycle: bool,
    /// The object lock.
    pub object_lock: bool,
    /// The destination of server access logs.
    pub access_logs: bool,
    /// Whether notifications to Amazon EventBridge are enabled.
    pub eventbridge: bool,
    /// The installation that owns the lifecycle rule.
    pub installation: Installation,
}

/// Returns whether the requester pays for requests to the bucket.
///
/// # Errors
/// Returns an error if `GetBucketRequestPayment` fails, or if its answer is incomplete.
pub async fn requester_pays(session: &Session, region: &Region, name: &BucketName) -> Result<bool, Error> {
    let call = session
        .s3(region)
        .get_bucket_request_payment()
        .bucket(name.as_str())
        .expected_bucket_owner(session.id().as_str())
        .send();
    let answer = session.call(Operation::GetBucketRequestPayment, call).await?;
    let payer =
        answer.payer.ok_or_else(|| session.incomplete(Operation::GetBucketRequestPayment, "Payer"))?;
    Ok(payer == Payer::Requester)
}

/// Returns the grants of the ACL of a bucket to anybody except the owner.
///
/// # Errors
/// Returns an error if `GetBucketAcl` fails, or if its answer is incomplete.
pub async fn grants(session: &Session, region: &Region, name: &BucketName) -> Result<Vec<AclGrant>, Error> {
    let call = session
        .s3(region)
        .get_bucket_acl()
        .bucket(name.as_str())
        .expected_bucket_owner(session.id().as_str())
        .send();
    let acl = session.call(Operation::GetBucketAcl, call).await?;
    let incomplete = |what| move || session.incomplete(Operation::GetBucketAcl, what);
    let owner = acl.owner.ok_or_else(incomplete("Owner"))?.id;
    let grants = acl.grants.ok_or_else(incomplete("AccessControlList"))?.into_iter().filter_map(|grant| {
        let Grantee { id, uri, email_address, .. } = grant.grantee?;
        let grantee = uri.or(id).or(email_address).unwrap_or_default();
        let permission = grant.permission.map(|it| it.as_str().to_owned()).unwrap_or_default();
        Some(AclGrant { grantee, permission })
    });
    Ok(grants.filter(|grant| Some(&grant.grantee) != owner.as_ref()).collect())
}

/// Reads the bucket and all its settings at the same time; `None` if the bucket does not exist.
///
/// `GetBucketVersioning` shows whether the bucket exists: the only 404 of this operation is
/// `NoSuchBucket`. The answer of `HeadBucket` has no body, and therefore no error code. See "Error
/// responses" in the S3 API reference.
///
/// Every call names the account that must own the bucket. If the bucket belongs to another account,
/// the result is an error, and `reconcile` never changes that bucket.
///
/// # Errors
/// Returns an error if a call to S3 fails, or if its answer is incomplete.
pub async fn read(
    session: &Session,
    region: &Region,
    name: &BucketName,
    aspects: &Aspects,
) -> Result<Option<Bucket>, ReadError> {
    let reader =
        BucketReader { session, s3: session.s3(region), name: name.as_str(), owner: session.id().as_str() };
    let lifecycle = when(aspects.lifecycle, async {
        Ok::<_, Error>(
            retention::views(&retention::read_rules(session, region, name).await?)
                .managed_rule(&aspects.installation),
        )
    });
    let object_lock = when(aspects.object_lock, retention::object_lock(session, region, name));
    let access_logs = when(aspects.access_logs, retention::access_logs(session, region, name));
    let eventbridge = when(aspects.eventbridge, async {
        Ok::<_, Error>(names::notifications(session, region, name).await?.event_bridge)
    });
    let retained = join4(lifecycle, object_lock, access_logs, eventbridge);
    let ((versioning, encryption, public_access_block, object_ownership, tags), retained) = join(
        join5(
            reader.versioning(),
            reader.encryption(),
            reader.public_access_block(),
            reader.object_ownership(),
            reader.tags(),
        ),
        retained,
    )
    .await;
    let Some(versioning) = versioning? else { return Ok(None) };
    let (encryption, blocked_encryption_types) = encryption?;
    Ok(Some(Bucket {
        encryption: Some(encryption),
        blocked_encryption_types: Some(blocked_encryption_types),
        versioning: Some(versioning),
        public_access_block: Some(public_access_block?),
        object_ownership: Some(object_ownership?),
        lifecycle: retained.0?,
        object_lock: retained.1?,
        access_logs: retained.2?,
        eventbridge: retained.3?,
        tags: tags?,
    }))
}

/// Returns whether a bucket is empty, and also has no former versions and no delete markers.
///
/// # Errors
/// Returns an error if `ListObjectVersions` fails, or if its answer is incomplete.
pub async fn is_empty(session: &Session, region: &Region, name: &BucketName) -> Result<bool, ReadError> {
    let s3 = session.s3(region);
    let call = s3.list_object_versions().bucket(name.as_str()).expected_bucket_owner(session.id().as_str());
    let call = call.max_keys(1).send();
    let listed = session.call(Operation::ListObjectVersions, call).await?;
    // Every complete answer contains the name of the bucket.
    listed.name().ok_or_else(|| session.incomplete(Operation::ListObjectVersions, "Name"))?;
    Ok(listed.versions().is_empty() && listed.delete_markers().is_empty())
}

/// Reads the rule for the encryption of new objects; an empty rule if the bucket has no rule.
///
/// # Errors
/// Returns an error if `GetBucketEncryption` fails.
pub async fn encryption_rule(
    session: &Session,
    s3: &aws_sdk_s3::Client,
    bucket: &str,
) -> Result<ServerSideEncryptionRule, Error> {
    let call = s3.get_bucket_encryption().bucket(bucket).expected_bucket_owner(session.id().as_str()).send();
    let answer = found(session.call(Operation::GetBucketEncryption, call).await)?;
    let rule = answer
        .and_then(|answer| answer.server_side_encryption_configuration)
        .and_then(|configuration| configuration.rules.into_iter().next());
    Ok(rule.unwrap_or_else(|| ServerSideEncryptionRule::builder().build()))
}

/// Reads all tags of a bucket, managed and foreign.
///
/// # Errors
/// Returns an error if S3 does not return the tags.
pub async fn read_tags(session: &Session, region: &Region, name: &BucketName) -> Result<Tags, Error> {
    let reader =
        BucketReader { session, s3: session.s3(region), name: name.as_str(), owner: session.id().as_str() };
    reader.tags().await
}

/// Reads the settings of one bucket.
struct BucketReader<'a> {
    session: &'a Session,
    s3: aws_sdk_s3::Client,
    name: &'a str,
    owner: &'a str,
}

impl BucketReader<'_> {
    /// Reads the default encryption, and the encryption types that S3 rejects.
    async fn encryption(&self) -> Result<(Encryption, Vec<String>), Error> {
        let rule = encryption_rule(self.session, &self.s3, self.name).await?;
        let blocked = rule.blocked_encryption_types.and_then(|it| it.encryption_type).unwrap_or_default();
        let blocked = blocked.into_iter().filter(|it| *it != EncryptionType::None);
        let bucket_key = rule.bucket_key_enabled.unwrap_or(false);
        // Without a setting, S3 encrypts with its own keys.
        // See "Setting default server-side encryption behavior for Amazon S3 buckets".
        let by_default = rule.apply_server_side_encryption_by_default;
        let encryption = by_default.map_or(Encryption::S3, |by_default| encryption(by_default, bucket_key));
        Ok((encryption, blocked.map(|it| it.as_str().to_owned()).collect()))
    }

    /// Reads whether versioning is enabled; `None` if the bucket does not exist.
    async fn versioning(&self) -> Result<Option<bool>, Error> {
        let call = self.s3.get_bucket_versioning().bucket(self.name).expected_bucket_owner(self.owner).send();
        let answer = found(self.session.call(Operation::GetBucketVersioning, call).await)?;
        Ok(answer.map(|answer| answer.status == Some(BucketVersioningStatus::Enabled)))
    }

    async fn public_access_block(&self) -> Result<PublicAccessBlock, Error> {
        let call =
            self.s3.get_public_access_block().bucket(self.name).expected_bucket_owner(self.owner).send();
        let answer = found(self.session.call(Operation::GetPublicAccessBlock, call).await)?;
        let block = answer.and_then(|answer| answer.public_access_block_configuration);
        Ok(block.map_or(PublicAccessBlock::all(false), |block| PublicAccessBlock {
            block_public_acls: block.block_public_acls.unwrap_or(false),
            ignore_public_acls: block.ignore_public_acls.unwrap_or(false),
            block_public_policy: block.block_public_policy.unwrap_or(false),
            restrict_public_buckets: block.restrict_public_buckets.unwrap_or(false),
        }))
    }

    async fn object_ownership(&self) -> Result<OpenEnum<ObjectOwnership>, Error> {
        /// The setting of a bucket without ownership controls, which is a bucket from before S3 had
        /// these controls. See "Controlling ownership of objects and disabling ACLs for your
        /// bucket".
        const BEFORE_THERE_WERE_CONTROLS: ObjectOwnership = ObjectOwnership::ObjectWriter;

        let call = self
            .s3
            .get_bucket_ownership_controls()
            .bucket(self.name)
            .expected_bucket_owner(self.owner)
            .send();
        let answer = found(self.session.call(Operation::GetBucketOwnershipControls, call).await)?;
        let rule = answer
            .and_then(|answer| answer.ownership_controls)
            .and_then(|controls| controls.rules.into_iter().next());
        Ok(rule.map_or_else(
            || OpenEnum::Known(BEFORE_THERE_WERE_CONTROLS),
            |rule| OpenEnum::of(rule.object_ownership.as_str()),
        ))
    }

    async fn tags(&self) -> Result<Tags, Error> {
        let call = self.s3.get_bucket_tagging().bucket(self.name).expected_bucket_owner(self.owner).send();
        let answer = found(self.session.call(Operation::GetBucketTagging, call).await)?;
        let tags = answer.map(|answer| answer.tag_set).unwrap_or_default();
        Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
    }
}

fn encryption(by_default: ServerSideEncryptionByDefault, bucket_key: bool) -> Encryption {
    match by_default.sse_algorithm {
        ServerSideEncryption::Aes256 => Encryption::S3,
        ServerSideEncryption::AwsKms => {
            let key = KeyIdentifier::returned(by_default.kms_master_key_id());
            Encryption::Kms { key: key.map(KeyRef::Known), bucket_key }
        }
        other => Encryption::Other { algorithm: other.as_str().to_owned() },
    }
}
