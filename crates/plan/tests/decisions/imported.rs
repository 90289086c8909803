//! Tests the spec that an import writes for live state.

use std::fmt::Write;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use jiff::Timestamp;
use reconcile_operations::{Error, Operation};
use reconcile_plan::import::{ImportError, ImportRequest, Imported, LeftOut, import};
use reconcile_plan::observed::{
    Live, LiveError, LiveTopic, MissingKey, ObserveError, Observed, Setup, SetupDestinations, SetupKey,
    SetupOrganization, SurveyError, UsedKey,
};
use reconcile_plan::view::{
    AccessLogs, AtRest, Encryption, Lifecycle, LifecycleRules, Notification, ObjectLock, OpenEnum,
    PublicAccessBlock, Rotation, Tags, Trail, Transition,
};
use reconcile_policy::Document;
use reconcile_samples::{EditSpec, every_destination};
use reconcile_spec::{DataResource, EventSelector, LockMode, ObjectOwnership, ReadWrite, Selectors, Spec};
use reconcile_text::Hint;
use serde_json::json;

use super::made::{denied, made, made_in, no_destinations, spec, to_bucket, unread};

/// Returns the survey of the accounts of a spec.
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
        destinations: SetupDestinations {
            log_groups: observed.log_groups.iter().map(|(arn, it)| (arn.clone(), Ok(it.clone()))).collect(),
            roles: observed.roles.iter().map(|(arn, it)| (arn.clone(), Ok(it.clone()))).collect(),
            topics: observed.topics.iter().map(|(arn, it)| (arn.clone(), Ok(it.clone()))).collect(),
        },
        organization: None,
        unsurveyed: [].into(),
        aggregation_unread: [].into(),
    }
}

/// Imports live state. Reading returns the same state for every candidate.
fn imported(made_by: &Spec, observed: &Observed, request: &ImportRequest) -> Result<Imported, ImportError> {
    import_setup(&setup(made_by, observed), &spec(&accounts_of(made_by)), observed, request)
}

fn import_setup(
    setup: &Setup,
    accounts: &Spec,
    observed: &Observed,
    request: &ImportRequest,
) -> Result<Imported, ImportError> {
    let read = async |spec: Spec| Ok::<_, LiveError>(Live { spec, observed: observed.clone() });
    let mut import = pin!(import(setup, accounts, request, Timestamp::UNIX_EPOCH, read));
    match import.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(imported) => imported,
        Poll::Pending => panic!("values are there at once"),
    }
}

#[test]
fn an_installation_is_imported_as_the_spec_that_made_it() {
    let original = spec(&every_destination());
    let imported = imported(&original, &made(&original), &ImportRequest::default()).unwrap();
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
fn changed_settings_are_imported_or_unmanaged() {
    type Edit = fn(&mut Observed);

    let original = spec(&every_destination());
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
        let imported = imported(&original, &observed, &ImportRequest::default()).unwrap();
        assert!(imported.comparison.plan.is_in_sync(), "{}", imported.text);
        assert!(imported.text.contains(line), "`{line}` is not in:\n{}", imported.text);
    }
}

#[test]
fn an_installation_without_tags_gets_a_spec_with_unmanaged_tags() {
    let original = spec(&every_destination());
    let mut observed = made(&original);
    // No resource has the tag of an installation.
    observed.bucket.as_mut().unwrap().tags = Tags::default();
    observed.key.as_mut().unwrap().key.view.tags = Tags::default();
    observed.trails.values_mut().flatten().for_each(|trail| trail.tags = Tags::default());
    let request = ImportRequest { name: Some("found".parse().unwrap()), ..ImportRequest::default() };
    let imported = imported(&original, &observed, &request).unwrap();
    assert_eq!(imported.name.as_str(), "found");
    assert!(imported.text.contains("tags: unmanaged"), "{}", imported.text);
}

#[test]
fn an_import_of_another_installation_is_refused_with_its_name() {
    let original = spec(&every_destination());
    let request = ImportRequest { name: Some("other".parse().unwrap()), ..ImportRequest::default() };
    let error = imported(&original, &made(&original), &request).unwrap_err();
    assert!(
        matches!(&error, ImportError::OtherInstallations { owners, .. } if *owners == ["test"]),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("--name test"), "{error}");
}

/// A plan of the whole installation would change this live state; the imported spec does not.
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

    let original = spec(&every_destination());
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
            bucket.object_ownership = Some(OpenEnum::Known(ObjectOwnership::BucketOwnerPreferred));
            bucket.encryption = Some(Encryption::S3);
        }),
        ("a bucket with retention by days", |live| {
            let bucket = live.bucket.as_mut().unwrap();
            bucket.object_lock = Some(ObjectLock::On {
                mode: OpenEnum::Known(LockMode::Governance),
                days: Some(30),
                years: None,
            });
            bucket.lifecycle = Some(Lifecycle { expire_days: Some(400), ..Lifecycle::default() });
            bucket.access_logs =
                Some(AccessLogs::To { bucket: "access-logs".to_owned(), prefix: "trails/".to_owned() });
            bucket.eventbridge = Some(true);
        }),
        ("a bucket with retention by years", |live| {
            live.bucket.as_mut().unwrap().object_lock = Some(ObjectLock::On {
                mode: OpenEnum::Known(LockMode::Compliance),
                days: None,
                years: Some(7),
            });
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
        all += &outcome(imported(&original, &observed, &ImportRequest::default()));
    }
    insta::assert_snapshot!(all);
}

/// Describes an imported spec, or the error.
fn outcome(imported: Result<Imported, ImportError>) -> String {
    let mut text = String::new();
    match imported {
        Ok(imported) => {
            for LeftOut { what, why, hint } in &imported.left_out {
                writeln!(text, "left out: {what}: {why} ({hint:?})").unwrap();
            }
            writeln!(text, "unmanaged: {}", imported.unmanaged.join(", ")).unwrap();
            for note in &imported.notes {
                writeln!(text, "note: {note}").unwrap();
            }
            for change in &imported.comparison.plan.changes {
                writeln!(text, "change: {}: {}", change.address, change.reasons.join("; ")).unwrap();
            }
            writeln!(text, "{}", imported.text).unwrap();
        }
        Err(error) => writeln!(text, "error: {error}").unwrap(),
    }
    text
}

/// Returns the accounts of a spec in the form in which a user without a spec names accounts.
fn accounts_of(spec: &Spec) -> String {
    let desired = spec.desired();
    let mut text = "version: 1\nname: import\naccounts:\n".to_owned();
    for account in &desired.accounts {
        let role = account.access.role.as_ref().map(|role| format!(", role: {}", role.arn.resource_name()));
        writeln!(text, "  {}: {{ id: \"{}\"{} }}", account.name, account.id, role.unwrap_or_default())
            .unwrap();
    }
    let (hub, region) = (&desired.bucket.site.account, &desired.bucket.site.region);
    writeln!(text, "bucket: {{ name: import, account: {hub}, region: {region} }}").unwrap();
    text + "key: { alias: import }\ntrails: [{ name: Import, accounts: all }]\n"
}

/// Imports live state that a spec made, after an edit of the survey and of live state.
fn surveyed(
    text: &str,
    request: &ImportRequest,
    edit: impl Fn(&mut Setup, &mut Observed),
) -> Result<Imported, ImportError> {
    let original = spec(text);
    let mut observed = made(&original);
    let mut setup = setup(&original, &observed);
    edit(&mut setup, &mut observed);
    import_setup(&setup, &spec(&accounts_of(&original)), &observed, request)
}

#[test]
fn a_spec_with_every_setting_is_imported_as_it_was_written() {
    let mut all = String::new();
    let every_setting = every_destination()
        .with(
            "bucket",
            "{ prefix: logs, encryption: s3, blocked_encryption_types: [SSE-C], \
               lifecycle: { expire_days: 400, transitions: [{ days: 90, storage_class: GLACIER_IR }] }, \
               object_lock: { mode: GOVERNANCE, years: 1 }, \
               access_logs: { bucket: access-logs, prefix: x/ }, \
               policy: { extra_statements: [{ Sid: Athena, Effect: Allow, \
                         Principal: { AWS: \"111111111111\" }, Action: \"s3:GetObject\", \
                         Resource: \"arn:aws:s3:::test-logs/*\" }] } }",
        )
        .with(
            "key",
            "{ description: Logs, rotation_days: 180, \
               administrators: [\"arn:aws:iam::111111111111:role/Keys\"] }",
        )
        .with(
            "trails.0",
            "{ management_events: read, \
               insights: { management: [ApiErrorRateInsight], data: [ApiCallRateInsight] }, \
               event_aggregation: [RESOURCE_ACCESS], multi_region: false, global_service_events: false }",
        )
        .with(
            "trails.0.cloudwatch_logs",
            "{ retention_days: null, role_name: logs, permissions_boundary: Boundary, encryption: key }",
        )
        .with("trails.0.sns_topic", "{ account: member, encryption: unmanaged }")
        .with("tags", "{ cost-center: security }")
        .with(
            "readers",
            "[{ principal: \"arn:aws:iam::111111111111:role/Auditors\", logs: all }, \
              { account: member, logs: own }, { account: master, logs: [member] }]",
        );
    for (name, text) in [
        ("every setting", every_setting),
        ("events", include_str!("../../../../specs/events.yaml").to_owned()),
        ("readers", include_str!("../../../../specs/readers.yaml").to_owned()),
        ("retention", include_str!("../../../../specs/retention.yaml").to_owned()),
        ("destinations", include_str!("../../../../specs/destinations.yaml").to_owned()),
    ] {
        writeln!(all, "== {name}").unwrap();
        all += &outcome(surveyed(&text, &ImportRequest::default(), |_, _| {}));
    }
    insta::assert_snapshot!(all);
}

type Edit = fn(&mut Setup, &mut Observed);

fn tagged(setup: &mut Setup, index: usize, owner: Option<&str>) {
    let tags = owner.map(|owner| ("reconcile:spec".to_owned(), owner.to_owned()));
    setup.trails[index].1.tags = Tags(tags.into_iter().collect());
}

fn trail<'l>(live: &'l mut Observed, setup: &Setup, index: usize) -> &'l mut Trail {
    live.trails.get_mut(&setup.trails[index].1.arn).unwrap().as_mut().unwrap()
}

fn both(setup: &mut Setup, live: &mut Observed, edit: fn(&mut Trail)) {
    edit(&mut setup.trails[0].1);
    edit(trail(live, setup, 0));
}

const LEFT_OUT: &[(&str, Edit)] = &[
    ("a trail without the tag", |setup, live| {
        tagged(setup, 1, None);
        trail(live, setup, 1).tags = Tags::default();
    }),
    ("a trail of another installation", |setup, live| {
        tagged(setup, 1, Some("another"));
        trail(live, setup, 1).tags = setup.trails[1].1.tags.clone();
    }),
    ("a namesake of a trail", |setup, _| {
        let (account, mut trail) = setup.trails[1].clone();
        trail.arn = "arn:aws:cloudtrail:us-east-1:222222222222:trail/Trail".parse().unwrap();
        trail.tags = Tags::default();
        setup.trails.push((account, trail));
    }),
    ("a namesake of a trail with the tag", |setup, _| {
        let (account, mut trail) = setup.trails[1].clone();
        trail.arn = "arn:aws:cloudtrail:us-east-1:222222222222:trail/Trail".parse().unwrap();
        setup.trails.push((account, trail));
    }),
    ("a trail below a prefix", |setup, live| {
        setup.trails[1].1.prefix = Some("other".to_owned());
        trail(live, setup, 1).prefix = Some("other".to_owned());
    }),
    ("trails with different keys", |setup, live| {
        setup.trails[1].1.kms_key = None;
        trail(live, setup, 1).kms_key = None;
    }),
    ("a key in an account that was not named", |setup, _| {
        setup.keys.values_mut().for_each(|key| *key = Err(MissingKey::Elsewhere));
    }),
    ("a key that cannot be read", |setup, _| {
        for key in setup.keys.values_mut() {
            *key = Err(MissingKey::Unreadable(unread(Operation::DescribeKey)));
        }
    }),
    ("a key without an alias", |setup, live| {
        setup.keys.values_mut().flatten().for_each(|key| key.alias = None);
        live.key.as_mut().unwrap().key.is_aliased = false;
    }),
    ("a log group and a role that cannot be read", |setup, _| {
        let error = || unread(Operation::DescribeLogGroups);
        setup.destinations.log_groups.values_mut().for_each(|it| *it = Err(error()));
    }),
    ("a role that cannot be read", |setup, _| {
        setup.destinations.roles.values_mut().for_each(|it| *it = Err(unread(Operation::GetRole)));
    }),
    ("a role that does not exist", |setup, _| {
        setup.destinations.roles.values_mut().for_each(|it| *it = Ok(None));
    }),
    ("a role of another installation", |setup, _| {
        for role in setup.destinations.roles.values_mut().flatten().flatten() {
            role.tags = Tags([("reconcile:spec".to_owned(), "another".to_owned())].into());
        }
    }),
    ("a role without a tag", |setup, _| {
        setup.destinations.roles.values_mut().flatten().flatten().for_each(|it| it.tags = Tags::default());
    }),
    ("a topic without a tag and statements", |setup, _| {
        for topic in setup.destinations.topics.values_mut().flatten().flatten() {
            topic.view.tags = Tags::default();
            topic.policy = topic.policy.retain(|_| false);
        }
    }),
    ("insights that a spec cannot describe", |setup, live| {
        both(setup, live, |it| it.insights = Some(vec!["ApiCallRateInsight (Network)".to_owned()]));
    }),
    ("insights of data events", |setup, live| {
        both(setup, live, |it| it.insights = Some(vec!["ApiCallRateInsight (Data)".to_owned()]));
    }),
    ("an aggregation that cannot be read", |setup, _| {
        let arn = setup.trails[0].1.arn.clone();
        setup.aggregation_unread.insert(arn, denied(Operation::GetEventSelectors));
    }),
    ("an account whose trails cannot be listed", |setup, _| {
        setup.unsurveyed.insert("member".parse().unwrap(), unread(Operation::DescribeTrails));
    }),
    ("a bucket and a key of another installation", |setup, live| {
        let another = Tags([("reconcile:spec".to_owned(), "another".to_owned())].into());
        setup.bucket_view.tags = another.clone();
        live.bucket.as_mut().unwrap().tags = another.clone();
        setup.keys.values_mut().flatten().for_each(|it| it.key.view.tags = another.clone());
        live.key.as_mut().unwrap().key.view.tags = another;
    }),
    ("an unknown storage class", |setup, live| {
        let lifecycle = Lifecycle {
            transitions: vec![Transition {
                days: 30,
                storage_class: OpenEnum::Other("GLACIER_NEW".to_owned()),
            }],
            ..Lifecycle::default()
        };
        setup.bucket_view.lifecycle = Some(lifecycle.clone());
        setup.rules.0.insert("reconcile-test".to_owned(), lifecycle.clone());
        live.bucket.as_mut().unwrap().lifecycle = Some(lifecycle);
    }),
    ("nothing has a tag", |setup, live| {
        tagged(setup, 0, None);
        tagged(setup, 1, None);
        live.trails.values_mut().flatten().for_each(|it| it.tags = Tags::default());
        setup.bucket_view.tags = Tags::default();
        live.bucket.as_mut().unwrap().tags = Tags::default();
    }),
];

#[test]
fn an_import_names_left_out_resources_with_the_reason() {
    let mut all = String::new();
    for (name, edit) in LEFT_OUT {
        writeln!(all, "== {name}").unwrap();
        all += &outcome(surveyed(&every_destination(), &ImportRequest::default(), edit));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn selectors_are_imported_or_covered() {
    let resource = |kind: &str, values: &[&str]| DataResource {
        kind: kind.to_owned(),
        values: values.iter().map(|it| (*it).to_owned()).collect(),
    };
    let selector = |read_write, management_events, data_resources| EventSelector {
        read_write,
        management_events,
        exclude_management_sources: Vec::new(),
        data_resources,
    };
    let all = |read_write| selector(read_write, true, Vec::new());
    let s3 = |values: &[&str]| vec![resource("AWS::S3::Object", values)];
    let cases = [
        ("no events", vec![]),
        ("reads", vec![all(ReadWrite::ReadOnly)]),
        ("writes", vec![all(ReadWrite::WriteOnly)]),
        (
            "all but some sources",
            vec![EventSelector {
                exclude_management_sources: vec!["kms.amazonaws.com".to_owned()],
                ..all(ReadWrite::All)
            }],
        ),
        ("reads, and writes of a bucket", {
            vec![
                all(ReadWrite::ReadOnly),
                selector(ReadWrite::WriteOnly, true, s3(&["arn:aws:s3:::payments/"])),
            ]
        }),
        ("buckets whose names begin alike", {
            vec![selector(ReadWrite::All, true, s3(&["arn:aws:s3:::payments", "arn:aws:s3:::invoices/"]))]
        }),
        ("reads of one bucket, and writes of another", {
            vec![
                selector(ReadWrite::ReadOnly, true, s3(&["arn:aws:s3:::payments/"])),
                selector(ReadWrite::WriteOnly, false, s3(&["arn:aws:s3:::invoices/x"])),
            ]
        }),
        ("functions and tables", {
            let of = vec![
                resource("AWS::Lambda::Function", &["arn:aws:lambda"]),
                resource("AWS::DynamoDB::Table", &["arn:aws:dynamodb:eu-west-1:111111111111:table/orders"]),
            ];
            vec![selector(ReadWrite::All, false, of)]
        }),
        ("a resource that a spec does not know", {
            vec![selector(ReadWrite::All, true, vec![resource("AWS::New::Thing", &["arn:aws:new"])])]
        }),
    ];
    let mut text = String::new();
    for (name, selectors) in cases {
        let selectors = Selectors::basic(selectors);
        let result = surveyed(&every_destination(), &ImportRequest::default(), |setup, live| {
            setup.trails.iter_mut().for_each(|(_, trail)| trail.selectors = selectors.clone());
            live.trails.values_mut().flatten().for_each(|trail| trail.selectors = selectors.clone());
        });
        writeln!(text, "== {name}").unwrap();
        let outcome = outcome(result);
        let wanted = |line: &&str| {
            ["change:", "note:", "error:", "left out:"].iter().any(|it| line.starts_with(it))
                || line.contains("_events")
                || line.contains("recursive_logging")
        };
        for line in outcome.lines().filter(wanted) {
            writeln!(text, "{line}").unwrap();
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_name_of_an_installation_is_found_or_given() {
    let named = |name: &str| Some(name.parse().unwrap());
    let of = |request: &ImportRequest, edit: fn(&mut Setup, &mut Observed)| {
        surveyed(&every_destination(), request, edit).map(|it| (it.name.to_string(), it.text))
    };
    let untagged: fn(&mut Setup, &mut Observed) = |setup, live| {
        setup.trails.iter_mut().for_each(|(_, trail)| trail.tags = Tags::default());
        live.trails.values_mut().flatten().for_each(|trail| trail.tags = Tags::default());
    };
    let unknown: fn(&mut Setup, &mut Observed) = |setup, live| {
        setup.trails.iter_mut().for_each(|(_, trail)| trail.tags = Tags::default());
        live.trails.values_mut().flatten().for_each(|trail| trail.tags = Tags::default());
        setup.bucket_policy = None;
        live.bucket_policy = None;
        setup.keys.values_mut().flatten().for_each(|key| key.policy = key.policy.retain(|_| false));
        live.key.as_mut().unwrap().policy = Document::new(Vec::new());
    };
    let none = ImportRequest::default();
    assert_eq!(of(&none, |_, _| {}).unwrap().0, "test", "the tag of the trails");
    assert_eq!(of(&none, untagged).unwrap().0, "test", "the Sids of statements");
    assert_eq!(of(&none, unknown).unwrap().0, "test-logs", "the name of the bucket");
    let renamed =
        ImportRequest { name: named("renamed"), previous_name: named("test"), ..ImportRequest::default() };
    let (name, text) = of(&renamed, |_, _| {}).unwrap();
    assert_eq!(name, "renamed");
    assert!(text.contains("name: renamed\nprevious_name: test\n"), "{text}");
    let wrong =
        ImportRequest { name: named("renamed"), previous_name: named("wrong"), ..ImportRequest::default() };
    let error = of(&wrong, |_, _| {}).unwrap_err();
    assert!(
        matches!(&error, ImportError::NotAnInstallation { name, .. } if name.as_str() == "wrong"),
        "{error}"
    );
}

/// The organization of an installation is imported with its trail and its administrators.
#[test]
fn an_organization_is_imported_with_its_trail() {
    let text = include_str!("../../../../specs/organization-trail.yaml");
    let organization = |service_access, administrators: &[&str]| SetupOrganization {
        service_access,
        delegated_administrators: administrators.iter().map(|id| id.parse().unwrap()).collect(),
    };
    let members =
        ["111111111111", "222222222222", "333333333333"].map(|id| super::organized::member(id, false));
    let cases = [
        ("trusted access and an administrator", Some(Ok(organization(true, &["222222222222"])))),
        ("no trusted access, and a foreign administrator", Some(Ok(organization(false, &["333333333333"])))),
        ("an organization that cannot be read", Some(Err(unread(Operation::DescribeOrganization)))),
    ];
    let mut all = String::new();
    for (name, found) in cases {
        let mut live = super::organized::organization(members.clone().into());
        if let Some(Ok(found)) = &found {
            live.service_access = found.service_access;
            live.delegated_administrators.clone_from(&found.delegated_administrators);
        }
        let original = spec(text).in_organization(&live.roster).unwrap();
        let mut observed = made_in(&original, live);
        observed.caller = None;
        let mut setup = setup(&original, &observed);
        setup.organization = found;
        let accounts = spec(&accounts_of(&spec(text)));
        writeln!(all, "== {name}").unwrap();
        all += &outcome(import_setup(&setup, &accounts, &observed, &ImportRequest::default()));
    }
    insta::assert_snapshot!(all);
}

/// Somebody changes a setting after the survey, so that a plan of the first spec would change the
/// setting again.
#[test]
fn a_setting_that_changes_during_the_import_becomes_unmanaged() {
    type Live = fn(&mut Observed);

    let cases: [(&str, Live); 16] = [
        ("encryption", |live| live.bucket.as_mut().unwrap().encryption = Some(Encryption::S3)),
        ("versioning", |live| live.bucket.as_mut().unwrap().versioning = Some(false)),
        ("public access", |live| {
            live.bucket.as_mut().unwrap().public_access_block = Some(PublicAccessBlock::all(false));
        }),
        ("ownership", |live| {
            let ownership = OpenEnum::Known(ObjectOwnership::ObjectWriter);
            live.bucket.as_mut().unwrap().object_ownership = Some(ownership);
        }),
        ("tags of the bucket", |live| live.bucket.as_mut().unwrap().tags = Tags::default()),
        ("description", |live| {
            live.key.as_mut().unwrap().key.view.description = Some("Other".to_owned());
        }),
        ("rotation", |live| live.key.as_mut().unwrap().key.view.rotation = Some(Rotation::EveryDays(90))),
        ("tags of the key", |live| live.key.as_mut().unwrap().key.view.tags = Tags::default()),
        ("the alias", |live| live.key.as_mut().unwrap().key.is_aliased = false),
        ("grants", |live| live.key.as_mut().unwrap().grants.clear()),
        ("a tag of a trail", |live| {
            live.trails.values_mut().flatten().next().unwrap().tags = Tags::default();
        }),
        ("the key of a trail", |live| live.trails.values_mut().flatten().next().unwrap().kms_key = None),
        ("validation of a trail", |live| {
            live.trails.values_mut().flatten().next().unwrap().log_file_validation = false;
        }),
        ("a log group", |live| live.log_groups.values_mut().for_each(|it| *it = None)),
        ("a topic", |live| live.topics.values_mut().for_each(|it| *it = None)),
        ("a foreign Deny", |live| {
            let deny = json!({ "Sid": "Lock", "Effect": "Deny", "Principal": "*", "Action": "s3:PutObject",
                "Resource": "arn:aws:s3:::test-logs/*" });
            to_bucket(live, deny);
        }),
    ];
    let mut all = String::new();
    let with_retention = every_destination().with(
        "bucket",
        "{ lifecycle: { expire_days: 400 }, object_lock: { mode: GOVERNANCE, days: 30 }, \
           access_logs: { bucket: access-logs, prefix: x/ }, eventbridge: true, \
           blocked_encryption_types: [SSE-C] }",
    );
    let retention: [(&str, Live); 5] = [
        ("lifecycle", |live| live.bucket.as_mut().unwrap().lifecycle = Some(Lifecycle::default())),
        ("object lock", |live| {
            let mode = OpenEnum::Known(LockMode::Governance);
            live.bucket.as_mut().unwrap().object_lock =
                Some(ObjectLock::On { mode, days: Some(7), years: None });
        }),
        ("access logs", |live| live.bucket.as_mut().unwrap().access_logs = Some(AccessLogs::Off)),
        ("events", |live| live.bucket.as_mut().unwrap().eventbridge = Some(false)),
        ("blocked encryption types", |live| {
            live.bucket.as_mut().unwrap().blocked_encryption_types = Some(Vec::new());
        }),
    ];
    let without_retention = every_destination();
    let cases = cases.iter().map(|case| (without_retention.as_str(), case));
    for (text, (name, edit)) in cases.chain(retention.iter().map(|case| (with_retention.as_str(), case))) {
        writeln!(all, "== {name}").unwrap();
        match surveyed(text, &ImportRequest::default(), |_, live| edit(live)) {
            Ok(imported) => {
                let unmanaged = imported.text.lines().filter(|line| line.contains("  # ")).map(str::trim);
                unmanaged.for_each(|line| writeln!(all, "{line}").unwrap());
                for LeftOut { what, why, hint } in &imported.left_out {
                    writeln!(all, "left out: {what}: {why} ({hint:?})").unwrap();
                }
                for change in &imported.comparison.plan.changes {
                    writeln!(all, "change: {}: {}", change.address, change.reasons.join("; ")).unwrap();
                }
            }
            Err(error) => writeln!(all, "error: {error}").unwrap(),
        }
    }
    insta::assert_snapshot!(all);
}

/// Grants of every form are imported as they were written.
#[test]
fn grants_are_imported_with_their_constraints() {
    let text = every_destination().with(
        "key.grants.1",
        "{ name: service, grantee_service: backup.amazonaws.com, \
           source_arn: \"arn:aws:backup:eu-west-1:111111111111:backup-vault:logs\", \
           retiring_principal: \"arn:aws:iam::111111111111:role/Retire\", operations: [Decrypt], \
           constraints: { encryption_context_equals: { a: b } } }",
    );
    let imported = surveyed(&text, &ImportRequest::default(), |_, _| {}).unwrap();
    assert!(imported.comparison.plan.is_in_sync(), "{}", imported.text);
    let (found, original) = (spec(&imported.text), spec(&text));
    assert_eq!(found.desired().grants, original.desired().grants, "{}", imported.text);
    assert_eq!(original.desired().grants.len(), 2);
}

/// An import has the hint and the AWS error of its cause.
#[test]
fn an_error_of_the_survey_or_of_reading_is_the_cause() {
    let error = || denied(Operation::DescribeTrails);
    let account = || "member".parse().unwrap();
    let survey = SurveyError::Account { account: account(), error: error().into() };
    let organization = ObserveError::Organization { account: account(), error: error().into() };
    let hub = ObserveError::Hub { account: account(), error: error().into() };
    let expected = error().hint();
    assert!(expected.is_some());
    for found in
        [ImportError::from(survey), LiveError::Observe(organization).into(), LiveError::Observe(hub).into()]
    {
        assert_eq!((found.hint(), Error::cause_of(&found)), (expected.clone(), Some(&error())), "{found}");
    }
    let interrupted = ImportError::from(LiveError::Observe(ObserveError::Interrupted));
    assert_eq!((interrupted.hint(), Error::cause_of(&interrupted)), (None, None));
    let none = SurveyError::NoTrails { accounts: vec![account()] };
    assert_eq!(Error::cause_of(&none), None);
    let problems = reconcile_spec::parse("spec.yaml", b"version: 2").unwrap_err();
    let invalid = ImportError::from(LiveError::Invalid(problems));
    assert!(
        matches!(&invalid, ImportError::Indescribable { what, .. } if what.contains("organization")),
        "{invalid}"
    );
}

#[test]
fn the_places_of_resources_are_imported() {
    let of = |text: &str, edit: fn(&mut Setup, &mut Observed)| {
        let imported = surveyed(text, &ImportRequest::default(), edit).unwrap();
        assert!(imported.comparison.plan.is_in_sync(), "{}", imported.text);
        imported
    };
    let key = of(&every_destination().with("key.account", "member"), |_, _| {});
    assert!(key.text.contains("\n  account: member\n"), "{}", key.text);
    let home = of(&no_destinations().with("trails.0.home_region", "us-east-1"), |_, _| {});
    assert!(home.text.contains("\n    home_region: us-east-1\n"), "{}", home.text);
    for (named, is_key) in [
        ("alias/test-key", true),
        ("alias/other", false),
        ("arn:aws:kms:eu-west-1:111111111111:alias/test-key", true),
        ("arn:aws:kms:us-east-1:111111111111:alias/test-key", false),
        ("arn:aws:kms:eu-west-1:222222222222:alias/test-key", false),
    ] {
        let topic = surveyed(&every_destination(), &ImportRequest::default(), |setup, live| {
            let edit = |topic: &mut LiveTopic| topic.view.encryption = Some(AtRest::of(Some(named)));
            setup.destinations.topics.values_mut().flatten().flatten().for_each(edit);
            live.topics.values_mut().flatten().for_each(edit);
            let used = live.topics.keys().filter(|_| is_key).map(|arn| (arn.clone(), UsedKey::Own));
            live.used_keys.extend(used);
        });
        let text = topic.unwrap().text;
        assert_eq!(
            text.contains("sns_topic: { name: log-files, encryption: key }"),
            is_key,
            "{named}: {text}"
        );
    }
}
