//! Keeps the state in a file: read once, written after every call that changed it.

use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use reconcile_text::Hint;
use serde::Deserialize;

use crate::state::{FORMAT_VERSION, State};

/// Why a state file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has it.
    #[error("the sandbox `{path}` is in use by another process")]
    InUse {
        /// The state file.
        path: PathBuf,
    },
    /// It holds something else, or only a part.
    #[error("`{path}` is not a sandbox")]
    Invalid {
        /// The state file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        error: serde_json::Error,
    },
    /// It was written by another version.
    #[error(
        "the sandbox `{path}` has format version {found}; this version of reconcile reads version \
        {FORMAT_VERSION}"
    )]
    Version {
        /// The state file.
        path: PathBuf,
        /// The version in it.
        found: u32,
    },
    /// It cannot be read or written.
    #[error("cannot use the sandbox `{path}`")]
    Io {
        /// The state file.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: std::io::Error,
    },
}

impl Hint for StoreError {
    fn hint(&self) -> Option<String> {
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
    /// Held for as long as the store lives: two processes would overwrite each other's state.
    _lock: File,
}

#[derive(Deserialize)]
struct Head {
    format_version: u32,
}

impl Store {
    /// Takes the file for this process and reads it; a file that is not there is an empty state.
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

    /// Writes the state, whole or not at all: to a temporary name, which then takes the file's place.
    pub(crate) fn save(&self, state: serde_json::Result<Vec<u8>>) -> Result<(), StoreError> {
        let bytes = state.map_err(|error| StoreError::Invalid { path: self.path.clone(), error })?;
        self.replace(&bytes).map_err(|error| StoreError::Io { path: self.path.clone(), error })
    }

    fn replace(&self, bytes: &[u8]) -> std::io::Result<()> {
        let folder =
            self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // A temporary file is readable by its owner alone, and so is what it becomes.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        file.persist(&self.path)?;
        Ok(())
    }
}

fn read(path: &Path, bytes: &[u8]) -> Result<State, StoreError> {
    let invalid = |error| StoreError::Invalid { path: path.to_owned(), error };
    let head: Head = serde_json::from_slice(bytes).map_err(invalid)?;
    if head.format_version != FORMAT_VERSION {
        return Err(StoreError::Version { path: path.to_owned(), found: head.format_version });
    }
    serde_json::from_slice(bytes).map_err(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_back_what_it_was_given_and_keeps_others_out() {
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
    fn what_is_not_a_state_is_an_error_and_stays_as_it_is() {
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
