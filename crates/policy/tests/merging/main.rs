//! What a merge makes of documents: laws for every one of them, and what is taken over of what others wrote.

#![allow(clippy::unwrap_used, clippy::panic, clippy::needless_pass_by_value)]

mod adoption;
mod generate;
mod laws;
mod model;
