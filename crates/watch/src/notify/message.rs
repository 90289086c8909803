//! The messages for receivers, without side effects.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::Timestamp;
use reconcile_report::FORMAT_VERSION;
use reconcile_report::verify::Brief;
use reconcile_spec::sha256_hex;
use reconcile_text::{count, escape, escape_json};
use serde_json::{Value, json};

use crate::board::News;
use crate::change::{FindingChange, FindingTransition};
use crate::evidence::EvidenceNews;

/// The maximum number of findings in a message for people.
const LISTED: usize = 10;

/// The maximum number of bytes of a message to a topic or of an event. AWS accepts 262,144,
/// including the other fields of the request.
///
/// See `Publish` in the SNS API reference and "Amazon EventBridge quotas" in the EventBridge user
/// guide.
const LARGEST: usize = 250_000;

/// A message about one check of a spec.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The name of the message. Equal news have the same name, even if another replica or a later
    /// process sends the message.
    pub(crate) id: String,
    /// The document for programs.
    document: Value,
    /// The text for people.
    text: String,
}

impl Message {
    pub(crate) fn new(spec: &str, installation: Option<&str>, at: Timestamp, news: &News) -> Self {
        Self::with(spec, installation, at, &json!(null), news, text(spec, news))
    }

    /// Creates a message about a verification of log files. It has the fields of the other
    /// messages, so that receivers do not have to distinguish the kinds of messages.
    pub(crate) fn from_evidence(
        spec: &str,
        installation: Option<&str>,
        at: Timestamp,
        news: &EvidenceNews,
    ) -> Self {
        let EvidenceNews { result, new } = news;
        let verification = match result {
            Ok(brief) => json!({
                "status": brief.outcome(),
                "digests": brief.digests,
                "logs": brief.logs,
                "wrong": brief.wrong,
                "unknown": brief.unknown,
                "new": new,
                "error": null,
            }),
            Err(error) => json!({ "status": "error", "new": [], "error": error }),
        };
        Self::with(spec, installation, at, &verification, &News::default(), text_of_evidence(spec, news))
    }

    fn with(
        spec: &str,
        installation: Option<&str>,
        at: Timestamp,
        verification: &Value,
        news: &News,
        text: String,
    ) -> Self {
        let News { changes, failed, is_recovered } = news;
        let document = json!({
            "format_version": FORMAT_VERSION,
            "spec": spec,
            "installation": installation,
            "changes": by_severity(changes),
            "error": failed,
            "recovered": is_recovered,
            "verification": verification,
        });
        // The name does not depend on the time.
        let id: String = sha256_hex(document.to_string().as_bytes()).chars().take(32).collect();
        let mut document = document;
        document["id"] = json!(id);
        document["checked_at"] = json!(at);
        Self { id, document, text }
    }

    /// The subject of an e-mail: the first line of the text, in the form that SNS accepts.
    pub fn subject(&self) -> String {
        let first = self.text.lines().next().unwrap_or_default();
        let is_accepted = |letter: &char| *letter == ' ' || letter.is_ascii_graphic();
        format!("reconcile: {first}").chars().filter(is_accepted).take(99).collect()
    }

    /// The body for a topic: the document, and the text for e-mails.
    pub fn topic(&self) -> String {
        self.within(LARGEST, |document| json!({ "default": document, "email": self.text }).to_string())
    }

    /// The detail of an event: the document.
    pub fn detail(&self) -> String {
        self.within(LARGEST, str::to_owned)
    }

    /// Returns a body that is not too large: with as many changes as fit, the most severe changes
    /// first, and the number of omitted changes.
    fn within(&self, largest: usize, body: impl Fn(&str) -> String) -> String {
        let whole = body(&self.json());
        let Some(changes) = self.document["changes"].as_array().filter(|_| whole.len() > largest) else {
            return whole;
        };
        let mut kept = changes.len();
        loop {
            kept /= 2;
            let mut document = self.document.clone();
            document["changes"] = changes.iter().take(kept).cloned().collect();
            document["omitted_changes"] = json!(changes.len() - kept);
            let body = body(&escape_json(document.to_string()));
            if body.len() <= largest || kept == 0 {
                return body;
            }
        }
    }

    /// The body for a webhook.
    pub(crate) fn json(&self) -> String {
        escape_json(self.document.to_string()).into_owned()
    }

    /// The body for Slack and for receivers that accept messages of Slack, such as Mattermost.
    ///
    /// See "Formatting text for app surfaces" in the documentation of Slack.
    pub(crate) fn slack(&self) -> String {
        let text = self.text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        escape_json(json!({ "text": text }).to_string()).into_owned()
    }
}

/// The changes, the most severe changes first and resolved findings last.
fn by_severity(changes: &[FindingChange]) -> Vec<&FindingChange> {
    let mut sorted: Vec<&FindingChange> = changes.iter().collect();
    sorted.sort_by_key(|change| (change.transition == FindingTransition::Resolved, change.finding.severity));
    sorted
}

/// The text for people: the numbers in the first line, then the most severe findings.
fn text(spec: &str, news: &News) -> String {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    for change in &news.changes {
        *numbers.entry(change.transition.as_str()).or_default() += 1;
    }
    let mut parts: Vec<String> =
        [FindingTransition::New, FindingTransition::Worse, FindingTransition::Resolved]
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
    let listed = by_severity(&news.changes);
    for FindingChange { transition, finding } in listed.iter().take(LISTED) {
        let word = match transition {
            FindingTransition::New | FindingTransition::Worse => finding.severity.as_str(),
            FindingTransition::Resolved => transition.as_str(),
        };
        let _ = write!(text, "\n• {word}: {}: {}", escape(&finding.address), escape(&finding.message));
    }
    more(&mut text, listed.len());
    text
}

/// The text about a verification of log files: the numbers in the first line, then the new
/// findings.
fn text_of_evidence(spec: &str, news: &EvidenceNews) -> String {
    let mut text = format!("{}: ", escape(spec));
    let _ = match &news.result {
        Err(error) => write!(text, "log files cannot be verified: {}", escape(error)),
        Ok(Brief { wrong: 0, unknown: 0, logs, .. }) => {
            write!(text, "{} verified", count(usize::try_from(logs.total).unwrap_or(usize::MAX), "log file"))
        }
        Ok(brief) => {
            let numbers = [(brief.wrong, "wrong"), (brief.unknown, "unknown")].into_iter();
            let numbers: Vec<String> = numbers
                .filter(|(number, _)| *number > 0)
                .map(|(number, status)| format!("{number} {status}"))
                .collect();
            write!(text, "log files are not verified: {}", numbers.join(", "))
        }
    };
    for finding in news.new.iter().take(LISTED) {
        let _ = write!(text, "\n• {}: {}", finding.status.as_str(), escape(&finding.to_string()));
    }
    more(&mut text, news.new.len());
    text
}

/// Adds the number of findings that are not listed.
fn more(text: &mut String, findings: usize) {
    if let omitted @ 1.. = findings.saturating_sub(LISTED) {
        let _ = write!(text, "\n… and {omitted} more");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::tests::finding;
    use crate::evidence::tests::{self as evidence, verification};

    fn news(changes: &[(FindingTransition, &str)]) -> News {
        let change = |(transition, text): &(FindingTransition, &str)| FindingChange {
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
        use FindingTransition::{New, Resolved, Worse};
        let many: Vec<(FindingTransition, &str)> = [(New, "a:high"); 12].into();
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
    fn a_message_about_log_files_names_what_is_new() {
        let of = |text: &str, ids: &str| {
            let (record, _) = verification(text);
            let new = ids.split_whitespace().map(evidence::finding).collect();
            let news = EvidenceNews { result: record.result, new };
            Message::from_evidence("specs/prod.yaml", Some("prod"), record.at, &news)
        };
        for (message, expected) in [
            (
                of("a b", "b"),
                "specs/prod.yaml: log files are not verified: 2 wrong\n\
                 • wrong: production in eu-west-1: log file s3://logs/b was deleted",
            ),
            (of("", ""), "specs/prod.yaml: 0 log files verified"),
            (of("failed", ""), "specs/prod.yaml: log files cannot be verified: AWS does not answer"),
        ] {
            assert_eq!(message.text, expected);
        }
        assert!(of("a", &"a ".repeat(12)).text.ends_with("\n… and 2 more"));
        // The message has the fields of the other messages.
        let document: Value = serde_json::from_str(&of("a b", "b").json()).unwrap();
        assert_eq!((&document["changes"], &document["error"]), (&json!([]), &json!(null)));
        assert_eq!(document["verification"]["status"], "wrong");
        assert_eq!(document["verification"]["new"][0]["region"], "eu-west-1");
        assert_eq!(message(&News::default()).document["verification"], json!(null));
        // 200 findings with the longest keys fit.
        let long: String = (0..200).map(|number| format!("{}{number} ", "k".repeat(400))).collect();
        assert!(of("a", &long).topic().len() < LARGEST);
    }

    #[test]
    fn a_message_for_aws_has_as_many_changes_as_fit() {
        let of = |count: usize| {
            let mut news = news(&vec![(FindingTransition::New, "a:low"); count]);
            news.changes.extend(self::news(&[(FindingTransition::New, "b:critical")]).changes);
            message(&news)
        };
        let few: Value = serde_json::from_str(&of(2).topic()).unwrap();
        let document: Value = serde_json::from_str(few["default"].as_str().unwrap()).unwrap();
        assert_eq!(document["changes"].as_array().unwrap().len(), 3);
        assert_eq!(document["changes"][0]["finding"]["id"], "b", "the most severe first");
        assert_eq!(document.get("omitted_changes"), None);
        assert!(few["email"].as_str().unwrap().starts_with("specs/prod.yaml: 3 new\n• critical: trail/b/b"));
        let many = of(5000);
        assert!(many.json().len() > LARGEST && many.topic().len() <= LARGEST);
        let detail = many.detail();
        let document: Value = serde_json::from_str(&detail).unwrap();
        let (kept, omitted) = (document["changes"].as_array().unwrap(), &document["omitted_changes"]);
        assert!(detail.len() <= LARGEST && kept.len() > 100);
        assert_eq!(*omitted, 5001 - kept.len());
        assert_eq!(kept[0]["finding"]["id"], "b");
    }

    #[test]
    fn a_subject_is_one_short_line_of_ascii() {
        let failed = News { failed: Some("ü\nx".repeat(100)), ..News::default() };
        let subject = message(&failed).subject();
        assert!(subject.starts_with("reconcile: specs/prod.yaml: cannot be checked: \\nx"), "{subject}");
        assert_eq!(subject.len(), 99);
        assert_eq!(
            message(&news(&[(FindingTransition::New, "a:low")])).subject(),
            "reconcile: specs/prod.yaml: 1 new"
        );
    }

    #[test]
    fn the_same_news_have_the_same_id() {
        let first = news(&[(FindingTransition::New, "a:high")]);
        let later = Message::new("specs/prod.yaml", Some("prod"), Timestamp::UNIX_EPOCH, &first);
        assert_eq!(message(&first).id, later.id);
        assert_ne!(message(&first).id, message(&news(&[(FindingTransition::Resolved, "a:high")])).id);
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
