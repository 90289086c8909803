//! The state that a watch keeps across restarts: a file for each spec.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use reconcile_files::replace;
use reconcile_plan::Finding;
use reconcile_report::watch::CheckRecord;
use reconcile_spec::sha256_hex;
use reconcile_text::Hint;
use serde::{Deserialize, Serialize};

use crate::evidence::Evidence;

/// The version of the files.
const FORMAT_VERSION: &str = "1.0";

/// The memory of a spec.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Memory {
    /// The open findings that receivers know, by their ID.
    pub(crate) known: BTreeMap<String, Finding>,
    /// Whether receivers know that the spec cannot be checked.
    pub(crate) is_failing: bool,
    /// The last checks, the oldest first.
    pub(crate) history: Vec<CheckRecord>,
    /// The verifications of log files.
    #[serde(default)]
    pub(crate) evidence: Evidence,
}

#[derive(Serialize, Deserialize)]
struct File {
    format_version: String,
    spec: String,
    #[serde(flatten)]
    memory: Memory,
}

/// The stored state of a watch: a folder with a file for each spec.
#[derive(Debug)]
pub struct StateStore {
    folder: PathBuf,
    /// The lock for writing a file, because a check and a verification can end at the same time.
    writing: Mutex<()>,
}

/// The reason why the state of a watch cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateStoreError {
    /// The operating system reports an error.
    #[error("cannot use the state file `{}`", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The content of the file is invalid.
    #[error("the state file `{}` was not written by `watch --state-dir`", .path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: serde_json::Error,
    },
    /// The file has another version.
    #[error("the state file `{}` has format version `{found}`; this version of reconcile reads `{FORMAT_VERSION}`", .path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The version of the file.
        found: String,
    },
}

impl Hint for StateStoreError {
    fn own_hint(&self) -> Option<String> {
        Some(match self {
            Self::Io { .. } => "name a folder that this user can write with `--state-dir DIR`".to_owned(),
            Self::Invalid { path, .. } | Self::Version { path, .. } => format!(
                "move `{}` away to start with an empty history; open findings are then reported as new",
                path.display()
            ),
        })
    }
}

impl StateStore {
    /// The state in a folder.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, writing: Mutex::new(()) }
    }

    /// The file of a spec. Paths that differ only in separators have different files.
    fn path(&self, spec: &str) -> PathBuf {
        let readable = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
        let name: String = spec.chars().map(readable).take(60).collect();
        let digest: String = sha256_hex(spec.as_bytes()).chars().take(8).collect();
        self.folder.join(format!("{name}-{digest}.json"))
    }

    /// Reads the memory of a spec, which is empty if there is no file.
    pub(crate) fn read(&self, spec: &str) -> Result<Memory, StateStoreError> {
        let path = self.path(spec);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Memory::default()),
            Err(source) => return Err(StateStoreError::Io { path, source }),
        };
        match serde_json::from_str::<File>(&text) {
            Ok(file) if file.format_version == FORMAT_VERSION => Ok(file.memory),
            Ok(file) => Err(StateStoreError::Version { path, found: file.format_version }),
            Err(source) => Err(StateStoreError::Invalid { path, source }),
        }
    }

    /// Replaces the saved memory of a spec with the current memory.
    pub(crate) fn write(&self, spec: &str, memory: impl FnOnce() -> Memory) -> Result<(), StateStoreError> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.path(spec);
        let file =
            File { format_version: FORMAT_VERSION.to_owned(), spec: spec.to_owned(), memory: memory() };
        let bytes = serde_json::to_vec(&file)
            .map_err(|source| StateStoreError::Invalid { path: path.clone(), source })?;
        replace(&path, &bytes).map_err(|source| StateStoreError::Io { path, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::tests::finding;

    #[test]
    fn a_memory_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let store = StateStore::new(folder.path().join("state"));
        assert_eq!(store.read("specs/a.yaml").unwrap(), Memory::default());
        let known = [finding("a:high")].map(|it| (it.id.clone(), it)).into();
        let memory = Memory { known, is_failing: true, history: Vec::new(), evidence: Evidence::default() };
        store.write("specs/a.yaml", || memory.clone()).unwrap();
        assert_eq!(store.read("specs/a.yaml").unwrap(), memory);
        assert_eq!(store.read("specs-a.yaml").unwrap(), Memory::default());
    }

    #[test]
    fn a_file_that_is_no_memory_is_an_error_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let store = StateStore::new(folder.path().to_owned());
        let path = store.path("a.yaml");
        for (text, expected) in [
            ("{", "was not written by `watch --state-dir`"),
            (
                r#"{"format_version":"2.0","spec":"a","known":{},"is_failing":false,"history":[]}"#,
                "has format version `2.0`",
            ),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = store.read("a.yaml").unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
            assert!(error.hint().unwrap().contains("move `"));
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }
}
