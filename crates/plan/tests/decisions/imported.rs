//! Import: which spec describes what is live.

use std::fmt::Write;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use jiff::Timestamp;
use reconcile_plan::import::{ImportError, Imported, LeftOut, Request, import};
use reconcile_plan::observed::{Around, Live, LiveError, Observed, Setup, SetupKey};
use reconcile_plan::view::{
    AccessLogs, AtRest, Encryption, Lifecycle, LifecycleRules, Named, Notification, ObjectLock,
    PublicAccessBlock, Rotation, Tags,
};
use reconcile_spec::{LockMode, ObjectOwnership, Spec};
use reconcile_text::Hint;

use super::made::{everything, made, spec};

/// The accounts of [`everything`], as somebody names them who has no spec.
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
    let original = spec(&everything());
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

    let original = spec(&everything());
    let edits: [(Edit, &str); 4] = [
        (|live| live.bucket.as_mut().unwrap().versioning = Some(false), "  versioning: false"),
        (
            |live| live.trails.values_mut().flatten().for_each(|it| it.log_file_validation = false),
            "    log_file_validation: false",
        ),
        (|live| live.trails.values_mut().flatten().for_each(|it| it.logging = false), "    enabled: false"),
        (
            |live| live.key.as_mut().unwrap().key.view.rotation = Some(Rotation::Off),
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
    let original = spec(&everything());
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
    let original = spec(&everything());
    let request = Request { name: Some("other".parse().unwrap()), ..Request::default() };
    let error = imported(&original, &made(&original), &request).unwrap_err();
    assert!(
        matches!(&error, ImportError::OtherInstallations { owners, .. } if *owners == ["test"]),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("--name test"), "{error}");
}

/// Live state that a plan of the whole installation would change. The imported spec leaves it alone.
#[test]
fn an_import_describes_deviations_or_leaves_them_unmanaged() {
    type Edit = fn(&mut Observed);

    fn without(live: &mut Observed, suffix: &str) {
        let has = |sid: Option<&str>| sid.is_some_and(|sid| sid.ends_with(suffix));
        live.bucket_policy = live.bucket_policy.as_ref().map(|it| it.retain(|it| !has(it.sid())));
        let hub = live.key.as_mut().unwrap();
        hub.policy = hub.policy.retain(|it| !has(it.sid()));
        for topic in live.topics.values_mut().flatten() {
            topic.policy = topic.policy.retain(|it| !has(it.sid()));
        }
    }

    let original = spec(&everything());
    let edits: [(&str, Edit); 18] = [
        ("no Deny of requests without TLS", |live| without(live, "DenyInsecureTransport")),
        ("no permission to write", |live| without(live, "TrailWrite")),
        ("no permission to encrypt", |live| without(live, "TrailEncrypt")),
        ("no permission to publish", |live| without(live, "TrailNotify")),
        ("no bucket policy", |live| live.bucket_policy = None),
        ("no grants", |live| live.key.as_mut().unwrap().grants.clear()),
        ("a disabled role", |live| live.roles.values_mut().flatten().for_each(|it| it.permissions = None)),
        ("no log groups", |live| live.log_groups.values_mut().for_each(|it| *it = None)),
        ("a log group without retention", |live| {
            live.log_groups.values_mut().flatten().for_each(|it| it.retention_days = None);
        }),
        ("no topic", |live| live.topics.values_mut().for_each(|it| *it = None)),
        ("an unencrypted topic", |live| {
            live.topics.values_mut().flatten().for_each(|it| it.view.encryption = Some(AtRest::Off));
        }),
        ("trails without notifications", |live| {
            live.trails.values_mut().flatten().for_each(|it| it.notification = Some(Notification::Off));
        }),
        ("a trail with another configuration", |live| {
            let trail = live.trails.values_mut().flatten().next().unwrap();
            trail.multi_region = false;
            trail.kms_key = None;
        }),
        ("a bucket with other settings", |live| {
            let bucket = live.bucket.as_mut().unwrap();
            bucket.public_access_block =
                Some(PublicAccessBlock { block_public_acls: false, ..PublicAccessBlock::all(true) });
            bucket.object_ownership = Some(Named::Known(ObjectOwnership::BucketOwnerPreferred));
            bucket.encryption = Some(Encryption::S3);
        }),
        ("a bucket with retention by days", |live| {
            let bucket = live.bucket.as_mut().unwrap();
            bucket.object_lock = Some(ObjectLock::On {
                mode: Named::Known(LockMode::Governance),
                days: Some(30),
                years: None,
            });
            bucket.lifecycle = Some(Lifecycle { expire_days: Some(400), ..Lifecycle::default() });
            bucket.access_logs =
                Some(AccessLogs::To { bucket: "access-logs".to_owned(), prefix: "trails/".to_owned() });
        }),
        ("a bucket with retention by years", |live| {
            live.bucket.as_mut().unwrap().object_lock =
                Some(ObjectLock::On { mode: Named::Known(LockMode::Compliance), days: None, years: Some(7) });
        }),
        ("a bucket in another encryption", |live| {
            live.bucket.as_mut().unwrap().encryption =
                Some(Encryption::Other { algorithm: "aws:kms:dsse".to_owned() });
        }),
        ("other tags", |live| {
            live.bucket.as_mut().unwrap().tags = Tags::default();
            live.key.as_mut().unwrap().key.view.tags = Tags::default();
        }),
    ];
    let mut all = String::new();
    for (name, edit) in edits {
        let mut observed = made(&original);
        edit(&mut observed);
        writeln!(all, "== {name}").unwrap();
        match imported(&original, &observed, &Request::default()) {
            Ok(imported) => {
                for LeftOut { what, why, hint } in &imported.left_out {
                    writeln!(all, "left out: {what}: {why} ({hint:?})").unwrap();
                }
                writeln!(all, "unmanaged: {}", imported.unmanaged.join(", ")).unwrap();
                for note in &imported.notes {
                    writeln!(all, "note: {note}").unwrap();
                }
                for change in &imported.comparison.plan.changes {
                    writeln!(all, "change: {}: {}", change.address, change.reasons.join("; ")).unwrap();
                }
                writeln!(all, "{}", imported.text).unwrap();
            }
            Err(error) => writeln!(all, "error: {error}").unwrap(),
        }
    }
    insta::assert_snapshot!(all);
}
