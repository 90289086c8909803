//! `reconcile plan`

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use reconcile_plan::Plan;
use reconcile_report::plans::{self, SpecPlan};
use reconcile_spec::Spec;

use crate::args::{Format, Global, PLAN_FILE, PLANS_FOLDER, PlanArgs};
use crate::commands::observe::{make_plan, text_options};
use crate::connect::Backend;
use crate::error::CliError;
use crate::exit::Exit;
use crate::{files, output};

pub(crate) async fn run(global: &Global, args: &PlanArgs) -> Result<Exit, CliError> {
    if let Some(out) = args.out.as_deref().filter(|out| files::is_spec(out)) {
        return Err(CliError::PlanOverSpec { path: out.to_owned() });
    }
    match args.specs.as_slice() {
        [spec] => plan_one(global, args, spec).await,
        specs => plan_several(global, args, specs).await,
    }
}

async fn plan_one(global: &Global, args: &PlanArgs, path: &Path) -> Result<Exit, CliError> {
    // The spec is read first, so that an invalid spec does not open the sandbox.
    let spec = files::read_spec(path)?;
    let backend = Backend::open(global)?;
    let plan = plan_of(global, args, &backend, &spec).await?;
    files::write_plan(args.out.as_deref().unwrap_or(Path::new(PLAN_FILE)), &plan)?;
    match args.shown.format {
        Format::Text => {
            let options = text_options(global, backend.is_sandbox());
            output::print(&reconcile_report::plan::text(&plan, options))?;
        }
        Format::Json => output::print_json(&plan.to_json()?)?,
        Format::Markdown => output::print_file(&reconcile_report::plan::markdown(&plan))?,
    }
    Ok(exit(&plan, args))
}

/// Plans several specs, and saves each plan under the name of its installation. A spec that cannot
/// be planned does not prevent the plans of the other specs.
async fn plan_several(global: &Global, args: &PlanArgs, specs: &[PathBuf]) -> Result<Exit, CliError> {
    let backend = Backend::open(global)?;
    let folder = args.out.as_deref().unwrap_or(Path::new(PLANS_FOLDER));
    let (mut made, mut names, mut worst) = (Vec::new(), BTreeSet::new(), Exit::Ok);
    for path in specs {
        let saved = async {
            let plan = plan_of(global, args, &backend, &files::read_spec(path)?).await?;
            let name = plan.spec.name.clone();
            if !names.insert(name.clone()) {
                return Err(CliError::SameName { path: path.clone(), name });
            }
            let file = folder.join(format!("{name}.json"));
            files::write_plan(&file, &plan)?;
            Ok((plan, file.to_string_lossy().into_owned()))
        };
        let result = saved.await;
        let exit = match &result {
            Ok((plan, _)) => exit(plan, args),
            Err(error) => error.exit(),
        };
        // An error takes precedence over changes.
        if exit == Exit::Error || worst == Exit::Ok {
            worst = exit;
        }
        let result = result.map_err(|error| error.failure());
        made.push(SpecPlan { spec: path.to_string_lossy().into_owned(), result });
    }
    match args.shown.format {
        Format::Text => output::print(&plans::text(&made, text_options(global, backend.is_sandbox())))?,
        Format::Json => output::print_json(&plans::json(&made)?)?,
        Format::Markdown => output::print_file(&plans::markdown(&made))?,
    }
    Ok(worst)
}

/// Reads live state and compares it with a spec; changes nothing.
async fn plan_of(global: &Global, args: &PlanArgs, backend: &Backend, spec: &Spec) -> Result<Plan, CliError> {
    let aws = backend.connect(global, spec).await?;
    let (_, plan) = make_plan(global, backend, &aws, spec, &args.shown.selection, args.destroy).await?;
    Ok(plan)
}

fn exit(plan: &Plan, args: &PlanArgs) -> Exit {
    if plan.partial {
        Exit::Error
    } else if args.detailed_exitcode && !plan.changes.is_empty() {
        Exit::Different
    } else {
        Exit::Ok
    }
}
