//! The limits of an edited saved plan. `on_twin/approval.rs` tests every edit.

use reconcile_samples::{EditSpec, PROD};
use serde_json::json;

use crate::support::Project;

const PLAN: &str = ".reconcile/plan.json";

/// Creates a project with a saved plan that somebody edited.
fn edited(edit: impl FnOnce(&mut serde_json::Value)) -> Project {
    let project = Project::new();
    project.run("plan specs/prod.yaml --sandbox").exits(0);
    project.edit(PLAN, edit);
    project
}

#[test]
fn an_edited_plan_is_refused_with_the_place() {
    let project = edited(|plan| {
        let changes = plan["changes"].as_array_mut().unwrap();
        let trail = changes.iter_mut().find(|it| it["address"] == "trail/production/SecurityTrail").unwrap();
        trail["after"]["bucket"] = json!("attacker");
    });
    project
        .run("apply --sandbox")
        .exits(3)
        .says("the plan file does not match its spec: trail/production/SecurityTrail: the spec has another value for `bucket`")
        .says("nothing was changed")
        .says("reconcile plan specs/prod.yaml");
    let error = project.run("apply --sandbox --format json").exits(3).json();
    assert_eq!(error["error"]["code"], "plan");
    assert!(!project.path(".reconcile/journal").exists());
    let shown = project.run("sandbox show").exits(0);
    assert!(!shown.stdout.contains("secprod-multiaccount-logs"), "{}", shown.stdout);
}

#[test]
fn a_plan_names_neither_its_journal_nor_any_file_as_its_spec() {
    for name in ["../../x", "other"] {
        let project = edited(|plan| plan["spec"]["name"] = json!(name));
        project.run("apply --sandbox").exits(1).says("has changed since the plan was made");
        assert!(!project.path(".reconcile/journal").exists());
    }
    for path in ["/dev/zero", "specs", "a\0b", "none.yaml"] {
        edited(|plan| plan["spec"]["path"] = json!(path)).run("apply --sandbox").exits(1).says("cannot read");
    }
    // Another spec, written by the person who edited the plan.
    let project = edited(|_| {});
    project.write("evil.yaml", PROD.with("trails.0.name", "Evil"));
    project.run("plan evil.yaml --sandbox").exits(0);
    project
        .run("apply --sandbox --spec specs/prod.yaml")
        .exits(1)
        .says("`specs/prod.yaml` has changed since the plan was made");
    project.run("plan specs/prod.yaml --sandbox").exits(0);
    project.run("apply --sandbox --spec specs/prod.yaml").exits(0);
}

#[test]
fn a_plan_that_deletes_everything_needs_to_be_asked_for() {
    let project = Project::new();
    project.run("apply specs/prod.yaml --sandbox --yes").exits(0);
    project.run("apply specs/prod.yaml --sandbox --destroy").exits(1).says("--yes");
    project.run("plan specs/prod.yaml --sandbox").exits(0);
    project.run("apply --sandbox --destroy").exits(1).says("this plan was made without `--destroy`");
    project.edit(PLAN, |plan| plan["destroy"] = json!(true));
    project
        .run("apply --sandbox")
        .exits(1)
        .says("this plan deletes the installation")
        .says("pass `--destroy`");
    project.run("plan specs/prod.yaml --sandbox --destroy").exits(0);
    project.run("apply --sandbox").exits(1).says("pass `--destroy`");
    project.run("apply --sandbox --destroy").exits(0);
    project.run("plan specs/prod.yaml --sandbox --destroy").exits(0).says("No changes.");
}

#[test]
fn each_spec_gets_a_plan_even_if_another_spec_fails() {
    let project = Project::new();
    let other = PROD.with("", "{ name: other, bucket: { name: other-multiaccount-logs } }");
    project.write("specs/other.yaml", other);
    project.write("specs/wrong.yaml", "name: [");
    let words = "plan specs/prod.yaml specs/wrong.yaml specs/other.yaml --sandbox --out plans";
    let run = project.run(words).exits(1);
    assert!(run.stdout.contains("Apply it with `reconcile apply plans/secprod.json`."), "{}", run.stdout);
    let run = project.run(&format!("{words} --format json")).exits(1);
    let plans = run.json()["plans"].clone();
    let files: Vec<_> = plans.as_array().unwrap().iter().map(|it| it["file"].as_str()).collect();
    assert_eq!(files, [Some("plans/secprod.json"), None, Some("plans/other.json")]);
    assert_eq!(
        (&plans[1]["error"]["code"], &plans[0]["plan"]["spec"]["name"]),
        (&json!("spec"), &json!("secprod"))
    );
    project.run("plan specs/prod.yaml specs/other.yaml --sandbox --detailed-exitcode").exits(2);
    project.run("apply plans/secprod.json --sandbox").exits(0);
    project
        .run("plan specs/prod.yaml specs/prod.yaml --sandbox")
        .exits(1)
        .says("and another of these specs have the same `name`");
}
