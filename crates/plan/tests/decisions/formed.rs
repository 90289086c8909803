//! Tests the choice of the trail that uses a short form of a policy first.

use reconcile_plan::observed::Observed;
use reconcile_samples::every_destination;

use super::made::{compared, described, made, nothing, spec, with_policies};

/// Returns the plan for a spec and live state in which every policy has the plain form.
fn plan_of(text: &str, edit: fn(&mut Observed)) -> String {
    let mut observed = made(&spec(&every_destination()));
    edit(&mut observed);
    described(&compared(&spec(text), &observed))
}

fn trials(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| line.contains(" tests the form ")).collect()
}

fn by_account() -> String {
    with_policies(&every_destination(), "{ form: by_account }")
}

#[test]
fn a_trail_of_the_account_with_the_policy_tests_a_form_first() {
    let text = plan_of(&by_account(), |_| {});
    let of = |kind: &str, name: &str| {
        format!("trail/master/Trail tests the form by_account of {kind}/master/{name}")
    };
    let [key, bucket] = [of("key_policy", "test-key"), of("bucket_policy", "test-logs")];
    // Both the expanded and the contracted policy are written with a test of the form.
    assert_eq!(trials(&text), [&key, &bucket, &key, &bucket], "{text}");
}

/// The key policy removes the permission to decrypt of each trail, because another statement grants
/// it in the new form.
#[test]
fn a_permission_that_moves_into_another_form_is_still_needed() {
    let text = plan_of(&by_account(), |_| {});
    assert!(!text.contains("no longer need"), "{text}");
    let reason = "`TestTrailDecrypt` has permissions that the trails of the spec do not need, or that other managed \
        statements grant";
    assert!(text.contains(reason), "{text}");
}

#[test]
fn a_trail_of_another_account_tests_a_form_if_the_first_does_not_exist_or_deliver() {
    let absent: fn(&mut Observed) = |live| {
        let first = live.trails.keys().next().unwrap().clone();
        assert_eq!(first.account(), "111111111111");
        live.trails.insert(first, None);
    };
    let text = plan_of(&by_account(), absent);
    assert!(trials(&text).iter().all(|it| it.starts_with("trail/member/Trail ")), "{text}");
    assert_eq!(trials(&text).len(), 4, "{text}");
}

#[test]
fn a_created_trail_tests_the_forms_of_new_policies_before_all_others() {
    let spec = spec(&by_account());
    let comparison = compared(&spec, &nothing(&spec));
    let text = described(&comparison);
    let of = |kind: &str, name: &str| {
        format!("trail/master/Trail tests the form by_account of {kind}/master/{name}")
    };
    assert_eq!(trials(&text), [of("bucket_policy", "test-logs"), of("key_policy", "test-key")], "{text}");
    let trails = comparison.plan.changes.iter().filter(|it| it.address.name == "Trail");
    let trails: Vec<_> = trails.map(|it| (it.address.to_string(), it.trials.len(), &it.depends_on)).collect();
    let [(first, 2, before), (other, 0, after)] = trails.as_slice() else { panic!("{trails:#?}") };
    assert_eq!((first.as_str(), other.as_str()), ("trail/master/Trail", "trail/member/Trail"));
    let waits = |dependencies: &[reconcile_plan::Address]| {
        dependencies.iter().any(|it| it.to_string() == "trail/master/Trail")
    };
    assert!(!waits(before) && waits(after), "{trails:#?}");
}
