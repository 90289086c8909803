//! Hides external IDs in the lines of a spec, because diagnostics print lines and an external ID is
//! never printed.
//!
//! The module works on text, because a spec with a problem may not be valid YAML. If the end of an
//! ID is unclear, more text is hidden.

const KEY: &str = "external_id";

/// Returns the lines of a spec with every character of an external ID replaced. Columns do not
/// change.
pub(crate) fn masked(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    // The indentation of a key whose value continues in the next lines.
    let mut open: Option<usize> = None;
    for line in text.lines() {
        let indentation = line.len() - line.trim_start().len();
        if open.is_some_and(|key| indentation > key || line.trim().is_empty()) {
            lines.push(stars(line));
            continue;
        }
        let (masked, is_open) = masked_line(line);
        open = is_open.then_some(indentation);
        lines.push(masked);
    }
    lines
}

/// Returns a line without its IDs, and whether the last ID continues in the next line.
fn masked_line(line: &str) -> (String, bool) {
    let Some((before, value)) = split_at_value(line) else { return (line.to_owned(), false) };
    let is_flow = before.matches('{').count() > before.matches('}').count();
    match end(value, is_flow) {
        Some(end) => {
            let (id, after) = value.split_at(end);
            let (after, is_open) = masked_line(after);
            (format!("{before}{}{after}", stars(id)), is_open)
        }
        None => (format!("{before}{}", stars(value)), true),
    }
}

/// Splits a line after the first `external_id:`, with or without quotes and spaces.
fn split_at_value(line: &str) -> Option<(&str, &str)> {
    line.match_indices(KEY).find_map(|(at, key)| {
        let rest = &line[at + key.len()..];
        let rest = rest.strip_prefix(['"', '\'']).unwrap_or(rest).trim_start();
        let value = rest.strip_prefix(':')?;
        Some(line.split_at(line.len() - value.len()))
    })
}

/// Returns the end of the value at the start of a text; `None` if the value does not end in this
/// line.
fn end(text: &str, is_flow: bool) -> Option<usize> {
    let value = text.trim_start();
    let start = text.len() - value.len();
    match value.chars().next() {
        None | Some('|' | '>' | '&' | '#' | '!') => None,
        Some(quote @ ('"' | '\'')) => Some(start + 1 + value[1..].find(quote)? + 1),
        Some(_) => {
            let comment = value.find(" #");
            let flow = value.find([',', '}']).filter(|_| is_flow);
            Some(start + comment.into_iter().chain(flow).min().unwrap_or(value.len()))
        }
    }
}

fn stars(text: &str) -> String {
    text.chars().map(|letter| if letter.is_whitespace() { letter } else { '*' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_external_id_is_not_shown() {
        for (text, shown) in [
            ("  a: { role: R, external_id: hush, id: x }", "  a: { role: R, external_id: ****, id: x }"),
            ("    external_id: \"hü sh\" # why", "    external_id: *** *** # why"),
            ("    external_id: \"a,b\" # why", "    external_id: ***** # why"),
            ("    external_id: a,b}c # why", "    external_id: ***** # why"),
            ("  { \"external_id\" : hush }", "  { \"external_id\" : **** }"),
            (
                "  { external_id: hush, b: { external_id: hush } }",
                "  { external_id: ****, b: { external_id: **** } }",
            ),
            (
                "  external_id: |\n    hush\n\n    hush\n  id: x",
                "  external_id: *\n    ****\n\n    ****\n  id: x",
            ),
            ("  external_id:\n    hush\nid: x", "  external_id:\n    ****\nid: x"),
            ("  external_id: \"hu\n    sh\"\nid: x", "  external_id: ***\n    ***\nid: x"),
            ("    role: R # external_id", "    role: R # external_id"),
        ] {
            assert_eq!(masked(text).join("\n"), shown);
        }
    }
}
