//! What plan, apply and drift begin with: the plan of a spec.

use std::sync::Arc;

use globset::{Glob, GlobSet, GlobSetBuilder};
use jiff::Timestamp;
use reconcile_aws::Aws;
use reconcile_diff::{Comparison, Plan, Progress, compare, observe};
use reconcile_report::TextOptions;
use reconcile_spec::Spec;

use crate::args::{Global, Shown};
use crate::connect::World;
use crate::error::CliError;
use crate::progress::reading;

/// The plan of a spec, where there is nothing that keeps it from being applied.
pub(crate) async fn make_plan(
    global: &Global,
    world: &World,
    aws: &Aws,
    spec: &Spec,
    shown: &Shown,
) -> Result<Plan, CliError> {
    let comparison = compare_live(global, world, aws, spec, shown).await?;
    if comparison.refusals.is_empty() {
        Ok(comparison.plan)
    } else {
        Err(CliError::Refused(comparison.refusals))
    }
}

/// Reads live state and compares it with the spec.
pub(crate) async fn compare_live(
    global: &Global,
    world: &World,
    aws: &Aws,
    spec: &Spec,
    shown: &Shown,
) -> Result<Comparison, CliError> {
    let targets = targets(shown)?;
    let (desired, progress) = (Arc::new(spec.desired().clone()), Arc::new(Progress::default()));
    let observed = reading(global, &progress, observe(aws, &desired, &progress)).await?;
    let mut comparison = compare(spec, &observed, Timestamp::now());
    comparison.plan.sandbox = world.is_sandbox();
    if let Some(targets) = targets {
        comparison.target(|address| targets.is_match(address.to_string()));
    }
    Ok(comparison)
}

fn targets(shown: &Shown) -> Result<Option<GlobSet>, CliError> {
    if shown.targets.is_empty() {
        return Ok(None);
    }
    let mut set = GlobSetBuilder::new();
    for target in &shown.targets {
        set.add(Glob::new(target)?);
    }
    Ok(Some(set.build()?))
}

pub(crate) fn text_options(global: &Global, is_sandbox: bool) -> TextOptions {
    TextOptions { verbose: global.verbose > 0, sandbox: is_sandbox }
}
