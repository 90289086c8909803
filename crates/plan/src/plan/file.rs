//! Writes and reads plan files.

use reconcile_text::Hint;
use serde::Deserialize;

use super::Plan;

/// The version of the plan format that this build writes. The build reads all formats with the same
/// major version.
pub const FORMAT_VERSION: &str = "1.0";

/// The reason why a text is not a plan that can be applied.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// The file ends early: it was cut off while it was written or copied.
    #[error("the file is cut off at line {line}, column {column}")]
    Truncated {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Another version of the program wrote the file in another format.
    #[error("the file has format version `{found}`; this version of reconcile reads `{FORMAT_VERSION}`")]
    Version {
        /// The version in the file.
        found: String,
    },
    /// The file is not a plan.
    #[error("the file is not a valid plan")]
    Invalid(#[source] serde_json::Error),
}

impl Hint for PlanFileError {
    fn own_hint(&self) -> Option<String> {
        match self {
            Self::Truncated { .. } | Self::Version { .. } | Self::Invalid(_) => {
                Some("create a new plan with `reconcile plan SPEC`".to_owned())
            }
        }
    }
}

#[derive(Deserialize)]
struct Head {
    format_version: String,
}

impl Plan {
    /// Returns the plan as indented JSON, with a final line break.
    ///
    /// # Errors
    /// None in practice: every plan can be written as JSON.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    /// Reads a plan file. Checks the version first, so that a plan of a later program is not
    /// reported as broken.
    ///
    /// # Errors
    /// [`PlanFileError`], with the place if it is known.
    pub fn from_json(text: &str) -> Result<Self, PlanFileError> {
        let head: Head = serde_json::from_str(text).map_err(classify)?;
        let major = |version: &str| version.split('.').next().map(str::to_owned);
        if major(&head.format_version) != major(FORMAT_VERSION) {
            return Err(PlanFileError::Version { found: head.format_version });
        }
        serde_json::from_str(text).map_err(classify)
    }
}

fn classify(error: serde_json::Error) -> PlanFileError {
    if error.is_eof() {
        PlanFileError::Truncated { line: error.line(), column: error.column() }
    } else {
        PlanFileError::Invalid(error)
    }
}
