//! The log on stderr.

use std::io::{self, Write};

use reconcile_text::{escape, escape_json};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use crate::args::{Global, LogFormat};
use crate::traces::Traces;

/// Starts the log and the traces. The log has no colors, because each line is escaped as a whole,
/// including its values.
pub(crate) fn start(global: &Global, traces: &Traces) {
    // The SDK logs that it cannot close a connection when the embedded AWS answers with a fault:
    // there is no connection.
    const QUIET: &str = "error,aws_smithy_runtime::client::http::connection_poisoning=off";
    // By default, the attempts and retries of the SDK are not logged. The errors of this program
    // contain their result.
    let level = match global.verbose {
        0 | 1 if global.quiet => QUIET.to_owned(),
        0 | 1 => format!("{QUIET},reconcile_watch=info"),
        _ => format!("{QUIET},reconcile=debug,reconcile_aws=debug"),
    };
    let filter = EnvFilter::try_from_env("RECONCILE_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let log = fmt::layer().with_ansi(false);
    let log = match global.log_format {
        LogFormat::Text => log.with_writer(|| Lines(text)).boxed(),
        LogFormat::Json => log.json().with_writer(|| Lines(json)).boxed(),
    };
    tracing_subscriber::registry().with(log.with_filter(filter)).with(traces.layer()).init();
}

/// A writer that escapes each event. An event is a single write of one line.
struct Lines(fn(&str) -> String);

impl Write for Lines {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let line = (self.0)(String::from_utf8_lossy(event).trim_end_matches('\n'));
        io::stderr().lock().write_all(format!("{line}\n").as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn text(event: &str) -> String {
    escape(event).into_owned()
}

fn json(event: &str) -> String {
    escape_json(event).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line() {
        assert_eq!(
            text("DEBUG called name=\u{1b}[2J\nDEBUG forged"),
            "DEBUG called name=\\u{1b}[2J\\nDEBUG forged"
        );
        assert_eq!(json("{\"name\":\"\u{202e}\"}"), "{\"name\":\"\\u202e\"}");
    }
}
