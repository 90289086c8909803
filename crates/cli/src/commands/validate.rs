//! `reconcile validate`

use crate::args::ValidateArgs;
use crate::error::CliError;
use crate::exit::Exit;
use crate::{files, output};

pub(crate) fn run(args: &ValidateArgs) -> Result<Exit, CliError> {
    let mut exit = Exit::Ok;
    for path in &args.specs {
        match files::read_spec(path) {
            Ok(spec) => {
                output::print(&format!("{}: valid\n", path.display()))?;
                if let Some(unsupported) = spec.unsupported() {
                    let count = unsupported.iter().count();
                    output::note(&format!(
                        "{}: {count} settings are not supported yet by `plan`:",
                        path.display()
                    ));
                    for problem in unsupported.iter() {
                        output::note(&format!("  {}", problem.message));
                    }
                }
            }
            Err(error) => {
                output::error(&error);
                exit = Exit::Error;
            }
        }
    }
    Ok(exit)
}
