//! Any spec on any state: after an apply there is nothing to do, and what others had is still there.

use aws_sdk_s3::types::Tag;
use proptest::prelude::*;

use crate::installation::{Installation, MASTER};

/// A spec over all that this version acts on.
fn specs() -> impl Strategy<Value = String> {
    let bucket = (any::<bool>(), any::<bool>(), any::<bool>(), 0..3_usize, any::<bool>());
    let key = (prop::option::of(90..400_u32), any::<bool>(), 0..3_usize);
    let trail = (any::<bool>(), any::<bool>(), any::<bool>(), 0..4_usize, 0..4_usize, 1..4_usize);
    (bucket, key, trail).prop_map(|(bucket, key, trail)| {
        let (versioning, tls, prefix, encryption, tags) = bucket;
        let (rotation, grant, administrators) = key;
        let (enabled, multi, validation, management, data, members) = trail;
        let encryption = ["key", "s3", "unmanaged"][encryption];
        let prefix = if prefix { ", prefix: some/where" } else { "" };
        let tags = if tags { "tags: { team: security }\n" } else { "" };
        let rotation = rotation.map_or("unmanaged".to_owned(), |days| days.to_string());
        let grant = if grant {
            format!(
                ", grants: [{{ name: g, grantee: \"arn:aws:iam::{MASTER}:role/A\", operations: [Decrypt] }}]"
            )
        } else {
            String::new()
        };
        let administrators = match administrators {
            0 => String::new(),
            count => {
                let arns: Vec<String> =
                    (0..count).map(|n| format!("\"arn:aws:iam::{MASTER}:role/A{n}\"")).collect();
                format!(", administrators: [{}]", arns.join(", "))
            }
        };
        let management = ["all", "read", "write", "{ exclude: [kms.amazonaws.com] }"][management];
        let data = [
            "",
            ", data_events: { s3: all }",
            ", data_events: { lambda: all, dynamodb: all }",
            ", data_events: { s3: [some-bucket, other/prefix] }",
        ][data];
        let accounts: String =
            (0..members).map(|n| format!("  m{n}: {{ id: \"{:012}\", role: Role }}\n", n + 1)).collect();
        format!(
            "version: 1\nname: test\n{tags}accounts:\n  master: {{ id: \"{MASTER}\" }}\n{accounts}\
             bucket: {{ name: test-logs, account: master, region: eu-west-1, versioning: {versioning}, \
             require_tls: {tls}, encryption: {encryption}{prefix} }}\n\
             key: {{ alias: test, rotation_days: {rotation}{grant}{administrators} }}\n\
             trails:\n  - {{ name: Trail, accounts: all, enabled: {enabled}, multi_region: {multi}, \
             log_file_validation: {validation}, management_events: {management}{data} }}\n"
        )
    })
}

const FOREIGN: &str = r#"{ "Sid" : "Others", "Effect":"Allow","Principal": {"AWS":"444444444444"}, "Action":["s3:ListBucket"], "Resource":"arn:aws:s3:::test-logs"}"#;

/// A client of another make than ours.
fn client(installation: &Installation) -> aws_sdk_s3::Client {
    let (key, secret) = installation.twin.credentials_for(MASTER);
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
        .region(aws_sdk_s3::config::Region::new("eu-west-1"))
        .http_client(installation.twin.http_client())
        .endpoint_url("http://twin.localhost")
        .force_path_style(true)
        .credentials_provider(aws_sdk_s3::config::Credentials::new(key, secret, None, None, "test"))
        .build();
    aws_sdk_s3::Client::from_conf(config)
}

/// What another team does in the meantime: a statement, a tag.
async fn others(installation: &Installation) {
    let s3 = client(installation);
    let policy = s3.get_bucket_policy().bucket("test-logs").send().await.unwrap().policy.unwrap();
    let policy = policy.replacen("\"Statement\":[", &format!("\"Statement\":[{FOREIGN},"), 1);
    s3.put_bucket_policy().bucket("test-logs").policy(policy).send().await.unwrap();
    let mut tags = s3.get_bucket_tagging().bucket("test-logs").send().await.unwrap().tag_set;
    tags.push(Tag::builder().key("cost").value("42").build().unwrap());
    let tagging = aws_sdk_s3::types::Tagging::builder().set_tag_set(Some(tags)).build().unwrap();
    s3.put_bucket_tagging().bucket("test-logs").tagging(tagging).send().await.unwrap();
}

/// The bucket policy as text, and the tags of the bucket.
async fn kept(installation: &Installation) -> (String, Vec<(String, String)>) {
    let s3 = client(installation);
    let policy = s3.get_bucket_policy().bucket("test-logs").send().await.unwrap().policy.unwrap();
    let tags = s3.get_bucket_tagging().bucket("test-logs").send().await.unwrap().tag_set;
    (policy, tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_two_specs_converge_and_nothing_foreign_is_lost((a, b) in (specs(), specs())) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let installation = Installation::new();
            installation.converge(&a).await;
            let again = installation.plan(&a).await;
            assert!(again.is_in_sync(), "{:#?}\n{a}", again.changes);
            others(&installation).await;
            let again = installation.plan(&a).await;
            assert!(again.is_in_sync(), "{:#?}\n{a}", again.changes);

            // Whoever delivers before and after delivers all the way.
            let (before, after) = (a.clone(), b.clone());
            installation.watch_over(move |arn| {
                let account = arn.split(':').nth(4).unwrap();
                before.contains(account) && after.contains(account)
            });
            installation.converge(&b).await;
            let again = installation.plan(&b).await;
            assert!(again.is_in_sync(), "{:#?}\n{a}\n{b}", again.changes);
            let (policy, tags) = kept(&installation).await;
            assert!(policy.contains(FOREIGN), "{policy}");
            assert!(tags.contains(&("cost".to_owned(), "42".to_owned())), "{tags:?}");
        });
    }
}
