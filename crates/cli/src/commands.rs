//! One module for each command.

pub(crate) mod apply;
pub(crate) mod completions;
pub(crate) mod compliance;
pub(crate) mod drift;
pub(crate) mod explain;
pub(crate) mod import;
mod observe;
pub(crate) mod permissions;
pub(crate) mod plan;
pub(crate) mod sandbox;
pub(crate) mod schema;
pub(crate) mod unlock;
pub(crate) mod validate;
pub(crate) mod verify;
pub(crate) mod watch;
