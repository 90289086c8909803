//! Checks merges: the laws of every merge, and the adoption of foreign statements.

#![allow(clippy::unwrap_used, clippy::panic, clippy::needless_pass_by_value)]

mod adoption;
mod generate;
mod laws;
mod model;
