//! Settings of the key.

use aws_sdk_kms::primitives::{Blob, DateTime};
use aws_sdk_kms::types::{ExpirationModelType, GrantOperation, Tag};
use reconcile_samples::{ALIAS, MASTER};
use reconcile_twin::{KeyMaterial, MultiRegion};
use serde_json::json;

use super::{STRANGER, World, with, without};

pub async fn change(world: &World, setting: &str) -> Option<&'static str> {
    let (kms, key) = (&world.kms, world.key.as_str());
    Some(match setting {
        "state: disabled" => {
            kms.disable_key().key_id(key).send().await.unwrap();
            "disabled"
        }
        "state: pending deletion" => {
            kms.schedule_key_deletion().key_id(key).send().await.unwrap();
            "will be deleted on"
        }
        "rotation: off" => {
            kms.disable_key_rotation().key_id(key).send().await.unwrap();
            "is not rotated"
        }
        "rotation: another period" => {
            kms.enable_key_rotation().key_id(key).rotation_period_in_days(2000).send().await.unwrap();
            "the rotation interval of the key differs"
        }
        "imported material: deleted" => {
            make(world, KeyMaterial { origin: "EXTERNAL".to_owned(), ..KeyMaterial::default() });
            kms.delete_imported_key_material().key_id(key).send().await.unwrap();
            "is pending import"
        }
        "imported material: an expiry date" => {
            make(world, KeyMaterial { origin: "EXTERNAL".to_owned(), ..KeyMaterial::default() });
            let call = kms.import_key_material().key_id(key).valid_to(DateTime::from_secs(1_900_000_000));
            let call = call.expiration_model(ExpirationModelType::KeyMaterialExpires);
            let (token, material) = (Blob::new("token"), Blob::new("material"));
            call.import_token(token).encrypted_key_material(material).send().await.unwrap();
            "expires on 2030-03-17"
        }
        "key policy: a statement of the spec is removed" => {
            put_policy(world, &without(&policy(world).await, "TestTrail")).await;
            "CloudTrail"
        }
        "key policy: a statement that lets an outsider decrypt" => {
            let statement = json!({ "Sid": "Other", "Effect": "Allow", "Principal": { "AWS": STRANGER },
                "Action": "kms:Decrypt", "Resource": "*" });
            put_policy(world, &with(&policy(world).await, statement)).await;
            "lets account 444455556666 decrypt log files"
        }
        "grant of the spec" => {
            let grants = kms.list_grants().key_id(key).send().await.unwrap().grants.unwrap();
            let id = grants[0].grant_id.as_deref().unwrap();
            kms.revoke_grant().key_id(key).grant_id(id).send().await.unwrap();
            "grant"
        }
        "grant of others to an outsider" => {
            let stranger = format!("arn:aws:iam::{STRANGER}:role/Reader");
            let call = kms.create_grant().key_id(key).name("theirs").grantee_principal(stranger);
            call.operations(GrantOperation::Decrypt).send().await.unwrap();
            "decrypt log files"
        }
        "alias: moved to another key" => {
            let other = kms.create_key().send().await.unwrap().key_metadata.unwrap().key_id;
            kms.update_alias().alias_name(ALIAS).target_key_id(other).send().await.unwrap();
            "alias"
        }
        "alias: deleted" => {
            kms.delete_alias().alias_name(ALIAS).send().await.unwrap();
            "the key has no alias yet: an earlier apply ended before it created the alias, or somebody deleted \
             the alias"
        }
        "replicas in other Regions" => {
            let multi_region = Some(MultiRegion::Primary);
            make(world, KeyMaterial { multi_region, ..KeyMaterial::default() });
            kms.replicate_key().key_id(key).replica_region("eu-central-1").send().await.unwrap();
            "has the same key material"
        }
        "description" => {
            kms.update_key_description().key_id(key).description("Another").send().await.unwrap();
            "description"
        }
        "tags" => {
            let tag = Tag::builder().tag_key("team").tag_value("another").build().unwrap();
            kms.tag_resource().key_id(key).tags(tag).send().await.unwrap();
            "tags"
        }
        _ => return None,
    })
}

/// Changes the key material, as if the key had been created with it.
fn make(world: &World, material: KeyMaterial) {
    world.installation.twin.set_key_material(MASTER, "eu-west-1", ALIAS, material);
}

async fn policy(world: &World) -> String {
    let call = world.kms.get_key_policy().key_id(&world.key).policy_name("default").send();
    call.await.unwrap().policy.unwrap()
}

async fn put_policy(world: &World, policy: &str) {
    let call = world.kms.put_key_policy().key_id(&world.key).policy_name("default").policy(policy);
    call.send().await.unwrap();
}
