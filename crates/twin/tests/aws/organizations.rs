use bytes::Bytes;
use reconcile_twin::{Setup, SetupAccount, Twin};
use serde_json::{Value, json};

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
fn lists_accounts_in_pages_of_twenty_to_the_management_account() {
    let twin = Twin::in_memory();
    let accounts =
        (1..=45).map(|n| SetupAccount { id: format!("{n:012}"), name: format!("a{n}"), roles: vec![] });
    twin.provision(Setup { ambient: Some("000000000001".to_owned()), accounts: accounts.collect() });

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

    let (status, error) = call(&twin, "000000000002", "ListAccounts", &json!({}));
    assert_eq!((status, error["__type"].as_str()), (400, Some("AccessDeniedException")));
}
