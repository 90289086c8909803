use aws_sdk_kms::primitives::{Blob, DateTime};
use aws_sdk_kms::types::{
    ExpirationModelType, GrantOperation, KeySpec, KeyState, KeyUsageType, MultiRegionKeyType, OriginType, Tag,
};
use reconcile_twin::Twin;

use crate::clients::{MASTER, MEMBER, code, kms, twin};

async fn key(twin: &Twin) -> (aws_sdk_kms::Client, String) {
    let kms = kms(twin, MASTER);
    let tag = Tag::builder().tag_key("team").tag_value("security").build().unwrap();
    let created = kms.create_key().description("logs").tags(tag).send().await.unwrap();
    let arn = created.key_metadata().unwrap().arn().unwrap().to_owned();
    (kms, arn)
}

#[tokio::test]
async fn a_key_is_found_by_id_arn_and_alias() {
    let twin = twin();
    let (kms, arn) = key(&twin).await;
    kms.create_alias().alias_name("alias/logs").target_key_id(&arn).send().await.unwrap();
    for id in [arn.as_str(), arn.rsplit('/').next().unwrap(), "alias/logs"] {
        let described = kms.describe_key().key_id(id).send().await.unwrap();
        assert_eq!(described.key_metadata().unwrap().arn(), Some(arn.as_str()));
    }
    // No other operation of KMS accepts an alias.
    let policy = kms.get_key_policy().key_id("alias/logs").send().await;
    assert_eq!(code(policy), "NotFoundException");
    let again = kms.create_alias().alias_name("alias/logs").target_key_id(&arn).send().await;
    assert_eq!(code(again), "AlreadyExistsException");
    let tags = kms.list_resource_tags().key_id(&arn).send().await.unwrap();
    assert_eq!(tags.tags()[0].tag_value(), "security");
    assert_eq!(
        code(crate::clients::kms(&twin, MEMBER).describe_key().key_id(&arn).send().await),
        "AccessDeniedException"
    );
}

#[tokio::test]
async fn rotation_has_a_period() {
    let twin = twin();
    let (kms, arn) = key(&twin).await;
    assert!(!kms.get_key_rotation_status().key_id(&arn).send().await.unwrap().key_rotation_enabled());
    kms.enable_key_rotation().key_id(&arn).rotation_period_in_days(180).send().await.unwrap();
    let status = kms.get_key_rotation_status().key_id(&arn).send().await.unwrap();
    assert_eq!((status.key_rotation_enabled(), status.rotation_period_in_days()), (true, Some(180)));
    let short = kms.enable_key_rotation().key_id(&arn).rotation_period_in_days(10).send().await;
    assert_eq!(code(short), "ValidationException");
}

#[tokio::test]
async fn a_policy_cannot_lock_the_account_out() {
    let twin = twin();
    let (kms, arn) = key(&twin).await;
    let policy = |account: &str, action: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{account}:role/Admin"}},"Action":"{action}","Resource":"*"}}]}}"#
        )
    };
    let put = |text: String| kms.put_key_policy().key_id(&arn).policy(text).send();
    put(policy(MASTER, "kms:*")).await.unwrap();
    for text in [policy(MASTER, "kms:Decrypt"), policy(MEMBER, "kms:*"), "no policy".to_owned()] {
        assert_eq!(code(put(text.clone()).await), "MalformedPolicyDocumentException", "{text}");
    }
    assert_eq!(code(put(" ".repeat(32_769)).await), "LimitExceededException");
    let kept = kms.get_key_policy().key_id(&arn).send().await.unwrap();
    assert_eq!(kept.policy(), Some(policy(MASTER, "kms:*").as_str()));
}

#[tokio::test]
async fn a_grant_of_the_same_name_and_content_is_the_same_grant() {
    let twin = twin();
    let (kms, arn) = key(&twin).await;
    let grant = |name: Option<&str>, operation: GrantOperation| {
        kms.create_grant()
            .key_id(&arn)
            .set_name(name.map(str::to_owned))
            .grantee_principal("arn:aws:iam::111111111111:role/Reader")
            .operations(operation)
            .send()
    };
    let first = grant(Some("a"), GrantOperation::Decrypt).await.unwrap();
    let same = grant(Some("a"), GrantOperation::Decrypt).await.unwrap();
    assert_eq!(first.grant_id(), same.grant_id());
    grant(Some("a"), GrantOperation::DescribeKey).await.unwrap();
    grant(None, GrantOperation::Decrypt).await.unwrap();
    grant(None, GrantOperation::Decrypt).await.unwrap();

    let page = kms.list_grants().key_id(&arn).limit(3).send().await.unwrap();
    assert_eq!((page.grants().len(), page.truncated()), (3, true));
    let rest = kms.list_grants().key_id(&arn).limit(3).set_marker(page.next_marker).send().await.unwrap();
    assert_eq!((rest.grants().len(), rest.truncated()), (1, false));

    let revoke = || kms.revoke_grant().key_id(&arn).grant_id(first.grant_id().unwrap()).send();
    revoke().await.unwrap();
    assert_eq!(code(revoke().await), "NotFoundException");
}

#[tokio::test]
async fn a_key_that_is_pending_deletion_accepts_no_changes() {
    let twin = twin();
    let (kms, arn) = key(&twin).await;
    let grant = async || {
        let call = kms.create_grant().key_id(&arn).operations(GrantOperation::Decrypt);
        call.grantee_principal("arn:aws:iam::111111111111:role/Reader").send().await
    };
    let granted = grant().await.unwrap();
    kms.schedule_key_deletion().key_id(&arn).send().await.unwrap();
    let described = kms.describe_key().key_id(&arn).send().await.unwrap().key_metadata.unwrap();
    assert!(described.deletion_date().is_some());
    let invalid = "KMSInvalidStateException";
    assert_eq!(code(kms.enable_key_rotation().key_id(&arn).send().await), invalid);
    assert_eq!(code(kms.create_alias().alias_name("alias/logs").target_key_id(&arn).send().await), invalid);
    assert_eq!(code(kms.update_key_description().key_id(&arn).description("").send().await), invalid);
    assert_eq!(code(grant().await), invalid);
    // The policy and the grants of the key can still be changed.
    let policy = kms.get_key_policy().key_id(&arn).send().await.unwrap().policy.unwrap();
    kms.put_key_policy().key_id(&arn).policy(policy).send().await.unwrap();
    kms.revoke_grant().key_id(&arn).grant_id(granted.grant_id().unwrap()).send().await.unwrap();

    kms.cancel_key_deletion().key_id(&arn).send().await.unwrap();
    // The key is now disabled, and accepts an alias.
    assert_eq!(code(kms.enable_key_rotation().key_id(&arn).send().await), "DisabledException");
    assert_eq!(code(grant().await), "DisabledException");
    kms.create_alias().alias_name("alias/logs").target_key_id(&arn).send().await.unwrap();
    kms.enable_key().key_id(&arn).send().await.unwrap();
    kms.enable_key_rotation().key_id(&arn).send().await.unwrap();
}

#[tokio::test]
async fn a_key_is_created_for_one_usage() {
    let twin = twin();
    let kms = kms(&twin, MASTER);
    let wrong = kms.create_key().key_spec(KeySpec::Hmac256).send().await;
    assert_eq!(code(wrong), "ValidationException");
    let create = kms.create_key().key_spec(KeySpec::Hmac256).key_usage(KeyUsageType::GenerateVerifyMac);
    let hmac = create.send().await.unwrap().key_metadata.unwrap();
    assert_eq!(hmac.key_usage(), Some(&KeyUsageType::GenerateVerifyMac));
    let grant = kms.create_grant().key_id(hmac.key_id()).operations(GrantOperation::Decrypt);
    let grant = grant.grantee_principal("arn:aws:iam::111111111111:role/Reader").send().await;
    assert_eq!(code(grant), "ValidationException");
    let external = kms.create_key().origin(OriginType::External).multi_region(true).send().await.unwrap();
    let external = external.key_metadata.unwrap();
    assert_eq!(external.key_state(), Some(&KeyState::PendingImport));
    let regions = external.multi_region_configuration().unwrap();
    assert_eq!(regions.multi_region_key_type(), Some(&MultiRegionKeyType::Primary));
}

/// See "Importing key material for AWS KMS keys" in the KMS developer guide.
#[tokio::test]
async fn imported_material_expires_and_can_be_deleted() {
    let twin = twin();
    let (kms, generated) = key(&twin).await;
    let deleted = kms.delete_imported_key_material().key_id(&generated).send().await;
    assert_eq!(code(deleted), "UnsupportedOperationException");
    let created = kms.create_key().origin(OriginType::External).send().await.unwrap();
    let id = created.key_metadata.unwrap().key_id;
    let metadata = async || kms.describe_key().key_id(&id).send().await.unwrap().key_metadata.unwrap();
    assert_eq!(metadata().await.key_state(), Some(&KeyState::PendingImport));
    let import = kms.import_key_material().key_id(&id).import_token(Blob::new("token"));
    let import = import.encrypted_key_material(Blob::new("material"));
    assert_eq!(code(import.clone().send().await), "ValidationException");
    let expires = import.expiration_model(ExpirationModelType::KeyMaterialExpires);
    expires.valid_to(DateTime::from_secs(1_900_000_000)).send().await.unwrap();
    let imported = metadata().await;
    assert_eq!(imported.key_state(), Some(&KeyState::Enabled));
    assert_eq!(imported.valid_to().map(DateTime::secs), Some(1_900_000_000));
    kms.delete_imported_key_material().key_id(&id).send().await.unwrap();
    assert_eq!(metadata().await.key_state(), Some(&KeyState::PendingImport));
}

/// See `ReplicateKey` in the KMS API reference.
#[tokio::test]
async fn a_multi_region_key_is_replicated_once_into_a_region() {
    let twin = twin();
    let (kms, single) = key(&twin).await;
    let replicate = |id: &str| kms.replicate_key().key_id(id).replica_region("eu-central-1").send();
    assert_eq!(code(replicate(&single).await), "UnsupportedOperationException");
    let created = kms.create_key().multi_region(true).send().await.unwrap();
    let id = created.key_metadata.unwrap().key_id;
    let replica = replicate(&id).await.unwrap().replica_key_metadata.unwrap();
    assert_eq!(replica.arn().unwrap().split(':').nth(3), Some("eu-central-1"));
    assert_eq!(code(replicate(&id).await), "AlreadyExistsException");
    let described = kms.describe_key().key_id(&id).send().await.unwrap().key_metadata.unwrap();
    let regions = described.multi_region_configuration.unwrap();
    assert_eq!(regions.replica_keys()[0].arn(), replica.arn());
}
