//! Specs as users write them: right, wrong and hostile.

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

/// The spec that the README shows.
const PROD: &str = include_str!("../../../specs/prod.yaml");

/// The same with one text in place of another.
#[track_caller]
fn prod_with(from: &str, to: &str) -> String {
    assert!(PROD.contains(from), "{from}");
    PROD.replacen(from, to, 1)
}
