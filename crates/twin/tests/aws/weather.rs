//! Tests the weather of a twin: its effects on calls, its errors in each client, and that a seed
//! always has the same effects.

use std::time::Duration;

use aws_sdk_cloudtrail::error::DisplayErrorContext;
use reconcile_twin::{Clock, Event, ForeignTarget, Setup, SetupBucket, Share, Twin, Weather, WeatherKind};

use crate::clients::{MASTER, MEMBER, REGION, cloudtrail, code, config, kms, organizations, s3, twin};

const BUCKET: &str = "secprod-multiaccount-logs";

fn with_bucket() -> Twin {
    let twin = twin();
    let bucket = SetupBucket { name: BUCKET.to_owned(), owner: MASTER.to_owned(), region: REGION.to_owned() };
    twin.provision(Setup { buckets: vec![bucket], ..Setup::default() });
    twin
}

fn only(kind: WeatherKind, share: Share) -> Weather {
    Weather::calm().seeded(7).with(kind, share)
}

/// Returns the effect of the weather on each call of an account, in order.
fn events(twin: &Twin, account: &str) -> Vec<Vec<Event>> {
    let calls = twin.calls().into_iter().filter(|call| call.account == account);
    calls.map(|call| call.weather).collect()
}

#[tokio::test]
async fn throttles_and_lost_answers_have_exactly_the_requested_shares() {
    let twin = twin();
    let weather =
        only(WeatherKind::Throttles, Share::percent(30)).with(WeatherKind::LostAnswers, Share::percent(5));
    twin.set_weather(weather, Clock::Calls);
    let kms = kms(&twin, MASTER);
    for _ in 0..2_000 {
        let _ = kms.create_key().send().await;
    }
    let count = |event: &Event| events(&twin, MASTER).iter().filter(|it| it.contains(event)).count();
    let (throttled, lost) = (count(&Event::Throttled), count(&Event::AnswerLost));
    assert!((540..660).contains(&throttled), "{throttled} of 2000 throttled");
    assert!((70..130).contains(&lost), "{lost} of 2000 lost");
    // A call with a lost answer took effect; a throttled call did not.
    let keys = twin.summary().accounts[0].keys.len();
    assert_eq!(keys, 2_000 - throttled);
}

#[tokio::test]
async fn a_seed_has_the_same_effects_on_an_account_whatever_other_accounts_do() {
    let weather = only(WeatherKind::Throttles, Share::percent(30))
        .with(WeatherKind::ServerErrors, Share::percent(20))
        .with(WeatherKind::Resets, Share::percent(20));
    let run = async |accounts: &[&str]| {
        let twin = twin();
        twin.set_weather(weather.clone(), Clock::Calls);
        for _ in 0..50 {
            for account in accounts {
                let _ = kms(&twin, account).list_keys().send().await;
            }
        }
        events(&twin, MEMBER)
    };
    let alone = run(&[MEMBER]).await;
    assert_eq!(alone, run(&[MEMBER]).await);
    assert_eq!(alone, run(&[MASTER, MEMBER]).await);
    assert!(alone.iter().any(|events| events.contains(&Event::Throttled)));
    assert!(alone.iter().any(Vec::is_empty));
}

#[tokio::test]
async fn each_service_has_its_own_errors_for_throttles_and_failures() {
    for (kind, of_s3, of_kms, of_organizations) in [
        (
            WeatherKind::Throttles,
            &["SlowDown"][..],
            &["ThrottlingException"][..],
            &["TooManyRequestsException"][..],
        ),
        (
            WeatherKind::ServerErrors,
            &["InternalError", "ServiceUnavailable"],
            &["KMSInternalException", "DependencyTimeoutException"],
            &["ServiceException", "ServiceUnavailable"],
        ),
    ] {
        let twin = with_bucket();
        twin.set_weather(only(kind, Share::ALL), Clock::Calls);
        let told = [
            (
                code(s3(&twin, MASTER, REGION).put_bucket_policy().bucket(BUCKET).policy("{}").send().await),
                of_s3,
            ),
            (code(kms(&twin, MASTER).create_key().send().await), of_kms),
            (
                code(
                    organizations(&twin, MASTER)
                        .enable_aws_service_access()
                        .service_principal("cloudtrail.amazonaws.com")
                        .send()
                        .await,
                ),
                of_organizations,
            ),
        ];
        for (code, expected) in told {
            assert!(expected.contains(&code.as_str()), "{kind:?}: {code}");
        }
    }
}

#[tokio::test]
async fn an_account_is_denied_all_or_some_calls_permanently_or_for_a_while() {
    let mut ends = std::collections::BTreeSet::new();
    for seed in 0..40 {
        let twin = twin();
        twin.set_weather(
            Weather::calm().seeded(seed).only(WeatherKind::Denials).with(WeatherKind::Denials, Share::ALL),
            Clock::Calls,
        );
        let mut denied = [Vec::new(), Vec::new()];
        for _ in 0..30 {
            let kms = kms(&twin, MASTER);
            denied[0].push(kms.list_keys().send().await.is_err());
            denied[1].push(kms.create_key().send().await.is_err());
        }
        let outcome = denied.map(|it| match (it.first(), it.last()) {
            (Some(true), Some(true)) => "for good",
            (Some(true), _) => "for a while",
            _ => "never",
        });
        ends.insert(outcome);
    }
    for expected in [
        ["for good", "for good"],
        ["for a while", "for a while"],
        ["never", "for good"],
        ["never", "for a while"],
        ["never", "never"],
    ] {
        assert!(ends.contains(&expected), "{expected:?} is not in {ends:?}");
    }
}

#[tokio::test]
async fn a_connection_breaks_before_or_after_the_call_takes_effect() {
    for (kind, keys) in
        [(WeatherKind::Resets, 0), (WeatherKind::LostAnswers, 1), (WeatherKind::HangingAccounts, 0)]
    {
        let twin = twin();
        twin.set_weather(only(kind, Share::ALL), Clock::Calls);
        let error = kms(&twin, MASTER).create_key().send().await.unwrap_err();
        assert!(error.as_service_error().is_none(), "{kind:?}: {}", DisplayErrorContext(&error));
        assert_eq!(twin.summary().accounts[0].keys.len(), keys, "{kind:?}");
    }
}

#[tokio::test]
async fn a_change_is_seen_late_by_at_most_three_reads() {
    let twin = with_bucket();
    twin.set_weather(only(WeatherKind::StaleReads, Share::ALL), Clock::Calls);
    let s3 = s3(&twin, MASTER, REGION);
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{MASTER}"}},"Action":"s3:GetObject","Resource":"arn:aws:s3:::{BUCKET}/*"}}]}}"#
    );
    s3.put_bucket_policy().bucket(BUCKET).policy(&policy).send().await.unwrap();
    for _ in 0..3 {
        assert_eq!(code(s3.get_bucket_policy().bucket(BUCKET).send().await), "NoSuchBucketPolicy");
    }
    let seen = s3.get_bucket_policy().bucket(BUCKET).send().await.unwrap();
    assert_eq!(seen.policy(), Some(policy.as_str()));
    let stale = events(&twin, MASTER).iter().filter(|it| it.contains(&Event::Stale)).count();
    assert_eq!(stale, 3);
}

#[tokio::test]
async fn a_write_that_needs_a_recent_change_is_rejected_at_most_three_times() {
    let twin = twin();
    twin.set_weather(only(WeatherKind::LateChanges, Share::ALL), Clock::Calls);
    let kms = kms(&twin, MASTER);
    let made = kms.create_key().send().await.unwrap().key_metadata.unwrap();
    let alias = || kms.create_alias().alias_name("alias/logs").target_key_id(&made.key_id).send();
    for _ in 0..3 {
        assert_eq!(code(alias().await), "NotFoundException");
    }
    alias().await.unwrap();
}

#[tokio::test]
async fn the_credentials_of_a_role_expire_and_new_credentials_are_accepted() {
    let twin = twin();
    twin.set_weather(only(WeatherKind::ExpiredCredentials, Share::ALL), Clock::Calls);
    let sts = aws_sdk_sts::Client::new(&config(&twin, MASTER, REGION));
    for calls_of_session in [1..30, 100..130] {
        let assumed = sts
            .assume_role()
            .role_arn(format!("arn:aws:iam::{MEMBER}:role/Audit"))
            .role_session_name("test")
            .send()
            .await
            .unwrap();
        let of_role = assumed.credentials().unwrap();
        let credentials = aws_credential_types::Credentials::new(
            of_role.access_key_id(),
            of_role.secret_access_key(),
            Some(of_role.session_token().to_owned()),
            None,
            "test",
        );
        let config = config(&twin, MEMBER, REGION)
            .to_builder()
            .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(credentials))
            .build();
        let kms = aws_sdk_kms::Client::new(&config);
        kms.list_keys().send().await.unwrap();
        let mut calls = 1;
        let refused = loop {
            match kms.list_keys().send().await {
                Ok(_) => calls += 1,
                Err(error) => break code::<(), _>(Err(error)),
            }
            assert!(calls < 200, "the credentials never expire");
        };
        assert!(calls_of_session.contains(&calls), "{calls} calls");
        assert_eq!(refused, "ExpiredTokenException");
        assert_eq!(code(kms.list_keys().send().await), "ExpiredTokenException");
    }
}

#[tokio::test]
async fn a_read_shows_a_foreign_statement_that_was_added_just_before() {
    let twin = with_bucket();
    let weather = only(WeatherKind::ForeignWriters, Share::ALL).with(WeatherKind::StaleReads, Share::ALL);
    twin.set_weather(weather, Clock::Calls);
    let s3 = s3(&twin, MASTER, REGION);
    for number in 1..=5 {
        let policy = s3.get_bucket_policy().bucket(BUCKET).send().await.unwrap().policy.unwrap();
        assert!(policy.contains(&format!("OtherTeam{}", number.min(3))), "{policy}");
        // S3 accepts the policy of the other team.
        s3.put_bucket_policy().bucket(BUCKET).policy(policy).send().await.unwrap();
    }
    let writes = twin.foreign_writes();
    assert_eq!(writes.len(), 3);
    assert_eq!(writes[0].target, ForeignTarget::BucketPolicy(BUCKET.to_owned()));
    assert!(writes.iter().all(|write| twin.has(write)));
    s3.delete_bucket_policy().bucket(BUCKET).send().await.unwrap();
    assert!(!writes.iter().any(|write| twin.has(write)));
}

#[tokio::test]
async fn foreign_teams_write_policies_and_tags_that_aws_accepts() {
    let twin = with_bucket();
    let arn = format!("arn:aws:sns:{REGION}:{MASTER}:logs");
    twin.provision(Setup { topics: vec![arn.clone()], ..Setup::default() });
    twin.trust(true);
    let trails = cloudtrail(&twin, MASTER, REGION);
    trails.create_trail().name("Trail").s3_bucket_name(BUCKET).send().await.unwrap();
    let kms = kms(&twin, MASTER);
    let key = kms.create_key().send().await.unwrap().key_metadata.unwrap();
    twin.set_weather(only(WeatherKind::ForeignWriters, Share::ALL), Clock::Calls);

    let policy = kms.get_key_policy().key_id(key.key_id()).send().await.unwrap().policy.unwrap();
    kms.put_key_policy().key_id(key.key_id()).policy(policy).send().await.unwrap();
    let sns = crate::clients::sns(&twin, MASTER);
    let topic = sns.get_topic_attributes().topic_arn(&arn).send().await.unwrap().attributes.unwrap();
    let set = sns.set_topic_attributes().topic_arn(&arn).attribute_name("Policy");
    set.attribute_value(&topic["Policy"]).send().await.unwrap();
    kms.list_resource_tags().key_id(key.arn().unwrap()).send().await.unwrap();
    sns.list_tags_for_resource().resource_arn(&arn).send().await.unwrap();
    let trail = format!("arn:aws:cloudtrail:{REGION}:{MASTER}:trail/Trail");
    trails.list_tags().resource_id_list(trail).send().await.unwrap();
    let s3 = s3(&twin, MASTER, REGION);
    let tags = s3.get_bucket_tagging().bucket(BUCKET).send().await.unwrap();
    let tagging = aws_sdk_s3::types::Tagging::builder().set_tag_set(Some(tags.tag_set)).build().unwrap();
    s3.put_bucket_tagging().bucket(BUCKET).tagging(tagging).send().await.unwrap();

    let writes = twin.foreign_writes();
    assert_eq!(writes.len(), 6, "{writes:?}");
    for write in writes {
        assert!(twin.has(&write), "{write}");
    }
}

#[tokio::test]
async fn quotas_rates_disabled_regions_and_retired_fields() {
    let twin = twin();
    twin.set_weather(only(WeatherKind::Quotas, Share::ALL), Clock::Calls);
    assert_eq!(code(kms(&twin, MASTER).create_key().send().await), "LimitExceededException");
    kms(&twin, MASTER).list_keys().send().await.unwrap();

    twin.set_weather(only(WeatherKind::Rates, Share::ALL), Clock::Calls);
    let mut accepted = 0;
    for _ in 0..40 {
        let trail = cloudtrail(&twin, MASTER, REGION).start_logging().name("Trail").send().await;
        accepted += usize::from(code(trail) == "TrailNotFoundException");
    }
    // Forty calls take four seconds, and trails are written once a second.
    assert_eq!(accepted, 4);

    twin.set_weather(only(WeatherKind::DisabledRegions, Share::ALL), Clock::Calls);
    let in_region = async |region| cloudtrail(&twin, MASTER, region).describe_trails().send().await;
    assert_eq!(code(in_region("af-south-1").await), "UnrecognizedClientException");
    in_region(REGION).await.unwrap();

    twin.set_weather(only(WeatherKind::RetiredFields, Share::ALL), Clock::Calls);
    let accounts = organizations(&twin, MASTER).list_accounts().send().await.unwrap().accounts.unwrap();
    assert_eq!(accounts.len(), 2);
    for account in accounts {
        assert!(account.state().is_some());
        let status = account.status().cloned();
        assert_eq!(status, None);
    }
}

#[tokio::test]
async fn a_slow_account_reports_its_delay_and_tests_do_not_wait() {
    let twin = twin();
    twin.set_weather(only(WeatherKind::SlowAccounts, Share::ALL), Clock::Calls);
    let began = std::time::Instant::now();
    kms(&twin, MASTER).list_keys().send().await.unwrap();
    assert!(began.elapsed() < Duration::from_millis(500));
    let slow = events(&twin, MASTER).concat();
    assert!(matches!(slow.as_slice(), [Event::Slow(delay)] if *delay >= Duration::from_millis(500)));
}
