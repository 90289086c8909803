//! `reconcile`: manages centralized CloudTrail logging from one file.

mod args;
mod commands;
mod connect;
mod error;
mod exit;
mod files;
mod log;
mod output;
mod progress;
mod question;
mod signals;
mod traces;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use error::CliError;
use exit::Exit;
use traces::Traces;
use tracing::{field, trace_span};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Help and version are results, although clap returns them as errors.
        Err(result) if !result.use_stderr() => {
            // There is nowhere to report that stdout is closed.
            let _ = result.print();
            return Exit::Ok.into();
        }
        Err(error) => return fail(&CliError::Usage(error), args::ask_for_json(std::env::args_os())).into(),
    };
    output::set_color(cli.global.color);
    output::set_quiet(cli.global.quiet);
    let traces = Traces::start();
    log::start(&cli.global, &traces);
    let exit = run_in_span(&cli);
    traces.finish();
    exit.into()
}

/// Runs the command within its span.
fn run_in_span(cli: &Cli) -> Exit {
    let span = trace_span!(
        "command",
        otel.name = format_args!("reconcile {}", cli.command.name()),
        "process.exit.code" = field::Empty,
        otel.status_code = field::Empty,
    );
    let result = span.in_scope(|| run(cli));
    let exit = result.unwrap_or_else(|error| fail(&error, cli.command.is_json()));
    span.record("process.exit.code", exit.code());
    if exit == Exit::Error {
        span.record("otel.status_code", "ERROR");
    }
    exit
}

/// Prints an error to stderr for people and, if JSON is requested, to stdout for programs.
fn fail(error: &CliError, is_json: bool) -> Exit {
    if is_json {
        output::error_document(error);
    }
    output::error(error);
    error.exit()
}

fn run(cli: &Cli) -> Result<Exit, CliError> {
    match &cli.command {
        Command::Validate(args) => commands::validate::run(args),
        Command::Schema => commands::schema::run(),
        Command::Permissions(args) => commands::permissions::run(args),
        Command::Completions(args) => commands::completions::run(args),
        Command::Plan(args) => run_reading(commands::plan::run(&cli.global, args)),
        Command::Apply(args) => run_async(commands::apply::run(&cli.global, args)),
        Command::Drift(args) => run_reading(commands::drift::run(&cli.global, args)),
        Command::Verify(args) => run_reading(commands::verify::run(&cli.global, args)),
        Command::Compliance(args) => run_reading(commands::compliance::run(&cli.global, args)),
        Command::Watch(args) => run_async(commands::watch::run(&cli.global, args)),
        Command::Import(args) => run_reading(commands::import::run(&cli.global, args)),
        Command::Explain(args) => run_reading(commands::explain::run(&cli.global, args)),
        Command::Unlock(args) => run_async(commands::unlock::run(&cli.global, args)),
        Command::Sandbox(args) => run_async(commands::sandbox::run(&cli.global, args)),
    }
}

/// Runs a command that changes nothing. A signal ends such a command at any moment.
fn run_reading(work: impl Future<Output = Result<Exit, CliError>>) -> Result<Exit, CliError> {
    run_async(async {
        let interrupt = signals::listen()?;
        signals::unless_stopped(&interrupt, work).await?
    })
}

fn run_async(work: impl Future<Output = Result<Exit, CliError>>) -> Result<Exit, CliError> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(CliError::Runtime)?;
    let result = runtime.block_on(work);
    // A lookup of a host name that hangs must not delay the end of the program.
    runtime.shutdown_background();
    result
}
