//! The plan of a spec: the first step of `plan`, `apply` and `drift`.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use reconcile_aws::Aws;
use reconcile_diff::Progress;
use reconcile_plan::observed::Live;
use reconcile_plan::{Address, Comparison, Plan, addresses, compare, destroy};
use reconcile_report::TextOptions;
use reconcile_spec::Spec;

use crate::args::{AddressPattern, Global, Selection};
use crate::connect::Backend;
use crate::error::CliError;
use crate::progress::reading;

/// The plan of a spec, and the spec with the members of its organization.
pub(crate) async fn make_plan(
    global: &Global,
    backend: &Backend,
    aws: &Aws,
    spec: &Spec,
    selection: &Selection,
    is_destroy: bool,
) -> Result<(Spec, Plan), CliError> {
    let (spec, comparison) = compare_live(global, backend, aws, spec, selection, is_destroy).await?;
    Ok((spec, comparison.plan))
}

/// Reads live state and compares it with the spec, or, for `--destroy`, with an empty installation.
pub(crate) async fn compare_live(
    global: &Global,
    backend: &Backend,
    aws: &Aws,
    spec: &Spec,
    selection: &Selection,
    is_destroy: bool,
) -> Result<(Spec, Comparison), CliError> {
    let Live { spec, observed } = read_live(global, aws, spec).await?;
    let compare = if is_destroy { destroy } else { compare };
    let mut comparison = compare(&spec, &observed, Timestamp::now());
    comparison.plan.sandbox = backend.is_sandbox();
    check_targets(selection, &spec, &comparison)?;
    if !selection.targets.is_empty() {
        comparison.target(|address| selection.targets.iter().any(|target| target.is_match(address)));
    }
    Ok((spec, comparison))
}

/// Reads live state, and shows progress.
pub(crate) async fn read_live(global: &Global, aws: &Aws, spec: &Spec) -> Result<Live, CliError> {
    let progress = Arc::new(Progress::default());
    Ok(reading(global, &progress, reconcile_diff::read(aws, spec.clone(), &progress)).await?)
}

/// Reads live state with foreign alarms, and shows progress.
pub(crate) async fn read_for_controls(global: &Global, aws: &Aws, spec: &Spec) -> Result<Live, CliError> {
    let progress = Arc::new(Progress::default());
    let read = reconcile_diff::read_for_controls(aws, spec.clone(), &progress);
    Ok(reading(global, &progress, read).await?)
}

/// Rejects targets that match no resource: otherwise the plan would be empty and look in sync.
fn check_targets(selection: &Selection, spec: &Spec, comparison: &Comparison) -> Result<(), CliError> {
    let changes = comparison.plan.changes.iter().map(|change| change.address.clone());
    let known: Vec<Address> = addresses(spec.desired()).chain(changes).collect();
    let is_unknown = |target: &&AddressPattern| !known.iter().any(|address| target.is_match(address));
    match selection.targets.iter().find(is_unknown) {
        None => Ok(()),
        Some(target) => Err(CliError::UnknownAddress {
            address: target.to_string(),
            known: known.iter().map(ToString::to_string).collect::<BTreeSet<_>>().into_iter().collect(),
        }),
    }
}

pub(crate) fn text_options(global: &Global, is_sandbox: bool) -> TextOptions {
    TextOptions { verbose: global.verbose > 0, sandbox: is_sandbox }
}
