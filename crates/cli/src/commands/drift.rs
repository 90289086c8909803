//! `reconcile drift`

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan};
use reconcile_aws::Aws;
use reconcile_diff::{blame, freshness};
use reconcile_plan::baseline::{Accepted, Baseline, Lapsed, Review};
use reconcile_plan::freshness::Staleness;
use reconcile_plan::{Comparison, DriftReport, Finding, Severity};
use reconcile_report::drift::{self, DriftStatus, SpecDrift};
use reconcile_spec::Spec;
use reconcile_text::escape_json;

use crate::args::{DriftArgs, DriftFormat, Global};
use crate::commands::observe::{compare_live, text_options};
use crate::connect::Backend;
use crate::error::CliError;
use crate::exit::Exit;
use crate::{files, output};

pub(crate) async fn run(global: &Global, args: &DriftArgs) -> Result<Exit, CliError> {
    let mut baseline = Reviewed::read(args)?;
    let backend = Backend::open(global)?;
    let mut drifts = Vec::new();
    for path in &args.specs {
        let checked_at = Timestamp::now();
        // A spec that cannot be checked does not prevent the checks of the other specs.
        let mut result = check(global, args, &backend, path).await.map_err(|error| error.failure());
        if let (Ok(checked), Some(baseline)) = (&mut result, &mut baseline) {
            baseline.accept(checked, args);
        }
        drifts.push(SpecDrift { spec: path.to_string_lossy().into_owned(), checked_at, result });
    }
    if let Some(baseline) = baseline.filter(|_| args.update_baseline) {
        files::write_report(&baseline.path, &baseline.accepted.to_json()?)?;
    }
    let text = || drift::text(&drifts, text_options(global, backend.is_sandbox()));
    output::print_or_write(args.out.as_deref(), document(args.format, &drifts)?, text)?;
    Ok(exit(&drifts, args.fail_on.into()))
}

/// The check in a format other than text, with escaped values.
fn document(format: DriftFormat, drifts: &[SpecDrift]) -> Result<Option<String>, CliError> {
    let escaped = |document: String| escape_json(document).into_owned();
    Ok(Some(match format {
        DriftFormat::Text => return Ok(None),
        DriftFormat::Json => escaped(drift::json(drifts)?),
        DriftFormat::Markdown => drift::markdown(drifts),
        DriftFormat::Html => drift::html(drifts),
        DriftFormat::Junit => drift::junit(drifts).map_err(CliError::Output)?,
        DriftFormat::Sarif => escaped(drift::sarif(drifts)?),
        DriftFormat::Ocsf => escaped(drift::ocsf(drifts)?),
    }))
}

async fn check(
    global: &Global,
    args: &DriftArgs,
    backend: &Backend,
    path: &Path,
) -> Result<DriftReport, CliError> {
    let spec = files::read_spec(path)?;
    let aws = backend.connect(global, &spec).await?;
    let (spec, comparison) = compare_live(global, backend, &aws, &spec, &args.selection, false).await?;
    let stale = match args.freshness {
        true => stale_digests(global, &aws, &spec, &comparison).await,
        false => Vec::new(),
    };
    Ok(checked(&aws, &spec, &comparison, &stale, args.blame).await)
}

/// The accounts and Regions whose digests stopped.
pub(crate) async fn stale_digests(
    global: &Global,
    aws: &Aws,
    spec: &Spec,
    comparison: &Comparison,
) -> Vec<Staleness> {
    let (desired, digests) = (spec.desired(), &comparison.digests);
    Box::pin(freshness(aws, desired, digests, Timestamp::now(), global.concurrency.get())).await
}

/// Returns the findings of a comparison and of the digests, with their authors if `blames` is set.
pub(crate) async fn checked(
    aws: &Aws,
    spec: &Spec,
    comparison: &Comparison,
    stale: &[Staleness],
    blames: bool,
) -> DriftReport {
    let mut checked = DriftReport::new(comparison);
    checked.add_freshness(stale);
    if blames {
        blame(aws, spec.desired(), comparison.plan.key.as_ref(), &mut checked.findings).await;
    }
    checked
}

/// The current day in UTC.
pub(crate) fn today() -> Date {
    Offset::UTC.to_datetime(Timestamp::now()).date()
}

/// The baseline of a check.
struct Reviewed {
    path: PathBuf,
    accepted: Baseline,
    today: Date,
}

impl Reviewed {
    /// Reads the file of `--baseline`. With `--update-baseline`, a file that does not exist counts
    /// as an empty baseline.
    fn read(args: &DriftArgs) -> Result<Option<Self>, CliError> {
        let Some(path) = args.baseline.clone() else { return Ok(None) };
        let accepted = match args.update_baseline && !path.exists() {
            true => Baseline::default(),
            false => files::read_baseline(&path)?,
        };
        Ok(Some(Self { path, accepted, today: today() }))
    }

    /// Accepts the findings of a check, and reports the entries that lapsed. With
    /// `--update-baseline`, replaces them instead.
    fn accept(&mut self, checked: &mut DriftReport, args: &DriftArgs) {
        let lapsed = self.accepted.accept(checked, self.today);
        if let Some(reason) = args.reason.clone().filter(|_| args.update_baseline) {
            let expires = args.expires.unwrap_or_else(|| self.today.saturating_add(90.days()));
            self.accepted.update(checked, &lapsed, &Review { reason, expires });
            self.accepted.accept(checked, self.today);
            return;
        }
        // With targets, only a part of the findings is known, so a missing finding may still exist.
        let is_whole = args.selection.targets.is_empty();
        for (entry, lapsed) in lapsed.iter().filter(|(_, lapsed)| is_whole || *lapsed != Lapsed::Resolved) {
            output::note(lapsed_message(entry, lapsed));
        }
    }
}

/// The message about an entry of a baseline that lapsed.
fn lapsed_message(entry: &Accepted, lapsed: &Lapsed) -> String {
    let Accepted { address, code, severity, expires, .. } = entry;
    let lapsed = match lapsed {
        Lapsed::Expired => format!("its acceptance expired after {expires}"),
        Lapsed::Worse(now) => {
            format!("it was accepted as {}, and is {} now", severity.as_str(), now.as_str())
        }
        Lapsed::Resolved => "the finding no longer exists; `--update-baseline` removes the entry".to_owned(),
    };
    format!("baseline: {address} ({code}): {lapsed}")
}

/// Returns the exit code. Findings below the severity `fail_on` do not count. A spec that could not
/// be checked always counts.
fn exit(drifts: &[SpecDrift], fail_on: Severity) -> Exit {
    let fails = |finding: &Finding| finding.is_open() && finding.severity <= fail_on;
    if drifts.iter().any(|drift| drift.status() == DriftStatus::Error) {
        Exit::Error
    } else if drifts.iter().any(|drift| drift.findings().iter().any(fails)) {
        Exit::Different
    } else {
        Exit::Ok
    }
}
