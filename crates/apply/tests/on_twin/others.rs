//! The resources that other teams create with their own clients, and the statements that they
//! write.

use aws_sdk_cloudtrail::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_kms::types::GrantOperation;
use reconcile_samples::{BUCKET, REGION};
use serde_json::{Value, json};

use crate::installation::Installation;

/// Clients that do not belong to `reconcile`, in one account.
pub struct Others {
    pub s3: aws_sdk_s3::Client,
    cloudtrail: aws_sdk_cloudtrail::Client,
    pub kms: aws_sdk_kms::Client,
}

impl Others {
    pub fn of(installation: &Installation, account: &str) -> Self {
        Self::in_region(installation, account, REGION)
    }

    pub fn in_region(installation: &Installation, account: &str, region: &str) -> Self {
        let (key, secret) = installation.twin.credentials_for(account);
        let credentials = Credentials::new(key, secret, None, None, "test");
        let region = Region::new(region.to_owned());
        let s3 = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region.clone())
            .http_client(installation.twin.http_client())
            .endpoint_url("http://twin.localhost")
            .force_path_style(true)
            .credentials_provider(credentials.clone());
        let cloudtrail = aws_sdk_cloudtrail::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region.clone())
            .http_client(installation.twin.http_client())
            .endpoint_url("http://twin.localhost")
            .credentials_provider(credentials.clone());
        let kms = aws_sdk_kms::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region)
            .http_client(installation.twin.http_client())
            .endpoint_url("http://twin.localhost")
            .credentials_provider(credentials);
        Self {
            s3: aws_sdk_s3::Client::from_conf(s3.build()),
            cloudtrail: aws_sdk_cloudtrail::Client::from_conf(cloudtrail.build()),
            kms: aws_sdk_kms::Client::from_conf(kms.build()),
        }
    }

    /// Creates the central bucket with these statements.
    pub async fn bucket(&self, statements: &[String]) {
        self.create_bucket(BUCKET).await;
        self.put_policy(&document(statements)).await;
    }

    /// Creates a bucket to which the trails of an account can deliver.
    pub async fn other_bucket(&self, name: &str, account: &str) {
        self.create_bucket(name).await;
        let statements = [acl_check(), write(&[folder(account)])];
        let policy = document(&statements).replace(BUCKET, name);
        self.s3.put_bucket_policy().bucket(name).policy(policy).send().await.unwrap();
    }

    async fn create_bucket(&self, name: &str) {
        use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};

        let region = BucketLocationConstraint::from(REGION);
        let configuration = CreateBucketConfiguration::builder().location_constraint(region).build();
        let call = self.s3.create_bucket().bucket(name).create_bucket_configuration(configuration);
        call.send().await.unwrap();
    }

    pub async fn put_policy(&self, policy: &str) {
        self.s3.put_bucket_policy().bucket(BUCKET).policy(policy).send().await.unwrap();
    }

    /// Adds a tag to the central bucket, and removes all other tags.
    pub async fn tag(&self, key: &str, value: &str) {
        use aws_sdk_s3::types::{Tag, Tagging};

        let tag = Tag::builder().key(key).value(value).build().unwrap();
        let tagging = Tagging::builder().tag_set(tag).build().unwrap();
        self.s3.put_bucket_tagging().bucket(BUCKET).tagging(tagging).send().await.unwrap();
    }

    /// The tags of the central bucket.
    pub async fn tags(&self) -> Vec<(String, String)> {
        let found = self.s3.get_bucket_tagging().bucket(BUCKET).send().await;
        let tags = found.map(|found| found.tag_set).unwrap_or_default();
        tags.into_iter().map(|tag| (tag.key, tag.value)).collect()
    }

    /// Adds a rule that expires objects of the central bucket, and removes all other lifecycle
    /// rules.
    pub async fn expire(&self, id: &str, prefix: &str, days: i32) {
        use aws_sdk_s3::types::{
            BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule,
            LifecycleRuleFilter,
        };

        let rule = LifecycleRule::builder()
            .id(id)
            .status(ExpirationStatus::Enabled)
            .filter(LifecycleRuleFilter::builder().prefix(prefix).build())
            .expiration(LifecycleExpiration::builder().days(days).build())
            .build()
            .unwrap();
        let rules = BucketLifecycleConfiguration::builder().rules(rule).build().unwrap();
        let call = self.s3.put_bucket_lifecycle_configuration().bucket(BUCKET);
        call.lifecycle_configuration(rules).send().await.unwrap();
    }

    /// The ids of the lifecycle rules of the central bucket.
    pub async fn rules(&self) -> Vec<String> {
        let found = self.s3.get_bucket_lifecycle_configuration().bucket(BUCKET).send().await;
        let rules = found.ok().and_then(|found| found.rules).unwrap_or_default();
        rules.into_iter().filter_map(|rule| rule.id).collect()
    }

    pub async fn policy(&self) -> String {
        self.policy_if_any().await.unwrap()
    }

    pub async fn policy_if_any(&self) -> Option<String> {
        let found = self.s3.get_bucket_policy().bucket(BUCKET).send().await;
        found.ok().map(|found| found.policy.unwrap())
    }

    pub async fn key_policy(&self, key: &str, policy: &str) {
        self.kms.put_key_policy().key_id(key).policy_name("default").policy(policy).send().await.unwrap();
    }

    pub async fn live_key_policy(&self, key: &str) -> String {
        let call = self.kms.get_key_policy().key_id(key).policy_name("default").send();
        call.await.unwrap().policy.unwrap()
    }

    /// Grants the use of a key.
    pub async fn grant(&self, key: &str, grantee: &str, operations: &[GrantOperation]) {
        let call = self.kms.create_grant().key_id(key).name("theirs").grantee_principal(grantee);
        call.set_operations(Some(operations.to_vec())).send().await.unwrap();
    }

    /// Creates a single-Region trail that delivers to the central bucket.
    pub async fn trail(&self, name: &str, prefix: Option<&str>) {
        let call = self.cloudtrail.create_trail().name(name).s3_bucket_name(BUCKET);
        call.set_s3_key_prefix(prefix.map(str::to_owned)).send().await.unwrap();
        self.cloudtrail.start_logging().name(name).send().await.unwrap();
    }

    /// Creates a trail that delivers to another bucket.
    pub async fn trail_to(&self, name: &str, bucket: &str, key: Option<&str>) {
        let call = self.cloudtrail.create_trail().name(name).s3_bucket_name(bucket);
        call.set_kms_key_id(key.map(str::to_owned)).send().await.unwrap();
        self.cloudtrail.start_logging().name(name).send().await.unwrap();
    }
}

fn document(statements: &[String]) -> String {
    format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{}]}}", statements.join(","))
}

pub fn acl_check() -> String {
    json!({
        "Sid": "AWSCloudTrailAclCheck20150319", "Effect": "Allow",
        "Principal": { "Service": "cloudtrail.amazonaws.com" },
        "Action": "s3:GetBucketAcl", "Resource": format!("arn:aws:s3:::{BUCKET}"),
    })
    .to_string()
}

pub fn write(resources: &[String]) -> String {
    json!({
        "Sid": "AWSCloudTrailWrite20150319", "Effect": "Allow",
        "Principal": { "Service": "cloudtrail.amazonaws.com" },
        "Action": "s3:PutObject", "Resource": resources,
        "Condition": { "StringEquals": { "s3:x-amz-acl": "bucket-owner-full-control" } },
    })
    .to_string()
}

pub fn folder(account: &str) -> String {
    format!("arn:aws:s3:::{BUCKET}/AWSLogs/{account}/*")
}

pub fn sids(policy: &str) -> Vec<String> {
    let policy: Value = serde_json::from_str(policy).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    statements.iter().map(|it| it["Sid"].as_str().unwrap_or("-").to_owned()).collect()
}
