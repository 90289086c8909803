//! The messages for receivers. Pure.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::Timestamp;
use reconcile_report::FORMAT_VERSION;
use reconcile_spec::sha256_hex;
use reconcile_text::{escape, escape_json};
use serde_json::{Value, json};

use crate::board::News;
use crate::change::{Change, Transition};

/// The most findings that a message for people lists.
const LISTED: usize = 10;

/// A message about one check of a spec.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Message {
    /// The name of the message. The same news have the same name, also if another replica or a later process tells them.
    pub(crate) id: String,
    /// The document for programs.
    document: Value,
    /// The text for people.
    text: String,
}

impl Message {
    pub(crate) fn new(spec: &str, installation: Option<&str>, at: Timestamp, news: &News) -> Self {
        let News { changes, failed, is_recovered } = news;
        let document = json!({
            "format_version": FORMAT_VERSION,
            "spec": spec,
            "installation": installation,
            "changes": changes,
            "error": failed,
            "recovered": is_recovered,
        });
        // The time is no part of the name.
        let id: String = sha256_hex(document.to_string().as_bytes()).chars().take(32).collect();
        let mut document = document;
        document["id"] = json!(id);
        document["checked_at"] = json!(at);
        Self { id, document, text: text(spec, news) }
    }

    /// The body for a webhook.
    pub(crate) fn json(&self) -> String {
        escape_json(&self.document.to_string()).into_owned()
    }

    /// The body for Slack and for receivers that understand its messages, such as Mattermost.
    ///
    /// See "Formatting text for app surfaces" in the documentation of Slack.
    pub(crate) fn slack(&self) -> String {
        let text = self.text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        escape_json(&json!({ "text": text }).to_string()).into_owned()
    }
}

/// The text for people: the numbers in the first line, and then the most severe findings.
fn text(spec: &str, news: &News) -> String {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    for change in &news.changes {
        *numbers.entry(change.transition.as_str()).or_default() += 1;
    }
    let mut parts: Vec<String> = [Transition::New, Transition::Worse, Transition::Resolved]
        .into_iter()
        .filter_map(|transition| {
            Some(format!("{} {}", numbers.get(transition.as_str())?, transition.as_str()))
        })
        .collect();
    if news.is_recovered {
        parts.push("can be checked again".to_owned());
    }
    let mut text = format!("{}: ", escape(spec));
    match &news.failed {
        Some(error) => {
            let _ = write!(text, "cannot be checked: {}", escape(error));
        }
        None => text += &parts.join(", "),
    }
    let mut listed: Vec<&Change> = news.changes.iter().collect();
    listed.sort_by_key(|change| (change.transition == Transition::Resolved, change.finding.severity));
    for Change { transition, finding } in listed.iter().take(LISTED) {
        let word = match transition {
            Transition::New | Transition::Worse => finding.severity.as_str(),
            Transition::Resolved => transition.as_str(),
        };
        let _ = write!(text, "\n• {word}: {}: {}", escape(&finding.address), escape(&finding.message));
    }
    if listed.len() > LISTED {
        let _ = write!(text, "\n… and {} more", listed.len() - LISTED);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::tests::finding;

    fn news(changes: &[(Transition, &str)]) -> News {
        let change = |(transition, text): &(Transition, &str)| Change {
            transition: *transition,
            finding: finding(text),
        };
        News { changes: changes.iter().map(change).collect(), ..News::default() }
    }

    fn message(news: &News) -> Message {
        Message::new("specs/prod.yaml", Some("prod"), "2026-11-23T08:00:00Z".parse().unwrap(), news)
    }

    #[test]
    fn a_message_names_what_changed() {
        use Transition::{New, Resolved, Worse};
        let many: Vec<(Transition, &str)> = [(New, "a:high"); 12].into();
        for (news, expected) in [
            (
                news(&[(New, "a:low"), (Worse, "b:critical"), (Resolved, "c:high")]),
                "specs/prod.yaml: 1 new, 1 worse, 1 resolved\n• critical: trail/b/b: logging is stopped\n\
                 • low: trail/a/a: logging is stopped\n• resolved: trail/c/c: logging is stopped",
            ),
            (
                News { failed: Some("denied\u{1b}[2J".to_owned()), ..News::default() },
                "specs/prod.yaml: cannot be checked: denied\\u{1b}[2J",
            ),
            (News { is_recovered: true, ..News::default() }, "specs/prod.yaml: can be checked again"),
        ] {
            assert_eq!(message(&news).text, expected);
        }
        assert!(message(&news(&many)).text.ends_with("\n… and 2 more"));
    }

    #[test]
    fn the_same_news_have_the_same_id() {
        let first = news(&[(Transition::New, "a:high")]);
        let later = Message::new("specs/prod.yaml", Some("prod"), Timestamp::UNIX_EPOCH, &first);
        assert_eq!(message(&first).id, later.id);
        assert_ne!(message(&first).id, message(&news(&[(Transition::Resolved, "a:high")])).id);
        assert_eq!(first, first.clone());
    }

    #[test]
    fn slack_gets_no_markup_of_values() {
        let failed =
            News { failed: Some("<!channel> & <https://example.org|x>".to_owned()), ..News::default() };
        let slack: Value = serde_json::from_str(&message(&failed).slack()).unwrap();
        assert_eq!(
            slack["text"],
            "specs/prod.yaml: cannot be checked: &lt;!channel&gt; &amp; &lt;https://example.org|x&gt;"
        );
    }
}
