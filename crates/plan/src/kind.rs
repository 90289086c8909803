//! The kinds of resource that a plan can change.

use std::fmt;
use std::str::FromStr;

use reconcile_policy::PolicyKind;
use serde::{Deserialize, Serialize};

use crate::plan::{Act, ActionKind};

/// The table of kinds, in the order in which a first apply creates them: variant, name, and the
/// type of the action, with the view that a plan shows. Calls a macro with all rows.
///
/// [`Kind`], [`Changed`](crate::plan::Changed) and the JSON form of a change are generated from
/// this table. A new row does not compile until every stage knows the kind.
macro_rules! with_kinds {
    ($make:ident) => {
        $make! {
            /// Trusted access of CloudTrail to the organization.
            ServiceAccess "service_access" $crate::plan::Create<$crate::view::ServiceAccess>,
            /// A delegated administrator of the organization for CloudTrail.
            DelegatedAdministrator "delegated_administrator" $crate::plan::Create<$crate::view::DelegatedAdministrator>,
            /// The KMS key that encrypts the logs.
            Key "key" $crate::plan::Action<$crate::view::Key>,
            /// The alias of the key.
            Alias "alias" $crate::plan::CreateOrDelete<$crate::view::Alias>,
            /// The policy of the key.
            KeyPolicy "key_policy" $crate::plan::CreateOrUpdate<::reconcile_policy::Document>,
            /// A KMS grant on the key.
            Grant "grant" $crate::plan::CreateOrDelete<$crate::view::Grant>,
            /// The bucket that receives all logs.
            Bucket "bucket" $crate::plan::Action<$crate::view::Bucket>,
            /// The policy of the bucket.
            BucketPolicy "bucket_policy" $crate::plan::Action<::reconcile_policy::Document>,
            /// A log group in CloudWatch Logs.
            LogGroup "log_group" $crate::plan::Action<$crate::view::LogGroup>,
            /// The role with which CloudTrail delivers to log groups.
            Role "role" $crate::plan::Action<$crate::view::Role>,
            /// A topic that CloudTrail notifies of log files.
            Topic "topic" $crate::plan::Action<$crate::view::Topic>,
            /// The policy of a topic.
            TopicPolicy "topic_policy" $crate::plan::CreateOrUpdate<::reconcile_policy::Document>,
            /// A trail.
            Trail "trail" $crate::plan::Action<$crate::view::Trail>,
            /// A metric filter on a log group.
            MetricFilter "metric_filter" $crate::plan::Action<$crate::view::MetricFilter>,
            /// An alarm on the metric of a metric filter.
            Alarm "alarm" $crate::plan::Action<$crate::view::Alarm>,
        }
    };
}
pub(crate) use with_kinds;

macro_rules! kind {
    ($($(#[$doc:meta])* $kind:ident $name:literal $action:ty,)*) => {
        /// A kind of resource, as addresses and the JSON plan name it.
        ///
        /// No match skips kinds with a wildcard: a new kind does not compile until every stage
        /// knows it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Kind {
            $($(#[$doc])* #[serde(rename = $name)] $kind,)*
        }

        impl Kind {
            /// Every kind, in the order in which a first apply creates them.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// The name of the kind in addresses.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }

            /// The actions that a plan can have for the kind.
            pub fn actions(self) -> &'static [ActionKind] {
                match self {
                    $(Self::$kind => <$action as Act>::ACTIONS,)*
                }
            }
        }
    };
}
with_kinds!(kind);

impl Kind {
    /// The kind of policy, if resources of this kind are policy documents.
    pub fn policy(self) -> Option<PolicyKind> {
        match self {
            Self::BucketPolicy => Some(PolicyKind::Bucket),
            Self::KeyPolicy => Some(PolicyKind::Key),
            Self::TopicPolicy => Some(PolicyKind::Topic),
            Self::ServiceAccess
            | Self::DelegatedAdministrator
            | Self::Key
            | Self::Alias
            | Self::Grant
            | Self::Bucket
            | Self::LogGroup
            | Self::Role
            | Self::Topic
            | Self::Trail
            | Self::MetricFilter
            | Self::Alarm => None,
        }
    }

    /// The size limit in bytes, if resources of this kind are policy documents.
    pub fn policy_limit(self) -> Option<usize> {
        self.policy().map(PolicyKind::limit)
    }

    /// Whether resources of this kind are policy documents.
    pub fn is_policy(self) -> bool {
        self.policy().is_some()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that is not the name of a kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a kind of resource")]
pub struct UnknownKind(pub String);

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| UnknownKind(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The doc comment of each row.
    macro_rules! docs {
        ($(#[doc = $doc:literal] $kind:ident $name:literal $action:ty,)*) => {
            [$((Kind::$kind, $doc)),*]
        };
    }

    #[test]
    fn every_kind_is_in_the_book_and_in_the_schemas() {
        let page = include_str!("../../../docs/src/reference/command-line.md");
        let schemas = [include_str!("../../../docs/src/reference/schemas/plan.schema.json")];
        for (kind, doc) in with_kinds!(docs) {
            let actions: Vec<&str> = kind.actions().iter().map(|action| action.as_str()).collect();
            let row = format!("\n| `{kind}` | {} | {} |\n", doc.trim_matches([' ', '.']), actions.join(", "));
            assert!(page.contains(&row), "the page has no row {row}");
            for schema in schemas {
                assert!(schema.contains(&format!("\"{kind}\"")), "{kind} is not in a schema");
            }
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
