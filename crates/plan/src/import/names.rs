//! Finds the name of an existing installation in its tags and in the Sids of its statements.

use std::collections::{BTreeMap, BTreeSet};

use reconcile_policy::{Arn, Document, Ownership, named_trails};
use reconcile_spec::SpecName;

use super::{ImportError, ImportRequest};
use crate::observed::Setup;

/// Returns the name under which the installation is found in AWS.
pub(super) fn found(setup: &Setup, request: &ImportRequest) -> Result<SpecName, ImportError> {
    let known = || tagged(setup).into_iter().chain(by_statements(setup)).map(|(name, _)| name);
    if let Some(previous) = &request.previous_name {
        return match known().any(|name| name == previous.as_str()) {
            true => Ok(previous.clone()),
            false => {
                Err(ImportError::NotAnInstallation { bucket: setup.bucket.clone(), name: previous.clone() })
            }
        };
    }
    if let Some(name) = &request.name {
        return Ok(name.clone());
    }
    let found = known().find_map(|name| name.parse().ok());
    found.map_or_else(|| name_from_bucket(setup), Ok)
}

/// Returns the installations whose tags trails have, each with the number of trails. The
/// installation with the most trails is the first.
fn tagged(setup: &Setup) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for owner in setup.trails.iter().filter_map(|(_, trail)| trail.tags.owner()) {
        *counts.entry(owner).or_default() += 1;
    }
    sorted(counts.into_iter().map(|(name, count)| (name.to_owned(), count)))
}

/// Returns the installations whose statements allow trails without a tag to deliver, each with the
/// number of trails. The installation with the most trails is the first.
fn by_statements(setup: &Setup) -> Vec<(String, usize)> {
    let named = named_by_statements(setup).into_iter().map(|(name, trails)| (name, trails.len()));
    sorted(named)
}

/// Returns, for each installation, the trails without a tag that its statements allow to deliver.
pub(super) fn named_by_statements(setup: &Setup) -> BTreeMap<String, BTreeSet<Arn>> {
    let untagged: BTreeSet<&Arn> = setup
        .trails
        .iter()
        .filter(|(_, trail)| trail.tags.owner().is_none())
        .map(|(_, trail)| &trail.arn)
        .collect();
    let mut counts: BTreeMap<String, BTreeSet<Arn>> = BTreeMap::new();
    for document in policies(setup) {
        for ownership in installations(document) {
            let named = named_trails(document, &ownership);
            let named = named.arns().into_iter().filter(|arn| untagged.contains(arn)).cloned();
            counts.entry(ownership.name()).or_default().extend(named);
        }
    }
    counts.retain(|_, trails| !trails.is_empty());
    counts
}

fn policies(setup: &Setup) -> impl Iterator<Item = &Document> {
    let keys = setup.keys.values().filter_map(|key| key.as_ref().ok());
    setup.bucket_policy.iter().chain(keys.map(|key| &key.policy))
}

/// Returns the installations that have statements in a document.
fn installations(document: &Document) -> Vec<Ownership> {
    let sids = document.statements().iter().filter_map(|statement| statement.sid());
    // No installation has an empty name, so the result contains all installations.
    Ownership::of("").others(sids)
}

fn sorted(counts: impl Iterator<Item = (String, usize)>) -> Vec<(String, usize)> {
    let mut counts: Vec<_> = counts.collect();
    counts.sort_by(|(a, most), (b, other)| other.cmp(most).then_with(|| a.cmp(b)));
    counts
}

/// Derives a name from the name of the bucket.
fn name_from_bucket(setup: &Setup) -> Result<SpecName, ImportError> {
    let is_letter = |c: char| if c.is_ascii_lowercase() { c } else { '-' };
    let letters: String = setup.bucket.as_str().chars().map(is_letter).collect();
    let words: Vec<&str> = letters.split('-').filter(|word| word.len() > 1).collect();
    let name: String = words.join("-").chars().take(32).collect();
    let name = name.trim_end_matches('-').parse().or_else(|_| "imported".parse());
    name.map_err(|_| ImportError::NoName { bucket: setup.bucket.clone() })
}
