//! The AWS operations that reconcile calls: the permissions that they need in each account, the
//! meaning of their error codes, and what the user can do about an error.
//!
//! This crate makes no calls: `reconcile-aws` makes them.

mod class;
mod denial;
mod endpoint;
mod error;
mod failure;
mod hint;
mod operation;
mod permission;
mod table;

pub use class::{Class, NotVisible, TrailDependency};
pub use endpoint::Endpoint;
pub use error::Error;
pub use failure::CallFailure;
pub use operation::Operation;
pub use permission::{
    ANY_ACCOUNT, Mode, Permissions, Run, SessionPolicy, import_permissions, member_permissions, permissions,
};
pub use table::classify;
