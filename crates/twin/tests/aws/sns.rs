use aws_sdk_sns::types::Tag;

use crate::clients::{MASTER, MEMBER, code, sns, twin};

fn tag(value: &str) -> Tag {
    Tag::builder().key("team").value(value).build().unwrap()
}

#[tokio::test]
async fn a_topic_has_a_policy_from_the_start_and_takes_none_that_is_not_its_own() {
    let twin = twin();
    let client = sns(&twin, MASTER);
    let arn = client.create_topic().name("files").tags(tag("a")).send().await.unwrap().topic_arn.unwrap();
    assert_eq!(arn, "arn:aws:sns:eu-west-1:111111111111:files");
    let again = client.create_topic().name("files").tags(tag("a")).send().await.unwrap();
    assert_eq!(again.topic_arn(), Some(arn.as_str()));
    let other = client.create_topic().name("files").tags(tag("b")).send().await;
    assert_eq!(code(other), "InvalidParameter");
    assert_eq!(code(client.create_topic().name("files.fifo").send().await), "InvalidParameter");

    let policy = async || {
        let answer = client.get_topic_attributes().topic_arn(&arn).send().await.unwrap();
        answer.attributes.unwrap()["Policy"].clone()
    };
    assert!(policy().await.contains("__default_statement_ID"));
    let statement = |resource: &str, filler: usize| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"{}","Effect":"Allow","Principal":{{"Service":"cloudtrail.amazonaws.com"}},"Action":"SNS:Publish","Resource":"{resource}"}}]}}"#,
            "x".repeat(filler)
        )
    };
    let set = |text: String| {
        client.set_topic_attributes().topic_arn(&arn).attribute_name("Policy").attribute_value(text).send()
    };
    set(statement(&arn, 1)).await.unwrap();
    assert_eq!(policy().await, statement(&arn, 1));
    for wrong in
        [statement("arn:aws:sns:eu-west-1:111111111111:others", 1), statement(&arn, 31_000), "{".into()]
    {
        assert_eq!(code(set(wrong).await), "InvalidParameter");
    }
    assert_eq!(policy().await, statement(&arn, 1));
}

#[tokio::test]
async fn a_topic_is_marked_and_removed_by_its_owner_alone() {
    let twin = twin();
    let client = sns(&twin, MASTER);
    let arn = client.create_topic().name("files").send().await.unwrap().topic_arn.unwrap();
    client.tag_resource().resource_arn(&arn).tags(tag("security")).send().await.unwrap();
    let tags = client.list_tags_for_resource().resource_arn(&arn).send().await.unwrap();
    assert_eq!((tags.tags()[0].key(), tags.tags()[0].value()), ("team", "security"));
    client.untag_resource().resource_arn(&arn).tag_keys("team").send().await.unwrap();
    assert!(client.list_tags_for_resource().resource_arn(&arn).send().await.unwrap().tags().is_empty());

    let stranger = sns(&twin, MEMBER);
    assert_eq!(code(stranger.delete_topic().topic_arn(&arn).send().await), "AuthorizationError");
    client.delete_topic().topic_arn(&arn).send().await.unwrap();
    client.delete_topic().topic_arn(&arn).send().await.unwrap();
    assert_eq!(code(client.get_topic_attributes().topic_arn(&arn).send().await), "NotFound");
}
