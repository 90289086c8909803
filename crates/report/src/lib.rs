//! Turns plans, outcomes and findings into text, JSON and Markdown.
//!
//! Nothing here prints.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod diff;
pub mod drift;
pub mod explain;
pub mod import;
pub mod lock;
pub mod outcome;
mod paint;
pub mod plan;
mod size;

/// How text looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TextOptions {
    /// Whether whole documents are shown, and long lists are not cut.
    pub verbose: bool,
    /// Whether it is about a sandbox, and has to say so.
    pub sandbox: bool,
}
