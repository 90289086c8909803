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
    /// Which resource.
    pub address: Address,
    /// The account it is in.
    pub account: AccountRef,
    /// The Region it is in.
    pub region: Region,
    /// The action, with the views of the kind.
    pub changed: Changed,
    /// When, among the other changes.
    pub phase: Phase,
    /// The risk for what works now.
    pub risk: Risk,
    /// The reasons, for people.
    pub reasons: Vec<String>,
    /// The values that differ.
    pub diff: Vec<Difference>,
    /// Permissions of foreign statements that end with the change, and that no managed statement
    /// gives.
    pub ended: Vec<Ended>,
    /// The digest of the live resource.
    pub observed_fingerprint: Fingerprint,
    /// Resources whose own changes, where this plan has any before this one, must have succeeded.
    pub depends_on: Vec<Address>,
    /// Trails whose delivery the change of a policy affects: `apply` has CloudTrail check each
    /// after the write.
    pub confirm: Vec<TrailRef>,
    /// The short forms of policies that a trail tries with this change before any other trail
    /// relies on them.
    pub trials: Vec<FormTrial>,
}

/// The first use of a short form of a policy. One trail tries the form before all others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FormTrial {
    /// The policy.
    pub policy: Address,
    /// The Region of the bucket, key or topic that has the policy.
    pub region: Region,
    /// The form.
    pub form: StatementForm,
    /// The trail that tries it. CloudTrail checks this trail first after a change of the policy, or
    /// creates it first.
    pub trail: Address,
    /// The policy that gives every trail the longer form again. `apply` writes it if CloudTrail
    /// refuses the trail under the live policy, before anything else is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retreat: Option<Document>,
}

/// A trail that CloudTrail is asked to check.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TrailRef {
    /// The trail.
    pub address: Address,
    /// The account that it is checked from.
    pub account: AccountRef,
    /// The ARN, which names the trail's home Region.
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
    /// Which statement of the live policy.
    pub statement: StatementRef,
    /// The permissions, and their principals.
    pub uses: Vec<Use>,
}

macro_rules! changed {
    ($($(#[$doc:meta])* $kind:ident $name:literal $action:ty,)*) => {
        /// What is done to a resource of which kind.
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
    // Views hold strings, numbers and lists, which always have a form in JSON.
    let json = |view: Option<&V>| serde_json::to_value(view).unwrap_or(Value::Null);
    (json(views.before), json(views.after))
}

/// When a change is made: permissions are added before they are used and removed only after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Adds what trails will need: bucket, key, permissions.
    Expand,
    /// Brings the trails to the state of the spec.
    Converge,
    /// Removes what nothing needs any more.
    Contract,
}

/// The risk of a change for what works now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Nothing that works now stops working.
    Safe,
    /// Something that works now may stop or work otherwise, as the spec asks.
    Disruptive,
    /// A setting can never be taken back.
    Irreversible,
    /// Something is lost for good.
    Destructive,
}
