//! Reads log files, digests and public keys of CloudTrail for a validation. This module must not
//! validate anything.

mod body;
mod bucket;
mod keys;
mod source;

pub use body::ObjectBody;
pub use bucket::LogFiles;
