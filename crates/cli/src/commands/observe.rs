//! What plan, apply and drift begin with: the plan of a spec.

use std::sync::Arc;

use globset::{Glob, GlobSet, GlobSetBuilder};
use jiff::Timestamp;
use reconcile_aws::Aws;
use reconcile_diff::{Plan, Progress, compare, observe};
use reconcile_report::TextOptions;
use reconcile_spec::Spec;

use crate::args::{Global, Shown};
use crate::connect::World;
use crate::error::CliError;
use crate::progress::reading;

/// Reads live state and compares it with the spec.
pub(crate) async fn make_plan(
    global: &Global,
    world: &World,
    aws: &Aws,
    spec: &Spec,
    shown: &Shown,
) -> Result<Plan, CliError> {
    let targets = targets(shown)?;
    let (desired, progress) = (Arc::new(spec.desired().clone()), Arc::new(Progress::default()));
    let observed = reading(global, &progress, observe(aws, &desired, &progress)).await?;
    let mut plan = compare(spec, &observed, Timestamp::now());
    plan.sandbox = world.is_sandbox();
    if let Some(targets) = targets {
        plan.target(|address| targets.is_match(address.to_string()));
    }
    Ok(plan)
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
