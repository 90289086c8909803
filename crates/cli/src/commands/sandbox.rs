//! `reconcile sandbox`

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reconcile_apply::{ApplyOptions, Interrupt, Propagation};
use reconcile_plan::observed::Live;
use reconcile_sandbox::{DeliveryOptions, deliver, given, setup};
use reconcile_text::{Text, count};
use reconcile_twin::{Disagreement, StateSummary, Twin};
use tokio::net::TcpListener;

use crate::args::{Global, SANDBOX_FILE, SandboxArgs, SandboxCommand, ShowFormat};
use crate::commands::observe::read_live;
use crate::connect::{Backend, open_sandbox, start_weather};
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
        SandboxCommand::Deliver { spec, hours, files, until } => {
            deliver_logs(&file, spec, *hours, *files, *until).await
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

fn text(file: &Path, summary: &StateSummary) -> Text {
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
    let live = if policies.bucket.is_some() || policies.key.is_some() {
        let read = |path: Option<&Path>| path.map(files::read_policy).transpose();
        let observed = given(spec.desired(), read(policies.bucket)?, read(policies.key)?);
        Live { spec, observed }
    } else {
        // The source is AWS or the endpoint of `--endpoint-url`. `--sandbox` names the target.
        let aws = Backend::Aws.connect(global, &spec).await?;
        read_live(global, &aws, &spec).await?
    };
    let twin = open_sandbox(file)?;
    twin.reset();
    let aws = Backend::Sandbox(twin.clone()).connect(global, &live.spec).await?;
    let plan = reconcile_sandbox::plan(&live);
    let options = ApplyOptions {
        propagation: Propagation::within(Duration::ZERO),
        confirm: None,
        in_flight: global.concurrency,
        interrupt: Interrupt::default(),
        observer: Arc::new(Applying::new(global, plan.changes.len())),
    };
    let folder = file.with_extension("load");
    let outcome = reconcile_sandbox::copy(&twin, &aws, &live, &plan, options, &folder).await?;
    twin.save().await?;
    let failed = outcome.results.iter().filter_map(|result| Some((&result.address, result.status.error()?)));
    let failed: Vec<String> = failed.map(|(address, error)| format!("{address}: {error}")).collect();
    if !failed.is_empty() {
        let hint = outcome.results.iter().find_map(|result| result.status.hint()).map(str::to_owned);
        return Err(CliError::NotCopied { failed: failed.join("; "), hint });
    }
    output::print(&text(file, &twin.summary()))?;
    Ok(Exit::Ok)
}

async fn deliver_logs(
    file: &Path,
    spec: &Path,
    hours: u32,
    files: u32,
    until: Option<Timestamp>,
) -> Result<Exit, CliError> {
    let spec = files::read_spec(spec)?;
    let twin = open_sandbox(file)?;
    let until = until.unwrap_or_else(last_full_hour);
    let bucket = spec.desired().bucket.name.to_string();
    let delivered = deliver(&twin, &DeliveryOptions { bucket, hours, files, until })?;
    twin.save().await?;
    for (trail, why) in &delivered.silent {
        output::note(format!("trail {trail} delivers nothing: {why}"));
    }
    output::print_line(format_args!(
        "delivered {} and {} of {} until {until}",
        count(delivered.logs, "log file"),
        count(delivered.digests, "digest"),
        count(delivered.trails, "trail"),
    ))?;
    Ok(Exit::Ok)
}

fn last_full_hour() -> Timestamp {
    let seconds = Timestamp::now().as_second();
    Timestamp::from_second(seconds - seconds.rem_euclid(3600)).unwrap_or_default()
}

async fn serve(global: &Global, file: &Path, port: u16, spec: Option<&Path>) -> Result<Exit, CliError> {
    let twin = open_sandbox(file)?;
    if let Some(spec) = spec {
        twin.provision(setup(&files::read_spec(spec)?));
        twin.save().await?;
    }
    start_weather(&twin, global);
    let address = format!("127.0.0.1:{port}");
    let failed = |source| CliError::Serve { address: address.clone(), source };
    let listener = TcpListener::bind(&address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    output::print_file(&banner(&twin, &format!("http://{bound}")))?;
    tokio::select! {
        ended = twin.serve(listener) => ended.map_err(failed)?,
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(Exit::Ok)
}

/// Returns the environment variables that a shell needs to use the sandbox.
fn banner(twin: &Twin, url: &str) -> String {
    let credentials = twin.ambient_account().map(|account| {
        let (key, secret) = twin.credentials_for(&account);
        format!("export AWS_ACCESS_KEY_ID={key}\nexport AWS_SECRET_ACCESS_KEY={secret}\n")
    });
    format!("export AWS_ENDPOINT_URL={url}\n{}", credentials.unwrap_or_default())
}
