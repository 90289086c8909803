//! Describes hops that no policy decides, or whose policy could not be read.

use std::fmt;

use reconcile_policy::{Arn, Hop, PolicyKind};
use reconcile_text::Hint;

use crate::observed::{Observed, ReadError, UsedKey};

/// A hop that no policy decides, or whose policy could not be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Unproven {
    /// The hop. If two hops need the same key, the first hop.
    pub hop: Hop,
    /// The reason.
    pub why: Why,
}

/// The reason why a hop is not proven.
#[derive(Debug, Clone, PartialEq)]
pub enum Why {
    /// The topic does not exist.
    NoTopic {
        /// The topic.
        topic: Arn,
    },
    /// The policy of the topic could not be read.
    TopicUnreadable {
        /// The topic.
        topic: Arn,
        /// The error.
        error: ReadError,
    },
    /// The key of the topic is the AWS managed key for SNS. Nobody can change the policy of this
    /// key, which allows principals of the account of the topic, and no other service.
    ///
    /// See "Enable compatibility between event sources from AWS services and encrypted topics" in
    /// the SNS developer guide.
    KeyManagedByAws {
        /// The topic.
        topic: Arn,
    },
    /// The key of the topic cannot encrypt.
    KeyUnusable {
        /// The ARN of the key or alias that the topic names.
        name: Arn,
        /// `disabled`, `pending deletion`, …
        state: String,
    },
    /// The policy of the key of the topic could not be read.
    KeyUnreadable {
        /// The ARN of the key or alias that the topic names.
        name: Arn,
        /// The error of the read, if the key is in an account of the spec.
        error: Option<ReadError>,
    },
}

impl Unproven {
    /// The policy that decides the hop.
    pub fn policy(&self) -> PolicyKind {
        self.hop.policy()
    }

    /// Whether CloudTrail is certainly not allowed to make the request. Otherwise, the decision is
    /// unknown.
    pub fn is_refused(&self) -> bool {
        match self.why {
            Why::NoTopic { .. } | Why::KeyManagedByAws { .. } | Why::KeyUnusable { .. } => true,
            Why::TopicUnreadable { .. } | Why::KeyUnreadable { .. } => false,
        }
    }

    /// The action of the request.
    pub fn action(&self) -> &'static str {
        match self.policy() {
            PolicyKind::TopicKey => "kms:GenerateDataKey",
            PolicyKind::Topic | PolicyKind::Bucket | PolicyKind::Key => "sns:Publish",
        }
    }

    /// The topic or the key of the request.
    pub fn resource(&self) -> &str {
        match &self.why {
            Why::NoTopic { topic } | Why::TopicUnreadable { topic, .. } => topic.as_str(),
            Why::KeyManagedByAws { .. } => "alias/aws/sns",
            Why::KeyUnusable { name, .. } | Why::KeyUnreadable { name, .. } => name.as_str(),
        }
    }

    /// Returns the next step of the user.
    pub fn hint(&self) -> String {
        match &self.why {
            Why::NoTopic { topic } => {
                format!("create the topic {topic}, or name another under `sns_topic.arn`")
            }
            Why::TopicUnreadable { topic, .. } => {
                format!(
                    "allow the account that reads the topic `sns:GetTopicAttributes` in the policy of {topic}"
                )
            }
            Why::KeyManagedByAws { .. } => {
                "encrypt the topic with a customer managed key whose policy allows \
                 `cloudtrail.amazonaws.com` `kms:GenerateDataKey*` and `kms:Decrypt`"
                    .to_owned()
            }
            Why::KeyUnusable { name, .. } => {
                format!("enable the key {name}, or encrypt the topic with another key")
            }
            Why::KeyUnreadable { name, error: Some(error) } => {
                let hint = error.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
                format!("allow reconcile to read the key {name}{hint}")
            }
            Why::KeyUnreadable { name, error: None } => {
                format!(
                    "add the account of the key {name} to the spec, so that reconcile can read the key policy"
                )
            }
        }
    }
}

impl fmt::Display for Unproven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hop = self.hop;
        match self.is_refused() {
            true => write!(f, "CloudTrail is not allowed to {hop}: {}", self.why),
            false => write!(f, "it is not known whether CloudTrail is allowed to {hop}: {}", self.why),
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTopic { topic } => write!(f, "the topic {topic} does not exist"),
            Self::TopicUnreadable { topic, error } => {
                write!(f, "the policy of the topic {topic} cannot be read: {error}")
            }
            Self::KeyManagedByAws { topic } => write!(
                f,
                "the topic {topic} is encrypted with the AWS managed key for SNS (`alias/aws/sns`), which \
                 CloudTrail cannot use"
            ),
            Self::KeyUnusable { name, state } => write!(f, "the key {name} of the topic is {state}"),
            Self::KeyUnreadable { name, error: Some(error) } => {
                write!(f, "the policy of the key {name} of the topic cannot be read: {error}")
            }
            Self::KeyUnreadable { name, error: None } => write!(
                f,
                "the key {name} of the topic is in an account that is not in the spec, so the key policy is not \
                 read"
            ),
        }
    }
}

/// Returns the hops to a topic that the policies that were read do not prove. `key` encrypts the
/// messages of the topic.
pub(super) fn unproven_for_topic(observed: &Observed, topic: &Arn, key: Option<&UsedKey>) -> Vec<Unproven> {
    let policy = match observed.existing_topics.get(topic) {
        Some(Ok(None)) => Some(Why::NoTopic { topic: topic.clone() }),
        Some(Err(error)) => Some(Why::TopicUnreadable { topic: topic.clone(), error: error.clone() }),
        Some(Ok(Some(_))) | None => None,
    };
    let key = key.and_then(|key| match key {
        UsedKey::Own | UsedKey::Other { .. } => None,
        UsedKey::ManagedByAws => Some(Why::KeyManagedByAws { topic: topic.clone() }),
        UsedKey::Unusable { name, state } => {
            Some(Why::KeyUnusable { name: name.clone(), state: state.clone() })
        }
        UsedKey::Hidden { name, error } => {
            Some(Why::KeyUnreadable { name: name.clone(), error: error.clone() })
        }
    });
    let policy = policy.map(|why| Unproven { hop: Hop::Notify, why });
    policy.into_iter().chain(key.map(|why| Unproven { hop: Hop::GenerateTopicDataKey, why })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name, the result of reading a foreign topic, the key of the topic, and the unproven hops,
    /// each with whether it is refused.
    type Case = (&'static str, Option<Result<(), ReadError>>, Option<UsedKey>, &'static [(Hop, bool)]);

    #[test]
    fn what_is_certain_is_told_from_what_is_not_known() {
        let topic: Arn = "arn:aws:sns:eu-west-1:111111111111:files".parse().unwrap();
        let error = ReadError::Incomplete { resource: topic.to_string(), what: "a policy" };
        let alias = |name| format!("arn:aws:kms:eu-west-1:111111111111:alias/{name}").parse().unwrap();
        let hidden = |error| UsedKey::Hidden { name: alias("theirs"), error };
        let unusable = UsedKey::Unusable { name: alias("old"), state: "disabled".to_owned() };
        let other = UsedKey::Other {
            arn: "arn:aws:kms:eu-west-1:111111111111:key/1".parse().unwrap(),
            policy: reconcile_policy::Document::new(Vec::new()),
        };
        let cases: [Case; 9] = [
            ("a topic of the spec", None, None, &[]),
            ("its own key", None, Some(UsedKey::Own), &[]),
            ("a key with a policy", None, Some(other), &[]),
            ("the key of AWS", None, Some(UsedKey::ManagedByAws), &[(Hop::GenerateTopicDataKey, true)]),
            ("a disabled key", None, Some(unusable), &[(Hop::GenerateTopicDataKey, true)]),
            ("a key of an unknown account", None, Some(hidden(None)), &[(Hop::GenerateTopicDataKey, false)]),
            ("a hidden key", None, Some(hidden(Some(error.clone()))), &[(Hop::GenerateTopicDataKey, false)]),
            ("no topic", Some(Ok(())), None, &[(Hop::Notify, true)]),
            ("a hidden topic", Some(Err(error)), None, &[(Hop::Notify, false)]),
        ];
        let mut wording = Vec::new();
        for (name, live, key, expected) in cases {
            let mut observed = Observed::default();
            if let Some(live) = live {
                observed.existing_topics.insert(topic.clone(), live.map(|()| None));
            }
            let found = unproven_for_topic(&observed, &topic, key.as_ref());
            let is: Vec<(Hop, bool)> = found.iter().map(|it| (it.hop, it.is_refused())).collect();
            assert_eq!(is, expected, "{name}");
            for unproven in found {
                let text = unproven.to_string();
                wording.push(format!("{text}\n  hint: {}\n", unproven.hint()));
                assert_eq!(text.contains("it is not known whether"), !unproven.is_refused(), "{text}");
                assert!(text.contains(unproven.resource()) && !unproven.hint().is_empty(), "{text}");
            }
        }
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!("unproven_hops", wording.join("\n"));
        });
    }
}
