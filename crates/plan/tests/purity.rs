//! Tests that pure crates cannot reach a network, because none of their dependencies can.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

/// The prefixes of the names of crates that make connections or run tasks.
const REACHES_A_NETWORK: [&str; 8] =
    ["aws-", "futures", "hyper", "mio", "reconcile-aws", "reconcile-diff", "socket2", "tokio"];

/// The dependencies of each package of a lock file, including the dependencies of its tests.
fn dependencies(lock: &str) -> BTreeMap<&str, Vec<&str>> {
    let packages = lock.split("[[package]]").skip(1).map(|package| {
        let name = package.split_once("name = \"").unwrap().1.split('"').next().unwrap();
        let list =
            package.split_once("dependencies = [").map_or("", |(_, rest)| rest.split(']').next().unwrap());
        // A version follows the name if the lock file has several versions.
        let names = list.split('"').skip(1).step_by(2).map(|name| name.split(' ').next().unwrap());
        (name, names.collect())
    });
    packages.collect()
}

/// The crates that CONTRIBUTING calls pure.
fn pure_crates() -> Vec<&'static str> {
    let page = include_str!("../../../CONTRIBUTING.md");
    let rows = page.lines().filter(|line| line.starts_with("| `") && line.contains(" Pure"));
    rows.map(|row| row.split('`').nth(1).unwrap()).collect()
}

#[test]
fn no_dependency_of_a_pure_crate_reaches_a_network() {
    let lock = include_str!("../../../Cargo.lock");
    let dependencies = dependencies(lock);
    assert!(dependencies["reconcile-diff"].contains(&"tokio"), "the lock file is read");
    assert_eq!(pure_crates(), ["text", "policy", "spec", "operations", "plan"]);
    for pure in pure_crates() {
        let package = format!("reconcile-{pure}");
        let (mut seen, mut open) = (BTreeSet::new(), vec![package.as_str()]);
        while let Some(name) = open.pop() {
            if seen.insert(name) {
                open.extend(&dependencies[name]);
            }
        }
        let reaches = |name: &&&str| REACHES_A_NETWORK.iter().any(|start| name.starts_with(start));
        let found: Vec<&&str> = seen.iter().filter(reaches).collect();
        assert_eq!(found, [&""; 0], "{pure}");
    }
}
