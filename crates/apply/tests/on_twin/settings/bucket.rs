//! Settings of the bucket.

use aws_sdk_s3::types::{
    AccessControlPolicy, BlockedEncryptionTypes, BucketVersioningStatus, EncryptionType, Grant, Grantee,
    ObjectOwnership, OwnershipControls, OwnershipControlsRule, Payer, Permission,
    PublicAccessBlockConfiguration, RequestPaymentConfiguration, ServerSideEncryption,
    ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Tag, Tagging,
    Type, VersioningConfiguration,
};
use reconcile_samples::BUCKET;
use serde_json::json;

use super::{STRANGER, World, with, without};

pub async fn change(world: &World, setting: &str) -> Option<&'static str> {
    let s3 = &world.s3;
    let policy = || world.installation.bucket_policy();
    Some(match setting {
        "the bucket" => {
            s3.delete_bucket().bucket(BUCKET).send().await.unwrap();
            "the bucket for the logs does not exist"
        }
        "versioning" => {
            let suspended = VersioningConfiguration::builder().status(BucketVersioningStatus::Suspended);
            let call = s3.put_bucket_versioning().bucket(BUCKET);
            call.versioning_configuration(suspended.build()).send().await.unwrap();
            "versioning is off"
        }
        "default encryption" => {
            encrypt(world, |_, rule| {
                let s3 = ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::Aes256);
                rule.apply_server_side_encryption_by_default(s3.build().unwrap())
            })
            .await;
            "the default encryption of new objects differs"
        }
        "bucket key" => {
            encrypt(world, |key, rule| {
                let kms =
                    ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::AwsKms);
                let kms = kms.kms_master_key_id(key).build().unwrap();
                rule.apply_server_side_encryption_by_default(kms).bucket_key_enabled(false)
            })
            .await;
            "the default encryption of new objects differs"
        }
        "blocked encryption types" => {
            encrypt(world, |key, rule| {
                let kms =
                    ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::AwsKms);
                let kms = kms.kms_master_key_id(key).build().unwrap();
                let none = BlockedEncryptionTypes::builder().encryption_type(EncryptionType::None).build();
                rule.apply_server_side_encryption_by_default(kms)
                    .bucket_key_enabled(true)
                    .blocked_encryption_types(none)
            })
            .await;
            "the encryption types that S3 rejects differ from the spec"
        }
        "Block Public Access, each of the four settings" => {
            block(world).await;
            "Block Public Access differs"
        }
        "Block Public Access as a whole" => {
            s3.delete_public_access_block().bucket(BUCKET).send().await.unwrap();
            "Block Public Access differs"
        }
        "object ownership" => {
            own(world).await;
            "ACLs are enabled"
        }
        "object ownership, deleted" => {
            s3.delete_bucket_ownership_controls().bucket(BUCKET).send().await.unwrap();
            "ACLs are enabled"
        }
        "ACL: a grant to an outsider, where ACLs are in force" => {
            own(world).await;
            let grantee = Grantee::builder().r#type(Type::CanonicalUser).id("79a59d").build().unwrap();
            let grant = Grant::builder().grantee(grantee).permission(Permission::FullControl).build();
            let acl = AccessControlPolicy::builder().grants(grant).build();
            s3.put_bucket_acl().bucket(BUCKET).access_control_policy(acl).send().await.unwrap();
            "change the access that ACLs grant"
        }
        "bucket policy: a statement of the spec is removed" => {
            put_policy(world, &without(&policy(), "TestTrailAclCheck")).await;
            "CloudTrail"
        }
        "bucket policy: deleted" => {
            s3.delete_bucket_policy().bucket(BUCKET).send().await.unwrap();
            "CloudTrail"
        }
        "bucket policy: a statement that lets an outsider read" => {
            put_policy(world, &with(&policy(), allow("s3:GetObject"))).await;
            "lets account 444455556666 read every log file"
        }
        "bucket policy: a statement that lets an outsider delete" => {
            put_policy(world, &with(&policy(), allow("s3:DeleteObject"))).await;
            "lets account 444455556666 delete every log file"
        }
        "Requester Pays" => {
            let requester = RequestPaymentConfiguration::builder().payer(Payer::Requester).build().unwrap();
            let call = s3.put_bucket_request_payment().bucket(BUCKET);
            call.request_payment_configuration(requester).send().await.unwrap();
            "Requester Pays"
        }
        "tags" => {
            let tag = Tag::builder().key("theirs").value("too").build().unwrap();
            let tags = Tagging::builder().tag_set(tag).build().unwrap();
            s3.put_bucket_tagging().bucket(BUCKET).tagging(tags).send().await.unwrap();
            "tags are missing"
        }
        _ => return None,
    })
}

fn allow(action: &str) -> serde_json::Value {
    json!({ "Sid": "Other", "Effect": "Allow", "Principal": { "AWS": STRANGER }, "Action": action,
        "Resource": format!("arn:aws:s3:::{BUCKET}/*") })
}

async fn put_policy(world: &World, policy: &str) {
    world.s3.put_bucket_policy().bucket(BUCKET).policy(policy).send().await.unwrap();
}

/// Changes the default encryption. `key` is the ARN of the key.
async fn encrypt(
    world: &World,
    change: impl Fn(
        &str,
        aws_sdk_s3::types::builders::ServerSideEncryptionRuleBuilder,
    ) -> aws_sdk_s3::types::builders::ServerSideEncryptionRuleBuilder,
) {
    let rule = change(&world.key, ServerSideEncryptionRule::builder()).build();
    let encryption = ServerSideEncryptionConfiguration::builder().rules(rule).build().unwrap();
    let call = world.s3.put_bucket_encryption().bucket(BUCKET);
    call.server_side_encryption_configuration(encryption).send().await.unwrap();
}

/// Disables each of the four settings in turn. Each change is a finding, and the last setting
/// remains disabled.
async fn block(world: &World) {
    for setting in 0..4 {
        let block = PublicAccessBlockConfiguration::builder()
            .block_public_acls(setting != 0)
            .ignore_public_acls(setting != 1)
            .block_public_policy(setting != 2)
            .restrict_public_buckets(setting != 3);
        let call = world.s3.put_public_access_block().bucket(BUCKET);
        call.public_access_block_configuration(block.build()).send().await.unwrap();
        assert_eq!(reconcile_plan::findings(&world.compare().await).len(), 1, "{setting}");
    }
}

async fn own(world: &World) {
    let rule = OwnershipControlsRule::builder().object_ownership(ObjectOwnership::ObjectWriter);
    let controls = OwnershipControls::builder().rules(rule.build().unwrap()).build().unwrap();
    let call = world.s3.put_bucket_ownership_controls().bucket(BUCKET);
    call.ownership_controls(controls).send().await.unwrap();
}
