//! Text for people. No value in the text can repaint a terminal or forge a line.
//!
//! Files, AWS and arguments supply names and messages. Such a value can contain escape sequences
//! that clear the screen before a question, a newline that forges a line of a plan, or characters
//! that reverse the order of the following text. Text is therefore built of [`Line`]s. A line
//! escapes every value when the value is added, before colours are added, so callers do not need to
//! escape values.

mod escape;
mod hint;
mod line;
pub mod markdown;
mod number;

pub use escape::{escape, escape_json, is_hidden};
pub use hint::{Hint, message, messages};
pub use line::{Line, Text};
pub use number::{count, listed, plural};
