//! Colors and words that all views share.

use anstyle::{AnsiColor, Style};
use reconcile_plan::plan::ActionKind;
use reconcile_text::{Line, Text};

use crate::TextOptions;

pub(crate) const ADD: Style = AnsiColor::Green.on_default();
pub(crate) const CHANGE: Style = AnsiColor::Yellow.on_default();
pub(crate) const REMOVE: Style = AnsiColor::Red.on_default();
pub(crate) const STRONG: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();

/// `+`, `~` or `-`, as in Terraform.
pub(crate) fn sign(action: ActionKind) -> &'static str {
    match action {
        ActionKind::Create => "+",
        ActionKind::Update => "~",
        ActionKind::Delete => "-",
    }
}

pub(crate) fn style(action: ActionKind) -> Style {
    match action {
        ActionKind::Create => ADD,
        ActionKind::Update => CHANGE,
        ActionKind::Delete => REMOVE,
    }
}

/// Returns the first lines of a text, which name the sandbox if the text is about a sandbox.
pub(crate) fn beginning(options: TextOptions) -> Text {
    let mut text = Text::default();
    if options.sandbox {
        text.line(Line::styled(
            CHANGE.bold(),
            "sandbox: the embedded AWS twin; this command does not use AWS",
        ));
        text.blank();
    }
    text
}
