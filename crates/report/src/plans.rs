//! Views of the plans of several specs.

use reconcile_plan::Plan;
use reconcile_text::{Line, Text, markdown as md};
use serde_json::{Value, json};

use crate::error::{self, CommandError, object, plain};
use crate::paint::{STRONG, beginning};
use crate::plan;
use crate::{FORMAT_VERSION, TextOptions};

/// The plan of one of several specs.
#[derive(Debug, Clone, PartialEq)]
pub struct SpecPlan {
    /// The path of the spec in the arguments.
    pub spec: String,
    /// The plan and its file, or the reason why there is no plan.
    pub result: Result<(Plan, String), CommandError>,
}

/// The text view: the plan of each spec below its path.
pub fn text(specs: &[SpecPlan], options: TextOptions) -> Text {
    let mut text = beginning(options);
    let options = TextOptions { sandbox: false, ..options };
    for (index, SpecPlan { spec, result }) in specs.iter().enumerate() {
        if index > 0 {
            text.blank();
        }
        text.line(Line::styled(STRONG, spec));
        match result {
            Ok((plan, file)) => {
                text.append(&plan::text(plan, options));
                if !plan.changes.is_empty() {
                    text.line(format_args!("Apply it with `reconcile apply {file}`."));
                }
            }
            Err(failure) => text.append(&error::text(failure)),
        }
    }
    text
}

/// The JSON view.
///
/// # Errors
/// None in practice: every plan can be written as JSON.
pub fn json(specs: &[SpecPlan]) -> serde_json::Result<String> {
    let one = |SpecPlan { spec, result }: &SpecPlan| -> serde_json::Result<Value> {
        Ok(match result {
            Ok((plan, file)) => {
                json!({ "spec": spec, "file": file, "plan": serde_json::to_value(plan)?, "error": null })
            }
            Err(failure) => json!({ "spec": spec, "file": null, "plan": null, "error": object(failure) }),
        })
    };
    let plans = specs.iter().map(one).collect::<Result<Vec<_>, _>>()?;
    serde_json::to_string_pretty(&json!({ "format_version": FORMAT_VERSION, "plans": plans }))
        .map(|text| text + "\n")
}

/// The Markdown view, for a pull request.
pub fn markdown(specs: &[SpecPlan]) -> String {
    let one = |SpecPlan { spec, result }: &SpecPlan| match result {
        Ok((plan, _)) => plan::markdown(plan),
        Err(failure) => format!("### {}\n\n{}\n", md::code(spec), md::block(plain(failure).as_str())),
    };
    specs.iter().map(one).collect::<Vec<_>>().join("\n")
}
