//! `reconcile compliance`

use jiff::Timestamp;
use reconcile_plan::compliance::{ControlStatus, Framework, assess};
use reconcile_plan::observed::Live;
use reconcile_report::compliance::{Compliance, html, json, junit, markdown, text};
use reconcile_text::escape_json;

use crate::args::{ComplianceArgs, ComplianceFormat, Global};
use crate::commands::observe::{read_for_controls, text_options};
use crate::connect::Backend;
use crate::error::CliError;
use crate::exit::Exit;
use crate::{files, output};

pub(crate) async fn run(global: &Global, args: &ComplianceArgs) -> Result<Exit, CliError> {
    let spec = files::read_spec(&args.spec)?;
    let backend = Backend::open(global)?;
    let aws = backend.connect(global, &spec).await?;
    let checked_at = Timestamp::now();
    let Live { spec, observed } = read_for_controls(global, &aws, &spec).await?;
    let frameworks: Vec<Framework> = Framework::ALL
        .into_iter()
        .filter(|it| args.frameworks.is_empty() || args.frameworks.contains(it))
        .collect();
    let compliance = Compliance {
        spec: args.spec.to_string_lossy().into_owned(),
        checked_at,
        results: assess(spec.desired(), &observed, &frameworks),
        frameworks,
    };
    let document = document(args.format, &compliance)?;
    output::print_or_write(args.out.as_deref(), document, || {
        text(&compliance, text_options(global, backend.is_sandbox()))
    })?;
    Ok(match compliance.status() {
        ControlStatus::Failed => Exit::Different,
        ControlStatus::Unreadable => Exit::Error,
        ControlStatus::Passed | ControlStatus::Manual | ControlStatus::NotApplicable => Exit::Ok,
    })
}

/// The result in a format other than text, with escaped values.
fn document(format: ComplianceFormat, compliance: &Compliance) -> Result<Option<String>, CliError> {
    Ok(Some(match format {
        ComplianceFormat::Text => return Ok(None),
        ComplianceFormat::Json => escape_json(json(compliance)?).into_owned(),
        ComplianceFormat::Junit => junit(compliance).map_err(CliError::Output)?,
        ComplianceFormat::Markdown => markdown(compliance),
        ComplianceFormat::Html => html(compliance),
    }))
}
