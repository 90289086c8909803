use crate::clients::{MASTER, MEMBER, REGION, code, config, twin};

#[tokio::test]
async fn returns_the_caller_and_assumes_existing_roles() {
    let twin = twin();
    let sts = aws_sdk_sts::Client::new(&config(&twin, MASTER, REGION));
    assert_eq!(sts.get_caller_identity().send().await.unwrap().account(), Some(MASTER));

    let role = format!("arn:aws:iam::{MEMBER}:role/Audit");
    let assumed = sts.assume_role().role_arn(&role).role_session_name("me").send().await.unwrap();
    let given = assumed.credentials().unwrap();
    let credentials = aws_credential_types::Credentials::new(
        given.access_key_id(),
        given.secret_access_key(),
        Some(given.session_token().to_owned()),
        None,
        "test",
    );
    let provider = aws_credential_types::provider::SharedCredentialsProvider::new(credentials);
    let member = config(&twin, MASTER, REGION).to_builder().credentials_provider(provider).build();
    let identity = aws_sdk_sts::Client::new(&member).get_caller_identity().send().await.unwrap();
    assert_eq!(identity.account(), Some(MEMBER));
    assert_eq!(identity.arn(), Some("arn:aws:sts::222222222222:assumed-role/Audit/me"));

    let nobody = format!("arn:aws:iam::{MEMBER}:role/Nobody");
    let denied = sts.assume_role().role_arn(nobody).role_session_name("me").send().await;
    assert_eq!(code(denied), "AccessDenied");

    twin.suspend(MEMBER);
    let denied = sts.assume_role().role_arn(role).role_session_name("me").send().await;
    assert_eq!(code(denied), "AccessDenied");
}

#[tokio::test]
async fn rejects_unknown_accounts() {
    let twin = twin();
    let sts = aws_sdk_sts::Client::new(&config(&twin, "999999999999", REGION));
    assert_eq!(code(sts.get_caller_identity().send().await), "InvalidClientTokenId");
}

#[tokio::test]
async fn roles_of_another_partition_are_denied() {
    let twin = twin();
    let sts = aws_sdk_sts::Client::new(&config(&twin, MASTER, "eusc-de-east-1"));
    let assume = |partition: &str| {
        let role = format!("arn:{partition}:iam::{MEMBER}:role/Audit");
        sts.assume_role().role_arn(role).role_session_name("me").send()
    };
    let user = assume("aws-eusc").await.unwrap().assumed_role_user.unwrap();
    assert_eq!(user.arn(), "arn:aws-eusc:sts::222222222222:assumed-role/Audit/me");
    assert_eq!(code(assume("aws").await), "AccessDenied");
}

#[tokio::test]
async fn regions_of_unknown_partitions_do_not_exist() {
    let twin = twin();
    for region in ["us-isox-east-1", "nowhere"] {
        let config = config(&twin, MASTER, region);
        let sts = aws_sdk_sts::Client::new(&config);
        let error = sts.get_caller_identity().send().await.unwrap_err();
        let message = aws_sdk_sts::error::ProvideErrorMetadata::message(&error).unwrap().to_owned();
        assert!(message.contains(&format!("`{region}`")), "{message}");
        let kms = aws_sdk_kms::Client::new(&config);
        assert_eq!(code(kms.list_keys().send().await), "InvalidSignatureException");
    }
}
