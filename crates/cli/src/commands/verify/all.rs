//! All accounts and Regions of a validation, some of them at the same time.

use std::sync::Arc;

use futures::stream::{self, StreamExt, TryStreamExt};
use reconcile_evidence::{
    Cell, CellReport, Concurrency, Estimate, Job, Ledger, ObjectSource, PublicKeys, Range, estimate, verify,
};
use reconcile_report::verify::Estimated;
use tracing::{Instrument, trace_span};

use crate::args::Global;
use crate::error::CliError;
use crate::progress::Verifying;

/// The maximum number of accounts and Regions that are verified at the same time. The memory of a
/// verification depends on this number, not on the number of all accounts and Regions.
const AT_ONCE: usize = 8;

/// The data that all accounts and Regions share.
pub(super) struct Parts<S> {
    pub(super) source: S,
    pub(super) keys: PublicKeys,
    pub(super) range: Range,
    pub(super) ledger: Option<Ledger>,
}

/// Verifies all accounts and Regions, each in its own task, so that all processors compute hashes.
/// Also returns the ledger.
pub(super) async fn verify_all<S: ObjectSource + Send + 'static>(
    global: &Global,
    parts: Parts<S>,
    cells: Vec<Cell>,
    progress: &Arc<Verifying>,
) -> Result<(Vec<CellReport>, Option<Ledger>), CliError> {
    let at_once = cells.len().min(AT_ONCE).min(global.concurrency.get()).max(1);
    let each = global.concurrency.get() / at_once;
    let Parts { source, keys, range, ledger } = parts;
    let concurrency = Concurrency { digests: each.div_ceil(4), logs: each };
    let job = Arc::new(Job { source, keys, range, concurrency, ledger });
    progress.begin(cells.len());
    let tasks = stream::iter(cells).map(|cell| {
        let (job, progress) = (Arc::clone(&job), Arc::clone(progress));
        let span = trace_span!("region", cloud.account.id = %cell.account, cloud.region = %cell.region);
        let verified = async move {
            let report = verify(job.as_ref(), &cell).await;
            progress.verified();
            report
        };
        tokio::spawn(verified.instrument(span))
    });
    let reports: Vec<CellReport> = tasks
        .buffer_unordered(at_once)
        .map_err(|error| CliError::Runtime(std::io::Error::other(error)))
        .try_collect()
        .await?;
    progress.finish();
    // All tasks have ended.
    let ledger = Arc::into_inner(job).and_then(|job| job.ledger);
    let mut reports = reports;
    reports.sort_by(|a, b| (&a.account, &a.region).cmp(&(&b.account, &b.region)));
    Ok((reports, ledger))
}

/// Counts the files of all accounts and Regions.
pub(super) async fn estimate_all<S: ObjectSource>(
    global: &Global,
    spec: String,
    source: S,
    cells: &[Cell],
    range: &Range,
) -> Estimated {
    let counts = stream::iter(cells).map(|cell| estimate(&source, cell, range));
    let mut counts = counts.buffer_unordered(global.concurrency.get());
    let (mut sum, mut unlisted) = (Estimate::default(), Vec::new());
    while let Some((part, findings)) = counts.next().await {
        sum.add(part);
        unlisted.extend(findings);
    }
    Estimated { spec, cells: cells.len(), estimate: sum, unlisted }
}
