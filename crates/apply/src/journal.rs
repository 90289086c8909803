//! A file that tells what an apply began and what became of it, one JSON object a line.
//!
//! It is written before AWS is called. Another apply of the same plan goes on where it ends: what was begun is
//! ours, even where it is not as the plan saw it. It holds no secrets.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
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
    file: Mutex<File>,
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
    /// Opens the journal of a plan in a folder, which is made if it is not there. A line that was cut off when an
    /// earlier apply was killed is passed over.
    ///
    /// # Errors
    /// Where the file cannot be read or written.
    pub fn open(folder: &Path, plan: &Plan) -> Result<Self, JournalError> {
        let made = plan.created_at.strftime("%Y%m%dT%H%M%S%3fZ");
        let path = folder.join(format!("{}-{made}.jsonl", plan.spec.name));
        let failed = |error| JournalError { path: path.clone(), error };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let mut file = private().open(&path).map_err(failed)?;
        let text = std::fs::read_to_string(&path).map_err(failed)?;
        if !text.is_empty() && !text.ends_with('\n') {
            file.write_all(b"\n").map_err(failed)?;
        }
        let begun = text
            .lines()
            .filter_map(|line| serde_json::from_str::<Entry>(line).ok())
            .filter(|entry| entry.event == EventName::Began)
            .map(|entry| (entry.address, entry.phase))
            .collect();
        Ok(Self { path, file: Mutex::new(file), begun })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether an earlier apply of this plan began the change.
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
        // One write a line, so that a line is there whole or is the last one.
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&line).map_err(|error| JournalError { path: self.path.clone(), error })
    }
}

/// A file that only its owner may read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
