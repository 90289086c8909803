//! Stores the state in a file. The file is read once, and written after every call that changed the
//! state.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use reconcile_files::replace;
use reconcile_text::Hint;
use serde::Deserialize;

use crate::state::{FORMAT_VERSION, State};

/// The reason why a state file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process uses the file.
    #[error("the sandbox `{path}` is in use by another process")]
    InUse {
        /// The state file.
        path: PathBuf,
    },
    /// The file is not a state file, or is incomplete.
    #[error("`{path}` is not a sandbox")]
    Invalid {
        /// The state file.
        path: PathBuf,
        /// The problem.
        #[source]
        error: serde_json::Error,
    },
    /// Another version wrote the file.
    #[error(
        "the sandbox `{path}` has format version {found}; this version of reconcile reads version \
        {FORMAT_VERSION}"
    )]
    Version {
        /// The state file.
        path: PathBuf,
        /// The version in the file.
        found: u32,
    },
    /// The file cannot be read or written.
    #[error("cannot use the sandbox `{path}`")]
    Io {
        /// The state file.
        path: PathBuf,
        /// The error of the system.
        #[source]
        error: std::io::Error,
    },
}

impl Hint for StoreError {
    fn own_hint(&self) -> Option<String> {
        match self {
            Self::Invalid { .. } | Self::Version { .. } => Some(
                "delete the file to start with an empty sandbox, or name another file with `--sandbox=FILE`"
                    .to_owned(),
            ),
            Self::InUse { .. } => {
                Some("wait for the other process, or name another file with `--sandbox=FILE`".to_owned())
            }
            Self::Io { .. } => None,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Store {
    path: PathBuf,
    /// The lock of the file, which the store holds for its lifetime. Without the lock, two
    /// processes would overwrite the state of each other.
    _lock: File,
}

/// The version of the format of a state file.
#[derive(Deserialize)]
struct FormatVersion {
    format_version: u32,
}

impl Store {
    /// Locks the file for this process and reads it. A file that does not exist is an empty state.
    pub(crate) fn open(path: &Path) -> Result<(Self, State), StoreError> {
        let io = |error| StoreError::Io { path: path.to_owned(), error };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(io)?;
        }
        let mut lock_path = path.as_os_str().to_owned();
        lock_path.push(".lock");
        let lock = File::create(&lock_path).map_err(io)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
        let state = match std::fs::read(path) {
            Ok(bytes) => read(path, &bytes)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => State::default(),
            Err(error) => return Err(io(error)),
        };
        Ok((Self { path: path.to_owned(), _lock: lock }, state))
    }

    /// Writes the state atomically.
    pub(crate) fn save(&self, state: serde_json::Result<Vec<u8>>) -> Result<(), StoreError> {
        let bytes = state.map_err(|error| StoreError::Invalid { path: self.path.clone(), error })?;
        replace(&self.path, &bytes).map_err(|error| StoreError::Io { path: self.path.clone(), error })
    }
}

fn read(path: &Path, bytes: &[u8]) -> Result<State, StoreError> {
    let invalid = |error| StoreError::Invalid { path: path.to_owned(), error };
    let head: FormatVersion = serde_json::from_slice(bytes).map_err(invalid)?;
    if head.format_version != FORMAT_VERSION {
        return Err(StoreError::Version { path: path.to_owned(), found: head.format_version });
    }
    serde_json::from_slice(bytes).map_err(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_returns_its_state_and_locks_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/sandbox.json");
        let (store, mut state) = Store::open(&path).unwrap();
        assert_eq!(state, State::default());
        state.ambient = Some("111111111111".to_owned());
        store.save(serde_json::to_vec(&state)).unwrap();

        assert!(matches!(Store::open(&path), Err(StoreError::InUse { .. })));
        drop(store);
        assert_eq!(Store::open(&path).unwrap().1, state);
    }

    #[test]
    fn an_invalid_state_file_is_an_error_and_is_not_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sandbox.json");
        for text in ["", "{\"format_version\":1,", "[]", "{\"format_version\":99}"] {
            std::fs::write(&path, text).unwrap();
            let error = Store::open(&path).unwrap_err();
            assert!(matches!(error, StoreError::Invalid { .. } | StoreError::Version { .. }), "{error}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }
}
