//! Generates the JSON Schema of a spec, for editors.

use serde_json::Value;

use crate::raw::RawSpec;

/// Returns the JSON Schema, draft 2020-12. The schema describes only shapes; `validate` checks the
/// rest.
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(RawSpec).to_value();
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("title".to_owned(), "reconcile spec".into());
    }
    schema
}
