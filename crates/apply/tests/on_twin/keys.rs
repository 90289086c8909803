//! The key in use: which key it is, its key material, its state, and its grants.

use aws_sdk_kms::types::{GrantOperation, KeySpec, KeyState, KeyUsageType, Tag};
use reconcile_plan::{Comparison, Finding, Kind, Severity, findings};
use reconcile_samples::{ALIAS, EditSpec, MASTER, REGION, members};
use reconcile_twin::{KeyMaterial, MultiRegion};

use crate::installation::Installation;
use crate::others::Others;

fn changes(comparison: &Comparison) -> Vec<String> {
    comparison.plan.changes.iter().map(|change| change.address.to_string()).collect()
}

fn codes(comparison: &Comparison) -> Vec<&str> {
    comparison.plan.refused.iter().map(|refused| refused.code.as_str()).collect()
}

fn warning<'c>(comparison: &'c Comparison, code: &str) -> &'c str {
    let found = comparison.plan.warnings.iter().find(|it| it.code.as_str() == code);
    found.map_or_else(|| panic!("{:?}", comparison.plan.warnings), |it| it.message.as_str())
}

fn finding(comparison: &Comparison, words: &str) -> Finding {
    let found = findings(comparison);
    found.iter().find(|it| it.message.contains(words)).unwrap_or_else(|| panic!("{found:#?}")).clone()
}

/// Returns the keys of all trails.
fn keys_of_trails(installation: &Installation) -> Vec<String> {
    let accounts = installation.twin.summary().accounts;
    let trails = accounts.iter().flat_map(|account| &account.trails);
    trails.map(|trail| trail.settings["kms_key"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Creates a key in the account of the spec's key, as somebody else, optionally with the tag of the
/// installation.
async fn other_key(others: &Others, tag: Option<&str>) -> String {
    let tags =
        tag.map(|name| vec![Tag::builder().tag_key("reconcile:spec").tag_value(name).build().unwrap()]);
    let created = others.kms.create_key().set_tags(tags).send().await.unwrap();
    created.key_metadata.unwrap().arn.unwrap()
}

async fn point_alias_to(others: &Others, key: &str) {
    others.kms.update_alias().alias_name(ALIAS).target_key_id(key).send().await.unwrap();
}

#[tokio::test]
async fn an_alias_that_was_moved_is_an_error_and_nothing_follows_it() {
    for tag in [None, Some("test")] {
        let installation = Installation::new();
        let spec = members(2);
        installation.converge(&spec).await;
        let (before, others) = (keys_of_trails(&installation), Others::of(&installation, MASTER));
        // A plan that is older than the move of the alias also uses the previous key.
        let after = spec.with("key", "{ description: Logs, rotation_days: 180 }");
        let earlier = installation.plan(&after).await;
        let stolen = other_key(&others, tag).await;
        point_alias_to(&others, &stolen).await;
        let outcome = installation.apply(&after, &earlier).await;
        assert!(outcome.is_complete(), "{:#?}", outcome.results);

        let comparison = installation.compare(&after).await;
        assert_eq!(codes(&comparison), ["alias-elsewhere"], "{tag:?}");
        assert_eq!(changes(&comparison), [""; 0], "{tag:?}");
        let refused = &comparison.plan.refused[0];
        assert!(refused.message.contains(&stolen) && refused.message.contains(&before[0]), "{refused:?}");
        assert!(refused.hint.contains(&format!("update-alias --alias-name {ALIAS}")), "{refused:?}");
        assert_eq!(finding(&comparison, "points to key").severity, Severity::High);
        installation.apply(&after, &comparison.plan).await;
        assert_eq!(keys_of_trails(&installation), before, "{tag:?}");
        let summary = installation.twin.summary();
        let stolen = summary.accounts.iter().flat_map(|it| &it.keys).find(|it| it.arn == stolen).unwrap();
        assert!(stolen.description.is_empty() && stolen.rotation_days.is_none(), "{stolen:?}");

        point_alias_to(&others, &before[0]).await;
        assert_eq!(codes(&installation.compare(&after).await), [""; 0], "{tag:?}");
    }
}

#[tokio::test]
async fn a_missing_alias_is_restored_and_is_a_finding_of_low_severity() {
    let installation = Installation::new();
    let spec = members(1);
    installation.converge(&spec).await;
    let before = keys_of_trails(&installation);
    Others::of(&installation, MASTER).kms.delete_alias().alias_name(ALIAS).send().await.unwrap();
    let comparison = installation.compare(&spec).await;
    assert_eq!(changes(&comparison), ["alias/master/test"]);
    assert_eq!(findings(&comparison).iter().map(|it| it.severity).collect::<Vec<_>>(), [Severity::Low]);
    installation.converge(&spec).await;
    assert_eq!(keys_of_trails(&installation), before);
    assert!(installation.plan(&spec).await.is_in_sync());
}

#[tokio::test]
async fn a_key_that_cannot_be_used_is_a_critical_finding_and_the_rest_is_repaired() {
    let installation = Installation::new();
    let spec = members(1);
    installation.converge(&spec).await;
    let (key, others) = (keys_of_trails(&installation)[0].clone(), Others::of(&installation, MASTER));
    others.kms.disable_key().key_id(&key).send().await.unwrap();
    // Changes that do not need the key are still planned.
    let statement = "{ Sid: Team, Effect: Allow, Principal: { AWS: \"444444444444\" }, Action: \"s3:GetObject\", \
                     Resource: \"arn:aws:s3:::test-logs/*\" }";
    let after = spec
        .with("trails.0.log_file_validation", "false")
        .with("bucket.policy", &format!("{{ extra_statements: [{statement}] }}"));
    let comparison = installation.compare(&after).await;
    assert_eq!(codes(&comparison), ["key-unusable"]);
    assert_eq!(changes(&comparison), ["bucket_policy/master/test-logs"]);
    assert!(comparison.plan.refused[0].hint.contains("enable-key"), "{:?}", comparison.plan.refused);
    assert_eq!(finding(&comparison, "is disabled").severity, Severity::Critical);

    let deleted =
        others.kms.schedule_key_deletion().key_id(&key).pending_window_in_days(7).send().await.unwrap();
    let date = jiff::Timestamp::from_second(deleted.deletion_date().unwrap().secs()).unwrap();
    let words = format!("is pending deletion and will be deleted on {}", date.strftime("%Y-%m-%d"));
    let comparison = installation.compare(&spec).await;
    assert_eq!(finding(&comparison, &words).severity, Severity::Critical);
    assert!(comparison.plan.refused[0].hint.contains("cancel-key-deletion"), "{:?}", comparison.plan.refused);

    // Without its alias, the key is still the key in use.
    others.kms.delete_alias().alias_name(ALIAS).send().await.unwrap();
    let comparison = installation.compare(&spec).await;
    assert_eq!(finding(&comparison, &words).severity, Severity::Critical);
    assert!(!changes(&comparison).contains(&"key/master/test".to_owned()), "{:?}", changes(&comparison));

    others.kms.cancel_key_deletion().key_id(&key).send().await.unwrap();
    others.kms.enable_key().key_id(&key).send().await.unwrap();
    installation.converge(&spec).await;
    assert!(installation.plan(&spec).await.is_in_sync());
}

#[tokio::test]
async fn a_key_that_does_not_encrypt_is_refused_before_anything_is_written_to_it() {
    let installation = Installation::new();
    let spec = members(1);
    installation.plan(&spec).await;
    let others = Others::of(&installation, MASTER);
    for (key_spec, usage) in [
        (KeySpec::Hmac256, KeyUsageType::GenerateVerifyMac),
        (KeySpec::Rsa2048, KeyUsageType::EncryptDecrypt),
    ] {
        let words = format!("is a key of spec {key_spec} with usage {usage}");
        let created = others.kms.create_key().key_spec(key_spec).key_usage(usage).send().await.unwrap();
        let arn = created.key_metadata.unwrap().arn.unwrap();
        let alias = others.kms.create_alias().alias_name(ALIAS).target_key_id(&arn);
        alias.send().await.unwrap();
        let before = installation.twin.calls().len();
        let comparison = installation.compare(&spec).await;
        assert_eq!(codes(&comparison), ["key-unusable"], "{words}");
        assert!(comparison.plan.refused[0].message.contains(&words), "{:?}", comparison.plan.refused);
        installation.apply(&spec, &comparison.plan).await;
        let calls = installation.twin.calls();
        let written = calls[before..].iter().filter(|it| it.mutating && it.operation.starts_with("kms:"));
        let written: Vec<_> = written.filter(|it| it.operation != "kms:PutKeyPolicy").collect();
        assert!(written.is_empty(), "{written:?}");
        assert!(calls[before..].iter().all(|it| it.operation != "kms:GetKeyRotationStatus"));
        others.kms.delete_alias().alias_name(ALIAS).send().await.unwrap();
    }
}

#[tokio::test]
async fn the_rotation_of_a_key_that_aws_does_not_rotate_is_not_changed() {
    let spec = members(1);
    for (origin, words) in
        [("EXTERNAL", "imported key material"), ("AWS_CLOUDHSM", "keys of custom key stores")]
    {
        let installation = Installation::new();
        installation.plan(&spec).await;
        let others = Others::of(&installation, MASTER);
        let key = other_key(&others, None).await;
        others.kms.create_alias().alias_name(ALIAS).target_key_id(&key).send().await.unwrap();
        let material = KeyMaterial { origin: origin.to_owned(), ..KeyMaterial::default() };
        installation.twin.set_key_material(MASTER, REGION, ALIAS, material);
        installation.converge(&spec).await;
        let comparison = installation.compare(&spec).await;
        assert!(comparison.plan.is_in_sync(), "{:?}", changes(&comparison));
        assert!(warning(&comparison, "no-rotation").contains(words), "{origin}");
        assert!(findings(&comparison).is_empty(), "{:?}", findings(&comparison));
        let calls = installation.twin.calls();
        assert!(calls.iter().all(|call| !call.operation.contains("Rotation")), "{origin}");
        let unmanaged = spec.with("key.rotation_days", "unmanaged");
        assert!(
            installation.plan(&unmanaged).await.warnings.iter().all(|it| it.code.as_str() != "no-rotation")
        );
    }
}

#[tokio::test]
async fn a_replica_is_rotated_as_its_primary_key() {
    let installation = Installation::new();
    let spec = members(1);
    installation.plan(&spec).await;
    let others = Others::of(&installation, MASTER);
    let (primary, replica) = (other_key(&others, None).await, other_key(&others, None).await);
    others.kms.create_alias().alias_name(ALIAS).target_key_id(&replica).send().await.unwrap();
    let multi_region = Some(MultiRegion::ReplicaOf(primary.clone()));
    let material = KeyMaterial { multi_region, ..KeyMaterial::default() };
    installation.twin.set_key_material(MASTER, REGION, ALIAS, material);
    installation.converge(&spec).await;
    let comparison = installation.compare(&spec).await;
    assert!(comparison.plan.is_in_sync(), "{:?}", changes(&comparison));
    let message = warning(&comparison, "primary-rotation");
    assert!(message.contains(&primary) && message.contains("off; the spec says every 365 days"), "{message}");
    assert_eq!(finding(&comparison, &primary).severity, Severity::Medium);
    others.kms.enable_key_rotation().key_id(&primary).send().await.unwrap();
    let found = findings(&installation.compare(&spec).await);
    let [found] = &found[..] else { panic!("{found:#?}") };
    assert!(found.message.contains("has the same key material"), "{}", found.message);
}

#[tokio::test]
async fn another_key_of_the_installation_is_reported() {
    let installation = Installation::new();
    let spec = members(1);
    installation.converge(&spec).await;
    let others = Others::of(&installation, MASTER);
    other_key(&others, Some("another")).await;
    let spare = other_key(&others, Some("test")).await;
    let comparison = installation.compare(&spec).await;
    assert!(comparison.plan.is_in_sync(), "{:?}", changes(&comparison));
    assert!(warning(&comparison, "spare-key").contains(&spare));
    assert_eq!(finding(&comparison, &spare).severity, Severity::Medium);
    others.kms.schedule_key_deletion().key_id(&spare).send().await.unwrap();
    assert_eq!(finding(&installation.compare(&spec).await, &spare).severity, Severity::High);
}

#[tokio::test]
async fn a_grant_of_our_name_with_other_content_is_replaced() {
    let installation = Installation::new();
    let reader = format!("arn:aws:iam::{MASTER}:role/Reader");
    let grant = format!("{{ name: g, grantee: \"{reader}\", operations: [Decrypt] }}");
    let spec = members(1).with("key.grants", &format!("[{grant}]"));
    installation.converge(&spec).await;
    let (key, others) = (keys_of_trails(&installation)[0].clone(), Others::of(&installation, MASTER));
    let list = async || others.kms.list_grants().key_id(&key).send().await.unwrap().grants.unwrap();
    let [ours] = &list().await[..] else { panic!() };
    let (id, name) = (ours.grant_id.clone().unwrap(), ours.name.clone().unwrap());
    others.kms.revoke_grant().key_id(&key).grant_id(id).send().await.unwrap();
    let replace = async |grantee: &str| {
        let call = others.kms.create_grant().key_id(&key).name(&name).grantee_principal(grantee);
        call.operations(GrantOperation::Decrypt).send().await.unwrap().grant_id.unwrap()
    };

    // AWS sometimes returns the id of a role.
    let by_id = replace("AROAEXAMPLEEXAMPLE12").await;
    let comparison = installation.compare(&spec).await;
    assert!(comparison.plan.is_in_sync(), "{:?}", changes(&comparison));
    assert!(warning(&comparison, "grantee-by-id").contains(&reader));
    others.kms.revoke_grant().key_id(&key).grant_id(by_id).send().await.unwrap();

    let stolen = replace("arn:aws:iam::999999999999:role/Stranger").await;
    let comparison = installation.compare(&spec).await;
    let wanted = format!("grant/master/{name}");
    assert_eq!(changes(&comparison), [wanted.clone(), format!("{wanted}/{stolen}")]);
    installation.converge(&spec).await;
    let grantees: Vec<_> = list().await.into_iter().filter_map(|it| it.grantee_principal).collect();
    assert_eq!(grantees, [reader]);
    assert!(installation.plan(&spec).await.is_in_sync());
}

#[tokio::test]
async fn a_destroy_deletes_the_other_keys_of_the_installation_where_the_spec_allows_it() {
    let installation = Installation::new();
    let spec = members(1);
    installation.converge(&spec).await;
    let others = Others::of(&installation, MASTER);
    let foreign = other_key(&others, Some("another")).await;
    let spare = other_key(&others, Some("test")).await;
    let state = async |key: &str| {
        let metadata = others.kms.describe_key().key_id(key).send().await.unwrap().key_metadata.unwrap();
        metadata.key_state.unwrap()
    };
    let id = spare.rsplit('/').next().unwrap();
    let address = format!("key/master/test/{id}");

    let kept = installation.plan_to_destroy(&spec).await;
    assert!(kept.warnings.iter().any(|it| it.code.as_str() == "kept" && it.address.to_string() == address));
    assert!(!kept.changes.iter().any(|it| it.address.kind == Kind::Key));

    let spec = spec.with("deletion", "{ key: true }");
    let plan = installation.plan_to_destroy(&spec).await;
    let keys: Vec<String> = plan
        .changes
        .iter()
        .filter(|it| it.address.kind == Kind::Key)
        .map(|it| it.address.to_string())
        .collect();
    assert_eq!(keys, [address, "key/master/test".to_owned()]);
    let outcome = installation.apply(&spec, &plan).await;
    assert!(outcome.is_complete(), "{outcome:#?}");
    assert_eq!(state(&spare).await, KeyState::PendingDeletion);
    assert_eq!(state(&foreign).await, KeyState::Enabled);
    assert!(installation.plan_to_destroy(&spec).await.is_in_sync());
}
