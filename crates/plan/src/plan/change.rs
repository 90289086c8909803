use reconcile_policy::{Arn, Document, Region, StatementForm, StatementRef, Use};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::AccountRef;
use super::action::{Act, ActionKind, Views};
use crate::address::Address;
use crate::difference::Difference;
use crate::fingerprint::Fingerprint;
use crate::kind::{Kind, with_kinds};

mod json;

/// A change of one resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "json::Json", into = "json::Json")]
pub struct Change {
    /// The address of the resource.
    pub address: Address,
    /// The account of the resource.
    pub account: AccountRef,
    /// The Region of the resource.
    pub region: Region,
    /// The action, with the views of the kind.
    pub changed: Changed,
    /// The phase of the change.
    pub phase: Phase,
    /// The risk for what works now.
    pub risk: Risk,
    /// The reasons, for people.
    pub reasons: Vec<String>,
    /// The values that differ.
    pub diff: Vec<Difference>,
    /// Permissions of foreign statements that end with the change, and that no managed statement
    /// allows.
    pub ended: Vec<Ended>,
    /// The digest of the live resource.
    pub observed_fingerprint: Fingerprint,
    /// Resources whose earlier changes in this plan must succeed before this change.
    pub depends_on: Vec<Address>,
    /// Trails whose delivery the change of a policy affects. After the write, `apply` asks
    /// CloudTrail to check each of these trails.
    pub confirm: Vec<TrailRef>,
    /// The short forms of policies that a trail tests with this change before any other trail
    /// relies on them.
    pub trials: Vec<FormTrial>,
}

/// The first use of a short form of a policy. One trail tests the form before all other trails.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FormTrial {
    /// The policy.
    pub policy: Address,
    /// The Region of the bucket, key or topic that has the policy.
    pub region: Region,
    /// The form.
    pub form: StatementForm,
    /// The trail that tests the form. After a change of the policy, CloudTrail checks this trail
    /// first, or `apply` creates this trail first.
    pub trail: Address,
    /// The policy that returns every trail to the longer form. If CloudTrail refuses the trail
    /// under the live policy, `apply` writes this policy before anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retreat: Option<Document>,
}

/// A trail that `apply` asks CloudTrail to check.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TrailRef {
    /// The trail.
    pub address: Address,
    /// The account from which the trail is checked.
    pub account: AccountRef,
    /// The ARN of the trail, which contains the home Region.
    pub arn: Arn,
}

impl Change {
    /// Returns the action, without the views.
    pub fn action(&self) -> ActionKind {
        self.changed.action()
    }

    /// Returns the views before and after as JSON; null if the resource does not exist.
    pub fn views(&self) -> (Value, Value) {
        self.changed.to_json()
    }
}

/// The permissions of a foreign statement that end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The statement of the live policy.
    pub statement: StatementRef,
    /// The permissions, and their principals.
    pub uses: Vec<Use>,
}

macro_rules! changed {
    ($($(#[$doc:meta])* $kind:ident $name:literal $action:ty,)*) => {
        /// An action, by the kind of the resource.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Changed {
            $($(#[$doc])* $kind($action),)*
        }

        impl Changed {
            /// The kind of the resource.
            pub fn kind(&self) -> Kind {
                match self {
                    $(Self::$kind(_) => Kind::$kind,)*
                }
            }

            fn action(&self) -> ActionKind {
                match self {
                    $(Self::$kind(action) => action.kind(),)*
                }
            }

            fn to_json(&self) -> (Value, Value) {
                match self {
                    $(Self::$kind(action) => to_json(action.views()),)*
                }
            }
        }
    };
}
with_kinds!(changed);

impl Changed {
    /// The documents before and after, if the resource is a policy.
    pub fn policy(&self) -> Option<Views<'_, Document>> {
        match self {
            Self::BucketPolicy(action) => Some(action.views()),
            Self::KeyPolicy(action) | Self::TopicPolicy(action) => Some(action.views()),
            Self::ServiceAccess(_)
            | Self::DelegatedAdministrator(_)
            | Self::Key(_)
            | Self::Alias(_)
            | Self::Grant(_)
            | Self::Bucket(_)
            | Self::LogGroup(_)
            | Self::Role(_)
            | Self::Topic(_)
            | Self::Trail(_)
            | Self::MetricFilter(_)
            | Self::Alarm(_) => None,
        }
    }
}

fn to_json<V: Serialize>(views: Views<'_, V>) -> (Value, Value) {
    // Views contain strings, numbers and lists, which can always be written as JSON.
    let json = |view: Option<&V>| serde_json::to_value(view).unwrap_or(Value::Null);
    (json(views.before), json(views.after))
}

/// The phase of a change: permissions are added before trails use them, and are removed when
/// nothing uses them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Adds everything that trails will need: bucket, key, permissions.
    Expand,
    /// Brings the trails to the state of the spec.
    Converge,
    /// Removes everything that is no longer needed.
    Contract,
}

/// The risk of a change for what works now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Nothing that works now stops working.
    Safe,
    /// Something that works now may stop or work differently, as the spec requires.
    Disruptive,
    /// A setting cannot be undone.
    Irreversible,
    /// Something is lost permanently.
    Destructive,
}
