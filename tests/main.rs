//! End-to-end tests: the built binary, used like a user does, on the embedded twin and on moto.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod blame;
mod command_line;
mod compliance;
mod confirm;
mod connections;
mod destinations;
mod destroy;
mod drift_formats;
mod errors;
mod every_key;
mod freshness;
mod guides;
mod hostile;
mod import;
mod key_and_lock;
mod moto;
mod organization;
mod policies;
mod regions;
mod sandbox;
mod saved_plan;
#[cfg(unix)]
mod signals;
mod structure;
mod support;
mod verify;
mod verify_aws_cli;
mod verify_bucket;
#[cfg(unix)]
mod watch;
mod wrong_input;
