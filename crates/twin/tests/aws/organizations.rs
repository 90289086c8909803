use bytes::Bytes;
use reconcile_twin::{Setup, SetupAccount, Twin};
use serde_json::{Value, json};

use crate::clients::{MASTER, MEMBER, REGION, cloudtrail, code, organizations, twin};

fn call(twin: &Twin, account: &str, operation: &str, input: &Value) -> (u16, Value) {
    let (key, _) = twin.credentials_for(account);
    let request = http::Request::post("http://twin.localhost/")
        .header("x-amz-target", format!("AWSOrganizationsV20161128.{operation}"))
        .header(
            "authorization",
            format!("AWS4-HMAC-SHA256 Credential={key}/20261123/us-east-1/organizations/aws4_request"),
        )
        .body(Bytes::from(input.to_string()))
        .unwrap();
    let response = twin.handle(request);
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap())
}

#[test]
fn the_management_account_lists_accounts_in_pages_of_twenty() {
    let twin = Twin::in_memory();
    let accounts =
        (1..=45).map(|n| SetupAccount { id: format!("{n:012}"), name: format!("a{n}"), roles: vec![] });
    twin.provision(Setup {
        ambient: Some("000000000001".to_owned()),
        accounts: accounts.collect(),
        ..Setup::default()
    });

    let (mut ids, mut token, mut pages) = (Vec::new(), json!(null), 0);
    loop {
        let (status, page) = call(&twin, "000000000001", "ListAccounts", &json!({ "NextToken": token }));
        assert_eq!(status, 200);
        ids.extend(page["Accounts"].as_array().unwrap().iter().map(|account| account["Id"].clone()));
        pages += 1;
        token = page["NextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!((ids.len(), pages), (45, 3));

    let (status, error) = call(&twin, "000000000001", "ListAccounts", &json!({ "NextToken": "20" }));
    assert_eq!((status, error["__type"].as_str()), (400, Some("InvalidInputException")));

    let (status, error) = call(&twin, "000000000002", "ListAccounts", &json!({}));
    assert_eq!((status, error["__type"].as_str()), (400, Some("AccessDeniedException")));
}

const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";

#[tokio::test]
async fn a_delegated_administrator_requires_trusted_access_and_can_read_the_organization() {
    let twin = twin();
    let (management, member) = (organizations(&twin, MASTER), organizations(&twin, MEMBER));
    assert_eq!(code(member.list_roots().send().await), "AccessDeniedException");
    let register = |client: &aws_sdk_organizations::Client, account: &str| {
        client.register_delegated_administrator().account_id(account).service_principal(CLOUDTRAIL).send()
    };
    assert_eq!(code(register(&management, MEMBER).await), "ConstraintViolationException");

    let enable = management.enable_aws_service_access().service_principal(CLOUDTRAIL);
    enable.clone().send().await.unwrap();
    enable.send().await.unwrap();
    let listed = management.list_aws_service_access_for_organization().send().await.unwrap();
    assert_eq!(listed.enabled_service_principals().len(), 1);

    assert_eq!(code(register(&management, MASTER).await), "ConstraintViolationException");
    assert_eq!(code(register(&management, "999999999999").await), "AccountNotFoundException");
    assert_eq!(code(register(&member, MEMBER).await), "AccessDeniedException");
    register(&management, MEMBER).await.unwrap();
    assert_eq!(code(register(&management, MEMBER).await), "AccountAlreadyRegisteredException");
    let listed = member.list_delegated_administrators().service_principal(CLOUDTRAIL).send().await.unwrap();
    assert_eq!(listed.delegated_administrators()[0].id(), Some(MEMBER));
    let others = member.list_delegated_administrators().service_principal("config.amazonaws.com");
    assert!(others.send().await.unwrap().delegated_administrators().is_empty());

    // An organization has at most three administrators for CloudTrail, and more for other services.
    let more = ["333333333333", "444444444444", "555555555555"];
    twin.provision(Setup {
        accounts: more
            .map(|id| SetupAccount { id: id.to_owned(), name: id.to_owned(), roles: vec![] })
            .into(),
        ..Setup::default()
    });
    for id in &more[..2] {
        register(&management, id).await.unwrap();
    }
    assert_eq!(code(register(&management, more[2]).await), "ConstraintViolationException");
    let through_cloudtrail = cloudtrail(&twin, MASTER, REGION).register_organization_delegated_admin();
    assert_eq!(
        code(through_cloudtrail.member_account_id(more[2]).send().await),
        "DelegatedAdminAccountLimitExceededException"
    );

    let deregister =
        management.deregister_delegated_administrator().account_id(MEMBER).service_principal(CLOUDTRAIL);
    deregister.clone().send().await.unwrap();
    assert_eq!(code(deregister.send().await), "AccountNotRegisteredException");
    management.disable_aws_service_access().service_principal(CLOUDTRAIL).send().await.unwrap();
    let listed = management.list_aws_service_access_for_organization().send().await.unwrap();
    assert!(listed.enabled_service_principals().is_empty());
}

#[tokio::test]
async fn units_contain_accounts_and_accounts_have_tags() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sandbox.json");
    let opened = Twin::open(&path).unwrap();
    let account = |id: &str| SetupAccount { id: id.to_owned(), name: id.to_owned(), roles: vec![] };
    opened.provision(Setup {
        ambient: Some(MASTER.to_owned()),
        accounts: vec![account(MASTER), account(MEMBER)],
        ..Setup::default()
    });
    opened.save().await.unwrap();
    drop(opened);
    let mut state: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    state["organization"]["units"]["ou-twin-00000001"] = json!({ "name": "Security", "parent": "r-twin" });
    state["accounts"][MEMBER]["unit"] = json!("ou-twin-00000001");
    state["accounts"][MEMBER]["tags"] = json!({ "stage": "prod" });
    std::fs::write(&path, state.to_string()).unwrap();

    let client = organizations(&Twin::open(&path).unwrap(), MASTER);
    let root = client.list_roots().send().await.unwrap().roots()[0].id().unwrap().to_owned();
    let units = client.list_organizational_units_for_parent().parent_id(&root).send().await.unwrap();
    assert_eq!(units.organizational_units()[0].name(), Some("Security"));
    let nowhere = client.list_organizational_units_for_parent().parent_id("ou-twin-00000009").send().await;
    assert_eq!(code(nowhere), "ParentNotFoundException");
    for (parent, id) in [(root.as_str(), MASTER), ("ou-twin-00000001", MEMBER)] {
        let found = client.list_accounts_for_parent().parent_id(parent).send().await.unwrap();
        let ids: Vec<_> = found.accounts().iter().filter_map(|account| account.id()).collect();
        assert_eq!(ids, [id], "{parent}");
    }
    let tags = client.list_tags_for_resource().resource_id(MEMBER).send().await.unwrap();
    assert_eq!((tags.tags()[0].key(), tags.tags()[0].value()), ("stage", "prod"));
    let nobody = client.list_tags_for_resource().resource_id("999999999999").send().await;
    assert_eq!(code(nobody), "TargetNotFoundException");
}
