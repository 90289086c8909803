//! Merges the results of shards.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use reconcile_evidence::{CellReport, EvidenceFinding};
use reconcile_policy::{AccountId, Region};
use reconcile_text::listed;
use serde::Deserialize;
use serde_json::Value;

use super::Verification;
use crate::FORMAT_VERSION;

/// The reason why results cannot be merged.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// A file is not a result in JSON.
    #[error("`{file}` is not a result of `verify --format json`")]
    Invalid {
        /// The file.
        file: String,
        /// The problem.
        #[source]
        error: serde_json::Error,
    },
    /// A file has another format version.
    #[error("`{file}` has format version {found}; this version of reconcile merges version {FORMAT_VERSION}")]
    Version {
        /// The file.
        file: String,
        /// The version in the file.
        found: String,
    },
    /// A file is not the result of a shard.
    #[error("`{file}` is not the result of a shard")]
    NotAShard {
        /// The file.
        file: String,
    },
    /// Two files belong to different validations.
    #[error(
        "`{file}` and `{first}` belong to different verifications: the spec, the range or the number of shards differs"
    )]
    Other {
        /// The file.
        file: String,
        /// The first file.
        first: String,
    },
    /// Two files belong to the same shard.
    #[error("`{file}` repeats the result of shard {index}/{of}, which another file already contains")]
    Twice {
        /// The file.
        file: String,
        /// The number of the shard.
        index: u32,
        /// The number of all shards.
        of: u32,
    },
    /// Some shards have no file.
    #[error("the results of {} of {of} shards are missing: {}", .missing.len(), list(.missing, *.of))]
    Missing {
        /// The numbers of the shards.
        missing: Vec<u32>,
        /// The number of all shards.
        of: u32,
    },
    /// No file was given.
    #[error("there are no results to merge")]
    Nothing,
}

fn list(missing: &[u32], of: u32) -> String {
    const SHOWN: usize = 20;
    let shards: Vec<String> = missing.iter().map(|index| format!("{index}/{of}")).collect();
    listed(&shards, SHOWN)
}

/// The version of the format of a result.
#[derive(Deserialize)]
struct FormatVersion {
    format_version: String,
}

#[derive(Deserialize)]
struct Document {
    spec: String,
    from: Timestamp,
    to: Timestamp,
    shard: Option<ShardOf>,
    without_digests: Vec<String>,
    findings: Vec<EvidenceFinding>,
    cells: Vec<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
struct ShardOf {
    index: u32,
    of: u32,
}

/// The account of a cell with its name, which a `CellReport` does not contain.
#[derive(Deserialize)]
struct NamedAccount {
    account: AccountId,
    name: Option<String>,
}

/// Merges the results of all shards of a validation: pairs of a name and a document.
///
/// # Errors
/// [`MergeError`] if the results are incomplete or belong to different validations.
pub fn merged(documents: &[(String, String)]) -> Result<Verification, MergeError> {
    let mut parsed = Vec::new();
    for (file, text) in documents {
        parsed.push((file, parse(file, text)?));
    }
    let Some((first_file, first)) = parsed.first() else { return Err(MergeError::Nothing) };
    let of = first.1.of;
    let same = |document: &Document| (document.spec.clone(), document.from, document.to);
    let mut seen = BTreeSet::new();
    for (file, (document, shard)) in &parsed {
        if same(document) != same(&first.0) || shard.of != of {
            return Err(MergeError::Other { file: (*file).clone(), first: (*first_file).clone() });
        }
        if !seen.insert(shard.index) {
            return Err(MergeError::Twice { file: (*file).clone(), index: shard.index, of });
        }
    }
    let missing: Vec<u32> = (0..of).filter(|index| !seen.contains(index)).collect();
    if !missing.is_empty() {
        return Err(MergeError::Missing { missing, of });
    }
    let (spec, from, to) = same(&first.0);
    let mut all = Verification {
        spec,
        from,
        to,
        names: BTreeMap::new(),
        cells: Vec::new(),
        unlisted: Vec::new(),
        without_digests: Vec::new(),
        shard: None,
    };
    for (file, (document, _)) in parsed {
        add(&mut all, document).map_err(|error| MergeError::Invalid { file: file.clone(), error })?;
    }
    all.cells.sort_by(|a, b| key(a).cmp(&key(b)));
    Ok(all)
}

fn key(cell: &CellReport) -> (&AccountId, &Region) {
    (&cell.account, &cell.region)
}

fn parse(file: &str, text: &str) -> Result<(Document, ShardOf), MergeError> {
    let invalid = |error| MergeError::Invalid { file: file.to_owned(), error };
    let head: FormatVersion = serde_json::from_str(text).map_err(invalid)?;
    if head.format_version != FORMAT_VERSION {
        return Err(MergeError::Version { file: file.to_owned(), found: head.format_version });
    }
    let document: Document = serde_json::from_str(text).map_err(invalid)?;
    match document.shard {
        Some(shard) if shard.index < shard.of => Ok((document, shard)),
        Some(_) | None => Err(MergeError::NotAShard { file: file.to_owned() }),
    }
}

fn add(all: &mut Verification, document: Document) -> serde_json::Result<()> {
    for cell in document.cells {
        let named = NamedAccount::deserialize(&cell)?;
        if let Some(name) = named.name {
            all.names.insert(named.account, name);
        }
        all.cells.push(serde_json::from_value(cell)?);
    }
    // Every shard searches all accounts and Regions, and knows all trails, so shards report the
    // same findings and trails.
    for finding in document.findings {
        if !all.unlisted.contains(&finding) {
            all.unlisted.push(finding);
        }
    }
    for trail in document.without_digests {
        if !all.without_digests.contains(&trail) {
            all.without_digests.push(trail);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{json, tests::verification};
    use super::*;

    fn shards(of: u32) -> Vec<(String, String)> {
        let whole = verification();
        let shard = |index: u32| {
            let shard: reconcile_evidence::Shard = format!("{index}/{of}").parse().unwrap();
            let has = |cell: &&CellReport| shard.has(&cell.account, &cell.region);
            let cells = whole.cells.iter().filter(has).cloned().collect();
            let part = Verification { cells, shard: Some(shard), ..whole.clone() };
            (format!("{index}.json"), json(&part).unwrap())
        };
        (0..of).map(shard).collect()
    }

    #[test]
    fn the_results_of_all_shards_are_the_result_of_one_machine() {
        for of in [1, 2, 3, 8] {
            let mut shards = shards(of);
            assert_eq!(merged(&shards).unwrap(), verification(), "{of}");
            shards.reverse();
            assert_eq!(json(&merged(&shards).unwrap()).unwrap(), json(&verification()).unwrap(), "{of}");
        }
    }

    #[test]
    fn incomplete_and_different_results_are_rejected() {
        let of = |documents: &[(String, String)]| merged(documents).unwrap_err().to_string();
        let all = shards(3);
        assert_eq!(of(&[]), "there are no results to merge");
        assert_eq!(of(&all[..1]), "the results of 2 of 3 shards are missing: 1/3 and 2/3");
        assert_eq!(
            of(&[&all[..], &all[..1]].concat()),
            "`0.json` repeats the result of shard 0/3, which another file already contains"
        );
        let mut other = all.clone();
        other[2].1 = other[2].1.replace("prod.yaml", "test.yaml");
        assert!(of(&other).starts_with("`2.json` and `0.json` belong to different verifications"));
        let whole = [("all.json".to_owned(), json(&verification()).unwrap())];
        assert_eq!(of(&whole), "`all.json` is not the result of a shard");
        let text = |text: &str| [("a.json".to_owned(), text.to_owned())];
        assert_eq!(of(&text("[]")), "`a.json` is not a result of `verify --format json`");
        assert!(of(&text("{\"format_version\":\"9.0\"}")).contains("format version 9.0"));
    }
}
