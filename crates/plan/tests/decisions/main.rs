//! Tests the decisions with desired state and live state that are built by hand.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod alarms;
mod blamed;
mod complete;
mod controls;
mod copied;
mod destroyed;
mod drifted;
mod exposed;
mod foreign;
mod formed;
mod imported;
mod left;
mod made;
mod organized;
mod quota;
mod saved;
mod settings;
mod stale;
mod statements;
mod topics;
mod unmanaged;
mod unread;
mod values;
mod whole;
