//! Turns what an installation needs into the statements that say so.
//!
//! It must not look at live policies: what is already there is for the merge to weigh.

mod bucket;
mod extra;
mod key;

pub use bucket::BucketIntent;
pub use key::KeyIntent;

use serde_json::{Value, json};

use crate::Arn;
use crate::statement::compose::texts;

/// CloudTrail as a principal; its name is the same in every partition.
fn cloudtrail() -> Value {
    json!({ "Service": "cloudtrail.amazonaws.com" })
}

/// The ARNs of the trails, against the confused deputy: nobody else's trail may use what is ours.
fn source_arns(trails: &[Arn]) -> Value {
    texts(trails.iter().map(|trail| trail.as_str().to_owned()))
}
