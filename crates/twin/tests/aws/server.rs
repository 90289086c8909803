use std::time::Duration;

use aws_sdk_kms::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_sdk_kms::error::SdkError;
use aws_smithy_http_client::Builder;
use aws_types::SdkConfig;
use reconcile_twin::{Clock, Event, Share, Twin, Weather, WeatherKind};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::clients::{MASTER, MEMBER, REGION, config, kms, twin};

/// A twin with an HTTP server that runs until the value is dropped.
struct Server {
    twin: Twin,
    url: String,
    task: JoinHandle<std::io::Result<()>>,
}

impl Server {
    async fn start(twin: &Twin) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let served = twin.clone();
        let task = tokio::spawn(async move { served.serve(listener).await });
        Self { twin: twin.clone(), url, task }
    }

    /// Returns the configuration of an HTTP client.
    fn config(&self, account: &str) -> SdkConfig {
        let config = config(&self.twin, account, REGION).to_builder().endpoint_url(&self.url);
        config.http_client(Builder::new().build_http()).build()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test]
async fn answers_over_http_and_keeps_its_state_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sandbox.json");
    let opened = Twin::open(&path).unwrap();
    let account = reconcile_twin::SetupAccount { id: MASTER.to_owned(), name: "m".to_owned(), roles: vec![] };
    opened.provision(reconcile_twin::Setup {
        ambient: Some(MASTER.to_owned()),
        accounts: vec![account],
        ..Default::default()
    });

    let server = Server::start(&opened).await;
    let kms = aws_sdk_kms::Client::new(&server.config(MASTER));
    let made = kms.create_key().send().await.unwrap().key_metadata.unwrap();

    // The server answers after the change is in the file.
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(made.arn().unwrap()));
}

#[tokio::test]
async fn a_connection_that_breaks_is_an_error_that_a_client_can_retry() {
    const CALLS: usize = 40;

    let twin = twin();
    let weather = Weather::calm().seeded(7).with(WeatherKind::Resets, Share::percent(30));
    twin.set_weather(weather.with(WeatherKind::LostAnswers, Share::percent(20)), Clock::Machine);
    let server = Server::start(&twin).await;
    let count = |event: Event| twin.calls().iter().filter(|call| call.weather.contains(&event)).count();

    let kms = aws_sdk_kms::Client::new(&server.config(MASTER));
    let mut errors = Vec::new();
    for _ in 0..CALLS {
        errors.extend(kms.create_key().send().await.err());
    }
    let (resets, lost) = (count(Event::Reset), count(Event::AnswerLost));
    assert!(resets > 0 && lost > 0, "{resets} resets, {lost} lost answers");
    assert_eq!(errors.len(), resets + lost);
    assert!(errors.iter().all(|error| matches!(error, SdkError::DispatchFailure(_))), "{errors:?}");
    // A call with a lost answer took effect; a call with a reset connection did not.
    assert_eq!(twin.summary().accounts[0].keys.len(), CALLS - resets);

    let config = server.config(MASTER);
    let retries = RetryConfig::standard().with_max_attempts(50).with_initial_backoff(Duration::ZERO);
    let patient = aws_sdk_kms::config::Builder::from(&config)
        .retry_config(retries.with_max_backoff(Duration::ZERO))
        .retry_partition(RetryPartition::custom("served").token_bucket(TokenBucket::unlimited()).build());
    let patient = aws_sdk_kms::Client::from_conf(patient.build());
    for _ in 0..CALLS {
        patient.list_keys().send().await.unwrap();
    }
    assert!(count(Event::Reset) > resets);
}

#[tokio::test]
async fn an_account_that_hangs_does_not_hold_up_another() {
    let twin = twin();
    // The first seed with which only the member hangs. With the clock of calls, a hanging call
    // fails at once.
    for seed in 0.. {
        let weather = Weather::calm().seeded(seed).with(WeatherKind::HangingAccounts, Share::percent(50));
        twin.set_weather(weather, Clock::Calls);
        let [master, member] = [MASTER, MEMBER].map(|account| kms(&twin, account).list_keys().send());
        if master.await.is_ok() && member.await.is_err() {
            break;
        }
    }
    twin.set_weather(twin.weather(), Clock::Machine);
    let before = twin.calls().len();
    let server = Server::start(&twin).await;
    let master = aws_sdk_kms::Client::new(&server.config(MASTER));
    let limit = TimeoutConfig::builder().operation_attempt_timeout(Duration::from_millis(200)).build();
    let config = aws_sdk_kms::config::Builder::from(&server.config(MEMBER)).timeout_config(limit);
    let member = aws_sdk_kms::Client::from_conf(config.build());
    let (member, ()) = tokio::join!(member.list_keys().send(), async {
        for _ in 0..10 {
            master.list_keys().send().await.unwrap();
        }
    });
    let error = member.unwrap_err();
    assert!(matches!(error, SdkError::TimeoutError(_)), "{error:?}");
    let hung = twin.calls()[before..].iter().filter(|call| call.weather.contains(&Event::Hung)).count();
    assert_eq!(hung, 1);
}

#[tokio::test]
async fn concurrent_calls_lose_no_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sandbox.json");
    let opened = Twin::open(&path).unwrap();
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
    let again = Twin::open(&path).unwrap();
    assert_eq!(again.summary().accounts[0].keys.len(), 100);
    assert_eq!(twin().summary().accounts.len(), 2);
}
