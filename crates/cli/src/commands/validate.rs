//! `reconcile validate`

use crate::args::ValidateArgs;
use crate::error::CliError;
use crate::exit::Exit;
use crate::{files, output};

pub(crate) fn run(args: &ValidateArgs) -> Result<Exit, CliError> {
    let mut exit = Exit::Ok;
    for path in &args.specs {
        match files::read_spec(path) {
            Ok(_) => output::print_line(format_args!("{}: valid", path.display()))?,
            Err(error) => {
                output::error(&error);
                exit = Exit::Error;
            }
        }
    }
    Ok(exit)
}
