//! `reconcile verify`

mod all;
mod paced;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use reconcile_diff::evidence::LogFiles;
use reconcile_diff::join;
use reconcile_evidence::{
    Cell, CellReport, CellSelection, EvidenceFinding, Folder, Ledger, NotAShard, ObjectSource, PublicKeys,
    Range, Shard, ValidationScope, VerificationOutcome,
};
use reconcile_policy::AccountId;
use reconcile_report::verify::{Verification, html, json, junit, merged, text};
use reconcile_spec::{Spec, sha256_hex};
use reconcile_text::escape_json;

use crate::args::{Global, ShardSource, VerifyArgs, VerifyCommand, VerifyFormat, VerifyOutput};
use crate::commands::observe::text_options;
use crate::connect::Backend;
use crate::error::CliError;
use crate::exit::Exit;
use crate::progress::Verifying;
use crate::{files, output};
use paced::Paced;

pub(crate) async fn run(global: &Global, args: &VerifyArgs) -> Result<Exit, CliError> {
    match (&args.command, &args.spec) {
        (Some(VerifyCommand::Merge { files, printed }), _) => merge(global, files, printed),
        (None, Some(spec)) => verify(global, args, spec).await,
        // The parser already requires a spec or a subcommand.
        (None, None) => Err(CliError::NothingToVerify),
    }
}

/// Merges the results of shards.
fn merge(global: &Global, paths: &[PathBuf], printed: &VerifyOutput) -> Result<Exit, CliError> {
    let read = |path: &PathBuf| Ok((path.to_string_lossy().into_owned(), files::read_result(path)?));
    let documents: Vec<(String, String)> = paths.iter().map(read).collect::<Result<_, CliError>>()?;
    let verification = merged(&documents)?;
    print(global, printed, &verification, false)?;
    Ok(exit(verification.outcome()))
}

fn exit(outcome: VerificationOutcome) -> Exit {
    match outcome {
        VerificationOutcome::Verified => Exit::Ok,
        VerificationOutcome::Unknown => Exit::Error,
        VerificationOutcome::Wrong => Exit::Different,
    }
}

async fn verify(global: &Global, args: &VerifyArgs, path: &Path) -> Result<Exit, CliError> {
    let spec = files::read_spec(path)?;
    let selected = Selected::of(args, path, &spec)?;
    let progress = Arc::new(Verifying::new(global));
    let Some((folder, keys)) = args.from_dir.as_ref().zip(args.keys.as_ref()) else {
        let backend = Backend::open(global)?;
        let bucket =
            Box::pin(prepare_bucket(global, &backend, spec, &selected, args.rate, &progress)).await?;
        return finish(global, args, backend.is_sandbox(), selected, bucket, progress).await;
    };
    let keys = files::read_keys(keys)?;
    let source = Paced::new(Folder::new(folder), args.rate, Arc::clone(&progress));
    let scoped = scoped(&spec, None, &selected.only, &source).await?;
    let copy = Prepared { spec, scoped, source, keys };
    finish(global, args, false, selected, copy, progress).await
}

/// Verifies the log files of the last day whose digests are due, for `watch`.
pub(crate) async fn verify_last_day(
    global: &Global,
    backend: &Backend,
    path: &Path,
) -> Result<Verification, CliError> {
    let spec = files::read_spec(path)?;
    let now = now();
    let selected = Selected {
        path: path.to_owned(),
        range: Range::last_day(now),
        only: CellSelection::default(),
        ledger: None,
    };
    let progress = Arc::new(Verifying::new(global));
    let bucket = Box::pin(prepare_bucket(global, backend, spec, &selected, None, &progress)).await?;
    Ok(verification(global, selected, bucket, &progress).await?.0)
}

/// A prepared verification: its accounts and Regions, the source of its files, and the public keys.
struct Prepared<S> {
    spec: Spec,
    scoped: Scoped,
    source: S,
    keys: PublicKeys,
}

/// The accounts and Regions of a verification.
struct Scoped {
    cells: Vec<Cell>,
    /// The findings about accounts and Regions that could not be listed.
    unread: Vec<EvidenceFinding>,
    without_digests: Vec<String>,
}

/// Prepares the bucket of a spec, with the public keys that CloudTrail returns.
async fn prepare_bucket(
    global: &Global,
    backend: &Backend,
    spec: Spec,
    selected: &Selected,
    rate: Option<u32>,
    progress: &Arc<Verifying>,
) -> Result<Prepared<Paced<LogFiles>>, CliError> {
    let aws = backend.connect(global, &spec).await?;
    let (spec, organization) = Box::pin(join(&aws, spec)).await?;
    let bucket = LogFiles::open(&aws, spec.desired()).await?;
    let members = organization.map(|it| it.members());
    let source = Paced::new(bucket.clone(), rate, Arc::clone(progress));
    let mut scoped = scoped(&spec, members.as_ref(), &selected.only, &source).await?;
    let regions: BTreeSet<_> = scoped.cells.iter().map(|cell| cell.region.clone()).collect();
    // The key of a digest is valid at the end of the digest. The key of a backfill digest can be
    // valid at any later time.
    let range = &selected.range;
    let (keys, unread) = bucket.public_keys(regions, range.keys_from(), range.now).await;
    scoped.unread.extend(unread);
    Ok(Prepared { spec, scoped, source, keys })
}

async fn scoped<S: ObjectSource>(
    spec: &Spec,
    members: Option<&BTreeSet<AccountId>>,
    only: &CellSelection,
    source: &S,
) -> Result<Scoped, CliError> {
    let scope = ValidationScope::of(spec.desired(), members);
    let (cells, unread) = scope.cells(source, only).await;
    // A shard of few accounts and Regions can be empty.
    if cells.is_empty() && unread.is_empty() && only.shard.is_none() {
        return Err(CliError::NothingToVerify);
    }
    Ok(Scoped { cells, unread, without_digests: scope.without_digests })
}

/// Verifies or estimates a prepared verification, and prints the result.
async fn finish<S: ObjectSource + Send + 'static>(
    global: &Global,
    args: &VerifyArgs,
    is_sandbox: bool,
    selected: Selected,
    prepared: Prepared<S>,
    progress: Arc<Verifying>,
) -> Result<Exit, CliError> {
    if args.estimate {
        let Prepared { scoped, source, .. } = prepared;
        let path = selected.path.to_string_lossy().into_owned();
        let estimated = all::estimate_all(global, path, source, &scoped.cells, &selected.range).await;
        progress.finish();
        let text = || estimated.text(text_options(global, is_sandbox));
        let document = match args.printed.format {
            VerifyFormat::Json => Some(escape_json(estimated.json()?).into_owned()),
            VerifyFormat::Text | VerifyFormat::Html | VerifyFormat::Junit => None,
        };
        output::print_or_write(args.printed.out.as_deref(), document, text)?;
        return Ok(exit(estimated.outcome()));
    }
    let (verification, ledger) = verification(global, selected, prepared, &progress).await?;
    print(global, &args.printed, &verification, is_sandbox)?;
    if let (Some(ledger), Some(path)) = (ledger, &args.resume) {
        let is_complete =
            verification.cells.iter().all(CellReport::is_read) && verification.unlisted.is_empty();
        let finished = if is_complete { ledger.finish() } else { ledger.check() };
        finished.map_err(|source| CliError::Resume { path: path.clone(), source: source.into() })?;
    }
    Ok(exit(verification.outcome()))
}

async fn verification<S: ObjectSource + Send + 'static>(
    global: &Global,
    selected: Selected,
    prepared: Prepared<S>,
    progress: &Arc<Verifying>,
) -> Result<(Verification, Option<Ledger>), CliError> {
    let Selected { path, range, only, ledger } = selected;
    let Prepared { spec, scoped, source, keys } = prepared;
    let names = spec.desired().accounts.iter().map(|account| (account.id.clone(), account.name.to_string()));
    let names = names.collect();
    let parts = all::Parts { source, keys, range, ledger };
    let (cells, ledger) = all::verify_all(global, parts, scoped.cells, progress).await?;
    let verification = Verification {
        spec: path.to_string_lossy().into_owned(),
        from: range.from,
        to: range.to,
        names,
        cells,
        unlisted: scoped.unread,
        without_digests: scoped.without_digests,
        shard: only.shard,
    };
    Ok((verification, ledger))
}

/// The selection in the arguments.
struct Selected {
    /// The path of the spec.
    path: PathBuf,
    range: Range,
    only: CellSelection,
    ledger: Option<Ledger>,
}

impl Selected {
    fn of(args: &VerifyArgs, path: &Path, spec: &Spec) -> Result<Self, CliError> {
        let only = only(args, spec)?;
        let range = range(args)?;
        let Some(resume) = &args.resume else {
            return Ok(Self { path: path.to_owned(), range, only, ledger: None });
        };
        // The selection identifies the verification of the file, so a file with another selection
        // is rejected. The text must not change when a type gets another name.
        let CellSelection { accounts, regions, shard } = &only;
        let selection = format!("Only {{ accounts: {accounts:?}, regions: {regions:?}, shard: {shard:?} }}");
        let of = sha256_hex(format!("{:?}\n{selection}", spec.desired()).as_bytes());
        let (ledger, range) = Ledger::open(resume, &of, (args.from, args.to), range)
            .map_err(|source| CliError::Resume { path: resume.clone(), source })?;
        Ok(Self { path: path.to_owned(), range, only, ledger: Some(ledger) })
    }
}

/// The current time without fractions of a second.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

fn range(args: &VerifyArgs) -> Result<Range, CliError> {
    let now = now();
    let to = args.to.unwrap_or(now).min(now);
    // A duration that reaches before the first possible time starts at the first possible time.
    let from = args.from.unwrap_or_else(|| to.checked_sub(args.since).unwrap_or(Timestamp::MIN));
    if from >= to {
        return Err(CliError::EmptyRange { from, to });
    }
    Ok(Range { from, to, now })
}

/// The selected accounts and Regions.
fn only(args: &VerifyArgs, spec: &Spec) -> Result<CellSelection, CliError> {
    let mut only =
        CellSelection { regions: args.regions.iter().cloned().collect(), ..CellSelection::default() };
    for name in &args.accounts {
        let account = spec.desired().account(name).ok_or_else(|| CliError::UnknownAccount {
            name: name.to_string(),
            known: spec.desired().accounts.iter().map(|account| account.name.to_string()).collect(),
        })?;
        only.accounts.insert(account.id.clone());
    }
    only.shard = args.shard.as_ref().map(shard).transpose()?;
    Ok(only)
}

fn shard(source: &ShardSource) -> Result<Shard, CliError> {
    match source {
        ShardSource::Shard(shard) => Ok(*shard),
        ShardSource::Environment { name, of } => {
            let index = std::env::var(name).map_err(|_| CliError::NotSet { name: name.clone() })?;
            let text = format!("{index}/{of}");
            text.parse().map_err(|source: NotAShard| CliError::Shard { text, source })
        }
    }
}

fn print(
    global: &Global,
    printed: &VerifyOutput,
    verification: &Verification,
    is_sandbox: bool,
) -> Result<(), CliError> {
    let text = || text(verification, text_options(global, is_sandbox));
    let document = match printed.format {
        VerifyFormat::Text => None,
        VerifyFormat::Json => Some(escape_json(json(verification)?).into_owned()),
        VerifyFormat::Html => Some(html(verification)),
        VerifyFormat::Junit => Some(junit(verification).map_err(CliError::Output)?),
    };
    output::print_or_write(printed.out.as_deref(), document, text)
}
