//! Turns the YAML of a spec into the state that it asks for, or into diagnostics that point at the line.
//!
//! Pure: bytes in, values out. It must not read files, the environment or AWS.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod desired;
mod diagnostic;
mod digest;
mod names;
mod parse;
mod problems;
mod raw;
mod resolve;
mod schema;
mod unsupported;

pub use desired::{
    Access, AccessLogs, Account, AdvancedSelector, Bucket, BucketPolicy, ConstraintKind, Constraints,
    DataResource, Deletion, Desired, Encryption, EventSelector, FieldSelector, Foreign, ForeignStatements,
    Grant, Grantee, Key, KeyPolicy, Lifecycle, Member, OWNER_TAG, ObjectLock, ObjectOwnership, Organization,
    ReadWrite, Retention, RoleAccess, RotationDays, Secret, Selectors, Setting, Site, Tags, Trail,
};
pub use diagnostic::{Diagnostic, Diagnostics, Place};
pub use digest::sha256_hex;
pub use names::{AccountName, AliasName, BucketName, SpecName, TrailName};
pub use parse::{Spec, parse};
pub use schema::schema;
