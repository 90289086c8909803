//! A file with the progress of an interrupted validation, which the next validation continues.
//!
//! The file has a line for the validation, a line for each verified log file, and a line for each
//! verified digest whose log files are all verified. The next validation reads all other files
//! again.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::chain::{DigestClaims, Range};
use crate::hash::{Half, Hash};
use crate::location::ObjectLocation;

/// The progress of a validation: the records of earlier runs, to which this run adds new records.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    /// The positions of the records of digests in the file, by the identity of the digest.
    digests: HashMap<Half, (u64, usize)>,
    /// The sizes of the verified log files whose digest has no record yet, by their identity.
    logs: HashMap<Half, u64>,
    file: Mutex<Written>,
}

#[derive(Debug)]
struct Written {
    file: File,
    /// The first error of writing. After an error, no more lines are written, because they would
    /// follow a broken line.
    failure: Option<io::Error>,
}

/// The identity of a location. Its size does not depend on the length of the names.
pub(crate) fn identity(place: &ObjectLocation) -> Half {
    Hash::of(format!("{}/{}", place.bucket, place.key).as_bytes()).half()
}

/// A verified digest whose log files are verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DigestRecord {
    pub(crate) proof: DigestClaims,
    /// The identities of the log files.
    pub(crate) logs: Vec<Half>,
    /// The size of the log files.
    pub(crate) bytes: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Validation { format_version: String, of: String, from: Timestamp, to: Timestamp, now: Timestamp },
    Log(Half, u64),
    Digest(Half, DigestRecord),
}

const FORMAT_VERSION: &str = "1.0";

/// The reason why a file cannot be continued.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file cannot be read or written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The file does not contain the progress of a validation.
    #[error("the file was not written by `verify --resume`")]
    Invalid,
    /// The file belongs to another validation.
    #[error(
        "the file belongs to another verification: the spec, the accounts, the Regions, the shard or the range differs"
    )]
    Other,
}

impl Ledger {
    /// Opens the file of a validation, or creates it. `of` identifies the validation.
    ///
    /// Returns the range in the file. The current time of this range is the time of the first
    /// start, so that a continued validation has the same result. `asked` contains the requested
    /// start and end, if any; they must be those of the file. A new file gets the range `new`.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read or written, or belongs to another validation.
    pub fn open(
        path: &Path,
        of: &str,
        asked: (Option<Timestamp>, Option<Timestamp>),
        new: Range,
    ) -> Result<(Self, Range), LedgerError> {
        let file = match OpenOptions::new().read(true).append(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Self::create(path, of, new),
            Err(error) => return Err(error.into()),
        };
        let mut ledger = Self {
            path: path.to_owned(),
            digests: HashMap::new(),
            logs: HashMap::new(),
            file: Mutex::new(Written { file, failure: None }),
        };
        let Some(first) = ledger.read()? else {
            // The program was killed before the first line was complete.
            drop(ledger);
            return Self::create(path, of, new);
        };
        let Line::Validation { format_version, of: found, from, to, now } = first else {
            return Err(LedgerError::Invalid);
        };
        let is_same = asked.0.is_none_or(|asked| asked == from) && asked.1.is_none_or(|asked| asked == to);
        if format_version != FORMAT_VERSION || found != of || !is_same {
            return Err(LedgerError::Other);
        }
        Ok((ledger, Range { from, to, now }))
    }

    fn create(path: &Path, of: &str, range: Range) -> Result<(Self, Range), LedgerError> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, "")?;
        let file = OpenOptions::new().read(true).append(true).open(path)?;
        let ledger = Self {
            path: path.to_owned(),
            digests: HashMap::new(),
            logs: HashMap::new(),
            file: Mutex::new(Written { file, failure: None }),
        };
        let Range { from, to, now } = range;
        let (format_version, of) = (FORMAT_VERSION.to_owned(), of.to_owned());
        ledger.write(&Line::Validation { format_version, of, from, to, now });
        ledger.check()?;
        Ok((ledger, range))
    }

    /// Reads the file, and returns its first line; `None` if the file has no complete line. Removes
    /// an incomplete last line.
    fn read(&mut self) -> Result<Option<Line>, LedgerError> {
        let mut written = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut reader = BufReader::new(&written.file);
        let (mut first, mut position, mut text) = (None, 0, String::new());
        loop {
            text.clear();
            let length = reader.read_line(&mut text).map_err(|_| LedgerError::Invalid)?;
            if !text.ends_with('\n') {
                break;
            }
            match serde_json::from_str(&text).map_err(|_| LedgerError::Invalid)? {
                line @ Line::Validation { .. } if position == 0 => first = Some(line),
                Line::Log(id, bytes) if position > 0 => _ = self.logs.insert(id, bytes),
                Line::Digest(id, record) if position > 0 => {
                    for log in &record.logs {
                        self.logs.remove(log);
                    }
                    self.digests.insert(id, (position, length));
                }
                Line::Validation { .. } | Line::Log(..) | Line::Digest(..) => {
                    return Err(LedgerError::Invalid);
                }
            }
            position += length as u64;
        }
        written.file.set_len(position)?;
        written.file.seek(SeekFrom::End(0))?;
        Ok(first)
    }

    fn written(&self) -> std::sync::MutexGuard<'_, Written> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The record of a digest; `None` if the digest must be read.
    pub(crate) fn digest(&self, place: &ObjectLocation) -> Option<DigestRecord> {
        let (position, length) = *self.digests.get(&identity(place))?;
        let mut bytes = vec![0; length];
        let mut written = self.written();
        written.file.seek(SeekFrom::Start(position)).ok()?;
        written.file.read_exact(&mut bytes).ok()?;
        match serde_json::from_slice(&bytes).ok()? {
            Line::Digest(_, record) => Some(record),
            Line::Validation { .. } | Line::Log(..) => None,
        }
    }

    /// The size of a log file that is verified; `None` if the log file must be read.
    pub(crate) fn log(&self, id: &Half) -> Option<u64> {
        self.logs.get(id).copied()
    }

    pub(crate) fn add_log(&self, id: Half, bytes: u64) {
        self.write(&Line::Log(id, bytes));
    }

    pub(crate) fn add_digest(&self, place: &ObjectLocation, record: DigestRecord) {
        self.write(&Line::Digest(identity(place), record));
    }

    /// Writes a line without buffering, because buffered lines are lost when the program is killed.
    fn write(&self, line: &Line) {
        let mut written = self.written();
        if written.failure.is_some() {
            return;
        }
        let line = serde_json::to_string(line).map_err(io::Error::from);
        // The file is open for appending, so the position of the last read does not matter.
        let result = line.and_then(|line| written.file.write_all(format!("{line}\n").as_bytes()));
        written.failure = result.err();
    }

    /// Checks that every line was written.
    ///
    /// # Errors
    ///
    /// The first error of writing.
    pub fn check(&self) -> io::Result<()> {
        let failure = self.written().failure.take();
        failure.map_or(Ok(()), Err)
    }

    /// Removes the file at the end of the validation.
    ///
    /// # Errors
    ///
    /// The first error of writing, or the error of the removal.
    pub fn finish(&self) -> io::Result<()> {
        self.check()?;
        fs::remove_file(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range() -> Range {
        let time = |text: &str| text.parse().unwrap();
        Range {
            from: time("2026-01-01T00:00:00Z"),
            to: time("2026-01-02T00:00:00Z"),
            now: time("2026-01-03T00:00:00Z"),
        }
    }

    fn place(key: &str) -> ObjectLocation {
        ObjectLocation { bucket: "logs".to_owned(), key: key.to_owned() }
    }

    fn record(logs: &[&str]) -> DigestRecord {
        let proof = DigestClaims {
            start: range().from,
            end: range().to,
            hash: Hash::of(b"digest"),
            signature: vec![1, 2, 255],
            previous: None,
        };
        DigestRecord { proof, logs: logs.iter().map(|key| identity(&place(key))).collect(), bytes: 7 }
    }

    fn open(path: &Path) -> Ledger {
        let (ledger, found) =
            Ledger::open(path, "spec", (None, None), Range { now: range().to, ..range() }).unwrap();
        assert_eq!(found, range());
        ledger
    }

    #[test]
    fn what_was_written_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/resume.jsonl");
        let (ledger, _) = Ledger::open(&path, "spec", (None, None), range()).unwrap();
        for log in ["a", "b", "c"] {
            ledger.add_log(identity(&place(log)), 3);
        }
        ledger.add_digest(&place("digest"), record(&["a", "b"]));
        drop(ledger);
        let ledger = open(&path);
        assert_eq!(ledger.digest(&place("digest")), Some(record(&["a", "b"])));
        assert_eq!(ledger.digest(&place("other")), None);
        let logs = ["a", "b", "c"].map(|log| ledger.log(&identity(&place(log))));
        assert_eq!(logs, [None, None, Some(3)], "the digest has its own log files");
        ledger.add_log(identity(&place("d")), 4);
        assert_eq!(open(&path).log(&identity(&place("d"))), Some(4));
        ledger.finish().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn a_line_that_breaks_off_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("resume.jsonl");
        let (ledger, _) = Ledger::open(&path, "spec", (None, None), range()).unwrap();
        ledger.add_log(identity(&place("a")), 3);
        ledger.add_digest(&place("digest"), record(&["a"]));
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let (ledger, found) = Ledger::open(&path, "spec", (None, None), range()).unwrap();
            assert_eq!(found, range());
            assert_eq!(ledger.digest(&place("digest")), None);
            ledger.add_digest(&place("digest"), record(&["a"]));
            assert_eq!(open(&path).digest(&place("digest")), Some(record(&["a"])), "{length}");
        }
    }

    #[test]
    fn files_of_other_validations_are_rejected_and_not_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("resume.jsonl");
        drop(Ledger::open(&path, "spec", (None, None), range()).unwrap());
        let text = fs::read(&path).unwrap();
        let open = |of, asked| Ledger::open(&path, of, asked, range());
        assert!(matches!(open("other", (None, None)), Err(LedgerError::Other)));
        assert!(matches!(open("spec", (None, Some(range().now))), Err(LedgerError::Other)));
        assert!(open("spec", (Some(range().from), Some(range().to))).is_ok());
        assert_eq!(fs::read(&path).unwrap(), text);
        for other in ["{}\n", "version: 1\n", "\u{0}\n", "[]\n"] {
            fs::write(&path, other).unwrap();
            assert!(matches!(open("spec", (None, None)), Err(LedgerError::Invalid)), "{other}");
            assert_eq!(fs::read_to_string(&path).unwrap(), other);
        }
    }
}
