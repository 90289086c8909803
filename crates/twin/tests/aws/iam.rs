use aws_sdk_iam::types::Tag;

use crate::clients::{MASTER, code, config, iam, twin};

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const PERMISSIONS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:PutLogEvents","Resource":"*"}]}"#;

#[tokio::test]
async fn a_role_is_created_updated_and_deleted_after_its_policies() {
    let twin = twin();
    let client = iam(&twin, MASTER);
    let create = client.create_role().role_name("Logs").path("/trail/").assume_role_policy_document(TRUST);
    let tag = Tag::builder().key("team").value("security").build().unwrap();
    let made = create.clone().tags(tag).send().await.unwrap().role.unwrap();
    assert_eq!(made.arn(), "arn:aws:iam::111111111111:role/trail/Logs");
    assert_eq!(code(create.send().await), "EntityAlreadyExists");
    let broken = client.create_role().role_name("Other").assume_role_policy_document("{");
    assert_eq!(code(broken.send().await), "MalformedPolicyDocument");

    let found = client.get_role().role_name("Logs").send().await.unwrap().role.unwrap();
    let document = found.assume_role_policy_document().unwrap();
    assert!(document.starts_with("%7B%22Version%22%3A%222012-10-17%22"), "{document}");
    assert_eq!((found.tags()[0].key(), found.tags()[0].value()), ("team", "security"));

    let put = client.put_role_policy().role_name("Logs").policy_name("p").policy_document(PERMISSIONS);
    put.send().await.unwrap();
    let policy = client.get_role_policy().role_name("Logs").policy_name("p").send().await.unwrap();
    assert!(policy.policy_document().contains("logs%3APutLogEvents"));
    let names = client.list_role_policies().role_name("Logs").send().await.unwrap();
    assert_eq!(names.policy_names(), ["p"]);
    let attached = client.list_attached_role_policies().role_name("Logs").send().await.unwrap();
    assert!(attached.attached_policies().is_empty());
    let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    client.attach_role_policy().role_name("Logs").policy_arn(arn).send().await.unwrap();
    let attached = client.list_attached_role_policies().role_name("Logs").send().await.unwrap();
    assert_eq!(attached.attached_policies()[0].policy_arn(), Some(arn));

    client.untag_role().role_name("Logs").tag_keys("team").send().await.unwrap();
    let other = TRUST.replace("cloudtrail", "ec2");
    client.update_assume_role_policy().role_name("Logs").policy_document(other).send().await.unwrap();
    let found = client.get_role().role_name("Logs").send().await.unwrap().role.unwrap();
    assert!(found.tags().is_empty() && found.assume_role_policy_document().unwrap().contains("ec2"));

    assert_eq!(code(client.delete_role().role_name("Logs").send().await), "DeleteConflict");
    client.delete_role_policy().role_name("Logs").policy_name("p").send().await.unwrap();
    assert_eq!(
        code(client.get_role_policy().role_name("Logs").policy_name("p").send().await),
        "NoSuchEntity"
    );
    assert_eq!(code(client.delete_role().role_name("Logs").send().await), "DeleteConflict");
    client.detach_role_policy().role_name("Logs").policy_arn(arn).send().await.unwrap();
    client.delete_role().role_name("Logs").send().await.unwrap();
    assert_eq!(code(client.get_role().role_name("Logs").send().await), "NoSuchEntity");
}

#[tokio::test]
async fn resources_of_another_partition_are_malformed() {
    let twin = twin();
    let client = aws_sdk_iam::Client::new(&config(&twin, MASTER, "cn-north-1"));
    client.create_role().role_name("Logs").assume_role_policy_document(TRUST).send().await.unwrap();
    let put = |resource: &str| {
        let document = PERMISSIONS.replace("\"*\"", &format!("\"{resource}\""));
        client.put_role_policy().role_name("Logs").policy_name("p").policy_document(document).send()
    };
    for resource in ["arn:aws-cn:logs:*:*:*", "arn:*:logs:*:*:*", "*"] {
        put(resource).await.unwrap();
    }
    assert_eq!(code(put("arn:aws:logs:*:*:*").await), "MalformedPolicyDocument");
}

#[tokio::test]
async fn a_boundary_is_a_policy_of_the_account_or_of_aws() {
    let twin = twin();
    let client = iam(&twin, MASTER);
    let policy = client.create_policy().policy_name("Logs").path("/boundaries/").policy_document(PERMISSIONS);
    let own = policy.clone().send().await.unwrap().policy.unwrap().arn.unwrap();
    assert_eq!(own, "arn:aws:iam::111111111111:policy/boundaries/Logs");
    assert_eq!(code(policy.send().await), "EntityAlreadyExists");

    let create = client.create_role().role_name("Logs").assume_role_policy_document(TRUST);
    for missing in ["arn:aws:iam::111111111111:policy/Other", "arn:aws:iam::222222222222:policy/Logs"] {
        assert_eq!(code(create.clone().permissions_boundary(missing).send().await), "NoSuchEntity");
    }
    create.permissions_boundary(&own).send().await.unwrap();
    let boundary = async || {
        let role = client.get_role().role_name("Logs").send().await.unwrap().role.unwrap();
        role.permissions_boundary.and_then(|it| it.permissions_boundary_arn)
    };
    assert_eq!(boundary().await, Some(own));

    let of_aws = "arn:aws:iam::aws:policy/CloudWatchLogsFullAccess";
    let put = client.put_role_permissions_boundary().role_name("Logs").permissions_boundary(of_aws);
    put.send().await.unwrap();
    assert_eq!(boundary().await.as_deref(), Some(of_aws));
    let delete = client.delete_role_permissions_boundary().role_name("Logs");
    delete.clone().send().await.unwrap();
    assert_eq!(boundary().await, None);
    assert_eq!(code(delete.send().await), "NoSuchEntity");
}
