//! `reconcile watch`

mod digest_cache;
mod publisher;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reconcile_apply::lock::{HeldLock, LockError};
use reconcile_apply::{Interrupt, Journal, lock};
use reconcile_aws::Counts;
use reconcile_plan::DriftReport;
use reconcile_report::error::CommandError;
use reconcile_report::verify::Verified;
use reconcile_watch::{
    Board, Check, Lead, MachineClock, Notifier, Publish, Receiver, ReceiverError, Repair, Schedule, Secret,
    StateStore, Watch, serve,
};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Notify};

use crate::args::{Global, JOURNALS, Selection, ValueSource, Verifies, WatchArgs};
use crate::commands::apply::{Applied, ApplyMode, locked, request, run_plan};
use crate::commands::drift::{checked, stale_digests, today};
use crate::commands::observe::{compare_live, make_plan};
use crate::commands::verify::verify_last_day;
use crate::connect::Backend;
use crate::error::CliError;
use crate::exit::Exit;
use crate::{files, output, signals};
use digest_cache::DigestCache;
use publisher::Publisher;

/// The propagation timeout, which is the default of `apply --propagation-timeout`.
const PROPAGATION: Duration = Duration::from_mins(2);
const DAY: Duration = Duration::from_hours(24);

pub(crate) async fn run(global: &Global, args: &WatchArgs) -> Result<Exit, CliError> {
    let again = Arc::new(Notify::new());
    let interrupt = signals::listen_with_reload(Arc::clone(&again))?;
    let receivers = args.notify.iter().map(receiver).collect::<Result<Vec<_>, _>>()?;
    let secret = args.notify_secret.as_ref().map(secret).transpose()?;
    let schedule = Schedule { every: args.every, jitter: args.jitter };
    let board = Arc::new(Board::default());
    if let Some(address) = args.listen {
        let failed = |source| CliError::Serve { address: address.to_string(), source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        output::note(format_args!("status page on http://{address}/"));
        tokio::spawn(serve(listener, Arc::clone(&board), schedule));
    }
    let specs: Vec<String> = args.specs.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    // The progress of single checks is not shown.
    let (global, backend) = (Global { no_progress: true, ..global.clone() }, Backend::open(global)?);
    let publisher: Arc<dyn Publish> =
        Arc::new(Publisher { global: global.clone(), backend: backend.clone() });
    let watch = Watch {
        checker: Arc::new(Live {
            global,
            backend,
            baseline: args.baseline.clone(),
            blames: args.blame,
            digest_cache: args.freshness.then(DigestCache::default),
            replicas: args.replicas,
            journals: args
                .state_dir
                .as_ref()
                .map_or_else(|| JOURNALS.into(), |folder| folder.join("journal")),
            interrupt: interrupt.clone(),
            leads: Mutex::default(),
        }),
        schedule,
        repairs: args.apply.is_some(),
        verifies: args.verify.map(|Verifies::Daily| DAY),
        store: args.state_dir.clone().map(StateStore::new),
        notifier: Notifier::start(receivers, secret.as_ref(), &publisher, &board)
            .map_err(CliError::Certificates)?,
        board,
        clock: Arc::new(MachineClock),
    };
    watch.run(&specs, &interrupt, &again).await?;
    Ok(Exit::Ok)
}

/// The checker of specs, against AWS or the sandbox.
struct Live {
    global: Global,
    backend: Backend,
    baseline: Option<PathBuf>,
    blames: bool,
    digest_cache: Option<DigestCache>,
    replicas: bool,
    journals: PathBuf,
    interrupt: Interrupt,
    /// The specs that this process leads among its replicas.
    leads: Mutex<HashMap<String, Leading>>,
}

/// The lock of a spec that this process leads, and the interrupt that is set when the lock is lost.
struct Leading {
    held: HeldLock,
    lost: Interrupt,
}

impl Live {
    /// Returns the findings of a spec, and the number of safe changes.
    async fn compare(
        &self,
        path: &str,
        calls: &mut BTreeMap<&'static str, Counts>,
    ) -> Result<(DriftReport, usize), CliError> {
        let spec = files::read_spec(Path::new(path))?;
        let aws = self.backend.connect(&self.global, &spec).await?;
        let compared = compare_live(&self.global, &self.backend, &aws, &spec, &ALL, false).await;
        *calls = aws.counts();
        let (spec, mut comparison) = compared?;
        let stale = match &self.digest_cache {
            Some(cache) => {
                let list = stale_digests(&self.global, &aws, &spec, &comparison);
                cache.get_or_list(path, &comparison.digests, list).await
            }
            None => Vec::new(),
        };
        let mut checked = checked(&aws, &spec, &comparison, &stale, self.blames).await;
        *calls = aws.counts();
        if let Some(path) = &self.baseline {
            files::read_baseline(path)?.accept(&mut checked, today());
        }
        comparison.plan.keep_safe();
        Ok((checked, comparison.plan.changes.len()))
    }

    async fn apply(&self, path: &str) -> Result<Repair, CliError> {
        let spec = files::read_spec(Path::new(path))?;
        let aws = self.backend.connect(&self.global, &spec).await?;
        let work = Box::pin(async {
            // Live state may have changed before the lock was acquired, so the plan is made again.
            let (spec, mut plan) = make_plan(&self.global, &self.backend, &aws, &spec, &ALL, false).await?;
            plan.keep_safe();
            if plan.changes.is_empty() {
                return Ok(None);
            }
            let journal = Journal::open(&self.journals, &plan)?;
            let mode = ApplyMode { propagation: PROPAGATION, confirms: true };
            Ok(Some(run_plan(&self.global, mode, &aws, &spec, &plan, journal, &self.interrupt).await))
        });
        let locked = match locked(Duration::ZERO, &aws, &spec, &self.interrupt, work).await {
            Err(CliError::Lock(error)) if error.is_held() => return Ok(Repair::Nothing),
            locked => locked?,
        };
        locked.released?;
        Ok(match locked.applied {
            Some(Applied { outcome, .. }) if outcome.is_complete() => {
                Repair::Applied(outcome.summary.applied)
            }
            Some(Applied { outcome, .. }) => Repair::Failed(outcome.summary.failed + outcome.summary.skipped),
            None => Repair::Nothing,
        })
    }

    async fn take_lead(&self, path: &str) -> Result<Lead, CliError> {
        if !self.replicas {
            return Ok(Lead::This);
        }
        let mut leads = self.leads.lock().await;
        match leads.get(path).map(|leading| leading.lost.is_stopped()) {
            Some(false) => return Ok(Lead::This),
            Some(true) => drop(leads.remove(path)),
            None => {}
        }
        let spec = files::read_spec(Path::new(path))?;
        let aws = self.backend.connect(&self.global, &spec).await?;
        let lost = Interrupt::default();
        match lock::lead(&aws, spec.desired(), request(Duration::ZERO, lost.clone())).await {
            Ok(Some(held)) => {
                leads.insert(path.to_owned(), Leading { held, lost });
                Ok(Lead::This)
            }
            // The bucket of the lock does not exist yet: the first apply creates the bucket.
            Ok(None) if spec.desired().lock.is_some() => Ok(Lead::This),
            Ok(None) => Err(CliError::NoLockToLead { spec: path.to_owned() }),
            Err(LockError::Held { holder, .. }) => Ok(Lead::Other(holder.who)),
            Err(error) => Err(error.into()),
        }
    }
}

/// A selection without targets, which means all resources.
const ALL: Selection = Selection { targets: Vec::new() };

impl reconcile_watch::SpecChecker for Live {
    async fn check(&self, spec: &str) -> Check {
        let mut calls = BTreeMap::new();
        match Box::pin(self.compare(spec, &mut calls)).await {
            Ok((checked, repairable)) => Check { result: Ok(checked), calls, repairable },
            Err(error) => Check { result: Err(error.failure()), calls, repairable: 0 },
        }
    }

    async fn repair(&self, spec: &str) -> Result<Repair, CommandError> {
        Box::pin(self.apply(spec)).await.map_err(|error| error.failure())
    }

    async fn verify(&self, spec: &str) -> Result<Verified, CommandError> {
        let verified = Box::pin(verify_last_day(&self.global, &self.backend, Path::new(spec))).await;
        verified.map(|verification| verification.verified()).map_err(|error| error.failure())
    }

    async fn lead(&self, spec: &str) -> Result<Lead, CommandError> {
        Box::pin(self.take_lead(spec)).await.map_err(|error| error.failure())
    }

    async fn resign(&self, spec: &str) {
        if let Some(leading) = self.leads.lock().await.remove(spec)
            && let Err(error) = leading.held.release().await
        {
            output::error(&error.into());
        }
    }
}

fn receiver(source: &ValueSource) -> Result<Receiver, CliError> {
    const OPTION: &str = "--notify";
    Receiver::parse(&value(source)?).map_err(|error| unusable(OPTION, source, error))
}

fn secret(source: &ValueSource) -> Result<Secret, CliError> {
    const OPTION: &str = "--notify-secret";
    Secret::parse(&value(source)?).map_err(|error| unusable(OPTION, source, error))
}

/// Returns the error of a source. The value of the source can be a secret, so the error does not
/// contain the value.
fn unusable(option: &'static str, source: &ValueSource, error: ReceiverError) -> CliError {
    let place = match source {
        ValueSource::Text(_) => "URL".to_owned(),
        ValueSource::Environment(name) => format!("env:{name}"),
        ValueSource::File(path) => format!("file:{}", path.display()),
    };
    CliError::Notify { option, place, source: error }
}

fn value(source: &ValueSource) -> Result<String, CliError> {
    match source {
        ValueSource::Text(text) => Ok(text.clone()),
        ValueSource::Environment(name) => {
            std::env::var(name).map_err(|_| CliError::NotSet { name: name.clone() })
        }
        ValueSource::File(path) => files::read_secret(path),
    }
}
