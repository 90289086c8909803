//! Reads specs and plans. Writes plans atomically, readable only by their owner.

use std::fs::File;
use std::io::{Error, ErrorKind, Read};
use std::path::Path;

use reconcile_evidence::PublicKeys;
use reconcile_files::replace;
use reconcile_plan::Plan;
use reconcile_plan::baseline::Baseline;
use reconcile_policy::Document;
use reconcile_spec::Spec;

use crate::error::CliError;

/// The maximum size of a spec or a policy, in bytes.
const MAX_TEXT: u64 = 16 << 20;
/// The maximum size of a plan, in bytes.
const MAX_PLAN: u64 = 1 << 30;

/// Reads a file up to a maximum size, because the path can be a device that never ends.
fn read(path: &Path, limit: u64) -> Result<Vec<u8>, CliError> {
    let read = || {
        let mut bytes = Vec::new();
        File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            let message = format!("it has more than {} MiB", limit >> 20);
            return Err(Error::new(ErrorKind::FileTooLarge, message));
        }
        Ok(bytes)
    };
    read().map_err(|source| CliError::Read { path: path.to_owned(), source })
}

fn read_text(path: &Path, limit: u64) -> Result<String, CliError> {
    let invalid = |_| Error::new(ErrorKind::InvalidData, "it is not UTF-8 text");
    String::from_utf8(read(path, limit)?)
        .map_err(invalid)
        .map_err(|source| CliError::Read { path: path.to_owned(), source })
}

/// Reads and checks a spec.
pub(crate) fn read_spec(path: &Path) -> Result<Spec, CliError> {
    reconcile_spec::parse(&path.to_string_lossy(), &read(path, MAX_TEXT)?).map_err(CliError::Spec)
}

/// Reads the spec at the path in a plan file. Reads only regular files, because other files can
/// block or never end.
pub(crate) fn read_spec_of_plan(path: &Path) -> Result<Spec, CliError> {
    let file = std::fs::metadata(path).and_then(|it| {
        let message = "it is not a regular file";
        if it.is_file() { Ok(()) } else { Err(Error::new(ErrorKind::InvalidInput, message)) }
    });
    file.map_err(|source| CliError::Read { path: path.to_owned(), source })?;
    read_spec(path)
}

/// Reads a policy document.
pub(crate) fn read_policy(path: &Path) -> Result<Document, CliError> {
    read_text(path, MAX_TEXT)?.parse().map_err(|source| CliError::Policy { path: path.to_owned(), source })
}

/// Reads a baseline of findings.
pub(crate) fn read_baseline(path: &Path) -> Result<Baseline, CliError> {
    Baseline::parse(&read_text(path, MAX_TEXT)?)
        .map_err(|source| CliError::Baseline { path: path.to_owned(), source })
}

/// Reads saved public keys of CloudTrail.
pub(crate) fn read_keys(path: &Path) -> Result<PublicKeys, CliError> {
    PublicKeys::parse(&read(path, MAX_TEXT)?)
        .map_err(|source| CliError::Keys { path: path.to_owned(), source })
}

/// Reads the result of a verification.
pub(crate) fn read_result(path: &Path) -> Result<String, CliError> {
    read_text(path, MAX_PLAN)
}

/// Reads a secret.
pub(crate) fn read_secret(path: &Path) -> Result<String, CliError> {
    read_text(path, MAX_TEXT)
}

/// Reads a plan file.
pub(crate) fn read_plan(path: &Path) -> Result<Plan, CliError> {
    Plan::from_json(&read_text(path, MAX_PLAN)?)
        .map_err(|source| CliError::Plan { path: path.to_owned(), source })
}

/// Reads the saved plan at the default path.
pub(crate) fn read_saved_plan(path: &Path) -> Result<Plan, CliError> {
    match read_plan(path) {
        Err(CliError::Read { source, .. }) if source.kind() == ErrorKind::NotFound => {
            Err(CliError::NoPlan { path: path.to_owned() })
        }
        read => read,
    }
}

/// Whether the name of a file has the extension of a spec.
pub(crate) fn is_spec(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// Saves a plan.
pub(crate) fn write_plan(path: &Path, plan: &Plan) -> Result<(), CliError> {
    let text = plan.to_json()?;
    replace(path, text.as_bytes()).map_err(|source| CliError::Write { path: path.to_owned(), source })
}

/// Writes a report, and replaces an earlier report.
pub(crate) fn write_report(path: &Path, text: &str) -> Result<(), CliError> {
    replace(path, text.as_bytes()).map_err(|source| CliError::Write { path: path.to_owned(), source })
}

/// Writes a new file. Fails if the file exists.
pub(crate) fn write_new(path: &Path, text: &str) -> Result<(), CliError> {
    if path.exists() {
        return Err(CliError::Exists { path: path.to_owned() });
    }
    replace(path, text.as_bytes()).map_err(|source| CliError::Write { path: path.to_owned(), source })
}
