//! The part of a recorded CloudTrail event that identifies an author.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// The word in a user agent that identifies calls of this program. An SDK adds the application ID
/// to the user agent as `app/ID`: see `application identifier` in the "Application ID" page of the
/// AWS SDKs and Tools Reference Guide.
const OWN_AGENT: &str = "app/reconcile";

/// A recorded event.
///
/// See "CloudTrail record contents for management, data, and network activity events" in the
/// CloudTrail user guide.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventRecord {
    #[serde(rename = "eventID")]
    pub(super) event_id: String,
    pub(super) event_source: String,
    pub(super) event_name: String,
    pub(super) event_time: Timestamp,
    #[serde(default)]
    user_identity: Value,
    #[serde(default, rename = "sourceIPAddress")]
    source_address: Option<String>,
    #[serde(default)]
    user_agent: Option<String>,
    #[serde(default)]
    error_code: Option<String>,
    #[serde(default)]
    request_parameters: Value,
    #[serde(default)]
    resources: Option<Vec<Resource>>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Resource {
    #[serde(default, rename = "ARN")]
    arn: Option<String>,
}

impl EventRecord {
    /// Parses the text of an event. Returns `None` if an element that every event has is missing.
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Whether the call succeeded.
    pub(super) fn is_success(&self) -> bool {
        self.error_code.is_none()
    }

    /// The text of a request parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.request_parameters.get(name)?.as_str()
    }

    /// The text of a request parameter, or the texts of a list.
    pub(super) fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        let value = self.request_parameters.get(name);
        let listed = value.and_then(Value::as_array).into_iter().flatten();
        value.into_iter().chain(listed).filter_map(Value::as_str)
    }

    /// The ARNs of the resources of the call, if the service records them.
    pub(super) fn arns(&self) -> impl Iterator<Item = &str> {
        self.resources.iter().flatten().filter_map(|resource| resource.arn.as_deref())
    }

    /// The user, role or service that made the call; `None` if the event does not contain the
    /// caller.
    ///
    /// See "CloudTrail userIdentity element" in the CloudTrail user guide: a service has no ARN.
    pub(super) fn principal(&self) -> Option<&str> {
        let text = |name| self.user_identity.get(name).and_then(Value::as_str).filter(|it| !it.is_empty());
        ["arn", "invokedBy", "userName", "principalId", "accountId"].into_iter().find_map(text)
    }

    pub(super) fn source_address(&self) -> &str {
        self.source_address.as_deref().unwrap_or_default()
    }

    pub(super) fn is_of_reconcile(&self) -> bool {
        let agent = self.user_agent.as_deref().unwrap_or_default();
        agent.split([' ', '[', ']']).any(|word| word == OWN_AGENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(more: &str) -> Option<EventRecord> {
        EventRecord::parse(&format!(
            r#"{{"eventID": "1", "eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging",
                "eventTime": "2026-11-26T12:00:00Z"{more}}}"#
        ))
    }

    #[test]
    fn the_principal_is_the_arn_or_what_else_names_the_caller() {
        for (identity, expected) in [
            (
                r#"{"type": "IAMUser", "arn": "arn:aws:iam::111111111111:user/eve", "userName": "eve"}"#,
                Some("arn:aws:iam::111111111111:user/eve"),
            ),
            (r#"{"type": "AWSService", "invokedBy": "config.amazonaws.com"}"#, Some("config.amazonaws.com")),
            (r#"{"type": "WebIdentityUser", "principalId": "a:b", "userName": "eve"}"#, Some("eve")),
            (r#"{"type": "AWSAccount", "accountId": "222222222222"}"#, Some("222222222222")),
            (r#"{"type": "Unknown"}"#, None),
            (r#""""#, None),
        ] {
            let record = record(&format!(r#", "userIdentity": {identity}"#)).unwrap();
            assert_eq!(record.principal(), expected, "{identity}");
        }
    }

    #[test]
    fn our_own_calls_are_recognized_by_a_word_of_the_user_agent() {
        for (agent, expected) in [
            ("aws-sdk-rust/1.3.1 os/linux lang/rust/1.94.1 app/reconcile", true),
            ("[aws-sdk-rust/1.3.1 app/reconcile]", true),
            ("aws-cli/2.31 app/reconcile-wrapper", false),
            ("aws-cli/2.31", false),
        ] {
            let record = record(&format!(r#", "userAgent": "{agent}""#)).unwrap();
            assert_eq!(record.is_of_reconcile(), expected, "{agent}");
        }
    }

    #[test]
    fn an_event_that_lacks_its_name_is_none() {
        assert_eq!(EventRecord::parse("{}"), None);
        assert_eq!(EventRecord::parse("not JSON"), None);
        let plain = record("").unwrap();
        assert!(plain.is_success());
        assert!(!record(r#", "errorCode": "AccessDenied""#).unwrap().is_success());
        let null = record(r#", "requestParameters": null, "resources": null"#).unwrap();
        assert_eq!(null.arns().count(), 0);
    }
}
