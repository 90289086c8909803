//! A file that tells what an apply began and what became of it, one JSON object a line.
//!
//! It is written before AWS is called. Another apply of the same plan goes on where it ends: what was begun is
//! ours, even where it is not as the plan saw it. It holds no secrets.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use reconcile_diff::plan::{Change, Phase};
use reconcile_diff::{Address, Plan};
use serde::{Deserialize, Serialize};

use crate::outcome::Status;

/// Why the journal cannot be kept.
#[derive(Debug, thiserror::Error)]
#[error("cannot keep the journal `{path}`: {error}")]
pub struct JournalError {
    /// The file.
    pub path: PathBuf,
    /// What the system said.
    #[source]
    pub error: std::io::Error,
}

/// The journal of one plan.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: Mutex<Option<File>>,
    begun: HashSet<(Address, Phase)>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    at: Timestamp,
    address: Address,
    phase: Phase,
    event: EventName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    result: Option<serde_json::Value>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum EventName {
    Began,
    Ended,
}

impl Journal {
    /// Reads the journal of a plan in a folder, where there is one. The file is made when there is something to tell.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn open(folder: &Path, plan: &Plan) -> Result<Self, JournalError> {
        let made = plan.created_at.strftime("%Y%m%dT%H%M%S%3fZ");
        let path = folder.join(format!("{}-{made}.jsonl", plan.spec.name));
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Self { begun: begun(&text), path, file: Mutex::default() }),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Ok(Self { path, file: Mutex::default(), begun: HashSet::new() })
            }
            Err(error) => Err(JournalError { path, error }),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether an earlier apply of this plan began the change and did not end it.
    pub(crate) fn was_begun(&self, change: &Change) -> bool {
        self.begun.contains(&(change.address.clone(), change.phase))
    }

    pub(crate) fn begin(&self, change: &Change) -> Result<(), JournalError> {
        self.write(change, EventName::Began, None)
    }

    pub(crate) fn end(&self, change: &Change, status: &Status) -> Result<(), JournalError> {
        self.write(change, EventName::Ended, serde_json::to_value(status).ok())
    }

    fn write(
        &self,
        change: &Change,
        event: EventName,
        result: Option<serde_json::Value>,
    ) -> Result<(), JournalError> {
        let entry = Entry {
            at: Timestamp::now(),
            address: change.address.clone(),
            phase: change.phase,
            event,
            result,
        };
        let mut line = serde_json::to_vec(&entry).unwrap_or_default();
        line.push(b'\n');
        // One write per line, so that only the last line can be incomplete.
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let written = match &mut *file {
            Some(file) => file.write_all(&line),
            None => create(&self.path).and_then(|mut new| {
                new.write_all(&line)?;
                *file = Some(new);
                Ok(())
            }),
        };
        written.map_err(|error| JournalError { path: self.path.clone(), error })
    }
}

/// The changes that were begun and not made. A line that was cut off when an apply was killed is passed over.
fn begun(text: &str) -> HashSet<(Address, Phase)> {
    let mut begun = HashSet::new();
    for entry in text.lines().filter_map(|line| serde_json::from_str::<Entry>(line).ok()) {
        let change = (entry.address, entry.phase);
        let is_made = entry.result.is_some_and(|result| result["status"] == "applied");
        match entry.event {
            EventName::Began => drop(begun.insert(change)),
            EventName::Ended if is_made => drop(begun.remove(&change)),
            EventName::Ended => {}
        }
    }
    begun
}

/// Opens the file to write behind what is there; only its owner may read it.
fn create(path: &Path) -> std::io::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    if file.metadata()?.len() > 0 {
        // Whatever was cut off before ends here.
        file.write_all(b"\n")?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_begun_and_not_made_is_resumed() {
        let line = |name: &str, event: &str, result: &str| {
            format!(
                r#"{{"at":"2026-11-23T08:00:00Z","address":"trail/a/{name}","phase":"converge","event":"{event}"{result}}}"#
            )
        };
        let text = [
            line("made", "began", ""),
            line("made", "ended", r#","result":{"status":"applied"}"#),
            line("failed", "began", ""),
            line("failed", "ended", r#","result":{"status":"failed"}"#),
            line("killed", "began", ""),
            line("cut", "began", "").split_at(60).0.to_owned(),
        ]
        .join("\n");
        let mut names: Vec<String> = begun(&text).into_iter().map(|(address, _)| address.name).collect();
        names.sort();
        assert_eq!(names, ["failed", "killed"]);
    }
}
