//! `reconcile verify`

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use reconcile_diff::evidence::LogFiles;
use reconcile_diff::join;
use reconcile_evidence::{
    Cell, CellReport, Concurrency, Finding, Folder, Only, Outcome, PublicKeys, Range, Scope, Source, verify,
};
use reconcile_policy::AccountId;
use reconcile_report::verify::{Verification, json, junit, text};
use reconcile_spec::Spec;
use reconcile_text::escape_json;
use tokio::task::JoinSet;

use crate::args::{Global, VerifyArgs, VerifyFormat};
use crate::commands::observe::text_options;
use crate::connect::World;
use crate::error::CliError;
use crate::exit::Exit;
use crate::progress::Verifying;
use crate::{files, output};

pub(crate) async fn run(global: &Global, args: &VerifyArgs) -> Result<Exit, CliError> {
    let spec = files::read_spec(&args.spec)?;
    let range = range(args)?;
    let (is_sandbox, verification) = match (&args.from_dir, &args.keys) {
        (Some(folder), Some(keys)) => (false, of_copy(global, args, &spec, range, folder, keys).await?),
        _ => {
            let world = World::open(global)?;
            (world.is_sandbox(), Box::pin(of_bucket(global, args, &world, spec, range)).await?)
        }
    };
    print(global, args, &verification, is_sandbox)?;
    Ok(match verification.outcome() {
        Outcome::Verified => Exit::Ok,
        Outcome::Unknown => Exit::Error,
        Outcome::Wrong => Exit::Different,
    })
}

/// Verifies a copy of the buckets of a spec.
async fn of_copy(
    global: &Global,
    args: &VerifyArgs,
    spec: &Spec,
    range: Range,
    folder: &Path,
    keys: &Path,
) -> Result<Verification, CliError> {
    let keys = files::read_keys(keys)?;
    let source = Folder::new(folder);
    let scoped = scoped(args, spec, None, &source).await?;
    verification(global, args, spec, scoped, source, keys, range).await
}

/// Verifies the bucket of a spec, with the public keys that CloudTrail returns.
async fn of_bucket(
    global: &Global,
    args: &VerifyArgs,
    world: &World,
    spec: Spec,
    range: Range,
) -> Result<Verification, CliError> {
    let aws = world.connect(global, &spec).await?;
    let (spec, organization) = Box::pin(join(&aws, spec)).await?;
    let source = LogFiles::open(&aws, spec.desired()).await?;
    let members = organization.map(|it| it.roster.members().iter().map(|member| member.id.clone()).collect());
    let mut scoped = scoped(args, &spec, members.as_ref(), &source).await?;
    let regions: BTreeSet<_> = scoped.cells.iter().map(|cell| cell.region.clone()).collect();
    // The key of a digest is valid at the time of the digest, or of a backfill until now.
    let (keys, unread) = source.public_keys(regions, range.keys_from(), range.now).await;
    scoped.unread.extend(unread);
    verification(global, args, &spec, scoped, source, keys, range).await
}

/// What is verified.
struct Scoped {
    cells: Vec<Cell>,
    /// What could not be read so far.
    unread: Vec<Finding>,
    without_digests: Vec<String>,
}

async fn scoped<S: Source>(
    args: &VerifyArgs,
    spec: &Spec,
    members: Option<&BTreeSet<AccountId>>,
    source: &S,
) -> Result<Scoped, CliError> {
    let scope = Scope::of(spec.desired(), members);
    let (cells, unread) = scope.cells(source, &only(args, spec)?).await;
    if cells.is_empty() && unread.is_empty() {
        return Err(CliError::NothingToVerify);
    }
    Ok(Scoped { cells, unread, without_digests: scope.without_digests })
}

async fn verification<S: Source + Send + 'static>(
    global: &Global,
    args: &VerifyArgs,
    spec: &Spec,
    scoped: Scoped,
    source: S,
    keys: PublicKeys,
    range: Range,
) -> Result<Verification, CliError> {
    let names = spec.desired().accounts.iter().map(|account| (account.id.clone(), account.name.to_string()));
    Ok(Verification {
        spec: args.spec.to_string_lossy().into_owned(),
        from: range.from,
        to: range.to,
        names: names.collect(),
        cells: verify_all(global, Arc::new(source), Arc::new(keys), scoped.cells, range).await?,
        unlisted: scoped.unread,
        without_digests: scoped.without_digests,
    })
}

fn range(args: &VerifyArgs) -> Result<Range, CliError> {
    let now = Timestamp::now();
    let to = args.to.unwrap_or(now).min(now);
    // A duration of the arguments never leads before the first possible time.
    let from = args.from.unwrap_or_else(|| to.checked_sub(args.since).unwrap_or(Timestamp::MIN));
    if from >= to {
        return Err(CliError::EmptyRange { from, to });
    }
    Ok(Range { from, to, now })
}

/// The selected accounts and Regions.
fn only(args: &VerifyArgs, spec: &Spec) -> Result<Only, CliError> {
    let mut only = Only { regions: args.regions.iter().cloned().collect(), ..Only::default() };
    for name in &args.accounts {
        let account = spec.desired().account(name).ok_or_else(|| CliError::UnknownAccount {
            name: name.to_string(),
            known: spec.desired().accounts.iter().map(|account| account.name.to_string()).collect(),
        })?;
        only.accounts.insert(account.id.clone());
    }
    Ok(only)
}

/// The accounts and Regions that are verified at the same time.
const MAX_WORKERS: usize = 8;

/// Verifies all accounts and Regions. Tasks share the work, so that all processors hash.
async fn verify_all<S: Source + Send + 'static>(
    global: &Global,
    source: Arc<S>,
    keys: Arc<PublicKeys>,
    cells: Vec<Cell>,
    range: Range,
) -> Result<Vec<CellReport>, CliError> {
    let progress = Arc::new(Verifying::new(global, cells.len()));
    let workers = cells.len().min(MAX_WORKERS).min(global.concurrency.get());
    let each = global
        .concurrency
        .get()
        .checked_div(workers)
        .and_then(NonZeroUsize::new)
        .map_or(1, NonZeroUsize::get);
    let concurrency = Concurrency { digests: each.div_ceil(4), logs: each };
    let cells = Arc::new(cells);
    let next = Arc::new(AtomicUsize::new(0));
    let reports = Arc::new(Mutex::new(Vec::with_capacity(cells.len())));
    let mut tasks = JoinSet::new();
    for _ in 0..workers {
        let (source, keys, cells) = (Arc::clone(&source), Arc::clone(&keys), Arc::clone(&cells));
        let (next, reports, progress) = (Arc::clone(&next), Arc::clone(&reports), Arc::clone(&progress));
        tasks.spawn(async move {
            while let Some(cell) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
                let report = verify(source.as_ref(), &keys, cell, &range, concurrency).await;
                progress.verified(&report);
                reports.lock().unwrap_or_else(PoisonError::into_inner).push(report);
            }
        });
    }
    while let Some(finished) = tasks.join_next().await {
        finished.map_err(|error| CliError::Runtime(std::io::Error::other(error)))?;
    }
    progress.finish();
    let mut reports = std::mem::take(&mut *reports.lock().unwrap_or_else(PoisonError::into_inner));
    reports.sort_by(|a, b| (&a.account, &a.region).cmp(&(&b.account, &b.region)));
    Ok(reports)
}

fn print(
    global: &Global,
    args: &VerifyArgs,
    verification: &Verification,
    is_sandbox: bool,
) -> Result<(), CliError> {
    let text = || text(verification, text_options(global, is_sandbox));
    let document = match args.format {
        VerifyFormat::Text => None,
        VerifyFormat::Json => Some(escape_json(&json(verification)?).into_owned()),
        VerifyFormat::Junit => Some(junit(verification).map_err(CliError::Output)?),
    };
    output::print_or_write(args.out.as_deref(), document, text)
}
