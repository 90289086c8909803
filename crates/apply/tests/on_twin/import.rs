//! Import: the spec of an installation is restored, and resources that others created get a spec
//! whose plan changes nothing.

use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use reconcile_campaign::specs::{Said, specs};
use reconcile_plan::import::{ImportError, ImportRequest, Imported};
use reconcile_plan::plan::Change;
use reconcile_samples::{EditSpec, EditText, MASTER, members};
use reconcile_spec::{AtRest, Desired, KeyIdentity, Setting, Spec, parse};
use reconcile_text::Hint;
use serde_json::{Value, json};

use crate::installation::{Installation, accounts_of, spec};

pub async fn imported(installation: &Installation, text: &str) -> Imported {
    let accounts = accounts_of(text);
    let organization = spec(&accounts).desired().organization.as_ref().map(|it| it.account.clone());
    let request = ImportRequest { organization, ..ImportRequest::default() };
    let found = installation.import(&accounts, &request).await;
    found.unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The desired state of a spec, in the organization that the twin has.
async fn desired(installation: &Installation, spec: &Spec) -> Desired {
    let aws = installation.connect(spec);
    let live = reconcile_diff::read(&aws, spec.clone(), &Arc::default()).await.unwrap();
    live.spec.desired().clone()
}

/// Returns a state without the settings that AWS does not record: the deletion settings, the lock,
/// the settings for foreign statements, the accounts that join automatically, and whether a setting
/// is unmanaged.
fn comparable(mut desired: Desired, original: &Desired) -> Desired {
    fn or_unmanaged<T: Clone>(setting: &mut Setting<T>, original: &Setting<T>) {
        if let Setting::Unmanaged = original {
            *setting = Setting::Unmanaged;
        }
    }
    desired.deletion = original.deletion;
    desired.lock.clone_from(&original.lock);
    desired.bucket_policy.foreign = original.bucket_policy.foreign;
    desired.key_policy.foreign = original.key_policy.foreign;
    for topic in &mut desired.topics {
        topic.foreign = original.bucket_policy.foreign;
    }
    let (bucket, said) = (&mut desired.bucket, &original.bucket);
    or_unmanaged(&mut bucket.encryption, &said.encryption);
    or_unmanaged(&mut bucket.versioning, &said.versioning);
    or_unmanaged(&mut bucket.block_public_access, &said.block_public_access);
    or_unmanaged(&mut bucket.object_ownership, &said.object_ownership);
    or_unmanaged(&mut desired.key.description, &original.key.description);
    or_unmanaged(&mut desired.key.rotation_days, &original.key.rotation_days);
    for (found, said) in desired.topics.iter_mut().zip(&original.topics) {
        // If a topic is encrypted, AWS does not show whether the spec requires this encryption.
        if said.encryption == AtRest::KeyFromCreation {
            found.encryption = AtRest::KeyFromCreation;
        }
    }
    // The settings of an existing key are not managed. An empty list of insights means the same as
    // no list.
    if let KeyIdentity::Existing(_) = &original.key.identity {
        (desired.key.description, desired.key.rotation_days) = (Setting::Unmanaged, Setting::Unmanaged);
    }
    for trail in &mut desired.trails {
        for insights in [&mut trail.insights.management, &mut trail.insights.data] {
            *insights = insights.take().filter(|insights| !insights.is_empty());
        }
        trail.event_aggregation = trail.event_aggregation.take().filter(|templates| !templates.is_empty());
        // Recursive logging that is on means the same as no setting, because it is the default of
        // CloudTrail.
        let said = original.trails.iter().find(|it| it.arn == trail.arn).and_then(|it| it.recursive_logging);
        trail.recursive_logging = trail.recursive_logging.or(said.filter(|is_on| *is_on));
    }
    if let (Some(found), Some(said)) = (&mut desired.organization, &original.organization) {
        found.joining = said.joining.clone();
        found.role.clone_from(&said.role);
    }
    // If tags are unmanaged, only the tag of the installation is known.
    let tags = &original.bucket.tags;
    if desired.bucket.tags.wanted(None) == tags.wanted(None) {
        desired.bucket.tags = tags.clone();
        desired.key.tags = tags.clone();
        desired.trails.iter_mut().for_each(|it| it.tags = tags.clone());
        desired.topics.iter_mut().for_each(|it| it.tags = tags.clone());
        desired.log_groups.iter_mut().for_each(|it| it.tags = tags.clone());
        desired.log_roles.iter_mut().for_each(|it| it.tags = tags.clone());
    }
    desired.accounts =
        sorted(desired.accounts.iter().cloned().collect(), |it| it.id.clone()).into_iter().collect();
    desired.trails = sorted(desired.trails, |it| it.arn.clone());
    desired.topics = sorted(desired.topics, |it| it.arn.clone());
    desired.log_groups = sorted(desired.log_groups, |it| it.arn.clone());
    desired.log_roles = sorted(desired.log_roles, |it| it.arn.clone());
    desired.bucket_policy.intent.trails.sort();
    desired.key_policy.intent.trails.sort();
    desired.key_policy.intent.administrators.sort();
    desired
}

fn sorted<T, K: Ord>(mut list: Vec<T>, key: impl Fn(&T) -> K) -> Vec<T> {
    list.sort_by_key(key);
    list
}

/// Returns the differences between two states, as lines.
fn differences(a: &Desired, b: &Desired) -> String {
    let (a, b) = (format!("{a:#?}"), format!("{b:#?}"));
    let only = |sign: &str, these: &str, those: &str| -> String {
        let those: Vec<&str> = those.lines().collect();
        these.lines().filter(|line| !those.contains(line)).map(|line| format!("{sign} {line}\n")).collect()
    };
    only("-", &a, &b) + &only("+", &b, &a)
}

#[tokio::test]
async fn every_example_that_was_applied_is_imported_as_it_was() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../specs");
    let mut examples = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let installation = Installation::new();
        if name.starts_with("organization") {
            let roles = || vec!["OrganizationAccountAccessRole".to_owned()];
            let accounts = [("222222222222", "Security"), ("333333333333", "Production")];
            installation.twin.provision(reconcile_twin::Setup {
                ambient: Some(MASTER.to_owned()),
                accounts: [(MASTER, "Management")]
                    .into_iter()
                    .chain(accounts)
                    .map(|(id, name)| reconcile_twin::SetupAccount {
                        id: id.to_owned(),
                        name: name.to_owned(),
                        roles: roles(),
                    })
                    .collect(),
                ..reconcile_twin::Setup::default()
            });
            installation.twin.tag_account("333333333333", "logging", "central");
        }
        installation.converge(&text).await;

        let found = imported(&installation, &text).await;
        assert_eq!(found.comparison.refusals, [], "{name}\n{}", found.text);
        assert!(
            found.comparison.plan.is_in_sync(),
            "{name}: {:#?}\n{}",
            found.comparison.plan.changes,
            found.text
        );
        assert_eq!(found.left_out, [], "{name}\n{}", found.text);
        let again = installation.plan(&found.text).await;
        assert!(again.is_in_sync(), "{name}: {:#?}\n{}", again.changes, found.text);

        let said = desired(&installation, &spec(&text)).await;
        let got = desired(&installation, &spec(&found.text)).await;
        let (said, got) = (comparable(said.clone(), &said), comparable(got, &said));
        assert!(said == got, "{name}\n{}\n{}", differences(&said, &got), found.text);
        examples += 1;
    }
    assert!(examples >= 11);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn any_spec_that_was_applied_is_imported_as_it_was(text in specs(Said::Some)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let installation = Installation::new();
            installation.converge(&text).await;
            let found = imported(&installation, &text).await;
            let changes = installation.plan(&found.text).await.changes;
            assert!(changes.is_empty(), "{changes:#?}\n{text}\n{}", found.text);
            let (said, got) = (spec(&text).desired().clone(), spec(&found.text).desired().clone());
            let (said, got) = (comparable(said.clone(), &said), comparable(got, &said));
            assert!(said == got, "{}\n{text}\n{}", differences(&said, &got), found.text);
        });
    }
}

fn regional<'s>(state: &'s mut Value, account: &str) -> &'s mut Value {
    &mut state["accounts"][account]["regions"]["eu-west-1"]
}

fn trail_of<'s>(state: &'s mut Value, account: &str) -> &'s mut Value {
    &mut regional(state, account)["trails"]["Trail"]
}

fn key_of(state: &mut Value) -> &mut Value {
    regional(state, MASTER)["keys"].as_object_mut().unwrap().values_mut().next().unwrap()
}

fn bucket_of(state: &mut Value) -> &mut Value {
    &mut state["buckets"]["test-logs"]
}

fn unset(state: &mut Value, setting: &str) {
    bucket_of(state)["configuration"].as_object_mut().unwrap().remove(setting).unwrap();
}

/// Removes everything by which an installation recognizes its resources, as if others had created
/// them.
fn unmarked(state: &mut Value) {
    for account in state["accounts"].as_object_mut().unwrap().values_mut() {
        for region in account["regions"].as_object_mut().unwrap().values_mut() {
            for kind in ["trails", "keys"] {
                let found = region.get_mut(kind).and_then(Value::as_object_mut);
                found.into_iter().flat_map(|it| it.values_mut()).for_each(|it| it["tags"] = json!({}));
            }
        }
    }
    let key = key_of(state);
    key["description"] = json!("Made by hand");
    key["rotation_days"] = json!(null);
    key["policy"] = json!(key["policy"].as_str().unwrap().edited_everywhere("\"Test", "\"by"));
    let bucket = bucket_of(state);
    let configuration = bucket["configuration"].as_object_mut().unwrap();
    for setting in ["tagging", "versioning", "publicAccessBlock", "ownershipControls", "encryption"] {
        configuration.remove(setting);
    }
    // The Sids of statements identify the installation.
    let policy = bucket["policy"].as_str().unwrap();
    bucket["policy"] = json!(policy.edited_everywhere("\"Test", "\"by"));
}

/// Returns the changes in the plan of a spec without one of its lines.
async fn without(installation: &Installation, text: &str, line: &str) -> Result<Vec<Change>, String> {
    let less: String = text.lines().filter(|it| *it != line).map(|it| format!("{it}\n")).collect();
    parse("less.yaml", less.as_bytes()).map_err(|problems| problems.to_string())?;
    let comparison = installation.compare(&less).await;
    match comparison.refusals.first() {
        Some(refusal) => Err(refusal.to_string()),
        None => Ok(comparison.plan.changes),
    }
}

/// Removes each line that has a comment, and compares the comment with the plan. Returns the lines.
async fn assert_comments_are_true(installation: &Installation, text: &str) -> Vec<String> {
    const WITHOUT: &str = "  # without this line, ";

    let said = installation.plan(text).await.changes;
    let lines: Vec<&str> = text.lines().filter(|line| line.contains(WITHOUT)).collect();
    for line in &lines {
        let (_, comment) = line.split_once(WITHOUT).unwrap();
        match without(installation, text, line).await {
            Err(why) => {
                // The spec is rejected, or the plan is refused.
                let (_, said) = comment.split_once(": ").unwrap();
                let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
                assert!(why.contains(said), "{line}\n{why}");
            }
            Ok(changes) => {
                let new: Vec<&Change> = changes.iter().filter(|it| !said.contains(it)).collect();
                assert!(!new.is_empty(), "{line}");
                let named = new.iter().filter(|it| comment.contains(&it.address.to_string()));
                let named: Vec<&&Change> = named.collect();
                let is_cut = comment.contains(" more");
                assert!(named.len() == new.len() || (is_cut && !named.is_empty()), "{line}\n{new:#?}");
                for change in named {
                    let reason = change.reasons[0].split_whitespace().collect::<Vec<_>>().join(" ");
                    assert!(comment.contains(&reason), "{line}\n{reason}");
                }
            }
        }
    }
    lines.into_iter().map(|line| line.split(" #").next().unwrap().trim().to_owned()).collect()
}

#[tokio::test]
async fn what_others_made_is_kept_line_by_line_and_each_comment_is_true() {
    let text = members(1);
    let installation = Installation::edited(&text, unmarked).await;
    let found = imported(&installation, &text).await;
    assert!(found.comparison.plan.is_in_sync(), "{:#?}\n{}", found.comparison.plan.changes, found.text);
    assert_eq!(found.name.as_str(), "test-logs");
    assert_eq!(found.trails, 2);
    let lines = assert_comments_are_true(&installation, &found.text).await;
    assert_eq!(
        lines,
        [
            "tags: unmanaged",
            "encryption: s3",
            "versioning: unmanaged",
            "block_public_access: unmanaged",
            "object_ownership: ObjectWriter",
            "policy: unmanaged",
            "description: unmanaged",
            "rotation_days: unmanaged",
            "policy: unmanaged",
        ],
        "{}",
        found.text
    );
    // Without any of these lines, the installation has only default settings.
    let own: String = found
        .text
        .lines()
        .filter(|it| !it.contains("without this line"))
        .map(|it| format!("{it}\n"))
        .collect();
    installation.converge(&own).await;
    assert!(installation.plan(&own).await.is_in_sync());
    let again = imported(&installation, &own).await;
    assert!(!again.text.contains("without this line"), "{}", again.text);
}

#[tokio::test]
async fn a_key_requires_one_line_if_no_trail_encrypts_with_a_key() {
    let text = members(1).with("bucket.encryption", "s3").with("key", "unmanaged");
    let installation = Installation::new();
    installation.converge(&text).await;
    let found = imported(&installation, &text).await;
    assert!(found.comparison.plan.is_in_sync(), "{}", found.text);
    assert_comments_are_true(&installation, &found.text).await;
    // As the comment says, its line replaces the other line.
    let line = found.text.lines().find_map(|line| line.strip_prefix("# key: ")).unwrap();
    let with_key = found.text.edited_everywhere("\nkey: unmanaged\n", &format!("\nkey: {line}\n"));
    let plan = installation.converge(&with_key).await;
    let addresses: Vec<String> = plan.changes.iter().map(|it| it.address.to_string()).collect();
    for address in ["key/master/test-cloudtrail", "trail/master/Trail", "trail/m0/Trail"] {
        assert!(addresses.iter().any(|it| it == address), "{addresses:?}");
    }
    assert!(installation.plan(&with_key).await.is_in_sync());
}

#[tokio::test]
async fn where_keys_differ_every_trail_keeps_its_own() {
    let text = members(2);
    let installation =
        Installation::edited(&text, |state| trail_of(state, "000000000001")["kms_key"] = json!(null)).await;
    let found = imported(&installation, &text).await;
    assert!(found.comparison.plan.is_in_sync(), "{:#?}\n{}", found.comparison.plan.changes, found.text);
    assert!(found.text.contains("\nkey: unmanaged\n"), "{}", found.text);
    assert!(
        found.left_out[0].why.contains("the trails encrypt with different keys"),
        "{:#?}",
        found.left_out
    );
    assert_comments_are_true(&installation, &found.text).await;
}

#[tokio::test]
async fn if_prefixes_differ_the_trails_of_the_rarer_prefix_are_left_out_and_keep_delivering() {
    let text = members(2);
    let installation =
        Installation::edited(&text, |state| trail_of(state, "000000000001")["prefix"] = json!("elsewhere"))
            .await;
    let found = imported(&installation, &text).await;
    assert!(found.comparison.plan.is_in_sync(), "{:#?}\n{}", found.comparison.plan.changes, found.text);
    let left_out = &found.left_out[0];
    assert_eq!(left_out.why, "it delivers below the prefix `elsewhere`, and a spec has only one prefix");
    assert!(found.text.contains(&left_out.what) && found.text.contains(&left_out.why), "{}", found.text);
    // The trail has the tag of the installation, so a plan would delete it.
    let lines = assert_comments_are_true(&installation, &found.text).await;
    assert!(lines.contains(&"deletion: { trails: false }".to_owned()), "{lines:?}");
}

#[tokio::test]
async fn drifted_settings_are_omitted_or_unmanaged_and_commented() {
    let text = members(1).with("trails.0", "{ sns_topic: { name: files } }");
    for (name, edit) in [
        ("retention", (|state| unset(state, "versioning")) as fn(&mut Value)),
        ("statement", |state| {
            let policy = bucket_of(state)["policy"]
                .as_str()
                .unwrap()
                .edited_everywhere("TestDenyInsecureTransport", "Theirs");
            bucket_of(state)["policy"] = json!(policy);
        }),
        ("rotation", |state| key_of(state)["rotation_days"] = json!(null)),
        ("tag", |state| unset(state, "tagging")),
        ("topic", |state| regional(state, MASTER)["topics"]["files"]["tags"] = json!({})),
        ("multi region", |state| trail_of(state, MASTER)["multi_region"] = json!(false)),
    ] {
        let installation = Installation::edited(&text, edit).await;
        let found = imported(&installation, &text).await;
        assert!(
            found.comparison.plan.is_in_sync(),
            "{name}: {:#?}\n{}",
            found.comparison.plan.changes,
            found.text
        );
        let again = installation.plan(&found.text).await;
        assert!(again.is_in_sync(), "{name}: {:#?}\n{}", again.changes, found.text);
        assert_comments_are_true(&installation, &found.text).await;
    }
}

/// Most trails deliver below a prefix for which they have no permission. The spec has the prefix
/// that changes nothing.
#[tokio::test]
async fn the_prefix_that_changes_nothing_is_imported() {
    let text = members(2);
    let installation = Installation::edited(&text, |state| {
        trail_of(state, "000000000001")["prefix"] = json!("elsewhere");
        trail_of(state, "000000000002")["prefix"] = json!("elsewhere");
    })
    .await;
    let found = imported(&installation, &text).await;
    assert!(found.comparison.plan.is_in_sync(), "{:#?}\n{}", found.comparison.plan.changes, found.text);
    assert_eq!((found.trails, found.left_out.len()), (1, 2), "{}", found.text);
    assert!(!found.text.contains("\n  prefix:"), "{}", found.text);
}

/// Creates two installations with separate trails in one bucket, with one key.
async fn two() -> (Installation, String) {
    let installation = Installation::new();
    let text = members(2);
    let other = members(1).with("name", "other").with("trails.0.name", "Others");
    installation.converge(&text).await;
    installation.converge(&other).await;
    (installation, text)
}

#[tokio::test]
async fn trails_of_another_installation_are_left_to_it_with_the_ways_out() {
    let (installation, text) = two().await;
    let found = imported(&installation, &text).await;
    assert_eq!((found.name.as_str(), found.trails), ("test", 3), "{}", found.text);
    assert!(found.comparison.plan.is_in_sync(), "{:#?}\n{}", found.comparison.plan.changes, found.text);
    let others: Vec<_> =
        found.left_out.iter().filter(|it| it.why == "installation `other` manages it").collect();
    assert_eq!(others.len(), 2, "{:#?}", found.left_out);
    let hint = others[0].hint.as_deref().unwrap();
    for way in ["leave it to that installation", "`--name other`", "`--name test --previous-name other`"] {
        assert!(hint.contains(way) && found.text.contains(way), "{way}: {hint}\n{}", found.text);
    }
    // With its name, the other installation is imported unchanged, with the bucket and the key that
    // the first one created.
    let request = ImportRequest { name: Some("other".parse().unwrap()), ..ImportRequest::default() };
    let found = installation.import(&accounts_of(&text), &request).await.unwrap();
    assert_eq!((found.name.as_str(), found.trails), ("other", 2), "{}", found.text);
    assert!(found.comparison.plan.is_in_sync(), "{:#?}\n{}", found.comparison.plan.changes, found.text);
    assert!(
        found.notes.iter().any(|it| it.contains("carries the tag of installation `test`")),
        "{:#?}",
        found.notes
    );
    // With a name that no installation has, there is nothing to import.
    let request = ImportRequest { name: Some("new".parse().unwrap()), ..ImportRequest::default() };
    let error = installation.import(&accounts_of(&text), &request).await.unwrap_err();
    assert!(matches!(error, ImportError::OtherInstallations { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "installations `other` and `test` manage every trail that delivers to bucket test-logs"
    );
    assert!(error.hint().unwrap().contains("`--name new --previous-name other`"), "{:?}", error.hint());
}

#[tokio::test]
async fn an_installation_is_imported_under_a_new_name_and_the_plan_renames_it() {
    let installation = Installation::new();
    let bound = "permissions_boundary: \"arn:aws:iam::aws:policy/CloudWatchLogsFullAccess\"";
    let destinations =
        format!("{{ cloudwatch_logs: {{ log_group: a, {bound} }}, sns_topic: {{ name: t }} }}");
    let text = members(2).with("trails.0", &destinations);
    installation.converge(&text).await;
    let request = ImportRequest {
        name: Some("after".parse().unwrap()),
        previous_name: Some("test".parse().unwrap()),
        ..ImportRequest::default()
    };
    let found = installation.import(&accounts_of(&text), &request).await.unwrap();
    assert!(found.text.contains("name: after\nprevious_name: test\n"), "{}", found.text);
    assert!(found.text.contains(bound), "{}", found.text);
    assert_eq!(found.comparison.refusals, []);
    installation.watch_over(|_| true);
    let plan = installation.converge(&found.text).await;
    assert_eq!((plan.summary.create, plan.summary.delete), (0, 0), "{:#?}", plan.changes);
    let after = found.text.edited_everywhere("previous_name: test\n", "");
    assert!(installation.plan(&after).await.is_in_sync());
    let state = format!("{:?}", installation.twin.summary());
    assert!(!state.contains("reconcile:spec\": \"test\"") && !state.contains("\"TestTrail"), "{state}");

    let request = ImportRequest { previous_name: Some("nobody".parse().unwrap()), ..request };
    let error = installation.import(&accounts_of(&text), &request).await.unwrap_err();
    assert_eq!(error.to_string(), "installation `nobody` manages no trail that delivers to bucket test-logs");
}

/// A foreign trail beside the trails of the installation is not imported.
#[tokio::test]
async fn a_trail_without_the_tag_of_the_installation_is_left_out() {
    let text = members(2);
    let installation =
        Installation::edited(&text, |state| trail_of(state, "000000000002")["tags"] = json!({})).await;
    let found = imported(&installation, &text).await;
    assert_eq!(found.trails, 2, "{}", found.text);
    assert!(found.comparison.plan.is_in_sync(), "{:#?}\n{}", found.comparison.plan.changes, found.text);
    assert!(
        found.left_out[0].why.contains("does not carry the tag of installation `test`"),
        "{:#?}",
        found.left_out
    );
}

#[tokio::test]
async fn names_that_are_newer_than_this_version_are_declared() {
    let selector = |kind: &str| {
        format!(
            "[{{ FieldSelectors: [{{ Field: eventCategory, Equals: [Data] }}, \
             {{ Field: resources.type, Equals: [\"{kind}\"] }}] }}]"
        )
    };
    let text = members(1)
        .with("recognize", "[\"AWS::S3::Objects\"]")
        .with("trails.0.advanced_event_selectors", &selector("AWS::S3::Objects"));
    let installation = Installation::new();
    installation.converge(&text).await;
    let found = imported(&installation, &text).await;
    assert!(found.text.contains("recognize: [\"AWS::S3::Objects\"]"), "{}", found.text);
    assert!(found.comparison.plan.is_in_sync(), "{}", found.text);
}

/// The error names the trail in AWS, not a line of a file that nobody has seen.
#[tokio::test]
async fn a_trail_that_no_spec_can_describe_is_left_out_by_its_arn() {
    let text = members(1);
    let misspelled = |state: &mut Value, account: &str| {
        trail_of(state, account)["advanced_event_selectors"] = json!([{ "FieldSelectors": [
            { "Field": "eventCategory", "Equals": ["Data"] },
            { "Field": "newField", "Equals": ["x"] },
            { "Field": "resources.type", "Equals": ["AWS::S3::Object"] },
        ] }]);
        trail_of(state, account)["event_selectors"] = json!([]);
    };
    let installation = Installation::edited(&text, |state| misspelled(state, "000000000001")).await;
    let found = imported(&installation, &text).await;
    assert!(found.comparison.plan.is_in_sync(), "{:#?}\n{}", found.comparison.plan.changes, found.text);
    let left_out = &found.left_out[0];
    assert_eq!(left_out.what, "trail arn:aws:cloudtrail:eu-west-1:000000000001:trail/Trail");
    assert!(left_out.why.starts_with("a spec cannot describe it: "), "{left_out:#?}");

    let installation = Installation::edited(&text, |state| {
        misspelled(state, "000000000001");
        misspelled(state, MASTER);
    })
    .await;
    let error = installation.import(&accounts_of(&text), &ImportRequest::default()).await.unwrap_err();
    let said = error.to_string();
    assert!(
        said.starts_with("a spec cannot describe any trail that delivers to bucket test-logs; "),
        "{said}"
    );
    assert!(said.contains("newField") && !said.contains("-->") && !said.contains("imported spec"), "{said}");
}

/// The resources that others created for a trail do not change: the spec names the topic by its
/// ARN, and does not contain the log group.
#[tokio::test]
async fn a_topic_of_others_is_named_by_its_arn_and_a_log_group_is_reported() {
    let trail =
        "{ cloudwatch_logs: { log_group: a, encryption: key }, sns_topic: { name: t, encryption: key } }";
    let text = members(1).with("trails.0", trail);
    let installation = Installation::edited(&text, |state| {
        unmarked(state);
        let topic = &mut regional(state, MASTER)["topics"]["t"];
        topic["tags"] = json!({});
        topic["policy"] =
            json!(topic["policy"].as_str().unwrap().edited_everywhere("TestTrailNotify", "Notify"));
        for account in [MASTER, "000000000001"] {
            let role = &mut state["accounts"][account]["iam_roles"];
            role.as_object_mut()
                .into_iter()
                .flat_map(|it| it.values_mut())
                .for_each(|it| it["tags"] = json!({}));
        }
    })
    .await;
    let found = imported(&installation, &text).await;
    assert!(found.comparison.plan.is_in_sync(), "{:#?}\n{}", found.comparison.plan.changes, found.text);
    assert!(
        found.text.contains("sns_topic: { arn: \"arn:aws:sns:eu-west-1:111111111111:t\" }"),
        "{}",
        found.text
    );
    assert!(!found.text.contains("cloudwatch_logs:"), "{}", found.text);
    assert!(
        found.text.contains("# - log group arn:aws:logs:eu-west-1:000000000001:log-group:a: "),
        "{}",
        found.text
    );
    let groups: Vec<&str> = found.left_out.iter().map(|it| it.what.as_str()).collect();
    assert_eq!(
        groups,
        [
            "log group arn:aws:logs:eu-west-1:000000000001:log-group:a",
            "log group arn:aws:logs:eu-west-1:111111111111:log-group:a"
        ]
    );
    assert_comments_are_true(&installation, &found.text).await;
}

/// If the live policies do not allow a trail to deliver, they cannot stay unmanaged.
#[tokio::test]
async fn incomplete_policies_are_imported_as_managed() {
    let text = members(1);
    let without = |policy: &mut Value| {
        *policy = json!(policy.as_str().unwrap().edited_everywhere("000000000001", "999999999999"));
    };
    let installation = Installation::edited(&text, |state| {
        without(&mut bucket_of(state)["policy"]);
        without(&mut key_of(state)["policy"]);
    })
    .await;
    let found = imported(&installation, &text).await;
    assert_eq!(found.comparison.refusals, [], "{}", found.text);
    assert_eq!(
        found.text.matches("# The live policy does not let every trail deliver").count(),
        2,
        "{}",
        found.text
    );
    let mut addresses: Vec<String> =
        found.comparison.plan.changes.iter().map(|it| it.address.to_string()).collect();
    addresses.dedup();
    assert_eq!(addresses[..2], ["key_policy/master/test", "bucket_policy/master/test-logs"]);
    assert!(addresses.iter().all(|it| it.contains("_policy/")), "{addresses:?}");
}

/// Imports a trail of the member account that records these events instead of its original ones.
async fn recording(selectors: Value) -> Imported {
    let text = members(1);
    let edit = |state: &mut Value| trail_of(state, "000000000001")["event_selectors"] = selectors;
    let installation = Installation::edited(&text, edit).await;
    imported(&installation, &text).await
}

#[tokio::test]
async fn events_that_several_selectors_name_are_imported_in_full() {
    let selector = |resources: Value| json!({ "ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": resources });
    let found = recording(json!([
        selector(json!([
            { "Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::one-bucket/", "arn:aws:s3:::one-bucket/b\"c\\d"] },
            { "Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::My_Old_Bucket/"] },
        ])),
        selector(json!([
            { "Type": "AWS::Lambda::Function", "Values": ["arn:aws:lambda"] },
            { "Type": "AWS::DynamoDB::Table", "Values": [] },
        ])),
    ]))
    .await;
    assert!(found.comparison.plan.is_in_sync(), "{:#?}\n{}", found.comparison.plan.changes, found.text);
    let events = r#"data_events: { lambda: all, s3: ["arn:aws:s3:::My_Old_Bucket/", "arn:aws:s3:::one-bucket/", "arn:aws:s3:::one-bucket/b\"c\\d"] }"#;
    assert!(found.text.contains(events), "{}", found.text);
    assert_eq!(found.notes, [""; 0]);
}

#[tokio::test]
async fn data_events_for_reads_or_writes_alone_are_imported_as_they_are() {
    let data = |which: &str, kind: &str, value: &str| {
        json!({ "ReadWriteType": which, "IncludeManagementEvents": false,
            "DataResources": [{ "Type": kind, "Values": [value] }] })
    };
    let found = recording(json!([
        { "ReadWriteType": "All", "IncludeManagementEvents": true },
        data("WriteOnly", "AWS::S3::Object", "arn:aws:s3:::"),
        data("ReadOnly", "AWS::DynamoDB::Table", "arn:aws:dynamodb:eu-west-1:000000000001:table/orders"),
        data("All", "AWS::Lambda::Function", "arn:aws:lambda"),
    ]))
    .await;
    assert!(found.comparison.plan.is_in_sync(), "{:#?}\n{}", found.comparison.plan.changes, found.text);
    for line in [
        "data_events: { dynamodb: { read_write: read, resources: [\"arn:aws:dynamodb:eu-west-1:000000000001:table/orders\"] }, \
         lambda: all, s3: { read_write: write, resources: all } }",
        // The trail has the default of CloudTrail. The default of a spec with these data events is
        // different.
        "recursive_logging: true",
    ] {
        assert!(found.text.contains(line), "{}", found.text);
    }
    assert_eq!(found.notes, [""; 0]);
}

#[tokio::test]
async fn event_aggregation_is_imported_and_kept_where_it_cannot_be_read() {
    let text =
        members(1).with("trails.0", "{ data_events: { lambda: all }, event_aggregation: [RESOURCE_ACCESS] }");
    let installation = Installation::new();
    installation.converge(&text).await;
    let found = imported(&installation, &text).await;
    assert!(found.comparison.plan.is_in_sync(), "{:#?}\n{}", found.comparison.plan.changes, found.text);
    assert!(found.text.contains("event_aggregation: [RESOURCE_ACCESS]"), "{}", found.text);
    assert_eq!(found.notes, [""; 0]);

    installation.twin.deny(vec![reconcile_twin::InjectedDenial {
        account: "000000000001".to_owned(),
        region: None,
        operation: "cloudtrail:GetEventConfiguration".to_owned(),
    }]);
    let found = imported(&installation, &text).await;
    assert!(found.comparison.plan.is_in_sync(), "{:#?}\n{}", found.comparison.plan.changes, found.text);
    assert_eq!(found.notes.len(), 1);
    let note = "trail arn:aws:cloudtrail:eu-west-1:000000000001:trail/Trail keeps its event aggregation, which could not be \
                read: ";
    assert!(found.notes[0].starts_with(note), "{:#?}", found.notes);
}

#[tokio::test]
async fn recursive_logging_is_imported_where_it_is_not_the_default() {
    for (events, is_on, line) in [
        ("{ enabled: true }", true, None),
        ("{ enabled: true }", false, Some("recursive_logging: false")),
        ("{ data_events: { s3: all } }", true, Some("recursive_logging: true")),
        ("{ data_events: { s3: all } }", false, None),
    ] {
        let text = members(1).with("trails.0", events);
        let installation = Installation::edited(&text, |state| {
            for account in [MASTER, "000000000001"] {
                trail_of(state, account)["recursive_logging"] = json!(is_on);
            }
        })
        .await;
        let found = imported(&installation, &text).await;
        assert!(found.comparison.plan.is_in_sync(), "{:#?}\n{}", found.comparison.plan.changes, found.text);
        let said = found.text.lines().find(|it| it.contains("recursive_logging")).map(str::trim);
        assert_eq!(said, line, "{events} {is_on}");
    }
}

/// A plan then only records more events, never fewer, and import reports this.
#[tokio::test]
async fn events_that_a_spec_cannot_describe_are_covered_and_reported() {
    let management = json!({ "ReadWriteType": "All", "IncludeManagementEvents": true });
    let data = |which: &str, bucket: &str| {
        json!({ "ReadWriteType": which, "IncludeManagementEvents": false,
            "DataResources": [{ "Type": "AWS::S3::Object", "Values": [bucket] }] })
    };
    for (selectors, said) in [
        (
            json!([
                management,
                data("ReadOnly", "arn:aws:s3:::read-bucket/"),
                data("WriteOnly", "arn:aws:s3:::written-bucket/")
            ]),
            "data_events: { s3: [\"arn:aws:s3:::read-bucket/\", \"arn:aws:s3:::written-bucket/\"] }",
        ),
        (json!([management, data("All", "arn:aws:s3:::logs-of")]), "data_events: { s3: all }"),
    ] {
        let found = recording(selectors).await;
        let changes = &found.comparison.plan.changes;
        let addresses: Vec<String> = changes.iter().map(|it| it.address.to_string()).collect();
        assert_eq!(addresses, ["trail/m0/Trail"], "{}", found.text);
        assert!(found.text.contains(said), "{}", found.text);
        assert!(found.notes[0].ends_with("with a plan, it records more"), "{:#?}", found.notes);
        assert!(found.text.contains(&format!("# Note: {}", found.notes[0])), "{}", found.text);
    }
}

#[tokio::test]
async fn insights_that_a_spec_cannot_describe_are_kept_and_reported() {
    let text = members(1);
    let installation = Installation::edited(&text, |state| {
        trail_of(state, "000000000001")["insight_selectors"] =
            json!([{ "InsightType": "ApiErrorRateInsight", "EventCategories": ["Data"] }]);
    })
    .await;
    let found = imported(&installation, &text).await;
    assert!(found.comparison.plan.is_in_sync(), "{:#?}\n{}", found.comparison.plan.changes, found.text);
    assert!(!found.text.contains("insights: "), "{}", found.text);
    assert!(found.notes[0].ends_with("and keeps them: ApiErrorRateInsight (Data)"), "{:#?}", found.notes);
}

#[tokio::test]
async fn insights_are_imported_by_the_category_of_their_events() {
    let text = members(1).with("trails.0", "{ data_events: { lambda: all } }");
    for (selectors, line) in [
        (
            json!([{ "InsightType": "ApiErrorRateInsight", "EventCategories": ["Data", "Management"] },
                { "InsightType": "ApiCallRateInsight", "EventCategories": ["Data"] }]),
            "insights: { management: [ApiErrorRateInsight], data: [ApiCallRateInsight, ApiErrorRateInsight] }",
        ),
        (
            json!([{ "InsightType": "ApiErrorRateInsight", "EventCategories": ["Data"] }]),
            "insights: { data: [ApiErrorRateInsight] }",
        ),
        (json!([{ "InsightType": "ApiErrorRateInsight" }]), "insights: [ApiErrorRateInsight]"),
    ] {
        let edit = |state: &mut Value| trail_of(state, "000000000001")["insight_selectors"] = selectors;
        let found = imported(&Installation::edited(&text, edit).await, &text).await;
        assert!(found.comparison.plan.is_in_sync(), "{:#?}\n{}", found.comparison.plan.changes, found.text);
        assert!(found.text.contains(line), "{}", found.text);
        assert_eq!(found.notes, [""; 0]);
    }
}

/// `import` finds trails with another home Region from every Region. A spec can have only one trail
/// with a name in an account.
#[tokio::test]
async fn a_second_trail_with_the_same_name_in_an_account_is_left_out() {
    let text = members(1);
    let installation = Installation::edited(&text, |state| {
        let trail = trail_of(state, "000000000001");
        trail["multi_region"] = json!(false);
        let mut other = trail.clone();
        other["home_region"] = json!("us-west-2");
        other["arn"] = json!("arn:aws:cloudtrail:us-west-2:000000000001:trail/Trail");
        state["accounts"]["000000000001"]["regions"]["us-west-2"] = json!({ "trails": { "Trail": other } });
    })
    .await;
    let found = imported(&installation, &text).await;
    assert_eq!(found.trails, 2, "{}", found.text);
    assert_eq!(found.left_out.len(), 1, "{:#?}", found.left_out);
    assert!(found.left_out[0].why.contains("has another trail of this name"), "{:#?}", found.left_out);
    assert!(found.comparison.plan.is_in_sync(), "{:#?}\n{}", found.comparison.plan.changes, found.text);
}

/// A plan of the imported spec deletes neither trails with another name nor trails that deliver to
/// another bucket.
#[tokio::test]
async fn a_partial_import_deletes_no_other_trail_of_the_installation() {
    let text = members(1);
    let more = text.with("trails.1", "{ name: More, accounts: [m0] }");
    let installation = Installation::edited(&more, |state| {
        let mut elsewhere = trail_of(state, "000000000001").clone();
        elsewhere["arn"] = json!("arn:aws:cloudtrail:eu-west-1:000000000001:trail/Elsewhere");
        elsewhere["bucket"] = json!("another-bucket");
        regional(state, "000000000001")["trails"]["Elsewhere"] = elsewhere;
    })
    .await;
    let wanted = reconcile_plan::observed::SurveyFilter { bucket: None, trail: "Trail".parse().ok() };
    let request = ImportRequest { wanted, ..ImportRequest::default() };
    let found = installation.import(&accounts_of(&text), &request).await.unwrap();
    assert!(found.comparison.plan.is_in_sync(), "{:#?}\n{}", found.comparison.plan.changes, found.text);
    let lines = assert_comments_are_true(&installation, &found.text).await;
    assert!(lines.contains(&"deletion: { trails: false }".to_owned()), "{lines:?}");
}

/// If no resource has a tag, the Sids of the statements identify the installation of the trails.
#[tokio::test]
async fn an_installation_without_tags_is_recognized_by_its_statements() {
    let text = members(1);
    let installation = Installation::edited(&text, |state| {
        trail_of(state, MASTER)["tags"] = json!({});
        trail_of(state, "000000000001")["tags"] = json!({});
        key_of(state)["tags"] = json!({});
        unset(state, "tagging");
    })
    .await;
    let found = imported(&installation, &text).await;
    assert_eq!(found.name.as_str(), "test");
    assert_eq!(found.unmanaged, ["tags"], "{}", found.text);
    assert!(found.comparison.plan.is_in_sync(), "{:#?}\n{}", found.comparison.plan.changes, found.text);
    // With another name, the plan warns that it would duplicate the statements of the first
    // installation, and import prints this warning too.
    let request = ImportRequest { name: Some("another".parse().unwrap()), ..ImportRequest::default() };
    let found = installation.import(&accounts_of(&text), &request).await.unwrap();
    assert!(found.comparison.plan.is_in_sync(), "{:#?}\n{}", found.comparison.plan.changes, found.text);
    let warned = |it: &&reconcile_plan::plan::Warning| it.code.as_str() == "other-installation";
    assert!(
        found.comparison.plan.warnings.iter().any(|it| warned(&it)),
        "{:#?}",
        found.comparison.plan.warnings
    );
    assert!(found.text.contains("# Note: statements of installation `test` also let"), "{}", found.text);
}
