//! Connects to AWS or to the sandbox, as the global options and the spec require.

use std::path::Path;

use reconcile_aws::{Aws, ConnectOptions, Embedded};
use reconcile_policy::Region;
use reconcile_sandbox::{ambient, connection, setup};
use reconcile_spec::Spec;
use reconcile_twin::{Clock, Twin};

use crate::args::{EndpointUrl, Global};
use crate::error::CliError;
use crate::output;

/// The backend of a command: AWS or a sandbox. Clones share one sandbox.
#[derive(Debug, Clone)]
pub(crate) enum Backend {
    Aws,
    Sandbox(Twin),
}

impl Backend {
    pub(crate) fn open(global: &Global) -> Result<Self, CliError> {
        Ok(match &global.sandbox {
            Some(file) => {
                let twin = open_sandbox(file)?;
                start_weather(&twin, global);
                Self::Sandbox(twin)
            }
            None if global.weather.is_some() => return Err(CliError::WeatherOfAws),
            None => Self::Aws,
        })
    }

    pub(crate) fn is_sandbox(&self) -> bool {
        matches!(self, Self::Sandbox(_))
    }

    /// Returns a connection for the accounts of a spec.
    pub(crate) async fn connect(&self, global: &Global, spec: &Spec) -> Result<Aws, CliError> {
        let region = global.region.as_ref().unwrap_or(&spec.desired().bucket.site.region).clone();
        let embedded = match self {
            Self::Aws => None,
            Self::Sandbox(twin) => {
                twin.provision(setup(spec));
                twin.save().await?;
                Some(connection(twin, spec.desired()))
            }
        };
        Self::connected(global, region, embedded)
    }

    /// Returns a connection with the current credentials, for commands without a spec.
    pub(crate) fn connect_without_spec(&self, global: &Global, region: Region) -> Result<Aws, CliError> {
        let embedded = match self {
            Self::Aws => None,
            Self::Sandbox(twin) => Some(ambient(twin)),
        };
        Self::connected(global, region, embedded)
    }

    fn connected(global: &Global, region: Region, embedded: Option<Embedded>) -> Result<Aws, CliError> {
        let (profile, endpoint_url) = match embedded {
            None => (profile(global), endpoint(global)?),
            Some(_) => (None, None),
        };
        Ok(Aws::new(ConnectOptions {
            profile,
            region,
            endpoint_url,
            concurrency: global.concurrency,
            session_policies: !global.no_session_policy,
            embedded,
        }))
    }
}

/// The profile in the arguments or in `AWS_PROFILE`. Keys in the environment take precedence over
/// `AWS_PROFILE`, as in the AWS CLI. Without such keys, the profile must exist.
fn profile(global: &Global) -> Option<String> {
    let of_environment = || {
        let name = variable("AWS_PROFILE").filter(|name| name != "default")?;
        variable("AWS_ACCESS_KEY_ID").is_none().then_some(name)
    };
    global.profile.clone().or_else(of_environment)
}

/// Returns the endpoint of `--endpoint-url`. The SDK itself reads `AWS_ENDPOINT_URL` and the
/// variables of single services. This function only rejects an invalid value of `AWS_ENDPOINT_URL`.
fn endpoint(global: &Global) -> Result<Option<String>, CliError> {
    let option = global.endpoint_url.clone().and_then(|EndpointUrl(url)| url);
    if option.is_none() {
        let _: Option<EndpointUrl> = variable("AWS_ENDPOINT_URL").map(|url| url.parse()).transpose()?;
    }
    Ok(option)
}

/// The value of an environment variable. An empty value counts as not set.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Starts the weather of `--weather`, and reports the option that starts the same weather again.
pub(crate) fn start_weather(twin: &Twin, global: &Global) {
    let Some(weather) = &global.weather else { return };
    let kinds: Vec<String> =
        weather.kinds().map(|(kind, share)| format!("{} {share}", kind.name())).collect();
    let kinds = if kinds.is_empty() { "nothing fails".to_owned() } else { kinds.join(", ") };
    output::note(format!("weather of the sandbox: {kinds}; repeat this run with `--weather {weather}`"));
    twin.set_weather(weather.clone(), Clock::Machine);
}

pub(crate) fn open_sandbox(file: &Path) -> Result<Twin, CliError> {
    Ok(Twin::open(file)?)
}
