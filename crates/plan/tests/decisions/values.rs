//! Tests values that `reconcile-diff` and `reconcile-apply` build and read.

use std::collections::BTreeSet;

use reconcile_operations::Operation;
use reconcile_plan::observed::{
    KeyState, LogAccess, Reach, ReadError, StoredPolicy, Subscription, Unread, UnreadableReason,
};
use reconcile_plan::plan::{Act, Action, ActionKind, Changed};
use reconcile_plan::view::{
    Alias, AtRest, DelegatedAdministrator, Grant, KeyRef, ServiceAccess, Tags, Topic, View,
};
use reconcile_plan::{Address, DriftReport, Kind, Plan, addresses, spare_key};
use reconcile_policy::{Document, KeyIdentifier};
use reconcile_samples::{EditSpec, every_destination};
use reconcile_text::Hint;

use super::made::{compared, hub, made, nothing, spec, unread};

fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn all_policies_of_an_installation_are_listed() {
    let observed = made(&spec(&every_destination()));
    let topic = observed.topics.values().flatten().next().unwrap();
    let key = observed.key.as_ref().unwrap();
    let expected = [observed.bucket_policy.as_ref().unwrap(), &key.policy, &topic.policy];
    assert_eq!(observed.policies().collect::<Vec<&Document>>(), expected);
}

#[test]
fn tags_with_another_value_or_none_are_missing() {
    let wanted = tags(&[("a", "1"), ("b", "2"), ("c", "3")]);
    let live = tags(&[("a", "1"), ("b", "9"), ("d", "4")]);
    assert_eq!(wanted.missing_from(&live), tags(&[("b", "2"), ("c", "3")]));
}

#[test]
fn an_encryption_without_a_key_is_off() {
    assert_eq!(AtRest::of(None), AtRest::Off);
    assert_eq!(AtRest::of(Some("")), AtRest::Off);
    let key = AtRest::of(Some("alias/logs"));
    assert_eq!(key, AtRest::Kms { key: KeyRef::Known("alias/logs".to_owned().into()) });
    assert_eq!((key.key().map(KeyIdentifier::as_str), AtRest::Off.key()), (Some("alias/logs"), None));
}

#[test]
fn access_of_the_account_comes_before_access_of_the_log_group() {
    let access = |name: &str, unread_part| LogAccess {
        policies: Vec::new(),
        subscriptions: vec![Subscription {
            name: name.to_owned(),
            destination: "arn".to_owned(),
            pattern: String::new(),
            reach: Reach::Group,
        }],
        unread: vec![(unread_part, unread(Operation::DescribeResourcePolicies))],
    };
    let all = access("group", Unread::GroupPolicy).with(access("account", Unread::AccountPolicies));
    let names: Vec<&str> = all.subscriptions.iter().map(|it| it.name.as_str()).collect();
    let unread: Vec<Unread> = all.unread.iter().map(|(what, _)| *what).collect();
    assert_eq!(
        (names, unread),
        (vec!["account", "group"], vec![Unread::AccountPolicies, Unread::GroupPolicy])
    );
}

#[test]
fn a_stored_policy_is_parsed_or_rejected() {
    let text = r#"{"Version":"2012-10-17","Statement":[]}"#;
    let stored = StoredPolicy::parse("topic t", text.to_owned()).unwrap();
    assert_eq!((stored.text.as_str(), stored.document.statements().len()), (text, 0));
    let error = StoredPolicy::parse("topic t", "{".to_owned()).unwrap_err();
    assert!(matches!(&error, ReadError::Policy { resource, .. } if resource == "topic t"), "{error}");
}

#[test]
fn states_of_keys_have_a_name_and_words() {
    let dated = KeyState::PendingDeletion { date: Some("2026-12-01T00:00:00Z".parse().unwrap()) };
    for (state, name, words) in [
        (KeyState::Enabled, "Enabled", "enabled"),
        (KeyState::Disabled, "Disabled", "disabled"),
        (KeyState::PendingDeletion { date: None }, "PendingDeletion", "pending deletion"),
        (dated, "PendingDeletion", "pending deletion and will be deleted on 2026-12-01"),
        (
            KeyState::Other("PendingReplicaDeletion".to_owned()),
            "PendingReplicaDeletion",
            "pending replica deletion",
        ),
    ] {
        assert_eq!((state.name(), state.words().as_str()), (name, words));
    }
}

#[test]
fn the_reason_why_a_trail_is_unknown_names_the_state_of_its_account() {
    for (why, words) in [
        (UnreadableReason::Undeclared, "the spec does not declare the account"),
        (UnreadableReason::NotInOrganization, "the account is not in the organization"),
        (UnreadableReason::Inactive(Some("SUSPENDED".to_owned())), "the account is in the state `SUSPENDED`"),
        (UnreadableReason::Inactive(None), "Organizations does not return the state of the account"),
        (
            UnreadableReason::Unreadable(ReadError::Incomplete {
                resource: "trail T".to_owned(),
                what: "a name",
            }),
            "AWS returned trail T without a name",
        ),
    ] {
        assert_eq!(why.to_string(), words);
    }
}

fn topic(name: &str) -> Topic {
    Topic {
        arn: format!("arn:aws:sns:eu-west-1:111111111111:{name}").parse().unwrap(),
        encryption: None,
        tags: Tags::default(),
    }
}

#[test]
fn an_action_moves_towards_another_view_and_keeps_its_kind() {
    let change = |_: &Topic| Ok::<Topic, String>(topic("new"));
    let create = Action::Create { after: topic("a") };
    let update = Action::Update { before: topic("a"), after: topic("b") };
    let delete = Action::Delete { before: topic("a") };
    assert_eq!(create.try_map(change).unwrap(), Action::Create { after: topic("new") });
    assert_eq!(update.try_map(change).unwrap(), Action::Update { before: topic("a"), after: topic("new") });
    assert_eq!(delete.try_map(change).unwrap(), delete);
    let fail = |_: &Topic| Err::<Topic, &str>("unknown key");
    assert_eq!(update.try_map(fail), Err("unknown key"));
    let views = |it: &Action<Topic>| {
        (it.before().map(|it| it.arn.clone()), it.after().map(|it| it.arn.clone()), it.view().arn.clone())
    };
    let (a, b) = (topic("a").arn, topic("b").arn);
    assert_eq!(views(&create), (None, Some(a.clone()), a.clone()));
    assert_eq!(views(&update), (Some(a.clone()), Some(b.clone()), b));
    assert_eq!(views(&delete), (Some(a.clone()), None, a));
}

#[test]
fn a_spare_key_is_found_by_its_address_only() {
    let spec = spec(&every_destination());
    let desired = spec.desired();
    let account = &desired.key.site.account;
    let arn = "arn:aws:kms:eu-west-1:111111111111:key/1";
    let found = |address: &Address| spare_key(desired, address).map(|arn| arn.to_string());
    assert_eq!(found(&Address::new(Kind::Key, account, "test-key/1")).as_deref(), Some(arn));
    assert_eq!(found(&Address::new(Kind::Key, account, "test-key")), None);
    assert_eq!(found(&Address::new(Kind::Key, account, "other-key/1")), None);
    assert_eq!(found(&Address::new(Kind::Alias, account, "test-key/1")), None);
    assert_eq!(found(&Address::new(Kind::Key, &"member".parse().unwrap(), "test-key/1")), None);
}

#[test]
fn addresses_of_a_spec_name_its_organization_and_all_resources() {
    let text = include_str!("../../../../specs/organization-trail.yaml");
    let found: BTreeSet<String> = addresses(spec(text).desired()).map(|it| it.to_string()).collect();
    let expected = [
        "alias/security/orgtrail-logs",
        "bucket/security/orgtrail-central-logs",
        "bucket_policy/security/orgtrail-central-logs",
        "delegated_administrator/management/security",
        "key/security/orgtrail-logs",
        "key_policy/security/orgtrail-logs",
        "service_access/management/cloudtrail.amazonaws.com",
        "trail/management/OrganizationTrail",
    ];
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<&str>>(), expected);
}

#[test]
fn a_plan_acts_in_the_accounts_of_its_changes_and_of_the_trails_that_it_checks() {
    let spec = spec(&every_destination());
    let plan = compared(&spec, &nothing(&spec)).plan;
    let accounts: Vec<(String, String)> =
        plan.accounts().into_iter().map(|(name, id)| (name.to_string(), id.to_string())).collect();
    let expected = [("master", "111111111111"), ("member", "222222222222")];
    assert_eq!(accounts, expected.map(|(name, id)| (name.to_owned(), id.to_owned())));
    let mut only_policy = plan;
    only_policy.changes.retain(|change| change.address.kind == Kind::KeyPolicy);
    assert_eq!(only_policy.accounts().len(), 1);
}

#[test]
fn refusals_are_kept_for_targets_that_they_concern() {
    let spec = spec(&every_destination());
    let mut observed = made(&spec);
    hub(&mut observed).key.traits.state = KeyState::Disabled;
    observed.trails.values_mut().flatten().for_each(|trail| trail.logging = false);
    let comparison = compared(&spec, &observed);
    assert_eq!(comparison.plan.refused.len(), 1, "{:?}", comparison.plan.refused);
    for (target, count) in [
        ("key/master/test-key", 1),
        ("trail/member/Trail", 1),
        ("bucket/master/test-logs", 0),
        ("topic/master/log-files", 0),
    ] {
        let mut targeted = comparison.clone();
        targeted.target(|address| address.to_string() == target);
        assert_eq!((targeted.plan.refused.len(), targeted.refusals.len()), (count, count), "{target}");
        // The summary counts resources: both trails are left out.
        assert_eq!(targeted.plan.summary.refused, 2 * count, "{target}");
    }
}

#[test]
fn a_target_keeps_findings_about_itself() {
    let spec = spec(&every_destination());
    let mut observed = made(&spec);
    let policy = observed.bucket_policy.clone().unwrap();
    observed.bucket_policy = Some(policy.retain(|it| it.sid() != Some("TestTrailWrite")));
    let comparison = compared(&spec, &observed);
    assert_eq!(comparison.undelivered.len(), 2);
    let mut targeted = comparison.clone();
    targeted.target(|address| address.to_string() == "trail/member/Trail");
    let kept: Vec<String> = targeted.undelivered.iter().map(|path| path.address.to_string()).collect();
    assert_eq!(kept, ["trail/member/Trail"]);
}

#[test]
fn each_kind_of_change_names_its_policy() {
    let spec = spec(&every_destination());
    let plan = compared(&spec, &nothing(&spec)).plan;
    for change in &plan.changes {
        assert_eq!(change.action(), ActionKind::Create, "{}", change.address);
        let is_topic = matches!(change.changed, Changed::Topic(_));
        assert_eq!(is_topic, change.address.kind == Kind::Topic);
    }
    let none: Option<Action<Topic>> = Action::of(None, None);
    assert_eq!(none, None);
}

#[test]
fn views_without_unmanaged_settings_are_compared_as_a_whole() {
    let alias = |name: &str| Alias { name: name.to_owned(), target: KeyRef::Known("key".to_owned().into()) };
    assert_eq!(alias("a").managed(&alias("b")), alias("a"));
    let access = |service: &str| ServiceAccess { service: service.to_owned() };
    assert_eq!(access("a").managed(&access("b")), access("a"));
    let administrator =
        |id: &str| DelegatedAdministrator { account: id.parse().unwrap(), service: "a".to_owned() };
    let (one, two) = (administrator("111111111111"), administrator("222222222222"));
    assert_eq!(one.managed(&two), one);
    let grant = made(&spec(&every_destination())).key.unwrap().grants.remove(0);
    let other = Grant { name: "other".to_owned(), ..grant.clone() };
    assert_eq!(grant.managed(&other), grant);
}

#[test]
fn the_hint_for_a_broken_plan_file_is_a_new_plan() {
    let error = Plan::from_json("{").unwrap_err();
    assert_eq!(error.hint().as_deref(), Some("create a new plan with `reconcile plan SPEC`"));
}

#[test]
fn a_fingerprint_is_printed_as_it_is_saved() {
    let spec = spec(&every_destination());
    let plan = compared(&spec, &nothing(&spec)).plan;
    let fingerprint = &plan.changes[0].observed_fingerprint;
    assert_eq!(serde_json::to_value(fingerprint).unwrap(), fingerprint.to_string());
    assert!(fingerprint.to_string().starts_with("sha256:"));
}

#[test]
fn a_drift_check_has_the_findings_and_accounts_of_the_comparison() {
    let spec = spec(&every_destination());
    let mut observed = made(&spec);
    observed.trails.values_mut().flatten().for_each(|trail| trail.logging = false);
    let comparison = compared(&spec, &observed);
    let checked = DriftReport::new(&comparison);
    assert_eq!(checked.installation, "test");
    let accounts: Vec<String> = checked.accounts.keys().map(ToString::to_string).collect();
    assert_eq!(accounts, ["master", "member"]);
    let found: Vec<(&str, &str)> = checked
        .findings
        .iter()
        .map(|it| (it.address.as_str(), it.account.as_ref().unwrap().id.as_str()))
        .collect();
    assert_eq!(found, [("trail/master/Trail", "111111111111"), ("trail/member/Trail", "222222222222")]);
}

/// The cases record only writes of log files, or only reads.
#[test]
fn unrecorded_access_to_log_files_is_reported() {
    let told = |events: &str| {
        let selected = format!("{{ read_write: {events}, resources: all }}");
        let text = every_destination().with("trails.0.data_events.s3", &selected);
        let spec = spec(&text);
        let warnings = compared(&spec, &made(&spec)).plan.warnings;
        warnings.into_iter().find(|it| it.code.as_str() == "unlogged-access").map(|it| it.message)
    };
    assert!(
        told("read")
            .unwrap()
            .starts_with("no trail of the spec records who deletes or overwrites log files, and")
    );
    assert!(told("write").unwrap().starts_with("no trail of the spec records who reads log files, and"));
    assert_eq!(told("all"), None);
}
