//! Tests specs as users write them: valid, invalid and hostile.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "spec/aws_facts.rs"]
mod aws_facts;
#[path = "spec/diagnostics.rs"]
mod diagnostics;
#[path = "spec/hostile.rs"]
mod hostile;
#[path = "spec/resolved.rs"]
mod resolved;
#[path = "spec/schema.rs"]
mod schema;

/// The spec in the README.
const PROD: &str = include_str!("../../../specs/prod.yaml");

/// Returns the spec with one text replaced.
#[track_caller]
fn prod_with(from: &str, to: &str) -> String {
    assert!(PROD.contains(from), "{from}");
    PROD.replacen(from, to, 1)
}
