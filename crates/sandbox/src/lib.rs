//! Prepares the embedded AWS for a spec, connects to the embedded AWS, copies live installations
//! into it, and delivers log files in it.

mod copy;
mod deliver;
mod given;
mod setup;

pub use copy::{copy, plan};
pub use deliver::{DeliverError, Delivered, DeliveryOptions, deliver};
pub use given::given;
pub use setup::{ambient, connection, setup};
