//! The arguments of `compliance`.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use reconcile_plan::compliance::Framework;

/// The output formats of `compliance`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ComplianceFormat {
    Text,
    Json,
    Junit,
    Markdown,
    Html,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  reconcile compliance specs/prod.yaml
  reconcile compliance specs/prod.yaml --framework cis-5.0 --framework fsbp
  reconcile compliance specs/prod.yaml --format html --out compliance.html

`compliance` checks the controls for CloudTrail and for the bucket, key, topics and log groups of the spec. It needs the same permissions as \
`drift` (`reconcile permissions SPEC --mode plan`).

Exit codes: 0 no control failed, 2 a control failed, 1 a control could not be checked.")]
pub(crate) struct ComplianceArgs {
    /// Spec file
    pub(crate) spec: PathBuf,
    /// Check only the controls of this framework (repeatable) [default: all frameworks]
    #[arg(long = "framework", value_name = "FRAMEWORK", value_parser = frameworks())]
    pub(crate) frameworks: Vec<Framework>,
    /// Output format; `junit` is for test reports
    #[arg(long, default_value = "text")]
    pub(crate) format: ComplianceFormat,
    /// Write the output in the selected format to this file, and print the text format on stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// A parser that lists the frameworks in the help.
fn frameworks() -> impl TypedValueParser<Value = Framework> {
    let names = PossibleValuesParser::new(Framework::ALL.map(Framework::as_str));
    names.try_map(|name: String| name.parse::<Framework>())
}
