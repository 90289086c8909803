//! SDK clients of a twin.

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_kms::config::BehaviorVersion;
use aws_types::SdkConfig;
use aws_types::region::Region;
use reconcile_twin::{Setup, SetupAccount, Twin};

pub const MASTER: &str = "111111111111";
pub const MEMBER: &str = "222222222222";
pub const REGION: &str = "eu-west-1";

/// Returns a twin with two accounts, and a role in the member.
pub fn twin() -> Twin {
    let twin = Twin::in_memory();
    let account = |id: &str, roles: &[&str]| SetupAccount {
        id: id.to_owned(),
        name: format!("account-{id}"),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
    };
    twin.provision(Setup {
        ambient: Some(MASTER.to_owned()),
        accounts: vec![account(MASTER, &[]), account(MEMBER, &["Audit"])],
        ..Setup::default()
    });
    twin
}

pub fn config(twin: &Twin, account: &str, region: &str) -> SdkConfig {
    let (key, secret) = twin.credentials_for(account);
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(twin.http_client())
        .region(Region::new(region.to_owned()))
        .endpoint_url("http://twin.localhost")
        .retry_config(aws_sdk_kms::config::retry::RetryConfig::disabled())
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            key, secret, None, None, "test",
        )))
        .build()
}

pub fn s3(twin: &Twin, account: &str, region: &str) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(&config(twin, account, region)).force_path_style(true);
    aws_sdk_s3::Client::from_conf(config.build())
}

pub fn kms(twin: &Twin, account: &str) -> aws_sdk_kms::Client {
    aws_sdk_kms::Client::new(&config(twin, account, REGION))
}

pub fn cloudtrail(twin: &Twin, account: &str, region: &str) -> aws_sdk_cloudtrail::Client {
    aws_sdk_cloudtrail::Client::new(&config(twin, account, region))
}

pub fn organizations(twin: &Twin, account: &str) -> aws_sdk_organizations::Client {
    aws_sdk_organizations::Client::new(&config(twin, account, "us-east-1"))
}

pub fn logs(twin: &Twin, account: &str) -> aws_sdk_cloudwatchlogs::Client {
    aws_sdk_cloudwatchlogs::Client::new(&config(twin, account, REGION))
}

pub fn cloudwatch(twin: &Twin, account: &str) -> aws_sdk_cloudwatch::Client {
    aws_sdk_cloudwatch::Client::new(&config(twin, account, REGION))
}

pub fn iam(twin: &Twin, account: &str) -> aws_sdk_iam::Client {
    aws_sdk_iam::Client::new(&config(twin, account, REGION))
}

pub fn sns(twin: &Twin, account: &str) -> aws_sdk_sns::Client {
    aws_sdk_sns::Client::new(&config(twin, account, REGION))
}

/// Returns the error code of a call that must fail.
pub fn code<T: std::fmt::Debug, E>(
    result: Result<T, aws_sdk_kms::error::SdkError<E, aws_smithy_runtime_api::http::Response>>,
) -> String
where
    E: aws_sdk_kms::error::ProvideErrorMetadata + std::fmt::Debug,
{
    use aws_sdk_kms::error::ProvideErrorMetadata as _;
    result.unwrap_err().code().unwrap_or("none").to_owned()
}
