//! `reconcile sandbox`

use std::path::{Path, PathBuf};

use reconcile_twin::{Summary, Twin};
use tokio::net::TcpListener;

use crate::args::{Global, SANDBOX_FILE, SandboxArgs, SandboxCommand, ShowFormat};
use crate::connect::{open_sandbox, provision};
use crate::error::CliError;
use crate::exit::Exit;
use crate::{files, output};

pub(crate) async fn run(global: &Global, args: &SandboxArgs) -> Result<Exit, CliError> {
    let file = global.sandbox.clone().unwrap_or_else(|| PathBuf::from(SANDBOX_FILE));
    match &args.command {
        SandboxCommand::Show { format } => show(&file, *format),
        SandboxCommand::Reset => reset(&file).await,
        SandboxCommand::Serve { port, spec } => serve(&file, *port, spec.as_deref()).await,
    }
}

fn show(file: &Path, format: ShowFormat) -> Result<Exit, CliError> {
    let summary = open_sandbox(file)?.summary();
    output::print(&match format {
        ShowFormat::Json => serde_json::to_string_pretty(&summary)? + "\n",
        ShowFormat::Text => text(file, &summary),
    })?;
    Ok(Exit::Ok)
}

fn text(file: &Path, summary: &Summary) -> String {
    let mut text = format!("sandbox {}\n", file.display());
    let mut line = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    if summary.accounts.is_empty() {
        line("  empty: plan a spec with --sandbox to fill it".to_owned());
    }
    for account in &summary.accounts {
        let ambient =
            if summary.ambient.as_ref() == Some(&account.id) { ", its credentials are at hand" } else { "" };
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
    output::print(&format!("{} is empty\n", file.display()))?;
    Ok(Exit::Ok)
}

async fn serve(file: &Path, port: u16, spec: Option<&Path>) -> Result<Exit, CliError> {
    let twin = open_sandbox(file)?;
    if let Some(spec) = spec {
        provision(&twin, &files::read_spec(spec)?);
        twin.save().await?;
    }
    let address = format!("127.0.0.1:{port}");
    let failed = |error| CliError::Serve { address: address.clone(), error };
    let listener = TcpListener::bind(&address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    output::print(&banner(&twin, &format!("http://{bound}")))?;
    tokio::select! {
        ended = twin.serve(listener) => ended.map_err(failed)?,
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(Exit::Ok)
}

/// What a shell needs to reach it.
fn banner(twin: &Twin, url: &str) -> String {
    let credentials = twin.ambient_account().map(|account| {
        let (key, secret) = twin.credentials_for(&account);
        format!("export AWS_ACCESS_KEY_ID={key}\nexport AWS_SECRET_ACCESS_KEY={secret}\n")
    });
    format!("export AWS_ENDPOINT_URL={url}\n{}", credentials.unwrap_or_default())
}
