//! IAM resource policies: model, canonical form, equivalence, ownership and merge.
//!
//! The policies of a bucket, a key and a topic are single documents that several teams edit. This
//! crate parses such a document without losing its spelling, and decides whether two documents have
//! the same meaning. It merges managed statements into a document, and keeps foreign statements
//! byte for byte.
//!
//! ```
//! use reconcile_policy::{BucketIntent, Document, Intent, Ownership, Partition, merge};
//!
//! let live: Document = r#"{"Version":"2012-10-17","Statement":[
//!     {"Sid":"Auditors","Effect":"Allow","Principal":{"AWS":"444444444444"},
//!      "Action":"s3:ListBucket","Resource":"arn:aws:s3:::logs"}]}"#
//!     .parse()?;
//! let intent = BucketIntent {
//!     trails: vec!["arn:aws:cloudtrail:eu-west-1:111111111111:trail/Security".parse()?],
//!     ..BucketIntent::new(Partition::Aws, "logs")
//! };
//! let ownership = Ownership::of("secprod");
//!
//! let merged = merge(Some(&live), &intent.statements(&ownership), &ownership);
//! let sids: Vec<_> = merged.contracted.statements().iter().filter_map(|s| s.sid()).collect();
//! assert_eq!(
//!     sids,
//!     ["Auditors", "SecprodTrailAclCheck", "SecprodTrailWrite", "SecprodDenyInsecureTransport"]
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! This crate must not call AWS, and must not know what a plan is.

mod canonical;
mod covers;
mod delivery;
mod difference;
mod document;
mod equivalent;
mod error;
mod evaluate;
mod exposure;
mod fit;
mod intent;
mod json;
mod lockout;
mod membership;
mod merge;
mod named;
pub mod names;
mod ownership;
mod pattern;
mod public;
mod recover;
mod statement;
mod trail_statement;
mod warning;

pub use canonical::canonical_text;
pub use covers::covers;
pub use delivery::{Delivery, Hop, Owner, PolicyKind, Proof};
pub use difference::{Difference, Op, differences};
pub use document::Document;
pub use equivalent::equivalent;
pub use error::ParseError;
pub use evaluate::{
    Decision, DenyDecision, Doubt, Justification, Known, Mismatch, NearMiss, Request, StatementRef, denial,
    evaluate, is_action, justification,
};
pub use exposure::{
    Allowed, Asset, AssetKind, Capability, Exposure, Holds, Insiders, KeyGrant, Standing, Who, exposures,
    granted, granted_by_acl, outsider,
};
pub use fit::{Choice, FirstUse, FitInput, Fitted, Obstacle, Sizes, StatementForm, TooLarge, fit};
pub use intent::{
    AccountFilter, BucketIntent, Guest, Intent, KeyIntent, LogRoleIntent, Logs, OrganizationTrail, Reader,
    TopicIntent,
};
pub use lockout::{Administration, BUCKET_POLICY_ACTIONS, administration, denies_caller};
pub use membership::Membership;
pub use merge::{Adopted, Adoption, AdoptionResult, Keep, Merged, Sources, Step, Use, merge};
pub use named::{NamedTrails, named_trails};
pub use names::{AccountId, Arn, KeyIdentifier, NameError, Partition, Region, Sid};
pub use ownership::{Ownership, StatementRole, foreign, owned, under_present_name};
pub use pattern::text_matches;
pub use public::{Ambiguity, Exposed, exposed};
pub use recover::{Recovered, recover};
pub use statement::{Condition, Effect, Principal, Statement};
pub use trail_statement::{CLOUDTRAIL, logs_folder};
pub use warning::Warning;
