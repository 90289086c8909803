//! The event history of CloudTrail.

use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::types::{Event, EventCategory, LookupAttribute, LookupAttributeKey};
use aws_smithy_types::DateTime;
use reconcile_twin::{Clock, Share, Twin, Weather, WeatherKind};
use serde_json::Value;

use crate::clients::{MASTER, MEMBER, REGION, cloudtrail, code, kms, s3, twin};

fn by(key: LookupAttributeKey, value: &str) -> LookupAttribute {
    LookupAttribute::builder().attribute_key(key).attribute_value(value).build().unwrap()
}

async fn events(client: &Client, attribute: LookupAttribute) -> Vec<Event> {
    client.lookup_events().lookup_attributes(attribute).send().await.unwrap().events.unwrap()
}

/// Creates `count` keys. The description of each key is its number.
async fn with_keys(count: usize) -> (Twin, Client) {
    let twin = twin();
    let kms = kms(&twin, MASTER);
    for number in 0..count {
        kms.create_key().description(number.to_string()).send().await.unwrap();
    }
    let client = cloudtrail(&twin, MASTER, REGION);
    (twin, client)
}

#[tokio::test]
async fn a_call_is_recorded_with_its_author_and_its_resource() {
    let (twin, client) = with_keys(1).await;
    let found = events(&client, by(LookupAttributeKey::EventName, "CreateKey")).await;
    let [event] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((event.username(), event.event_source()), (Some("twin"), Some("kms.amazonaws.com")));
    assert_eq!(event.read_only(), Some("false"));
    let document: Value = serde_json::from_str(event.cloud_trail_event().unwrap()).unwrap();
    assert_eq!(document["userIdentity"]["arn"], "arn:aws:iam::111111111111:user/twin");
    assert_eq!(document["requestParameters"]["description"], "0");
    assert_eq!(document["recipientAccountId"], MASTER);
    assert_eq!(document["awsRegion"], REGION);
    assert!(document["userAgent"].as_str().unwrap().starts_with("aws-sdk-rust/"), "{document}");
    let arn = document["resources"][0]["ARN"].as_str().unwrap();
    for (key, value) in [
        (LookupAttributeKey::EventId, event.event_id().unwrap()),
        (LookupAttributeKey::ResourceName, arn),
        (LookupAttributeKey::ResourceType, "AWS::KMS::Key"),
        (LookupAttributeKey::EventSource, "kms.amazonaws.com"),
        (LookupAttributeKey::Username, "twin"),
        (LookupAttributeKey::AccessKeyId, event.access_key_id().unwrap()),
        (LookupAttributeKey::ReadOnly, "false"),
    ] {
        assert_eq!(events(&client, by(key.clone(), value)).await, found, "{key:?}");
        assert_eq!(events(&client, by(key.clone(), "true")).await, [], "{key:?}");
    }
    // Other accounts and Regions have other events.
    for (account, region) in [(MEMBER, REGION), (MASTER, "us-east-1")] {
        let elsewhere = cloudtrail(&twin, account, region).lookup_events().send().await.unwrap();
        assert_eq!(elsewhere.events.unwrap(), []);
    }
}

#[tokio::test]
async fn a_failed_call_is_recorded_and_a_read_or_an_object_is_not() {
    let twin = twin();
    let s3 = s3(&twin, MASTER, "us-east-1");
    s3.create_bucket().bucket("logs").send().await.unwrap();
    s3.get_bucket_versioning().bucket("logs").send().await.unwrap();
    s3.put_object().bucket("logs").key("a").send().await.unwrap();
    s3.delete_public_access_block().bucket("logs").send().await.unwrap();
    s3.put_bucket_policy().bucket("logs").policy("{}").send().await.unwrap_err();
    let client = cloudtrail(&twin, MASTER, "us-east-1");
    let found = client.lookup_events().send().await.unwrap().events.unwrap();
    let shown: Vec<(&str, Option<&str>)> = found
        .iter()
        .map(|event| (event.event_name().unwrap(), event.resources()[0].resource_name()))
        .collect();
    let bucket = Some("logs");
    let expected = ["PutBucketPolicy", "DeleteBucketPublicAccessBlock", "CreateBucket"];
    assert_eq!(shown, expected.map(|name| (name, bucket)), "the newest first");
    let document: Value = serde_json::from_str(found[0].cloud_trail_event().unwrap()).unwrap();
    assert_eq!(document["errorCode"], "MalformedPolicy");
}

#[tokio::test]
async fn pages_have_at_most_fifty_events() {
    let (_, client) = with_keys(120).await;
    let (mut sizes, mut names, mut token) = (Vec::new(), Vec::new(), None);
    loop {
        let page = client.lookup_events().set_next_token(token).send().await.unwrap();
        sizes.push(page.events().len());
        names.extend(page.events().iter().map(|event| event.event_id().unwrap().to_owned()));
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [50, 50, 20]);
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 120);
    let page = client.lookup_events().max_results(7).send().await.unwrap();
    assert_eq!(page.events().len(), 7);
}

#[tokio::test]
async fn wrong_requests_have_the_errors_of_the_api_reference() {
    let (_, client) = with_keys(1).await;
    let request = || client.lookup_events();
    let name = || by(LookupAttributeKey::EventName, "CreateKey");
    let time = DateTime::from_secs;
    for (request, expected) in [
        (request().lookup_attributes(name()).lookup_attributes(name()), "InvalidLookupAttributesException"),
        (request().max_results(51), "InvalidMaxResultsException"),
        (request().max_results(0), "InvalidMaxResultsException"),
        (request().next_token("nonsense"), "InvalidNextTokenException"),
        (request().start_time(time(2)).end_time(time(1)), "InvalidTimeRangeException"),
    ] {
        assert_eq!(code(request.send().await), expected);
    }
    let insights = request().event_category(EventCategory::Insight).send().await.unwrap();
    assert_eq!(insights.events(), []);
    assert_eq!(request().end_time(time(1)).send().await.unwrap().events(), []);
    assert_eq!(request().start_time(time(1)).send().await.unwrap().events().len(), 1);
}

#[tokio::test]
async fn aws_answers_two_lookups_a_second() {
    let (twin, client) = with_keys(1).await;
    twin.set_weather(Weather::calm().with(WeatherKind::Rates, Share::ALL), Clock::Calls);
    for _ in 0..2 {
        client.lookup_events().send().await.unwrap();
    }
    assert_eq!(code(client.lookup_events().send().await), "ThrottlingException");
}
