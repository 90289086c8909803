//! Signals that stop a command: Ctrl-C, and on Unix also `SIGTERM` and `SIGHUP`.

use std::sync::Arc;

use reconcile_apply::Interrupt;
use tokio::sync::Notify;

use crate::error::CliError;

/// Starts to handle signals. The first signal stops the command, and the second signal ends the
/// command at once.
///
/// # Errors
/// Fails if the operating system does not deliver signals to the program.
pub(crate) fn listen() -> Result<Interrupt, CliError> {
    Ok(listen_to(system::Signals::listen().map_err(CliError::Runtime)?))
}

fn listen_to(mut signals: system::Signals) -> Interrupt {
    let interrupt = Interrupt::default();
    let requested = interrupt.clone();
    tokio::spawn(async move {
        signals.next().await;
        requested.stop();
        signals.next().await;
        requested.abort();
    });
    interrupt
}

/// Starts to handle signals like [`listen`], except for `SIGHUP`, which requests a new check and
/// does not stop the command.
///
/// # Errors
/// Fails if the operating system does not deliver signals to the program.
pub(crate) fn listen_with_reload(again: Arc<Notify>) -> Result<Interrupt, CliError> {
    let mut reloads = system::Reloads::listen().map_err(CliError::Runtime)?;
    tokio::spawn(async move {
        loop {
            reloads.next().await;
            again.notify_waiters();
        }
    });
    Ok(listen_to(system::Signals::listen_without_hangup().map_err(CliError::Runtime)?))
}

/// Runs work until it ends or a stop is requested. The work must be safe to abandon at any moment.
///
/// # Errors
/// [`CliError::Interrupted`] if a stop was requested first.
pub(crate) async fn unless_stopped<T>(
    interrupt: &Interrupt,
    work: impl Future<Output = T>,
) -> Result<T, CliError> {
    tokio::select! {
        done = work => Ok(done),
        () = interrupt.stopped() => Err(CliError::Interrupted),
    }
}

#[cfg(unix)]
mod system {
    use std::future::poll_fn;
    use std::task::Poll;

    use tokio::signal::unix::{Signal, SignalKind, signal};

    pub(super) struct Signals(Vec<Signal>);

    impl Signals {
        /// Starts to listen. Ignores signals that the caller of the program ignores, as `nohup`
        /// does with `SIGHUP`.
        pub(super) fn listen() -> std::io::Result<Self> {
            Self::of(&[SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()])
        }

        pub(super) fn listen_without_hangup() -> std::io::Result<Self> {
            Self::of(&[SignalKind::interrupt(), SignalKind::terminate()])
        }

        fn of(kinds: &[SignalKind]) -> std::io::Result<Self> {
            // Only Linux shows which signals are ignored.
            let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
            let heard = kinds.iter().copied().filter(|kind| !is_ignored(&status, kind.as_raw_value()));
            heard.map(signal).collect::<Result<_, _>>().map(Self)
        }

        /// Waits for the next signal.
        pub(super) async fn next(&mut self) {
            poll_fn(|context| {
                let is_ready = self.0.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
                if is_ready { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        }
    }

    /// Requests for a new check.
    pub(super) struct Reloads(Signal);

    impl Reloads {
        pub(super) fn listen() -> std::io::Result<Self> {
            signal(SignalKind::hangup()).map(Self)
        }

        /// Waits for the next request.
        pub(super) async fn next(&mut self) {
            if self.0.recv().await.is_none() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Whether a process with this status ignores a signal. See "/proc/pid/status" in the Linux
    /// manual pages.
    fn is_ignored(status: &str, signal: i32) -> bool {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
        let bit = u32::try_from(signal - 1).ok().and_then(|shift| 1_u64.checked_shl(shift));
        bit.is_some_and(|bit| mask & bit != 0)
    }

    #[cfg(test)]
    mod tests {
        use super::is_ignored;

        #[test]
        fn ignored_signals_are_read_from_the_status_of_the_process() {
            for (status, signal, expected) in [
                ("SigBlk:\t0000000000000001\nSigIgn:\t0000000000000001\n", 1, true),
                ("SigIgn:\t0000000000001000\n", 1, false),
                ("SigIgn:\t0000000000000006\n", 2, true),
                ("SigIgn:\tnone\n", 1, false),
                ("", 15, false),
            ] {
                assert_eq!(is_ignored(status, signal), expected, "{status}");
            }
        }
    }
}

#[cfg(not(unix))]
mod system {
    pub(super) struct Signals;

    impl Signals {
        #[expect(clippy::unnecessary_wraps, reason = "on Unix this can fail")]
        pub(super) fn listen() -> std::io::Result<Self> {
            Ok(Self)
        }

        #[expect(clippy::unnecessary_wraps, reason = "on Unix this can fail")]
        pub(super) fn listen_without_hangup() -> std::io::Result<Self> {
            Ok(Self)
        }

        /// Waits for the next Ctrl-C.
        pub(super) async fn next(&mut self) {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    pub(super) struct Reloads;

    impl Reloads {
        #[expect(clippy::unnecessary_wraps, reason = "on Unix this can fail")]
        pub(super) fn listen() -> std::io::Result<Self> {
            Ok(Self)
        }

        /// Never returns, because there is no signal that requests a new check.
        pub(super) async fn next(&mut self) {
            std::future::pending::<()>().await;
        }
    }
}
