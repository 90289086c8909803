//! Tests the decisions with desired and live state that is built by hand.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod copied;
mod drifted;
mod foreign;
mod formed;
mod imported;
mod made;
mod organized;
mod saved;
mod whole;
