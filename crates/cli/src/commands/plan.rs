//! `reconcile plan`

use crate::args::{Format, Global, PlanArgs};
use crate::commands::observe::{make_plan, text_options};
use crate::connect::World;
use crate::error::CliError;
use crate::exit::Exit;
use crate::{files, output};

pub(crate) async fn run(global: &Global, args: &PlanArgs) -> Result<Exit, CliError> {
    if files::is_spec(&args.out) {
        return Err(CliError::PlanOverSpec { path: args.out.clone() });
    }
    let spec = files::read_spec(&args.spec)?;
    let world = World::open(global)?;
    let aws = world.connect(global, &spec).await?;

    // Reads live state; changes nothing.
    let (_, plan) = make_plan(global, &world, &aws, &spec, &args.shown.selection, args.destroy).await?;
    files::write_plan(&args.out, &plan)?;
    match args.shown.format {
        Format::Text => {
            let options = text_options(global, world.is_sandbox());
            output::print(&reconcile_report::plan::text(&plan, options))?;
        }
        Format::Json => output::print_json(&plan.to_json()?)?,
        Format::Markdown => output::print_file(&reconcile_report::plan::markdown(&plan))?,
    }

    Ok(if plan.partial {
        Exit::Error
    } else if args.detailed_exitcode && !plan.changes.is_empty() {
        Exit::Different
    } else {
        Exit::Ok
    })
}
