//! What `CONTRIBUTING.md` says of the structure is so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use reconcile_plan::Kind;

const PAGE: &str = include_str!("../CONTRIBUTING.md");

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The crates of this repository that each crate is built with, without those of its tests.
fn crates() -> BTreeMap<String, BTreeSet<String>> {
    let folders = std::fs::read_dir(root().join("crates")).unwrap();
    let read = folders.map(|folder| {
        let folder = folder.unwrap();
        let manifest = std::fs::read_to_string(folder.path().join("Cargo.toml")).unwrap();
        let built_with = manifest.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
        let names =
            built_with.lines().filter_map(|line| line.strip_prefix("reconcile-")?.split(['.', ' ']).next());
        (folder.file_name().into_string().unwrap(), names.map(str::to_owned).collect())
    });
    read.collect()
}

#[test]
fn every_crate_has_a_row() {
    for name in crates().keys() {
        assert!(PAGE.contains(&format!("\n| `{name}` |")), "{name}");
    }
}

#[test]
fn a_crate_depends_only_on_crates_to_its_left() {
    let line = PAGE.lines().find(|line| line.contains('▶')).unwrap();
    let order: Vec<&str> =
        line.split(|c: char| !c.is_ascii_alphanumeric()).filter(|name| !name.is_empty()).collect();
    let place = |name: &str| order.iter().position(|it| *it == name);
    for (name, dependencies) in crates() {
        if name == "campaign" {
            continue;
        }
        let place_of_name = place(&name).unwrap_or_else(|| panic!("{name} is not in: {line}"));
        for dependency in dependencies {
            let may_use_twin = ["cli", "sandbox"].contains(&&*name) && dependency == "twin";
            let is_left = place(&dependency).is_some_and(|place| place < place_of_name);
            assert!(is_left || may_use_twin, "{name} depends on {dependency}");
        }
    }
}

#[test]
fn every_kind_has_a_comparison_and_an_executor_in_a_file_of_its_name() {
    for kind in Kind::ALL {
        let file = match kind {
            Kind::ServiceAccess | Kind::DelegatedAdministrator => "organization",
            kind => kind.as_str(),
        };
        for folder in ["plan/src/compare", "apply/src/execute"] {
            let path = root().join("crates").join(folder).join(file).with_extension("rs");
            assert!(path.exists(), "{}", path.display());
        }
    }
}

#[test]
fn every_file_of_the_journeys_exists() {
    let paths = PAGE.split('`').skip(1).step_by(2).filter(|text| text.contains("/src/"));
    let missing: Vec<&str> =
        paths.clone().filter(|path| !root().join("crates").join(path).exists()).collect();
    assert!(paths.count() > 15, "the journeys are there");
    assert_eq!(missing, [""; 0]);
}
