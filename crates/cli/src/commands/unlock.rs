//! `reconcile unlock`

use reconcile_apply::Interrupt;
use reconcile_apply::lock::{self, LeaseState, LockError};
use reconcile_report::lock::{Shown, json, text};

use crate::args::{Global, ShowFormat, UnlockArgs};
use crate::commands::observe::text_options;
use crate::connect::Backend;
use crate::error::CliError;
use crate::exit::Exit;
use crate::question::{can_ask, is_answered_yes};
use crate::signals::{listen, unless_stopped};
use crate::{files, output};

pub(crate) async fn run(global: &Global, args: &UnlockArgs) -> Result<Exit, CliError> {
    let interrupt = listen()?;
    // The futures of the SDK are large.
    Box::pin(unless_stopped(&interrupt, unlock(global, args, &interrupt))).await?
}

async fn unlock(global: &Global, args: &UnlockArgs, interrupt: &Interrupt) -> Result<Exit, CliError> {
    let spec = files::read_spec(&args.spec)?;
    let backend = Backend::open(global)?;
    let aws = backend.connect(global, &spec).await?;

    // Reads the lock; changes nothing.
    let (place, found) = lock::find(&aws, spec.desired()).await?;
    let mut shown = Shown::new(&place, found.as_ref());
    let is_json = args.format == ShowFormat::Json;
    if !is_json {
        output::print(&text(&shown, text_options(global, backend.is_sandbox())))?;
    }
    if let Some(found) = found {
        let is_running = found.lease == LeaseState::Running;
        if args.yes && is_running {
            return Err(LockError::Running { place }.into());
        }
        if !args.yes && !is_agreed(is_json, is_running, interrupt).await? {
            return Ok(Exit::Refused);
        }
        // Deletes the lock, if it is still the one that was read.
        found.release().await?;
        shown.released = true;
        if !is_json {
            output::print_line("Released.")?;
        }
    }
    if is_json {
        output::print_json(&json(&shown)?)?;
    }
    Ok(Exit::Ok)
}

async fn is_agreed(is_json: bool, is_running: bool, interrupt: &Interrupt) -> Result<bool, CliError> {
    if is_json || !can_ask() {
        return Err(CliError::NobodyToAsk { instead: "pass `--yes`" });
    }
    let question = if is_running {
        "\nThis apply is still running. It stops as soon as it detects that its lock was released. Release the \
         lock anyway? \
         Only `yes` is accepted: "
    } else {
        "\nRelease the lock? Only `yes` is accepted: "
    };
    is_answered_yes(question, interrupt).await
}
