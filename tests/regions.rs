//! Regions outside of the commercial partition, and Regions that do not exist.

use serde_json::{Value, json};

use crate::support::Project;

const SPEC: &str = "specs/prod.yaml";

fn in_region(region: &str) -> Project {
    let project = Project::new();
    project.write(SPEC, project.read(SPEC).replace("us-east-1", region));
    project
}

#[test]
fn an_installation_in_the_european_sovereign_cloud() {
    let project = in_region("eusc-de-east-1");
    project.run("plan specs/prod.yaml --sandbox").exits(0).says("Plan: 8 to create");
    project.run("apply --sandbox --propagation-timeout 0").exits(0).says("Applied 8 changes");
    project.run("plan specs/prod.yaml --sandbox --detailed-exitcode").exits(0).says("No changes.");
    project.run("drift specs/prod.yaml --sandbox").exits(0).says("in sync");
    let explained = project.run("explain specs/prod.yaml --sandbox --format json").exits(0).json();
    let trails = explained["resources"].as_array().unwrap();
    let delivers = |trail: &Value| trail["delivery"]["can_deliver"] == json!(true);
    assert!(trails.len() == 3 && trails.iter().all(delivers), "{explained}");
    assert!(!project.read(".reconcile/sandbox.json").contains("arn:aws:"));
}

#[test]
fn a_region_of_an_unknown_partition_is_rejected_at_once() {
    const REJECTED: &str = "`us-isox-east-1` is not a Region of an AWS partition that this version knows";
    let project = in_region("us-isox-east-1");
    project.run("plan specs/prod.yaml --sandbox").exits(1).says(REJECTED).says("specs/prod.yaml:13:");
    let project = Project::new();
    project.run("plan specs/prod.yaml --sandbox --region us-isox-east-1").exits(1).says(REJECTED);
}
