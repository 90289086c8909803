use schemars::JsonSchema;
use serde::Deserialize;

use super::super::Located;

/// An advanced event selector, as the CloudTrail API writes it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[schemars(rename = "AdvancedEventSelector")]
pub(crate) struct RawAdvancedSelector {
    /// A name that describes the selector.
    #[serde(default)]
    pub(crate) name: Option<Located<String>>,
    /// Conditions on the fields of an event. The trail records an event that meets all of them.
    pub(crate) field_selectors: Located<Vec<Located<RawFieldSelector>>>,
}

/// The values of one operator.
pub(crate) type RawValues = Option<Located<Vec<Located<String>>>>;

/// A condition on one field of an event.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
#[schemars(rename = "AdvancedFieldSelector")]
pub(crate) struct RawFieldSelector {
    /// The field, such as `eventCategory` or `resources.type`.
    pub(crate) field: Located<String>,
    /// The field is one of these values.
    #[serde(default)]
    pub(crate) equals: RawValues,
    /// The field begins with one of these values.
    #[serde(default)]
    pub(crate) starts_with: RawValues,
    /// The field ends with one of these values.
    #[serde(default)]
    pub(crate) ends_with: RawValues,
    /// The field is none of these values.
    #[serde(default)]
    pub(crate) not_equals: RawValues,
    /// The field begins with none of these values.
    #[serde(default)]
    pub(crate) not_starts_with: RawValues,
    /// The field ends with none of these values.
    #[serde(default)]
    pub(crate) not_ends_with: RawValues,
}

impl RawFieldSelector {
    /// The operators of the condition, each with its values.
    pub(crate) fn operators(&self) -> impl Iterator<Item = (&'static str, &Located<Vec<Located<String>>>)> {
        [
            ("Equals", &self.equals),
            ("StartsWith", &self.starts_with),
            ("EndsWith", &self.ends_with),
            ("NotEquals", &self.not_equals),
            ("NotStartsWith", &self.not_starts_with),
            ("NotEndsWith", &self.not_ends_with),
        ]
        .into_iter()
        .filter_map(|(name, values)| Some((name, values.as_ref()?)))
    }
}
