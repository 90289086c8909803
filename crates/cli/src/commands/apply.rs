//! `reconcile apply`

use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;

use reconcile_apply::lock::LockError;
use reconcile_apply::{Asking, Interrupt, Journal, Options, Outcome, Propagation, apply, lock};
use reconcile_aws::Aws;
use reconcile_diff::Plan;
use reconcile_diff::plan::{Refused, Unreadable};
use reconcile_spec::Spec;

use crate::args::{ApplyArgs, Format, Global, PLAN_FILE};
use crate::commands::observe::{make_plan, text_options};
use crate::connect::World;
use crate::error::CliError;
use crate::exit::Exit;
use crate::progress::Applying;
use crate::{files, output};

/// Where journals are kept.
const JOURNALS: &str = ".reconcile/journal";

pub(crate) async fn run(global: &Global, args: &ApplyArgs) -> Result<Exit, CliError> {
    let world = World::open(global)?;
    let input = args.input.as_deref();
    if let Some(path) = input.filter(|path| files::is_spec(path)) {
        let spec = files::read_spec(path)?;
        let aws = world.connect(global, &spec).await?;
        let work = Box::pin(apply_spec(global, args, &world, &aws, &spec));
        return report(global, args, &world, locked(args, &aws, &spec, work).await?);
    }
    if args.destroy {
        return Err(CliError::DestroyOfPlan);
    }
    if !args.shown.targets.is_empty() {
        return Err(CliError::TargetOfPlan);
    }
    let plan = match input {
        Some(path) => files::read_plan(path)?,
        None => files::read_saved_plan(Path::new(PLAN_FILE))?,
    };
    let spec = spec_of(&plan, &world)?;
    let aws = world.connect(global, &spec).await?;
    let work = Box::pin(async { run_plan(global, args, &aws, &spec, plan).await.map(Some) });
    report(global, args, &world, locked(args, &aws, &spec, work).await?)
}

/// An apply that ran to its end.
struct Applied {
    outcome: Outcome,
    unreadable: Vec<Unreadable>,
    refused: Vec<Refused>,
    exit: Exit,
}

/// The work that was done under the lock, and whether the lock could be released.
struct Locked {
    /// `None` where the user did not agree to the plan.
    applied: Option<Applied>,
    released: Result<(), LockError>,
}

async fn apply_spec(
    global: &Global,
    args: &ApplyArgs,
    world: &World,
    aws: &Aws,
    spec: &Spec,
) -> Result<Option<Applied>, CliError> {
    let (spec, plan) = make_plan(global, world, aws, spec, &args.shown, args.destroy).await?;
    if plan.changes.is_empty() || args.yes {
        for warning in plan.warnings.iter().filter(|_| !global.quiet) {
            output::note(format_args!("warning: {}: {}", warning.address, warning.message));
        }
    } else if !is_agreed(global, args, world, &plan)? {
        return Ok(None);
    }
    run_plan(global, args, aws, &spec, plan).await.map(Some)
}

/// Takes the lock of the spec, if it has one, does the work, and releases the lock.
async fn locked(
    args: &ApplyArgs,
    aws: &Aws,
    spec: &Spec,
    work: impl Future<Output = Result<Option<Applied>, CliError>>,
) -> Result<Locked, CliError> {
    let held = Box::pin(lock::take(aws, spec.desired(), &whoami(), args.lock_timeout)).await?;
    let done = work.await;
    let released = match held {
        Some(held) => held.release().await,
        None => Ok(()),
    };
    match done {
        Ok(applied) => Ok(Locked { applied, released }),
        Err(error) => {
            if let Err(unreleased) = released {
                output::error(&CliError::Lock(unreleased));
            }
            Err(error)
        }
    }
}

/// Who is to be named as holder of a lock.
fn whoami() -> String {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let user = variable("USER").or_else(|| variable("USERNAME")).unwrap_or_else(|| "somebody".to_owned());
    let host = variable("HOSTNAME").or_else(|| {
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
        Some(name.trim().to_owned())
    });
    format!("{user}@{} (process {})", host.as_deref().unwrap_or("a machine"), std::process::id())
}

/// The spec that a plan was made from: it says how to get into the accounts, which a plan does not, since that may
/// hold what is not for everybody's eyes.
fn spec_of(plan: &Plan, world: &World) -> Result<Spec, CliError> {
    const AWS: &str = "of AWS";
    const SANDBOX: &str = "of a sandbox";
    match (plan.sandbox, world.is_sandbox()) {
        (true, false) => return Err(CliError::OtherWorld { made: SANDBOX, applied: "to AWS" }),
        (false, true) => return Err(CliError::OtherWorld { made: AWS, applied: "to a sandbox" }),
        (true, true) | (false, false) => {}
    }
    let spec = files::read_spec(Path::new(&plan.spec.path))?;
    if spec.sha256() != plan.spec.sha256 {
        return Err(CliError::SpecChanged { path: plan.spec.path.clone() });
    }
    // Accounts that the spec does not declare are members of its organization.
    Ok(spec.with_joined(plan.accounts()))
}

/// Shows the plan and asks.
fn is_agreed(global: &Global, args: &ApplyArgs, world: &World, plan: &Plan) -> Result<bool, CliError> {
    if !std::io::stdin().is_terminal() || args.shown.format != Format::Text {
        return Err(CliError::NobodyToAsk);
    }
    output::print(&reconcile_report::plan::text(plan, text_options(global, world.is_sandbox())))?;
    output::ask("\nApply these changes? Only `yes` is taken for it: ")?;
    std::io::stdout().flush().map_err(CliError::Output)?;
    let mut answer = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|error| CliError::Read { path: "the terminal".into(), error })?;
    Ok(answer.trim() == "yes")
}

async fn run_plan(
    global: &Global,
    args: &ApplyArgs,
    aws: &Aws,
    spec: &Spec,
    plan: Plan,
) -> Result<Applied, CliError> {
    let journal = Journal::open(Path::new(JOURNALS), &plan)?;
    let (interrupt, watch) = (Interrupt::default(), Arc::new(Applying::new(global, plan.changes.len())));
    let options = Options {
        propagation: Propagation::within(args.propagation_timeout),
        confirm: (!args.no_confirm).then(|| asking(&plan)),
        interrupt: interrupt.clone(),
        watch: Arc::clone(&watch) as Arc<_>,
    };
    let signals = tokio::spawn(stop_on_ctrl_c(interrupt.clone()));
    let outcome = apply(aws, spec.desired(), &plan, journal, options).await;
    signals.abort();
    watch.finish();
    let exit = exit(&outcome, &plan, &interrupt);
    Ok(Applied { outcome, unreadable: plan.unreadable, refused: plan.refused, exit })
}

/// Prints the outcome, and every reason for the exit code that the outcome does not hold.
fn report(global: &Global, args: &ApplyArgs, world: &World, locked: Locked) -> Result<Exit, CliError> {
    let unreleased = locked.released.map_err(CliError::Lock).err();
    let Some(Applied { outcome, unreadable, refused, exit }) = locked.applied else {
        return unreleased.map_or(Ok(Exit::Refused), Err);
    };
    match args.shown.format {
        Format::Text => {
            let options = text_options(global, world.is_sandbox());
            output::print(&reconcile_report::outcome::text(&outcome, options))?;
        }
        Format::Json => {
            let error = unreleased.as_ref().map(CliError::object);
            let document = reconcile_report::outcome::json(&outcome, &unreadable, &refused, error.as_ref())?;
            output::print_json(&document)?;
        }
        Format::Markdown => output::print_file(&reconcile_report::outcome::markdown(&outcome))?,
    }
    for unreadable in &unreadable {
        let account = &unreadable.account;
        output::note(format_args!(
            "unreadable: account {} ({}): {}",
            account.name, account.id, unreadable.error
        ));
        if let Some(hint) = &unreadable.hint {
            output::note(format_args!(" hint: {hint}"));
        }
    }
    for refused in &refused {
        output::note(format_args!("refused: {}", refused.message));
        output::note(format_args!(" hint: {}", refused.hint));
    }
    match unreleased {
        Some(error) => {
            output::error(&error);
            Ok(error.exit())
        }
        None => Ok(exit),
    }
}

/// A sandbox shows a write at once, and has no limit of calls.
fn asking(plan: &Plan) -> Asking {
    if plan.sandbox { Asking::AT_ONCE } else { Asking::PATIENT }
}

fn exit(outcome: &Outcome, plan: &Plan, interrupt: &Interrupt) -> Exit {
    if interrupt.is_stopped() && !outcome.is_complete() {
        Exit::Interrupted
    } else if outcome.is_stale() {
        Exit::Refused
    } else if outcome.is_complete() && !plan.partial {
        Exit::Ok
    } else {
        Exit::Error
    }
}

/// The first Ctrl-C finishes what is in flight, the second ends the program at once.
async fn stop_on_ctrl_c(interrupt: Interrupt) {
    if tokio::signal::ctrl_c().await.is_err() {
        return;
    }
    interrupt.stop();
    output::note("stopping when the calls in flight are done; Ctrl-C again to stop at once");
    if tokio::signal::ctrl_c().await.is_ok() {
        #[expect(clippy::exit, reason = "the user wants it over now")]
        std::process::exit(i32::from(Exit::Interrupted.code()));
    }
}
