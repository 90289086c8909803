//! Finds the credentials of a named profile.

use aws_config::profile::{self, ProfileFileCredentialsProvider};
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::{Env, Fs};

/// Returns the credentials of a profile. A profile that the user names takes precedence over keys
/// in the environment, unlike in the default chain of the SDK.
///
/// See "Configuration settings and precedence" in the AWS CLI user guide.
pub(crate) async fn provider(name: &str, config: &ProviderConfig) -> SharedCredentialsProvider {
    let found = profile::load(&Fs::real(), &Env::real(), &EnvConfigFiles::default(), None).await;
    let problem = match found {
        Ok(profiles) if profiles.get_profile(name).is_some() => {
            let provider = ProfileFileCredentialsProvider::builder().configure(config).profile_name(name);
            return SharedCredentialsProvider::new(provider.build());
        }
        Ok(_) => {
            format!("profile `{name}` is neither in the AWS config file nor in the AWS credentials file")
        }
        Err(error) => format!("profile `{name}` cannot be read: {error}"),
    };
    SharedCredentialsProvider::new(Unusable { problem })
}

/// The error of a profile without credentials. It contains the name of the profile, unlike the
/// error of the SDK.
#[derive(Debug)]
struct Unusable {
    problem: String,
}

impl ProvideCredentials for Unusable {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(CredentialsError::invalid_configuration(self.problem.clone())))
    }
}
