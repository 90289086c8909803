use crate::clients::{MASTER, MEMBER, REGION, code, config, twin};

#[tokio::test]
async fn says_who_calls_and_assumes_roles_that_exist() {
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
}

#[tokio::test]
async fn knows_no_strangers() {
    let twin = twin();
    let sts = aws_sdk_sts::Client::new(&config(&twin, "999999999999", REGION));
    assert_eq!(code(sts.get_caller_identity().send().await), "InvalidClientTokenId");
}
