//! `reconcile drift`

use std::path::Path;

use jiff::Timestamp;
use reconcile_plan::{Finding, Severity, findings};
use reconcile_report::drift::{self, SpecDrift, Status};
use reconcile_text::{Text, escape_json};

use crate::args::{DriftArgs, DriftFormat, Global};
use crate::commands::observe::{compare_live, text_options};
use crate::connect::World;
use crate::error::CliError;
use crate::exit::Exit;
use crate::{files, output};

pub(crate) async fn run(global: &Global, args: &DriftArgs) -> Result<Exit, CliError> {
    let world = World::open(global)?;
    let mut drifts = Vec::new();
    for path in &args.specs {
        let checked_at = Timestamp::now();
        // A spec that cannot be checked does not keep the others from it.
        let result = check(global, args, &world, path).await.map_err(|error| error.failure());
        drifts.push(SpecDrift { spec: path.to_string_lossy().into_owned(), checked_at, result });
    }
    let text = || drift::text(&drifts, text_options(global, world.is_sandbox()));
    match &args.out {
        None if args.format == DriftFormat::Text => output::print(&text())?,
        None => output::print_file(&contents(args.format, &drifts, text)?)?,
        Some(path) => {
            files::write_report(path, &contents(args.format, &drifts, text)?)?;
            output::print(&text())?;
        }
    }
    Ok(exit(&drifts, args.fail_on.into()))
}

/// The check in a format, without colors and with escaped values.
fn contents(format: DriftFormat, drifts: &[SpecDrift], text: impl Fn() -> Text) -> Result<String, CliError> {
    let escaped = |document: String| escape_json(&document).into_owned();
    Ok(match format {
        DriftFormat::Text => anstream::adapter::strip_str(text().as_str()).to_string(),
        DriftFormat::Json => escaped(drift::json(drifts)?),
        DriftFormat::Markdown => drift::markdown(drifts),
        DriftFormat::Junit => drift::junit(drifts).map_err(CliError::Output)?,
        DriftFormat::Sarif => escaped(drift::sarif(drifts)?),
        DriftFormat::Ocsf => escaped(drift::ocsf(drifts)?),
    })
}

async fn check(
    global: &Global,
    args: &DriftArgs,
    world: &World,
    path: &Path,
) -> Result<Vec<Finding>, CliError> {
    let spec = files::read_spec(path)?;
    let aws = world.connect(global, &spec).await?;
    let (_, comparison) = compare_live(global, world, &aws, &spec, &args.selection, false).await?;
    Ok(findings(&comparison))
}

/// The exit code: a finding below a severity does not count, and a spec that could not be checked always does.
fn exit(drifts: &[SpecDrift], fail_on: Severity) -> Exit {
    let fails = |finding: &Finding| finding.is_open() && finding.severity <= fail_on;
    if drifts.iter().any(|drift| drift.status() == Status::Error) {
        Exit::Error
    } else if drifts.iter().any(|drift| drift.findings().iter().any(fails)) {
        Exit::Different
    } else {
        Exit::Ok
    }
}
