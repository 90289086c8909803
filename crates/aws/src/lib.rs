//! Turns the accounts of a spec into sessions: credentials, clients per Region, errors with a class.
//!
//! Every account gets its own session (own identity cache, own retry budget) over one shared connector.
//! This crate knows nothing of plans, and decides nothing: it carries calls and says what became of them.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod answer;
mod assumed_role;
mod call;
mod class;
mod clock;
mod connect;
mod denial;
mod endpoint;
mod error;
mod failure;
mod gate;
mod hint;
mod operation;
mod permission;
mod profile;
mod rate;
mod retry;
mod session;
mod table;
mod transport;

pub use class::{Checked, Class, Unseen};
pub use clock::ServiceClock;
pub use connect::{Aws, Embedded, Options};
pub use endpoint::Endpoint;
pub use error::Error;
pub use operation::Operation;
pub use permission::{
    ANY_ACCOUNT, Mode, Permissions, SessionPolicy, import_permissions, member_permissions, permissions,
};
pub use session::Session;
