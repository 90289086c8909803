//! `reconcile import`

use std::sync::Arc;

use jiff::Timestamp;
use reconcile_diff::{Progress, import};
use reconcile_plan::import::ImportRequest;
use reconcile_plan::observed::SurveyFilter;
use reconcile_policy::Partition;
use reconcile_spec::Spec;

use crate::args::{Global, ImportArgs};
use crate::connect::Backend;
use crate::error::CliError;
use crate::exit::Exit;
use crate::progress::reading;
use crate::{files, output};

pub(crate) async fn run(global: &Global, args: &ImportArgs) -> Result<Exit, CliError> {
    let accounts = accounts_of(global, args)?;
    let backend = Backend::open(global)?;
    let aws = backend.connect(global, &accounts).await?;
    let request = ImportRequest {
        wanted: SurveyFilter { bucket: args.bucket.clone(), trail: args.trail.clone() },
        name: args.name.clone(),
        previous_name: args.previous_name.clone(),
        organization: args.organization.clone(),
        accounts: args.accounts.iter().map(|account| account.name.clone()).collect(),
    };
    let progress = Arc::new(Progress::default());
    let import = import(&aws, &accounts, &request, Timestamp::now(), &progress);
    let imported = Box::pin(reading(global, &progress, import)).await?;
    match &args.out {
        Some(path) => files::write_new(path, &imported.text)?,
        None => output::print_file(&imported.text)?,
    }
    output::remarks(&reconcile_report::import::text(&imported, args.out.as_deref()));
    Ok(Exit::Ok)
}

/// The accounts of the arguments, as a spec.
fn accounts_of(global: &Global, args: &ImportArgs) -> Result<Spec, CliError> {
    let members = args.organization.as_ref().map(|account| (account, &args.role));
    let region = global.region.clone().unwrap_or_else(|| Partition::Aws.first_region());
    Spec::from_accounts("the accounts of the command line", &args.accounts, members, &region)
        .map_err(CliError::Spec)
}
