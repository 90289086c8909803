use aws_sdk_s3::types::{
    AbacStatus, BucketAbacStatus, BucketCannedAcl, BucketLocationConstraint, BucketNamespace,
    BucketVersioningStatus, CreateBucketConfiguration, ObjectOwnership, OwnershipControls,
    OwnershipControlsRule, Payer, PublicAccessBlockConfiguration, Tag, Tagging, VersioningConfiguration,
};
use reconcile_twin::{InjectedDenial, Twin};

use crate::clients::{MASTER, MEMBER, REGION, code, s3, twin};

const BUCKET: &str = "central-logs";

async fn bucket(twin: &Twin) -> aws_sdk_s3::Client {
    let s3 = s3(twin, MASTER, REGION);
    let place =
        CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::EuWest1).build();
    s3.create_bucket().bucket(BUCKET).create_bucket_configuration(place).send().await.unwrap();
    s3
}

#[tokio::test]
async fn a_new_bucket_has_the_defaults_of_s3() {
    let twin = twin();
    let s3 = bucket(&twin).await;
    let head = s3.head_bucket().bucket(BUCKET).send().await.unwrap();
    assert_eq!(head.bucket_region(), Some(REGION));
    let block = s3.get_public_access_block().bucket(BUCKET).send().await.unwrap();
    assert_eq!(block.public_access_block_configuration().unwrap().block_public_policy(), Some(true));
    let ownership = s3.get_bucket_ownership_controls().bucket(BUCKET).send().await.unwrap();
    assert_eq!(
        ownership.ownership_controls().unwrap().rules()[0].object_ownership().as_str(),
        "BucketOwnerEnforced"
    );
    assert!(s3.get_bucket_versioning().bucket(BUCKET).send().await.unwrap().status().is_none());
    assert_eq!(code(s3.get_bucket_policy().bucket(BUCKET).send().await), "NoSuchBucketPolicy");
    assert_eq!(code(s3.get_bucket_tagging().bucket(BUCKET).send().await), "NoSuchTagSet");
}

#[tokio::test]
async fn a_bucket_is_created_with_its_tags_by_a_caller_who_is_allowed_to_tag() {
    let twin = twin();
    let s3 = s3(&twin, MASTER, "us-east-1");
    let create = |key: &str| {
        let tag = Tag::builder().key(key).value("a & b").build().unwrap();
        let configuration = CreateBucketConfiguration::builder().tags(tag).build();
        s3.create_bucket().bucket(BUCKET).create_bucket_configuration(configuration).send()
    };
    assert_eq!(code(create("aws:theirs").await), "InvalidTag");
    let operation = "s3:TagResource".to_owned();
    twin.deny(vec![InjectedDenial { account: MASTER.to_owned(), region: None, operation }]);
    assert_eq!(code(create("team").await), "AccessDenied");
    assert_eq!(code(s3.head_bucket().bucket(BUCKET).send().await), "NotFound");
    twin.deny(Vec::new());
    create("team").await.unwrap();
    let tags = s3.get_bucket_tagging().bucket(BUCKET).send().await.unwrap().tag_set;
    assert_eq!(tags, [Tag::builder().key("team").value("a & b").build().unwrap()]);
}

#[tokio::test]
async fn configurations_are_returned_as_they_were_sent() {
    let twin = twin();
    let s3 = bucket(&twin).await;
    let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    s3.put_bucket_versioning().bucket(BUCKET).versioning_configuration(on).send().await.unwrap();
    let versioning = s3.get_bucket_versioning().bucket(BUCKET).send().await.unwrap();
    assert_eq!(versioning.status(), Some(&BucketVersioningStatus::Enabled));
}

#[tokio::test]
async fn policies_are_checked() {
    let twin = twin();
    let s3 = bucket(&twin).await;
    let policy = |resource: &str| {
        format!(
            r#"{{ "Statement": {{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"{resource}"}} }}"#
        )
    };
    let put = |text: String| s3.put_bucket_policy().bucket(BUCKET).policy(text).send();
    for text in ["{}".to_owned(), "no json".to_owned(), policy("arn:aws:s3:::other/*"), policy("*")] {
        assert_eq!(code(put(text.clone()).await), "MalformedPolicy", "{text}");
    }
    let long = policy(&format!("arn:aws:s3:::{BUCKET}/{}", "x".repeat(20_480)));
    assert_eq!(code(put(long).await), "MalformedPolicy");

    let text = policy(&format!("arn:aws:s3:::{BUCKET}/*"));
    put(text.clone()).await.unwrap();
    assert_eq!(s3.get_bucket_policy().bucket(BUCKET).send().await.unwrap().policy(), Some(text.as_str()));
}

#[tokio::test]
async fn a_bucket_belongs_to_one_account_in_one_region() {
    let twin = twin();
    let master = bucket(&twin).await;
    let member = s3(&twin, MEMBER, REGION);
    let elsewhere = s3(&twin, MASTER, "us-east-1");

    assert_eq!(
        code(member.create_bucket().bucket(BUCKET).send().await),
        "IllegalLocationConstraintException"
    );
    let member_us = s3(&twin, MEMBER, "us-east-1");
    assert_eq!(code(member_us.create_bucket().bucket(BUCKET).send().await), "BucketAlreadyExists");
    assert_eq!(code(member.get_bucket_policy().bucket(BUCKET).send().await), "MethodNotAllowed");
    assert_eq!(code(member.get_bucket_encryption().bucket(BUCKET).send().await), "AccessDenied");
    let owner = master.get_bucket_encryption().bucket(BUCKET).expected_bucket_owner(MEMBER);
    assert_eq!(code(owner.send().await), "AccessDenied");
    assert_eq!(code(elsewhere.get_bucket_encryption().bucket(BUCKET).send().await), "PermanentRedirect");
    assert_eq!(code(master.get_bucket_policy().bucket("nowhere").send().await), "NoSuchBucket");
}

#[tokio::test]
async fn only_in_us_east_1_the_owner_can_create_a_bucket_again() {
    let twin = twin();
    let classic = s3(&twin, MASTER, "us-east-1");
    classic.create_bucket().bucket("oldest").send().await.unwrap();
    classic.create_bucket().bucket("oldest").send().await.unwrap();
    let s3 = bucket(&twin).await;
    let place =
        CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::EuWest1).build();
    let again = s3.create_bucket().bucket(BUCKET).create_bucket_configuration(place).send().await;
    assert_eq!(code(again), "BucketAlreadyOwnedByYou");
}

#[tokio::test]
async fn an_object_is_created_once_if_requested_and_its_bucket_cannot_be_deleted() {
    let twin = twin();
    let client = s3(&twin, MASTER, "us-east-1");
    client.create_bucket().bucket("locks").send().await.unwrap();
    let put = |text: &'static str| {
        let body = aws_sdk_s3::primitives::ByteStream::from_static(text.as_bytes());
        client.put_object().bucket("locks").key("a/b.lock").if_none_match("*").body(body).send()
    };
    put("held by a").await.unwrap();
    assert_eq!(code(put("held by b").await), "PreconditionFailed");
    let get = || client.get_object().bucket("locks").key("a/b.lock").send();
    let text = get().await.unwrap().body.collect().await.unwrap().to_vec();
    assert_eq!(text, b"held by a");

    let stranger = s3(&twin, MEMBER, "us-east-1");
    assert_eq!(code(stranger.get_object().bucket("locks").key("a/b.lock").send().await), "AccessDenied");
    let listed = client.list_object_versions().bucket("locks").max_keys(1).send().await.unwrap();
    assert_eq!(listed.versions()[0].key(), Some("a/b.lock"));
    assert_eq!(code(client.delete_bucket().bucket("locks").send().await), "BucketNotEmpty");
    client.delete_object().bucket("locks").key("a/b.lock").send().await.unwrap();
    assert_eq!(code(get().await), "NoSuchKey");
    client.delete_bucket().bucket("locks").send().await.unwrap();
}

async fn block(s3: &aws_sdk_s3::Client, on: bool) {
    let block = PublicAccessBlockConfiguration::builder()
        .block_public_acls(on)
        .ignore_public_acls(on)
        .block_public_policy(on)
        .restrict_public_buckets(on)
        .build();
    s3.put_public_access_block()
        .bucket(BUCKET)
        .public_access_block_configuration(block)
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn a_public_policy_is_rejected_while_public_policies_are_blocked() {
    let twin = twin();
    let s3 = bucket(&twin).await;
    let policy = format!(
        r#"{{"Statement":{{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::{BUCKET}/*"}}}}"#
    );
    let put = || s3.put_bucket_policy().bucket(BUCKET).policy(&policy).send();
    assert_eq!(code(put().await), "AccessDenied");
    block(&s3, false).await;
    put().await.unwrap();
    // Blocking does not change an existing policy.
    block(&s3, true).await;
    assert_eq!(s3.get_bucket_policy().bucket(BUCKET).send().await.unwrap().policy(), Some(policy.as_str()));
    assert_eq!(code(put().await), "AccessDenied");
}

#[tokio::test]
async fn acls_are_disabled_only_if_they_grant_nothing_to_others() {
    let twin = twin();
    let s3 = bucket(&twin).await;
    let own = |ownership: ObjectOwnership| {
        let rule = OwnershipControlsRule::builder().object_ownership(ownership).build().unwrap();
        let controls = OwnershipControls::builder().rules(rule).build().unwrap();
        s3.put_bucket_ownership_controls().bucket(BUCKET).ownership_controls(controls).send()
    };
    let acl = |acl: BucketCannedAcl| s3.put_bucket_acl().bucket(BUCKET).acl(acl).send();
    let grants = async || s3.get_bucket_acl().bucket(BUCKET).send().await.unwrap().grants.unwrap().len();
    assert_eq!(code(acl(BucketCannedAcl::Private).await), "AccessControlListNotSupported");
    assert_eq!(grants().await, 1);

    own(ObjectOwnership::ObjectWriter).await.unwrap();
    assert_eq!(code(acl(BucketCannedAcl::PublicRead).await), "AccessDenied");
    block(&s3, false).await;
    acl(BucketCannedAcl::PublicRead).await.unwrap();
    assert_eq!(grants().await, 2);
    block(&s3, true).await;
    assert_eq!(grants().await, 1, "the public grant is ignored");
    assert_eq!(code(own(ObjectOwnership::BucketOwnerEnforced).await), "InvalidBucketAclWithObjectOwnership");
    acl(BucketCannedAcl::Private).await.unwrap();
    own(ObjectOwnership::BucketOwnerEnforced).await.unwrap();
}

const STACK: (&str, &str) = ("aws:cloudformation:stack-name", "logs");

#[tokio::test]
async fn tags_of_aws_cannot_be_changed() {
    let twin = twin();
    let s3 = bucket(&twin).await;
    let put = |tags: &[(&str, &str)]| {
        let tag = |(key, value): &(&str, &str)| Tag::builder().key(*key).value(*value).build().unwrap();
        let tagging = Tagging::builder().set_tag_set(Some(tags.iter().map(tag).collect())).build().unwrap();
        s3.put_bucket_tagging().bucket(BUCKET).tagging(tagging).send()
    };
    assert_eq!(code(put(&[STACK]).await), "InvalidTag");
    twin.trust(true);
    put(&[STACK]).await.unwrap();
    twin.trust(false);
    assert_eq!(code(put(&[("team", "a")]).await), "InvalidTag");
    assert_eq!(code(put(&[(STACK.0, "other"), ("team", "a")]).await), "InvalidTag");
    put(&[STACK, ("team", "a")]).await.unwrap();

    let on = AbacStatus::builder().status(BucketAbacStatus::Enabled).build();
    s3.put_bucket_abac().bucket(BUCKET).abac_status(on).send().await.unwrap();
    assert_eq!(code(put(&[STACK, ("team", "b")]).await), "MethodNotAllowed");
}

#[tokio::test]
async fn a_name_of_an_account_regional_namespace_needs_its_header() {
    let twin = twin();
    let s3 = s3(&twin, MASTER, "us-east-1");
    let create = |name: &str, namespace: Option<BucketNamespace>| {
        s3.create_bucket().bucket(name).set_bucket_namespace(namespace).send()
    };
    let own = format!("logs-{MASTER}-us-east-1-an");
    let regional = || Some(BucketNamespace::AccountRegional);
    assert_eq!(code(create(&own, None).await), "MissingNamespaceHeader");
    assert_eq!(code(create(&own, Some(BucketNamespace::Global)).await), "MissingNamespaceHeader");
    for other in ["logs", "logs-999999999999-us-east-1-an", &format!("logs-{MASTER}-eu-west-1-an")] {
        assert_eq!(code(create(other, regional()).await), "InvalidNamespaceHeader", "{other}");
    }
    assert_eq!(code(create("logs-an", None).await), "InvalidBucketName");
    create(&own, regional()).await.unwrap();
}

#[tokio::test]
async fn the_owner_pays_unless_the_bucket_says_otherwise() {
    let twin = twin();
    let s3 = bucket(&twin).await;
    let payer = async || s3.get_bucket_request_payment().bucket(BUCKET).send().await.unwrap().payer;
    assert_eq!(payer().await, Some(Payer::BucketOwner));
    let requester = aws_sdk_s3::types::RequestPaymentConfiguration::builder().payer(Payer::Requester).build();
    let put = s3.put_bucket_request_payment().bucket(BUCKET);
    put.request_payment_configuration(requester.unwrap()).send().await.unwrap();
    assert_eq!(payer().await, Some(Payer::Requester));
}

#[tokio::test]
async fn objects_are_written_and_deleted_under_conditions() {
    let twin = twin();
    let s3 = bucket(&twin).await;
    let put = |text: &str| s3.put_object().bucket(BUCKET).key("lock").body(text.as_bytes().to_vec().into());
    let delete = |etag: &str| s3.delete_object().bucket(BUCKET).key("lock").if_match(etag).send();

    assert_eq!(code(put("a").if_match("\"0\"").send().await), "NoSuchKey");
    let first = put("a").if_none_match("*").send().await.unwrap().e_tag.unwrap();
    assert_eq!(code(put("b").if_none_match("*").send().await), "PreconditionFailed");
    assert_eq!(code(put("b").if_match("\"0\"").send().await), "PreconditionFailed");
    let second = put("b").if_match(&first).send().await.unwrap().e_tag.unwrap();
    assert_ne!(first, second);

    let object = s3.get_object().bucket(BUCKET).key("lock").send().await.unwrap();
    assert_eq!(object.e_tag(), Some(second.as_str()));
    assert!(object.last_modified().is_some());

    assert_eq!(code(delete(&first).await), "PreconditionFailed");
    delete(second.trim_matches('"')).await.unwrap();
    assert_eq!(code(delete(&second).await), "NoSuchKey");
    s3.delete_object().bucket(BUCKET).key("lock").send().await.unwrap();
}
