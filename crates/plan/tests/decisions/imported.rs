//! Import: which spec describes what is live.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use jiff::Timestamp;
use reconcile_plan::import::{ImportError, Imported, Request, import};
use reconcile_plan::observed::{Around, Live, LiveError, Observed, Setup, SetupKey};
use reconcile_plan::view::{LifecycleRules, Tags};
use reconcile_spec::Spec;
use reconcile_text::Hint;

use super::EVERYTHING;
use super::made::{made, spec};

/// The accounts of [`EVERYTHING`], as somebody names them who has no spec.
const ACCOUNTS: &str = r#"
version: 1
name: import
accounts:
  master: { id: "111111111111" }
  member: { id: "222222222222", role: Ops }
bucket: { name: import, account: master, region: eu-west-1 }
key: { alias: import }
trails: [{ name: Import, accounts: all }]
"#;

/// What a survey of the accounts of a spec finds.
fn setup(spec: &Spec, observed: &Observed) -> Setup {
    let desired = spec.desired();
    let bucket = observed.bucket.clone().unwrap();
    let hub = observed.key.clone().unwrap();
    let alias = desired.key.identity.alias().cloned();
    let lifecycle =
        bucket.lifecycle.iter().map(|rule| (desired.installation.rule_ids().present, rule.clone()));
    let account_of = |arn: &str| {
        let accounts = desired.accounts.iter();
        accounts.filter(|it| it.id.as_str() == arn).map(|it| it.name.clone()).next().unwrap()
    };
    let trails = observed.trails.values().flatten();
    Setup {
        bucket: desired.bucket.name.clone(),
        bucket_account: desired.bucket.site.account.clone(),
        region: desired.bucket.site.region.clone(),
        rules: LifecycleRules(lifecycle.collect()),
        bucket_view: bucket,
        bucket_policy: observed.bucket_policy.clone(),
        keys: [(
            hub.key.arn.clone(),
            Ok(SetupKey {
                account: desired.key.site.account.clone(),
                alias,
                key: hub.key,
                policy: hub.policy,
                grants: hub.grants,
            }),
        )]
        .into(),
        trails: trails.map(|trail| (account_of(trail.arn.account()), trail.clone())).collect(),
        around: Around {
            log_groups: observed.log_groups.iter().map(|(arn, it)| (arn.clone(), Ok(it.clone()))).collect(),
            roles: observed.roles.iter().map(|(arn, it)| (arn.clone(), Ok(it.clone()))).collect(),
            topics: observed.topics.iter().map(|(arn, it)| (arn.clone(), Ok(it.clone()))).collect(),
        },
        organization: None,
        unsurveyed: [].into(),
        aggregation_unread: [].into(),
    }
}

/// Imports live state, which is the same for every spec that is tried.
fn imported(made_by: &Spec, observed: &Observed, request: &Request) -> Result<Imported, ImportError> {
    let setup = setup(made_by, observed);
    let accounts = spec(ACCOUNTS);
    let read = async |spec: Spec| Ok::<_, LiveError>(Live { spec, observed: observed.clone() });
    let mut import = pin!(import(&setup, &accounts, request, Timestamp::UNIX_EPOCH, read));
    match import.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(imported) => imported,
        Poll::Pending => panic!("values are there at once"),
    }
}

#[test]
fn an_installation_is_imported_as_the_spec_that_made_it() {
    let original = spec(EVERYTHING);
    let imported = imported(&original, &made(&original), &Request::default()).unwrap();
    assert!(imported.comparison.plan.is_in_sync(), "{}", imported.text);
    assert_eq!((imported.left_out, imported.unmanaged), (Vec::new(), Vec::new()), "{}", imported.text);
    let (found, original) = (spec(&imported.text), original.desired());
    let found = found.desired();
    assert_eq!(found.trails, original.trails);
    assert_eq!(
        (&found.bucket, &found.key, &found.grants),
        (&original.bucket, &original.key, &original.grants)
    );
    assert_eq!((&found.log_groups, &found.topics), (&original.log_groups, &original.topics));
}

#[test]
fn what_somebody_changed_is_left_alone_with_the_reason() {
    type Edit = fn(&mut Observed);

    let original = spec(EVERYTHING);
    let edits: [(Edit, &str); 4] = [
        (|live| live.bucket.as_mut().unwrap().versioning = Some(false), "  versioning: false"),
        (
            |live| live.trails.values_mut().flatten().for_each(|it| it.log_file_validation = false),
            "    log_file_validation: false",
        ),
        (|live| live.trails.values_mut().flatten().for_each(|it| it.logging = false), "    enabled: false"),
        (
            |live| live.key.as_mut().unwrap().key.view.rotation = Some(reconcile_plan::view::Rotation::Off),
            "  rotation_days: unmanaged",
        ),
    ];
    for (edit, line) in edits {
        let mut observed = made(&original);
        edit(&mut observed);
        let imported = imported(&original, &observed, &Request::default()).unwrap();
        assert!(imported.comparison.plan.is_in_sync(), "{}", imported.text);
        assert!(imported.text.contains(line), "`{line}` is not in:\n{}", imported.text);
    }
}

#[test]
fn a_set_up_of_others_gets_a_spec_that_takes_nothing_over_by_force() {
    let original = spec(EVERYTHING);
    let mut observed = made(&original);
    // Nothing carries the mark of an installation.
    observed.bucket.as_mut().unwrap().tags = Tags::default();
    observed.key.as_mut().unwrap().key.view.tags = Tags::default();
    observed.trails.values_mut().flatten().for_each(|trail| trail.tags = Tags::default());
    let request = Request { name: Some("found".parse().unwrap()), ..Request::default() };
    let imported = imported(&original, &observed, &request).unwrap();
    assert_eq!(imported.name.as_str(), "found");
    assert!(imported.text.contains("tags: unmanaged"), "{}", imported.text);
}

#[test]
fn another_installation_is_named_and_not_taken_over() {
    let original = spec(EVERYTHING);
    let request = Request { name: Some("other".parse().unwrap()), ..Request::default() };
    let error = imported(&original, &made(&original), &request).unwrap_err();
    assert!(
        matches!(&error, ImportError::OtherInstallations { owners, .. } if *owners == ["test"]),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("--name test"), "{error}");
}
