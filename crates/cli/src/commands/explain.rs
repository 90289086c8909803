//! `reconcile explain`

use std::collections::BTreeSet;

use jiff::Timestamp;
use reconcile_plan::observed::Live;
use reconcile_plan::{Address, Kind, compare, live_paths};
use reconcile_report::explain::{Explanation, json, text};

use crate::args::{ExplainArgs, Global, ShowFormat};
use crate::commands::observe::{read_live, text_options};
use crate::connect::Backend;
use crate::error::CliError;
use crate::exit::Exit;
use crate::{files, output};

pub(crate) async fn run(global: &Global, args: &ExplainArgs) -> Result<Exit, CliError> {
    let spec = files::read_spec(&args.spec)?;
    let backend = Backend::open(global)?;
    let aws = backend.connect(global, &spec).await?;
    let Live { spec, observed } = read_live(global, &aws, &spec).await?;

    let paths = live_paths(spec.desired(), &observed);
    let comparison = compare(&spec, &observed, Timestamp::now());
    let known: BTreeSet<Address> = reconcile_plan::addresses(spec.desired())
        .chain(comparison.plan.changes.iter().map(|change| change.address.clone()))
        .collect();
    let asked = match &args.address {
        Some(pattern) => known.iter().filter(|address| pattern.is_match(address)).collect::<Vec<_>>(),
        None => known.iter().filter(|address| address.kind == Kind::Trail).collect(),
    };
    if asked.is_empty() {
        return Err(CliError::UnknownAddress {
            address: args.address.as_ref().map(ToString::to_string).unwrap_or_default(),
            known: known.iter().map(ToString::to_string).collect(),
        });
    }
    let explanations: Vec<Explanation> = asked
        .into_iter()
        .map(|address| Explanation {
            address: address.clone(),
            path: paths.iter().find(|path| path.address == *address).cloned(),
            changes: comparison.plan.changes.iter().filter(|it| it.address == *address).cloned().collect(),
        })
        .collect();
    match args.format {
        ShowFormat::Text => {
            output::print(&text(&explanations, text_options(global, backend.is_sandbox())))?;
        }
        ShowFormat::Json => output::print_json(&json(&explanations)?)?,
    }
    Ok(Exit::Ok)
}
