//! The managed view of each kind of resource: the part that a plan compares, shows and writes.
//!
//! Live views and wanted views have the same type. A setting that a spec leaves unmanaged is `None`
//! in the wanted view, and [`View::managed`] removes it from the live view. Views are plain data,
//! and do not depend on how they are read or written.

mod alarm;
mod alias;
mod at_rest;
mod bucket;
mod delegated_administrator;
mod field;
mod grant;
mod key;
mod known;
mod log_group;
mod metric_filter;
mod open_enum;
mod role;
mod service_access;
mod tags;
mod topic;
pub(crate) mod trail;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use alarm::{Alarm, Condition};
pub use alias::Alias;
pub use at_rest::AtRest;
pub use bucket::{
    AccessLogs, Bucket, Encryption, Expiry, Lifecycle, LifecycleRules, ObjectLock, PublicAccessBlock,
    Replication, Transition,
};
pub use delegated_administrator::DelegatedAdministrator;
pub use field::{
    AlarmField, BucketField, Field, KeyField, LogGroupField, MetricFilterField, RoleField, TopicField,
    TrailField,
};
pub use grant::{Constraints, Grant};
pub use key::{Key, Rotation};
pub use known::KeyRef;
pub use log_group::LogGroup;
pub use metric_filter::{Metric, MetricFilter};
pub use open_enum::OpenEnum;
pub use reconcile_spec::Selectors;
pub use role::Role;
pub use service_access::ServiceAccess;
pub use tags::Tags;
pub use topic::Topic;
pub use trail::{CloudWatchLogs, DATA, Insight, MANAGEMENT, Notification, OtherTrail, Trail};

/// The operations of every view.
pub trait View: Clone + PartialEq + Serialize + DeserializeOwned {
    /// Returns this live view without the settings that `wanted` leaves unmanaged.
    fn managed(&self, wanted: &Self) -> Self;
}
