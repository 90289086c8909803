//! Turns what an installation needs into the statements that say so.
//!
//! It must not look at live policies: what is already there is for the merge to weigh.

mod bucket;
mod extra;
mod key;
mod log_role;
mod reader;
mod topic;

use std::collections::BTreeSet;

pub use bucket::{BucketIntent, Guest, OrganizationTrail};
pub use key::KeyIntent;
pub use log_role::LogRoleIntent;
pub use reader::{Logs, Reader};
pub use topic::TopicIntent;

use serde_json::{Value, json};

use crate::statement::compose::texts;
use crate::trails::{CLOUDTRAIL, SOURCE_ACCOUNT, SOURCE_ORGANIZATION};
use crate::{Arn, Form};

/// CloudTrail as a principal; its name is the same in every partition.
fn cloudtrail() -> Value {
    json!({ "Service": CLOUDTRAIL })
}

/// The ARNs of the trails, against the confused deputy: nobody else's trail may use what is ours.
fn source_arns<'a>(trails: impl Iterator<Item = &'a Arn>) -> Value {
    texts(trails.map(|trail| trail.as_str().to_owned()))
}

/// The same in a short form: the names and home Regions of the trails, in whatever account.
fn source_patterns<'a>(trails: impl Iterator<Item = &'a Arn>) -> Value {
    let pattern = |arn: &Arn| {
        format!("arn:{}:{}:{}:*:{}", arn.partition(), arn.service(), arn.region(), arn.resource())
    };
    texts(trails.map(pattern).collect::<BTreeSet<_>>())
}

/// The accounts of which a short form speaks. The plain form names trails, so it is compiled from fewer of them instead.
pub type Only<'a> = Option<&'a BTreeSet<String>>;

/// Which accounts may deliver, in a short form: condition key and values. `None` in the plain form, and where
/// the form needs an organization and there is none.
fn accounts<'a>(
    form: Form,
    trails: impl Iterator<Item = &'a Arn>,
    organization: Option<&str>,
    only: Only<'_>,
) -> Option<(&'static str, Value)> {
    match form {
        Form::Plain => None,
        Form::ByAccount => {
            let is_meant = |id: &String| only.is_none_or(|only| only.contains(id));
            let ids: BTreeSet<String> =
                trails.map(|trail| trail.account().to_owned()).filter(is_meant).collect();
            Some((SOURCE_ACCOUNT, texts(ids)))
        }
        Form::ByOrganization => Some((SOURCE_ORGANIZATION, json!(organization?))),
    }
}
