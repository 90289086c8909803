//! Tests that a saved plan equals the original plan.

use reconcile_plan::Plan;
use reconcile_plan::observed::{KeyState, Observed};
use reconcile_plan::plan::PlanFileError;
use reconcile_samples::{EditSpec, every_destination};

use super::made::{compared, hub, made, no_destinations, nothing, spec};

/// A plan that creates everything, a plan that updates and deletes, and a plan with a refusal.
fn plans() -> [Plan; 3] {
    let everything = spec(&every_destination());
    let mut observed: Observed = made(&everything);
    observed.trails.values_mut().flatten().for_each(|trail| trail.logging = false);
    let without_grants = spec(&no_destinations().without("key.grants").without("trails.0.data_events"));
    let mut unusable = observed.clone();
    hub(&mut unusable).key.traits.state = KeyState::Disabled;
    let refused = compared(&everything, &unusable).plan;
    assert!(refused.summary.refused > 0, "{:?}", refused.summary);
    [compared(&everything, &nothing(&everything)).plan, compared(&without_grants, &observed).plan, refused]
}

#[test]
fn a_saved_plan_is_read_unchanged() {
    for plan in plans() {
        let text = plan.to_json().unwrap();
        assert!(text.ends_with("}\n"), "{text}");
        assert_eq!(Plan::from_json(&text).unwrap(), plan);
        for change in &plan.changes {
            assert_eq!(
                change.changed.policy().is_some(),
                change.address.kind.is_policy(),
                "{}",
                change.address
            );
        }
    }
}

#[test]
fn a_plan_file_of_another_version_or_a_broken_one_is_rejected() {
    let [plan, ..] = plans();
    let text = plan.to_json().unwrap();
    let with_version = |version: &str| text.replacen(r#""format_version": "1.0""#, version, 1);
    assert_eq!(Plan::from_json(&with_version(r#""format_version": "1.7""#)).unwrap().changes, plan.changes);
    let error = Plan::from_json(&with_version(r#""format_version": "2.0""#)).unwrap_err();
    assert!(matches!(&error, PlanFileError::Version { found } if found == "2.0"), "{error}");
    let error = Plan::from_json(&text[..text.len() / 2]).unwrap_err();
    assert!(matches!(error, PlanFileError::Truncated { .. }), "{error}");
    let error = Plan::from_json(r#"{"format_version": "1.0", "changes": 1}"#).unwrap_err();
    assert!(matches!(error, PlanFileError::Invalid(_)), "{error}");
    // A delete has a value before the change, and an invalid action has none.
    let broken = text.replacen(r#""action": "create""#, r#""action": "delete""#, 1);
    assert_ne!(broken, text);
    let error = Plan::from_json(&broken).unwrap_err();
    assert!(matches!(error, PlanFileError::Invalid(_)), "{error}");
}
