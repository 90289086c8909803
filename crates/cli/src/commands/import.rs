//! `reconcile import`

use std::fmt::Write;
use std::sync::Arc;

use jiff::Timestamp;
use reconcile_diff::{Progress, import};
use reconcile_plan::import::Request;
use reconcile_plan::observed::Wanted;
use reconcile_policy::Region;
use reconcile_spec::{Spec, parse};

use crate::args::{Global, ImportArgs};
use crate::connect::World;
use crate::error::CliError;
use crate::exit::Exit;
use crate::progress::reading;
use crate::{files, output};

pub(crate) async fn run(global: &Global, args: &ImportArgs) -> Result<Exit, CliError> {
    let accounts = accounts_alone(global, args)?;
    let world = World::open(global)?;
    let aws = world.connect(global, &accounts).await?;
    let request = Request {
        wanted: Wanted { bucket: args.bucket.clone(), trail: args.trail.clone() },
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
    output::notes(&reconcile_report::import::text(&imported, args.out.as_deref()));
    Ok(Exit::Ok)
}

/// A minimal spec, with only the accounts and their roles.
fn accounts_alone(global: &Global, args: &ImportArgs) -> Result<Spec, CliError> {
    let mut text = "version: 1\nname: import\naccounts:\n".to_owned();
    for account in &args.accounts {
        let role = account.role.as_ref().map(|role| format!(", role: {role:?}")).unwrap_or_default();
        let _ = writeln!(text, "  \"{}\": {{ id: \"{}\"{role} }}", account.name, account.id);
    }
    let first = args.accounts.first().map_or("", |account| account.name.as_str());
    if let Some(organization) = &args.organization {
        let role = args.role.as_str();
        let _ =
            writeln!(text, "organization: {{ account: \"{organization}\", include: all, role: {role:?} }}");
    }
    let region = global.region.as_ref().map_or("us-east-1", Region::as_str);
    let _ = writeln!(text, "bucket: {{ name: import, account: {first:?}, region: {region} }}");
    let _ = writeln!(text, "recognize: [{region}]");
    text.push_str("key: { alias: import }\ntrails: [{ name: Import, accounts: all }]\n");
    parse("the accounts of the command line", text.as_bytes()).map_err(CliError::Spec)
}
