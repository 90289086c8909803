//! `reconcile apply`

use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;

use reconcile_apply::{Interrupt, Journal, Options, Outcome, apply};
use reconcile_aws::Aws;
use reconcile_diff::Plan;
use reconcile_diff::plan::Change;
use reconcile_policy::AccountId;
use reconcile_spec::{AccountName, Member, Spec};

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
    if let Some(path) = input.filter(|path| is_spec(path)) {
        let spec = files::read_supported_spec(path)?;
        let aws = world.connect(global, &spec).await?;
        let (spec, plan) = make_plan(global, &world, &aws, &spec, &args.shown).await?;
        if !plan.changes.is_empty() && !is_agreed(global, args, &world, &plan)? {
            return Ok(Exit::Refused);
        }
        return run_plan(global, args, &world, &aws, &spec, &plan).await;
    }
    let plan = match input {
        Some(path) => files::read_plan(path)?,
        None => files::read_saved_plan(Path::new(PLAN_FILE))?,
    };
    let spec = spec_of(&plan, &world)?;
    let aws = world.connect(global, &spec).await?;
    run_plan(global, args, &world, &aws, &spec, &plan).await
}

fn is_spec(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
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
    let spec = files::read_supported_spec(Path::new(&plan.spec.path))?;
    if spec.sha256() != plan.spec.sha256 {
        return Err(CliError::SpecChanged { path: plan.spec.path.clone() });
    }
    spec.with_members(&members_of(&plan.changes)).map_err(CliError::Spec)
}

/// The accounts of a plan: those that the spec does not declare are members of its organization.
fn members_of(changes: &[Change]) -> Vec<Member> {
    let accounts: BTreeMap<&AccountId, &AccountName> =
        changes.iter().map(|change| (&change.account.id, &change.account.name)).collect();
    accounts.into_iter().map(|(id, name)| Member { id: id.clone(), name: name.to_string() }).collect()
}

/// Shows the plan and asks, unless told not to.
fn is_agreed(global: &Global, args: &ApplyArgs, world: &World, plan: &Plan) -> Result<bool, CliError> {
    if args.yes {
        return Ok(true);
    }
    if !std::io::stdin().is_terminal() || args.shown.format != Format::Text {
        return Err(CliError::NobodyToAsk);
    }
    output::print(&reconcile_report::plan::text(plan, text_options(global, world.is_sandbox())))?;
    output::print("\nApply these changes? Only `yes` is taken for it: ")?;
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
    world: &World,
    aws: &Aws,
    spec: &Spec,
    plan: &Plan,
) -> Result<Exit, CliError> {
    let journal = Journal::open(Path::new(JOURNALS), plan)?;
    let (interrupt, watch) = (Interrupt::default(), Arc::new(Applying::new(global, plan.changes.len())));
    let options = Options {
        propagation: args.propagation_timeout,
        interrupt: interrupt.clone(),
        watch: Arc::clone(&watch) as Arc<_>,
    };
    let signals = tokio::spawn(stop_on_ctrl_c(interrupt.clone()));
    let outcome = apply(aws, spec.desired(), plan, journal, options).await;
    signals.abort();
    watch.finish();

    output::print(&match args.shown.format {
        Format::Text => reconcile_report::outcome::text(&outcome, text_options(global, world.is_sandbox())),
        Format::Json => reconcile_report::outcome::json(&outcome)?,
        Format::Markdown => reconcile_report::outcome::markdown(&outcome),
    })?;
    Ok(exit(&outcome, plan, &interrupt))
}

fn exit(outcome: &Outcome, plan: &Plan, interrupt: &Interrupt) -> Exit {
    if interrupt.is_stopped() && !outcome.is_complete() {
        Exit::Interrupted
    } else if outcome.is_stale() {
        Exit::Refused
    } else if outcome.is_complete() && plan.unreadable.is_empty() {
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
