use std::collections::BTreeMap;

use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_s3::primitives::ByteStream;
use reconcile_twin::{InjectedDenial, StoredObject, Twin, signing_key};

use crate::clients::{MASTER, MEMBER, REGION, cloudtrail, code, s3, twin};

const BUCKET: &str = "central-logs";

async fn bucket(twin: &Twin) -> aws_sdk_s3::Client {
    let s3 = s3(twin, MASTER, "us-east-1");
    s3.create_bucket().bucket(BUCKET).send().await.unwrap();
    for key in ["a/1", "a/b/2", "a/b/3", "a/c/4", "b"] {
        let body = ByteStream::from_static(&[0x1f, 0x8b, 0xff]);
        s3.put_object().bucket(BUCKET).key(key).metadata("Signature", key).body(body).send().await.unwrap();
    }
    s3
}

#[tokio::test]
async fn objects_have_bytes_and_metadata() {
    let twin = twin();
    let s3 = bucket(&twin).await;
    let object = s3.get_object().bucket(BUCKET).key("a/b/2").send().await.unwrap();
    assert_eq!(object.metadata().unwrap()["signature"], "a/b/2");
    assert_eq!(object.body.collect().await.unwrap().to_vec(), [0x1f, 0x8b, 0xff]);
    let head = s3.head_object().bucket(BUCKET).key("a/b/2").send().await.unwrap();
    assert_eq!((head.content_length(), &*head.metadata().unwrap()["signature"]), (Some(3), "a/b/2"));
    let end = s3.get_object().bucket(BUCKET).key("a/1").range("bytes=1-").send().await.unwrap();
    assert_eq!(end.content_range(), Some("bytes 1-2/3"));
    assert_eq!(end.body.collect().await.unwrap().to_vec(), [0x8b, 0xff]);
    let behind = s3.get_object().bucket(BUCKET).key("a/1").range("bytes=3-").send().await;
    assert_eq!(code(behind), "InvalidRange");
    let other = s3.get_object().bucket(BUCKET).key("a/1").if_match("\"other\"").send().await;
    assert_eq!(code(other), "PreconditionFailed");
}

#[tokio::test]
async fn objects_are_listed_in_pages_with_common_prefixes() {
    let twin = twin();
    let s3 = bucket(&twin).await;
    let (mut keys, mut token) = (Vec::new(), None);
    loop {
        let list = s3.list_objects_v2().bucket(BUCKET).max_keys(2).set_continuation_token(token);
        let page = list.send().await.unwrap();
        keys.extend(page.contents().iter().map(|object| object.key().unwrap().to_owned()));
        token = page.next_continuation_token().map(str::to_owned);
        assert_eq!(token.is_some(), page.is_truncated().unwrap());
        if token.is_none() {
            break;
        }
    }
    assert_eq!(keys, ["a/1", "a/b/2", "a/b/3", "a/c/4", "b"]);

    let list = s3.list_objects_v2().bucket(BUCKET).prefix("a/").delimiter("/").send().await.unwrap();
    let prefixes: Vec<&str> = list.common_prefixes().iter().filter_map(|it| it.prefix()).collect();
    assert_eq!((prefixes, list.contents().len()), (vec!["a/b/", "a/c/"], 1));
    let after = s3.list_objects_v2().bucket(BUCKET).start_after("a/c/4").send().await.unwrap();
    assert_eq!(after.contents()[0].key(), Some("b"));
    assert_eq!(after.contents()[0].size(), Some(3));
    let first = s3.list_objects().bucket(BUCKET).marker("a/b/3").max_keys(1).send().await.unwrap();
    assert_eq!((first.contents()[0].key(), first.is_truncated()), (Some("a/c/4"), Some(true)));
    let unknown = s3.list_objects_v2().bucket(BUCKET).continuation_token("?").send().await;
    assert_eq!(code(unknown), "InvalidArgument");
}

#[tokio::test]
async fn an_encrypted_object_is_read_only_by_callers_that_can_decrypt() {
    let twin = twin();
    let s3 = bucket(&twin).await;
    let key = Some("arn:aws:kms:us-east-1:111111111111:key/1".to_owned());
    let object = StoredObject {
        content: "log".into(),
        metadata: BTreeMap::new(),
        key,
        stored: "2026-01-01T00:00:00Z".parse().unwrap(),
    };
    twin.put_object(BUCKET, "log", object.clone());
    assert_eq!(twin.object(BUCKET, "log"), Some(object));
    let get = || s3.get_object().bucket(BUCKET).key("log").send();
    assert_eq!(get().await.unwrap().server_side_encryption().unwrap().as_str(), "aws:kms");
    twin.deny(vec![InjectedDenial {
        account: MASTER.to_owned(),
        region: None,
        operation: "kms:Decrypt".to_owned(),
    }]);
    assert_eq!(code(get().await), "AccessDenied");
    assert!(s3.get_object().bucket(BUCKET).key("b").send().await.is_ok());
}

#[tokio::test]
async fn every_region_and_month_has_a_public_key() {
    let twin = twin();
    let keys = async |region: &str, from: &str, to: &str| {
        let time = |text: &str| DateTime::from_secs(text.parse::<jiff::Timestamp>().unwrap().as_second());
        let list =
            cloudtrail(&twin, MEMBER, region).list_public_keys().start_time(time(from)).end_time(time(to));
        list.send().await.unwrap().public_key_list.unwrap()
    };
    let found = keys(REGION, "2026-01-31T23:00:00Z", "2026-02-01T01:00:00Z").await;
    let expected = ["2026-01-10T00:00:00Z", "2026-02-10T00:00:00Z"]
        .map(|time| signing_key(REGION, time.parse().unwrap()).fingerprint);
    assert_eq!(found.iter().map(|key| key.fingerprint().unwrap()).collect::<Vec<_>>(), expected);
    let other = keys("us-east-1", "2026-01-31T23:00:00Z", "2026-01-31T23:30:00Z").await;
    assert_ne!(other[0].value(), found[0].value());
}
