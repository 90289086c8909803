//! `reconcile apply`

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reconcile_apply::lock::{HeldLock, Lease, LockError};
use reconcile_apply::{
    ApplyOptions, Approval, ConfirmationPauses, Interrupt, Journal, Outcome, Propagation, apply, approve,
    lock,
};
use reconcile_aws::Aws;
use reconcile_plan::observed::Live;
use reconcile_plan::plan::{RefusedChange, Unreadable};
use reconcile_plan::{Plan, compare, destroy};
use reconcile_spec::Spec;
use reconcile_text::Text;

use crate::args::{ApplyArgs, Format, Global, JOURNALS, PLAN_FILE};
use crate::commands::observe::{make_plan, read_live, text_options};
use crate::connect::Backend;
use crate::error::CliError;
use crate::exit::Exit;
use crate::progress::Applying;
use crate::question::{can_ask, is_answered_yes};
use crate::signals::{listen, unless_stopped};
use crate::{files, output};

/// The maximum time for the release of the lock after a second signal.
const LAST_RELEASE: Duration = Duration::from_secs(5);

pub(crate) async fn run(global: &Global, args: &ApplyArgs) -> Result<Exit, CliError> {
    let interrupt = listen()?;
    let backend = Backend::open(global)?;
    let input = args.input.as_deref();
    if let Some(path) = input.filter(|path| files::is_spec(path)) {
        let spec = files::read_spec(path)?;
        let aws = unless_stopped(&interrupt, backend.connect(global, &spec)).await??;
        let work = Box::pin(apply_spec(global, args, &backend, &aws, &spec, &interrupt));
        return report(
            global,
            args,
            &backend,
            locked(args.lock_timeout, &aws, &spec, &interrupt, work).await?,
        );
    }
    if !args.shown.selection.targets.is_empty() {
        return Err(CliError::TargetOfPlan);
    }
    let plan = match input {
        Some(path) => files::read_plan(path)?,
        None => files::read_saved_plan(Path::new(PLAN_FILE))?,
    };
    if args.destroy != plan.destroy {
        return Err(CliError::DestroyOfPlan { is_destroy: plan.destroy });
    }
    let spec = spec_of(&plan, args, &backend)?;
    let aws = unless_stopped(&interrupt, backend.connect(global, &spec)).await??;
    let work = Box::pin(apply_saved(global, args, &aws, &spec, plan, &interrupt));
    report(global, args, &backend, locked(args.lock_timeout, &aws, &spec, &interrupt, work).await?)
}

/// A completed apply.
pub(crate) struct Applied {
    pub(crate) outcome: Outcome,
    unreadable: Vec<Unreadable>,
    refused: Vec<RefusedChange>,
    exit: Exit,
}

/// The options of an apply.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ApplyMode {
    /// The maximum time to wait until AWS applies earlier changes everywhere.
    pub(crate) propagation: Duration,
    /// Whether CloudTrail is asked to check trails after a change of a policy.
    pub(crate) confirms: bool,
}

impl ApplyArgs {
    fn mode(&self) -> ApplyMode {
        ApplyMode { propagation: self.propagation_timeout, confirms: !self.no_confirm }
    }
}

/// The result of the work under the lock, and the result of the release of the lock.
pub(crate) struct Locked {
    /// `None` if the user did not confirm the plan.
    pub(crate) applied: Option<Applied>,
    pub(crate) released: Result<(), LockError>,
}

async fn apply_spec(
    global: &Global,
    args: &ApplyArgs,
    backend: &Backend,
    aws: &Aws,
    spec: &Spec,
    interrupt: &Interrupt,
) -> Result<Option<Applied>, CliError> {
    let plan = Box::pin(make_plan(global, backend, aws, spec, &args.shown.selection, args.destroy));
    let (spec, plan) = unless_stopped(interrupt, plan).await??;
    if plan.changes.is_empty() || args.yes {
        for warning in &plan.warnings {
            output::remarks(&reconcile_report::plan::warning(warning));
        }
    } else if !is_agreed(global, args, backend, &plan, interrupt).await? {
        return Ok(None);
    }
    let journal = Journal::open(Path::new(JOURNALS), &plan)?;
    Ok(Some(run_plan(global, args.mode(), aws, &spec, &plan, journal, interrupt).await))
}

/// Acquires the lock of the spec, if the spec has a lock, does the work, and always releases the
/// lock.
pub(crate) async fn locked(
    wait: Duration,
    aws: &Aws,
    spec: &Spec,
    interrupt: &Interrupt,
    work: impl Future<Output = Result<Option<Applied>, CliError>>,
) -> Result<Locked, CliError> {
    let request = request(wait, interrupt.clone());
    let held = tokio::select! {
        held = Box::pin(lock::acquire(aws, spec.desired(), request)) => held?,
        () = interrupt.aborted() => return Err(CliError::AbortedLock),
    };
    if let Some((held, holder)) = held.as_ref().and_then(|held| Some((held, held.taken_from()?))) {
        output::note(format_args!(
            "took over the lock {} of {}, whose apply no longer renews it",
            held.place(),
            holder.who
        ));
    }
    // A second signal cancels the work, and every call in flight.
    let done = tokio::select! {
        done = work => done,
        () = interrupt.aborted() => Err(CliError::Aborted),
    };
    let released = match held {
        Some(held) => release(held, interrupt).await,
        None => Ok(()),
    };
    match (done, released) {
        (Ok(applied), released) => Ok(Locked { applied, released }),
        // The lost lock stopped the work, not a signal.
        (Err(CliError::Interrupted), Err(lost)) if lost.is_lost() => Err(CliError::Lock(lost)),
        (Err(error), Err(lock)) => {
            Err(CliError::Unreleased { error: Box::new(error), lock: Box::new(CliError::Lock(lock)) })
        }
        (Err(error), Ok(())) => Err(error),
    }
}

/// A request of this process for a lock.
pub(crate) fn request(wait: Duration, interrupt: Interrupt) -> lock::LockRequest {
    lock::LockRequest { who: whoami(), wait, lease: Lease::DEFAULT, interrupt }
}

/// Releases the lock. After a second signal, S3 has a few seconds to answer.
async fn release(held: HeldLock, interrupt: &Interrupt) -> Result<(), LockError> {
    let place = held.place();
    let mut release = Box::pin(held.release());
    tokio::select! {
        released = &mut release => return released,
        () = interrupt.aborted() => {}
    }
    let released = tokio::time::timeout(LAST_RELEASE, release).await;
    released.unwrap_or(Err(LockError::Unanswered { place }))
}

/// The name of this process as the holder of a lock.
fn whoami() -> String {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let user = variable("USER").or_else(|| variable("USERNAME")).unwrap_or_else(|| "unknown-user".to_owned());
    let host = variable("HOSTNAME").or_else(|| {
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
        Some(name.trim().to_owned())
    });
    format!("{user}@{} (process {})", host.as_deref().unwrap_or("unknown-host"), std::process::id())
}

/// Returns the spec of a plan. The plan file is not trusted: the spec decides which roles are
/// assumed, and what the changes can write.
fn spec_of(plan: &Plan, args: &ApplyArgs, backend: &Backend) -> Result<Spec, CliError> {
    const AWS: &str = "AWS";
    const SANDBOX: &str = "a sandbox";
    match (plan.sandbox, backend.is_sandbox()) {
        (true, false) => return Err(CliError::OtherWorld { made: SANDBOX, applied: AWS }),
        (false, true) => return Err(CliError::OtherWorld { made: AWS, applied: SANDBOX }),
        (true, true) | (false, false) => {}
    }
    let spec = match &args.spec {
        Some(path) => files::read_spec(path)?,
        None => files::read_spec_of_plan(Path::new(&plan.spec.path))?,
    };
    let is_same =
        spec.sha256() == plan.spec.sha256 && spec.desired().installation.name().as_str() == plan.spec.name;
    if !is_same {
        return Err(CliError::SpecChanged { path: spec.path().to_owned() });
    }
    Ok(spec)
}

/// Applies the changes of a saved plan that the spec still needs.
async fn apply_saved(
    global: &Global,
    args: &ApplyArgs,
    aws: &Aws,
    spec: &Spec,
    saved: Plan,
    interrupt: &Interrupt,
) -> Result<Option<Applied>, CliError> {
    let live = Box::pin(read_live(global, aws, spec));
    let Live { spec, observed } = unless_stopped(interrupt, live).await??;
    let compare = if saved.destroy { destroy } else { compare };
    let fresh = compare(&spec, &observed, Timestamp::now()).plan;
    let journal = Journal::open(Path::new(JOURNALS), &saved)?;
    let order: Vec<_> = saved.changes.iter().map(|change| (change.address.clone(), change.phase)).collect();
    let Approval { plan, left } = approve(saved, fresh, spec.desired(), &journal).map_err(|altered| {
        CliError::PlanAltered { altered: Box::new(altered), spec: spec.path().to_owned() }
    })?;
    let Applied { outcome, unreadable, refused, .. } =
        run_plan(global, args.mode(), aws, &spec, &plan, journal, interrupt).await;
    let outcome = outcome.with(left, &order);
    let exit = exit(&outcome, &plan, interrupt);
    Ok(Some(Applied { outcome, unreadable, refused, exit }))
}

/// Shows the plan and asks for confirmation.
async fn is_agreed(
    global: &Global,
    args: &ApplyArgs,
    backend: &Backend,
    plan: &Plan,
    interrupt: &Interrupt,
) -> Result<bool, CliError> {
    if !can_ask() || args.shown.format != Format::Text {
        return Err(CliError::NobodyToAsk { instead: "pass `--yes`, or apply a saved plan" });
    }
    output::print(&reconcile_report::plan::text(plan, text_options(global, backend.is_sandbox())))?;
    is_answered_yes("\nApply these changes? Only `yes` is accepted: ", interrupt).await
}

pub(crate) async fn run_plan(
    global: &Global,
    mode: ApplyMode,
    aws: &Aws,
    spec: &Spec,
    plan: &Plan,
    journal: Journal,
    interrupt: &Interrupt,
) -> Applied {
    // The plan also has changes in accounts that the spec does not declare: members of its
    // organization, and accounts that have left the organization.
    let spec = spec.with_joined(plan.accounts());
    let watch = Arc::new(Applying::new(global, plan.changes.len()));
    let options = ApplyOptions {
        propagation: Propagation::within(mode.propagation),
        confirm: mode.confirms.then(|| confirmation_pauses(plan)),
        in_flight: global.concurrency,
        interrupt: interrupt.clone(),
        observer: Arc::clone(&watch) as Arc<_>,
    };
    let outcome = wait_for_end(apply(aws, spec.desired(), plan, journal, options), interrupt).await;
    watch.finish();
    let exit = exit(&outcome, plan, interrupt);
    Applied { outcome, unreadable: plan.unreadable.clone(), refused: plan.refused.clone(), exit }
}

/// Waits for the end of an apply. Prints a message after a request to stop.
async fn wait_for_end(applying: impl Future<Output = Outcome>, interrupt: &Interrupt) -> Outcome {
    let mut applying = Box::pin(applying);
    tokio::select! {
        outcome = &mut applying => return outcome,
        () = interrupt.stopped() => {}
    }
    // This message answers a signal, so `--quiet` does not suppress it.
    output::notes(&Text::of("stopping: waiting for the changes in flight; another signal stops immediately"));
    applying.await
}

/// Prints the outcome, and the reasons for the exit code that are not part of the outcome.
fn report(global: &Global, args: &ApplyArgs, backend: &Backend, locked: Locked) -> Result<Exit, CliError> {
    let unreleased = locked.released.map_err(CliError::Lock).err();
    let Some(Applied { outcome, unreadable, refused, exit }) = locked.applied else {
        return unreleased.map_or(Ok(Exit::Refused), Err);
    };
    match args.shown.format {
        Format::Text => {
            let options = text_options(global, backend.is_sandbox());
            output::print(&reconcile_report::outcome::text(&outcome, options))?;
        }
        Format::Json => {
            let error = unreleased.as_ref().map(CliError::failure);
            let document = reconcile_report::outcome::json(&outcome, &unreadable, &refused, error.as_ref())?;
            output::print_json(&document)?;
        }
        Format::Markdown => output::print_file(&reconcile_report::outcome::markdown(&outcome))?,
    }
    for unreadable in &unreadable {
        output::notes(&reconcile_report::plan::unreadable(unreadable));
    }
    for refused in &refused {
        output::notes(&reconcile_report::plan::refused(refused));
    }
    match unreleased {
        Some(error) => {
            output::error(&error);
            Ok(error.exit())
        }
        None => Ok(exit),
    }
}

/// Returns the pauses between confirmations. A sandbox shows writes at once and has no rate limits.
fn confirmation_pauses(plan: &Plan) -> ConfirmationPauses {
    if plan.sandbox { ConfirmationPauses::AT_ONCE } else { ConfirmationPauses::PATIENT }
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
