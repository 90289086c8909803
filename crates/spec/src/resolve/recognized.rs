//! Resolves kinds of names to which AWS adds new ones: a name is accepted if this version knows it,
//! or if the spec declares it.

use std::collections::BTreeSet;

use reconcile_policy::Region;

use crate::problems::{Problems, nearest};
use crate::raw::Located;

/// The names that the spec declares as newer than this version of the program.
pub(super) struct Recognized<'r>(BTreeSet<&'r str>);

impl<'r> Recognized<'r> {
    pub(super) fn resolve(raw: &'r [Located<String>], problems: &mut Problems) -> Self {
        for name in raw {
            if !name.value.contains(':') && name.value.parse::<Region>().is_err() {
                problems.add(
                    name.place,
                    format!(
                        "`{}` is not the name of a Region, an action, a condition key or a resource type",
                        name.value
                    ),
                    "write it as AWS does, such as `eu-north-9` or `s3:GetBucketFuture`",
                );
            }
        }
        Self(raw.iter().map(|name| name.value.as_str()).collect())
    }

    /// Returns whether the spec declares the name. AWS compares actions and condition keys
    /// case-insensitively.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains(name) || self.0.iter().any(|it| it.eq_ignore_ascii_case(name))
    }

    /// Resolves a Region. An unknown Region is reported and still returned, so that the other
    /// values are also checked.
    pub(super) fn region(&self, located: &Located<String>, problems: &mut Problems) -> Option<Region> {
        let similar = || nearest(&located.value, Region::known());
        match located.value.parse::<Region>() {
            Ok(region) if region.is_known() || self.has(region.as_str()) => Some(region),
            Ok(region) => {
                let message = format!("`{region}` is not a Region that this version of reconcile knows");
                problems.add(located.place, message, hint(similar()));
                Some(region)
            }
            Err(error) => {
                let hint = similar().map(|region| format!("did you mean `{region}`?"));
                problems.add(located.place, error.to_string(), hint.unwrap_or_default());
                None
            }
        }
    }
}

/// Returns the hint for an unknown name, with the similar known name.
pub(super) fn hint(similar: Option<&str>) -> String {
    match similar {
        Some(similar) => format!(
            "did you mean `{similar}`? If not, and AWS introduced the name after this version of reconcile, add it to \
             `recognize`"
        ),
        None => "add it to `recognize` if AWS introduced it after this version of reconcile".to_owned(),
    }
}
