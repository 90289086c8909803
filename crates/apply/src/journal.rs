//! The journal of an apply: its started changes and their results, one JSON object per line.
//!
//! `apply` writes the journal before it calls AWS. Another apply of the same plan continues where
//! the journal ends: it completes a started change, even if the resource no longer has the state
//! that the plan saw. Before `apply` writes a policy that CloudTrail must confirm, it records the
//! replaced document in the journal. If a confirmation is interrupted, the next apply of the spec
//! completes it, with any plan. A journal contains no secrets.

use std::collections::{BTreeMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{Error, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use reconcile_plan::plan::{Change, Phase};
use reconcile_plan::{Address, Plan};
use reconcile_spec::SpecName;
use reconcile_text::Hint;
use serde::{Deserialize, Serialize};

use crate::outcome::{ChangeStatus, Confirmation};

/// The error that the journal cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the journal `{path}`: {error}")]
pub struct JournalError {
    /// The file.
    pub path: PathBuf,
    /// The error of the operating system.
    pub error: Error,
}

impl Hint for JournalError {
    fn own_hint(&self) -> Option<String> {
        None
    }
}

/// Changes by their resource and their phase.
type Changes = HashSet<(Address, Phase)>;

/// The journal of one plan.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: Mutex<Option<File>>,
    begun: Changes,
    /// The changes that an earlier apply of the plan made.
    made: Changes,
    open: Vec<OpenConfirmation>,
    /// Resources that earlier applies may have created before they ended without a result.
    creating: HashSet<Address>,
}

/// A policy write whose confirmation was interrupted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OpenConfirmation {
    /// The journal that records the write.
    path: PathBuf,
    /// The change.
    pub(crate) change: Change,
    /// The policy before the write; `None` if there was none.
    pub(crate) previous: Option<String>,
    /// The policy after the write; `None` if the write deleted the policy.
    pub(crate) written: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    at: Timestamp,
    address: Address,
    phase: Phase,
    event: EventName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    result: Option<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    write: Option<Write>,
}

/// The state of a call whose outcome the next apply needs to know.
#[derive(Serialize, Deserialize)]
struct Write {
    change: Change,
    previous: Option<String>,
    written: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum EventName {
    Began,
    Ended,
    /// The policy is about to be written, and CloudTrail must confirm the write.
    Writing,
    /// CloudTrail confirmed the policy.
    Confirmed,
    /// The previous document was restored.
    Restored,
    /// There is nothing to confirm or restore: the policy was not written, or somebody else has
    /// written the policy since. For a creation: AWS rejected the creation.
    Left,
    /// A resource is about to be created. A second call would create a second resource.
    Creating,
}

impl OpenConfirmation {
    /// Returns the journal that records the write, so that the confirmation can be recorded in it.
    pub(crate) fn journal(&self) -> Journal {
        Journal {
            path: self.path.clone(),
            file: Mutex::default(),
            begun: HashSet::new(),
            made: HashSet::new(),
            open: Vec::new(),
            creating: HashSet::new(),
        }
    }
}

impl Journal {
    /// Reads the journal of a plan in a folder, if there is a journal. The first record creates the
    /// file.
    ///
    /// # Errors
    /// Returns an error if a journal cannot be read, or if the spec name in the plan is not valid.
    pub fn open(folder: &Path, plan: &Plan) -> Result<Self, JournalError> {
        let made = plan.created_at.strftime("%Y%m%dT%H%M%S%3fZ");
        // The name comes from a plan file, so it must not contain a path out of the folder.
        let name: SpecName = plan.spec.name.parse().map_err(|error| JournalError {
            path: folder.to_owned(),
            error: Error::new(
                ErrorKind::InvalidInput,
                format!("`{}` is not the name of a spec: {error}", plan.spec.name),
            ),
        })?;
        let path = folder.join(format!("{name}-{made}.jsonl"));
        let text = read(&path)?.unwrap_or_default();
        let (mut open, mut creating) = (Vec::new(), HashSet::new());
        for path in journals_of(folder, name.as_str())? {
            if let Some(text) = read(&path)? {
                open.extend(open_confirmations(&path, &text));
                creating.extend(open_creations(&text));
            }
        }
        let (begun, made) = begun_and_made(&text);
        Ok(Self { begun, made, open, creating, path, file: Mutex::default() })
    }

    /// The confirmations that earlier applies of the spec did not complete, the oldest first.
    pub(crate) fn open_confirmations(&self) -> &[OpenConfirmation] {
        &self.open
    }

    /// The path of the journal.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether an earlier apply of this plan started the change and did not finish it.
    pub(crate) fn was_begun(&self, change: &Change) -> bool {
        self.begun.contains(&(change.address.clone(), change.phase))
    }

    /// Whether an earlier apply of this plan made the change.
    pub(crate) fn was_made(&self, change: &Change) -> bool {
        self.made.contains(&(change.address.clone(), change.phase))
    }

    pub(crate) fn begin(&self, change: &Change) -> Result<(), JournalError> {
        self.write(change, EventName::Began, None, None)
    }

    /// Whether an earlier apply was about to create the resource of the change, and ended before it
    /// recorded the outcome.
    pub(crate) fn may_have_created(&self, change: &Change) -> bool {
        self.creating.contains(&change.address)
    }

    /// Records that a resource is about to be created. A second call would create a second
    /// resource.
    pub(crate) fn creating(&self, change: &Change) -> Result<(), JournalError> {
        self.write(change, EventName::Creating, None, None)
    }

    /// Records that a policy is about to be written, and that CloudTrail must confirm the write.
    pub(crate) fn writing(
        &self,
        change: &Change,
        previous: Option<&str>,
        written: Option<&str>,
    ) -> Result<(), JournalError> {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let write = Write { change: change.clone(), previous: owned(previous), written: owned(written) };
        self.write(change, EventName::Writing, None, Some(write))
    }

    pub(crate) fn confirmed(&self, change: &Change, confirmation: &Confirmation) -> Result<(), JournalError> {
        self.write(change, EventName::Confirmed, serde_json::to_value(confirmation).ok(), None)
    }

    pub(crate) fn restored(&self, change: &Change) -> Result<(), JournalError> {
        self.write(change, EventName::Restored, None, None)
    }

    pub(crate) fn left(&self, change: &Change) -> Result<(), JournalError> {
        self.write(change, EventName::Left, None, None)
    }

    pub(crate) fn end(&self, change: &Change, status: &ChangeStatus) -> Result<(), JournalError> {
        self.write(change, EventName::Ended, serde_json::to_value(status).ok(), None)
    }

    fn write(
        &self,
        change: &Change,
        event: EventName,
        result: Option<serde_json::Value>,
        write: Option<Write>,
    ) -> Result<(), JournalError> {
        let entry = Entry {
            at: Timestamp::now(),
            address: change.address.clone(),
            phase: change.phase,
            event,
            result,
            write,
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

/// Returns the changes that were started but not made, and the changes that were made. Skips an
/// incomplete line, which an interrupted apply can leave.
fn begun_and_made(text: &str) -> (Changes, Changes) {
    let (mut begun, mut made) = (HashSet::new(), HashSet::new());
    for entry in text.lines().filter_map(|line| serde_json::from_str::<Entry>(line).ok()) {
        let change = (entry.address, entry.phase);
        let is_made = is_made(entry.result.as_ref());
        match entry.event {
            EventName::Began => drop(begun.insert(change)),
            EventName::Ended if is_made => {
                begun.remove(&change);
                made.insert(change);
            }
            _ => {}
        }
    }
    (begun, made)
}

fn is_made(result: Option<&serde_json::Value>) -> bool {
    result.is_some_and(|result| result["status"] == "applied")
}

/// Returns the writes of a journal that were neither confirmed nor restored, in the order in which
/// they were started.
fn open_confirmations(path: &Path, text: &str) -> Vec<OpenConfirmation> {
    let mut open: BTreeMap<usize, ((Address, Phase), Write)> = BTreeMap::new();
    let entries = text.lines().filter_map(|line| serde_json::from_str::<Entry>(line).ok());
    for (number, Entry { address, phase, event, write, .. }) in entries.enumerate() {
        let change = (address, phase);
        match (event, write) {
            (EventName::Began | EventName::Ended | EventName::Creating, _) => {}
            (EventName::Writing, Some(write)) => {
                open.retain(|_, (it, _)| *it != change);
                open.insert(number, (change, write));
            }
            _ => open.retain(|_, (it, _)| *it != change),
        }
    }
    let confirmation = |(_, Write { change, previous, written }): ((Address, Phase), Write)| {
        OpenConfirmation { path: path.to_owned(), change, previous, written }
    };
    open.into_values().map(confirmation).collect()
}

/// Returns the resources whose creation a journal announces, without a rejection or a result.
fn open_creations(text: &str) -> HashSet<Address> {
    let mut open = HashSet::new();
    for entry in text.lines().filter_map(|line| serde_json::from_str::<Entry>(line).ok()) {
        match entry.event {
            EventName::Creating => drop(open.insert(entry.address)),
            EventName::Left => drop(open.remove(&entry.address)),
            EventName::Ended if is_made(entry.result.as_ref()) => drop(open.remove(&entry.address)),
            _ => {}
        }
    }
    open
}

/// Returns the journals of a spec, the oldest first: each file name ends with the time of the plan.
fn journals_of(folder: &Path, spec: &str) -> Result<Vec<PathBuf>, JournalError> {
    let failed = |error| JournalError { path: folder.to_owned(), error };
    let files = match std::fs::read_dir(folder) {
        Ok(files) => files,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut found = Vec::new();
    for file in files {
        let file = file.map_err(failed)?;
        let name = file.file_name();
        let time =
            name.to_str().and_then(|name| name.strip_prefix(spec)?.strip_prefix('-')?.strip_suffix(".jsonl"));
        let is_time = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'T' | b'Z'));
        if time.is_some_and(is_time) {
            found.push(file.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Returns the text of a journal; `None` if the file does not exist.
fn read(path: &Path) -> Result<Option<String>, JournalError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(JournalError { path: path.to_owned(), error }),
    }
}

/// Opens the file for appending. Only its owner can read it.
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
        // Ends an incomplete line.
        file.write_all(b"\n")?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn changes_that_were_begun_and_not_made_are_resumed() {
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
        let (begun, made) = begun_and_made(&text);
        let names = |changes: Changes| {
            let mut names: Vec<String> = changes.into_iter().map(|(address, _)| address.name).collect();
            names.sort();
            names
        };
        assert_eq!(
            (names(begun), names(made)),
            (vec!["failed".to_owned(), "killed".to_owned()], vec!["made".to_owned()])
        );
    }

    #[test]
    fn a_creation_is_open_until_it_is_refused_or_finished() {
        let line = |event: &str| {
            let (event, result) = match event {
                "applied" | "failed" => ("ended", format!(r#","result":{{"status":"{event}"}}"#)),
                event => (event, String::new()),
            };
            format!(
                r#"{{"at":"2026-11-23T08:00:00Z","address":"key/a/k","phase":"expand","event":"{event}"{result}}}"#
            )
        };
        for (events, is_open) in [
            (&["began"][..], false),
            (&["began", "creating"], true),
            (&["began", "creating", "failed"], true),
            (&["began", "creating", "applied"], false),
            (&["began", "creating", "left"], false),
            (&["creating", "left", "creating"], true),
        ] {
            let text: Vec<String> = events.iter().map(|event| line(event)).collect();
            assert_eq!(!open_creations(&text.join("\n")).is_empty(), is_open, "{events:?}");
        }
    }

    #[test]
    fn a_write_is_open_until_it_is_confirmed_restored_or_left() {
        let change = json!({
            "address": "bucket_policy/a/b", "kind": "bucket_policy", "account": { "name": "a", "id": "111111111111" },
            "region": "us-east-1", "action": "delete", "phase": "contract", "risk": "disruptive", "reasons": [],
            "before": { "Version": "2012-10-17", "Statement": [] }, "after": null, "diff": [],
            "observed_fingerprint": "sha256:0", "depends_on": [],
        });
        let line = |event: &str, written: Option<&str>| {
            let mut entry = json!({
                "at": "2026-11-23T08:00:00Z", "address": "bucket_policy/a/b", "phase": "contract", "event": event,
            });
            if let Some(written) = written {
                entry["write"] = json!({ "change": change, "previous": "old", "written": written });
            }
            entry.to_string()
        };
        for (last, expected) in [
            (None, Some("second")),
            (Some("ended"), Some("second")),
            (Some("confirmed"), None),
            (Some("restored"), None),
            (Some("left"), None),
        ] {
            let mut lines =
                vec![line("began", None), line("writing", Some("first")), line("writing", Some("second"))];
            lines.extend(last.map(|event| line(event, None)));
            let open = open_confirmations(Path::new("j"), &lines.join("\n"));
            let written: Vec<_> = open.iter().filter_map(|it| it.written.as_deref()).collect();
            assert_eq!(written, expected.into_iter().collect::<Vec<_>>(), "{last:?}");
        }
    }

    #[test]
    fn the_name_of_a_plan_does_not_lead_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let journals = folder.path().join("journals");
        let long = "a".repeat(300);
        for name in ["../../x", "/etc/x", "..", "", "a/b", "a\\b", "a\0b", "a\nb", long.as_str()] {
            let plan = json!({
                "format_version": "1.0", "reconcile_version": "0", "partial": false, "created_at": "2026-11-23T08:00:00Z",
                "spec": { "name": name, "path": "p", "sha256": "0" },
                "summary": { "create": 0, "update": 0, "delete": 0, "unchanged": 0, "unreadable": 0 },
                "changes": [], "warnings": [], "unreadable": [],
            });
            let plan = Plan::from_json(&plan.to_string()).unwrap();
            let error = Journal::open(&journals, &plan).unwrap_err();
            assert!(error.to_string().contains("is not the name of a spec"), "{name:?}: {error}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn journals_of_a_spec_are_found_by_name_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        for name in
            ["sec-20261124T080000000Z", "sec-20261123T080000000Z", "sec-prod-20261123T080000000Z", "sec"]
        {
            std::fs::write(folder.path().join(format!("{name}.jsonl")), "").unwrap();
        }
        let found = journals_of(folder.path(), "sec").unwrap();
        let names: Vec<_> = found.iter().map(|path| path.file_stem().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["sec-20261123T080000000Z", "sec-20261124T080000000Z"]);
        assert!(journals_of(&folder.path().join("none"), "sec").unwrap().is_empty());
    }
}
