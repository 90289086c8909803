//! Progress on stderr, if stderr is a terminal.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};
use reconcile_apply::{ChangeStatus, Event, EventObserver};
use reconcile_diff::Progress;
use reconcile_text::escape;

use crate::args::Global;
use crate::output;

const TICK: Duration = Duration::from_millis(100);

/// Whether progress is shown if stderr is a terminal.
fn is_wanted(global: &Global) -> bool {
    !global.no_progress && !global.quiet
}

fn bar(global: &Global, template: &str) -> ProgressBar {
    let is_shown = is_wanted(global) && std::io::stderr().is_terminal();
    let target = if is_shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(None, target);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// Shows the progress of reading live state.
pub(crate) async fn reading<T>(
    global: &Global,
    progress: &Arc<Progress>,
    read: impl Future<Output = T>,
) -> T {
    let bar = bar(global, "{spinner} reading {msg} accounts");
    let watch = async {
        loop {
            let (done, all) = progress.get();
            bar.set_message(format!("{done} of {all}"));
            bar.tick();
            tokio::time::sleep(TICK).await;
        }
    };
    let result = tokio::select! {
        result = read => result,
        never = watch => never,
    };
    bar.finish_and_clear();
    result
}

/// Shows the accounts and Regions that are verified, with the files and bytes that were read, and
/// the time left.
pub(crate) struct Verifying {
    bar: ProgressBar,
    files: AtomicU64,
    bytes: AtomicU64,
}

impl Verifying {
    pub(crate) fn new(global: &Global) -> Self {
        let bar = bar(global, "{spinner} {pos} of {len} accounts and Regions, {msg}, {eta} left");
        bar.set_message("listing");
        Self { bar, files: AtomicU64::new(0), bytes: AtomicU64::new(0) }
    }

    /// The number of accounts and Regions is known.
    pub(crate) fn begin(&self, cells: usize) {
        self.bar.set_length(u64::try_from(cells).unwrap_or(u64::MAX));
        self.bar.reset();
        self.bar.enable_steady_tick(TICK);
    }

    /// A file was opened.
    pub(crate) fn opened(&self) {
        let files = self.files.fetch_add(1, Ordering::Relaxed) + 1;
        let bytes = HumanBytes(self.bytes.load(Ordering::Relaxed));
        if !self.bar.is_hidden() {
            self.bar.set_message(format!("{files} files, {bytes}"));
        }
    }

    pub(crate) fn read(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// An account and Region is verified.
    pub(crate) fn verified(&self) {
        self.bar.inc(1);
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Shows the changes in flight on a terminal. Elsewhere, prints a line for each finished change.
pub(crate) struct Applying {
    bar: ProgressBar,
    running: Mutex<BTreeSet<String>>,
    /// Whether a line is printed for each finished change.
    is_listed: bool,
}

impl Applying {
    pub(crate) fn new(global: &Global, changes: usize) -> Self {
        let bar = bar(global, "{spinner} {pos}/{len} {wide_msg}");
        bar.set_length(u64::try_from(changes).unwrap_or(u64::MAX));
        bar.enable_steady_tick(TICK);
        let is_listed = is_wanted(global) && !std::io::stderr().is_terminal();
        Self { bar, running: Mutex::default(), is_listed }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl EventObserver for Applying {
    fn event(&self, event: Event<'_>) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Started(address) => drop(running.insert(address.to_string())),
            Event::Waiting(address) => {
                let message = format!("{address}: waiting for AWS to apply earlier changes everywhere");
                self.bar.set_message(escape(&message).into_owned());
                return;
            }
            Event::Confirming(address, trail) => {
                let message = format!("{address}: CloudTrail confirms {trail}");
                self.bar.set_message(escape(&message).into_owned());
                return;
            }
            Event::Finished(address, status) => {
                running.remove(&address.to_string());
                self.bar.inc(1);
                if self.is_listed {
                    let (done, all) = (self.bar.position(), self.bar.length().unwrap_or_default());
                    output::note(format_args!("{} {address} ({done} of {all})", word(status)));
                }
            }
        }
        let running: Vec<&str> = running.iter().map(String::as_str).collect();
        self.bar.set_message(escape(&running.join(", ")).into_owned());
    }
}

/// The result of a change in a word. The outcome contains the reason of a failure.
fn word(status: &ChangeStatus) -> &'static str {
    match status {
        ChangeStatus::Applied => "applied",
        ChangeStatus::Unchanged => "unchanged",
        ChangeStatus::Failed { .. } => "failed",
        ChangeStatus::Skipped { .. } | ChangeStatus::NotBegun | ChangeStatus::Stale { .. } => "skipped",
    }
}
