//! Tests the JSON Schema for editors.

use reconcile_samples::{EditSpec, PROD};
use reconcile_spec::schema;
use serde_json::Value;

fn problems(text: &str) -> Vec<String> {
    let value: Value = serde_saphyr::from_str(text).unwrap();
    let validator = jsonschema::validator_for(&schema()).unwrap();
    validator.iter_errors(&value).map(|error| error.to_string()).collect()
}

#[test]
fn the_schema_accepts_valid_specs() {
    assert_eq!(problems(PROD), Vec::<String>::new());
    let unmanaged = PROD.with("bucket", "{ versioning: unmanaged, encryption: s3 }");
    assert_eq!(problems(&unmanaged), Vec::<String>::new());
    let members = PROD.with("trails.1.accounts", "members");
    assert_eq!(problems(&members), Vec::<String>::new());
}

#[test]
fn the_schema_rejects_invalid_specs() {
    for text in [
        PROD.with("trial", "1"),
        PROD.with("key", "{ alias: null, aliaz: secprod-cloudtrail }"),
        PROD.with("accounts.production.id", "\"2222\""),
        PROD.with("trails.1.accounts", "some"),
        PROD.without("bucket.region"),
    ] {
        assert_ne!(problems(&text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn the_schema_describes_every_key() {
    fn look(at: &str, value: &Value, missing: &mut Vec<String>) {
        if let Some(properties) = value["properties"].as_object() {
            for (name, property) in properties {
                if property["description"].is_null() {
                    missing.push(format!("{at}.{name}"));
                }
            }
        }
    }
    let schema = schema();
    let mut missing = Vec::new();
    look("spec", &schema, &mut missing);
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        look(name, definition, &mut missing);
    }
    assert_eq!(missing, Vec::<String>::new());
}
