//! Prepares the embedded AWS for a spec, connects to it, and copies live installations into it.

mod copy;
mod given;
mod setup;

pub use copy::{copy, plan};
pub use given::given;
pub use setup::{connection, setup};
