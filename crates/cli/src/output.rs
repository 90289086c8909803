//! The only place that prints: what was asked for on stdout, all else on stderr.

use std::io::Write;

use anstyle::{AnsiColor, Style};

use crate::args::Color;
use crate::error::CliError;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

pub(crate) fn set_color(color: Color) {
    match color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
}

/// Writes what was asked for.
pub(crate) fn print(text: &str) -> Result<(), CliError> {
    let mut stdout = anstream::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(CliError::Output)
}

/// Says something beside what was asked for.
pub(crate) fn note(text: &str) {
    // There is nowhere to tell that stderr is gone.
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// Prints the JSON document of an error on stdout, where a program expects the result.
pub(crate) fn error_document(error: &CliError) {
    // There is nowhere to report that stdout is closed.
    let _ = print(&format!("{:#}\n", error.document()));
}

/// Prints the message of an error and its hint on stderr.
pub(crate) fn error(error: &CliError) {
    if matches!(error, CliError::Output(cause) if cause.kind() == std::io::ErrorKind::BrokenPipe) {
        return;
    }
    match error {
        CliError::Usage(error) => {
            // There is nowhere to report that stderr is closed.
            let _ = error.print();
            return;
        }
        // Diagnostics of a spec say `error:` for each problem themselves.
        CliError::Spec(problems) => note(problems.to_string().trim_end()),
        error => note(&format!("{ERROR}error{ERROR:#}: {error}")),
    }
    if let Some(hint) = error.hint() {
        note(&format!(" {HINT}hint{HINT:#}: {hint}"));
    }
}
