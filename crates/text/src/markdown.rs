//! Values in Markdown. No value can form HTML, a link, an image, a mention or a new row of a table.
//!
//! See the specification of GitHub Flavored Markdown. Code spans bind more tightly than other
//! inline elements, and their content has no special meaning.

use crate::escape::escape;

/// Returns a message as inline text. Code spans of the message remain code spans.
pub fn inline(message: &str) -> String {
    with_code(message, |code| format!("`{code}`"))
}

/// Returns a message as a cell of a table.
pub fn cell(message: &str) -> String {
    // In tables, and only there, `\|` is also a bar in a code span.
    with_code(message, |code| format!("`{}`", code.replace('|', "\\|")))
}

/// Returns a value as a code span.
pub fn code(value: &str) -> String {
    let value = escape(value);
    let fence = "`".repeat(longest_run(&value) + 1);
    // A space separates the fence from a backtick at either end. The space is not part of the code.
    let pad = if value.starts_with('`') || value.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{value}{pad}{fence}")
}

/// Returns lines as a code block.
pub fn block(lines: &str) -> String {
    let lines: Vec<_> = lines.lines().map(escape).collect();
    let lines = lines.join("\n");
    let fence = "`".repeat((longest_run(&lines) + 1).max(3));
    format!("{fence}\n{lines}\n{fence}")
}

/// Returns a value as text of an HTML element, in which Markdown has no meaning.
pub fn html(value: &str) -> String {
    escape(value).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Splits a message at its backticks, if they form pairs, and escapes the text outside of code
/// spans.
fn with_code(message: &str, code: impl Fn(&str) -> String) -> String {
    let message = escape(message);
    let parts: Vec<&str> = message.split('`').collect();
    let pairs_up = parts.len() % 2 == 1 && longest_run(&message) <= 1;
    if !pairs_up {
        return plain(&message);
    }
    let parts = parts.iter().enumerate();
    parts.map(|(index, part)| if index % 2 == 1 { code(part) } else { plain(part) }).collect()
}

/// Returns text without any markup.
fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    let mut before = ' ';
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            // An empty comment prevents GitHub from notifying a person or a team.
            '@' if !before.is_alphanumeric() && letters.peek().is_some_and(|next| next.is_alphanumeric()) => {
                escaped.push_str("@<!-- -->");
            }
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            letter => escaped.push(letter),
        }
        before = letter;
    }
    escaped
}

/// The length of the longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_no_markup_in_a_message() {
        for (message, expected) in [
            ("the bucket policy changes", "the bucket policy changes"),
            ("set `bucket.tags: keep`", "set `bucket.tags: keep`"),
            ("`a|b` | <img src=x>", "`a|b` \\| &lt;img src=x&gt;"),
            ("Sid `x` onerror=`", "Sid \\`x\\` onerror=\\`"),
            ("``<b>``", "\\`\\`&lt;b&gt;\\`\\`"),
            ("![x](https://example.org)", "\\!\\[x\\](https://example.org)"),
            ("a\n| forged | row |", "a\\\\n\\| forged \\| row \\|"),
            ("ask @security/team, not me@example.org", "ask @<!-- -->security/team, not me@example.org"),
            ("*bold* _it_ ~~no~~ #1", "\\*bold\\* \\_it\\_ \\~\\~no\\~\\~ \\#1"),
        ] {
            assert_eq!(inline(message), expected);
        }
    }

    #[test]
    fn a_cell_stays_one_cell() {
        assert_eq!(cell("`a|b` | c"), "`a\\|b` \\| c");
    }

    #[test]
    fn a_value_forms_no_element() {
        assert_eq!(html("a</summary><b>&amp;\n"), "a&lt;/summary&gt;&lt;b&gt;&amp;amp;\\n");
        assert_eq!(html("role/a/_b_"), "role/a/_b_");
    }

    #[test]
    fn code_cannot_be_ended() {
        assert_eq!(code("trail/a/T"), "`trail/a/T`");
        assert_eq!(code("a`<b>"), "``a`<b>``");
        assert_eq!(code("`a"), "`` `a ``");
        assert_eq!(code("a\nb"), "`a\\nb`");
        assert_eq!(block("a\n```\nb"), "````\na\n```\nb\n````");
    }
}
