//! `reconcile schema`

use crate::error::CliError;
use crate::exit::Exit;
use crate::output;

pub(crate) fn run() -> Result<Exit, CliError> {
    let text = serde_json::to_string_pretty(&reconcile_spec::schema())?;
    output::print_json(&format!("{text}\n"))?;
    Ok(Exit::Ok)
}
