//! `reconcile drift`

use std::path::Path;

use jiff::Timestamp;
use reconcile_plan::{Finding, findings};
use reconcile_report::drift::{SpecDrift, Status};

use crate::args::{DriftArgs, Format, Global};
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
    match args.shown.format {
        Format::Text => {
            let options = text_options(global, world.is_sandbox());
            output::print(&reconcile_report::drift::text(&drifts, options))?;
        }
        Format::Json => output::print_json(&reconcile_report::drift::json(&drifts)?)?,
        Format::Markdown => output::print_file(&reconcile_report::drift::markdown(&drifts))?,
    }
    Ok(exit(&drifts))
}

async fn check(
    global: &Global,
    args: &DriftArgs,
    world: &World,
    path: &Path,
) -> Result<Vec<Finding>, CliError> {
    let spec = files::read_spec(path)?;
    let aws = world.connect(global, &spec).await?;
    let (_, comparison) = compare_live(global, world, &aws, &spec, &args.shown, false).await?;
    Ok(findings(&comparison))
}

fn exit(drifts: &[SpecDrift]) -> Exit {
    let has = |status| drifts.iter().any(|drift| drift.status() == status);
    if has(Status::Error) {
        Exit::Error
    } else if has(Status::Drifted) {
        Exit::Different
    } else {
        Exit::Ok
    }
}
