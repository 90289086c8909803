use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer};

use crate::diagnostic::SourceSpan;

/// A value with its place in the file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Located<T> {
    pub(crate) value: T,
    pub(crate) place: SourceSpan,
}

/// A value that comes from no file.
impl<T> From<T> for Located<T> {
    fn from(value: T) -> Self {
        Self { value, place: SourceSpan::default() }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Located<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = serde_saphyr::Spanned::<T>::deserialize(deserializer)?;
        Ok(Self { value: spanned.value, place: place(&spanned.referenced) })
    }
}

/// Converts a YAML location into a place.
pub(crate) fn place(location: &serde_saphyr::Location) -> SourceSpan {
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    SourceSpan {
        line: number(location.line()).max(1),
        column: number(location.column()).max(1),
        length: number(location.span().len()).max(1),
    }
}

impl<T: JsonSchema> JsonSchema for Located<T> {
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }

    fn inline_schema() -> bool {
        T::inline_schema()
    }
}
