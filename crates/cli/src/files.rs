//! Reads specs and plans, and writes plans: whole or not at all, and for their owner alone.

use std::io::{ErrorKind, Write};
use std::path::Path;

use reconcile_diff::Plan;
use reconcile_policy::Document;
use reconcile_spec::Spec;

use crate::error::CliError;

/// Reads and checks a spec.
pub(crate) fn read_spec(path: &Path) -> Result<Spec, CliError> {
    let bytes = std::fs::read(path).map_err(|error| CliError::Read { path: path.to_owned(), error })?;
    reconcile_spec::parse(&path.to_string_lossy(), &bytes).map_err(CliError::Spec)
}

/// Reads a policy document.
pub(crate) fn read_policy(path: &Path) -> Result<Document, CliError> {
    let text =
        std::fs::read_to_string(path).map_err(|error| CliError::Read { path: path.to_owned(), error })?;
    text.parse().map_err(|error| CliError::Policy { path: path.to_owned(), error })
}

/// Reads a plan file.
pub(crate) fn read_plan(path: &Path) -> Result<Plan, CliError> {
    let text =
        std::fs::read_to_string(path).map_err(|error| CliError::Read { path: path.to_owned(), error })?;
    Plan::from_json(&text).map_err(|error| CliError::Plan { path: path.to_owned(), error })
}

/// Reads the saved plan of the default place.
pub(crate) fn read_saved_plan(path: &Path) -> Result<Plan, CliError> {
    match read_plan(path) {
        Err(CliError::Read { error, .. }) if error.kind() == ErrorKind::NotFound => {
            Err(CliError::NoPlan { path: path.to_owned() })
        }
        read => read,
    }
}

/// Whether a file is a spec, by its name.
pub(crate) fn is_spec(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// Saves a plan.
pub(crate) fn write_plan(path: &Path, plan: &Plan) -> Result<(), CliError> {
    let text = plan.to_json()?;
    replace(path, text.as_bytes()).map_err(|error| CliError::Write { path: path.to_owned(), error })
}

/// Writes a file that is not there yet.
pub(crate) fn write_new(path: &Path, text: &str) -> Result<(), CliError> {
    if path.exists() {
        return Err(CliError::Exists { path: path.to_owned() });
    }
    replace(path, text.as_bytes()).map_err(|error| CliError::Write { path: path.to_owned(), error })
}

fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    // A file that took its place would be the end of a device such as `/dev/null`.
    if std::fs::metadata(path).is_ok_and(|it| !it.is_file()) {
        return std::fs::write(path, bytes);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    // A temporary file is readable by its owner alone, and so is what it becomes.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}
