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

use reconcile_samples::{EditText, PROD};

/// The spec of the README, in which `to` replaces the first `from`.
#[track_caller]
fn prod_with(from: &str, to: &str) -> String {
    PROD.edited_once(from, to)
}
