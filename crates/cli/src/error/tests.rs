use std::io;

use clap::Parser;
use reconcile_apply::lock::LockError;
use reconcile_evidence::mint::MintError;
use reconcile_evidence::{LedgerError, Shard};
use reconcile_plan::observed::SurveyError;
use reconcile_report::verify::MergeError;

use super::*;
use crate::args::{Cli, EndpointUrl};

/// Returns the error after another error, and the first error after `None`: each variant, and each
/// branch of a hint. A new variant does not compile until it is added here.
fn next(last: Option<&CliError>) -> Option<CliError> {
    let path = |name: &str| PathBuf::from(name);
    let io = || io::Error::other("permission denied");
    let plan = |source| CliError::Plan { path: path("plan.json"), source };
    let json = || serde_json::from_str::<u8>("{").unwrap_err();
    let destroy = |is_destroy| CliError::DestroyOfPlan { is_destroy };
    Some(match last {
        None => CliError::Usage(Cli::try_parse_from(["reconcile", "plan"]).unwrap_err()),
        Some(CliError::Usage(_)) => CliError::Read { path: path("specs/a.yaml"), source: io() },
        Some(CliError::Read { .. }) => CliError::Write { path: path("specs/a.yaml"), source: io() },
        Some(CliError::Write { .. }) => CliError::NoPlan { path: path(".reconcile/plan.json") },
        Some(CliError::NoPlan { .. }) => {
            CliError::Spec(reconcile_spec::parse("specs/a.yaml", b"").unwrap_err())
        }
        Some(CliError::Spec(_)) => plan(PlanFileError::Truncated { line: 1, column: 9 }),
        Some(CliError::Plan { source: PlanFileError::Truncated { .. }, .. }) => {
            plan(PlanFileError::Version { found: "9.0".to_owned() })
        }
        Some(CliError::Plan { source: PlanFileError::Version { .. }, .. }) => {
            plan(PlanFileError::Invalid(json()))
        }
        Some(CliError::Plan { source: PlanFileError::Invalid(_), .. }) => CliError::Baseline {
            path: path("baseline.json"),
            source: reconcile_plan::baseline::Baseline::parse("{").unwrap_err(),
        },
        Some(CliError::Baseline { .. }) => CliError::Keys {
            path: path("keys.json"),
            source: reconcile_evidence::PublicKeys::parse(b"{").unwrap_err(),
        },
        Some(CliError::Keys { .. }) => {
            CliError::EmptyRange { from: Timestamp::UNIX_EPOCH, to: Timestamp::UNIX_EPOCH }
        }
        Some(CliError::EmptyRange { .. }) => CliError::NothingToVerify,
        Some(CliError::NothingToVerify) => CliError::Resume { path: path("a.jsonl"), source: io().into() },
        Some(CliError::Resume { source: LedgerError::Io(_), .. }) => {
            CliError::Resume { path: path("a.jsonl"), source: LedgerError::Invalid }
        }
        Some(CliError::Resume { source: LedgerError::Invalid, .. }) => {
            CliError::Resume { path: path("a.jsonl"), source: LedgerError::Other }
        }
        Some(CliError::Resume { source: LedgerError::Other, .. }) => {
            MergeError::Missing { missing: vec![1, 3], of: 4 }.into()
        }
        Some(CliError::Merge(MergeError::Missing { .. })) => MergeError::Nothing.into(),
        Some(CliError::Merge(_)) => {
            CliError::Shard { text: "a/4".to_owned(), source: "a/4".parse::<Shard>().unwrap_err() }
        }
        Some(CliError::Shard { .. }) => {
            CliError::UnknownAccount { name: "prod".to_owned(), known: vec!["production".to_owned()] }
        }
        Some(CliError::UnknownAccount { .. }) => CliError::SpecChanged { path: "specs/a.yaml".to_owned() },
        Some(CliError::SpecChanged { .. }) => CliError::OtherWorld { made: "AWS", applied: "a sandbox" },
        Some(CliError::OtherWorld { .. }) => ObserveError::Interrupted.into(),
        Some(CliError::Observe(_)) => ImportError::NoName { bucket: "logs".parse().unwrap() }.into(),
        Some(CliError::Import(_)) => CliError::NoMembers,
        Some(CliError::NoMembers) => CliError::Exists { path: path("specs/a.yaml") },
        Some(CliError::Exists { .. }) => CliError::UnknownAddress {
            address: "trial/*".to_owned(),
            known: vec!["trail/production/Trail".to_owned()],
        },
        Some(CliError::UnknownAddress { .. }) => {
            CliError::NotCopied { failed: "trail/production/Trail: denied".to_owned(), hint: None }
        }
        Some(CliError::NotCopied { .. }) => CliError::Policy {
            path: path("policy.json"),
            source: "{".parse::<reconcile_policy::Document>().unwrap_err(),
        },
        Some(CliError::Policy { .. }) => LockError::NoLock.into(),
        Some(CliError::Lock(_)) => CliError::Unreleased {
            error: Box::new(CliError::Write { path: path(".reconcile/plan.json"), source: io() }),
            lock: Box::new(LockError::NoLock.into()),
        },
        Some(CliError::Unreleased { .. }) => destroy(true),
        Some(CliError::DestroyOfPlan { is_destroy: true }) => destroy(false),
        Some(CliError::DestroyOfPlan { is_destroy: false }) => CliError::PlanAltered {
            altered: Box::new(Altered {
                address: "trail/production/Trail".parse().unwrap(),
                what: "the resource is not in the spec".to_owned(),
            }),
            spec: "specs/a.yaml".to_owned(),
        },
        Some(CliError::PlanAltered { .. }) => CliError::TargetOfPlan,
        Some(CliError::TargetOfPlan) => CliError::PlanOverSpec { path: path("specs/a.yaml") },
        Some(CliError::PlanOverSpec { .. }) => {
            CliError::SameName { path: path("specs/b.yaml"), name: "prod".to_owned() }
        }
        Some(CliError::SameName { .. }) => StoreError::InUse { path: path("sandbox.json") }.into(),
        Some(CliError::Sandbox(StoreError::InUse { .. })) => {
            StoreError::Invalid { path: path("sandbox.json"), error: json() }.into()
        }
        Some(CliError::Sandbox(StoreError::Invalid { .. })) => {
            StoreError::Version { path: path("sandbox.json"), found: 9 }.into()
        }
        Some(CliError::Sandbox(StoreError::Version { .. })) => {
            StoreError::Io { path: path("sandbox.json"), error: io() }.into()
        }
        Some(CliError::Sandbox(StoreError::Io { .. })) => DeliverError::NoTrail("logs".to_owned()).into(),
        Some(CliError::Deliver(DeliverError::NoTrail(_))) => {
            DeliverError::Mint(MintError::NoSignature).into()
        }
        Some(CliError::Deliver(DeliverError::Mint(_))) => {
            JournalError { path: path(".reconcile/journal/a.jsonl"), error: io() }.into()
        }
        Some(CliError::Journal(_)) => CliError::Interrupted,
        Some(CliError::Interrupted) => CliError::Aborted,
        Some(CliError::Aborted) => CliError::AbortedLock,
        Some(CliError::AbortedLock) => {
            CliError::NobodyToAsk { instead: "pass `--yes`, or apply a saved plan" }
        }
        Some(CliError::NobodyToAsk { .. }) => {
            CliError::Endpoint("localhost:5000".parse::<EndpointUrl>().unwrap_err())
        }
        Some(CliError::Endpoint(_)) => CliError::WeatherOfAws,
        Some(CliError::WeatherOfAws) => CliError::NoWeather,
        Some(CliError::NoWeather) => CliError::Serve { address: "127.0.0.1:4599".to_owned(), source: io() },
        Some(CliError::Serve { .. }) => {
            reconcile_watch::StateStoreError::Invalid { path: path("state/a.json"), source: json() }.into()
        }
        Some(CliError::WatchState(reconcile_watch::StateStoreError::Invalid { .. })) => {
            reconcile_watch::StateStoreError::Version { path: path("state/a.json"), found: "9.0".to_owned() }
                .into()
        }
        Some(CliError::WatchState(reconcile_watch::StateStoreError::Version { .. })) => {
            reconcile_watch::StateStoreError::Io { path: path("state/a.json"), source: io() }.into()
        }
        Some(CliError::WatchState(reconcile_watch::StateStoreError::Io { .. })) => CliError::Notify {
            option: "--notify",
            place: "env:ALERT_URL".to_owned(),
            source: ReceiverError::NotUrl,
        },
        Some(CliError::Notify { .. }) => CliError::NotSet { name: "ALERT_URL".to_owned() },
        Some(CliError::NotSet { .. }) => CliError::NoLockToLead { spec: "specs/a.yaml".to_owned() },
        Some(CliError::NoLockToLead { .. }) => CliError::Certificates(io()),
        Some(CliError::Certificates(_)) => CliError::Json(json()),
        Some(CliError::Json(_)) => CliError::Runtime(io()),
        Some(CliError::Runtime(_)) => CliError::Output(io()),
        Some(CliError::Output(_)) => return None,
    })
}

fn all() -> impl Iterator<Item = CliError> {
    std::iter::successors(next(None), |last| next(Some(last)))
}

/// Errors with a cause, with each kind of cause at the end of the longest chain.
fn chains() -> Vec<CliError> {
    let denied = || {
        let account = "111111111111".parse().unwrap();
        reconcile_operations::Error::answered(
            account,
            reconcile_operations::Operation::GetBucketPolicy,
            "AccessDenied",
            "Access Denied",
        )
    };
    let account = || "security".parse().unwrap();
    let place = || "s3://locks/lock".to_owned();
    vec![
        ObserveError::Hub { account: account(), error: denied().into() }.into(),
        ObserveError::Organization { account: account(), error: denied().into() }.into(),
        ImportError::Observe(Box::new(ObserveError::Hub { account: account(), error: denied().into() }))
            .into(),
        ImportError::from(SurveyError::Account { account: account(), error: denied().into() }).into(),
        LockError::Aws { place: place(), error: Box::new(denied()) }.into(),
        LockError::Unrenewed { place: place(), error: Some(Box::new(denied())) }.into(),
    ]
}

#[test]
fn every_cause_is_printed_once() {
    for error in all().chain(chains()) {
        let messages = reconcile_text::messages(&error);
        let whole = messages.join(": ");
        for part in &messages {
            assert_eq!(whole.matches(part.as_str()).count(), 1, "{part:?} in: {whole}");
        }
    }
    for error in chains() {
        assert!(message(&error).ends_with(": AccessDenied: Access Denied"), "{}", message(&error));
        assert!(error.hint().is_some(), "{error}");
    }
}

#[test]
fn the_wording_of_every_error_is_reviewed() {
    let text: Vec<String> = all()
        .map(|it| format!("{}\n  hint: {}\n", message(&it), it.hint().unwrap_or_else(|| "none".to_owned())))
        .collect();
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("errors", text.join("\n"));
    });
}
