//! Errors of an import.

use reconcile_policy::Arn;
use reconcile_spec::{BucketName, Diagnostics, SpecName};
use reconcile_text::Hint;

use super::LeftOut;
use crate::observed::{LiveError, ObserveError, SurveyError};

/// The reason why no spec can be written.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// No configuration was found.
    #[error(transparent)]
    Survey(Box<SurveyError>),
    /// Live state cannot be read.
    #[error(transparent)]
    Observe(Box<ObserveError>),
    /// Other installations manage all trails.
    #[error("{} every trail that delivers to bucket {bucket}", manage(owners))]
    OtherInstallations {
        /// The bucket.
        bucket: BucketName,
        /// The names of the installations.
        owners: Vec<String>,
        /// The name of the installation to import.
        name: SpecName,
    },
    /// No installation with the previous name that the user gave has trails.
    #[error("installation `{name}` manages no trail that delivers to bucket {bucket}")]
    NotAnInstallation {
        /// The bucket.
        bucket: BucketName,
        /// The previous name.
        name: SpecName,
    },
    /// A spec cannot describe any of the trails.
    #[error("a spec cannot describe any trail that delivers to bucket {bucket}{}", listed(left_out))]
    NoTrailLeft {
        /// The bucket.
        bucket: BucketName,
        /// The reason, for each trail.
        left_out: Vec<LeftOut>,
    },
    /// A spec cannot describe a live value that every spec must contain.
    #[error("a spec cannot describe {what}: {problem}")]
    Indescribable {
        /// The live value.
        what: String,
        /// The reason.
        problem: String,
    },
    /// No name can be derived from the name of the bucket.
    #[error("no name for the installation can be derived from bucket {bucket}")]
    NoName {
        /// The bucket.
        bucket: BucketName,
    },
}

impl From<SurveyError> for ImportError {
    fn from(error: SurveyError) -> Self {
        Self::Survey(Box::new(error))
    }
}

impl From<LiveError> for ImportError {
    fn from(error: LiveError) -> Self {
        match error {
            LiveError::Observe(error) => Self::Observe(Box::new(error)),
            LiveError::Invalid(problems) => Self::invalid(&problems),
        }
    }
}

impl ImportError {
    /// Creates the error for a spec that is valid without the organization, but not with it.
    pub(super) fn invalid(problems: &Diagnostics) -> Self {
        let problem = problems.iter().next().map(|it| it.message.clone()).unwrap_or_default();
        Self::Indescribable { what: "the installation in its organization".to_owned(), problem }
    }
}

impl Hint for ImportError {
    fn own_hint(&self) -> Option<String> {
        match self {
            Self::OtherInstallations { owners, name, .. } => {
                let owner = owners.iter().find(|it| it.parse::<SpecName>().is_ok())?;
                Some(format!(
                    "import that installation with `--name {owner}`, or rename it with `--name {name} --previous-name {owner}`"
                ))
            }
            Self::NotAnInstallation { .. } => {
                Some("remove `--previous-name`, or give another name".to_owned())
            }
            Self::Survey(_) | Self::Observe(_) | Self::NoTrailLeft { .. } | Self::Indescribable { .. } => {
                None
            }
            Self::NoName { .. } => Some("name the installation with `--name NAME`".to_owned()),
        }
    }

    fn caused_by(&self) -> Option<&(dyn Hint + 'static)> {
        match self {
            Self::Survey(error) => Some(error.as_ref()),
            Self::Observe(error) => Some(error.as_ref()),
            Self::OtherInstallations { .. }
            | Self::NotAnInstallation { .. }
            | Self::NoTrailLeft { .. }
            | Self::Indescribable { .. }
            | Self::NoName { .. } => None,
        }
    }
}

fn manage(owners: &[String]) -> String {
    let names = owners.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
    match owners {
        [_] => format!("installation {names} manages"),
        _ => format!("installations {names} manage"),
    }
}

fn listed(left_out: &[LeftOut]) -> String {
    left_out.iter().map(|it| format!("; {}: {}", it.what, it.why)).collect()
}

/// Returns the name of a trail for people.
pub(super) fn trail(arn: &Arn) -> String {
    format!("trail {arn}")
}

#[cfg(test)]
mod tests {
    use reconcile_text::message;

    use super::*;

    /// Returns the error after another one, or the first error for `None`. A new variant does not
    /// compile until it has a place here.
    fn next(last: Option<&ImportError>) -> Option<ImportError> {
        let bucket = || "logs".parse::<BucketName>().unwrap();
        let name = || "audit".parse::<SpecName>().unwrap();
        let accounts = || vec!["security".parse().unwrap(), "production".parse().unwrap()];
        Some(match last {
            None => SurveyError::NoTrails { accounts: accounts() }.into(),
            Some(ImportError::Survey(error)) => match error.as_ref() {
                SurveyError::NoTrails { .. } => {
                    SurveyError::ManyBuckets { buckets: vec!["logs".to_owned(), "old-logs".to_owned()] }
                        .into()
                }
                SurveyError::ManyBuckets { .. } => {
                    SurveyError::NoBucket { bucket: bucket(), accounts: accounts() }.into()
                }
                SurveyError::NoBucket { .. } => SurveyError::Account {
                    account: "security".parse().unwrap(),
                    error: crate::ReadError::Incomplete {
                        resource: "trail Trail".to_owned(),
                        what: "an ARN",
                    },
                }
                .into(),
                SurveyError::Account { .. } => ImportError::Observe(Box::new(ObserveError::Interrupted)),
            },
            Some(ImportError::Observe(_)) => ImportError::OtherInstallations {
                bucket: bucket(),
                owners: vec!["secprod".to_owned(), "other".to_owned()],
                name: name(),
            },
            Some(ImportError::OtherInstallations { .. }) => {
                ImportError::NotAnInstallation { bucket: bucket(), name: name() }
            }
            Some(ImportError::NotAnInstallation { .. }) => ImportError::NoTrailLeft {
                bucket: bucket(),
                left_out: vec![LeftOut {
                    what: "trail Trail".to_owned(),
                    why: "it cannot be read".to_owned(),
                    hint: None,
                }],
            },
            Some(ImportError::NoTrailLeft { .. }) => ImportError::Indescribable {
                what: "bucket logs".to_owned(),
                problem: "the prefix is longer than 200 characters".to_owned(),
            },
            Some(ImportError::Indescribable { .. }) => ImportError::NoName { bucket: bucket() },
            Some(ImportError::NoName { .. }) => return None,
        })
    }

    #[test]
    fn the_wording_of_every_error_of_an_import_is_reviewed() {
        let all = std::iter::successors(next(None), |last| next(Some(last)));
        let text: Vec<String> = all
            .map(|it| {
                format!("{}\n  hint: {}\n", message(&it), it.hint().unwrap_or_else(|| "none".to_owned()))
            })
            .collect();
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!("errors_of_imports", text.join("\n"));
        });
    }
}
