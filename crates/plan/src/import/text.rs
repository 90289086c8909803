//! The text of a spec, line by line, with the subject of each line.

use reconcile_policy::Arn;
use reconcile_text::{escape, is_hidden};

use super::choice::Aspect;

/// The subject of a line in AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum About {
    /// A part that every spec has, by its name for people.
    Fixed(String),
    /// A part that a spec can leave unmanaged.
    Aspect(Aspect),
    /// These trails.
    Trails(Vec<Arn>),
    /// The delivery of these trails to a log group.
    Logs(Vec<Arn>),
    /// The topic of these trails.
    Topics(Vec<Arn>),
}

/// A line of a spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) about: About,
    /// Whether the line only keeps a setting unchanged, so that the spec is complete without the
    /// line.
    pub(super) is_kept: bool,
}

/// The lines of a spec.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Text {
    lines: Vec<Line>,
}

impl Text {
    /// Adds a line.
    pub(super) fn push(&mut self, text: impl Into<String>, about: &About) {
        self.lines.push(Line { text: text.into(), about: about.clone(), is_kept: false });
    }

    /// Adds a line that keeps a setting unchanged.
    pub(super) fn keep(&mut self, text: impl Into<String>, aspect: Aspect) {
        self.lines.push(Line { text: text.into(), about: About::Aspect(aspect), is_kept: true });
    }

    /// Adds a line without meaning for the spec: a comment, or an empty line.
    pub(super) fn comment(&mut self, text: impl Into<String>) {
        self.push(text, &About::Fixed(String::new()));
    }

    /// Returns the subject of a line by its number, from 1.
    pub(super) fn about(&self, number: usize) -> Option<&Line> {
        self.lines.get(number.checked_sub(1)?)
    }

    /// The text without comments on the kept lines.
    pub(super) fn plain(&self) -> String {
        self.commented(&[])
    }

    /// The text without the line at this index.
    pub(super) fn without(&self, index: usize) -> String {
        let others = self.lines.iter().enumerate().filter(|(at, _)| *at != index);
        joined(others.map(|(_, line)| line.text.clone()))
    }

    /// The text without the kept lines, except lines without which the spec would not be valid.
    pub(super) fn bare(&self) -> String {
        let mut bare = self.clone();
        for index in self.kept().rev().collect::<Vec<_>>() {
            if super::parsed(&bare.without(index)).is_ok() {
                bare.lines.remove(index);
            }
        }
        bare.plain()
    }

    /// Returns the indexes of the lines that keep a setting unchanged.
    pub(super) fn kept(&self) -> impl DoubleEndedIterator<Item = usize> {
        self.lines.iter().enumerate().filter(|(_, line)| line.is_kept).map(|(index, _)| index)
    }

    /// Returns the keys of the spec that keep a setting unchanged.
    pub(super) fn unmanaged(&self) -> Vec<&'static str> {
        let kept = self.lines.iter().filter(|line| line.is_kept);
        kept.filter_map(|line| match &line.about {
            About::Aspect(aspect) => Some(aspect.key()),
            _ => None,
        })
        .collect()
    }

    /// The text with comments on the lines at these indexes. Each comment describes what a plan
    /// does without the line.
    pub(super) fn commented(&self, comments: &[(usize, String)]) -> String {
        joined(self.lines.iter().enumerate().map(|(index, line)| {
            match comments.iter().find(|(at, _)| *at == index) {
                Some((_, comment)) => format!("{}  # {WITHOUT} {}", line.text, one_line(comment)),
                None => line.text.clone(),
            }
        }))
    }
}

/// The beginning of the comment on a kept line.
const WITHOUT: &str = "without this line,";

fn joined(lines: impl Iterator<Item = String>) -> String {
    lines.map(|line| escape(&line).into_owned() + "\n").collect()
}

/// Returns a text on one line, as a comment requires.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns a text as a double-quoted scalar, which YAML reads as exactly this text.
///
/// JSON escapes the ASCII control characters. All other hidden characters are escaped with the `\U`
/// of YAML: see section 5.7, "Escaped Characters", of YAML 1.2.
pub(super) fn quoted(text: &str) -> String {
    let json = serde_json::to_string(text).unwrap_or_default();
    let shown = json.chars().map(|letter| match letter {
        letter if is_hidden(letter) => format!("\\U{:08x}", u32::from(letter)),
        letter => letter.to_string(),
    });
    shown.collect()
}

/// Returns a name as a scalar, without quotes if YAML reads the name as a text.
pub(super) fn scalar(text: &str) -> String {
    const OTHERWISE: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];

    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "/_.-".contains(c))
        && !OTHERWISE.contains(&text.to_ascii_lowercase().as_str());
    if is_plain { text.to_owned() } else { quoted(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_quoted_where_yaml_would_read_something_else() {
        for (name, expected) in [
            ("central/logs", "central/logs"),
            ("/cloudtrail/events", "/cloudtrail/events"),
            ("us-east-1", "us-east-1"),
            ("123456789012", "\"123456789012\""),
            ("1e3", "\"1e3\""),
            ("No", "\"No\""),
            ("a: b", "\"a: b\""),
            ("#a", "\"#a\""),
            ("say \"x\"", "\"say \\\"x\\\"\""),
            ("", "\"\""),
        ] {
            assert_eq!(scalar(name), expected);
        }
    }

    #[test]
    fn comments_stay_on_their_lines() {
        let mut text = Text::default();
        text.push("version: 1", &About::Fixed("the version".to_owned()));
        text.keep("tags: unmanaged", Aspect::Tags);
        let comments = [(1, "a plan updates two\nthings".to_owned())];
        assert_eq!(
            text.commented(&comments),
            "version: 1\ntags: unmanaged  # without this line, a plan updates two things\n"
        );
        assert_eq!(text.without(1), "version: 1\n");
        assert_eq!(text.unmanaged(), ["tags"]);
    }
}
