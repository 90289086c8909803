//! Regions that do not exist. `on_twin/regions.rs` tests an installation in each partition.

use crate::support::Project;

const SPEC: &str = "specs/prod.yaml";

fn in_region(region: &str) -> Project {
    let project = Project::new();
    project.write(SPEC, project.read(SPEC).replace("us-east-1", region));
    project
}

#[test]
fn a_region_of_an_unknown_partition_is_rejected_at_once() {
    const REJECTED: &str = "`us-isox-east-1` is not a Region of an AWS partition that this version knows";
    let project = in_region("us-isox-east-1");
    project.run("plan specs/prod.yaml --sandbox").exits(1).says(REJECTED).says("specs/prod.yaml:13:");
    let project = Project::new();
    project.run("plan specs/prod.yaml --sandbox --region us-isox-east-1").exits(1).says(REJECTED);
}
