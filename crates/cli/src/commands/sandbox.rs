//! `reconcile sandbox`

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reconcile_apply::{Interrupt, Journal, Options, Propagation, apply};
use reconcile_plan::observed::{Conditions, HubKey, KeyTraits, Live, LiveKey};
use reconcile_plan::{Observed, copy, view};
use reconcile_policy::{Arn, Document, exposed};
use reconcile_spec::{Desired, KeyIdentity};
use reconcile_text::Text;
use reconcile_twin::{Disagreement, KeyMaterial, Summary, Twin};
use tokio::net::TcpListener;

use crate::args::{Global, SANDBOX_FILE, SandboxArgs, SandboxCommand, ShowFormat};
use crate::commands::observe::read_live;
use crate::connect::{World, open_sandbox, provision, start_weather};
use crate::error::CliError;
use crate::exit::Exit;
use crate::progress::Applying;
use crate::{files, output};

pub(crate) async fn run(global: &Global, args: &SandboxArgs) -> Result<Exit, CliError> {
    let file = global.sandbox.clone().unwrap_or_else(|| PathBuf::from(SANDBOX_FILE));
    if global.weather.is_some() && !matches!(args.command, SandboxCommand::Serve { .. }) {
        return Err(CliError::NoWeather);
    }
    match &args.command {
        SandboxCommand::Show { format } => show(&file, *format),
        SandboxCommand::Reset => reset(&file).await,
        SandboxCommand::Disagree { unknown_keys, unresolved_variables } => {
            let keys = |keys: &[String]| keys.iter().cloned().collect();
            let disagreement = Disagreement {
                unknown_keys: keys(unknown_keys),
                unresolved_variables: keys(unresolved_variables),
            };
            disagree(&file, disagreement).await
        }
        SandboxCommand::Load { spec, bucket_policy, key_policy } => {
            let policies = Policies { bucket: bucket_policy.as_deref(), key: key_policy.as_deref() };
            Box::pin(load(global, &file, spec, policies)).await
        }
        SandboxCommand::Serve { port, spec } => serve(global, &file, *port, spec.as_deref()).await,
    }
}

fn show(file: &Path, format: ShowFormat) -> Result<Exit, CliError> {
    let summary = open_sandbox(file)?.summary();
    match format {
        ShowFormat::Json => output::print_json(&(serde_json::to_string_pretty(&summary)? + "\n"))?,
        ShowFormat::Text => output::print(&text(file, &summary))?,
    }
    Ok(Exit::Ok)
}

fn text(file: &Path, summary: &Summary) -> Text {
    let mut text = Text::default();
    let mut line = |line: String| text.line(line);
    line(format!("sandbox {}", file.display()));
    if summary.accounts.is_empty() {
        line("  empty: plan a spec with --sandbox to fill it".to_owned());
    }
    for key in &summary.disagreement.unknown_keys {
        line(format!("  disagrees: requests of CloudTrail have no `{key}`"));
    }
    for key in &summary.disagreement.unresolved_variables {
        line(format!("  disagrees: `${{{key}}}` has no value in requests of CloudTrail"));
    }
    for account in &summary.accounts {
        let ambient =
            if summary.ambient.as_ref() == Some(&account.id) { ", has the current credentials" } else { "" };
        line(format!("account {} ({}{ambient})", account.id, account.name));
        for role in &account.roles {
            line(format!("  role    {role}"));
        }
        for bucket in summary.buckets.iter().filter(|bucket| bucket.owner == account.id) {
            line(format!("  bucket  {} in {}", bucket.name, bucket.region));
        }
        for key in &account.keys {
            let names =
                if key.aliases.is_empty() { "without a name".to_owned() } else { key.aliases.join(", ") };
            line(format!("  key     {} ({names}, {}, {} grants)", key.arn, key.state, key.grants.len()));
        }
        for trail in &account.trails {
            let logging = if trail.logging { "logging" } else { "stopped" };
            let delivers = match &trail.undeliverable {
                None => "can deliver".to_owned(),
                Some(why) => format!("cannot deliver: {why}"),
            };
            line(format!("  trail   {} ({logging}, {delivers})", trail.arn));
        }
    }
    text
}

async fn reset(file: &Path) -> Result<Exit, CliError> {
    let twin = open_sandbox(file)?;
    twin.reset();
    twin.save().await?;
    output::print_line(format_args!("{} is now empty", file.display()))?;
    Ok(Exit::Ok)
}

async fn disagree(file: &Path, disagreement: Disagreement) -> Result<Exit, CliError> {
    let twin = open_sandbox(file)?;
    twin.disagree(disagreement);
    twin.save().await?;
    output::print(&text(file, &twin.summary()))?;
    Ok(Exit::Ok)
}

/// Files with policies.
struct Policies<'a> {
    bucket: Option<&'a Path>,
    key: Option<&'a Path>,
}

async fn load(global: &Global, file: &Path, spec: &Path, policies: Policies<'_>) -> Result<Exit, CliError> {
    let spec = files::read_spec(spec)?;
    let Live { spec, observed } = if policies.bucket.is_some() || policies.key.is_some() {
        let read = |path: Option<&Path>| path.map(files::read_policy).transpose();
        let observed = assumed(spec.desired(), read(policies.bucket)?, read(policies.key)?);
        Live { spec, observed }
    } else {
        // From AWS, or from wherever `--endpoint-url` says; `--sandbox` names where to.
        let aws = World::Aws.connect(global, &spec).await?;
        read_live(global, &aws, &spec).await?
    };
    let desired = spec.desired();

    let twin = open_sandbox(file)?;
    twin.reset();
    let world = World::Sandbox(twin.clone());
    let aws = world.connect(global, &spec).await?;
    let mut plan = copy(&spec, &observed, Timestamp::now());
    plan.sandbox = true;
    let options = Options {
        propagation: Propagation::within(Duration::ZERO),
        confirm: None,
        in_flight: global.concurrency,
        interrupt: Interrupt::default(),
        watch: Arc::new(Applying::new(global, plan.changes.len())),
    };
    // What exists is not asked again whether it may.
    twin.trust(true);
    let journal = Journal::open(&file.with_extension("load"), &plan)?;
    let outcome = apply(&aws, desired, &plan, journal, options).await;
    let bucket = desired.bucket.name.as_str();
    if let Some(policy) = &observed.bucket_policy {
        twin.set_bucket_policy(bucket, &policy.to_string());
    }
    if let Some(Conditions { requester_pays, grants, .. }) = &observed.bucket_conditions {
        let grants = grants.as_deref().unwrap_or_default().iter();
        twin.set_bucket_grants(bucket, grants.map(|it| (it.grantee.clone(), it.permission.clone())));
        twin.set_requester_pays(bucket, *requester_pays.as_ref().unwrap_or(&false));
    }
    let key = match &desired.key.identity {
        KeyIdentity::Alias(alias) => Some(alias.with_prefix()),
        KeyIdentity::Existing(arn) => Some(arn.resource_name().to_owned()),
        KeyIdentity::Unmanaged => None,
    };
    if let (Some(name), Some(hub)) = (key, &observed.key) {
        let account = desired.account(&desired.key.site.account).map_or("", |account| account.id.as_str());
        let region = desired.key.site.region.as_str();
        twin.set_key_policy(account, region, &name, &hub.policy.to_string());
        let traits = &hub.key.traits;
        twin.set_key_material(account, region, &name, material(traits));
        twin.set_key_state(account, region, &name, traits.state.name());
    }
    twin.trust(false);
    twin.save().await?;
    // The journal of a copy is never resumed: loading again starts over.
    let _ = std::fs::remove_dir_all(file.with_extension("load"));
    let failed = outcome.results.iter().filter_map(|result| Some((&result.address, result.status.error()?)));
    let failed: Vec<String> = failed.map(|(address, error)| format!("{address}: {error}")).collect();
    if !failed.is_empty() {
        return Err(CliError::NotCopied(failed.join("; ")));
    }
    output::print(&text(file, &twin.summary()))?;
    Ok(Exit::Ok)
}

/// The type of a key in the twin. A multi-Region key is copied without its replicas.
fn material(traits: &KeyTraits) -> KeyMaterial {
    KeyMaterial {
        usage: traits.usage.clone(),
        spec: traits.spec.clone(),
        origin: traits.origin.clone(),
        multi_region: None,
    }
}

/// A bucket and a key with the settings that AWS gives new ones, and with the given policies. A policy with a public
/// statement could only be saved in a bucket that does not block public access.
fn assumed(desired: &Desired, bucket: Option<Document>, key: Option<Document>) -> Observed {
    let site = &desired.key.site;
    let account = desired.account(&site.account).map_or("", |account| account.id.as_str());
    let arn = Arn::new(site.region.partition(), "kms", site.region.as_str(), account, "key/given");
    let is_public = |policy: &Document| exposed(policy).iter().any(|it| it.doubt.is_none());
    Observed {
        bucket: bucket.as_ref().map(|policy| view::Bucket {
            encryption: Some(view::Encryption::S3),
            blocked_encryption_types: None,
            versioning: Some(false),
            public_access_block: Some(view::PublicAccessBlock::all(!is_public(policy))),
            object_ownership: Some("BucketOwnerEnforced".to_owned()),
            lifecycle: None,
            object_lock: None,
            access_logs: None,
            tags: view::Tags::default(),
        }),
        bucket_policy: bucket,
        key: key.map(|policy| HubKey {
            key: LiveKey {
                arn,
                is_aliased: true,
                traits: KeyTraits::default(),
                view: view::Key {
                    description: None,
                    rotation: Some(view::Rotation::Off),
                    tags: view::Tags::default(),
                    initial_policy: None,
                },
            },
            policy,
            grants: Vec::new(),
        }),
        ..Observed::default()
    }
}

async fn serve(global: &Global, file: &Path, port: u16, spec: Option<&Path>) -> Result<Exit, CliError> {
    let twin = open_sandbox(file)?;
    if let Some(spec) = spec {
        provision(&twin, &files::read_spec(spec)?);
        twin.save().await?;
    }
    start_weather(&twin, global);
    let address = format!("127.0.0.1:{port}");
    let failed = |error| CliError::Serve { address: address.clone(), error };
    let listener = TcpListener::bind(&address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    output::print_file(&banner(&twin, &format!("http://{bound}")))?;
    tokio::select! {
        ended = twin.serve(listener) => ended.map_err(failed)?,
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(Exit::Ok)
}

/// The environment variables with which a shell uses the sandbox.
fn banner(twin: &Twin, url: &str) -> String {
    let credentials = twin.ambient_account().map(|account| {
        let (key, secret) = twin.credentials_for(&account);
        format!("export AWS_ACCESS_KEY_ID={key}\nexport AWS_SECRET_ACCESS_KEY={secret}\n")
    });
    format!("export AWS_ENDPOINT_URL={url}\n{}", credentials.unwrap_or_default())
}
