use aws_smithy_http_client::Builder;
use tokio::net::TcpListener;

use crate::clients::{MASTER, REGION, config, twin};

#[tokio::test]
async fn answers_over_http_and_keeps_its_state_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sandbox.json");
    let opened = reconcile_twin::Twin::open(&path).unwrap();
    let account = reconcile_twin::SetupAccount { id: MASTER.to_owned(), name: "m".to_owned(), roles: vec![] };
    opened.provision(reconcile_twin::Setup {
        ambient: Some(MASTER.to_owned()),
        accounts: vec![account],
        ..Default::default()
    });

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn({
        let twin = opened.clone();
        async move { twin.serve(listener).await }
    });
    let config = config(&opened, MASTER, REGION)
        .to_builder()
        .http_client(Builder::new().build_http())
        .endpoint_url(url)
        .build();
    let kms = aws_sdk_kms::Client::new(&config);
    let made = kms.create_key().send().await.unwrap().key_metadata.unwrap();

    // The answer is given when the change is in the file.
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(made.arn().unwrap()));
    server.abort();
}

#[tokio::test]
async fn many_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sandbox.json");
    let opened = reconcile_twin::Twin::open(&path).unwrap();
    let account = reconcile_twin::SetupAccount { id: MASTER.to_owned(), name: "m".to_owned(), roles: vec![] };
    opened.provision(reconcile_twin::Setup {
        ambient: Some(MASTER.to_owned()),
        accounts: vec![account],
        ..Default::default()
    });
    let kms = aws_sdk_kms::Client::new(&config(&opened, MASTER, REGION));
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..100 {
        calls.spawn(kms.create_key().send());
    }
    while let Some(joined) = calls.join_next().await {
        joined.unwrap().unwrap();
    }
    drop((opened, kms));
    let again = reconcile_twin::Twin::open(&path).unwrap();
    assert_eq!(again.summary().accounts[0].keys.len(), 100);
    assert_eq!(twin().summary().accounts.len(), 2);
}
