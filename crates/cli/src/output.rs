//! Prints results to stdout and all other output to stderr. No other module prints.
//!
//! Values in the text are escaped; see [`reconcile_text`].

use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::adapter::strip_str;
use reconcile_text::{Line, Text, escape, escape_json, is_hidden};

use crate::args::Color;
use crate::error::CliError;
use crate::files;

pub(crate) fn set_color(color: Color) {
    match color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
}

/// Prints a result for people.
pub(crate) fn print(text: &Text) -> Result<(), CliError> {
    write(text.as_str())
}

/// Prints a result of one line for people.
pub(crate) fn print_line(line: impl Into<Line>) -> Result<(), CliError> {
    print(&Text::of(line))
}

/// Prints a result for programs.
pub(crate) fn print_json(document: &str) -> Result<(), CliError> {
    write(&escape_json(document))
}

/// Prints a document without changes, such as a script, a spec or Markdown. Its values are already
/// escaped.
pub(crate) fn print_file(contents: &str) -> Result<(), CliError> {
    write(contents)
}

/// Prints a result in a format, or writes the result into the file of `--out` and prints the text
/// view. `document` is the result in a format other than text.
pub(crate) fn print_or_write(
    out: Option<&Path>,
    document: Option<String>,
    text: impl Fn() -> Text,
) -> Result<(), CliError> {
    match (out, document) {
        (None, None) => print(&text()),
        (None, Some(document)) => print_file(&document),
        (Some(path), document) => {
            let text = text();
            let document = document.unwrap_or_else(|| strip_str(text.as_str()).to_string());
            files::write_report(path, &document)?;
            print(&text)
        }
    }
}

/// Prints a question without a line break.
pub(crate) fn ask(question: &str) -> Result<(), CliError> {
    write(question)
}

fn write(text: &str) -> Result<(), CliError> {
    let mut stdout = anstream::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(CliError::Output)
}

/// Whether only results and errors are printed.
static QUIET: AtomicBool = AtomicBool::new(false);

/// Prints only results and errors from now on (`--quiet`).
pub(crate) fn set_quiet(is_quiet: bool) {
    QUIET.store(is_quiet, Ordering::Relaxed);
}

/// Prints a remark of one line to stderr, unless only results and errors are printed.
pub(crate) fn note(line: impl Into<Line>) {
    remarks(&Text::of(line));
}

/// Prints remarks to stderr, unless only results and errors are printed.
pub(crate) fn remarks(text: &Text) {
    if !QUIET.load(Ordering::Relaxed) {
        notes(text);
    }
}

/// Prints lines to stderr, even if only results and errors are printed.
pub(crate) fn notes(text: &Text) {
    // There is nowhere to report that stderr is closed.
    let _ = anstream::stderr().lock().write_all(text.as_str().as_bytes());
}

/// Prints the JSON document of an error on stdout, where a program expects the result.
pub(crate) fn error_document(error: &CliError) {
    // There is nowhere to report that stdout is closed.
    let _ = print_json(&reconcile_report::error::json(&error.failure(), error.exit().code()));
}

/// Prints the message of an error and its hint on stderr.
pub(crate) fn error(error: &CliError) {
    match error {
        CliError::Output(cause) if cause.kind() == std::io::ErrorKind::BrokenPipe => {}
        CliError::Usage(error) => usage(error),
        error => notes(&reconcile_report::error::text(&error.failure())),
    }
}

/// Prints an error message of clap. The message quotes arguments, which are escaped here.
fn usage(error: &clap::Error) {
    let args = std::env::args_os().map(|arg| arg.to_string_lossy().into_owned());
    // The parser quotes the value of `--option=value` without the option.
    let values = args.flat_map(|arg| match arg.split_once('=') {
        Some((_, value)) => vec![value.to_owned(), arg],
        None => vec![arg],
    });
    let mut message = error.render().ansi().to_string();
    for value in values.filter(|value| value.contains(is_hidden)) {
        message = message.replace(&value, &escape(&value));
    }
    // There is nowhere to report that stderr is closed.
    let _ = anstream::stderr().lock().write_all(message.as_bytes());
}
