//! Turns plans, outcomes and findings into text, JSON and Markdown.
//!
//! This crate prints nothing.

mod blame;
pub mod compliance;
mod details;
mod diff;
pub mod drift;
pub mod error;
pub mod explain;
mod fold;
mod html;
pub mod import;
pub mod lock;
pub mod outcome;
mod paint;
pub mod plan;
pub mod plans;
mod size;
pub mod verify;
pub mod watch;

/// The version of the JSON documents that commands print.
pub const FORMAT_VERSION: &str = "1.0";

/// Options of text output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TextOptions {
    /// Whether full documents and full lists are shown.
    pub verbose: bool,
    /// Whether the text is about a sandbox, and must name it.
    pub sandbox: bool,
}
