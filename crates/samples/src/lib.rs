//! Specs for tests and simulations, and edits of them as values.
//!
//! A test begins with one of these specs, and says only what differs:
//!
//! ```
//! use reconcile_samples::{EditSpec, members};
//!
//! let before = members(2);
//! let after = before.with("bucket.prefix", "new").with("trails.0", "{ name: Renamed }");
//! assert!(after.contains(r#""prefix":"new""#));
//! ```

// A sample that is wrong must stop the test that uses it.
#![allow(clippy::panic)]

mod edit;
mod specs;
mod text;

pub use edit::EditSpec;
pub use specs::{ALIAS, BUCKET, MASTER, PROD, REGION, every_destination, everything, members, organization};
pub use text::EditText;
