//! Limits of AWS, and values without a limit that need one.

use std::collections::BTreeMap;

use reconcile_samples::{EditSpec, MASTER, members};
use reconcile_text::message;
use reconcile_twin::{Clock, Event, Garbage, GarbageAnswer, InjectedFailure, Share, Weather, WeatherKind};

use crate::installation::Installation;
use crate::unreadable::{SPEC, with_others};

/// Returns a failure that throttles this number of calls of an operation.
fn throttles(operation: &str, times: usize) -> InjectedFailure {
    InjectedFailure {
        operation: operation.to_owned(),
        status: 400,
        code: "ThrottlingException",
        message: "Rate exceeded",
        times,
        takes_effect: false,
    }
}

#[tokio::test]
async fn a_throttled_call_is_repeated_until_it_succeeds() {
    let installation = with_others().await;
    let operations =
        ["kms:CreateKey", "cloudtrail:CreateTrail", "cloudtrail:DescribeTrails", "sts:AssumeRole"];
    installation.twin.fail(operations.map(|operation| throttles(operation, 30)).to_vec());
    installation.converge(SPEC).await;
    assert_eq!(installation.accepted("kms:CreateKey"), 1);
    assert!(installation.plan(SPEC).await.is_in_sync());
}

#[tokio::test]
async fn an_exceeded_quota_is_not_retried() {
    let installation = with_others().await;
    let quota = InjectedFailure { code: "LimitExceededException", ..throttles("kms:CreateKey", 1) };
    installation.twin.fail(vec![quota]);
    let plan = installation.plan(SPEC).await;
    let outcome = installation.apply(SPEC, &plan).await;
    assert!(!outcome.is_complete() && installation.accepted("kms:CreateKey") == 0, "{:#?}", outcome.results);
}

#[tokio::test]
async fn throttles_and_lost_answers_cost_no_more_calls_than_they_have_to() {
    let spec = members(200);
    let calm = Installation::new().patient();
    let plan = calm.plan(&spec).await;
    let stormy = calm.fork();
    let weather = Weather::calm().seeded(7).with(WeatherKind::Throttles, Share::percent(30));
    stormy.twin.set_weather(weather.with(WeatherKind::LostAnswers, Share::percent(5)), Clock::Calls);
    let calls = async |installation: &Installation| {
        let before = installation.twin.calls().len();
        let outcome = installation.apply(&spec, &plan).await;
        assert!(outcome.is_complete(), "{:#?}", outcome.results);
        installation.twin.calls().len() - before
    };
    let (fewest, found) = (calls(&calm).await, calls(&stormy).await);
    // Every third call fails and is retried.
    assert!(found > fewest * 4 / 3, "{found} calls in a storm, {fewest} in calm weather");
    assert!(found * 10 <= fewest * 16, "{found} calls in a storm, {fewest} in calm weather");
    let keys = |it: &Installation| it.twin.summary().accounts.iter().map(|it| it.keys.len()).sum::<usize>();
    assert_eq!((keys(&calm), keys(&stormy)), (1, 1));
}

#[tokio::test]
async fn credentials_of_a_role_that_expire_early_are_renewed() {
    let spec = members(10).with("trails.0", "{ cloudwatch_logs: { log_group: audit } }");
    let installation = Installation::new().patient();
    let weather = Weather::calm().seeded(7).with(WeatherKind::ExpiredCredentials, Share::ALL);
    installation.twin.set_weather(weather, Clock::Calls);
    let plan = installation.converge(&spec).await;
    assert!(!plan.partial && installation.plan(&spec).await.is_in_sync());
    let calls = installation.twin.calls();
    let expired = calls.iter().filter(|call| call.weather.contains(&Event::Expired)).count();
    assert!(expired >= 10, "{expired} calls with expired credentials");
    let refused = calls.iter().filter(|call| call.error.is_some() && call.mutating).count();
    let expired = calls.iter().filter(|call| call.mutating && call.weather.contains(&Event::Expired)).count();
    assert_eq!(refused, expired, "no write is refused for another reason");
}

#[tokio::test]
async fn a_call_with_expired_credentials_is_repeated_once_if_they_can_be_renewed() {
    let spec = members(2);
    let installation = Installation::new();
    installation.converge(&spec).await;
    let expired =
        InjectedFailure { code: "ExpiredTokenException", ..throttles("cloudtrail:ListTrails", 1000) };
    installation.twin.fail(vec![expired]);
    let before = installation.twin.calls().len();
    let _ = installation.try_compare(&spec).await;
    let mut found = BTreeMap::<String, usize>::new();
    for call in &installation.twin.calls()[before..] {
        if call.operation == "cloudtrail:ListTrails" {
            *found.entry(call.account.clone()).or_default() += 1;
        }
    }
    // The credentials of the master account do not come from a role.
    let calls = installation.twin.calls();
    let assumed = calls[before..].iter().filter(|call| call.operation == "sts:AssumeRole").count();
    assert_eq!(assumed, 4, "the role of each member is assumed twice");
    let expected = [(MASTER, 1), ("000000000001", 2), ("000000000002", 2)];
    assert_eq!(found, expected.map(|(account, calls)| (account.to_owned(), calls)).into());
}

/// Returns answers to list operations that always name the same next page.
fn endless(operations: &[&str]) -> Vec<Garbage> {
    let operations = operations.iter().map(|operation| (*operation).to_owned());
    operations.map(|operation| Garbage { operation, answer: GarbageAnswer::Endless }).collect()
}

#[tokio::test]
async fn a_list_that_never_ends_is_given_up() {
    /// List operations in accounts. The operations in one row are called at the same time.
    const IN_ACCOUNTS: [&[&str]; 7] = [
        &["cloudtrail:ListTrails", "kms:ListKeys", "s3:ListBucketInventoryConfigurations"],
        &["cloudtrail:ListTags"],
        &["kms:ListResourceTags"],
        &["kms:ListAliases", "iam:ListRolePolicies"],
        &["kms:ListGrants", "iam:ListAttachedRolePolicies"],
        &["logs:DescribeLogGroups"],
        &["logs:DescribeResourcePolicies", "logs:DescribeAccountPolicies"],
    ];

    let installation = with_others().await;
    installation.converge(SPEC).await;
    for operation in [
        "organizations:ListAccounts",
        "organizations:ListRoots",
        "organizations:ListOrganizationalUnitsForParent",
        "organizations:ListAccountsForParent",
        "organizations:ListTagsForResource",
        "organizations:ListDelegatedAdministrators",
    ] {
        installation.twin.garble(endless(&[operation]));
        let error = message(&installation.try_compare(SPEC).await.unwrap_err());
        assert!(error.contains("the list does not end"), "{operation}: {error}");
    }

    let mut calls = Vec::new();
    for operations in IN_ACCOUNTS {
        installation.twin.garble(endless(operations));
        let before = installation.twin.calls().len();
        let _ = installation.try_compare(SPEC).await;
        let all = &installation.twin.calls()[before..];
        let count = |operation| all.iter().filter(|call| call.operation == operation).count();
        calls.extend(operations.iter().map(|operation| (*operation, count(*operation))));
    }
    assert!(calls.iter().all(|(_, calls)| (2..=12).contains(calls)), "{calls:?}");
}
