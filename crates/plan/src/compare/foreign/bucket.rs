//! Judges the settings of the bucket.

pub(super) mod acl;
pub(super) mod retention;
