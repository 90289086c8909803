//! The arguments of `watch`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::SignedDuration;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  reconcile watch specs/*.yaml --every 5m --jitter 30s --listen 127.0.0.1:8080
  reconcile watch specs/*.yaml --notify env:ALERT_URL --state-dir /var/lib/reconcile
  reconcile watch specs/prod.yaml --every 30s --apply safe
  reconcile watch specs/prod.yaml --replicas --listen 0.0.0.0:8080

SIGTERM and Ctrl-C end the process with exit code 0. A repair in progress is finished first. SIGHUP immediately starts a check of all specs. \
Every check reads its spec and the baseline again. The pages of --listen are / (status), /metrics (Prometheus), /healthz and /readyz.")]
pub(crate) struct WatchArgs {
    /// Spec files
    #[arg(required = true, value_name = "SPEC")]
    pub(crate) specs: Vec<PathBuf>,
    /// Time from the start of a check to the start of the next check, such as `30s`, `5m` or `1h`
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = interval)]
    pub(crate) every: Duration,
    /// Maximum random time to add before each check
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = duration)]
    pub(crate) jitter: Duration,
    /// Address of the status page, the metrics and the probes, which have no authentication
    /// [default: none]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Repair drift: make the changes whose risk is `safe`, except changes that depend on a change
    /// whose risk is not `safe`
    #[arg(long, value_name = "RISK")]
    pub(crate) apply: Option<Repairs>,
    /// Verify the log files of the last day, at the start and then every day. Receivers are
    /// notified of new findings, and the status page and the metrics show the result
    #[arg(long, value_name = "WHEN")]
    pub(crate) verify: Option<Verifies>,
    /// Folder for the state that `watch` keeps across restarts: the history, the last
    /// verifications, and the findings that were already reported to receivers
    #[arg(long, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,
    /// Receiver of notifications about new, worse and resolved findings (repeatable): an https URL
    /// for a webhook, `slack+https://…` for a webhook of Slack, `sns:ARN` for a topic,
    /// `eventbridge:ARN` for an event bus, or `env:NAME` or `file:PATH` to read a secret URL
    #[arg(long, value_name = "URL", value_parser = source)]
    pub(crate) notify: Vec<ValueSource>,
    /// Secret that signs messages to webhooks as Standard Webhooks defines: `env:NAME` or
    /// `file:PATH`
    #[arg(long, value_name = "SOURCE", requires = "notify", value_parser = secret_source)]
    pub(crate) notify_secret: Option<ValueSource>,
    /// File of accepted findings; see `drift --baseline`
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Show who caused each finding, as `drift --blame` does
    #[arg(long)]
    pub(crate) blame: bool,
    /// Report accounts and Regions in which CloudTrail stopped delivering digest files, as `drift
    /// --freshness` does. The digest files are listed at most every 15 minutes
    #[arg(long)]
    pub(crate) freshness: bool,
    /// Agree with other replicas on a leader that runs the checks. The replicas use an object
    /// beside the `lock` of the spec
    #[arg(long)]
    pub(crate) replicas: bool,
}

/// The risk up to which `watch` makes changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Repairs {
    Safe,
}

/// The interval at which `watch` verifies log files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Verifies {
    Daily,
}

/// The source of a value: the argument itself, or for a secret an environment variable or a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ValueSource {
    /// A value that is parsed later: clap would print a URL that it rejects, and the URL can be a
    /// secret.
    Text(String),
    Environment(String),
    File(PathBuf),
}

#[expect(clippy::unnecessary_wraps, reason = "clap takes fallible parsers")]
fn source(text: &str) -> Result<ValueSource, std::convert::Infallible> {
    Ok(match (text.strip_prefix("env:"), text.strip_prefix("file:")) {
        (Some(name), _) => ValueSource::Environment(name.to_owned()),
        (None, Some(path)) => ValueSource::File(path.into()),
        (None, None) => ValueSource::Text(text.to_owned()),
    })
}

fn secret_source(text: &str) -> Result<ValueSource, &'static str> {
    match source(text) {
        Ok(ValueSource::Text(_)) | Err(_) => {
            Err("a secret is not an argument: use `env:NAME` or `file:PATH`")
        }
        Ok(source) => Ok(source),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let parsed: SignedDuration = text.parse().map_err(|_| format!("`{text}` is not a time such as `5m`"))?;
    parsed.try_into().map_err(|_| "the time is negative".to_owned())
}

fn interval(text: &str) -> Result<Duration, String> {
    duration(text).and_then(|every| match every >= Duration::from_secs(1) {
        true => Ok(every),
        false => Err("the time is shorter than one second".to_owned()),
    })
}
