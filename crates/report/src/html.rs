//! HTML pages. A page is one file without scripts and without external assets, has a light and a
//! dark theme, and is readable on a phone and on paper.

mod parts;

use jiff::{Timestamp, Unit};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use reconcile_text::escape;

pub(crate) use parts::{Filter, accounts_and_findings, only, tallies};

const STYLE: &str = include_str!("html/style.css");

/// A complete document.
pub(crate) fn page(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                // The page loads nothing, whatever a value in the page contains.
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; form-action 'self'";
                title { (shown(title)) }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    };
    page.into_string()
}

/// A value from a file, an argument or AWS. `maud` escapes the special characters of HTML.
pub(crate) fn shown(value: &str) -> Markup {
    html! { (escape(value)) }
}

/// A message, in which code spans become elements.
pub(crate) fn prose(message: &str) -> Markup {
    let parts: Vec<&str> = message.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return shown(message);
    }
    html! {
        @for (index, part) in parts.iter().enumerate() {
            @if index % 2 == 1 { code { (shown(part)) } } @else { (shown(part)) }
        }
    }
}

/// A time, in seconds.
pub(crate) fn time(at: Timestamp) -> Markup {
    let at = at.round(Unit::Second).unwrap_or(at);
    html! { time datetime=(at) { (at.strftime("%Y-%m-%d %H:%M:%S UTC")) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_form_no_element_and_hide_nothing() {
        for (message, expected) in [
            ("set `a<b>` now", "set <code>a&lt;b&gt;</code> now"),
            ("one ` only", "one ` only"),
            ("<script>\u{202e}", "&lt;script&gt;\\u{202e}"),
            ("\u{1b}[2J\n\"'", "\\u{1b}[2J\\n&quot;'"),
        ] {
            assert_eq!(prose(message).into_string(), expected);
        }
    }
}
