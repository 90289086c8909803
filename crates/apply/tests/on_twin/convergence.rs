//! Any spec on any state: after an apply, the next plan is empty, and everything that others
//! created still exists.

use aws_sdk_s3::types::Tag;
use proptest::prelude::*;
use reconcile_campaign::normal::{first_difference, sorted};
use reconcile_campaign::scenario::KEY;
use reconcile_campaign::specs::{Said, specs};
use reconcile_samples::{EditSpec, MASTER};
use reconcile_twin::KeySummary;
use serde_json::{Value, json};

use crate::installation::Installation;

/// Whether a spec has trails in the account of this trail.
fn has_trail(spec: &str, arn: &str) -> bool {
    let account = arn.split(':').nth(4).unwrap();
    let name = if account == MASTER {
        "master".to_owned()
    } else {
        format!("m{}", account.parse::<usize>().unwrap() - 1)
    };
    spec.value("trails.0.accounts").unwrap().as_array().unwrap().iter().any(|it| *it == name)
}

const FOREIGN: &str = r#"{ "Sid" : "Others", "Effect":"Allow","Principal": {"AWS":"444444444444"}, "Action":["s3:ListBucket"], "Resource":"arn:aws:s3:::test-logs"}"#;

/// Returns a client that does not belong to `reconcile`.
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

/// Makes the changes of another team: a statement and a tag.
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

/// Returns the bucket policy as text, and the tags of the bucket.
async fn kept(installation: &Installation) -> (String, Vec<(String, String)>) {
    let s3 = client(installation);
    let policy = s3.get_bucket_policy().bucket("test-logs").send().await.unwrap().policy.unwrap();
    let tags = s3.get_bucket_tagging().bucket("test-logs").send().await.unwrap().tag_set;
    (policy, tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_two_specs_converge_and_foreign_settings_stay((a, b) in (specs(Said::Some), specs(Said::Some))) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let installation = Installation::new();
            installation.converge(&a).await;
            let again = installation.plan(&a).await;
            assert!(again.is_in_sync(), "{:#?}\n{a}", again.changes);
            others(&installation).await;
            let again = installation.plan(&a).await;
            assert!(again.is_in_sync(), "{:#?}\n{a}", again.changes);

            // A trail that can deliver before and after the change can deliver all the time.
            let (before, after) = (a.clone(), b.clone());
            installation.watch_over(move |arn| has_trail(&before, arn) && has_trail(&after, arn));
            installation.converge(&b).await;
            let again = installation.plan(&b).await;
            assert!(again.is_in_sync(), "{:#?}\n{a}\n{b}", again.changes);
            let (policy, tags) = kept(&installation).await;
            assert!(policy.contains(FOREIGN), "{policy}");
            assert!(tags.contains(&("cost".to_owned(), "42".to_owned())), "{tags:?}");
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// The earlier spec has no effect on the state under the later spec.
    #[test]
    fn one_spec_after_another_is_the_other_alone((a, b) in (specs(Said::All), specs(Said::All))) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (one_after_another, alone) = (Installation::new(), Installation::new());
            one_after_another.converge(&a).await;
            one_after_another.converge(&b).await;
            alone.converge(&b).await;
            let (found, expected) = (world(&one_after_another, &b), world(&alone, &b));
            assert_eq!(first_difference(&found, &expected), None, "{a}\n{b}");
        });
    }
}

/// Returns everything that a spec decides, regardless of the earlier state. Omits the ids of keys,
/// the order of lists, and the tags of an earlier spec. Also omits a key that an earlier spec
/// created, because only a destroy deletes it.
fn world(installation: &Installation, spec: &str) -> Value {
    let summary = installation.twin.summary();
    let keys = summary.accounts.iter().flat_map(|account| &account.keys);
    let is_used = |key: &&KeySummary| (key.arn == KEY) == spec.contains(KEY);
    let used: Vec<&KeySummary> = keys.filter(is_used).collect();
    assert_eq!(used.len(), 1);
    let accounts: Value = summary
        .accounts
        .iter()
        .map(|account| {
            let trails: Vec<&Value> = account.trails.iter().map(|trail| &trail.settings).collect();
            // A Region that had a resource earlier counts like a Region that never had one.
            let full = |by_region: &Value| -> Vec<Value> {
                let regions = by_region.as_object().unwrap().values();
                regions.filter(|it| it.as_object().is_some_and(|it| !it.is_empty())).cloned().collect()
            };
            // The topic of alarms is foreign, and exists as soon as one of the specs names it.
            let mut topics = account.topics.clone();
            for by_name in topics.as_object_mut().unwrap().values_mut() {
                by_name.as_object_mut().unwrap().remove("alarms");
            }
            json!([account.id, trails, full(&account.log_groups), full(&topics), account.iam_roles])
        })
        .filter(|account| account[1] != json!([]) || account[2] != json!([]))
        .collect();
    let key = json!([used[0].policy, used[0].grants, used[0].rotation_days, used[0].description]);
    let bucket = json!([summary.buckets[0].policy, summary.buckets[0].configuration.get("lifecycle")]);
    let names = [(used[0].arn.as_str(), "the key".to_owned())];
    without_earlier_tags(sorted(&json!([accounts, key, bucket]), &names))
}

/// Returns a value without the tag that some specs set, and without members that are null.
fn without_earlier_tags(value: Value) -> Value {
    match value {
        Value::Array(members) => members.into_iter().map(without_earlier_tags).collect(),
        Value::Object(fields) => {
            // A trail keeps the tags that record its former destinations.
            let is_earlier = |name: &str| name == "team" || name.starts_with("reconcile:former-");
            let kept = fields.into_iter().filter(|(name, value)| !is_earlier(name) && !value.is_null());
            Value::Object(kept.map(|(name, value)| (name, without_earlier_tags(value))).collect())
        }
        other => other,
    }
}
