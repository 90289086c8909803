//! Checks the rules of `CONTRIBUTING.md` about the structure.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use reconcile_plan::Kind;

const PAGE: &str = include_str!("../CONTRIBUTING.md");

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Returns the dependencies of each crate that are crates of this repository, without those of its
/// tests.
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

/// Returns the folders in the table of stages, each with the last cell of its row.
fn stages() -> BTreeMap<&'static str, &'static str> {
    let rows = PAGE.lines().skip_while(|line| !line.starts_with("| folder |")).skip(2);
    let cells = |row: &'static str| -> Vec<&str> { row.split('|').map(str::trim).collect() };
    let rows = rows.take_while(|row| row.starts_with('|')).map(cells);
    rows.map(|row| (row[1].trim_matches('`'), row[3])).collect()
}

/// Returns the file that contains a kind in a stage, if its row names the file, as in "`a` and `b`
/// in `file`, `c` in `other`".
fn elsewhere(kind: Kind, row: &str) -> Option<&str> {
    let mut clauses = row.split(", ").filter_map(|clause| clause.split_once(" in `"));
    let (_, file) = clauses.find(|(kinds, _)| kinds.contains(&format!("`{kind}`")))?;
    Some(file.trim_end_matches('`'))
}

#[test]
fn only_the_campaign_and_tests_use_the_samples() {
    let users = crates().into_iter().filter(|(_, dependencies)| dependencies.contains("samples"));
    let users: Vec<String> = users.map(|(name, _)| name).collect();
    assert_eq!(users, ["campaign"]);
}

#[test]
fn every_kind_has_a_file_in_every_stage_or_is_in_the_file_that_its_row_names() {
    let stages = stages();
    assert!(stages.len() > 7, "the table is there");
    for (folder, row) in stages {
        let exists = |name: &str| root().join("crates").join(folder).join(name).with_extension("rs").exists();
        for kind in Kind::ALL {
            if folder == "plan/src/view" && kind.is_policy() {
                assert!(!exists(kind.as_str()), "{folder} has {kind}");
                continue;
            }
            match elsewhere(*kind, row) {
                Some(file) => {
                    assert!(exists(file), "{folder} has no {file}");
                    assert!(!exists(kind.as_str()), "{folder} has {kind} in a file of its own");
                }
                None => assert!(exists(kind.as_str()), "{folder} has no {kind}"),
            }
        }
    }
}

/// The command in CONTRIBUTING would not find `trails.rs`.
#[test]
fn no_file_has_a_kind_in_the_plural_in_its_name() {
    let plural = |kind: &Kind| match kind.as_str().strip_suffix('y') {
        Some(stem) if kind.is_policy() => format!("{stem}ies"),
        _ => format!("{kind}s"),
    };
    // Public keys of CloudTrail, and keys of a JSON object, are not KMS keys.
    let plurals: BTreeSet<String> =
        Kind::ALL.iter().map(plural).filter(|name| name != "keys").chain(["policies".to_owned()]).collect();
    let mut folders = crates().into_keys().map(|name| root().join("crates").join(name).join("src")).collect();
    let mut files = 0;
    while let Some(folder) = Vec::pop(&mut folders) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            assert!(!plurals.contains(name), "{}", path.display());
            match path.is_dir() {
                true => folders.push(path),
                false => files += 1,
            }
        }
    }
    assert!(files > 500, "the files are there");
}

#[test]
fn every_file_of_the_journeys_exists() {
    let paths = PAGE.split('`').skip(1).step_by(2).filter(|text| text.contains("/src/"));
    let missing: Vec<&str> =
        paths.clone().filter(|path| !root().join("crates").join(path).exists()).collect();
    assert!(paths.count() > 15, "the journeys are there");
    assert_eq!(missing, [""; 0]);
}
