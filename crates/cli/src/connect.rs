//! Connects to AWS or to the sandbox, as the global options and the spec require.

use std::collections::HashMap;
use std::path::Path;

use reconcile_aws::{Aws, Embedded, Options};
use reconcile_spec::{Desired, Spec};
use reconcile_twin::{Clock, Setup, SetupAccount, SetupBucket, Twin};

use crate::args::Global;
use crate::error::CliError;
use crate::output;

/// The world in which a command runs: AWS or a sandbox.
pub(crate) enum World {
    Aws,
    Sandbox(Twin),
}

impl World {
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

    /// A connection for the accounts of a spec.
    pub(crate) async fn connect(&self, global: &Global, spec: &Spec) -> Result<Aws, CliError> {
        let region = match &global.region {
            Some(region) => region.parse().map_err(|error| CliError::Region(format!("{error}")))?,
            None => spec.desired().bucket.site.region.clone(),
        };
        let (profile, endpoint_url, embedded) = match self {
            Self::Aws => (profile(global), endpoint(global)?, None),
            Self::Sandbox(twin) => {
                provision(twin, spec);
                twin.save().await?;
                (None, None, Some(embed(twin, spec.desired())))
            }
        };
        Ok(Aws::new(Options {
            profile,
            region,
            endpoint_url,
            concurrency: global.concurrency,
            session_policies: !global.no_session_policy,
            embedded,
        }))
    }
}

/// The profile in the arguments or the spec. Keys in the environment have priority over `AWS_PROFILE`, as in the AWS CLI;
/// without such keys, this profile must exist.
fn profile(global: &Global) -> Option<String> {
    let of_environment = || {
        let name = variable("AWS_PROFILE").filter(|name| name != "default")?;
        variable("AWS_ACCESS_KEY_ID").is_none().then_some(name)
    };
    global.profile.clone().or_else(of_environment)
}

/// The endpoint of `--endpoint-url`. The SDK itself reads `AWS_ENDPOINT_URL`, together with the variables of single
/// services. An empty value counts as not set.
fn endpoint(global: &Global) -> Result<Option<String>, CliError> {
    const VARIABLE: &str = "AWS_ENDPOINT_URL";

    let option = global.endpoint_url.clone().filter(|url| !url.is_empty());
    let given = match &option {
        Some(url) => Some(("--endpoint-url", url.clone())),
        None => variable(VARIABLE).map(|url| (VARIABLE, url)),
    };
    match given {
        Some((setting, url)) if !is_url(&url) => Err(CliError::Endpoint { setting, url }),
        _ => Ok(option),
    }
}

/// The value of an environment variable. An empty value counts as not set.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn is_url(text: &str) -> bool {
    text.parse::<http::Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
    })
}

/// Starts the weather of `--weather`, and reports it with the option that repeats it.
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

/// An account id that no spec has. In a sandbox, it is the account of the current credentials, if the spec has no account for
/// them, and the management account, if the spec has no organization.
const NOBODY: &str = "000000000000";

/// Creates in a sandbox what a spec presupposes and the sandbox does not have: accounts and roles, a key by its ARN, the
/// bucket of the lock.
pub(crate) fn provision(twin: &Twin, spec: &Spec) {
    let accounts = spec.desired().accounts.iter().map(|account| {
        let role = account.access.role.as_ref();
        SetupAccount {
            id: account.id.to_string(),
            name: account.name.to_string(),
            // A role with a path is known by the last part of its name.
            roles: role
                .and_then(|role| role.arn.resource().rsplit('/').next())
                .map(str::to_owned)
                .into_iter()
                .collect(),
        }
    });
    let desired = spec.desired();
    let lock = desired.lock.as_ref().filter(|lock| lock.bucket != desired.bucket.name);
    let buckets = lock.and_then(|lock| {
        let owner = desired.account(&lock.site.account)?.id.to_string();
        Some(SetupBucket { name: lock.bucket.to_string(), owner, region: lock.site.region.to_string() })
    });
    twin.provision(Setup {
        ambient: spec.ambient_account().map(ToString::to_string),
        // Without `organization` in the spec, its accounts are members like any other.
        management: desired.organization.is_none().then(|| NOBODY.to_owned()),
        accounts: accounts.collect(),
        keys: desired.key.identity.existing().map(ToString::to_string).into_iter().collect(),
        topics: desired.existing_topics.iter().map(|topic| topic.arn.to_string()).collect(),
        buckets: buckets.into_iter().collect(),
    });
}

fn embed(twin: &Twin, desired: &Desired) -> Embedded {
    let ambient = twin.ambient_account().unwrap_or_else(|| NOBODY.to_owned());
    let mut profiles = HashMap::new();
    for account in &desired.accounts {
        if let (Some(profile), None) = (&account.access.profile, &account.access.role) {
            profiles.insert(profile.clone(), twin.credentials_for(account.id.as_str()));
        }
    }
    Embedded {
        http_client: twin.http_client(),
        credentials: twin.credentials_for(&ambient),
        profiles,
        counts_time: !twin.weather().is_calm(),
    }
}
