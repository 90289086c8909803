//! Messages to topics of SNS and events for EventBridge.

use aws_sdk_eventbridge::types::{PutEventsRequestEntry, PutEventsResultEntry};
use reconcile_twin::Published;

use crate::clients::{MASTER, MEMBER, REGION, code, config, sns, twin};

#[tokio::test]
async fn a_message_is_kept_for_its_topic() {
    let twin = twin();
    let client = sns(&twin, MASTER);
    let topic = client.create_topic().name("alerts").send().await.unwrap().topic_arn.unwrap();
    let publish = || client.publish().topic_arn(&topic);
    publish().subject("drift").message("plain").send().await.unwrap();
    let structured = r#"{"default": "all", "email": "people"}"#;
    publish().message_structure("json").message(structured).send().await.unwrap();
    let of = |subject: &str, message: &str| Published {
        arn: topic.clone(),
        subject: subject.to_owned(),
        message: message.to_owned(),
    };
    assert_eq!(twin.published(), [of("drift", "plain"), of("", "all")]);

    for (request, expected) in [
        (publish().message_structure("json").message("{}"), "InvalidParameter"),
        (publish().message_structure("xml").message("a"), "InvalidParameter"),
        (publish().message("a").subject("two\nlines"), "InvalidParameter"),
        (publish().message("a".repeat(300_000)), "InvalidParameter"),
        (client.publish().topic_arn(format!("{topic}x")).message("a"), "NotFound"),
        // The default policy of a topic allows only its owner to publish.
        (sns(&twin, MEMBER).publish().topic_arn(&topic).message("a"), "AuthorizationError"),
    ] {
        assert_eq!(code(request.send().await), expected);
    }
    assert_eq!(twin.published().len(), 2);
}

#[tokio::test]
async fn an_event_is_kept_for_its_bus_and_an_incomplete_one_is_rejected_in_the_answer() {
    let twin = twin();
    let client = aws_sdk_eventbridge::Client::new(&config(&twin, MASTER, REGION));
    let arn = format!("arn:aws:events:{REGION}:{MASTER}:event-bus/default");
    let entry = || PutEventsRequestEntry::builder().event_bus_name(&arn).source("reconcile");
    let good = entry().detail_type("drift").detail(r#"{"a": 1}"#).build();
    let malformed = entry().detail_type("drift").detail("text").build();
    let incomplete = entry().detail("{}").build();
    let answer =
        client.put_events().entries(good).entries(malformed).entries(incomplete).send().await.unwrap();
    assert_eq!(answer.failed_entry_count(), 2);
    let codes: Vec<Option<&str>> = answer.entries().iter().map(PutEventsResultEntry::error_code).collect();
    assert_eq!(codes, [None, Some("MalformedDetail"), Some("InvalidArgument")]);
    let (subject, message) = ("reconcile: drift".to_owned(), r#"{"a": 1}"#.to_owned());
    assert_eq!(twin.published(), [Published { arn: arn.clone(), subject, message }]);

    let elsewhere = PutEventsRequestEntry::builder().event_bus_name("other").source("a").detail_type("b");
    let call = client.put_events().entries(elsewhere.detail("{}").build()).send();
    assert_eq!(code(call.await), "ResourceNotFoundException");
}
