//! Insights by their type and the category of their events.

use std::fmt;

/// The category of insights that are named by their type alone.
pub const MANAGEMENT: &str = "Management";

/// The category of insights of data events.
pub const DATA: &str = "Data";

/// An insight of one category of events. Its text is the type, with the category in parentheses if
/// the category is not `Management`: `ApiErrorRateInsight (Data)`.
///
/// See
/// [`InsightSelector`](https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_InsightSelector.html).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Insight<'a> {
    /// The type, as CloudTrail names it.
    pub kind: &'a str,
    /// The category of events, as CloudTrail names it.
    pub category: &'a str,
}

impl<'a> Insight<'a> {
    /// Parses the text of an insight.
    pub fn of(text: &'a str) -> Self {
        let with_category = text.strip_suffix(')').and_then(|it| it.split_once(" ("));
        let (kind, category) = with_category.unwrap_or((text, MANAGEMENT));
        Self { kind, category }
    }
}

impl fmt::Display for Insight<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.category {
            MANAGEMENT => f.write_str(self.kind),
            category => write!(f, "{} ({category})", self.kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_insight_is_read_as_it_is_written() {
        for (kind, category, text) in [
            ("ApiCallRateInsight", "Management", "ApiCallRateInsight"),
            ("ApiErrorRateInsight", "Data", "ApiErrorRateInsight (Data)"),
        ] {
            let insight = Insight { kind, category };
            assert_eq!(insight.to_string(), text);
            assert_eq!(Insight::of(text), insight);
        }
    }
}
